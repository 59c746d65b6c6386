//! The rank of a finding: one for `check`, `verify` and the notes of a plan.

use serde::Serialize;

/// How bad it is. In order: the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It will not work.
    Error,
    /// It works, but not as meant, or not for long.
    Warning,
    /// Perhaps: it depends on what only a running environment knows.
    Note,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// Does it change the exit code? A note is for reading.
    pub fn fails(self) -> bool {
        self != Self::Note
    }
}
