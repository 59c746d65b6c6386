//! Local services: what settings look for on the instance itself, where nobody runs it.

use super::at;
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB149";
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if !subject.python() {
        return;
    }
    database(subject, settings);
    for (name, what) in [
        ("CELERY_BROKER_URL", "no task is ever carried out"),
        ("BROKER_URL", "no task is ever carried out"),
        ("CACHES", "every use of the cache fails"),
        ("CHANNEL_LAYERS", "no message reaches its channel"),
    ] {
        let Some(setting) = settings.get(name) else { continue };
        let Some(service) = service(setting).filter(|service| !runs_here(subject, service)) else { continue };
        let message = format!("{what}: `{service}` is looked for on the instance itself, and nothing here starts it");
        let fix = "run it beside the environment, such as in ElastiCache, and read its address from a property";
        at(subject, RULE, setting, message, fix);
    }
}

fn database(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("DATABASES") else { return };
    let default = setting.value.get("default");
    let engine = default.get("ENGINE").text().unwrap_or_default();
    let here = default.get("HOST").text().is_some_and(|host| HERE.contains(&host));
    let name = ["postgresql", "mysql"].into_iter().find(|name| engine.contains(name));
    if let Some(name) = name.filter(|name| here && !runs_here(subject, name)) {
        let message = format!(
            "every page that reads data is a 500: {name} is looked for on the instance itself, and nothing here starts it"
        );
        let fix = "use RDS, and read its address from properties of the environment";
        at(subject, RULE, setting, message, fix);
    }
}

/// The service that a setting looks for on its own machine, whatever a variable says.
fn service(setting: &Setting) -> Option<&'static str> {
    let mut left = vec![&setting.value];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(value) = left.pop() {
        match value {
            Value::Text(text) => seen.push(text),
            Value::List(items) => left.extend(items),
            Value::Dict(pairs) => left.extend(pairs.iter().map(|(_, value)| value)),
            // It depends on a variable, or nobody knows.
            Value::Environment { .. } | Value::Unknown => return None,
            _ => {}
        }
    }
    let here = seen.iter().any(|text| {
        HERE.iter()
            .any(|host| text == host || text.contains(&format!("//{host}")) || text.contains(&format!("@{host}")))
    });
    let of = |word: &str| seen.iter().any(|text| text.to_ascii_lowercase().contains(word));
    let service =
        [("redis", "redis"), ("amqp", "rabbitmq"), ("memcache", "memcached")].into_iter().find(|(word, _)| of(word));
    service.filter(|_| here).map(|(_, service)| service)
}

/// Does anything here install or start it?
fn runs_here(subject: &Subject<'_>, service: &str) -> bool {
    let names: &[&str] = match service {
        "redis" => &["redis", "valkey"],
        "postgresql" => &["postgresql-server", "postgresql15-server", "postgresql16-server", "initdb", "pg_ctl"],
        "mysql" => &["mysqld", "mariadb-server", "mysql-server", "mariadb105-server"],
        other => &[other],
    };
    let named = |text: &str| names.iter().any(|name| text.contains(name));
    subject.scripts().iter().any(|script| named(script.text))
        || subject.customizations.configs.iter().any(|file| named(&file.text))
}
