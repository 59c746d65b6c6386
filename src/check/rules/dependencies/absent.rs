//! Absent packages: what the site needs, and nobody installs. Certain only where everything could be read.

mod backends;

use crate::beanstalk::requirements::{FILE, Requirement, Requirements};
use crate::check::django::{self, Value};
use crate::check::script::Place;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    if requirements.source.is_none() {
        nothing(subject);
    }
    no_django(subject, requirements);
    modules(subject, requirements);
    applications(subject, requirements);
    backends::check(subject, requirements);
    programs(subject, requirements);
}

fn installs_itself(subject: &Subject<'_>) -> bool {
    subject.scripts().iter().flat_map(|script| script.host_runs()).any(|run| {
        run.pip().is_some_and(|word| word.text == "install")
            || matches!(run.name(), "uv" | "poetry" | "pipenv" | "conda")
    })
}

fn vendors(subject: &Subject<'_>) -> bool {
    subject.tree.is_dir("django") || subject.tree.iter().any(|(path, _)| path.ends_with(".whl"))
}

/// A project of Django's without any list of packages at the top of the bundle.
fn nothing(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    // Locks of other tools have a rule of their own.
    let locks = ["uv.lock", "poetry.lock", "pdm.lock"].iter().any(|path| tree.is_file(path));
    let prepared = tree.is_dir(".ebextensions") || tree.is_dir(".platform");
    let other = tree.text("application.py").is_some_and(|text| {
        ["import flask", "from flask", "from fastapi", "import dash"].iter().any(|import| text.contains(import))
    });
    let near = tree.iter().map(|(path, _)| path).filter(|path| path.matches('/').count() <= 2).find(|path| {
        let path = path.to_ascii_lowercase();
        path.contains("requirement") && path.ends_with(".txt")
    });
    // A server that is told what to load, and loads Django from a folder below.
    let told = tree.is_file("Procfile")
        || subject.customizations.option("aws:elasticbeanstalk:container:python", "WSGIPath").is_some();
    let below = || {
        told && near.is_some()
            && !django::root(tree).is_empty()
            && subject.settings().is_some_and(|settings| settings.get("INSTALLED_APPS").is_some())
    };
    if locks
        || !prepared
        || !(subject.django() || other || below())
        || subject.guessed()
        || installs_itself(subject)
        || vendors(subject)
    {
        return;
    }
    let ignored = tree.text(".ebignore").and_then(|text| {
        let mut at = 0;
        text.split_inclusive('\n').find_map(|line| {
            let start = at;
            at += line.len();
            let pattern = line.trim();
            matches!(
                pattern.trim_start_matches('/'),
                "*.txt" | "**/*.txt" | "requirements*" | "requirements*.txt" | FILE
            )
            .then(|| (start..start + line.trim_end().len(), pattern.to_owned()))
        })
    });
    if let Some((span, pattern)) = ignored {
        let message = format!(
            "the server does not start: `{pattern}` keeps `{FILE}` out of the bundle, and nothing is installed"
        );
        subject.find("EB166", ".ebignore", span, message, format!("take the line out, or add `!{FILE}` after it"));
        return;
    }
    let message =
        format!("the server does not start: there is no `{FILE}` at the top of the bundle, and nothing is installed");
    let fix = match near {
        Some(path) if path.contains('/') => format!("write `-r {path}` into a file `{FILE}` at the top"),
        Some(path) => format!("rename `{path}` to `{FILE}`"),
        None => "`pip freeze > requirements.txt` in the virtual environment of the project".to_owned(),
    };
    subject.find_file("EB166", FILE, message, fix);
}

/// Nobody installs Django.
fn no_django(subject: &mut Subject<'_>, requirements: &Requirements) {
    // A package of one's own may bring it along.
    let may_bring = requirements.lines.iter().any(|line| {
        line.name.is_empty()
            || line.name.contains("django")
            || line.editable
            || line.text.contains("://")
            || matches!(
                line.name.as_str(),
                "wagtail" | "mezzanine" | "saleor" | "nautobot" | "netbox" | "channels" | "cookiecutter"
            )
    });
    let Some(source) = requirements.source.filter(|_| requirements.get("django").is_no()) else { return };
    if installs_itself(subject) || may_bring || vendors(subject) || !subject.django() || !subject.prepared() {
        return;
    }
    let path = source.file();
    let message = format!("the server does not start: `{path}` asks for everything but Django");
    subject.find_file("EB163", path, message, "add `Django` with its version");
}

/// Modules that settings import or name, and the packages that have them. None is known to come along with another package.
const MODULES: &[(&str, &[&str])] = &[
    ("environ", &["django-environ", "environ", "environ-config"]),
    ("environs", &["environs"]),
    ("decouple", &["python-decouple"]),
    ("dotenv", &["python-dotenv", "django-dotenv"]),
    ("dj_database_url", &["dj-database-url"]),
    ("django_heroku", &["django-heroku", "django-on-heroku"]),
    ("configurations", &["django-configurations"]),
    ("split_settings", &["django-split-settings"]),
    ("whitenoise", &["whitenoise"]),
    ("corsheaders", &["django-cors-headers"]),
    ("storages", &["django-storages"]),
    ("sentry_sdk", &["sentry-sdk"]),
    ("pymysql", &["pymysql"]),
    ("cloudinary", &["cloudinary"]),
];

/// Applications that no other package brings along, but for those whose names have one of the words; and their packages.
const APPS: &[(&str, &str, &[&str])] = &[
    ("corsheaders", "django-cors-headers", &["cors"]),
    ("storages", "django-storages", &["storage"]),
    ("whitenoise", "whitenoise", &["heroku", "whitenoise"]),
    ("debug_toolbar", "django-debug-toolbar", &["debug-toolbar"]),
    ("crispy_forms", "django-crispy-forms", &["crispy"]),
    ("widget_tweaks", "django-widget-tweaks", &["tweaks"]),
    ("django_extensions", "django-extensions", &["extensions"]),
    ("import_export", "django-import-export", &["import-export"]),
    ("django_celery_beat", "django-celery-beat", &["celery-beat"]),
    ("django_celery_results", "django-celery-results", &["celery-results"]),
    ("sass_processor", "django-sass-processor", &["sass"]),
    ("dbbackup", "django-dbbackup", &["dbbackup"]),
    ("health_check", "django-health-check", &["health"]),
    ("channels", "channels", &["channels", "websocket"]),
];

/// Applications that many packages bring along, and their packages: missing where it is known that none of those is asked for.
const BROUGHT: &[(&str, &str)] = &[
    ("allauth", "django-allauth"),
    ("ckeditor", "django-ckeditor"),
    ("compressor", "django-compressor"),
    ("django_filters", "django-filter"),
    ("drf_spectacular", "drf-spectacular"),
    ("drf_yasg", "drf-yasg"),
    ("mptt", "django-mptt"),
    ("rest_framework", "djangorestframework"),
    ("rest_framework_simplejwt", "djangorestframework-simplejwt"),
    ("taggit", "django-taggit"),
];

/// The package of an application that nobody asks for.
fn lacks(module: &str, requirements: &Requirements) -> Option<&'static str> {
    let asked = |package: &str, words: &[&str]| {
        // A package `storage` is another one.
        let brings = |line: &Requirement| {
            line.name == package || words.iter().any(|word| line.name.contains(word) && line.name != *word)
        };
        requirements.lines.iter().any(brings)
    };
    if let Some((_, package, words)) = APPS.iter().find(|(app, ..)| *app == module) {
        return (!asked(package, words)).then_some(*package);
    }
    let (_, package) = BROUGHT.iter().find(|(app, _)| *app == module)?;
    (is_closed(requirements, true) && !asked(package, &[])).then_some(*package)
}

/// The file with the list of packages, where all that is installed could be read from it.
fn listed(subject: &Subject<'_>, requirements: &Requirements) -> Option<&'static str> {
    let other = |line: &Requirement| line.name.is_empty() || line.editable || line.text.contains("://");
    let read = requirements.unread.is_empty() && !requirements.lines.iter().any(other);
    let source = requirements.source.filter(|_| read && subject.prepared())?;
    let more = requirements.lines.is_empty() || installs_itself(subject) || vendors(subject);
    (!more).then(|| source.file())
}

/// An application or middleware that the settings name, and nobody installs.
fn applications(subject: &mut Subject<'_>, requirements: &Requirements) {
    let tree = subject.tree;
    let Some(file) = listed(subject, requirements) else { return };
    let Some(settings) = subject.settings() else { return };
    for name in ["INSTALLED_APPS", "MIDDLEWARE"] {
        let Some(setting) = settings.get(name) else { continue };
        for item in setting.value.items().iter().filter_map(Value::text) {
            let module = item.split('.').next().unwrap_or(item);
            let Some(package) = lacks(module, requirements) else { continue };
            let own = tree.iter().any(|(path, _)| path.split('/').any(|part| part == module));
            if own {
                continue;
            }
            // Where the name stands, if the value's own text has it.
            let text = tree.text(&setting.path).unwrap_or_default();
            let found = text.get(setting.span.start..).and_then(|rest| rest.find(item));
            let span = found.map(|at| setting.span.start + at..setting.span.start + at + item.len());
            let message = format!(
                "the server does not start: `No module named '{module}'`, since `{file}` does not ask for `{package}`"
            );
            let fix = format!("add `{package}` with its version");
            subject.find("EB169", &setting.path, span.unwrap_or_else(|| setting.span.clone()), message, fix);
            return;
        }
    }
}

/// Packages that bring no program and no other package along.
const PLAIN: [&str; 21] = [
    "asgiref",
    "boto3",
    "celery",
    "dj-database-url",
    "django",
    "django-environ",
    "gunicorn",
    "mysqlclient",
    "packaging",
    "pillow",
    "psycopg",
    "psycopg2",
    "psycopg2-binary",
    "python-decouple",
    "redis",
    "sqlparse",
    "typing-extensions",
    "tzdata",
    "uvicorn",
    "uvicorn-worker",
    "whitenoise",
];

/// Is it known of a list that was read what it brings along? The packages of these applications bring none of the others.
fn is_closed(requirements: &Requirements, apps: bool) -> bool {
    let known = |line: &Requirement| {
        PLAIN.contains(&line.name.as_str()) || (apps && APPS.iter().any(|(_, package, _)| *package == line.name))
    };
    is_whole(requirements) || requirements.lines.iter().all(known)
}

/// Only a list with everything in it, as `pip freeze` writes it, shows what is missing.
fn is_whole(requirements: &Requirements) -> bool {
    let frozen = |line: &Requirement| line.exact().is_some() && !line.name.is_empty();
    requirements.lines.len() > 5 && requirements.lines.iter().all(frozen) && requirements.unread.is_empty()
}

/// A module that the served files import, and no line of a whole list has its package.
fn modules(subject: &mut Subject<'_>, requirements: &Requirements) {
    if !is_whole(requirements)
        || !subject.django()
        || !subject.prepared()
        || installs_itself(subject)
        || vendors(subject)
    {
        return;
    }
    let mut files = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    let wsgi = crate::check::django::in_wsgi(subject.tree, subject.customizations).map(|named| named.path);
    files.extend(wsgi);
    for path in files {
        let Some(text) = subject.tree.text(&path) else { continue };
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            // At the first column: what is indented may be tried, or for development only.
            let module = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "));
            let Some(module) = module.and_then(|rest| rest.split([' ', '.', ',', '\n', '\r']).next()) else { continue };
            let Some((_, packages)) = MODULES.iter().find(|(name, _)| *name == module) else { continue };
            let there = packages.iter().any(|name| requirements.get(name).yes().is_some());
            let own = subject.tree.is_dir(module) || subject.tree.is_file(&format!("{module}.py"));
            if there || own {
                continue;
            }
            let file = requirements.source.map_or(FILE, |source| source.file());
            let message = format!(
                "the server does not start: `No module named '{module}'`, since `{file}` does not ask for `{}`",
                packages[0]
            );
            subject.find(
                "EB169",
                &path,
                start..start + line.trim_end().len(),
                message,
                format!("add `{}` with its version", packages[0]),
            );
            return;
        }
    }
}

/// Programs that a line of `Procfile` starts, and the word that is in the names of all packages which bring them along. gunicorn
/// is on every instance.
const PROGRAMS: &[(&str, &str)] = &[
    ("uvicorn", "uvicorn"),
    ("daphne", "daphne"),
    ("hypercorn", "hypercorn"),
    ("waitress-serve", "waitress"),
    ("uwsgi", "uwsgi"),
    ("celery", "celery"),
    ("granian", "granian"),
];

/// A program that a process starts, or a class of gunicorn's workers, whose package no line asks for.
fn programs(subject: &mut Subject<'_>, requirements: &Requirements) {
    // What brings others along, and lines that nobody can see into.
    let brings = |line: &Requirement, word: &str| {
        line.name.is_empty()
            || line.name.contains(word)
            || line.extras.iter().any(|extra| extra.contains(word) || extra == "standard" || extra == "all")
            || line.editable
            || line.text.contains("://")
            || matches!((line.name.as_str(), word), ("fastapi" | "starlette" | "channels", "uvicorn" | "daphne"))
    };
    let file = requirements.source.map_or(FILE, |source| source.file());
    let whole = requirements.source.is_some() && requirements.unread.is_empty() && !requirements.lines.is_empty();
    if !whole || installs_itself(subject) || vendors(subject) || !subject.django() {
        return;
    }
    let scripts = subject.scripts();
    for script in scripts.iter().filter(|script| matches!(script.place, Place::Process(_))) {
        for run in script.host_runs() {
            let words = || std::iter::once(&run.program).chain(&run.arguments);
            let class =
                words().find(|word| word.text.contains("uvicorn.workers.") || word.text.contains("uvicorn_worker."));
            let named = PROGRAMS.iter().find(|(program, _)| run.name() == *program).map(|found| (found, &run.program));
            let Some(((_, word), place)) = named.or_else(|| Some((&PROGRAMS[0], class?))) else { continue };
            if requirements.lines.iter().any(|line| brings(line, word)) {
                continue;
            }
            let name = script.title();
            let message = format!(
                "{name} does not start: `{file}` does not ask for `{word}`, and the platform has gunicorn only"
            );
            let fix = format!("add `{word}` with its version");
            // A package that nobody here knows may bring it along.
            let level = if is_closed(requirements, false) { Level::Warning } else { Level::Note };
            subject.find("EB169", script.path, place.span.clone(), message, fix).level = level;
            return;
        }
    }
}
