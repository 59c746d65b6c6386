//! One line of a `.gitignore`, with git's own meaning.
//!
//! Written here because the crates that match such patterns are made for searching: they expand `{a,b}`, which git takes
//! literally, and know no `[[:alpha:]]`. A property test holds this file against `git check-ignore`.

/// A parsed pattern, relative to the folder of the file that it stands in.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// As typed, without line end and trailing blanks.
    pub(crate) text: String,
    /// `!pattern`: what matches is not left out.
    pub(crate) negated: bool,
    only_directories: bool,
    glob: Glob,
}

/// The shapes that real files use, the cheap ones apart.
#[derive(Debug, Clone)]
enum Glob {
    /// `name`: the last component is this.
    Name(Box<[u8]>),
    /// `*.ext`: the last component ends so.
    Suffix(Box<[u8]>),
    /// Wildcards, no slash: matched against the last component.
    Component(Vec<Token>),
    /// A slash inside or in front: a literal beginning, then wildcards against the rest of the whole path.
    Path(Box<[u8]>, Vec<Token>),
    /// A pattern that git accepts and that matches nothing, such as `a[`.
    Nothing,
}

#[derive(Debug, Clone)]
enum Token {
    Byte(u8),
    /// `?`: any byte but a slash.
    Any,
    /// `[…]`
    Set(Set),
    /// `*`: anything but a slash.
    Star,
    /// `**` between slashes or at an end: anything.
    Deep,
}

#[derive(Debug, Clone)]
struct Set {
    negated: bool,
    bytes: [u64; 4],
}

impl Set {
    fn add(&mut self, byte: u8) {
        self.bytes[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn has(&self, byte: u8) -> bool {
        (self.bytes[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1) != self.negated
    }
}

impl Pattern {
    /// Pattern of a line, or `None` for blanks and comments.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.starts_with('#') {
            return None;
        }
        let text = trim_blanks(line);
        let (negated, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        if rest.is_empty() {
            return None;
        }
        let (only_directories, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
        Some(Self { text: text.to_owned(), negated, only_directories, glob: Glob::parse(rest.as_bytes()) })
    }

    /// Does it match `path`, which is relative to the folder of the pattern's file and has no slash at its ends?
    pub(crate) fn matches(&self, path: &[u8], is_directory: bool) -> bool {
        if self.only_directories && !is_directory {
            return false;
        }
        let name = || path.iter().rposition(|byte| *byte == b'/').map_or(path, |slash| &path[slash + 1..]);
        match &self.glob {
            Glob::Name(wanted) => path.ends_with(wanted) && name() == &**wanted,
            Glob::Suffix(wanted) => path.ends_with(wanted) && name().len() >= wanted.len(),
            Glob::Component(tokens) => wild(tokens, name()) == Matched::Yes,
            Glob::Path(start, tokens) => {
                path.strip_prefix(&**start).is_some_and(|rest| wild(tokens, rest) == Matched::Yes)
            }
            Glob::Nothing => false,
        }
    }
}

/// git trims spaces at the end unless a backslash stands before one. Tabs stay.
fn trim_blanks(line: &str) -> &str {
    let bytes = line.as_bytes();
    let mut end = bytes.len();
    while end > 0 && bytes[end - 1] == b' ' {
        end -= 1;
    }
    let backslashes = bytes[..end].iter().rev().take_while(|byte| **byte == b'\\').count();
    // An odd number of backslashes escapes the first of the spaces.
    if end < bytes.len() && backslashes % 2 == 1 {
        end += 1;
    }
    &line[..end]
}

fn is_wild(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

impl Glob {
    fn parse(pattern: &[u8]) -> Self {
        if !pattern.contains(&b'/') {
            if !pattern.iter().any(|byte| is_wild(*byte)) {
                return Self::Name(pattern.into());
            }
            if pattern[0] == b'*' && !pattern[1..].iter().any(|byte| is_wild(*byte)) {
                return Self::Suffix(pattern[1..].into());
            }
            return tokens(pattern).map_or(Self::Nothing, Self::Component);
        }
        let pattern = pattern.strip_prefix(b"/").unwrap_or(pattern);
        let literal = pattern.iter().position(|byte| is_wild(*byte)).unwrap_or(pattern.len());
        // git hands only what follows the literal part to its matcher, which therefore takes `a/b**` for `a/b` and a real
        // `**`. The same split here gives the same answer.
        tokens(&pattern[literal..]).map_or(Self::Nothing, |rest| Self::Path(pattern[..literal].into(), rest))
    }
}

/// `None` if the pattern can match nothing.
fn tokens(pattern: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => {
                tokens.push(Token::Byte(*pattern.get(at + 1)?));
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
                let opens = start == 0 || pattern[start - 1] == b'/';
                let closes = matches!(&pattern[at..], [] | [b'/', ..] | [b'\\', b'/', ..]);
                tokens.push(if at - start > 1 && opens && closes { Token::Deep } else { Token::Star });
            }
            b'[' => {
                let (set, next) = set(pattern, at + 1)?;
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

/// The bracket expression whose inside starts at `at`, and where it ends.
fn set(pattern: &[u8], mut at: usize) -> Option<(Set, usize)> {
    let negated = matches!(pattern.get(at)?, b'!' | b'^');
    at += usize::from(negated);
    let mut set = Set { negated, bytes: [0; 4] };
    let mut before: Option<u8> = None;
    let mut first = true;
    loop {
        let byte = *pattern.get(at)?;
        if byte == b']' && !first {
            return Some((set, at + 1));
        }
        first = false;
        match byte {
            b'\\' => {
                at += 1;
                let escaped = *pattern.get(at)?;
                set.add(escaped);
                before = Some(escaped);
            }
            b'-' if before.is_some() && pattern.get(at + 1).is_some_and(|next| *next != b']') => {
                at += 1;
                if pattern[at] == b'\\' {
                    at += 1;
                }
                let last = *pattern.get(at)?;
                for byte in before.take().unwrap_or(last)..=last {
                    set.add(byte);
                }
            }
            b'[' if pattern.get(at + 1) == Some(&b':') => {
                let length = pattern[at + 2..].iter().position(|byte| *byte == b']')?;
                let name = &pattern[at + 2..at + 2 + length];
                match name.strip_suffix(b":") {
                    Some(name) => {
                        let class = class(name)?;
                        (0..=127).filter(class).for_each(|byte| set.add(byte));
                        at += 2 + length;
                        before = None;
                    }
                    // No `:]`, so it is an ordinary set with a bracket in it.
                    None => {
                        set.add(b'[');
                        before = Some(b'[');
                    }
                }
            }
            byte => {
                set.add(byte);
                before = Some(byte);
            }
        }
        at += 1;
    }
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

/// Result of a match. The two kinds of giving up keep patterns with many stars from taking exponential time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matched {
    Yes,
    No,
    /// The text is used up: no longer `*` can help.
    TextUsedUp,
    /// A slash is in the way: only an earlier `**` can help.
    Slash,
}

fn wild(tokens: &[Token], text: &[u8]) -> Matched {
    let mut text = text;
    for (index, token) in tokens.iter().enumerate() {
        let rest = &tokens[index + 1..];
        match token {
            Token::Star => return star(rest, text, false),
            Token::Deep => {
                // `**/x` also means `x` right here.
                if let [Token::Byte(b'/'), after @ ..] = rest
                    && wild(after, text) == Matched::Yes
                {
                    return Matched::Yes;
                }
                return star(rest, text, true);
            }
            _ => {
                let Some((byte, after)) = text.split_first() else { return Matched::TextUsedUp };
                let fits = match token {
                    Token::Byte(wanted) => byte == wanted,
                    Token::Any => *byte != b'/',
                    Token::Set(set) => *byte != b'/' && set.has(*byte),
                    Token::Star | Token::Deep => false,
                };
                if !fits {
                    return Matched::No;
                }
                text = after;
            }
        }
    }
    if text.is_empty() { Matched::Yes } else { Matched::No }
}

fn star(rest: &[Token], mut text: &[u8], deep: bool) -> Matched {
    if rest.is_empty() {
        return if deep || !text.contains(&b'/') { Matched::Yes } else { Matched::Slash };
    }
    while let Some((byte, after)) = text.split_first() {
        match wild(rest, text) {
            Matched::No if !deep && *byte == b'/' => return Matched::Slash,
            Matched::No => {}
            Matched::Slash if deep => {}
            outcome => return outcome,
        }
        text = after;
    }
    Matched::TextUsedUp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_git_means() {
        #[track_caller]
        fn case(line: &str, path: &str, expected: bool) {
            let pattern = Pattern::parse(line).expect("a pattern");
            let (path, is_directory) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
            assert_eq!(pattern.matches(path.as_bytes(), is_directory), expected, "`{line}` on `{path}`");
        }
        case("name", "name", true);
        case("name", "a/b/name", true);
        case("name", "a/b/rename", false);
        case("name/", "a/name", false);
        case("name/", "a/name/", true);
        case("/name", "name", true);
        case("/name", "a/name", false);
        case("a/name", "a/name", true);
        case("a/name", "b/a/name", false);
        case("*.py", "a/b.py", true);
        case("*.py", "a/.py", true);
        case("*.py", "a/b.pyc", false);
        case("*", "a/b", true);
        case("a*c", "abc", true);
        case("a?c", "a/c", false);
        case("a/*", "a/b", true);
        case("a/*", "a/b/c", false);
        case("a/**", "a/b/c", true);
        case("a/**", "a", false);
        case("**/b", "b", true);
        case("**/b", "a/a/b", true);
        case("a/**/b", "a/b", true);
        case("a/**/b", "a/x/y/b", true);
        case("a/**/b", "axb", false);
        case("/a**b", "a/b", false);
        case("/a/b**/z", "a/bx/c/z", true);
        case("x/a*b", "x/a/b", false);
        case("{a,b}", "a", false);
        case("{a,b}", "{a,b}", true);
        case("[a-c]x", "bx", true);
        case("[!a-c]x", "bx", false);
        case("[^a-c]x", "dx", true);
        case("[]-]x", "]x", true);
        case("[]-]x", "-x", true);
        case("[[:digit:]]", "7", true);
        case("[[:digit:]]", "x", false);
        case("[[:nonsense:]]", "n", false);
        case("[a", "[a", false);
        case("\\#a", "#a", true);
        case("\\!a", "!a", true);
        case("a\\ ", "a ", true);
        case("a  ", "a", true);
        case("a\\\\ ", "a\\", true);
        case("a\r", "a", true);
        case("é", "é", true);
    }

    #[test]
    fn blanks_and_comments_are_no_patterns() {
        for line in ["", "   ", "# comment", "!", "\r"] {
            assert!(Pattern::parse(line).is_none(), "`{line}`");
        }
    }

    #[test]
    fn many_stars_end_in_time() {
        let pattern = Pattern::parse("x/*a*a*a*a*a*a*a*a*a*a*a*a*b").expect("a pattern");
        assert!(!pattern.matches(format!("x/{}", "a".repeat(2000)).as_bytes(), false));
    }
}
