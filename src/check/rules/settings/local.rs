//! Local services: what settings look for on the instance itself, where nobody runs it.

use super::at;
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB149";
const HERE: [&str; 4] = ["localhost", "127.0.0.1", "::1", "[::1]"];

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
    let here = is_own_host(default.get("HOST")) && *default.get("OPTIONS").get("service") == Value::Missing;
    let name = ["postgresql", "mysql"].into_iter().find(|name| engine.contains(name));
    if let Some(name) = name.filter(|name| here && !runs_here(subject, name)) {
        let message = format!(
            "every page that reads data is a 500: {name} is looked for on the instance itself, and nothing here starts it"
        );
        let fix = "use RDS, and read its address from properties of the environment";
        at(subject, RULE, setting, message, fix);
    }
}

/// The service that a setting looks for on its own machine, whatever a variable says: by itself, or in one of its aliases.
fn service(setting: &Setting) -> Option<&'static str> {
    match &setting.value {
        Value::Dict(aliases) => aliases.iter().find_map(|(_, alias)| service_of(alias)),
        address => service_of(address),
    }
}

fn service_of(part: &Value) -> Option<&'static str> {
    let addresses = match part {
        Value::Dict(_) => match part.get("LOCATION") {
            Value::Missing => part.get("CONFIG").get("hosts"),
            location => location,
        },
        address => address,
    };
    let mut texts = Vec::new();
    // It depends on a variable, or nobody knows.
    if !collect(addresses, &mut texts) || !texts.iter().any(|text| is_own_address(text)) {
        return None;
    }
    texts.extend(part.get("BACKEND").text());
    let of = |word: &str| texts.iter().any(|text| text.to_ascii_lowercase().contains(word));
    [("redis", "redis"), ("amqp", "rabbitmq"), ("memcache", "memcached")]
        .into_iter()
        .find(|(word, _)| of(word))
        .map(|(_, service)| service)
}

/// The texts of an address, or of several; tells whether all are known.
fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) -> bool {
    match value {
        Value::Text(text) => texts.push(text),
        Value::List(items) => return items.iter().all(|item| collect(item, texts)),
        // Beside the address there are names and passwords.
        Value::Dict(_) => {
            return ["address", "host"].iter().all(|key| collect(value.get(key), texts));
        }
        Value::Environment { .. } | Value::Unknown => return false,
        _ => {}
    }
    true
}

/// Is it, or one of several, an address on the machine of whoever asks: with a scheme or without, or a socket's path?
pub(super) fn is_own_address(addresses: &str) -> bool {
    addresses.split([',', ';']).map(str::trim).any(|address| {
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let rest = rest.strip_prefix("unix:").unwrap_or(rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        // Without a host it is the own one, and what follows `unix:` or nothing is a path.
        let is_path = rest.starts_with('/') || (host.is_empty() && !scheme.is_empty());
        let name = match host.rsplit_once(':') {
            Some((name, port)) if !HERE.contains(&host) && port.chars().all(|char| char.is_ascii_digit()) => name,
            _ => host,
        };
        is_path || HERE.contains(&name)
    })
}

/// Does a client of a database ask its own machine, if this is the `HOST`? Without one it asks a socket.
pub(super) fn is_own_host(host: &Value) -> bool {
    match host {
        Value::Text(host) => host.is_empty() || is_own_address(host),
        Value::None => true,
        _ => false,
    }
}

/// Does anything here install or start it?
fn runs_here(subject: &Subject<'_>, service: &str) -> bool {
    let names: &[&str] = match service {
        "redis" => &["redis", "valkey"],
        "postgresql" => &["postgresql-server", "postgresql15-server", "postgresql16-server", "initdb", "pg_ctl"],
        "mysql" => &["mysqld", "mariadb-server", "mysql-server", "mariadb105-server"],
        other => &[other],
    };
    // What a client is built with starts nothing.
    let named = |text: &str| names.iter().any(|name| text.replace("libmemcached", "").contains(name));
    subject.scripts().iter().any(|script| named(script.text))
        || subject.customizations.configs.iter().any(|file| named(&file.text))
}
