//! The bundle of a registered version, brought back.

use std::fs::File;
use std::io::Write;

use aws_sdk_s3::types::ChecksumMode;

use super::aws::Aws;
use super::call::{Call, Kind, Refusal};
use super::store::{Error as StoreError, Shelf, Store};
use super::version::{self, Location};
use crate::fault::{Exit, Fault};

/// What happens on the way.
#[derive(Debug)]
pub enum Event<'a> {
    Downloading { bytes: u64, from: &'a Location },
    Received { bytes: u64 },
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no version `{label}` of `{application}`")]
    NoVersion { application: String, label: String },
    #[error("version `{label}` was not made from a bundle")]
    NoBundle { label: String },
    #[error("the bundle of version `{label}` is gone: `{from}` is not there")]
    Gone { label: String, from: Location },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoVersion { .. } | Self::NoBundle { .. } | Self::Gone { .. } => Exit::Aws,
            Self::Store(error) => error.exit(),
            Self::Refused(refusal) => refusal.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoVersion { .. } => Some("`beansprout versions` lists them".to_owned()),
            Self::NoBundle { .. } => {
                Some("it was built by CodeBuild or is a sample; there is nothing to look into".to_owned())
            }
            Self::Gone { .. } => Some("it can be neither looked into nor deployed; publish that tree again".to_owned()),
            Self::Store(error) => error.hint(),
            Self::Refused(refusal) => refusal.hint(),
        }
    }
}

/// Write the bundle of a version to `to`, and tell where it was.
pub fn download(
    aws: &Aws,
    application: &str,
    label: &str,
    shelf: &Shelf,
    to: &mut File,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Location, Error> {
    aws.block_on(run(aws, application, label, shelf, to, tell))
}

async fn run(
    aws: &Aws,
    application: &str,
    label: &str,
    shelf: &Shelf,
    to: &mut File,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Location, Error> {
    let Some(version) = version::find(aws, application, label).await? else {
        return Err(Error::NoVersion { application: application.to_owned(), label: label.to_owned() });
    };
    let from = version.bundle.ok_or_else(|| Error::NoBundle { label: label.to_owned() })?;
    let store = shelf.holding(aws, &from);
    if fetch(aws, &store, &from.key, to, tell).await? {
        return Ok(from);
    }
    Err(Error::Gone { label: label.to_owned(), from })
}

/// Write an object to `to`. `false`: there is none.
///
/// S3's own checksum of the object is held against what arrives, where there is one.
pub(super) async fn fetch(
    aws: &Aws,
    store: &Store,
    key: &str,
    to: &mut File,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<bool, StoreError> {
    let call = Call::s3("GetObject", &store.bucket, key);
    let request = aws.s3.get_object().bucket(&store.bucket).key(key).checksum_mode(ChecksumMode::Enabled);
    let answer = match aws.read(call.clone(), request.set_expected_bucket_owner(store.owner.clone()).send()).await {
        Ok(answer) => answer,
        Err(refusal) if refusal.kind() == Kind::Missing => return Ok(false),
        Err(refusal) => return Err(refusal.into()),
    };
    let bytes = answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
    tell(Event::Downloading { bytes, from: &store.at(key) });
    let mut body = answer.body;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Refusal::cut_off(call.clone(), &error, aws))?;
        to.write_all(&chunk).map_err(|source| StoreError::Keep { source })?;
        tell(Event::Received { bytes: chunk.len() as u64 });
    }
    Ok(true)
}
