//! Cron: its tables, on whichever road they come to the instance, and who obeys them.

mod absent;
mod lines;
mod tables;
mod walk;

use std::ops::Range;

use super::commands::leader::only_leader;
use crate::beanstalk::config_file::{ConfigFile, File};
use crate::check::folder::in_bundle;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use tables::{Table, Written, called, is_table};

const FIX: &str = "use `cron.yaml` in a worker environment, EventBridge, or a lock in the database";

pub(super) fn check(subject: &mut Subject<'_>) {
    for file in subject.customizations.used() {
        for entry in &file.files {
            of_files(subject, file, entry);
        }
    }
    for script in subject.scripts().iter() {
        of_script(subject, script);
    }
}

/// A table that `files` writes.
fn of_files(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    let path = entry.path.value.as_str();
    let Some(has_users) = is_table(path) else { return of_folder(subject, file, entry) };
    let cleaned = subject.scripts().iter().any(|script| script.text.contains(".bak") && script.text.contains("rm "));
    if !cleaned && path.starts_with("/etc/cron.d/") {
        let message = format!("the second deployment leaves the old file as `{path}.bak`, and cron obeys both");
        let fix = format!("add a command that removes it: `rm -f {path}.bak`");
        subject.find("EB219", &file.path, entry.path.span.clone(), message, fix);
    }
    let content = entry.content.as_ref().filter(|_| !entry.base64);
    let text = content.map(|content| content.value.as_str()).unwrap_or_default();
    // What keeps the machine itself in order may well run on each.
    if is_work(subject, text) == Work::Unguarded && !subject.single() {
        let message = "cron runs this on every instance, at the same time";
        subject.find("EB101", &file.path, entry.path.span.clone(), message, FIX);
    }
    if let Some(content) = content {
        let lines = file.text.get(content.span.clone()).unwrap_or_default();
        lines::check(
            subject,
            &Table {
                path: &file.path,
                text: lines,
                start: content.span.start,
                content: text.into(),
                whole: entry.path.span.clone(),
                has_users,
            },
        );
    }
}

/// A script in a folder whose scripts cron runs as they are.
fn of_folder(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    const FOLDERS: [&str; 4] = ["/etc/cron.hourly/", "/etc/cron.daily/", "/etc/cron.weekly/", "/etc/cron.monthly/"];
    let text = entry.content.as_ref().map(|content| content.value.as_str()).unwrap_or_default();
    let runs = FOLDERS.iter().any(|folder| entry.path.value.starts_with(folder));
    if runs && is_work(subject, text) == Work::Unguarded && !subject.single() {
        let message = "cron runs this on every instance, at the same time";
        subject.find("EB101", &file.path, entry.path.span.clone(), message, FIX);
    }
}

/// Tables that a script writes.
fn of_script(subject: &mut Subject<'_>, script: &Script<'_>) {
    let Written { tables, line, again } = Written::by(subject, script);
    for table in &tables {
        lines::check(subject, table);
    }
    if let Some(span) = again {
        let message = format!(
            "each deployment has {} add the line once more, and cron obeys each: the job runs twice, then three times",
            script.title()
        );
        subject.find("EB219", script.path, span, message, "write the whole table anew, with `>` instead of `>>`");
    }
    let Some(span) = line else { return };
    let before = script.text.get(..span.start.saturating_sub(script.start)).unwrap_or_default();
    let leader = match script.place {
        Place::ContainerCommand(command) if command.leader_only => true,
        _ => only_leader(before),
    };
    if leader {
        let message = format!(
            "{} writes cron's table on one instance only: once that one is replaced, nothing runs",
            script.title()
        );
        subject.find("EB101", script.path, span, message, FIX);
        return;
    }
    let work = match tables.is_empty() {
        // It is not known what is in the table; the script tells what it is about.
        true if script.text.contains("manage.py") || script.text.contains("/var/app/current/") => {
            if guarded(script.text) { Work::Guarded } else { Work::Unguarded }
        }
        true => Work::None,
        false => {
            let content: Vec<&str> = tables.iter().map(|table| &*table.content).collect();
            is_work(subject, &content.join("\n"))
        }
    };
    if work == Work::Unguarded && !subject.single() {
        let message = format!(
            "{} gives every instance this line of cron: it runs on all of them at the same time",
            script.title()
        );
        subject.find("EB101", script.path, span, message, FIX);
    }
}

/// What cron does of the application's work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    None,
    /// One instance at a time, as it seems.
    Guarded,
    Unguarded,
}

/// Is what these lines run the application's work? What they call may be a script of the bundle, or of `files`.
fn is_work(subject: &Subject<'_>, content: &str) -> Work {
    let behind: Vec<(String, String)> = callees(content)
        .filter_map(|path| {
            let shell = called(subject, &path).map(|(_, text, _)| text.to_owned());
            Some((path.clone(), shell.or_else(|| is_program(subject, &path))?))
        })
        .collect();
    // Of a script that could be read, what is in it counts, and not where it lies.
    let line = behind.iter().fold(content.to_owned(), |line, (path, _)| line.replace(path.as_str(), ""));
    let asks = |text: &str| {
        ["curl ", "wget "].iter().any(|tool| text.contains(tool))
            && ["localhost", "127.0.0.1"].iter().any(|host| text.contains(host))
    };
    let works = |text: &str| text.contains("manage.py") || text.contains("/var/app/") || asks(text);
    let all = || std::iter::once(line.as_str()).chain(behind.iter().map(|(_, text)| text.as_str()));
    let python = behind.iter().any(|(path, _)| path.ends_with(".py"));
    match all().any(works) || python {
        false => Work::None,
        true if all().any(guarded) => Work::Guarded,
        true => Work::Unguarded,
    }
}

/// The paths that lines of a table run, or give to an interpreter.
fn callees(content: &str) -> impl Iterator<Item = String> {
    let lines = content.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(|line| line.split([' ', '\t', ';', '&', '|', '"', '\'']));
    words.filter(|word| word.contains('/') && !word.starts_with("*/") && !word.starts_with("/dev/")).map(str::to_owned)
}

/// A program of the project in another language than the shell's.
fn is_program(subject: &Subject<'_>, path: &str) -> Option<String> {
    let relative = in_bundle(path)?;
    (relative.ends_with(".py") && subject.tree.is_file(relative)).then(String::new)
}

fn guarded(text: &str) -> bool {
    ["leader", "flock", "lock", "cron_on_one", "manage once ", "manage.py once "].iter().any(|word| text.contains(word))
}

fn lost(subject: &mut Subject<'_>, path: &str, span: Range<usize>, why: &str) {
    let message = format!("this never does anything: {why}");
    subject.find("EB107", path, span, message, "`cd /var/app/current` first, to the folder that has it");
}
