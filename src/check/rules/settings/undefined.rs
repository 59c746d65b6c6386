//! Undefined: names in the settings that nothing has given a value, so that nothing loads them.

use crate::check::django::Settings;
use crate::check::subject::Subject;

const RULE: &str = "EB375";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(one) = settings.undefined.first() else { return };
    let name = &one.name;
    let message = format!("the server does not start: `NameError: name '{name}' is not defined`");
    let fix = match (one.later, brought_by(name)) {
        (true, _) => format!("move what gives `{name}` its value above this line"),
        (false, Some(line)) => format!("write `{line}` above it"),
        (false, None) => format!("import `{name}`, or give it a value above this line"),
    };
    subject.find(RULE, &one.path, one.span.clone(), message, fix);
}

/// The line that mostly gives a name of settings its value.
fn brought_by(name: &str) -> Option<String> {
    /// Modules that settings import by their own name.
    const MODULES: [&str; 14] = [
        "datetime",
        "dj_database_url",
        "django_heroku",
        "json",
        "logging",
        "mimetypes",
        "os",
        "pathlib",
        "re",
        "sentry_sdk",
        "socket",
        "ssl",
        "sys",
        "urllib",
    ];
    const LINES: [(&str, &str); 6] = [
        ("BASE_DIR", "BASE_DIR = Path(__file__).resolve().parent.parent"),
        ("Path", "from pathlib import Path"),
        ("config", "from decouple import config"),
        ("load_dotenv", "from dotenv import load_dotenv"),
        ("reverse_lazy", "from django.urls import reverse_lazy"),
        ("timedelta", "from datetime import timedelta"),
    ];
    match MODULES.contains(&name) {
        true => Some(format!("import {name}")),
        false => LINES.iter().find(|(known, _)| *known == name).map(|(_, line)| (*line).to_owned()),
    }
}
