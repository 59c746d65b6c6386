//! `inspect`: what is in a bundle.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::bundles::{BundleFinder, VersionArgs};
use crate::bundle::{Manifest, Mode};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::ui::{Answer, Paint, Ui, bytes, count};
use crate::world::World;

/// Show what is in a bundle
///
/// Works for any zip file. The tree digest is that of the files as `unzip` would make them, whoever packed them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout inspect somewhere-else.zip\n  beansprout inspect version:shop-0123456789ab --sandbox"
)]
pub(crate) struct InspectArgs {
    /// The bundle: a zip file, a label with a bundle in `.beansprout/bundles`, or `version:LABEL` for a registered version
    bundle: PathBuf,
    #[command(flatten)]
    version: VersionArgs,
}

pub(crate) fn inspect(args: &InspectArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let mut found = BundleFinder::new(&args.version, &project, world).bundle(&args.bundle, ui)?;
    let manifest = found.opened.manifest()?;
    found.hold_to_its_name(&manifest.digest, ui);
    ui.answer(&Inspected { path: found.path, bytes: found.opened.bytes(), manifest, paint: ui.out() });
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
