//! One deployment per environment at a time, also between machines: a document that only one can write.
//!
//! A lock of a run that died ends by itself: it says until when it holds. The same person deploying the same version
//! again takes it over at once, so that repeating a command finishes its work.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::api_error::ApiError;
use super::aws::Aws;
use super::bucket::BundleBucket;

/// Who deploys what, and until when nobody else may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    pub caller: Option<String>,
    pub label: String,
    pub since: Timestamp,
    pub until: Timestamp,
}

/// A lock that this run holds.
#[derive(Debug)]
pub(crate) struct Lock {
    key: String,
    tag: String,
}

/// Whether this run may deploy.
#[derive(Debug)]
pub(crate) enum Taking {
    Taken(Lock),
    HeldBy(LockHolder),
}

/// Take the lock of an environment.
pub(crate) async fn take(
    aws: &Aws,
    bucket: &BundleBucket,
    key: String,
    label: &str,
    timeout: Duration,
) -> Result<Taking, ApiError> {
    let since = aws.now();
    let hold = SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX);
    let until = since.checked_add(hold).unwrap_or(Timestamp::MAX);
    let ours = LockHolder { caller: aws.caller().arn.clone(), label: label.to_owned(), since, until };
    // A lock that ends just now can be lost to another run, once each time.
    for _ in 0..5 {
        if let Some(tag) = bucket.write(aws, &key, &ours).await? {
            return Ok(Taking::Taken(Lock { key, tag }));
        }
        let Some((theirs, tag)) = bucket.document::<LockHolder>(aws, &key).await? else { continue };
        let same = theirs.caller == ours.caller && theirs.label == ours.label;
        if !same && theirs.until > since {
            return Ok(Taking::HeldBy(theirs));
        }
        bucket.remove(aws, &key, Some(&tag)).await?;
    }
    let holder = bucket.document::<LockHolder>(aws, &key).await?.map(|(holder, _)| holder);
    Ok(Taking::HeldBy(holder.unwrap_or(ours)))
}

/// Remove a lock that this caller took for this version, if there is one.
pub(crate) async fn forget(aws: &Aws, bucket: &BundleBucket, key: &str, label: &str) -> Result<(), ApiError> {
    match bucket.document::<LockHolder>(aws, key).await? {
        Some((holder, tag)) if holder.caller == aws.caller().arn && holder.label == label => {
            bucket.remove(aws, key, Some(&tag)).await
        }
        _ => Ok(()),
    }
}

impl Lock {
    /// Give it back.
    pub(crate) async fn release(&self, aws: &Aws, bucket: &BundleBucket) -> Result<(), ApiError> {
        let tag = Some(self.tag.as_str()).filter(|tag| !tag.is_empty());
        bucket.remove(aws, &self.key, tag).await
    }
}
