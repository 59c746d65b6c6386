//! Cron tables: who obeys them, as whom, and with what.

use std::ops::Range;

use super::walk::Walk;
use crate::beanstalk::config_file::{ConfigFile, File};
use crate::check::folder::Folder;
use crate::check::rules::commands::written::guarded;
use crate::check::script::script_file;
use crate::check::subject::Subject;
use crate::check::words;

pub(super) fn check(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    let path = entry.path.value.as_str();
    let cleaned = subject.customizations.commands().iter().any(|command| {
        let text = file_command_text(command.file, &command.entry.line_span);
        text.contains(".bak") && text.contains("rm")
    });
    if !cleaned {
        let message = format!("the second deployment leaves the old file as `{path}.bak`, and cron obeys both");
        let fix = format!("add a command that removes it: `rm -f {path}.bak`");
        subject.find("EB219", &file.path, entry.path.span.clone(), message, fix);
    }
    let content = entry.content.as_ref().map(|content| content.value.as_str()).unwrap_or_default();
    // What a line calls may be a script of the bundle, or of `files`; what is in it is what runs.
    let called: Vec<(String, String)> = callees(content)
        .filter_map(|path| {
            let shell = script_file(subject.tree, subject.customizations, &path).map(|(_, text, _)| text.to_owned());
            Some((path.clone(), shell.or_else(|| is_program(subject, &path))?))
        })
        .collect();
    // Of a script that could be read, what is in it counts, and not where it lies.
    let line = called.iter().fold(content.to_owned(), |line, (path, _)| line.replace(path.as_str(), ""));
    let asks = |text: &str| {
        ["curl ", "wget "].iter().any(|tool| text.contains(tool))
            && ["localhost", "127.0.0.1"].iter().any(|host| text.contains(host))
    };
    let works = |text: &str| text.contains("manage.py") || text.contains("/var/app/") || asks(text);
    let all = || std::iter::once(line.as_str()).chain(called.iter().map(|(_, text)| text.as_str()));
    let python = called.iter().any(|(path, _)| path.ends_with(".py"));
    // What keeps the machine itself in order may well run on each.
    if (all().any(works) || python) && !all().any(guarded) && !subject.single() {
        let message = "cron runs this on every instance, at the same time";
        let fix = "use `cron.yaml` in a worker environment, EventBridge, or a lock in the database";
        subject.find("EB101", &file.path, entry.path.span.clone(), message, fix);
    }
    lines(subject, file, entry);
}

/// The paths that lines of a table run, or give to an interpreter.
fn callees(content: &str) -> impl Iterator<Item = String> {
    let lines = content.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(|line| line.split([' ', '\t', ';', '&', '|', '"', '\'']));
    words.filter(|word| word.contains('/') && !word.starts_with("*/") && !word.starts_with("/dev/")).map(str::to_owned)
}

/// A program of the project in another language than the shell's.
fn is_program(subject: &Subject<'_>, path: &str) -> Option<String> {
    let relative = ["/var/app/current/", "/var/app/staging/"].iter().find_map(|root| path.strip_prefix(root))?;
    (relative.ends_with(".py") && subject.tree.is_file(relative)).then(String::new)
}

/// The lines of a table in `/etc/cron.d`: when, who, what.
fn lines(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    let Some(content) = entry.content.as_ref().filter(|_| !entry.base64) else { return };
    let (mut variables, mut home) = (false, Folder::Home);
    let mut rest = content.span.clone();
    for line in content.value.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // Where the line stands, if the file has it as it is.
        let found = file.text.get(rest.clone()).and_then(|text| text.find(line));
        let span = found.map(|at| rest.start + at..rest.start + at + line.len());
        rest.start = span.as_ref().map_or(rest.start, |span| span.end);
        let span = span.unwrap_or_else(|| entry.path.span.clone());
        if let Some((name, value)) = line.split_once('=').filter(|(name, _)| is_name(name.trim())) {
            if name.trim() == "HOME" {
                home = Folder::At(value.trim().trim_matches(['"', '\'']).trim_end_matches('/').to_owned());
            }
            variables |= !matches!(name.trim(), "SHELL" | "PATH" | "MAILTO" | "MAILFROM" | "HOME" | "CRON_TZ" | "TZ");
            continue;
        }
        let when = if line.starts_with('@') { 1 } else { 5 };
        let mut words = line.split_whitespace().skip(when);
        let (user, command) = (words.next(), words.next());
        match (user, command) {
            (Some(user), Some(_)) if !is_user(user) => {
                let message = format!("cron takes `{user}` for a user, and this line never runs");
                subject.find("EB106", &file.path, span.clone(), message, format!("write `root {user}`"));
            }
            (_, None) => {
                let message = "cron skips this line: there is no user and command after the time";
                let fix = "five fields for the time, the user, and then the command";
                subject.find("EB106", &file.path, span.clone(), message, fix);
            }
            _ => {}
        }
        let runs = words::runs(command_of(line, when + 1));
        let walk = Walk::of(subject.tree, &runs, home.clone());
        if let Some((_, why)) = walk.lost {
            lost(subject, &file.path, span.clone(), &why);
        }
        for (path, folder) in walk.calls {
            let Some((path, text, start)) = script_file(subject.tree, subject.customizations, &path) else { continue };
            if let Some((place, why)) = Walk::of(subject.tree, &words::runs(text), folder).lost {
                lost(subject, path, place.start + start..place.end + start, &why);
            }
        }
        if runs.iter().any(|run| run.prunes() && !run.piped) {
            let message = "`docker … prune` asks whether to go on, and nobody answers cron: nothing is deleted";
            subject.find("EB160", &file.path, span.clone(), message, "add `--force`");
        }
        let reads = ["get-config", "deployment/env", "bin/manage", "application-manage"];
        if line.contains("manage.py") && !variables && !reads.iter().any(|word| line.contains(word)) {
            let message = "cron gives `manage.py` none of the environment properties: the settings have other values here, or stop";
            let fix = "call a script that reads them as JSON: `beansprout add cron-once` writes one";
            subject.find("EB102", &file.path, span, message, fix);
        }
    }
    if !content.value.is_empty() && !content.value.ends_with('\n') {
        let message = "cron does not read the last line: the file does not end with a line break";
        subject.find("EB106", &file.path, entry.path.span.clone(), message, "write the content after `content: |`");
    }
}

fn lost(subject: &mut Subject<'_>, path: &str, span: Range<usize>, why: &str) {
    let message = format!("this never does anything: {why}");
    subject.find("EB107", path, span, message, "`cd /var/app/current` first, to the folder that has it");
}

/// What follows the first words of a line: when it runs, and as whom.
fn command_of(line: &str, words: usize) -> &str {
    let mut rest = line.trim_start();
    for _ in 0..words {
        rest = rest.trim_start_matches(|char: char| !char.is_whitespace()).trim_start();
    }
    rest
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// Could this be the name of a user, and is it not a command that people begin with?
fn is_user(word: &str) -> bool {
    const COMMANDS: &[&str] = &[
        "source", "python", "python3", "cd", "sudo", "bash", "sh", "export", "flock", "curl", "wget", "echo", "eval",
        "env", "test", "date", "find", "rm", "nice", "timeout", "exec",
    ];
    let shape = word.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    shape && !COMMANDS.contains(&word)
}

fn file_command_text<'a>(file: &'a ConfigFile, span: &std::ops::Range<usize>) -> &'a str {
    file.text.get(span.clone()).unwrap_or_default()
}
