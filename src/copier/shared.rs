//! What several texts of a template have in common: macros, and files that others include or import.

use crate::stack::{snippet, template_names};

use super::kind::Kind;
use super::macros::Calls;
use super::syntax::{Macro, Unsaid};
use super::tag::{self, Tag};
use super::template::quoted;
use super::walker::{Body, Definition, Walker};

impl<'a> Walker<'a> {
    pub(super) fn begin_macro(&mut self, at: usize, rest: &str, tag: &Tag<'_>) -> Result<(), Unsaid> {
        if !self.blocks.is_empty() {
            return Err("a macro is defined inside of a block".to_owned());
        }
        let read = Macro::read(rest)?;
        self.blocks.push(("macro", self.locals.clone()));
        for (at, (name, _)) in read.arguments.iter().enumerate() {
            self.locals.insert(name.clone(), read.kind(at, &self.calls));
        }
        // Its head is written once its body is known.
        self.defining = Some(Definition { read, at, begin: self.said.text.len(), left: tag.left, right: tag.right });
        Ok(())
    }

    pub(super) fn end_macro(&mut self, tag: &Tag<'_>) -> Result<(), Unsaid> {
        self.close("macro")?;
        let Some(Definition { mut read, begin, left, right, .. }) = self.defining.take() else {
            return Err("`endmacro` ends nothing".to_owned());
        };
        let text = self.said.text.split_off(begin);
        let arguments: Vec<&str> = read.arguments.iter().map(|(name, _)| name.as_str()).collect();
        let alone = format!("{{% macro m({}) %}}{text}{{% endmacro %}}", arguments.join(", "));
        let names = template_names(&alone, &self.said.snippets).map_err(|(_, why)| why)?;
        if let Some(name) = names.iter().find(|name| self.locals.contains_key(*name)) {
            return Err(format!("a macro takes `{name}` from outside, where the text gives it"));
        }
        read.passed = names;
        let known = read.name.clone();
        self.define(&known, read, Body { text, begin: right, end: tag.left }, [left, tag.right])
    }

    /// Write a macro down, which the text calls `known`.
    fn define(&mut self, known: &str, read: Macro, body: Body, sides: [&str; 2]) -> Result<(), Unsaid> {
        if self.macros.values().any(|other| other.name == read.name) {
            return Err(format!("there are two macros `{}`", read.name));
        }
        let head = self.saying(|writer| read.head(writer))?;
        let (Body { text, begin, end }, [left, right]) = (&body, sides);
        self.said.text.push_str(&format!("{{%{left} {head} {begin}%}}{text}{{%{end} endmacro {right}%}}"));
        self.locals.insert(known.to_owned(), Kind::Text);
        self.bodies.insert(known.to_owned(), body);
        self.macros.insert(known.to_owned(), read);
        Ok(())
    }

    /// What a file of the template says, read with the names of this place.
    fn other(&mut self, file: &str, with_names: bool, calls: Calls) -> Result<Walker<'a>, Unsaid> {
        let files = self.reading.files.ok_or("nothing is included here")?;
        let content = files.get(file).ok_or_else(|| format!("there is no file `{file}` in the template"))?;
        let text = std::str::from_utf8(content).map_err(|_| format!("`{file}` is no text"))?;
        if self.path.len() >= snippet::DEEPEST || self.path.iter().any(|outer| outer == file) {
            return Err("files include each other without an end".to_owned());
        }
        self.included += 1;
        if self.included > snippet::MOST || self.said.text.len() > snippet::MOST_BYTES {
            return Err("files include too many others".to_owned());
        }
        let mut other = Walker::new(self.reading);
        other.included = self.included;
        other.calls = calls;
        other.path = self.path.iter().cloned().chain([file.to_owned()]).collect();
        if with_names {
            other.locals = self.locals.clone();
        }
        other.text(text);
        self.included = other.included;
        match other.wrong.first() {
            Some((at, why)) => {
                let line = text[..*at].matches('\n').count() + 1;
                Err(format!("`{file}` cannot be said here: line {line}: {why}"))
            }
            None => Ok(other),
        }
    }

    pub(super) fn include(&mut self, begin: usize, rest: &str, tag: &Tag<'_>) -> Result<(), Unsaid> {
        let (file, rest) = quoted(rest).ok_or("the file that is included is worked out")?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let missing_is_fine = words.starts_with(&["ignore", "missing"]);
        let words = if missing_is_fine { &words[2..] } else { &words };
        if !matches!(words, [] | ["with", "context"]) {
            return Err("`include` takes a file alone here".to_owned());
        }
        let is_there = self.reading.files.is_some_and(|files| files.get(file).is_some());
        if missing_is_fine && !is_there {
            self.said.text.push_str(&format!("{{#{} nothing {}#}}", tag.left, tag.right));
            return Ok(());
        }
        let other = self.other(file, true, Calls::new())?;
        let text = other.said.text;
        if other.sets || !other.bodies.is_empty() {
            return Err(format!("`{file}` gives names, which whoever includes it would see here"));
        }
        // A tag at the edge would take white space away that is not in its own file.
        let (start, stop) = (text.trim_start(), text.trim_end());
        if ["{{-", "{%-", "{#-"].iter().any(|open| start.starts_with(open))
            || ["-}}", "-%}", "-#}"].iter().any(|close| stop.ends_with(close))
        {
            return Err(format!("`{file}` begins or ends with a tag that takes white space away"));
        }
        self.said.doubts.extend(other.said.doubts.into_iter().map(|(_, name)| (begin, name)));
        self.said.snippets.overlay(other.said.snippets);
        // With names of this place in it, it is said for this place alone.
        let names = template_names(&text, &self.said.snippets).map_err(|(_, why)| why)?;
        let own = names.iter().any(|name| self.locals.contains_key(name)) || file.contains(['"', '{', '\\']);
        if own {
            // Comments take the white space away that the tag does.
            let before = if tag.left.is_empty() { "" } else { "{#- included #}" };
            let after = if tag.right.is_empty() { "" } else { "{# included -#}" };
            self.said.text.push_str(&format!("{before}{text}{after}"));
            return Ok(());
        }
        // A snippet's last line end is that of the tag's line; there, it is the file's own.
        let end = if text.ends_with('\n') { "\n" } else { "" };
        self.said.snippets.insert(file.to_owned(), format!("{text}{end}").into_bytes());
        self.said.text.push_str(&format!("{{%{} include \"{file}\" {}%}}", tag.left, tag.right));
        Ok(())
    }

    pub(super) fn import(&mut self, begin: usize, rest: &str, tag: &Tag<'_>) -> Result<(), Unsaid> {
        let (word, _) = tag.words();
        if !self.blocks.is_empty() {
            return Err(format!("`{word}` stands inside of a block"));
        }
        let (file, rest) = quoted(rest).ok_or("the file that is imported is worked out")?;
        let with_names = rest.trim().ends_with("with context");
        let rest = rest.trim().trim_end_matches("with context").trim().trim_end_matches("without context").trim();
        // What the text calls each, and the macro there; of all, the name that stands before them.
        let mut named: Vec<(String, String)> = Vec::new();
        let all = if word == "import" {
            let name = rest.strip_prefix("as ").map(str::trim).filter(|name| tag::is_name(name));
            Some(name.ok_or("`import` has no name")?)
        } else {
            for part in rest.strip_prefix("import ").ok_or("`from` has no `import`")?.split(',') {
                let (own, known) = part.split_once(" as ").unwrap_or((part, part));
                named.push((known.trim().to_owned(), own.trim().to_owned()));
            }
            None
        };
        let own_name = |known: &str| match all {
            Some(all) => known.strip_prefix(all)?.strip_prefix('.').map(str::to_owned),
            None => named.iter().find(|(name, _)| name == known).map(|(_, own)| own.clone()),
        };
        let calls: Calls =
            self.calls.iter().filter_map(|(known, calls)| Some((own_name(known)?, calls.clone()))).collect();
        let other = self.other(file, false, calls)?;
        // And its name in the engine.
        let wanted: Vec<(String, String, String)> = match all {
            // One that takes names which it does not see is of no use, and may well not be called.
            Some(all) => {
                let usable = other.macros.iter().filter(|(_, read)| with_names || read.passed.is_empty());
                usable.map(|(own, _)| (format!("{all}.{own}"), own.clone(), format!("{all}_{own}"))).collect()
            }
            None => named.into_iter().map(|(known, own)| (known.clone(), own, known)).collect(),
        };
        if wanted.is_empty() {
            self.said.text.push_str(&format!("{{#{} nothing {}#}}", tag.left, tag.right));
        }
        let last = wanted.len().saturating_sub(1);
        for (at, (known, own, name)) in wanted.into_iter().enumerate() {
            let (Some(read), Some(body)) = (other.macros.get(&own), other.bodies.get(&own)) else {
                return Err(format!("`{file}` has no macro `{own}`"));
            };
            if !with_names && let Some(taken) = read.passed.first() {
                return Err(format!("`{own}` of `{file}` takes `{taken}`, which it does not see there"));
            }
            let sides = [if at == 0 { tag.left } else { "" }, if at == last { tag.right } else { "" }];
            self.define(&known, Macro { name, ..read.clone() }, body.clone(), sides)?;
        }
        self.said.doubts.extend(other.said.doubts.into_iter().map(|(_, name)| (begin, name)));
        self.said.snippets.overlay(other.said.snippets);
        Ok(())
    }
}
