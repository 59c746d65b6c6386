//! Local services: what settings look for on the instance itself, where nobody runs it.

use super::at;
use super::own_container;
use crate::check::django::{Setting, Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB149";
const HERE: [&str; 4] = ["localhost", "127.0.0.1", "::1", "[::1]"];
/// What people call the services of a `docker-compose.yml`; no such name is known in a network of AWS's.
const CONTAINERS: [&str; 17] = [
    "db",
    "database",
    "postgres",
    "postgresql",
    "pg",
    "mysql",
    "mariadb",
    "redis",
    "valkey",
    "rabbitmq",
    "rabbit",
    "memcached",
    "broker",
    "mongo",
    "mongodb",
    "elasticsearch",
    "host.docker.internal",
];

/// A setting with addresses, the service where it is one and the same, and what fails without it.
struct Client {
    setting: &'static str,
    service: Option<&'static str>,
    harm: &'static str,
}

const CLIENTS: [Client; 16] = [
    Client { setting: "CELERY_BROKER_URL", service: None, harm: "no task is ever carried out" },
    Client { setting: "BROKER_URL", service: None, harm: "no task is ever carried out" },
    Client { setting: "CELERY_RESULT_BACKEND", service: None, harm: "no task has a result" },
    Client { setting: "RQ_QUEUES", service: Some("redis"), harm: "no task is ever carried out" },
    Client { setting: "Q_CLUSTER", service: None, harm: "no task is ever carried out" },
    Client { setting: "CACHES", service: None, harm: "every use of the cache fails" },
    Client { setting: "CHANNEL_LAYERS", service: None, harm: "no message reaches its channel" },
    Client { setting: "HAYSTACK_CONNECTIONS", service: None, harm: "every search fails" },
    Client { setting: "ELASTICSEARCH_DSL", service: Some("elasticsearch"), harm: "every search fails" },
    Client { setting: "DRAMATIQ_BROKER", service: None, harm: "no task is ever carried out" },
    Client { setting: "HUEY", service: Some("redis"), harm: "no task is ever carried out" },
    Client { setting: "CACHEOPS_REDIS", service: Some("redis"), harm: "every use of the cache fails" },
    Client { setting: "SESSION_REDIS", service: Some("redis"), harm: "every page with a session fails" },
    Client { setting: "CONSTANCE_REDIS_CONNECTION", service: Some("redis"), harm: "no setting of constance is read" },
    Client { setting: "THUMBNAIL_REDIS_URL", service: Some("redis"), harm: "no thumbnail is made" },
    Client { setting: "THUMBNAIL_REDIS_HOST", service: Some("redis"), harm: "no thumbnail is made" },
];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    database(subject, settings);
    for client in &CLIENTS {
        let Some(setting) = settings.get(client.setting) else { continue };
        let asked = Asked::of(client, &setting.value).filter(|asked| !asked.unless);
        let Some((service, place)) =
            asked.and_then(|asked| Some((asked.service, asked.place.in_vain(subject, asked.service)?)))
        else {
            continue;
        };
        if CELERY.contains(&client.setting) && !queues(subject) {
            continue;
        }
        let message = format!("{}: `{service}` is looked for {place}", client.harm);
        let fix = beside(subject, service);
        at(subject, RULE, setting, message, &fix);
    }
}

/// Settings that say where celery keeps its tasks: a task that is called like any function never goes there.
const CELERY: [&str; 3] = ["CELERY_BROKER_URL", "BROKER_URL", "CELERY_RESULT_BACKEND"];

/// Does anything here queue a task, send tasks by a schedule, or wait for some? Of code that was not read, that is not known.
fn queues(subject: &Subject<'_>) -> bool {
    const CALLS: [&str; 7] =
        [".delay(", ".apply_async(", "send_task(", "beat_schedule", "BEAT_SCHEDULE", "PeriodicTask", "CELERYBEAT"];
    let tree = subject.tree;
    let mut code = tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| tree.code(path));
    code.any(|text| CALLS.iter().any(|call| text.contains(call)))
        || subject.scripts().iter().any(|script| script.text.contains("celery"))
}

/// What to do about a service that does not run on the instance, by what AWS has of it.
pub(in crate::check::rules) fn beside(subject: &Subject<'_>, service: &str) -> String {
    if let Some(neighbour) = own_container::neighbour(subject, service).filter(|_| !subject.python()) {
        return neighbour;
    }
    let place = match service {
        "redis" | "memcached" => ", such as in ElastiCache,",
        "rabbitmq" => ", such as in Amazon MQ,",
        "elasticsearch" | "opensearch" => ", such as in OpenSearch Service,",
        "mongodb" => ", such as in DocumentDB or MongoDB Atlas,",
        "postgresql" | "mysql" | "mssql" => ", in RDS,",
        _ => "",
    };
    format!("run it beside the environment{place} and read its address from a property")
}

/// The services that are looked for here unless a variable names another place, each with its setting.
pub(super) fn unless<'s>(subject: &Subject<'_>, settings: &'s Settings) -> impl Iterator<Item = (&'s Setting, Asked)> {
    CLIENTS.iter().filter_map(|client| {
        let setting = settings.get(client.setting)?;
        let asked = Asked::of(client, &setting.value).filter(|asked| asked.unless)?;
        let place = asked.place.in_vain(subject, asked.service)?;
        Some((setting, Asked { place, ..asked }))
    })
}

fn database(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("DATABASES") else { return };
    let default = setting.value.get("default");
    let engine = default.get("ENGINE").text().unwrap_or_default();
    let place = default.get("HOST").text().and_then(Place::of_host);
    let place = place.or_else(|| is_own_host(default.get("HOST")).then_some(Place::Here));
    let (Some(name), Some(place)) = (server(engine), place) else { return };
    let told = has_other_host(default) || (place == Place::Here && is_told_by_libpq(subject));
    if let Some(place) = place.in_vain(subject, name).filter(|_| !told) {
        let message = format!("every page that reads data is a 500: {name} is looked for {place}");
        let fix = "use RDS, and read its address from properties of the environment";
        at(subject, RULE, setting, message, fix);
    }
}

/// The server that an engine of Django's asks, if its client asks its own machine where no host is named.
pub(super) fn server(engine: &str) -> Option<&'static str> {
    const SERVERS: [(&str, &str); 6] = [
        ("postgresql", "postgresql"),
        ("postgis", "postgresql"),
        ("psqlextra", "postgresql"),
        ("mysql", "mysql"),
        ("mssql", "mssql"),
        ("djongo", "mongodb"),
    ];
    SERVERS.into_iter().find(|(word, _)| engine.contains(word)).map(|(_, server)| server)
}

/// Is the host in the options, or in a file that these name?
pub(super) fn has_other_host(database: &Value) -> bool {
    let options = database.get("OPTIONS").by_default();
    let said = |part: &Value, keys: &[&str]| keys.iter().any(|key| *part.get(key) != Value::Missing);
    let read = matches!(options, Value::Missing | Value::None | Value::Dict(_));
    !read || said(options, &["service", "host", "read_default_file", "dsn"]) || said(database, &["CLIENT"])
}

/// Libpq asks where these say, if nobody names a host.
fn is_told_by_libpq(subject: &Subject<'_>) -> bool {
    ["PGHOST", "PGHOSTADDR", "PGSERVICE"].iter().any(|name| subject.gives(name))
}

/// Where something is looked for that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check::rules) enum Place {
    /// On the machine of whoever asks.
    Here,
    /// In the container of whoever asks.
    OwnContainer,
    /// Under a name that containers of one network know, and nobody else.
    Container(String),
}

impl Place {
    /// Of the addresses, the first that is such a place.
    pub(in crate::check::rules) fn of(addresses: &str) -> Option<Self> {
        hosts(addresses).find_map(|host| match host {
            Host::Path => Some(Self::Here),
            Host::Name(name) if HERE.contains(&name) => Some(Self::Here),
            Host::Name(name) => CONTAINERS.contains(&name).then(|| Self::Container(name.to_owned())),
        })
    }

    /// Of a `HOST` that names a container.
    pub(super) fn of_host(host: &str) -> Option<Self> {
        Self::of(host).filter(|place| matches!(place, Self::Container(_)))
    }

    /// The place, where the service is surely not there. Names of containers are another matter where there are some.
    pub(in crate::check::rules) fn in_vain(self, subject: &Subject<'_>, service: &str) -> Option<Self> {
        let place = match self {
            Self::Here if !subject.python() => Self::OwnContainer,
            Self::Container(_) if !subject.python() => return None,
            place => place,
        };
        (!place.has(subject, service)).then_some(place)
    }

    /// Is the service there, by what the project's files install or write?
    pub(in crate::check::rules) fn has(&self, subject: &Subject<'_>, service: &str) -> bool {
        match self {
            Self::Here => runs_here(subject, service),
            Self::OwnContainer => !own_container::lacks(subject, service),
            Self::Container(_) => subject.scripts().iter().any(|script| script.text.contains("/etc/hosts")),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here => f.write_str("on the instance itself, and nothing here starts it"),
            Self::OwnContainer => f.write_str("in the container that asks, and nothing in that starts it"),
            Self::Container(name) => write!(f, "at `{name}`, a name that only containers beside it know"),
        }
    }
}

/// A service that is looked for where it is not.
pub(super) struct Asked {
    pub(super) service: &'static str,
    pub(super) place: Place,
    /// May a variable name another place?
    unless: bool,
}

impl Asked {
    /// By the setting itself, or by one of its aliases.
    fn of(client: &Client, setting: &Value) -> Option<Self> {
        let outer = matches!(setting, Value::Environment { .. });
        let asked = match setting.by_default() {
            whole @ Value::Dict(_) if !matches!(addresses(whole), Value::Missing | Value::Unknown) => {
                Self::by(client, whole, "")
            }
            Value::Dict(aliases) => {
                aliases.iter().find_map(|(name, alias)| Self::by(client, alias, name.text().unwrap_or_default()))
            }
            address => Self::by(client, address, ""),
        };
        asked.map(|asked| Self { unless: asked.unless || outer, ..asked })
    }

    fn by(client: &Client, part: &Value, alias: &str) -> Option<Self> {
        const SERVICES: [(&str, &str); 6] = [
            ("redis", "redis"),
            ("amqp", "rabbitmq"),
            ("memcache", "memcached"),
            ("elasticsearch", "elasticsearch"),
            ("opensearch", "opensearch"),
            ("solr", "solr"),
        ];
        let mut found = Addresses { unless: matches!(part, Value::Environment { .. }), ..Addresses::default() };
        let part = part.by_default();
        let backend = part.get("BACKEND").by_default().text().or_else(|| part.get("ENGINE").by_default().text());
        match addresses(part) {
            Value::Missing => {
                let service = implied(part, backend?)?;
                return Some(Self { service, place: Place::Here, unless: found.unless });
            }
            value => found.take(value),
        }
        let place = found.texts.iter().find_map(|text| Place::of(text)).filter(|_| !found.unknown)?;
        // Beside a backend that says what it is, a plain name is no more than that.
        let addresses = found.texts.iter().copied().filter(|text| backend.is_none() || text.contains("://"));
        let texts = || addresses.clone().chain(backend);
        let in_word = |word: &str| texts().any(|text| text.to_ascii_lowercase().contains(word));
        let named = SERVICES.into_iter().find(|(word, _)| in_word(word));
        let named = named.or_else(|| SERVICES.into_iter().find(|(word, _)| *word == alias));
        let service = named.map(|(_, service)| service).or(client.service)?;
        Some(Self { service, place, unless: found.unless })
    }
}

/// Where a part of a setting has its addresses.
fn addresses(part: &Value) -> &Value {
    if !matches!(part, Value::Dict(_)) {
        return part;
    }
    let config = part.get("CONFIG").by_default();
    let keys = ["LOCATION", "URL", "HOST", "hosts", "host", "url"].into_iter().map(|key| part.get(key));
    let keys = keys.chain(["hosts", "host"].into_iter().map(|key| config.get(key)));
    keys.into_iter().find(|value| **value != Value::Missing).unwrap_or(&Value::Missing)
}

/// What a backend asks that is told no address: those of Channels ask their own machine.
fn implied(part: &Value, backend: &str) -> Option<&'static str> {
    const OWN: [(&str, &str); 3] =
        [("channels_redis.", "redis"), ("asgi_redis.", "redis"), ("channels_rabbitmq.", "rabbitmq")];
    let read = matches!(part.get("CONFIG"), Value::Missing | Value::Dict(_));
    OWN.into_iter().find(|(package, _)| read && backend.starts_with(package)).map(|(_, service)| service)
}

/// The texts of an address, or of several.
#[derive(Default)]
struct Addresses<'v> {
    texts: Vec<&'v str>,
    /// Does a variable decide one of them?
    unless: bool,
    /// Is one of them not known?
    unknown: bool,
}

impl<'v> Addresses<'v> {
    fn take(&mut self, value: &'v Value) {
        match value {
            Value::Text(text) => self.texts.push(text),
            Value::List(items) => items.iter().for_each(|item| self.take(item)),
            // Beside the address there are names and passwords.
            Value::Dict(_) => ["address", "host"].into_iter().for_each(|key| self.take(value.get(key))),
            Value::Environment { default: Some(default) } => {
                self.unless = true;
                self.take(default);
            }
            Value::Environment { default: None } | Value::Unknown => self.unknown = true,
            _ => {}
        }
    }
}

/// What an address names: with a scheme or without.
enum Host<'a> {
    /// A socket's path, or none: it is on the machine of whoever asks.
    Path,
    Name(&'a str),
}

/// Of an address, or of several.
fn hosts(addresses: &str) -> impl Iterator<Item = Host<'_>> {
    addresses.split([',', ';']).map(str::trim).map(|address| {
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let rest = rest.strip_prefix("unix:").unwrap_or(rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        // Without a host it is the own one, and what follows `unix:` or nothing is a path.
        if rest.starts_with('/') || (host.is_empty() && !scheme.is_empty()) {
            return Host::Path;
        }
        Host::Name(match host.rsplit_once(':') {
            Some((name, port)) if !HERE.contains(&host) && port.chars().all(|char| char.is_ascii_digit()) => name,
            _ => host,
        })
    })
}

/// Is it, or one of several, an address on the machine of whoever asks?
pub(super) fn is_own_address(addresses: &str) -> bool {
    hosts(addresses).any(|host| match host {
        Host::Path => true,
        Host::Name(name) => HERE.contains(&name),
    })
}

/// Does a client of a database ask its own machine, if this is the `HOST`? Without one it asks a socket.
pub(super) fn is_own_host(host: &Value) -> bool {
    match host {
        Value::Text(host) => host.is_empty() || is_own_address(host),
        Value::None | Value::Missing => true,
        _ => false,
    }
}

/// Does anything here install or start it?
pub(super) fn runs_here(subject: &Subject<'_>, service: &str) -> bool {
    let names: &[&str] = match service {
        "redis" => &["redis", "valkey"],
        "postgresql" => &["postgresql-server", "postgresql15-server", "postgresql16-server", "initdb", "pg_ctl"],
        "mysql" => &["mysqld", "mariadb-server", "mysql-server", "mariadb105-server"],
        "mongodb" => &["mongod", "mongodb-org"],
        "mail" => &["postfix", "sendmail", "exim"],
        other => &[other],
    };
    // What a client is built with starts nothing.
    let named = |text: &str| names.iter().any(|name| text.replace("libmemcached", "").contains(name));
    subject.scripts().iter().any(|script| named(script.text))
        || subject.customizations.configs.iter().any(|file| named(&file.text))
}
