//! Findings about a stack, and the renderings that show them.

use std::fmt;

use serde::Serialize;

use super::answers::Answers;
use super::position::Position;
use super::{Error, Plan};
use crate::fault::Fault;

/// One thing that its author should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The file, question or value that it is about.
    pub(crate) place: String,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The first rendering that shows it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) row: Option<usize>,
    #[serde(skip)]
    pub(crate) position: Option<Position>,
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        let (place, text) = (place.into(), text.into());
        Self { place, text, file: None, line: None, column: None, hint: None, row: None, position: None }
    }

    /// What an error says, as one finding, or as several.
    pub(super) fn of(place: &str, error: Error) -> Vec<Self> {
        let hint = error.hint();
        let (error, position) = match error {
            Error::Several { errors } => return errors.into_iter().flat_map(|error| Self::of(place, error)).collect(),
            Error::Located { error, position } => (*error, Some(*position)),
            error => (error, None),
        };
        vec![Self { hint, ..Self::new(place, error.in_full()) }.at(position)]
    }

    /// The same, where it is known.
    pub(super) fn at(self, position: Option<Position>) -> Self {
        let Some(position) = position else { return self };
        let (line, column, file) = (Some(position.line), Some(position.column), Some(position.file.clone()));
        Self { line, column, file, position: Some(position), ..self }
    }

    /// The same mistake, in whichever row.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (&self.place, &self.text, self.line) == (&other.place, &other.text, other.line)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.place, self.text)?;
        if let Some(position) = &self.position {
            writeln!(f, "{position}")?;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A rendering of the matrix.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) answers: Answers,
    pub(crate) plan: Plan,
}
