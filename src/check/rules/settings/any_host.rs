//! Any host: `*` in `ALLOWED_HOSTS`, by which a site answers to every name.

use super::{at, proxy_says_host};
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB372";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("ALLOWED_HOSTS") else { return };
    let Value::List(names) = &setting.value else { return };
    if !names.iter().any(|name| name.text() == Some("*")) || proxy_says_host(subject) {
        return;
    }
    let message = match makes_links(subject) {
        true => {
            "the site takes every name that a request brings for its own, and writes it into the links that it sends, such as that of a new password"
        }
        false => "the site takes every name that a request brings for its own",
    };
    let fix = match subject.single() {
        true => "name the hosts of the site",
        // Health checks would get a 400 then.
        false => {
            "answer the health check in a middleware before `CommonMiddleware`, since that asks by the address of the instance, and name the hosts of the site then"
        }
    };
    // What that sets comes after the list of the project's own, and takes its place.
    let by_heroku = subject
        .tree
        .code(&setting.path)
        .and_then(|text| text.get(setting.span.clone()))
        .is_some_and(|text| text == "django_heroku.settings");
    let fix = match by_heroku {
        true => format!("call it with `allowed_hosts=False`, and {fix}"),
        false => fix.to_owned(),
    };
    at(subject, RULE, setting, message, &fix);
}

/// Does code of the project, or a package that it serves, send links with the name that a request came to?
fn makes_links(subject: &Subject<'_>) -> bool {
    const MAILS: [&str; 4] = ["PasswordResetView", "django.contrib.auth.urls", "allauth.urls", "PasswordResetForm"];
    let tree = subject.tree;
    let own = |path: &str| path.ends_with(".py") && !path.contains("test");
    let code = || tree.iter().filter(|(path, _)| own(path)).filter_map(|(path, _)| tree.code(path));
    let says =
        |text: &str, word: &str| text.lines().any(|line| line.contains(word) && !line.trim_start().starts_with('#'));
    // With the framework of sites the name comes from the database.
    let sites = subject.settings().is_some_and(|settings| {
        settings.value("INSTALLED_APPS").items().iter().any(|app| app.text() == Some("django.contrib.sites"))
    });
    let links = |text: &str| {
        MAILS.iter().any(|word| says(text, word)) && !sites
            || (says(text, "build_absolute_uri(") && (says(text, "send_mail(") || says(text, "EmailM")))
    };
    code().any(links)
}
