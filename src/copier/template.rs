//! Texts with tags of Jinja in them, in the tags of a stack.

use super::brackets::Brackets;
use super::syntax::{Expression, Unsaid};

impl Brackets {
    fn of(&self, kind: Kind) -> &[String; 2] {
        match kind {
            Kind::Expression => &self.expression,
            Kind::Statement => &self.statement,
            Kind::Comment => &self.comment,
        }
    }
}

/// A place that cannot be said: the byte, and why.
pub(super) type Unsayable = (usize, Unsaid);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Expression,
    Statement,
    Comment,
}

/// The text in a stack's words, or every place that has none.
pub(super) fn said(text: &str, brackets: &Brackets) -> Result<String, Vec<Unsayable>> {
    let native = brackets.is_native();
    let mut out = String::with_capacity(text.len());
    let mut wrong = Vec::new();
    let mut at = 0;
    let mut openings = Openings::of(text, brackets);
    while let Some((begin, kind)) = openings.next(at) {
        plain(&mut out, &text[at..begin], native);
        let [open, close] = brackets.of(kind);
        let inside = begin + open.len();
        let length = match kind {
            Kind::Comment => text[inside..].find(close.as_str()),
            Kind::Expression | Kind::Statement => end(&text[inside..], close),
        };
        let Some(length) = length else {
            wrong.push((begin, format!("`{open}` is not closed")));
            return Err(wrong);
        };
        at = inside + length + close.len();
        let tag = Tag::of(&text[inside..inside + length]);
        match kind {
            // An end of the engine's own would end it too early.
            Kind::Comment => {
                out.push_str(&format!("{{#{}#}}", &text[inside..inside + length].replace("#}", "# }")));
            }
            Kind::Expression => match tag.expression() {
                Ok(said) => out.push_str(&said),
                Err(why) => wrong.push((begin, why)),
            },
            Kind::Statement if tag.inside == "raw" => {
                // As it stands, up to its end; in other brackets there is nothing of the engine's to protect it from.
                let end = end_of_raw(text, at, brackets);
                let Some((stop, after)) = end else {
                    wrong.push((begin, "`raw` is not closed".to_owned()));
                    return Err(wrong);
                };
                let raw = &text[at..stop];
                out.push_str(&format!("{{%{} raw {}%}}{raw}{{% endraw %}}", tag.left, tag.right));
                at = after;
            }
            Kind::Statement => match tag.statement() {
                Ok(said) => out.push_str(&said),
                // What ends something was told where that begins.
                Err(_) if tag.inside.starts_with("end") && !wrong.is_empty() => {}
                Err(why) => wrong.push((begin, why)),
            },
        }
    }
    plain(&mut out, &text[at..], native);
    if wrong.is_empty() { Ok(out) } else { Err(wrong) }
}

/// A condition between the brackets of an expression, such as `{{ python }}`, or bare.
pub(super) fn condition(text: &str, brackets: &Brackets) -> Result<String, Unsaid> {
    let [open, close] = &brackets.expression;
    let trimmed = text.trim();
    let inside = trimmed.strip_prefix(open.as_str()).and_then(|rest| rest.strip_suffix(close.as_str()));
    let inside = inside.unwrap_or(trimmed);
    if inside.contains(open.as_str()) || trimmed.contains(brackets.statement[0].as_str()) {
        return Err("it is put together of several tags".to_owned());
    }
    Expression::parse(inside)?.condition()
}

/// Finds what opens a tag, one after the other. Each kind is looked for once in each piece of a text.
struct Openings<'a> {
    text: &'a str,
    kinds: [(&'a str, Kind); 3],
    found: [Option<usize>; 3],
}

impl<'a> Openings<'a> {
    fn of(text: &'a str, brackets: &'a Brackets) -> Self {
        let kinds = [
            (brackets.expression[0].as_str(), Kind::Expression),
            (brackets.statement[0].as_str(), Kind::Statement),
            (brackets.comment[0].as_str(), Kind::Comment),
        ];
        Self { text, kinds, found: kinds.map(|(open, _)| text.find(open)) }
    }

    /// The first at `from` or behind; of two at one place, the longer.
    fn next(&mut self, from: usize) -> Option<(usize, Kind)> {
        for (found, (open, _)) in self.found.iter_mut().zip(self.kinds) {
            if found.is_some_and(|at| at < from) {
                *found = self.text[from..].find(open).map(|at| from + at);
            }
        }
        let all = self.found.iter().zip(self.kinds).filter_map(|(found, (open, kind))| Some(((*found)?, open, kind)));
        all.min_by_key(|(at, open, _)| (*at, usize::MAX - open.len())).map(|(at, _, kind)| (at, kind))
    }
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

fn end_of_raw(text: &str, from: usize, brackets: &Brackets) -> Option<(usize, usize)> {
    let [open, close] = &brackets.statement;
    let mut at = from;
    loop {
        let begin = at + text[at..].find(open.as_str())?;
        let inside = begin + open.len();
        let end = inside + text[inside..].find(close.as_str())?;
        at = inside;
        if text[inside..end].trim().trim_matches('-').trim() == "endraw" {
            return Some((begin, end + close.len()));
        }
    }
}

/// What the engine would read and copier would not.
pub(super) fn plain(out: &mut String, text: &str, native: bool) {
    let mut rest = text;
    while let Some(at) = rest.find('{').filter(|_| !native) {
        let own = matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#'));
        out.push_str(&rest[..at]);
        match own {
            true => out.push_str(&format!("{{{{ '{}' }}}}", &rest[at..at + 2])),
            false => out.push('{'),
        }
        rest = &rest[at + if own { 2 } else { 1 }..];
    }
    out.push_str(rest);
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
    let mut at = 0;
    let mut openings = Openings::of(text, brackets);
    while let Some((begin, kind)) = openings.next(at) {
        found.push(Piece::Text(&text[at..begin]));
        let [open, close] = brackets.of(kind);
        let inside = begin + open.len();
        let length = end(&text[inside..], close).ok_or_else(|| format!("`{open}` is not closed"))?;
        let tag = Tag::of(&text[inside..inside + length]);
        match kind {
            Kind::Comment => {}
            Kind::Expression => found.push(Piece::Expression(Expression::parse(tag.inside)?.chosen()?)),
            Kind::Statement => {
                let (word, rest) = tag.inside.split_once(char::is_whitespace).unwrap_or((tag.inside, ""));
                found.push(Piece::Statement(word, rest));
            }
        }
        at = inside + length + close.len();
    }
    found.push(Piece::Text(&text[at..]));
    Ok(found)
}

/// What stands in a tag, and whether it takes the white space beside it away.
struct Tag<'a> {
    inside: &'a str,
    left: &'static str,
    right: &'static str,
}

impl<'a> Tag<'a> {
    fn of(inside: &'a str) -> Self {
        let left = if inside.starts_with('-') { "-" } else { "" };
        let right = if inside.ends_with('-') { "-" } else { "" };
        // `{%+` keeps white space that is kept here anyway.
        Self { inside: inside.trim_matches(['-', '+']).trim(), left, right }
    }

    fn expression(&self) -> Result<String, Unsaid> {
        let (left, right) = (self.left, self.right);
        match Expression::parse(self.inside)?.chosen()? {
            choice @ Expression::Either { .. } => {
                // White space beside it goes where the outermost tags are.
                let said = chosen(&choice, &printed)?;
                let (begin, end) = ("{%".len(), said.len() - "%}".len());
                Ok(format!("{{%{left}{}{right}%}}", &said[begin..end]))
            }
            expression => Ok(format!("{{{{{left} {} {right}}}}}", expression.said()?)),
        }
    }

    fn statement(&self) -> Result<String, Unsaid> {
        let (left, right) = (self.left, self.right);
        let (word, rest) = self.inside.split_once(char::is_whitespace).unwrap_or((self.inside, ""));
        let tag = |inside: String| Ok(format!("{{%{left} {inside} {right}%}}"));
        match word {
            "if" | "elif" => tag(format!("{word} {}", Expression::parse(rest)?.condition()?)),
            "else" | "endif" | "endfor" if rest.trim().is_empty() => tag(word.to_owned()),
            "for" => {
                let (names, list) = rest.split_once(" in ").ok_or("`for` has no `in`")?;
                let names: Vec<&str> = names.split(',').map(str::trim).collect();
                let known = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
                if names.len() > 2 || !names.iter().all(known) {
                    return Err("`for` takes one name, or a key and a value".to_owned());
                }
                let list = match Expression::parse(list)? {
                    Expression::Either { .. } => return Err("`for … if` is two tags here".to_owned()),
                    list => list.said()?,
                };
                tag(format!("for {} in {list}", names.join(", ")))
            }
            "set" => {
                let (name, value) = rest.split_once('=').ok_or("`set` takes no block here")?;
                let name = name.trim();
                match Expression::parse(value)?.chosen()? {
                    choice @ Expression::Either { .. } => {
                        let said = chosen(&choice, &|value| Ok(format!("{{% set {name} = {} %}}", value.said()?)))?;
                        let (begin, end) = ("{%".len(), said.len() - "%}".len());
                        Ok(format!("{{%{left}{}{right}%}}", &said[begin..end]))
                    }
                    value => tag(format!("set {name} = {}", value.said()?)),
                }
            }
            word => Err(format!("there is no tag `{word}`")),
        }
    }
}

/// A value that is printed; nothing is no tag.
pub(super) fn printed(value: &Expression) -> Result<String, Unsaid> {
    match value {
        Expression::Text(text) if text.is_empty() => Ok(String::new()),
        value => Ok(format!("{{{{ {} }}}}", value.said()?)),
    }
}

/// A choice as tags around each value.
fn chosen(choice: &Expression, value: &dyn Fn(&Expression) -> Result<String, Unsaid>) -> Result<String, Unsaid> {
    let Expression::Either { condition, yes, no } = choice else { return value(choice) };
    let mut said = format!("{{% if {} %}}{}", condition.condition()?, chosen(yes, value)?);
    let no = no.as_ref().map(|no| chosen(no, value)).transpose()?.unwrap_or_default();
    if !no.is_empty() {
        said += &format!("{{% else %}}{no}");
    }
    Ok(said + "{% endif %}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_said_in_the_other_tags() {
        #[track_caller]
        fn case(jinja: &str, expected: &str) {
            assert_eq!(said(jinja, &Brackets::default()).as_deref(), Ok(expected), "{jinja}");
        }
        case("name: {{ name }}\n", "name: {{ name }}\n");
        case("{{- name.upper() -}}", "{{- name | upper -}}");
        case(
            "{% if a %}x{% elif b == 'c' %}y{% else %}z{% endif %}",
            "{% if a %}x{% elif b == \"c\" %}y{% else %}z{% endif %}",
        );
        case("{{- name or 'x' -}}", "{%- if name %}{{ name }}{% else %}{{ \"x\" }}{% endif -%}");
        case("{{ x | default('y', true) }}", "{% if x %}{{ x }}{% else %}{{ \"y\" }}{% endif %}");
        case("{{ ('a' if b) | upper }}", "{% if b %}{{ \"a\" | upper }}{% else %}{{ \"\" | upper }}{% endif %}");
        case("{{ 'a' if b }}", "{% if b %}{{ \"a\" }}{% endif %}");
        case("{% set x = 'a' if b %}", "{% if b %}{% set x = \"a\" %}{% else %}{% set x = \"\" %}{% endif %}");
        case("{% if x | default('', true) %}y{% endif %}", "{% if x or \"\" %}y{% endif %}");
        case("{# a #}", "{# a #}");
        case("{{ 'a' if b else 'c' }}", "{% if b %}{{ \"a\" }}{% else %}{{ \"c\" }}{% endif %}");
        case("{% for k, v in d.items() -%}{{ k }}{% endfor %}", "{% for k, v in d -%}{{ k }}{% endfor %}");
        case("{% set x = y | lower %}", "{% set x = y | lower %}");
        case("{% raw %}${{ secrets.X }}{% endraw %}", "{% raw %}${{ secrets.X }}{% endraw %}");
        case("{# note #}", "{# note #}");
        case("${{ '{{' }} x {{ '}}' }}", "${{ \"{{\" }} x {{ \"}}\" }}");
    }

    #[test]
    fn other_brackets_become_those_of_a_stack() {
        let pair = |open: &str, close: &str| [open.to_owned(), close.to_owned()];
        let brackets =
            Brackets { expression: pair("[[", "]]"), statement: pair("[%", "%]"), comment: pair("[#", "#]") };
        let text = said("[[ name ]] ${{ secrets.X }} [% if a %]{% b %}[% endif %]", &brackets).unwrap();
        assert_eq!(text, "{{ name }} ${{ '{{' }} secrets.X }} {% if a %}{{ '{%' }} b %}{% endif %}");
    }

    /// As many tags as a file can have, and one of each kind that is looked for to the end: each byte is read once.
    #[test]
    fn a_long_text_is_read_once() {
        let pair = |open: &str, close: &str| [open.to_owned(), close.to_owned()];
        let brackets =
            Brackets { expression: pair("[[", "]]"), statement: pair("[%", "%]"), comment: pair("[#", "#]") };
        let text = "[[ a ]] {{ ".repeat(200_000);
        let expected = "{{ a }} {{ '{{' }} ".repeat(200_000);
        assert_eq!(said(&text, &brackets), Ok(expected));
    }

    #[test]
    fn every_place_without_words_is_told() {
        let text = "{{ a }}\n{% macro b() %}{{ c | shout }}{% endmacro %}";
        let wrong = said(text, &Brackets::default()).unwrap_err();
        let places: Vec<usize> = wrong.iter().map(|(at, _)| *at).collect();
        assert_eq!(places, [8, 23]);
        assert!(wrong[1].1.contains("no filter `shout`"));
    }
}
