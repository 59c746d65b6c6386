//! Django's settings as production gets them: hosts, HTTPS, secrets, static files, the database.

mod acl;
mod any_host;
pub(super) mod backends;
mod base;
pub(in crate::check) mod candidates;
mod commas;
mod commented;
mod current;
pub(super) mod demanded;
mod dsn;
mod first_start;
mod given;
pub(super) mod health;
mod hosts;
mod https;
mod ignored;
pub(super) mod keys;
pub(super) mod local;
mod logged_in;
mod mail;
pub(super) mod module;
mod near;
mod needs;
pub(super) mod opened;
mod others;
mod own_container;
mod own_tls;
mod queued;
mod refused;
mod serving;
mod sessions;
mod shadow;
pub(super) mod shipped;
mod static_files;
pub(super) mod storage;
mod tables;
mod tasks;
mod undefined;
mod unless;
mod unrooted;
pub(super) mod upload_limit;
mod variables;
mod writable;

use super::descriptors::front;
use crate::check::django::{self, Setting, Settings, Value};
use crate::check::finding::Finding;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>) {
    if !subject.prepared() {
        return;
    }
    module::check(subject);
    if !django::is_served(subject.tree, subject.customizations) {
        return super::server::load::check(subject, None);
    }
    let settings = subject.settings();
    super::server::load::check(subject, settings.as_deref());
    let Some(settings) = settings else { return module::absent(subject) };
    for (path, span, message) in &settings.broken {
        let message = format!("the server does not start: {message}");
        subject.find("EB113", path, span.clone(), message, "`python -m py_compile` says more");
    }
    for path in &settings.unread {
        let message = "these settings are not looked into: they are larger or nested deeper than any that people write";
        subject.find_file("EB114", path, message, "keep what is generated in a module of its own");
    }
    if !settings.broken.is_empty() {
        return;
    }
    refused::check(subject, &settings);
    ignored::storages(subject, &settings);
    needs::check(subject, &settings);
    near::check(subject, &settings);
    undefined::check(subject, &settings);
    unread(subject, &settings);
    debug(subject, &settings);
    keys::check(subject, &settings);
    dsn::check(subject, &settings);
    commented::check(subject, &settings);
    hosts::check(subject, &settings);
    any_host::check(subject, &settings);
    commas::check(subject, &settings);
    required(subject, &settings);
    https::check(subject, &settings);
    own_tls::check(subject, &settings);
    storage::check(subject, &settings);
    acl::check(subject, &settings);
    tables::check(subject, &settings);
    writable::check(subject, &settings);
    upload_limit::check(subject, &settings);
    static_files::check(subject, &settings);
    shadow::check(subject, &settings);
    unless::check(subject, &settings);
    local::check(subject, &settings);
    mail::check(subject, &settings);
    tasks::check(subject, &settings);
    queued::check(subject, &settings);
    sessions::check(subject, &settings);
    health::check(subject, &settings);
    variables::check(subject, &settings);
    current::check(subject, &settings);
    opened::check(subject, &settings);
    others::check(subject, &settings);
}

/// Found in a setting's value.
fn at<'a>(
    subject: &'a mut Subject<'_>,
    rule: &'static str,
    setting: &Setting,
    message: impl Into<String>,
    fix: &str,
) -> &'a mut Finding {
    subject.find(rule, &setting.path, setting.span.clone(), message, fix)
}

/// What matters most, and nobody can tell without running the settings: said once.
fn unread(subject: &mut Subject<'_>, settings: &Settings) {
    const MATTER: [(&str, &str); 3] = [
        ("DEBUG", "debug mode is off"),
        ("ALLOWED_HOSTS", "health checks are answered"),
        ("DATABASES", "the database is outside of the instance"),
    ];
    let in_classes = settings.files.iter().any(|path| {
        subject
            .tree
            .text(path)
            .is_some_and(|text| text.lines().any(|line| line.starts_with("class ") && line.contains("Configuration)")))
    });
    let is_unread =
        |name: &str| *settings.value(name) == Value::Unknown || (in_classes && settings.get(name).is_none());
    // Hosts matter where health checks come to Django with the address of the instance.
    let no_matter = subject.single() || health::is_seen_to_be_answered(subject, settings, &health::HOST);
    let matters = |name: &str| name != "ALLOWED_HOSTS" || !no_matter;
    let unread: Vec<&(&str, &str)> = MATTER.iter().filter(|(name, _)| matters(name) && is_unread(name)).collect();
    let Some((first, _)) = unread.first().filter(|_| settings.unread.is_empty()) else { return };
    let names = crate::ui::ticked(unread.iter().map(|(name, _)| *name));
    let sure: Vec<&str> = unread.iter().map(|(_, sure)| *sure).collect();
    let message = format!("could not be read: {names}; nothing is said about what they lead to");
    let fix = format!("make sure that {}", sure.join(", and that "));
    match settings.get(first) {
        Some(setting) => {
            at(subject, "EB114", setting, message, &fix);
        }
        None => {
            let path = settings.files.first().cloned().unwrap_or_default();
            subject.find_file("EB114", &path, message, fix);
        }
    }
}

fn debug(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("DEBUG") else { return };
    let set = subject.customizations.option(crate::beanstalk::config_file::DEFAULT_NAMESPACE, "DEBUG").is_some();
    let text = |value: &Value| value.text().filter(|text| !text.is_empty()).map(str::to_owned);
    match &setting.value {
        value if setting.is_text && text(value.by_default()).is_some() => {
            let says = text(value.by_default()).unwrap_or_default();
            let message = format!(
                "`DEBUG` is on: it is the text `{says}`, and any text but an empty one is true; errors show settings and source code"
            );
            at(subject, "EB110", setting, message, "`DEBUG = os.environ.get(\"DEBUG\") == \"True\"`");
        }
        Value::Environment { default: Some(default) } if setting.is_text && default.is_on() => {
            let message = "`DEBUG` is on unless the variable is empty: any other text is true, `False` as well; errors show settings and source code";
            at(subject, "EB110", setting, message, "`DEBUG = os.environ.get(\"DEBUG\") == \"True\"`");
        }
        Value::Environment { .. } if setting.is_text => {
            let message = "`DEBUG` is on whenever the variable has any text, `False` as well: errors show settings and source code then";
            at(subject, "EB110", setting, message, "`DEBUG = os.environ.get(\"DEBUG\") == \"True\"`").level =
                Level::Note;
        }
        value if value.is_on() => {
            let message = "every error shows settings and source code to whoever caused it";
            // Where a variable decides, its value is the fault, and not the line that asks for it.
            let text = subject.tree.code(&setting.path).and_then(|text| text.get(setting.span.clone()));
            let mut words = text.unwrap_or_default().split(['"', '\'']).skip(1).step_by(2);
            if let Some((path, span)) = words.find_map(|name| set_at(subject, name)) {
                subject.find("EB110", &path, span, message, "set it to what turns debug mode off, such as `False`");
                return;
            }
            at(subject, "EB110", setting, message, "`DEBUG = False` for production");
        }
        Value::Environment { default: Some(default) }
            if !set && (default.is_on() || default.text() == Some("True")) =>
        {
            let message = "`DEBUG` is on unless a variable turns it off, and no file here sets one: errors show settings and source code";
            // What a database inside of the environment sets, no file has to.
            let text = subject.tree.code(&setting.path).unwrap_or_default();
            let coupled = text.lines().any(|line| line.trim_start().starts_with("if ") && line.contains("RDS_"));
            at(subject, "EB110", setting, message, "let the default be off").level =
                if coupled { Level::Note } else { Level::Warning };
        }
        _ => {}
    }
}

/// Where the project's files set a variable: the value that counts.
fn set_at(subject: &Subject<'_>, name: &str) -> Option<(String, std::ops::Range<usize>)> {
    if let Some(given) = django::composed(subject.tree, subject.customizations).remove(name) {
        return Some((given.path, given.span));
    }
    let of_file = |file: &crate::beanstalk::config_file::ConfigFile| {
        let mut options = file.option_settings.iter().rev();
        let option = options.find(|option| {
            option.namespace.value == crate::beanstalk::config_file::DEFAULT_NAMESPACE && option.name.value == name
        })?;
        Some((file.path.clone(), option.value.span.clone()))
    };
    subject.customizations.used().filter_map(of_file).last()
}

/// Does the proxy give Django another host than the one that was asked for?
fn proxy_says_host(subject: &Subject<'_>) -> bool {
    proxy_has(subject, "proxy_set_header Host") || proxy_has(subject, "proxy_set_header  Host")
}

/// May Django be given another one? What a container before it is told is not known.
fn may_change_host(subject: &Subject<'_>) -> bool {
    proxy_says_host(subject) || front::is_there(subject)
}

fn proxy_has(subject: &Subject<'_>, words: &str) -> bool {
    subject.customizations.proxy.iter().any(|path| subject.tree.code(path).is_some_and(|text| text.contains(words)))
}

/// Variables without which the settings cannot be loaded.
fn required(subject: &mut Subject<'_>, settings: &Settings) {
    /// What a database that is coupled to an environment sets.
    const COUPLED: [&str; 5] = ["RDS_HOSTNAME", "RDS_PORT", "RDS_DB_NAME", "RDS_USERNAME", "RDS_PASSWORD"];
    let mut required: Vec<_> = settings.required.iter().collect();
    required.sort_by_key(|required| (&required.path, required.span.start));
    let own = required.iter().find(|one| one.name.starts_with("RDS_") && !COUPLED.contains(&one.name.as_str()));
    if let Some(own) = own.filter(|own| !subject.gives(&own.name)) {
        let message = format!(
            "unless `{}` is set as a property, the server does not start: {}; a database that is coupled to the environment sets no such name",
            own.name,
            own.error()
        );
        let known = COUPLED.map(|name| format!("`{name}`")).join(", ");
        let fix = format!("set it as a property, or read the names that a coupled database sets: {known}");
        subject.find("EB074", &own.path, own.span.clone(), message, fix);
        return;
    }
    // What a secret of the environment has is there, too.
    for required in required {
        let coupled = subject
            .customizations
            .used()
            .flat_map(|file| &file.option_settings)
            .any(|option| option.namespace.value == "aws:rds:dbinstance");
        if required.name.starts_with("RDS_") && !coupled && !subject.gives(&required.name) {
            let error = required.error();
            let message = format!(
                "unless a database is coupled to the environment, or its `RDS_…` are set as properties, the server does not start: {error}"
            );
            let fix = "couple one, or set them; better, read `DATABASE_URL` or another property first, and `RDS_…` only where it is set";
            subject.find("EB074", &required.path, required.span.clone(), message, fix);
            return;
        }
    }
}
