//! Every call that changes something leaves a line: when, who, what, and how it ended.
//!
//! A record that can't be written must not stop a release half-way: that failure is kept, and told at the end.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::call::{Call, Refusal};

/// One line of the record.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line<'a> {
    time: Timestamp,
    caller: Option<&'a str>,
    call: &'a Call,
    outcome: &'static str,
    error: Option<String>,
    request: Option<&'a str>,
}

/// Where the lines go.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    path: Option<PathBuf>,
    broken: Mutex<Option<std::io::Error>>,
}

impl Audit {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, ..Self::default() }
    }

    pub(crate) fn done(&self, time: Timestamp, caller: Option<&str>, call: &Call, request: Option<&str>) {
        self.write(&Line { time, caller, call, outcome: "done", error: None, request });
    }

    pub(crate) fn refused(&self, time: Timestamp, caller: Option<&str>, refusal: &Refusal) {
        let error = Some(refusal.to_string());
        let outcome = if refusal.was_answered() { "refused" } else { "unknown" };
        self.write(&Line { time, caller, call: refusal.call(), outcome, error, request: refusal.request() });
    }

    fn write(&self, line: &Line) {
        let mut text = serde_json::to_string(line).expect("a line has string keys");
        text.push('\n');
        let Some(path) = &self.path else { return };
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(path))
            // One write per line: two runs at once don't mix their words.
            .and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Why the record on disk is incomplete, if it is.
    pub(crate) fn broken(&self) -> Option<String> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let error = broken.as_ref()?;
        Some(format!("failed to record this in `{}`: {error}", self.path.as_ref()?.display()))
    }
}
