//! Walker: goes through a text of copier's, and writes it down in a stack's words.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::macros::Calls;
use super::syntax::{Expression, Macro, Macros, Unsaid};
use super::tag::{self, Tag, Tokens};
use super::template::{Part, Reading, Said, Unsayable, calls, parts};
use super::writer::Writer;

/// The text in a stack's words, or every place that has none.
pub(super) fn said(text: &str, reading: Reading<'_>) -> Result<Said, Vec<Unsayable>> {
    let mut walker = Walker::new(reading);
    if ["macro", "import"].iter().any(|word| text.contains(word)) {
        walker.calls = calls(text, reading);
    }
    walker.text(text);
    if let (true, Some(definition)) = (walker.wrong.is_empty(), &walker.defining) {
        return Err(vec![(definition.at, "`macro` is not closed".to_owned())]);
    }
    if walker.wrong.is_empty() { Ok(walker.said) } else { Err(walker.wrong) }
}

/// A macro that is being defined: where in the output its body begins, and what its tag takes away.
pub(super) struct Definition {
    pub(super) read: Macro,
    /// Where it is defined.
    pub(super) at: usize,
    pub(super) begin: usize,
    pub(super) left: &'static str,
    pub(super) right: &'static str,
}

/// What a macro prints, and the white space that its tags take away inside.
#[derive(Clone)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) begin: &'static str,
    pub(super) end: &'static str,
}

/// Reads a text, and writes it down as it goes.
pub(super) struct Walker<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) said: Said,
    pub(super) wrong: Vec<Unsayable>,
    /// Names that the text itself gives.
    pub(super) locals: BTreeMap<String, Kind>,
    /// Blocks around the place: the word, and the names from before it.
    pub(super) blocks: Vec<(&'static str, BTreeMap<String, Kind>)>,
    pub(super) macros: Macros,
    /// The macro that is being defined.
    pub(super) defining: Option<Definition>,
    /// Bodies of macros, by what the text calls them.
    pub(super) bodies: BTreeMap<String, Body>,
    /// Files that include each other, down to this one.
    pub(super) path: Vec<String>,
    /// What its macros are called with, here and by whoever imports them.
    pub(super) calls: Calls,
    /// How many files were included, all told.
    pub(super) included: usize,
    /// Does the text give names that whoever includes it would see here, and not there?
    pub(super) sets: bool,
}

impl<'a> Walker<'a> {
    pub(super) fn new(reading: Reading<'a>) -> Self {
        Self {
            reading,
            said: Said::default(),
            wrong: Vec::new(),
            locals: BTreeMap::new(),
            blocks: Vec::new(),
            macros: Macros::new(),
            defining: None,
            bodies: BTreeMap::new(),
            path: Vec::new(),
            calls: Calls::new(),
            included: 0,
            sets: false,
        }
    }

    /// Does something with what says expressions at this place.
    pub(super) fn saying<T>(&self, say: impl FnOnce(Writer<'_>) -> T) -> T {
        let kinds = |name: &str| self.locals.get(name).cloned().unwrap_or_else(|| (self.reading.kinds)(name));
        say(Writer { kinds: &kinds, macros: &self.macros })
    }

    pub(super) fn text(&mut self, text: &str) {
        let brackets = self.reading.brackets;
        for (begin, part) in parts(text, brackets) {
            match part {
                Ok(Part::Text(text)) => brackets.plain(&mut self.said.text, text),
                // An end of the engine's own would end it too early, and it reads none that is empty.
                Ok(Part::Comment(content)) => {
                    let blank = if content.is_empty() { " " } else { "" };
                    self.said.text.push_str(&format!("{{#{}{blank}#}}", content.replace("#}", "# }")));
                }
                Ok(Part::Expression(tag)) => self.expression(begin, &tag),
                // As it stands, up to its end; in other brackets there is nothing of the engine's to protect it from.
                Ok(Part::Raw { begin, text, end }) => self.said.text.push_str(&format!(
                    "{{%{} raw {}%}}{text}{{%{} endraw {}%}}",
                    begin.left, begin.right, end.left, end.right
                )),
                Ok(Part::Statement(tag)) => {
                    if let Err(why) = self.statement(begin, &tag)
                        // What ends something was told where that begins.
                        && (!tag.inside.starts_with("end") || self.wrong.is_empty())
                    {
                        self.wrong.push((begin, why));
                    }
                }
                Err(why) => self.wrong.push((begin, why)),
            }
        }
    }

    fn expression(&mut self, begin: usize, tag: &Tag<'_>) {
        match self.saying(|writer| tag::printed(tag.inside, writer)) {
            Ok((tokens, unknown)) => {
                self.said.text.push_str(&tokens.text(tag.left, tag.right));
                self.said.doubts.extend(unknown.map(|name| (begin, name)));
            }
            Err(why) => self.wrong.push((begin, why)),
        }
    }

    fn statement(&mut self, begin: usize, tag: &Tag<'_>) -> Result<(), Unsaid> {
        let (word, rest) = tag.words();
        let tokens = match word {
            "if" | "elif" => {
                let condition =
                    self.saying(|writer| Expression::parse(rest).and_then(|condition| writer.condition(&condition)))?;
                if word == "if" {
                    self.blocks.push(("if", self.locals.clone()));
                }
                Tokens::block(format!("{word} {condition}"))
            }
            "else" if rest.is_empty() => Tokens::block(word.to_owned()),
            "endif" | "endfor" if rest.is_empty() => {
                self.close(&word["end".len()..])?;
                Tokens::block(word.to_owned())
            }
            "for" => {
                let (names, kind, tokens) = self.saying(|writer| tag::looped(rest, writer))?;
                self.blocks.push(("for", self.locals.clone()));
                for name in names {
                    self.local(name, kind.clone())?;
                }
                tokens
            }
            "set" => {
                let (name, value) = rest.split_once('=').ok_or("`set` takes no block here")?;
                let name = name.trim();
                if !tag::is_name(name) {
                    return Err("`set` takes one name here".to_owned());
                }
                let (tokens, kind) = self.saying(|writer| tag::set(name, value, writer))?;
                // In a branch, it may be what it was.
                let before = self.locals.get(name).cloned();
                self.local(name, before.map_or_else(|| kind.clone(), |before| before.or(kind.clone())))?;
                self.sets |= self.defining.is_none();
                tokens
            }
            "macro" => return self.begin_macro(begin, rest, tag),
            "endmacro" => return self.end_macro(tag),
            "include" => return self.include(begin, rest, tag),
            "import" | "from" => return self.import(begin, rest, tag),
            word => return Err(format!("there is no tag `{word}`")),
        };
        self.said.text.push_str(&tokens.text(tag.left, tag.right));
        Ok(())
    }

    /// Give a name, unless a macro means something else by it.
    fn local(&mut self, name: &str, kind: Kind) -> Result<(), Unsaid> {
        if self.macros.values().any(|known| known.passed.contains(name)) {
            return Err(format!("a macro takes `{name}` from outside, and it is another thing here"));
        }
        self.locals.insert(name.to_owned(), kind);
        Ok(())
    }

    pub(super) fn close(&mut self, word: &str) -> Result<(), Unsaid> {
        match self.blocks.pop() {
            Some((open, before)) if open == word => {
                // What a loop or a macro gives names to, it alone knows.
                if word != "if" {
                    self.locals = before;
                }
                Ok(())
            }
            Some(other) => {
                self.blocks.push(other);
                Err(format!("`end{word}` ends nothing"))
            }
            None => Err(format!("`end{word}` ends nothing")),
        }
    }
}

#[cfg(test)]
mod tests;
