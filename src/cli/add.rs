//! `add`: put a recipe's files into a project, as a plan that was shown.

mod fit;

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::interview::{AnswerArgs, Mode, Prompter, interview};
use super::origin::Origin;
use crate::bundle;
use crate::fault::{Exit, Failure, Fault};
use crate::project::{Project, ScopeFlags};
use crate::stack::{self, Change, Plan, Recipe, TargetPath};
use crate::ui::{self, Ui};
use crate::world::World;

/// Add a recipe's files to the project
///
/// Shows what would be written and never changes a file that exists: what it added is undone with git.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout add upload-limit --set size=100m")]
pub(crate) struct AddArgs {
    /// The recipe: `beansprout recipes` lists them
    recipe: String,
    /// Take it from a folder or a git repository: `DIR`, or `URL@REVISION#subdirectory=FOLDER`
    #[arg(long, value_name = "DIR|GIT")]
    from: Option<String>,
    /// Show what would be written, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    answers: AnswerArgs,
}

pub(crate) fn add(args: &AddArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let all = match &args.from {
        Some(from) => {
            let (recipes, from) = Origin::recipes(from, world)?;
            ui.say(format_args!("from {from}"));
            recipes
        }
        None => Recipe::all()?,
    };
    let recipe = Recipe::named(all, &args.recipe)?;
    let project = Project::load(world)?;
    let ships = bundle::Plan::read(&project.scope(&ScopeFlags::worktree(), world))?;
    if let Err(none) = project.found(&ships) {
        ui.warn(none);
    }
    let stack = recipe.stack()?;
    let folder = project.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut scope = stack.scope(&folder);
    scope.set("project_package", stack::project_package(&project.root, &folder).into());

    // The plan below is the review; a recipe without questions has nothing else to ask.
    let mode = if stack.manifest.questions.is_empty() { Mode::Defaults } else { args.answers.mode(ui) };
    // What a stack wrote and nobody touched is ours to change; without a base, nothing is.
    let base = stack::read_base(&project.root).unwrap_or_default();
    if mode == Mode::Prompt {
        // Said before the questions, not after.
        for file in recipe.files.iter().filter_map(|file| TargetPath::parse(&file.path).ok()) {
            let there = std::fs::read(project.root.join(file.to_string())).ok();
            if there.is_some() && there.as_deref() != base.get(&file).map(|planned| planned.content.as_slice()) {
                ui.say(format_args!(
                    "`{file}` is there already, and stays as it is if the answers lead to another text"
                ));
            }
        }
    }
    let answers = interview(&stack, args.answers.given(world)?, &scope, mode, world, ui)?;
    let plan = Plan::render(&stack, &answers.scope)?;

    let mut files = Vec::new();
    for (path, planned) in plan.iter() {
        let mut change = stack::change(&project.root, path, planned)?;
        let mut before = None;
        if change == Change::Other {
            let at = path.below_without_links(&project.root)?;
            let there = std::fs::read(&at).map_err(|source| stack::Error::Read { path: at, source })?;
            if base.get(path).is_none_or(|written| written.content != there) {
                let texts = [&there, &planned.content].map(|content| String::from_utf8_lossy(content).into_owned());
                let diff = stack::diff(path, &texts[0], &texts[1]);
                return Err(Error::Taken { path: path.clone(), recipe: recipe.name, diff }.into());
            }
            change = Change::Changed;
            before = Some(there);
        }
        files.push(Added { path: path.clone(), executable: planned.executable, change, before });
    }
    if files.iter().any(|file| file.change == Change::New) {
        fit::fits(&recipe, &plan, &super::check::tree(&project, &ships)?)?;
    }
    let then = recipe.then.iter().map(|line| stack::render("then", line, &answers.scope)).collect::<Result<_, _>>()?;
    let added = AddedAll { recipe: recipe.name, dry_run: args.dry_run, files, then };

    let writes = |change| added.files.iter().filter(|file| file.change == change).count();
    let (fresh, changed) = (writes(Change::New), writes(Change::Changed));
    if fresh + changed == 0 {
        ui.say("everything is there already");
    } else if !args.dry_run {
        if !args.yes && ui.can_prompt() {
            for ((path, planned), file) in plan.iter().zip(&added.files) {
                let text = String::from_utf8_lossy(&planned.content);
                match &file.before {
                    Some(before) => ui.quote(stack::diff(path, &String::from_utf8_lossy(before), &text)),
                    None => ui.quote(format_args!("--- {path}\n{text}")),
                }
            }
            if !Prompter::new(world, ui).confirm(&format!("Write {}?", ui::count(fresh + changed, "file")))? {
                return Err(Error::Declined.into());
            }
        }
        let writes: Vec<_> = plan
            .iter()
            .zip(&added.files)
            .filter(|(_, file)| matches!(file.change, Change::New | Change::Changed))
            .map(|((path, planned), file)| (path, file.before.as_deref(), planned))
            .collect();
        stack::put(&writes, &project.root, &world.interrupt)?;
        match changed {
            0 => ui.say(format_args!("added {}", ui::count(fresh, "file"))),
            _ => ui.say(format_args!("added {}, changed {changed}", ui::count(fresh, "file"))),
        }
        ui.say(format_args!("runs: {}", recipe.runs));
    }
    for caveat in &recipe.caveats {
        ui.say(format_args!("mind: {caveat}"));
    }
    for line in &added.then {
        ui.say(format_args!("then: {line}"));
    }
    ui.answer(&added);
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct AddedAll {
    recipe: String,
    dry_run: bool,
    files: Vec<Added>,
    /// What remains to be done by hand.
    then: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Added {
    path: TargetPath,
    executable: bool,
    change: Change,
    /// What a stack wrote there, where that is changed.
    #[serde(skip)]
    before: Option<Vec<u8>>,
}

impl ui::Answer for AddedAll {
    const SCHEMA: &str = "add/1";

    fn is_account(&self) -> bool {
        !self.dry_run
    }
}

impl fmt::Display for AddedAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.iter().try_for_each(|file| match file.change {
            Change::New => writeln!(f, "+ {}", file.path),
            Change::Changed => writeln!(f, "~ {}", file.path),
            Change::Same | Change::Other => writeln!(f, "= {}", file.path),
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`{path}` exists with other content")]
    Taken { path: TargetPath, recipe: String, diff: String },
    #[error("nothing was written, as you chose")]
    Declined,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Taken { recipe, diff, .. } => Some(format!(
                "`beansprout recipes {recipe}` tells why; what it would change there:\n{}",
                diff.trim_end()
            )),
            Self::Declined => None,
        }
    }
}
