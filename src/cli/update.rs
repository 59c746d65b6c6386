//! `update`: what the stack has learned since, without losing what was changed here.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::interview::{AnswerArgs, Mode, Prompter, interview, warn_of_secrets};
use super::origin::Origin;
use crate::bundle::{self, Checkout};
use crate::fault::{Exit, Failure, Fault};
use crate::git::index::Index;
use crate::git::repository::Repository;
use crate::project::{self, Project, ScopeFlags};
use crate::stack::{
    self, Action, Answer, Answers, BesideForm, Conflicts, Given, Merge, Plan, Scope, Stack, Step, TargetPath,
    from_default,
};
use crate::ui::{self, Ui};
use crate::world::World;

/// Bring the stack's newer files into the project
///
/// A three-way merge: what only the stack changed is taken, what only you changed is kept, and where both changed the
/// same lines the file gets conflict markers, or `--conflict rej` lays the stack's change beside it. Files that you deleted stay deleted. New questions are asked; `--set` gives
/// another answer to an old one. Exits with 1 if there are conflicts.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout update --dry-run --diff\n  beansprout update --set python=3.14\n  beansprout update --to v2"
)]
pub(crate) struct UpdateArgs {
    /// Go to this revision of the stack's git repository: a branch, a tag or a commit
    #[arg(long, value_name = "REVISION", conflicts_with = "stack")]
    to: Option<String>,
    /// Take the stack from another place, such as a newer archive: as `beansprout new --stack` has it
    #[arg(long, value_name = "NAME|DIR|GIT|ARCHIVE")]
    stack: Option<String>,
    /// How lines that both changed are left to you
    #[arg(long, value_name = "WAY", value_enum, default_value_t = ConflictWay::Markers)]
    conflict: ConflictWay,
    /// Show each change as a diff
    #[arg(long)]
    diff: bool,
    /// Show what would change, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    answers: AnswerArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ConflictWay {
    /// Both versions in the file, between `<<<<<<<` and `>>>>>>>`
    Markers,
    /// Yours in the file, and what the stack wanted in `FILE.rej`, which `patch` reads
    Rej,
}

pub(crate) fn update(args: &UpdateArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let Some(spec) = project.config.project.stack.clone() else {
        return Err(Error::NoStack.into());
    };
    let base = stack::read_base(&project.root)?;
    let unmerged = unmerged(&project.root)?;
    if !unmerged.is_empty() {
        return Err(Error::Unmerged { files: unmerged }.into());
    }
    let Origin { stack, spec } = match (&args.stack, &args.to) {
        (Some(other), _) => Origin::open(other, &world.dir, world)?,
        (None, Some(revision)) => Origin::moved(&spec, revision, &project.root, world)?,
        (None, None) => Origin::open(&spec, &project.root, world)?,
    };

    // Old answers first, then what was said now.
    let (mut given, mut before) = (args.answers.given(world)?, Given::default());
    warn_of_secrets(&given, &stack, ui);
    for (key, value) in &project.config.project.answers {
        if stack.manifest.secrets().any(|question| question.key == *key) {
            ui.warn(format_args!(
                "`{key}` is a secret now, and its answer stands in git's history: change it where it is used"
            ));
        }
        given.remembered(&stack, key, value)?;
        before.remembered(&stack, key, value)?;
        if stack.manifest.renamed(key).is_none() && !stack.manifest.pin.contains_key(key) {
            ui.warn(format_args!("the stack does not ask `{key}` any more; the answer was {value}"));
        }
    }
    given.remember_before(&stack)?;
    before.remember_before(&stack)?;
    given.keep_secrets(&stack);
    before.keep_secrets(&stack);
    if let Some(version) = stack::base_version(&project.root).filter(|version| version != env!("CARGO_PKG_VERSION")) {
        ui.say(format_args!(
            "parts of the box are those of beansprout {} now, and were those of {version}",
            env!("CARGO_PKG_VERSION")
        ));
    }
    let uncommitted = uncommitted(&project, world)?;
    if uncommitted > 0 && !args.dry_run {
        ui.warn(format_args!(
            "{} not committed: git cannot tell them from what this writes",
            if uncommitted == 1 { "1 change is".to_owned() } else { format!("{uncommitted} changes are") }
        ));
    }
    let folder = project.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut scope = stack.scope(&folder);
    scope.set("stack_spec", spec.to_string().into());
    let conflicts = match args.conflict {
        ConflictWay::Markers => Conflicts::Markers,
        ConflictWay::Rej => Conflicts::Rejects,
    };
    // What was a default and is offered no more follows the default; what somebody chose does not.
    let then = Answers::resolve(&stack, &before, scope.clone(), |asking| from_default(asking, true)).ok();
    if let Some(then) = &then {
        given.follow_defaults(&then.at_default);
    }
    let mut followed;
    let (theirs, steps) = loop {
        // Old answers are not asked again, so the review screen has a place only where something is new.
        let mode = match args.answers.mode(ui) {
            Mode::Prompt if given.answers_all(&stack) && !gone(&stack, &given, &scope) => Mode::Defaults,
            mode => mode,
        };
        let answers = interview(&stack, given.clone(), &scope, mode, world, ui)?;
        let theirs = Plan::of(&stack, &answers)?;
        followed = then.as_ref().map(|then| followers(then, &answers)).unwrap_or_default();
        let moves = moves(&stack, &before, &scope, &answers)?;
        let merge = Merge { root: &project.root, base: &base, theirs: &theirs, moves: &moves, conflicts };
        let unfinished = merge.unfinished()?;
        if !unfinished.is_empty() {
            return Err(stack::Error::Unfinished { files: unfinished }.into());
        }
        let steps = merge.steps()?;
        let missing = missing_secrets(&steps, &theirs, &answers.kept);
        if missing.is_empty() {
            break (theirs, steps);
        }
        // A new file needs what only old files know.
        for key in missing {
            given.remove(&key);
        }
    };

    for (key, old, new) in followed.iter().filter(|(key, _, _)| !args.answers.says(key)) {
        ui.warn(format_args!("`{key}` was `{old}`, as the default had it, and is `{new}` now"));
    }

    let report = Report::of(&steps, args);
    let changing = steps.iter().filter(|step| step.changes()).count();
    if changing == 0 {
        ui.say("everything is up to date");
    }
    if changing > 0 && !args.dry_run && !args.yes && ui.can_prompt() {
        ui.say(&report);
        if !Prompter::new(world, ui).confirm(&format!("Change {}?", ui::count(changing, "file")))? {
            return Err(Error::Declined.into());
        }
    }
    if !args.dry_run {
        stack::apply(&steps, &project.root)?;
        // Last: a run that was stopped before is simply run again.
        stack::write_base(&theirs, &project.root)?;
    }
    ui.answer(&report);
    for line in report.left_to_you() {
        ui.warn(line);
    }
    Ok(if report.conflicts > 0 { Exit::Findings } else { Exit::Done })
}

/// Answers that were defaults and are others now: the question, and both.
fn followers(then: &Answers, now: &Answers) -> Vec<(String, Answer, Answer)> {
    let new = |key: &String| now.given.iter().find(|(name, _)| name == key).map(|(_, answer)| answer.clone());
    let changed = then.given.iter().filter(|(key, _)| then.at_default.contains(key));
    changed.filter_map(|(key, old)| Some((key.clone(), old.clone(), new(key).filter(|new| new != old)?))).collect()
}

/// Is there an answer of before that does not do any more?
fn gone(stack: &Stack, given: &Given, scope: &Scope) -> bool {
    let resolved = Answers::resolve(stack, given, scope.clone(), |asking| from_default(asking, true));
    matches!(resolved, Err(stack::Error::AnswerGone { .. }))
}

/// Files that have another name with these answers than with those of before.
fn moves(
    stack: &Stack,
    before: &Given,
    scope: &Scope,
    answers: &Answers,
) -> Result<BTreeMap<TargetPath, TargetPath>, stack::Error> {
    match Answers::resolve(stack, before, scope.clone(), |asking| from_default(asking, true)) {
        Ok(before) => Plan::moves(stack, &before.scope, &answers.scope),
        // Without what they were called before, nothing can be told to have moved.
        Err(stack::Error::AnswerGone { .. } | stack::Error::AnswerMissing { .. }) => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// Files of the project that git has not finished to merge: what lies there is neither side's.
fn unmerged(root: &Path) -> Result<Vec<String>, Failure> {
    let Some(repository) = Repository::discover(root) else { return Ok(Vec::new()) };
    let Some(index) = Index::read(&repository)? else { return Ok(Vec::new()) };
    let mut below = repository.below_top(root);
    if !below.is_empty() {
        below.push('/');
    }
    let name = |path: &[u8]| String::from_utf8_lossy(&path[below.len()..]).into_owned();
    Ok(index.unmerged(below.as_bytes()).into_iter().map(name).collect())
}

/// Changes of the work tree that are in no commit, where there is git.
fn uncommitted(project: &Project, world: &World) -> Result<usize, Failure> {
    let checkout = Checkout::start(&project.root);
    let ships = bundle::Plan::read(&project.scope(&ScopeFlags::worktree(), world))?;
    Ok(checkout.compare(&ships)?.map_or(0, |checkout| checkout.changes))
}

/// Secrets that a new file of the stack would hold, and that nobody said.
fn missing_secrets(steps: &[Step], theirs: &Plan, kept: &[String]) -> Vec<String> {
    let new = steps.iter().filter(|step| step.action == Action::Create && theirs.masked(&step.path).is_some());
    let texts: Vec<String> =
        new.filter_map(|step| Some(String::from_utf8_lossy(&step.then.as_ref()?.content).into_owned())).collect();
    let holds = |key: &&String| texts.iter().any(|text| text.contains(&stack::placeholder(key)));
    kept.iter().filter(holds).cloned().collect()
}

#[derive(Debug, Serialize)]
struct Report {
    dry_run: bool,
    conflicts: usize,
    files: Vec<Changed>,
    #[serde(skip)]
    diffs: bool,
}

#[derive(Debug, Serialize)]
struct Changed {
    path: TargetPath,
    /// The name that it had before.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<TargetPath>,
    action: Action,
    diff: Option<String>,
    /// The file with what did not fit.
    rejected: Option<TargetPath>,
    /// What that is.
    #[serde(skip)]
    form: Option<BesideForm>,
}

impl Report {
    fn of(steps: &[Step], args: &UpdateArgs) -> Self {
        let files: Vec<Changed> = steps
            .iter()
            .map(|step| Changed {
                path: step.path.clone(),
                from: step.from.clone(),
                action: step.action,
                diff: step.diff(),
                rejected: step.rejected.as_ref().map(|beside| beside.path.clone()),
                form: step.rejected.as_ref().map(|beside| beside.form),
            })
            .collect();
        let conflicts = files.iter().filter(|file| file.action == Action::Conflict).count();
        Self { dry_run: args.dry_run, conflicts, files, diffs: args.diff }
    }

    /// Lines about the conflicts that are left to the person.
    fn left_to_you(&self) -> Vec<String> {
        let has = if self.dry_run { "would have" } else { "has" };
        let have = if self.dry_run { "would have" } else { "have" };
        let (mut marked, mut lines) = (0, Vec::new());
        for file in self.files.iter().filter(|file| file.action == Action::Secret) {
            lines.push(format!(
                "the stack changed `{}`, which holds a secret: `--diff` shows what to take over by hand",
                file.path
            ));
        }
        for file in self.files.iter().filter(|file| file.action == Action::Conflict) {
            let path = &file.path;
            match &file.rejected {
                Some(new) if file.form == Some(BesideForm::Whole) => lines.push(format!(
                    "`{path}` was changed on both sides and is not text; yours stays, and the stack's {} `{new}`: move it over yours, or delete it",
                    if self.dry_run { "would be" } else { "is" }
                )),
                Some(rejected) => lines.push(format!(
                    "`{path}` {has} a conflict: `patch {path} {rejected}` takes the stack's lines for yours, deleting `{rejected}` keeps yours"
                )),
                None if file.diff.is_some() => marked += 1,
                None => lines.push(format!("`{path}` was changed on both sides and is not text; it stays as it is here")),
            }
        }
        if marked > 0 {
            let has = if marked == 1 { has } else { have };
            lines.push(format!("{} {has} conflict markers: look for `<<<<<<<`", ui::count(marked, "file")));
        }
        lines
    }
}

impl ui::Answer for Report {
    const SCHEMA: &str = "update/1";

    fn is_account(&self) -> bool {
        !self.dry_run
    }

    fn quotes(&self) -> Vec<&str> {
        self.files.iter().filter_map(|file| file.diff.as_deref()).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let word = match file.action {
                Action::Create => "create",
                Action::Update => "update",
                Action::Merge => "merge",
                Action::Conflict => "conflict",
                Action::Remove => "remove",
                Action::Keep => "keep (the stack has it no more)",
                Action::Deleted => "stays deleted",
                Action::Move => "moves here",
                Action::Secret => "stays as it is: it holds a secret",
            };
            match &file.from {
                Some(from) => writeln!(f, "{} {word}, from {from}", file.path)?,
                None => writeln!(f, "{} {word}", file.path)?,
            }
            if let Some(rejected) = &file.rejected {
                writeln!(f, "{rejected} create")?;
            }
            if let Some(diff) = file.diff.as_ref().filter(|_| self.diffs) {
                write!(f, "{diff}")?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("this project does not say which stack it grew from")]
    NoStack,
    #[error("git has not finished to merge {}", ui::ticked(files))]
    Unmerged { files: Vec<String> },
    #[error("nothing was written, as you chose")]
    Declined,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoStack => Exit::Invalid,
            Self::Unmerged { .. } | Self::Declined => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoStack => Some(format!("`{}` has it as `stack` in `[project]`", project::FILE)),
            Self::Unmerged { .. } => {
                Some("`git add` what is solved, or `git merge --abort` and its kin; nothing was written".to_owned())
            }
            Self::Declined => None,
        }
    }
}
