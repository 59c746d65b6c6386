//! Descriptors beside `.ebextensions`: Docker's, `cron.yaml`, `env.yaml`, and the platform that all of them are for.

mod base;
mod beat;
mod build;
pub(super) mod containers;
mod databases;
mod desk;
mod development;
mod entered;
pub(super) mod front;
mod image;
mod listens;
mod names;
mod one_key;
mod platform;
mod runtime;
mod services;
mod task;
mod thin_pool;
mod unset;
mod upstream;
mod versions;
mod worker;

use serde_json::Value;

use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::yaml::{self, Mapping, Node};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>) {
    platform::check(subject);
    worker::check(subject);
    runtime::check(subject);
    one_key::check(subject);
    let compose = ["docker-compose.yml", "docker-compose.yaml"].into_iter().find(|path| subject.tree.is_file(path));
    // Other platforms read none of these.
    if !matches!(subject.customizations.family, Family::Docker | Family::Ecs) {
        return;
    }
    dockerrun(subject, compose);
    image::check(subject);
    base::check(subject);
    thin_pool::check(subject);
    let containers = containers::all(subject);
    development::check(subject, &containers);
    entered::check(subject, &containers);
    beat::check(subject, &containers);
    for container in &containers {
        listens::check(subject, container);
    }
    if let Some(path) = compose.filter(|_| subject.customizations.family == Family::Docker) {
        self::compose(subject, path);
    }
}

fn dockerrun(subject: &mut Subject<'_>, compose: Option<&str>) {
    let Some(text) = subject.tree.text(DOCKERRUN) else { return };
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            let offset = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>()
                + error.column().saturating_sub(1);
            let message = format!("the deployment fails: this is not JSON: {error}");
            subject.find(
                "EB121",
                DOCKERRUN,
                offset..offset + 1,
                message,
                "JSON has no comments and no comma after the last entry",
            );
            return;
        }
    };
    if compose.is_none() {
        names::of_dockerrun(subject, &document, text);
    }
    let version = &document["AWSEBDockerrunVersion"];
    let number = version.as_str().and_then(|text| text.parse::<u64>().ok()).or_else(|| version.as_u64());
    let family = subject.customizations.family;
    let key = text.find("AWSEBDockerrunVersion").unwrap_or(0);
    let span = key..key + "AWSEBDockerrunVersion".len();
    let several = document["containerDefinitions"].is_array();
    let described = document["Image"]["Name"].as_str().is_some() || subject.tree.is_file("Dockerfile");
    let builds = subject.tree.is_file("Dockerfile") && document["Image"]["Name"].is_string();
    let mut say = |message: &str, fix: &str| {
        subject.find("EB121", DOCKERRUN, span.clone(), message, fix);
    };
    match (number, compose) {
        (None, _) => say(
            "the deployment fails: `AWSEBDockerrunVersion` is missing",
            "version 1 for one container, 2 for ECS, 3 beside `docker-compose.yml`",
        ),
        (Some(2), _) if family == Family::Ecs => {
            task::check(subject, &document, text);
            versions::check(subject, &document, text, 2);
        }
        (Some(1 | 2), Some(compose)) => {
            let message = format!("this file is not read: there is a `{compose}`");
            say(&message, "keep one of the two; with compose, version 3 holds the credentials of a private registry");
        }
        (Some(2), None) => {
            say(
                "the Docker platform rejects version 2, which is for ECS",
                "take the ECS platform, or describe the containers in `docker-compose.yml`",
            );
        }
        (Some(1), None) if family == Family::Ecs => {
            say("the ECS platform rejects version 1", "write version 2 with `containerDefinitions`")
        }
        (Some(1), None) if !described => {
            let fix = match several {
                true => {
                    "`containerDefinitions` is of version 2, for the ECS platform: name the image in `Image`, or describe the containers in `docker-compose.yml`"
                }
                false => "name the image, or add a `Dockerfile`",
            };
            say("the deployment fails: there is neither an `Image` nor a `Dockerfile`", fix);
        }
        (Some(3), None) => say(
            "the deployment fails: version 3 goes with a `docker-compose.yml`, and there is none",
            "add it, or write version 1",
        ),
        (Some(1), None) if builds => {
            let start = text.find("\"Image\"").map_or(key, |at| at + 1);
            let message =
                "the image that is named here is never pulled: there is a `Dockerfile`, and the instance builds that";
            let line = subject.leaving_out();
            let fix = format!("take `Image` out, or let the `Dockerfile` stay out of the bundle with {line}");
            subject.find("EB121", DOCKERRUN, start..start + "Image".len(), message, fix).level = Level::Warning;
        }
        (Some(1), None) => versions::check(subject, &document, text, 1),
        (Some(3), Some(_)) => versions::check(subject, &document, text, 3),
        (Some(_), _) => say("the deployment fails: there is no such version", "1, 2 or 3"),
    }
}

/// Properties reach a service only if it asks for them.
fn compose(subject: &mut Subject<'_>, path: &str) {
    let Some(text) = subject.tree.text(path) else { return };
    let root = match yaml::parse(text) {
        Ok(Some(root)) => root,
        Ok(None) => return,
        Err(error) => {
            subject.find(
                "EB121",
                path,
                error.span.clone(),
                format!("the deployment fails: {error}"),
                "`docker compose config` says more",
            );
            return;
        }
    };
    let Some(services) = root.get("services").and_then(Node::mapping) else {
        let message = "the deployment fails: there are no services";
        subject.find("EB121", path, 0..0, message, "list the containers below `services:`");
        return;
    };
    databases::of_compose(subject, path, services);
    port(subject, path, services);
    build::check(subject, path, services);
    names::of_compose(subject, path, services);
    self::services::check(subject, path, &root, services);
    upstream::check(subject, path, &root, services);
    unset::check(subject, path, services);
    let sets = subject
        .customizations
        .used()
        .any(|file| file.option_settings.iter().any(|setting| setting.namespace.value == DEFAULT_NAMESPACE));
    let asks = services.named().any(|(_, _, service)| service.get("env_file").is_some()) || text.contains("${");
    if sets
        && !asks
        && let Some((name, key, _)) = own_service(services)
    {
        let message = format!(
            "`{name}` sees none of the environment properties: they are in a file `.env`, which no service reads"
        );
        subject.find("EB122", path, key.span.clone(), message, "add `env_file: .env` to the service");
    }
}

/// The service with the site's own code: one that is built here, or that somebody can ask, before any other.
fn own_service(services: &Mapping) -> Option<(&str, &Node, &Node)> {
    let has = |key: &'static str| move |(_, _, service): &(&str, &Node, &Node)| service.get(key).is_some();
    let all = || services.named();
    all().find(has("build")).or_else(|| all().find(has("ports"))).or_else(|| all().next())
}

/// With compose there is no proxy of the platform: what a service publishes on port 80 is what the balancer finds.
fn port(subject: &mut Subject<'_>, path: &str, services: &Mapping) {
    /// Where databases, caches, brokers and mail listen.
    const OTHERS: [&str; 12] =
        ["5432", "3306", "6379", "11211", "5672", "15672", "27017", "9200", "25", "1025", "8025", "5555"];
    let mut published = Vec::new();
    let mut images = Vec::new();
    for (_, _, service) in services.named() {
        if service.get("network_mode").is_some() {
            return;
        }
        let ports = service.get("ports").and_then(Node::sequence).unwrap_or_default();
        for port in ports {
            let (host, inside) = match (port.as_str(), port.get("published").and_then(Node::as_str)) {
                (_, Some(host)) => (host, port.get("target").and_then(Node::as_str).unwrap_or_default()),
                (Some(text), None) => {
                    let plain = text.split('/').next().unwrap_or(text);
                    match plain.rsplit_once(':') {
                        Some((host, inside)) => (host.rsplit(':').next().unwrap_or(host), inside),
                        // A port of its own choice on the host.
                        None => ("", plain),
                    }
                }
                (None, None) => return,
            };
            if host.contains('$') || host.contains('-') {
                return;
            }
            published.push((host.to_owned(), inside.to_owned(), port.span.clone()));
            images.push((port.span.start, exposed(subject, path, service)));
        }
    }
    // Another port is fine where the balancer is told so.
    let told =
        subject.customizations.option("aws:elasticbeanstalk:environment:process:default", "Port").unwrap_or("80");
    if published.iter().any(|(host, ..)| host == told) {
        return;
    }
    // Of several, the one that a browser asks for.
    let mut web = published.iter().filter(|(_, inside, _)| !OTHERS.contains(&inside.as_str()));
    let Some((host, inside, span)) = web.next().or(published.first()).cloned() else {
        // What another file adds, nobody sees here.
        let whole =
            subject.tree.text(path).is_some_and(|text| !text.contains("include:") && !text.contains("extends:"));
        if whole && services.named().next().is_some() {
            let message =
                format!("the load balancer asks port {told}, and no service publishes a port: every request is a 502");
            subject.find_file("EB148", path, message, format!("publish one: `ports: [\"{told}:8000\"]`"));
        }
        return;
    };
    let mut others: Vec<&str> = published.iter().map(|(host, ..)| host.as_str()).collect();
    others.dedup();
    let message = match host.as_str() {
        "" => format!("the load balancer asks port {told}, and no service publishes it"),
        _ => format!(
            "the load balancer asks port {told}, and the services publish {}: every request is a 502",
            others.join(" and ")
        ),
    };
    let plain =
        !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit()) && !OTHERS.contains(&inside.as_str());
    let inside = if plain { inside.as_str() } else { "8000" };
    let image = images.into_iter().find(|(start, _)| *start == span.start).and_then(|(_, port)| port);
    let fix = match image {
        Some(port) if port != inside => {
            format!("publish it: `{told}:{port}`, since the image's server listens on {port}")
        }
        _ => format!("publish it: `{told}:{inside}` for a server that listens on {inside}"),
    };
    // A template at the top is filled in by whoever deploys: what ships then is that, and perhaps nothing else.
    let mut names = subject.tree.iter().map(|(path, _)| path);
    match names.any(|name| name.strip_prefix(DOCKERRUN).is_some_and(|rest| rest.starts_with('.'))) {
        true => {
            let message = format!("unless what is deployed is made of the template of `{DOCKERRUN}`, {message}");
            subject.find("EB148", path, span, message, fix).level = Level::Note;
        }
        false => {
            subject.find("EB148", path, span, message, fix);
        }
    }
}

/// The one port that the `Dockerfile` of a service exposes, where the service itself starts nothing else.
fn exposed(subject: &Subject<'_>, compose: &str, service: &Node) -> Option<String> {
    let build =
        service.get("build").filter(|_| service.get("command").is_none() && service.get("entrypoint").is_none())?;
    let context = build.as_str().or_else(|| build.get("context").and_then(Node::as_str)).unwrap_or(".");
    let name = build.get("dockerfile").and_then(Node::as_str).unwrap_or("Dockerfile");
    let folder = compose.rsplit_once('/').map_or("", |(folder, _)| folder);
    let parts = folder.split('/').chain(context.split('/')).chain(name.split('/'));
    let path = parts.filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
    let text = subject.tree.text(&path)?;
    let mut ports = text.lines().filter_map(|line| line.trim().strip_prefix("EXPOSE ")).map(str::trim);
    let port = ports.next().filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))?;
    ports.next().is_none().then(|| port.to_owned())
}
