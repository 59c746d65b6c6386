//! The file that `--manifest` asks for.

use std::path::Path;

use serde::Serialize;

use crate::bundle::{Checkout, Error, FORMAT, Manifest, Plan, Source, write_beside};

pub(super) fn write(
    path: &Path,
    label: &str,
    plan: &Plan,
    checkout: Option<&Checkout>,
    manifest: &Manifest,
) -> Result<(), Error> {
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
        schema: "beansprout.manifest/1",
        format: FORMAT,
        tool: format!("beansprout {}", env!("CARGO_PKG_VERSION")),
        label,
        source: plan.source(),
        revision: plan.revision().or(worktree),
        manifest,
    };
    let mut text = serde_json::to_vec_pretty(&document).expect("a manifest has string keys");
    text.push(b'\n');
    write_beside(path, &text)
}
