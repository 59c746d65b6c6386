//! Databases: containers that keep what the site knows on the disk of an instance.

use serde_json::Value;

use crate::beanstalk::compose;
use crate::beanstalk::yaml::{Mapping, Node};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::level::Level;

const RULE: &str = "EB342";
const FIX: &str = "use a database of RDS, and give its address by properties of the environment";

/// Images of servers that keep data, by the last part of their names.
const SERVERS: [&str; 12] = [
    "postgres",
    "postgresql",
    "postgis",
    "timescaledb",
    "pgvector",
    "mysql",
    "mysql-server",
    "mariadb",
    "percona",
    "mongo",
    "mongodb",
    "couchdb",
];

/// Is it the image of a database?
fn is_database(image: &str) -> bool {
    let name = image.split('@').next().unwrap_or(image);
    let name = name.rsplit('/').next().unwrap_or(name);
    SERVERS.contains(&name.split(':').next().unwrap_or(name))
}

fn said(name: &str) -> String {
    format!(
        "what `{name}` keeps is lost with the instance, and each instance has its own: it is a database on its disk"
    )
}

/// Services of a compose file that Elastic Beanstalk runs.
pub(super) fn of_compose(subject: &mut Subject<'_>, path: &str, services: &Mapping) {
    if subject.guessed() {
        return;
    }
    for (name, _, service) in services.named() {
        // What somebody has to ask for is not started.
        let Some(image) = service.get("image").filter(|_| service.get("profiles").is_none()) else { continue };
        if !image.as_str().is_some_and(is_database) {
            continue;
        }
        subject.find(RULE, path, image.span.clone(), said(name), FIX);
        password(subject, path, name, service);
    }
}

/// The password of the database, where it stands in the file.
fn password(subject: &mut Subject<'_>, path: &str, name: &str, service: &Node) {
    const NAMES: [&str; 6] = [
        "POSTGRES_PASSWORD",
        "MYSQL_ROOT_PASSWORD",
        "MYSQL_PASSWORD",
        "MARIADB_ROOT_PASSWORD",
        "MARIADB_PASSWORD",
        "MONGO_INITDB_ROOT_PASSWORD",
    ];
    let found = compose::environment(service).into_iter().find(|(key, value, _)| {
        let value = value.trim_matches(['"', '\'']);
        NAMES.contains(key) && !value.is_empty() && !value.contains(['$', '{', '<'])
    });
    if let Some((_, _, span)) = found {
        let message = format!("everybody who can read the code has the password of `{name}`: it is in it");
        let fix = "make a new one, and read it from a property of the environment: `${DATABASE_PASSWORD}`";
        subject.find("EB112", path, span, message, fix).level = Level::Warning;
    }
}

/// Containers of a task of ECS.
pub(super) fn of_task(subject: &mut Subject<'_>, definitions: &[Value], text: &str) {
    for definition in definitions {
        let Some(image) = definition["image"].as_str().filter(|image| is_database(image)) else { continue };
        let name = definition["name"].as_str().unwrap_or("a container without a name");
        let start = text.find(&format!("\"{image}\"")).map_or(0, |at| at + 1);
        subject.find(RULE, DOCKERRUN, start..start + image.len(), said(name), FIX);
    }
}

#[cfg(test)]
mod tests {
    use super::is_database;

    #[test]
    fn images_of_databases() {
        for image in [
            "postgres",
            "postgres:16-alpine",
            "docker.io/library/mysql:8.0",
            "postgis/postgis:16-3.4",
            "mongo@sha256:ab",
        ] {
            assert!(is_database(image), "{image}");
        }
        for image in
            ["redis:7", "mysql-backup:1", "example.com/shop/postgres-exporter:1", "${IMAGE}", "me/web:postgres"]
        {
            assert!(!is_database(image), "{image}");
        }
    }
}
