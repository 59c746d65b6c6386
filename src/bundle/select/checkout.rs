//! State of the work tree around a project against its last commit.
//!
//! Told without looking at every file a second time: the walk of a [`Plan`] has done so, and git's index says how the
//! files were when git last did. Only what differs, or what the index cannot tell, is left for `git status`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::git::head::Head;
use crate::git::index::{GitIndex, Seen};
use crate::git::repository::Repository;
use crate::git::{Git, fields};

use super::disk::Stamp;
use super::origin::Origin;
use super::plan::Plan;

/// The state of a work tree against its last commit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Checkout {
    /// The commit; none before the first.
    pub revision: Option<String>,
    /// Files that were changed, added or deleted since.
    pub changes: usize,
}

/// More suspects than this are a question about the whole work tree.
const FEW: usize = 64;

impl Checkout {
    /// Begin to find out how the work tree around `dir` stands.
    pub fn start(dir: &Path) -> PendingCheckout {
        let Some(repository) = Repository::discover(dir) else { return PendingCheckout(None) };
        let head = PendingHead::of(dir, &repository);
        PendingCheckout(head.map(|head| Question { dir: dir.to_owned(), repository, head }))
    }

    /// The file that `core.excludesFile` names.
    pub fn global_excludes(dir: &Path) -> Option<PathBuf> {
        let value = Git::at(dir).run(&["config", "--get", "--type=path", "core.excludesFile"]).ok()?;
        let value = String::from_utf8(value).ok()?;
        Some(dir.join(value.trim_end_matches('\n')))
    }

    /// `own` is what this run itself writes.
    fn parse(status: &[u8], own: &[String]) -> Self {
        let mut checkout = Self { revision: None, changes: 0 };
        let mut lines = fields(status);
        while let Some(line) = lines.next() {
            if let Some(id) = line.strip_prefix(b"# branch.oid ") {
                let id = String::from_utf8_lossy(id).into_owned();
                checkout.revision = (id != "(initial)").then_some(id);
            } else if let Some(path) = line.strip_prefix(b"? ") {
                // Our own state and output are no change of the project's.
                let ours = path.ends_with(b".beansprout/") || own.iter().any(|own| own.as_bytes() == path);
                checkout.changes += usize::from(!ours);
            } else if !line.starts_with(b"#") {
                checkout.changes += 1;
                if line.starts_with(b"2 ") {
                    lines.next(); // where it was renamed from
                }
            }
        }
        checkout
    }
}

/// A question about a work tree whose answer is on its way; none outside of a repository, or without git.
pub struct PendingCheckout(Option<Question>);

struct Question {
    dir: PathBuf,
    repository: Repository,
    head: PendingHead,
}

/// The last commit and its tree.
enum PendingHead {
    Read(Head),
    /// git, which tells them.
    Asked(Child),
}

impl PendingHead {
    /// None without git, or in a repository that git does not trust: there is nothing to say of it.
    fn of(dir: &Path, repository: &Repository) -> Option<Self> {
        if let Some(head) = Head::read(repository) {
            return Some(Self::Read(head));
        }
        let mut git = Git::at(dir).command(&["rev-parse", "HEAD", "HEAD^{tree}"]);
        git.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok().map(Self::Asked)
    }

    /// None before the first commit.
    fn finish(self) -> Option<Head> {
        match self {
            Self::Read(head) => Some(head),
            Self::Asked(git) => {
                let output = git.wait_with_output().ok().filter(|output| output.status.success())?;
                let text = String::from_utf8(output.stdout).ok()?;
                let mut lines = text.lines();
                Some(Head { commit: lines.next()?.to_owned(), tree: lines.next()?.to_owned() })
            }
        }
    }
}

/// The answer, or git, which still looks for it.
pub struct ComparedCheckout(Option<Answer>);

enum Answer {
    Known(Checkout),
    /// git, and what it must not count.
    Asked(Child, Vec<String>),
}

/// With fewer entries than this, another thread costs more than it brings.
const WORTH: usize = 2000;

impl PendingCheckout {
    /// Compare with what the walk has found, and let git look at the rest while other work goes on.
    pub fn compare(self, plan: &Plan) -> ComparedCheckout {
        ComparedCheckout(self.0.and_then(|question| question.compare(plan)))
    }

    /// The same, while `work` is done.
    pub fn compare_during<T>(self, plan: &Plan, work: impl FnOnce() -> T) -> (ComparedCheckout, T) {
        if plan.entries.len() < WORTH {
            return (self.compare(plan), work());
        }
        std::thread::scope(|scope| {
            let compared = scope.spawn(|| self.compare(plan));
            let done = work();
            (compared.join().expect("the comparison does not panic"), done)
        })
    }
}

impl ComparedCheckout {
    pub fn finish(self) -> Option<Checkout> {
        match self.0? {
            Answer::Known(checkout) => Some(checkout),
            Answer::Asked(git, own) => {
                let output = git.wait_with_output().ok()?;
                output.status.success().then(|| Checkout::parse(&output.stdout, &own))
            }
        }
    }
}

impl Question {
    fn compare(self, plan: &Plan) -> Option<Answer> {
        let Self { dir, repository, head } = self;
        let suspects = match head.finish() {
            Some(head) => match suspects(&dir, &repository, &head.tree, plan) {
                Some(suspects) if suspects.is_empty() => {
                    return Some(Answer::Known(Checkout { revision: Some(head.commit), changes: 0 }));
                }
                Some(suspects) if suspects.len() <= FEW => suspects,
                _ => vec![".".to_owned()],
            },
            // Before the first commit.
            None => vec![".".to_owned()],
        };
        // What a repository around it ignores is not its work: that one's commit says nothing of it.
        if dir != repository.top && suspects == ["."] && Git::at(&dir).ignores_all() {
            return None;
        }
        let arguments = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--"];
        let arguments: Vec<&str> = arguments.into_iter().chain(suspects.iter().map(String::as_str)).collect();
        let below_top = dir.strip_prefix(&repository.top).unwrap_or(Path::new(""));
        let own = plan.outputs.iter();
        let own = own.map(|path| below_top.join(path).to_string_lossy().replace('\\', "/")).collect();
        let git = Git::at(&dir).command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        Some(Answer::Asked(git, own))
    }
}

/// The tracked files below `dir` that may have changed since the commit with `tree`: all others have not, and nothing was
/// added or staged. None if that cannot be told from the index and the plan alone.
fn suspects(dir: &Path, repository: &Repository, tree: &str, plan: &Plan) -> Option<Vec<String>> {
    let disk = plan.only_disk()?;
    let below_top = dir.strip_prefix(&repository.top).ok()?.to_str()?;
    let prefix = if below_top.is_empty() { String::new() } else { below_top.replace('\\', "/") + "/" };
    let path = repository.git_dir.join("index");
    let bytes = fs::read(&path).ok()?;
    let index = GitIndex::parse(&bytes, tree.len() / 2)?;
    if index.tree.as_deref() != Some(tree) {
        return None;
    }
    // A file that changed within the same tick in which git wrote the index may look as git knows it.
    let racy = Stamp::of(&fs::metadata(&path).ok()?).modified;
    let mut entries = plan.entries.iter().peekable();
    let mut unsure = plan.unsure.iter().peekable();
    let mut suspects = Vec::new();
    index.each(|path, seen| {
        let Some(path) = path.strip_prefix(prefix.as_bytes()) else { return Some(()) };
        let path = std::str::from_utf8(path).ok()?;
        if unsure.next_if(|left_out| left_out.as_str() == path).is_none() {
            // Whatever sorts before it is not tracked.
            if unsure.peek().is_some_and(|left_out| left_out.as_str() < path) {
                return None;
            }
        }
        let stamp = match entries.next_if(|entry| entry.path.as_str() == path) {
            Some(entry) => match &entry.origin {
                Origin::Disk { stamp, .. } => Some(*stamp),
                _ => disk.stamp(path).ok(),
            },
            None if entries.peek().is_some_and(|entry| entry.path.as_str() < path) => return None,
            None => disk.stamp(path).ok(),
        };
        if !stamp.is_some_and(|stamp| Seen::of(&stamp) == seen && stamp.modified < racy) {
            suspects.push(path.to_owned());
        }
        Some(())
    })?;
    (entries.next().is_none() && unsure.next().is_none()).then_some(suspects)
}

impl Seen {
    /// The part of a state that git keeps, cut off to 32 bits as it does.
    fn of(stamp: &Stamp) -> Self {
        const SECOND: i64 = 1_000_000_000;
        let time = |time: i64| (time.div_euclid(SECOND) as u32, time.rem_euclid(SECOND) as u32);
        Self {
            changed: time(stamp.changed),
            modified: time(stamp.modified),
            inode: stamp.inode as u32,
            size: stamp.size as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_without_our_own() {
        let status = b"# branch.oid 1234\0# branch.head main\x001 .M N... 100644 100644 100644 a b x.py\0\
            2 R. N... 100644 100644 100644 a b R100 new\0old\0? notes.txt\0? .beansprout/\0";
        assert_eq!(Checkout::parse(status, &[]), Checkout { revision: Some("1234".to_owned()), changes: 3 });
        let own = ["notes.txt".to_owned()];
        assert_eq!(Checkout::parse(status, &own), Checkout { revision: Some("1234".to_owned()), changes: 2 });
        let status = b"# branch.oid (initial)\0# branch.head main\0";
        assert_eq!(Checkout::parse(status, &[]), Checkout { revision: None, changes: 0 });
    }
}
