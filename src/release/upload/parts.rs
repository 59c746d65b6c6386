//! Parts that S3 has of an upload, and which of them are ours.

use std::collections::BTreeMap;

use aws_sdk_s3::types::Part;
use aws_smithy_types::base64;

use crate::release::api_error::{ApiError, ErrorKind};
use crate::release::aws::Aws;
use crate::release::bucket::BundleBucket;
use crate::release::call::Call;
use crate::release::layout::Piece;

/// Parts that S3 has and that hold our bytes, by their index among the pieces.
pub(super) type Parts = BTreeMap<usize, Kept>;

/// What completing the upload has to repeat of a part.
pub(super) struct Kept {
    pub(super) etag: String,
    pub(super) checksum: String,
}

/// Number of the part with this index.
pub(super) fn number(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

/// Parts of an unfinished upload, as S3 tells of them.
#[derive(Default)]
pub(super) struct There {
    parts: Vec<Part>,
}

impl There {
    /// The parts, if every one of them is what these pieces want at its number.
    pub(super) fn kept(&self, pieces: &[Piece], digests: &[[u8; 32]]) -> Option<Parts> {
        let right = self.right(pieces, digests);
        (right.len() == self.parts.len()).then_some(right)
    }

    /// Those parts that are what these pieces want.
    pub(super) fn right(&self, pieces: &[Piece], digests: &[[u8; 32]]) -> Parts {
        let right = |part: &Part| {
            let index = usize::try_from(part.part_number?.checked_sub(1)?).ok()?;
            let (piece, digest) = (pieces.get(index)?, digests.get(index)?);
            let (etag, checksum) = (part.e_tag.clone()?, part.checksum_sha256.clone()?);
            let size = u64::try_from(part.size?).ok()?;
            (size == piece.length && checksum == base64::encode(digest)).then_some((index, Kept { etag, checksum }))
        };
        self.parts.iter().filter_map(right).collect()
    }

    /// When the newest part came, in seconds since 1970.
    pub(super) fn last_change(&self) -> Option<i64> {
        self.parts.iter().filter_map(|part| part.last_modified).map(|time| time.secs()).max()
    }
}

/// What S3 has of an upload; nothing, where it does not tell.
pub(super) async fn listed(bucket: &BundleBucket, aws: &Aws, key: &str, id: &str) -> Result<There, ApiError> {
    let mut there = There::default();
    let mut marker: Option<String> = None;
    loop {
        let call = Call::s3("ListParts", &bucket.name, key).with("UploadId", id);
        let request = aws.s3.list_parts().bucket(&bucket.name).key(key).upload_id(id);
        let request = request.set_part_number_marker(marker.clone());
        let page = match aws.read(call, request.set_expected_bucket_owner(bucket.owner.clone()).send()).await {
            Ok(page) => page,
            // As with the list of uploads; a part that is sent again takes the place of the one that was there.
            Err(error) if error.kind() == ErrorKind::Garbled => return Ok(There::default()),
            Err(error) if error.is_a_refusal() => return Ok(There::default()),
            Err(error) => return Err(error),
        };
        there.parts.extend(page.parts.unwrap_or_default());
        if page.is_truncated != Some(true) || page.next_part_number_marker == marker {
            return Ok(there);
        }
        marker = page.next_part_number_marker;
    }
}
