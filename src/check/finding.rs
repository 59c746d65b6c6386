//! One thing that a rule found.

use std::ops::Range;

use serde::Serialize;

use super::catalogue;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's id, such as `EB001`.
    pub rule: &'static str,
    pub name: &'static str,
    pub level: Level,
    pub path: String,
    /// Where in the file, if the finding is about a part of it.
    pub start: Option<Position>,
    pub end: Option<Position>,
    /// What will happen, as one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// Is there an edit that `--fix` makes?
    pub fixable: bool,
    #[serde(skip)]
    pub span: Option<Range<usize>>,
    #[serde(skip)]
    pub edit: Option<Edit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It will not work.
    Error,
    /// It works, but not as meant, or not for long.
    Warning,
    /// Perhaps: it depends on what only a running environment knows.
    Note,
}

/// Counted from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A mechanical change that makes the finding go away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Put `with` where `span` of the decoded text is.
    Replace { span: Range<usize>, with: String },
    /// Write this text, in UTF-8.
    Content(String),
    /// Set the permission bits that make it executable.
    Executable,
}

/// A finding that the project has decided to live with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    pub finding: Finding,
    pub reason: String,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Finding {
    pub(super) fn new(rule: &'static str, path: &str, message: String, fix: String) -> Self {
        let page = catalogue::rule(rule).expect("every rule has its page");
        Self {
            rule,
            name: page.name,
            level: page.level,
            path: path.to_owned(),
            start: None,
            end: None,
            message,
            fix,
            fixable: false,
            span: None,
            edit: None,
        }
    }

    pub(super) fn locate(&mut self, text: &str) {
        let Some(span) = &self.span else { return };
        let clamp = |offset: usize| {
            let mut offset = offset.min(text.len());
            while !text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset
        };
        self.start = Some(position(text, clamp(span.start)));
        self.end = Some(position(text, clamp(span.end.max(span.start))));
    }
}

fn position(text: &str, offset: usize) -> Position {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
