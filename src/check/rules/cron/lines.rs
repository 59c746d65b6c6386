//! Lines of a table: when, who, what.

use super::absent;
use super::lost;
use super::tables::{Table, called};
use super::walk::Walk;
use crate::check::folder::Folder;
use crate::check::rules::commands::old;
use crate::check::subject::Subject;
use crate::check::words;

pub(super) fn check(subject: &mut Subject<'_>, table: &Table<'_>) {
    let (mut variables, mut home) = (false, Folder::Home);
    let mut rest = 0..table.text.len();
    for line in table.content.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // Where the line stands, if the file has it as it is.
        let found = table.text.get(rest.clone()).and_then(|text| text.find(line));
        let span = found.map(|at| rest.start + at..rest.start + at + line.len());
        rest.start = span.as_ref().map_or(rest.start, |span| span.end);
        let span = span.map_or(table.whole.clone(), |span| span.start + table.start..span.end + table.start);
        if let Some((name, value)) = line.split_once('=').filter(|(name, _)| is_name(name.trim())) {
            if name.trim() == "HOME" {
                home = Folder::At(value.trim().trim_matches(['"', '\'']).trim_end_matches('/').to_owned());
            }
            variables |= !matches!(name.trim(), "SHELL" | "PATH" | "MAILTO" | "MAILFROM" | "HOME" | "CRON_TZ" | "TZ");
            continue;
        }
        let when = if line.starts_with('@') { 1 } else { 5 };
        let mut words = line.split_whitespace().skip(when);
        let (first, second) = (words.next(), words.next());
        match (first, second) {
            (Some("root"), Some(second)) if !table.has_users => {
                let message = "cron takes `root` for the command, and nothing runs: in a table of `crontab` the command follows the time";
                subject.find("EB106", table.path, span.clone(), message, format!("write `{second}` without `root`"));
            }
            (None, _) if !table.has_users => {
                let message = "cron refuses this line: there is no command after the time";
                subject.find("EB106", table.path, span.clone(), message, "five fields for the time, then the command");
            }
            (Some(user), Some(_)) if table.has_users && !is_user(user) => {
                let message = format!("cron takes `{user}` for a user, and this line never runs");
                subject.find("EB106", table.path, span.clone(), message, format!("write `root {user}`"));
            }
            (_, None) if table.has_users => {
                let message = "cron skips this line: there is no user and command after the time";
                let fix = "five fields for the time, the user, and then the command";
                subject.find("EB106", table.path, span.clone(), message, fix);
            }
            _ => {}
        }
        // What a script of the deployment writes is judged with that.
        if let Some((gone, instead)) = old::in_line(line)
            && !subject.is_carried_out(table.path, span.start)
        {
            let message = format!("this line of cron fails: there is no {gone} since Amazon Linux 2");
            subject.find("EB033", table.path, span.clone(), message, instead);
            continue;
        }
        let runs = words::runs(command_of(line, when + usize::from(table.has_users)));
        if let Some((why, fix)) = absent::of(subject, &runs, (table.path, span.start)) {
            let message = format!("this never does anything: {why}");
            subject.find("EB107", table.path, span.clone(), message, fix);
            continue;
        }
        let walk = Walk::of(subject.tree, &runs, home.clone());
        if let Some((_, why)) = walk.lost {
            lost(subject, table.path, span.clone(), &why);
        }
        for (path, folder) in walk.calls {
            let Some((path, text, start)) = called(subject, &path) else { continue };
            if let Some((place, why)) = Walk::of(subject.tree, &words::runs(text), folder).lost {
                lost(subject, path, place.start + start..place.end + start, &why);
            }
        }
        if runs.iter().any(|run| run.prunes() && !run.piped) {
            let message = "`docker … prune` asks whether to go on, and nobody answers cron: nothing is deleted";
            subject.find("EB160", table.path, span.clone(), message, "add `--force`");
        }
        let reads = ["get-config", "deployment/env", "bin/manage", "application-manage"];
        if line.contains("manage.py") && !variables && !reads.iter().any(|word| line.contains(word)) {
            let message = "cron gives `manage.py` none of the environment properties: the settings have other values here, or stop";
            let fix = "call a script that reads them as JSON: `beansprout add cron-once` writes one";
            subject.find("EB102", table.path, span, message, fix);
        }
    }
    if table.has_users && !table.content.is_empty() && !table.content.ends_with('\n') {
        let message = "cron does not read the last line: the file does not end with a line break";
        subject.find("EB106", table.path, table.whole.clone(), message, "write the content after `content: |`");
    }
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
    // Only the shell of the script knows.
    (word.starts_with('$') && !word.contains('/')) || (shape && !COMMANDS.contains(&word))
}
