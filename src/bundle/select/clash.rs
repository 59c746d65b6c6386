//! Names that cannot live together on every disk, and names that look like secrets.

use std::collections::HashMap;

use crate::bundle::entry::EntryPath;
use crate::bundle::error::{Problem, ProblemKind};
use crate::secret::{self, Kind};

use super::content::Contents;
use super::origin::Entry;
use super::plan::Plan;
use super::spelling::composed;

impl Plan {
    pub(crate) fn find_clashes(&mut self) {
        let mut problems = Vec::new();
        for pair in self.entries.windows(2) {
            if pair[0].path == pair[1].path {
                problems.push(Problem { path: pair[1].path.to_string(), kind: ProblemKind::SameName });
            }
        }
        // Only a name with something to lower can clash with another.
        let mut lowered: HashMap<String, &EntryPath> = HashMap::new();
        for entry in &self.entries {
            let path = entry.path.as_str();
            if path.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii())
                && let Some(other) = lowered.insert(composed(path).to_lowercase(), &entry.path)
                && *other != entry.path
            {
                let with = other.to_string();
                let kind = match with.to_lowercase() == path.to_lowercase() {
                    true => ProblemKind::CaseClash { with },
                    false => ProblemKind::SpellingClash { with },
                };
                problems.push(Problem { path: entry.path.to_string(), kind });
            }
        }
        for (lower, other) in &lowered {
            if other.as_str() != lower
                && let Ok(index) = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(lower))
            {
                let kind = ProblemKind::CaseClash { with: other.to_string() };
                problems.push(Problem { path: self.entries[index].path.to_string(), kind });
            }
        }
        self.problems.append(&mut problems);
    }

    /// Files whose names say that they hold secrets, and whose content does not say that they hold none.
    pub(crate) fn find_secret_names(&mut self) {
        let mut contents = Contents::new(self);
        let mut named = |entry: &Entry| {
            let kind = secret::in_path(entry.path.as_str())?;
            if self.allows(&entry.path) {
                return None;
            }
            let read = entry.size() <= secret::LARGEST_SETTINGS;
            // What cannot be read here is known by its name; packing it tells why.
            let content = read.then(|| contents.read_alone(entry).ok()).flatten();
            let kind = content.map_or(Some(kind), |content| secret::in_file(entry.path.as_str(), content))?;
            Some((entry.path.clone(), kind))
        };
        let named: Vec<_> = self.entries.iter().filter_map(&mut named).collect();
        let (refused, suspicious): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|(_, kind)| self.scope.refuses(*kind));
        let problem = |(path, kind): (EntryPath, Kind)| Problem {
            path: path.to_string(),
            kind: ProblemKind::Secret { kind, name: None },
        };
        self.problems.extend(refused.into_iter().map(problem));
        self.suspicious = suspicious;
    }
}
