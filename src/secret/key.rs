//! Private keys, and the ids of AWS's access keys.

use super::token_formats::{LONGEST, holds};

/// `-----BEGIN RSA ` and its kin; SSH2 has four dashes and a blank.
pub(super) fn is_header(before: &[u8]) -> bool {
    let kind =
        before.iter().rev().take(40).take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'0'..=b'9'));
    let (dashes, kind) = before.split_at(before.len() - kind.count());
    dashes.ends_with(b"----") && kind.trim_ascii_start().starts_with(b"BEGIN ")
}

/// The key itself, in any dress: indented, behind `#`, in quotes that are put together, with line ends written out. Code
/// that merely speaks of keys has none.
pub(super) fn holds_key(rest: &[u8]) -> bool {
    let mut rest = &rest[..rest.len().min(LONGEST - 64)];
    let mut letters = 0;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b' ' | b'\t' | b'"' | b'\'' | b'#' | b',' | b'\r' | b'\n' | b'>' | b'|' => {}
            b'\\' => {
                // A line end that is written out, once or twice.
                let line_end = after.strip_prefix(b"\\").unwrap_or(after);
                let line_end = line_end.strip_prefix(b"u000a").or_else(|| line_end.strip_prefix(b"u000A"));
                let line_end = line_end.or(match after {
                    [b'n' | b'r', rest @ ..] | [b'\\', b'n' | b'r', rest @ ..] => Some(rest),
                    _ => None,
                });
                match line_end {
                    Some(next) => {
                        rest = next;
                        continue;
                    }
                    // A line that goes on.
                    None if after.first() == Some(&b'\n') => {}
                    None => return false,
                }
            }
            // `Proc-Type: 4,ENCRYPTED`, `Version: GnuPG`, `Comment: "…"`: what stands between header and key.
            b'A'..=b'Z' if is_armor(rest) => {
                let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                rest = &rest[end..];
                continue;
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                letters += usize::from(*byte != b'+');
                if letters == 32 {
                    return true;
                }
            }
            _ => return false,
        }
        rest = after;
    }
    false
}

pub(super) fn is_armor(rest: &[u8]) -> bool {
    let name = rest.iter().take(16).take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-').count();
    name > 2 && rest.get(name..name + 2) == Some(b": ")
}

/// Base64 of `-----BEGIN … PRIVATE KEY`.
pub(super) fn is_encoded_header(text: &[u8]) -> bool {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let sextets: Vec<u8> = text.iter().take(96).map_while(|byte| value(*byte)).collect();
    let decoded: Vec<u8> = sextets
        .chunks_exact(4)
        .flat_map(|four| {
            let word = four.iter().fold(0_u32, |word, sextet| word << 6 | u32::from(*sextet));
            [(word >> 16) as u8, (word >> 8) as u8, word as u8]
        })
        .collect();
    holds(&decoded, b"PRIVATE KEY")
}

/// Does the secret of an access key stand behind its id, encrypted as Travis CI keeps it? The id alone opens nothing.
pub(super) fn has_sealed_secret(content: &[u8], end: usize) -> bool {
    let lines = content.get(end..).unwrap_or_default().split(|byte| *byte == b'\n').skip(1).take(2);
    let lines: Vec<&[u8]> = lines.map(<[u8]>::trim_ascii).collect();
    match lines.as_slice() {
        [first, rest @ ..] => {
            let named = first.starts_with(b"secret_access_key:");
            let sealed = |line: &&[u8]| line.starts_with(b"secure:");
            named && (holds(first, b"secure:") || rest.iter().any(sealed))
        }
        [] => false,
    }
}

/// Twenty characters, standing alone. The keys in AWS's own documentation end with `EXAMPLE`, and ours opens our sandbox.
pub(super) fn is_access_key(content: &[u8], at: usize) -> bool {
    let Some(key) = content.get(at..at + 20) else { return false };
    let edge = |byte: Option<&u8>| match byte {
        Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'+' => Edge::Inside,
        // In base64, or in a path.
        Some(b'/') => Edge::Slash,
        _ => Edge::Alone,
    };
    let edges = [edge(at.checked_sub(1).and_then(|before| content.get(before))), edge(content.get(at + 20))];
    let strict = edges.contains(&Edge::Slash);
    let fits = |byte: &u8| {
        byte.is_ascii_uppercase() || if strict { matches!(byte, b'2'..=b'7') } else { byte.is_ascii_digit() }
    };
    !edges.contains(&Edge::Inside)
        && key.iter().all(fits)
        && !key.ends_with(b"EXAMPLE")
        && !key.ends_with(b"BEANSPROUTSANDBX")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Alone,
    Slash,
    Inside,
}
