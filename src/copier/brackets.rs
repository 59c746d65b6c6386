//! Brackets of tags: those of Jinja, or what `_envops` says instead.

use crate::beanstalk::yaml::Node;
use crate::stack::literally;

use super::{Config, Error, Remarks};

/// The brackets of Jinja, which a template may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Brackets {
    pub(super) expression: [String; 2],
    pub(super) statement: [String; 2],
    pub(super) comment: [String; 2],
}

/// What a tag is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    Expression,
    Statement,
    Comment,
}

impl Default for Brackets {
    fn default() -> Self {
        let pair = |open: &str, close: &str| [open.to_owned(), close.to_owned()];
        Self { expression: pair("{{", "}}"), statement: pair("{%", "%}"), comment: pair("{#", "#}") }
    }
}

impl Brackets {
    pub(super) fn of(&self, kind: TagKind) -> &[String; 2] {
        match kind {
            TagKind::Expression => &self.expression,
            TagKind::Statement => &self.statement,
            TagKind::Comment => &self.comment,
        }
    }

    /// What opens a tag of each kind.
    pub(super) fn openings(&self) -> impl Iterator<Item = (&str, TagKind)> {
        [TagKind::Expression, TagKind::Statement, TagKind::Comment]
            .into_iter()
            .map(|kind| (self.of(kind)[0].as_str(), kind))
    }

    pub(super) fn is_native(&self) -> bool {
        *self == Self::default()
    }

    /// Text between tags: what the engine would read and copier would not is printed.
    pub(super) fn plain(&self, out: &mut String, text: &str) {
        match self.is_native() {
            true => out.push_str(text),
            false => literally(out, text),
        }
    }

    pub(super) fn read(config: &Config, remarks: &mut Remarks) -> Result<Self, Error> {
        let mut brackets = Self::default();
        let Some(options) = config.node.get("_envops") else { return Ok(brackets) };
        for (name, key, node) in options.mapping().into_iter().flat_map(|mapping| mapping.named()) {
            let text = node.as_str().unwrap_or_default().to_owned();
            let place = match name {
                "variable_start_string" => &mut brackets.expression[0],
                "variable_end_string" => &mut brackets.expression[1],
                "block_start_string" => &mut brackets.statement[0],
                "block_end_string" => &mut brackets.statement[1],
                "comment_start_string" => &mut brackets.comment[0],
                "comment_end_string" => &mut brackets.comment[1],
                // As it is here.
                "keep_trailing_newline" if node.is_true() => continue,
                "autoescape" | "trim_blocks" | "lstrip_blocks" if !node.is_true() => continue,
                _ => {
                    let text = format!("`_envops.{name}` is not carried over");
                    remarks.add(&config.file, config.line(key), text, "look at the white space of what is rendered");
                    continue;
                }
            };
            if text.trim().is_empty() {
                return Err(wrong(config, key, format!("`{name}` is empty")));
            }
            *place = text;
        }
        let openings = [&brackets.expression[0], &brackets.statement[0], &brackets.comment[0]];
        for (at, opening) in openings.iter().enumerate() {
            if openings[..at].contains(opening) {
                return Err(wrong(config, options, format!("`{opening}` begins two kinds of tags")));
            }
        }
        Ok(brackets)
    }

    /// Does a text have tags in it that are worked out?
    pub(super) fn are_in(&self, text: &str) -> bool {
        text.contains(self.expression[0].as_str()) || text.contains(self.statement[0].as_str())
    }
}

fn wrong(config: &Config, node: &Node, why: String) -> Error {
    Error::Brackets { file: config.file.clone(), line: config.line(node), why }
}
