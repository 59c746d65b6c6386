//! Services: what compose refuses of them, and the files of the bundle that they are given.
//!
//! Sources: Compose file reference (`depends_on`, `env_file`, `networks`, `volumes`), Docker's documentation of bind mounts.

use std::ops::Range;

use super::containers::published;
use crate::beanstalk::eb_config;
use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::requirements::beside;
use crate::beanstalk::tree::Entry;
use crate::beanstalk::yaml::{Mapping, Node};
use crate::check::dockerfile::Image;
use crate::check::images::dockerfile;
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::base;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, path: &str, root: &Node, services: &Mapping) {
    let others = ["docker-compose.override.yml", "docker-compose.override.yaml"];
    // What another file adds, nobody sees here.
    let more = root.get("include").is_some() || others.iter().any(|path| subject.tree.is_file(path));
    // A folder below may be what is deployed, and this file for the desk.
    let below = |path: &str| [DOCKERRUN, eb_config::PATH].iter().any(|name| path.ends_with(&format!("/{name}")));
    let elsewhere = !subject.tree.is_file(eb_config::PATH) && subject.tree.iter().any(|(path, _)| below(path));
    if subject.guessed() || more || elsewhere {
        return;
    }
    let mut refused = Vec::new();
    for (name, key, service) in services.named() {
        if service.get("profiles").is_some() || service.get("extends").is_some() {
            continue;
        }
        if service.get("image").is_none() && service.get("build").is_none() && service.mapping().is_some() {
            refused.push((
                key.span.clone(),
                format!("`{name}` has neither an `image` nor a `build`"),
                "name one of them",
            ));
        }
        refused.extend(names(root, services, name, service));
        refused.extend(unhealthy(subject, services, name, service));
        files(subject, path, name, service);
    }
    refused.extend(ports(services));
    for (span, why, fix) in refused {
        subject.find("EB121", path, span, format!("the deployment fails: {why}"), fix);
    }
}

type Refused = (Range<usize>, String, &'static str);

/// The names in a list, or the keys of a mapping, each with its node and its value.
fn named(node: Option<&Node>) -> Vec<(&str, &Node, Option<&Node>)> {
    let Some(node) = node else { return Vec::new() };
    let listed = node.sequence().unwrap_or_default().iter().filter_map(|item| Some((item.as_str()?, item, None)));
    let mapped = node.mapping().into_iter().flat_map(Mapping::named).map(|(name, key, value)| (name, key, Some(value)));
    listed.chain(mapped).collect()
}

/// Services, volumes and networks that a service names, and that are not there.
fn names(root: &Node, services: &Mapping, name: &str, service: &Node) -> Vec<Refused> {
    let mut found = Vec::new();
    let has = |of: &str, wanted: &str| root.get(of).is_some_and(|all| all.get(wanted).is_some());
    let wanted = named(service.get("depends_on")).into_iter().filter(|(.., how)| {
        let required = how.and_then(|how| how.get("required")).and_then(Node::as_str);
        required != Some("false")
    });
    let links = named(service.get("links"));
    for (other, node, _) in wanted.chain(links) {
        let other = other.split(':').next().unwrap_or(other);
        if services.get(other).is_none() && !other.contains('$') {
            let why = format!("`{name}` waits for the service `{other}`, and there is none");
            found.push((node.span.clone(), why, "take the name out, or name a service of this file"));
        }
    }
    for node in service.get("volumes").and_then(Node::sequence).unwrap_or_default() {
        let Some(volume) = volume(node) else { continue };
        if !has("volumes", volume) {
            let why = format!("`{name}` names the volume `{volume}`, which `volumes` at the top does not have");
            found.push((node.span.clone(), why, "list it there; or begin with `./`, for a folder of the bundle"));
        }
    }
    for (network, node, _) in named(service.get("networks")) {
        if network != "default" && !network.contains('$') && !has("networks", network) {
            let why = format!("`{name}` names the network `{network}`, which `networks` at the top does not have");
            found.push((node.span.clone(), why, "list it there, or take it out: services reach each other anyway"));
        }
    }
    found
}

/// The volume of Docker's own that an entry names.
fn volume(node: &Node) -> Option<&str> {
    let name = match node.as_str() {
        Some(text) => text.split_once(':')?.0,
        None => {
            let kind = node.get("type").and_then(Node::as_str)?;
            node.get("source").and_then(Node::as_str).filter(|_| kind == "volume")?
        }
    };
    let plain = name.len() > 1 && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-.".contains(char));
    (plain && !name.starts_with('.')).then_some(name)
}

/// A service that waits for the health of another, which nobody looks at.
fn unhealthy(subject: &Subject<'_>, services: &Mapping, name: &str, service: &Node) -> Option<Refused> {
    /// Images of Docker's own without a check.
    const WITHOUT: [&str; 9] =
        ["postgres", "mysql", "mariadb", "redis", "mongo", "rabbitmq", "memcached", "nginx", "python"];
    let is_bare = |image: &str| {
        let reference = ImageReference::of(image);
        reference.is_official() && WITHOUT.contains(&reference.name)
    };
    let built = |build: &Node| {
        let image = Image::read(subject.tree.text(&dockerfile(build)?)?);
        Some(image.base().is_some_and(is_bare) && image.all("HEALTHCHECK").next().is_none())
    };
    named(service.get("depends_on")).into_iter().find_map(|(other, _, how)| {
        let condition = how?.get("condition").filter(|condition| condition.as_str() == Some("service_healthy"))?;
        let target = services.get(other)?;
        let unknown = ["healthcheck", "extends", "profiles"].iter().any(|key| target.get(key).is_some());
        let bare = match target.get("build") {
            Some(build) => build.get("target").is_none() && built(build) == Some(true),
            None => target.get("image").and_then(Node::as_str).is_some_and(is_bare),
        };
        (bare && !unknown).then(|| {
            let why = format!("`{name}` waits until `{other}` is healthy, and neither it nor its image has a check");
            (condition.span.clone(), why, "give it a `healthcheck`, or write `condition: service_started`")
        })
    })
}

/// Two services on one port of the instance.
fn ports(services: &Mapping) -> Option<Refused> {
    let mut taken: Vec<(String, &str)> = Vec::new();
    for (name, _, service) in services.named().filter(|(_, _, service)| service.get("profiles").is_none()) {
        let ports = service.get("ports").and_then(Node::sequence).unwrap_or_default();
        let plain = |node: &Node| {
            node.as_str().is_some_and(|text| text.matches(':').count() == 1 && !text.contains(['/', '-']))
        };
        if !ports.iter().all(plain) || service.get("network_mode").is_some() {
            continue;
        }
        for (host, _, span) in published(service) {
            if let Some((_, other)) = taken.iter().find(|(known, other)| *known == host && *other != name) {
                let why = format!("`{other}` and `{name}` both want port {host} of the instance");
                return Some((span, why, "publish it of one of them: services reach each other without"));
            }
            taken.push((host, name));
        }
    }
    None
}

/// Files of the bundle that a service is given.
fn files(subject: &mut Subject<'_>, path: &str, name: &str, service: &Node) {
    const RULE: &str = "EB356";
    let listed = service.get("env_file").map(|node| node.sequence().unwrap_or(std::slice::from_ref(node)));
    for node in listed.unwrap_or_default() {
        let required = node.get("required").and_then(Node::as_str) != Some("false");
        let file = node.as_str().or_else(|| node.get("path").and_then(Node::as_str));
        let Some(file) = file.filter(|_| required).and_then(|file| missing(subject, file)) else { continue };
        // The platform writes this one, and of another it is enough to say once.
        let said = format!("takes variables from `{file}`");
        if file == ".env" || subject.found().iter().any(|one| one.rule == RULE && one.message.contains(&said)) {
            continue;
        }
        let message =
            format!("the deployment fails: `{name}` takes variables from `{file}`, which is not in the bundle");
        let fix = "read `.env` in its place, where the platform writes the properties of the environment; or let it ship, without secrets";
        subject.find(RULE, path, node.span.clone(), message, fix);
    }
    for node in service.get("volumes").and_then(Node::sequence).unwrap_or_default() {
        let (source, target) = match node.as_str() {
            Some(text) => {
                let mut parts = text.split(':');
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            None => continue,
        };
        let is_file = |path: &str| {
            const ENDS: [&str; 16] = [
                "cfg", "cnf", "conf", "crt", "env", "htpasswd", "ini", "json", "key", "pem", "py", "sh", "sql", "toml",
                "yaml", "yml",
            ];
            base(path).rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && ENDS.contains(&end))
        };
        if !source.starts_with('.') || !is_file(source) || !is_file(target) {
            continue;
        }
        let Some(file) = missing(subject, source) else { continue };
        let message = format!(
            "`{name}` finds a folder at `{target}`: `{file}` is not in the bundle, and Docker makes an empty folder of that name"
        );
        let fix = "let it ship, or take the line out; `beansprout package --why` says what keeps it out";
        subject.find(RULE, path, node.span.clone(), message, fix).level = Level::Warning;
    }
}

/// The path in the bundle of a file that is not there, and that nothing makes.
fn missing(subject: &Subject<'_>, file: &str) -> Option<String> {
    if file.contains(['$', '~', '*']) || file.starts_with('/') {
        return None;
    }
    let path = beside("", file)?;
    let tree = subject.tree;
    let linked = path.match_indices('/').any(|(at, _)| matches!(tree.get(&path[..at]), Some(Entry::Link { .. })));
    let name = base(&path);
    let made = subject.names_file(name) || subject.pipeline_names(name) || tree.is_file("Buildfile");
    (!path.is_empty() && tree.get(&path).is_none() && !tree.is_dir(&path) && !linked && !made).then_some(path)
}
