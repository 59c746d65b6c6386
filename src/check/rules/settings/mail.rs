//! Mail: who takes it from the site. No image of a platform has a server for mail.

use super::at;
use super::local::{is_own_address, runs_here};
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let backend = settings.value("EMAIL_BACKEND");
    let by_smtp = *backend == Value::Missing || backend.text() == Some("django.core.mail.backends.smtp.EmailBackend");
    if !subject.python() || !by_smtp || runs_here(subject, "mail") {
        return;
    }
    let fix = "name the server of a service for mail, such as that of SES, and read its password from a secret";
    let own = |host: &str| !host.is_empty() && is_own_address(host);
    match settings.get("EMAIL_HOST") {
        Some(setting) => match &setting.value {
            Value::Text(host) if own(host) => {
                let message =
                    "no mail leaves: its server is looked for on the instance itself, and nothing here starts one";
                at(subject, "EB149", setting, message, fix);
            }
            Value::Environment { default: Some(host) }
                if host.text().is_some_and(own) && !setting.variables().any(|name| subject.gives(name)) =>
            {
                let message = "unless a variable of the environment names another place, the server for mail is looked for on the instance itself, and nothing here starts it";
                at(subject, "EB132", setting, message, fix);
            }
            _ => {}
        },
        // Who names the backend means to send, and Django asks the own machine where nothing else is said.
        None => {
            let Some(setting) =
                settings.get("EMAIL_BACKEND").filter(|_| *settings.value("EMAIL_HOST") == Value::Missing)
            else {
                return;
            };
            if !sets_by_name(subject, settings) {
                let message = "no mail leaves: without `EMAIL_HOST` its server is looked for on the instance itself, and nothing here starts one";
                at(subject, "EB149", setting, message, fix);
            }
        }
    }
}

/// Does something put names into the settings that no assignment shows?
fn sets_by_name(subject: &Subject<'_>, settings: &Settings) -> bool {
    const WAYS: [&str; 4] = ["email_url", "vars()", "locals()", "globals()"];
    settings
        .files
        .iter()
        .filter_map(|path| subject.tree.code(path))
        .any(|text| WAYS.iter().any(|way| text.contains(way)))
}
