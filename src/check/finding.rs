//! Finding: one thing that a rule found, and where.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use super::catalogue::Rule;
use crate::level::Level;

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

/// Counted from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Position {
    const START: Self = Self { line: 1, column: 1 };
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
    /// By a comment beside it, not in `beansprout.toml`.
    #[serde(skip)]
    pub by_comment: bool,
}

impl Finding {
    /// A finding about a file as a whole, of the rule on this page.
    pub(super) fn new(rule: &Rule, path: &str, message: String, fix: String) -> Self {
        Self {
            rule: rule.id,
            name: rule.name,
            level: rule.level,
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
}

/// Fill in where the findings are, going through each text once however many there are.
pub(super) fn locate(findings: &mut [Finding], texts: &BTreeMap<String, String>) {
    let mut by_path: BTreeMap<String, Vec<&mut Finding>> = BTreeMap::new();
    for finding in findings.iter_mut().filter(|finding| finding.span.is_some()) {
        by_path.entry(finding.path.clone()).or_default().push(finding);
    }
    for (path, findings) in by_path {
        if let Some(text) = texts.get(&path) {
            locate_in(text, findings);
        }
    }
}

fn locate_in(text: &str, findings: Vec<&mut Finding>) {
    let clamp = |offset: usize| {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let mut places: Vec<(usize, Position)> = Vec::new();
    for finding in &findings {
        let span = finding.span.clone().unwrap_or_default();
        places.extend([clamp(span.start), clamp(span.end.max(span.start))].map(|offset| (offset, Position::START)));
    }
    places.sort_by_key(|(offset, _)| *offset);
    let (mut at, mut position) = (0, Position::START);
    for (offset, place) in &mut places {
        for char in text[at..*offset].chars() {
            position = match char {
                '\n' => Position { line: position.line + 1, column: 1 },
                _ => Position { column: position.column + 1, ..position },
            };
        }
        at = *offset;
        *place = position;
    }
    let position = |offset: usize| {
        let index = places.binary_search_by_key(&offset, |(offset, _)| *offset).expect("each offset was looked up");
        places[index].1
    };
    for finding in findings {
        let span = finding.span.take().unwrap_or_default();
        let span = clamp(span.start)..clamp(span.end.max(span.start));
        (finding.start, finding.end) = (Some(position(span.start)), Some(position(span.end)));
        finding.span = Some(span);
    }
}
