//! Delta: a new bundle is put together inside S3 from one that is registered already, and only what changed is sent.
//!
//! What two bundles share is told by their directories, which is a guess: a copy counts only if its SHA-256 is that of our
//! bytes. Whatever else does not fit, such as a bundle that another tool packed, is a reason to send everything.

use std::collections::BTreeSet;
use std::ops::Range;
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
use crate::bundle::{DIRECTORY_TAIL, Directory};

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
        let Some((length, etag)) = source_of(&head) else { return Ok(Err(WholeReason::Unlike { label })) };
        let source = CopySource { label: label.clone(), key: bundle.key, etag };
        let tail = read(aws, bucket, &source, length.saturating_sub(DIRECTORY_TAIL), length).await?;
        let Some(range) = Directory::find(&tail, length) else { return Ok(Err(WholeReason::Foreign { label })) };
        let bytes = match within(&tail, length, &range) {
            Some(bytes) => bytes.to_vec(),
            None => read(aws, bucket, &source, range.start, range.end).await?,
        };
        let Some(theirs) = Directory::new(bytes) else { return Ok(Err(WholeReason::Foreign { label })) };
        let pieces = layout(&self.ours.shared_with(&theirs), self.bytes, &LIMITS);
        if !pays(&pieces, self.bytes) {
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
    let looked = tokio::time::timeout(patience(aws.endpoint().timeout), async {
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
fn patience(call: Duration) -> Duration {
    call / 6
}

/// Length and ETag of an object that can be copied from.
fn source_of(head: &HeadObjectOutput) -> Option<(u64, String)> {
    let length = u64::try_from(head.content_length()?).ok().filter(|length| *length > RANGES_ABOVE)?;
    let etag = head.e_tag().filter(|_| can_be_read(head))?;
    Some((length, etag.to_owned()))
}

/// A range of an object of so many bytes, if all of it is in the object's last ones.
fn within<'a>(tail: &'a [u8], length: u64, range: &Range<u64>) -> Option<&'a [u8]> {
    let before = length.checked_sub(tail.len() as u64)?;
    let at = |place: u64| usize::try_from(place.checked_sub(before)?).ok();
    tail.get(at(range.start)?..at(range.end)?)
}

/// Is so much of a bundle copied that it pays, in no more parts than S3 takes?
fn pays(pieces: &[Piece], bytes: u64) -> bool {
    copied(pieces) >= bytes / WORTH && pieces.len() <= MOST_PARTS
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

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{ArchiveStatus, StorageClass};

    use super::*;

    #[test]
    fn a_source_is_large_enough_and_can_be_read() {
        let object = || HeadObjectOutput::builder().content_length(6 << 20).e_tag("\"etag\"");
        let found = |head: HeadObjectOutput| source_of(&head);
        assert_eq!(found(object().build()), Some((6 << 20, "\"etag\"".to_owned())));
        for (length, enough) in [(0, false), (5 << 20, false), ((5 << 20) + 1, true), (-1, false)] {
            assert_eq!(found(object().content_length(length).build()).is_some(), enough, "{length}");
        }
        for (class, readable) in [
            (StorageClass::Standard, true),
            (StorageClass::GlacierIr, true),
            (StorageClass::Glacier, false),
            (StorageClass::DeepArchive, false),
        ] {
            assert_eq!(found(object().storage_class(class.clone()).build()).is_some(), readable, "{class}");
        }
        let tiered = object().storage_class(StorageClass::IntelligentTiering);
        assert_eq!(found(tiered.archive_status(ArchiveStatus::ArchiveAccess).build()), None);
        assert_eq!(found(object().sse_customer_algorithm("AES256").build()), None);
        assert_eq!(found(HeadObjectOutput::builder().content_length(6 << 20).build()), None);
    }

    #[test]
    fn the_end_of_an_object_may_have_all_that_is_asked_for() {
        let tail = b"0123456789";
        #[track_caller]
        fn case(tail: &[u8], length: u64, range: Range<u64>, found: Option<&str>) {
            assert_eq!(within(tail, length, &range), found.map(str::as_bytes), "{range:?}");
        }
        case(tail, 10, 2..8, Some("234567"));
        case(tail, 110, 102..108, Some("234567"));
        case(tail, 110, 100..110, Some("0123456789"));
        case(tail, 110, 99..105, None);
        case(tail, 110, 105..111, None);
        case(tail, 9, 2..8, None);
    }

    #[test]
    fn a_copy_pays_from_a_quarter_of_the_bundle_on() {
        let piece = |length, from| Piece { at: 0, length, from };
        let quarter = |bytes| pays(&[piece(25, Some(7)), piece(75, None)], bytes);
        assert_eq!([99, 100, 103, 104].map(quarter), [true, true, true, false]);
        let parts = |count| pays(&vec![piece(1, Some(0)); count], 10);
        assert_eq!([MOST_PARTS - 1, MOST_PARTS, MOST_PARTS + 1].map(parts), [true, true, false]);
    }

    #[test]
    fn parts_are_as_s3_takes_them() {
        const MIB: u64 = 1024 * 1024;
        assert_eq!(LIMITS.smallest, 5 * MIB);
        assert!([LIMITS.smallest, LIMITS.send, LIMITS.copy, 5 * 1024 * MIB].is_sorted());
        assert_eq!(patience(Duration::from_secs(30)), Duration::from_secs(5));
    }

    #[test]
    fn each_reason_to_send_all_has_its_words() {
        let label = || "shop-0123456789ab".to_owned();
        let words =
            [WholeReason::Unlike { label: label() }, WholeReason::Foreign { label: label() }, WholeReason::Slow]
                .map(|reason| reason.to_string());
        assert_eq!(
            words,
            [
                "it has too little in common with `shop-0123456789ab`",
                "`shop-0123456789ab` was packed by another tool",
                "looking at older versions took too long",
            ]
        );
    }
}
