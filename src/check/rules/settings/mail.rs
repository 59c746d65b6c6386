//! Mail: who takes it from the site. No image of a platform has a server for mail.

use super::at;
use super::local::{is_own_address, runs_here};
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

/// Backends that send nothing, and what becomes of the mails.
const SILENT: [(&str, &str); 4] = [
    ("console", "it is written to the log"),
    ("filebased", "it is written to a file of the instance"),
    ("locmem", "it stays in memory"),
    ("dummy", "it is thrown away"),
];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    silent(subject, settings);
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

/// A backend for the desk, in settings that production gets.
fn silent(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("EMAIL_BACKEND") else { return };
    let Some(text) = setting.value.text() else { return };
    let kind = text.strip_prefix("django.core.mail.backends.").and_then(|rest| rest.strip_suffix(".EmailBackend"));
    let Some((_, what)) = SILENT.iter().find(|(name, _)| Some(*name) == kind).filter(|_| sends(subject)) else {
        return;
    };
    let message = format!("no mail leaves: {what}");
    let fix = "name the backend of SMTP or of a service for mail, such as that of SES, in the settings of production";
    at(subject, "EB352", setting, message, fix);
}

/// Does the code of the project send mail, or a package that it puts there do so?
fn sends(subject: &Subject<'_>) -> bool {
    const WAYS: [&str; 10] = [
        "send_mail(",
        "send_mass_mail(",
        "EmailMessage(",
        "EmailMultiAlternatives(",
        "mail_admins(",
        "PasswordResetView",
        "email_user(",
        "\"allauth",
        "'allauth",
        "django.contrib.auth.urls",
    ];
    let tree = subject.tree;
    let own = |path: &str| path.ends_with(".py") && !path.contains("test");
    let mut code = tree.iter().filter(|(path, _)| own(path)).filter_map(|(path, _)| tree.code(path));
    code.any(|text| {
        text.lines().any(|line| !line.trim_start().starts_with('#') && WAYS.iter().any(|way| line.contains(way)))
    })
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
