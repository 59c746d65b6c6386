//! Snippets: texts that several files of a stack have in common, each a file below `snippets/`.
//!
//! `{% include "NAME" %}` stands for the text of one, as if it were written there: it knows the same names, loops around it
//! included, and the same bounds hold.

use std::sync::LazyLock;

use regex::Regex;

pub(super) use super::tree::SNIPPETS as FOLDER;
use super::{Error, Tree};

/// Inside of each other.
pub(crate) const DEEPEST: usize = 8;
/// In one file, all told.
pub(crate) const MOST: usize = 1_000;
pub(crate) const MOST_BYTES: usize = 8 << 20;

/// A template with its snippets in it.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// Where each piece of the text begins, the snippet that it is of, and where in that. `None`: of the file itself.
    pieces: Vec<(usize, Option<String>, usize)>,
}

impl Expanded {
    /// A text that has none in it.
    pub(super) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), pieces: Vec::new() }
    }

    /// Where a place of the text was written: the snippet, if it is one, and the place in it.
    pub(super) fn origin(&self, at: usize) -> (Option<&str>, usize) {
        let piece = self.pieces.iter().rev().find(|(begin, ..)| *begin <= at);
        piece.map_or((None, at), |(begin, name, from)| (name.as_deref(), from + (at - begin)))
    }
}

/// Comments, texts that stay as they are, and printed values are passed over: what looks like an include there is none.
static TAGS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?s)\{#.*?#\}|\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{\{.*?\}\}|\{%(?<left>-?)\s*include\s+(?:"(?<double>[^"]*)"|'(?<single>[^']*)')\s*(?<right>-?)%\}"#,
    )
    .expect("this is a regular expression")
});

/// The template of the file `place` with the text of each snippet that it includes.
pub(super) fn expand(place: &str, text: &str, snippets: &Tree) -> Result<Expanded, Error> {
    if !text.contains("include") {
        return Ok(Expanded::of(text));
    }
    let mut expander = Expander { place, snippets, path: Vec::new(), count: 0, out: Expanded::default() };
    expander.add(text, None)?;
    Ok(expander.out)
}

/// The names that a text includes.
pub(super) fn included(text: &str) -> impl Iterator<Item = &str> {
    TAGS.captures_iter(text).filter_map(|found| Some(found.name("double").or_else(|| found.name("single"))?.as_str()))
}

struct Expander<'a> {
    place: &'a str,
    snippets: &'a Tree,
    /// From the file down to the snippet that is being read.
    path: Vec<String>,
    count: usize,
    out: Expanded,
}

impl Expander<'_> {
    fn add(&mut self, text: &str, name: Option<&str>) -> Result<(), Error> {
        let mut from = 0;
        for found in TAGS.captures_iter(text) {
            let Some(included) = found.name("double").or_else(|| found.name("single")) else { continue };
            let tag = found.get(0).expect("a match is one as a whole");
            let before = &text[from..tag.start()];
            let trims = |side: &str| found.name(side).is_some_and(|sign| !sign.as_str().is_empty());
            self.piece(if trims("left") { before.trim_end() } else { before }, name, from)?;
            self.snippet(included.as_str())?;
            let after = &text[tag.end()..];
            let blank = if trims("right") { after.len() - after.trim_start().len() } else { 0 };
            from = tag.end() + blank;
        }
        self.piece(&text[from..], name, from)
    }

    fn piece(&mut self, text: &str, name: Option<&str>, from: usize) -> Result<(), Error> {
        if self.out.text.len() + text.len() > MOST_BYTES {
            return Err(self.endless());
        }
        self.out.pieces.push((self.out.text.len(), name.map(str::to_owned), from));
        self.out.text.push_str(text);
        Ok(())
    }

    fn snippet(&mut self, name: &str) -> Result<(), Error> {
        self.count += 1;
        if self.count > MOST || self.path.len() >= DEEPEST || self.path.iter().any(|outer| outer == name) {
            return Err(self.endless());
        }
        let snippets = self.snippets;
        let Some(bytes) = snippets.get(name) else {
            let known = snippets.iter().map(|(name, _)| name.to_owned()).collect();
            let (place, name) = (self.place.to_owned(), name.to_owned());
            return Err(Error::SnippetUnknown { place, name, known });
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(Error::FileNotText { path: format!("{FOLDER}{name}") });
        };
        // A tag on a line of its own stands for whole lines.
        let text = text.strip_suffix('\n').unwrap_or(text);
        self.path.push(name.to_owned());
        self.add(text, Some(name))?;
        self.path.pop();
        Ok(())
    }

    fn endless(&self) -> Error {
        Error::SnippetsEndless { place: self.place.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippets(all: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        all.iter().for_each(|(name, text)| tree.insert((*name).to_owned(), text.as_bytes().to_vec()));
        tree
    }

    #[test]
    fn a_snippet_stands_where_it_is_included() {
        let tree =
            snippets(&[("licence", "MIT {{ year }}\n"), ("deep/head", "# {% include 'licence' %}!\n"), ("empty", "")]);
        #[track_caller]
        fn case(text: &str, tree: &Tree, expected: &str) {
            assert_eq!(expand("a", text, tree).unwrap().text, expected, "{text}");
        }
        case("", &tree, "");
        case("plain {% if a %}b{% endif %}", &tree, "plain {% if a %}b{% endif %}");
        case("a\n{% include \"licence\" %}\nb\n", &tree, "a\nMIT {{ year }}\nb\n");
        case("{% include 'deep/head' %}", &tree, "# MIT {{ year }}!");
        case("a \n{%- include 'licence' -%}\n b", &tree, "aMIT {{ year }}b");
        case("a{%include 'empty'%}b", &tree, "ab");
        // None of these is one.
        for text in [
            "{# {% include 'gone' %} #}",
            "{% raw %}{% include 'gone' %}{% endraw %}",
            "{{ \"{% include 'gone' %}\" }}",
            "{% include gone %}",
        ] {
            case(text, &tree, text);
        }
    }

    #[test]
    fn each_place_is_known_where_it_was_written() {
        let tree = snippets(&[("licence", "MIT {{ year }}\n")]);
        let text = "a\n{% include 'licence' %}\nb {{ c }}\n";
        let expanded = expand("a", text, &tree).unwrap();
        let at = |word: &str| expanded.origin(expanded.text.find(word).unwrap());
        assert_eq!(at("year"), (Some("licence"), 7));
        assert_eq!(at("c }}"), (None, text.find("c }}").unwrap()));
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let doubling: Vec<(String, String)> = (0..8)
            .map(|number| (number.to_string(), format!("{{% include '{}' %}}", number + 1).repeat(100)))
            .collect();
        let mut tree = snippets(&[("itself", "{% include 'itself' %}"), ("8", "x")]);
        doubling.iter().for_each(|(name, text)| tree.insert(name.clone(), text.clone().into_bytes()));
        for name in ["itself", "0"] {
            let error = expand("a", &format!("{{% include '{name}' %}}"), &tree).unwrap_err();
            assert!(matches!(error, Error::SnippetsEndless { .. }), "{error:?}");
        }
        let error = expand("a", "{% include 'gone' %}", &tree).unwrap_err();
        assert!(matches!(error, Error::SnippetUnknown { name, .. } if name == "gone"));
        tree.insert("bytes".to_owned(), vec![0xff]);
        let error = expand("a", "{% include 'bytes' %}", &tree).unwrap_err();
        assert!(matches!(error, Error::FileNotText { .. }));
    }
}
