//! Left: programs that a deployment starts in the background, where nobody looks after them.

use crate::check::rules::processes::{by_procfile, goes_to_background};
use crate::check::script::{Place, Script, any_file};
use crate::check::subject::Subject;
use crate::check::words::{self, Run, Word, is_python};

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let on_host = matches!(script.place, Place::Command(_) | Place::ContainerCommand(_) | Place::Hook(_));
    if !on_host || !subject.python() || script.end().is_some() {
        return;
    }
    let Some((left, span)) = script.host_runs().find_map(|run| Some((left(subject, script, run)?, run.span()))) else {
        return;
    };
    // That it does not start at all is said, and what to do instead.
    let line = |at: usize| script.text.get(..at.saturating_sub(script.start)).map(|text| text.matches('\n').count());
    let fails = subject.found().iter().any(|finding| {
        let here = finding.path == script.path
            && finding.span.as_ref().is_some_and(|other| line(other.start) == line(span.start));
        here && matches!(finding.rule, "EB033" | "EB035" | "EB147" | "EB225")
    });
    if fails {
        return;
    }
    let stops = |script: &Script<'_>| ["kill", "fuser", "stop"].iter().any(|word| script.text.contains(word));
    let again = match (subject.scripts().iter().any(stops), left.listens) {
        (true, _) | (_, None) => "",
        (false, Some(true)) => {
            "; and at the next deployment the old one still has the port, and answers with the old code"
        }
        (false, Some(false)) => "; and each deployment adds one more, while the old ones go on with the old code",
    };
    let message = format!(
        "{} leaves `{}` to itself: nothing starts it again when it ends, or after a restart of the instance{again}",
        script.title(),
        left.what
    );
    let fix = by_procfile(subject, script.text.get(span.start - script.start..).unwrap_or_default());
    let fix = match script.host_runs().any(|run| run.django().is_some_and(|(command, _)| command.text == left.what)) {
        true => fix.replace("NAME: COMMAND", &format!("NAME: python manage.py {}", left.what)),
        false => fix,
    };
    subject.find("EB358", script.path, span, message, fix);
}

struct Left {
    what: String,
    /// Does it keep a port? Else one can be beside another; `None`: whichever came first may be stopped by the next.
    listens: Option<bool>,
}

/// A program that stays, and that a script does not wait for.
fn left(subject: &Subject<'_>, script: &Script<'_>, run: &Run) -> Option<Left> {
    // `screen -dmS name program`, `tmux new -d 'program'`.
    let detached = match run.name() {
        "screen" => run.arguments.iter().any(|word| word.text.starts_with("-d") || word.text.starts_with("-Sdm")),
        "tmux" => run.has("-d"),
        _ => false,
    };
    if detached {
        let text = run.arguments.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let stays = |at: usize| words::runs(&text[at..]).iter().find_map(|run| stays(subject, run));
        let begins = text.char_indices().filter(|(at, _)| *at == 0 || text[..*at].ends_with(' '));
        return begins.map(|(at, _)| at).find_map(stays);
    }
    // What is in a shell that goes to the background goes there as well.
    let within =
        |other: &Run| other.background && other.span().start <= run.span().start && run.span().end <= other.span().end;
    let is_left = run.background || goes_to_background(run).is_some() || script.runs().iter().any(within);
    is_left.then(|| stays(subject, run)).flatten()
}

fn stays(subject: &Subject<'_>, run: &Run) -> Option<Left> {
    const SERVERS: [&str; 6] = ["gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve", "streamlit"];
    const OTHERS: [&str; 5] = ["celery", "flower", "rq", "huey_consumer", "dramatiq"];
    const COMMANDS: [&str; 8] = [
        "runserver",
        "process_tasks",
        "qcluster",
        "rqworker",
        "run_huey",
        "rundramatiq",
        "runworker",
        "runapscheduler",
    ];
    let of = |what: &str, listens: Option<bool>| Some(Left { what: what.to_owned(), listens });
    if let Some((command, _)) = run.django() {
        return COMMANDS
            .contains(&command.text.as_str())
            .then(|| of(&command.text, Some(command.text == "runserver")))
            .flatten();
    }
    let module = run.arguments.windows(2).find(|pair| is_python(run.name()) && pair[0].text == "-m");
    let name = module.map_or(run.name(), |pair| pair[1].text.as_str());
    if SERVERS.contains(&name) || name == "http.server" {
        let own = ["--reuse-port", "--uds", "-u", "unix:"]
            .iter()
            .any(|word| run.arguments.iter().any(|own| own.text.contains(word)));
        return of(name, (!own).then_some(true));
    }
    let has = |word: &str| run.has(word);
    match name {
        "flask" if has("run") => return of("flask run", Some(true)),
        "celery" if ["worker", "beat", "flower", "start", "restart"].iter().any(|word| has(word)) => {
            return of("celery", (!has("multi")).then_some(false));
        }
        "rq" if !has("worker") => return None,
        _ if name != "celery" && OTHERS.contains(&name) => return of(name, Some(false)),
        _ => {}
    }
    of_file(subject, run.plain().next().filter(|_| module.is_none() && is_python(run.name()))?)
}

/// A file of the project's that does not end by itself, as far as it says so.
fn of_file(subject: &Subject<'_>, word: &Word) -> Option<Left> {
    const LISTENS: [&str; 3] = ["serve_forever(", "uvicorn.run(", "app.run("];
    const LASTS: [&str; 3] = ["while True:", "while 1:", "run_forever("];
    let (_, text, _) = any_file(subject.tree, subject.customizations, &word.text).or_else(|| {
        // By its name in the folder that the script is in.
        let customizations = subject.customizations;
        let whole = format!("/var/app/current/{}", word.text.trim_start_matches("./"));
        any_file(subject.tree, customizations, &whole)
    })?;
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let listens = has(&LISTENS);
    // A loop that is left may only go through pages.
    (listens || (has(&LASTS) && !has(&["break"]))).then(|| Left { what: word.text.clone(), listens: Some(listens) })
}
