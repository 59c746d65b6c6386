//! `check`: what will go wrong on the instance, before anything is deployed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::beanstalk::eb_config;
use crate::beanstalk::tree::{Entry, Tree};
use crate::bundle::{Plan, Scope};
use crate::check::{self, Change, Report, Settings};
use crate::fault::{Exit, Failure, Fault};
use crate::folder;
use crate::mode;
use crate::project::{self, Project};
use crate::ui::{OutputFormat, Ui, count};
use crate::world::World;

/// Find what will go wrong on the instance, before deploying
///
/// Looks at what would ship: .ebextensions, .platform, Procfile, Docker descriptors, requirements and Django's settings. Runs
/// and imports nothing. Exits with 1 if there are errors or warnings; a note is for reading.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  beansprout check
  beansprout check --fix --dry-run              # show what would be changed
  beansprout check --format sarif > check.sarif # for code scanning
  beansprout explain EB031                      # the whole story of a rule

To live with a finding, write a comment on its line or on the one above:
  # beansprout: ignore EB031 these files are made by the CDN
or add it with a reason to [check] in beansprout.toml.")]
pub(crate) struct CheckArgs {
    /// Make the mechanical fixes, and show them as a diff
    #[arg(long)]
    fix: bool,
    /// With `--fix`, show the diff and change nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// How to print the report
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the source underlined
    Human,
    /// The same as `--json`
    Json,
    /// SARIF 2.1.0, which code scanning reads
    Sarif,
}

pub(crate) fn check(args: &CheckArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let mut report = report(&project)?;
    if args.fix {
        let tree = tree(&project)?;
        let changes = check::changes(&tree, &settings(&project));
        for change in &changes {
            ui.say(change.paint(ui.err()));
        }
        if args.dry_run {
            ui.say(format_args!("{} would change", count(changes.len(), "file")));
        } else {
            changes.iter().try_for_each(|change| apply(&project.root, change))?;
            ui.say(format_args!("{} changed", count(changes.len(), "file")));
            report = self::report(&project)?;
        }
    }
    match args.format.unwrap_or(if ui.output_format() == OutputFormat::Json { Format::Json } else { Format::Human }) {
        Format::Human => ui.text(report.paint(ui.out(), ui.out_width())),
        Format::Json => ui.json(&report),
        Format::Sarif => ui.text(format_args!("{:#}", report.sarif())),
    }
    Ok(if report.passes() { Exit::Done } else { Exit::Findings })
}

/// Check a project as it is on disk.
pub(crate) fn report(project: &Project) -> Result<Report, Failure> {
    let tree = tree(project)?;
    Ok(check::run(&tree, &settings(project)))
}

fn settings(project: &Project) -> Settings {
    Settings { suppress: project.config.check.suppress.clone() }
}

/// What would ship, and the files that say what it is for.
pub(super) fn tree(project: &Project) -> Result<Tree, Failure> {
    let bundle = &project.config.bundle;
    let plan = Plan::read(&Scope {
        exclude: bundle.exclude.clone(),
        allow: bundle.allow.clone(),
        ..Scope::of(&project.root)
    })?;
    let ships = plan.entries().iter().map(|entry| entry.path().as_str());
    let paths: BTreeSet<&str> = ships.chain([eb_config::PATH, project::FILE]).collect();
    let mut tree = Tree::default();
    for path in paths {
        if let Some(entry) = folder::file(&project.root, path)? {
            tree.insert(path, entry);
        }
    }
    // A folder has no entry of its own in a bundle, and one that is named like a file deserves a look.
    let folders: BTreeSet<String> =
        tree.iter().filter_map(|(path, _)| path.rsplit_once('/')).map(|(folder, _)| folder.to_owned()).collect();
    for folder in folders.into_iter().filter(|folder| folder.ends_with(".config")) {
        tree.insert(folder, Entry::Directory);
    }
    Ok(tree)
}

/// Beside, then renamed.
fn apply(root: &Path, change: &Change) -> Result<(), Error> {
    let path = root.join(&change.path);
    let failed = |source| Error::Write { path: path.clone(), source };
    if let Some(after) = &change.after {
        let folder = path.parent().expect("a path below the root has a folder");
        let permissions = path.metadata().map_err(failed)?.permissions();
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        std::io::Write::write_all(&mut file, after.as_bytes()).map_err(failed)?;
        file.as_file().set_permissions(permissions).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
    }
    if change.executable {
        mode::add_executable(&path).map_err(failed)?;
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }
}
