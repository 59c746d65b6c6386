//! The file that `--manifest` asks for.

use std::path::Path;

use serde::Serialize;

use crate::bundle::{Checkout, FORMAT, Manifest, Plan, Source};
use crate::file;

const MANIFEST: &str = "beansprout.manifest/1";

/// Is the file one that this has written?
pub(super) fn is_manifest(content: &[u8]) -> bool {
    let document: Option<serde_json::Value> = serde_json::from_slice(content).ok();
    document.is_some_and(|document| document.get("schema").is_some_and(|schema| schema == MANIFEST))
}

pub(super) fn write(
    path: &Path,
    label: &str,
    plan: &Plan,
    checkout: Option<&Checkout>,
    manifest: &Manifest,
) -> Result<(), file::Error> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        format: &'static str,
        tool: String,
        label: &'a str,
        source: &'a Source,
        revision: Option<&'a str>,
        #[serde(flatten)]
        manifest: &'a Manifest,
    }
    let worktree = checkout.and_then(|checkout| checkout.revision.as_deref());
    let document = Document {
        schema: MANIFEST,
        format: FORMAT,
        tool: format!("beansprout {}", env!("CARGO_PKG_VERSION")),
        label,
        source: plan.source(),
        revision: plan.revision().or(worktree),
        manifest,
    };
    let mut text = serde_json::to_vec_pretty(&document).expect("a manifest has string keys");
    text.push(b'\n');
    file::write_named(path, &text)
}
