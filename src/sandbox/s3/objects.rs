//! Whole objects: put, get, head, copy, list, tag.

use std::collections::BTreeMap;
use std::io::SeekFrom;

use futures_util::stream;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::buckets::{Buckets, Object as Kept, ObjectHeaders, Sums};
use super::headers::{Conditions, object_headers, sums};
use super::receive::Claims;
use super::{Objects, broken, checksum_type, find_bucket, find_object, timestamp};
use crate::sandbox::Error;

/// Replace an object if the conditions allow it.
pub(super) fn commit(buckets: &Buckets, bucket: &str, object: &Kept, conditions: &Conditions) -> S3Result<()> {
    let outcome = buckets.exclusively(|| {
        if let Err(refusal) = conditions.check(buckets.object(bucket, &object.key)?.as_ref()) {
            return Ok(Err(refusal));
        }
        buckets.replace(bucket, object).map(Ok)
    });
    let outcome = outcome.unwrap_or_else(|error| Err(broken(&error)));
    if outcome.is_err() {
        buckets.forget_blob(bucket, &object.blob);
    }
    outcome
}

impl Objects {
    pub(super) async fn put(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        self.bucket(&input.bucket).await?;
        let sums = sums!(input);
        let claims = Claims {
            md5: input.content_md5,
            sums,
            trailing: req.trailing_headers,
            algorithms: input.checksum_algorithm.iter().map(|name| name.as_str().to_owned()).collect(),
        };
        let received = self.receive(&input.bucket, input.body, claims, &req.headers).await?;
        let headers = object_headers!(input);
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let (bucket, key, modified) = (input.bucket, input.key, self.world.now());
        let object = self
            .files(move |buckets| {
                let object = Kept {
                    key,
                    bytes: received.bytes,
                    etag: received.hashed.md5,
                    modified,
                    sums: Sums { values: received.hashed.sums, ..Sums::default() },
                    headers,
                    blob: buckets.keep(received.blob).map_err(|error| broken(&error))?,
                };
                commit(buckets, &bucket, &object, &conditions)?;
                Ok(object)
            })
            .await?;
        let sum = |name: &str| object.sums.values.get(name).cloned();
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            checksum_type: Some(checksum_type(&object.sums)),
            server_side_encryption: Some(encryption(object.headers.kms_key.as_ref())),
            ssekms_key_id: object.headers.kms_key,
            ..Default::default()
        }))
    }

    pub(super) async fn get(&self, input: GetObjectInput) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput { bucket, key, range, if_match, if_none_match, checksum_mode, .. } = input;
        let (object, file) = self
            .files(move |buckets| {
                let object = find_object(buckets, &bucket, &key)?;
                readable(&object, if_match.as_ref(), if_none_match.as_ref())?;
                open(buckets, &bucket, object)
            })
            .await?;
        let span = match &range {
            Some(range) => range.check(object.bytes).map_err(s3s::S3Error::from)?,
            None => 0..object.bytes,
        };
        let body = read_span(file, span.clone()).await?;
        let whole = range.is_none();
        let sum = |name: &str| {
            let asked = checksum_mode.is_some() && whole;
            asked.then(|| object.sums.values.get(name).cloned()).flatten()
        };
        let part = (!whole).then(|| format!("bytes {}-{}/{}", span.start, span.end.saturating_sub(1), object.bytes));
        let headers = object.headers.clone();
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(body),
            content_length: Some(i64::try_from(span.end - span.start).unwrap_or(i64::MAX)),
            content_range: part,
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(timestamp(object.modified)),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            checksum_type: (checksum_mode.is_some() && whole).then(|| checksum_type(&object.sums)),
            content_type: Some(headers.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())),
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            cache_control: headers.cache_control,
            tag_count: (!headers.tags.is_empty()).then_some(i32::try_from(headers.tags.len()).unwrap_or(i32::MAX)),
            metadata: Some(headers.metadata.into_iter().collect()),
            ..Default::default()
        }))
    }

    pub(super) async fn head(&self, input: HeadObjectInput) -> S3Result<S3Response<HeadObjectOutput>> {
        let HeadObjectInput { bucket, key, if_match, if_none_match, checksum_mode, .. } = input;
        let object = self
            .files(move |buckets| {
                let object = find_object(buckets, &bucket, &key)?;
                readable(&object, if_match.as_ref(), if_none_match.as_ref())?;
                Ok(object)
            })
            .await?;
        let sum = |name: &str| checksum_mode.as_ref().and_then(|_| object.sums.values.get(name).cloned());
        let headers = object.headers.clone();
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(i64::try_from(object.bytes).unwrap_or(i64::MAX)),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(timestamp(object.modified)),
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            checksum_type: checksum_mode.as_ref().map(|_| checksum_type(&object.sums)),
            content_type: Some(headers.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())),
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            cache_control: headers.cache_control,
            metadata: Some(headers.metadata.into_iter().collect()),
            server_side_encryption: Some(encryption(headers.kms_key.as_ref())),
            ssekms_key_id: headers.kms_key,
            ..Default::default()
        }))
    }

    pub(super) async fn copy(&self, input: CopyObjectInput) -> S3Result<S3Response<CopyObjectOutput>> {
        let CopySource::Bucket { bucket: from_bucket, key: from_key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "the sandbox has no access points"));
        };
        let (from_bucket, from_key) = (from_bucket.to_string(), from_key.to_string());
        let replace = input.metadata_directive.as_ref().is_some_and(|name| name.as_str() == MetadataDirective::REPLACE);
        let retag = input.tagging_directive.as_ref().is_some_and(|name| name.as_str() == TaggingDirective::REPLACE);
        let conditions = Conditions { if_match: None, if_none_match: None };
        let source_match = (input.copy_source_if_match, input.copy_source_if_none_match);
        let (bucket, key, modified) = (input.bucket, input.key, self.world.now());
        let headers = object_headers!(input);
        let object = self
            .files(move |buckets| {
                let source = find_object(buckets, &from_bucket, &from_key)?;
                find_bucket(buckets, &bucket)?;
                if from_bucket == bucket && from_key == key && !replace {
                    return Err(s3_error!(
                        InvalidRequest,
                        "This copy request is illegal because it is trying to copy an object to itself without changing \
                         the object's metadata, storage class, website redirect location or encryption attributes."
                    ));
                }
                Conditions { if_match: source_match.0, if_none_match: source_match.1 }.check(Some(&source))?;
                let path = buckets.blob(&from_bucket, &source.blob);
                let blob = buckets.new_blob(&bucket).map_err(|error| broken(&error))?;
                std::fs::copy(&path, &blob).map_err(|source| broken(&Error::Read { path, source }))?;
                let tags = if retag { headers.tags.clone() } else { source.headers.tags.clone() };
                let headers = if replace { ObjectHeaders { tags, ..headers } } else { ObjectHeaders { tags, ..source.headers } };
                let blob = buckets.keep(blob).map_err(|error| broken(&error))?;
                let object = Kept { key, blob, modified, headers, ..source };
                commit(buckets, &bucket, &object, &conditions)?;
                Ok(object)
            })
            .await?;
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(timestamp(object.modified)),
            ..Default::default()
        };
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..Default::default() }))
    }

    pub(super) async fn attributes(
        &self,
        input: GetObjectAttributesInput,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        let GetObjectAttributesInput { bucket, key, object_attributes, max_parts, part_number_marker, .. } = input;
        let object = self.files(move |buckets| find_object(buckets, &bucket, &key)).await?;
        // A client may send one header with all names, which arrives here as one.
        let names: Vec<&str> =
            object_attributes.iter().flat_map(|names| names.as_str().split(',')).map(str::trim).collect();
        let asked = |name: &str| names.contains(&name);
        let sum = |name: &str| object.sums.values.get(name).cloned();
        let checksum = Checksum {
            checksum_crc32: sum("CRC32"),
            checksum_crc32c: sum("CRC32C"),
            checksum_crc64nvme: sum("CRC64NVME"),
            checksum_sha1: sum("SHA1"),
            checksum_sha256: sum("SHA256"),
            checksum_type: Some(checksum_type(&object.sums)),
        };
        Ok(S3Response::new(GetObjectAttributesOutput {
            checksum: asked("Checksum").then_some(checksum),
            e_tag: asked("ETag").then(|| ETag::Strong(object.etag.clone())),
            last_modified: Some(timestamp(object.modified)),
            object_parts: asked("ObjectParts").then(|| parts(&object.sums, max_parts, part_number_marker)).flatten(),
            object_size: asked("ObjectSize").then_some(i64::try_from(object.bytes).unwrap_or(i64::MAX)),
            storage_class: asked("StorageClass").then(|| StorageClass::from_static(StorageClass::STANDARD)),
            ..Default::default()
        }))
    }

    pub(super) async fn retag(&self, bucket: String, key: String, tags: BTreeMap<String, String>) -> S3Result<()> {
        if tags.len() > 10 {
            return Err(s3_error!(InvalidTag, "Object tags cannot be greater than 10"));
        }
        self.files(move |buckets| {
            let outcome = buckets.exclusively(|| {
                let Some(mut object) = buckets.object(&bucket, &key)? else { return Ok(false) };
                object.headers.tags = tags;
                buckets.replace(&bucket, &object).map(|()| true)
            });
            if outcome.map_err(|error| broken(&error))? {
                return Ok(());
            }
            find_object(buckets, &bucket, &key).map(|_| ())
        })
        .await
    }
}

/// The parts of an object, from a marker on. S3 tells of them where the object has a checksum of its parts'.
fn parts(sums: &Sums, limit: Option<i32>, marker: Option<i32>) -> Option<GetObjectAttributesParts> {
    let algorithm = sums.values.keys().next().filter(|_| sums.composite)?;
    let after = marker.unwrap_or(0);
    let limit = limit.unwrap_or(1000).clamp(0, 1000);
    let all = (1..).zip(&sums.parts).filter(|(number, _)| *number > after);
    let described: Vec<ObjectPart> = all
        .take(usize::try_from(limit).unwrap_or_default())
        .map(|(number, (bytes, sum))| ObjectPart {
            part_number: Some(number),
            size: i64::try_from(*bytes).ok(),
            checksum_crc32: (algorithm == "CRC32").then(|| sum.clone()),
            checksum_crc32c: (algorithm == "CRC32C").then(|| sum.clone()),
            checksum_crc64nvme: None,
            checksum_sha1: (algorithm == "SHA1").then(|| sum.clone()),
            checksum_sha256: (algorithm == "SHA256").then(|| sum.clone()),
        })
        .collect();
    let last = described.last().and_then(|part| part.part_number).unwrap_or(after);
    let total = i32::try_from(sums.parts.len()).unwrap_or(i32::MAX);
    Some(GetObjectAttributesParts {
        is_truncated: Some(last < total),
        max_parts: Some(limit),
        next_part_number_marker: Some(last),
        part_number_marker: Some(after),
        parts: Some(described),
        total_parts_count: Some(total),
    })
}

/// The sandbox encrypts nothing, and says what it was asked for.
fn encryption(kms_key: Option<&String>) -> ServerSideEncryption {
    let how = if kms_key.is_some() { ServerSideEncryption::AWS_KMS } else { ServerSideEncryption::AES256 };
    ServerSideEncryption::from_static(how)
}

/// Open the bytes of an object together with its description: a writer may forget the blob a moment later.
fn open(buckets: &Buckets, bucket: &str, mut object: Kept) -> S3Result<(Kept, std::fs::File)> {
    let mut attempts = 0..3;
    loop {
        let path = buckets.blob(bucket, &object.blob);
        match std::fs::File::open(&path) {
            Ok(file) => return Ok((object, file)),
            Err(_) if attempts.next().is_some() => object = find_object(buckets, bucket, &object.key)?,
            Err(source) => return Err(broken(&Error::Read { path, source })),
        }
    }
}

/// The bytes of a file from and to a place, as they are read.
async fn read_span(file: std::fs::File, span: std::ops::Range<u64>) -> S3Result<StreamingBlob> {
    let mut file = tokio::fs::File::from_std(file);
    let failed = |error: std::io::Error| s3_error!(InternalError, "{error}");
    file.seek(SeekFrom::Start(span.start)).await.map_err(failed)?;
    Ok(StreamingBlob::wrap(stream::unfold((file, span.end - span.start), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let mut chunk = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(64 * 1024)];
        match file.read(&mut chunk).await {
            // The client sees a body that is too short, and no wrong end.
            Ok(0) => Some((Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)), (file, 0))),
            Ok(read) => {
                chunk.truncate(read);
                Some((Ok(bytes::Bytes::from(chunk)), (file, left - read as u64)))
            }
            Err(error) => Some((Err(error), (file, 0))),
        }
    })))
}

/// Conditions on reading.
fn readable(object: &Kept, if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<()> {
    let same = |condition: &ETagCondition| condition.as_etag().is_none_or(|etag| etag.value() == object.etag);
    if if_match.is_some_and(|condition| !same(condition)) {
        return Err(s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold"));
    }
    if if_none_match.is_some_and(same) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}
