//! State of a version's bundle: is it still what was registered? Asked before an environment moves to it.
//!
//! S3 says when an object was written, and Elastic Beanstalk when the version was registered. Nobody can write an object
//! without S3's noticing; so one that is older than its version is what was registered, and any other is read.

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::bucket::{BundleStore, Error as StoreError};
use super::download::Event;
use super::version::{Location, Version, timestamp};
use crate::bundle::{OpenError, TreeDigest};

/// The state of a version's bundle.
#[derive(Debug)]
pub(crate) enum BundleState {
    /// There is nothing to look at: the version was not made from a bundle. Deploying it will tell.
    NoBundle,
    /// It is what was registered, as far as its name and its age tell.
    Good,
    Gone {
        at: Location,
    },
    /// It can't be read as a bundle.
    Broken {
        at: Location,
        source: OpenError,
    },
    /// Its name is the digest of another tree.
    Other {
        at: Location,
        holds: TreeDigest,
    },
    /// It was written after it was registered, and its name does not tell what it should hold.
    Rewritten {
        at: Location,
    },
    /// These credentials may not read it.
    Unseen {
        source: ApiError,
    },
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Read it only if it was written since the version was registered.
    Glance,
    /// Read all of it: who goes back must not find out half-way.
    Read,
}

/// See what a version's bundle holds.
pub(crate) async fn bundle_state(
    aws: &Aws,
    version: &Version,
    bundle_store: &BundleStore,
    look: Look,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<BundleState, StoreError> {
    let Some(at) = version.bundle.clone() else { return Ok(BundleState::NoBundle) };
    match seen(aws, version, at, bundle_store, look, report).await {
        Err(StoreError::Refused(source)) if source.kind() == ErrorKind::Denied => Ok(BundleState::Unseen { source }),
        state => state,
    }
}

async fn seen(
    aws: &Aws,
    version: &Version,
    at: Location,
    bundle_store: &BundleStore,
    look: Look,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<BundleState, StoreError> {
    let bucket = bundle_store.bucket_of(aws, &at);
    let mut rewritten = false;
    // Where all of it is read, its name tells what it should hold; if not even that does, only its age can.
    if look == Look::Glance || at.digest().is_none() {
        let Some(head) = bucket.head(aws, &at.key).await? else { return Ok(BundleState::Gone { at }) };
        let written = head.last_modified().and_then(timestamp);
        rewritten = written.is_none() || written > version.created;
        if look == Look::Glance && !rewritten {
            return Ok(BundleState::Good);
        }
    }
    Ok(match bucket.tree(aws, &at.key, report).await? {
        None => BundleState::Gone { at },
        Some(Err(source)) => BundleState::Broken { at, source },
        Some(Ok(holds)) if at.digest().is_some_and(|named| named != holds.to_string()) => {
            BundleState::Other { at, holds }
        }
        Some(Ok(_)) if rewritten && at.digest().is_none() => BundleState::Rewritten { at },
        Some(Ok(_)) => BundleState::Good,
    })
}
