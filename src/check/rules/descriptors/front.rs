//! Front: a server between the visitors and the site's own, in a container beside it or in the same image.

use serde_json::Value;

use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::yaml::{self, Node};
use crate::check::dockerfile::Image;
use crate::check::images::{dockerfile, dockerfiles};
use crate::check::subject::Subject;

/// May it answer, send on or rename what is asked, by files that nobody reads here?
pub(in crate::check::rules) fn is_there(subject: &Subject<'_>) -> bool {
    let tree = subject.tree;
    let text = subject.customizations.containers.as_deref().and_then(|path| tree.text(path));
    let beside = match subject.customizations.family {
        Family::Ecs => text.is_some_and(in_task),
        Family::Docker if subject.composes() => text.is_some_and(|text| in_services(subject, text)),
        _ => false,
    };
    let within = |path: &String| {
        tree.text(path).is_some_and(|text| Image::read(text).all("RUN").any(|step| step.rest.contains("nginx")))
    };
    beside || dockerfiles(tree, subject.customizations).iter().any(within)
}

fn is_front(image: &str) -> bool {
    const SERVERS: [&str; 8] = ["nginx", "traefik", "caddy", "haproxy", "httpd", "envoy", "proxy", "varnish"];
    let name = ImageReference::of(image).name.to_ascii_lowercase();
    SERVERS.iter().any(|server| name.contains(server))
}

fn in_task(text: &str) -> bool {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let definitions = document["containerDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let publishes = |one: &Value| one["portMappings"].as_array().is_some_and(|ports| !ports.is_empty());
    definitions.iter().any(|one| publishes(one) && one["image"].as_str().is_some_and(is_front))
}

fn in_services(subject: &Subject<'_>, text: &str) -> bool {
    let root = yaml::parse(text).ok().flatten();
    let services = root.as_ref().and_then(|root| root.get("services")).and_then(Node::mapping);
    let mut all = services.into_iter().flat_map(|services| services.named());
    all.any(|(_, _, service)| {
        let publishes = service.get("ports").is_some() || service.get("network_mode").is_some();
        let image = service.get("image").and_then(Node::as_str).is_some_and(is_front);
        let file = service.get("build").and_then(dockerfile);
        let built = file.is_some_and(|path| {
            let read = subject.tree.text(&path).map(Image::read);
            path.contains("nginx") || read.is_some_and(|image| image.base().is_some_and(is_front))
        });
        publishes && (image || built) && service.get("profiles").is_none()
    })
}
