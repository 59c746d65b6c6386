//! Uploads in parts: they can be listed, resumed, completed once, or aborted.

use std::fs::File;
use std::io::Read;

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::buckets::{self, Buckets, Object, Sums, Upload};
use super::digest::{self, Hasher};
use super::headers::{Conditions, object_headers, sums};
use super::receive::Claims;
use super::{Objects, broken, find_bucket, owner, timestamp};
use crate::sandbox::Error;

/// Every part but the last has at least this many bytes.
const SMALLEST: u64 = 5 * 1024 * 1024;

pub(super) fn check_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}

pub(super) fn find_upload(buckets: &Buckets, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
    find_bucket(buckets, bucket)?;
    let upload = buckets.upload(bucket, id).map_err(|error| broken(&error))?;
    upload.filter(|upload| upload.key == key).ok_or_else(|| {
        s3_error!(
            NoSuchUpload,
            "The specified multipart upload does not exist. The upload ID might be invalid, or the multipart upload might \
             have been aborted or completed."
        )
    })
}

/// SHA sums can only be combined; CRC64NVME is always of the whole object.
fn composite(algorithm: Option<&str>, asked: Option<&str>) -> bool {
    match (algorithm, asked) {
        (None | Some("CRC64NVME"), _) | (_, Some(ChecksumType::FULL_OBJECT)) => false,
        (Some(_), _) => true,
    }
}

fn kind(upload: &Upload) -> ChecksumType {
    ChecksumType::from_static(if upload.composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT })
}

impl Objects {
    pub(super) async fn start_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let algorithm = input.checksum_algorithm.as_ref().map(|name| name.as_str().to_owned());
        let asked = input.checksum_type.as_ref().map(ChecksumType::as_str);
        let upload = Upload {
            id: (0..64).map(|_| fastrand::alphanumeric()).collect(),
            key: input.key.clone(),
            started: self.world.now(),
            composite: composite(algorithm.as_deref(), asked),
            algorithm,
            headers: object_headers!(input),
        };
        let output = CreateMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key),
            upload_id: Some(upload.id.clone()),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: upload.algorithm.is_some().then(|| kind(&upload)),
            ..Default::default()
        };
        let bucket = input.bucket;
        self.files(move |buckets| {
            find_bucket(buckets, &bucket)?;
            buckets.start_upload(&bucket, &upload).map_err(|error| broken(&error))
        })
        .await?;
        Ok(S3Response::new(output))
    }

    pub(super) async fn put_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = req.input;
        check_number(input.part_number)?;
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let upload = self.files(move |buckets| find_upload(buckets, &bucket, &key, &id)).await?;
        let claims = Claims {
            md5: input.content_md5,
            sums: sums!(input),
            trailing: req.trailing_headers,
            algorithms: upload.algorithm.into_iter().collect(),
        };
        let received = self.receive(&input.bucket, input.body, claims, &req.headers).await?;
        let modified = self.world.now();
        let (bucket, key, id, number) = (input.bucket, input.key, input.upload_id, input.part_number);
        let part = self
            .files(move |buckets| {
                let part = buckets.exclusively(|| {
                    // It may have been completed or aborted while the part came in.
                    if buckets.upload(&bucket, &id)?.is_none() {
                        return Ok(None);
                    }
                    let part = buckets::Part {
                        number,
                        blob: buckets.keep(received.blob)?,
                        bytes: received.bytes,
                        etag: received.hashed.md5,
                        modified,
                        sums: received.hashed.sums,
                    };
                    buckets.put_part(&bucket, &id, &part)?;
                    Ok(Some(part))
                });
                match part.map_err(|error| broken(&error))? {
                    Some(part) => Ok(part),
                    None => Err(find_upload(buckets, &bucket, &key, &id)
                        .err()
                        .unwrap_or_else(|| s3_error!(OperationAborted))),
                }
            })
            .await?;
        let sum = |name: &str| part.sums.get(name).cloned();
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(ETag::Strong(part.etag.clone())),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            ..Default::default()
        }))
    }

    pub(super) async fn parts(&self, input: ListPartsInput) -> S3Result<S3Response<ListPartsOutput>> {
        let ListPartsInput { bucket, key, upload_id, max_parts, part_number_marker, .. } = input;
        let (at, named, id) = (bucket.clone(), key.clone(), upload_id.clone());
        let (upload, parts) = self
            .files(move |buckets| {
                let upload = find_upload(buckets, &at, &named, &id)?;
                Ok((upload, buckets.parts(&at, &id).map_err(|error| broken(&error))?))
            })
            .await?;
        let after = part_number_marker.as_ref().and_then(|marker| marker.to_string().parse().ok()).unwrap_or(0);
        let limit = max_parts.unwrap_or(1000).clamp(0, 1000);
        let mut parts: Vec<buckets::Part> = parts.into_iter().filter(|part| part.number > after).collect();
        let more = parts.len() > usize::try_from(limit).unwrap_or_default();
        parts.truncate(usize::try_from(limit).unwrap_or_default());
        let next = parts.last().filter(|_| more).map(|part| part.number);
        let described = parts.into_iter().map(|part| Part {
            checksum_crc32: part.sums.get("CRC32").cloned(),
            checksum_crc32c: part.sums.get("CRC32C").cloned(),
            checksum_crc64nvme: part.sums.get("CRC64NVME").cloned(),
            checksum_sha1: part.sums.get("SHA1").cloned(),
            checksum_sha256: part.sums.get("SHA256").cloned(),
            e_tag: Some(ETag::Strong(part.etag)),
            last_modified: Some(timestamp(part.modified)),
            part_number: Some(part.number),
            size: Some(i64::try_from(part.bytes).unwrap_or(i64::MAX)),
        });
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(upload_id),
            checksum_algorithm: upload.algorithm.clone().map(ChecksumAlgorithm::from),
            checksum_type: upload.algorithm.is_some().then(|| kind(&upload)),
            is_truncated: Some(more),
            max_parts: Some(limit),
            next_part_number_marker: next,
            owner: Some(owner()),
            part_number_marker,
            parts: Some(described.collect()),
            ..Default::default()
        }))
    }

    pub(super) async fn uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let bucket = input.bucket.clone();
        let all = self
            .files(move |buckets| {
                find_bucket(buckets, &bucket)?;
                buckets.uploads(&bucket).map_err(|error| broken(&error))
            })
            .await?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let markers = (input.key_marker.clone().unwrap_or_default(), input.upload_id_marker.clone());
        // With an id, the page goes on behind that upload; with a key alone, behind all uploads of the key.
        let mut behind = markers.1.is_none();
        let mut uploads: Vec<Upload> = Vec::new();
        for upload in all {
            let passed = upload.key > markers.0 || (behind && upload.key == markers.0 && markers.1.is_some());
            behind |= upload.key == markers.0 && Some(&upload.id) == markers.1.as_ref();
            if passed && upload.key.starts_with(&prefix) {
                uploads.push(upload);
            }
        }
        let limit = usize::try_from(input.max_uploads.unwrap_or(1000).clamp(1, 1000)).unwrap_or(1000);
        let more = uploads.len() > limit;
        uploads.truncate(limit);
        let last = uploads.last().filter(|_| more).cloned();
        let described = uploads.into_iter().map(|upload| MultipartUpload {
            checksum_algorithm: upload.algorithm.clone().map(ChecksumAlgorithm::from),
            checksum_type: upload.algorithm.is_some().then(|| kind(&upload)),
            initiated: Some(timestamp(upload.started)),
            key: Some(upload.key),
            owner: Some(owner()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(upload.id),
            ..Default::default()
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            is_truncated: Some(more),
            max_uploads: i32::try_from(limit).ok(),
            next_key_marker: last.as_ref().map(|upload| upload.key.clone()),
            next_upload_id_marker: last.map(|upload| upload.id),
            prefix: input.prefix,
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            uploads: Some(described.collect()),
            ..Default::default()
        }))
    }

    pub(super) async fn complete(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let claimed = sums!(input);
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let (bucket, key, id, now) = (input.bucket.clone(), input.key.clone(), input.upload_id, self.world.now());
        let object = self
            .files(move |buckets| {
                let upload = find_upload(buckets, &bucket, &key, &id)?;
                let there = buckets.parts(&bucket, &id).map_err(|error| broken(&error))?;
                let parts = chosen(&listed, &there)?;
                let object = assemble(buckets, &bucket, &upload, &parts, now)?;
                // A refused completion leaves the upload as it was.
                let wrong =
                    claimed.iter().any(|(name, value)| object.sums.values.get(name).is_some_and(|sum| sum != value));
                let outcome = if wrong {
                    Err(s3_error!(BadDigest, "The checksum you specified did not match the calculated checksum."))
                } else {
                    finish(buckets, &bucket, &id, &object, &conditions)
                };
                if let Err(refusal) = outcome {
                    buckets.forget_blob(&bucket, &object.blob);
                    return Err(refusal);
                }
                Ok(object)
            })
            .await?;
        let sum = |name: &str| object.sums.values.get(name).cloned();
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            checksum_type: Some(super::checksum_type(&object.sums)),
            ..Default::default()
        }))
    }
}

/// The parts that the client lists, if they are what was uploaded.
fn chosen(listed: &[CompletedPart], there: &[buckets::Part]) -> S3Result<Vec<buckets::Part>> {
    if listed.is_empty() {
        return Err(s3_error!(MalformedXML, "You must specify at least one part"));
    }
    let mut parts: Vec<buckets::Part> = Vec::new();
    for asked in listed {
        let number = asked.part_number.unwrap_or_default();
        if parts.last().is_some_and(|part| part.number >= number) {
            let message = "The list of parts was not in ascending order. The parts list must be specified in order by part number.";
            return Err(s3_error!(InvalidPartOrder, "{message}"));
        }
        let same = |part: &&buckets::Part| {
            part.number == number && asked.e_tag.as_ref().is_some_and(|etag| etag.value() == part.etag)
        };
        let Some(part) = there.iter().find(same) else {
            return Err(no_such_part());
        };
        parts.push(part.clone());
    }
    let all_but_last = parts.split_last().map(|(_, rest)| rest).unwrap_or_default();
    if all_but_last.iter().any(|part| part.bytes < SMALLEST) {
        return Err(s3_error!(EntityTooSmall, "Your proposed upload is smaller than the minimum allowed object size."));
    }
    Ok(parts)
}

fn no_such_part() -> s3s::S3Error {
    s3_error!(
        InvalidPart,
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified \
         entity tag may not match the part's entity tag."
    )
}

/// Put the parts together in a new blob.
fn assemble(
    buckets: &Buckets,
    bucket: &str,
    upload: &Upload,
    parts: &[buckets::Part],
    modified: jiff::Timestamp,
) -> S3Result<Object> {
    let blob = buckets.new_blob(bucket).map_err(|error| broken(&error))?;
    let full = |source| broken(&Error::Write { path: blob.to_path_buf(), source });
    let mut file = File::create(&blob).map_err(full)?;
    let mut hasher = Hasher::new(upload.algorithm.as_deref().into_iter());
    let mut bytes = 0;
    let mut buffer = vec![0; 256 * 1024];
    for part in parts {
        let path = buckets.blob(bucket, &part.blob);
        let gone = |source| broken(&Error::Read { path: path.clone(), source });
        let mut source = match File::open(&path) {
            // Another upload of the part took its place a moment ago.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(no_such_part()),
            source => source.map_err(gone)?,
        };
        loop {
            let read = source.read(&mut buffer).map_err(gone)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            std::io::Write::write_all(&mut file, &buffer[..read]).map_err(full)?;
            bytes += read as u64;
        }
    }
    file.sync_all().map_err(full)?;
    let mut sums = Sums { values: hasher.finish().sums, composite: upload.composite, parts: Vec::new() };
    if let Some(algorithm) = upload.algorithm.as_deref().filter(|_| upload.composite) {
        let of_part = |part: &buckets::Part| Some((part.bytes, part.sums.get(algorithm)?.clone()));
        sums.parts = parts.iter().filter_map(of_part).collect();
        let sum = digest::composite_sum(algorithm, sums.parts.iter().map(|(_, sum)| sum.as_str()));
        sums.values = sum.map(|sum| (algorithm.to_owned(), sum)).into_iter().collect();
    }
    Ok(Object {
        key: upload.key.clone(),
        blob: buckets.keep(blob).map_err(|error| broken(&error))?,
        bytes,
        etag: digest::composite_etag(parts.iter().map(|part| part.etag.as_str())),
        modified,
        sums,
        headers: upload.headers.clone(),
    })
}

/// The object appears and the upload is over, in this order: a kill in between leaves an upload to abort, and no loss.
fn finish(buckets: &Buckets, bucket: &str, id: &str, object: &Object, conditions: &Conditions) -> S3Result<()> {
    let outcome = buckets.exclusively(|| {
        if buckets.upload(bucket, id)?.is_none() {
            return Ok(Err(s3_error!(NoSuchUpload)));
        }
        if let Err(refusal) = conditions.check(buckets.object(bucket, &object.key)?.as_ref()) {
            return Ok(Err(refusal));
        }
        buckets.replace(bucket, object)?;
        buckets.end_upload(bucket, id).map(Ok)
    });
    outcome.unwrap_or_else(|error| Err(broken(&error)))
}
