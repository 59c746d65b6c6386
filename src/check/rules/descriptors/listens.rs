//! Listens: where the server of the image listens, and where the platform's proxy asks the container.

use serde_json::Value;

use super::containers::{Container, is_port};
use super::desk::{Desk, is_for_visitors};
use crate::beanstalk::platforms::Family;
use crate::check::dockerfile::{self, Image};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::{Run, base, is_python};

/// An address that a server is told to listen on, by its line or by what it does where that says nothing.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    host: String,
    port: String,
}

/// Says what becomes of requests to a container.
pub(super) fn check(subject: &mut Subject<'_>, container: &Container) {
    if subject.has_found("EB362", dockerfile::NAME) {
        return;
    }
    let Some((run, desk)) = server(subject, container) else { return };
    let Some(Address { host, port }) = address(subject, container, run, desk.as_ref()) else { return };
    let inner = matches!(host.as_str(), "127.0.0.1" | "localhost" | "::1" | "[::1]");
    let composed = subject.composes() || subject.customizations.family == Family::Ecs;
    if composed {
        return published(subject, container, run, inner, &port);
    }
    let (path, span, name) = (container.path.clone(), container.span.clone(), said(run));
    let span = if path == DOCKERRUN { container.place(subject, run.name()) } else { span };
    if inner {
        let message = format!(
            "every request is a 502: `{name}` listens on {host} of the container, and the proxy asks from outside of it"
        );
        subject.find("EB366", &path, span, message, format!("let it listen on `0.0.0.0:{port}`"));
        return;
    }
    // Files of the project's own may send the proxy elsewhere.
    if !subject.customizations.proxy.is_empty() {
        return;
    }
    let asked = container.built.as_ref().and_then(|built| asked(subject, &built.image));
    let Some((asked, says)) = asked.filter(|(asked, _)| *asked != port) else { return };
    let message =
        format!("every request is a 502: the proxy asks port {asked} of the container, and `{name}` listens on {port}");
    let there = match says {
        Says::Dockerrun => format!("name {port} as the first `ContainerPort` of `{DOCKERRUN}`"),
        Says::Image => format!("`EXPOSE {port}`"),
    };
    subject.find("EB366", &path, span, message, format!("{there}, or let it listen on {asked}"));
}

/// What a service or a task publishes, and its server does not answer.
fn published(subject: &mut Subject<'_>, container: &Container, run: &Run, inner: bool, port: &str) {
    // An image that is built somewhere else may start something else; a command of the file itself is what runs.
    let is_said = container.built.as_ref().is_none_or(|built| built.path != container.path);
    if (!container.is_sure && !is_said) || subject.guessed() {
        return;
    }
    let [(host, inside, span)] = container.ports.as_slice() else { return };
    let path = subject.customizations.containers.clone().unwrap_or_default();
    let (name, server) = (container.name.clone().unwrap_or_default(), said(run));
    if inner {
        let message = format!(
            "nothing answers on port {host}: `{server}` of `{name}` listens on the container's own address alone, and who asks comes from outside of it"
        );
        let fix = format!("let it listen on `0.0.0.0:{port}`");
        subject.find("EB366", &path, span.clone(), message, fix);
    } else if inside != port {
        // Of the port of the instance, another rule may have said more.
        let host = if subject.has_found_at("EB148", &path, span) { "80" } else { host.as_str() };
        let message = format!(
            "nobody answers what comes here: it leads to port {inside} of `{name}`, where `{server}` listens on {port}"
        );
        let fix = match path == DOCKERRUN {
            true => format!("`\"containerPort\": {port}`, or let it listen on {inside}"),
            false => format!("let the service publish `{host}:{port}`, or let it listen on {inside}"),
        };
        subject.find("EB366", &path, span.clone(), message, fix);
    }
}

/// The port at which somebody asks a container, else the one that a server of it is told: what any other server there has to take.
pub(super) fn wanted(subject: &Subject<'_>, container: &Container, run: &Run, desk: &Desk) -> Option<String> {
    let composed = subject.composes() || subject.customizations.family == Family::Ecs;
    let asked = match (composed, container.ports.as_slice()) {
        (true, [(_, inside, _)]) => Some(inside.clone()),
        (true, _) => None,
        _ => container.built.as_ref().and_then(|built| asked(subject, &built.image)).map(|(port, _)| port),
    };
    let told = || address(subject, container, run, Some(desk)).map(|address| address.port);
    asked.or_else(told).filter(|port| is_port(port))
}

/// What a sentence calls a server.
fn said(run: &Run) -> &str {
    let program = run.carried_out().map(|word| word.text.as_str()).filter(|_| is_python(run.name()));
    match run.django() {
        Some((command, _)) if command.text.starts_with("runserver") => "runserver",
        _ => program.filter(|word| word.ends_with(".py")).map_or(run.name(), |word| base(word)),
    }
}

/// What tells the proxy which port to ask.
#[derive(Debug, Clone, Copy)]
enum Says {
    Dockerrun,
    Image,
}

/// The port of the container that the proxy asks: the first of `Dockerrun.aws.json`, else the only one that is exposed.
fn asked(subject: &Subject<'_>, image: &Image) -> Option<(String, Says)> {
    if let Some(text) = subject.tree.text(DOCKERRUN) {
        let document: Value = serde_json::from_str(text).ok()?;
        if let Some(first) = document["Ports"].get(0) {
            let port = &first["ContainerPort"];
            let port = port.as_str().map(str::to_owned).or_else(|| port.as_u64().map(|port| port.to_string()))?;
            return Some((port, Says::Dockerrun)).filter(|(port, _)| is_port(port));
        }
    }
    let exposed: Vec<&str> = image.all("EXPOSE").flat_map(|one| one.rest.split_whitespace()).collect();
    match exposed.as_slice() {
        [port] => Some(((*port).trim_end_matches("/tcp").to_owned(), Says::Image)).filter(|(port, _)| is_port(port)),
        _ => None,
    }
}

/// Where a server listens. `None`: not known.
fn address(subject: &Subject<'_>, container: &Container, run: &Run, desk: Option<&Desk>) -> Option<Address> {
    let image = container.built.as_ref().map(|built| &built.image);
    // Variables of an image that nobody sees here say where gunicorn and Flask listen, too.
    let sets = |name: &str| {
        let given = container.variables.as_ref().is_none_or(|names| names.iter().any(|given| given.starts_with(name)));
        given
            || subject.gives(name)
            || run.lead.gives(name)
            || image.is_none_or(|image| image.all("ENV").any(|one| one.rest.contains(name)))
    };
    let whole = |text: &str| {
        let (host, port) = text.rsplit_once(':')?;
        let plain = |text: &str| !text.contains(['$', '/', '`']);
        (plain(host) && plain(port))
            .then(|| Address { host: if host.is_empty() { "0.0.0.0" } else { host }.to_owned(), port: port.to_owned() })
    };
    let parts = |host: Option<&str>, port: Option<&str>, own: &str| {
        let (host, port) = (host.unwrap_or("127.0.0.1"), port.unwrap_or(own));
        (!host.contains('$') && !port.contains('$')).then(|| Address { host: host.to_owned(), port: port.to_owned() })
    };
    match run.name() {
        "gunicorn" => {
            let several = run.arguments.iter().filter(|word| is_flag(&word.text, &["-b", "--bind"])).count();
            match value(run, &["-b", "--bind"]) {
                Some(address) if several == 1 => whole(address),
                Some(_) => None,
                // Its own file, the command line of a variable, and `PORT` say it as well.
                None if value(run, &["-c", "--config"]).is_some() => None,
                None if ["GUNICORN_CMD_ARGS", "PORT"].iter().any(|name| sets(name)) => None,
                None if subject.tree.iter().any(|(path, _)| path.ends_with("gunicorn.conf.py")) => None,
                None => parts(None, None, "8000"),
            }
        }
        "uvicorn" if !sets("UVICORN_") && value(run, &["--uds", "--fd"]).is_none() => {
            parts(value(run, &["--host"]), value(run, &["--port"]), "8000")
        }
        "daphne" if value(run, &["-u", "-e", "--endpoint", "--fd"]).is_none() => {
            parts(value(run, &["-b", "--bind"]), value(run, &["-p", "--port"]), "8000")
        }
        "waitress-serve" if !run.arguments.iter().any(|word| word.text.contains("unix-socket")) => {
            match value(run, &["--listen"]) {
                Some(address) if address.contains(',') => None,
                Some(address) => whole(&address.replace('*', "0.0.0.0")),
                None => parts(Some(value(run, &["--host"]).unwrap_or("0.0.0.0")), value(run, &["--port"]), "8080"),
            }
        }
        _ if matches!(desk, Some(Desk::Flask { told: None })) => {
            // Flask-Script has a port of its own.
            if sets("FLASK_RUN_") || run.django().is_some_and(|(command, _)| command.text != "run") {
                return None;
            }
            let file = subject.tree.iter().any(|(path, _)| path.ends_with(".flaskenv"));
            let (host, port) = (value(run, &["-h", "--host"]), value(run, &["-p", "--port"]));
            (!file || (host.is_some() && port.is_some())).then(|| parts(host, port, "5000")).flatten()
        }
        _ if desk.is_some_and(|desk| *desk != Desk::Django) => {
            let Some(Desk::Flask { told: Some((host, port)) }) = desk else { return None };
            let literal = host.as_ref().is_none_or(|host| host.starts_with(['"', '\'']) && host.len() > 2);
            let host = host.as_ref().map(|host| host.trim_matches(['"', '\'']));
            let port = port.as_ref().map(|port| port.trim_matches(['"', '\'']));
            (literal && port.is_none_or(is_port)).then(|| parts(host, port, "5000")).flatten()
        }
        _ => {
            let (_, rest) = run.django().filter(|(command, _)| command.text == "runserver")?;
            let told = rest.iter().find(|word| !word.text.starts_with('-'));
            let Some(told) = told else { return parts(None, None, "8000") };
            match told.text.contains(':') {
                true => whole(&told.text).map(|Address { host, port }| Address {
                    host: if host == "0" { "0.0.0.0".to_owned() } else { host },
                    port,
                }),
                false => parts(None, Some(&told.text), "8000"),
            }
        }
    }
}

fn is_flag(word: &str, flags: &[&str]) -> bool {
    flags.iter().any(|flag| word == *flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
}

/// The value of the first of these options, in its own word or in the same.
fn value<'r>(run: &'r Run, flags: &[&str]) -> Option<&'r str> {
    let at = run.arguments.iter().position(|word| {
        let short = |flag: &str| flag.len() == 2 && word.text.starts_with(flag) && !word.text.starts_with("--");
        is_flag(&word.text, flags) || flags.iter().any(|flag| short(flag))
    })?;
    let text = run.arguments[at].text.as_str();
    let flag = flags.iter().filter(|flag| text.starts_with(**flag)).max_by_key(|flag| flag.len())?;
    match text[flag.len()..].trim_start_matches('=') {
        "" => run.arguments.get(at + 1).map(|word| word.text.as_str()),
        joined => Some(joined),
    }
}

/// The one server of a container, if there is one and no more.
fn server<'c>(subject: &Subject<'_>, container: &'c Container) -> Option<(&'c Run, Option<Desk>)> {
    let serves = |run: &'c Run| match Desk::of(run, container.code(subject, run)) {
        Some(desk) => Some((run, Some(desk))),
        None => is_for_visitors(run).then_some((run, None)),
    };
    let mut all = container.runs.iter().filter_map(serves);
    all.next().filter(|_| all.next().is_none())
}
