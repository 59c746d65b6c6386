//! Names that git gives to contents.

use std::io::{self, Read};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::disk::Disk;

/// Name of a blob: the digest of its kind, its length and its content.
enum Namer {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Namer {
    fn new(id: usize, length: u64) -> Self {
        let mut namer = if id == 32 { Self::Sha256(Sha256::new()) } else { Self::Sha1(Sha1::new()) };
        namer.update(format!("blob {length}\0").as_bytes());
        namer
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(hasher) => hasher.finalize().to_vec(),
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
        }
    }
}

pub(super) fn name_of(id: usize, content: &[u8]) -> Vec<u8> {
    let mut namer = Namer::new(id, content.len() as u64);
    namer.update(content);
    namer.finish()
}

pub(super) fn name_of_file(id: usize, disk: &Disk, path: &str, size: u64) -> io::Result<Vec<u8>> {
    let mut file = disk.file(path)?.take(size);
    let mut namer = Namer::new(id, size);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(namer.finish()),
            read => namer.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_contents_are_gits() {
        assert_eq!(crate::hex::encode(name_of(20, b"hello\n")), "ce013625030ba8dba906f756967f9e9ca394464a");
        let long = "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4";
        assert_eq!(crate::hex::encode(name_of(32, b"hello\n")), long);
    }
}
