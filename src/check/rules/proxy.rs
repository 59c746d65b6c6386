//! `.platform/nginx`: what nginx itself would say, which on an instance it says too late.

mod listing;
mod servers;
mod unanswered;
mod void;

use std::collections::BTreeMap;

use crate::beanstalk::platforms::Family;
use crate::check::nginx::{Context, Directive, grammar, meant, parse};
use crate::check::subject::Subject;

const FOLDER: &str = ".platform/nginx";

/// What the platform's own `nginx.conf` says once, before it includes the project's files (as four people have printed it from
/// their instances; `sendfile` and `types_hash_max_size` are in none of them).
const OWN_HTTP: &[&str] = &["default_type"];

/// What it says once in its `server` block, beside the project's files (as the same people have printed it).
const OWN_SERVER: &[&str] =
    &["client_header_timeout", "client_body_timeout", "keepalive_timeout", "gzip", "gzip_comp_level"];

/// A file of the project's own that takes the place of the platform's whole configuration.
const WHOLE: &str = ".platform/nginx/nginx.conf";

/// The platform's own file with `location /`; one of the project's by this name takes its place.
const OWN_LOCATION: &str = "00_application.conf";

pub(super) fn check(subject: &mut Subject<'_>) {
    let family = subject.customizations.family;
    // On ECS the proxy is a container, and so it is with compose.
    let compose = subject.composes();
    if family == Family::Ecs || compose {
        return;
    }
    void::check(subject);
    servers::check(subject);
    let tree = subject.tree;
    let whole = tree.is_file(WHOLE);
    let mut seen: BTreeMap<(Context, String), String> = BTreeMap::new();
    let paths: Vec<&str> = tree.under(FOLDER).map(|(path, _)| path).filter(|path| path.ends_with(".conf")).collect();
    for path in paths {
        let Some(text) = tree.text(path) else { continue };
        let inside = &path[FOLDER.len() + 1..];
        let context = match inside.split('/').collect::<Vec<_>>().as_slice() {
            ["nginx.conf"] => Context::Main,
            ["conf.d", _] => Context::Http,
            ["conf.d", "elasticbeanstalk", _] => Context::Server,
            _ => continue,
        };
        match parse(text) {
            Err(invalid) => {
                let message = format!("the site goes down: nginx does not start, {}", invalid.what);
                subject.find(
                    "EB142",
                    path,
                    invalid.span,
                    message,
                    "`nginx -t` says the same; it runs only after the old version is gone",
                );
            }
            Ok(directives) => {
                block(subject, path, context, &directives);
                listing::check(subject, path, &directives);
                turned_away(subject, path, context, &directives);
                redirects_checks(subject, path, context, &directives);
                unanswered::check(subject, path, &directives);
                // A file of one's own decides itself what it includes.
                if context != Context::Main && !whole {
                    together(subject, path, context, &directives, &mut seen);
                }
            }
        }
    }
}

/// `if ($host !~ …) { return 444; }`: health checks come with the address of the instance, and are turned away too.
fn turned_away(subject: &mut Subject<'_>, path: &str, context: Context, directives: &[Directive]) {
    let spared = subject.tree.text(path).is_some_and(|text| text.contains("ELB-HealthChecker"));
    if context != Context::Server || spared || subject.single() || subject.asks_port() {
        return;
    }
    let refuses = |directive: &Directive| {
        let condition = directive.arguments.join(" ");
        let asks = ["$host", "$http_host"].iter().any(|name| condition.contains(name));
        let negated = ["!~", "!="].iter().any(|operator| condition.contains(operator));
        // An expression with classes or figures may be one for addresses.
        let addresses =
            [r"\d", "[0-9", "10.", "10\\.", "172.", "172\\.", "192."].iter().any(|part| condition.contains(part));
        let inside = directive.block.iter().flatten();
        let returns = inside.into_iter().any(|inner| inner.name == "return");
        directive.name == "if" && asks && negated && !addresses && returns
    };
    if let Some(directive) = directives.iter().find(|directive| refuses(directive)) {
        let message = "health checks are turned away and the environment turns red: they come with the instance's own address as host, which is none of these names";
        let fix = "let addresses through as well, such as `|[0-9.]+` in the expression";
        subject.find("EB010", path, directive.span.clone(), message, fix);
    }
}

/// Does each directive stand where it may, and as often as it may?
fn block(subject: &mut Subject<'_>, path: &str, context: Context, directives: &[Directive]) {
    if context == Context::Other {
        return;
    }
    let mut once: BTreeMap<&str, &Directive> = BTreeMap::new();
    for directive in directives {
        let name = directive.name.as_str();
        unknown(subject, path, directive);
        let Some(rule) = grammar(name) else { continue };
        let span = directive.span.clone();
        if !rule.contexts.contains(&context) {
            let message =
                format!("the site goes down: nginx does not start, `{name}` is not allowed in {}", context.phrase());
            let file = path.rsplit('/').next().unwrap_or(path);
            let fix = match (context, rule.contexts) {
                (Context::Http, contexts) if contexts.contains(&Context::Server) && has_root(directives) => {
                    format!(
                        "move it to `{FOLDER}/conf.d/elasticbeanstalk/{OWN_LOCATION}`, which takes the place of the platform's own file with `location /`"
                    )
                }
                (Context::Http, contexts) if contexts.contains(&Context::Server) => {
                    format!("move it to `{FOLDER}/conf.d/elasticbeanstalk/{file}`, which is read in the `server` block")
                }
                (Context::Server, contexts) if contexts.contains(&Context::Http) => {
                    format!("move it to `{FOLDER}/conf.d/{file}`, which is read in the `http` block")
                }
                (_, contexts) => format!("it belongs in {}", contexts[0].phrase()),
            };
            subject.find("EB142", path, span, message, fix);
            continue;
        }
        if rule.once && once.insert(name, directive).is_some() {
            let message = format!("the site goes down: nginx does not start, `{name}` is in this block twice");
            subject.find("EB143", path, span.clone(), message, "keep one of the two");
        }
        if let Some(inner) = &directive.block {
            block(subject, path, Context::inside(name), inner);
        }
    }
}

/// Is there a `location` for all paths? The platform has one too.
fn has_root(directives: &[Directive]) -> bool {
    directives.iter().any(|directive| directive.name == "location" && directive.arguments == ["/"])
}

/// A name that nginx does not know, or not any more.
fn unknown(subject: &mut Subject<'_>, path: &str, directive: &Directive) {
    let name = directive.name.as_str();
    let start = directive.span.start;
    let (message, fix) = if name == "ssl" {
        let message =
            "the site goes down: nginx does not start, there is no directive `ssl` since nginx 1.25.1".to_owned();
        (message, "take it out, and write `listen 443 ssl;`".to_owned())
    } else if let Some(near) = meant(name).filter(|_| !loads_modules(subject)) {
        let message = format!("the site goes down: nginx does not start, it has no directive `{name}`");
        (message, format!("write `{near}`"))
    } else {
        return;
    };
    subject.find("EB142", path, start..start + name.len(), message, fix);
}

/// Does the project bring modules of its own, whose directives nobody here knows?
fn loads_modules(subject: &Subject<'_>) -> bool {
    let tree = subject.tree;
    let loads = |path: &String| tree.text(path).is_some_and(|text| text.contains("load_module"));
    subject.customizations.proxy.iter().any(loads)
        || subject.scripts().iter().any(|script| script.text.contains("load_module"))
}

/// A redirect of all that does not say HTTPS: health checks come by HTTP, and say nothing of it.
fn redirects_checks(subject: &mut Subject<'_>, path: &str, context: Context, directives: &[Directive]) {
    if subject.takes_redirects() || subject.single() || subject.asks_port() {
        return;
    }
    match context {
        Context::Server | Context::Location => {}
        // Health checks name no host: the server of that name, or the first, answers them.
        Context::Main | Context::Http if path == WHOLE => {
            let inside = |directive: &&Directive| matches!(directive.name.as_str(), "http" | "server");
            let is_default = |directive: &&Directive| {
                let listens = |inner: &Directive| {
                    inner.name == "listen" && inner.arguments.iter().any(|word| word == "default_server")
                };
                directive.name == "http" || directive.block.iter().flatten().any(listens)
            };
            let found = || directives.iter().filter(inside);
            if let Some(directive) = found().find(is_default).or_else(|| found().next()) {
                let inner = directive.block.as_deref().unwrap_or_default();
                redirects_checks(subject, path, Context::inside(&directive.name), inner);
            }
            return;
        }
        _ => return,
    }
    // Whoever names them has thought of them; but an `if` of the server's own is asked before any `location`.
    let known = |directive: &Directive| names_checks(directive) || answers(directive);
    let known_below = directives.iter().any(|directive| directive.name == "location" && known(directive));
    if directives.iter().any(|directive| directive.name != "location" && names_checks(directive)) {
        return;
    }
    for directive in directives {
        let Some(inner) = &directive.block else { continue };
        let words: Vec<&str> = directive
            .arguments
            .iter()
            .map(|word| word.trim_matches(['(', ')', '"', '\'']))
            .filter(|word| !word.is_empty())
            .collect();
        let asks = directive.name == "if" && words == ["$http_x_forwarded_proto", "!=", "https"];
        let redirects = |directive: &Directive| {
            let code = directive.arguments.first().is_some_and(|code| code.starts_with('3'));
            (directive.name == "return" && code) || directive.name == "rewrite"
        };
        if asks && inner.iter().any(redirects) {
            let message =
                "health checks get a 301 and the environment turns red: they come by HTTP, and without this header";
            let fix = "`if ($http_x_forwarded_proto = \"http\")`: what the load balancer hands on has the header, its checks have not";
            subject.find("EB012", path, directive.span.clone(), message, fix);
            return;
        }
        if !known_below {
            redirects_checks(subject, path, Context::inside(&directive.name), inner);
        }
    }
}

/// Does a `location` answer by itself that all is well?
fn answers(directive: &Directive) -> bool {
    let well = |inner: &Directive| inner.name == "return" && inner.arguments.first().is_some_and(|code| code == "200");
    directive.block.iter().flatten().any(well)
}

/// Does a directive name health checks, or something in its block?
fn names_checks(directive: &Directive) -> bool {
    let named = |word: &String| word.to_ascii_lowercase().contains("health");
    directive.arguments.iter().any(named) || directive.block.iter().flatten().any(names_checks)
}

/// The files of one folder are one block.
fn together(
    subject: &mut Subject<'_>,
    path: &str,
    context: Context,
    directives: &[Directive],
    seen: &mut BTreeMap<(Context, String), String>,
) {
    for directive in directives {
        let name = directive.name.as_str();
        let Some(rule) = grammar(name).filter(|rule| rule.contexts.contains(&context)) else { continue };
        let key = match name {
            "location" => format!("location {}", directive.arguments.join(" ")),
            "upstream" | "limit_req_zone" => {
                format!("{name} {}", directive.arguments.last().map(String::as_str).unwrap_or_default())
            }
            name if rule.once => name.to_owned(),
            _ => continue,
        };
        if let Some(other) = seen.get(&(context, key.clone())).filter(|other| *other != path) {
            let message = format!("the site goes down: nginx does not start, `{key}` is in `{other}` too");
            subject.find(
                "EB143",
                path,
                directive.span.clone(),
                message,
                "keep one of the two: the files of this folder are one block",
            );
            continue;
        }
        // That of PHP has none.
        let has_location = subject.customizations.family != Family::Other;
        let application = has_location && key == "location /" && !path.ends_with(OWN_LOCATION);
        let own = match context {
            Context::Http => OWN_HTTP.contains(&name),
            Context::Server => OWN_SERVER.contains(&name) || application,
            _ => false,
        };
        if application {
            let message =
                "the site goes down: nginx does not start, the platform's own `location /` is in this block too";
            let fix = format!("call the file `{OWN_LOCATION}`: then it takes the place of the platform's own");
            subject.find("EB143", path, directive.span.clone(), message, fix);
        } else if own {
            let message = format!(
                "the site goes down: nginx does not start, the platform's own `nginx.conf` says `{name}` already"
            );
            subject.find("EB143", path, directive.span.clone(), message, "take it out, or set it in a `location`");
        }
        seen.entry((context, key)).or_insert_with(|| path.to_owned());
    }
}
