//! Texts with tags of Jinja in them, in the tags of a stack.

use super::expression::{Expression, Unsaid};

/// The brackets of Jinja, which a template may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Brackets {
    pub(super) expression: [String; 2],
    pub(super) statement: [String; 2],
    pub(super) comment: [String; 2],
}

impl Default for Brackets {
    fn default() -> Self {
        let pair = |open: &str, close: &str| [open.to_owned(), close.to_owned()];
        Self { expression: pair("{{", "}}"), statement: pair("{%", "%}"), comment: pair("{#", "#}") }
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
    let native = *brackets == Brackets::default();
    let mut out = String::with_capacity(text.len());
    let mut wrong = Vec::new();
    let mut at = 0;
    while let Some((begin, kind)) = next(text, at, brackets) {
        plain(&mut out, &text[at..begin], native);
        let [open, close] = match kind {
            Kind::Expression => &brackets.expression,
            Kind::Statement => &brackets.statement,
            Kind::Comment => &brackets.comment,
        };
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
            Kind::Comment => out.push_str(&format!("{{#{}#}}", &text[inside..inside + length])),
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
    Expression::parse(inside)?.said()
}

/// Names of the files and folders below a path: those that conditions decide on, and what they are.
pub(super) struct Named {
    /// Where the file is in the stack.
    pub(super) path: String,
    /// What has to hold for it to be written.
    pub(super) when: Vec<String>,
}

/// `{% if a %}name{% endif %}` of a path's parts become conditions; the rest of their tags stays.
pub(super) fn path(text: &str, brackets: &Brackets) -> Result<Named, Unsaid> {
    let mut when = Vec::new();
    let mut parts = Vec::new();
    for part in text.split('/') {
        let (condition, name) = conditional(part, brackets);
        if let Some(condition) = condition {
            when.push(self::condition(condition, brackets)?);
        }
        let name = said(name, brackets)
            .map_err(|wrong| wrong.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("; "))?;
        if name.contains("{%") {
            return Err("a name has conditions in the middle of it".to_owned());
        }
        parts.push(name);
    }
    Ok(Named { path: parts.join("/"), when })
}

/// The condition around a whole name, if there is one, and the name.
fn conditional<'a>(part: &'a str, brackets: &Brackets) -> (Option<&'a str>, &'a str) {
    let [open, close] = &brackets.statement;
    let found = || {
        let rest = part.strip_prefix(open.as_str())?;
        let (tag, rest) = rest.split_once(close.as_str())?;
        let condition = tag.trim().trim_matches('-').trim().strip_prefix("if ")?;
        let at = rest.rfind(open.as_str())?;
        let end = rest[at + open.len()..].strip_suffix(close.as_str())?;
        let name = &rest[..at];
        let whole = end.trim().trim_matches('-').trim() == "endif" && !name.contains(open.as_str());
        whole.then_some((condition, name))
    };
    match found() {
        Some((condition, name)) => (Some(condition), name),
        None => (None, part),
    }
}

fn next(text: &str, from: usize, brackets: &Brackets) -> Option<(usize, Kind)> {
    let kinds = [
        (&brackets.expression[0], Kind::Expression),
        (&brackets.statement[0], Kind::Statement),
        (&brackets.comment[0], Kind::Comment),
    ];
    let found =
        kinds.into_iter().filter_map(|(open, kind)| Some((from + text[from..].find(open.as_str())?, open.len(), kind)));
    found.min_by_key(|(at, length, _)| (*at, usize::MAX - length)).map(|(at, _, kind)| (at, kind))
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
fn plain(out: &mut String, text: &str, native: bool) {
    if native {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|open| rest.find(open)).min() {
        out.push_str(&rest[..at]);
        out.push_str(&format!("{{{{ '{}' }}}}", &rest[at..at + 2]));
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
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
        match Expression::parse(self.inside)? {
            Expression::Either { condition, yes, no } => {
                let mut said = format!("{{%{left} if {} %}}{{{{ {} }}}}", condition.said()?, yes.said()?);
                if let Some(no) = no {
                    said += &format!("{{% else %}}{{{{ {} }}}}", no.said()?);
                }
                Ok(format!("{said}{{% endif {right}%}}"))
            }
            expression => Ok(format!("{{{{{left} {} {right}}}}}", expression.said()?)),
        }
    }

    fn statement(&self) -> Result<String, Unsaid> {
        let (left, right) = (self.left, self.right);
        let (word, rest) = self.inside.split_once(char::is_whitespace).unwrap_or((self.inside, ""));
        let tag = |inside: String| Ok(format!("{{%{left} {inside} {right}%}}"));
        match word {
            "if" | "elif" => tag(format!("{word} {}", Expression::parse(rest)?.said()?)),
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
                match Expression::parse(value)? {
                    Expression::Either { condition, yes, no: Some(no) } => {
                        let (condition, yes, no) = (condition.said()?, yes.said()?, no.said()?);
                        let name = name.trim();
                        Ok(format!(
                            "{{%{left} if {condition} %}}{{% set {name} = {yes} %}}{{% else %}}{{% set {name} = {no} %}}{{% endif {right}%}}"
                        ))
                    }
                    value => tag(format!("set {} = {}", name.trim(), value.said()?)),
                }
            }
            word => Err(format!("there is no tag `{word}`")),
        }
    }
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

    #[test]
    fn every_place_without_words_is_told() {
        let text = "{{ a }}\n{% macro b() %}{{ c | shout }}{% endmacro %}";
        let wrong = said(text, &Brackets::default()).unwrap_err();
        let places: Vec<usize> = wrong.iter().map(|(at, _)| *at).collect();
        assert_eq!(places, [8, 23]);
        assert!(wrong[1].1.contains("no filter `shout`"));
    }

    #[test]
    fn names_of_files_have_their_conditions_apart() {
        #[track_caller]
        fn case(name: &str, path: &str, when: &[&str]) {
            let named = super::path(name, &Brackets::default()).unwrap();
            assert_eq!(
                (named.path.as_str(), named.when.as_slice()),
                (path, when.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>().as_slice())
            );
        }
        case("{{ name }}/a.py", "{{ name }}/a.py", &[]);
        case("{% if github %}.github{% endif %}/x.yml", ".github/x.yml", &["github"]);
        case("{% if a %}b{% endif %}/{% if c != 'd' %}{{ e }}.md{% endif %}", "b/{{ e }}.md", &["a", "c != \"d\""]);
        assert!(super::path("{% if a %}b{% else %}c{% endif %}", &Brackets::default()).is_err());
    }
}
