//! Comparison of an object with ours: first by its checksum, and where that is another, by the tree that is in it.
//!
//! Another compressor packs the same tree into other bytes. Whether two objects mean the same is therefore decided by
//! their content; what is written beside an object, its name or metadata, is whatever the one who wrote it wanted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumMode, ObjectAttributes};
use aws_smithy_types::base64;
use sha2::{Digest, Sha256};

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::bucket::{BundleBucket, Error};
use super::bundle_file::BundleFile;
use super::call::Call;
use super::download::{Event, fetch};
use super::layout::fixed;
use super::part_lengths::{self, PART};
use crate::bundle::{OpenError, Reader, TreeDigest};
use crate::file;

/// Content of a key, compared with ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// The very bytes.
    Same,
    /// The same tree, packed by another compressor.
    Repacked(Bytes),
    /// Another tree, or no tree at all.
    Other {
        sha256: String,
        /// The tree digest, if it is a zip file that can be read.
        digest: Option<TreeDigest>,
    },
}

/// The bytes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes {
    pub length: u64,
    pub sha256: String,
}

impl Found {
    /// Content that is there instead of ours, in words.
    pub(crate) fn theirs(&self) -> String {
        match self {
            Self::Other { digest: Some(digest), .. } => digest.to_string(),
            Self::Other { sha256, .. } => format!("no bundle, with SHA-256 {sha256}"),
            Self::Nothing => "nothing".to_owned(),
            Self::Same | Self::Repacked(_) => "the same".to_owned(),
        }
    }
}

impl BundleBucket {
    /// Does the key hold this bundle?
    pub(crate) async fn look(
        &self,
        aws: &Aws,
        key: &str,
        bundle_file: &BundleFile,
        report: &mut dyn FnMut(Event<'_>),
    ) -> Result<Found, Error> {
        let Some(head) = self.head(aws, key).await? else { return Ok(Found::Nothing) };
        let checksum = head.checksum_sha256().unwrap_or_default();
        if let Some(parts) = parts_of(checksum)
            && head.content_length().and_then(|length| u64::try_from(length).ok()) == Some(bundle_file.bytes)
            && self.is_made_of_our_parts(aws, key, &head, bundle_file, parts).await?
        {
            return Ok(Found::Same);
        }
        if whole(checksum).is_some_and(|sha256| sha256 == bundle_file.sha256) {
            return Ok(Found::Same);
        }
        // Sent by another tool or packed by another compressor: only its content can tell.
        let mut file = kept(file::temporary().map_err(io::Error::other))?;
        if !fetch(aws, self, key, &mut file, report).await? {
            return Ok(Found::Nothing);
        }
        let bytes = kept(Bytes::of(&mut file))?;
        if bytes.sha256 == bundle_file.sha256 {
            return Ok(Found::Same);
        }
        let digest = tree_digest(file, Path::new(key)).ok();
        Ok(if digest == Some(bundle_file.digest) {
            Found::Repacked(bytes)
        } else {
            Found::Other { sha256: bytes.sha256, digest }
        })
    }

    /// Does S3's checksum of checksums say that the parts are ours? Their lengths are known from what the object carries
    /// with it, from how we send, or from S3 itself; whoever says so, the sum decides.
    async fn is_made_of_our_parts(
        &self,
        aws: &Aws,
        key: &str,
        head: &HeadObjectOutput,
        bundle_file: &BundleFile,
        parts: usize,
    ) -> Result<bool, Error> {
        let checksum = head.checksum_sha256().unwrap_or_default();
        let is = |lengths: Option<Vec<u64>>| match lengths.filter(|lengths| lengths.len() == parts) {
            Some(lengths) => Ok::<_, Error>(bundle_file.checksum_of(&lengths)? == checksum),
            None => Ok(false),
        };
        let carried = head.metadata().and_then(|metadata| metadata.get(part_lengths::KEY));
        let carried = carried.and_then(|text| part_lengths::read(text, bundle_file.bytes));
        let usual = fixed(bundle_file.bytes, PART).iter().map(|piece| piece.length).collect::<Vec<_>>();
        let known = [carried.filter(|lengths| *lengths != usual), Some(usual)];
        for lengths in known {
            if is(lengths)? {
                return Ok(true);
            }
        }
        is(self.lengths_of_parts(aws, key, bundle_file.bytes).await?)
    }

    /// The lengths of an object's parts, if S3 tells them and this caller may ask.
    async fn lengths_of_parts(&self, aws: &Aws, key: &str, total: u64) -> Result<Option<Vec<u64>>, Error> {
        let mut lengths: Vec<u64> = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let call = Call::s3("GetObjectAttributes", &self.name, key).with("ObjectAttributes", "ObjectParts");
            let request = aws.s3.get_object_attributes().bucket(&self.name).key(key);
            let request = request.object_attributes(ObjectAttributes::ObjectParts).max_parts(1000);
            let request = request.set_part_number_marker(marker.clone());
            let answer = match aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
                Ok(answer) => answer,
                Err(error) if error.is_about_credentials() => return Err(error.into()),
                // The content will tell.
                Err(_) => return Ok(None),
            };
            let Some(page) = answer.object_parts else { return Ok(None) };
            lengths.extend(page.parts().iter().filter_map(|part| u64::try_from(part.size?).ok()));
            if page.is_truncated != Some(true) || page.next_part_number_marker == marker {
                return Ok(Some(lengths).filter(|lengths| lengths.iter().sum::<u64>() == total));
            }
            marker = page.next_part_number_marker;
        }
    }

    /// The digest of the tree in an object; `None` if there is no such object.
    pub(crate) async fn tree(
        &self,
        aws: &Aws,
        key: &str,
        report: &mut dyn FnMut(Event<'_>),
    ) -> Result<Option<Result<TreeDigest, OpenError>>, Error> {
        let mut file = kept(file::temporary().map_err(io::Error::other))?;
        if !fetch(aws, self, key, &mut file, report).await? {
            return Ok(None);
        }
        Ok(Some(tree_digest(file, Path::new(&self.at(key).to_string()))))
    }

    /// Is anything at the key?
    pub(crate) async fn has(&self, aws: &Aws, key: &str) -> Result<bool, ApiError> {
        Ok(self.head(aws, key).await?.is_some())
    }

    /// What S3 says of an object without sending it. `None`: there is none.
    pub(crate) async fn head(&self, aws: &Aws, key: &str) -> Result<Option<HeadObjectOutput>, ApiError> {
        let call = Call::s3("HeadObject", &self.name, key);
        let request = aws.s3.head_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        match aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await {
            Ok(head) => Ok(Some(head)),
            Err(error) if error.kind() == ErrorKind::Missing => Ok(None),
            Err(error) if error.has_status_alone() => match self.reason(aws, key).await {
                // The refusal was of that moment; this is the answer to the question.
                Some(reason) if reason.kind() == ErrorKind::Missing => Ok(None),
                reason => Err(reason.unwrap_or(error)),
            },
            Err(error) => Err(error),
        }
    }

    /// Why a `HEAD` was refused: it has no body that could say so, and a `GET` of one byte needs the same right.
    async fn reason(&self, aws: &Aws, key: &str) -> Option<ApiError> {
        let call = Call::s3("GetObject", &self.name, key);
        let request = aws.s3.get_object().bucket(&self.name).key(key).range("bytes=0-0");
        aws.read(call, request.set_expected_bucket_owner(self.owner.clone()).send()).await.err()
    }
}

fn kept<T>(result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::Keep { source })
}

impl Bytes {
    pub fn of(file: &mut File) -> io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        let mut hash = Sha256::new();
        let mut length = 0;
        let mut chunk = vec![0; 1 << 16];
        loop {
            match file.read(&mut chunk)? {
                0 => return Ok(Self { length, sha256: crate::hex::encode(hash.finalize()) }),
                read => {
                    hash.update(&chunk[..read]);
                    length += read as u64;
                }
            }
        }
    }
}

fn tree_digest(file: File, name: &Path) -> Result<TreeDigest, OpenError> {
    Ok(Reader::read(file, name)?.manifest()?.digest)
}

/// Of how many parts a checksum of checksums is.
fn parts_of(checksum: &str) -> Option<usize> {
    checksum.rsplit_once('-')?.1.parse().ok()
}

/// The SHA-256 of a whole object, in hexadecimal. `None` for a checksum of checksums (`…-4`).
fn whole(checksum: &str) -> Option<String> {
    let bytes = base64::decode(checksum).ok()?;
    (bytes.len() == 32).then(|| crate::hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_of_checksums_says_nothing_about_the_whole() {
        assert_eq!(whole(&base64::encode([1; 32])).as_deref(), Some("01".repeat(32).as_str()));
        assert_eq!(whole(&format!("{}-3", base64::encode([1; 32]))), None);
        assert_eq!(whole(""), None);
    }
}
