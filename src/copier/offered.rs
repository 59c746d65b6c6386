//! What a question offers to choose from.

use std::collections::BTreeSet;

use crate::beanstalk::yaml::{Node, Value};

use super::question::{Question, Reader};
use super::values::written;

impl Reader<'_> {
    pub(super) fn choices(&mut self, value: &Node, line: usize, question: &mut Question) {
        if question.form == "boolean" {
            return;
        }
        let kind = question.kind.clone();
        let text = |node: &Node| Some(written(node.scalar()?, &kind));
        let mut choices: Vec<(String, String)> = Vec::new();
        match &value.value {
            Value::Sequence(items) => {
                for item in items {
                    match item.sequence() {
                        Some([label, value]) => choices.extend(text(value).zip(label.as_str().map(str::to_owned))),
                        _ => choices.extend(text(item).map(|word| (word.clone(), word))),
                    }
                }
            }
            Value::Mapping(mapping) => {
                for (label, at, node) in mapping.named() {
                    match node.get("value") {
                        Some(value) => {
                            choices.extend(text(value).map(|value| (value, label.to_owned())));
                            if node.get("validator").is_some() {
                                let line = self.config.line(at);
                                self.remark(
                                    line,
                                    format!("the validator of the choice `{label}` is not carried over"),
                                    "`when` of a choice says when it is offered",
                                );
                            }
                        }
                        None => choices.extend(text(node).map(|value| (value, label.to_owned()))),
                    }
                }
            }
            Value::Scalar(_) => {}
        }
        let mut seen = BTreeSet::new();
        choices.retain(|(value, _)| seen.insert(value.clone()));
        if choices.iter().any(|(value, label)| self.brackets.are_in(value) || self.brackets.are_in(label)) {
            self.remark(line, "choices are no templates here", "write them out, each with `when`");
        }
        if choices.is_empty() {
            self.remark(
                line,
                "its choices are worked out, and cannot be here: it is text",
                "write them out, each with `when`",
            );
            question.form = "text";
        }
        question.choices = choices;
    }
}
