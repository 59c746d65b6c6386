//! HTTPS ends at the load balancer, and Django must know.

use super::super::server::load;
use super::{at, health, own_tls};
use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    redirect(subject, settings);
    www(subject, settings);
    origins(subject, settings);
}

fn redirect(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("SECURE_SSL_REDIRECT") else { return };
    // Chosen by a condition, or by a variable of its own.
    let certain = setting.value.is_on();
    let unless = !certain && !setting.reads.is_empty();
    let on = setting.value.by_default().is_on();
    // The middleware does it, if it is there at all.
    let middleware = settings.value("MIDDLEWARE");
    let security = |item: &Value| item.text().is_none_or(|text| text.ends_with("SecurityMiddleware"));
    let without = matches!(middleware, Value::List(items) if !items.iter().any(security))
        || settings.get("MIDDLEWARE_CLASSES").is_some_and(|old| !old.value.items().iter().any(security));
    if !on || without {
        return;
    }
    let level = if certain {
        Level::Error
    } else if unless {
        Level::Note
    } else {
        Level::Warning
    };
    let said = |message: &str| match unless {
        true => format!("unless a variable of the environment says otherwise, {message}"),
        false => message.to_owned(),
    };
    const HEADER: &str = "`SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")`";
    let missing = *settings.value("SECURE_PROXY_SSL_HEADER") == Value::Missing;
    if missing && load::believes_proxy(subject) {
        let message = "only since gunicorn believes the proxy is no request redirected to itself: Django by itself takes all of them for HTTP";
        let level = if unless { Level::Note } else { Level::Warning };
        at(subject, "EB014", setting, said(message), HEADER).level = level;
    } else if missing {
        let message =
            "every request is redirected to itself: behind the load balancer Django takes all of them for HTTP";
        at(subject, "EB014", setting, said(message), HEADER).level = level;
    } else if let Some(header) = settings.get("SECURE_PROXY_SSL_HEADER")
        && let Some(why) = never_comes(header.value.by_default())
    {
        let message = format!("every request is redirected to itself: {why}");
        at(subject, "EB014", header, said(&message), HEADER).level = level;
    }
    if !is_exempt(subject, settings)
        && !subject.takes_redirects()
        && !health::is_answered(subject, settings, &[health::SECURITY])
    {
        let found = "health checks get a 301 and the environment turns red: they come by HTTP";
        let fix = "name the health path in `SECURE_REDIRECT_EXEMPT`";
        // Instances with a certificate of their own are often alone.
        match own_tls::is_open(subject) && !unless {
            true => at(subject, "EB012", setting, format!("behind a load balancer {found}"), fix).level = Level::Note,
            false => at(subject, "EB012", setting, said(found), fix).level = level,
        }
    }
}

/// Health checks ask by the address of the instance, before which Django writes `www.` as before any other.
fn www(subject: &mut Subject<'_>, settings: &Settings) {
    const COMMON: &str = "django.middleware.common.CommonMiddleware";
    let common = |item: &Value| item.text() == Some(COMMON);
    let Some(setting) = settings.get("PREPEND_WWW").filter(|setting| setting.value.is_on()) else { return };
    if !settings.value("MIDDLEWARE").items().iter().any(common)
        || subject.single()
        || subject.customizations.worker
        || subject.takes_redirects()
        || health::is_answered(subject, settings, &[COMMON])
    {
        return;
    }
    let message = "health checks get a 301 and the environment turns red: they ask the address of the instance, and are sent to `www.` before it";
    let fix = "let a rule of the load balancer or of nginx send visitors to `www.`, and take this away";
    at(subject, "EB012", setting, message, fix);
}

/// May the path of health checks be one of those that are not redirected?
fn is_exempt(subject: &Subject<'_>, settings: &Settings) -> bool {
    let exempt = match settings.value("SECURE_REDIRECT_EXEMPT") {
        Value::Missing => return false,
        Value::List(items) => items,
        _ => return true,
    };
    // What crawlers and certificate authorities ask for is nobody's health page; another may be named in the console.
    let is_file = |regex: &str| ["txt", "xml", "ico", "well-known"].iter().any(|end| regex.contains(end));
    let path = health::path_asked(subject);
    exempt.iter().any(|item| match (item.text(), &path) {
        (None, _) => true,
        (Some(regex), Some(path)) => health::may_match(regex, path.trim_start_matches('/')),
        (Some(regex), None) => !is_file(regex),
    })
}

/// Why no request has this header with this value, of those that the load balancer sends with each.
fn never_comes(header: &Value) -> Option<String> {
    let [Value::Text(name), Value::Text(value)] = header.items() else { return None };
    if !name.starts_with("HTTP_") {
        return Some(format!("Django asks for a header by the name `HTTP_…`, and `{name}` is none"));
    }
    (name == "HTTP_X_FORWARDED_PROTO" && value != "https")
        .then(|| format!("the load balancer says `https` in `X-Forwarded-Proto`, and never `{value}`"))
}

fn origins(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("CSRF_TRUSTED_ORIGINS") else { return };
    // Before Django 4 a host alone was right, and a scheme breaks it (release notes of 4.0).
    if settings.django.is_some_and(|django| django < Version::new(4, 0)) {
        return;
    }
    let bare = setting.value.by_default().items().iter().filter_map(Value::text).find(|origin| !origin.contains("://"));
    if let Some(origin) = bare {
        let message = format!("every form is refused with `Origin checking failed`: `{origin}` has no scheme");
        let star = if origin.starts_with('.') { "*" } else { "" };
        let fix = format!("write `https://{star}{origin}`");
        at(subject, "EB015", setting, message, &fix);
    }
}
