//! Given: answers that a person or a file gave before any question was asked.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::manifest::Manifest;
use super::question::Question;
use super::{Error, Stack};

/// Answers that a person or a file gave before any question was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given(pub(super) BTreeMap<String, Said>);

#[derive(Debug, Clone)]
pub(super) enum Said {
    Typed(String),
    Stored(toml::Value),
    Answered(Answer),
    /// Given when the project was generated, and since.
    Remembered(Answer),
    /// From the environment: like typed, but no shell remembers it.
    Read(String),
    /// A secret that a file of the project holds already; nobody but that file knows it.
    Kept,
}

/// What stands for a secret in everything that is kept.
pub(crate) fn placeholder(key: &str) -> String {
    format!("secret-{key}-is-not-kept-here")
}

impl Given {
    pub(crate) fn typed(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), Said::Typed(value.to_owned()));
    }

    pub(crate) fn stored(&mut self, key: &str, value: toml::Value) {
        self.0.insert(key.to_owned(), Said::Stored(value));
    }

    pub(crate) fn answered(&mut self, key: &str, answer: Answer) {
        self.0.insert(key.to_owned(), Said::Answered(answer));
    }

    pub(crate) fn read_from_environment(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), Said::Read(value.to_owned()));
    }

    /// Let remembered answers to these questions, which nobody chose, follow the default where they do not do any more.
    pub(crate) fn follow_defaults(&mut self, keys: &BTreeSet<String>) {
        for key in keys {
            if let Some(Said::Remembered(answer)) = self.0.get(key).cloned() {
                self.answered(key, answer);
            }
        }
    }

    /// Leave every secret that is not given to the files that hold it.
    pub(crate) fn keep_secrets(&mut self, stack: &Stack) {
        for question in stack.manifest.secrets() {
            self.0.entry(question.key.clone()).or_insert(Said::Kept);
        }
    }

    /// Secrets that stand on the command line, which shells write down.
    pub(crate) fn typed_secrets<'a>(&self, stack: &'a Stack) -> Vec<&'a str> {
        let typed = |key: &str| matches!(self.0.get(key), Some(Said::Typed(_)));
        stack.manifest.secrets().map(|question| question.key.as_str()).filter(|key| typed(key)).collect()
    }

    /// Was this said on the command line or in a file, where an answer to a question that is not asked is a mistake?
    pub(super) fn insists(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Said::Typed(_) | Said::Stored(_) | Said::Read(_)))
    }

    /// An answer from the project's own file. What was said now wins; a question that is gone is forgotten.
    pub(crate) fn remembered(&mut self, stack: &Stack, key: &str, value: &toml::Value) -> Result<(), Error> {
        let known = |question: &&Question| question.key == key || question.was.iter().any(|was| was == key);
        let question = stack.manifest.questions.iter().find(known);
        if let Some(question) = question.filter(|question| !self.0.contains_key(&question.key)) {
            self.0.insert(question.key.clone(), Said::Remembered(Answer::read(question, value)?));
        }
        Ok(())
    }

    /// Answer what a project that is older than the question cannot have been asked.
    pub(crate) fn remember_before(&mut self, stack: &Stack) -> Result<(), Error> {
        for question in &stack.manifest.questions {
            if let Some(before) = question.before.as_ref().filter(|_| !self.0.contains_key(&question.key)) {
                self.0.insert(question.key.clone(), Said::Remembered(Answer::parse(question, before)?));
            }
        }
        Ok(())
    }

    /// The given answer, as text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        Some(match self.0.get(key)? {
            Said::Typed(text) | Said::Read(text) => text.clone(),
            Said::Kept => return None,
            Said::Stored(value) => value.as_str()?.to_owned(),
            Said::Answered(answer) | Said::Remembered(answer) => answer.to_string(),
        })
    }

    /// Is nothing left to ask at first?
    pub(crate) fn answers_all(&self, stack: &Stack) -> bool {
        let manifest = &stack.manifest;
        let known = |key: &String| self.0.contains_key(key) || manifest.pin.contains_key(key);
        manifest.questions.iter().all(|question| question.later || known(&question.key))
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    pub(super) fn check_known(&self, manifest: &Manifest) -> Result<(), Error> {
        for key in self.0.keys() {
            if !manifest.questions.iter().any(|question| question.key == *key) {
                let known = manifest.questions.iter().map(|question| question.key.clone()).collect();
                return Err(Error::AnswerUnknown { key: key.clone(), known });
            }
        }
        Ok(())
    }

    pub(super) fn answer(&self, question: &Question) -> Result<Option<Answer>, Error> {
        match self.0.get(&question.key) {
            None => Ok(None),
            Some(Said::Kept) => Ok(Some(Answer::Text(placeholder(&question.key)))),
            Some(Said::Typed(text) | Said::Read(text)) => Answer::parse(question, text).map(Some),
            Some(Said::Stored(value)) => Answer::read(question, value).map(Some),
            Some(Said::Answered(answer) | Said::Remembered(answer)) => Ok(Some(answer.clone())),
        }
    }
}
