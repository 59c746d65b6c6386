//! Checksums of what comes in, and whether they are what the client said.

use std::collections::BTreeMap;

use s3s::S3Result;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::Checksum;
use s3s::s3_error;

pub(super) const ALGORITHMS: [&str; 5] = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];

/// Hashes bytes on their way to the disk.
pub(super) struct Hasher {
    md5: Md5,
    sums: ChecksumHasher,
}

pub(super) struct Hashed {
    pub(super) md5: String,
    pub(super) sums: BTreeMap<String, String>,
}

impl Hasher {
    /// With no algorithm asked for, S3 takes CRC64NVME.
    pub(super) fn new<'a>(algorithms: impl Iterator<Item = &'a str>) -> Self {
        let mut sums = ChecksumHasher::default();
        let mut any = false;
        for algorithm in algorithms {
            any = true;
            match algorithm {
                "CRC32" => sums.crc32 = Some(Default::default()),
                "CRC32C" => sums.crc32c = Some(Default::default()),
                "SHA1" => sums.sha1 = Some(Default::default()),
                "SHA256" => sums.sha256 = Some(Default::default()),
                _ => sums.crc64nvme = Some(Default::default()),
            }
        }
        if !any {
            sums.crc64nvme = Some(Default::default());
        }
        Self { md5: Md5::new(), sums }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sums.update(bytes);
    }

    pub(super) fn finish(self) -> Hashed {
        Hashed { md5: crate::hex::encode(self.md5.finalize()), sums: from_dto(&self.sums.finalize()) }
    }
}

/// The ETag of an object made of parts: the MD5 of their MD5s, and how many they are.
pub(super) fn composite_etag<'a>(etags: impl Iterator<Item = &'a str>) -> String {
    let mut md5 = Md5::new();
    let mut parts = 0;
    for etag in etags {
        let byte = |at: usize| u8::from_str_radix(etag.get(at..at + 2).unwrap_or_default(), 16).unwrap_or_default();
        md5.update(&(0..etag.len()).step_by(2).map(byte).collect::<Vec<u8>>());
        parts += 1;
    }
    format!("{}-{parts}", crate::hex::encode(md5.finalize()))
}

/// The composite checksum of an object made of parts: the checksum of theirs, and how many they are.
pub(super) fn composite_sum<'a>(algorithm: &str, sums: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut hasher = Hasher::new(std::iter::once(algorithm));
    let mut parts = 0;
    for sum in sums {
        hasher.update(&base64_simd::STANDARD.decode_to_vec(sum).ok()?);
        parts += 1;
    }
    let sum = hasher.finish().sums.remove(algorithm)?;
    Some(format!("{sum}-{parts}"))
}

pub(super) fn from_dto(sums: &Checksum) -> BTreeMap<String, String> {
    let values = [
        ("CRC32", &sums.checksum_crc32),
        ("CRC32C", &sums.checksum_crc32c),
        ("CRC64NVME", &sums.checksum_crc64nvme),
        ("SHA1", &sums.checksum_sha1),
        ("SHA256", &sums.checksum_sha256),
    ];
    values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
}

/// Refuse bytes that are not what the client said they are.
pub(super) fn compare(claimed: &BTreeMap<String, String>, claimed_md5: Option<&str>, hashed: &Hashed) -> S3Result<()> {
    for (algorithm, value) in claimed {
        if hashed.sums.get(algorithm) != Some(value) {
            return Err(s3_error!(BadDigest, "The {algorithm} you specified did not match the calculated checksum."));
        }
    }
    if let Some(claimed) = claimed_md5 {
        let claimed = base64_simd::STANDARD.decode_to_vec(claimed).map_err(|_| s3_error!(InvalidDigest))?;
        if crate::hex::encode(claimed) != hashed.md5 {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        let mut hasher = Hasher::new(ALGORITHMS.into_iter());
        hasher.update(b"123456789");
        let hashed = hasher.finish();
        assert_eq!(hashed.md5, "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(hashed.sums["CRC32"], "y/Q5Jg==");
        assert_eq!(hashed.sums["CRC32C"], "4waSgw==");
        assert_eq!(hashed.sums["CRC64NVME"], "rosUhgp5mIg=");
        assert_eq!(hashed.sums["SHA256"], "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
    }
}
