//! What the sandbox remembers of Elastic Beanstalk, one world per region. Objects are beside it, see `s3`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::environment::{Environment, Settings};

/// The version of the state's form. A change that an older program would misread counts it up.
pub(super) const VERSION: u64 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) version: u64,
    pub(super) regions: BTreeMap<String, Region>,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, regions: BTreeMap::new() }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Region {
    pub(super) applications: BTreeMap<String, Application>,
    /// By id, also those that are gone.
    pub(super) environments: BTreeMap<String, Environment>,
    /// Oldest first.
    pub(super) events: Vec<Event>,
}

impl Region {
    /// An environment that is there, and where to say what happens to it.
    pub(super) fn environment(&mut self, id: &str) -> (&mut Environment, &mut Vec<Event>) {
        let environment = self.environments.get_mut(id).expect("the id comes from this region");
        (environment, &mut self.events)
    }
}

pub(super) type Tags = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Application {
    pub(super) description: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// `ResourceLifecycleConfig`, as it was given.
    pub(super) lifecycle: Option<Value>,
    pub(super) versions: BTreeMap<String, Version>,
    #[serde(default)]
    pub(super) templates: BTreeMap<String, Template>,
    pub(super) tags: Tags,
}

/// A saved configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) description: Option<String>,
    pub(super) platform: String,
    pub(super) settings: Settings,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) description: Option<String>,
    pub(super) source: Source,
    pub(super) process: bool,
    pub(super) status: Status,
    /// When `Processing` or `Building` ends.
    pub(super) due: Option<Timestamp>,
    /// It will not pass.
    #[serde(default)]
    pub(super) doomed: bool,
    /// What will be said of its files when its processing ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<(Severity, String)>,
    /// The call that made it.
    pub(super) request: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) tags: Tags,
}

/// Where a version's code comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Bundle {
        bucket: String,
        key: String,
    },
    /// The sample application of the platform.
    Sample,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Unprocessed,
    Processing,
    Processed,
    Failed,
}

impl Status {
    /// Upper case, although the model says otherwise: this is what AWS sends (aws/aws-sdk#237).
    pub(super) fn wire(self) -> &'static str {
        match self {
            Self::Unprocessed => "UNPROCESSED",
            Self::Processing => "PROCESSING",
            Self::Processed => "PROCESSED",
            Self::Failed => "FAILED",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Severity {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Severity {
    pub(super) const ALL: [(Self, &str); 6] = [
        (Self::Trace, "TRACE"),
        (Self::Debug, "DEBUG"),
        (Self::Info, "INFO"),
        (Self::Warn, "WARN"),
        (Self::Error, "ERROR"),
        (Self::Fatal, "FATAL"),
    ];

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(severity, _)| *severity)
    }

    pub(super) fn wire(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Something that happened, and to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) time: Timestamp,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) request: String,
    #[serde(flatten)]
    pub(super) subject: Subject,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment_id: Option<String>,
}
