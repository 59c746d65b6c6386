//! Security of the bucket: looked at before anything is put into it, and said.

use serde::Serialize;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::bucket::BundleBucket;
use super::call::Call;

/// Security of a bucket, as far as these credentials may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketSecurity {
    /// All four blocks of public access are on. `None`: it could not be checked.
    pub public_access_blocked: Option<bool>,
    /// Encryption of a bundle: `AES256`, `aws:kms`, `aws:kms:dsse`. `None`: it could not be checked.
    pub encryption: Option<String>,
    /// The KMS key, where there is one.
    pub kms_key: Option<String>,
}

impl BundleBucket {
    /// Look at the guards of the bucket.
    pub(crate) async fn security(&self, aws: &Aws) -> Result<BucketSecurity, ApiError> {
        let (blocked, encryption) = tokio::join!(self.public_access_blocked(aws), self.default_encryption(aws));
        let (encryption, kms_key) = match &self.kms_key {
            Some(key) => (Some("aws:kms".to_owned()), Some(key.clone())),
            None => encryption?,
        };
        Ok(BucketSecurity { public_access_blocked: blocked?, encryption, kms_key })
    }

    async fn public_access_blocked(&self, aws: &Aws) -> Result<Option<bool>, ApiError> {
        let call = Call::s3("GetPublicAccessBlock", &self.name, "");
        let request = aws.s3.get_public_access_block().bucket(&self.name);
        match aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
            Ok(answer) => Ok(answer.public_access_block_configuration.map(|found| {
                let blocks = [
                    found.block_public_acls,
                    found.ignore_public_acls,
                    found.block_public_policy,
                    found.restrict_public_buckets,
                ];
                blocks.iter().all(|block| *block == Some(true))
            })),
            // The account may block it all the same; of this bucket nothing is said.
            Err(error) if error.code() == Some("NoSuchPublicAccessBlockConfiguration") => Ok(Some(false)),
            Err(error) => unseen(error).map(|()| None),
        }
    }

    async fn default_encryption(&self, aws: &Aws) -> Result<(Option<String>, Option<String>), ApiError> {
        let call = Call::s3("GetBucketEncryption", &self.name, "");
        let request = aws.s3.get_bucket_encryption().bucket(&self.name);
        let answer = match aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
            Ok(answer) => answer,
            Err(error) => return unseen(error).map(|()| (None, None)),
        };
        let rules = answer.server_side_encryption_configuration.map(|found| found.rules).unwrap_or_default();
        let rule = rules.into_iter().find_map(|rule| rule.apply_server_side_encryption_by_default);
        Ok(match rule {
            Some(rule) => (Some(rule.sse_algorithm.as_str().to_owned()), rule.kms_master_key_id),
            None => (None, None),
        })
    }
}

/// Guards are good to know, and no reason to fail: without the right to look, or in a place that has none, go on.
fn unseen(error: ApiError) -> Result<(), ApiError> {
    if error.is_a_refusal() || error.kind() == ErrorKind::Garbled {
        return Ok(());
    }
    Err(error)
}
