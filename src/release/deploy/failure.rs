//! Bad ends of a deployment, in words.

use std::time::Duration;

use serde::Serialize;

use crate::beanstalk::name::{Application, EnvironmentName};
use crate::bundle::{OpenError, TreeDigest};
use crate::fault::{Exit, Fault, Repeat};
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::bucket::Error as StoreError;
use crate::release::operation::{Operation, Verb};
use crate::release::version::{Location, Status};

/// Reason why an environment does not run the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Failed {
    /// Elastic Beanstalk reported errors, and the environment has the version or a part of it.
    Errors,
    /// It went back to what it ran before.
    RolledBack {
        to: Option<String>,
    },
    Aborted {
        to: Option<String>,
    },
    /// Ready with the version, and not healthy.
    Unhealthy,
    /// Some instances run something else.
    Mixed {
        labels: Vec<String>,
    },
    /// Somebody else deployed another version meanwhile.
    Replaced {
        by: Option<String>,
    },
    /// The environment was terminated.
    Gone,
    /// The request was accepted, and nothing happened.
    Ignored,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no version `{label}` of `{application}`")]
    NoVersion { application: Application, label: String, environment: EnvironmentName },
    #[error("version `{label}` cannot be deployed: it is {status}")]
    NotDeployable { label: String, status: Status },
    #[error("the bundle of version `{label}` is gone: `{at}` is not there")]
    BundleGone { label: String, at: Location },
    #[error("the bundle of version `{label}` cannot be read: `{at}`")]
    BundleBroken { label: String, at: Location, source: Box<OpenError> },
    #[error("the bundle of version `{label}` holds another tree than it is named after: `{at}` holds {holds}")]
    BundleOther { label: String, at: Location, holds: TreeDigest },
    #[error(transparent)]
    Bucket(Box<StoreError>),
    #[error("`{application}` has no environment `{environment}` in {region}")]
    NoEnvironment { application: Application, environment: EnvironmentName, region: String },
    #[error("environment `{environment}` is busy")]
    NotReady { environment: EnvironmentName },
    #[error("{}", sentence(.environment, .label, .failed, .errors))]
    Failed { verb: Verb, environment: EnvironmentName, label: String, failed: Failed, errors: Vec<String> },
    #[error("environment `{environment}` is still on its way to `{label}` after {} s", .after.as_secs())]
    StillGoing { environment: EnvironmentName, label: String, after: Duration },
    #[error("environment `{environment}` is being {} by {}", moving(.operation), .operation.caller.as_deref().unwrap_or("somebody else"))]
    Locked { environment: EnvironmentName, operation: Box<Operation> },
    #[error("environment `{environment}` has no version of this application")]
    NothingDeployed { environment: EnvironmentName },
    #[error("lost sight of environment `{environment}` on its way to `{label}`")]
    Lost { environment: EnvironmentName, label: String, source: ApiError },
    #[error("environment `{environment}` is still busy after {} s", .after.as_secs())]
    StillBusy { environment: EnvironmentName, after: Duration },
    #[error(transparent)]
    Refused(#[from] ApiError),
}

fn moving(operation: &Operation) -> String {
    match operation.verb {
        Verb::Deploy | Verb::Rollback => format!("moved to `{}`", operation.to),
        Verb::Swap => "swapped".to_owned(),
    }
}

fn sentence(environment: &str, label: &str, failed: &Failed, errors: &[String]) -> String {
    let version = |label: &Option<String>| match label {
        Some(label) => format!("`{label}`"),
        None => "what it ran before (no version of this application)".to_owned(),
    };
    let text = match failed {
        Failed::Errors => format!("the deployment of `{label}` to `{environment}` had errors"),
        Failed::RolledBack { to } => {
            format!("the deployment of `{label}` to `{environment}` was rolled back to {}", version(to))
        }
        Failed::Aborted { to } => {
            format!("the deployment of `{label}` to `{environment}` was aborted; it runs {}", version(to))
        }
        Failed::Unhealthy => format!("`{environment}` runs `{label}` and is not healthy"),
        Failed::Mixed { labels } => {
            format!("not every instance of `{environment}` runs `{label}`: there is also `{}`", labels.join("`, `"))
        }
        Failed::Replaced { by } => format!("`{environment}` was moved to {} meanwhile, not to `{label}`", version(by)),
        Failed::Gone => format!("`{environment}` was terminated"),
        Failed::Ignored => format!("`{environment}` did not begin to move to `{label}`"),
    };
    if errors.is_empty() { text } else { format!("{text}: {}", errors.join("; ")) }
}

impl Error {
    pub(super) fn no_environment(aws: &Aws, application: &Application, environment: &EnvironmentName) -> Self {
        let region = aws.region().to_owned();
        Self::NoEnvironment { application: application.clone(), environment: environment.clone(), region }
    }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoVersion { .. }
            | Self::NotDeployable { .. }
            | Self::NoEnvironment { .. }
            | Self::BundleGone { .. }
            | Self::BundleBroken { .. }
            | Self::NothingDeployed { .. } => Exit::Invalid,
            Self::BundleOther { .. } => Exit::Conflict,
            Self::Bucket(error) => error.exit(),
            Self::NotReady { .. } | Self::Locked { .. } => Exit::Aws,
            Self::Failed { .. } => Exit::DeployFailed,
            Self::StillGoing { .. } | Self::StillBusy { .. } | Self::Lost { .. } => Exit::StillGoing,
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::NotReady { .. } | Self::Locked { .. } | Self::StillBusy { .. } => Some(Repeat::Later),
            Self::StillGoing { .. } | Self::Lost { .. } => Some(Repeat::Now),
            Self::Refused(error) => error.repeat(),
            Self::Bucket(error) => error.repeat(),
            Self::BundleGone { .. } | Self::BundleBroken { .. } | Self::BundleOther { .. } => None,
            Self::NoVersion { .. }
            | Self::NotDeployable { .. }
            | Self::NoEnvironment { .. }
            | Self::NothingDeployed { .. }
            | Self::Failed { .. } => None,
        }
    }

    fn under_way(&self) -> bool {
        matches!(self, Self::StillGoing { .. } | Self::Lost { .. })
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoVersion { label, environment, .. } if environment == label.as_str() => Some(format!(
                "that is the environment: `--env {label}` names it, and `beansprout versions` lists what can go there"
            )),
            Self::NoVersion { .. } => Some("`beansprout versions` lists them".to_owned()),
            Self::NotDeployable { .. } => Some("publish a version that Elastic Beanstalk can process".to_owned()),
            Self::BundleGone { .. } | Self::BundleBroken { .. } | Self::BundleOther { .. } => Some(
                "nothing was changed; check out its commit and publish it again, or name another version".to_owned(),
            ),
            Self::Bucket(error) => error.hint(),
            Self::NoEnvironment { environment, .. } => Some(format!(
                "look at `--region` and `--application`; `beansprout launch {environment}` shows what creating it would be"
            )),
            Self::NotReady { environment } => Some(format!(
                "nothing was changed; `--when-ready` waits for it, `beansprout wait --env {environment}` watches it"
            )),
            Self::Failed { verb, environment, failed, .. } => match failed {
                Failed::RolledBack { .. } | Failed::Aborted { .. } => Some(format!(
                    "it runs what it ran before; `beansprout logs --env {environment}` has the instances' side"
                )),
                // The same again would go to the same version.
                _ if *verb == Verb::Rollback => Some(format!(
                    "`beansprout rollback LABEL --env {environment}` takes another version, `beansprout versions` lists them; `beansprout logs --env {environment}` has the instances' side"
                )),
                _ => Some(format!(
                    "`beansprout rollback --env {environment}` goes back to the version before; `beansprout logs --env {environment}` has the instances' side"
                )),
            },
            Self::StillGoing { environment, label, .. } => Some(format!(
                "it goes on without this program; `beansprout wait --env {environment} --label {label}` watches it again"
            )),
            Self::Locked { operation, .. } => Some(format!(
                "it was last heard of at {}; `--when-ready` waits for its end, and `--take-over` takes the environment from it",
                operation.beat
            )),
            Self::NothingDeployed { environment } => {
                Some(format!("`beansprout deploy LABEL --env {environment}` deploys one"))
            }
            Self::Lost { environment, label, source } => {
                let watch = format!(
                    "`{label}` was asked for and goes on at AWS; `beansprout wait --env {environment} --label {label}` watches it"
                );
                Some(if source.is_about_credentials() {
                    format!("{watch}, once there are credentials again")
                } else {
                    watch
                })
            }
            Self::StillBusy { .. } => Some("nothing was changed; run the same command again".to_owned()),
            Self::Refused(error) => error.hint(),
        }
    }
}
