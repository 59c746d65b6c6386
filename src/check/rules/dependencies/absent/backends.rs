//! Backends: classes that settings name by their path, which Django imports at their first use.

use super::{is_closed, listed};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

/// Modules, and the only package that each comes with.
const PACKAGES: [(&str, &str); 12] = [
    ("anymail", "django-anymail"),
    ("channels_redis", "channels-redis"),
    ("cloudinary_storage", "django-cloudinary-storage"),
    ("django_bmemcached", "django-bmemcached"),
    ("django_elasticache", "django-elasticache"),
    ("django_pylibmc", "django-pylibmc"),
    ("django_redis", "django-redis"),
    ("django_s3_storage", "django-s3-storage"),
    ("django_ses", "django-ses"),
    ("redis_cache", "django-redis-cache"),
    ("sendgrid_backend", "django-sendgrid-v5"),
    ("storages", "django-storages"),
];

/// Settings with such paths, what fails without the module, and how bad that is.
const PLACES: [(&str, &str, Level); 6] = [
    ("CACHES", "every use of the cache fails", Level::Error),
    ("CHANNEL_LAYERS", "no message reaches its channel", Level::Warning),
    ("DEFAULT_FILE_STORAGE", "every upload fails", Level::Error),
    ("EMAIL_BACKEND", "no mail is sent", Level::Warning),
    ("STATICFILES_STORAGE", "`collectstatic` fails, and every page with `{% static %}`", Level::Error),
    ("STORAGES", "every use of the storage fails", Level::Error),
];

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let Some(file) = listed(subject, requirements) else { return };
    let Some(settings) = subject.settings() else { return };
    for (name, fails, level) in PLACES {
        let Some(setting) = settings.get(name).filter(|_| is_asked(&settings, name)) else { continue };
        let Some((error, package)) = paths(setting).find_map(|path| lacks(subject, requirements, path)) else {
            continue;
        };
        let message = format!("{fails}: `{error}`, since `{file}` does not ask for `{package}`");
        let fix = format!("add `{package}` with its version");
        subject.find("EB169", &setting.path, setting.span.clone(), message, fix).level = level;
        return;
    }
}

/// Is it a setting that this Django asks for? `STORAGES` takes the place of the older two.
fn is_asked(settings: &Settings, name: &str) -> bool {
    use crate::beanstalk::version::Version;
    let since = |major, minor| settings.django.is_none_or(|django| django >= Version::new(major, minor));
    match name {
        "STORAGES" => since(4, 2),
        "DEFAULT_FILE_STORAGE" | "STATICFILES_STORAGE" => {
            settings.get("STORAGES").is_none() && settings.django.is_none_or(|django| django < Version::new(5, 1))
        }
        _ => true,
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
    let s3 = path.starts_with("storages.backends.s3");
    const BRING: [&str; 6] = ["boto", "ses", "aws", "watchtower", "zappa", "sagemaker"];
    let brings = |line: &Requirement| {
        let by_extra = line.extras.iter().any(|extra| extra == "s3" || extra == "boto3");
        by_extra || BRING.iter().any(|word| line.name.contains(word))
    };
    let boto = requirements.lines.iter().any(brings);
    (s3 && !own && !boto && is_closed(requirements, true))
        .then(|| ("ImproperlyConfigured: Could not load Boto3's S3 bindings".to_owned(), "boto3"))
}
