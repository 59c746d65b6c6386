//! Patterns in other words: as lines that the crate `ignore` reads as git reads ours, or as regular expressions of bytes.

use regex::bytes::{Regex, RegexBuilder};

use super::bracket::{Case, Token};

/// The line by which `ignore` matches what `tokens` match.
pub(super) fn line(tokens: &[Token], has_slash: bool, case: Case) -> Option<String> {
    let mut out = if has_slash { b"/".to_vec() } else { b"**/".to_vec() };
    for (index, token) in tokens.iter().enumerate() {
        let opens = index == 0 || matches!(tokens[index - 1], Token::Byte(b'/') | Token::Folders);
        match token {
            Token::Byte(byte) if case == Case::Folded && byte.is_ascii_alphabetic() => {
                out.extend([b'[', byte.to_ascii_lowercase(), byte.to_ascii_uppercase(), b']']);
            }
            Token::Byte(byte @ (b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b',' | b'\\' | b'\t'..=b'\r' | b' ')) => {
                out.extend([b'[', *byte, b']']);
            }
            Token::Byte(byte) => out.push(*byte),
            Token::Any => out.push(b'?'),
            Token::Set(set) => out.extend(in_brackets(set)?),
            Token::Star => out.push(b'*'),
            Token::Folders if opens => out.extend(b"**/"),
            Token::All if opens && index + 1 == tokens.len() => out.extend(if has_slash { "**" } else { "*" }.bytes()),
            Token::Folders | Token::All => return None,
        }
    }
    let line = String::from_utf8(out).ok()?;
    (line.trim_end() == line).then_some(line)
}

/// A set as both write it: one that needs no byte which is no letter of its own.
fn in_brackets(set: &[bool; 256]) -> Option<Vec<u8>> {
    let (ascii, others) = set.split_at(128);
    let all = others.iter().all(|member| *member);
    if !all && others.contains(&true) {
        return None;
    }
    let is_listed =
        |byte: &u8| *byte != 0 && (*byte == b'/' && all || *byte != b'/' && ascii[usize::from(*byte)] != all);
    // A bracket has to be the first, a minus the last, and what negates must not be the first.
    let rank = |byte: &u8| match byte {
        b']' => 0,
        b'-' => 3,
        b'!' | b'^' => 2,
        _ => 1,
    };
    let mut listed: Vec<u8> = (1..128).filter(is_listed).collect();
    listed.sort_by_key(rank);
    if !all && matches!(listed.first(), None | Some(b'!' | b'^')) {
        return None;
    }
    Some([if all { b"[!".as_slice() } else { b"[" }, &listed, b"]"].concat())
}

/// The regular expression that matches what `tokens` match; none if it would be too large.
pub(super) fn bytes(tokens: &[Token], has_slash: bool, case: Case) -> Option<Regex> {
    let mut text = if has_slash { "^".to_owned() } else { "^(?:.*/)?".to_owned() };
    for token in tokens {
        match token {
            Token::Byte(byte) if case == Case::Folded && byte.is_ascii_alphabetic() => {
                text += &format!("(?i:{})", char::from(*byte))
            }
            Token::Byte(byte) => text += &format!("\\x{byte:02x}"),
            Token::Any => text += "[^/]",
            // An empty set matches nothing.
            Token::Set(set) if !set.contains(&true) => text += "[^\\x00-\\xff]",
            Token::Set(set) => {
                let members = (0..=255).filter(|byte| set[usize::from(*byte)]);
                text += &format!("[{}]", members.map(|byte: u8| format!("\\x{byte:02x}")).collect::<String>());
            }
            Token::Star => text += "[^/]*",
            Token::Folders => text += "(?:.*/)?",
            Token::All => text += ".*",
        }
    }
    let built = RegexBuilder::new(&(text + "$")).unicode(false).dot_matches_new_line(true).build();
    built.ok()
}
