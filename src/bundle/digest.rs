//! Tree digest, the name of a tree of files: a SHA-256 over modes, contents and paths, and over nothing else.
//!
//! The text that is hashed is simple enough to be written by a shell script; `docs/src/explanation/bundle-identity.md`
//! shows the one that the tests run.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::hex;

use super::entry::{EntryPath, Mode};

/// The first line of what is hashed. Another meaning of the digest gets another line.
pub const FORMAT: &str = "beansprout-tree-v1";

/// Digits of a digest in a label.
const SHORT: usize = 12;

/// The SHA-256 of one file's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest(pub(crate) [u8; 32]);

/// The SHA-256 that names a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TreeDigest(pub(crate) [u8; 32]);

impl TreeDigest {
    /// The first hexadecimal digits, as labels have them.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(SHORT);
        text
    }

    /// The version label of this tree: `<name>-<short digest>`.
    ///
    /// Only letters, digits, `.`, `_` and `-` of the name are kept, and no more than fit into the 100 characters that
    /// Elastic Beanstalk allows.
    pub fn label(&self, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        let name: String = name.chars().take(80).map(plain).collect();
        let name = name.trim_matches(['-', '.']);
        format!("{}-{}", if name.is_empty() { "app" } else { name }, self.short())
    }

    /// The short digest at the end of a label of ours.
    pub fn short_in(label: &str) -> Option<&str> {
        label.rsplit_once('-').map(|(_, short)| short).filter(|short| hex::is_digits(short, SHORT))
    }
}

/// Hashes the lines of a tree, which must come sorted by the bytes of their paths.
pub(crate) struct TreeHasher(Sha256);

impl TreeHasher {
    pub(crate) fn new() -> Self {
        let mut hasher = Sha256::new();
        hasher.update(FORMAT);
        hasher.update(b"\n");
        Self(hasher)
    }

    pub(crate) fn add(&mut self, mode: Mode, content: &ContentDigest, path: &EntryPath) {
        self.0.update(mode.octal());
        self.0.update(b" ");
        self.0.update(digits(&content.0));
        self.0.update(b" ");
        self.0.update(path.as_str());
        self.0.update(b"\n");
    }

    pub(crate) fn finish(self) -> TreeDigest {
        TreeDigest(self.0.finalize().into())
    }
}

/// 64 hexadecimal digits.
pub(crate) fn digits(bytes: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// The bytes of 64 hexadecimal digits in lower case.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

macro_rules! hexadecimal {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&digits(&self.0)).expect("hexadecimal digits are ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

hexadecimal!(ContentDigest);
hexadecimal!(TreeDigest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_known_tree() {
        let content = |bytes: &[u8]| ContentDigest(Sha256::digest(bytes).into());
        let path = |path: &str| EntryPath::new(path).expect("a good path");
        let mut hasher = TreeHasher::new();
        hasher.add(Mode::File, &content(b"hello\n"), &path("a.txt"));
        hasher.add(Mode::Executable, &content(b"#!/bin/sh\n"), &path("run"));
        let digest = hasher.finish();
        // printf 'beansprout-tree-v1\n100644 %s a.txt\n100755 %s run\n' … | sha256sum
        assert_eq!(digest.to_string(), "e343e9228c4a3fbcf50729b926e19d74ec47ea9ebcb7931d9177243e1381bf4f");
        assert_eq!(digest.short().len(), 12);
    }

    #[test]
    fn labels_fit_elastic_beanstalk() {
        #[track_caller]
        fn case(name: &str, label: &str) {
            assert_eq!(TreeDigest([0xab; 32]).label(name), label);
        }
        case("shop", "shop-abababababab");
        case("my shop/é", "my-shop-abababababab");
        case("", "app-abababababab");
        case("--", "app-abababababab");
        assert!(TreeDigest([0; 32]).label(&"x".repeat(300)).len() <= 100);
    }

    #[test]
    fn a_label_of_ours_ends_with_a_digest() {
        assert_eq!(TreeDigest::short_in("my-shop-0123456789ab"), Some("0123456789ab"));
        for label in ["my-shop-0123456789AB", "app-42d7", "v1", "0123456789ab", "shop-0123456789abc"] {
            assert_eq!(TreeDigest::short_in(label), None, "{label}");
        }
    }
}
