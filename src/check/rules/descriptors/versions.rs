//! Versions of `Dockerrun.aws.json`: what stands in a file of one that only another reads.
//!
//! Source: Developer Guide, "Docker configuration" and "Using the ECS managed Docker platform".

use serde_json::Value;

use crate::check::subject::{DOCKERRUN, Subject};
use crate::level::Level;

/// What only version 1 has, as it is written there.
const OF_FIRST: [&str; 7] = ["Image", "Ports", "Volumes", "Logging", "Entrypoint", "Command", "Authentication"];

/// What only version 2 has.
const OF_SECOND: [&str; 2] = ["containerDefinitions", "family"];

/// Keys at the top that nobody reads, in a file that has what its own version asks for.
pub(super) fn check(subject: &mut Subject<'_>, document: &Value, text: &str, version: u64) {
    let foreign: Vec<&str> = match version {
        1 => OF_SECOND.to_vec(),
        // The credentials are written alike but for the capital.
        2 => OF_FIRST.into_iter().filter(|key| !matches!(*key, "Volumes" | "Authentication")).collect(),
        _ => OF_FIRST.into_iter().filter(|key| *key != "Authentication").chain(OF_SECOND).collect(),
    };
    let found: Vec<&str> = foreign.into_iter().filter(|key| is_there(&document[*key])).collect();
    let Some(first) = found.iter().filter_map(|key| Some((at(text, key)?, *key))).min() else { return };
    let (start, key) = first;
    let what = match found.as_slice() {
        [one] => format!("`{one}`"),
        several => several.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
    };
    let other = if OF_SECOND.contains(&key) { 2 } else { 1 };
    let message = match version {
        3 => format!("nobody reads {what}: of version 3 only `Authentication` is, beside `docker-compose.yml`"),
        _ => format!("nobody reads {what}: that is of version {other}, and this file is of version {version}"),
    };
    let fix = match version {
        1 => {
            "take it out: version 1 knows `Image`, `Ports`, `Volumes`, `Logging`, `Entrypoint` and `Command`; limits of memory and several containers are for `docker-compose.yml`"
        }
        2 => "say it in `containerDefinitions`: `image`, `portMappings`, `entryPoint`, `command`, `logConfiguration`",
        _ => "say it in `docker-compose.yml`, and leave the credentials alone here",
    };
    subject.find("EB121", DOCKERRUN, start..start + key.len(), message, fix).level = Level::Warning;
}

/// Does it say anything?
fn is_there(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(keys) => !keys.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Where a key is.
fn at(text: &str, key: &str) -> Option<usize> {
    let quoted = format!("\"{key}\"");
    let mut places = text.match_indices(&quoted).map(|(at, _)| at);
    places.find(|at| text[at + quoted.len()..].trim_start().starts_with(':')).map(|at| at + 1)
}
