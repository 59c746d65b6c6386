//! `check`: what will go wrong on the instance, before anything is deployed.

mod remarks;

use clap::{Args, ValueEnum};

use crate::beanstalk::eb_config;
use crate::beanstalk::tree::Tree;
use crate::bundle::{Plan, Scope, Source};
use crate::check::{self, Change, Described, Packager, Report, Settings, WorkTree};
use crate::fault::{Exit, Failure, Fault};
use crate::file::{self, Doing};
use crate::folder;
use crate::git::repository::Repository;
use crate::mode;
use crate::project::{self, Project, ScopeFlags};
use crate::ui::{OutputFormat, Ui, count};
use crate::world::World;

use super::environments::Environments;
use super::package::ScopeArgs;
use remarks::remarks;

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
    #[command(flatten)]
    scope: ScopeArgs,
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
    let scope = args.scope.scope(&project, world);
    if args.fix && scope.source != Source::Worktree {
        return Err(FixOfGit { source_name: scope.source }.into());
    }
    let plan = Plan::read(&scope)?;
    project.found(&plan)?;
    let (mut report, tree) = judged(&project, &plan, world)?;
    if args.fix {
        let changes = check::changes(&tree, &settings(&project));
        for change in &changes {
            ui.quote(change.paint(ui.err()));
        }
        if args.dry_run {
            ui.say(format_args!("{} would change", count(changes.len(), "file")));
        } else {
            changes.iter().try_for_each(|change| apply(&plan, &project, change))?;
            ui.say(format_args!("{} changed", count(changes.len(), "file")));
            report = report_of(&project, &scope, world)?;
        }
    }
    let passes = report.passes();
    match args.format.unwrap_or(if ui.output_format() == OutputFormat::Json { Format::Json } else { Format::Human }) {
        Format::Human => ui.report(told(report, ui).paint(ui.out(), ui.out_width())),
        Format::Json => ui.json(&report),
        Format::Sarif => ui.foreign_json(&report.sarif()),
    }
    Ok(if passes { Exit::Done } else { Exit::Findings })
}

/// The report for people: what mends a finding can be typed, and the sources stay as they are.
pub(crate) fn told(mut report: Report, ui: &Ui) -> Report {
    for finding in &mut report.findings {
        finding.fix = ui.told(&finding.fix);
    }
    report
}

/// Check what of a project would ship, as its own settings say.
pub(crate) fn report(project: &Project, world: &World) -> Result<Report, Failure> {
    report_of(project, &project.scope(&ScopeFlags::default(), world), world)
}

fn report_of(project: &Project, scope: &Scope, world: &World) -> Result<Report, Failure> {
    let plan = Plan::read(scope)?;
    project.found(&plan)?;
    Ok(judged(project, &plan, world)?.0)
}

/// Every rule, and what packing would say: the packager reads contents while the rules look at the tree.
fn judged(project: &Project, plan: &Plan, world: &World) -> Result<(Report, Tree), Failure> {
    std::thread::scope(|scope| {
        let packager = scope.spawn(|| remarks(project, plan, world));
        let tree = tree(project, plan)?;
        let packager = || match packager.join() {
            Ok(remarks) => remarks.map(|remarks| Some(Packager::Says(remarks))),
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let report = check::run_while(&tree, &settings(project), packager)?;
        Ok((report, tree))
    })
}

/// Check what a plan ships, but for what packing would say, which is said when it is packed.
pub(super) fn report_on(project: &Project, plan: &Plan) -> Result<Report, Failure> {
    Ok(check::run(&tree(project, plan)?, &settings(project)))
}

/// As the project says; what the packager thinks of contents is said elsewhere.
fn settings(project: &Project) -> Settings {
    let suppress = project.config.check.suppress.clone();
    // A folder that cannot be read is told by the verbs that need one.
    let (environments, unread) = Environments::readable(project).unwrap_or_default();
    let unread = unread.into_iter().map(|unread| (unread.path, unread.why.line())).collect();
    let described = Described { environments: environments.all().to_vec(), unread };
    let work_tree = match (Repository::at(&project.root), Repository::discover(&project.root)) {
        (Some(_), _) => WorkTree::Top,
        (None, Some(_)) => WorkTree::Below,
        (None, None) => WorkTree::None,
    };
    Settings { suppress, packager: Packager::SaysLater, described, work_tree }
}

/// What would ship as the project's own settings say.
pub(super) fn shipped(project: &Project, world: &World) -> Result<Tree, Failure> {
    tree(project, &Plan::read(&project.scope(&ScopeFlags::default(), world))?)
}

/// What would ship, and the files that say what it is for.
pub(super) fn tree(project: &Project, plan: &Plan) -> Result<Tree, Failure> {
    Ok(folder::shipped(plan, &project.root, &[eb_config::PATH, project::FILE, ".ebignore"])?)
}

/// Write a change to where the file comes from.
fn apply(plan: &Plan, project: &Project, change: &Change) -> Result<(), file::Error> {
    let path = plan.place(&change.path).unwrap_or_else(|| project.root.join(&change.path));
    if let Some(after) = &change.after {
        file::write_own(&path, after.as_bytes())?;
    }
    if change.executable {
        mode::add_executable(&path).doing("make executable", &path)?;
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error("`--fix` changes files of the work tree, and this looks at `{source_name}`")]
struct FixOfGit {
    source_name: Source,
}

impl Fault for FixOfGit {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("`--source worktree` looks at the work tree".to_owned())
    }
}
