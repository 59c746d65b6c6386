//! `stack import`: a template of copier's becomes a stack.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::as_stack;
use crate::copier::{self, Remark};
use crate::fault::{Exit, Failure};
use crate::stack::{self, Plan, Tree};
use crate::ui::{self, Ui, count, quoted};
use crate::world::World;

/// Make a stack of a template of copier's
///
/// Carries over questions, conditions, names of files and what is in them, as far as a stack can say it, and lists what it
/// cannot with file and line; such a file is copied as it is. Nothing of the template runs.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout stack import ./their-template ./my-stack")]
pub(crate) struct ImportArgs {
    /// The template's folder, with `copier.yml`
    #[arg(value_name = "TEMPLATE")]
    template: PathBuf,
    /// The folder to make for the stack
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn import(args: &ImportArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let target = world.resolve(&args.folder);
    stack::check_empty(&target)?;
    let (tree, others) = Tree::files_and_others(&world.resolve(&args.template))?;
    let mut imported = copier::import(&tree, &name(&target), &name(&world.resolve(&args.template)))?;
    imported.remarks.extend(others.into_iter().map(Remark::no_file));
    imported.remarks.sort();
    let plan = Plan::verbatim(&imported.files)?;
    stack::create(&plan, &target, &world.interrupt)?;
    let answer = Answer {
        questions: imported.questions,
        templates: imported.templates,
        copied: imported.copied,
        remarks: imported.remarks,
    };
    ui.answer(&answer);
    ui.say(format_args!("next: `beansprout stack check {}`", quoted(&as_stack(&args.folder))));
    Ok(Exit::Done)
}

/// A stack's name from its folder: small letters, digits and `-`.
fn name(folder: &Path) -> String {
    let folder = folder.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let known = |char: char| if char.is_ascii_lowercase() || char.is_ascii_digit() { char } else { '-' };
    let name: String = folder.chars().map(known).collect();
    let name = name.trim_matches(|char: char| char == '-' || char.is_ascii_digit());
    if name.is_empty() { "imported".to_owned() } else { name.chars().take(60).collect() }
}

#[derive(Debug, Serialize)]
struct Answer {
    questions: usize,
    /// Files that are rendered.
    templates: usize,
    /// Files that are copied byte for byte.
    copied: usize,
    remarks: Vec<Remark>,
}

impl ui::Answer for Answer {
    const SCHEMA: &str = "stack-import/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remarks.iter().try_for_each(|remark| writeln!(f, "{remark}"))?;
        write!(
            f,
            "{}, {} and {} carried over; {}",
            count(self.questions, "question"),
            count(self.templates, "template"),
            count(self.copied, "file"),
            match self.remarks.len() {
                0 => "everything could be said".to_owned(),
                many => format!(
                    "{} that could not be said",
                    if many == 1 { "1 thing".to_owned() } else { format!("{many} things") }
                ),
            }
        )
    }
}
