//! Environment: a virtual environment that a script enters or has a program of, and that is not on the instance.

use crate::beanstalk::tree::Entry;
use crate::check::folder::in_bundle;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word, base, is_python};
use crate::level::Level;

const RULE: &str = "EB290";

/// The folder in which the platform makes its own, `staging-LQM1lest`.
const OWN: &str = "/var/app/venv/";

/// Programs that every environment has, and those that people call in theirs.
const PROGRAMS: [&str; 12] = [
    "activate",
    "python",
    "python3",
    "pip",
    "pip3",
    "gunicorn",
    "celery",
    "uvicorn",
    "daphne",
    "flask",
    "django-admin",
    "alembic",
];

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    if !subject.python() {
        return;
    }
    let mut folder = script.folder();
    for run in script.host_runs() {
        folder = folder.after(run);
        let enters = matches!(run.name(), "source" | ".");
        let Some(word) = (if enters { run.plain().next() } else { Some(&run.program) }) else { continue };
        // `*` stands for the platform's own.
        let named = word.text.replace("/var/app/venv/*/", "/var/app/venv/staging-/");
        let Some(path) = folder.path_of(&named).filter(|path| is_of_one(path)) else { continue };
        if !is_gone(subject, &path) || is_early(script, &path) || is_asked_for(script, &word.text) {
            continue;
        }
        return say(subject, script, run, word, enters);
    }
}

/// Is it the file of a virtual environment, by its name?
pub(super) fn is_of_one(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let named = folder.rsplit('/').take(2).any(|part| part.contains("env"));
    PROGRAMS.contains(&name) && (path.starts_with(OWN) || (named && matches!(base(folder), "bin" | "Scripts")))
}

/// Is it certain that nobody makes it?
fn is_gone(subject: &Subject<'_>, path: &str) -> bool {
    let is_there = match path.strip_prefix(OWN) {
        Some(inside) => {
            let mut parts = inside.split('/');
            let own = parts.next().is_some_and(|first| first.starts_with("staging-"));
            own && parts.next() == Some("bin") && parts.count() == 1
        }
        None => in_bundle(path).is_none_or(|inside| ships(subject, inside)),
    };
    !is_there && !subject.scripts().iter().any(|script| makes(script, path))
}

/// May it lie in the bundle? Of a folder that holds nothing but options, nobody knows what else ships.
fn ships(subject: &Subject<'_>, path: &str) -> bool {
    let tree = subject.tree;
    let whole = tree.is_file("requirements.txt") || tree.iter().any(|(path, _)| path.ends_with("manage.py"));
    let ends = path.match_indices('/').map(|(at, _)| at);
    let linked = ends.into_iter().any(|end| matches!(tree.get(&path[..end]), Some(Entry::Link { .. })));
    !whole || linked || tree.get(path).is_some()
}

/// Does a script make an environment on the way to this path?
fn makes(script: &Script<'_>, path: &str) -> bool {
    let tools = ["uv", "poetry", "pipenv", "conda", "pdm", "hatch", "pyenv"];
    let leads = |word: &Word| {
        let word = word.text.trim_start_matches("./").trim_end_matches('/');
        let name = base(word);
        word.contains("env") && (path.starts_with(&format!("{word}/")) || path.contains(&format!("/{name}/")))
    };
    script.runs().iter().any(|run| {
        let module = is_python(run.name()) && run.has("-m") && (run.has("venv") || run.has("virtualenv"));
        let linked = matches!(run.name(), "ln" | "cp" | "mv" | "tar" | "unzip" | "rsync");
        let target = || run.plain().skip(usize::from(module)).any(leads);
        let made = tools.contains(&run.name())
            || run.lead.has("poetry")
            || run.lead.has("pipenv")
            || ((module || linked || run.name() == "virtualenv") && target());
        made && !never_runs(script, run)
    })
}

/// The platform has made its folder by then, so that what asks whether there is none does nothing.
fn never_runs(script: &Script<'_>, run: &Run) -> bool {
    let venv = |word: &Word| word.text.trim_end_matches('/') == OWN.trim_end_matches('/');
    let asks = |other: &&Run| {
        matches!(other.name(), "[" | "[[" | "test")
            && other.has("!")
            && other.has("-d")
            && other.plain().any(venv)
            && other.program.span.start < run.program.span.start
    };
    run.plain().any(venv) && !script.place.precedes_packages() && script.runs().iter().any(|other| asks(&other))
}

/// Is the platform's own not made yet? That has a rule of its own.
fn is_early(script: &Script<'_>, path: &str) -> bool {
    matches!(script.place, Place::Hook(_)) && script.place.precedes_packages() && path.starts_with(OWN)
}

/// Does the script ask first whether it is there?
fn is_asked_for(script: &Script<'_>, written: &str) -> bool {
    let programs = written.rsplit_once('/').map_or(written, |(folder, _)| folder);
    // The folder that holds the platform's own is there.
    let folder = programs.strip_suffix("/bin").filter(|folder| !OWN.starts_with(folder)).unwrap_or(programs);
    let asks = |run: &Run| {
        matches!(run.name(), "[" | "[[" | "test" | "ls" | "command" | "which")
            && run.arguments.iter().any(|word| word.text.contains(folder))
            // Who makes it where it is missing has not asked in order to do without.
            && !run.has("!")
    };
    script.runs().iter().any(asks)
}

fn say(subject: &mut Subject<'_>, script: &Script<'_>, run: &Run, word: &Word, enters: bool) {
    let (title, path) = (script.title(), &word.text);
    let without = format!("there is no `{path}`");
    let forgiven = run.forgiven && !(enters && is_posix(script, run));
    let stops = (enters && is_posix(script, run)) || script.fails_with(run) == Some(true);
    let after =
        || script.host_runs().filter(|other| other.program.span.start > run.program.span.start).find_map(follows);
    let (message, level) = match (forgiven || script.place.ignores_errors(), stops, after()) {
        (false, true, _) => (format!("{title} fails: {without}"), Level::Error),
        (_, false, Some((what, is_django))) if enters => {
            let level = if is_django && !forgiven { Level::Error } else { Level::Warning };
            (format!("{title} goes on without a virtual environment, since {without}: {what}"), level)
        }
        (true, ..) => (format!("{title} does nothing, and nobody is told: {without}"), Level::Warning),
        _ => (format!("{title} goes on without it: {without}"), Level::Warning),
    };
    let whole = format!("{OWN}*/bin/{}", base(path));
    let fix = format!("write `{whole}`: it is the only one that the platform makes");
    let finding = subject.find(RULE, script.path, word.span.clone(), message, fix);
    finding.level = level;
    // Between quotes a shell looks for no `*`, and systemd never does.
    if word.span.len() == word.text.len() && !matches!(script.place, Place::Process(_)) {
        finding.replace(whole);
    }
}

/// Bash that is started as `sh` ends at a file which is not there, also before `||` (tried with 5.2). Commands are given to `sh`.
fn is_posix(script: &Script<'_>, run: &Run) -> bool {
    let first = script.text.lines().next().unwrap_or_default();
    let by_interpreter = first.starts_with("#!") && base(first.split_whitespace().next().unwrap_or_default()) == "sh";
    let given = matches!(script.place, Place::Command(_) | Place::ContainerCommand(_)) && !script.called;
    (given || by_interpreter) && !["bash", "zsh", "ksh"].iter().any(|shell| run.lead.has(shell))
}

/// What is looked for in an environment, and comes from the system without one; and whether it is Django's.
fn follows(run: &Run) -> Option<(String, bool)> {
    let of_python = "runs with the system's Python 3.9";
    if let Some((command, _)) = run.django() {
        return Some((format!("`manage.py {}` {of_python}", command.text), true));
    }
    if !PROGRAMS.contains(&run.program.text.as_str()) && !is_python(&run.program.text) {
        return None;
    }
    let what = match run.pip() {
        Some(word) => format!("`pip {}` {of_python}", word.text),
        None if is_python(run.name()) => format!("`{}` {of_python}", run.name()),
        None => format!("`{}` is looked for in the system", run.name()),
    };
    Some((what, false))
}
