//! `diff`: what differs between two bundles, trees, revisions or living environments.

mod live;

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use self::live::show;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::name::EnvironmentName;
use crate::bundle::{self, Change, ChangeKind, Manifest, ManifestError, PackOptions, Plan, Reader, Source, TreeDigest};
use crate::cli::environment_args::one_place;
use crate::cli::environments::Environments;
use crate::cli::launch::versions;
use crate::environment::{Files, LiveOptions, OptionRow};
use crate::fault::{Exit, Failure, Fault};
use crate::folder;
use crate::git;
use crate::project::{Project, ScopeFlags};
use crate::ui::{Answer, Paint, Ui, bytes, count};
use crate::world::World;

use super::bundles::{BundleFinder, VersionArgs};

/// Show what differs between bundles, trees, versions and environments
///
/// A side is `env:NAME` for a living environment, `version:LABEL` for a registered version, a zip file, a manifest (`.json`), a
/// label with a bundle in `.beansprout/bundles`, `worktree`, `index`, or a git revision. Of trees and revisions, only what would
/// ship is compared. Of an environment, its options are compared too: who set each, and who would win. Values of properties are
/// never shown. Exits with 1 if there are differences.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout diff HEAD\n  beansprout diff version:shop-0123456789ab worktree --sandbox\n  \
                  beansprout diff env:shop-production\n  beansprout diff env:shop-production env:shop-green"
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

/// One of the two.
pub(crate) struct Compared {
    /// `None`: an environment whose version has no bundle any more.
    manifest: Option<Manifest>,
    /// What its files say of options, where that was asked for and can be known.
    files: Option<Files>,
    /// Its options, if it lives.
    live: Option<LiveOptions>,
}

impl Compared {
    fn still(manifest: Manifest, files: Option<Files>) -> Self {
        Self { manifest: Some(manifest), files, live: None }
    }
}

pub(crate) fn diff(args: &DiffArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let mut shelves = BundleFinder::new(&args.version, &project, world);
    let is_live = |name: &str| name.starts_with(live::ENVIRONMENT);
    let options = is_live(&args.old) || is_live(&args.new);
    let named =
        [&args.old, &args.new].into_iter().filter_map(|side| side.strip_prefix(live::ENVIRONMENT)?.parse().ok());
    let named: Vec<EnvironmentName> = named.collect();
    let environments = if options { Environments::load_for(&named, &project, ui)? } else { Environments::default() };
    one_place(&named.iter().filter_map(|name| environments.get(name)).collect::<Vec<_>>())?;
    let mut read = |name: &String, ui: &mut Ui| match name.strip_prefix(live::ENVIRONMENT) {
        Some(name) => live::side(name, &environments, &mut shelves, ui),
        None => side(name, options, &mut shelves, ui),
    };
    let old = read(&args.old, ui)?;
    let new = read(&args.new, ui)?;
    let changes = match (&old.manifest, &new.manifest) {
        (Some(old), Some(new)) => old.changes_to(new),
        _ => {
            ui.warn("files were not compared: one of the two has no bundle to look into");
            Vec::new()
        }
    };
    let rows = live::rows(&old, &new);
    if options && rows.is_none() {
        ui.warn("options were not compared: a manifest does not tell what is in its files");
    }
    let differs = !changes.is_empty() || rows.as_ref().is_some_and(|rows| !rows.is_empty());
    let digest = |side: &Compared| side.manifest.as_ref().map(|manifest| manifest.digest);
    ui.answer(&Differences { old: digest(&old), new: digest(&new), changes, options: rows, paint: ui.out() });
    Ok(if differs { Exit::Findings } else { Exit::Done })
}

/// What `name` stands for: a registered version, a file, a label, then a source.
fn side(name: &str, options: bool, shelves: &mut BundleFinder<'_>, ui: &mut Ui) -> Result<Compared, Failure> {
    let files = |opened: &mut Reader| match options {
        true => Ok::<_, Failure>(Some(Files::of(&versions::of(opened)?))),
        false => Ok(None),
    };
    if let Some(mut found) = shelves.version(Path::new(name), ui)? {
        let manifest = found.opened.manifest()?;
        found.hold_to_its_name(&manifest.digest, ui);
        let files = files(&mut found.opened)?;
        return Ok(Compared::still(manifest, files));
    }
    if let Some(path) = shelves.file(Path::new(name)) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let failed = |source| SideError::Read { path: path.clone(), source };
            let text = std::fs::read(&path).map_err(failed)?;
            let manifest = Manifest::parse(&text).map_err(|source| SideError::Manifest { path, source })?;
            return Ok(Compared::still(manifest, None));
        }
        let mut opened = Reader::open(&path)?;
        let manifest = opened.manifest()?;
        let files = files(&mut opened)?;
        return Ok(Compared::still(manifest, files));
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
    let files = match options {
        true => Some(Files::of(&Customizations::read(&folder::shipped(&plan, &project.root, &[])?))),
        false => None,
    };
    let progress = ui.progress("packaging", plan.size());
    let options = PackOptions { progress: &progress, interrupt: &world.interrupt, max_bytes: u64::MAX, cache: None };
    Ok(Compared::still(plan.manifest(&options)?.0, files))
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
    /// `None`: an environment without a bundle.
    old: Option<TreeDigest>,
    new: Option<TreeDigest>,
    changes: Vec<Change>,
    /// Options that differ; only where an environment was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<OptionRow>>,
    #[serde(skip)]
    paint: Paint,
}

impl Answer for Differences {
    const SCHEMA: &str = "diff/1";
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        for row in self.options.iter().flatten() {
            writeln!(f, "{} {}", self.paint.yellow("option "), show(row))?;
        }
        let name =
            |digest: &Option<TreeDigest>| digest.map_or("no bundle".to_owned(), |digest| digest.short().to_string());
        let options = self.options.as_ref().map_or(0, Vec::len);
        match (self.changes.len(), options, &self.new) {
            (0, 0, Some(new)) => write!(f, "the same: {new}"),
            (0, 0, None) => f.write_str("the same options"),
            (changes, 0, _) => {
                write!(f, "{}: {} is now {}", count(changes, "difference"), name(&self.old), name(&self.new))
            }
            (changes, options, _) => {
                write!(f, "{} in files, {} in options", count(changes, "difference"), count(options, "difference"))
            }
        }
    }
}
