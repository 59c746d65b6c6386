//! Other brackets for files in which `{{ }}` means something already.

use serde::Deserialize;

use super::Error;

/// The brackets of one file: each an opening and a closing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Delimiters {
    expression: [String; 2],
    statement: [String; 2],
    comment: Option<[String; 2]>,
}

/// As they stand in a manifest, whether they can be told apart or not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    expression: [String; 2],
    statement: [String; 2],
    #[serde(default)]
    comment: Option<[String; 2]>,
}

impl TryFrom<Written> for Delimiters {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { expression, statement, comment } = written;
        let pairs: Vec<(&str, &[String; 2])> = [("expression", &expression), ("statement", &statement)]
            .into_iter()
            .chain(comment.as_ref().map(|pair| ("comment", pair)))
            .collect();
        for (at, (name, pair)) in pairs.iter().enumerate() {
            if pair.iter().any(|bracket| bracket.trim().is_empty()) {
                return Err(format!(
                    "an empty bracket in `{name}` stands everywhere: give it signs that the file has nowhere else"
                ));
            }
            if let Some((other, _)) = pairs[..at].iter().find(|(_, other)| other[0] == pair[0]) {
                return Err(format!("`{}` opens both `{other}` and `{name}`: nobody can tell which", pair[0]));
            }
        }
        Ok(Self { expression, statement, comment })
    }
}

/// A template in the engine's own brackets.
#[derive(Debug, Default)]
pub(super) struct Native {
    pub(super) text: String,
    /// Where each tag begins in it, and where in what was written.
    tags: Vec<(usize, usize)>,
}

impl Native {
    /// One that was written so.
    pub(super) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), tags: Vec::new() }
    }

    /// Where a place was written.
    pub(super) fn origin(&self, at: usize) -> usize {
        let tag = self.tags.iter().rev().find(|(begin, _)| *begin <= at);
        tag.map_or(at, |(begin, from)| from + (at - begin))
    }
}

impl Delimiters {
    /// The same template in the engine's own brackets.
    pub(super) fn translate(&self, place: &str, text: &str) -> Result<Native, Error> {
        let comment = self.comment.iter().map(|pair| (pair, "{#", "#}"));
        let kinds: Vec<_> =
            [(&self.expression, "{{", "}}"), (&self.statement, "{%", "%}")].into_iter().chain(comment).collect();
        let mut openings = Openings::new(text, kinds.iter().map(|kind| (kind.0[0].as_str(), kind)));
        let (mut out, mut tags) = (String::with_capacity(text.len()), Vec::new());
        let mut from = 0;
        while let Some((at, ([open, close], native_open, native_close))) = openings.next(from) {
            literally(&mut out, &text[from..at]);
            let inside = &text[at + open.len()..];
            let Some(length) = inside.find(close.as_str()) else {
                return Err(Error::TagOpen { place: place.to_owned(), tag: open.clone() });
            };
            out.push_str(native_open);
            tags.push((out.len(), at + open.len()));
            out.push_str(&inside[..length]);
            out.push_str(native_close);
            from = at + open.len() + length + close.len();
        }
        literally(&mut out, &text[from..]);
        Ok(Native { text: out, tags })
    }
}

/// Finds what opens a tag, one after the other. Each kind is looked for once in each piece of a text.
pub(crate) struct Openings<'a, Kind> {
    text: &'a str,
    kinds: Vec<(&'a str, Kind)>,
    found: Vec<Option<usize>>,
}

impl<'a, Kind: Copy> Openings<'a, Kind> {
    /// Each opening, and what it opens.
    pub(crate) fn new(text: &'a str, kinds: impl Iterator<Item = (&'a str, Kind)>) -> Self {
        let kinds: Vec<_> = kinds.collect();
        let found = kinds.iter().map(|(open, _)| text.find(open)).collect();
        Self { text, kinds, found }
    }

    /// The first at `from` or behind; of two at one place, the longer: `<%=` before `<%`.
    pub(crate) fn next(&mut self, from: usize) -> Option<(usize, Kind)> {
        for (found, (open, _)) in self.found.iter_mut().zip(&self.kinds) {
            if found.is_some_and(|at| at < from) {
                *found = self.text[from..].find(open).map(|at| from + at);
            }
        }
        let all = self.found.iter().zip(&self.kinds).filter_map(|(found, (open, kind))| Some(((*found)?, open, *kind)));
        all.min_by_key(|(at, open, _)| (*at, usize::MAX - open.len())).map(|(at, _, kind)| (at, kind))
    }
}

/// Text that the engine must not read: its own brackets become expressions that print them.
pub(crate) fn literally(out: &mut String, text: &str) {
    /// Openings of the tags that the engine itself reads.
    const NATIVE: [&str; 3] = ["{{", "{%", "{#"];
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let native = NATIVE.iter().find(|native| rest.starts_with(**native));
        match native {
            Some(native) => out.push_str(&format!("{{{{ '{native}' }}}}")),
            None => out.push('{'),
        }
        rest = &rest[native.map_or(1, |native| native.len())..];
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
        assert_eq!(render("case", &native.text, &scope).unwrap(), expected);
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

    #[test]
    fn brackets_that_nobody_can_tell_are_refused() {
        #[track_caller]
        fn case(toml: &str, why: &str) {
            let error = toml::from_str::<Delimiters>(toml).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        case("expression = ['', '>']\nstatement = ['<%', '%>']", "an empty bracket in `expression`");
        case("expression = ['<', ' ']\nstatement = ['<%', '%>']", "an empty bracket in `expression`");
        case("expression = ['<<', '>>']\nstatement = ['<%', '']", "an empty bracket in `statement`");
        case(
            "expression = ['<<', '>>']\nstatement = ['<%', '%>']\ncomment = ['', '']",
            "an empty bracket in `comment`",
        );
        case("expression = ['<%', '%>']\nstatement = ['<%', '%>']", "`<%` opens both `expression` and `statement`");
        case("expression = ['<%', '%>']\nstatement = ['<', '>']\nother = 1", "unknown field `other`");
        assert!(toml::from_str::<Delimiters>("expression = ['<%=', '%>']\nstatement = ['<%', '%>']").is_ok());
    }
}
