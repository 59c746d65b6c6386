//! Port: where the server listens, and where the proxy asks.

use std::ops::Range;

use super::line::Line;
use super::load::Configured;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::timeline::PORT;
use crate::check::django::Value;
use crate::check::subject::Subject;
use crate::level::Level;

const RULE: &str = "EB004";

/// Addresses that a server listens on, and where that is said.
struct Bound {
    addresses: Vec<String>,
    path: String,
    span: Range<usize>,
}

pub(super) fn check(subject: &mut Subject<'_>, line: &Line<'_>) {
    let port = subject.customizations.option(DEFAULT_NAMESPACE, "PORT");
    let (set, expected) = (port.is_some(), port.and_then(|port| port.parse().ok()).unwrap_or(PORT));
    let Some(Bound { addresses, path, span }) = bound(subject, line, set) else { return };
    let bind = format!("bind `127.0.0.1:{expected}`");
    let number = |address: &str| address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    let right = |address: &String| number(address) == Some(expected);
    // Several addresses: one of them may be the right one, or not be known.
    let Some(address) = addresses.first().filter(|_| !addresses.iter().any(right)) else { return };
    if address.starts_with("unix:") {
        if !subject.tree.is_dir(".platform/nginx") {
            let message = format!("the proxy asks port {expected}, and nobody listens there: every request is a 502");
            subject.find(RULE, &path, span, message, bind);
        }
    } else if address.contains("$PORT") || address.contains("${PORT") {
        if !set && !address.contains(":-") {
            let message =
                "no file here sets `PORT`: unless a property of the environment does, the server does not start";
            let fix = format!("bind `127.0.0.1:{PORT}`, or set `PORT` as an environment property");
            subject.find(RULE, &path, span, message, fix).level = Level::Warning;
        }
    } else if let Some(bound) = number(address) {
        let message =
            format!("the proxy asks port {expected}, and the server listens on {bound}: every request is a 502");
        let fix = format!("{bind}, or set `PORT` to {bound} as an environment property");
        subject.find(RULE, &path, span, message, fix);
    }
}

/// What the command line says comes before what a variable says, and that before a file.
fn bound(subject: &Subject<'_>, line: &Line<'_>, port_is_set: bool) -> Option<Bound> {
    let server = line.server()?;
    let flags: &[&[&str]] = match server {
        "gunicorn" => &[&["--bind", "-b"]],
        // daphne's `-b` is an address without its port.
        "daphne" => &[&["--port", "-p"]],
        "waitress-serve" => &[&["--listen"], &["--port"]],
        _ => &[&["--bind", "-b"], &["--port", "-p"]],
    };
    let typed: Vec<_> = flags.iter().flat_map(|flags| line.values_of(flags)).collect();
    if let Some((span, _)) = typed.first() {
        let addresses = typed.iter().map(|(_, address)| address.trim_matches(['"', '\'']).to_owned()).collect();
        return Some(Bound { addresses, path: line.path.to_owned(), span: span.clone() });
    }
    match server {
        "gunicorn" => configured(subject, line, port_is_set),
        "waitress-serve" => {
            let span = line.words.first()?.0.clone();
            Some(Bound { addresses: vec![":8080".to_owned()], path: line.path.to_owned(), span })
        }
        _ => None,
    }
}

/// What `GUNICORN_CMD_ARGS` or gunicorn's own file says.
fn configured(subject: &Subject<'_>, line: &Line<'_>, port_is_set: bool) -> Option<Bound> {
    const VARIABLE: &str = "GUNICORN_CMD_ARGS";
    let files = subject.customizations.used();
    let mut all = files.flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)));
    if let Some((file, setting)) =
        all.find(|(_, setting)| setting.namespace.value == DEFAULT_NAMESPACE && setting.name.value == VARIABLE)
    {
        let words: Vec<&str> = setting.value.value.split([' ', '=']).collect();
        let mut addresses = words.windows(2).filter(|pair| matches!(pair[0], "--bind" | "-b")).map(|pair| pair[1]);
        if let Some(address) = addresses.next() {
            let addresses = vec![address.to_owned()];
            return Some(Bound { addresses, path: file.path.clone(), span: setting.value.span.clone() });
        }
    }
    let conf = Configured::of(subject, Some(line)).settings?;
    let setting = conf.get("bind")?;
    let (path, span) = (setting.path.clone(), setting.span.clone());
    if conf.requires("PORT") && !port_is_set {
        return Some(Bound { addresses: vec!["$PORT".to_owned()], path, span });
    }
    let addresses: Vec<String> = match setting.value.by_default() {
        Value::Text(address) => vec![address.clone()],
        Value::List(items) => items.iter().map(|item| item.text().map(str::to_owned)).collect::<Option<_>>()?,
        _ => return None,
    };
    Some(Bound { addresses, path, span })
}
