//! Commit that a version's content comes from, as `publish` writes it at the end of a description and others read it there.

use serde::Serialize;

use crate::hex;

/// Name of a commit, and how far the content is that of the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Commit<'a> {
    pub(crate) name: &'a str,
    pub(crate) state: State,
}

/// What was packed beside the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Exact,
    /// A work tree with changes.
    Changed,
    /// An index with changes.
    Index,
}

impl State {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Exact => "",
            Self::Changed => ", changed",
            Self::Index => ", index",
        }
    }
}

impl<'a> Commit<'a> {
    /// The end of a description: `(0123456789ab)`, or `(0123456789ab, changed)`.
    pub(crate) fn written(self) -> String {
        format!("({}{})", self.name.get(..12).unwrap_or(self.name), self.state.words())
    }

    /// The commit that a description ends with.
    pub(crate) fn of(description: &'a str) -> Option<Self> {
        let (_, last) = description.strip_suffix(')')?.rsplit_once('(')?;
        let known = [State::Changed, State::Index].into_iter();
        let (name, state) = known
            .filter_map(|state| Some((last.strip_suffix(state.words())?, state)))
            .next()
            .unwrap_or((last, State::Exact));
        (name.len() >= 12 && hex::is_digits(name, name.len())).then_some(Self { name, state })
    }

    /// Its name, if the content is that of the commit and of nothing else.
    pub(crate) fn exact(self) -> Option<String> {
        (self.state == State::Exact).then(|| self.name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_may_end_with_its_commit() {
        for state in [State::Exact, State::Changed, State::Index] {
            let commit = Commit { name: "0123456789ab", state };
            let description = format!("Add a page {}", commit.written());
            assert_eq!(Commit::of(&description), Some(commit));
        }
        assert_eq!(Commit { name: "0123456789abcdef", state: State::Exact }.written(), "(0123456789ab)");
        assert_eq!(Commit::of("Add a page (at last)"), None);
        assert_eq!(Commit::of("Add a page"), None);
    }

    #[test]
    fn only_what_is_exactly_the_commit_can_be_built_from_it() {
        assert_eq!(Commit::of("Add (0123456789ab)").and_then(Commit::exact).as_deref(), Some("0123456789ab"));
        assert_eq!(Commit::of("Add (0123456789ab, changed)").and_then(Commit::exact), None);
    }
}
