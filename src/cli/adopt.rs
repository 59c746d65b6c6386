//! `adopt`: an existing Django project gets its deployment files, as a plan that was shown.

mod answer;
mod choose;
mod found;

use std::path::PathBuf;

use clap::Args;

use super::check;
use super::interview::{AnswerArgs, Mode, Prompter, interview_before};
use crate::adopt::{self, Action, Facts, Ground, Item, MOST_BYTES, MOST_FILES, Note, Plan, Survey};
use crate::beanstalk::tree::{Entry, Tree};
use crate::bundle::{self, Checkout, Scope};
use crate::check::Settings;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::stack::{self, Answer, Answers, Given, Stack, TargetPath};
use crate::ui::{Ui, nearest, ticked};
use crate::world::World;

use answer::Adopted;
use choose::choose;
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
    let ships = bundle::Plan::read(&Scope::of(&project.root))?;
    let uncommitted = checkout.compare(&ships).finish().map(|checkout| checkout.changes);
    let shipped = check::tree(&project)?;
    let tree = read(&project, &shipped)?;
    let person = asks.then(|| Prompter::new(world, ui));

    let folder = folder(args, &tree, &project, person.as_ref())?;
    if !asks && !decided {
        return Err(Error::Nobody.into());
    }
    let survey = Survey::of(&tree, &folder);
    let mut stack = Stack::adopted()?;
    let mut given = args.answers.given(world)?;
    for (key, value) in &project.config.project.answers {
        given.remembered(&stack, key, value)?;
    }
    let module = settings(&tree, &survey, &given, person.as_ref(), ui)?;
    tell(&survey, &module, uncommitted, ui);

    let questions = if asks && !args.answers.defaults { Mode::Prompt } else { Mode::Defaults };
    let mut job = Job { project: &project, tree: &tree, survey: &survey, stack: &mut stack, world };
    let (mut facts, mut answers) = job.ask(module, &mut given, questions, ui)?;
    let mut plan = job.plan(&facts, &answers)?;
    let mut chosen = choose(&plan, args, person.as_ref(), ui)?;
    if chosen.no_package {
        // Nothing else may name the package then.
        given.answered("overlay", Answer::Flag(false));
        (facts, answers) = job.ask(facts.settings, &mut given, Mode::Defaults, ui)?;
        plan = job.plan(&facts, &answers)?;
        chosen = choose(&plan, args, person.as_ref(), ui)?;
    }

    let accepted: Vec<&Item> =
        plan.items.iter().zip(&chosen.accepted).filter(|(_, yes)| **yes).map(|(item, _)| item).collect();
    if !args.dry_run && accepted.is_empty() && plan.items.iter().any(Item::writes) {
        return Err(Error::Declined.into());
    }
    if !args.dry_run {
        let files: Vec<_> = accepted
            .iter()
            .filter_map(|item| Some((&item.path, item.before.as_deref(), item.after.as_ref()?)))
            .collect();
        stack::put(&files, &project.root, &world.interrupt)?;
    }
    let mut left = plan.notes;
    let told = |note: &Note| note.rule == Some("EB053") && left.iter().any(|known| known.path == note.path);
    let found: Vec<Note> = findings(&project, shipped, &accepted).into_iter().filter(|note| !told(note)).collect();
    left.extend(found);
    let adopted = Adopted {
        dry_run: args.dry_run,
        found: survey,
        answers: answers.to_toml(&stack.manifest),
        uncommitted,
        files: plan.items.iter().zip(&chosen.accepted).map(|(item, yes)| answer::File::of(item, *yes)).collect(),
        left,
        diffs: args.diff,
        told: person.is_some(),
        columns: ui.columns(),
    };
    ui.answer(&adopted);
    adopted.conclude(ui);
    Ok(Exit::Done)
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

struct Job<'a> {
    project: &'a Project,
    tree: &'a Tree,
    survey: &'a Survey,
    stack: &'a mut Stack,
    world: &'a World,
}

impl Job<'_> {
    /// The answers, and what the settings that they name say.
    fn ask(
        &mut self,
        mut module: String,
        given: &mut Given,
        mode: Mode,
        ui: &mut Ui,
    ) -> Result<(Facts, Answers), Failure> {
        let name = self.project.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        loop {
            let facts = Facts::of(self.tree, self.survey, &module, &name);
            let remark = self.fit(&facts);
            if let Some(remark) = remark {
                ui.warn(remark);
            }
            let mut scope = self.stack.scope(&name);
            scope.set("found", serde_json::to_value(&facts).expect("facts have string keys"));
            let answers = interview_before(self.stack, given.clone(), &scope, mode, "Show the plan", self.world, ui)?;
            for (key, answer) in &answers.given {
                given.answered(key, answer.clone());
            }
            let chosen = answers.scope.get("settings").and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            if chosen == module {
                return Ok((facts, answers));
            }
            // What follows from the settings is looked at anew.
            ["database", "static_files", "overlay"].into_iter().for_each(|key| given.remove(key));
            module = exists(self.tree, self.survey, chosen)?;
        }
    }

    /// What was found is no longer asked; what was not has the best guess for a default.
    fn fit(&mut self, facts: &Facts) -> Option<String> {
        let survey = self.survey;
        let questions = &mut self.stack.manifest.questions;
        let python = questions.iter().find(|question| question.key == "python").expect("the part has this question");
        let branches: Vec<String> = python.choices.iter().map(|choice| choice.value.clone()).collect();
        let usual = branches.iter().find(|branch| *branch == "3.13").unwrap_or(&branches[0]).clone();
        let (branch, remark) = survey.branch(&branches, &usual);
        let mut set = |key: &str, default: Option<String>, known: bool| {
            let question =
                questions.iter_mut().find(|question| question.key == key).expect("the stack has this question");
            question.later |= known;
            question.default = default.or_else(|| question.default.take());
        };
        set("python", Some(branch), survey.python.is_some());
        set("application", None, survey.application().is_some());
        set("region", survey.region().map(str::to_owned), survey.region().is_some());
        set("settings", None, true);
        set("static_files", None, true);
        set("database", None, facts.database == "own");
        set("server", survey.channels.then(|| "asgi".to_owned()).filter(|_| survey.asgi.is_some()), true);
        remark
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan, Failure> {
        let disk = |path: &TargetPath| {
            let at = path.below_without_links(&self.project.root)?;
            match std::fs::read(&at) {
                Ok(content) => Ok(Some(content)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(stack::Error::Read { path: at, source }),
            }
        };
        let (tree, survey, stack) = (self.tree, self.survey, &*self.stack);
        Ok(Plan::of(&Ground { stack, scope: &answers.scope, tree, survey, facts, disk: &disk })?)
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
    let settings = Settings { platform: check::platform(&tree), suppress: project.config.check.suppress.clone() };
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

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("there is no terminal to accept the plan at")]
    Nobody,
    #[error("there is no Django project in `{}`", root.display())]
    NoProject { root: PathBuf },
    #[error("`{folder}` has no `manage.py` of Django")]
    NotAProject { folder: String, found: Vec<String> },
    #[error("there are several Django projects here")]
    SeveralProjects { found: Vec<String> },
    #[error("nothing that looks like settings is near `{manage}`")]
    NoSettings { manage: String },
    #[error("there is no module `{module}` in the project")]
    NotSettings { module: String, found: Vec<String> },
    #[error("several modules look like settings, and none is surely production's")]
    SeveralSettings { found: Vec<String> },
    #[error("the plan has no `{path}`")]
    NotInPlan { path: String, found: Vec<String> },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("nothing was written, as you chose")]
    Declined,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Nobody
            | Self::NotAProject { .. }
            | Self::SeveralProjects { .. }
            | Self::NotSettings { .. }
            | Self::SeveralSettings { .. }
            | Self::NotInPlan { .. } => Exit::Usage,
            Self::NoProject { .. } | Self::NoSettings { .. } | Self::Read { .. } => Exit::Invalid,
            Self::Declined => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Nobody => Some(
                "`--yes` accepts every file, `--only PATH` some of them, and `--dry-run` shows the plan".to_owned(),
            ),
            Self::NoProject { .. } => {
                Some("go where `manage.py` is, or `-C DIR`; `beansprout new DIR` makes a new project".to_owned())
            }
            Self::NotAProject { found, .. } if found.is_empty() => None,
            Self::NotAProject { found, .. } => Some(format!("`manage.py` is in {}", ticked(found))),
            Self::SeveralProjects { found } => Some(format!("`--project DIR` names one: {}", ticked(found))),
            Self::NoSettings { .. } => Some("`--set settings=MODULE` names them, such as `mysite.settings`".to_owned()),
            Self::NotSettings { found, .. } if found.is_empty() => None,
            Self::NotSettings { found, .. } => Some(format!("what looks like settings is {}", ticked(found))),
            Self::SeveralSettings { found } => Some(format!("`--set settings=MODULE` names it: {}", ticked(found))),
            Self::NotInPlan { path, found } => {
                let near = nearest(path, found.iter().map(String::as_str));
                Some(near.map_or_else(
                    || "`--dry-run` shows what it has".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ))
            }
            Self::Read { .. } | Self::Declined => None,
        }
    }
}

/// The mark before a path.
fn mark(action: Action) -> &'static str {
    match action {
        Action::Add => "+",
        Action::Change => "~",
        Action::Same | Action::Keep => "=",
    }
}
