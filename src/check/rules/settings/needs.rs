//! Needs: middleware that works only behind another, and what is taken out of a list where nobody should.

use super::at;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

const SESSIONS: &str = "SessionMiddleware";
const CSRF: &str = "django.middleware.csrf.CsrfViewMiddleware";
/// What asks for the session of a request, and raises where there is none.
const ASK: [&str; 2] =
    ["django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    middleware(subject, settings);
    origins(subject, settings);
    credentials(subject, settings);
    without_headers(subject, settings);
    in_vain(subject, settings);
}

/// django-cors-headers writes its headers in a middleware, and does nothing without it.
fn without_headers(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("MIDDLEWARE").filter(|setting| setting.value.is_known()) else { return };
    let installed = settings.value("INSTALLED_APPS").items().iter().any(|app| app.text() == Some("corsheaders"));
    let classes = setting.value.items();
    // One of the project's own may write them.
    let others = ["django.", "whitenoise.", "debug_toolbar."];
    let known = |class: &Value| class.text().is_some_and(|class| others.iter().any(|other| class.starts_with(other)));
    let meant = settings.iter().any(|(name, _)| name.starts_with("CORS_"));
    if installed && meant && !classes.is_empty() && classes.iter().all(known) {
        let message = "browsers let no page of another site read an answer: `corsheaders` writes its headers in a middleware, which is not in the list";
        let fix = "write `corsheaders.middleware.CorsMiddleware` before `CommonMiddleware`";
        at(subject, "EB260", setting, message, fix).level = Level::Warning;
    }
}

/// A list of origins beside the permission for all of them.
fn in_vain(subject: &mut Subject<'_>, settings: &Settings) {
    let on = |name: &&str| settings.value(name).is_on();
    let Some(all) = ["CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"].into_iter().find(on) else { return };
    let lists = ["CORS_ALLOWED_ORIGINS", "CORS_ORIGIN_WHITELIST", "CORS_ALLOWED_ORIGIN_REGEXES"];
    let listed = lists.into_iter().find(|name| !settings.value(name).by_default().items().is_empty());
    let Some((list, setting)) = listed.and_then(|name| Some((name, settings.get(name)?))) else { return };
    let message = format!("`{list}` has no effect: `{all}` lets all sites ask");
    at(subject, "EB260", setting, message, &format!("take `{all}` out")).level = Level::Note;
}

fn middleware(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("MIDDLEWARE") else { return };
    let names: Option<Vec<&str>> = setting.value.items().iter().map(Value::text).collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else { return };
    // One of the project's own may bring a session.
    let known = |name: &&str| {
        name.starts_with("django.") || name.starts_with("whitenoise.") || name.starts_with("corsheaders.")
    };
    for class in ASK {
        let Some(index) = names.iter().position(|name| *name == class) else { continue };
        let before = &names[..index];
        if before.iter().any(|name| name.contains("Session")) || !before.iter().all(known) {
            continue;
        }
        let short = class.rsplit('.').next().unwrap_or(class);
        let why = match names.iter().any(|name| name.ends_with(SESSIONS)) {
            true => format!("`{SESSIONS}` stands behind it"),
            false => format!("`{SESSIONS}` is not in the list"),
        };
        let message = format!("every page is a 500: `{short}` asks for the session, and {why}");
        let fix = "write `django.contrib.sessions.middleware.SessionMiddleware` before it";
        at(subject, "EB259", setting, message, fix);
        break;
    }
    // Only where it was there: an interface that knows no cookies needs none.
    let text = subject.tree.code(&setting.path).unwrap_or_default();
    let commented = text.lines().any(|line| line.trim_start().starts_with('#') && line.contains(CSRF));
    let sessions = names.iter().any(|name| name.ends_with(SESSIONS));
    if commented && sessions && !names.iter().any(|name| name.to_ascii_lowercase().contains("csrf")) {
        let message = "any other site can send forms in the name of a visitor who is logged in: `CsrfViewMiddleware` is taken out";
        let fix = "put it in again, and mark single views with `csrf_exempt` where it has to be";
        let apps = settings.value("INSTALLED_APPS").items();
        let frameworks = apps.iter().any(|app| app.text() == Some("rest_framework"));
        let finding = at(subject, "EB259", setting, message, fix);
        finding.level = Level::Warning;
        if frameworks {
            // The framework and the admin ask for the token by themselves.
            finding.message = format!("to views that are neither REST framework's nor the admin's, {message}");
            finding.level = Level::Note;
        }
    }
}

/// Origins that django-cors-headers refuses, as a check that `migrate` runs.
fn origins(subject: &mut Subject<'_>, settings: &Settings) {
    for name in ["CORS_ALLOWED_ORIGINS", "CORS_ORIGIN_WHITELIST"] {
        let Some(setting) = settings.get(name) else { continue };
        let apps = settings.value("INSTALLED_APPS").items();
        if !apps.iter().any(|app| app.text() == Some("corsheaders")) {
            continue;
        }
        let origins = setting.value.items().iter().filter_map(|item| item.by_default().text());
        let refused = origins.filter(|origin| *origin != "null").find_map(|origin| {
            let Some((_, rest)) = origin.split_once("://") else { return Some((origin, "E013", "has no scheme")) };
            rest.contains(['/', '?', '#']).then_some((origin, "E014", "has a path"))
        });
        let Some((origin, number, why)) = refused else { continue };
        // Before version 3 a host alone was right.
        if number == "E013"
            && subject.requirements().version("django-cors-headers").is_some_and(|version| version.major < 3)
        {
            continue;
        }
        let message = format!("`migrate` stops with `corsheaders.{number}`: `{origin}` {why}");
        let whole = if origin.contains("://") { origin.to_owned() } else { format!("https://{origin}") };
        let end = whole.find("://").map_or(0, |at| at + 3);
        let end = whole[end..].find(['/', '?', '#']).map_or(whole.len(), |at| end + at);
        let migrates = subject.scripts().iter().any(|script| script.django(&["migrate"]).is_some());
        let finding = at(subject, "EB260", setting, message, &format!("write `{}`", &whole[..end]));
        if !migrates {
            finding.level = Level::Warning;
        }
    }
}

/// All origins, with cookies, and cookies that go along with requests of other sites.
fn credentials(subject: &mut Subject<'_>, settings: &Settings) {
    let on = |name: &str| settings.value(name).is_on();
    let all = ["CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"].into_iter().find(|name| on(name));
    let Some(setting) = all.and_then(|name| settings.get(name)).filter(|_| on("CORS_ALLOW_CREDENTIALS")) else {
        return;
    };
    let sent = matches!(settings.value("SESSION_COOKIE_SAMESITE").by_default(), Value::Text(text) if text.eq_ignore_ascii_case("none"))
        || *settings.value("SESSION_COOKIE_SAMESITE") == Value::Bool(false);
    if sent {
        let message = "any other site can ask in the name of a visitor who is logged in, and read the answer: all origins are allowed, with cookies";
        at(subject, "EB260", setting, message, "name the origins in `CORS_ALLOWED_ORIGINS`").level = Level::Warning;
    }
}
