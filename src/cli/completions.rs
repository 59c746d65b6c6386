//! `completions` and `man`: what shells and `man` know of the command line.

use clap::{Args, Command};

use crate::fault::{Exit, Failure};
use crate::ui::Ui;

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout completions bash > ~/.local/share/bash-completion/completions/beansprout")]
pub(crate) struct CompletionsArgs {
    /// The shell that will read the script
    shell: clap_complete::Shell,
}

/// Print the manual page, in roff
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout man package | man -l -")]
pub(crate) struct ManArgs {
    /// Only the page of this verb
    verb: Option<String>,
}

pub(crate) fn completions(args: &CompletionsArgs, mut command: Command, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "beansprout", &mut script);
    ui.text(String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

pub(crate) fn man(args: &ManArgs, mut command: Command, ui: &mut Ui) -> Result<Exit, Failure> {
    command.build();
    let page = match &args.verb {
        None => command,
        Some(verb) => match command.find_subcommand(verb) {
            Some(found) => found.clone().name(format!("beansprout-{verb}")),
            None => return Err(UnknownVerb { verb: verb.clone() }.into()),
        },
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff).expect("a Vec takes every byte");
    ui.text(String::from_utf8_lossy(&roff));
    Ok(Exit::Done)
}

#[derive(Debug, thiserror::Error)]
#[error("there is no verb `{verb}`")]
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
