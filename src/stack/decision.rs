//! Decision: three versions of a file in, and what becomes of it out.

use serde::Serialize;

use super::TargetPath;
use super::merge::{self, Merged};
use super::plan::Planned;

/// Form in which a conflict is left to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflicts {
    /// Both sides in the file, between markers.
    Markers,
    /// The file keeps this side, and the stack's lies beside it as `FILE.rej`.
    Rejects,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// The stack has a new file.
    Create,
    /// Only the stack changed it.
    Update,
    /// Both changed it, at different places.
    Merge,
    /// Both changed it at the same place: the file gets conflict markers.
    Conflict,
    /// The stack has it no more, and nobody changed it.
    Remove,
    /// The stack has it no more, but it was changed here: it stays.
    Keep,
    /// It was deleted here: it stays deleted.
    Deleted,
    /// The stack calls it otherwise now: it moves, with all that was changed here.
    Move,
    /// The stack changed it, and it holds a secret that nobody else knows: it stays.
    Secret,
}

/// What did not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rejected {
    /// The text that the stack wanted.
    Text(String),
    /// The whole file, which is no text.
    Bytes(Vec<u8>),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) action: Action,
    pub(super) then: Option<Planned>,
    /// What the stack wanted where it could not have its way.
    pub(super) rejected: Option<Rejected>,
}

impl Decided {
    fn of(action: Action, then: Option<Planned>) -> Self {
        Self { action, then, rejected: None }
    }

    /// The text that will be there.
    pub(super) fn kept(&self, ours: Option<&Planned>) -> String {
        let content = self.then.as_ref().or(ours).map(|planned| planned.content.as_slice()).unwrap_or_default();
        String::from_utf8_lossy(content).into_owned()
    }
}

/// The heart of it: three versions in, one decision out. Nothing to do is `None`.
pub(super) fn decide(
    path: &TargetPath,
    base: Option<&Planned>,
    ours: Option<&Planned>,
    theirs: Option<&Planned>,
    conflicts: Conflicts,
) -> Option<Decided> {
    match (base, ours, theirs) {
        (None, None, Some(theirs)) => Some(Decided::of(Action::Create, Some(theirs.clone()))),
        // Said again only when there was something new to miss.
        (Some(base), None, Some(theirs)) if base == theirs => None,
        (Some(_), None, Some(_)) => Some(Decided::of(Action::Deleted, None)),
        (base, Some(ours), Some(theirs)) => both(path, base, ours, theirs, conflicts),
        // It says what grew here; without it nothing can be updated again.
        (Some(_), Some(_), None) if path.to_string() == crate::file::PROJECT => Some(Decided::of(Action::Keep, None)),
        (Some(base), Some(ours), None) if ours.content == base.content => Some(Decided::of(Action::Remove, None)),
        (Some(_), Some(_), None) => Some(Decided::of(Action::Keep, None)),
        (_, None, None) | (None, Some(_), None) => None,
    }
}

fn both(
    path: &TargetPath,
    base: Option<&Planned>,
    ours: &Planned,
    theirs: &Planned,
    conflicts: Conflicts,
) -> Option<Decided> {
    // The stack's mode counts only where the stack changed it.
    let executable = match base {
        Some(base) if base.executable == theirs.executable => ours.executable,
        Some(_) => theirs.executable,
        None => ours.executable || theirs.executable,
    };
    let planned = |content: &[u8]| Planned { content: content.to_vec(), executable };
    let mut decided = if ours.content == theirs.content || base.is_some_and(|base| base.content == theirs.content) {
        Decided::of(Action::Update, Some(planned(&ours.content)))
    } else if base.is_some_and(|base| base.content == ours.content) {
        Decided::of(Action::Update, Some(planned(&theirs.content)))
    } else {
        let ancestor = base.map(|base| base.content.as_slice()).unwrap_or_default();
        let texts =
            (std::str::from_utf8(ancestor), std::str::from_utf8(&ours.content), std::str::from_utf8(&theirs.content));
        let (Ok(ancestor), Ok(mine), Ok(text)) = texts else {
            // Bytes cannot have conflict markers: what is here stays, and the stack's lies beside it.
            let rejected = Some(Rejected::Bytes(theirs.content.clone()));
            return Some(Decided { action: Action::Conflict, then: None, rejected });
        };
        match merge::merge(path, ancestor, mine, text) {
            Merged::Clean(merged) => Decided::of(Action::Merge, Some(planned(merged.as_bytes()))),
            Merged::Marked(marked) if conflicts == Conflicts::Markers => {
                Decided::of(Action::Conflict, Some(planned(marked.as_bytes())))
            }
            Merged::Marked(_) => {
                let [kept, wanted] = merge::sides(ancestor, mine, text);
                let then = Some(planned(kept.as_bytes()));
                Decided { action: Action::Conflict, then, rejected: Some(Rejected::Text(wanted)) }
            }
        }
    };
    if decided.then.as_ref() == Some(ours) {
        decided.then = None;
        if decided.action != Action::Conflict {
            return None;
        }
    }
    Some(decided)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_versions_one_decision() {
        #[track_caller]
        fn case(base: &str, ours: &str, theirs: &str, action: Option<Action>, then: &str) {
            // `-` is a file that does not exist.
            let planned =
                |text: &str| (text != "-").then(|| Planned { content: text.as_bytes().to_vec(), executable: false });
            let path = TargetPath::parse("a").unwrap();
            let decided = decide(
                &path,
                planned(base).as_ref(),
                planned(ours).as_ref(),
                planned(theirs).as_ref(),
                Conflicts::Markers,
            );
            assert_eq!(decided.as_ref().map(|decided| decided.action), action);
            let content = decided
                .and_then(|decided| decided.then)
                .map_or("-".to_owned(), |planned| String::from_utf8(planned.content).unwrap());
            assert_eq!(content, then);
        }
        case("a\n", "a\n", "a\n", None, "-");
        case("a\n", "a\n", "b\n", Some(Action::Update), "b\n");
        case("a\n", "mine\n", "a\n", None, "-");
        case("a\n", "b\n", "b\n", None, "-");
        case("-", "-", "b\n", Some(Action::Create), "b\n");
        case("-", "b\n", "b\n", None, "-");
        case("a\n", "-", "b\n", Some(Action::Deleted), "-");
        case("a\n", "-", "a\n", None, "-");
        case("a\n", "a\n", "-", Some(Action::Remove), "-");
        case("a\n", "mine\n", "-", Some(Action::Keep), "-");
        case("a\n", "-", "-", None, "-");
        case("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", Some(Action::Merge), "one\n2\n3\n4\nfive\n");
        let marked = "<<<<<<< yours\nmine\n||||||| before\na\n=======\nb\n>>>>>>> the stack's\n";
        case("a\n", "mine\n", "b\n", Some(Action::Conflict), marked);
    }

    #[test]
    fn what_does_not_fit_is_laid_beside() {
        let planned = |text: &str| Planned { content: text.as_bytes().to_vec(), executable: false };
        let case = |base: &str, ours: &str, theirs: &str| {
            let theirs = planned(theirs);
            let base = (base != "-").then(|| planned(base));
            let decided = decide(
                &TargetPath::parse("a").unwrap(),
                base.as_ref(),
                Some(&planned(ours)),
                Some(&theirs),
                Conflicts::Rejects,
            )
            .unwrap();
            assert_eq!(decided.action, Action::Conflict);
            (decided.then.map(|then| String::from_utf8(then.content).unwrap()), decided.rejected.unwrap())
        };
        let text = |text: &str| Rejected::Text(text.to_owned());
        assert_eq!(case("a\n", "mine\n", "b\n"), (None, text("b\n")));
        assert_eq!(case("-", "mine\n", "b\n"), (None, text("b\n")));
        // What fits is taken: only the first line is in dispute.
        let (kept, wanted) = case("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "I\n2\n3\n4\nV\n");
        assert_eq!((kept.as_deref(), wanted), (Some("one\n2\n3\n4\nV\n"), text("I\n2\n3\n4\nV\n")));
    }

    #[test]
    fn the_mode_is_that_of_whoever_changed_it() {
        #[track_caller]
        fn case(base: bool, ours: bool, theirs: bool, then: Option<bool>) {
            let planned = |executable: bool| Planned { content: b"x".to_vec(), executable };
            let (base, ours, theirs) = (planned(base), planned(ours), planned(theirs));
            let decided =
                decide(&TargetPath::parse("a").unwrap(), Some(&base), Some(&ours), Some(&theirs), Conflicts::Markers);
            assert_eq!(decided.and_then(|decided| decided.then).map(|then| then.executable), then);
        }
        case(false, false, false, None);
        case(false, false, true, Some(true));
        case(false, true, false, None);
        case(false, true, true, None);
        case(true, true, false, Some(false));
        case(true, false, true, None);
    }

    #[test]
    fn bytes_that_are_no_text_are_never_merged() {
        let planned = |content: &[u8]| Planned { content: content.to_vec(), executable: false };
        let (base, ours, theirs) = (planned(b"\xff1"), planned(b"\xff2"), planned(b"\xff3"));
        for conflicts in [Conflicts::Markers, Conflicts::Rejects] {
            let decided = decide(&TargetPath::parse("a").unwrap(), Some(&base), Some(&ours), Some(&theirs), conflicts);
            let rejected = Some(Rejected::Bytes(b"\xff3".to_vec()));
            assert_eq!(decided, Some(Decided { action: Action::Conflict, then: None, rejected }));
        }
    }
}
