//! `inspect`: what is in a bundle.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::bundle::{Manifest, Mode, Opened};
use crate::fault::{Exit, Failure};
use crate::ui::{Answer, Paint, Ui, bytes, count};
use crate::world::World;

/// Show what is in a bundle
///
/// Works for any zip file. The tree digest is that of the files as `unzip` would make them, whoever packed them.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout inspect .beansprout/bundles/shop-0123456789ab.zip")]
pub(crate) struct InspectArgs {
    /// The bundle
    bundle: PathBuf,
}

pub(crate) fn inspect(args: &InspectArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut opened = Opened::open(&world.resolve(&args.bundle))?;
    let manifest = opened.manifest()?;
    ui.answer(&Inspected { path: args.bundle.clone(), bytes: opened.bytes(), manifest, paint: ui.out() });
    Ok(Exit::Done)
}

/// The answer of `inspect`.
#[derive(Serialize)]
struct Inspected {
    path: PathBuf,
    bytes: u64,
    #[serde(flatten)]
    manifest: Manifest,
    #[serde(skip)]
    paint: Paint,
}

impl Answer for Inspected {
    const SCHEMA: &str = "inspect/1";
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = &self.manifest.entries;
        writeln!(f, "{}", self.paint.bold(self.path.display()))?;
        writeln!(f, "  digest  {}", self.manifest.digest)?;
        let content: u64 = entries.iter().map(|entry| entry.size).sum();
        writeln!(f, "  content {} in {}, packed {}", bytes(content), count(entries.len(), "file"), bytes(self.bytes))?;
        for entry in entries {
            let mark = match entry.mode {
                Mode::File => " ",
                Mode::Executable => "*",
                Mode::Link => "@",
            };
            write!(f, "\n{:>10} {mark} {}", bytes(entry.size), entry.path)?;
        }
        Ok(())
    }
}
