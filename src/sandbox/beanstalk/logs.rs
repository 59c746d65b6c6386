//! Logs of an environment: asked for with one call, fetched with another.

use serde_json::{Value, json};

use super::super::environment::Logs;
use super::super::reply::Refusal;
use super::super::state::{Region, Severity, State};
use super::{Call, environments, time};

/// How long they can be fetched.
const KEPT_MINUTES: i64 = 15;

pub(super) fn request(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = environments::find_mut(call, region)?.id.clone();
    let kind = call.input.required("InfoType").to_owned();
    if kind == "analyze" {
        return Err(Refusal::value("The sandbox has no model that could analyze logs; ask for `tail` or `bundle`."));
    }
    // There is no instance: what it can tell is what happened to the environment.
    let lines = region.events.iter().filter(|event| event.subject.environment_id.as_ref() == Some(&id));
    let lines = lines.map(|event| format!("{} {} {}\n", event.time, event.severity.wire(), event.message));
    let text: String = lines.collect();
    let (environment, events) = region.environment(&id);
    environments::ready(environment)?;
    let title =
        "----------------------------------------\n/var/log/eb-engine.log\n----------------------------------------\n";
    let token = (0..32).map(|_| fastrand::alphanumeric()).collect();
    environment.logs.retain(|logs| recent(logs, call.now));
    environment.logs.push(Logs { kind, time: call.now, token, text: format!("{title}{text}") });
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
    let environment = environments::find_mut(call, region)?;
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
pub(in crate::sandbox) fn fetch(state: &State, token: &str, now: jiff::Timestamp) -> Option<String> {
    let environments = state.regions.values().flat_map(|region| region.environments.values());
    let mut logs = environments.flat_map(|environment| &environment.logs);
    logs.find(|logs| logs.token == token && recent(logs, now)).map(|logs| logs.text.clone())
}
