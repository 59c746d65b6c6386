//! Flaws of a zip file, and how bad they are.

use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The deployment fails, or something is not what it seems.
    Error,
    /// It works, but hardly as meant.
    Warning,
}

/// Kind of flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    Empty,
    WrapperFolder,
    NothingToRun,
    TooLarge,
    Zip64,
    BytesInFront,
    Overlap,
    HeadersDisagree,
    Duplicate,
    CaseClash,
    Backslash,
    Absolute,
    ParentFolder,
    FileAndFolder,
    BadName,
    MisleadingName,
    ForeignModes,
    MissingMode,
    SpecialMode,
    LinkOutside,
    LongLink,
    Unreadable,
    Method,
    Encrypted,
    Bomb,
    Inflated,
    AppleDouble,
    NeverShips,
    EnvironmentFile,
    Secret,
    Database,
    CrlfScript,
    NotExecutable,
}

impl Flaw {
    pub fn severity(self) -> Severity {
        match self {
            Self::Zip64
            | Self::NothingToRun
            | Self::CaseClash
            | Self::MisleadingName
            | Self::ForeignModes
            | Self::SpecialMode
            | Self::Inflated
            | Self::NeverShips
            | Self::EnvironmentFile
            | Self::Secret
            | Self::Database
            | Self::CrlfScript
            | Self::NotExecutable => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub flaw: Flaw,
    /// The entry, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "`{}` {}", entry.escape_debug(), self.message),
            None => f.write_str(&self.message),
        }
    }
}
