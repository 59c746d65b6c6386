//! Small documents beside the bundles: who moves an environment, and what ran well. Shared by everybody who uses the bucket.

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

/// Content of a key that a document of ours belongs to.
#[derive(Debug)]
pub(crate) enum Stored<T> {
    Nothing,
    Document {
        document: T,
        tag: String,
    },
    /// Cut off, of a later version, or somebody else's.
    Unreadable {
        tag: String,
    },
}

/// No document of ours is larger.
const LARGEST: i64 = 1 << 20;

impl BundleBucket {
    /// Write a document where nothing is. `None`: something is there; otherwise its tag.
    pub(crate) async fn write(
        &self,
        aws: &Aws,
        key: &str,
        document: &impl Serialize,
    ) -> Result<Option<String>, ApiError> {
        self.put_document(aws, key, document, None).await
    }

    /// Write a document over the one with this tag. `None`: there is another one by now; otherwise the new tag.
    pub(crate) async fn replace(
        &self,
        aws: &Aws,
        key: &str,
        document: &impl Serialize,
        tag: &str,
    ) -> Result<Option<String>, ApiError> {
        self.put_document(aws, key, document, Some(tag)).await
    }

    async fn put_document(
        &self,
        aws: &Aws,
        key: &str,
        document: &impl Serialize,
        over: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        let bytes = serde_json::to_vec_pretty(document).expect("documents have string keys");
        let checksum = base64::encode(sha256(&bytes));
        let call = Call::s3("PutObject", &self.name, key);
        let request = aws
            .s3
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type("application/json")
            .checksum_sha256(checksum)
            .body(ByteStream::from(bytes))
            .set_expected_bucket_owner(self.owner.clone());
        let (call, request) = match over {
            Some(tag) => (call.with("IfMatch", tag), request.if_match(tag)),
            None => (call.with("IfNoneMatch", "*"), request.if_none_match("*")),
        };
        match aws.write(call, request.send()).await {
            Ok(answer) => Ok(Some(answer.and_then(|answer| answer.e_tag).unwrap_or_default())),
            Err(error) if error.kind() == ErrorKind::Taken => Ok(None),
            // What was to be replaced is gone.
            Err(error) if over.is_some() && error.kind() == ErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The document at a key.
    pub(crate) async fn stored<T: DeserializeOwned>(&self, aws: &Aws, key: &str) -> Result<Stored<T>, ApiError> {
        let call = Call::s3("GetObject", &self.name, key);
        let request = aws.s3.get_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        let answer = match aws.read(call.clone(), request.set_expected_bucket_owner(self.owner.clone()).send()).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::Missing => return Ok(Stored::Nothing),
            Err(error) => return Err(error),
        };
        let tag = answer.e_tag.clone().unwrap_or_default();
        if answer.content_length().is_some_and(|length| length > LARGEST) {
            return Ok(Stored::Unreadable { tag });
        }
        let body =
            answer.body.collect().await.map_err(|error| ApiError::cut_off(call.clone(), &error, aws.endpoint()))?;
        Ok(match serde_json::from_slice(&body.into_bytes()) {
            Ok(document) => Stored::Document { document, tag },
            Err(_) => Stored::Unreadable { tag },
        })
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
