//! The log of the calls: what was asked, of which service, and how it ended. No parameter is in it, so no secret is.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;

const FILE: &str = "calls.jsonl";
/// When the log is longer at the start of a sandbox, it begins anew and the old one is kept once.
const LONGEST: u64 = 8 * 1024 * 1024;

/// Enough of its end for the page.
const TAIL: u64 = 64 * 1024;

pub(super) struct AccessLog {
    path: PathBuf,
    file: File,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) region: String,
    pub(super) status: u16,
    /// The code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    pub(super) request: String,
}

impl AccessLog {
    pub(super) fn open(state: &Path) -> Result<Self, Error> {
        let path = state.join(FILE);
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > LONGEST) {
            let old = path.with_extension("old.jsonl");
            fs::rename(&path, old).map_err(|source| Error::Write { path: path.clone(), source })?;
        }
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(Self { path, file })
    }

    /// Lines of several processes do not mix: each is one appending write. A full disk must not stop the service.
    pub(super) fn add(&self, entry: &Entry) {
        let mut line = serde_json::to_vec(entry).expect("an entry has text keys");
        line.push(b'\n');
        let _ = (&self.file).write_all(&line);
    }

    /// The last calls, newest first.
    pub(super) fn last(&self, count: usize) -> Vec<Entry> {
        let Ok(mut file) = File::open(&self.path) else { return Vec::new() };
        let length = file.metadata().map_or(0, |meta| meta.len());
        let mut text = Vec::new();
        let start = SeekFrom::Start(length.saturating_sub(TAIL));
        if file.seek(start).and_then(|_| file.read_to_end(&mut text)).is_err() {
            return Vec::new();
        }
        // The first line may have lost its beginning; it is no JSON then.
        String::from_utf8_lossy(&text)
            .lines()
            .rev()
            .filter_map(|line| serde_json::from_str(line).ok())
            .take(count)
            .collect()
    }
}
