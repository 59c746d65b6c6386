//! The bundle of a registered version, brought back.

use std::fs::File;
use std::io::Write;

use aws_sdk_s3::types::ChecksumMode;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::bucket::{BundleBucket, BundleStore, Error as StoreError};
use super::call::Call;
use super::version::{self, Location};
use crate::beanstalk::name::Application;
use crate::fault::{Exit, Fault, Repeat};

/// Step of a download.
#[derive(Debug)]
pub enum Event<'a> {
    Downloading {
        bytes: u64,
        from: &'a Location,
        /// Version of the object, where the bucket keeps versions.
        version: Option<&'a str>,
    },
    Received {
        bytes: u64,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no version `{label}` of `{application}`")]
    NoVersion { application: Application, label: String },
    #[error("version `{label}` was not made from a bundle")]
    NoBundle { label: String },
    #[error("the bundle of version `{label}` is gone: `{from}` is not there")]
    Gone { label: String, from: Location },
    #[error(transparent)]
    Bucket(#[from] StoreError),
    #[error(transparent)]
    Refused(#[from] ApiError),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoVersion { .. } | Self::NoBundle { .. } | Self::Gone { .. } => Exit::Invalid,
            Self::Bucket(error) => error.exit(),
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::Bucket(error) => error.repeat(),
            Self::Refused(error) => error.repeat(),
            Self::NoVersion { .. } | Self::NoBundle { .. } | Self::Gone { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoVersion { .. } => Some("`beansprout versions` lists them".to_owned()),
            Self::NoBundle { .. } => {
                Some("it was built by CodeBuild or is a sample; there is nothing to look into".to_owned())
            }
            Self::Gone { .. } => Some("it can be neither looked into nor deployed; publish that tree again".to_owned()),
            Self::Bucket(error) => error.hint(),
            Self::Refused(error) => error.hint(),
        }
    }
}

/// Write the bundle of a version to `to`, and tell where it was.
pub fn download(
    aws: &Aws,
    application: &Application,
    label: &str,
    bundle_store: &BundleStore,
    to: &mut File,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Location, Error> {
    aws.block_on(run(aws, application, label, bundle_store, to, report))
}

async fn run(
    aws: &Aws,
    application: &Application,
    label: &str,
    bundle_store: &BundleStore,
    to: &mut File,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Location, Error> {
    let Some(version) = version::find(aws, application, label).await? else {
        return Err(Error::NoVersion { application: application.to_owned(), label: label.to_owned() });
    };
    let from = version.bundle.ok_or_else(|| Error::NoBundle { label: label.to_owned() })?;
    let bucket = bundle_store.bucket_of(aws, &from);
    if fetch(aws, &bucket, &from.key, to, report).await? {
        return Ok(from);
    }
    Err(Error::Gone { label: label.to_owned(), from })
}

/// Write an object to `to`. `false`: there is none.
///
/// S3's own checksum of the object is held against what arrives, where there is one.
pub(super) async fn fetch(
    aws: &Aws,
    bucket: &BundleBucket,
    key: &str,
    to: &mut File,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<bool, StoreError> {
    let call = Call::s3("GetObject", &bucket.name, key);
    let request = aws.s3.get_object().bucket(&bucket.name).key(key).checksum_mode(ChecksumMode::Enabled);
    let answer = match aws.read(call.clone(), request.set_expected_bucket_owner(bucket.owner.clone()).send()).await {
        Ok(answer) => answer,
        Err(error) if error.kind() == ErrorKind::Missing => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let bytes = answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
    report(Event::Downloading { bytes, from: &bucket.at(key), version: answer.version_id() });
    let mut body = answer.body;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| ApiError::cut_off(call.clone(), &error, aws.endpoint()))?;
        to.write_all(&chunk).map_err(|source| StoreError::Keep { source })?;
        report(Event::Received { bytes: chunk.len() as u64 });
    }
    Ok(true)
}
