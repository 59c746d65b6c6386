//! Own container: `localhost` is the container of whoever asks, and what else runs there is what its image starts.
//!
//! Source: Docker's documentation, "Networking overview" and "Networking in Compose".

use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::file_name;
use crate::beanstalk::yaml::{self, Mapping, Node};
use crate::check::images::dockerfiles;
use crate::check::rules::descriptors::containers;
use crate::check::subject::Subject;

/// Programs that listen on the own machine for a server on another one.
const FORWARDERS: [&str; 9] =
    ["stunnel", "socat", "haproxy", "autossh", "ssh -", "envoy", "nutcracker", "cloud_sql_proxy", "pgbouncer"];

/// Is the code in a container of its own in which nothing starts the service? Only where its image and what that starts are known.
pub(super) fn lacks(subject: &Subject<'_>, service: &str) -> bool {
    let described = subject.customizations.containers.as_deref().and_then(|path| subject.tree.text(path));
    let shares =
        described.is_none_or(|text| ["network_mode", "networkMode", "extends"].iter().any(|key| text.contains(key)));
    let is_own = |is_sure| is_sure || subject.customizations.family == Family::Ecs;
    !shares
        && !subject.guessed()
        && subject.inside().is_some_and(|inside| is_own(inside.is_sure))
        && !is_in_image(subject, service)
        && !is_begun(subject, service)
        && !subject.scripts().iter().any(|script| starts(script.text, service))
}

/// Does a step of an image name the service's package, or copy it from the image of one?
fn is_in_image(subject: &Subject<'_>, service: &str) -> bool {
    dockerfiles(subject.tree, subject.customizations).iter().filter_map(|path| subject.tree.text(path)).any(|text| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.into_iter().any(|line| starts(line, service))
    })
}

/// Does what containers begin with, or a script or a file of supervisor's, start it?
fn is_begun(subject: &Subject<'_>, service: &str) -> bool {
    let began = containers::all(subject).into_iter().filter(|container| container.built.is_some()).any(|container| {
        let words = |run: &crate::check::words::Run| run.arguments.iter().any(|word| starts(&word.text, service));
        container.runs.iter().any(|run| starts(run.name(), service) || words(run))
    });
    let tree = subject.tree;
    let is_script = |path: &str, text: &str| {
        let by_name = [".sh", ".conf", ".ini"].iter().any(|end| path.ends_with(end)) || file_name(path) == "Procfile";
        by_name || (text.starts_with("#!") && !path.ends_with(".py"))
    };
    began
        || tree.iter().any(|(path, _)| {
            if path.ends_with(".py") {
                let programs = [format!("{service}-server"), "valkey-server".to_owned(), "mongod ".to_owned()];
                return tree.code(path).is_some_and(|text| programs.iter().any(|program| text.contains(program)));
            }
            tree.text(path).is_some_and(|text| is_script(path, text) && starts(text, service))
        })
}

/// Has a text the words by which the service, or what stands in for it, is installed or started?
fn starts(text: &str, service: &str) -> bool {
    let names: &[&str] = match service {
        "redis" => &["redis", "valkey"],
        // Clients of these are installed by names that begin so.
        "postgresql" | "mysql" => return forwards(text) || has_server(text, service),
        "mongodb" => &["mongo"],
        "rabbitmq" => &["rabbit"],
        other => return forwards(text) || text.replace("libmemcached", "").contains(other),
    };
    forwards(text) || names.iter().any(|name| text.contains(name))
}

fn forwards(text: &str) -> bool {
    FORWARDERS.iter().any(|program| text.contains(program))
}

/// `postgresql`, `postgresql-15`, `mariadb-server`, but no `postgresql-client` or `postgresql-dev`.
fn has_server(text: &str, service: &str) -> bool {
    let names: &[&str] = match service {
        "postgresql" => &["postgresql", "postgres", "pg_ctl", "pg_ctlcluster", "initdb"],
        _ => &["mysql", "mariadb", "mysqld", "mysqld_safe", "mariadbd", "default-mysql"],
    };
    let words = text.split(|char: char| char.is_whitespace() || "\"',;:/=".contains(char));
    let is_server = |rest: &str| {
        let rest = rest.trim_start_matches(|char: char| char == '-' || char == '.' || char.is_ascii_digit());
        matches!(rest, "" | "server" | "contrib" | "main")
    };
    words.into_iter().any(|word| names.iter().any(|name| word.strip_prefix(name).is_some_and(is_server)))
}

/// The name by which the code's container finds such a service, where `docker-compose.yml` starts one beside it.
pub(super) fn neighbour(subject: &Subject<'_>, service: &str) -> Option<String> {
    let path = subject.customizations.containers.as_deref().filter(|path| path.starts_with("docker-compose"))?;
    let root = yaml::parse(subject.tree.text(path)?).ok()??;
    let services = root.get("services").and_then(Node::mapping)?;
    let is_of = |image: &str| service.starts_with(ImageReference::of(image).name);
    let started = Mapping::named(services).filter(|(_, _, one)| one.get("profiles").is_none());
    let mut named = started.filter(|(_, _, one)| one.get("image").and_then(Node::as_str).is_some_and(is_of));
    named.next().map(|(name, ..)| format!("ask for it at `{name}`, the service of `{path}`"))
}
