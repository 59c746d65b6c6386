//! What is kept between requests must be kept where every process finds it.

use super::at;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let engine = settings.get("SESSION_ENGINE").filter(|setting| setting.value.text().is_some());
    if let Some(setting) = engine {
        let name = setting.value.text().unwrap_or_default();
        let alias = settings.value("SESSION_CACHE_ALIAS").text().unwrap_or("default");
        if name.ends_with("backends.cache") && is_local(settings, alias) {
            let message = "users are logged out at random: sessions are in the memory of one process, and the next request may reach another";
            let fix = "sessions in the database (`django.contrib.sessions.backends.db`), or a cache that all share, such as Redis";
            at(subject, "EB085", setting, message, fix);
        } else if name.ends_with("backends.file") && !subject.single() {
            let message = "users are logged out when the load balancer sends them to another instance: sessions are on the disk of one";
            at(subject, "EB085", setting, message, "sessions in the database, `django.contrib.sessions.backends.db`");
        }
    }
    channels(subject, settings);
    let throttled = settings.value("REST_FRAMEWORK").get("DEFAULT_THROTTLE_CLASSES");
    let keeps_nothing = settings
        .value("CACHES")
        .get("default")
        .get("BACKEND")
        .text()
        .is_some_and(|backend| backend == "django.core.cache.backends.dummy.DummyCache");
    if !throttled.items().is_empty()
        && is_local(settings, "default")
        && (keeps_nothing || !subject.single())
        && let Some(setting) = settings.get("REST_FRAMEWORK")
    {
        let message = match keeps_nothing {
            true => "nobody is ever limited: requests are counted in the cache, and this one keeps nothing",
            false => "a limit of requests is a limit of each process: they are counted in its own memory",
        };
        at(subject, "EB085", setting, message, "a cache that all processes share, such as Redis or the database cache");
    }
}

/// Channels' layer in memory is one of each process (Channels documentation, "Channel Layers").
fn channels(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("CHANNEL_LAYERS") else { return };
    let backend = setting.value.get("default").get("BACKEND").text();
    let procfile = subject.customizations.procfile.as_ref();
    let web = procfile.and_then(|procfile| procfile.web()).map(|web| web.command.as_str()).unwrap_or_default();
    let sockets = ["asgi", "daphne", "uvicorn"].iter().any(|word| web.contains(word));
    let one = subject.single() && !web.contains("gunicorn") && !web.contains("--workers");
    let in_memory = backend.is_some_and(|backend| backend.ends_with("InMemoryChannelLayer"));
    if in_memory && sockets && !one && uses_layer(subject) {
        let message =
            "a message reaches only those whose connection the same process has: the channels are in its own memory";
        at(subject, "EB085", setting, message, "`channels_redis`, with a Redis that all instances reach");
    }
}

/// Does a consumer or a view send anything through the layer? Consumers that only answer have no use for it.
fn uses_layer(subject: &Subject<'_>) -> bool {
    const WORDS: [&str; 3] = ["channel_layer", "group_send", "group_add"];
    let tree = subject.tree;
    let mut code = tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| tree.code(path));
    code.any(|text| WORDS.iter().any(|word| text.contains(word)))
}

/// Is this cache the memory of one process? Django's default is.
fn is_local(settings: &Settings, alias: &str) -> bool {
    match (settings.value("CACHES"), alias) {
        (Value::Missing, "default") => true,
        (caches @ Value::Dict(_), _) => {
            let backend = caches.get(alias).get("BACKEND").text();
            backend.is_some_and(|backend| backend.ends_with("LocMemCache") || backend.ends_with("DummyCache"))
        }
        _ => false,
    }
}
