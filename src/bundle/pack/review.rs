//! Review of contents and names: what somebody should know, and what must not ship.

use crate::bundle::error::{Error, Problem, ProblemKind};
use crate::bundle::flags::ContentFlags;
use crate::bundle::select::note::Note;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::secret::{self, Certainty, Kind};

use super::packed_entry::LARGE;
use crate::bundle::select::content::Contents;

/// Result of a review: what must not ship, and what somebody should know.
#[derive(Debug, Clone, Default)]
pub struct Reviewed {
    pub problems: Vec<Problem>,
    pub notes: Vec<Note>,
}

impl Reviewed {
    /// The notes, where nothing keeps the bundle from being made.
    pub(crate) fn passed(self) -> Result<Vec<Note>, Error> {
        match self.problems.is_empty() {
            true => Ok(self.notes),
            false => Err(Error::Problems { problems: self.problems }),
        }
    }

    /// The same behind what names have shown already: a file that they refuse is refused once.
    pub(crate) fn after(mut self, named: &[Problem]) -> Self {
        self.problems.retain(|problem| !named.iter().any(|other| other.path == problem.path));
        self.problems.splice(0..0, named.iter().cloned());
        let refused = |path: &str| self.problems.iter().any(|problem| problem.path == path);
        self.notes.retain(|note| !matches!(note, Note::PossibleSecret { path, .. } if refused(path.as_str())));
        self
    }
}

pub(crate) struct Review<'a> {
    plan: &'a Plan,
    notes: Vec<Note>,
    problems: Vec<Problem>,
    /// Entries with something that looks like a secret, and that nobody has allowed by name.
    secrets: Vec<(&'a Entry, ContentFlags)>,
}

impl<'a> Review<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, notes: Vec::new(), problems: Vec::new(), secrets: Vec::new() }
    }

    pub(crate) fn look_at(&mut self, entry: &'a Entry, flags: ContentFlags) {
        if flags.is_suspicious() && !self.plan.allows(&entry.path) {
            self.secrets.push((entry, flags));
        }
        if flags.crlf {
            self.notes.push(Note::CrlfScript(entry.path.clone()));
        }
        if flags.lfs_pointer {
            self.notes.push(Note::LfsPointer(entry.path.clone()));
        }
    }

    pub(crate) fn finish(mut self) -> Result<Reviewed, Error> {
        let mut contents = Contents::new(self.plan);
        for (entry, flags) in std::mem::take(&mut self.secrets) {
            self.weigh(entry, flags, &mut contents)?;
        }
        self.notes.extend(self.plan.notes());
        Ok(Reviewed { problems: self.problems, notes: self.notes })
    }

    /// What becomes of an entry that looks as if it had a secret.
    fn weigh(&mut self, entry: &Entry, flags: ContentFlags, contents: &mut Contents<'_>) -> Result<(), Error> {
        let path = entry.path.to_string();
        let scope = &self.plan.scope;
        let refuses = |kind: &Kind| scope.refuses(*kind);
        let mut kinds = flags.secrets;
        let mut name = None;
        // Large files are not read a second time: they are allowed by their paths.
        if entry.size() <= LARGE && (!scope.allow_secret.is_empty() || kinds.iter().any(|kind| refuses(&kind))) {
            let found = secret::named_in(contents.read_alone(entry)?);
            let left = || found.iter().filter(|(_, name)| !scope.allow_secret.contains(name));
            kinds = kinds.without(found.iter().map(|(kind, _)| *kind));
            left().for_each(|(kind, _)| kinds.insert(*kind));
            name = left().find(|(kind, _)| refuses(kind)).map(|(_, name)| name.clone());
        }
        if let Some(kind) = kinds.iter().find(refuses) {
            self.problems.push(Problem { path, kind: ProblemKind::Secret { kind, name } });
        }
        if let Some(kind) = kinds.first(Certainty::Likely).filter(|kind| !refuses(kind)) {
            self.notes.push(Note::PossibleSecret { path: entry.path.clone(), kind });
        }
        Ok(())
    }
}
