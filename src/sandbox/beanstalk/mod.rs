//! The Elastic Beanstalk API 2010-12-01: one function per operation, each from checked parameters and a region's state to
//! a result or a refusal.

mod account;
mod applications;
mod events;
mod page;
mod versions;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::faults::Fault;
use super::input::{self, Input};
use super::model::model;
use super::reply::Refusal;
use super::s3::buckets::Buckets;
use super::state::{Event, Region, Severity, State, Subject};
use super::{ACCOUNT, Error, Speed};

pub(super) const NAMESPACE: &str = "http://elasticbeanstalk.amazonaws.com/docs/2010-12-01/";

/// One call, and all that an operation may know besides the state.
pub(super) struct Call<'a> {
    pub(super) input: Input,
    pub(super) region: &'a str,
    pub(super) now: Timestamp,
    pub(super) request: &'a str,
    pub(super) speed: Speed,
    pub(super) buckets: &'a Buckets,
    /// What goes wrong later, as a test ordered.
    pub(super) fault: Option<Fault>,
}

type Operation = fn(&Call<'_>, &mut Region) -> Result<Value, Refusal>;

fn operation(name: &str) -> Option<Operation> {
    let operation: Operation = match name {
        "CreateApplication" => applications::create,
        "CreateApplicationVersion" => versions::create,
        "CreateStorageLocation" => account::create_storage_location,
        "DescribeAccountAttributes" => account::attributes,
        "DescribeApplicationVersions" => versions::describe,
        "DescribeApplications" => applications::describe,
        "DescribeEvents" => events::describe,
        "UpdateApplication" => applications::update,
        "UpdateApplicationVersion" => versions::update,
        _ => return None,
    };
    Some(operation)
}

/// What a Query request asks for, before its parameters are looked at.
pub(super) struct Question {
    pub(super) operation: String,
    /// The element around the result.
    pub(super) result: Option<String>,
    pub(super) input: Input,
    run: Operation,
}

impl Question {
    pub(super) fn read(fields: &[(String, String)]) -> Result<Self, Refusal> {
        let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        let Some(name) = field("Action") else {
            return Err(Refusal::new(400, "MissingAction", "The request is missing an action."));
        };
        let version = field("Version").unwrap_or_default();
        let known = model().operation(name).filter(|_| version == model().version);
        let (Some(known), Some(run)) = (known, operation(name)) else {
            let message = format!("Could not find operation {name} for version {version}");
            return Err(Refusal::new(400, "InvalidAction", message));
        };
        let input = model().check(known, input::tree(fields)?)?;
        Ok(Self { operation: name.to_owned(), result: known.result.clone(), input, run })
    }
}

/// Answer a call. What is due by now happens first.
pub(super) fn answer(call: &Call<'_>, run: &Question, state: &mut State) -> Result<Value, Refusal> {
    let region = state.regions.entry(call.region.to_owned()).or_default();
    settle(region, call.now);
    // A refused call changes nothing.
    let mut changed = region.clone();
    let result = (run.run)(call, &mut changed)?;
    *region = changed;
    Ok(result)
}

/// Let everything happen that was due by `now`.
pub(super) fn settle(region: &mut Region, now: Timestamp) {
    versions::settle(region, now);
    events::forget(region, now);
}

impl Call<'_> {
    fn event(&self, severity: Severity, subject: Subject, message: impl Into<String>) -> Event {
        Event { time: self.now, severity, message: message.into(), request: self.request.to_owned(), subject }
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:elasticbeanstalk:{}:{ACCOUNT}:{kind}/{name}", self.region)
    }

    /// `seconds` as they pass at this sandbox's speed.
    fn after(&self, seconds: i64) -> Timestamp {
        match self.speed {
            Speed::Real => self.now + jiff::SignedDuration::from_secs(seconds),
            Speed::Instant => self.now,
        }
    }

    /// The tags of a request.
    fn tags(&self, name: &str) -> Result<super::state::Tags, Refusal> {
        let pairs = self.input.list(name).unwrap_or_default().iter();
        let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let tags: super::state::Tags = pairs.map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect();
        if tags.len() > 50 {
            return Err(Refusal::new(400, "TooManyTagsException", "A resource may have at most 50 tags."));
        }
        let reserved = |key: &String| key.starts_with("aws:") || key.starts_with("elasticbeanstalk:") || key.is_empty();
        if let Some(key) = tags.keys().find(|key| reserved(key)) {
            return Err(Refusal::value(format!("Invalid tag key '{key}'.")));
        }
        Ok(tags)
    }
}

/// Our own failure, such as a full disk.
fn broken(error: Error) -> Refusal {
    Refusal::internal(&error)
}

/// Times as AWS writes them.
fn time(time: Timestamp) -> Value {
    json!(format!("{time:.3}"))
}
