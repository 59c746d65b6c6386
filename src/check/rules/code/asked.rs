//! Asked: services that a module looks for as it is imported, on the instance itself or in the container that asks, where nobody runs them.

use crate::check::django::loaded::{Call, Module};
use crate::check::rules::settings::local::{Place, beside};
use crate::check::subject::Subject;

/// A call that makes a client: where it is told the address, and whether it asks its own machine without one.
struct Client {
    names: &'static [&'static str],
    /// The module that has it.
    module: &'static str,
    keyword: &'static str,
    implied: bool,
    service: &'static str,
    harm: &'static str,
}

const STOPS: &str = "the server does not start";

const CLIENTS: [Client; 8] = [
    Client {
        names: &["MongoClient", "pymongo.MongoClient"],
        module: "pymongo",
        keyword: "host",
        implied: true,
        service: "mongodb",
        harm: "every page that asks it fails",
    },
    Client {
        names: &["connect", "mongoengine.connect"],
        module: "mongoengine",
        keyword: "host",
        implied: true,
        service: "mongodb",
        harm: "every page that asks it fails",
    },
    Client {
        names: &["Redis", "redis.Redis", "StrictRedis", "redis.StrictRedis"],
        module: "redis",
        keyword: "host",
        implied: true,
        service: "redis",
        harm: "every page that asks it fails",
    },
    Client {
        names: &["redis.from_url", "Redis.from_url", "redis.Redis.from_url"],
        module: "redis",
        keyword: "url",
        implied: false,
        service: "redis",
        harm: "every page that asks it fails",
    },
    Client {
        names: &["Elasticsearch"],
        module: "elasticsearch",
        keyword: "hosts",
        implied: false,
        service: "elasticsearch",
        harm: "every search fails",
    },
    Client {
        names: &["psycopg2.connect", "psycopg.connect"],
        module: "psycopg",
        keyword: "host",
        implied: false,
        service: "postgresql",
        harm: STOPS,
    },
    Client {
        names: &["pymysql.connect", "MySQLdb.connect"],
        module: "mysql",
        keyword: "host",
        implied: false,
        service: "mysql",
        harm: STOPS,
    },
    Client {
        names: &["mysql.connector.connect"],
        module: "mysql",
        keyword: "host",
        implied: false,
        service: "mysql",
        harm: STOPS,
    },
];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    for module in modules {
        for call in &module.calls {
            let known = |client: &&Client| {
                client.names.contains(&call.name.as_str())
                    && module.imports.iter().any(|import| import.module.to_ascii_lowercase().contains(client.module))
            };
            let Some(client) = CLIENTS.iter().find(known) else { continue };
            let Some(place) = place(client, call).and_then(|place| place.in_vain(subject, client.service)) else {
                continue;
            };
            let message = format!("{}: `{}` is looked for {place}", client.harm, client.service);
            let fix = beside(subject, client.service);
            subject.find("EB149", &module.path, call.span.clone(), message, fix);
        }
    }
}

/// Where a client looks, as far as its arguments are written there.
fn place(client: &Client, call: &Call) -> Option<Place> {
    let by_name = call.texts.iter().find(|(name, _)| name.as_deref() == Some(client.keyword));
    let first = call.texts.iter().find(|(name, _)| name.is_none()).filter(|_| call.arguments > 0);
    // MongoDB's `connect` begins with the name of a database.
    let positional = first.filter(|_| call.name != "connect" && call.name != "mongoengine.connect");
    if let Some((_, text)) = by_name.or(positional) {
        return Place::of(text);
    }
    let told = ["host", "hosts", "url", "unix_socket_path", "connection_pool", "db_url"];
    let silent = call.arguments == 0 && !call.more && !told.iter().any(|name| call.keywords.contains(*name));
    (client.implied && silent).then_some(Place::Here)
}
