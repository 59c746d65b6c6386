//! `package`: the files of a project become a bundle.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::bundle::{Bundle, Errand, Error, LeftOut, MAX_BYTES, Note, Output, Plan, Scope, Source, TreeDigest};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::ui::{Answer, Paint, Ui, bytes, count};
use crate::world::World;

/// Build the source bundle
///
/// Two builds of the same tree give the same bytes: on any day, in any folder, by any user. The bundle is named after its
/// content, so a label can never mean two things.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout package --list")]
pub(crate) struct PackageArgs {
    /// Write the bundle to FILE instead of `.beansprout/bundles/<label>.zip`
    #[arg(short, long, value_name = "FILE", conflicts_with = "list")]
    output: Option<PathBuf>,
    /// Print what would ship, write nothing
    #[arg(long)]
    list: bool,
    /// Read everything and tell digest and label, write nothing
    #[arg(long, conflicts_with_all = ["list", "output"])]
    dry_run: bool,
    /// Let files matching PATTERN ship although they look like secrets
    #[arg(long, value_name = "PATTERN")]
    allow: Vec<String>,
}

pub(crate) fn package(args: &PackageArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let plan = plan(args, &project)?;
    if args.list {
        ui.answer(&Listing::of(&plan));
        let left_out = count(plan.left_out().len(), "path");
        ui.say(format_args!("{}, {}; {left_out} left out", count(plan.entries().len(), "file"), bytes(plan.size())));
        return plan.sound().map(|()| Exit::Done).map_err(Failure::from);
    }
    let answer = if args.dry_run {
        let digest = with_errand(&project, &plan, world, ui, |errand| plan.digest(errand))?;
        Packaged { out: ui.out(), ..Packaged::new(&project, &plan, digest, None) }
    } else {
        let bundle = write(args.output.as_ref().map(|path| world.resolve(path)), &project, &plan, world, ui)?;
        Packaged { out: ui.out(), ..Packaged::new(&project, &plan, bundle.digest, Some(bundle)) }
    };
    ui.answer(&answer);
    Ok(Exit::Done)
}

/// Build the bundle of `project` as its own settings say, into `.beansprout/bundles`.
pub(crate) fn build(project: &Project, world: &World, ui: &mut Ui) -> Result<Bundle, Failure> {
    let args = PackageArgs { output: None, list: false, dry_run: false, allow: Vec::new() };
    let plan = plan(&args, project)?;
    write(None, project, &plan, world, ui)
}

fn plan(args: &PackageArgs, project: &Project) -> Result<Plan, Error> {
    let bundle = &project.config.bundle;
    Plan::read(&Scope {
        exclude: bundle.exclude.clone(),
        allow: [bundle.allow.as_slice(), args.allow.as_slice()].concat(),
        ..Scope::of(&project.root)
    })
}

fn write(
    output: Option<PathBuf>,
    project: &Project,
    plan: &Plan,
    world: &World,
    ui: &mut Ui,
) -> Result<Bundle, Failure> {
    let output = match output {
        Some(path) => Output::File(path),
        None => Output::Labelled { dir: project.state_dir().join("bundles"), name: project.name() },
    };
    let bundle = with_errand(project, plan, world, ui, |errand| plan.write(&output, errand))?;
    for note in &bundle.notes {
        ui.warn(note);
    }
    Ok(bundle)
}

fn with_errand<T>(
    project: &Project,
    plan: &Plan,
    world: &World,
    ui: &Ui,
    run: impl FnOnce(&Errand<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let progress = ui.progress("packaging", plan.size());
    let max_bytes = project.config.bundle.max_bytes.unwrap_or(MAX_BYTES);
    run(&Errand { progress: &progress, interrupt: &world.interrupt, max_bytes })
}

/// The answer of `package`.
#[derive(Serialize)]
struct Packaged {
    label: String,
    digest: TreeDigest,
    source: Source,
    entries: usize,
    /// Bytes of content before they were packed.
    content_bytes: u64,
    /// Absent when nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    left_out: Vec<LeftOut>,
    notes: Vec<Note>,
    #[serde(skip)]
    out: Paint,
}

impl Packaged {
    fn new(project: &Project, plan: &Plan, digest: TreeDigest, bundle: Option<Bundle>) -> Self {
        Self {
            label: digest.label(&project.name()),
            digest,
            source: plan.source().clone(),
            entries: plan.entries().len(),
            content_bytes: plan.size(),
            path: bundle.as_ref().map(|bundle| bundle.path.clone()),
            bytes: bundle.as_ref().map(|bundle| bundle.bytes),
            left_out: plan.left_out().to_vec(),
            notes: bundle.map(|bundle| bundle.notes).unwrap_or_default(),
            out: Paint::default(),
        }
    }
}

impl Answer for Packaged {
    const SCHEMA: &str = "package/1";
}

impl fmt::Display for Packaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.out.bold(&self.label))?;
        writeln!(f, "  digest  {}", self.digest)?;
        writeln!(f, "  source  {}", self.source)?;
        write!(f, "  content {} in {}", bytes(self.content_bytes), count(self.entries, "file"))?;
        if let (Some(path), Some(size)) = (&self.path, self.bytes) {
            write!(f, "\n  bundle  {}, {}", path.display(), bytes(size))?;
        }
        Ok(())
    }
}

/// The answer of `package --list`.
#[derive(Serialize)]
struct Listing<'a> {
    entries: Vec<Listed<'a>>,
    left_out: &'a [LeftOut],
}

#[derive(Serialize)]
struct Listed<'a> {
    path: &'a str,
    bytes: u64,
}

impl<'a> Listing<'a> {
    fn of(plan: &'a Plan) -> Self {
        let entries = plan.entries().iter();
        let entries = entries.map(|entry| Listed { path: entry.path().as_str(), bytes: entry.size() }).collect();
        Self { entries, left_out: plan.left_out() }
    }
}

impl Answer for Listing<'_> {
    const SCHEMA: &'static str = "package-list/1";
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|entry| writeln!(f, "{}", entry.path))
    }
}
