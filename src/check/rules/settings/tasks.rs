//! Tasks: where the workers of celery look for them, as far as its own file says it.

use super::local::{is_own_address, runs_here};
use crate::check::django::{self, Settings, Value};
use crate::check::subject::Subject;
use crate::check::words::Run;
use std::ops::Range;

const RULE: &str = "EB149";
/// Where celery looks, from its namespaces and its names of old. The variable it reads by itself.
pub(super) const BROKERS: [&str; 8] = [
    "CELERY_BROKER_URL",
    "BROKER_URL",
    "CELERY_BROKER",
    "broker_url",
    "BROKER_HOST",
    "BROKER_TRANSPORT",
    "BROKER_BACKEND",
    "CELERY_BROKER_TRANSPORT",
];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let named = |name: &str| *settings.value(name) != Value::Missing;
    if !subject.python() || BROKERS.iter().any(|name| named(name)) {
        return;
    }
    let scripts = subject.scripts();
    let found = scripts.iter().find_map(|script| {
        let run = script.host_runs().find(|run| is_worker(run))?;
        let path = application(subject, run)?;
        Some((script, run, path))
    });
    let Some((script, run, path)) = found else { return };
    let Some(text) = subject.tree.text(&path).filter(|text| text.contains("Celery(")) else { return };
    // Another namespace, or a module of its own.
    let own = text
        .split("namespace")
        .nth(1)
        .is_some_and(|rest| !rest.trim_start_matches(['=', ' ', '"', '\'']).starts_with("CELERY"));
    let elsewhere = text.contains("config_from") && !text.contains("django.conf");
    if own || elsewhere {
        return;
    }
    let fix = "name a broker in `CELERY_BROKER_URL`, such as SQS, Redis of ElastiCache or RabbitMQ of Amazon MQ, and read it from a property";
    if let Some((span, broker)) = broker(text) {
        let service = match broker.split("://").next() {
            Some("redis" | "rediss") => "redis",
            Some("amqp" | "amqps" | "pyamqp") => "rabbitmq",
            _ => return,
        };
        if is_own_address(broker) && !runs_here(subject, service) {
            let message = format!(
                "no task is ever carried out: `{service}` is looked for on the instance itself, and nothing here starts it"
            );
            subject.find(RULE, &path, span, message, fix);
        }
    } else if !text.to_ascii_lowercase().contains("broker")
        && !subject.gives("CELERY_BROKER_URL")
        && !run.lead.gives("CELERY_BROKER_URL")
        && !runs_here(subject, "rabbitmq")
    {
        let message = format!(
            "{} carries out nothing, unless `CELERY_BROKER_URL` is set elsewhere: no setting names a broker, and the one that celery asks then would be on the instance itself",
            script.title()
        );
        let start = text.find("Celery(").unwrap_or_default();
        subject.find(RULE, &path, start..start + "Celery".len(), message, fix);
    }
}

fn is_worker(run: &Run) -> bool {
    run.is_celery() && run.has("worker")
}

/// The file with the application that `-A` names.
fn application(subject: &Subject<'_>, run: &Run) -> Option<String> {
    let (module, _) = run.celery_module()?;
    let root = django::root(subject.tree);
    let modules = [format!("{module}.celery"), module.to_owned()];
    modules.iter().find_map(|module| django::module_path(subject.tree, &root, module))
}

/// A broker that is written out: `broker="…"`, `broker_url = "…"`.
fn broker(text: &str) -> Option<(Range<usize>, &str)> {
    text.match_indices("broker").find_map(|(at, word)| {
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &text[at + word.len()..];
        let rest = rest.strip_prefix("_url").unwrap_or(rest).trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|char| matches!(char, '"' | '\''))?;
        let start = text.len() - rest.len() + 1;
        let length = text[start..].find(quote)?;
        let comment = text[line..at].contains('#');
        (!comment).then(|| (start..start + length, &text[start..start + length]))
    })
}
