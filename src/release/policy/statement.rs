//! Statements of a policy.

use serde_json::{Value, json};

pub(super) fn allow(sid: &str, actions: &[&str], resources: &[String]) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

pub(super) fn deny(sid: &str, actions: &[&str], resource: &str) -> Value {
    json!({ "Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resource })
}

pub(super) fn with(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

pub(super) fn any() -> Vec<String> {
    vec!["*".to_owned()]
}
