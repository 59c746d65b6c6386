//! A file of the folder `environments`, as text: its syntax, its first line, and where in it a problem is.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::error::{Error, Problem};
use crate::beanstalk::lines::Lines;

/// The text of a file, and how it is called in errors.
pub(super) struct Text<'a> {
    path: &'a str,
    text: &'a str,
    lines: Lines,
}

impl<'a> Text<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, lines: Lines::of(text) }
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        toml::from_str(self.text)
            .map_err(|source| Error::Syntax { path: self.path.to_owned(), source: Box::new(source) })
    }

    /// A problem with what stands there.
    pub(super) fn at(&self, span: &Range<usize>, problem: Problem) -> Error {
        Error::At { path: self.path.to_owned(), line: self.lines.number(span.start), problem }
    }

    /// Another format is not guessed at.
    pub(super) fn format(&self, found: &Spanned<String>, expected: &'static str) -> Result<(), Error> {
        match found.get_ref() == expected {
            true => Ok(()),
            false => Err(self.at(&found.span(), Problem::Format { found: found.get_ref().clone(), expected })),
        }
    }
}
