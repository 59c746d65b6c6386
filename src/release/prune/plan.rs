//! A plan of pruning: what is deleted, what is kept, and why. It is shown, written to a file, and read back.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::beanstalk::name::Application;
use crate::release::version::Location;

/// Number of the last versions that each environment ran well that are kept, unless the caller says otherwise.
pub const KEEP_DEPLOYED: u32 = 3;

/// Policy: what must be left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Number of the newest.
    pub keep: u32,
    /// All that are younger.
    pub keep_days: Option<u32>,
    /// All whose label matches one of these; `*` stands for anything.
    pub keep_labels: Vec<String>,
    /// Number of the last that each environment ran well.
    pub keep_deployed: u32,
    /// Remove the bundles too, where no other version needs them.
    pub delete_bundles: bool,
    /// Prefix that everything is copied to before it is deleted.
    #[serde(default)]
    pub archive: Option<String>,
}

/// An object in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    pub key: String,
    pub bytes: u64,
    pub modified: Option<Timestamp>,
}

/// An upload that was begun and not completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    pub key: String,
    pub id: String,
    pub began: Option<Timestamp>,
}

/// Plan: what to delete, what to keep, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub application: Application,
    pub region: String,
    pub account: Option<String>,
    pub made: Timestamp,
    pub policy: Policy,
    pub bucket: String,
    /// Oldest first: what is deleted before an interruption is what is missed least.
    pub delete: Vec<Deletion>,
    pub keep: Vec<Kept>,
    /// Bundles that no version needs any more.
    pub objects: Vec<Object>,
    pub uploads: Vec<Upload>,
    /// Objects that are copied to the archive first: all that this plan deletes, and the bundles of its versions.
    #[serde(default)]
    pub copies: Vec<Location>,
    /// Bundles of deleted versions that stay, because they are not where this project keeps its own.
    #[serde(default)]
    pub left: Vec<Location>,
    /// Environments that move: as long as one does, nothing is deleted.
    #[serde(default)]
    pub moving: Vec<String>,
    /// Number of environments that were seen, terminated ones included.
    pub environments: usize,
    /// Versions of all applications in the region, and how many there may be.
    pub used: usize,
    pub limit: Option<u32>,
}

/// A version to delete: all that is needed to bring it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    pub label: String,
    pub created: Option<Timestamp>,
    pub description: Option<String>,
    pub bundle: Option<Location>,
    pub processed: bool,
}

/// A version to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub label: String,
    pub reasons: Vec<Reason>,
}

/// Reason that protects a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why", deny_unknown_fields)]
pub enum Reason {
    Runs {
        environment: String,
    },
    /// An instance has it although its environment has another one.
    OnInstance {
        environment: String,
    },
    /// The environment was terminated, and could be brought back.
    Terminated {
        environment: String,
    },
    /// The environment belonged to an earlier application of this name.
    Orphaned {
        environment: String,
    },
    RanWell {
        environment: String,
    },
    /// The environment had to do with it within a day: it may still go back to it.
    Recent {
        environment: String,
    },
    // With braces: without, serde takes any field for one of theirs.
    InProgress {},
    Newest {},
    Young {},
    Label {
        pattern: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs { environment } => write!(f, "runs in `{environment}`"),
            Self::OnInstance { environment } => write!(f, "on an instance of `{environment}`"),
            Self::Terminated { environment } => write!(f, "`{environment}` had it and can be restored"),
            Self::Orphaned { environment } => write!(
                f,
                "`{environment}` had it and belonged to an application that was deleted; AWS does not say whether it can be restored"
            ),
            Self::Recent { environment } => write!(f, "was on `{environment}` within a day"),
            Self::RanWell { environment } => write!(f, "ran well in `{environment}`"),
            Self::InProgress {} => f.write_str("is being processed"),
            Self::Newest {} => f.write_str("newest"),
            Self::Young {} => f.write_str("young"),
            Self::Label { pattern } => write!(f, "label matches `{pattern}`"),
        }
    }
}

/// Settings for carrying a plan out.
#[derive(Debug, Clone)]
pub struct Apply {
    /// The folder for the record that undoes it.
    pub undo_dir: PathBuf,
    /// There really are no environments.
    pub no_environments: bool,
}

impl Plan {
    /// Would carrying out the one do the same as carrying out the other?
    pub fn same_deeds(&self, other: &Self) -> bool {
        (
            &self.application,
            &self.region,
            &self.account,
            &self.bucket,
            &self.delete,
            &self.objects,
            &self.uploads,
            &self.copies,
        ) == (
            &other.application,
            &other.region,
            &other.account,
            &other.bucket,
            &other.delete,
            &other.objects,
            &other.uploads,
            &other.copies,
        )
    }

    pub fn is_empty(&self) -> bool {
        self.delete.is_empty() && self.objects.is_empty() && self.uploads.is_empty()
    }
}

/// Result of pruning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    pub deleted: Vec<String>,
    /// Kept after all, because something changed since the plan.
    pub spared: Vec<String>,
    pub bundles_deleted: Vec<String>,
    pub uploads_aborted: usize,
    /// The file that brings the versions back.
    pub undo: Option<PathBuf>,
}
