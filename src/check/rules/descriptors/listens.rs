//! Listens: where the server of the image listens, and where the platform's proxy asks the container.

use std::ops::Range;

use serde_json::Value;

use crate::check::dockerfile::{self, Image};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::Run;

/// An address that a server is told to listen on, by its line or by what it does where that says nothing.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    host: String,
    port: String,
}

/// Says what becomes of requests to the container. `run` is what serves there.
pub(super) fn check(subject: &mut Subject<'_>, image: &Image, run: &Run, span: Range<usize>) {
    if subject.composes() {
        return;
    }
    let Some(Address { host, port }) = address(subject, image, run) else { return };
    if matches!(host.as_str(), "127.0.0.1" | "localhost" | "::1" | "[::1]") {
        let message = format!(
            "every request is a 502: `{}` listens on {host} of the container, and the proxy asks from outside of it",
            run.name()
        );
        subject.find("EB366", dockerfile::NAME, span, message, format!("let it listen on `0.0.0.0:{port}`"));
        return;
    }
    // Files of the project's own may send the proxy elsewhere.
    if !subject.customizations.proxy.is_empty() {
        return;
    }
    let Some((asked, says)) = asked(subject, image).filter(|(asked, _)| *asked != port) else { return };
    let message = format!(
        "every request is a 502: the proxy asks port {asked} of the container, and `{}` listens on {port}",
        run.name()
    );
    let there = match says {
        Says::Dockerrun => format!("name {port} as the first `ContainerPort` of `{DOCKERRUN}`"),
        Says::Image => format!("`EXPOSE {port}`"),
    };
    subject.find("EB366", dockerfile::NAME, span, message, format!("{there}, or let it listen on {asked}"));
}

/// What tells the proxy which port to ask.
#[derive(Debug, Clone, Copy)]
enum Says {
    Dockerrun,
    Image,
}

/// The port of the container that the proxy asks: the first of `Dockerrun.aws.json`, else the only one that is exposed.
fn asked(subject: &Subject<'_>, image: &Image) -> Option<(String, Says)> {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
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
fn address(subject: &Subject<'_>, image: &Image, run: &Run) -> Option<Address> {
    let sets = |name: &str| subject.gives(name) || image.all("ENV").any(|one| one.rest.contains(name));
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

/// The one server among these, if there is one and no more.
pub(super) fn server(runs: &[Run]) -> Option<&Run> {
    let serves = |run: &&Run| {
        matches!(
            run.name(),
            "gunicorn" | "uvicorn" | "daphne" | "hypercorn" | "waitress-serve" | "uwsgi" | "supervisord" | "nginx"
        ) || run.django().is_some_and(|(command, _)| command.text.starts_with("runserver"))
    };
    let mut all = runs.iter().filter(serves);
    all.next().filter(|_| all.next().is_none())
}
