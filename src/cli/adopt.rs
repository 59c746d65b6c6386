//! `adopt`: an existing Django project gets its deployment files, as a plan that was shown.

mod answer;
mod choose;
mod error;
mod found;
mod refused;

use std::path::PathBuf;

use clap::Args;

use super::check;
use super::environments::Environments;
use super::interview::{AnswerArgs, Mode, Prompter, interview_before};
use crate::adopt::{self, Context, Detected, Inputs, Item, MOST_BYTES, MOST_FILES, Note, Plan};
use crate::beanstalk::tree::{Entry, Tree};
use crate::bundle::{self, Checkout};
use crate::check::{Packager, Settings};
use crate::fault::{Exit, Failure};
use crate::project::{Project, ScopeFlags};
use crate::stack::{self, Answer, Answers, Given, Stack, TargetPath};
use crate::ui::Ui;
use crate::world::World;

use answer::Adopted;
use choose::{Choice, Wanted, choose};
use error::Error;
use found::{exists, folder, settings, tell};

/// Add the deployment files to an existing Django project
///
/// Reads the project and imports nothing: manage.py, settings, WSGI, requirements, the Python it wants. Then it shows which
/// files it would add or change, each with its reason, and writes those that you accept. What exists is never replaced
/// without being shown. Undone with git.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  beansprout adopt                                   # asks, and shows each file
  beansprout adopt --dry-run --diff                  # shows the plan, writes nothing
  beansprout adopt --yes --set settings=mysite.settings.production
  beansprout adopt --only Procfile --only .ebextensions/")]
pub(crate) struct AdoptArgs {
    /// The folder with manage.py, where there are several
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Show the plan, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Show each file as a diff
    #[arg(long)]
    diff: bool,
    /// Accept every file without asking
    #[arg(short, long)]
    yes: bool,
    /// Accept this file, or what is in this folder, and nothing else; may be given more than once
    #[arg(long, value_name = "PATH", conflicts_with_all = ["yes", "skip"])]
    only: Vec<String>,
    /// Leave this file, or what is in this folder, as it is; may be given more than once
    #[arg(long, value_name = "PATH")]
    skip: Vec<String>,
    #[command(flatten)]
    answers: AnswerArgs,
}

pub(crate) fn adopt(args: &AdoptArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let decided = args.yes || args.dry_run || !args.only.is_empty();
    let asks = ui.can_prompt() && !decided;
    let project = Project::load(world)?;
    let checkout = Checkout::start(&project.root);
    let ships = bundle::Plan::read(&project.scope(&ScopeFlags::worktree(), world))?;
    let uncommitted = checkout.compare(&ships)?.map(|checkout| checkout.changes);
    let shipped = check::tree(&project, &ships)?;
    let tree = read(&project, &shipped)?;
    let person = asks.then(|| Prompter::new(world, ui));

    let folder = folder(args.project.as_deref(), &tree, &project, person.as_ref())?;
    if !asks && !decided {
        return Err(Error::Nobody.into());
    }
    let detected = Detected::of(&tree, &folder);
    let mut stack = Stack::adopted()?;
    let mut given = args.answers.given(world)?;
    for (key, value) in &project.config.project.answers {
        given.remembered(&stack, key, value)?;
    }
    let module = settings(&tree, &detected, &given, person.as_ref(), ui)?;
    tell(&detected, &tree, &module, uncommitted, ui);

    let questions = if asks && !args.answers.defaults { Mode::Prompt } else { Mode::Defaults };
    let (exclude, refused) = refused::refused(&project, &adopt::excluded(&tree), world);
    let (tree, detected) = (&tree, &detected);
    let mut planner = Planner { project: &project, tree, detected, exclude: &exclude, stack: &mut stack, world };
    let wanted = Wanted { only: &args.only, skip: &args.skip };
    let planned = planner.decide(module, given, questions, &wanted, person.as_ref(), ui)?;
    let accepted = planned.accepted();
    if !args.dry_run {
        if accepted.is_empty() && planned.plan.items.iter().any(Item::writes) {
            return Err(Error::Declined.into());
        }
        write(&accepted, &project, world)?;
    }
    let mut left = planned.plan.notes.clone();
    left.extend(refused);
    left.extend(planned.plan.excluded(&exclude));
    let told = |note: &Note| note.rule == Some("EB053") && left.iter().any(|known| known.path == note.path);
    let found: Vec<Note> = findings(&project, shipped, &accepted).into_iter().filter(|note| !told(note)).collect();
    left.extend(found);
    let adopted = Adopted {
        dry_run: args.dry_run,
        files: planned.files(),
        answers: planned.answers.to_toml(&stack.manifest),
        found: detected.clone(),
        uncommitted,
        left,
        diffs: args.diff,
        told: person.is_some(),
        columns: ui.columns(),
    };
    ui.answer(&adopted);
    adopted.conclude(ui);
    Ok(Exit::Done)
}

/// The accepted files, all of them or none.
fn write(accepted: &[&Item], project: &Project, world: &World) -> Result<(), Failure> {
    let files: Vec<_> =
        accepted.iter().filter_map(|item| Some((&item.path, item.before.as_deref(), item.after.as_ref()?))).collect();
    Ok(stack::put(&files, &project.root, &world.interrupt)?)
}

/// What ships, with the contents that tell what the project is.
fn read(project: &Project, shipped: &Tree) -> Result<Tree, Failure> {
    let mut tree = shipped.clone();
    let wanted = |(path, entry): &(&str, &Entry)| match entry {
        Entry::File { content: None, bytes, .. } => *bytes <= MOST_BYTES && adopt::reads(path),
        _ => false,
    };
    for (path, entry) in shipped.iter().filter(wanted).take(MOST_FILES) {
        let Entry::File { executable, bytes, .. } = entry else { continue };
        let on_disk = project.root.join(path);
        let content = std::fs::read(&on_disk).map_err(|source| Error::Read { path: on_disk, source })?;
        tree.insert(path, Entry::File { executable: *executable, bytes: *bytes, content: Some(content) });
    }
    Ok(tree)
}

/// Plan that was shown, and what was accepted of it.
struct Planned {
    plan: Plan,
    answers: Answers,
    choice: Choice,
}

impl Planned {
    fn accepted(&self) -> Vec<&Item> {
        self.plan.items.iter().zip(&self.choice.accepted).filter(|(_, yes)| **yes).map(|(item, _)| item).collect()
    }

    fn files(&self) -> Vec<answer::File> {
        self.plan.items.iter().zip(&self.choice.accepted).map(|(item, yes)| answer::File::of(item, *yes)).collect()
    }
}

/// Questions and plan of one project.
struct Planner<'a> {
    project: &'a Project,
    tree: &'a Tree,
    detected: &'a Detected,
    /// What the packager would refuse.
    exclude: &'a [String],
    stack: &'a mut Stack,
    world: &'a World,
}

impl Planner<'_> {
    /// Ask, plan, and let people choose; once more if they choose no package, which nothing else may name then.
    fn decide(
        &mut self,
        module: String,
        mut given: Given,
        questions: Mode,
        wanted: &Wanted<'_>,
        person: Option<&Prompter>,
        ui: &mut Ui,
    ) -> Result<Planned, Failure> {
        let (context, answers) = self.ask(module, &mut given, questions, ui)?;
        let plan = self.plan(&context, &answers)?;
        let choice = choose(&plan, wanted, person, ui)?;
        if !choice.no_package {
            return Ok(Planned { plan, answers, choice });
        }
        given.answered("overlay", Answer::Flag(false));
        let (context, answers) = self.ask(context.settings, &mut given, Mode::Defaults, ui)?;
        let plan = self.plan(&context, &answers)?;
        let choice = choose(&plan, wanted, person, ui)?;
        Ok(Planned { plan, answers, choice })
    }

    /// The answers, and what the settings that they name say.
    fn ask(
        &mut self,
        mut module: String,
        given: &mut Given,
        mode: Mode,
        ui: &mut Ui,
    ) -> Result<(Context, Answers), Failure> {
        let name = self.project.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        loop {
            let mut context = Context::of(self.tree, self.detected, &module, &name);
            context.exclude.extend(self.exclude.iter().cloned());
            context.has_environment |= !Environments::load(self.project)?.all().is_empty();
            let remark = self.fit(&context);
            if let Some(remark) = remark {
                ui.warn(remark);
            }
            let mut scope = self.stack.scope(&name);
            scope.set("found", serde_json::to_value(&context).expect("the context has string keys"));
            let answers = interview_before(self.stack, given.clone(), &scope, mode, "Show the plan", self.world, ui)?;
            for (key, answer) in &answers.given {
                given.answered(key, answer.clone());
            }
            let chosen = answers.scope.get("settings").and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            if chosen == module {
                return Ok((context, answers));
            }
            // What follows from the settings is looked at anew.
            ["database", "static_files", "overlay"].into_iter().for_each(|key| given.remove(key));
            module = exists(self.tree, self.detected, chosen)?;
        }
    }

    /// What was found is no longer asked; what was not has the best guess for a default.
    fn fit(&mut self, context: &Context) -> Option<String> {
        let detected = self.detected;
        let questions = &mut self.stack.manifest.questions;
        let python = questions.iter().find(|question| question.key == "python").expect("the part has this question");
        let branches: Vec<String> = python.choices.iter().map(|choice| choice.value.clone()).collect();
        let usual = branches.iter().find(|branch| *branch == "3.13").unwrap_or(&branches[0]).clone();
        let (branch, remark) = detected.branch(&branches, &usual);
        let mut set = |key: &str, default: Option<String>, known: bool| {
            let question =
                questions.iter_mut().find(|question| question.key == key).expect("the stack has this question");
            question.later |= known;
            question.default = default.or_else(|| question.default.take());
        };
        set("python", Some(branch), detected.python.is_some());
        set("application", None, detected.application().is_some());
        set("region", detected.region().map(str::to_owned), detected.region().is_some());
        set("settings", None, true);
        set("static_files", None, true);
        set("database", None, context.database == "own");
        // What names an ASGI application needs it, and what has no other has it to serve.
        let asgi = detected.channels || context.asgi_named || detected.wsgi.is_none();
        set("server", asgi.then(|| "asgi".to_owned()).filter(|_| detected.asgi.is_some()), true);
        remark
    }

    fn plan(&self, context: &Context, answers: &Answers) -> Result<Plan, Failure> {
        let disk = |path: &TargetPath| {
            let at = path.below_without_links(&self.project.root)?;
            match std::fs::read(&at) {
                Ok(content) => Ok(Some(content)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(stack::Error::Read { path: at, source }),
            }
        };
        let (tree, detected, stack) = (self.tree, self.detected, &*self.stack);
        Ok(Plan::of(&Inputs { stack, scope: &answers.scope, tree, detected, context, disk: &disk })?)
    }
}

/// What a check still finds when the accepted files are there.
fn findings(project: &Project, mut tree: Tree, accepted: &[&Item]) -> Vec<Note> {
    for item in accepted {
        if let Some(planned) = &item.after {
            let content = Some(planned.content.clone());
            let bytes = planned.content.len() as u64;
            tree.insert(item.path.to_string(), Entry::File { executable: planned.executable, bytes, content });
        }
    }
    // What the packager says is told by `refused`, with what becomes of it.
    let suppress = project.config.check.suppress.clone();
    let settings = Settings { suppress, packager: Packager::SaysLater, ..Settings::default() };
    let report = crate::check::run(&tree, &settings);
    let note = |finding: crate::check::Finding| Note {
        rule: Some(finding.rule),
        line: finding.start.map(|start| start.line),
        path: Some(finding.path),
        message: finding.message,
        fix: Some(finding.fix),
    };
    report.findings.into_iter().map(note).collect()
}
