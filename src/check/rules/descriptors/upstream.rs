//! Upstream: whom nginx asks in a container beside others, and whether compose has a service of that name.
//!
//! Sources: nginx documentation, `proxy_pass` and `upstream` (names are looked up as it starts); Compose file reference,
//! `networks` (a service is reached by its name).

use std::collections::BTreeSet;
use std::ops::Range;

use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::requirements::beside;
use crate::beanstalk::yaml::{Mapping, Node};
use crate::check::dockerfile::Image;
use crate::check::images::dockerfile;
use crate::check::nginx::{self, Directive};
use crate::check::subject::Subject;

/// Where nginx keeps its configuration in images.
const HOME: &str = "/etc/nginx";

pub(super) fn check(subject: &mut Subject<'_>, path: &str, root: &Node, services: &Mapping) {
    // Another file may have more services.
    let more = root.get("include").is_some() || services.named().any(|(_, _, one)| one.get("extends").is_some());
    if subject.guessed() || more {
        return;
    }
    let known = names(services);
    for (name, _, service) in services.named().filter(|(_, _, service)| service.get("profiles").is_none()) {
        if service.get("network_mode").is_some() || service.get("external_links").is_some() {
            continue;
        }
        let Some((file, span, host)) = lost(subject, &known, service) else { continue };
        let message = format!(
            "`{name}` does not start: nginx looks for the host `{host}`, and `{path}` has no service of that name"
        );
        let others = services.named().map(|(other, ..)| other).filter(|other| *other != name).take(4);
        let fix = match crate::ui::ticked(others) {
            others if others.is_empty() => "name the service that answers".to_owned(),
            others => format!("name the service that answers: there is {others}"),
        };
        subject.find("EB382", &file, span, message, fix);
    }
}

/// All names by which something of the file is reached.
fn names(services: &Mapping) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = services.named().map(|(name, ..)| name.to_owned()).collect();
    for (_, _, service) in services.named() {
        let own = ["container_name", "hostname"].iter().filter_map(|key| service.get(key)?.as_str());
        found.extend(own.map(str::to_owned));
        let texts =
            |key: &str| service.get(key).and_then(Node::sequence).unwrap_or_default().iter().filter_map(Node::as_str);
        found.extend(texts("links").filter_map(|link| link.split(':').nth(1)).map(str::to_owned));
        found.extend(texts("extra_hosts").filter_map(|host| host.split([':', '=']).next()).map(str::to_owned));
        let named = service.get("extra_hosts").and_then(Node::mapping);
        found.extend(named.into_iter().flat_map(Mapping::named).map(|(host, ..)| host.to_owned()));
        let networks = service.get("networks").and_then(Node::mapping);
        let aliases =
            networks.into_iter().flat_map(Mapping::named).filter_map(|(_, _, one)| one.get("aliases")?.sequence());
        found.extend(aliases.flatten().filter_map(Node::as_str).map(str::to_owned));
    }
    found
}

/// The first host in the configuration of a service that nobody is: its file, the place, and the name.
fn lost(subject: &Subject<'_>, known: &BTreeSet<String>, service: &Node) -> Option<(String, Range<usize>, String)> {
    let files = configured(subject, service)?;
    let mut read: Vec<(&String, Vec<Directive>)> = Vec::new();
    for file in &files {
        read.push((file, nginx::parse(subject.tree.text(file)?).ok()?));
    }
    let (mut groups, mut asked) = (BTreeSet::new(), Vec::new());
    for (file, directives) in &read {
        walk(
            directives,
            None,
            0,
            &mut |directive, inside| match (directive.name.as_str(), directive.arguments.first()) {
                ("upstream", Some(name)) => drop(groups.insert(name.clone())),
                ("server", Some(to)) if inside == Some("upstream") => {
                    asked.push((*file, directive.span.clone(), to.clone()))
                }
                ("proxy_pass" | "uwsgi_pass" | "fastcgi_pass", Some(to)) => {
                    asked.push((*file, directive.span.clone(), to.clone()));
                }
                _ => {}
            },
        );
    }
    asked.into_iter().find_map(|(file, span, to)| {
        let host = host(&to).filter(|host| !groups.contains(*host) && !known.contains(*host))?;
        Some((file.clone(), span, host.to_owned()))
    })
}

fn walk(directives: &[Directive], inside: Option<&str>, depth: usize, see: &mut dyn FnMut(&Directive, Option<&str>)) {
    const DEEPEST: usize = 8;
    for directive in directives {
        see(directive, inside);
        if let Some(block) = directive.block.as_ref().filter(|_| depth < DEEPEST) {
            walk(block, Some(&directive.name), depth + 1, see);
        }
    }
}

/// The host of an address, where only Docker's names can answer for it.
fn host(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split([':', '/']).next().unwrap_or_default();
    let plain = !host.is_empty() && host.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char));
    (plain && !rest.starts_with("unix:") && host != "localhost" && !address.contains('$')).then_some(host)
}

/// The files of the bundle that are nginx's configuration in a service; `None`: it is none of nginx's, or others have a part in it.
fn configured(subject: &Subject<'_>, service: &Node) -> Option<Vec<String>> {
    let is_nginx = |image: &str| ImageReference::of(image).name == "nginx";
    let mut found = Vec::new();
    match service.get("build") {
        Some(build) => {
            let image = Image::read(subject.tree.text(&dockerfile(build)?)?);
            if build.get("target").is_some() || !image.base().is_some_and(is_nginx) || image.builds_with("nginx") {
                return None;
            }
            let context = build.as_str().or_else(|| build.get("context")?.as_str()).unwrap_or(".");
            let context = beside("", context)?;
            for copy in image.copies().iter().filter(|copy| copy.instruction.rest.contains(HOME)) {
                for source in copy.sources.as_ref()? {
                    found.push(beside(&context, source)?);
                }
            }
        }
        None if service.get("image").and_then(Node::as_str).is_some_and(is_nginx) => {}
        None => return None,
    }
    for node in service.get("volumes").and_then(Node::sequence).unwrap_or_default() {
        let Some((source, target)) = node.as_str().and_then(|text| text.split_once(':')) else { continue };
        if target.starts_with(HOME) {
            found.push(beside("", source.strip_prefix("./")?)?);
        }
    }
    let is_file = |path: &String| subject.tree.is_file(path) && path.ends_with(".conf");
    (!found.is_empty() && found.iter().all(is_file)).then_some(found)
}
