//! One line of a `.gitignore`, with git's own meaning.
//!
//! Lines are matched by the crate `ignore`, which is made for searching and reads some of them in another way than git: it
//! expands `{a,b}`, knows no `[[:alpha:]]`, and takes a slash in brackets for none. So a line is read here as git reads
//! it, and written anew in words that both take for the same. What cannot be said in them (bytes that are no text, `**`
//! behind a name) is matched by a regular expression of bytes. A property test holds all of it against `git check-ignore`.

use regex::bytes::Regex;

use super::bracket::{Case, Token, tokens};
use super::translation;

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
    /// A slash inside or in front, and no wildcard: the whole path is this.
    Whole(Box<[u8]>),
    /// A line that `ignore` reads as git reads ours.
    Line(String),
    /// What no such line can say, against the whole path.
    Bytes(Regex),
    /// A pattern that git accepts and that matches nothing, such as `a[`.
    Nothing,
    /// A pattern that is too long for us.
    Refused,
}

impl Pattern {
    /// Pattern of a line, or `None` for blanks and comments.
    pub(crate) fn parse(line: &[u8], case: Case) -> Option<Self> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // To git a line is a string of C.
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        if line.starts_with(b"#") {
            return None;
        }
        let typed = trim_blanks(line);
        let (negated, rest) = typed.strip_prefix(b"!").map_or((false, typed), |rest| (true, rest));
        if rest.is_empty() {
            return None;
        }
        let (only_directories, rest) = rest.strip_suffix(b"/").map_or((false, rest), |rest| (true, rest));
        let text = String::from_utf8_lossy(typed).into_owned();
        Some(Self { text, negated, only_directories, glob: Glob::parse(rest, case) })
    }

    /// The whole line for the crate, if the pattern is left to it.
    pub(super) fn left_line(&self) -> Option<String> {
        let Glob::Line(line) = &self.glob else { return None };
        let (start, end) = (if self.negated { "!" } else { "" }, if self.only_directories { "/" } else { "" });
        Some(format!("{start}{line}{end}"))
    }

    /// Is it one that nothing here can obey?
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.glob, Glob::Refused)
    }

    /// Does it match, as far as that is said here? What is left to the crate is not.
    pub(super) fn matches(&self, path: &[u8], is_directory: bool, case: Case) -> bool {
        if self.only_directories && !is_directory {
            return false;
        }
        let name = || path.iter().rposition(|byte| *byte == b'/').map_or(path, |slash| &path[slash + 1..]);
        let same = |one: &[u8], other: &[u8]| match case {
            Case::Exact => one == other,
            Case::Folded => one.eq_ignore_ascii_case(other),
        };
        let ends = |wanted: &[u8]| path.len() >= wanted.len() && same(&path[path.len() - wanted.len()..], wanted);
        match &self.glob {
            Glob::Name(wanted) => ends(wanted) && name().len() == wanted.len(),
            Glob::Suffix(wanted) => ends(wanted) && name().len() >= wanted.len(),
            Glob::Whole(wanted) => same(path, wanted),
            Glob::Bytes(regex) => regex.is_match(path),
            Glob::Nothing | Glob::Refused | Glob::Line(_) => false,
        }
    }
}

/// git trims spaces at the end unless a backslash stands before one. Tabs stay.
fn trim_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().rev().take_while(|byte| **byte == b' ').count();
    let end = line.len() - blanks;
    let backslashes = line[..end].iter().rev().take_while(|byte| **byte == b'\\').count();
    // An odd number of backslashes escapes the first of the spaces.
    &line[..end + usize::from(blanks > 0 && backslashes % 2 == 1)]
}

impl Glob {
    fn parse(pattern: &[u8], case: Case) -> Self {
        let is_wild = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
        let literal = |pattern: &[u8]| pattern.iter().position(is_wild).unwrap_or(pattern.len());
        let has_slash = pattern.contains(&b'/');
        let pattern = pattern.strip_prefix(b"/").unwrap_or(pattern);
        let start = if has_slash { literal(pattern) } else { 0 };
        match pattern {
            _ if has_slash && start == pattern.len() => return Self::Whole(pattern.into()),
            _ if !has_slash && literal(pattern) == pattern.len() => return Self::Name(pattern.into()),
            [b'*', rest @ ..] if !has_slash && literal(rest) == rest.len() => return Self::Suffix(rest.into()),
            _ => {}
        }
        // git hands only what follows the literal part to its matcher, which therefore takes `a/b**` for `a/b` and a real
        // `**`. The same split here gives the same answer.
        let (prefix, rest) = pattern.split_at(start);
        let Some(rest) = tokens(rest, case) else { return Self::Nothing };
        let prefix = prefix.iter().map(|byte| Token::Byte(*byte));
        let tokens: Vec<Token> = prefix.chain(rest).collect();
        match translation::line(&tokens, has_slash, case) {
            Some(line) => Self::Line(line),
            None => translation::bytes(&tokens, has_slash, case).map_or(Self::Refused, Self::Bytes),
        }
    }
}

#[cfg(test)]
mod tests;
