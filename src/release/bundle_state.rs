//! State of a version's bundle: is it still what was registered? Asked before going back to it.

use super::aws::Aws;
use super::bucket::{BundleStore, Error as StoreError};
use super::download::Event;
use super::version::{self, Location};
use crate::beanstalk::name::Application;
use crate::bundle::TreeDigest;

/// The state of a version's bundle.
#[derive(Debug)]
pub enum BundleState {
    /// There is nothing to look at: no such version, or one that was not made from a bundle. Deploying it will tell.
    NoBundle,
    /// It can be read, and is named after what it holds if it is named after anything.
    Good,
    Gone {
        at: Location,
    },
    /// It can't be read as a bundle.
    Broken {
        at: Location,
        source: crate::bundle::OpenError,
    },
    /// Its name is the digest of another tree.
    Other {
        at: Location,
        holds: TreeDigest,
    },
    /// These credentials may not read it.
    Unseen {
        source: super::api_error::ApiError,
    },
}

/// Read the bundle of a version and see what it holds.
pub fn bundle_state(
    aws: &Aws,
    application: &Application,
    label: &str,
    bundle_store: &BundleStore,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<BundleState, StoreError> {
    aws.block_on(async {
        let Some(at) = version::find(aws, application, label).await?.and_then(|version| version.bundle) else {
            return Ok(BundleState::NoBundle);
        };
        let tree = match bundle_store.bucket_of(aws, &at).tree(aws, &at.key, report).await {
            Ok(tree) => tree,
            Err(StoreError::Refused(source)) if source.was_answered() && !source.is_about_credentials() => {
                return Ok(BundleState::Unseen { source });
            }
            Err(error) => return Err(error),
        };
        Ok(match tree {
            None => BundleState::Gone { at },
            Some(Err(source)) => BundleState::Broken { at, source },
            Some(Ok(holds)) if at.digest().is_some_and(|named| named != holds.to_string()) => {
                BundleState::Other { at, holds }
            }
            Some(Ok(_)) => BundleState::Good,
        })
    })
}
