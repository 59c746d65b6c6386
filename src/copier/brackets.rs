//! Brackets of tags, and the white space that goes with them: as Jinja has it, or what `_envops` says instead.

use std::ops::Range;

use crate::beanstalk::yaml::Node;
use crate::stack::literally;

use super::{Config, Error, Remarks};

/// The brackets of Jinja, which a template may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Brackets {
    pub(super) expression: [String; 2],
    pub(super) statement: [String; 2],
    pub(super) comment: [String; 2],
    pub(super) white_space: WhiteSpace,
}

/// White space beside statements and comments that no sign in the tag takes away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct WhiteSpace {
    /// `trim_blocks`: the end of a line right behind.
    pub(super) trim: bool,
    /// `lstrip_blocks`: blanks from the beginning of the line on.
    pub(super) lstrip: bool,
}

impl WhiteSpace {
    /// The end of what is left of the text before a tag with this content.
    pub(super) fn before(self, text: &str, before: Range<usize>, content: &str) -> usize {
        let (begin, end) = (before.start, before.end);
        if !self.lstrip || content.starts_with('+') {
            return end;
        }
        let line = match text[begin..end].rfind('\n') {
            Some(at) => begin + at + 1,
            None if begin == 0 || text[..begin].ends_with('\n') => begin,
            None => return end,
        };
        if text[line..end].trim().is_empty() { line } else { end }
    }

    /// Where the text goes on behind a tag with this content, which ends at `after`.
    pub(super) fn behind(self, text: &str, content: &str, after: usize) -> usize {
        let rest = &text[after..];
        let line_end = ["\n", "\r\n"].into_iter().find(|end| rest.starts_with(end));
        match line_end {
            Some(line_end) if self.trim && !content.ends_with(['+', '-']) => after + line_end.len(),
            _ => after,
        }
    }
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
        let [expression, statement, comment] = [pair("{{", "}}"), pair("{%", "%}"), pair("{#", "#}")];
        Self { expression, statement, comment, white_space: WhiteSpace::default() }
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
        *self == Self { white_space: self.white_space, ..Self::default() }
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
                "autoescape" if !node.is_true() => continue,
                "undefined" if text.ends_with("StrictUndefined") => continue,
                "trim_blocks" => {
                    brackets.white_space.trim = node.is_true();
                    continue;
                }
                "lstrip_blocks" => {
                    brackets.white_space.lstrip = node.is_true();
                    continue;
                }
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
