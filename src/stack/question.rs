//! Question: what a stack asks, and what an answer to it may be.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Error;
use super::validators::Validator;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) key: String,
    /// Keys that it had in earlier versions of the stack.
    #[serde(default)]
    pub(crate) was: Vec<String>,
    /// One line, without a question mark at the end of a choice's label.
    pub(crate) ask: String,
    pub(crate) help: Option<String>,
    #[serde(rename = "type")]
    pub(crate) form: Form,
    /// A built-in validator.
    pub(crate) kind: Option<Validator>,
    /// A regular expression that the whole answer must match, and the words for when it does not.
    pub(crate) pattern: Option<String>,
    pub(crate) complaint: Option<String>,
    /// A template over earlier answers.
    pub(crate) default: Option<String>,
    /// Answer of projects that are older than the question, which `update` takes without asking.
    pub(crate) before: Option<String>,
    /// Asked only when this expression over earlier answers holds.
    pub(crate) when: Option<String>,
    /// Value of the name when the question was not asked. Without it: empty, or false.
    pub(crate) otherwise: Option<String>,
    #[serde(default)]
    pub(crate) choices: Vec<Choice>,
    /// May the answer be empty?
    #[serde(default)]
    pub(crate) optional: bool,
    /// Answers that `stack check` and `stack test` try, beside the default.
    #[serde(default)]
    pub(crate) samples: Vec<String>,
    /// Not asked at first: the default holds unless the person changes it on the review screen.
    #[serde(default)]
    pub(crate) later: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    Text,
    Choice,
    Choices,
    Boolean,
    /// Like text, but not shown, not remembered.
    Secret,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) when: Option<String>,
}

impl Question {
    /// Refuses what no question can mean.
    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |complaint| Err(Error::QuestionWrong { key: self.key.clone(), complaint });
        let choosing = matches!(self.form, Form::Choice | Form::Choices);
        let typed = matches!(self.form, Form::Text | Form::Secret);
        let mut values = BTreeSet::new();
        if choosing && self.choices.is_empty() {
            wrong("offers nothing to choose")
        } else if !choosing && !self.choices.is_empty() {
            wrong("has choices, and is not of a type that chooses")
        } else if !typed && (self.kind.is_some() || self.pattern.is_some()) {
            wrong("has a validator for what nobody types")
        } else if !self.choices.iter().all(|choice| values.insert(&choice.value)) {
            wrong("offers one value twice")
        } else {
            Ok(())
        }
    }

    /// Value of the name when nobody was asked.
    pub(crate) fn unasked(&self) -> &str {
        self.otherwise.as_deref().unwrap_or(match self.form {
            Form::Boolean => "false",
            Form::Text | Form::Choice | Form::Choices | Form::Secret => "",
        })
    }
}
