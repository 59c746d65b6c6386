//! Visitor: whose address code takes for that of who asks. Behind nginx, every request comes from nginx.

use std::ops::Range;

use crate::check::django::loaded::Module;
use crate::check::script::find_all;
use crate::check::subject::Subject;

/// How code asks for the address of the other end.
const ASKS: [&str; 7] = [
    "request.remote_addr",
    "key_func=get_remote_address",
    "get_remote_address,",
    "META[\"REMOTE_ADDR\"]",
    "META['REMOTE_ADDR']",
    "META.get(\"REMOTE_ADDR\"",
    "META.get('REMOTE_ADDR'",
];

/// Words of whoever looks at what the proxy says, or of servers that do so by themselves.
const LOOKS: [&str; 12] = [
    "proxyfix",
    "forwarded-for",
    "forwarded_for",
    "real-ip",
    "real_ip",
    "connecting-ip",
    "connecting_ip",
    "access_route",
    "ipware",
    "uvicorn",
    "hypercorn",
    "daphne",
];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let tree = subject.tree;
    let customizations = subject.customizations;
    let nginx = customizations.option("aws:elasticbeanstalk:environment:proxy", "ProxyServer").unwrap_or("nginx");
    let looks = |text: &str| {
        let lower = text.to_ascii_lowercase();
        LOOKS.iter().any(|word| lower.contains(word))
    };
    let mut code = tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| tree.code(path));
    if nginx != "nginx"
        || code.any(looks)
        || subject.scripts().iter().any(|script| script.is_web() && looks(script.text))
    {
        return;
    }
    let found = modules.iter().find_map(|module| {
        let text = tree.code(&module.path)?;
        let whole = |span: &Range<usize>| {
            let next = text[span.end..].chars().next();
            next.is_none_or(|char| !char.is_alphanumeric() && char != '_')
        };
        let asked = ASKS.iter().filter_map(|ask| find_all(text, ask).find(whole));
        let span = asked.min_by_key(|span| span.start)?;
        Some((module.path.clone(), span))
    });
    let Some((path, span)) = found else { return };
    let limits = tree.code(&path).is_some_and(|text| text[span.clone()].contains("get_remote_address"));
    let message = match limits {
        true => {
            "all visitors share one limit: to the application each of them is `127.0.0.1`, the proxy on the instance"
        }
        false => "to the application every visitor is `127.0.0.1`, the proxy on the instance",
    };
    let fix = match subject.settings().is_some() {
        true => "read the last but one of the addresses in `X-Forwarded-For`, or let `django-ipware` do so",
        false => {
            "`app.wsgi_app = ProxyFix(app.wsgi_app, x_for=2)` of `werkzeug.middleware.proxy_fix` behind a load balancer, `x_for=1` without one"
        }
    };
    subject.find("EB353", &path, span, message, fix);
}
