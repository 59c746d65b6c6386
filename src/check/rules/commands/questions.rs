//! Questions that a program asks, where no person sits at a terminal.

use std::ops::Range;

use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};

/// What asks a person, where none is.
pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    for run in script.runs() {
        let no_input = ["--noinput", "--no-input"].iter().any(|flag| run.has(flag));
        let answered = run.piped || run.forgiven;
        let ignored = script.place.ignores_errors();
        let django = run.django().map(|(command, _)| command).filter(|command| {
            let asks = ["collectstatic", "flush"].contains(&command.text.as_str());
            (asks && !no_input) || command.text == "changepassword"
        });
        let asks = |word: &Word| match word.text.as_str() {
            "install" | "update" | "upgrade" => true,
            // Of what is not there nothing is asked.
            "remove" => run.plain().skip(1).any(|package| is_installed(subject, &package.text)),
            _ => false,
        };
        let installs = matches!(run.name(), "yum" | "dnf" | "apt" | "apt-get")
            && run.plain().next().is_some_and(asks)
            && !run.arguments.iter().any(|word| {
                matches!(word.text.as_str(), "--assumeyes" | "--yes")
                    || (word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('y'))
            });
        let (span, what, fix): (Range<usize>, String, String) = match django {
            None if run.prunes() => (run.span(), "docker … prune".to_owned(), "add `--force`".to_owned()),
            Some(command) => {
                let fix = match command.text.as_str() {
                    "changepassword" => "take it out: a person runs it over SSH".to_owned(),
                    name => format!("write `{name} --noinput`"),
                };
                (command.span.clone(), command.text.clone(), fix)
            }
            None if installs => (run.span(), run.name().to_owned(), "add `-y`".to_owned()),
            None => continue,
        };
        // Whoever ignores that a list is not updated or a file not collected may do without.
        let in_vain = ignored && installs && run.plain().next().is_some_and(|word| word.text == "install");
        if answered || (ignored && !in_vain) {
            continue;
        }
        let end = if in_vain { "it installs nothing, and the error is ignored" } else { "without a terminal it fails" };
        let message = format!("{}: `{what}` may ask, and nobody answers: {end}", script.title());
        let noinput = fix.contains("--noinput")
            && script.text.get(span.start - script.start..span.end - script.start) == Some(what.as_str());
        let finding = subject.find("EB160", script.path, span, message, fix);
        if noinput {
            finding.replace(format!("{what} --noinput"));
        }
        return;
    }
}

/// Does anything here install this package?
fn is_installed(subject: &Subject<'_>, name: &str) -> bool {
    let installs = |run: &Run| {
        matches!(run.name(), "yum" | "dnf" | "apt" | "apt-get")
            && run.plain().any(|word| word.text.ends_with("install"))
            && run.has(name)
    };
    let mut lists = subject.customizations.used().flat_map(|file| &file.packages);
    lists.any(|package| package.name.value == name)
        || subject.scripts().iter().any(|script| script.host_runs().any(installs))
}
