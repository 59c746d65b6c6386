//! A part of an upload that is a range of another object: the bytes never leave S3.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::buckets::{self, Buckets, Object};
use super::digest::{Hashed, Hasher};
use super::headers::Conditions;
use super::multipart::{check_number, find_upload};
use super::{Objects, broken, find_object, timestamp};
use crate::sandbox::Error;
use crate::sandbox::faults::Injection;

/// Only of an object with more bytes than this can a range be copied.
const RANGES_ABOVE: u64 = 5 * 1024 * 1024;
/// A part has no more bytes than this.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;
/// Bytes that are copied at once.
const BUFFER: usize = 256 * 1024;

/// A copy of a range, on its way into an upload.
struct Copy {
    bucket: String,
    key: String,
    id: String,
    number: i32,
    from: (String, String),
    range: Option<String>,
    conditions: Conditions,
    fault: Option<Injection>,
    now: jiff::Timestamp,
}

impl Objects {
    pub(super) async fn copy_part(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let fault = req.extensions.get::<Injection>().copied();
        let input = req.input;
        let CopySource::Bucket { bucket: from_bucket, key: from_key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "the sandbox has no access points"));
        };
        let (if_match, if_none_match) = (input.copy_source_if_match, input.copy_source_if_none_match);
        let copy = Copy {
            from: (from_bucket.to_string(), from_key.to_string()),
            bucket: input.bucket,
            key: input.key,
            id: input.upload_id,
            number: input.part_number,
            range: input.copy_source_range,
            conditions: Conditions { if_match, if_none_match },
            fault,
            now: self.world.now(),
        };
        let part = self.files(move |buckets| copy.run(buckets)).await?;
        let sum = |name: &str| part.sums.get(name).filter(|_| fault != Some(Injection::NoChecksum)).cloned();
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(part.etag.clone())),
            last_modified: Some(timestamp(part.modified)),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
        };
        Ok(S3Response::new(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() }))
    }
}

impl Copy {
    fn run(&self, buckets: &Buckets) -> S3Result<buckets::Part> {
        check_number(self.number)?;
        let upload = find_upload(buckets, &self.bucket, &self.key, &self.id)?;
        let (bucket, key) = (self.from.0.as_str(), self.from.1.as_str());
        let mut source = find_object(buckets, bucket, key)?;
        if self.fault == Some(Injection::SourceChanges) {
            source = overwrite(buckets, bucket, source).map_err(|error| broken(&error))?;
        }
        self.conditions.check(Some(&source))?;
        let range = span(self.range.as_deref(), source.bytes)?;
        let blob = buckets.new_blob(&self.bucket).map_err(|error| broken(&error))?;
        let mut hasher = Hasher::new(upload.algorithm.as_deref().into_iter());
        let spoilt = self.fault == Some(Injection::WrongChecksum);
        let from = buckets.blob(bucket, &source.blob);
        let copied = copy(&from, range.clone(), &blob, spoilt, &mut hasher);
        copied.map_err(|source| broken(&Error::Write { path: blob.to_path_buf(), source }))?;
        let Hashed { md5, sums } = hasher.finish();
        let kept = buckets.exclusively(|| {
            // It may have been completed or aborted meanwhile.
            if buckets.upload(&self.bucket, &self.id)?.is_none() {
                return Ok(None);
            }
            let bytes = range.end - range.start;
            let blob = buckets.keep(blob)?;
            let part = buckets::Part { number: self.number, blob, bytes, etag: md5, modified: self.now, sums };
            buckets.put_part(&self.bucket, &self.id, &part)?;
            Ok(Some(part))
        });
        match kept.map_err(|error| broken(&error))? {
            Some(part) => Ok(part),
            None => Err(find_upload(buckets, &self.bucket, &self.key, &self.id)
                .err()
                .unwrap_or_else(|| s3_error!(OperationAborted))),
        }
    }
}

/// The bytes that a range means: first and last, both named, and both there.
fn span(range: Option<&str>, length: u64) -> S3Result<Range<u64>> {
    let span = match range {
        None => 0..length,
        Some(range) => {
            let ends = range.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
            let ends = ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse::<u64>().ok()?)));
            let Some((first, last)) = ends.filter(|(first, last)| first <= last) else {
                let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and \
                               last are the zero-based offsets of the first and last bytes to copy";
                return Err(s3_error!(InvalidArgument, "{message}"));
            };
            if length <= RANGES_ABOVE {
                let message = "The specified copy source is not supported as a byte-range copy source.";
                return Err(s3_error!(InvalidRequest, "{message}"));
            }
            if last >= length {
                return Err(s3_error!(
                    InvalidArgument,
                    "Range specified is not valid for source object of size: {length}"
                ));
            }
            first..last + 1
        }
    };
    if span.end - span.start > LARGEST {
        let message = "The specified copy source is larger than the maximum allowable size for a copy source";
        return Err(s3_error!(InvalidRequest, "{message}: {LARGEST}"));
    }
    Ok(span)
}

/// Copy a range into a file, hashing what is kept. Spoilt, it has another first byte.
fn copy(
    from: &std::path::Path,
    range: Range<u64>,
    to: &std::path::Path,
    spoilt: bool,
    hasher: &mut Hasher,
) -> std::io::Result<()> {
    let mut from = File::open(from)?;
    from.seek(SeekFrom::Start(range.start))?;
    let mut to = File::create(to)?;
    let mut left = range.end - range.start;
    let mut buffer = vec![0; BUFFER];
    let mut first = spoilt;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
        from.read_exact(&mut buffer[..wanted])?;
        if std::mem::take(&mut first) {
            buffer[0] ^= 1;
        }
        hasher.update(&buffer[..wanted]);
        to.write_all(&buffer[..wanted])?;
        left -= wanted as u64;
    }
    to.sync_all()
}

/// Somebody puts other bytes at the key of the source, the moment before it is copied.
fn overwrite(buckets: &Buckets, bucket: &str, source: Object) -> Result<Object, Error> {
    let path = buckets.blob(bucket, &source.blob);
    let mut bytes = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
    if let Some(byte) = bytes.first_mut() {
        *byte ^= 1;
    }
    buckets.put(bucket, &source.key, &bytes, source.modified)?;
    Ok(buckets.object(bucket, &source.key)?.unwrap_or(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_both_ends_and_lies_in_its_source() {
        #[track_caller]
        fn case(range: Option<&str>, length: u64, expected: Result<Range<u64>, &str>) {
            let found = span(range, length).map_err(|error| error.code().as_str().to_owned());
            assert_eq!(found, expected.map_err(str::to_owned));
        }
        let large = RANGES_ABOVE + 1;
        case(None, 3, Ok(0..3));
        case(Some("bytes=0-2"), large, Ok(0..3));
        case(Some("bytes=5242880-5242880"), large, Ok(5_242_880..5_242_881));
        case(Some("bytes=0-2"), RANGES_ABOVE, Err("InvalidRequest"));
        case(Some("bytes=0-5242881"), large, Err("InvalidArgument"));
        case(None, LARGEST + 1, Err("InvalidRequest"));
        for wrong in ["bytes=3-2", "bytes=-2", "bytes=2-", "0-2", "bytes=a-b"] {
            case(Some(wrong), large, Err("InvalidArgument"));
        }
    }
}
