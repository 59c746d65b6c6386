//! Events: what happened, how bad it was, and what it was about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Tags of a resource.
pub(super) type Tags = BTreeMap<String, String>;

/// Severity of an event, the least first.
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

/// An event: something that happened, and to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) time: Timestamp,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) request: String,
    #[serde(flatten)]
    pub(super) subject: Subject,
}

/// Application, version, environment and template of an event.
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

impl Subject {
    pub(super) fn application(name: &str) -> Self {
        Self { application: Some(name.to_owned()), ..Self::default() }
    }

    pub(super) fn version(application: &str, label: &str) -> Self {
        Self { version: Some(label.to_owned()), ..Self::application(application) }
    }
}
