//! Near: names that are almost those of a setting, and that nobody reads.

use super::at;
use crate::check::django::{Settings, Value};
use crate::check::installed::Installed;
use crate::check::subject::Subject;
use crate::level::Level;
use crate::ui::edits;

/// Settings that have an effect, of Django and of what most projects have beside it; long ones, which no other name is near by chance.
const KNOWN: [&str; 62] = [
    "ALLOWED_HOSTS",
    "AUTHENTICATION_BACKENDS",
    "AUTH_PASSWORD_VALIDATORS",
    "AUTH_USER_MODEL",
    "CORS_ALLOWED_ORIGINS",
    "CORS_ALLOWED_ORIGIN_REGEXES",
    "CORS_ALLOW_ALL_ORIGINS",
    "CORS_ALLOW_CREDENTIALS",
    "CORS_ALLOW_HEADERS",
    "CORS_ALLOW_METHODS",
    "CORS_ORIGIN_ALLOW_ALL",
    "CORS_ORIGIN_WHITELIST",
    "CSRF_COOKIE_DOMAIN",
    "CSRF_COOKIE_HTTPONLY",
    "CSRF_COOKIE_SAMESITE",
    "CSRF_COOKIE_SECURE",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_ROUTERS",
    "DATA_UPLOAD_MAX_MEMORY_SIZE",
    "DATA_UPLOAD_MAX_NUMBER_FIELDS",
    "DEFAULT_AUTO_FIELD",
    "DEFAULT_FILE_STORAGE",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_USE_SSL",
    "EMAIL_USE_TLS",
    "FILE_UPLOAD_HANDLERS",
    "FILE_UPLOAD_MAX_MEMORY_SIZE",
    "FILE_UPLOAD_PERMISSIONS",
    "FORCE_SCRIPT_NAME",
    "INSTALLED_APPS",
    "INTERNAL_IPS",
    "LANGUAGE_CODE",
    "LOGIN_REDIRECT_URL",
    "LOGOUT_REDIRECT_URL",
    "PASSWORD_HASHERS",
    "PASSWORD_RESET_TIMEOUT",
    "REST_FRAMEWORK",
    "ROOT_URLCONF",
    "SECURE_BROWSER_XSS_FILTER",
    "SECURE_CONTENT_TYPE_NOSNIFF",
    "SECURE_CROSS_ORIGIN_OPENER_POLICY",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
    "SECURE_HSTS_SECONDS",
    "SECURE_PROXY_SSL_HEADER",
    "SECURE_REDIRECT_EXEMPT",
    "SECURE_REFERRER_POLICY",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_AGE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_SECURE",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "SESSION_SAVE_EVERY_REQUEST",
    "STATICFILES_DIRS",
    "STATICFILES_FINDERS",
    "STATICFILES_STORAGE",
    "USE_X_FORWARDED_HOST",
    "USE_X_FORWARDED_PORT",
    "WSGI_APPLICATION",
];

/// Names that are near another and are settings themselves, of Django today or before, or of a package.
const OTHERS: [&str; 7] = [
    "CSRF_COOKIE_AGE",
    "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_PATH",
    "EMAIL_USE_SES",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PATH",
    "CORS_ORIGIN_REGEX_WHITELIST",
];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    within(subject, settings);
    beside_databases(subject, settings);
    let gone = Installed::of(subject).since("django", (5, 1)).is_some();
    let found: Vec<(String, &str)> = settings
        .iter()
        .filter(|(name, _)| name.len() >= 12 && !KNOWN.contains(name) && !OTHERS.contains(name))
        .filter_map(|(name, _)| {
            let near = KNOWN.iter().copied().find(|known| is_near(name, known))?;
            // Since Django 5.1 nobody reads that either.
            let dead = gone && matches!(near, "STATICFILES_STORAGE" | "DEFAULT_FILE_STORAGE");
            (!dead && settings.get(near).is_none()).then(|| (name.to_owned(), near))
        })
        .collect();
    for (name, near) in found {
        let Some(setting) = settings.get(&name) else { continue };
        if is_read(subject, &name) {
            continue;
        }
        let message = format!("`{name}` has no effect: nothing reads it, and the setting is called `{near}`");
        at(subject, "EB344", setting, message, &format!("call it `{near}`"));
    }
}

/// Options of one database that stand beside it, where each key is the name of another.
fn beside_databases(subject: &mut Subject<'_>, settings: &Settings) {
    const OF_ONE: [&str; 5] = ["ATOMIC_REQUESTS", "CONN_HEALTH_CHECKS", "CONN_MAX_AGE", "OPTIONS", "TEST"];
    let Some(setting) = settings.get("DATABASES") else { return };
    let has = |key: &str| matches!(setting.value.get(key), Value::Dict(_) | Value::Bool(_) | Value::Int(_));
    let Some(key) = OF_ONE.into_iter().find(|key| has("default") && has(key)) else { return };
    // Django asks each database for its options as soon as a request begins (tried with 2.2 and 5.2).
    let (message, level) = match setting.value.get(key) {
        Value::Dict(_) => {
            (format!("`{key}` has no effect: beside `default`, it is the name of another database"), Level::Warning)
        }
        Value::Bool(_) | Value::Int(_) => (
            format!(
                "every page is a 500: beside `default`, `{key}` is the name of another database, which has to be a dictionary"
            ),
            Level::Error,
        ),
        _ => return,
    };
    at(subject, "EB344", setting, message, &format!("write `\"{key}\"` within `\"default\"`")).level = level;
}

/// Settings of Django's own that stand within another one, as if they were part of it.
fn within(subject: &mut Subject<'_>, settings: &Settings) {
    const OUTER: [&str; 6] = ["CACHES", "CHANNEL_LAYERS", "DATABASES", "LOGGING", "REST_FRAMEWORK", "SIMPLE_JWT"];
    const INNER: [&str; 8] = [
        "ALLOWED_HOSTS",
        "CACHES",
        "CHANNEL_LAYERS",
        "DATABASES",
        "EMAIL_BACKEND",
        "INSTALLED_APPS",
        "LOGGING",
        "REST_FRAMEWORK",
    ];
    for outer in OUTER {
        let Some(setting) = settings.get(outer) else { continue };
        // A key that nobody can read is no evidence.
        let has = |value: &Value, inner: &str| !matches!(value.get(inner), Value::Missing | Value::Unknown);
        let named = |value: &Value| INNER.into_iter().find(|inner| *inner != outer && has(value, inner));
        let parts = match &setting.value {
            Value::Dict(parts) => parts.iter().map(|(_, part)| part).collect::<Vec<_>>(),
            _ => continue,
        };
        let found = std::iter::once(&setting.value)
            .chain(parts)
            .filter(|value| matches!(value, Value::Dict(_)))
            .find_map(named);
        let Some(inner) = found.filter(|inner| settings.get(inner).is_none()) else { continue };
        let message = format!("`{inner}` has no effect: it stands within `{outer}`, where nothing reads it");
        at(subject, "EB344", setting, message, &format!("write `{inner} = …` beside `{outer}`"));
    }
}

/// Is it named anywhere but where it is assigned?
fn is_read(subject: &Subject<'_>, name: &str) -> bool {
    let word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    subject.tree.iter().filter_map(|(path, _)| subject.tree.code(path).or_else(|| subject.tree.text(path))).any(
        |text| {
            text.match_indices(name).any(|(at, _)| {
                let after = &text[at + name.len()..];
                let line = &text[text[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
                let whole = !word(text[..at].chars().next_back()) && !word(after.chars().next());
                let assigned = line.trim().is_empty() && after.trim_start_matches(' ').starts_with('=');
                whole && !assigned && !line.trim_start().starts_with('#')
            })
        },
    )
}

/// Do at most two letters more, fewer or other ones make one name of the other?
fn is_near(one: &str, other: &str) -> bool {
    const MOST: usize = 2;
    one.len().abs_diff(other.len()) <= MOST && edits(one, other) <= MOST
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, is_near};

    #[test]
    fn names_and_their_neighbours() {
        for (one, other) in [
            ("STATIC_FILE_STORAGE", "STATICFILES_STORAGE"),
            ("ALLOWED_HOST", "ALLOWED_HOSTS"),
            ("STATICFILES_DIR", "STATICFILES_DIRS"),
            ("STATICFILE_DIRS", "STATICFILES_DIRS"),
            ("CSRF_TRUSTED_ORIGIN", "CSRF_TRUSTED_ORIGINS"),
            ("SECURE_PROXY_SSL_HEADERS", "SECURE_PROXY_SSL_HEADER"),
            ("CORS_ORIGINS_WHITELIST", "CORS_ORIGIN_WHITELIST"),
        ] {
            assert!(is_near(one, other), "{one}");
        }
        for (one, other) in [
            ("STATIC_STORAGE", "STATICFILES_STORAGE"),
            ("MEDIAFILES_STORAGE", "STATICFILES_STORAGE"),
            ("CELERY_TIMEZONE", "CELERY_BROKER_URL"),
        ] {
            assert!(!is_near(one, other), "{one}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_its_names_are_long() {
        assert!(KNOWN.is_sorted());
        assert!(KNOWN.iter().all(|name| name.len() >= 12));
    }
}
