//! Answer: a text, a yes or no, or several words.

use std::fmt;

use serde_json::Value;

use super::Error;
use super::question::{Form, Question};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Text(String),
    Flag(bool),
    Many(Vec<String>),
}

impl Answer {
    /// Read what was typed, as the question's form wants it.
    pub(crate) fn parse(question: &Question, typed: &str) -> Result<Self, Error> {
        Ok(match question.form {
            Form::Text | Form::Choice | Form::Secret => Self::Text(typed.to_owned()),
            Form::Choices => Self::Many(
                typed.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect(),
            ),
            Form::Boolean => match flag(typed) {
                Some(flag) => Self::Flag(flag),
                None => return Err(bad(question, typed, "is neither `yes` nor `no`")),
            },
        })
    }

    /// Read what stands in a file.
    pub(crate) fn read(question: &Question, value: &toml::Value) -> Result<Self, Error> {
        match (question.form, value) {
            (_, toml::Value::String(text)) => Self::parse(question, text),
            (Form::Boolean, toml::Value::Boolean(flag)) => Ok(Self::Flag(*flag)),
            (Form::Choices, toml::Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
                texts.map(Self::Many).ok_or_else(|| bad(question, &value.to_string(), "is not a list of texts"))
            }
            // Python 3.10 as a number would be 3.1.
            (_, other) => Err(bad(question, &other.to_string(), "must stand in quotes")),
        }
    }

    /// Is this value chosen?
    pub(crate) fn holds(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => text == value,
            Self::Many(items) => items.iter().any(|item| item == value),
            Self::Flag(_) => false,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Flag(flag) => Value::from(*flag),
            Self::Many(items) => Value::from(items.clone()),
        }
    }

    pub(crate) fn to_toml(&self) -> toml::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Many(items) => items.clone().into(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.is_empty() => f.write_str("none"),
            Self::Text(text) => f.write_str(text),
            Self::Flag(true) => f.write_str("yes"),
            Self::Flag(false) => f.write_str("no"),
            Self::Many(items) if items.is_empty() => f.write_str("none"),
            Self::Many(items) => f.write_str(&items.join(", ")),
        }
    }
}

/// Yes or no, in the words for either.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// An answer that does not do, and why. What is secret is not repeated.
pub(super) fn bad(question: &Question, value: &str, complaint: &str) -> Error {
    let shown = if question.form == Form::Secret { "…" } else { value };
    Error::AnswerBad { key: question.key.clone(), value: shown.to_owned(), complaint: complaint.to_owned() }
}
