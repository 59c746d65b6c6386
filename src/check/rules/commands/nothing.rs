//! Nothing: commands that change their own shell, and nothing else. What comes after has another one.

use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::{Run, assigned, base};

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let command = match script.place {
        _ if script.called || script.end().is_some() => return,
        Place::Command(command) | Place::ContainerCommand(command) => Some(command),
        Place::Hook(_) => None,
        Place::Process(_) | Place::Build(_) => return,
    };
    // What looks whether something is there fails where it is not, and that is an effect.
    let tests = command.is_some_and(|command| command.test.is_some());
    let alone = |run: &Run| {
        let plain = run.writes.is_empty() && !run.forgiven && !run.piped;
        let computed = run.arguments.iter().any(|word| word.text.contains(['`', '(']));
        plain && !computed && is_of_the_shell(run)
    };
    let runs = script.runs();
    let assigns = runs.is_empty() && only_assigns(script.text);
    if tests || !(assigns || (!runs.is_empty() && runs.iter().all(alone))) {
        return;
    }
    let what = if assigns || runs.iter().any(|run| run.name() == "export") {
        "the variables are gone with the shell that it runs in"
    } else if runs.iter().any(|run| matches!(run.name(), "source" | ".")) {
        "the environment is left again with the shell that enters it"
    } else {
        "it changes nothing but the shell that it runs in"
    };
    let after = match script.place {
        Place::Hook(_) => "nothing that comes after this file sees it",
        _ => "each command has one of its own",
    };
    let message = format!("{} has no effect: {what}, and {after}", script.title());
    let fix = match what.starts_with("the variables") {
        true => "set it as a property of the environment, or write it into the line of what needs it",
        false => "write it into the line of what needs it, with `&&` after it",
    };
    let span = match (runs.first(), runs.last()) {
        (Some(first), Some(last)) => first.span().start..last.span().end,
        _ => script.start..script.start + script.text.trim_end().len(),
    };
    subject.find("EB257", script.path, span, message, fix);
}

/// Does it tell the shell something, and nobody else?
fn is_of_the_shell(run: &Run) -> bool {
    match run.name() {
        "export" | "unset" | "alias" | "cd" | "set" | "umask" | "pushd" | "popd" => true,
        // What else is in such a file may do more.
        "source" | "." => run.plain().next().is_some_and(|word| {
            base(&word.text) == "activate"
                || matches!(word.text.as_str(), "/etc/environment" | "/opt/python/current/env")
        }),
        _ => false,
    }
}

/// `A=1` alone.
fn only_assigns(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'']);
    let one = |line: &str| assigned(line).is_some() && !line.contains([' ', '`', '(', ';', '&', '|']);
    !text.is_empty() && text.lines().map(str::trim).all(one)
}
