//! What holds until somebody sets a variable: the files of the project set none, and nobody may have set it elsewhere.

use super::at;
use crate::beanstalk::config_file::{DEFAULT_NAMESPACE, SECRETS_NAMESPACE};
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB132";
const FIX: &str = "set it as a property or secret of the environment, and let the settings stop where it is missing";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if let Some((setting, default)) = undecided(settings, "SECRET_KEY") {
        let given = ["SECRET_KEY"].iter().any(|name| is_given(subject, name));
        if matches!(default, Value::Text(key) if !key.is_empty()) && !given {
            let message = "unless a variable of the environment says otherwise, sessions are signed with the key that everybody can read here";
            at(subject, RULE, setting, message, FIX);
        }
    }
    if let Some(setting) = settings.get("DATABASES") {
        database(subject, setting);
    }
}

/// A setting that a variable decides, and what it is until then.
fn undecided<'s>(settings: &'s Settings, name: &str) -> Option<(&'s Setting, &'s Value)> {
    let setting = settings.get(name)?;
    matches!(setting.value, Value::Environment { .. }).then(|| (setting, setting.value.by_default()))
}

fn database(subject: &mut Subject<'_>, setting: &Setting) {
    let outer = &setting.value;
    let default = outer.by_default().get("default");
    let depends = |value: &Value| matches!(value, Value::Environment { default: Some(_) });
    let part = |key: &str| default.by_default().get(key);
    let undecided =
        depends(outer) || depends(default) || ["ENGINE", "NAME", "HOST"].iter().any(|key| depends(part(key)));
    if !undecided || is_given(subject, "DATABASE_URL") {
        return;
    }
    let sqlite = part("ENGINE").by_default().text().is_some_and(|engine| engine.ends_with("sqlite3"));
    let inside = part("NAME").by_default().is_replaced_file();
    let here = matches!(part("HOST").by_default().text(), Some("localhost" | "127.0.0.1" | "::1"));
    if sqlite && inside {
        let message =
            "unless a variable of the environment names another, the database is a file that each deployment replaces";
        at(subject, RULE, setting, message, FIX);
    } else if !sqlite && here {
        let message = "unless a variable of the environment names another, the database is asked for on the instance itself, where there is none";
        at(subject, RULE, setting, message, FIX);
    }
}

/// Do the project's files set the property, or take it from a secret?
fn is_given(subject: &Subject<'_>, name: &str) -> bool {
    [DEFAULT_NAMESPACE, SECRETS_NAMESPACE]
        .iter()
        .any(|namespace| subject.customizations.option(namespace, name).is_some())
}
