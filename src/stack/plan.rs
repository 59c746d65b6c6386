//! What a rendering would write, decided before anything is written.

use std::collections::BTreeMap;

use super::expression::{Scope, holds, render};
use super::manifest::Rule;
use super::{Error, Stack, TargetPath};

/// Files to write, in order of their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    files: BTreeMap<TargetPath, Planned>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) content: Vec<u8>,
    pub(crate) executable: bool,
}

impl Planned {
    pub(crate) fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

impl Plan {
    /// Render every file of the stack that the answers ask for.
    pub(crate) fn render(stack: &Stack, scope: &Scope) -> Result<Self, Error> {
        let mut plan = Self::default();
        for (from, bytes) in stack.files.iter() {
            let rules: Vec<&Rule> = stack.manifest.rules.iter().filter(|rule| rule.covers(from)).collect();
            let mut wanted = true;
            for condition in rules.iter().filter_map(|rule| rule.when.as_deref()) {
                wanted = wanted && holds(from, condition, scope)?;
            }
            if !wanted {
                continue;
            }
            // The narrowest rule speaks last, and the last to speak wins.
            let last = |pick: fn(&Rule) -> Option<bool>| rules.iter().filter_map(|rule| pick(rule)).next_back();
            let path = TargetPath::parse(&render(from, from, scope)?)?;
            let content = if last(|rule| rule.verbatim).unwrap_or(false) {
                bytes.to_vec()
            } else {
                let text = std::str::from_utf8(bytes).map_err(|_| Error::FileNotText { path: from.to_owned() })?;
                match rules.iter().rev().find_map(|rule| rule.delimiters.as_ref()) {
                    Some(delimiters) => render(from, &delimiters.translate(from, text)?, scope)?,
                    None => render(from, text, scope)?,
                }
                .into_bytes()
            };
            plan.add(path, Planned { content, executable: last(|rule| rule.executable).unwrap_or(false) })?;
        }
        Ok(plan)
    }

    /// Refuses two files for one name, also where capitals do not count, and a file where a folder must be.
    pub(crate) fn add(&mut self, path: TargetPath, planned: Planned) -> Result<(), Error> {
        let folded = path.folded();
        for known in self.files.keys() {
            let other = known.folded();
            let (short, long) = if folded.len() < other.len() { (&folded, &other) } else { (&other, &folded) };
            if short == long || long.strip_prefix(short.as_str()).is_some_and(|rest| rest.starts_with('/')) {
                return Err(Error::PathTwice { first: known.clone(), second: path });
            }
        }
        self.files.insert(path, planned);
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TargetPath, &Planned)> {
        self.files.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_one_file() {
        #[track_caller]
        fn case(first: &str, second: &str, fits: bool) {
            let mut plan = Plan::default();
            let planned = Planned { content: Vec::new(), executable: false };
            plan.add(TargetPath::parse(first).unwrap(), planned.clone()).unwrap();
            assert_eq!(plan.add(TargetPath::parse(second).unwrap(), planned).is_ok(), fits, "{first} {second}");
        }
        case("a", "b", true);
        case("a/b", "a/c", true);
        case("ab", "a/b", true);
        case("a", "a", false);
        case("README", "readme", false);
        case("a", "a/b", false);
        case("A/b", "a", false);
    }
}
