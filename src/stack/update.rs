//! A stack went on, and so did the project: which of the two changed a file, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::merge::{self, Merged};
use super::plan::Planned;
use super::write::write;
use super::{Error, Plan, TargetPath};
use crate::mode;

/// Decision about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) path: TargetPath,
    /// The name that it had before.
    pub(crate) from: Option<TargetPath>,
    pub(crate) action: Action,
    /// The file on disk.
    pub(crate) ours: Option<Planned>,
    /// The file that will be there, when it changes.
    pub(crate) then: Option<Planned>,
    /// Changes of the stack that did not fit: the diff's file, and the diff.
    pub(crate) rejected: Option<(TargetPath, String)>,
    /// What may be shown of a file that holds a secret, instead of its own diff.
    pub(crate) shown: Option<String>,
}

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

/// Three versions of a project's files, and the way in which conflicts are left.
pub(crate) struct Merge<'a> {
    pub(crate) root: &'a Path,
    pub(crate) base: &'a Plan,
    pub(crate) theirs: &'a Plan,
    /// Files of the stack that have another name now, with the old one.
    pub(crate) moves: &'a BTreeMap<TargetPath, TargetPath>,
    pub(crate) conflicts: Conflicts,
}

impl Merge<'_> {
    /// Everything that differs, in order of paths. What needs nothing is not listed.
    pub(crate) fn steps(&self) -> Result<Vec<Step>, Error> {
        let paths: BTreeSet<&TargetPath> = self.paths().collect();
        let mut moved = BTreeMap::new();
        for (path, from) in self.moves {
            let fresh = self.base.get(path).is_none() && self.theirs.get(path).is_some() && self.ours(path)?.is_none();
            if fresh && self.base.get(from).is_some() && self.theirs.get(from).is_none() && self.ours(from)?.is_some() {
                moved.insert(path, from);
            }
        }
        let mut steps = Vec::new();
        for path in paths {
            if moved.values().any(|from| *from == path) {
                continue;
            }
            steps.extend(self.step(path, moved.get(path).copied())?);
        }
        Ok(steps)
    }

    fn paths(&self) -> impl Iterator<Item = &TargetPath> {
        self.base.iter().chain(self.theirs.iter()).map(|(path, _)| path)
    }

    /// The file on disk.
    fn ours(&self, path: &TargetPath) -> Result<Option<Planned>, Error> {
        let at = path.below_without_links(self.root)?;
        match std::fs::read(&at) {
            Ok(content) => Ok(Some(Planned { content, executable: is_executable(&at, self.base.get(path)) })),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(source) => Err(Error::Read { path: at, source }),
        }
    }

    fn step(&self, path: &TargetPath, from: Option<&TargetPath>) -> Result<Option<Step>, Error> {
        let before = from.unwrap_or(path);
        let ours = self.ours(before)?;
        if self.base.masked(before).is_some() || self.theirs.masked(path).is_some() {
            return Ok(with_secret(path, self.base, ours, self.theirs));
        }
        let (base, theirs) = (self.base.get(before), self.theirs.get(path));
        let Some(decided) = decide(path, base, ours.as_ref(), theirs, self.conflicts) else {
            return Ok(from.map(|from| Step {
                path: path.clone(),
                from: Some(from.clone()),
                action: Action::Move,
                then: ours.clone(),
                ours,
                rejected: None,
                shown: None,
            }));
        };
        let rejected = match &decided.rejected {
            Some(content) => {
                let beside = TargetPath::parse(&format!("{path}.rej"))?;
                Some((beside, diff(path, &decided.kept(ours.as_ref()), content)))
            }
            None => None,
        };
        let (mut action, mut then) = (decided.action, decided.then);
        if from.is_some() {
            then = then.or_else(|| ours.clone());
            if action != Action::Conflict {
                action = Action::Move;
            }
        }
        Ok(Some(Step { path: path.clone(), from: from.cloned(), action, ours, then, rejected, shown: None }))
    }

    /// Files with what an earlier merge left to a person who has not finished it.
    pub(crate) fn unfinished(&self) -> Result<Vec<String>, Error> {
        let mut left = Vec::new();
        let marked = |planned: &Planned| std::str::from_utf8(&planned.content).is_ok_and(merge::has_markers);
        for path in self.paths().collect::<BTreeSet<_>>() {
            let expected = [self.base.get(path), self.theirs.get(path)].into_iter().flatten().any(marked);
            if !expected && self.ours(path)?.is_some_and(|ours| marked(&ours)) {
                left.push(path.to_string());
            }
            let beside = TargetPath::parse(&format!("{path}.rej"))?;
            if self.base.get(&beside).is_none() && self.ours(&beside)?.is_some() {
                left.push(beside.to_string());
            }
        }
        Ok(left)
    }
}

/// A file that holds a secret is nobody's to merge: it is written where it is new, or whole with the secret that was given
/// where only the secret can have changed; else it stays.
fn with_secret(path: &TargetPath, base: &Plan, ours: Option<Planned>, theirs: &Plan) -> Option<Step> {
    let kept = |plan: &Plan| plan.masked(path).map(<[u8]>::to_vec).or_else(|| Some(plan.get(path)?.content.clone()));
    let (before, after) = (kept(base), kept(theirs));
    let text = |content: &Option<Vec<u8>>| String::from_utf8_lossy(content.as_deref().unwrap_or_default()).into_owned();
    let new = theirs.get(path);
    // With a placeholder for each secret that was not given, it is what is kept of it.
    let given = new.filter(|planned| theirs.masked(path) != Some(planned.content.as_slice()));
    let (action, then) = match (&ours, new, given) {
        (None, Some(_), _) if before.is_some() => (Action::Deleted, None),
        (None, Some(planned), _) => (Action::Create, Some(planned.clone())),
        (None, None, _) => return None,
        (Some(_), None, _) => (Action::Keep, None),
        (Some(ours), Some(new), _) if ours.content == new.content => return None,
        // What was written before secrets were marked.
        (Some(_), Some(new), _) if base.get(path).is_some_and(|base| base.content == new.content) => return None,
        (Some(ours), _, Some(given)) if [&before, &after].iter().any(|kept| fits(&text(kept), &ours.content)) => {
            (Action::Update, Some(Planned { content: given.content.clone(), executable: ours.executable }))
        }
        (Some(_), Some(_), None) if before == after => return None,
        (Some(_), Some(_), _) => (Action::Secret, None),
    };
    let shown = Some(diff(path, &text(&before), &text(&after)));
    Some(Step { path: path.clone(), from: None, action, ours, then, rejected: None, shown })
}

/// Is it this text with something in the place of each placeholder?
fn fits(masked: &str, content: &[u8]) -> bool {
    let Ok(content) = std::str::from_utf8(content) else { return false };
    let placeholder =
        regex::Regex::new(&super::given::placeholder("[A-Za-z0-9_]+")).expect("this is a regular expression");
    let pieces: Vec<String> = placeholder.split(masked).map(regex::escape).collect();
    regex::Regex::new(&format!("(?s)^{}$", pieces.join("[^\\n]*"))).is_ok_and(|pattern| pattern.is_match(content))
}

/// Mode on disk. Where the disk does not tell, nobody can have changed it.
fn is_executable(at: &Path, base: Option<&Planned>) -> bool {
    if mode::KNOWN {
        at.metadata().is_ok_and(|metadata| mode::is_executable(&metadata))
    } else {
        base.is_some_and(|base| base.executable)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Decided {
    action: Action,
    then: Option<Planned>,
    /// The text that the stack wanted where it could not have its way.
    rejected: Option<String>,
}

impl Decided {
    fn of(action: Action, then: Option<Planned>) -> Self {
        Self { action, then, rejected: None }
    }

    /// The text that will be there.
    fn kept(&self, ours: Option<&Planned>) -> String {
        let content = self.then.as_ref().or(ours).map(|planned| planned.content.as_slice()).unwrap_or_default();
        String::from_utf8_lossy(content).into_owned()
    }
}

/// The heart of it: three versions in, one decision out. Nothing to do is `None`.
fn decide(
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
            // Bytes cannot have conflict markers: what is here stays, and the person is told.
            return Some(Decided::of(Action::Conflict, None));
        };
        match merge::merge(path, ancestor, mine, text) {
            Merged::Clean(merged) => Decided::of(Action::Merge, Some(planned(merged.as_bytes()))),
            Merged::Marked(marked) if conflicts == Conflicts::Markers => {
                Decided::of(Action::Conflict, Some(planned(marked.as_bytes())))
            }
            Merged::Marked(_) => {
                let [kept, wanted] = merge::sides(ancestor, mine, text);
                let then = Some(planned(kept.as_bytes()));
                Decided { action: Action::Conflict, then, rejected: Some(wanted) }
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

/// Two texts as `diff -u` shows them, below two folders such as `a` and `b`.
pub(crate) fn diff_texts(folders: [&str; 2], name: &str, before: &str, after: &str) -> String {
    let mut options = diffy::DiffOptions::new();
    let [old, new] = folders.map(|folder| format!("{folder}/{name}"));
    options.set_original_filename(old).set_modified_filename(new).create_patch(before, after).to_string()
}

/// Two versions of a file as `diff -u` shows them.
pub(crate) fn diff(path: &TargetPath, before: &str, after: &str) -> String {
    diff_texts(["a", "b"], &path.to_string(), before, after)
}

impl Step {
    /// Does it change the disk?
    pub(crate) fn changes(&self) -> bool {
        self.then.is_some() || self.rejected.is_some() || self.action == Action::Remove
    }

    /// The change, as `diff -u` shows it.
    pub(crate) fn diff(&self) -> Option<String> {
        if let Some(shown) = &self.shown {
            return Some(shown.clone());
        }
        let text = |planned: &Planned| String::from_utf8(planned.content.clone()).ok();
        let before = self.ours.as_ref().map_or(Some(String::new()), text)?;
        let after = match (&self.then, self.action) {
            (Some(planned), _) => text(planned)?,
            (None, Action::Remove) => String::new(),
            (None, _) => return None,
        };
        Some(diff(&self.path, &before, &after))
    }
}

/// Write what the steps decided. A run that was stopped half way is simply run again.
pub(crate) fn apply(steps: &[Step], root: &Path) -> Result<(), Error> {
    for step in steps {
        if let Some(planned) = &step.then {
            write(root, &step.path, &planned.content, planned.mode())?;
            if let Some(from) = &step.from {
                let at = from.below_without_links(root)?;
                std::fs::remove_file(&at).map_err(|source| Error::Write { path: at, source })?;
            }
        } else if step.action == Action::Remove {
            let at = step.path.below_without_links(root)?;
            std::fs::remove_file(&at).map_err(|source| Error::Write { path: at, source })?;
        }
        if let Some((beside, text)) = &step.rejected {
            write(root, beside, text.as_bytes(), 0o644)?;
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
        assert_eq!(case("a\n", "mine\n", "b\n"), (None, "b\n".to_owned()));
        assert_eq!(case("-", "mine\n", "b\n"), (None, "b\n".to_owned()));
        // What fits is taken: only the first line is in dispute.
        let (kept, wanted) = case("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "I\n2\n3\n4\nV\n");
        assert_eq!((kept.as_deref(), wanted.as_str()), (Some("one\n2\n3\n4\nV\n"), "I\n2\n3\n4\nV\n"));
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
            assert_eq!(decided, Some(Decided::of(Action::Conflict, None)));
        }
    }
}
