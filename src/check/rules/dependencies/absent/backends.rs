//! Backends: classes that settings name by their path, of packages that nobody installs.

use super::super::first_use::{self, FirstUse};
use super::listed;
use super::modules::is_closed;
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

/// Modules, and the only package that each comes with.
const PACKAGES: [(&str, &str); 14] = [
    ("anymail", "django-anymail"),
    ("channels_redis", "channels-redis"),
    ("cloudinary_storage", "django-cloudinary-storage"),
    ("django_bmemcached", "django-bmemcached"),
    ("django_celery_beat", "django-celery-beat"),
    ("django_elasticache", "django-elasticache"),
    ("django_pylibmc", "django-pylibmc"),
    ("django_redis", "django-redis"),
    ("django_s3_storage", "django-s3-storage"),
    ("django_ses", "django-ses"),
    ("redbeat", "celery-redbeat"),
    ("redis_cache", "django-redis-cache"),
    ("sendgrid_backend", "django-sendgrid-v5"),
    ("storages", "django-storages"),
];

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let Some(file) = listed(subject, requirements) else { return };
    let Some(settings) = subject.settings() else { return };
    addresses(subject, requirements, &settings, &file);
    for FirstUse { setting: name, fails, level } in first_use::ALL.iter().filter(|one| one.is_asked(&settings)) {
        let Some(setting) = settings.get(name) else { continue };
        let Some((error, package)) = paths(setting).find_map(|path| lacks(subject, requirements, path)) else {
            continue;
        };
        let message = format!("{fails}: `{error}`, since `{file}` does not ask for `{package}`");
        let fix = format!("add `{package}` with its version");
        subject.find("EB169", &setting.path, setting.span.clone(), message, fix).level = *level;
        return;
    }
}

/// The classes that a setting names, as far as no variable decides.
fn paths(setting: &Setting) -> impl Iterator<Item = &str> {
    let parts: Vec<&Value> = match &setting.value {
        Value::Dict(pairs) => pairs.iter().map(|(_, part)| part.get("BACKEND")).collect(),
        value => vec![value],
    };
    parts.into_iter().filter_map(|value| match value {
        Value::Text(path) => Some(path.as_str()),
        _ => None,
    })
}

/// The error that the import of a class ends with, and the package that is missing.
fn lacks(subject: &Subject<'_>, requirements: &Requirements, path: &str) -> Option<(String, &'static str)> {
    let module = path.split('.').next().unwrap_or(path);
    let own = subject.tree.iter().any(|(path, _)| path.split('/').any(|part| part.trim_end_matches(".py") == module));
    let asked = |package: &str| requirements.lines.iter().any(|line| line.name == package);
    if let Some((_, package)) = PACKAGES.iter().find(|(name, _)| *name == module)
        && !asked(package)
        && !own
    {
        return Some((format!("No module named '{module}'"), package));
    }
    if let Some((_, package)) = OF_DJANGO.iter().find(|(class, _)| path.ends_with(class))
        && !brings(requirements, &[package])
        && is_closed(requirements, true)
    {
        return Some((format!("No module named '{package}'"), package));
    }
    let s3 = path.starts_with("storages.backends.s3");
    (s3 && !own && !brings(requirements, &BOTO) && is_closed(requirements, true))
        .then(|| ("ImproperlyConfigured: Could not load Boto3's S3 bindings".to_owned(), "boto3"))
}

/// Caches of Django's own, and the client that each imports at its first use.
const OF_DJANGO: [(&str, &str); 3] = [
    ("django.core.cache.backends.redis.RedisCache", "redis"),
    ("django.core.cache.backends.memcached.PyMemcacheCache", "pymemcache"),
    ("django.core.cache.backends.memcached.PyLibMCCache", "pylibmc"),
];

/// Words in the names of packages that bring boto3 along, and extras.
const BOTO: [&str; 8] = ["boto", "ses", "aws", "watchtower", "zappa", "sagemaker", "s3", "sqs"];

/// Does a line ask for something that has one of these words in its name or its extras?
fn brings(requirements: &Requirements, words: &[&str]) -> bool {
    let has = |line: &Requirement| {
        let extras = line.extras.iter().any(|extra| words.iter().any(|word| extra.contains(word)));
        extras || words.iter().any(|word| line.name.contains(word))
    };
    requirements.lines.iter().any(has)
}

/// What an address of Celery's needs beside Celery (each tried with 5.7, without it).
struct Client {
    begins: &'static [&'static str],
    package: &'static str,
    /// Words in the names of what brings it along.
    words: &'static [&'static str],
    /// Does nothing else bring it along?
    alone: bool,
}

const CLIENTS: [Client; 5] = [
    Client { begins: &["redis://", "rediss://"], package: "redis", words: &["redis", "rq"], alone: false },
    Client { begins: &["sqs://"], package: "boto3", words: &BOTO, alone: false },
    Client { begins: &["db+"], package: "sqlalchemy", words: &["sqlalchemy", "alembic"], alone: false },
    Client { begins: &["mongodb://", "mongodb+srv://"], package: "pymongo", words: &["mongo", "motor"], alone: false },
    Client {
        begins: &["django-db", "django-cache"],
        package: "django-celery-results",
        words: &["celery-results"],
        alone: true,
    },
];

/// Where Celery sends tasks, and keeps what they answer.
fn addresses(subject: &mut Subject<'_>, requirements: &Requirements, settings: &Settings, file: &str) {
    const SETTINGS: [&str; 3] = ["CELERY_BROKER_URL", "BROKER_URL", "CELERY_RESULT_BACKEND"];
    if !requirements.lines.iter().any(|line| line.name == "celery") {
        return;
    }
    for name in SETTINGS {
        let Some(setting) = settings.get(name) else { continue };
        let Some(address) = setting.value.by_default().text() else { continue };
        let begun = |client: &'static Client| {
            let begin = client.begins.iter().find(|begin| address.starts_with(**begin))?;
            Some((client, *begin))
        };
        let Some((client, begin)) = CLIENTS.iter().find_map(begun) else { continue };
        if brings(requirements, client.words) || !(client.alone || is_closed(requirements, true)) {
            continue;
        }
        let package = client.package;
        let message =
            format!("no task is sent: `{file}` does not ask for `{package}`, which Celery needs for `{begin}`");
        let fix = format!("add `{package}` with its version");
        let undecided = setting.value.is_undecided();
        let message = match undecided {
            true => format!("unless a variable of the environment says otherwise, {message}"),
            false => message,
        };
        let finding = subject.find("EB169", &setting.path, setting.span.clone(), message, fix);
        if undecided {
            finding.level = Level::Note;
        }
    }
}
