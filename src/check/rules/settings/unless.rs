//! What holds until somebody sets a variable: the files of the project set none, and nobody may have set it elsewhere.

use super::at;
use super::demanded::is_demanded;
use super::local::{self, Place, has_other_host, is_own_address, is_own_host, runs_here, server};
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB132";
const FIX: &str = "set it as a property or secret of the environment, and let the settings stop where it is missing";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if let Some((setting, default)) = undecided(settings, "SECRET_KEY")
        && let Value::Text(key) = default
        && !key.is_empty()
        && !subject.gives("SECRET_KEY")
        && !is_demanded(subject, "SECRET_KEY", setting)
    {
        let message = match key.as_str() {
            "None" => "unless a variable of the environment says otherwise, sessions are signed with the word `None`",
            _ => {
                "unless a variable of the environment says otherwise, sessions are signed with the key that everybody can read here"
            }
        };
        at(subject, RULE, setting, message, FIX);
    }
    if let Some(setting) = settings.get("DATABASES").filter(|setting| !is_demanded(subject, "DATABASES", setting)) {
        database(subject, setting);
    }
    services(subject, settings);
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
    if subject.gives("DATABASE_URL") || is_named_elsewhere(subject, setting) {
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
    // Of an address that a variable has to give, nothing is left.
    let here = server(engine).is_some_and(|name| !runs_here(subject, name))
        && host
        && ["NAME", "HOST"].iter().any(|key| *part(key) != Value::Missing)
        && !has_other_host(default.by_default());
    let container = part("HOST").by_default().text().and_then(Place::of_host);
    let container = container.filter(|_| subject.python() && server(engine).is_some());
    if sqlite && inside && any(&["ENGINE", "NAME"]) {
        let message =
            "unless a variable of the environment names another, the database is a file that each deployment replaces";
        at(subject, RULE, setting, message, FIX);
    } else if here && any(&["ENGINE", "HOST"]) {
        let message = "unless a variable of the environment names another, the database is asked for on the instance itself, where there is none";
        at(subject, RULE, setting, message, FIX);
    } else if let Some(place) = container.filter(|place| any(&["ENGINE", "HOST"]) && !place.has(subject, "")) {
        let message = format!("unless a variable of the environment names another, the database is asked for {place}");
        at(subject, RULE, setting, message, FIX);
    }
}

/// Brokers, caches and other services, each variable's once.
fn services(subject: &mut Subject<'_>, settings: &Settings) {
    let mut said: Vec<Vec<&String>> = Vec::new();
    let found: Vec<_> = local::unless(subject, settings).collect();
    for (setting, asked) in found {
        let variables: Vec<&String> = setting.variables().collect();
        if is_named_elsewhere(subject, setting) || said.contains(&variables) {
            continue;
        }
        let message = format!(
            "unless a variable of the environment names another place, `{}` is looked for {}",
            asked.service, asked.place
        );
        at(subject, RULE, setting, message, FIX);
        said.push(variables);
    }
}

/// Does a secret of the environment tell a setting where to ask? What it says is not known.
fn is_named_elsewhere(subject: &Subject<'_>, setting: &Setting) -> bool {
    const WORDS: [&str; 6] = ["HOST", "URL", "SERVER", "ENDPOINT", "BROKER", "LOCATION"];
    setting.variables().any(|name| WORDS.iter().any(|word| name.contains(word)) && subject.gives(name))
}
