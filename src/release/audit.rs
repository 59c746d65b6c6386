//! Audit log: each call that changes something leaves a line: when, who, what, and how it ended.
//!
//! A record that can't be written must not stop a release half-way: that failure is kept, and told at the end.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::file;

use super::api_error::ApiError;
use super::call::Call;

/// One line of the record.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    time: Timestamp,
    caller: Option<String>,
    call: Call,
    outcome: Outcome,
    error: Option<String>,
    request: Option<String>,
}

/// End of a call that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Done,
    Refused,
    /// No answer, or none that makes sense.
    Unknown,
}

impl Line {
    pub(super) fn operation(&self) -> &'static str {
        self.call.operation
    }
}

/// Log on disk, and the lines of this run.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    path: Option<PathBuf>,
    broken: Mutex<Option<file::Error>>,
    lines: Mutex<Vec<Line>>,
}

impl Audit {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, ..Self::default() }
    }

    pub(crate) fn done(&self, time: Timestamp, caller: Option<&str>, call: &Call, request: Option<&str>) {
        let (caller, request) = (caller.map(str::to_owned), request.map(str::to_owned));
        self.write(Line { time, caller, call: call.clone(), outcome: Outcome::Done, error: None, request });
    }

    pub(crate) fn refused(&self, time: Timestamp, caller: Option<&str>, error: &ApiError) {
        let outcome = if error.was_answered() { Outcome::Refused } else { Outcome::Unknown };
        self.write(Line {
            time,
            caller: caller.map(str::to_owned),
            call: error.call().clone(),
            outcome,
            error: Some(error.to_string()),
            request: error.request().map(str::to_owned),
        });
    }

    /// Lines of this run so far.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, line: Line) {
        let mut text = serde_json::to_string(&line).expect("a line has string keys");
        text.push('\n');
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        let Some(path) = &self.path else { return };
        let written = file::make_folder(file::folder_of(path)).and_then(|()| file::append_own(path, text.as_bytes()));
        if let Err(error) = written {
            self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Reason why the record on disk is incomplete, if it is.
    pub(crate) fn broken(&self) -> Option<String> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let error = broken.as_ref()?;
        let why = std::error::Error::source(error).map_or(error.to_string(), ToString::to_string);
        Some(format!("failed to record this in `{}`: {why}", self.path.as_ref()?.display()))
    }
}
