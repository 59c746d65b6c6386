//! Logs of an environment: asked for with one call, fetched with another.

use serde_json::{Value, json};

use super::super::environment::Logs;
use super::super::event::Severity;
use super::super::instance;
use super::super::reply::Refusal;
use super::super::state::{Region, State};
use super::call::{Call, time};
use crate::bundle::EntryPath;

/// Number of lines of each log that `tail` has, and `bundle`, which on AWS has the whole logs.
const TAIL: usize = 100;
const WHOLE: usize = 1000;
/// Minutes for which they can be fetched.
const KEPT_MINUTES: i64 = 15;

pub(super) fn request(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = region.environment_of_mut(&call.input)?.id.clone();
    let kind = call.input.required("InfoType").to_owned();
    if kind == "analyze" {
        return Err(Refusal::value("The sandbox has no model that could analyze logs; ask for `tail` or `bundle`."));
    }
    let mut logs = match region.environments[&id].real {
        true => instance::tails(&call.instances.join(&id), if kind == "tail" { TAIL } else { WHOLE }),
        false => Vec::new(),
    };
    if logs.is_empty() {
        // There is no instance: what can be told is what happened to the environment.
        let events = region.events.iter().filter(|event| event.subject.environment_id.as_ref() == Some(&id));
        let lines = events.map(|event| format!("{} {} {}", event.time, event.severity.wire(), event.message));
        logs.push(("/var/log/eb-engine.log".to_owned(), lines.collect()));
    }
    let files = logs.into_iter().map(|(name, lines)| (name, format!("{}\n", lines.join("\n")))).collect();
    let (environment, events) = region.environment(&id);
    environment.ready()?;
    let token = (0..32).map(|_| fastrand::alphanumeric()).collect();
    environment.logs.retain(|logs| recent(logs, call.now));
    environment.logs.push(Logs { kind, time: call.now, token, files });
    let done = "Pulled logs for environment instances.";
    events.push(environment.event(call.now, call.request, Severity::Info, "requestEnvironmentInfo is starting."));
    events.push(environment.event(call.now, call.request, Severity::Info, done));
    Ok(Value::Null)
}

fn recent(logs: &Logs, now: jiff::Timestamp) -> bool {
    now.duration_since(logs.time) < jiff::SignedDuration::from_mins(KEPT_MINUTES)
}

pub(super) fn retrieve(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let kind = call.input.required("InfoType");
    let environment = region.environment_of_mut(&call.input)?;
    let last = environment.logs.iter().rev().find(|logs| logs.kind == kind && recent(logs, call.now));
    let last = last.map(|logs| {
        json!({
            "InfoType": logs.kind,
            "Ec2InstanceId": environment.instance,
            "SampleTimestamp": time(logs.time),
            "Message": format!("{}/-/logs/{}", call.endpoint, logs.token),
        })
    });
    Ok(json!({"EnvironmentInfo": last.into_iter().collect::<Vec<_>>()}))
}

/// The logs behind an address that `retrieve` gave.
pub(in crate::sandbox) fn fetch(state: &State, token: &str, now: jiff::Timestamp) -> Option<Fetched> {
    let environments = state.regions.values().flat_map(|region| region.environments.values());
    let mut logs = environments.flat_map(|environment| &environment.logs);
    logs.find(|logs| logs.token == token && recent(logs, now)).map(|logs| match logs.kind.as_str() {
        "bundle" => Fetched::Zip(zip(&logs.files)),
        _ => Fetched::Text(text(&logs.files)),
    })
}

/// Logs as they are fetched.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Fetched {
    Text(String),
    Zip(Vec<u8>),
}

fn text(files: &[(String, String)]) -> String {
    let rule = "-".repeat(40);
    let shown = files.iter().map(|(name, content)| format!("{rule}\n{name}\n{rule}\n{content}"));
    shown.collect::<Vec<_>>().join("\n")
}

fn zip(files: &[(String, String)]) -> Vec<u8> {
    let entries = files.iter().filter_map(|(name, content)| {
        let path = EntryPath::new(name.trim_start_matches('/')).ok()?;
        Some((path, content.as_bytes()))
    });
    crate::bundle::stored(entries)
}
