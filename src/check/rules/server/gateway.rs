//! Gateway: WSGI or ASGI, the one that the server speaks and the one that the application does.

use std::ops::Range;

use super::line::Line;
use super::load::Configured;
use super::target::{exists, file_of, is_one, object};
use crate::check::subject::Subject;

const RULE: &str = "EB002";
const IMAGE: &str = "Dockerfile";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gateway {
    Wsgi,
    Asgi,
}

/// Classes of frameworks whose objects are applications.
const FRAMEWORKS: [(&str, Gateway); 8] = [
    ("FastAPI", Gateway::Asgi),
    ("Litestar", Gateway::Asgi),
    ("Quart", Gateway::Asgi),
    ("Starlette", Gateway::Asgi),
    ("get_asgi_application", Gateway::Asgi),
    ("Bottle", Gateway::Wsgi),
    ("Flask", Gateway::Wsgi),
    ("get_wsgi_application", Gateway::Wsgi),
];

/// An application that is given to a server of the other kind; `line`: what starts it, where the platform does not.
pub(super) fn check(
    subject: &mut Subject<'_>,
    path: &str,
    span: &Range<usize>,
    written: &str,
    roots: &[&str],
    line: Option<&Line<'_>>,
) {
    let Some((server, speaks)) = server(subject, line) else { return };
    let (module, name) = written.split_once(':').unwrap_or((written, "application"));
    let file = std::iter::once("").chain(roots.iter().copied()).find_map(|root| file_of(subject, root, module));
    let Some(text) = file.and_then(|file| subject.tree.code(&file)) else { return };
    let Some((framework, needs)) = made(text, name).filter(|(_, needs)| *needs != speaks) else { return };
    let what = match needs {
        Gateway::Asgi => "an ASGI application",
        Gateway::Wsgi => "a WSGI application",
    };
    let by = match (speaks, server) {
        (Gateway::Wsgi, "gunicorn") => "gunicorn's own workers speak WSGI".to_owned(),
        (Gateway::Wsgi, _) => format!("`{server}` speaks WSGI"),
        (Gateway::Asgi, "gunicorn") => "the workers that gunicorn is told to take speak ASGI".to_owned(),
        (Gateway::Asgi, _) => format!("`{server}` speaks ASGI"),
    };
    let message = format!("every request is a 500: `{module}` is {what}, and {by}");
    let twin = |ending: &str| {
        let package = module.rsplit_once('.').map_or("", |(package, _)| package);
        let twin = format!("{package}.{ending}");
        (framework.starts_with("get_") && !package.is_empty() && exists(subject, "", &twin)).then_some(twin)
    };
    let worker = match path {
        "Procfile" | IMAGE => "add `--worker-class uvicorn_worker.UvicornWorker`, of the package `uvicorn-worker`",
        _ => "`gunicorn --worker-class uvicorn_worker.UvicornWorker` in a `Procfile`",
    };
    match (needs, twin(if needs == Gateway::Asgi { "wsgi" } else { "asgi" })) {
        (Gateway::Asgi, Some(twin)) => {
            let target = format!("{twin}:application");
            let fix =
                format!("write `{target}`, or take `--worker-class uvicorn_worker.UvicornWorker` in a `Procfile`");
            subject.find(RULE, path, span.clone(), message, fix).replace(target);
        }
        (Gateway::Asgi, None) if server == "gunicorn" => drop(subject.find(RULE, path, span.clone(), message, worker)),
        (Gateway::Asgi, None) => {
            let fix = "serve it with uvicorn, or with gunicorn and workers of `uvicorn-worker`";
            subject.find(RULE, path, span.clone(), message, fix);
        }
        (Gateway::Wsgi, Some(twin)) => {
            let target = format!("{twin}:application");
            subject.find(RULE, path, span.clone(), message, format!("write `{target}`")).replace(target);
        }
        (Gateway::Wsgi, None) if server == "gunicorn" => {
            subject.find(RULE, path, span.clone(), message, "take the option with the class of the workers out");
        }
        (Gateway::Wsgi, None) => {
            let fix = format!("`gunicorn {written}` in its place");
            subject.find(RULE, path, span.clone(), message, fix);
        }
    }
}

/// The same of the image that runs, where its file tells all of it.
pub(in crate::check::rules) fn of_image(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    if subject.composes() || !tree.is_file(IMAGE) || !subject.prepared() || subject.guessed() {
        return;
    }
    let Some(line) = tree.text(IMAGE).and_then(Line::of_image) else { return };
    let folder: Vec<&str> = line.value_of(&["--chdir", "--app-dir"]).map(|(_, folder)| folder).into_iter().collect();
    let words: Vec<_> = line.operands().filter(|(_, word)| is_one(word)).collect();
    for (span, word) in words {
        let module = word.split(':').next().unwrap_or(word);
        if let Some(file) = file_of(subject, "", module).filter(|_| folder.is_empty()) {
            object(subject, IMAGE, &span, word, &file);
        }
        check(subject, IMAGE, &span, word, &folder, Some(&line));
    }
}

/// The server, and what it speaks, where that is certain.
fn server(subject: &Subject<'_>, line: Option<&Line<'_>>) -> Option<(&'static str, Gateway)> {
    // Without a line of one's own, the platform starts gunicorn.
    let server = line.map_or(Some("gunicorn"), Line::server)?;
    let class = line.and_then(|line| line.value_of(&["--worker-class", "-k"])).map(|(_, class)| class);
    let speaks = match (server, class) {
        ("gunicorn", Some(class)) => match class {
            "sync" | "gthread" | "eventlet" | "gevent" => Gateway::Wsgi,
            class if class.starts_with("uvicorn") && class.ends_with("Worker") => Gateway::Asgi,
            _ => return None,
        },
        ("gunicorn", None) => Configured::of(subject, line).is_wsgi().then_some(Gateway::Wsgi)?,
        ("waitress-serve", _) => Gateway::Wsgi,
        // It is told otherwise by an option, and then tries what there is.
        ("uvicorn", _) if line.is_none_or(|line| line.value_of(&["--interface"]).is_none()) => Gateway::Asgi,
        ("daphne", _) => Gateway::Asgi,
        _ => return None,
    };
    Some((server, speaks))
}

/// What a module makes the object of, where that is one of the frameworks' and it is made once: what is put around it may speak another.
fn made(text: &str, name: &str) -> Option<(&'static str, Gateway)> {
    let given = |line: &'_ str| -> Option<String> {
        let rest = line.strip_prefix(name)?.trim_start();
        let rest = match rest.strip_prefix(':') {
            Some(typed) => typed.split_once('=')?.1,
            None => rest.strip_prefix('=').filter(|rest| !rest.starts_with('='))?,
        };
        Some(rest.trim_start().split('(').next()?.rsplit('.').next()?.trim_end().to_owned())
    };
    // Further in, it may be another one or none.
    let mut all = text.lines().filter_map(|line| Some((given(line.trim_start())?, line.starts_with(name))));
    let (only, _) = all.next().filter(|(_, at_top)| *at_top && all.next().is_none())?;
    let found = FRAMEWORKS.into_iter().find(|(framework, _)| *framework == only)?;
    let wraps = ["WsgiToAsgi", "WSGIMiddleware", "ASGIMiddleware", "a2wsgi", "AsgiToWsgi", "import *"];
    (!wraps.iter().any(|word| text.contains(word))).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_makes() {
        let of = |text: &str| made(text, "app").map(|(framework, _)| framework);
        for (text, expected) in [
            ("app = FastAPI()\n", Some("FastAPI")),
            ("app: FastAPI = FastAPI(title='a')\n", Some("FastAPI")),
            ("app = flask.Flask(__name__)\n", Some("Flask")),
            ("app = create_app()\n", None),
            ("app = FastAPI()\napp = Sentry(app)\n", None),
            ("application = FastAPI()\n", None),
            ("app == FastAPI()\n", None),
            ("from a2wsgi import ASGIMiddleware\napp = FastAPI()\nserved = ASGIMiddleware(app)\n", None),
            ("app.state = FastAPI()\n", None),
            ("", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
