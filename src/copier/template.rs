//! Texts with tags of Jinja in them, in the tags of a stack.

use crate::stack::{Openings, Tree};

use super::brackets::{Brackets, TagKind};
use super::kind::Kinds;
use super::macros::Calls;
use super::syntax::{Expression, Macros, Unsaid};
use super::tag::Tag;
use super::writer::Writer;

/// A place that cannot be said: the byte, and why.
pub(super) type Unsayable = (usize, Unsaid);

/// What a text is read with.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) brackets: &'a Brackets,
    /// What the names stand for.
    pub(super) kinds: &'a Kinds<'a>,
    /// The files of the template, which a text may include.
    pub(super) files: Option<&'a Tree>,
}

/// A text in a stack's words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) text: String,
    /// Places where copier may print something else, and what is printed there.
    pub(super) doubts: Vec<Unsayable>,
    /// Texts that it includes.
    pub(super) snippets: Tree,
}

/// A condition between the brackets of an expression, such as `{{ python }}`, or bare.
pub(super) fn condition(text: &str, reading: Reading<'_>) -> Result<String, Unsaid> {
    let [open, close] = &reading.brackets.expression;
    let trimmed = text.trim();
    let inside = trimmed.strip_prefix(open.as_str()).and_then(|rest| rest.strip_suffix(close.as_str()));
    let inside = inside.unwrap_or(trimmed);
    if inside.contains(open.as_str()) || trimmed.contains(reading.brackets.statement[0].as_str()) {
        return Err("it is put together of several tags".to_owned());
    }
    Writer { kinds: reading.kinds, macros: &Macros::new() }.condition(&Expression::parse(inside)?)
}

/// What stands in the quotes that a text begins with, and the rest.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    text[1..].split_once(quote)
}

/// Where a tag ends: not inside of a text in quotes.
fn end(text: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    for (at, char) in text.char_indices() {
        match quote {
            None if text[at..].starts_with(close) => return Some(at),
            None if matches!(char, '"' | '\'') => quote = Some(char),
            Some(open) if char == open => quote = None,
            _ => {}
        }
    }
    // A quote that is never closed is a mistake of that tag alone.
    text.find(close)
}

/// Where the tag begins that ends what stays as it is, what stands in it, and where it ends.
fn end_of_raw<'t>(text: &'t str, from: usize, brackets: &Brackets) -> Option<(usize, &'t str, usize)> {
    let [open, close] = &brackets.statement;
    let mut at = from;
    loop {
        let begin = at + text[at..].find(open.as_str())?;
        let inside = begin + open.len();
        let end = inside + text[inside..].find(close.as_str())?;
        at = inside;
        let content = &text[inside..end];
        if Tag::of(content).inside == "endraw" {
            return Some((begin, content, end + close.len()));
        }
    }
}

/// What a text is put together of.
pub(super) enum Part<'t> {
    Text(&'t str),
    Comment(&'t str),
    /// What stays as it is, and the tags around it.
    Raw {
        begin: Tag<'t>,
        text: &'t str,
        end: Tag<'t>,
    },
    Expression(Tag<'t>),
    Statement(Tag<'t>),
}

/// The parts of a text with their places, up to a tag that is not closed. White space that copier takes away is in none of them.
pub(super) fn parts<'t>(
    text: &'t str,
    brackets: &'t Brackets,
) -> impl Iterator<Item = (usize, Result<Part<'t>, Unsaid>)> {
    let mut openings = Openings::new(text, brackets.openings());
    let (mut at, mut next) = (0, None);
    std::iter::from_fn(move || {
        if at > text.len() {
            return None;
        }
        if next.is_none() {
            next = openings.next(at);
            let end = match next {
                Some((begin, kind)) if kind != TagKind::Expression => {
                    let content = &text[begin + brackets.of(kind)[0].len()..];
                    brackets.white_space.before(text, at..begin, content)
                }
                Some((begin, _)) => begin,
                None => text.len(),
            };
            let found = (at, Ok(Part::Text(&text[at..end])));
            if next.is_none() {
                // Behind the end: nothing follows.
                at = text.len() + 1;
            }
            return Some(found);
        }
        let (begin, kind) = next.take()?;
        let part = part(text, begin, kind, brackets);
        at = part.as_ref().map_or(text.len() + 1, |(_, end)| *end);
        Some((begin, part.map(|(part, _)| part)))
    })
}

/// The tag that begins there, and where what follows it begins.
fn part<'t>(text: &'t str, begin: usize, kind: TagKind, brackets: &Brackets) -> Result<(Part<'t>, usize), Unsaid> {
    let [open, close] = brackets.of(kind);
    let inside = begin + open.len();
    let length = match kind {
        TagKind::Comment => text[inside..].find(close.as_str()),
        TagKind::Expression | TagKind::Statement => end(&text[inside..], close),
    };
    let length = length.ok_or_else(|| format!("`{open}` is not closed"))?;
    let (content, after) = (&text[inside..inside + length], inside + length + close.len());
    let white_space = brackets.white_space;
    let tag = Tag::of(content);
    Ok(match kind {
        TagKind::Comment => (Part::Comment(content), white_space.behind(text, content, after)),
        TagKind::Expression => (Part::Expression(tag), after),
        TagKind::Statement if tag.inside == "raw" => {
            let (stop, last, end) = end_of_raw(text, after, brackets).ok_or("`raw` is not closed")?;
            let inside = &text[after..white_space.before(text, after..stop, last)];
            (Part::Raw { begin: tag, text: inside, end: Tag::of(last) }, white_space.behind(text, last, end))
        }
        TagKind::Statement => (Part::Statement(tag), white_space.behind(text, content, after)),
    })
}

/// A text as what it is put together of, as long as no block of it hides another.
pub(super) enum Piece<'a> {
    Text(&'a str),
    Expression(Expression),
    /// The word of a statement, and what follows it.
    Statement(&'a str, &'a str),
}

pub(super) fn pieces<'a>(text: &'a str, brackets: &'a Brackets) -> Result<Vec<Piece<'a>>, Unsaid> {
    let mut found = Vec::new();
    for (_, part) in parts(text, brackets) {
        match part? {
            Part::Text(text) => found.push(Piece::Text(text)),
            Part::Comment(_) => {}
            Part::Expression(tag) => found.push(Piece::Expression(Expression::parse(tag.inside)?)),
            Part::Raw { text, .. } => {
                found.extend([Piece::Statement("raw", ""), Piece::Text(text), Piece::Statement("endraw", "")]);
            }
            Part::Statement(tag) => {
                let (word, rest) = tag.words();
                found.push(Piece::Statement(word, rest));
            }
        }
    }
    Ok(found)
}

/// What the macros of a text are called with.
pub(super) fn calls(text: &str, reading: Reading<'_>) -> Calls {
    let mut found = Calls::new();
    // What cannot be read is told by whoever says it.
    for (_, part) in parts(text, reading.brackets) {
        let value = match &part {
            Ok(Part::Expression(tag)) => tag.inside,
            Ok(Part::Statement(tag)) => match tag.words() {
                ("if" | "elif", condition) => condition,
                ("set", rest) => rest.split_once('=').map_or("", |(_, value)| value),
                ("for", rest) => rest.split_once(" in ").map_or("", |(_, list)| list),
                _ => "",
            },
            _ => "",
        };
        if let Ok(expression) = Expression::parse(value) {
            expression.calls(reading.kinds, &mut found);
        }
    }
    found
}

/// Can a text come to nothing, if the names can of which `empty` says so? Whatever is in a branch can.
pub(super) fn may_be_empty(text: &str, brackets: &Brackets, empty: &dyn Fn(&str) -> bool) -> bool {
    let mut depth = 0_usize;
    let pieces = pieces(text, brackets).unwrap_or_default();
    let solid = pieces.iter().any(|piece| {
        match piece {
            Piece::Statement(word, _) if word.starts_with("end") => depth = depth.saturating_sub(1),
            Piece::Statement("if" | "for" | "raw", _) => depth += 1,
            Piece::Text(text) => return depth == 0 && !text.is_empty(),
            Piece::Expression(expression) => return depth == 0 && !expression.may_be_empty(empty),
            Piece::Statement(..) => {}
        }
        false
    });
    !solid
}
