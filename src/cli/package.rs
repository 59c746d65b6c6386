//! `package`: the files of a project become a bundle.

mod answer;
mod artifact;
mod build;
mod list;
mod manifest;
mod mode_difference;
mod other_reading;
mod path_line;
mod scope;

use std::path::PathBuf;

use clap::Args;

use crate::bundle::{Bundle, Checkout, Plan, Source, Trust, where_most_is};
use crate::fault::{Exit, Failure};
use crate::project::{Project, ScopeFlags};
use crate::ui::{Ui, bytes, count};
use crate::world::World;

use answer::Packaged;
use build::{Build, Gate};
use list::Listing;
use path_line::{Explained, NoSuchPath};
pub(crate) use scope::ScopeArgs;

/// Build the source bundle
///
/// Two builds of the same tree give the same bytes: on any day, in any folder, by any user. The bundle is named after its
/// content, so a label can never mean two things.
#[derive(Debug, Default, Args)]
#[command(after_help = "Example: beansprout package --source HEAD --require-clean")]
pub(crate) struct PackageArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Write the bundle to FILE instead of `.beansprout/bundles/<label>.zip`
    #[arg(short, long, value_name = "FILE", conflicts_with = "list")]
    output: Option<PathBuf>,
    /// Write what is in the bundle to FILE, as JSON
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    manifest: Option<PathBuf>,
    /// Print what would ship, write nothing
    #[arg(long)]
    list: bool,
    /// Tell which rule of which file puts PATH in or out, write nothing
    #[arg(long, value_name = "PATH", conflicts_with_all = ["list", "output", "manifest"])]
    why: Option<String>,
    /// Refuse if something in the work tree is not committed
    #[arg(long)]
    require_clean: bool,
    /// Read everything again and compare it with what the cache would have taken for unchanged
    #[arg(long, conflicts_with_all = ["list", "why", "dry_run"])]
    verify_cache: bool,
    /// Read everything and tell digest and label, write nothing
    #[arg(long, conflicts_with_all = ["list", "output", "manifest", "why"])]
    dry_run: bool,
}

pub(crate) fn package(args: &PackageArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let scope = args.scope.scope(&project, world);
    if let Some(path) = &args.why {
        let plan = Plan::read(&scope)?;
        let why = plan.why(path).ok_or_else(|| NoSuchPath::new(path, &scope.source))?;
        ui.answer(&Explained { why, paint: ui.out() });
        return Ok(Exit::Done);
    }
    if args.list {
        let plan = Plan::read(&scope)?;
        ui.answer(&Listing::of(&plan));
        let left_out = count(plan.left_out().len(), "path");
        ui.say(format_args!("{}, {}; {left_out} left out", count(plan.entries().len(), "file"), bytes(plan.size())));
        if plan.entries().len() > 1 {
            ui.say(where_most_is(&plan.largest(3)));
        }
        for problem in plan.problems() {
            ui.warn(problem);
        }
        return Ok(if plan.problems().is_empty() { Exit::Done } else { Exit::Invalid });
    }
    let output = args.output.as_ref().map(|path| world.resolve(path));
    let manifest = args.manifest.as_ref().map(|path| world.resolve(path));
    let trust = if args.verify_cache { Trust::Prove } else { Trust::Believe };
    let (clean, dry_run) = (args.require_clean, args.dry_run);
    let gate: Gate<'_> = &mut |_, _| Ok(());
    let answer = Build { project: &project, scope, output, manifest, clean, dry_run, trust, gate }.run(world, ui)?;
    if let Some(artifact) = artifact::named(&project)? {
        ui.warn(format_args!("`publish` sends `{}` instead: the EB CLI's settings name it", artifact.display()));
    }
    ui.answer(&answer);
    Ok(Exit::Done)
}

/// A bundle, and where its content comes from.
pub(crate) struct Built {
    pub(crate) bundle: Bundle,
    pub(crate) source: Source,
    /// The commit that a revision stands for.
    pub(crate) revision: Option<String>,
    /// How the work tree stands; none outside of git.
    pub(crate) checkout: Option<Checkout>,
}

/// Build the bundle of `project` as its own settings say, into `.beansprout/bundles`.
///
/// An archive that the settings of the EB CLI name takes its place.
pub(crate) fn build(project: &Project, world: &World, ui: &mut Ui) -> Result<Built, Failure> {
    build_past(&mut |_, _| Ok(()), project, world, ui)
}

/// The same, past a gate that sees what will ship.
pub(crate) fn build_past(gate: Gate<'_>, project: &Project, world: &World, ui: &mut Ui) -> Result<Built, Failure> {
    if let Some(built) = artifact::built(project, ui)? {
        return Ok(built);
    }
    build_of(gate, ScopeFlags::default(), project, world, ui)
}

/// The same, of another source, such as a commit.
pub(crate) fn build_from(project: &Project, source: &str, world: &World, ui: &mut Ui) -> Result<Built, Failure> {
    let flags = ScopeFlags { source: Some(source.to_owned()), ..ScopeFlags::default() };
    build_of(&mut |_, _| Ok(()), flags, project, world, ui)
}

fn build_of(
    gate: Gate<'_>,
    flags: ScopeFlags,
    project: &Project,
    world: &World,
    ui: &mut Ui,
) -> Result<Built, Failure> {
    let scope = project.scope(&flags, world);
    let (clean, dry_run, trust) = (false, false, Trust::Believe);
    let job = Build { project, scope, output: None, manifest: None, clean, dry_run, trust, gate };
    let Packaged { bundle, source, revision, checkout, .. } = job.run(world, ui)?;
    Ok(Built { bundle: bundle.expect("only a dry run makes none"), source, revision, checkout })
}
