//! Uploads in parts: several at a time, never much in memory, and continued where an earlier run was cut off.
//!
//! There is no file that remembers an upload. S3 itself is asked for unfinished ones of this key: the key names the
//! content, so whoever began it sent the same bytes, and each part is compared by its SHA-256 before it is kept.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, MultipartUpload};
use aws_smithy_types::base64;
use tokio::task::JoinSet;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::bucket::{BundleBucket, Error, bundle_at};
use super::bundle_file::{BundleFile, sha256};
use super::call::Call;

/// From this size on a bundle is sent in parts.
pub(crate) const THRESHOLD: u64 = 16_000_000;
/// Parts in flight.
const PARALLEL: usize = 4;
/// Bytes of a part that are read at once.
const BUFFER: usize = 1 << 18;

/// A part that S3 has: the number, and what completing the upload has to repeat.
type Parts = BTreeMap<i32, Kept>;

struct Kept {
    etag: String,
    checksum: String,
}

impl BundleBucket {
    /// Put the bundle at a key where nothing is. `false`: something came to be there first.
    pub(crate) async fn put(
        &self,
        aws: &Aws,
        key: &str,
        bundle_file: &BundleFile,
        sent: &mut dyn FnMut(u64),
    ) -> Result<bool, Error> {
        if bundle_file.bytes >= THRESHOLD {
            return self.put_parts(aws, key, bundle_file, sent).await;
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
                sent(bundle_file.bytes);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Taken => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Put the bundle in parts at a key where nothing is. `false`: something came to be there first.
    async fn put_parts(
        &self,
        aws: &Aws,
        key: &str,
        bundle_file: &BundleFile,
        sent: &mut dyn FnMut(u64),
    ) -> Result<bool, Error> {
        let digests = bundle_file.parts()?;
        let (id, mut kept) = match self.unfinished(aws, key).await? {
            Some(id) => {
                let kept = self.kept(aws, key, &id, bundle_file, &digests).await?;
                (id, kept)
            }
            None => (self.begin(aws, key, bundle_file).await?, Parts::new()),
        };
        for number in kept.keys() {
            sent(bundle_file.part(*number).1);
        }
        self.send(aws, key, &id, bundle_file, &digests, &mut kept, sent).await?;
        self.complete(aws, key, &id, kept).await
    }

    async fn begin(&self, aws: &Aws, key: &str, bundle_file: &BundleFile) -> Result<String, ApiError> {
        let call = Call::s3("CreateMultipartUpload", &self.name, key).with("ChecksumAlgorithm", "SHA256");
        let call = self.encrypting(call);
        let request = aws.s3.create_multipart_upload().checksum_algorithm(ChecksumAlgorithm::Sha256);
        let request = bundle_at!(request, self, key, bundle_file);
        match aws.write(call.clone(), request.send()).await? {
            Some(answer) => answer.upload_id.ok_or_else(|| ApiError::empty(call, aws.endpoint())),
            None => Ok("(new)".to_owned()),
        }
    }

    /// The newest upload of this key that was begun and not completed.
    async fn unfinished(&self, aws: &Aws, key: &str) -> Result<Option<String>, ApiError> {
        let mut uploads = match self.uploads(aws, key).await {
            Ok(uploads) => uploads,
            // Continuing is a courtesy. Without the right to look, or in a place that can't, begin anew.
            Err(error) if error.was_answered() && !error.is_about_credentials() => return Ok(None),
            Err(error) => return Err(error),
        };
        uploads.retain(|upload| upload.key() == Some(key));
        let newest = uploads.into_iter().max_by_key(|upload| upload.initiated().map(|time| time.secs()));
        Ok(newest.and_then(|upload| upload.upload_id))
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

    /// The parts of an unfinished upload that hold the right bytes.
    async fn kept(
        &self,
        aws: &Aws,
        key: &str,
        id: &str,
        bundle_file: &BundleFile,
        digests: &[[u8; 32]],
    ) -> Result<Parts, ApiError> {
        let mut kept = Parts::new();
        let mut marker: Option<String> = None;
        loop {
            let call = Call::s3("ListParts", &self.name, key).with("UploadId", id);
            let request = aws.s3.list_parts().bucket(&self.name).key(key).upload_id(id);
            let request = request.set_part_number_marker(marker.clone());
            let page = match aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
                Ok(page) => page,
                // As with the list of uploads; a part that is sent again takes the place of the one that was there.
                Err(error) if error.kind() == ErrorKind::Garbled => return Ok(Parts::new()),
                Err(error) if error.was_answered() && !error.is_about_credentials() => return Ok(Parts::new()),
                Err(error) => return Err(error),
            };
            for part in page.parts.unwrap_or_default() {
                let (Some(number), Some(etag), Some(checksum)) = (part.part_number, part.e_tag, part.checksum_sha256)
                else {
                    continue;
                };
                let Some(digest) = usize::try_from(number - 1).ok().and_then(|index| digests.get(index)) else {
                    continue;
                };
                let right_size =
                    part.size.and_then(|size| u64::try_from(size).ok()) == Some(bundle_file.part(number).1);
                if right_size && checksum == base64::encode(digest) {
                    kept.insert(number, Kept { etag, checksum });
                }
            }
            if page.is_truncated != Some(true) || page.next_part_number_marker == marker {
                return Ok(kept);
            }
            marker = page.next_part_number_marker;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one upload, spelled out; a struct for it would live for this call")]
    async fn send(
        &self,
        aws: &Aws,
        key: &str,
        id: &str,
        bundle_file: &BundleFile,
        digests: &[[u8; 32]],
        kept: &mut Parts,
        sent: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        let missing: Vec<(i32, [u8; 32])> =
            (1..).zip(digests.iter().copied()).filter(|(number, _)| !kept.contains_key(number)).collect();
        let mut missing = missing.into_iter();
        let mut flying = JoinSet::new();
        loop {
            while flying.len() < PARALLEL
                && let Some((number, digest)) = missing.next()
            {
                let checksum = base64::encode(digest);
                let (offset, length) = bundle_file.part(number);
                let call = Call::s3("UploadPart", &self.name, key)
                    .with("PartNumber", number)
                    .with("ContentLength", length)
                    .with("ChecksumSHA256", &checksum);
                if aws.is_dry_run() {
                    aws.dry_run(call);
                    continue;
                }
                let request = aws.s3.upload_part().bucket(&self.name).key(key).upload_id(id).part_number(number);
                let request = request.checksum_sha256(&checksum).set_expected_bucket_owner(self.owner.clone());
                // Read from the file while it is sent: four parts in memory would be 32 MiB, and twice that once an
                // allocator has kept what it was given back.
                let part = ByteStream::read_from().path(&bundle_file.path).offset(offset).length(Length::Exact(length));
                let part = part.buffer_size(BUFFER).build().await.map_err(|error| bundle_file.unreadable(&error))?;
                let slow = aws.for_bodies();
                flying.spawn(async move {
                    let answer = request.body(part).customize().config_override(slow).send().await;
                    (number, checksum, call, length, answer)
                });
            }
            let Some(landed) = flying.join_next().await else { return Ok(()) };
            let (number, checksum, call, length, answer) = landed.expect("an upload of a part does not panic");
            let answer = match aws.write(call.clone(), std::future::ready(answer)).await {
                // What was read is not what was hashed, unless the network did it.
                Err(error) if error.kind() == ErrorKind::Damaged => {
                    bundle_file.parts()?;
                    return Err(error.into());
                }
                answer => answer?,
            };
            let etag = answer.and_then(|answer| answer.e_tag).ok_or_else(|| ApiError::empty(call, aws.endpoint()))?;
            kept.insert(number, Kept { etag, checksum });
            sent(length);
        }
    }

    async fn complete(&self, aws: &Aws, key: &str, id: &str, kept: Parts) -> Result<bool, Error> {
        let parts = kept
            .into_iter()
            .map(|(number, Kept { etag, checksum })| {
                CompletedPart::builder().part_number(number).e_tag(etag).checksum_sha256(checksum).build()
            })
            .collect();
        let call = Call::s3("CompleteMultipartUpload", &self.name, key).with("IfNoneMatch", "*");
        let request = aws
            .s3
            .complete_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .upload_id(id)
            .if_none_match("*")
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .set_expected_bucket_owner(self.owner.clone());
        // Putting the parts together may take S3 minutes.
        match aws.write(call, request.customize().config_override(aws.for_bodies()).send()).await {
            Ok(_) => Ok(true),
            // The answer to an earlier attempt was lost, or another run was faster: a look at the object will tell.
            Err(error) if error.kind() == ErrorKind::Missing => Ok(false),
            Err(error) if error.kind() == ErrorKind::Taken => {
                self.abort(aws, key, id).await?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
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
