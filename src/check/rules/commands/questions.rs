//! Questions that a program asks, where no person sits at a terminal.

use std::ops::Range;

use crate::beanstalk::version::Version;
use crate::check::django;
use crate::check::rules::settings::backends::Backend;
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
            let asks = match command.text.as_str() {
                "collectstatic" => !collects_into_nothing(subject),
                command => command == "flush",
            };
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

/// Is the folder for the collected files on the instance, and empty until this one command fills it? Of that Django 1.11 and newer
/// ask nothing (`collectstatic.py`, `should_warn_user`).
fn collects_into_nothing(subject: &Subject<'_>) -> bool {
    let Some(settings) = subject.settings() else { return false };
    let knows = settings.django.is_some_and(|django| django >= Version::new(1, 11));
    let Some(folder) = settings.value("STATIC_ROOT").in_project().filter(|folder| !folder.is_empty() && knows) else {
        return false;
    };
    let here = Backend::of_static_files(&settings);
    let below = format!("{}{folder}/", django::root(subject.tree));
    let ships = subject.tree.iter().any(|(path, _)| path.starts_with(&below));
    let collects = |run: &Run| run.django().is_some_and(|(command, _)| command.text == "collectstatic");
    let times = subject.scripts().iter().flat_map(|script| script.runs()).filter(|run| collects(run)).count();
    here.is_here() && !here.is_undecided() && !ships && times == 1
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
