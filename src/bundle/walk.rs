//! The files of a folder that ship, found by walking it.
//!
//! Folders are read by as many threads as there are cores; the result does not depend on who was first. A folder that is
//! left out is not entered, so an ignored `node_modules` costs one name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::entry::{BadName, EntryPath};
use super::error::{Error, Problem, ProblemKind};
use super::rules::{Inherited, LeftOut, Level, Reason, RuleFile, Rules, never};

/// How a file was when it was found. What is read later must still be this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i64,
    pub(crate) changed: i64,
    pub(crate) inode: u64,
    pub(crate) executable: bool,
}

impl Stamp {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
        Self {
            size: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            executable: metadata.mode() & 0o100 != 0,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &fs::Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        Self { size: metadata.len(), modified, ..Self::default() }
    }
}

/// A file or link that ships.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: EntryPath,
    pub(crate) kind: FoundKind,
}

#[derive(Debug)]
pub(crate) enum FoundKind {
    File(Stamp),
    Link(Box<str>),
}

/// What a walk brought home.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) found: Vec<Found>,
    pub(crate) left_out: Vec<LeftOut>,
    /// What a `!pattern` keeps in.
    pub(crate) kept: Vec<LeftOut>,
    pub(crate) problems: Vec<Problem>,
}

struct Folder {
    /// Relative to the root: empty, or ending with a slash.
    path: String,
    level: Arc<Level>,
    inherited: Inherited,
}

/// Folders that wait, and how many are being read right now.
#[derive(Default)]
struct Queue {
    waiting: Vec<Folder>,
    busy: usize,
    failed: bool,
}

/// Walk `root` by `rules`, for a bundle in which it is at `at` (empty, or ending with a slash). The order of what is found
/// is no particular one.
pub(crate) fn walk(root: &Path, at: &str, rules: &Rules, threads: usize) -> Result<Walked, Error> {
    let first = Folder { path: String::new(), level: Arc::default(), inherited: None };
    let queue = Mutex::new(Queue { waiting: vec![first], ..Queue::default() });
    let news = Condvar::new();
    let walker = Walker { root, at, rules, queue: &queue, news: &news };
    let results: Vec<Result<Walked, Error>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(|| walker.work())).collect();
        let own = walker.work();
        let others = workers.into_iter().map(|worker| worker.join().expect("a walker does not panic"));
        std::iter::once(own).chain(others).collect()
    });
    let mut all = Walked::default();
    for result in results {
        let mut walked = result?;
        all.found.append(&mut walked.found);
        all.left_out.append(&mut walked.left_out);
        all.kept.append(&mut walked.kept);
        all.problems.append(&mut walked.problems);
    }
    Ok(all)
}

struct Walker<'a> {
    root: &'a Path,
    at: &'a str,
    rules: &'a Rules,
    queue: &'a Mutex<Queue>,
    news: &'a Condvar,
}

impl Walker<'_> {
    fn work(&self) -> Result<Walked, Error> {
        let mut walked = Walked::default();
        let mut below = Vec::new();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if queue.failed || (queue.waiting.is_empty() && queue.busy == 0) {
                self.news.notify_all();
                return Ok(walked);
            }
            let Some(folder) = queue.waiting.pop() else {
                queue = self.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            queue.busy += 1;
            drop(queue);
            let result = self.read(&folder, &mut walked, &mut below);
            queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.busy -= 1;
            queue.failed |= result.is_err();
            queue.waiting.append(&mut below);
            self.news.notify_all();
            result?;
        }
    }

    fn read(&self, folder: &Folder, walked: &mut Walked, below: &mut Vec<Folder>) -> Result<(), Error> {
        let dir = self.root.join(&folder.path);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => Error::Vanished { path: dir.clone() },
            _ => Error::Read { path: dir.clone(), source },
        };
        let mut children = Vec::new();
        let (mut eb, mut git) = (None, None);
        for child in fs::read_dir(&dir).map_err(failed)? {
            let child = child.map_err(failed)?;
            let kind = child.file_type().map_err(failed)?;
            let name = child.file_name();
            if kind.is_file() && !folder.path.is_empty() && name == "pyvenv.cfg" {
                let path = format!("{}{}", self.at, folder.path);
                walked.left_out.push(LeftOut { path, reason: Reason::VirtualEnvironment });
                return Ok(());
            }
            let rules_count = kind.is_file() && self.rules.eb_cli.is_none();
            if rules_count && name == ".ebignore" {
                eb = Some(self.rule_file(folder, ".ebignore", &child.path())?);
            }
            if rules_count && name == ".gitignore" {
                git = Some(self.rule_file(folder, ".gitignore", &child.path())?);
            }
            children.push((child, kind, name));
        }
        let level = Level::below(&folder.level, eb, git);
        for (child, kind, name) in children {
            let text = name.to_string_lossy();
            let inside_root = format!("{}{text}", folder.path);
            let path = format!("{}{inside_root}", self.at);
            let judged = self.judge(folder, &level, &text, &inside_root, kind.is_dir());
            let inherited = match judged {
                Ok((inherited, reason)) => {
                    walked.kept.extend(reason.map(|reason| LeftOut { path: path.clone(), reason }));
                    inherited
                }
                Err(reason) => {
                    let path = if kind.is_dir() { path + "/" } else { path };
                    walked.left_out.push(LeftOut { path, reason });
                    continue;
                }
            };
            if name.to_str().is_none() {
                walked.problems.push(Problem::name(path, BadName::NotUtf8));
                continue;
            }
            if kind.is_dir() {
                below.push(Folder { path: inside_root + "/", level: Arc::clone(&level), inherited });
                continue;
            }
            let path = match EntryPath::new(path.as_str()) {
                Ok(path) => path,
                Err(bad) => {
                    walked.problems.push(Problem::name(path, bad));
                    continue;
                }
            };
            if kind.is_file() {
                let metadata = child.metadata().map_err(|source| unreadable(child.path(), source))?;
                walked.found.push(Found { path, kind: FoundKind::File(Stamp::of(&metadata)) });
            } else if kind.is_symlink() {
                let target = fs::read_link(child.path()).map_err(|source| unreadable(child.path(), source))?;
                match inside(&path, &target) {
                    Some(target) => walked.found.push(Found { path, kind: FoundKind::Link(target) }),
                    None => walked.problems.push(Problem {
                        path: path.to_string(),
                        kind: ProblemKind::LinkOutside { target: target.to_string_lossy().into_owned() },
                    }),
                }
            } else {
                let kind = ProblemKind::Special(special(kind));
                walked.problems.push(Problem { path: path.to_string(), kind });
            }
        }
        Ok(())
    }

    /// Why a child is out; or what is below it inherits, and which rule kept it if one did.
    fn judge(
        &self,
        folder: &Folder,
        level: &Level,
        name: &str,
        path: &str,
        is_directory: bool,
    ) -> Result<(Inherited, Option<Reason>), Reason> {
        if let Some(reason) = never(name) {
            return Err(reason);
        }
        let rule = self.rules.find(level, path, is_directory);
        if let Some(rule) = rule
            && !rule.keeps()
        {
            return Err(rule.reason());
        }
        let inherited = match &self.rules.eb_cli {
            Some(eb_cli) => eb_cli.judge(path, is_directory, folder.inherited)?,
            None => None,
        };
        Ok((inherited, rule.map(|rule| rule.reason())))
    }

    fn rule_file(&self, folder: &Folder, name: &str, path: &Path) -> Result<RuleFile, Error> {
        let text = fs::read(path).map_err(|source| unreadable(path.to_owned(), source))?;
        Ok(RuleFile::inside(&format!("{}{}{name}", self.at, folder.path), &folder.path, &text))
    }
}

/// An error about a file that was there a moment ago.
pub(crate) fn unreadable(path: PathBuf, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::NotFound => Error::Vanished { path },
        _ => Error::Read { path, source },
    }
}

/// The target of a link as text, if it stays in the bundle.
pub(crate) fn inside(link: &EntryPath, target: &Path) -> Option<Box<str>> {
    let target = target.to_str()?;
    if target.is_empty() || target.starts_with('/') || target.contains('\\') || target.chars().any(char::is_control) {
        return None;
    }
    let mut depth = link.as_str().matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.checked_sub(1)?,
            _ => depth += 1,
        }
    }
    Some(target.into())
}

#[cfg(unix)]
fn special(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "FIFO"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

#[cfg(not(unix))]
fn special(_: fs::FileType) -> &'static str {
    "special file"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_bundle() {
        #[track_caller]
        fn case(link: &str, target: &str, expected: bool) {
            let link = EntryPath::new(link).expect("a good path");
            assert_eq!(inside(&link, Path::new(target)).is_some(), expected, "`{link}` to `{target}`");
        }
        case("a", "b", true);
        case("a", "../b", false);
        case("a/b", "../c", true);
        case("a/b", "../../c", false);
        case("a/b", "c/../../d", true);
        case("a/b", "c/../../../d/e", false);
        case("a", "/etc/passwd", false);
        case("a", "b\\c", false);
    }
}
