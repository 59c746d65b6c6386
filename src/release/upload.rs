//! Uploads: of one piece, or in parts, some of them copied inside S3, and continued where an earlier run was cut off.
//!
//! There is no file that remembers an upload. S3 itself is asked for unfinished ones of this key: the key names the
//! content, so whoever began it sent the same bytes, and each part is compared by its SHA-256 before it is kept.

mod parts;
mod transfer;

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, MultipartUpload};
use aws_smithy_types::base64;

use self::parts::{Kept, Parts, There, listed, number};
use self::transfer::{Transfer, Transferred};
use super::api_error::{ApiError, ErrorKind, known};
use super::aws::Aws;
use super::bucket::{BundleBucket, Error, bundle_at};
use super::bundle_file::{BundleFile, sha256};
use super::call::Call;
use super::delta::{Candidates, CopySource, Delta};
use super::layout::{Piece, fixed};
use super::part_lengths::{self, PART};

/// From this size on a bundle is sent in parts.
pub(crate) const THRESHOLD: u64 = 16_000_000;
/// An upload that does not fit, and that nobody has gone on with for so long, is nobody's.
const ABANDONED: Duration = Duration::from_hours(1);
/// How often an upload is begun anew when another run ends it.
const BEGINNINGS: usize = 2;

/// How a bundle got to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Put {
    /// Did this run put it there? Otherwise something came to be there first.
    pub(crate) ours: bool,
    pub(crate) sent: u64,
    pub(crate) copied: u64,
}

/// How a bundle is to be put together: as one source allows it, and as others would.
#[derive(Default)]
pub(crate) struct Plan {
    pub(super) delta: Option<Delta>,
    pub(super) others: Option<Candidates>,
}

/// One way to put a bundle together.
struct Way {
    source: Option<CopySource>,
    pieces: Vec<Piece>,
    digests: Vec<[u8; 32]>,
}

impl Way {
    fn new(source: Option<CopySource>, pieces: Vec<Piece>, bundle_file: &BundleFile) -> Result<Self, Error> {
        let digests = bundle_file.digests(pieces.iter().map(|piece| piece.length))?;
        Ok(Self { source, pieces, digests })
    }

    fn whole(bundle_file: &BundleFile) -> Result<Self, Error> {
        Self::new(None, fixed(bundle_file.bytes, PART), bundle_file)
    }

    fn of(delta: Option<Delta>, bundle_file: &BundleFile) -> Result<Self, Error> {
        match delta {
            Some(Delta { source, pieces }) => Self::new(Some(source), pieces, bundle_file),
            None => Self::whole(bundle_file),
        }
    }
}

impl BundleBucket {
    /// Put the bundle at a key where nothing is.
    pub(crate) async fn put(
        &self,
        aws: &Aws,
        key: &str,
        bundle_file: &BundleFile,
        plan: Plan,
        passed: &mut dyn FnMut(u64),
    ) -> Result<Put, Error> {
        if bundle_file.bytes >= THRESHOLD {
            return self.put_parts(aws, key, bundle_file, plan, passed).await;
        }
        let bytes = bundle_file.read(0, bundle_file.bytes)?;
        let digest = sha256(&bytes);
        if crate::hex::encode(digest) != bundle_file.sha256 {
            return Err(bundle_file.changed().into());
        }
        let call = Call::s3("PutObject", &self.name, key)
            .with("IfNoneMatch", "*")
            .with("ContentLength", bundle_file.bytes)
            .with("ChecksumSHA256", base64::encode(digest));
        let call = self.encrypting(call);
        let request = aws.s3.put_object().if_none_match("*").checksum_sha256(base64::encode(digest));
        let request = bundle_at!(request.body(ByteStream::from(bytes)), self, key, bundle_file);
        match aws.write(call, request.customize().config_override(aws.for_bodies()).send()).await {
            Ok(_) => {
                passed(bundle_file.bytes);
                Ok(Put { ours: true, sent: bundle_file.bytes, copied: 0 })
            }
            Err(error) if error.kind() == ErrorKind::Taken => Ok(Put { ours: false, sent: 0, copied: 0 }),
            Err(error) => Err(error.into()),
        }
    }

    /// Put the bundle in parts at a key where nothing is.
    async fn put_parts(
        &self,
        aws: &Aws,
        key: &str,
        bundle_file: &BundleFile,
        plan: Plan,
        passed: &mut dyn FnMut(u64),
    ) -> Result<Put, Error> {
        let mut put = Put { ours: false, sent: 0, copied: 0 };
        let (mut way, mut found) = self.way(aws, key, bundle_file, plan).await?;
        for attempt in 1..=BEGINNINGS {
            let (id, kept) = match found.take() {
                Some(found) => found,
                None => (self.begin(aws, key, bundle_file, &way.pieces).await?, Parts::new()),
            };
            if attempt == 1 {
                kept.keys().for_each(|index| passed(way.pieces[*index].length));
            }
            let transfer = Transfer { bucket: self, aws, key, id: &id, bundle_file, source: way.source.as_ref() };
            let done = match transfer.run(&way.pieces, &way.digests, kept, passed).await? {
                Transferred::All { parts, late, sent, copied } => {
                    put = Put { sent: put.sent + sent, copied: put.copied + copied, ..put };
                    complete(&transfer, &way, parts, late, passed, &mut put).await?
                }
                Transferred::UploadGone => Completed::UploadGone,
            };
            match done {
                Completed::Done => return Ok(Put { ours: true, ..put }),
                Completed::Taken => {
                    self.abort(aws, key, &id).await?;
                    return Ok(put);
                }
                // Another run ended it: because the object is there, or because it began anew itself.
                Completed::UploadGone if self.has(aws, key).await? => return Ok(put),
                Completed::UploadGone if attempt < BEGINNINGS => way = Way::whole(bundle_file)?,
                Completed::UploadGone => break,
            }
        }
        let call = Call::s3("CompleteMultipartUpload", &self.name, key);
        Err(ApiError::gone(call, aws.endpoint()).into())
    }

    /// How to put the bundle together: going on with an unfinished upload where all that is there fits.
    async fn way(
        &self,
        aws: &Aws,
        key: &str,
        bundle_file: &BundleFile,
        plan: Plan,
    ) -> Result<(Way, Option<(String, Parts)>), Error> {
        let Plan { delta, mut others } = plan;
        let is_delta = delta.is_some();
        let first = Way::of(delta, bundle_file)?;
        let Some(upload) = self.unfinished(aws, key).await? else { return Ok((first, None)) };
        let id = upload.upload_id.clone().unwrap_or_default();
        let there = listed(self, aws, key, &id).await?;
        if let Some(kept) = there.kept(&first.pieces, &first.digests) {
            return Ok((first, Some((id, kept))));
        }
        // Another run may have had another source, or none.
        if is_delta {
            let whole = Way::whole(bundle_file)?;
            if let Some(kept) = there.kept(&whole.pieces, &whole.digests) {
                return Ok((whole, Some((id, kept))));
            }
        }
        while let Some(others) = &mut others
            && let Some(delta) = others.next(aws, self).await
        {
            let way = Way::of(Some(delta), bundle_file)?;
            if let Some(kept) = there.kept(&way.pieces, &way.digests) {
                return Ok((way, Some((id, kept))));
            }
        }
        if is_abandoned(aws, &upload, &there) {
            self.abort(aws, key, &id).await?;
        }
        Ok((first, None))
    }

    async fn begin(
        &self,
        aws: &Aws,
        key: &str,
        bundle_file: &BundleFile,
        pieces: &[Piece],
    ) -> Result<String, ApiError> {
        let call = Call::s3("CreateMultipartUpload", &self.name, key).with("ChecksumAlgorithm", "SHA256");
        let call = self.encrypting(call);
        let request = aws.s3.create_multipart_upload().checksum_algorithm(ChecksumAlgorithm::Sha256);
        let mut request = bundle_at!(request, self, key, bundle_file);
        if let Some(lengths) = part_lengths::write(pieces.iter().map(|piece| piece.length)) {
            request = request.metadata(part_lengths::KEY, lengths);
        }
        match aws.write(call.clone(), request.send()).await? {
            Some(answer) => answer.upload_id.ok_or_else(|| ApiError::empty(call, aws.endpoint())),
            None => Ok("(new)".to_owned()),
        }
    }

    /// The newest upload of this key that was begun and not completed.
    async fn unfinished(&self, aws: &Aws, key: &str) -> Result<Option<MultipartUpload>, ApiError> {
        // Continuing is a courtesy. Without the right to look, or in a place that can't, begin anew.
        let mut uploads = known(self.uploads(aws, key).await)?.unwrap_or_default();
        uploads.retain(|upload| upload.key() == Some(key) && upload.upload_id().is_some());
        Ok(uploads.into_iter().max_by_key(|upload| upload.initiated().map(|time| time.secs())))
    }

    /// Every unfinished upload whose key starts with `prefix`.
    pub(crate) async fn uploads(&self, aws: &Aws, prefix: &str) -> Result<Vec<MultipartUpload>, ApiError> {
        let mut uploads = Vec::new();
        let mut marker: Option<(Option<String>, Option<String>)> = None;
        loop {
            let call = Call::s3("ListMultipartUploads", &self.name, "").with("Prefix", prefix);
            let (key, id) = marker.clone().unwrap_or_default();
            let request = aws.s3.list_multipart_uploads().bucket(&self.name).prefix(prefix);
            let request = request.set_key_marker(key).set_upload_id_marker(id);
            let page = aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await?;
            uploads.extend(page.uploads.unwrap_or_default());
            let next = Some((page.next_key_marker, page.next_upload_id_marker));
            if page.is_truncated != Some(true) || next == marker {
                return Ok(uploads);
            }
            marker = next;
        }
    }

    /// Give up an unfinished upload, and what it costs.
    pub(crate) async fn abort(&self, aws: &Aws, key: &str, id: &str) -> Result<(), ApiError> {
        let call = Call::s3("AbortMultipartUpload", &self.name, key).with("UploadId", id);
        let request = aws.s3.abort_multipart_upload().bucket(&self.name).key(key).upload_id(id);
        match aws.write(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
            Err(error) if error.kind() != ErrorKind::Missing => Err(error),
            _ => Ok(()),
        }
    }
}

/// Has nobody gone on with this upload for long? Each run goes on every few seconds.
fn is_abandoned(aws: &Aws, upload: &MultipartUpload, there: &There) -> bool {
    let begun = upload.initiated().map(|time| time.secs());
    let last = there.last_change().max(begun);
    let hour = i64::try_from(ABANDONED.as_secs()).unwrap_or(i64::MAX);
    last.is_some_and(|last| aws.now().as_second() - last > hour)
}

/// How an upload ended.
enum Completed {
    Done,
    /// Something is at the key.
    Taken,
    /// Another run completed or aborted it.
    UploadGone,
}

/// Put the parts together. `late`: a copy that was given up may have come in after what was sent in its place, so S3 is
/// asked what it has.
async fn complete(
    transfer: &Transfer<'_>,
    way: &Way,
    mut parts: Parts,
    mut late: bool,
    passed: &mut dyn FnMut(u64),
    put: &mut Put,
) -> Result<Completed, Error> {
    const ATTEMPTS: usize = 3;
    let Transfer { bucket, aws, key, id, .. } = transfer;
    for _ in 0..ATTEMPTS {
        if std::mem::take(&mut late) {
            let there = listed(bucket, aws, key, id).await?;
            parts = there.right(&way.pieces, &way.digests);
            let sending = Transfer { source: None, ..*transfer };
            match sending.run(&way.pieces, &way.digests, parts, passed).await? {
                Transferred::All { parts: all, sent, .. } => {
                    parts = all;
                    put.sent += sent;
                }
                Transferred::UploadGone => return Ok(Completed::UploadGone),
            }
        }
        let completed = parts.iter().map(|(index, Kept { etag, checksum })| {
            CompletedPart::builder().part_number(number(*index)).e_tag(etag).checksum_sha256(checksum).build()
        });
        let completed = CompletedMultipartUpload::builder().set_parts(Some(completed.collect())).build();
        let call = Call::s3("CompleteMultipartUpload", &bucket.name, key).with("IfNoneMatch", "*");
        let request = aws.s3.complete_multipart_upload().bucket(&bucket.name).key(*key).upload_id(*id);
        let request = request.if_none_match("*").multipart_upload(completed);
        let request = request.set_expected_bucket_owner(bucket.owner.clone());
        // Putting the parts together may take S3 minutes.
        match aws.write(call, request.customize().config_override(aws.for_bodies()).send()).await {
            Ok(_) => return Ok(Completed::Done),
            Err(error) if error.kind() == ErrorKind::Taken => return Ok(Completed::Taken),
            // The answer to an earlier attempt was lost, or another run was faster.
            Err(error) if error.kind() == ErrorKind::Missing => return Ok(Completed::UploadGone),
            // A late copy, or a part of another run, took the place of one of ours.
            Err(error) if error.code() == Some("InvalidPart") => late = true,
            Err(error) => return Err(Error::from(error)),
        }
    }
    Ok(Completed::UploadGone)
}
