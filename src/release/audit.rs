//! Every call that changes something leaves a line: when, who, what, and how it ended. And each run, where the project
//! wants that, a document in the bucket, for everybody who uses it.
//!
//! A record that can't be written must not stop a release half-way: that failure is kept, and told at the end.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::aws::Aws;
use super::bucket::BundleStore;
use super::call::{ApiError, Call};
use super::version::Location;

/// One line of the record.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    time: Timestamp,
    caller: Option<String>,
    call: Call,
    outcome: &'static str,
    error: Option<String>,
    request: Option<String>,
}

/// Where the lines go.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    path: Option<PathBuf>,
    broken: Mutex<Option<std::io::Error>>,
    lines: Mutex<Vec<Line>>,
}

/// A run that changed something: what it was about, and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Run {
    pub verb: &'static str,
    pub application: String,
    pub label: Option<String>,
    pub digest: Option<String>,
    pub environment: Option<String>,
    /// `None`: it ended well.
    pub error: Option<String>,
}

/// Put the record of a run into the bucket. `None`: it changed nothing.
pub fn record(aws: &Aws, bundle_store: &BundleStore, run: &Run) -> Result<Option<Location>, ApiError> {
    #[derive(Serialize)]
    struct Document<'a> {
        time: Timestamp,
        caller: Option<&'a str>,
        region: &'a str,
        #[serde(flatten)]
        run: &'a Run,
        calls: Vec<Line>,
    }
    let calls = aws.audit().lines();
    // Asking where the bucket is counts as a change, as it may make one; but everybody asks.
    if !calls.iter().any(|line| line.call.operation != "CreateStorageLocation") {
        return Ok(None);
    }
    aws.block_on(async {
        let bucket = bundle_store.open(aws).await?;
        let time = aws.now();
        let name = time.strftime("%Y%m%dT%H%M%S%.3fZ");
        // Two machines may end in the same moment.
        let key = format!(
            "{}{name}_{}_{:08x}.json",
            bundle_store.folder(&run.application, "audit"),
            run.verb,
            fastrand::u32(..)
        );
        let caller = aws.caller().arn.as_deref();
        bucket.write(aws, &key, &Document { time, caller, region: aws.region(), run, calls }).await?;
        Ok(Some(bucket.at(&key)))
    })
}

impl Audit {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, ..Self::default() }
    }

    pub(crate) fn done(&self, time: Timestamp, caller: Option<&str>, call: &Call, request: Option<&str>) {
        let (caller, request) = (caller.map(str::to_owned), request.map(str::to_owned));
        self.write(Line { time, caller, call: call.clone(), outcome: "done", error: None, request });
    }

    pub(crate) fn refused(&self, time: Timestamp, caller: Option<&str>, error: &ApiError) {
        let outcome = if error.was_answered() { "refused" } else { "unknown" };
        self.write(Line {
            time,
            caller: caller.map(str::to_owned),
            call: error.call().clone(),
            outcome,
            error: Some(error.to_string()),
            request: error.request().map(str::to_owned),
        });
    }

    /// What this run has changed so far.
    fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, line: Line) {
        let mut text = serde_json::to_string(&line).expect("a line has string keys");
        text.push('\n');
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
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
