//! Other brackets for files in which `{{ }}` means something already.

use serde::Deserialize;

use super::Error;

/// The brackets of one file: each an opening and a closing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delimiters {
    expression: [String; 2],
    statement: [String; 2],
    #[serde(default)]
    comment: Option<[String; 2]>,
}

/// Openings of the tags that the engine itself reads.
const NATIVE: [&str; 3] = ["{{", "{%", "{#"];

impl Delimiters {
    /// The same template in the engine's own brackets.
    pub(crate) fn translate(&self, place: &str, text: &str) -> Result<String, Error> {
        let comment = self.comment.iter().map(|[open, close]| (open, close, "{#", "#}"));
        let [open, close] = &self.expression;
        let [begin, end] = &self.statement;
        let kinds: Vec<_> = [(open, close, "{{", "}}"), (begin, end, "{%", "%}")].into_iter().chain(comment).collect();
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        loop {
            let next = kinds.iter().filter_map(|kind| Some((rest.find(kind.0.as_str())?, kind)));
            // At the same place the longer bracket is meant: `<%=` before `<%`.
            let Some((at, (open, close, native_open, native_close))) =
                next.min_by_key(|(at, kind)| (*at, usize::MAX - kind.0.len()))
            else {
                plain(&mut out, rest);
                return Ok(out);
            };
            plain(&mut out, &rest[..at]);
            let inside = &rest[at + open.len()..];
            let Some(length) = inside.find(close.as_str()) else {
                return Err(Error::TagOpen { place: place.to_owned(), tag: (*open).clone() });
            };
            out.push_str(native_open);
            out.push_str(&inside[..length]);
            out.push_str(native_close);
            rest = &inside[length + close.len()..];
        }
    }
}

/// Text that the engine must not read: its own brackets become expressions that print them.
fn plain(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = NATIVE.iter().filter_map(|native| rest.find(native)).min() {
        out.push_str(&rest[..at]);
        out.push_str(&format!("{{{{ '{}' }}}}", &rest[at..at + 2]));
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::super::expression::{Scope, render};
    use super::*;

    #[track_caller]
    fn case(template: &str, expected: &str) {
        let angle = |open: &str, close: &str| [open.to_owned(), close.to_owned()];
        let delimiters = Delimiters {
            expression: angle("<%=", "%>"),
            statement: angle("<%", "%>"),
            comment: Some(angle("<%#", "%>")),
        };
        let mut scope = Scope::default();
        scope.set("name", "x".into());
        scope.set("on", true.into());
        let native = delimiters.translate("case", template).unwrap();
        assert_eq!(render("case", &native, &scope).unwrap(), expected);
    }

    #[test]
    fn a_file_keeps_its_own_braces() {
        case("", "");
        case("{{ page.title }} <%= name %>", "{{ page.title }} x");
        case("{% load static %}{# note #}<%# gone %>", "{% load static %}{# note #}");
        case("<% if on %>{{{ a }}}<% endif %>", "{{{ a }}}");
        case("${{ secrets.ROLE }} '<%= name %>'", "${{ secrets.ROLE }} 'x'");
    }

    #[test]
    fn an_open_tag_is_an_error() {
        let delimiters = Delimiters {
            expression: ["<<".to_owned(), ">>".to_owned()],
            statement: ["<%".to_owned(), "%>".to_owned()],
            comment: None,
        };
        assert!(matches!(delimiters.translate("case", "a << name"), Err(Error::TagOpen { .. })));
    }
}
