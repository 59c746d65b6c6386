//! A release as a file: which content it is, where it lies, and where it ran well. What one stage hands to the next.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::aws::Aws;
use super::version::Location;
use crate::environment;

pub use crate::project::RELEASE;

/// A release: one tree, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseFile {
    pub schema: String,
    pub name: String,
    pub label: String,
    pub tree: ReleasedTree,
    pub archive: ReleasedArchive,
    pub source: ReleasedSource,
    /// Absent where it did not look.
    pub check: Option<ReleasedCheck>,
    /// The branch that the project is for, if it says so.
    pub platform: Option<String>,
    pub published: Vec<ReleasePlace>,
    pub deployed: Vec<ReleaseDeployment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedTree {
    /// Version of the way in which the digest is made.
    pub format: u32,
    pub digest: String,
}

/// The bytes: another stage registers the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedArchive {
    pub sha256: String,
    pub bytes: u64,
    pub format: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedSource {
    /// `worktree`, `index` or `revision`.
    pub kind: String,
    pub commit: Option<String>,
    /// Differs what shipped from the commit? `None`: there is none.
    pub dirty: Option<bool>,
}

/// What `check` said, and which version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedCheck {
    pub errors: usize,
    pub warnings: usize,
    pub tool: String,
}

/// Where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasePlace {
    pub account: Option<String>,
    pub region: String,
    pub bucket: String,
    pub key: String,
    pub time: Timestamp,
}

impl ReleasePlace {
    pub fn location(&self) -> Location {
        Location { bucket: self.bucket.clone(), key: self.key.clone() }
    }

    /// Is it where `aws` leads?
    pub fn is_here(&self, aws: &Aws) -> bool {
        environment::is_here(self.account.as_deref(), Some(&self.region), aws.account(), aws.region())
    }
}

/// Where it ran well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseDeployment {
    pub environment: String,
    pub time: Timestamp,
    pub health: String,
}

impl ReleaseFile {
    /// Is it the same release, so that what is known of it stays?
    pub fn is_same(&self, other: &Self) -> bool {
        self.label == other.label && self.tree == other.tree && self.archive == other.archive
    }

    /// It lies here now.
    pub fn lies_at(&mut self, place: ReleasePlace) {
        self.published.retain(|known| (&known.bucket, &known.key) != (&place.bucket, &place.key));
        self.published.push(place);
    }

    /// It runs well there now.
    pub fn runs_at(&mut self, deployment: ReleaseDeployment) {
        self.deployed.retain(|known| known.environment != deployment.environment);
        self.deployed.push(deployment);
    }

    /// The file's text.
    pub fn text(&self) -> String {
        format!("{}\n", serde_json::to_string_pretty(self).expect("a release has string keys"))
    }
}
