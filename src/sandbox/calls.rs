//! The log of the calls: what was asked, of which service, and how it ended. No parameter is in it, so no secret is.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::Error;

const FILE: &str = "calls.jsonl";
/// When the log is longer at the start of a sandbox, it begins anew and the old one is kept once.
const LONGEST: u64 = 8 * 1024 * 1024;

pub(super) struct Calls {
    file: File,
}

#[derive(Debug, Clone, Serialize)]
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

impl Calls {
    pub(super) fn open(state: &Path) -> Result<Self, Error> {
        let path = state.join(FILE);
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > LONGEST) {
            let old = path.with_extension("old.jsonl");
            fs::rename(&path, old).map_err(|source| Error::Write { path: path.clone(), source })?;
        }
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(Self { file })
    }

    /// Lines of several processes do not mix: each is one appending write. A full disk must not stop the service.
    pub(super) fn add(&self, entry: &Entry) {
        let mut line = serde_json::to_vec(entry).expect("an entry has text keys");
        line.push(b'\n');
        let _ = (&self.file).write_all(&line);
    }
}
