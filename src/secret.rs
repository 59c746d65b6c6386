//! Secrets: bytes or a name in, kinds out.
//!
//! Pure, and asked by everybody who must not let one pass: what ships, what is checked, what is written.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    PrivateKey,
    AwsKey,
    EnvironmentFile,
}

/// No secret that a search finds is longer than this. Whoever searches in pieces lets them overlap by as much.
pub(crate) const LONGEST: usize = 128;

/// The kind of secret that files of this name hold.
pub(crate) fn in_name(name: &str) -> Option<Kind> {
    is_environment_file(name).then_some(Kind::EnvironmentFile)
}

/// Kinds of secrets in `content`.
pub(crate) fn in_content(content: &[u8]) -> impl Iterator<Item = Kind> {
    static PRIVATE_KEY: LazyLock<Finder> = LazyLock::new(|| Finder::new(b"PRIVATE KEY-----"));
    static AWS: [LazyLock<Finder>; 2] =
        [LazyLock::new(|| Finder::new(b"AKIA")), LazyLock::new(|| Finder::new(b"ASIA"))];
    let private_key = PRIVATE_KEY.find_iter(content).any(|at| is_key(content, at));
    let aws_key = AWS.iter().any(|finder| finder.find_iter(content).any(|at| is_access_key(content, at)));
    private_key.then_some(Kind::PrivateKey).into_iter().chain(aws_key.then_some(Kind::AwsKey))
}

/// `-----BEGIN RSA PRIVATE KEY-----` and its kin, followed by the key itself: code that merely speaks of keys has none.
fn is_key(content: &[u8], at: usize) -> bool {
    let kind = content[..at].iter().rev().take_while(|byte| byte.is_ascii_uppercase() || **byte == b' ').count();
    let (dashes, kind) = content[..at].split_at(at - kind);
    if !dashes.ends_with(b"-----") || !kind.starts_with(b"BEGIN ") {
        return false;
    }
    let mut body = &content[at + b"PRIVATE KEY-----".len()..];
    // A line end, or one that is written out, as in JSON.
    while let Some(rest) = body.strip_prefix(b"\r").or(body.strip_prefix(b"\n")).or(body.strip_prefix(b"\\n")) {
        body = rest;
    }
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    body.starts_with(b"Proc-Type:") || body.get(..32).is_some_and(|start| start.iter().all(base64))
}

/// Twenty characters, standing alone. The keys in AWS's own documentation end with `EXAMPLE`.
fn is_access_key(content: &[u8], at: usize) -> bool {
    let Some(key) = content.get(at..at + 20) else { return false };
    let alone =
        |byte: Option<&u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'/' || *byte == b'+');
    key.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'))
        && !key.ends_with(b"EXAMPLE")
        && alone(at.checked_sub(1).and_then(|before| content.get(before)))
        && alone(content.get(at + 20))
}

/// `.env` and its variants, such as `.env.production`, but not `.envrc`'s neighbours like `.environment`.
fn is_environment_file(name: &str) -> bool {
    name.strip_prefix(".env").is_some_and(|rest| rest.is_empty() || rest == "rc" || rest.starts_with(['.', '-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_files_are_known_by_name() {
        for name in [".env", ".env.local", ".env-prod", ".envrc"] {
            assert_eq!(in_name(name), Some(Kind::EnvironmentFile), "{name}");
        }
        for name in [".environment", "env", "a.env"] {
            assert_eq!(in_name(name), None, "{name}");
        }
    }
}
