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

/// How code of an application on uvicorn asks for it: uvicorn believes what the proxy on the instance says, and nobody else.
const BALANCED: [&str; 2] = ["request.client.host", "key_func=get_remote_address"];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    on_uvicorn(subject, modules);
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
    let Some((path, span)) = modules.iter().find_map(|module| asks(subject, module, &ASKS)) else { return };
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

/// The first place of a module that asks so.
fn asks(subject: &Subject<'_>, module: &Module, ways: &[&str]) -> Option<(String, Range<usize>)> {
    let text = subject.tree.code(&module.path)?;
    let whole = |span: &Range<usize>| {
        let next = text[span.end..].chars().next();
        let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        next.is_none_or(|char| !char.is_alphanumeric() && char != '_') && !text[line..span.start].contains('#')
    };
    let asked = ways.iter().filter_map(|ask| find_all(text, ask).find(whole));
    let span = asked.min_by_key(|span| span.start)?;
    Some((module.path.clone(), span))
}

/// Behind a load balancer, the last of the addresses that the proxy tells is the balancer's.
fn on_uvicorn(subject: &mut Subject<'_>, modules: &[Module]) {
    const TOLD: [&str; 6] = [
        "forwarded-allow-ips",
        "FORWARDED_ALLOW_IPS",
        "forwarded_allow_ips",
        "ProxyHeaders",
        "proxy_headers",
        "proxy-headers",
    ];
    const READ: [&str; 5] = ["forwarded-for", "forwarded_for", "real-ip", "real_ip", "connecting-ip"];
    let tree = subject.tree;
    let web = subject.scripts();
    let mut started = web.iter().filter(|script| script.is_web());
    let on_uvicorn = started.any(|script| script.text.contains("uvicorn"));
    let told = |text: &str| TOLD.iter().any(|word| text.contains(word));
    let reads = |text: &str| READ.iter().any(|word| text.to_ascii_lowercase().contains(word));
    let mut code = tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| tree.code(path));
    if !on_uvicorn
        || subject.single()
        || subject.gives("FORWARDED_ALLOW_IPS")
        || web.iter().any(|script| told(script.text) || reads(script.text))
        || code.any(|text| told(text) || reads(text))
    {
        return;
    }
    let found = modules.iter().find_map(|module| {
        let (path, span) = asks(subject, module, &BALANCED)?;
        let text = tree.code(&path)?;
        // Other packages have a function of this name as well.
        let of_client = text[span.clone()].contains("client") || text.contains("slowapi");
        of_client.then_some((path, span))
    });
    let Some((path, span)) = found else { return };
    let message = "behind a load balancer every visitor has the balancer's address to the application: uvicorn believes the proxy on the instance alone";
    let fix = "read the last but one of the addresses in `X-Forwarded-For`, or give uvicorn `127.0.0.1` and the network of the load balancer as `--forwarded-allow-ips` (since 0.31)";
    subject.find("EB353", &path, span, message, fix);
}
