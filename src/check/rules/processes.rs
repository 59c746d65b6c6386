//! Processes: the lines of `Procfile`, each of which runs on every instance for as long as the instance lives.

use crate::check::installed::{Installed, may_bring};
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word, is_python};

/// What follows where each instance has a beat.
pub(super) const BEATS: &str =
    "every instance runs a beat of its own: each task is sent as many times as there are instances";

/// Does a line of `Procfile` start this program?
pub(super) fn is_started(subject: &Subject<'_>, program: &str) -> bool {
    let lines = subject.customizations.procfile.as_ref().map(|procfile| procfile.processes.as_slice());
    lines.unwrap_or_default().iter().any(|line| line.command.contains(program))
}

/// What to do with a text that starts a process in the background, or has it started: the platform does that itself.
pub(super) fn by_procfile(subject: &Subject<'_>, text: &str) -> String {
    const PROGRAMS: [&str; 5] = ["daphne", "celery", "gunicorn", "uvicorn", "hypercorn"];
    let programs: Vec<&str> = PROGRAMS.into_iter().filter(|program| text.contains(program)).collect();
    let is_conf = text.contains("[supervisord]") && !text.contains("[program:");
    let lines = subject.customizations.procfile.as_ref().map(|procfile| procfile.processes.as_slice());
    if !programs.is_empty() && programs.iter().all(|program| is_started(subject, program)) {
        return "take it out: `Procfile` starts it already".to_owned();
    }
    if is_conf {
        return "take it out".to_owned();
    }
    let line = match programs.first() {
        Some(&"daphne") => {
            let port = daphnes_port(text);
            format!("`websocket: daphne -b {} -p {port} MODULE.asgi:application`", address(subject, port))
        }
        Some(&"celery") => "`worker: celery -A … worker`".to_owned(),
        // The platform starts one server by itself.
        Some(&"gunicorn") if lines.is_none() => {
            return "take it out: the platform starts gunicorn by itself".to_owned();
        }
        _ => "`NAME: COMMAND`".to_owned(),
    };
    let how = match lines {
        Some(_) => format!("by a line of its own in `Procfile`: {line}"),
        None => format!(
            "by a `Procfile`, which takes the place of the platform's own: `web: gunicorn --bind 127.0.0.1:8000 MODULE.wsgi` and {line}"
        ),
    };
    format!("take it out, and start its process {how}")
}

/// The port that a text gives to daphne.
fn daphnes_port(text: &str) -> &str {
    let line = text.lines().find(|line| line.contains("daphne ")).unwrap_or_default();
    let mut words = line.split_whitespace().skip_while(|word| !matches!(*word, "-p" | "--port")).skip(1);
    words.next().filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or("5000")
}

/// Where a process listens: a load balancer that asks for its port comes from outside of the instance.
fn address(subject: &Subject<'_>, port: &str) -> &'static str {
    let mut options = subject.customizations.used().flat_map(|file| &file.option_settings);
    let asked = options.any(|option| {
        option.namespace.value.starts_with("aws:elasticbeanstalk:environment:process:")
            && option.name.value == "Port"
            && option.value.value == port
    });
    if asked { "0.0.0.0" } else { "127.0.0.1" }
}

pub(super) fn check(subject: &mut Subject<'_>) {
    if !subject.python() {
        return;
    }
    for script in subject.scripts().iter().filter(|script| !script.called) {
        let Place::Process(process) = script.place else { continue };
        let beat = script.runs().iter().find(|run| run.is_beat());
        if let Some(run) = beat.filter(|_| !subject.single()) {
            let fix = "run beat on one machine: `cron.yaml` in a worker environment, EventBridge, a lock (`celery-redbeat`), or one instance";
            subject.find("EB146", "Procfile", run.span(), BEATS, fix);
        }
        let ends = script.runs().last().and_then(|run| run.django()).map(|(command, _)| command.text.clone());
        let one_shot = ends.filter(|command| {
            matches!(
                command.as_str(),
                "migrate"
                    | "collectstatic"
                    | "createsuperuser"
                    | "loaddata"
                    | "compilemessages"
                    | "createcachetable"
                    | "makemigrations"
                    | "check"
            )
        });
        if let Some(how) = leaves(script) {
            let name = &process.name;
            let message = format!(
                "`{name}` ends at once, since {how}: it is started again for ever, and nothing stops what it leaves"
            );
            let fix = "let it stay in the foreground";
            subject.find("EB145", "Procfile", process.span.start..process.span.start + name.len(), message, fix);
            continue;
        }
        if let Some((option, command)) = script.runs().iter().find_map(misplaced)
            && let Some(beside) = Installed::of(subject).since("celery", (5, 0))
        {
            let name = &process.name;
            let message = format!(
                "`{name}` ends at once and is started again for ever: celery stops with `No such option '{}'` {beside}, since it comes after `{}`",
                option.text.split('=').next().unwrap_or_default(),
                command.text
            );
            let fix = format!("name the application first: `celery -A … {}`", command.text);
            subject.find("EB145", "Procfile", option.span.clone(), message, fix);
            continue;
        }
        if let Some((module, word)) = script.runs().iter().find_map(|run| unfound(subject, script, run)) {
            let name = &process.name;
            let message = format!(
                "`{name}` ends at once and is started again for ever: celery's `-A` names the module `{module}`, and there is none"
            );
            subject.find(
                "EB145",
                "Procfile",
                word.span.clone(),
                message,
                "name the module that makes the application of celery, from the top of the bundle on",
            );
            continue;
        }
        let named = matches!(process.name.as_str(), "release" | "init" | "migrate" | "predeploy" | "postdeploy");
        if one_shot.is_some() || (named && !script.runs().iter().any(|run| matches!(run.name(), "gunicorn" | "celery")))
        {
            let name = &process.name;
            let message = format!(
                "`{name}` ends, and is started again for ever: there is no release phase, each line is a process that stays"
            );
            let fix = "run it in `container_commands`, a migration with `leader_only: true`";
            subject.find("EB145", "Procfile", process.span.start..process.span.start + name.len(), message, fix);
        }
    }
}

/// How a process goes to the background, and leaves whoever watches it.
fn leaves(script: &Script<'_>) -> Option<&'static str> {
    let text = script.text.trim_end();
    if text.ends_with('&') && !text.ends_with("&&") {
        return Some("a `&` sends it to the background");
    }
    goes_to_background(script.runs().last()?)
}

/// How a program goes to the background by itself.
pub(super) fn goes_to_background(run: &Run) -> Option<&'static str> {
    let has = |flags: &[&str]| flags.iter().any(|flag| run.has(flag));
    match run.name() {
        "gunicorn" if has(&["--daemon", "-D"]) => Some("`--daemon` sends it to the background"),
        "celery" if has(&["--detach", "-D"]) || (has(&["multi"]) && has(&["start", "restart"])) => {
            Some("celery goes to the background")
        }
        _ => None,
    }
}

/// What `-A` names, where the bundle has no such module and no dependency may bring it.
fn unfound<'r>(subject: &Subject<'_>, script: &Script<'_>, run: &'r Run) -> Option<(&'r str, &'r Word)> {
    // Somewhere else, other modules are found.
    let moves = ["cd ", "--workdir", "PYTHONPATH", "pushd"].iter().any(|word| script.text.contains(word))
        || subject.gives("PYTHONPATH");
    let (module, word) = run.celery_module().filter(|_| !moves)?;
    let top = module
        .split('.')
        .next()
        .filter(|top| !top.is_empty() && top.chars().all(|char| char.is_alphanumeric() || char == '_'))?;
    let there =
        subject.tree.get(top).is_some() || subject.tree.is_dir(top) || subject.tree.is_file(&format!("{top}.py"));
    (!there && !may_bring(subject, top)).then_some((module, word))
}

/// Where celery's command has the application's option after it, and the command: up to celery 4 both orders did.
fn misplaced(run: &Run) -> Option<(&Word, &Word)> {
    const COMMANDS: [&str; 3] = ["beat", "events", "worker"];
    let after = match run.name() {
        "celery" => run.arguments.as_slice(),
        name if is_python(name) => {
            let at = run.arguments.windows(2).position(|pair| pair[0].text == "-m" && pair[1].text == "celery")?;
            &run.arguments[at + 2..]
        }
        _ => return None,
    };
    let at = after.iter().position(|word| COMMANDS.contains(&word.text.as_str()))?;
    let named = |word: &&Word| matches!(word.text.as_str(), "-A" | "--app") || word.text.starts_with("--app=");
    if after[..at].iter().any(|word| named(&word) || word.text.starts_with("-A")) {
        return None;
    }
    Some((after[at + 1..].iter().find(named)?, &after[at]))
}
