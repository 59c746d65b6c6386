//! Fills a new sandbox: a list of calls, made as a client would make them, before the first client comes.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::beanstalk::{self, Call, Request};
use super::iam;
use super::model::model;
use super::s3::buckets::{Bucket, Buckets};
use super::store::Store;
use super::{Error, REGION, Speed};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// An operation of Elastic Beanstalk; or `PutObject` with `Bucket`, `Key` and `File`; or `HoldCNAME` with `CNAMEPrefix`;
    /// or `CreateInstanceProfile` and `CreateRole` with their names.
    operation: String,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default = "region")]
    region: String,
}

fn region() -> String {
    REGION.to_owned()
}

/// Make the calls of the file, unless the state already has something: a restart must not fill it twice.
pub(super) fn fill(path: &Path, store: &Store, buckets: &Buckets, now: Timestamp) -> Result<(), Error> {
    let text = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let steps: Vec<Step> =
        serde_json::from_slice(&text).map_err(|source| Error::Seed { path: path.to_owned(), source })?;
    if store.look(|state| !state.regions.is_empty())? {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    for (at, step) in steps.iter().enumerate() {
        let refused = |message: String| {
            let operation = step.operation.clone();
            Error::SeedRefused { path: path.to_owned(), number: at + 1, operation, message }
        };
        match step.operation.as_str() {
            "PutObject" => put(step, dir, buckets, now, refused)?,
            "HoldCNAME" => hold(step, store, refused)?,
            operation => match iam::SEEDED.into_iter().find(|(known, _)| *known == operation) {
                Some((_, parameter)) => name(step, parameter, store, refused)?,
                None => call(step, store, buckets, now, refused)?,
            },
        }
    }
    Ok(())
}

fn put(
    step: &Step,
    dir: &Path,
    buckets: &Buckets,
    now: Timestamp,
    refused: impl Fn(String) -> Error,
) -> Result<(), Error> {
    let text = |name: &str| step.parameters.get(name).and_then(Value::as_str);
    let (Some(bucket), Some(key), Some(file)) = (text("Bucket"), text("Key"), text("File")) else {
        return Err(refused("it needs `Bucket`, `Key` and `File`".to_owned()));
    };
    let path: PathBuf = dir.join(file);
    let content = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
    buckets.create(&Bucket { name: bucket.to_owned(), region: step.region.clone(), created: now })?;
    buckets.put(bucket, key, &content, now)
}

/// Let a customer of another account hold a name.
fn hold(step: &Step, store: &Store, refused: impl Fn(String) -> Error) -> Result<(), Error> {
    let Some(prefix) = step.parameters.get("CNAMEPrefix").and_then(Value::as_str) else {
        return Err(refused("it needs `CNAMEPrefix`".to_owned()));
    };
    let cname = format!("{}.{}.elasticbeanstalk.com", prefix.to_lowercase(), step.region);
    store.update(|state| state.regions.entry(step.region.clone()).or_default().strangers.insert(cname))?;
    Ok(())
}

/// Say that the account has an instance profile, or a role, of this name.
fn name(step: &Step, parameter: &str, store: &Store, refused: impl Fn(String) -> Error) -> Result<(), Error> {
    let Some(name) = step.parameters.get(parameter).and_then(Value::as_str) else {
        return Err(refused(format!("it needs `{parameter}`")));
    };
    store.update(|state| state.iam.add(&step.operation, name))
}

fn call(
    step: &Step,
    store: &Store,
    buckets: &Buckets,
    now: Timestamp,
    refused: impl Fn(String) -> Error,
) -> Result<(), Error> {
    let mut fields = vec![field("Action", &step.operation), field("Version", &model().version)];
    for (name, value) in &step.parameters {
        flatten(name, value, &mut fields);
    }
    let asked = Request::read(&fields).map_err(|refusal| refused(refusal.message))?;
    let call = Call {
        input: asked.input.clone(),
        region: &step.region,
        now,
        request: "seed",
        speed: Speed::Instant,
        buckets,
        fault: None,
        run: false,
        instances: Path::new(""),
        endpoint: "",
    };
    let answer = store.update(|state| beanstalk::answer(&call, &asked, state))?;
    answer.map(drop).map_err(|refusal| refused(refusal.message))
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A JSON value as the fields of a form.
fn flatten(name: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| flatten(&format!("{name}.{key}"), value, fields))
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(&format!("{name}.member.{}", at + 1), item, fields);
            }
        }
        Value::String(text) => fields.push(field(name, text)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => fields.push(field(name, &value.to_string())),
    }
}
