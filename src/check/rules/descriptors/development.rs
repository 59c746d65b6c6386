//! Development: containers in which Django's server for the desk answers the visitors.

use std::ops::Range;

use serde_json::Value;

use crate::beanstalk::yaml::{self, Node};
use crate::check::subject::{DOCKERRUN, Subject};

const SERVERS: [&str; 2] = ["runserver", "runserver_plus"];

pub(super) fn check(subject: &mut Subject<'_>) {
    let Some(path) = subject.customizations.containers.clone() else { return };
    // What may be for the desk alone is not what visitors reach.
    if subject.guessed() {
        return;
    }
    let found = match path.as_str() {
        DOCKERRUN => of_dockerrun(subject),
        "Dockerfile" => of_image(subject),
        compose => of_compose(subject, compose),
    };
    let Some((path, span)) = found else { return };
    let message = "the server for development answers the visitors: Django's own guide says never to let it";
    let fix =
        "start gunicorn, such as `gunicorn --bind 0.0.0.0:8000 mysite.wsgi`, and let WhiteNoise serve static files";
    subject.find("EB007", &path, span, message, fix);
}

fn of_dockerrun(subject: &Subject<'_>) -> Option<(String, Range<usize>)> {
    let text = subject.tree.text(DOCKERRUN)?;
    let document: Value = serde_json::from_str(text).ok()?;
    let is_word = |value: &Value| match value {
        Value::Array(words) => words.iter().filter_map(Value::as_str).any(|word| SERVERS.contains(&word)),
        Value::String(line) => has_server(line),
        _ => false,
    };
    let definitions = document["containerDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_task = definitions.iter().any(|definition| is_word(&definition["command"]));
    if of_task || is_word(&document["Command"]) {
        return Some((DOCKERRUN.to_owned(), place(text, 0)?));
    }
    let builds = definitions.is_empty() && document["Command"].is_null() && document["Image"]["Name"].is_null();
    builds.then(|| of_image(subject)).flatten()
}

fn of_compose(subject: &Subject<'_>, path: &str) -> Option<(String, Range<usize>)> {
    let text = subject.tree.text(path)?;
    let root = yaml::parse(text).ok()??;
    let mut builds = false;
    for (_, _, service) in root.get("services")?.mapping()?.named() {
        let words = |node: &Node| match node.sequence() {
            Some(words) => words.iter().filter_map(Node::as_str).any(|word| SERVERS.contains(&word)),
            None => node.as_str().is_some_and(has_server),
        };
        match service.get("command") {
            Some(command) if words(command) => return Some((path.to_owned(), place(text, command.span.start)?)),
            Some(_) => {}
            None => builds |= service.get("build").is_some_and(|build| build.as_str() == Some(".")),
        }
    }
    builds.then(|| of_image(subject)).flatten()
}

/// What an image starts where nobody says otherwise: the last of its commands.
fn of_image(subject: &Subject<'_>) -> Option<(String, Range<usize>)> {
    let text = subject.tree.text("Dockerfile")?;
    let mut start = 0;
    let mut last = None;
    for line in text.split_inclusive('\n') {
        if line.to_ascii_uppercase().starts_with("CMD ") || line.to_ascii_uppercase().starts_with("ENTRYPOINT ") {
            last = Some((start, line));
        }
        start += line.len();
    }
    let (start, line) = last.filter(|(_, line)| has_server(line))?;
    Some(("Dockerfile".to_owned(), place(text, start).filter(|span| span.end <= start + line.len())?))
}

fn has_server(line: &str) -> bool {
    line.split(|char: char| char.is_whitespace() || "[],\"'".contains(char)).any(|word| SERVERS.contains(&word))
}

fn place(text: &str, from: usize) -> Option<Range<usize>> {
    let start = from + text.get(from..)?.find(SERVERS[0])?;
    Some(start..start + SERVERS[0].len())
}
