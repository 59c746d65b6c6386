//! Something that happens to an environment and takes time: what it is, how it will end, and what to go back to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::status::{Health, Status};
use crate::beanstalk::durations;
use crate::sandbox::event::Severity;
use crate::sandbox::faults::Injection;

/// Something that takes time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Operation {
    pub(in crate::sandbox) kind: Kind,
    /// The call that began it.
    pub(in crate::sandbox) request: String,
    /// When it ends; never by itself if there is no time.
    pub(in crate::sandbox) due: Option<Timestamp>,
    pub(in crate::sandbox) outcome: Outcome,
    /// Where to go back to.
    pub(in crate::sandbox) before: Before,
    /// The event of its good end, where that is not always the same.
    pub(in crate::sandbox) done: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Kind {
    Launch,
    Deploy,
    Configure,
    Rebuild,
    Restart,
    Swap,
    Tag,
    Abort,
    Terminate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Outcome {
    Succeeds,
    Fails,
    RollsBack,
    TurnsRed,
    Hangs,
    /// The service refuses the version's files before any instance is touched.
    Refused,
}

impl Outcome {
    pub(in crate::sandbox) fn ordered(fault: Option<Injection>) -> Self {
        match fault {
            Some(Injection::DeploymentFails) => Self::Fails,
            Some(Injection::DeploymentRollsBack) => Self::RollsBack,
            Some(Injection::DeploymentTurnsRed) => Self::TurnsRed,
            Some(Injection::DeploymentHangs) => Self::Hangs,
            _ => Self::Succeeds,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Before {
    pub(super) version: Option<String>,
    pub(super) platform: String,
    pub(super) template: Option<String>,
    pub(in crate::sandbox) settings: Settings,
    #[serde(default)]
    pub(super) files: Settings,
    pub(super) health: Health,
}

impl Kind {
    /// Seconds that AWS takes: medians of public event streams for a deployment, a termination and a swap; a launch
    /// depends on the environment; the others are guesses.
    pub(in crate::sandbox) fn seconds(self, environment: i64) -> i64 {
        match self {
            Self::Launch | Self::Rebuild => environment,
            Self::Terminate => durations::TERMINATE.seconds,
            Self::Deploy => durations::DEPLOY.seconds,
            Self::Configure => 60,
            Self::Restart => 15,
            Self::Swap => durations::SWAP.seconds,
            Self::Tag | Self::Abort => 20,
        }
    }

    /// Does something happen on the instance?
    pub(super) fn needs_instance(self) -> bool {
        matches!(self, Self::Launch | Self::Rebuild | Self::Deploy | Self::Configure | Self::Restart)
    }

    pub(super) fn status(self) -> Status {
        match self {
            Self::Launch | Self::Rebuild => Status::Launching,
            Self::Abort => Status::Aborting,
            Self::Terminate => Status::Terminating,
            _ => Status::Updating,
        }
    }

    pub(super) fn starting(self) -> &'static str {
        match self {
            Self::Launch => "createEnvironment is starting.",
            Self::Deploy | Self::Configure => "Environment update is starting.",
            Self::Rebuild => "rebuildEnvironment is starting.",
            Self::Restart => "restartAppServer is starting.",
            Self::Swap => "swapEnvironmentCNAMEs is starting.",
            Self::Tag => "Environment tag update is starting.",
            Self::Abort => "abortEnvironmentUpdate is starting.",
            Self::Terminate => "terminateEnvironment is starting.",
        }
    }

    /// Events of a good end.
    pub(super) fn done(self, name: &str, cname: Option<&str>) -> Vec<(Severity, String)> {
        let reverted = "The environment was reverted to the previous configuration setting.";
        let updated = "Environment update completed successfully.";
        let texts = match self {
            Self::Launch | Self::Rebuild => {
                let available = cname.iter().map(|cname| format!("Application available at {cname}."));
                let launched = format!("Successfully launched environment: {name}");
                available.chain([launched]).collect()
            }
            Self::Deploy => {
                vec!["New application version was deployed to running EC2 instances.".to_owned(), updated.to_owned()]
            }
            Self::Configure => {
                vec!["Successfully deployed new configuration to environment.".to_owned(), updated.to_owned()]
            }
            Self::Abort => vec![reverted.to_owned()],
            Self::Terminate => vec!["terminateEnvironment completed successfully.".to_owned()],
            Self::Restart | Self::Swap | Self::Tag => vec!["restartAppServer completed successfully.".to_owned()],
        };
        texts.into_iter().map(|text| (Severity::Info, text)).collect()
    }

    /// Events of a bad end on `instance`.
    pub(super) fn failed(self, outcome: Outcome, instance: &str) -> Vec<(Severity, String)> {
        let mut messages = Vec::new();
        let mut error = |text: String| messages.push((Severity::Error, text));
        if outcome != Outcome::Refused {
            error(format!("[Instance: {instance}] Command failed on instance. An unexpected error has occurred."));
            let reason = "Unsuccessful command execution on instance id(s)";
            error(format!("{reason} '{instance}'. Aborting the operation."));
        }
        let failed = match self {
            Self::Launch | Self::Rebuild => "Failed to launch environment.",
            Self::Configure => "Failed to deploy configuration.",
            _ => "Failed to deploy application.",
        };
        error(failed.to_owned());
        if outcome == Outcome::RollsBack {
            let reverted = "The environment was reverted to the previous configuration setting.";
            messages.push((Severity::Info, reverted.to_owned()));
        }
        messages
    }
}

/// The event of a version that runs and answers badly.
pub(super) fn turned_red() -> (Severity, String) {
    let reason = "100.0 % of the requests are failing with HTTP 5xx.";
    (Severity::Warn, format!("Environment health has transitioned from Info to Severe. {reason}"))
}
