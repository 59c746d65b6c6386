//! Tag: what stands between two brackets, and what a stack has for it.

use super::kind::Kind;
use super::syntax::{Expression, Unsaid};
use super::writer::Writer;

/// What stands in a tag, and whether it takes the white space beside it away.
pub(super) struct Tag<'a> {
    pub(super) inside: &'a str,
    pub(super) left: &'static str,
    pub(super) right: &'static str,
}

/// One tag of a stack, or text between two.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Print(String),
    Block(String),
    Text(String),
}

/// What comes of one tag: tags of a stack, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<Token>);

impl Tokens {
    pub(super) fn block(inside: String) -> Self {
        Self(vec![Token::Block(inside)])
    }

    /// As it is written. White space beside it goes where the outermost tags are.
    pub(super) fn text(&self, left: &str, right: &str) -> String {
        let last = self.0.len().saturating_sub(1);
        let sides = |at: usize| (if at == 0 { left } else { "" }, if at == last { right } else { "" });
        let tokens = self.0.iter().enumerate().map(|(at, token)| match (token, sides(at)) {
            (Token::Print(inside), (left, right)) => format!("{{{{{left} {inside} {right}}}}}"),
            (Token::Block(inside), (left, right)) => format!("{{%{left} {inside} {right}%}}"),
            (Token::Text(text), _) => text.clone(),
        });
        tokens.collect()
    }
}

impl<'a> Tag<'a> {
    pub(super) fn of(inside: &'a str) -> Self {
        let left = if inside.starts_with('-') { "-" } else { "" };
        let right = if inside.ends_with('-') { "-" } else { "" };
        // `{%+` keeps white space that is kept here anyway.
        Self { inside: inside.trim_matches(['-', '+']).trim(), left, right }
    }

    /// The word of a statement, and what follows it.
    pub(super) fn words(&self) -> (&'a str, &'a str) {
        self.inside.split_once(char::is_whitespace).map_or((self.inside, ""), |(word, rest)| (word, rest.trim()))
    }
}

/// What is printed, and the value that nobody can tell what it is, if there is one.
pub(super) fn printed(text: &str, writer: Writer<'_>) -> Result<(Tokens, Option<String>), Unsaid> {
    let expression = Expression::parse(text)?;
    let mut unknown = None;
    let mut tokens = Vec::new();
    // Each part of a text that is joined can be printed behind the other.
    let mut parts = Vec::new();
    expression.joined_parts(writer.kinds, &mut parts);
    for part in parts {
        let part = part.clone().printed(writer.kinds)?;
        each_end(&part, &mut |end| {
            if matches!(end.kind(writer.kinds), Kind::Unknown) && unknown.is_none() {
                unknown = Some(writer.value(end).unwrap_or_default());
            }
        });
        choice(&part, writer, &mut tokens, Place::Outside, &print)?;
    }
    let prints = tokens.iter().all(|token| matches!(token, Token::Print(_)));
    if tokens.len() > 1
        && prints
        && let Ok(whole) = writer.value(&expression)
    {
        tokens = vec![Token::Print(whole)];
    }
    // Nothing is no tag, but where a tag takes white space away.
    if tokens.is_empty() {
        tokens.push(Token::Print("\"\"".to_owned()));
    }
    Ok((Tokens(tokens), unknown))
}

fn each_end(of: &Expression, look: &mut dyn FnMut(&Expression)) {
    match of {
        Expression::Either { yes, no, .. } => {
            each_end(yes, look);
            no.iter().for_each(|no| each_end(no, look));
        }
        end => look(end),
    }
}

/// A value that is given a name.
pub(super) fn set(name: &str, value: &str, writer: Writer<'_>) -> Result<(Tokens, Kind), Unsaid> {
    let value = Expression::parse(value)?.chosen(writer.kinds)?;
    let mut tokens = Vec::new();
    choice(&value, writer, &mut tokens, Place::Outside, &|value, writer, tokens, _| {
        tokens.push(Token::Block(format!("set {name} = {}", writer.value(value)?)));
        Ok(())
    })?;
    Ok((Tokens(tokens), value.kind(writer.kinds)))
}

/// What comes of one value of a choice, which may be all there is.
type End<'a> = dyn Fn(&Expression, Writer<'_>, &mut Vec<Token>, Place) -> Result<(), Unsaid> + 'a;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Beside text of the template, which other tags may take away.
    Outside,
    Branch,
}

/// A choice as tags around each value.
fn choice(
    of: &Expression,
    writer: Writer<'_>,
    tokens: &mut Vec<Token>,
    place: Place,
    end: &End<'_>,
) -> Result<(), Unsaid> {
    let Expression::Either { condition, yes, no } = of else { return end(of, writer, tokens, place) };
    tokens.push(Token::Block(format!("if {}", writer.condition(condition)?)));
    choice(yes, writer, tokens, Place::Branch, end)?;
    let before = tokens.len();
    if let Some(no) = no {
        tokens.push(Token::Block("else".to_owned()));
        choice(no, writer, tokens, Place::Branch, end)?;
    }
    // Nothing needs no branch.
    if tokens.len() == before + 1 {
        tokens.pop();
    }
    tokens.push(Token::Block("endif".to_owned()));
    Ok(())
}

/// One value that is printed.
fn print(value: &Expression, writer: Writer<'_>, tokens: &mut Vec<Token>, place: Place) -> Result<(), Unsaid> {
    let mut parts = Vec::new();
    value.joined_parts(writer.kinds, &mut parts);
    if parts.len() > 1 && writer.value(value).is_err() {
        return parts.into_iter().try_for_each(|part| print(part, writer, tokens, place));
    }
    match value {
        Expression::Text(text) if text.is_empty() => {}
        Expression::Text(text) if place == Place::Branch && !text.contains('{') => {
            tokens.push(Token::Text(text.clone()));
        }
        value => tokens.push(Token::Print(writer.value(value)?)),
    }
    Ok(())
}

/// The names that a loop gives, and what it goes over.
pub(super) fn looped<'a>(rest: &'a str, writer: Writer<'_>) -> Result<(Vec<&'a str>, Kind, Tokens), Unsaid> {
    let (names, list) = rest.split_once(" in ").ok_or("`for` has no `in`")?;
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    if names.len() > 2 || !names.iter().all(|name| is_name(name)) {
        return Err("`for` takes one name, or a key and a value".to_owned());
    }
    let list = Expression::parse(list)?;
    if matches!(list, Expression::Either { .. }) {
        return Err("`for … if` is two tags here".to_owned());
    }
    let kind = list.kind(writer.kinds);
    if kind != Kind::Unknown && !kind.is_list() {
        return Err("`for` is for lists here".to_owned());
    }
    let tokens = Tokens::block(format!("for {} in {}", names.join(", "), writer.value(&list)?));
    let entry = match kind {
        Kind::List(entry) if names.len() == 1 => *entry,
        _ => Kind::Unknown,
    };
    Ok((names, entry, tokens))
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
}
