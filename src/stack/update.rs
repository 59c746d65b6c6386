//! A stack went on, and so did the project: which of the two changed a file, and what becomes of it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::plan::Planned;
use super::write::write;
use super::{Error, Plan, TargetPath};

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) path: TargetPath,
    pub(crate) action: Action,
    /// What is on disk now.
    pub(crate) ours: Option<Vec<u8>>,
    /// What will be there, when it changes.
    pub(crate) then: Option<Planned>,
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
}

/// Everything that differs, in order of paths. What needs nothing is not listed.
pub(crate) fn steps(root: &Path, base: &Plan, theirs: &Plan) -> Result<Vec<Step>, Error> {
    let paths: BTreeSet<&TargetPath> = base.iter().chain(theirs.iter()).map(|(path, _)| path).collect();
    let mut steps = Vec::new();
    for path in paths {
        let at = path.below_without_links(root)?;
        let ours = match std::fs::read(&at) {
            Ok(content) => Some(content),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                None
            }
            Err(source) => return Err(Error::Read { path: at, source }),
        };
        if let Some((action, then)) = decide(base.get(path), ours.as_deref(), theirs.get(path)) {
            steps.push(Step { path: path.clone(), action, ours, then });
        }
    }
    Ok(steps)
}

/// The heart of it: three versions in, one decision out. Nothing to do is `None`.
fn decide(base: Option<&Planned>, ours: Option<&[u8]>, theirs: Option<&Planned>) -> Option<(Action, Option<Planned>)> {
    match (base, ours, theirs) {
        (None, None, Some(theirs)) => Some((Action::Create, Some(theirs.clone()))),
        (Some(_), None, Some(_)) => Some((Action::Deleted, None)),
        (_, Some(ours), Some(theirs)) if ours == theirs.content => None,
        (Some(base), Some(_), Some(theirs)) if base.content == theirs.content => None,
        (Some(base), Some(ours), Some(theirs)) if ours == base.content => Some((Action::Update, Some(theirs.clone()))),
        (base, Some(ours), Some(theirs)) => Some(merge(base, ours, theirs)),
        (Some(base), Some(ours), None) if ours == base.content => Some((Action::Remove, None)),
        (Some(_), Some(_), None) => Some((Action::Keep, None)),
        (_, None, None) | (None, Some(_), None) => None,
    }
}

fn merge(base: Option<&Planned>, ours: &[u8], theirs: &Planned) -> (Action, Option<Planned>) {
    let ancestor = base.map(|base| base.content.as_slice()).unwrap_or_default();
    let texts = (std::str::from_utf8(ancestor), std::str::from_utf8(ours), std::str::from_utf8(&theirs.content));
    let (Ok(ancestor), Ok(ours), Ok(text)) = texts else {
        // Bytes cannot have conflict markers: what is here stays, and the person is told.
        return (Action::Conflict, None);
    };
    let (action, content) = match diffy::merge(ancestor, ours, text) {
        Ok(merged) => (Action::Merge, merged),
        Err(marked) => (Action::Conflict, marked),
    };
    (action, Some(Planned { content: content.into_bytes(), executable: theirs.executable }))
}

impl Step {
    /// What would change, as `diff -u` shows it.
    pub(crate) fn diff(&self) -> Option<String> {
        let before = std::str::from_utf8(self.ours.as_deref().unwrap_or_default()).ok()?;
        let after = match (&self.then, self.action) {
            (Some(planned), _) => std::str::from_utf8(&planned.content).ok()?,
            (None, Action::Remove) => "",
            (None, _) => return None,
        };
        let patch = diffy::DiffOptions::new()
            .set_original_filename(format!("a/{}", self.path))
            .set_modified_filename(format!("b/{}", self.path))
            .create_patch(before, after);
        Some(patch.to_string())
    }
}

/// Write what the steps decided. A run that was stopped half way is simply run again.
pub(crate) fn apply(steps: &[Step], root: &Path) -> Result<(), Error> {
    for step in steps {
        if let Some(planned) = &step.then {
            write(root, &step.path, &planned.content, planned.mode())?;
        } else if step.action == Action::Remove {
            let at = step.path.below_without_links(root)?;
            std::fs::remove_file(&at).map_err(|source| Error::Write { path: at, source })?;
        }
    }
    Ok(())
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
            let ours = (ours != "-").then_some(ours.as_bytes());
            let decided = decide(planned(base).as_ref(), ours, planned(theirs).as_ref());
            assert_eq!(decided.as_ref().map(|(action, _)| *action), action);
            let content = decided
                .and_then(|(_, then)| then)
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
        case("a\n", "-", "a\n", Some(Action::Deleted), "-");
        case("a\n", "a\n", "-", Some(Action::Remove), "-");
        case("a\n", "mine\n", "-", Some(Action::Keep), "-");
        case("a\n", "-", "-", None, "-");
        case("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", Some(Action::Merge), "one\n2\n3\n4\nfive\n");
        let marked = "<<<<<<< ours\nmine\n||||||| original\na\n=======\nb\n>>>>>>> theirs\n";
        case("a\n", "mine\n", "b\n", Some(Action::Conflict), marked);
    }

    #[test]
    fn bytes_that_are_no_text_are_never_merged() {
        let planned = |content: &[u8]| Planned { content: content.to_vec(), executable: false };
        let decided = decide(Some(&planned(b"\xff1")), Some(b"\xff2"), Some(&planned(b"\xff3")));
        assert_eq!(decided, Some((Action::Conflict, None)));
    }
}
