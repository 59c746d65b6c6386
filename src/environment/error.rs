//! What is wrong with a description, and where.

use std::fmt;

use crate::fault::{Exit, Fault};

/// A description that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{path}` is not what beansprout expects")]
    Syntax { path: String, source: Box<toml::de::Error> },
    #[error("`{path}` is not what beansprout expects")]
    Unwritable { path: String, source: Box<toml_edit::TomlError> },
    #[error("`{path}`, line {line}: {problem}")]
    At { path: String, line: usize, problem: Problem },
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    Format {
        found: String,
        expected: &'static str,
    },
    Tier {
        found: String,
    },
    EnvironmentName {
        found: String,
        reason: String,
    },
    Option {
        found: String,
    },
    /// It has a table or a key of its own.
    OwnPlace {
        key: String,
        place: &'static str,
    },
    SmokePath {
        found: String,
    },
    Sha256 {
        found: String,
    },
    Rule,
    Empty {
        key: &'static str,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { found, expected } => write!(f, "format `{found}` is not `{expected}`"),
            Self::Tier { found } => write!(f, "tier `{found}` is neither `web` nor `worker`"),
            Self::EnvironmentName { found, reason } => write!(f, "`{found}` cannot be an environment: {reason}"),
            Self::Option { found } => write!(f, "`{found}` is not an option's name"),
            Self::OwnPlace { key, .. } => write!(f, "`{key}` does not stand in `[options]`"),
            Self::SmokePath { found } => write!(f, "`{found}` is not a path of a site"),
            Self::Sha256 { found } => write!(f, "`{found}` is no SHA-256: it has 64 digits, `0` to `9` and `a` to `f`"),
            Self::Rule => f.write_str("`max_count` and `max_age_days` are both given"),
            Self::Empty { key } => write!(f, "`{key}` is empty"),
        }
    }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Syntax { .. } => {
                "correct that line; unknown keys are refused so that a typo cannot go unnoticed".to_owned()
            }
            Self::Unwritable { .. } => "correct that line".to_owned(),
            Self::At { problem, .. } => match problem {
                Problem::Format { .. } => "a newer version of this program may know it".to_owned(),
                Problem::Tier { found } if found.eq_ignore_ascii_case("cluster") => {
                    "Beanstalk Cluster is another service with its own tools; nothing here can launch it".to_owned()
                }
                Problem::Tier { .. } => "leave it out for a site, or write `worker`".to_owned(),
                Problem::EnvironmentName { .. } => "write the name of an environment that is described here".to_owned(),
                Problem::Option { .. } => {
                    "write `NAMESPACE/OPTION`, or `aws:autoscaling:scheduledaction/ACTION/OPTION`".to_owned()
                }
                Problem::OwnPlace { place, .. } => format!("it has a place of its own: {place}"),
                Problem::SmokePath { .. } => "it begins with `/`".to_owned(),
                Problem::Sha256 { .. } => "`beansprout capture` writes it; or leave it out".to_owned(),
                Problem::Rule => "keep one of them: Elastic Beanstalk follows one rule".to_owned(),
                Problem::Empty { .. } => "give it a value, or leave it out".to_owned(),
            },
        })
    }
}
