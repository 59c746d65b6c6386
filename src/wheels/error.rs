//! What can be wrong with wheels: where it stands, and what there is to do.

use std::path::PathBuf;

use crate::beanstalk::wheel::Target;
use crate::bundle::OpenError;
use crate::fault::{Exit, Fault, Repeat};
use crate::file;
use crate::ui::{bytes, ticked};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("nothing says what to install: there is no `requirements.txt`, `Pipfile` or lock file")]
    NothingAsked,
    #[error("`requirements.txt` was made from `{from}`, and there is no such file")]
    SourceGone { from: String },
    #[error("only its own tool can tell what `{path}` installs")]
    LockUnread { path: String, export: String },
    #[error("`{what}`, which `{path}` asks for, cannot be read: {why}")]
    Unread { path: String, what: String, why: String },
    #[error("{} cannot come from a package index: {}", if lines.len() == 1 { "a requirement" } else { "some requirements" }, lines.join("; "))]
    NotFromIndex { lines: Vec<String> },
    #[error("`{marker}` in {place} is no condition that can be decided")]
    Marker { place: String, marker: String },
    #[error("`{name}` is asked for twice: {one} and {other}")]
    Twice { name: String, one: String, other: String },
    #[error("`requirements.txt` asks for {}, and `{from}` does not", ticked(names))]
    Beside { from: String, names: Vec<String>, places: Vec<String> },
    #[error("`{option}` stands in `requirements.txt`, and not where that was made from, in `{from}`")]
    IndexBeside { option: String, from: String },
    #[error("`${{{name}}}` in {place} is not set")]
    Unset { name: String, place: String },
    #[error("there is neither a Python with pip nor uv on the search path")]
    NoPip,
    #[error("pip could not be started")]
    Start { source: std::io::Error },
    #[error("the package index cannot be reached: {said}")]
    Unreachable { said: String },
    #[error("the package index wants other credentials: {said}")]
    Unauthorized { said: String },
    #[error("`{requirement}` has no wheel for {target}")]
    NoWheel { requirement: String, target: Target, others: Vec<String> },
    #[error("the requirements contradict each other: {said}")]
    Contradiction { said: String },
    #[error("`{wheel}` was withdrawn by its authors{}", if reason.is_empty() { String::new() } else { format!(": {reason}") })]
    Yanked { wheel: String, reason: String },
    #[error("pip failed: {said}")]
    Pip { said: String },
    #[error("pip was not ready after {minutes} minutes, and was ended")]
    TimeUp { minutes: u64 },
    #[error("pip left out {}, which {target} needs", ticked(names))]
    LeftOut { names: Vec<String>, target: Target },
    #[error("`{file}` is not what was locked: its digest is sha256:{found}")]
    Digest { file: String, found: String, place: String },
    #[error("`{file}` is not what its name says: {why}")]
    Lies { file: String, why: String },
    #[error("`{}` is no wheel that can be read", path.display())]
    Broken { path: PathBuf, source: Box<OpenError> },
    #[error("the wheels have {} of the {} that a bundle may have", bytes(*size), bytes(*limit))]
    TooLarge { size: u64, limit: u64 },
    #[error(transparent)]
    File(#[from] file::Error),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Unset { .. } => Exit::Usage,
            _ => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NothingAsked => "write what the project needs into `requirements.txt`".to_owned(),
            Self::SourceGone { from } => {
                format!("bring `{from}` back from git, or take the first two lines of `requirements.txt` away")
            }
            Self::LockUnread { export, .. } => format!("`{export}`, and again"),
            Self::Unread { .. } => "name what is in the project, and can be read".to_owned(),
            Self::NotFromIndex { .. } => {
                "build a wheel of it, in a container of Amazon Linux 2023 if it is compiled, put it into `wheels`, and ask for \
                 it by name and version; or leave this project without wheels, so that the instance fetches it"
                    .to_owned()
            }
            Self::Marker { .. } => "the Python Packaging User Guide has the form: \"Dependency specifiers\"".to_owned(),
            Self::Twice { .. } => "keep one of them".to_owned(),
            Self::Beside { from, places, .. } => {
                format!("{}: add it to `{from}`, or take it out", ticked(places))
            }
            Self::IndexBeside { .. } => "give the index in `PIP_INDEX_URL` or `PIP_EXTRA_INDEX_URL`".to_owned(),
            Self::Unset { name, .. } => format!("`export {name}=…`, as for pip"),
            Self::NoPip => "install one: Debian has `python3-pip`, and `pipx install uv` does too".to_owned(),
            Self::Start { .. } | Self::Pip { .. } => "`pip download` with the same requirements says more".to_owned(),
            Self::Unreachable { .. } => {
                "nothing was changed; the same command goes on where this one ended. `PIP_INDEX_URL` names another index"
                    .to_owned()
            }
            Self::Unauthorized { .. } => "give them in `PIP_INDEX_URL` or in `.netrc`: they are written nowhere".to_owned(),
            Self::NoWheel { others, .. } => {
                let others = match others.as_slice() {
                    [] => String::new(),
                    others => format!("there are wheels of {}; ", ticked(others)),
                };
                format!(
                    "{others}take another version, or build it in a container of Amazon Linux 2023 and put the wheel into \
                     `wheels`; or leave this project without wheels, so that the instance builds it"
                )
            }
            Self::Contradiction { .. } => "loosen one of them".to_owned(),
            Self::Yanked { .. } => {
                "ask for another version; `--allow-yanked` takes it all the same".to_owned()
            }
            Self::TimeUp { .. } => "`--timeout` gives it more; what was fetched is in pip's cache".to_owned(),
            Self::LeftOut { .. } => "its markers are decided by this machine: try another pip, or name it yourself".to_owned(),
            Self::Digest { place, .. } => {
                format!("{place} has the digests that may be installed: remove the file, or lock it anew with `--upgrade`")
            }
            Self::Lies { .. } => "do not install it; ask whoever made it".to_owned(),
            Self::Broken { .. } => "remove it, and again".to_owned(),
            Self::TooLarge { .. } => "fewer or smaller packages, or a custom AMI that has them".to_owned(),
            Self::File(error) => return error.hint(),
        })
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::Unreachable { .. } => Some(Repeat::Later),
            Self::Unauthorized { .. } => Some(Repeat::AfterChange),
            _ => None,
        }
    }
}
