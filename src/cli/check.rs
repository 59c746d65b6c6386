//! `check`: what will go wrong on the instance, before anything is deployed.

use clap::Args;

use crate::beanstalk::eb_config;
use crate::beanstalk::tree::Tree;
use crate::check::{self, Report, Settings};
use crate::fault::{Exit, Failure};
use crate::folder;
use crate::project::Project;
use crate::ui::{Face, Ui};
use crate::world::World;

/// Find what will go wrong on the instance, before deploying
///
/// Reads .ebextensions, .platform, Procfile, requirements and Django's settings; runs and imports nothing. Exits with 1 if
/// there are findings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  beansprout check
  beansprout explain EB031     # the whole story of a rule

To live with a finding, write a comment on its line or on the one above:
  # beansprout: ignore EB031 these files are made by the CDN
or add it with a reason to [check] in beansprout.toml.")]
pub(crate) struct CheckArgs {}

pub(crate) fn check(_args: &CheckArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let report = report(&project)?;
    match ui.face() {
        Face::Json => ui.answer(&report),
        Face::People => ui.text(report.paint(ui.out())),
    }
    Ok(if report.is_clean() { Exit::Done } else { Exit::Findings })
}

/// Check a project as it is on disk.
pub(crate) fn report(project: &Project) -> Result<Report, Failure> {
    let tree = tree(project)?;
    let settings = Settings { platform: platform(&tree), suppress: project.config.check.suppress.clone() };
    Ok(check::run(&tree, &settings))
}

/// The project's folder, without what never ships.
pub(super) fn tree(project: &Project) -> Result<Tree, Failure> {
    Ok(folder::read(&project.root, is_foreign)?)
}

/// The platform that the EB CLI knows for this folder.
pub(super) fn platform(tree: &Tree) -> Option<String> {
    let text = std::str::from_utf8(tree.content(eb_config::PATH)?).ok()?;
    eb_config::parse(text).ok()?.platform
}

/// Folders that never ship and may be large.
fn is_foreign(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        ".git" | ".hg" | ".beansprout" | "node_modules" | "__pycache__" | ".venv" | "venv" | ".tox" | ".mypy_cache"
    )
}
