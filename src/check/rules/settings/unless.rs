//! What holds until somebody sets a variable: the files of the project set none, and nobody may have set it elsewhere.

use super::at;
use super::local::{is_own_address, is_own_host};
use crate::beanstalk::config_file::{DEFAULT_NAMESPACE, SECRETS_NAMESPACE};
use crate::check::django::{Setting, Settings, Value, property_names};
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
    let any = |keys: &[&str]| depends(outer) || depends(default) || keys.iter().any(|key| depends(part(key)));
    // What a secret of the environment has is not known.
    let given = property_names(subject.customizations);
    let names_host = |name: &String| ["HOST", "URL", "SERVER", "ENDPOINT"].iter().any(|word| name.contains(word));
    if is_given(subject, "DATABASE_URL") || setting.reads.iter().any(|name| names_host(name) && given.contains(name)) {
        return;
    }
    let engine = part("ENGINE").by_default().text().unwrap_or_default();
    let sqlite = engine.ends_with("sqlite3");
    let inside = part("NAME").by_default().is_replaced_file();
    // Who gives a variable an empty default means that it has to be given.
    let host = match part("HOST") {
        Value::Environment { default } => default.as_ref().is_some_and(|host| host.text().is_some_and(is_own_address)),
        host => is_own_host(host),
    };
    let here = ["postgresql", "mysql", "postgis"].iter().any(|name| engine.contains(name))
        && host
        && *part("OPTIONS").by_default().get("service") == Value::Missing;
    if sqlite && inside && any(&["ENGINE", "NAME"]) {
        let message =
            "unless a variable of the environment names another, the database is a file that each deployment replaces";
        at(subject, RULE, setting, message, FIX);
    } else if here && any(&["ENGINE", "HOST"]) {
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
