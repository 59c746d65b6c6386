//! The bucket that bundles are kept in.
//!
//! An object is trusted for its checksum, never for its name: somebody else may have put it there.

use aws_sdk_s3::types::ServerSideEncryption;

use super::api_error::ApiError;
use super::aws::Aws;
use super::bundle_file::BundleFileError;
use super::call::Call;
use super::version::Location;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::bundle::TreeDigest;
use crate::fault::{Exit, Fault, Repeat};

/// A bucket, and how to be sure that it is the one that was meant.
#[derive(Debug, Clone)]
pub struct BundleBucket {
    pub name: String,
    /// The account that has to own it. Names of buckets can be guessed, and taken by others.
    pub owner: Option<String>,
    /// The KMS key to encrypt with, instead of what the bucket does by itself.
    pub kms_key: Option<String>,
}

/// Beginning of the keys of bundles, unless the project says otherwise.
pub const PREFIX: &str = "beansprout";

/// Settings of the place where the project keeps its bundles, resolved from flags and project file.
#[derive(Debug, Clone)]
pub struct BundleStore {
    /// `None` is the bucket that Elastic Beanstalk keeps for the account and region.
    pub bucket: Option<String>,
    /// `None` is the account that calls.
    pub owner: Option<String>,
    pub kms_key: Option<String>,
    pub prefix: String,
}

impl BundleStore {
    pub(crate) async fn open(&self, aws: &Aws) -> Result<BundleBucket, ApiError> {
        let bucket = match &self.bucket {
            Some(bucket) => bucket.clone(),
            None => BundleBucket::of_service(aws).await?,
        };
        let owner = self.owner.clone().or_else(|| aws.caller().account.clone());
        Ok(BundleBucket { name: bucket, owner, kms_key: self.kms_key.clone() })
    }

    /// The place of a bundle that may be in another bucket than ours: a version may have been registered by anybody.
    pub(crate) fn bucket_of(&self, aws: &Aws, bundle: &Location) -> BundleBucket {
        let account = aws.caller().account.clone();
        let ours = self.bucket.as_ref() == Some(&bundle.bucket);
        let owner = if ours {
            self.owner.clone().or(account)
        } else {
            // A bucket of this name in another account is one that somebody took before Elastic Beanstalk did.
            account.filter(|_| bundle.bucket.starts_with("elasticbeanstalk-"))
        };
        BundleBucket { name: bundle.bucket.clone(), owner, kms_key: self.kms_key.clone() }
    }

    /// Folder of things of one kind: bundles, deployments, operations.
    pub(crate) fn folder(&self, application: &Application, kind: &str) -> String {
        let prefix = self.prefix.trim_matches('/');
        let parts = [prefix, application, kind].into_iter().filter(|part| !part.is_empty());
        parts.map(|part| format!("{part}/")).collect()
    }

    /// Key of the operation on an environment.
    pub(crate) fn operation(&self, application: &Application, environment: &EnvironmentName) -> String {
        format!("{}{environment}.json", self.folder(application, "operations"))
    }

    /// Key of a bundle with this content.
    pub(crate) fn key(&self, application: &Application, digest: &str) -> String {
        format!("{}{digest}.zip", self.folder(application, ""))
    }
}

/// Request for a bundle's object, however it is sent: the SDK has a type of its own for each request.
macro_rules! bundle_at {
    ($request:expr, $bucket:expr, $key:expr, $bundle_file:expr) => {
        $request
            .bucket(&$bucket.name)
            .key($key)
            .content_type("application/zip")
            .metadata("beansprout-digest", $bundle_file.digest.to_string())
            .set_expected_bucket_owner($bucket.owner.clone())
            .set_server_side_encryption($bucket.encryption())
            .set_ssekms_key_id($bucket.kms_key.clone())
    };
}
pub(super) use bundle_at;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{location}` holds other content")]
    KeyTaken { location: Location, ours: TreeDigest, theirs: String },
    #[error("failed to write the download to a temporary file")]
    Keep { source: std::io::Error },
    #[error("`{location}` does not hold what was sent")]
    Corrupt { location: Location, sent: TreeDigest, found: String },
    #[error(transparent)]
    BundleFile(#[from] BundleFileError),
    #[error(transparent)]
    Refused(#[from] ApiError),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::KeyTaken { .. } => Exit::Conflict,
            Self::Corrupt { .. } => Exit::Aws,
            Self::Keep { .. } => Exit::Invalid,
            Self::BundleFile(error) => error.exit(),
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::Corrupt { .. } => Some(Repeat::AfterChange),
            Self::Refused(error) => error.repeat(),
            Self::KeyTaken { .. } | Self::Keep { .. } | Self::BundleFile(_) => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::KeyTaken { ours, theirs, .. } => Some(format!(
                "ours is {ours}, what is there is {theirs}; look at it, then remove it or choose another `prefix`"
            )),
            Self::Keep { .. } => Some("it goes to the folder for temporary files, which `TMPDIR` names".to_owned()),
            Self::Corrupt { location, sent, found } => Some(format!(
                "sent {sent}, found {found}; nothing was registered; remove `{location}` and run the same command again"
            )),
            Self::BundleFile(error) => error.hint(),
            Self::Refused(error) => error.hint(),
        }
    }
}

impl BundleBucket {
    /// The bucket that Elastic Beanstalk keeps for this account and region. Made if it is not there yet.
    pub(crate) async fn of_service(aws: &Aws) -> Result<String, ApiError> {
        let call = Call::eb("CreateStorageLocation");
        // What is there once is there: asking again would change nothing.
        let answer = match aws.would_have(call.operation, &[]) {
            true => None,
            false => aws.write(call.clone(), aws.eb.create_storage_location().send()).await?,
        };
        match answer {
            Some(answer) => answer.s3_bucket.ok_or_else(|| ApiError::empty(call, aws.endpoint())),
            // A dry run can only say what the name will most likely be.
            None => {
                let account = aws.caller().account.as_deref().unwrap_or("ACCOUNT");
                Ok(format!("elasticbeanstalk-{}-{account}", aws.region()))
            }
        }
    }

    /// Encryption to ask S3 for; without a key of its own the bucket's default holds.
    pub(super) fn encryption(&self) -> Option<ServerSideEncryption> {
        self.kms_key.as_ref().map(|_| ServerSideEncryption::AwsKms)
    }

    /// With a key of KMS, IAM has to allow its use too: S3 decrypts a part to put it together with others.
    pub(super) fn encrypting(&self, call: Call) -> Call {
        match &self.kms_key {
            Some(key) => call.with("SSEKMSKeyId", key).needing("kms:GenerateDataKey").needing("kms:Decrypt"),
            None => call,
        }
    }

    pub(crate) fn at(&self, key: &str) -> Location {
        Location { bucket: self.name.clone(), key: key.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_prefix_application_digest() {
        #[track_caller]
        fn case(prefix: &str, key: &str) {
            let bundle_store = BundleStore { bucket: None, owner: None, kms_key: None, prefix: prefix.to_owned() };
            assert_eq!(bundle_store.key(&"app".parse().unwrap(), "d1"), key);
        }
        case("beansprout", "beansprout/app/d1.zip");
        case("/a/b/", "a/b/app/d1.zip");
        case("", "app/d1.zip");
    }
}
