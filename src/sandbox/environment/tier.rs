//! Tier of an environment: does it answer the world, or a queue?

use serde::{Deserialize, Serialize};

/// Which of the two common kinds it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Tier {
    WebServer,
    Worker,
}

impl Tier {
    /// The tier as answers show it.
    pub(in crate::sandbox) fn described(self) -> serde_json::Value {
        match self {
            Self::WebServer => serde_json::json!({"Name": "WebServer", "Type": "Standard", "Version": "1.0"}),
            Self::Worker => serde_json::json!({"Name": "Worker", "Type": "SQS/HTTP", "Version": "3.0"}),
        }
    }
}
