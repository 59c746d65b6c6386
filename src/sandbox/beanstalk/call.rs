//! Calls of the Elastic Beanstalk API: the checked parameters, and all that an operation may know besides the state.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::environment::{Before, Environment, Kind, Operation, Outcome, Setting};
use crate::sandbox::event::{Event, Severity, Subject, Tags};
use crate::sandbox::faults::Injection;
use crate::sandbox::input::Input;
use crate::sandbox::reply::Refusal;
use crate::sandbox::s3::buckets::Buckets;
use crate::sandbox::{ACCOUNT, Error, Speed};

/// So many tags a resource may have.
const TAGS: usize = 50;

/// One call, and all that an operation may know besides the state.
pub(in crate::sandbox) struct Call<'a> {
    pub(in crate::sandbox) input: Input,
    pub(in crate::sandbox) region: &'a str,
    pub(in crate::sandbox) now: Timestamp,
    pub(in crate::sandbox) request: &'a str,
    pub(in crate::sandbox) speed: Speed,
    pub(in crate::sandbox) buckets: &'a Buckets,
    /// Fault that a test ordered for later.
    pub(in crate::sandbox) fault: Option<Injection>,
    /// Do new environments get an instance on this machine?
    pub(in crate::sandbox) run: bool,
    /// The folder with the instances of environments that run.
    pub(in crate::sandbox) instances: &'a Path,
    /// Where this server is.
    pub(in crate::sandbox) endpoint: &'a str,
}

impl Call<'_> {
    pub(super) fn event(&self, severity: Severity, subject: Subject, message: impl Into<String>) -> Event {
        Event { time: self.now, severity, message: message.into(), request: self.request.to_owned(), subject }
    }

    pub(super) fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:elasticbeanstalk:{}:{ACCOUNT}:{kind}/{name}", self.region)
    }

    /// `seconds` as they pass at this sandbox's speed.
    pub(super) fn after(&self, seconds: i64) -> Timestamp {
        match self.speed {
            Speed::Real => self.now + jiff::SignedDuration::from_secs(seconds),
            Speed::Instant | Speed::Stepped => self.now,
        }
    }

    /// An operation that begins with this call; `before` is what to go back to.
    pub(super) fn begin(&self, kind: Kind, environment: &Environment, before: Before) -> Operation {
        Operation {
            kind,
            request: self.request.to_owned(),
            due: (self.speed != Speed::Stepped).then(|| self.after(kind.seconds(environment.launch_seconds()))),
            outcome: Outcome::ordered(self.fault),
            before,
            done: None,
        }
    }

    /// The settings in a list such as `OptionSettings` or `OptionsToRemove`.
    pub(super) fn settings(&self, parameter: &str) -> Vec<Setting> {
        self.input.list(parameter).unwrap_or_default().iter().map(setting).collect()
    }

    /// The tags in a list such as `Tags` or `TagsToAdd`.
    pub(super) fn tags(&self, parameter: &str) -> Result<Tags, Refusal> {
        let pairs = self.input.list(parameter).unwrap_or_default().iter();
        let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let tags: Tags = pairs.map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect();
        fits(&tags)?;
        let reserved =
            |key: &&String| key.is_empty() || key.starts_with("aws:") || key.starts_with("elasticbeanstalk:");
        if let Some(key) = tags.keys().find(reserved) {
            return Err(Refusal::value(format!("Invalid tag key '{key}'.")));
        }
        Ok(tags)
    }
}

/// Refuse more tags than a resource may have.
pub(super) fn fits(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > TAGS {
        let message = format!("A resource may have at most {TAGS} tags.");
        return Err(Refusal::new(400, "TooManyTagsException", message));
    }
    Ok(())
}

fn setting(item: &Value) -> Setting {
    let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    Setting {
        namespace: text("Namespace").unwrap_or_default(),
        resource: text("ResourceName"),
        name: text("OptionName").unwrap_or_default(),
        value: text("Value").unwrap_or_default(),
    }
}

/// Our own failure, such as a full disk.
pub(super) fn broken(error: Error) -> Refusal {
    Refusal::internal(&error)
}

/// Times as AWS writes them.
pub(super) fn time(time: Timestamp) -> Value {
    json!(format!("{time:.3}"))
}
