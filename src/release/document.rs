//! Small documents beside the bundles: who deploys now, and what ran well. Shared by everybody who uses the bucket.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_types::base64;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::bucket::BundleBucket;
use super::bundle_file::sha256;
use super::call::Call;

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    pub(crate) modified: Option<Timestamp>,
}

impl BundleBucket {
    /// Write a document where nothing is. `None`: something is there; otherwise its tag.
    pub(crate) async fn write(
        &self,
        aws: &Aws,
        key: &str,
        document: &impl Serialize,
    ) -> Result<Option<String>, ApiError> {
        let bytes = serde_json::to_vec_pretty(document).expect("documents have string keys");
        let checksum = base64::encode(sha256(&bytes));
        let call = Call::s3("PutObject", &self.name, key).with("IfNoneMatch", "*");
        let request = aws
            .s3
            .put_object()
            .bucket(&self.name)
            .key(key)
            .if_none_match("*")
            .content_type("application/json")
            .checksum_sha256(checksum)
            .body(ByteStream::from(bytes))
            .set_expected_bucket_owner(self.owner.clone());
        match aws.write(call, request.send()).await {
            Ok(answer) => Ok(Some(answer.and_then(|answer| answer.e_tag).unwrap_or_default())),
            Err(error) if error.kind() == ErrorKind::Taken => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The document at a key, and its tag.
    pub(crate) async fn document<T: DeserializeOwned>(
        &self,
        aws: &Aws,
        key: &str,
    ) -> Result<Option<(T, String)>, ApiError> {
        let call = Call::s3("GetObject", &self.name, key);
        let request = aws.s3.get_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        let answer = match aws.read(call.clone(), request.set_expected_bucket_owner(self.owner.clone()).send()).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::Missing => return Ok(None),
            Err(error) => return Err(error),
        };
        let tag = answer.e_tag.clone().unwrap_or_default();
        let body =
            answer.body.collect().await.map_err(|error| ApiError::cut_off(call.clone(), &error, aws.endpoint()))?;
        let document = serde_json::from_slice(&body.into_bytes())
            .map_err(|error| ApiError::cut_off(call, &error, aws.endpoint()))?;
        Ok(Some((document, tag)))
    }

    /// Remove an object. It is fine if it is gone already.
    pub(crate) async fn remove(&self, aws: &Aws, key: &str, tag: Option<&str>) -> Result<(), ApiError> {
        let mut call = Call::s3("DeleteObject", &self.name, key);
        if let Some(tag) = tag {
            call = call.with("IfMatch", tag);
        }
        let request = aws.s3.delete_object().bucket(&self.name).key(key).set_if_match(tag.map(str::to_owned));
        match aws.write(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
            Err(error) if !matches!(error.kind(), ErrorKind::Missing | ErrorKind::Taken) => Err(error),
            _ => Ok(()),
        }
    }

    /// Every object whose key starts with `prefix`, in the order of the keys.
    pub(crate) async fn list(&self, aws: &Aws, prefix: &str) -> Result<Vec<Listed>, ApiError> {
        let mut listed = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let call = Call::s3("ListObjectsV2", &self.name, "").with("Prefix", prefix);
            let request = aws.s3.list_objects_v2().bucket(&self.name).prefix(prefix);
            let request = request.set_continuation_token(token.clone());
            let page = match aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
                Ok(page) => page,
                // A bucket that nobody has needed yet.
                Err(error) if error.kind() == ErrorKind::Missing => return Ok(listed),
                Err(error) => return Err(error),
            };
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                Some(Listed {
                    key: object.key?,
                    bytes: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                    modified: object.last_modified.and_then(|date| super::version::timestamp(&date)),
                })
            }));
            if page.next_continuation_token.is_none() || page.next_continuation_token == token {
                return Ok(listed);
            }
            token = page.next_continuation_token;
        }
    }
}
