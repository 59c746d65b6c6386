//! Questions of `copier.yml`, as those of a stack.

use std::collections::BTreeSet;

use crate::beanstalk::yaml::Node;

use super::brackets::Brackets;
use super::kind::Kind;
use super::known::is_of_stack;
use super::question::{Question, Reader};
use super::{Config, Error, Remarks};

/// Names that a stack's templates know already, or that its language means something by.
const TAKEN: [&str; 19] = [
    "folder",
    "folder_package",
    "stack",
    "stack_spec",
    "beansprout_version",
    "answers",
    "extend",
    "loop",
    "true",
    "false",
    "True",
    "False",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "self",
];

/// A value that is worked out.
pub(super) struct Derived {
    pub(super) name: String,
    pub(super) value: String,
    /// `type` in a stack, where what it is must not depend on how it reads.
    pub(super) form: Option<&'static str>,
    kind: Kind,
    empty: bool,
}

pub(super) struct Questions {
    pub(super) all: Vec<Question>,
    pub(super) derived: Vec<Derived>,
    pub(super) brackets: Brackets,
}

impl Questions {
    pub(super) fn read(config: &Config, remarks: &mut Remarks) -> Result<Self, Error> {
        let brackets = Brackets::read(config, remarks)?;
        let secrets: BTreeSet<&str> = config
            .node
            .get("_secret_questions")
            .and_then(Node::sequence)
            .into_iter()
            .flatten()
            .filter_map(Node::as_str)
            .collect();
        let mut all: Vec<Question> = Vec::new();
        for (name, key, node) in config.node.mapping().into_iter().flat_map(|mapping| mapping.named()) {
            if name.starts_with('_') {
                continue;
            }
            let line = config.line(key);
            if TAKEN.contains(&name) {
                remarks.add(
                    &config.file,
                    line,
                    format!("a question cannot be called `{name}` here"),
                    "call it otherwise, and its templates too",
                );
                continue;
            }
            let mut reader = Reader { config, remarks, brackets: &brackets, line, name, known: &all };
            all.push(reader.question(node, secrets.contains(name)));
        }
        let derived = derived(&mut all);
        Ok(Self { all, derived, brackets })
    }

    fn asked(&self, name: &str) -> Option<&Question> {
        self.all.iter().find(|question| question.key == name)
    }

    fn worked_out(&self, name: &str) -> Option<&Derived> {
        self.derived.iter().find(|derived| derived.name == name)
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.asked(name).is_some() || self.worked_out(name).is_some()
    }

    /// What a name stands for.
    pub(super) fn kind(&self, name: &str) -> Kind {
        if is_of_stack(name) {
            return Kind::Text;
        }
        let asked = self.asked(name).map(|question| &question.kind);
        asked.or_else(|| Some(&self.worked_out(name)?.kind)).cloned().unwrap_or_default()
    }

    /// Can the value of this name be the empty text?
    pub(super) fn may_be_empty(&self, name: &str) -> bool {
        let asked = self.asked(name).map(|question| question.empty);
        asked.or_else(|| Some(self.worked_out(name)?.empty)).unwrap_or(false)
    }
}

/// Questions that nobody is asked, and that no other question needs: values that follow from the answers.
fn derived(all: &mut Vec<Question>) -> Vec<Derived> {
    let mut found = Vec::new();
    for at in (0..all.len()).rev() {
        let question = &all[at];
        let says = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(question.key.as_str()));
        let needed =
            all[at + 1..].iter().any(|other| says(&other.when) || says(&other.default) || says(&other.otherwise));
        if question.when.as_deref() == Some("false") && !needed && question.form != "choices" {
            let question = all.remove(at);
            let (form, kind) = match question.kind {
                Kind::Flag => (Some("boolean"), Kind::Flag),
                // What it gives reads as a number, and is one then.
                Kind::Digits => (None, Kind::Whole),
                kind => (Some("text"), kind),
            };
            // Nothing is no.
            let nothing = if kind == Kind::Flag { "false" } else { "" };
            let value = question.otherwise.unwrap_or_else(|| nothing.to_owned());
            found.push(Derived { name: question.key, value, form, kind, empty: question.empty });
        }
    }
    found.reverse();
    found
}
