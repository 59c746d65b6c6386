//! Starts: versions that pip installs without a word, and that stop where they are imported.

use super::pins::{minor, numbers};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::subject::Subject;
use crate::check::words::Run;

const RULE: &str = "EB172";

/// A version that stops at its import. Each was installed and imported with Python 3.11 and 3.12, in November 2026.
struct Stops {
    name: &'static str,
    /// The first that does not.
    first: [u32; 3],
    by: By,
    error: &'static str,
}

enum By {
    /// Python from this minor version on.
    Python(u32),
    /// Another package from this version on, which pip takes if nobody says otherwise.
    Beside(&'static str, [u32; 3]),
}

const fn python(name: &'static str, first: [u32; 3], minor: u32, error: &'static str) -> Stops {
    Stops { name, first, by: By::Python(minor), error }
}

const fn beside(
    name: &'static str,
    first: [u32; 3],
    other: &'static str,
    from: [u32; 3],
    error: &'static str,
) -> Stops {
    Stops { name, first, by: By::Beside(other, from), error }
}

/// No version of it works with what is newer beside it.
const NONE: [u32; 3] = [u32::MAX; 3];

const STOPS: [Stops; 18] = [
    python("celery", [5, 0, 0], 11, "cannot import name 'formatargspec' from 'inspect'"),
    python("jinja2", [2, 10, 2], 10, "cannot import name 'Mapping' from 'collections'"),
    python("gunicorn", [20, 0, 0], 12, "No module named 'gunicorn.six.moves'"),
    beside("jinja2", [3, 0, 0], "markupsafe", [2, 1, 0], "cannot import name 'soft_unicode' from 'markupsafe'"),
    beside("flask", [1, 1, 3], "jinja2", [3, 1, 0], "cannot import name 'Markup' from 'jinja2'"),
    beside("flask", [2, 0, 0], "markupsafe", [2, 1, 0], "cannot import name 'soft_unicode' from 'markupsafe'"),
    beside("flask", [2, 2, 4], "werkzeug", [3, 0, 0], "cannot import name 'url_quote' from 'werkzeug.urls'"),
    beside("flask-login", [0, 6, 3], "werkzeug", [3, 0, 0], "cannot import name 'url_decode' from 'werkzeug.urls'"),
    beside(
        "flask-login",
        [0, 6, 0],
        "werkzeug",
        [2, 1, 0],
        "cannot import name 'safe_str_cmp' from 'werkzeug.security'",
    ),
    beside(
        "flask-wtf",
        [0, 15, 0],
        "werkzeug",
        [2, 1, 0],
        "cannot import name 'safe_str_cmp' from 'werkzeug.security'",
    ),
    beside("flask-wtf", [1, 0, 2], "flask", [3, 0, 0], "cannot import name 'Markup' from 'flask'"),
    beside("flask-sqlalchemy", [2, 5, 2], "flask", [3, 0, 0], "cannot import name '_app_ctx_stack' from 'flask'"),
    beside("flask-restful", [0, 3, 9], "flask", [3, 0, 0], "cannot import name '_endpoint_from_view_func'"),
    beside("flask-admin", [1, 5, 9], "jinja2", [3, 1, 0], "cannot import name 'contextfunction' from 'jinja2'"),
    beside("flask-uploads", NONE, "werkzeug", [1, 0, 0], "cannot import name 'secure_filename' from 'werkzeug'"),
    python("flask-jwt", NONE, 10, "cannot import name 'Mapping' from 'collections'"),
    beside("flask-script", NONE, "flask", [2, 0, 0], "No module named 'flask._compat'"),
    beside("flask-restplus", NONE, "werkzeug", [1, 0, 0], "cannot import name 'cached_property' from 'werkzeug'"),
];

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let lines: Vec<&Requirement> =
        requirements.lines.iter().filter(|line| !line.constraint && line.marker.is_none()).collect();
    for line in lines {
        let Some(exact) = line.exact().and_then(numbers).filter(|_| is_imported(subject, requirements, &line.name))
        else {
            continue;
        };
        let stops = |stops: &&Stops| stops.name == line.name && exact.as_slice() < stops.first.as_slice();
        let found = STOPS.iter().filter(stops).find_map(|stops| Some((stops, why(subject, requirements, &stops.by)?)));
        let Some((Stops { first, error, by, .. }, why)) = found else { continue };
        let (name, version) = (&line.name, line.exact().unwrap_or_default());
        let message = format!("the server does not start: `{name}` {version} stops with `{error}` {why}");
        let fix = match by {
            _ if *first == NONE => "take it out: it has ended".to_owned(),
            By::Python(_) => format!("take a newer version of `{name}`"),
            By::Beside(other, [major, minor, _]) => {
                format!("take a newer version of `{name}`, or pin `{other}` below {major}.{minor}")
            }
        };
        subject.find(RULE, &line.path, line.span.clone(), message, fix);
    }
}

/// What makes it stop, if that is so here.
fn why(subject: &Subject<'_>, requirements: &Requirements, by: &By) -> Option<String> {
    match by {
        By::Python(from) => {
            let (python, named) = minor(subject).filter(|(python, _)| python >= from)?;
            Some(format!("on Python 3.{python}{}", if named { "" } else { " and newer" }))
        }
        By::Beside(other, from) => {
            let all = || requirements.lines.iter().filter(|line| line.name == *other);
            let Some(line) = all().next() else {
                let read = requirements.unread.is_empty();
                return read.then(|| format!("beside the newest `{other}`, which pip takes"));
            };
            let exact = all().find_map(Requirement::exact);
            let newest = || !all().any(|line| line.specifier.contains(['<', '=', '~']) && !is_lower(&line.specifier));
            match exact.and_then(numbers) {
                Some(version) => (version.as_slice() >= from.as_slice())
                    .then(|| format!("beside `{other}` {}", exact.unwrap_or_default())),
                None => newest().then(|| format!("beside the newest `{}`, which pip takes", line.name)),
            }
        }
    }
}

/// Does it say only how old a version may be?
fn is_lower(specifier: &str) -> bool {
    specifier.starts_with('>') && !specifier.contains(',')
}

/// Does the server import it, as far as files tell? Lists often have packages of another project.
fn is_imported(subject: &Subject<'_>, requirements: &Requirements, name: &str) -> bool {
    let starts = |words: &[&str]| {
        let named = |run: &Run| words.iter().any(|word| run.name() == *word || run.has(word));
        subject.scripts().iter().any(|script| script.host_runs().any(named))
    };
    match name {
        "gunicorn" => subject.customizations.procfile.is_none() || starts(&["gunicorn"]),
        "celery" => {
            let app = |path: &str| path.ends_with("/celery.py") && path.matches('/').count() <= 2;
            starts(&["celery"]) || subject.tree.iter().any(|(path, _)| app(path))
        }
        _ => requirements.get("django").is_no() && !subject.django(),
    }
}
