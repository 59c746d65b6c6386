//! `tour`: the whole main job on the embedded AWS, told as it happens.
//!
//! Every step is what its verb does, through the same code, and names the command that does it.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::aws::{AwsArgs, Intent};
use super::interview::Mode;
use super::package::Built;
use super::{check, new, package, publish, up, versions};
use crate::fault::{Exit, Failure, Fault};
use crate::project::{self, Project};
use crate::release::{BundleFile, Published};
use crate::sandbox::instance;
use crate::stack::Given;
use crate::ui::{Answer, Carried, Paint, Ui, bytes, count, quoted_path};
use crate::world::World;

/// Do the whole main job, without an AWS account
///
/// Generates a project, checks it, packages it twice, publishes it to the embedded AWS, and runs the published bundle on
/// this machine until Ctrl-C. A second tour in the same place goes on with what is there.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout tour --no-serve")]
pub(crate) struct TourArgs {
    /// Where the project goes
    #[arg(value_name = "DIR", default_value = "beansprout-tour")]
    target: PathBuf,
    /// End after registering: run nothing
    #[arg(long)]
    no_serve: bool,
    /// Serve the site on this port of 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 0, conflicts_with = "no_serve")]
    port: u16,
}

pub(crate) fn tour(args: &TourArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    if !args.no_serve {
        instance::possible().map_err(Unserved)?;
    }
    let mut narrator = Narrator { step: 0, steps: if args.no_serve { 6 } else { 7 }, ui };
    let shown = quoted_path(&args.target);

    narrator.step("new", &format!("new {shown} --defaults"));
    let target = world.resolve(&args.target);
    generate(&args.target, &target, world, &mut narrator)?;
    let world = world.at(&target);
    let project = Project::load(&world)?;
    // What is said of its steps is typed from outside; the parting is from before.
    AwsArgs::sandboxed().carry(narrator.ui);
    let carried = narrator.ui.carried().clone();
    let before = narrator.ui.carry(Carried { directory: Some(carried.typed(&args.target)), ..carried });

    narrator.step("check", "check");
    let report = check::report(&project, &world)?;
    let findings = report.findings.len();
    match findings {
        0 => narrator.say(format_args!("nothing found in {}", count(report.files, "file"))),
        _ => narrator.ui.quote(super::check::told(report, narrator.ui).paint(narrator.ui.err(), None)),
    }

    narrator.step("package", "package");
    let built = package_twice(&project, &world, &mut narrator)?;

    narrator.step("sandbox", "sandbox");
    let aws = AwsArgs::sandboxed().connect(&project, Intent::Act, &world, narrator.ui)?;
    narrator.say("an S3 and an Elastic Beanstalk on this machine; what they hold is in `.beansprout/sandbox`");

    narrator.step("publish", "publish --sandbox");
    let published = publish::publish(&project, &built, &aws, &world, narrator.ui)?;
    narrator.say(match (published.uploaded, published.registered) {
        (_, true) => format!("application version `{}` is {}", published.label, published.status),
        (true, false) => format!("the bundle was gone and is back at `{}`", published.bundle),
        (false, false) => "unchanged: it was published before, so nothing was sent".to_owned(),
    });

    narrator.step("versions", "versions --sandbox");
    let listed = versions::list(&project, &published.application, &aws)?;
    for line in listed.to_string().lines() {
        narrator.say(line);
    }

    let end = End { directory: target, findings, published, out: narrator.ui.out() };
    if args.no_serve {
        narrator.ui.indent(0);
        narrator.ui.answer(&end);
        return Ok(Exit::Done);
    }
    narrator.step("up", "up");
    let words = before.told(&parting(&args.target), &[]);
    run(args, &end, words, &project, &world, narrator.ui)
}

/// Generate the project, unless an earlier tour did.
fn generate(shown: &Path, target: &Path, world: &World, narrator: &mut Narrator<'_>) -> Result<(), Failure> {
    if target.join(project::FILE).is_file() {
        let stack = project::Config::read(&target.join(project::FILE))?.project.stack;
        if stack.is_none() {
            return Err(Occupied { shown: shown.to_owned() }.into());
        }
        narrator.say(format_args!("`{}` is there already: going on with it", shown.display()));
        return Ok(());
    }
    let request = new::Request {
        directory: shown,
        stack: "python",
        given: Given::default(),
        mode: Mode::Defaults,
        dry_run: false,
    };
    let created = new::create(request, world, narrator.ui)?;
    narrator.say(format_args!("a Django project of {} in `{}`", count(created.files.len(), "file"), shown.display()));
    Ok(())
}

/// Package, and package again: the same content has the same name and the same bytes.
fn package_twice(project: &Project, world: &World, narrator: &mut Narrator<'_>) -> Result<Built, Failure> {
    let first = package::build(project, world, narrator.ui)?;
    let file = BundleFile::open(&first.bundle.path, first.bundle.digest)?;
    let label = first.bundle.digest.label(&project.name());
    narrator.say(format_args!("{label}: {}, {}", count(first.bundle.entries, "file"), bytes(first.bundle.bytes)));
    let second = package::build(project, world, narrator.ui)?;
    if BundleFile::open(&second.bundle.path, second.bundle.digest)?.sha256 == file.sha256 {
        narrator.say("once more: the same digest, and the same bytes");
    } else {
        narrator.ui.warn("the project changed between two runs of `package`");
    }
    Ok(second)
}

/// Run what was published until Ctrl-C.
fn run(
    args: &TourArgs,
    end: &End,
    parting: String,
    project: &Project,
    world: &World,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let options = up::Options { port: args.port, ..up::Options::default() };
    let running = up::launch(project, &end.published, options, world, ui)?;
    ui.indent(0);
    ui.answer(&Served { end, url: running.instance.url() });
    ui.say("Ctrl-C ends it");
    let _parting = ui.parting(world, parting);
    loop {
        running.listen(super::up::PAUSE, ui);
    }
}

/// What stays behind, and where to go from there.
fn parting(shown: &Path) -> String {
    let shown = quoted_path(shown);
    format!(
        "the site has ended; its project, bundle and sandbox stay in `{shown}`\n\
         next: `cd {shown}`, then `beansprout explain --event deploy` shows what ran and `beansprout up` runs it again\n\
         a site of your own: `beansprout new DIR`; to forget this one, delete the folder"
    )
}

/// Tells each step, and the command that does the same.
struct Narrator<'a> {
    step: usize,
    steps: usize,
    ui: &'a mut Ui,
}

impl Narrator<'_> {
    fn step(&mut self, verb: &str, line: &str) {
        self.step += 1;
        let paint = self.ui.err();
        let number = paint.dim(format_args!("{}/{}", self.step, self.steps));
        let verb = paint.bold(format_args!("{verb:<9}"));
        self.ui.indent(0);
        let command = self.ui.command(line);
        self.ui.say(format_args!("{number} {verb} {}", paint.dim(format_args!("$ {command}"))));
        self.ui.indent(4);
    }

    fn say(&mut self, text: impl fmt::Display) {
        self.ui.say(text);
    }
}

/// Here no tour can serve.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Unserved(instance::Error);

impl Fault for Unserved {
    fn exit(&self) -> Exit {
        self.0.exit()
    }

    fn hint(&self) -> Option<String> {
        Some("`beansprout tour --no-serve` does everything but that; the rest needs WSL".to_owned())
    }
}

/// The answer of a tour that does not serve.
#[derive(Serialize)]
struct End {
    directory: PathBuf,
    findings: usize,
    #[serde(flatten)]
    published: Published,
    #[serde(skip)]
    out: Paint,
}

impl Answer for End {
    const SCHEMA: &str = "tour/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is registered in `{}`", self.out.bold(&self.published.label), self.published.application)
    }
}

/// The answer of a tour that serves, as soon as the site answers.
#[derive(Serialize)]
struct Served<'a> {
    #[serde(flatten)]
    end: &'a End,
    url: String,
}

impl Answer for Served<'_> {
    const SCHEMA: &'static str = End::SCHEMA;

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for Served<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs at {}", self.end.out.bold(&self.end.published.label), self.url)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{}` holds a project that no stack made", shown.display())]
struct Occupied {
    shown: PathBuf,
}

impl Fault for Occupied {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("name another folder: `beansprout tour DIR`".to_owned())
    }
}
