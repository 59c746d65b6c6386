//! Status and health of an environment.

use serde::{Deserialize, Serialize};

/// Status of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Status {
    Launching,
    Updating,
    Aborting,
    Ready,
    Terminating,
    Terminated,
}

/// Health of an environment, as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Health {
    Green,
    Yellow,
    Red,
    Grey,
}

impl Health {
    /// The word of enhanced health reporting.
    pub(in crate::sandbox) fn status(self) -> &'static str {
        match self {
            Self::Green => "Ok",
            Self::Yellow => "Warning",
            Self::Red => "Severe",
            Self::Grey => "Pending",
        }
    }
}
