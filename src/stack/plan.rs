//! Plan of a rendering: its files, decided before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::delimiters::Native;
use super::expression::{Scope, holds, render};
use super::manifest::Rule;
use super::tree::MOST_BYTES;
use super::{Answers, Error, Stack, TargetPath, Tree, snippet};

/// The file that remembers what was written: see `base`.
pub(super) const BASE: &str = ".beansprout-base.json";

/// Files to write, in order of their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    files: BTreeMap<TargetPath, Planned>,
    /// Contents without their secrets, of files that hold one.
    masked: BTreeMap<TargetPath, Vec<u8>>,
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
        let mut left = MOST_BYTES;
        for (from, bytes) in stack.files.iter() {
            if !stack.wants(from, scope)? {
                continue;
            }
            let path = target(from, &render(from, from, scope)?)?;
            let content = match stack.template(from).map_err(|error| stack.in_file(from, error))? {
                Some(template) => {
                    render(from, &template, scope).map_err(|error| stack.in_file(from, error))?.into_bytes()
                }
                None => bytes.to_vec(),
            };
            let size = content.len() as u64;
            left = left.checked_sub(size).ok_or(Error::PlanTooLarge { most: MOST_BYTES })?;
            let executable = stack.last_rule(from, |rule| rule.executable).unwrap_or(false);
            plan.add(path, Planned { content, executable })?;
        }
        Ok(plan)
    }

    /// Render every file, and know which of them hold a secret.
    pub(crate) fn of(stack: &Stack, answers: &Answers) -> Result<Self, Error> {
        let Some([one, other]) = &answers.masked else { return Self::render(stack, &answers.scope) };
        let mut masked = BTreeMap::new();
        for (from, _) in stack.files.iter() {
            if !stack.wants(from, &answers.scope)? {
                continue;
            }
            let (path, shown) = (render(from, from, &answers.scope)?, render(from, from, one)?);
            if path != shown || path != render(from, from, other)? {
                return Err(Error::SecretInPath { file: from.to_owned() });
            }
            let Some(template) = stack.template(from)? else { continue };
            let content = render(from, &template, one)?;
            if content != render(from, &template, other)? {
                masked.insert(TargetPath::parse(&path)?, content.into_bytes());
            }
        }
        Ok(Self { masked, ..Self::render(stack, &answers.scope)? })
    }

    /// Files of the stack that these answers call otherwise than those did: the new name, and the old.
    pub(crate) fn moves(stack: &Stack, before: &Scope, now: &Scope) -> Result<BTreeMap<TargetPath, TargetPath>, Error> {
        let mut moves = BTreeMap::new();
        for (from, _) in stack.files.iter() {
            let (old, new) = (render(from, from, before)?, render(from, from, now)?);
            if old != new {
                moves.insert(TargetPath::parse(&new)?, TargetPath::parse(&old)?);
            }
        }
        Ok(moves)
    }

    /// The content without its secrets, of a file that holds one.
    pub(crate) fn masked(&self, path: &TargetPath) -> Option<&[u8]> {
        self.masked.get(path).map(Vec::as_slice)
    }

    /// Say that a file of this plan holds a secret, which its content here does not tell.
    pub(crate) fn mark_masked(&mut self, path: &TargetPath) {
        if let Some(planned) = self.files.get(path) {
            self.masked.insert(path.clone(), planned.content.clone());
        }
    }

    /// The same plan without any secret: for whatever is kept or shown.
    #[must_use]
    pub(crate) fn without_secrets(&self) -> Self {
        let mut plan = self.clone();
        for (path, content) in &self.masked {
            if let Some(planned) = plan.files.get_mut(path) {
                planned.content.clone_from(content);
            }
        }
        plan
    }

    /// Every file as it is.
    pub(crate) fn verbatim(tree: &Tree) -> Result<Self, Error> {
        let mut plan = Self::default();
        tree.iter().try_for_each(|(path, bytes)| plan.add_content(path, bytes.to_vec()))?;
        Ok(plan)
    }

    pub(crate) fn add_content(&mut self, path: &str, content: Vec<u8>) -> Result<(), Error> {
        self.add(TargetPath::parse(path)?, Planned { content, executable: false })
    }

    /// Refuses two files for one name, also where capitals do not count, and a file where a folder must be.
    pub(crate) fn add(&mut self, path: TargetPath, planned: Planned) -> Result<(), Error> {
        let folded = path.folded();
        for known in self.files.keys() {
            let other = known.folded();
            let (short, long) = if folded.len() < other.len() { (&folded, &other) } else { (&other, &folded) };
            if short == long || long.strip_prefix(short.as_str()).is_some_and(|rest| rest.starts_with('/')) {
                return Err(Error::PathTwice { first: known.to_string(), second: path.to_string() });
            }
        }
        self.files.insert(path, planned);
        Ok(())
    }

    pub(crate) fn get(&self, path: &TargetPath) -> Option<&Planned> {
        self.files.get(path)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TargetPath, &Planned)> {
        self.files.iter()
    }
}

/// The path that a file's name becomes.
fn target(file: &str, path: &str) -> Result<TargetPath, Error> {
    let path = TargetPath::parse(path).map_err(|error| match error {
        Error::PathRefused { path, why } => Error::NameRefused { file: file.to_owned(), path, why },
        error => error,
    })?;
    if path.folded() == BASE {
        return Err(Error::NameReserved { file: file.to_owned(), path: path.to_string() });
    }
    Ok(path)
}

impl Stack {
    fn rules(&self, path: &str) -> impl DoubleEndedIterator<Item = &Rule> {
        self.manifest.rules.iter().filter(move |rule| rule.covers(path))
    }

    /// The word of the last rule that has one: a stack's own rules come after those of its parts.
    fn last_rule(&self, path: &str, pick: fn(&Rule) -> Option<bool>) -> Option<bool> {
        self.rules(path).filter_map(pick).next_back()
    }

    /// Do the answers ask for this file?
    pub(crate) fn wants(&self, path: &str, scope: &Scope) -> Result<bool, Error> {
        for rule in self.rules(path) {
            let Some(condition) = &rule.when else { continue };
            if !holds(&format!("the condition of the rule for `{}`", rule.path), condition, scope)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The file as a template in the engine's own brackets; nothing for one that is copied byte for byte.
    pub(crate) fn template(&self, path: &str) -> Result<Option<String>, Error> {
        let Some(native) = self.unexpanded(path)? else { return Ok(None) };
        Ok(Some(snippet::expand(path, &native.text, &self.snippets)?.text))
    }

    /// The same without its snippets.
    fn unexpanded(&self, path: &str) -> Result<Option<Native>, Error> {
        if self.last_rule(path, |rule| rule.verbatim).unwrap_or(false) {
            return Ok(None);
        }
        // A picture has no tags.
        let Ok(text) = std::str::from_utf8(self.files.get(path).unwrap_or_default()) else { return Ok(None) };
        self.native(path, text).map(Some)
    }

    /// The text of a file in the engine's own brackets.
    pub(super) fn native(&self, path: &str, text: &str) -> Result<Native, Error> {
        match self.rules(path).rev().find_map(|rule| rule.delimiters.as_ref()) {
            Some(delimiters) => delimiters.translate(path, text),
            None => Ok(Native::of(text)),
        }
    }

    /// The snippets that the files and the snippets include.
    pub(super) fn included(&self) -> Result<BTreeSet<String>, Error> {
        let mut names = BTreeSet::new();
        for (path, _) in self.files.iter() {
            if let Some(native) = self.unexpanded(path)? {
                names.extend(snippet::included(&native.text).map(str::to_owned));
            }
        }
        let texts = self.snippets.iter().filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
        names.extend(texts.flat_map(snippet::included).map(str::to_owned));
        Ok(names)
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
