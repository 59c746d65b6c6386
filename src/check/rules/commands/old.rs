//! Old places: what the first Amazon Linux had, and no platform of today has.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tools;
use crate::beanstalk::config_file::{Command, ConfigFile};
use crate::beanstalk::customizations::Moment;
use crate::check::rules::hooks::{AS_JSON, HAS_THEM, ONE_BY_ONE};
use crate::check::rules::processes::by_procfile;
use crate::check::script::{Place, Script, contents, fate, find_all, find_in};
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

/// Nothing makes a folder for the application's logs, so that no path is as good as the old one.
const LOGS: &str = "take it out: what the application logs to the console is kept in `/var/log/web.stdout.log`";

type Old = (&'static str, &'static str, bool);

/// Remains of the first Amazon Linux, and what is in their place: the path, what to write, and whether that is a mere exchange.
const OLD: &[Old] = &[
    ("/opt/python/run/venv/bin/activate", "/var/app/venv/*/bin/activate", true),
    ("/opt/python/run/venv/bin/", "/var/app/venv/*/bin/", true),
    ("/opt/python/current/app", "/var/app/current", true),
    ("/opt/python/ondeck/app", "/var/app/staging", true),
    ("/opt/python/bundle", "/var/app/staging", false),
    ("/opt/python/current/env", "$(/opt/elasticbeanstalk/bin/get-config environment -k NAME)", false),
    ("/opt/python/log", LOGS, false),
    ("/opt/python/etc", "a second line in `Procfile`", false),
    ("/opt/python/", "", false),
    ("/var/app/ondeck", "/var/app/staging", true),
    ("/opt/elasticbeanstalk/support/envvars", "$(/opt/elasticbeanstalk/bin/get-config environment -k NAME)", false),
    (
        "/opt/elasticbeanstalk/containerfiles/envvars",
        "$(/opt/elasticbeanstalk/bin/get-config environment -k NAME)",
        false,
    ),
];

/// The first of a script, and of the others those that are exchanged.
pub(super) fn paths(subject: &mut Subject<'_>, script: &Script<'_>) {
    let starts: BTreeSet<usize> =
        OLD.iter().flat_map(|(old, ..)| find_all(script.text, old)).map(|span| span.start).collect();
    let places: Vec<(usize, &Old)> = starts
        .iter()
        .filter_map(|start| Some((*start, OLD.iter().find(|(old, ..)| script.text[*start..].starts_with(old))?)))
        .collect();
    let line = |at: usize| script.text[..at].matches('\n').count();
    let mut first = true;
    let mut mixed = BTreeSet::new();
    for &(start, place) in &places {
        let span = start + script.start..start + script.start + place.0.len();
        let beside: Vec<&Old> =
            places.iter().filter(|(at, _)| line(*at) == line(start)).map(|(_, place)| *place).collect();
        if let Some(run) = script.host_runs().find(|run| run.background && is_kept_running(run)) {
            if first {
                left_to_itself(subject, script, run, span);
            }
            return;
        }
        // Of a line that needs more than an exchange, a part would help nobody.
        if beside.len() > 1 && beside.iter().any(|(.., exchange)| !exchange) {
            if first && mixed.insert(line(start)) {
                path(subject, script, span, place, &beside);
                first = false;
            }
        } else if first || place.2 {
            path(subject, script, span, place, &[]);
            first = false;
        }
    }
}

/// Is it a program that stays?
fn is_kept_running(run: &Run) -> bool {
    matches!(run.name(), "celery" | "daphne" | "gunicorn" | "uvicorn" | "hypercorn" | "flower")
}

/// A process that was to go on in the background: whatever stops it, no deployment hears of it.
fn left_to_itself(subject: &mut Subject<'_>, script: &Script<'_>, run: &Run, span: Range<usize>) {
    let message = format!(
        "{} starts no `{}`, and nobody is told: there is no `/opt/python` since Amazon Linux 2, and `&` leaves it to itself",
        script.title(),
        run.name()
    );
    let fix = by_procfile(subject, script.text);
    subject.find("EB033", script.path, span, message, fix).level = Level::Warning;
}

fn path(subject: &mut Subject<'_>, script: &Script<'_>, span: Range<usize>, place: &Old, beside: &[&Old]) {
    let (old, new, exchange) = place;
    let text = &script.text[span.start - script.start..];
    // Whoever makes the folder has it; that nothing reads it is another matter.
    let makes = |run: &&Run| {
        // A user's folder is made, or only noted.
        let of_user = matches!(run.name(), "useradd" | "adduser" | "usermod");
        // What only touches a file makes no folder; one that `files` writes into is there.
        let touches = run.name() == "touch" && is_written_into(subject, text);
        of_user || touches || matches!(run.name(), "mkdir" | "install" | "tee" | "rm" | "[" | "test")
    };
    let here: Vec<&Run> = script.runs().iter().filter(|run| run.span().contains(&span.start)).collect();
    let made = here.iter().any(makes);
    // That its program is not there is said, and what to do instead.
    let of_supervisor =
        *old == "/opt/python/etc" && here.iter().any(|run| tools::lacks_supervisor(subject, script, run));
    if made || of_supervisor || subject.makes_folder_of(text) || here.iter().any(|run| run.in_container()) {
        return;
    }
    let gone = gone(old);
    // A script that goes on after `cd` does so where it began: in the folder that was meant.
    let only_goes = here.iter().any(|run| run.name() == "cd" && script.fails_with(run) == Some(false));
    let begins_there = script.folder().path_of("").is_some_and(|path| path.trim_end_matches('/') == "/var/app/staging");
    if *old == "/var/app/ondeck" && only_goes && begins_there && text[old.len()..].starts_with(['\n', '\r']) {
        let message = format!(
            "{} goes on in `/var/app/staging`, where it is anyway: there is no {gone} since Amazon Linux 2",
            script.title()
        );
        let finding = subject.find("EB033", script.path, span.clone(), message, "write `/var/app/staging`, or nothing");
        finding.level = Level::Note;
        finding.replace(*new);
        return;
    }
    let (what, level) = fate(script.place.ignores_errors() || here.iter().any(|run| run.forgiven));
    // What is printed or searched for is a text; whoever reads it later finds nothing there.
    let text_only = |run: &&Run| matches!(run.name(), "echo" | "printf" | "grep" | "egrep" | "fgrep");
    let (message, level) = if !here.is_empty() && here.iter().all(text_only) {
        let place = if old.starts_with("/opt/python") { "/opt/python" } else { old };
        let title = script.title();
        (
            format!("{title} writes or looks for the name of `{place}`, which is not there since Amazon Linux 2"),
            Level::Warning,
        )
    } else {
        (format!("{} {what}: there is no {gone} since Amazon Linux 2", script.title()), level)
    };
    // Before the flip the new version is in `staging`; in `commands` there is only the old one.
    let early = match script.place {
        Place::ContainerCommand(_) | Place::Build(_) => true,
        Place::Hook(hook) => hook.moment != Moment::Postdeploy,
        Place::Command(_) | Place::Process(_) => false,
    };
    let new = if early && *new == "/var/app/current" { &"/var/app/staging" } else { new };
    // systemd takes a `*` for a letter.
    let line = &script.text[..span.start - script.start];
    let in_unit = line[line.rfind('\n').map_or(0, |newline| newline + 1)..].trim_start().starts_with("Exec");
    let enters = here.iter().any(|run| matches!(run.name(), "source" | "."));
    let fix = match (in_unit && new.contains('*'), new.starts_with('$')) {
        (true, _) => format!("let a shell look for it: `ExecStart=/bin/sh -c 'exec {new}…'`"),
        // To enter what a program prints would be to run the value.
        (false, true) if enters && !matches!(script.place, Place::Command(_)) => HAS_THEM.to_owned(),
        (false, true) if enters => ONE_BY_ONE.to_owned(),
        (false, _) => instead(new),
    };
    let fix = if beside.is_empty() { fix } else { all_of_line(beside) };
    let finding = subject.find("EB033", script.path, span.clone(), message, fix);
    finding.level = level;
    if *exchange && !in_unit && beside.is_empty() {
        finding.replace(*new);
    }
}

/// Does `files` write into the folder of the path that a text begins with?
fn is_written_into(subject: &Subject<'_>, text: &str) -> bool {
    let path = text.split(|char: char| char.is_whitespace() || "\"';&|".contains(char)).next().unwrap_or(text);
    let folder = path.rfind('/').map_or(path, |slash| &path[..=slash]);
    subject.customizations.used().flat_map(|file| &file.files).any(|entry| entry.path.value.starts_with(folder))
}

/// The first of these places in a line of cron: what is not there any more, and what to do about it.
pub(in crate::check::rules) fn in_line(line: &str) -> Option<(&'static str, String)> {
    let (at, (old, new, _)) =
        OLD.iter().filter_map(|place| Some((line.find(place.0)?, place))).min_by_key(|(at, _)| *at)?;
    let makes = line[..at].contains("mkdir");
    let fix = match new.starts_with('$') {
        // Such a line wants them all, and most often the virtual environment as well.
        true => "call a script that reads the properties as JSON, and enters `/var/app/venv/*/bin/activate` in `/var/app/current`: `beansprout add cron-once` writes one".to_owned(),
        false => instead(new),
    };
    (!makes).then(|| (gone(old), fix))
}

/// What to do about each of the places that one line names.
fn all_of_line(places: &[&Old]) -> String {
    let mut said: Vec<String> = Vec::new();
    for (old, new, _) in places {
        let what = match new.starts_with('$') {
            true => format!("take `source {old}` out, since every property is a variable here already"),
            false if new.starts_with('/') => format!("write `{new}` for `{}`", old.trim_end_matches('/')),
            false => format!("`{}`: {}", old.trim_end_matches('/'), instead(new)),
        };
        if !said.contains(&what) {
            said.push(what);
        }
    }
    said.join("; ")
}

fn gone(old: &str) -> &'static str {
    match old {
        "/var/app/ondeck" => "`/var/app/ondeck`",
        old if old.starts_with("/opt/python") => "`/opt/python`",
        _ => "file of variables there",
    }
}

/// What to do about a place that is gone, and has this in its stead.
fn instead(new: &str) -> String {
    match new {
        "" => "take it out: nothing of it is left".to_owned(),
        new if new.starts_with("take it out") => new.to_owned(),
        new if new.starts_with(['/', '$']) => format!("write `{new}`"),
        new => format!("write {new}"),
    }
}

/// Users and files of the first Amazon Linux that no folder gives away.
pub(super) fn names(subject: &mut Subject<'_>, script: &Script<'_>) {
    if !subject.python() {
        return;
    }
    for run in script.host_runs() {
        // Who gives away what is not there either has more to mend than the name.
        let lost = || run.arguments.iter().any(|word| OLD.iter().any(|(old, ..)| word.text.contains(old)));
        let owner = run.plain().next().filter(|_| matches!(run.name(), "chown" | "chgrp") && !lost());
        let gone = owner.filter(|word| word.text.split([':', '.']).any(|name| name == "wsgi"));
        let (how, level) = fate(script.forgives(run));
        if let Some(word) = gone {
            let of_group = run.name() == "chgrp" || !word.text.starts_with("wsgi");
            let what = if of_group { "group" } else { "user" };
            let message = format!("{} {how}: there is no {what} `wsgi` since Amazon Linux 2", script.title());
            let fix = format!("write `{}`: the application runs as `webapp`", word.text.replace("wsgi", "webapp"));
            subject.find("EB033", script.path, word.span.clone(), message, fix).level = level;
        }
    }
}

/// A command that is to run in a folder that is gone.
pub(super) fn folder(subject: &mut Subject<'_>, file: &ConfigFile, command: &Command) {
    let Some(cwd) = &command.cwd else { return };
    let gone = ["/opt/python", "/opt/elasticbeanstalk/hooks", "/opt/elasticbeanstalk/support"];
    let within =
        |path: &&str| cwd.value.strip_prefix(*path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(path) = gone.iter().find(|path| within(path)) else { return };
    // Whoever makes the folder has it.
    if subject.scripts().iter().any(|script| script.text.contains("mkdir") && script.text.contains(path)) {
        return;
    }
    let (how, level) = fate(command.ignore_errors);
    let message =
        format!("`{}` {how}: there is no `{path}` since Amazon Linux 2, and it is to run there", command.name.value);
    let fix = "take it out: what was changed there has no part in a deployment any more";
    subject.find("EB033", &file.path, cwd.span.clone(), message, fix).level = level;
}

/// Scripts of `files` that no deployment calls, but cron or a service.
pub(super) fn files(subject: &mut Subject<'_>) {
    let needles: Vec<&str> = OLD.iter().map(|(old, ..)| *old).collect();
    let customizations = subject.customizations;
    for (file, entry, text, start) in contents(customizations) {
        let Some(span) = find_in(text, &needles) else { continue };
        // Hooks of then have a rule of their own.
        let runs = text.trim_start().starts_with("#!") && !entry.path.value.starts_with("/opt/elasticbeanstalk/hooks/");
        let named = customizations
            .configs
            .iter()
            .any(|other| other.text.matches(entry.path.value.as_str()).count() > usize::from(other.path == file.path));
        if !runs || !named || subject.is_carried_out(&file.path, start + span.start) {
            continue;
        }
        let found = &text[span.clone()];
        let message =
            format!("`{}` fails where it looks for `{found}`: there is none since Amazon Linux 2", entry.path.value);
        let new = OLD.iter().find(|(old, ..)| *old == found).map_or("", |(_, new, _)| *new);
        let fix = if new.starts_with('$') { AS_JSON.to_owned() } else { instead(new) };
        subject.find("EB033", &file.path, start + span.start..start + span.end, message, fix);
    }
}
