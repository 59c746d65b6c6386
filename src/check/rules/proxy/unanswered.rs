//! Unanswered: health checks that a whole configuration of the project's own sends away. They come by address, so that the default server gets them.

use super::{WHOLE, names_checks};
use crate::check::nginx::Directive;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, path: &str, directives: &[Directive]) {
    let option = |namespace, name| subject.customizations.option(namespace, name);
    const PROCESS: &str = "aws:elasticbeanstalk:environment:process:default";
    let matcher = option(PROCESS, "MatcherHTTPCode").unwrap_or("200");
    let other_port = option(PROCESS, "Port").is_some_and(|port| port != "80");
    let spared = subject.tree.text(path).is_some_and(|text| text.contains("ELB-HealthChecker"));
    if path != WHOLE || spared || other_port || subject.single() || subject.asks_port() {
        return;
    }
    let asked = option(PROCESS, "HealthCheckPath")
        .or_else(|| option("aws:elasticbeanstalk:application", "Application Healthcheck URL"))
        .unwrap_or("/");
    let asked = asked.find('/').map_or("/", |at| &asked[at..]).to_owned();
    let Some((code, directive)) = default_server(directives).and_then(|server| refusal(server, &asked)) else { return };
    if matcher.contains(code) {
        return;
    }
    let gets = if code == "444" { "no answer".to_owned() } else { format!("a {code}") };
    let message = format!(
        "health checks get {gets} and the environment turns red: they come with the instance's own address as host, and the default server says so to `{asked}`"
    );
    let fix = format!(
        "give that block a `location = {asked}` that hands them on to the application, with a host that it allows"
    );
    let span = directive.span.clone();
    subject.find("EB010", path, span, message, fix);
}

/// The one that answers on port 80 whoever names no other.
fn default_server(directives: &[Directive]) -> Option<&[Directive]> {
    let http = directives.iter().find(|directive| directive.name == "http")?.block.as_deref()?;
    let servers =
        || http.iter().filter(|directive| directive.name == "server").filter_map(|server| server.block.as_deref());
    // Others may come first.
    let included =
        http.iter().any(|directive| directive.name == "include" && directive.arguments.concat().contains("conf.d"));
    let listens = |server: &&[Directive], default: bool| {
        let mut all = server.iter().filter(|inner| inner.name == "listen").peekable();
        let bare = all.peek().is_none();
        let of_web = |inner: &Directive| {
            inner.arguments.first().is_some_and(|at| at == "80" || at.ends_with(":80"))
                && (!default || inner.arguments.iter().any(|word| word == "default_server"))
        };
        (bare && !default) || all.any(of_web)
    };
    servers()
        .find(|server| listens(server, true))
        .or_else(|| servers().find(|server| !included && listens(server, false)))
}

/// What of a server sends this path away, and with which code.
fn refusal<'d>(server: &'d [Directive], asked: &str) -> Option<(&'d str, &'d Directive)> {
    // Before any `location` is looked for.
    if let Some(found) = server.iter().find_map(returns) {
        return Some(found);
    }
    let locations = || server.iter().filter(|directive| directive.name == "location");
    let others = |location: &Directive| {
        let words: Vec<&str> = location.arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["/"] => false,
            ["=", whole] => *whole == asked,
            ["^~", start] | [start] => asked.starts_with(start),
            _ => true,
        }
    };
    let hidden = server.iter().any(|directive| directive.name == "include") || locations().any(others);
    if hidden || server.iter().any(names_checks) {
        return None;
    }
    let inner = locations().find(|location| location.arguments == ["/"])?.block.as_deref()?;
    let denies = inner.iter().find(|inner| inner.name == "deny" && inner.arguments == ["all"]);
    let allows = inner.iter().any(|inner| matches!(inner.name.as_str(), "allow" | "satisfy"));
    inner.iter().find_map(returns).or_else(|| denies.filter(|_| !allows).map(|directive| ("403", directive)))
}

/// Does it answer whoever comes with a code of those who are sent away?
fn returns(directive: &Directive) -> Option<(&str, &Directive)> {
    let code = directive.arguments.first().map(String::as_str).filter(|_| directive.name == "return")?;
    matches!(code, "400" | "401" | "403" | "404" | "410" | "444").then_some((code, directive))
}
