//! Databases: containers that keep what the site knows on the disk of an instance.

use serde_json::Value;

use crate::beanstalk::compose;
use crate::beanstalk::image_reference::ImageReference;
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
    SERVERS.contains(&ImageReference::of(image).name)
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
        let moved = compose::environment(service).iter().any(|(key, ..)| *key == "PGDATA");
        let volumes = service.get("volumes").and_then(Node::sequence).unwrap_or_default();
        let volume = volumes.iter().find(|volume| {
            let target = volume.get("target").and_then(Node::as_str);
            let short = || volume.as_str().and_then(|text| text.split(':').nth(1));
            target.or_else(short).is_some_and(|target| target.trim_end_matches('/') == OLD_FOLDER)
        });
        if let Some(volume) = volume.filter(|_| !moved && image.as_str().is_some_and(is_new_postgres)) {
            refused(subject, path, name, volume.span.clone());
        }
    }
}

/// Where PostgreSQL's image kept its data until 18.
const OLD_FOLDER: &str = "/var/lib/postgresql/data";

/// Is it PostgreSQL's own image of 18 or newer, or the newest that there is?
fn is_new_postgres(image: &str) -> bool {
    let reference = ImageReference::of(image);
    let own = reference.name == "postgres" && reference.is_official() && !reference.has_digest;
    let tag = reference.tag.unwrap_or("latest");
    let number = tag.split(['.', '-']).next().and_then(|first| first.parse::<u32>().ok());
    own && (matches!(tag, "latest" | "alpine") || number.is_some_and(|number| number >= 18))
}

/// A volume where images of PostgreSQL 18 and newer want none.
fn refused(subject: &mut Subject<'_>, path: &str, name: &str, span: std::ops::Range<usize>) {
    let message = format!(
        "`{name}` does not start: images of PostgreSQL 18 and newer refuse a volume at `{OLD_FOLDER}`, and this is one of them"
    );
    let fix = "mount it at `/var/lib/postgresql`, or pin an older one, such as `postgres:17`, which old data needs";
    subject.find("EB303", path, span, message, fix);
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
        let list = |key: &str| definition[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let moved = list("environment").iter().any(|variable| variable["name"].as_str() == Some("PGDATA"));
        let mounted = list("mountPoints").iter().any(|point| {
            point["containerPath"].as_str().is_some_and(|target| target.trim_end_matches('/') == OLD_FOLDER)
        });
        if is_new_postgres(image) && mounted && !moved {
            let start = text.find(OLD_FOLDER).unwrap_or(0);
            refused(subject, DOCKERRUN, name, start..start + OLD_FOLDER.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_database, is_new_postgres};

    #[test]
    fn images_of_new_postgres() {
        for image in ["postgres", "postgres:latest", "docker.io/library/postgres:18.1-alpine", "postgres:alpine"] {
            assert!(is_new_postgres(image), "{image}");
        }
        for image in ["postgres:17", "postgres:9.6-alpine", "postgres:$TAG", "postgis/postgis", "postgres@sha256:ab"] {
            assert!(!is_new_postgres(image), "{image}");
        }
    }

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
