//! `.platform`: where hooks lie, and whether they can run.

mod lost;
mod read;

use std::ops::Range;

use crate::beanstalk::customizations::Moment;
use crate::beanstalk::lines::placed;
use crate::beanstalk::tree::{Entry, file_name};
use crate::check::finding::Edit;
use crate::check::rules::processes::by_procfile;
use crate::check::script::{Place, contents};
use crate::check::subject::Subject;
use crate::check::words::{self, Run, Word};
use crate::level::Level;
use crate::ui::nearest;

pub(super) fn check(subject: &mut Subject<'_>) {
    places(subject);
    let customizations = subject.customizations;
    for hook in &customizations.hooks {
        runnable(subject, &hook.path);
    }
    line_ends(subject);
    lost::check(subject);
    word_splitting(subject);
}

/// What to do with a hook of the first Amazon Linux that only starts a process with supervisord: it fails wherever it lies.
pub(super) fn instead_of_supervisor(subject: &Subject<'_>, hook: &str) -> Option<String> {
    if let Some(fix) = nothing_left(hook) {
        return Some(fix.to_owned());
    }
    hook.contains("supervisor").then(|| by_procfile(subject, hook))
}

/// What to do with a hook that only changes what has gone with the first Amazon Linux: moved, it has nothing to change.
fn nothing_left(hook: &str) -> Option<&'static str> {
    if ["APACHE_TEMPLATE", "WSGI_STAGING_CONFIG", "SUPERVISORD_TEMPLATE", "from subprocess import"]
        .iter()
        .any(|word| hook.contains(word))
    {
        return Some("take it out: it is a part of the old platform itself");
    }
    let apaches = ["wsgi_path", "wsgi.conf", "wsgi_staging_config", "/etc/httpd", "mod_wsgi"];
    let runs = words::runs(hook);
    let other = ["manage.py", "pip", "celery", "daphne", "supervisor", "nginx", "systemctl", "service"];
    if apaches.iter().any(|word| hook.contains(word)) && !other.iter().any(|word| hook.contains(word)) {
        return Some("take it out: it changes Apache's files, and the proxy is nginx");
    }
    let of_shell = |run: &words::Run| matches!(run.name(), "export" | "set");
    if runs.iter().any(|run| run.name() == "export") && runs.iter().all(of_shell) {
        return Some(
            "take it out: what a script exports is gone with its shell; set it as a property of the environment",
        );
    }
    if runs.iter().any(|run| run.name() == "initctl") {
        return Some(
            "take it out: `initctl` is gone with upstart; a process that is kept running is a line of `Procfile`",
        );
    }
    let only_old = |run: &words::Run| run.plain().all(|word| word.text.starts_with("/opt/python/"));
    let changes = |run: &words::Run| matches!(run.name(), "rm" | "sed" | "chmod" | "chown" | "touch");
    let removes = !runs.is_empty() && runs.iter().all(|run| changes(run) && only_old(run) && run.plain().count() > 0);
    removes.then_some("take it out: there is no `/opt/python` since Amazon Linux 2")
}

/// Scripts that nothing runs because of where they are.
fn places(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    for (path, entry) in tree.iter() {
        if matches!(entry, Entry::Directory) || matches!(file_name(path), ".gitkeep" | "README.md" | ".gitignore") {
            continue;
        }
        if let Some((right, moment)) = astray(path).filter(|_| !mentioned(subject, file_name(path))) {
            let message = format!("`{path}` never runs: hooks are looked for in `{right}`");
            subject.find_file("EB094", path, message, format!("move it to `{right}{moment}`"));
            continue;
        }
        let Some(at) = path.find(".platform/") else { continue };
        if at > 0 && (path[at..].starts_with(".platform/hooks/") || path[at..].starts_with(".platform/confighooks/")) {
            if path[..at].ends_with('/') && !path[..at].contains("site-packages") {
                let message = format!("`{path}` never runs: `.platform` is looked for at the top of the bundle only");
                subject.find_file("EB094", path, message, "move `.platform` to the top of the bundle");
            }
            continue;
        }
        let Some(rest) = path.strip_prefix(".platform/hooks/").or_else(|| path.strip_prefix(".platform/confighooks/"))
        else {
            continue;
        };
        match rest.split_once('/') {
            Some((dir, below)) if is_moment(dir) => {
                let name = file_name(path);
                let asleep = ["disabled", "old", "bak", "lib", "inc"].iter().any(|word| below.contains(word));
                if below.contains('/') && !asleep && !mentioned(subject, name) {
                    let message = format!("`{path}` never runs: folders below `{dir}` are not looked into");
                    subject.find_file("EB094", path, message, format!("move it to `.platform/hooks/{dir}`"));
                }
            }
            Some((dir, _)) => {
                let message = format!("`{path}` never runs: there is no moment `{dir}`");
                subject.find_file("EB094", path, message, "the folders are `prebuild`, `predeploy` and `postdeploy`");
            }
            None => {
                let message = format!("`{path}` never runs: it is in none of the folders of the three moments");
                subject.find_file("EB094", path, message, "move it to `prebuild`, `predeploy` or `postdeploy`");
            }
        }
    }
}

/// Does a script or a `.config` file name it?
fn mentioned(subject: &Subject<'_>, name: &str) -> bool {
    subject.scripts().iter().any(|script| script.text.contains(name))
        || subject.customizations.configs.iter().any(|file| file.text.contains(name))
}

fn is_moment(folder: &str) -> bool {
    Moment::ALL.iter().any(|moment| moment.name() == folder)
}

/// The folder that was meant, and the moment, where a hook lies in one of nearly that name.
fn astray(path: &str) -> Option<(&'static str, &str)> {
    let parts: Vec<&str> = path.split('/').collect();
    let platform = |dir: &str| misspelt(dir, ".platform");
    match parts.as_slice() {
        [top, "hooks", moment, _] if platform(top) && is_moment(moment) => Some((".platform/hooks/", moment)),
        [top, "confighooks", moment, _] if platform(top) && is_moment(moment) => {
            Some((".platform/confighooks/", moment))
        }
        [".platform", "hook", moment, _] if is_moment(moment) => Some((".platform/hooks/", moment)),
        [".platform", "confighook" | "config_hooks" | "config-hooks", moment, _] if is_moment(moment) => {
            Some((".platform/confighooks/", moment))
        }
        [".platform", moment, _] if is_moment(moment) => Some((".platform/hooks/", moment)),
        _ => None,
    }
}

/// Is a folder called nearly as another one, and not just so?
pub(super) fn misspelt(dir: &str, right: &'static str) -> bool {
    let plain = |text: &str| text.trim_start_matches(['.', '_']).trim_end_matches(['_', 's']).to_ascii_lowercase();
    dir != right && (plain(dir) == plain(right) || dir.starts_with('.') && nearest(dir, [right]).is_some())
}

/// Does a container command make a hook executable that runs after all of them?
fn is_made_executable(subject: &Subject<'_>, path: &str) -> bool {
    let later =
        [".platform/hooks/predeploy/", ".platform/hooks/postdeploy/"].iter().any(|folder| path.starts_with(folder));
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    let names = |word: &str| word.ends_with(name) || word.trim_end_matches(['*', '/']).ends_with(folder);
    let scripts = subject.scripts();
    let commands = scripts.iter().filter(|script| matches!(script.place, Place::ContainerCommand(_)));
    let mut runs = commands.flat_map(|script| script.runs().to_vec());
    later
        && runs.any(|run| {
            run.name() == "chmod"
                && run.plain().next().is_some_and(|mode| {
                    mode.text.contains("+x")
                        || mode.text.ends_with("rwx")
                        || mode.text.starts_with('7')
                        || mode.text.starts_with("07")
                })
                && (run.arguments.iter().any(|word| names(&word.text)))
        })
}

fn runnable(subject: &mut Subject<'_>, path: &str) {
    let tree = subject.tree;
    let Some(Entry::File { executable, content: Some(content), .. }) = tree.get(path) else { return };
    // Every branch of Amazon Linux 2023 is younger than the versions that minded.
    let branch = subject.customizations.platform.as_ref().and_then(|platform| platform.branch);
    let old = branch.is_some_and(|branch| !branch.name.ends_with("Amazon Linux 2023"));
    if !executable && old && !is_made_executable(subject, path) {
        let message = format!("`{path}` is not executable: platform versions before 29 April 2022 refuse to run it");
        subject.find_file("EB092", path, message, format!("`chmod +x {path}`")).edit(Edit::Executable);
    }
    if content.starts_with(b"\x7fELF") {
        return;
    }
    if !content.starts_with(b"#!") {
        let message = format!("`{path}` has no `#!` line: it fails with `exec format error`");
        subject.find("EB096", path, 0..0, message, "begin with `#!/bin/bash`");
    }
    system_python(subject, path);
    let Some(text) = subject.tree.text(path).filter(|_| old) else { return };
    if let Some(end) = text.find("\r\n") {
        let message = format!(
            "`{path}` has Windows line endings: platform versions before 29 December 2022 look for an interpreter named `bash\\r`"
        );
        let finding = subject.find("EB092", path, end..end + 1, message, "save it with Unix line endings");
        finding.edit(Edit::Content(text.replace("\r\n", "\n")));
    }
}

/// A hook in Python that loads Django, and is run by the Python of the system.
fn system_python(subject: &mut Subject<'_>, path: &str) {
    let Some(text) = subject.tree.text(path).filter(|_| subject.python()) else { return };
    let first = text.lines().next().unwrap_or_default();
    let python = first.starts_with("#!") && first.split([' ', '/']).any(words::is_python) && !first.contains("venv");
    let loads = ["import django", "from django", "django.setup"].iter().find_map(|word| text.find(word));
    if let Some(at) = loads.filter(|_| python && !text.contains("/var/app/venv")) {
        let message = format!("`{path}` runs with the system's Python 3.9, which does not have Django");
        let fix = "write a shell script that begins with `source /var/app/venv/*/bin/activate`, and let that run it";
        subject.find("EB035", path, at..at + "import django".len(), message, fix);
    }
}

/// Line ends of Windows in a script that a hook or a command calls: the platform mends those of hooks only.
fn line_ends(subject: &mut Subject<'_>) {
    for script in subject.scripts().iter().filter(|script| script.called && script.start == 0) {
        if let Some(at) = script.text.find("\r\n") {
            let message = format!(
                "`{}` fails: it has Windows line endings, and the shell takes each `\\r` for a part of the last word",
                script.path
            );
            let finding = subject.find("EB092", script.path, at..at + 1, message, "save it with Unix line endings");
            finding.level = Level::Error;
            finding.edit(Edit::Content(script.text.replace("\r\n", "\n")));
        }
    }
}

fn word_splitting(subject: &mut Subject<'_>) {
    for script in subject.scripts().iter() {
        if !names_properties(script.text) {
            continue;
        }
        // `while read line; do export $line; done < …/env` splits each line.
        let unquoted = |run: &Run| {
            run.name() == "export"
                && run.plain().next().is_some_and(|word| {
                    word.text.starts_with('$') && !word.text.starts_with("$(") && word.span.len() == word.text.len()
                })
        };
        let run = script.runs().iter().find(|run| splits_properties(run) || unquoted(run));
        let written = || split_in(script.text).map(|span| span.start + script.start..span.end + script.start);
        // Another user's shell begins without them.
        let has = |run: &Run| run.lead.emptied_by().is_none() && !matches!(script.place, Place::Command(_));
        let fix = match run {
            Some(run) if has(run) => HAS_THEM,
            Some(_) => ONE_BY_ONE,
            None => AS_JSON,
        };
        if let Some(span) = run.map(Run::span).or_else(written) {
            splits(subject, script.path, span, &script.title(), fix);
        }
    }
    // What cron or systemd runs of the bundle, and of `files`.
    for (file, entry, text, start) in contents(subject.customizations) {
        let Some(span) = split_in(text).map(|span| start + span.start..start + span.end) else { continue };
        if !subject.is_carried_out(&file.path, span.start) {
            splits(subject, &file.path, span, &format!("`{}`", entry.path.value), AS_JSON);
        }
    }
    let tree = subject.tree;
    for (path, _) in tree.under(".platform").filter(|(path, _)| path.ends_with(".sh")) {
        let Some(span) = tree.text(path).and_then(split_in) else { continue };
        if !subject.is_carried_out(path, span.start) {
            splits(subject, path, span, &format!("`{path}`"), AS_JSON);
        }
    }
}

/// The file that has all properties, a line for each.
const PROPERTIES: &str = "/opt/elasticbeanstalk/deployment/env";

/// What puts quotes around the values, in one language or another.
const QUOTES: [&str; 6] = ["@sh", "%q", "=\"", "='", "=\\\"", "\\x27"];

fn names_properties(text: &str) -> bool {
    text.contains(PROPERTIES) || text.contains("get-config")
}

/// Does the shell split what this run is given of the properties? A variable may name their file, since the text does.
fn splits_properties(run: &Run) -> bool {
    let is_file = |word: &Word| word.text == PROPERTIES || word.text.starts_with('$');
    let reads = |run: &Run| run.name() == "get-config" || run.arguments.iter().any(is_file);
    let takes = matches!(run.name(), "export" | "for") || run.lead.has("env");
    let enters = matches!(run.name(), "source" | ".") && run.plain().next().is_some_and(|word| word.text == PROPERTIES);
    let given = run.split_in();
    // Names have no spaces.
    let names = given.iter().any(|run| run.arguments.iter().any(|word| word.text.contains("keys")));
    // `eval` reads its text again, without the quotes that stood around it.
    let again = run.name() == "eval" && run.arguments.iter().any(|word| exports_unquoted(&word.text));
    enters || again || (takes && !names && given.iter().any(reads))
}

/// Is it a text that exports what a command prints, with nothing that would put quotes around the values?
fn exports_unquoted(text: &str) -> bool {
    let exports = ["export $(", "export `"].iter().any(|word| text.trim_start().starts_with(word));
    exports && names_properties(text) && !QUOTES.iter().any(|word| text.contains(word))
}

/// `source <(sed … env)`, where what is read puts no quotes around the values.
fn enters_unquoted(line: &str) -> Option<Range<usize>> {
    let start = ["source <(", ". <("].iter().filter_map(|word| line.find(word)).min()?;
    let code = line.find('#').is_none_or(|comment| comment > start);
    let inside = line[start..].trim_end();
    (code && names_properties(inside) && !QUOTES.iter().any(|word| inside.contains(word)))
        .then(|| start..start + inside.len())
}

/// The first line of a text that does so, also in what a here-document writes.
fn split_in(text: &str) -> Option<Range<usize>> {
    if !names_properties(text) {
        return None;
    }
    placed(text).find_map(|(at, line)| {
        let run = words::runs(line).into_iter().find(splits_properties).map(|run| run.span());
        let span = run.or_else(|| enters_unquoted(line))?;
        Some(span.start + at..span.end + at)
    })
}

fn splits(subject: &mut Subject<'_>, path: &str, span: Range<usize>, title: &str, fix: &str) {
    let message = format!("a property with a space or a quote in it breaks {title}: the shell splits the words");
    subject.find("EB071", path, span, message, fix);
}

/// What to do where the properties are in the environment of whoever runs it: hooks, container_commands, processes.
pub(in crate::check::rules) const HAS_THEM: &str = "take it out: every property is a variable here already";

/// What to do where they are not.
pub(in crate::check::rules) const ONE_BY_ONE: &str =
    "ask for each that is needed: `NAME=\"$(/opt/elasticbeanstalk/bin/get-config environment -k NAME)\"`";

/// What to do where all of them are wanted, by cron, a service or a person.
pub(in crate::check::rules) const AS_JSON: &str = "read them as JSON, which keeps each value whole: the script that `beansprout add cron-once` writes does, and `get-config environment -k NAME` gives one";
