//! Request, steps and result of publishing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::beanstalk::name::Application;
use crate::bundle::TreeDigest;
use crate::release::api_error::ApiError;
use crate::release::bucket::BundleStore;
use crate::release::bucket_security::BucketSecurity;
use crate::release::bundle_file::BundleFile;
use crate::release::delta::WholeReason;
use crate::release::download;
use crate::release::version::{Location, Status};

/// Request to publish. Everything is resolved: flags, project file and defaults.
#[derive(Debug, Clone)]
pub struct Request {
    pub application: Application,
    pub label: String,
    pub bundle_file: BundleFile,
    /// At most 200 characters reach AWS.
    pub description: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub bundle_store: BundleStore,
    /// Copy inside S3 what an older bundle has already, and send only the rest.
    pub delta: bool,
    /// May an application that is not there be created?
    pub create_application: bool,
    /// Have Elastic Beanstalk look into the bundle, and wait for what it says.
    pub process: bool,
    /// Time to wait for that.
    pub timeout: Duration,
    /// What was asked for by name.
    pub named: Named,
}

/// What the caller asked for by name: a version that is there must have it too, or the run fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Named {
    pub description: bool,
    pub tags: bool,
    pub bucket: bool,
    pub kms_key: bool,
}

/// Result of publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    pub application: Application,
    pub label: String,
    pub digest: TreeDigest,
    /// Of the bytes that are there, which another compressor may have packed.
    pub sha256: String,
    pub bytes: u64,
    pub bundle: Location,
    /// Security of the bucket; looked at only when something is put into it.
    #[serde(rename = "guards")]
    pub security: Option<BucketSecurity>,
    /// Use of the region's quota with this version; looked at only when one is registered.
    #[serde(rename = "room")]
    pub quota: Option<Quota>,
    pub region: String,
    pub account: Option<String>,
    /// Was the object sent in this run?
    pub uploaded: bool,
    /// Bytes of it that this run sent, and those that were copied inside S3.
    pub sent_bytes: u64,
    pub copied_bytes: u64,
    /// Label of the version whose bundle they were copied from.
    pub copied_from: Option<String>,
    /// Was the version registered in this run?
    pub registered: bool,
    /// What a version that was there got in this run: `description`, `tags`.
    pub updated: Vec<&'static str>,
    pub status: Status,
}

/// Quota of versions in a region, over all applications, and its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// At least so many: AWS counts only what the caller may see.
    pub used: usize,
    pub limit: usize,
}

impl Quota {
    /// From here on it is said: four fifths.
    pub fn is_short(&self) -> bool {
        self.used * 5 >= self.limit * 4
    }
}

/// Step of publishing.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something with other bytes is at the key or label; its content is compared.
    Comparing(download::Event<'a>),
    /// It has the same content, packed by another compressor.
    Repacked {
        at: &'a Location,
    },
    Guarded {
        bucket: &'a str,
        security: &'a BucketSecurity,
    },
    Quota(Quota),
    /// An older bundle is there, and nothing is copied from it.
    SendingAll(&'a WholeReason),
    Uploading {
        bytes: u64,
        to: &'a Location,
        /// What is sent of it where the rest is copied inside S3, and the version that it is copied from.
        changed: Option<(u64, &'a str)>,
    },
    Sent {
        bytes: u64,
    },
    Registering {
        label: &'a str,
        application: &'a str,
    },
    Processing,
    /// A version that is there, and keeps its bundle in another bucket than the project's.
    Elsewhere {
        at: &'a Location,
        bucket: &'a str,
    },
    /// It is encrypted with another key than the project's, or with one that cannot be compared.
    OtherKey {
        at: &'a Location,
        by: Option<&'a str>,
        key: &'a str,
    },
    /// It was registered without being processed, and stays so.
    StaysUnprocessed {
        label: &'a str,
    },
    /// Nobody can say whether it has the project's tags.
    TagsNotSeen(&'a ApiError),
    Updating {
        label: &'a str,
        what: &'static str,
    },
    /// What S3 kept is not what this run sent: it is removed and sent once more.
    SentAgain {
        at: &'a Location,
    },
    /// A look at the version failed in passing; the next one will tell.
    NotSeen(&'a ApiError),
}
