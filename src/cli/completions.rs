//! `completions` and `man`: what shells and `man` know of the command line.

use clap::{Args, Command};
use clap_complete::env::Shells;

use super::complete::VARIABLE;
use crate::fault::{Exit, Failure};
use crate::ui::Ui;

/// Print the completion script of a shell
///
/// The script asks `beansprout` itself for what fits: commands and flags, stacks, recipes, rules and options, and what the project's sandbox
/// has: labels, environments, applications. Print it again after an update.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  beansprout completions bash > ~/.local/share/bash-completion/completions/beansprout
  beansprout completions zsh > \"${fpath[1]}/_beansprout\"
  beansprout completions fish > ~/.config/fish/completions/beansprout.fish
  beansprout completions powershell >> $PROFILE")]
pub(crate) struct CompletionsArgs {
    /// The shell that will read the script
    shell: clap_complete::Shell,
}

/// Print the manual page, in roff
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  beansprout man | man -l -
  beansprout man stack new > beansprout-stack-new.1")]
pub(crate) struct ManArgs {
    /// Only the page of this command
    #[arg(value_name = "COMMAND")]
    verb: Vec<String>,
}

pub(crate) fn completions(args: &CompletionsArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    const NAME: &str = "beansprout";
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell.to_string()).expect("both lists are of the same crate");
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, NAME, NAME, NAME, &mut script).expect("a Vec takes every byte");
    ui.text(String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

pub(crate) fn man(args: &ManArgs, mut command: Command, ui: &mut Ui) -> Result<Exit, Failure> {
    command.build();
    let mut page = &command;
    for verb in &args.verb {
        let unknown = || UnknownVerb { verb: args.verb.join(" ") };
        page = page.find_subcommand(verb).ok_or_else(unknown)?;
    }
    let name = std::iter::once("beansprout").chain(args.verb.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    let page = page.clone().name(name);
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff).expect("a Vec takes every byte");
    ui.text(String::from_utf8_lossy(&roff));
    Ok(Exit::Done)
}

#[derive(Debug, thiserror::Error)]
#[error("there is no command `{verb}`")]
struct UnknownVerb {
    verb: String,
}

impl crate::fault::Fault for UnknownVerb {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("`beansprout --help` lists them".to_owned())
    }
}
