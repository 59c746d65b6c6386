//! A stack went on, and so did the project: which of the two changed a file, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::decision::{Action, Conflicts, Rejected, decide};
use super::merge;
use super::plan::Planned;
use super::write::{on_disk, write};
use super::{Error, Plan, TargetPath};
use crate::file::Doing;
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
    pub(crate) rejected: Option<Beside>,
    /// What may be shown of a file that holds a secret, instead of its own diff.
    pub(crate) shown: Option<String>,
}

/// What of the stack did not fit, laid beside the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) path: TargetPath,
    pub(crate) content: Vec<u8>,
    pub(crate) form: BesideForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BesideForm {
    /// What `patch` reads.
    Diff,
    /// The whole file, which is no text.
    Whole,
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
        let content = on_disk(&at)?;
        Ok(content.map(|content| Planned { content, executable: is_executable(&at, self.base.get(path)) }))
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
            Some(Rejected::Text(text)) => {
                let diff = diff(path, &decided.kept(ours.as_ref()), text);
                Some(Beside { path: beside(path, REJECTED)?, content: diff.into_bytes(), form: BesideForm::Diff })
            }
            Some(Rejected::Bytes(bytes)) => {
                Some(Beside { path: beside(path, NEW)?, content: bytes.clone(), form: BesideForm::Whole })
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
        let text = |planned: &Planned| std::str::from_utf8(&planned.content).is_ok();
        let marked = |planned: &Planned| std::str::from_utf8(&planned.content).is_ok_and(merge::has_markers);
        for path in self.paths().collect::<BTreeSet<_>>() {
            let of_stack = [self.base.get(path), self.theirs.get(path)];
            let ours = self.ours(path)?;
            let expected = of_stack.into_iter().flatten().any(marked);
            if !expected && ours.as_ref().is_some_and(marked) {
                left.push(path.to_string());
            }
            // Whichever side was no text, the stack's file was laid beside; else what did not fit may have been.
            let bytes = !of_stack.into_iter().flatten().chain(&ours).all(text);
            for ending in [REJECTED].into_iter().chain(bytes.then_some(NEW)) {
                let beside = beside(path, ending)?;
                let expected = self.base.get(&beside).is_some() || self.theirs.get(&beside).is_some();
                if !expected && self.ours(&beside)?.is_some() {
                    left.push(beside.to_string());
                }
            }
        }
        Ok(left)
    }
}

/// Endings of what is laid beside a file: a diff that `patch` reads, and a file that is no text.
const REJECTED: &str = ".rej";
const NEW: &str = ".new";

fn beside(path: &TargetPath, ending: &str) -> Result<TargetPath, Error> {
    TargetPath::parse(&format!("{path}{ending}"))
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
                std::fs::remove_file(&at).doing("remove", at)?;
            }
        } else if step.action == Action::Remove {
            let at = step.path.below_without_links(root)?;
            std::fs::remove_file(&at).doing("remove", at)?;
        }
        if let Some(beside) = &step.rejected {
            write(root, &beside.path, &beside.content, 0o644)?;
        }
    }
    Ok(())
}
