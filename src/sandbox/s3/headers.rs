//! Headers that several requests have in common. Their types differ and their fields do not, hence the macros.

use std::collections::BTreeMap;

use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::buckets::Object;

/// Headers and tags with which an object is uploaded.
macro_rules! object_headers {
    ($input:ident) => {
        crate::sandbox::s3::buckets::ObjectHeaders {
            content_type: $input.content_type,
            content_encoding: $input.content_encoding,
            content_disposition: $input.content_disposition,
            content_language: $input.content_language,
            cache_control: $input.cache_control,
            kms_key: $input.ssekms_key_id,
            metadata: $input.metadata.unwrap_or_default().into_iter().collect(),
            tags: crate::sandbox::s3::headers::tags($input.tagging.as_deref()),
        }
    };
}
pub(super) use object_headers;

/// The checksums that a client claims, by algorithm.
macro_rules! sums {
    ($input:ident) => {
        crate::sandbox::s3::digest::from_dto(&s3s::dto::Checksum {
            checksum_crc32: $input.checksum_crc32,
            checksum_crc32c: $input.checksum_crc32c,
            checksum_crc64nvme: $input.checksum_crc64nvme,
            checksum_sha1: $input.checksum_sha1,
            checksum_sha256: $input.checksum_sha256,
            checksum_type: None,
        })
    };
}
pub(super) use sums;

/// Tags as the `x-amz-tagging` header has them, like a query.
pub(super) fn tags(header: Option<&str>) -> BTreeMap<String, String> {
    crate::sandbox::input::form(header.unwrap_or_default().as_bytes()).into_iter().collect()
}

/// Headers with which a client ties a write to what is there.
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

impl Conditions {
    /// Call it exclusively, just before replacing.
    pub(super) fn check(&self, there: Option<&Object>) -> S3Result<()> {
        let refused = || s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold");
        let same = |condition: &ETagCondition| match (condition, there) {
            (_, None) => false,
            (ETagCondition::Any, Some(_)) => true,
            (ETagCondition::ETag(etag), Some(there)) => etag.value() == there.etag,
        };
        if self.if_match.is_some() && there.is_none() {
            return Err(s3_error!(NoSuchKey, "The specified key does not exist."));
        }
        if self.if_match.as_ref().is_some_and(|condition| !same(condition)) {
            return Err(refused());
        }
        if self.if_none_match.as_ref().is_some_and(same) {
            return Err(refused());
        }
        Ok(())
    }
}
