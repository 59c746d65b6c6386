//! Programs that a line of `Procfile` starts, and that nothing brings to the instance.

use super::{adding, installs_itself, listed, modules, vendors};
use crate::beanstalk::requirements::{FILE, Requirement, Requirements};
use crate::check::dockerfile::NAME;
use crate::check::inside::Inside;
use crate::check::rules::descriptors::containers;
use crate::check::script::Place;
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

/// Programs, and the word that is in the names of all packages which bring them along. gunicorn is on every instance.
const PACKAGED: &[(&str, &str)] = &[
    ("uvicorn", "uvicorn"),
    ("daphne", "daphne"),
    ("hypercorn", "hypercorn"),
    ("waitress-serve", "waitress"),
    ("uwsgi", "uwsgi"),
    ("celery", "celery"),
    ("granian", "granian"),
    ("supervisord", "supervisor"),
    ("honcho", "honcho"),
    ("newrelic-admin", "newrelic"),
    ("ddtrace-run", "ddtrace"),
    ("opentelemetry-instrument", "opentelemetry"),
    ("streamlit", "streamlit"),
    ("dramatiq", "dramatiq"),
];

/// Programs that no package of Python's brings, and words of whatever would install them.
const OTHERS: &[(&str, &[&str])] = &[
    ("npm", &["node", "npm", "nvm"]),
    ("npx", &["node", "npm", "nvm"]),
    ("node", &["node", "npm", "nvm"]),
    ("yarn", &["node", "npm", "nvm", "yarn"]),
    ("pm2", &["node", "npm", "nvm", "pm2"]),
    ("redis-server", &["redis"]),
    ("docker", &["docker"]),
    ("docker-compose", &["docker"]),
    ("java", &["java", "corretto", "jdk", "jre"]),
    ("dotnet", &["dotnet"]),
    ("php", &["php"]),
];

/// A program that a process starts, or a class of gunicorn's workers, whose package no line asks for.
pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    if !subject.prepared() || !subject.python() || subject.guessed() {
        return;
    }
    others(subject, requirements);
    let file = requirements.source.map_or(FILE, |source| source.file());
    let whole = requirements.source.is_some() && requirements.unread.is_empty() && !requirements.lines.is_empty();
    if !whole || installs_itself(subject) || vendors(subject) {
        return;
    }
    let scripts = subject.scripts();
    let mut said: Vec<&str> = Vec::new();
    for script in scripts.iter().filter(|script| matches!(script.place, Place::Process(_))) {
        for run in script.host_runs() {
            let words = || std::iter::once(&run.program).chain(&run.arguments);
            let class =
                words().find(|word| word.text.contains("uvicorn.workers.") || word.text.contains("uvicorn_worker."));
            let named = PACKAGED.iter().find(|(program, _)| *program == run.name() && is_on_the_path(run));
            let found = named.map(|found| (found, &run.program)).or_else(|| Some((&PACKAGED[0], class?)));
            let Some(((program, word), place)) = found else { continue };
            let brought = requirements.lines.iter().any(|line| brings(line, word));
            if brought || said.contains(word) || is_installed(subject, &[*word]) {
                continue;
            }
            said.push(*word);
            let name = script.title();
            let message = format!(
                "{name} does not start: `{file}` does not ask for `{word}`, and the platform has gunicorn only"
            );
            let fix = match *program {
                "supervisord" => {
                    "take the line out, and give each program that it would start one of its own: the platform itself starts again what ends".to_owned()
                }
                _ => format!("add `{word}` with its version"),
            };
            // A package that nobody here knows may bring it along.
            let level = if modules::is_closed(requirements, false) { Level::Warning } else { Level::Note };
            subject.find("EB169", script.path, place.span.clone(), message, fix).level = level;
        }
    }
}

/// A program that a container starts, and that no step of its image installs.
pub(super) fn in_image(subject: &mut Subject<'_>, requirements: &Requirements, inside: &Inside) {
    /// What no instance needs a line for.
    const OWN: [(&str, &str); 2] = [("flask", "flask"), ("gunicorn", "gunicorn")];
    let Some(file) = listed(subject, requirements) else { return };
    let mut said: Vec<&str> = Vec::new();
    for container in containers::all(subject) {
        let Some(built) = container.built.as_ref().filter(|built| built.path == format!("{}{NAME}", inside.folder))
        else {
            continue;
        };
        let installs = |word: &str| built.image.all("RUN").any(|step| step.rest.to_ascii_lowercase().contains(word));
        let starts = |run: &Run| {
            let known = PACKAGED.iter().chain(&OWN).find(|(program, _)| *program == run.name())?;
            (!run.program.text.contains('/') && !run.forgiven).then_some(*known)
        };
        let missing = container.runs.iter().filter_map(starts).find(|(_, word)| {
            !said.contains(word) && !requirements.lines.iter().any(|line| brings(line, word)) && !installs(word)
        });
        let Some((program, word)) = missing else { continue };
        said.push(word);
        let what =
            format!("the container does not start: it has no `{program}`, since `{file}` does not ask for `{word}`");
        let (message, level) = match modules::is_closed(requirements, false) {
            true => (what, Level::Warning),
            false => (format!("unless another package brings it along, {what}"), Level::Note),
        };
        let span = container.place(subject, program);
        let path = container.path.clone();
        let fix = adding(&file, &[format!("`{word}`")]).unwrap_or_default();
        subject.find("EB169", &path, span, message, fix).level = level;
    }
}

/// Is it looked for where programs are, or in the virtual environment that pip fills? Any other path may lead to one that ships.
fn is_on_the_path(run: &Run) -> bool {
    !run.program.text.contains('/') || run.program.text.starts_with("/var/app/venv/")
}

/// What brings others along, and lines that nobody can see into.
fn brings(line: &Requirement, word: &str) -> bool {
    line.is_opaque()
        || line.name.contains(word)
        || line.extras.iter().any(|extra| extra.contains(word) || extra == "standard" || extra == "all")
        || matches!((line.name.as_str(), word), ("fastapi" | "starlette" | "channels", "uvicorn" | "daphne"))
}

/// Does anything but the processes themselves say one of these words? It may install what they mean.
fn is_installed(subject: &Subject<'_>, words: &[&str]) -> bool {
    let says = |text: &str| words.iter().any(|word| text.to_ascii_lowercase().contains(word));
    let is_process = |place: &Place<'_>| matches!(place, Place::Process(_));
    subject.scripts().iter().any(|script| !is_process(&script.place) && says(script.text))
        || subject.customizations.configs.iter().any(|file| says(&file.text))
        || subject.tree.iter().any(|(path, _)| path.starts_with(".platform/") && says(path))
}

/// A program that pip does not bring, and that no image of the Python platform has.
fn others(subject: &mut Subject<'_>, requirements: &Requirements) {
    let scripts = subject.scripts();
    for script in scripts.iter().filter(|script| matches!(script.place, Place::Process(_)) && !script.called) {
        let Some(run) = script.host_runs().next().filter(|run| !run.program.text.contains('/') && !run.forgiven) else {
            continue;
        };
        let Some((program, words)) = OTHERS.iter().find(|(program, _)| *program == run.name()) else { continue };
        let by_pip = requirements.lines.iter().any(|line| words.iter().any(|word| line.name.contains(word)));
        // `redis` of a list of packages is a client, and brings no server.
        if (by_pip && *program != "redis-server") || is_installed(subject, words) {
            continue;
        }
        let name = script.title();
        let message = format!(
            "{name} ends at once, and is started again for ever: no instance has `{program}`, and nothing here installs it"
        );
        let fix = match *program {
            "npm" | "npx" | "yarn" | "node" | "pm2" => {
                "take the line out if the site is Python's alone: build what browsers get before the bundle is packed; else install it with `packages: yum: nodejs`"
            }
            "redis-server" => "take the line out, and let ElastiCache serve it",
            _ => "take the line out, or install what it starts with `packages: yum:`",
        };
        subject.find("EB276", script.path, run.program.span.clone(), message, fix).level = Level::Error;
    }
}
