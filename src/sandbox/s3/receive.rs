//! Takes a body to the disk, hashing it on the way, before anything is decided about it.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use s3s::dto::StreamingBlob;
use s3s::{S3Result, TrailingHeaders, s3_error};
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

use super::digest::{self, ALGORITHMS, Hashed, Hasher};
use super::{Objects, broken};
use crate::sandbox::Error;

/// A body that came in. Dropping it forgets it.
pub(super) struct Received {
    pub(super) blob: TempPath,
    pub(super) bytes: u64,
    pub(super) hashed: Hashed,
}

/// Claims of the client about the body.
pub(super) struct Claims {
    pub(super) md5: Option<String>,
    /// Checksums in the headers.
    pub(super) sums: BTreeMap<String, String>,
    /// Checksums that come after the body.
    pub(super) trailing: Option<TrailingHeaders>,
    /// Algorithms to use besides those that are claimed.
    pub(super) algorithms: Vec<String>,
}

impl Objects {
    pub(super) async fn receive(
        &self,
        bucket: &str,
        body: Option<StreamingBlob>,
        claims: Claims,
        headers: &hyper::HeaderMap,
    ) -> S3Result<Received> {
        let announced = headers.get_all("x-amz-trailer").iter().filter_map(|name| name.to_str().ok());
        let announced = announced.filter_map(|name| name.trim().strip_prefix("x-amz-checksum-")).map(str::to_uppercase);
        let named = claims.sums.keys().cloned().chain(claims.algorithms).chain(announced);
        let algorithms: Vec<String> = named.filter(|name| ALGORITHMS.contains(&name.as_str())).collect();

        let blob = self.buckets.new_blob(bucket).map_err(|error| broken(&error))?;
        let full = |source: std::io::Error| broken(&Error::Write { path: blob.to_path_buf(), source });
        let mut file = tokio::fs::File::create(&blob).await.map_err(full)?;
        let mut hasher = Hasher::new(algorithms.iter().map(String::as_str));
        let mut bytes = 0;
        if let Some(mut body) = body {
            while let Some(chunk) = body.next().await {
                let chunk = chunk.map_err(|error| s3_error!(IncompleteBody, "the body ended early: {error}"))?;
                hasher.update(&chunk);
                bytes += chunk.len() as u64;
                file.write_all(&chunk).await.map_err(full)?;
            }
        }
        file.flush().await.map_err(full)?;
        file.sync_all().await.map_err(full)?;
        let mut claimed = claims.sums;
        if let Some(trailers) = claims.trailing.and_then(|trailing| trailing.take()) {
            for (name, value) in &trailers {
                if let (Some(algorithm), Ok(value)) = (name.as_str().strip_prefix("x-amz-checksum-"), value.to_str()) {
                    claimed.insert(algorithm.to_uppercase(), value.to_owned());
                }
            }
        }
        let hashed = hasher.finish();
        digest::compare(&claimed, claims.md5.as_deref(), &hashed)?;
        Ok(Received { blob, bytes, hashed })
    }
}
