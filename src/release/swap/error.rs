//! What speaks against a swap, and bad ends of one, in words.

use std::fmt;

use super::condition::Condition;
use crate::fault::{Exit, Fault, Repeat, hint_of_all};
use crate::release::api_error::ApiError;
use crate::release::deploy::Error as DeployError;
use crate::release::probe::Probed;

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("an environment cannot be swapped with itself"),
            Self::Applications { blue, green } => write!(f, "they belong to two applications, `{blue}` and `{green}`"),
            Self::Worker { name } => write!(f, "`{name}` is a worker, and has no name in DNS"),
            Self::NotReady { name } => write!(f, "`{name}` is busy"),
            Self::NotGood { name, health } => write!(f, "the health of `{name}` is {health}"),
            Self::NoVersion { name } => write!(f, "`{name}` runs no version of its application"),
            Self::NoName { name } => write!(f, "`{name}` has no name in DNS"),
            Self::OtherVersions { name, label, others } => {
                write!(f, "not every instance of `{name}` runs `{label}`: there is also `{}`", others.join("`, `"))
            }
            Self::Database { name } => write!(f, "`{name}` has a database of its own, which stays with it"),
            Self::Fewer { green, blue, serving, wanted } => {
                write!(f, "`{green}` has {serving} in service, and `{blue}` has {wanted}")
            }
            Self::Settings { difference } if difference.is_property() => {
                write!(f, "the property `{}` is missing", difference.option.name)
            }
            Self::Settings { difference } => {
                let or_none = |value: &Option<String>| value.as_deref().unwrap_or("not set").to_owned();
                write!(
                    f,
                    "`{}` is {}, and was {}",
                    difference.option,
                    or_none(&difference.other),
                    or_none(&difference.one)
                )
            }
            Self::Updates { name, at } => write!(f, "managed updates of `{name}` begin at {at} UTC"),
            Self::Migration { risk } => write!(f, "one of the two versions cannot live with {risk}"),
            Self::Alias { file, target } => {
                write!(f, "`{file}` is an alias to `{target}`, which does not follow a swap")
            }
        }
    }
}

impl Condition {
    fn hint(&self) -> String {
        let way = match self {
            Self::Same => "name the one that has the visitors, then the one that gets them".to_owned(),
            Self::Applications { .. } => "a swap stays in one application".to_owned(),
            Self::Worker { .. } => "deploy to a worker instead: nobody visits it".to_owned(),
            Self::NotReady { name } => format!("`beansprout wait --env {name}` watches it"),
            Self::NotGood { name, .. } => format!("`beansprout status {name}` tells the causes"),
            Self::NoVersion { name } | Self::OtherVersions { name, .. } => {
                format!("`beansprout deploy LABEL --env {name}`, and let it end well")
            }
            Self::NoName { .. } => "AWS gives a name to each environment that serves a site".to_owned(),
            Self::Database { .. } => "decouple it first: AWS's guide has a section on that".to_owned(),
            Self::Fewer { green, wanted, .. } => {
                format!("set `MinSize` of `aws:autoscaling:asg` to {wanted} in `{green}` first; a swap scales nothing")
            }
            Self::Settings { .. } => "bring it to GREEN first".to_owned(),
            Self::Updates { .. } => "wait until they are over".to_owned(),
            Self::Migration { .. } => {
                "release in two steps: first code that needs it no more, then the migration".to_owned()
            }
            Self::Alias { .. } => {
                "let the alias name the environment: `beansprout add root-domain` writes such a file".to_owned()
            }
        };
        match self.despite() {
            Some(despite) => format!("{way}; or, knowingly, `--despite {}`", despite.word()),
            None => way,
        }
    }
}

/// All that speaks against a swap.
#[derive(Debug, thiserror::Error)]
#[error("nothing was swapped: {}", list(.0))]
pub struct Conditions(pub Vec<Condition>);

fn list(conditions: &[Condition]) -> String {
    match conditions {
        [only] => only.to_string(),
        several => several.iter().map(|condition| format!("\n  {condition}")).collect(),
    }
}

impl Fault for Conditions {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        Some(hint_of_all(self.0.iter().map(Condition::hint)))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no environment `{name}` in {region}")]
    NoEnvironment { name: String, region: String },
    #[error("`{name}` belongs to an application that this program cannot name")]
    NoApplication { name: String },
    #[error("nothing was swapped: {}", failures(.0))]
    Smoke(Vec<Probed>),
    #[error("`{name}` is busy, so AWS refuses to swap it")]
    NotReady { name: String },
    #[error("nothing was swapped: `{at}`, which tells which way the names went last, cannot be read")]
    Record { at: String },
    #[error("`{name}` is neither at `{green}` nor where it was: somebody else swapped too")]
    Elsewhere { name: String, green: String },
    #[error("`{name}` went to `{green}` and back again: {why}")]
    SwappedBack { name: String, green: String, why: String },
    #[error("`{name}` is at `{green}`, where it should not stay: {why}")]
    NotBack { name: String, green: String, blue: String, why: String, source: Box<Error> },
    #[error("AWS took the request, and `{name}` has not moved yet")]
    NotMoved { name: String, blue: String, green: String },
    #[error("lost sight of `{name}` on its way to `{green}`")]
    Lost { name: String, blue: String, green: String, source: ApiError },
    #[error(transparent)]
    Claim(#[from] DeployError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

fn failures(probed: &[Probed]) -> String {
    probed.iter().filter_map(Probed::failure).collect::<Vec<_>>().join("; ")
}

/// Why a test failed, in one sentence.
pub(super) fn failed(probed: &[Probed]) -> Option<String> {
    Some(failures(probed)).filter(|why| !why.is_empty())
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoEnvironment { .. } | Self::NoApplication { .. } | Self::Record { .. } => Exit::Invalid,
            Self::Smoke(_) => Exit::Findings,
            Self::NotReady { .. } => Exit::Aws,
            Self::Elsewhere { .. } => Exit::Conflict,
            Self::SwappedBack { .. } | Self::NotBack { .. } => Exit::DeployFailed,
            Self::NotMoved { .. } | Self::Lost { .. } => Exit::StillGoing,
            Self::Claim(error) => error.exit(),
            Self::Api(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::NotReady { .. } => Some(Repeat::Later),
            Self::NotMoved { .. } | Self::Lost { .. } => Some(Repeat::Now),
            Self::Claim(error) => error.repeat(),
            Self::Api(error) => error.repeat(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoEnvironment { name, .. } => {
                format!("look at `--region`; `beansprout launch {name}` shows what creating it would be")
            }
            Self::NoApplication { .. } => return None,
            Self::Smoke(probed) if probed.iter().any(|probed| probed.status == Some(400)) => {
                "Django answers 400 to a name that is not in `ALLOWED_HOSTS`; `--host` names the one that visitors use"
                    .to_owned()
            }
            Self::Smoke(probed) if probed.iter().any(|probed| matches!(probed.status, Some(301 | 308))) => {
                "if it sends people to HTTPS, `--host` names the site and tests it there".to_owned()
            }
            Self::Smoke(_) => "look at its logs with `beansprout logs`; `--smoke` names other paths".to_owned(),
            Self::NotReady { name } => format!("`beansprout wait --env {name}` watches it; nothing was changed"),
            Self::Record { at } => format!(
                "`beansprout status` shows who has which name; if that is as it should be before the swap, remove the record: `aws s3 rm {at}`"
            ),
            Self::Elsewhere { .. } => "`beansprout status` shows who has which name; nothing more was done".to_owned(),
            Self::SwappedBack { green, .. } => {
                format!("visitors are where they were; `beansprout logs --env {green}` tells more")
            }
            Self::NotBack { blue, green, .. } => format!("`beansprout swap {green} {blue} --apply` brings it back"),
            Self::NotMoved { blue, green, .. } | Self::Lost { blue, green, .. } => format!(
                "`beansprout swap {blue} {green} --apply` looks where it is, and goes on from there; `beansprout swap {green} {blue} --apply` is the way back"
            ),
            Self::Claim(error) => return error.hint(),
            Self::Api(error) => return error.hint(),
        })
    }
}
