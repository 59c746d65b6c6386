//! `stack`: for those who choose a stack, and those who write one.

use std::fmt;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::fault::{Exit, Failure};
use crate::stack::Stack;
use crate::ui::{self, Ui};

/// List the stacks that projects grow from
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout stack list")]
pub(crate) struct StackArgs {
    #[command(subcommand)]
    verb: StackVerb,
}

#[derive(Debug, Subcommand)]
enum StackVerb {
    /// Show the stacks in the box, and what each asks
    List,
}

pub(crate) fn stack(args: &StackArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    match args.verb {
        StackVerb::List => list(ui),
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
