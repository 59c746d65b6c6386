//! Starts: versions that pip installs without a word, and that stop where they are imported.

use std::cell::OnceCell;

use super::installs::{self, numbers};
use super::loads::Loads;
use super::pythons::{On, Pythons, counts};
use super::stops::{self, By, Stops, When};
use super::{bounds, compiled};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::beanstalk::version::Version;
use crate::check::installed::Installed;
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

const RULE: &str = "EB172";

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let lines: Vec<&Requirement> = requirements.lines.iter().filter(|line| counts(subject, line)).collect();
    let loads = OnceCell::new();
    for line in lines {
        let rows = stops::of(&line.name);
        let Some(exact) = line.exact().and_then(numbers).filter(|_| !rows.is_empty()) else { continue };
        let found = rows
            .iter()
            .filter(|row| row.covers(&exact))
            .find_map(|row| Some((row, why(subject, requirements, &row.by)?)));
        let imported = || {
            let loads = loads.get_or_init(|| Loads::of(subject));
            is_imported(subject, requirements, &line.name, loads)
        };
        let Some((Stops { first, error, by, when, .. }, (why, on))) = found.filter(|_| imported()) else { continue };
        let (name, version) = (&line.name, line.exact().unwrap_or_default());
        let message = match when {
            When::Import => format!("the server does not start: `{name}` {version} stops with `{error}` {why}"),
            When::Use => format!("every use of `{name}` {version} fails with `{error}` {why}"),
        };
        let fix = match by {
            _ if first.is_none() => "take it out: it has ended".to_owned(),
            By::Python(_) => format!("take a newer version of `{name}`"),
            By::Setuptools => format!("take a newer version of `{name}`, or pin `setuptools` below 82"),
            By::Beside { other, said, .. } => {
                format!("take a newer version of `{name}`, or pin `{other}` below {said}")
            }
        };
        let finding = subject.find(RULE, &line.path, line.span.clone(), message, fix);
        // What else the platform brings into the environment is not known.
        if matches!(by, By::Setuptools) && on.is_some() {
            finding.level = Level::Warning;
        }
        if let Some(on) = on {
            on.lower(finding);
        }
    }
}

/// What makes it stop, if that is so here, and on which Pythons.
fn why(subject: &Subject<'_>, requirements: &Requirements, by: &By) -> Option<(String, Option<On>)> {
    match by {
        By::Python(from) => {
            let on = Pythons::of(subject)?.first(|minor| minor >= *from)?;
            Some((format!("on {on}"), Some(on)))
        }
        By::Setuptools => {
            // In a virtual environment of Python 3.11 there is one that has the module.
            const BARE: u32 = 12;
            const WITHOUT: [u32; 3] = [82, 0, 0];
            let line = requirements.lines.iter().find(|line| line.name == "setuptools");
            let exact = line.and_then(Requirement::exact);
            match exact.and_then(numbers) {
                Some(version) => {
                    let without = version.as_slice() >= WITHOUT.as_slice();
                    without.then(|| (format!("beside `setuptools` {}", exact.unwrap_or_default()), None))
                }
                None if line.is_some_and(|line| line.specifier.contains(['<', '~']))
                    || !requirements.unread.is_empty() =>
                {
                    None
                }
                None => {
                    let on = Pythons::of(subject)?.first(|minor| minor >= BARE)?;
                    Some((
                        format!(
                            "on {on}, unless an older `setuptools` is there: the newest, which pip takes, is without it"
                        ),
                        Some(on),
                    ))
                }
            }
        }
        By::Beside { other, from, .. } => {
            if *other == "numpy" && holds_numpy(requirements) {
                return None;
            }
            Installed::of(subject).brought_since(other, from).map(|beside| (beside, None))
        }
    }
}

/// Is there something that may not take the newest `numpy`?
fn holds_numpy(requirements: &Requirements) -> bool {
    const OLDER: [&str; 22] = [
        "chromadb",
        "catboost",
        "fastai",
        "gensim",
        "gradio",
        "jax",
        "langchain",
        "langchain-community",
        "librosa",
        "llvmlite",
        "mlflow",
        "numba",
        "prophet",
        "pycaret",
        "rasa",
        "spacy",
        "statsmodels",
        "streamlit",
        "tensorflow",
        "tensorflow-cpu",
        "thinc",
        "ydata-profiling",
    ];
    requirements.lines.iter().any(|line| {
        OLDER.contains(&line.name.as_str()) || (line.name != "numpy" && bounds::refuses(line, "numpy", &vec![2, 0, 0]))
    })
}

/// Does the server import it, as far as files tell? Lists often have packages of another project.
fn is_imported(subject: &Subject<'_>, requirements: &Requirements, name: &str, loads: &Loads) -> bool {
    let starts = |words: &[&str]| {
        let named = |run: &Run| words.iter().any(|word| run.name() == *word || run.has(word));
        subject.scripts().iter().any(|script| script.host_runs().any(named))
    };
    let django = !requirements.get("django").is_no() || subject.django();
    match name {
        // pip fails before.
        "psycopg2" if !compiled::is_there(subject, installs::LIBPQ) => false,
        "gunicorn" => subject.customizations.procfile.is_none() || starts(&["gunicorn"]),
        // An application of celery's imports these with it.
        "celery" | "kombu" | "amqp" | "vine" | "billiard" => {
            let app = |path: &str| path.ends_with("/celery.py") && path.matches('/').count() <= 2;
            let settings = ["'django_celery_beat'", "'django_celery_results'", "'djcelery'"];
            starts(&["celery"])
                || subject.tree.iter().any(|(path, _)| app(path))
                || loads.imports(&["celery", "djcelery"])
                || loads.names(&settings)
        }
        // Its own zones since 4.0.
        "pytz" if requirements.django().is_some_and(|django| django < Version::new(4, 0)) => true,
        "flask" | "jinja2" | "markupsafe" | "werkzeug" if !django => mentions(subject, "flask"),
        _ if !django && name.starts_with("flask-") => mentions(subject, &name.replace('-', "_")),
        _ => stops::uses(name).is_some_and(|uses| loads.imports(&uses.modules) || loads.names(&uses.settings)),
    }
}

/// Does a module of the project's import it, wherever that stands? Lists have what other packages brought along.
fn mentions(subject: &Subject<'_>, module: &str) -> bool {
    let imports = |line: &str| {
        let mut words = line.split([' ', '\t', ',', '(']).filter(|word| !word.is_empty());
        matches!(words.next(), Some("import" | "from")) && words.any(|word| word.split('.').next() == Some(module))
    };
    subject
        .tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.ends_with(".py") && !path.contains("site-packages"))
        .any(|path| subject.tree.text(path).is_some_and(|text| text.contains(module) && text.lines().any(imports)))
}
