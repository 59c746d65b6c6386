//! Servers: `server` blocks of the project's own, beside that of the platform's, which is the default of port 80.

use std::collections::BTreeMap;

use super::{FOLDER, OWN_LOCATION};
use crate::check::nginx::{Directive, parse};
use crate::check::subject::Subject;

/// What the platform's own `server` block listens on, as `default_server`.
const OWN: &str = "80";

pub(super) fn check(subject: &mut Subject<'_>) {
    const MAIN: &str = "/etc/nginx/nginx.conf";
    let tree = subject.tree;
    let proxy = subject.customizations.option("aws:elasticbeanstalk:environment:proxy", "ProxyServer");
    // Whoever writes a whole file, or edits the platform's, decides what is the default.
    let edits = subject.names_file(MAIN) || subject.scripts().iter().any(|script| script.text.contains(MAIN));
    let own = tree.is_file(&format!("{FOLDER}/nginx.conf")) || edits;
    if !subject.python() || own || proxy.is_some_and(|proxy| !proxy.eq_ignore_ascii_case("nginx")) {
        return;
    }
    let folder = format!("{FOLDER}/conf.d");
    let files = tree.files_in(&folder).map(|(path, _)| path).filter(|path| path.ends_with(".conf"));
    let paths: Vec<String> = files.map(str::to_owned).collect();
    let mut defaults: BTreeMap<String, String> = BTreeMap::new();
    for path in &paths {
        let Some(directives) = tree.text(path).and_then(|text| parse(text).ok()) else { continue };
        for server in directives.iter().filter(|directive| directive.name == "server") {
            block(subject, path, server, &mut defaults);
        }
    }
}

fn block(subject: &mut Subject<'_>, path: &str, server: &Directive, defaults: &mut BTreeMap<String, String>) {
    let inner = server.block.as_deref().unwrap_or_default();
    let listens: Vec<&Directive> = inner.iter().filter(|directive| directive.name == "listen").collect();
    let into = || {
        let folder = format!("`{FOLDER}/conf.d/elasticbeanstalk/`");
        match inner.iter().any(|inner| inner.name == "location" && inner.arguments == ["/"]) {
            true => format!(
                "write what it says into {folder}, which is read in the platform's block, and its `location /` into `{OWN_LOCATION}` there"
            ),
            false => format!("write what it says into {folder}, which is read in the platform's block"),
        }
    };
    // In the platform's block it would redirect what the load balancer passes on, and its health checks.
    let redirects = inner.iter().any(|inner| matches!(inner.name.as_str(), "return" | "rewrite"));
    let mut fails = false;
    for listen in &listens {
        let Some((at, options)) = listen.arguments.split_first() else { continue };
        if !options.iter().any(|option| matches!(option.as_str(), "default_server" | "default")) {
            continue;
        }
        let at = address(at);
        let other = match defaults.get(&at) {
            Some(other) if other == path => "another block of this file".to_owned(),
            Some(other) => format!("a block of `{other}`"),
            None if at == OWN => "the platform's own `server` block".to_owned(),
            None => {
                defaults.insert(at, path.to_owned());
                continue;
            }
        };
        let message = format!("the site goes down: nginx does not start, {other} is the default of port {at} already");
        let fix = match is_named(inner) {
            _ if at != OWN => "take `default_server` out of one of the two".to_owned(),
            true => "take `default_server` out".to_owned(),
            false if redirects => "take the block out: a load balancer redirects by a rule of its listener; on a single instance, give it the site's `server_name` instead of `default_server`".to_owned(),
            false => format!("{}; without `default_server` nobody would ask this block", into()),
        };
        subject.find("EB143", path, listen.span.clone(), message, fix);
        fails = true;
    }
    let of_platform = |listen: &&Directive| listen.arguments.first().is_some_and(|at| address(at) == OWN);
    if !fails && listens.iter().all(of_platform) && !is_named(inner) {
        let message = "no request comes to this `server` block: it has no name, and for all other names the platform's block is the default of port 80";
        let fix = match redirects {
            true => "take it out: a load balancer redirects by a rule of its listener; on a single instance, give the block the site's `server_name`".to_owned(),
            false => into(),
        };
        subject.find("EB271", path, server.span.clone(), message, fix);
    }
}

/// Does somebody ask for it by its name?
fn is_named(inner: &[Directive]) -> bool {
    let mut names = inner.iter().filter(|inner| inner.name == "server_name").flat_map(|inner| &inner.arguments);
    names.any(|name| !matches!(name.as_str(), "" | "_"))
}

/// All addresses of a port are one.
fn address(listen: &str) -> String {
    let all =
        |rest: &str| rest.strip_prefix(':').map(str::to_owned).or_else(|| rest.is_empty().then(|| "80".to_owned()));
    let wide = ["*", "0.0.0.0"].iter().find_map(|wide| all(listen.strip_prefix(wide)?));
    wide.unwrap_or_else(|| listen.to_owned())
}
