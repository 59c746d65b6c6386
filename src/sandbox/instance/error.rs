//! Errors of an instance: the machine it stands on, or a step of the deployment.

use std::path::{Path, PathBuf};

use crate::beanstalk::timeline::Failure;
use crate::fault::{Exit, Fault};

/// Number of last lines in a hint.
const SHOWN: usize = 12;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("an instance cannot run on this system, which has no process groups, signals and file modes")]
    System,
    #[error("failed to {doing} `{}`", path.display())]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
    #[error("there is no `{name}` to run the application with")]
    PythonMissing { name: String },
    #[error("`{}` cannot create virtual environments", python.display())]
    VenvMissing { python: PathBuf, said: String },
    #[error("port {port} is taken")]
    Port { port: u16, source: std::io::Error },
    #[error("another run is using the instance in `{}`", home.display())]
    InUse { home: PathBuf },
    #[error("failed to start a thread")]
    Thread(#[source] std::io::Error),
    #[error(transparent)]
    Unpack(#[from] crate::bundle::UnpackError),
    #[error(transparent)]
    File(#[from] crate::file::Error),
    #[error(transparent)]
    Folder(#[from] crate::folder::Error),
    #[error("the deployment failed at `{instruction}`: {message}")]
    Step {
        instruction: String,
        message: String,
        consequence: Failure,
        log: PathBuf,
        tail: Vec<String>,
        /// The Python of this machine, and that of the platform whose place it takes.
        stand_in: Option<Box<(String, String)>>,
    },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Io { .. } | Self::PythonMissing { .. } | Self::VenvMissing { .. } | Self::Thread(_) => Exit::Invalid,
            Self::System | Self::InUse { .. } => Exit::Invalid,
            Self::Unpack(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Folder(error) => error.exit(),
            Self::Port { .. } => Exit::Usage,
            Self::Step { .. } => Exit::DeployFailed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } | Self::Thread(_) => None,
            Self::System => Some(
                "on Windows, run beansprout in WSL; everything that does not run the site works without it".to_owned(),
            ),
            Self::Unpack(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Folder(error) => error.hint(),
            Self::PythonMissing { .. } => {
                Some("install Python 3 with venv; Debian: `apt install python3-venv`".to_owned())
            }
            Self::VenvMissing { .. } => {
                Some("Debian keeps venv in a package of its own: `apt install python3-venv`".to_owned())
            }
            Self::Port { .. } => Some("choose another with `--port`, or `--port 0` for any".to_owned()),
            Self::InUse { .. } => Some("end the other `beansprout up`, or run this one in another folder".to_owned()),
            Self::Step { consequence, log, tail, stand_in, .. } => {
                // Where this machine has no way to the package index, nothing is known of an instance.
                const NETWORK: [&str; 4] = [
                    "name resolution",
                    "NewConnectionError",
                    "Max retries exceeded",
                    "Connection refused by the proxy",
                ];
                let network = tail.iter().any(|line| NETWORK.iter().any(|words| line.contains(words)));
                // pip's own words where a version is for another Python.
                const PYTHON: [&str; 2] = ["Requires-Python", "requires a different Python"];
                let other = tail.iter().any(|line| PYTHON.iter().any(|words| line.contains(words)));
                let outcome = match (network, stand_in) {
                    (true, _) => {
                        "this machine did not reach the package index; what an instance does is not known".to_owned()
                    }
                    (false, Some(pythons)) if other => format!(
                        "Python {} of this machine is the reason: the platform has {}; install that here, and `up` takes it",
                        pythons.0, pythons.1
                    ),
                    (false, _) => format!("on AWS: {}", consequence.phrase()),
                };
                let mut text = format!("{outcome}\nthe whole log is `{}`", log.display());
                if !tail.is_empty() {
                    text.push_str("; its last lines:");
                    for line in &tail[tail.len().saturating_sub(SHOWN)..] {
                        text.push_str("\n  | ");
                        text.push_str(line);
                    }
                }
                if let Some(advice) = asks_for(tail) {
                    text.push_str(&format!("\n{advice}"));
                }
                Some(text)
            }
        }
    }
}

/// What helps a program whose last lines miss a property.
pub fn asks_for(tail: &[String]) -> Option<String> {
    let name = tail.iter().rev().find_map(|line| missing(line))?;
    Some(format!("the environment has to set `{name}`: here, `beansprout up --env {name}=VALUE`"))
}

/// The property that a program missed, in the words of Python and of Django's usual packages.
fn missing(line: &str) -> Option<&str> {
    const EXCEPTIONS: [&str; 3] = ["KeyError", "ImproperlyConfigured", "UndefinedValueError"];
    // The name stands in front of these, with or without more words between.
    const PHRASES: [&str; 2] = ["is not set", "not found. Declare it"];
    const LEVELS: [&str; 9] = ["CRITICAL", "DEBUG", "ERROR", "FATAL", "INFO", "NOTICE", "TRACE", "WARN", "WARNING"];
    fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
    }
    let is_name = |word: &&str| {
        word.len() > 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let name = |word: &&str| is_name(word) && !LEVELS.contains(word);
    // What stands before the exception is the log's: the time, the level, the request.
    let exception = EXCEPTIONS.iter().find_map(|word| line.split_once(word));
    let said = exception.map_or(line, |(_, said)| said);
    // It has a value, and that is refused.
    if said.contains(" begins with ") {
        return None;
    }
    let Some((before, after)) = PHRASES.iter().find_map(|phrase| said.split_once(phrase)) else {
        exception?;
        return words(said).find(name);
    };
    // What it is called may stand between. A single word farther away may be a zone or a method of the log's.
    const KINDS: [&str; 8] = ["environment", "variable", "env", "var", "setting", "property", "option", "value"];
    let nearest = words(before).rev().find(|word| !KINDS.contains(&word.to_ascii_lowercase().as_str()));
    nearest
        .filter(is_name)
        .or_else(|| words(before).rev().find(|word| name(word) && word.contains('_')))
        .or_else(|| words(after).find(name))
}

/// Gives an I/O error its path.
pub(crate) trait Io<T> {
    fn doing(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, Error>;
}

impl<T> Io<T> for std::io::Result<T> {
    fn doing(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { doing, path: path.as_ref().to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_of_this_machine_is_named_where_it_is_the_reason() {
        let error = |line: &str, stand_in: Option<(&str, &str)>| Error::Step {
            instruction: "InstallDependency".to_owned(),
            message: String::new(),
            consequence: Failure::Aborts,
            log: PathBuf::new(),
            tail: vec![line.to_owned()],
            stand_in: stand_in.map(|(here, there)| Box::new((here.to_owned(), there.to_owned()))),
        };
        const OTHER: &str = "ERROR: Ignored the following versions: 6.0 Requires-Python >=3.12";
        let says = |line: &str, stand_in| error(line, stand_in).hint().unwrap_or_default();
        assert!(says(OTHER, Some(("3.11", "3.13"))).starts_with("Python 3.11 of this machine is the reason"));
        assert!(says(OTHER, None).starts_with("on AWS: the deployment fails"));
        assert!(says("ERROR: no such package", Some(("3.11", "3.13"))).starts_with("on AWS: the deployment fails"));
    }

    #[test]
    fn a_missing_property_is_named() {
        #[track_caller]
        fn case(line: &str, name: Option<&str>) {
            assert_eq!(missing(line), name, "{line}");
        }
        case("KeyError: 'API_TOKEN'", Some("API_TOKEN"));
        case("ImproperlyConfigured: DATABASE_URL begins with 'sqlite', but this project is made for postgresql", None);
        case(
            "django.core.exceptions.ImproperlyConfigured: neither DATABASE_URL nor RDS_HOSTNAME is set as a property",
            Some("DATABASE_URL"),
        );
        case("django.core.exceptions.ImproperlyConfigured: Set the DB_HOST environment variable", Some("DB_HOST"));
        case(
            "decouple.UndefinedValueError: SECRET_KEY not found. Declare it as envvar or define a default value.",
            Some("SECRET_KEY"),
        );
        case("ERROR 2026-11-26 UTC django.request: KeyError: 'API_TOKEN'", Some("API_TOKEN"));
        case("GET /cart HTTP/1.1: KeyError: 'API_TOKEN'", Some("API_TOKEN"));
        case("[CRITICAL] DATABASE_URL is not set", Some("DATABASE_URL"));
        case("[WARNING] the secret key is not set", None);
        case("2026-11-26 08:30 UTC [CRITICAL] shop: DATABASE_URL is not set", Some("DATABASE_URL"));
        case("08:30 UTC The variable API_TOKEN in the settings is not set!", Some("API_TOKEN"));
        case("08:30 UTC PORT is not set", Some("PORT"));
        case("08:30 UTC the PORT environment variable is not set", Some("PORT"));
        case("08:30 UTC the secret key is not set", None);
        case("INFO DEBUG is not set", Some("DEBUG"));
        case("a property is not set: API_TOKEN", Some("API_TOKEN"));
        case("ImproperlyConfigured: in UTC mode, 'SHOP_KEY' is not set.", Some("SHOP_KEY"));
        case("08:30 UTC SECRET_KEY not found. Declare it as envvar", Some("SECRET_KEY"));
        case("KeyError: 'name'", None);
        case("ModuleNotFoundError: No module named 'X'", None);
    }
}
