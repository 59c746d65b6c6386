//! HTTPS ends at the load balancer, and Django must know.

use super::{at, health_is_answered};
use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    redirect(subject, settings);
    origins(subject, settings);
}

fn redirect(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("SECURE_SSL_REDIRECT") else { return };
    // Chosen by a condition, with no variable of its own.
    let chosen = setting.value != Value::Bool(true) && setting.reads.is_empty();
    let on = setting.value == Value::Bool(true) || (chosen && *setting.value.by_default() == Value::Bool(true));
    // The middleware does it, if it is there at all.
    let middleware = settings.value("MIDDLEWARE");
    let security = |item: &Value| item.text().is_none_or(|text| text.ends_with("SecurityMiddleware"));
    let without = matches!(middleware, Value::List(items) if !items.iter().any(security))
        || settings.get("MIDDLEWARE_CLASSES").is_some_and(|old| !old.value.items().iter().any(security));
    if !on || without {
        return;
    }
    if *settings.value("SECURE_PROXY_SSL_HEADER") == Value::Missing {
        let message =
            "every request is redirected to itself: behind the load balancer Django takes all of them for HTTP";
        let fix = "`SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")`";
        let finding = at(subject, "EB014", setting, message, fix);
        if chosen {
            finding.level = Level::Warning;
        }
    }
    const PROCESS: &str = "aws:elasticbeanstalk:environment:process:default";
    let matcher = subject.customizations.option(PROCESS, "MatcherHTTPCode").is_some_and(|codes| codes.contains('3'));
    let exempt = *settings.value("SECURE_REDIRECT_EXEMPT") != Value::Missing;
    if !exempt && !matcher && !health_is_answered(subject, settings) {
        let message = "health checks get a 301 and the environment turns red: they come by HTTP";
        let finding = at(subject, "EB012", setting, message, "name the health path in `SECURE_REDIRECT_EXEMPT`");
        if chosen {
            finding.level = Level::Warning;
        }
    }
}

fn origins(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("CSRF_TRUSTED_ORIGINS") else { return };
    // Before Django 4 a host alone was right, and a scheme breaks it (release notes of 4.0).
    let django = subject.requirements().version("django");
    if django.is_some_and(|django| django < Version::new(4, 0)) {
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
