//! Fetch a bundle from where it is registered, and know that it is whole.

use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::aws::Aws;
use super::call::{Call, Refusal};
use super::version::Location;
use crate::fault::{Exit, Fault};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("`{location}` is not what was published")]
    Other { location: Location, expected: String, found: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Refused(refusal) => refusal.exit(),
            Self::Write { .. } => Exit::Invalid,
            Self::Other { .. } => Exit::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Write { .. } => None,
            Self::Other { expected, found, .. } => {
                Some(format!("its SHA-256 is {found} and should be {expected}; nothing was run"))
            }
        }
    }
}

/// Fetch the object at `location` into the file `to`, which is there whole or not at all.
pub fn fetch(aws: &Aws, location: &Location, sha256: &str, to: &Path) -> Result<(), Error> {
    aws.block_on(run(aws, location, sha256, to))
}

async fn run(aws: &Aws, location: &Location, sha256: &str, to: &Path) -> Result<(), Error> {
    let failed = |source| Error::Write { path: to.to_owned(), source };
    let dir = to.parent().expect("a file is in a folder");
    std::fs::create_dir_all(dir).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    let call = Call::s3("GetObject", &location.bucket, &location.key);
    let request = aws.s3.get_object().bucket(&location.bucket).key(&location.key);
    let request = request.set_expected_bucket_owner(aws.caller().account.clone());
    let mut body = aws.read(call.clone(), request.send()).await?.body;
    let mut hash = Sha256::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Refusal::cut_off(call.clone(), &error, aws))?;
        hash.update(&chunk);
        file.write_all(&chunk).map_err(failed)?;
    }
    let found = super::parcel::hex(&hash.finalize());
    if found != sha256 {
        return Err(Error::Other { location: location.clone(), expected: sha256.to_owned(), found });
    }
    file.persist(to).map_err(|error| failed(error.error))?;
    Ok(())
}
