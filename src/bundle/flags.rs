//! Flags of a content: a script, a secret.

use crate::secret::{self, Kinds};

/// Flags of one content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ContentFlags {
    pub(crate) script: bool,
    /// A script whose first line ends with CR LF: "bad interpreter" on the instance.
    pub(crate) crlf: bool,
    pub(crate) secrets: Kinds,
    /// The few lines that stand for a file in git LFS.
    pub(crate) lfs_pointer: bool,
}

impl ContentFlags {
    /// From the beginning of a file.
    fn of_start(start: &[u8]) -> Self {
        let script = start.starts_with(b"#!");
        let first_line = start.iter().position(|byte| *byte == b'\n').map_or(start, |end| &start[..end]);
        Self {
            script,
            crlf: script && first_line.ends_with(b"\r"),
            lfs_pointer: start.starts_with(b"version https://git-lfs.github.com/spec/v1\n"),
            secrets: secret::at_start(start),
        }
    }

    /// From a whole content. `random` content (compressed, encrypted) is not searched: a match there is chance.
    pub(crate) fn of(content: &[u8], random: bool) -> Self {
        let mut flags = Self::of_start(content);
        flags.look_for_database(content);
        if secret::is_schema_alone(content) {
            flags.secrets = flags.secrets.without([secret::Kind::Dump].into_iter());
        }
        if !random {
            flags.search(content);
        }
        flags
    }

    /// Of the target of a link, which is text like any other.
    pub(crate) fn of_target(target: &[u8]) -> Self {
        Self { secrets: secret::in_content(target), ..Self::default() }
    }

    fn search(&mut self, content: &[u8]) {
        self.secrets.add(secret::in_content(content));
    }

    fn look_for_database(&mut self, content: &[u8]) {
        secret::in_database(content).into_iter().for_each(|kind| self.secrets.insert(kind));
    }

    /// Is there something in it that keeps it out of a bundle, or should?
    pub(crate) fn is_suspicious(self) -> bool {
        self.secrets != Kinds::default()
    }

    pub(crate) fn to_bits(self) -> u32 {
        let flags = [self.script, self.crlf, self.lfs_pointer];
        let flags = flags.into_iter().enumerate().fold(0, |bits, (index, flag)| bits | u32::from(flag) << index);
        flags | self.secrets.to_bits() << 3
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        let flag = |index: u8| bits >> index & 1 == 1;
        Self { script: flag(0), crlf: flag(1), lfs_pointer: flag(2), secrets: Kinds::from_bits(bits >> 3) }
    }
}

/// For contents that come in pieces.
#[derive(Default)]
pub(crate) struct ContentScanner {
    flags: Option<ContentFlags>,
    /// The end of the last piece, where a key may have begun.
    tail: Vec<u8>,
    /// The beginning of a database, as far as it is looked at.
    database: Vec<u8>,
}

impl ContentScanner {
    /// The next piece; a `random` one, as what is compressed looks, is not searched.
    pub(crate) fn add(&mut self, piece: &[u8], random: bool) {
        if self.flags.is_none() || secret::is_database(&self.database) {
            self.database.extend_from_slice(&piece[..piece.len().min(secret::LOOKED_AT - self.database.len())]);
        }
        let flags = self.flags.get_or_insert_with(|| ContentFlags::of_start(piece));
        self.tail.extend_from_slice(&piece[..piece.len().min(secret::LONGEST)]);
        flags.search(&self.tail);
        if !random {
            flags.search(piece);
        }
        self.tail.clear();
        self.tail.extend_from_slice(&piece[piece.len().saturating_sub(secret::LONGEST)..]);
    }

    pub(crate) fn finish(self) -> ContentFlags {
        let mut flags = self.flags.unwrap_or_default();
        flags.look_for_database(&self.database);
        flags
    }
}

#[cfg(test)]
mod tests {
    use crate::secret::{Certainty, Kind};

    use super::*;

    #[test]
    fn contents_are_told_apart() {
        #[track_caller]
        fn case(content: &str, expected: Option<Kind>) {
            let sure = |flags: ContentFlags| flags.secrets.first(Certainty::Sure);
            assert_eq!(sure(ContentFlags::of(content.as_bytes(), false)), expected, "{content}");
            let mut scanner = ContentScanner::default();
            content.as_bytes().chunks(100).for_each(|piece| scanner.add(piece, false));
            // Pieces in earnest are far longer than these; what begins in one and ends in the next must be found.
            if content.len() < 120 {
                assert_eq!(sure(scanner.finish()), expected, "{content}, in pieces");
            }
        }
        // Put together, so that this file holds no key itself.
        let key = format!("AKIA{}", "Q3EGVZ5RKT7WNJ2X");
        case("hello", None);
        case(&format!("aws_access_key_id = {key}"), Some(Kind::AwsKey));
        case(&format!("x{key}"), None);
        case("AKIAIOSFODNN7EXAMPLE", None);
        case("AKIAIOSF", None);
        let header = format!("-----BEGIN RSA {}", "PRIVATE KEY-----");
        let body = "MIIEpAIBAAKCAQEA1234567890abcdefghijklmn";
        case(&format!("{header}\n{body}"), Some(Kind::PrivateKey));
        case(&format!("{{\"key\": \"{header}\\n{body}"), Some(Kind::PrivateKey));
        case(&format!("begin = '{header}'"), None);
        assert!(ContentFlags::of(b"#!/bin/sh\r\n", false).crlf);
        assert!(!ContentFlags::of(b"#!/bin/sh\n\r\n", false).crlf);
    }

    #[test]
    fn traits_survive_as_bits() {
        for bits in (0..64).chain([1 << 20, 0xffff_ffff >> 3]) {
            assert_eq!(ContentFlags::from_bits(bits).to_bits(), bits);
        }
    }
}
