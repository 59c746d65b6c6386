//! Questions of `copier.yml`, as those of a stack.

use std::collections::BTreeSet;

use crate::beanstalk::yaml::Node;

use super::brackets::Brackets;
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

pub(super) struct Questions {
    pub(super) all: Vec<Question>,
    /// Values that are worked out, by name.
    pub(super) derived: Vec<(String, String)>,
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

    pub(super) fn knows(&self, name: &str) -> bool {
        let asked = self.all.iter().any(|question| question.key == name);
        asked || self.derived.iter().any(|(derived, _)| derived == name)
    }

    /// Can the value of this name be the empty text?
    pub(super) fn may_be_empty(&self, name: &str) -> bool {
        let asked = self.all.iter().find(|question| question.key == name);
        asked.map_or_else(
            || self.derived.iter().any(|(derived, value)| derived == name && value.contains("{%")),
            |question| question.form == "text" && (question.optional || question.when.is_some()),
        )
    }
}

/// Questions that nobody is asked, and that no other question needs: values that follow from the answers.
fn derived(all: &mut Vec<Question>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for at in (0..all.len()).rev() {
        let question = &all[at];
        let says = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(question.key.as_str()));
        let needed =
            all[at + 1..].iter().any(|other| says(&other.when) || says(&other.default) || says(&other.otherwise));
        if question.when.as_deref() == Some("false") && !needed {
            let question = all.remove(at);
            found.push((question.key, question.otherwise.unwrap_or_default()));
        }
    }
    found.reverse();
    found
}
