//! `check`: what will go wrong on the instance, before anything is deployed.

use clap::Args;

use crate::beanstalk::eb_config;
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
    let tree = folder::read(&project.root, is_foreign)?;
    let platform = tree.content(eb_config::PATH).and_then(|content| {
        let text = std::str::from_utf8(content).ok()?;
        eb_config::parse(text).ok()?.platform
    });
    let settings = Settings { platform, suppress: project.config.check.suppress.clone() };
    Ok(check::run(&tree, &settings))
}

/// Folders that never ship and may be large.
fn is_foreign(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        ".git" | ".hg" | ".beansprout" | "node_modules" | "__pycache__" | ".venv" | "venv" | ".tox" | ".mypy_cache"
    )
}
