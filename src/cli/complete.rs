//! What a shell offers when somebody presses Tab: verbs and flags from the command line's own description, and values
//! such as labels from where they are kept.
//!
//! The script of `completions` calls this program with `BEANSPROUT_COMPLETE` set to the shell's name, and the words so far after `--`.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;

use crate::beanstalk::options;
use crate::check::catalogue;
use crate::project::Project;
use crate::sandbox;
use crate::sandbox::instance::Spool;
use crate::stack::{Recipe, Stack};
use crate::ui::Ui;
use crate::world::World;

/// The variable that makes a run answer a shell.
pub(crate) const VARIABLE: &str = "BEANSPROUT_COMPLETE";

/// What a value can be, where the command line's description does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Applications,
    Environments,
    Labels,
    Recipes,
    Sides,
    Sources,
    Stacks,
    Tasks,
    Topics,
    Verbs,
}

/// Verb, argument, values. A test finds an argument that is not there, and one that should be here.
const ARGUMENTS: &[(&[&str], &str, Values)] = &[
    (&["add"], "recipe", Values::Recipes),
    (&["capture"], "application", Values::Applications),
    (&["capture"], "names", Values::Environments),
    (&["check"], "source", Values::Sources),
    (&["deploy"], "application", Values::Applications),
    (&["deploy"], "environment", Values::Environments),
    (&["deploy"], "label", Values::Labels),
    (&["diff"], "application", Values::Applications),
    (&["diff"], "new", Values::Sides),
    (&["diff"], "old", Values::Sides),
    (&["explain"], "source", Values::Sources),
    (&["explain"], "topic", Values::Topics),
    (&["inspect"], "application", Values::Applications),
    (&["launch"], "like", Values::Environments),
    (&["launch"], "names", Values::Environments),
    (&["launch"], "version", Values::Labels),
    (&["man"], "verb", Values::Verbs),
    (&["status"], "application", Values::Applications),
    (&["status"], "name", Values::Environments),
    (&["new"], "stack", Values::Stacks),
    (&["package"], "source", Values::Sources),
    (&["policy"], "application", Values::Applications),
    (&["policy"], "environment", Values::Environments),
    (&["post"], "task", Values::Tasks),
    (&["promote"], "environment", Values::Environments),
    (&["prune"], "application", Values::Applications),
    (&["publish"], "application", Values::Applications),
    (&["publish"], "deploy", Values::Environments),
    (&["recipes"], "words", Values::Recipes),
    (&["rollback"], "application", Values::Applications),
    (&["rollback"], "environment", Values::Environments),
    (&["rollback"], "label", Values::Labels),
    (&["stack", "check"], "stack", Values::Stacks),
    (&["stack", "matrix"], "stack", Values::Stacks),
    (&["swap"], "blue", Values::Environments),
    (&["swap"], "green", Values::Environments),
    (&["update"], "stack", Values::Stacks),
    (&["verify"], "application", Values::Applications),
    (&["versions"], "application", Values::Applications),
    (&["versions", "lifecycle"], "application", Values::Applications),
    (&["logs"], "application", Values::Applications),
    (&["logs"], "environment", Values::Environments),
    (&["logs"], "name", Values::Environments),
    (&["wait"], "application", Values::Applications),
    (&["wait"], "environment", Values::Environments),
    (&["wait"], "label", Values::Labels),
];

/// Answer a shell, if one asks. The words are those of this process.
pub(super) fn answered(world: &World, command: impl Fn() -> Command, ui: &mut Ui) -> bool {
    let Some(shell) = world.var(VARIABLE) else { return false };
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(shell) else { return false };
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let world = world.at(world.resolve(directory(&words)));
    let command = command();
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let offers = |values: Values| {
        let (world, verbs) = (world.clone(), verbs.clone());
        ArgValueCandidates::new(move || values.candidates(&world, &verbs))
    };
    let mut command = described(command, &[], &offers);
    command.build();
    let mut candidates = Vec::new();
    // Whoever presses Tab wants no error on the line, only no candidates.
    if shell.write_complete(&mut command, words, Some(&world.dir), &mut candidates).is_ok() && !candidates.is_empty() {
        ui.text(String::from_utf8_lossy(&candidates));
    }
    true
}

/// What `-C` says in the line so far.
fn directory(words: &[OsString]) -> &Path {
    let flag = words.iter().position(|word| word == "-C" || word == "--directory");
    flag.and_then(|at| words.get(at + 1)).map_or(Path::new(""), Path::new)
}

/// The command with what its values can be. `path` leads from the program to `command`.
fn described(command: Command, path: &[String], offers: &impl Fn(Values) -> ArgValueCandidates) -> Command {
    let described_argument = |argument: Arg| {
        let known = ARGUMENTS.iter().find(|(verb, id, _)| *verb == path && *id == argument.get_id().as_str());
        let folder = argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "DIR"));
        match known {
            Some((_, _, values)) => argument.add(offers(*values)),
            None if folder => argument.value_hint(ValueHint::DirPath),
            None => argument,
        }
    };
    let inside = |verb: Command| {
        let path: Vec<String> = path.iter().cloned().chain([verb.get_name().to_owned()]).collect();
        described(verb, &path, offers)
    };
    command.mut_args(described_argument).mut_subcommands(inside)
}

impl Values {
    fn candidates(self, world: &World, verbs: &[String]) -> Vec<CompletionCandidate> {
        let project = Project::load(world).ok();
        let kept = || {
            let state = project.as_ref().and_then(|project| project.state().ok()?.folder("sandbox").ok());
            state.map(|state| sandbox::names(&state)).unwrap_or_default()
        };
        match self {
            Self::Applications => kept().applications.iter().map(|name| told(name, "in the sandbox")).collect(),
            Self::Environments => {
                let environments = kept().environments;
                environments.iter().map(|(name, of)| told(name, &format!("in the sandbox, of {of}"))).collect()
            }
            Self::Labels => {
                kept().labels.iter().map(|(label, of)| told(label, &format!("in the sandbox, of {of}"))).collect()
            }
            Self::Recipes => {
                let recipes = Recipe::all().unwrap_or_default();
                recipes.iter().map(|recipe| told(&recipe.name, &recipe.title)).collect()
            }
            Self::Sides => {
                let bundles = project.as_ref().map(bundles).unwrap_or_default();
                let trees = [told("worktree", "the files here"), told("index", "what git add has seen")];
                let environments = kept().environments;
                let living = environments
                    .iter()
                    .map(|(name, of)| told(&format!("env:{name}"), &format!("lives in the sandbox, of {of}")));
                trees
                    .into_iter()
                    .chain(living)
                    .chain(bundles.iter().map(|label| told(label, "a bundle here")))
                    .collect()
            }
            Self::Sources => vec![
                told("worktree", "the files here"),
                told("index", "what git add has seen"),
                told("HEAD", "the last commit"),
            ],
            Self::Stacks => Stack::names().iter().filter_map(|name| Some(told(name, &title(name)?))).collect(),
            Self::Tasks => {
                let spool = project.as_ref().and_then(|project| Some(Spool::at(&super::up::home(project).ok()?)));
                let tasks = spool.and_then(|spool| spool.worker()).unwrap_or_default().tasks;
                tasks.iter().map(|(name, path)| told(name, &format!("posted to {path}"))).collect()
            }
            Self::Topics => {
                let rules = catalogue::rules().iter().map(|rule| told(rule.id, rule.summary));
                let options = options::all().iter().map(|option| told(option.name, option.namespace));
                rules.chain(options).collect()
            }
            Self::Verbs => verbs.iter().map(CompletionCandidate::new).collect(),
        }
    }
}

fn told(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(help.to_owned().into()))
}

fn title(stack: &str) -> Option<String> {
    Some(Stack::named(stack).ok()?.manifest.stack.title)
}

/// The labels of the bundles in `.beansprout/bundles`.
fn bundles(project: &Project) -> Vec<String> {
    let folder = project.state().and_then(|state| state.folder("bundles"));
    let files = folder.ok().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let mut labels: Vec<String> = names.filter_map(|name| name.strip_suffix(".zip").map(str::to_owned)).collect();
    labels.sort();
    labels
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::cli::program;

    /// Every argument of every verb, as `deploy label`, and whether it is a pair like `NAME=VALUE`.
    fn arguments(command: &Command, path: &str, found: &mut Vec<(String, bool)>) {
        for argument in command.get_arguments() {
            let pair = argument.get_value_names().is_some_and(|names| names.iter().any(|name| name.contains('=')));
            found.push((format!("{path}{}", argument.get_id()), pair));
        }
        for verb in command.get_subcommands() {
            arguments(verb, &format!("{path}{} ", verb.get_name()), found);
        }
    }

    #[test]
    fn the_table_has_every_argument_whose_values_are_kept_somewhere() {
        let mut found = Vec::new();
        arguments(&program(), "", &mut found);
        let table: Vec<String> = ARGUMENTS.iter().map(|(verb, id, _)| format!("{} {id}", verb.join(" "))).collect();
        for known in &table {
            assert!(found.iter().any(|(path, _)| path == known), "there is no `{known}`");
        }
        for (path, pair) in found {
            let id = path.rsplit(' ').next().unwrap();
            let kept = matches!(id, "application" | "environment" | "recipe" | "topic" | "stack" | "source" | "task");
            assert!(!kept || pair || table.contains(&path), "what can `{path}` be?");
        }
    }
}
