//! Refused values: what Django stops at while it loads the settings (tried with Django 5.2).

use super::at;
use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

const RULE: &str = "EB113";

/// Short names of zones that no system has a file of, as Django asks for one.
const NO_ZONES: &[&str] =
    &["AEST", "AKST", "BST", "CDT", "CEST", "CST", "EDT", "IST", "JST", "KST", "MDT", "MSK", "PDT", "PST", "SGT"];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    middleware(subject, settings);
    nothing(subject, settings);
    if let Some(setting) = settings.get("ALLOWED_HOSTS") {
        let value = setting.value.by_default();
        let listed = matches!(value, Value::List(_));
        if matches!(setting.value, Value::Text(_)) || (setting.is_text && !listed) {
            let message = "the server does not start: `ALLOWED_HOSTS` is a text, and has to be a list";
            at(subject, RULE, setting, message, "`.split(\",\")` makes one of it");
        }
    }
    if let Some(setting) = settings.get("TIME_ZONE")
        && let Some(zone) = setting.value.text().filter(|zone| NO_ZONES.contains(zone))
    {
        let message = format!("the server does not start: `Incorrect timezone setting: {zone}`");
        at(subject, RULE, setting, message, "name a city, such as `America/Chicago`, or `UTC`");
    }
}

/// `MIDDLEWARE_CLASSES` was the name before Django 1.10, and nobody reads it since 2.0.
fn middleware(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("MIDDLEWARE_CLASSES") else { return };
    let requirements = subject.requirements();
    let Some(line) = requirements.get("django").yes() else { return };
    let newest = line.specifier.is_empty() || (line.specifier.starts_with('>') && !line.specifier.contains('<'));
    let is_new = settings.django.map_or(newest, |version| version >= Version::new(2, 0));
    if *settings.value("MIDDLEWARE") != Value::Missing || !is_new {
        return;
    }
    let apps = settings.value("INSTALLED_APPS").items();
    let admin = apps.iter().any(|app| app.text() == Some("django.contrib.admin"));
    let message = match admin {
        true => {
            "no command of `manage.py` runs (`admin.E408`), and there are no sessions: Django 2 and newer reads `MIDDLEWARE`, and not this"
        }
        false => {
            "there are no sessions, no login and no protection of forms: Django 2 and newer reads `MIDDLEWARE`, and not this"
        }
    };
    at(subject, RULE, setting, message, "call it `MIDDLEWARE`, or pin the Django that it was written for");
}

/// A package of settings whose own file sets none: Django wants one of the modules in it.
fn nothing(subject: &mut Subject<'_>, settings: &Settings) {
    const ANY: [&str; 5] = ["SECRET_KEY", "INSTALLED_APPS", "ROOT_URLCONF", "DATABASES", "ALLOWED_HOSTS"];
    let Some(package) = settings.files.first().filter(|path| path.ends_with("/__init__.py")) else { return };
    if ANY.iter().any(|name| *settings.value(name) != Value::Missing) {
        return;
    }
    let folder = package.trim_end_matches("__init__.py");
    let mut modules = subject.tree.files_in(folder.trim_end_matches('/')).filter_map(|(path, _)| {
        let name = path.strip_prefix(folder)?.strip_suffix(".py")?;
        (name != "__init__").then(|| name.to_owned())
    });
    let Some(other) = modules.next().filter(|_| subject.python()) else { return };
    let module = &settings.module;
    // The console may name another.
    let message = format!(
        "the server does not start, unless `DJANGO_SETTINGS_MODULE` is set elsewhere: `{module}` is a package that sets nothing, not even a `SECRET_KEY`"
    );
    let fix = format!("name one of its modules as `DJANGO_SETTINGS_MODULE`, such as `{module}.{other}`");
    subject.find_file("EB111", package, message, fix).level = Level::Warning;
}
