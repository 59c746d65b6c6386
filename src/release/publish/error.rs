//! Bad ends of publishing, in words.

use std::time::Duration;

use crate::beanstalk::name::Application;
use crate::fault::{Exit, Fault, Repeat};
use crate::release::api_error::ApiError;
use crate::release::bucket::Error as StoreError;
use crate::release::version::Location;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no application `{application}` in {region}")]
    NoApplication { application: Application, region: String },
    #[error("version `{label}` of `{application}` has other content")]
    LabelTaken { application: Application, label: String, ours: String, theirs: String },
    #[error("version `{label}` is there, and its bundle is `{at}`, not in bucket `{bucket}`")]
    BundleElsewhere { label: String, at: Location, bucket: String },
    #[error("`{at}` is there, and not encrypted with `{key}`{}", encrypted(.by))]
    EncryptedOtherwise { at: Location, key: String, by: Option<String> },
    #[error("Elastic Beanstalk could not process version `{label}`{}", reasons(.causes))]
    Failed { label: String, causes: Vec<String> },
    #[error("Elastic Beanstalk is still processing version `{label}` after {} s", .after.as_secs())]
    StillProcessing { label: String, after: Duration },
    #[error("lost sight of version `{label}` while Elastic Beanstalk processes it")]
    Lost { label: String, source: ApiError },
    #[error("the limit of application versions in this region is reached")]
    QuotaReached { source: ApiError },
    #[error(transparent)]
    Bucket(#[from] StoreError),
    #[error(transparent)]
    Refused(#[from] ApiError),
}

fn encrypted(key: &Option<String>) -> String {
    key.as_ref().map(|key| format!(": it is encrypted with `{key}`")).unwrap_or_default()
}

fn reasons(causes: &[String]) -> String {
    if causes.is_empty() { String::new() } else { format!(": {}", causes.join("; ")) }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoApplication { .. } | Self::Failed { .. } => Exit::Invalid,
            Self::QuotaReached { .. } => Exit::Aws,
            Self::LabelTaken { .. } | Self::BundleElsewhere { .. } | Self::EncryptedOtherwise { .. } => Exit::Conflict,
            Self::StillProcessing { .. } | Self::Lost { .. } => Exit::StillGoing,
            Self::Bucket(error) => error.exit(),
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::StillProcessing { .. } | Self::Lost { .. } => Some(Repeat::Now),
            Self::QuotaReached { .. } => Some(Repeat::AfterChange),
            Self::Bucket(error) => error.repeat(),
            Self::Refused(error) => error.repeat(),
            Self::NoApplication { .. }
            | Self::LabelTaken { .. }
            | Self::BundleElsewhere { .. }
            | Self::EncryptedOtherwise { .. }
            | Self::Failed { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoApplication { .. } => Some("`--create-application` creates it; nothing was uploaded".to_owned()),
            Self::LabelTaken { ours, theirs, .. } => {
                Some(format!("ours is {ours}, theirs is {theirs}; publish under another `--label`"))
            }
            Self::BundleElsewhere { .. } => {
                Some("a version keeps its bundle: leave `--bucket` out, or publish under another `--label`".to_owned())
            }
            Self::EncryptedOtherwise { .. } => {
                Some("a bundle that is there is not sent again: leave `--kms-key` out, or encrypt it anew with your own tools".to_owned())
            }
            Self::Failed { .. } => {
                Some("`beansprout check` finds most causes; such a version cannot be deployed".to_owned())
            }
            Self::StillProcessing { .. } | Self::Lost { .. } => {
                Some("it is registered and goes on; run the same command again to go on waiting".to_owned())
            }
            Self::QuotaReached { .. } => {
                Some("`beansprout prune` shows which versions nobody needs; the bundle is uploaded already".to_owned())
            }
            Self::Bucket(error) => error.hint(),
            Self::Refused(error) => error.hint(),
        }
    }
}
