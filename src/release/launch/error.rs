//! What speaks against a launch, and how one can end badly.

use std::fmt;

use super::profile::profile_lines;
use crate::fault::{Exit, Fault, Repeat, hint_of_all};
use crate::release::api_error::ApiError;
use crate::release::deploy::Error as DeployError;
use crate::release::lifecycle::Error as LifecycleError;
use crate::release::publish::Error as PublishError;

/// Something that speaks against a launch. All are looked for before any is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Described for another account.
    Account {
        name: String,
        described: String,
        caller: String,
    },
    Region {
        name: String,
        described: String,
        region: String,
    },
    /// An environment of another application has the name.
    NameTaken {
        name: String,
        application: String,
        id: String,
    },
    /// The environment that had the name is being terminated.
    Ending {
        name: String,
        id: String,
    },
    Quota {
        what: &'static str,
        there: usize,
        more: usize,
        limit: usize,
    },
    /// The application has environments that no file describes.
    Occupied {
        application: String,
        undescribed: Vec<String>,
    },
    NoPlatform {
        name: String,
    },
    Platform {
        name: String,
        branch: String,
        known: Vec<String>,
    },
    PlatformVersion {
        name: String,
        branch: String,
        version: String,
    },
    Cname {
        name: String,
        cname: String,
    },
    BundleGone {
        name: String,
        label: String,
        commit: Option<String>,
    },
    /// Elastic Beanstalk could not process it.
    Unusable {
        name: String,
        label: String,
    },
    /// IAM has no such instance profile.
    NoProfile {
        name: String,
        profile: String,
        worker: bool,
    },
    /// IAM has no such role.
    NoRole {
        name: String,
        role: String,
        /// What says that it acts.
        said: String,
    },
    /// A property without a value.
    Unanswered {
        name: String,
        properties: Vec<String>,
    },
}

impl Problem {
    pub fn exit(&self) -> Exit {
        match self {
            Self::NameTaken { .. } | Self::Cname { .. } => Exit::Conflict,
            Self::BundleGone { .. } | Self::Unusable { .. } | Self::NoPlatform { .. } => Exit::Invalid,
            Self::Unanswered { .. } => Exit::Usage,
            Self::Ending { .. } => Exit::Aws,
            Self::Account { .. }
            | Self::Region { .. }
            | Self::Quota { .. }
            | Self::Occupied { .. }
            | Self::NoProfile { .. }
            | Self::NoRole { .. }
            | Self::Platform { .. }
            | Self::PlatformVersion { .. } => Exit::Findings,
        }
    }

    pub fn hint(&self) -> String {
        match self {
            Self::Account { .. } => {
                "use that account's `--profile`; `--elsewhere` launches it here on purpose".to_owned()
            }
            Self::Region { .. } => "leave out `--region`; `--elsewhere` launches it here on purpose".to_owned(),
            Self::NameTaken { .. } => {
                "names of environments are unique in a region; give it another in the name of its file".to_owned()
            }
            Self::Ending { name, .. } => {
                format!("launch again in some minutes; `beansprout status {name}` tells when it is gone")
            }
            Self::Quota { what: "versions", .. } => "`beansprout prune` shows which versions nobody needs".to_owned(),
            Self::Quota { .. } => "AWS raises it on request: Service Quotas, AWS Elastic Beanstalk".to_owned(),
            Self::Occupied { .. } => {
                "`beansprout capture` describes them; `--into-existing` launches beside them".to_owned()
            }
            Self::NoPlatform { name } => {
                format!(
                    "write `platform` into `environments/{name}.toml`, such as `Python 3.13 running on 64bit Amazon Linux 2023`"
                )
            }
            Self::Platform { known, .. } if known.is_empty() => "look at `platform` in its file".to_owned(),
            Self::Platform { known, .. } => format!("there are `{}`", known.join("`, `")),
            Self::PlatformVersion { .. } => {
                "leave out `--same-platform-version`: the recommended one is launched".to_owned()
            }
            Self::Cname { .. } => {
                "without `--require-cname` it is launched under another name, which the plan tells".to_owned()
            }
            Self::BundleGone { commit: Some(commit), .. } => {
                format!("`git checkout {commit}`, then launch again: the same content has the same label")
            }
            Self::BundleGone { commit: None, .. } => {
                "name another with `--version`; `beansprout versions` lists them".to_owned()
            }
            Self::Unusable { .. } => "name another with `--version`; `beansprout check` finds most causes".to_owned(),
            Self::NoProfile { profile, worker, .. } => {
                let lines: String =
                    profile_lines(profile, *worker).iter().map(|line| format!("\n        {line}")).collect();
                format!("correct its name, or make it, once for an account:{lines}")
            }
            Self::NoRole { said, .. } => {
                format!("correct its name in {said}, or leave it out: Elastic Beanstalk has a role of its own")
            }
            Self::Unanswered { properties, .. } => {
                let flags: Vec<String> = properties.iter().map(|name| format!("--property {name}=VALUE")).collect();
                format!("give it with `{}`, or `--env-file FILE`", flags.join(" "))
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { name, described, caller } => {
                write!(f, "`{name}` belongs to account {described}, and these credentials are of {caller}")
            }
            Self::Region { name, described, region } => {
                write!(f, "`{name}` belongs to {described}, and this is {region}")
            }
            Self::Ending { name, id } => {
                write!(f, "`{name}` ({id}) is still being terminated, and has its name and its address until that ends")
            }
            Self::NameTaken { name, application, id } => {
                write!(f, "`{name}` is an environment of application `{application}` ({id})")
            }
            Self::Quota { what, there, more, limit } => {
                write!(f, "{there} of {limit} {what} are used in this region, and {more} would be added")
            }
            Self::Occupied { application, undescribed } => {
                write!(f, "`{application}` has environments that no file describes: `{}`", undescribed.join("`, `"))
            }
            Self::NoPlatform { name } => write!(f, "`{name}` names no platform"),
            Self::Platform { name, branch, .. } => {
                write!(f, "`{name}`: no version of `{branch}` is recommended; it is retired, or not its name")
            }
            Self::PlatformVersion { name, branch, version } => {
                write!(f, "`{name}`: there is no version {version} of `{branch}` any more")
            }
            Self::Cname { name, cname } => write!(f, "`{name}`: the name `{cname}` is taken"),
            Self::BundleGone { name, label, .. } => {
                write!(f, "`{name}`: version `{label}` is not registered, and its bundle is not in the bucket")
            }
            Self::Unusable { name, label } => {
                write!(f, "`{name}`: Elastic Beanstalk could not process version `{label}`")
            }
            Self::NoProfile { name, profile, .. } => {
                write!(f, "`{name}`: there is no instance profile `{profile}`, in whose name its instances act")
            }
            Self::NoRole { name, role, .. } => write!(f, "`{name}`: there is no role `{role}`"),
            Self::Unanswered { name, properties } => {
                write!(f, "`{name}`: nobody said what `{}` shall be", properties.join("`, `"))
            }
        }
    }
}

/// All that speaks against a launch.
#[derive(Debug, thiserror::Error)]
#[error("nothing was launched: {}", list(.0))]
pub struct Problems(pub Vec<Problem>);

fn list(problems: &[Problem]) -> String {
    match problems {
        [only] => only.to_string(),
        several => several.iter().map(|problem| format!("\n  {problem}")).collect(),
    }
}

impl Fault for Problems {
    fn exit(&self) -> Exit {
        const ORDER: [Exit; 5] = [Exit::Conflict, Exit::Invalid, Exit::Usage, Exit::Findings, Exit::Aws];
        let worst = ORDER.into_iter().find(|exit| self.0.iter().any(|problem| problem.exit() == *exit));
        worst.unwrap_or(Exit::Findings)
    }

    fn repeat(&self) -> Option<Repeat> {
        (self.exit() == Exit::Aws).then_some(Repeat::Later)
    }

    fn hint(&self) -> Option<String> {
        Some(hint_of_all(self.0.iter().map(Problem::hint)))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{environment}` cannot be made with these options: {message}")]
    Options { environment: String, message: String, place: Option<String> },
    #[error("the name `{cname}` was taken while `{environment}` was being launched")]
    CnameTaken { environment: String, cname: String },
    #[error("`{environment}` is there already, and is not what was asked for: it runs {}", .label.as_deref().map_or("no version".to_owned(), |label| format!("`{label}`")))]
    Other { environment: String, id: String, label: Option<String> },
    #[error("application `{application}` is not as it was asked for: its creation was refused")]
    Application { application: String, source: ApiError },
    #[error("version `{label}` of `{application}` has another bundle: {theirs}")]
    LabelTaken { application: String, label: String, theirs: String },
    #[error("Elastic Beanstalk could not process version `{label}`")]
    Unprocessed { label: String },
    #[error("Elastic Beanstalk is still processing version `{label}`")]
    StillProcessing { label: String },
    #[error("`{needed}` has no {what} that `{environment}` could be told")]
    Untold { environment: String, needed: String, what: &'static str },
    #[error("`{environment}` ({id}) is there, and is not good")]
    NotGood { environment: String, id: String, source: Box<DeployError>, behind: Vec<String> },
    #[error("`{environment}` ({id}) is there, runs no version, and {}", if *moves { "moves" } else { "is not good" })]
    NoVersion { environment: String, id: String, moves: bool },
    #[error("lost sight of `{environment}`, which was asked for")]
    Lost { environment: String, source: ApiError },
    #[error("no random value could be made")]
    Random { source: std::io::Error },
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Fault for Error {
    fn under_way(&self) -> bool {
        self.exit() == Exit::StillGoing && !matches!(self, Self::StillProcessing { .. })
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::StillProcessing { .. } | Self::Lost { .. } | Self::NoVersion { moves: true, .. } => Some(Repeat::Now),
            Self::NotGood { source, .. } => source.repeat(),
            Self::Application { source, .. } => source.repeat(),
            Self::Publish(error) => error.repeat(),
            Self::Lifecycle(error) => error.repeat(),
            Self::Api(error) => error.repeat(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Options { .. } | Self::Unprocessed { .. } => Exit::Invalid,
            Self::CnameTaken { .. } | Self::Other { .. } | Self::LabelTaken { .. } => Exit::Conflict,
            Self::StillProcessing { .. } | Self::Lost { .. } | Self::NoVersion { moves: true, .. } => Exit::StillGoing,
            Self::Untold { .. } | Self::NoVersion { moves: false, .. } => Exit::DeployFailed,
            Self::NotGood { source, .. } => source.exit(),
            Self::Random { .. } => Exit::Invalid,
            Self::Application { source, .. } => source.exit(),
            Self::Publish(error) => error.exit(),
            Self::Lifecycle(error) => error.exit(),
            Self::Api(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Options { place: Some(place), .. } => Some(format!("it is set in {place}")),
            Self::Options { message, .. } if message.contains("ubnet") => Some(
                "the region has no default VPC: `aws:ec2:vpc/VPCId` and `aws:ec2:vpc/Subnets` in `[options]` name one"
                    .to_owned(),
            ),
            Self::Options { .. } => Some("`beansprout explain OPTION` tells what it may be".to_owned()),
            Self::CnameTaken { .. } => {
                Some("leave out `--require-cname`, or give it another `cname` in its file".to_owned())
            }
            Self::Other { .. } => {
                Some("somebody else makes it right now; look at it with `beansprout status`".to_owned())
            }
            Self::Application { source, .. } => source.hint(),
            Self::LabelTaken { .. } => Some("name another with `--version`".to_owned()),
            Self::Unprocessed { .. } => Some("`beansprout check` finds most causes".to_owned()),
            Self::StillProcessing { .. } => Some("run the same command again to go on waiting".to_owned()),
            Self::Untold { needed, .. } => Some(format!("look at `{needed}` with `beansprout status {needed}`")),
            Self::NotGood { environment, behind, source, .. } => {
                let behind = match &behind[..] {
                    [] => String::new(),
                    names => format!("; not launched: `{}`", names.join("`, `")),
                };
                let how = match source.exit() {
                    Exit::StillGoing => "it goes on without this program; the same command again watches it",
                    _ => "it stays as it is, for you to look at",
                };
                Some(format!("{how}; `beansprout status {environment}` tells more, and how to end it{behind}"))
            }
            Self::NoVersion { environment, .. } => Some(format!(
                "a launch of it failed, or goes on; `beansprout status {environment}` tells more, and how to end it"
            )),
            Self::Lost { environment, source } => {
                let again = "it goes on at AWS; the same command again looks at what is there, and goes on with it";
                let when = if source.is_about_credentials() { ", once there are credentials again" } else { "" };
                Some(format!("{again}{when}; `beansprout status {environment}` tells how it is"))
            }
            Self::Random { .. } => None,
            Self::Publish(error) => error.hint(),
            Self::Lifecycle(error) => error.hint(),
            Self::Api(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_without_a_network_says_which_options_name_one() {
        // As AWS words it.
        let message = "Configuration validation exception: Specify the subnets for the VPC.".to_owned();
        let error = Error::Options { environment: "shop".to_owned(), message, place: None };
        assert_eq!(error.exit(), Exit::Invalid);
        let hint = error.hint().unwrap();
        assert!(hint.contains("`aws:ec2:vpc/VPCId` and `aws:ec2:vpc/Subnets`"), "{hint}");
    }
}
