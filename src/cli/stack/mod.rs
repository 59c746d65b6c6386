//! `stack`: for those who choose a stack, and those who write one.

mod author;
mod import;
mod parts;

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::origin::Origin;
use crate::fault::{Exit, Failure};
use crate::stack::{self, Plan, Stack, pairwise};
use crate::ui::{self, Ui};
use crate::world::World;

/// List the stacks, and write one of your own
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout stack list")]
pub(crate) struct StackArgs {
    #[command(subcommand)]
    verb: StackVerb,
}

#[derive(Debug, Subcommand)]
enum StackVerb {
    /// Show the built-in stacks, and what each asks
    #[command(after_help = "Example: beansprout stack list --json")]
    List,
    Check(author::CheckStackArgs),
    Import(import::ImportArgs),
    Matrix(MatrixArgs),
    Parts(parts::PartsArgs),
    New(author::NewStackArgs),
    Test(author::TestStackArgs),
}

/// Render a stack with few sets of answers in which every two answers meet
///
/// Each set gets a folder of its own below DIR, with what `new` would have written for it.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout stack matrix ./my-stack --out /tmp/renderings")]
struct MatrixArgs {
    /// The stack
    #[arg(value_name = "NAME|DIR|GIT|ARCHIVE")]
    stack: String,
    /// The folder to make for the renderings
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// A folder as a stack is named. Without a slash it would be a built-in one.
fn as_stack(folder: &Path) -> String {
    let bare = folder.components().count() == 1 && folder.is_relative();
    format!("{}{}", if bare { "./" } else { "" }, folder.display())
}

pub(crate) fn stack(args: &StackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    match &args.verb {
        StackVerb::List => list(ui),
        StackVerb::Check(args) => author::check(args, world, ui),
        StackVerb::Import(args) => import::import(args, world, ui),
        StackVerb::Matrix(args) => matrix(args, world, ui),
        StackVerb::Parts(args) => parts::parts(args, world, ui),
        StackVerb::New(args) => author::new(args, world, ui),
        StackVerb::Test(args) => author::test(args, world, ui),
    }
}

#[derive(Debug, Serialize)]
struct Stacks {
    stacks: Vec<Described>,
}

#[derive(Debug, Serialize)]
struct Described {
    name: String,
    title: String,
    questions: Vec<String>,
}

impl ui::Answer for Stacks {
    const SCHEMA: &str = "stacks/1";
}

impl fmt::Display for Stacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stack in &self.stacks {
            writeln!(f, "{}: {}", stack.name, stack.title)?;
            writeln!(f, "  asks {}", stack.questions.join(", "))?;
        }
        Ok(())
    }
}

fn list(ui: &mut Ui) -> Result<Exit, Failure> {
    let mut stacks = Vec::new();
    for name in Stack::names() {
        let manifest = Stack::named(&name)?.manifest;
        let questions = manifest.questions.into_iter().map(|question| question.key).collect();
        stacks.push(Described { name, title: manifest.stack.title, questions });
    }
    ui.answer(&Stacks { stacks });
    Ok(Exit::Done)
}

/// The answers of each rendering, and the folder it is in.
#[derive(Debug, Serialize)]
struct Matrix {
    stack: String,
    renderings: Vec<Rendering>,
}

#[derive(Debug, Serialize)]
struct Rendering {
    directory: PathBuf,
    answers: toml::Table,
}

impl ui::Answer for Matrix {
    const SCHEMA: &str = "stack-matrix/1";
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.renderings.iter().try_for_each(|rendering| writeln!(f, "{}", rendering.directory.display()))
    }
}

fn matrix(args: &MatrixArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let out = world.resolve(&args.out);
    stack::check_empty(&out)?;
    let Origin { stack, .. } = Origin::open(&args.stack, &world.dir, world)?;
    let mut renderings = Vec::new();
    for (number, answers) in pairwise(&stack, &stack.scope("site"))?.into_iter().enumerate() {
        let directory = out.join(format!("{:03}", number + 1));
        let plan = Plan::render(&stack, &answers.scope)?;
        stack::create(&plan, &directory, &world.interrupt)?;
        renderings.push(Rendering { directory, answers: answers.to_toml(&stack.manifest) });
    }
    ui.say(format_args!("rendered {} of `{}`", ui::count(renderings.len(), "combination"), args.stack));
    ui.answer(&Matrix { stack: stack.manifest.stack.name, renderings });
    Ok(Exit::Done)
}
