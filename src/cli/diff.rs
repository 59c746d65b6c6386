//! `diff`: what differs between two bundles, trees or revisions.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::bundle::{Change, ChangeKind, Errand, Manifest, ManifestError, Opened, Plan, Scope, Source, TreeDigest};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::ui::{Answer, Paint, Progress, Ui, bytes, count};
use crate::world::World;

use super::package::ScopeArgs;

/// Show what differs between two bundles, trees or revisions
///
/// A side is a zip file, a manifest (`.json`), a label with a bundle in `.beansprout/bundles`, `worktree`, `index`, or a git revision. Of trees
/// and revisions, only what would ship is compared. The exit code is 1 if there are differences.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout diff shop-0123456789ab worktree")]
pub(crate) struct DiffArgs {
    /// The old side
    old: String,
    /// The new side
    #[arg(default_value = "worktree")]
    new: String,
}

pub(crate) fn diff(args: &DiffArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let old = side(&args.old, &project, world)?;
    let new = side(&args.new, &project, world)?;
    let changes = old.changes_to(&new);
    let exit = if changes.is_empty() { Exit::Done } else { Exit::Findings };
    ui.answer(&Differences { old: old.digest, new: new.digest, changes, paint: ui.out() });
    Ok(exit)
}

/// What `name` stands for: a file, then a label, then a source.
fn side(name: &str, project: &Project, world: &World) -> Result<Manifest, Failure> {
    let path = world.resolve(name);
    let labelled: PathBuf = project.state_dir().join("bundles").join(format!("{name}.zip"));
    if let Some(path) = [path, labelled].into_iter().find(|path| path.is_file()) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let failed = |source| SideError::Read { path: path.clone(), source };
            let text = std::fs::read(&path).map_err(failed)?;
            return Ok(Manifest::parse(&text).map_err(|source| SideError::Manifest { path, source })?);
        }
        return Ok(Opened::open(&path)?.manifest()?);
    }
    let scope = Scope { source: Source::parse(name), ..ScopeArgs::default().scope(project, world) };
    let plan = Plan::read(&scope)?;
    let errand =
        Errand { progress: &Progress::hidden(), interrupt: &world.interrupt, max_bytes: u64::MAX, cache: None };
    Ok(plan.manifest(&errand)?)
}

#[derive(Debug, thiserror::Error)]
enum SideError {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not a manifest", path.display())]
    Manifest { path: PathBuf, source: ManifestError },
}

impl Fault for SideError {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }
}

/// The answer of `diff`.
#[derive(Serialize)]
struct Differences {
    old: TreeDigest,
    new: TreeDigest,
    changes: Vec<Change>,
    #[serde(skip)]
    paint: Paint,
}

impl Answer for Differences {
    const SCHEMA: &str = "diff/1";
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return write!(f, "the same: {}", self.new);
        }
        for change in &self.changes {
            let path = &change.path;
            let size = |side: &Option<crate::bundle::Side>| side.map_or_else(String::new, |side| bytes(side.size));
            let (old, new) = (size(&change.old), size(&change.new));
            match change.kind {
                ChangeKind::Added => writeln!(f, "{} {path} ({new})", self.paint.green("added  "))?,
                ChangeKind::Removed => writeln!(f, "{} {path} ({old})", self.paint.red("removed"))?,
                ChangeKind::Content => writeln!(f, "{} {path} ({old} to {new})", self.paint.yellow("changed"))?,
                ChangeKind::Mode => {
                    let mode = |side: &Option<crate::bundle::Side>| side.map_or("", |side| side.mode.octal());
                    let (old, new) = (mode(&change.old), mode(&change.new));
                    writeln!(f, "{} {path} ({old} to {new})", self.paint.cyan("mode   "))?;
                }
            }
        }
        write!(f, "{}: {} is now {}", count(self.changes.len(), "difference"), self.old.short(), self.new.short())
    }
}
