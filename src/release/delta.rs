//! Delta: a new bundle is put together inside S3 from one that is registered already, and only what changed is sent.
//!
//! What two bundles share is told by their directories, which is a guess: a copy counts only if its SHA-256 is that of our
//! bytes. Whatever else does not fit, such as a bundle that another tool packed, is a reason to send everything.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;

use super::api_error::ApiError;
use super::aws::Aws;
use super::bucket::BundleBucket;
use super::bundle_file::{BundleFile, BundleFileError};
use super::call::Call;
use super::layout::{Limits, Piece, copied, layout};
use super::part_lengths::PART;
use super::version::{self, Version};
use crate::beanstalk::name::Application;
use crate::bundle::{DIRECTORY_TAIL, Directory, LONGEST_DIRECTORY};

/// What S3 asks of parts, and what is a good size for them. How fast S3 copies inside a region is not written anywhere; a
/// copy of 64 MiB is one that can be given up without losing much.
const LIMITS: Limits = Limits { smallest: 5 << 20, send: PART, copy: 64 << 20 };
/// S3 copies a range only of an object that is larger.
const RANGES_ABOVE: u64 = 5 << 20;
/// Parts that an upload may have.
const MOST_PARTS: usize = 10_000;
/// Versions whose bundles are looked at.
const SOURCES: usize = 3;
/// A copy saves too little if it is less than a quarter of the bundle.
const WORTH: u64 = 4;

/// The object that unchanged bytes are copied from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopySource {
    pub(super) label: String,
    pub(super) key: String,
    /// It is still the object that was looked at.
    pub(super) etag: String,
}

/// A bundle as parts of which some are copied.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    pub(super) source: CopySource,
    pub(super) pieces: Vec<Piece>,
}

/// Why all of a bundle is sent.
#[derive(Debug)]
pub enum WholeReason {
    /// The bundle of that version is no good source.
    Unlike { label: String },
    /// Another tool packed it.
    Foreign { label: String },
    /// What could be a source could not be looked at.
    Unseen { label: Option<String>, error: ApiError },
    /// Looking took too long.
    Slow,
}

impl std::fmt::Display for WholeReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unlike { label } => write!(f, "it has too little in common with `{label}`"),
            Self::Foreign { label } => write!(f, "`{label}` was packed by another tool"),
            Self::Unseen { label: Some(label), error } => write!(f, "`{label}` could not be looked at: {error}"),
            Self::Unseen { label: None, error } => write!(f, "older versions could not be looked at: {error}"),
            Self::Slow => f.write_str("looking at older versions took too long"),
        }
    }
}

/// Bundles that a new one could be put together from, newest first.
pub(super) struct Candidates {
    ours: Directory,
    bytes: u64,
    versions: std::vec::IntoIter<Version>,
    /// Why the first of them is not one.
    pub(super) reason: Option<WholeReason>,
}

impl Candidates {
    /// Those of this bucket, for a bundle of so many bytes with this directory.
    async fn new(
        aws: &Aws,
        application: &Application,
        bucket: &BundleBucket,
        key: &str,
        bytes: u64,
        ours: Directory,
    ) -> Result<Self, ApiError> {
        let mut keys = BTreeSet::from([key.to_owned()]);
        let mut versions = version::all(aws, Some(application)).await?;
        let mut usable = |version: &Version| {
            let bundle = version.bundle.as_ref().filter(|bundle| bundle.bucket == bucket.name);
            bundle.is_some_and(|bundle| keys.insert(bundle.key.clone()))
        };
        versions.retain(|version| usable(version));
        versions.truncate(SOURCES);
        Ok(Self { ours, bytes, versions: versions.into_iter(), reason: None })
    }

    /// The next of them that it pays to copy from.
    pub(super) async fn next(&mut self, aws: &Aws, bucket: &BundleBucket) -> Option<Delta> {
        while let Some(version) = self.versions.next() {
            let label = version.label.clone();
            let reason = match self.delta(aws, bucket, version).await {
                Ok(Ok(delta)) => return Some(delta),
                Ok(Err(reason)) => reason,
                // Gone, or not for us to read: the next may be.
                Err(error) => WholeReason::Unseen { label: Some(label), error },
            };
            self.reason.get_or_insert(reason);
        }
        None
    }

    async fn delta(
        &self,
        aws: &Aws,
        bucket: &BundleBucket,
        version: Version,
    ) -> Result<Result<Delta, WholeReason>, ApiError> {
        let label = version.label;
        let Some(bundle) = version.bundle else { return Ok(Err(WholeReason::Foreign { label })) };
        let call = Call::s3("HeadObject", &bucket.name, &bundle.key);
        let request = aws.s3.head_object().bucket(&bucket.name).key(&bundle.key);
        let head = aws.read(call, request.set_expected_bucket_owner(bucket.owner.clone()).send()).await?;
        let length = head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        let Some(etag) = head.e_tag().filter(|_| length > RANGES_ABOVE && can_be_read(&head)).map(str::to_owned) else {
            return Ok(Err(WholeReason::Unlike { label }));
        };
        let source = CopySource { label: label.clone(), key: bundle.key, etag };
        let tail = read(aws, bucket, &source, length.saturating_sub(DIRECTORY_TAIL), length).await?;
        let Some(range) = Directory::find(&tail, length).filter(|range| range.end - range.start <= LONGEST_DIRECTORY)
        else {
            return Ok(Err(WholeReason::Foreign { label }));
        };
        let bytes = match range.start.checked_sub(length - tail.len() as u64) {
            Some(start) => {
                let end = tail.len() as u64 - (length - range.end);
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
                tail.get(at(start)..at(end)).unwrap_or_default().to_vec()
            }
            None => read(aws, bucket, &source, range.start, range.end).await?,
        };
        let Some(theirs) = Directory::new(bytes) else { return Ok(Err(WholeReason::Foreign { label })) };
        let pieces = layout(&self.ours.shared_with(&theirs), self.bytes, &LIMITS);
        if copied(&pieces) < self.bytes / WORTH || pieces.len() > MOST_PARTS {
            return Ok(Err(WholeReason::Unlike { label }));
        }
        Ok(Ok(Delta { source, pieces }))
    }
}

/// The best source there is, and those after it. Looking takes no longer than it can save.
pub(super) async fn find(
    aws: &Aws,
    application: &Application,
    bucket: &BundleBucket,
    key: &str,
    bundle_file: &BundleFile,
) -> Result<(Option<Delta>, Option<Candidates>, Option<WholeReason>), BundleFileError> {
    // Without one of ours, nobody can say what is shared.
    let Some(ours) = bundle_file.directory()? else { return Ok((None, None, None)) };
    let looked = tokio::time::timeout(patience(aws), async {
        let mut candidates = Candidates::new(aws, application, bucket, key, bundle_file.bytes, ours).await?;
        let delta = candidates.next(aws, bucket).await;
        let reason = candidates.reason.take().filter(|_| delta.is_none());
        Ok((delta, Some(candidates), reason))
    });
    Ok(match looked.await {
        Ok(Ok(found)) => found,
        // Copying is a courtesy. What is wrong for good, the upload will meet too.
        Ok(Err(error)) => (None, None, Some(WholeReason::Unseen { label: None, error })),
        Err(_) => (None, None, Some(WholeReason::Slow)),
    })
}

/// A sixth of what one call may take: five seconds, unless somebody says otherwise.
fn patience(aws: &Aws) -> Duration {
    aws.endpoint().timeout / 6
}

/// S3 hands out neither what is in the archive nor what is encrypted with a key that only its owner has.
fn can_be_read(head: &HeadObjectOutput) -> bool {
    let class = head.storage_class().map(aws_sdk_s3::types::StorageClass::as_str).unwrap_or_default();
    let archived = matches!(class, "GLACIER" | "DEEP_ARCHIVE") || head.archive_status().is_some();
    !archived && head.sse_customer_algorithm().is_none()
}

/// Bytes of a source, if it is still what was looked at.
async fn read(
    aws: &Aws,
    bucket: &BundleBucket,
    source: &CopySource,
    start: u64,
    end: u64,
) -> Result<Vec<u8>, ApiError> {
    let range = format!("bytes={start}-{}", end.saturating_sub(1));
    let call = Call::s3("GetObject", &bucket.name, &source.key).with("Range", &range);
    let request = aws.s3.get_object().bucket(&bucket.name).key(&source.key).range(range).if_match(&source.etag);
    let answer = aws.read(call.clone(), request.set_expected_bucket_owner(bucket.owner.clone()).send()).await?;
    let bytes = answer.body.collect().await.map_err(|error| ApiError::cut_off(call, &error, aws.endpoint()))?;
    Ok(bytes.to_vec())
}
