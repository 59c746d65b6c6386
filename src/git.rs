//! Contents that git holds: the index or a revision, read through git's own plumbing.
//!
//! Reading a repository runs nothing that it names. git runs what the configuration of a repository says, and a
//! repository may come from anybody. So as much as can be is read by ourselves (`head`, `index`, `config`); what is left
//! goes through one constructor, `Git::reading`, which tells git where the repository is and takes its teeth; and only
//! plumbing is asked that converts no content: `cat-file`, `ls-tree`, `ls-files --stage`, `rev-parse`, `check-attr`,
//! `read-tree`. Not `status`, `diff`, `update-index` or `log`: they run filters, monitors and what shows signatures.

mod blobs;
pub(crate) mod config;
pub(crate) mod head;
pub(crate) mod index;
mod listing;
pub(crate) mod repository;

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fault::{Exit, Fault};
use crate::file;

use repository::Repository;

pub(crate) use blobs::BlobReader;
pub(crate) use listing::{Item, ItemMode};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to run `{command}`")]
    Missing { command: String, source: io::Error },
    #[error("`{command}` failed: {message}")]
    Failed { command: String, message: String },
    #[error("git knows no revision `{name}`")]
    Revision { name: String },
    #[error("git has no object `{id}`")]
    Object { id: String },
    #[error("`{path}` is not merged yet")]
    Unmerged { path: String },
    #[error("`{}` is no file, and git would wait for it", path.display())]
    Trap { path: PathBuf },
    #[error(transparent)]
    File(#[from] file::Error),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Revision { .. } => Exit::Usage,
            _ => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("install git (Debian: `git`)".to_owned()),
            Self::Object { .. } => Some("in a shallow or partial clone, fetch the rest first".to_owned()),
            Self::Unmerged { .. } => Some("finish the merge and add the file".to_owned()),
            Self::Failed { .. } | Self::Revision { .. } => None,
            Self::Trap { .. } => Some("remove it: a repository has regular files there".to_owned()),
            Self::File(error) => error.hint(),
        }
    }
}

/// Settings of this machine that would make something run, or go on after us.
const SCRATCH_OPTIONS: [&str; 6] =
    ["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false"];

/// Settings of a repository that would make something run, or make an answer depend on this machine.
const READING_OPTIONS: [(&str, &str); 9] = [
    ("safe.bareRepository", "explicit"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.attributesFile", "/dev/null"),
    ("core.pager", "cat"),
    ("log.showSignature", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
];

/// Inside a git hook these name another index, or another repository: what `git rev-parse --local-env-vars` lists.
const LOCAL_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// A repository that git is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    dir: PathBuf,
    access: Access,
}

#[derive(Debug, Clone)]
enum Access {
    /// Somebody's repository, which is read.
    Reading { git_dir: PathBuf },
    /// A repository of our own without a work tree, for what others have.
    Scratch,
    /// No repository at all: the user's own settings.
    Nowhere,
}

/// Which tree to read: index or commit.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Index,
    /// The full name of a commit.
    Commit(String),
}

impl Git {
    /// git for reading `repository`, in a way that runs nothing which the repository names. It finds no other one.
    pub(crate) fn reading(repository: &Repository) -> Result<Self, Error> {
        match repository.trap() {
            Some(path) => Err(Error::Trap { path }),
            None => {
                let access = Access::Reading { git_dir: repository.git_dir.clone() };
                Ok(Self { dir: repository.top.clone(), access })
            }
        }
    }

    /// The file that the user's or the machine's `core.excludesFile` names. No repository has a say in it.
    pub(crate) fn global_excludes() -> Option<PathBuf> {
        let git = Self { dir: std::path::MAIN_SEPARATOR_STR.into(), access: Access::Nowhere };
        ["--global", "--system"].iter().find_map(|scope| {
            let value = git.run(&["config", scope, "--get", "--type=path", "core.excludesFile"]).ok()?;
            Some(String::from_utf8(value).ok()?.trim_end_matches('\n').into())
        })
    }

    /// A new repository in the empty folder `dir`, without a work tree and without anybody's hooks, to fetch into.
    pub(crate) fn scratch_repository(dir: impl Into<PathBuf>) -> Result<Self, Error> {
        let scratch = Self { dir: dir.into(), access: Access::Scratch };
        scratch.run(&["init", "--quiet", "--bare", "--template=", "."])?;
        Ok(scratch)
    }

    /// Get what `url` has as `revision`, or as its `HEAD`, and tell which commit that is.
    ///
    /// Nothing is checked out: no filter, hook or submodule of the foreign repository comes into play.
    pub(crate) fn fetch(&self, url: &str, revision: Option<&str>) -> Result<String, Error> {
        let fetch = |wanted: &[&str], depth: &str| {
            let options = ["fetch", "--quiet", "--no-tags", "--recurse-submodules=no", "--end-of-options", url];
            let depth = [depth].into_iter().filter(|option| !option.is_empty());
            let arguments: Vec<&str> =
                options[..4].iter().copied().chain(depth).chain(options[4..].iter().copied()).collect();
            self.run(&[&arguments, wanted].concat())
        };
        match (fetch(&[revision.unwrap_or("HEAD")], "--depth=1"), revision) {
            (Ok(_), _) => self.commit("FETCH_HEAD"),
            // The beginning of a commit's name, or a server that knows its commits only by branches and tags.
            (Err(Error::Failed { .. }), Some(revision)) => {
                fetch(&["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], "")?;
                self.commit(revision)
            }
            (Err(error), _) => Err(error),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for name in LOCAL_VARIABLES {
            command.env_remove(name);
        }
        command
            .args(["--no-pager", "--literal-pathspecs"])
            .args(if matches!(self.access, Access::Scratch) { &SCRATCH_OPTIONS[..] } else { &[] })
            .args(arguments)
            .current_dir(&self.dir)
            .env("LC_ALL", "C")
            // Looking must not write: no refreshed index, no lock.
            .env("GIT_OPTIONAL_LOCKS", "0")
            // No prompt without us knowing.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        match &self.access {
            Access::Reading { git_dir } => {
                command
                    .env("GIT_DIR", git_dir)
                    .env("GIT_WORK_TREE", &self.dir)
                    .env("GIT_ATTR_NOSYSTEM", "1")
                    // An older git that fetches what is missing all the same finds no way to do it.
                    .env("GIT_ALLOW_PROTOCOL", "")
                    .env("GIT_CONFIG_COUNT", READING_OPTIONS.len().to_string());
                // Not as `-c`: that form splits names at their first `=`.
                for (number, (key, value)) in READING_OPTIONS.iter().enumerate() {
                    command.env(format!("GIT_CONFIG_KEY_{number}"), key);
                    command.env(format!("GIT_CONFIG_VALUE_{number}"), value);
                }
            }
            Access::Scratch => {
                command
                    // Also where bare repositories have to be named (`safe.bareRepository`).
                    .env("GIT_DIR", ".")
                    // None of the transports that run what a URL says.
                    .env("GIT_ALLOW_PROTOCOL", "file:http:https:ssh");
            }
            Access::Nowhere => {
                command.env("GIT_DIR", "/dev/null");
            }
        }
        command
    }

    fn failed(&self, arguments: &[&str], source: io::Error) -> Error {
        Error::Missing { command: format!("git {}", arguments.join(" ")), source }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        self.run_with(arguments, Vec::new())
    }

    fn run_with(&self, arguments: &[&str], input: Vec<u8>) -> Result<Vec<u8>, Error> {
        self.finish(self.command(arguments), arguments, input)
    }

    fn finish(&self, mut command: Command, arguments: &[&str], input: Vec<u8>) -> Result<Vec<u8>, Error> {
        let failed = |source| self.failed(arguments, source);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let output = std::thread::scope(|scope| {
            // A git that fails early reads no more; its message says why.
            scope.spawn(move || drop(stdin.write_all(&input)));
            child.wait_with_output()
        });
        let output = output.map_err(failed)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let message = String::from_utf8_lossy(&output.stderr);
        // A remote's warnings come first, and what became of it all last.
        let telling = message.lines().find(|line| line.starts_with("fatal: ")).or_else(|| message.lines().next());
        let message = telling.unwrap_or_default().trim_start_matches("fatal: ").to_owned();
        Err(Error::Failed { command: format!("git {}", arguments.join(" ")), message })
    }

    /// The commit that `name` stands for.
    pub(crate) fn commit(&self, name: &str) -> Result<String, Error> {
        let wanted = format!("{name}^{{commit}}");
        let found = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]);
        match found {
            Ok(id) => Ok(String::from_utf8_lossy(&id).trim().to_owned()),
            Err(Error::Failed { message, .. }) if message.is_empty() => Err(Error::Revision { name: name.to_owned() }),
            Err(error) => Err(error),
        }
    }

    /// The first line of a commit's message.
    pub(crate) fn subject(&self, commit: &str) -> Result<String, Error> {
        let commit = self.run(&["cat-file", "commit", commit])?;
        let commit = String::from_utf8_lossy(&commit);
        let message = commit.split_once("\n\n").map_or("", |(_, message)| message.trim_start());
        let lines: Vec<&str> = message.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
        Ok(lines.join(" "))
    }

    /// How many commits `HEAD` has that `commit` has not, and the other way round. `None`: git counts in another way.
    pub(crate) fn apart(&self, commit: &str) -> Result<Option<(u64, u64)>, Error> {
        let commit = self.commit(commit)?;
        let counts = self.run(&["rev-list", "--left-right", "--count", &format!("HEAD...{commit}"), "--"])?;
        let counts = String::from_utf8_lossy(&counts);
        let both = counts.split_whitespace().map(|count| count.parse().ok()).collect::<Option<Vec<u64>>>();
        Ok(both.and_then(|both| Some((*both.first()?, *both.get(1)?))))
    }

    /// Values of `attributes` for `paths`, from the top: path, attribute and value, for all that are set. The index says
    /// them, and the repository itself.
    pub(crate) fn attributes(&self, attributes: &[&str], paths: &[String]) -> Result<Vec<[String; 3]>, Error> {
        let input: Vec<u8> = paths.iter().flat_map(|path| path.bytes().chain([0])).collect();
        let answer = self.run_with(&[&["check-attr", "-z", "--stdin", "--cached"], attributes].concat(), input)?;
        let mut words = fields(&answer).map(|word| String::from_utf8_lossy(word).into_owned());
        let mut found = Vec::new();
        while let (Some(path), Some(name), Some(value)) = (words.next(), words.next(), words.next()) {
            if value != "unspecified" && value != "unset" {
                found.push([path, name, value]);
            }
        }
        Ok(found)
    }

    /// A setting, wherever it stands.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        let value = self.run(&["config", "--get", name]).ok()?;
        Some(String::from_utf8_lossy(&value).trim_end().to_owned())
    }

    /// Which of `paths` have `export-ignore`: files, and folders with a slash at their end, relative to the top.
    pub(crate) fn export_ignored(&self, tree: &Tree, paths: &BTreeSet<Vec<u8>>) -> Result<HashSet<Vec<u8>>, Error> {
        const OF_INDEX: [&str; 5] = ["check-attr", "-z", "--stdin", "--cached", "export-ignore"];
        let input: Vec<u8> = paths.iter().flat_map(|path| path.iter().copied().chain([0])).collect();
        let answer = match tree {
            Tree::Index => self.run_with(&OF_INDEX, input)?,
            Tree::Commit(commit) => {
                let source = format!("--source={commit}");
                let asked = self.run_with(&["check-attr", "-z", "--stdin", &source, "export-ignore"], input.clone());
                match asked {
                    // Before 2.40, as in Debian 12, git knew attributes of work trees and indexes only.
                    Err(Error::Failed { .. }) => self.with_index_of(commit, &OF_INDEX, input)?,
                    answer => answer?,
                }
            }
        };
        let mut answer = fields(&answer);
        let mut ignored = HashSet::new();
        while let (Some(path), Some(_), Some(value)) = (answer.next(), answer.next(), answer.next()) {
            if value == b"set" {
                ignored.insert(path.to_vec());
            }
        }
        Ok(ignored)
    }

    /// Ask git with an index that has what `commit` has. It is made for this question.
    fn with_index_of(&self, commit: &str, arguments: &[&str], input: Vec<u8>) -> Result<Vec<u8>, Error> {
        let failed = |error| self.failed(&["read-tree", commit], std::io::Error::other(error));
        let place = file::temporary_folder().map_err(failed)?;
        let ask = |arguments: &[&str], input| {
            let mut command = self.command(arguments);
            command.env("GIT_INDEX_FILE", place.path().join("index"));
            self.finish(command, arguments, input)
        };
        ask(&["read-tree", commit], Vec::new())?;
        ask(arguments, input)
    }

    pub(crate) fn reader(&self) -> Result<BlobReader, Error> {
        const ARGUMENTS: [&str; 2] = ["cat-file", "--batch"];
        BlobReader::start(self.command(&ARGUMENTS)).map_err(|source| self.failed(&ARGUMENTS, source))
    }
}

pub(crate) fn fields(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.strip_suffix(&[0]).into_iter().flat_map(|output| output.split(|byte| *byte == 0))
}
