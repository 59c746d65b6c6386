//! `diff`: what differs between two bundles, trees or revisions.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::bundle::{self, Change, ChangeKind, Manifest, ManifestError, PackOptions, Plan, Reader, Source, TreeDigest};
use crate::fault::{Exit, Failure, Fault};
use crate::git;
use crate::project::{Project, ScopeFlags};
use crate::ui::{Answer, Paint, Ui, bytes, count};
use crate::world::World;

use super::bundles::{BundleFinder, VersionArgs};

/// Show what differs between two bundles, trees, revisions or registered versions
///
/// A side is `version:LABEL` for a registered version, a zip file, a manifest (`.json`), a label with a bundle in
/// `.beansprout/bundles`, `worktree`, `index`, or a git revision. Of trees and revisions, only what would ship is compared.
/// Exits with 1 if there are differences.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout diff HEAD\n  beansprout diff version:shop-0123456789ab worktree --sandbox"
)]
pub(crate) struct DiffArgs {
    /// The old side
    old: String,
    /// The new side
    #[arg(default_value = "worktree")]
    new: String,
    #[command(flatten)]
    version: VersionArgs,
}

pub(crate) fn diff(args: &DiffArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let mut shelves = BundleFinder::new(&args.version, &project, world);
    let old = side(&args.old, &mut shelves, ui)?;
    let new = side(&args.new, &mut shelves, ui)?;
    let changes = old.changes_to(&new);
    let exit = if changes.is_empty() { Exit::Done } else { Exit::Findings };
    ui.answer(&Differences { old: old.digest, new: new.digest, changes, paint: ui.out() });
    Ok(exit)
}

/// What `name` stands for: a registered version, a file, a label, then a source.
fn side(name: &str, shelves: &mut BundleFinder<'_>, ui: &mut Ui) -> Result<Manifest, Failure> {
    if let Some(mut found) = shelves.version(Path::new(name), ui)? {
        let manifest = found.opened.manifest()?;
        found.hold_to_its_name(&manifest.digest, ui);
        return Ok(manifest);
    }
    if let Some(path) = shelves.file(Path::new(name)) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let failed = |source| SideError::Read { path: path.clone(), source };
            let text = std::fs::read(&path).map_err(failed)?;
            return Ok(Manifest::parse(&text).map_err(|source| SideError::Manifest { path, source })?);
        }
        return Ok(Reader::open(&path)?.manifest()?);
    }
    let (project, world) = (shelves.project, shelves.world);
    let scope = project.scope(&ScopeFlags { source: Some(name.to_owned()), ..ScopeFlags::default() }, world);
    let plan = match Plan::read(&scope) {
        Err(bundle::Error::Git(git::Error::Revision { .. }) | bundle::Error::NoRepository { .. })
            if scope.source != Source::Index =>
        {
            return Err(SideError::Unknown { name: name.to_owned() }.into());
        }
        read => read?,
    };
    let progress = ui.progress("packaging", plan.size());
    let options = PackOptions { progress: &progress, interrupt: &world.interrupt, max_bytes: u64::MAX, cache: None };
    Ok(plan.manifest(&options)?)
}

#[derive(Debug, thiserror::Error)]
enum SideError {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not a manifest", path.display())]
    Manifest { path: PathBuf, source: ManifestError },
    #[error("`{name}` is not a file, a label with a bundle here, or a git revision")]
    Unknown { name: String },
}

impl Fault for SideError {
    fn exit(&self) -> Exit {
        match self {
            Self::Read { .. } | Self::Manifest { .. } => Exit::Invalid,
            Self::Unknown { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Manifest { .. } => Some("`beansprout package --manifest FILE` writes one".to_owned()),
            Self::Unknown { name } => Some(format!("`version:{name}` means the registered version of that label")),
        }
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
