//! Secrets: bytes or a name in, kinds and how certain they are out.
//!
//! Pure, and asked by everybody who must not let one pass: what ships, what is checked, what is written. The patterns are
//! ours, from the formats that issuers document: a prefix of their own, and a full length behind it. What has no such mark
//! is a matter of names and odds, and only warned of. Left out: tokens of bare hexadecimal digits (Twilio, Mailgun and the
//! like), which are no other than digests, and what only somebody who logs in can tell.

mod address;
mod assignments;
mod database;
mod key;
mod kind;
mod named_value;
mod token_formats;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Match, MatchKind, packed};

use sha2::{Digest, Sha256};

use crate::hex;

use key::{has_sealed_secret, holds_key, is_access_key, is_encoded_header, is_header};
use named_value::{entropy, has_password, is_named_value, is_placeholder, is_web_token, value_after};
use token_formats::{Alphabet, MARKS, Mark, holds, run};

pub(crate) use address::{has_credentials, without_credentials};
pub(crate) use database::{LOOKED_AT, in_database, is_database};
pub(crate) use kind::Kinds;
pub use kind::{Certainty, Kind};
pub(crate) use token_formats::LONGEST;

/// The kind of secret that files with this path hold, whatever is in them.
pub(crate) fn in_path(path: &str) -> Option<Kind> {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let below = |wanted: &str| folder == wanted || folder.ends_with(&format!("/{wanted}"));
    let kind = match name {
        ".netrc" | "_netrc" | ".pypirc" | ".git-credentials" | ".pgpass" | "kubeconfig" => Kind::CredentialsFile,
        "credentials" if below(".aws") => Kind::CredentialsFile,
        "config" if below(".kube") => Kind::CredentialsFile,
        "config.json" if below(".docker") => Kind::CredentialsFile,
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" => Kind::KeyFile,
        ".bash_history" | ".zsh_history" | ".python_history" | ".psql_history" | ".mysql_history" => Kind::History,
        ".npmrc" | ".flaskenv" | ".htpasswd" | "env" | ".environment" => Kind::SettingsFile,
        _ if is_environment_file(name) => Kind::EnvironmentFile,
        _ if name.strip_suffix(".env").is_some_and(|name| !is_sample(name)) => Kind::SettingsFile,
        _ => match name.rsplit_once('.').map_or("", |(_, end)| end) {
            "p12" | "pfx" | "jks" | "keystore" | "ppk" => Kind::KeyFile,
            "tfstate" => Kind::StateFile,
            _ if is_packed_dump(name) => Kind::Dump,
            _ => return None,
        },
    };
    Some(kind)
}

/// The kind of secret that a file with this path and content holds: what its name leaves open, its content answers.
pub(crate) fn in_file(path: &str, content: &[u8]) -> Option<Kind> {
    let kind = in_path(path)?;
    let is_none = |content: &[u8]| assignments::are_none(content) || assignments::are_open(content);
    if content.trim_ascii().is_empty() || (kind.yields_to_content() && is_none(content)) {
        return None;
    }
    if !kind.yields_to_content() || !assignments::are_told(content) {
        return Some(kind);
    }
    // Such a file has secrets sooner or later: somebody should know that it ships.
    (kind == Kind::EnvironmentFile).then_some(Kind::SettingsFile)
}

/// Files of settings have no more bytes than this; of a larger one, the name has to do.
pub(crate) const LARGEST_SETTINGS: u64 = 65_536;

/// `.env` and its variants, such as `.env.production`; not a sample, nor `.environment`.
fn is_environment_file(name: &str) -> bool {
    name.strip_prefix(".env")
        .is_some_and(|rest| (rest.is_empty() || rest == "rc" || rest.starts_with(['.', '-', '_'])) && !is_sample(rest))
}

/// Does the name say that it is there to be copied?
fn is_sample(name: &str) -> bool {
    const SAMPLES: [&str; 12] =
        ["example", "sample", "template", "dist", "default", "defaults", "tmpl", "tpl", "jinja", "jinja2", "j2", "erb"];
    name.split(['.', '-', '_']).any(|part| SAMPLES.contains(&part))
}

/// SQL that is packed: what is small, such as the tables alone or a few rows to begin with, nobody packs.
fn is_packed_dump(name: &str) -> bool {
    const ENDS: [&str; 8] = [".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".lz4", ".rar"];
    ENDS.iter()
        .any(|end| name.strip_suffix(end).is_some_and(|inner| inner.ends_with(".sql") || inner.ends_with(".dump")))
}

/// Kinds of secrets in `content`, which may begin with the mark of UTF-16.
pub(crate) fn in_content(content: &[u8]) -> Kinds {
    let mut kinds = Kinds::default();
    each(&plain(content), &mut |kind, _| kinds.insert(kind));
    kinds
}

/// May a line show a secret to whoever sees it? Better one too many than one too few: nobody misses such a line in a report.
pub(crate) fn in_line(line: &str) -> bool {
    assignments::shows_value(line) || has_credentials(line) || in_content(line.as_bytes()).iter().next().is_some()
}

/// Text of one byte a letter.
fn plain(content: &[u8]) -> Cow<'_, [u8]> {
    match content {
        [0xff, 0xfe, rest @ ..] => rest.iter().copied().step_by(2).collect::<Vec<_>>().into(),
        [0xfe, 0xff, rest @ ..] => rest.iter().copied().skip(1).step_by(2).collect::<Vec<_>>().into(),
        content => content.into(),
    }
}

/// Where the first secret of a kind begins in a text of one byte a letter.
pub(crate) fn place_of(content: &[u8], kind: Kind) -> Option<usize> {
    let mut place = None;
    each(content, &mut |found, start| place = place.or((found == kind).then_some(start)));
    place
}

/// Names of the secrets in `content`, each with its kind: a name stands for one value, so whoever allows it allows no other.
pub(crate) fn named_in(content: &[u8]) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    let plain = plain(content);
    each(&plain, &mut |kind, start| {
        let rest = &plain[start..];
        let value = match kind {
            // The header is the same for all keys; what follows is not.
            Kind::PrivateKey => &rest[..rest.len().min(LONGEST)],
            _ => rest.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default(),
        };
        let value = value[..value.len().min(LONGEST)].trim_ascii();
        let sum = Sha256::new().chain_update([kind as u8]).chain_update(value).finalize();
        found.push((kind, format!("{NAME}{}", hex::encode(sum))));
    });
    found
}

/// Before the digits of a name.
const NAME: &str = "sha256:";

/// Is it the name of a secret?
pub(crate) fn is_name(text: &str) -> bool {
    text.strip_prefix(NAME).is_some_and(|digits| hex::is_digits(digits, 64))
}

/// Kinds of secrets that a whole file shows at its beginning.
pub(crate) fn at_start(content: &[u8]) -> Kinds {
    const DUMPS: [&[u8]; 7] = [
        b"PGDMP",
        b"--\n-- PostgreSQL database dump",
        b"--\n-- PostgreSQL database cluster dump",
        b"-- MySQL dump",
        b"-- MariaDB dump",
        b"/*M!999999\\- enable the sandbox mode */",
        b"-- phpMyAdmin SQL Dump",
    ];
    let mut kinds = Kinds::default();
    if DUMPS.iter().any(|dump| content.starts_with(dump)) {
        kinds.insert(Kind::Dump);
    }
    kinds
}

/// Does a dump in words, as a whole, make tables and put nothing into them?
pub(crate) fn is_schema_alone(content: &[u8]) -> bool {
    const FILLS: [&[u8]; 4] = [b"COPY ", b"INSERT INTO ", b"INSERT IGNORE", b"REPLACE INTO "];
    (content.starts_with(b"--") || content.starts_with(b"/*M!"))
        && !content.split(|byte| *byte == b'\n').any(|line| FILLS.iter().any(|fill| line.starts_with(fill)))
}

/// Where marks are, and which. With vectors of the processor this costs a tenth of what an automaton costs, as long as
/// there are no more than 64 marks.
fn search(content: &[u8]) -> Box<dyn Iterator<Item = Match> + '_> {
    static VECTORS: LazyLock<Option<packed::Searcher>> = LazyLock::new(|| {
        let mut builder = packed::Config::new().match_kind(packed::MatchKind::LeftmostLongest).builder();
        builder.extend(MARKS.iter().map(|(text, _)| text)).build()
    });
    static AUTOMATON: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let marks = MARKS.iter().map(|(text, _)| text);
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(marks);
        built.expect("a few short literals make an automaton")
    });
    match &*VECTORS {
        Some(vectors) => Box::new(vectors.find_iter(content)),
        None => Box::new(AUTOMATON.find_iter(content)),
    }
}

/// Does the query of a link that somebody has signed end here, where it names the id of the key? The first way of signing has another name for it.
fn is_in_signed_link(before: &[u8]) -> bool {
    let named = |name: &[u8]| before.ends_with(name);
    named(b"X-Amz-Credential=") || named(b"?AWSAccessKeyId=") || named(b"&AWSAccessKeyId=")
}

/// Hand each secret to `take`: its kind, and where its mark begins.
fn each(content: &[u8], take: &mut dyn FnMut(Kind, usize)) {
    for found in search(content) {
        let (start, rest) = (found.start(), &content[found.end()..]);
        let before = start.checked_sub(1).map(|at| content[at]);
        let kind = match MARKS[found.pattern().as_usize()].1 {
            Mark::Prefix(kind, alphabet, least) => (run(rest, alphabet) >= least).then_some(kind),
            Mark::Exactly(kind, alphabet, length) => (run(rest, alphabet) == length).then_some(kind),
            Mark::KeyHeader => {
                let rest = rest.strip_prefix(b" BLOCK").unwrap_or(rest);
                let body = rest.strip_prefix(b"-----").or_else(|| rest.strip_prefix(b" ----"));
                let holds = body.is_some_and(|body| is_header(&content[..start]) && holds_key(body));
                holds.then_some(Kind::PrivateKey)
            }
            Mark::EncodedHeader => is_encoded_header(&content[start..]).then_some(Kind::PrivateKey),
            Mark::Putty => (rest.contains(&b'\n') && holds(rest, b"Private-Lines")).then_some(Kind::PrivateKey),
            // The id of a link that somebody has signed: whoever has the link has it, and no more.
            Mark::AwsId if is_in_signed_link(&content[..start]) => None,
            Mark::AwsId => {
                (is_access_key(content, start) && !has_sealed_secret(content, found.end())).then_some(Kind::AwsKey)
            }
            Mark::AwsSecret => {
                let value = value_after(rest);
                (value.len() == 40 && !is_placeholder(value) && entropy(value) > 4.0).then_some(Kind::AwsSecret)
            }
            Mark::Url => has_password(rest).then_some(Kind::UrlPassword),
            Mark::WebToken => is_web_token(rest).then_some(Kind::WebToken),
            Mark::Hash => (run(rest, Alphabet::Word) >= 1
                && rest.iter().take(64).filter(|byte| **byte == b'$').count() >= 2)
                .then_some(Kind::PasswordHash),
            Mark::Word => is_named_value(rest).then_some(Kind::NamedValue),
        };
        // A prefix within a word is none.
        let stands_alone = !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let Some(kind) = kind else { continue };
        let needs_edge =
            matches!(MARKS[found.pattern().as_usize()].1, Mark::Prefix(..) | Mark::Exactly(..) | Mark::WebToken);
        let sample = &content[start..(found.end() + 40).min(content.len())];
        if !needs_edge || stands_alone && !is_placeholder(sample) {
            take(kind, start);
        }
    }
}
