//! Bracket expressions and wildcards of git's patterns, as sets of bytes and signs: what they match, byte by byte.
//!
//! git compares bytes; where `core.ignorecase` is on, it lowers letters of ASCII on the way, with a few quirks that are
//! kept here: an escaped capital letter, or one that stands alone in brackets, then matches nothing.

/// How letters are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Case {
    #[default]
    Exact,
    /// As `core.ignorecase` has it.
    Folded,
}

/// One sign of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Byte(u8),
    /// `?`: any byte but a slash.
    Any,
    /// Some bytes, and never a slash.
    Set(Box<[bool; 256]>),
    /// `*`: anything but a slash.
    Star,
    /// `**/` at the beginning or behind a slash: nothing, or folders.
    Folders,
    /// Another `**` between slashes or at an end: anything.
    All,
}

/// The signs of `pattern`; `None` if it can match nothing.
pub(super) fn tokens(pattern: &[u8], case: Case) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => {
                let byte = *pattern.get(at + 1)?;
                if case == Case::Folded && byte.is_ascii_uppercase() {
                    return None;
                }
                tokens.push(Token::Byte(byte));
                at += 2;
            }
            b'?' => {
                tokens.push(Token::Any);
                at += 1;
            }
            b'*' => {
                let start = at;
                while pattern.get(at) == Some(&b'*') {
                    at += 1;
                }
                let opens = at - start > 1 && (start == 0 || pattern[start - 1] == b'/');
                tokens.push(match &pattern[at..] {
                    [b'/', ..] if opens => {
                        at += 1;
                        Token::Folders
                    }
                    [] | [b'\\', b'/', ..] if opens => Token::All,
                    _ => Token::Star,
                });
            }
            b'[' => {
                let (set, next) = set(pattern, at + 1, case)?;
                tokens.push(Token::Set(set));
                at = next;
            }
            byte => {
                tokens.push(Token::Byte(byte));
                at += 1;
            }
        }
    }
    Some(tokens)
}

/// What stands in brackets.
struct Members {
    /// Bytes that stand for themselves.
    alone: [bool; 256],
    /// Ranges and classes.
    ranges: [bool; 256],
}

impl Members {
    fn has(&self, byte: u8, case: Case) -> bool {
        let (byte, capital) = match case {
            Case::Exact => (byte, byte),
            Case::Folded => (byte.to_ascii_lowercase(), byte.to_ascii_uppercase()),
        };
        self.alone[usize::from(byte)] || self.ranges[usize::from(byte)] || self.ranges[usize::from(capital)]
    }
}

/// The bracket expression whose inside starts at `at`, and where it ends.
fn set(pattern: &[u8], mut at: usize, case: Case) -> Option<(Box<[bool; 256]>, usize)> {
    let negated = matches!(pattern.get(at)?, b'!' | b'^');
    at += usize::from(negated);
    let mut members = Members { alone: [false; 256], ranges: [false; 256] };
    let mut before: Option<u8> = None;
    let mut first = true;
    loop {
        let byte = *pattern.get(at)?;
        if byte == b']' && !first {
            break;
        }
        first = false;
        match byte {
            b'\\' => {
                at += 1;
                let escaped = *pattern.get(at)?;
                members.alone[usize::from(escaped)] = true;
                before = Some(escaped);
            }
            b'-' if before.is_some() && pattern.get(at + 1).is_some_and(|next| *next != b']') => {
                at += 1;
                if pattern[at] == b'\\' {
                    at += 1;
                }
                let last = *pattern.get(at)?;
                for byte in before.take().unwrap_or(last)..=last {
                    members.ranges[usize::from(byte)] = true;
                }
            }
            b'[' if pattern.get(at + 1) == Some(&b':') => {
                let length = pattern[at + 2..].iter().position(|byte| *byte == b']')?;
                let name = &pattern[at + 2..at + 2 + length];
                match name.strip_suffix(b":") {
                    Some(name) => {
                        let class = class(name)?;
                        (0..=127).filter(class).for_each(|byte| members.ranges[usize::from(byte)] = true);
                        at += 2 + length;
                        before = None;
                    }
                    // No `:]`, so it is an ordinary set with a bracket in it.
                    None => {
                        members.alone[usize::from(b'[')] = true;
                        before = Some(b'[');
                    }
                }
            }
            byte => {
                members.alone[usize::from(byte)] = true;
                before = Some(byte);
            }
        }
        at += 1;
    }
    let mut set = Box::new([false; 256]);
    for byte in (0..=255).filter(|byte| *byte != b'/') {
        set[usize::from(byte)] = members.has(byte, case) != negated;
    }
    Some((set, at + 1))
}

fn class(name: &[u8]) -> Option<fn(&u8) -> bool> {
    Some(match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}
