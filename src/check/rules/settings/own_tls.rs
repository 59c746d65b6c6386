//! TLS that ends on the instance: its nginx tells the application nothing of it, and Django takes each request for HTTP.

use std::ops::Range;

use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};
use crate::check::nginx::{Directive, parse};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    // Since Django 4.0 a form must come from the address that Django has itself (release notes).
    let compares = settings.django.is_some_and(|django| django >= Version::new(4, 0));
    let Value::List(middleware) = settings.value("MIDDLEWARE") else { return };
    let guards = middleware.iter().any(|item| item.text().is_some_and(|text| text.ends_with("CsrfViewMiddleware")));
    let trusted = match settings.value("CSRF_TRUSTED_ORIGINS") {
        Value::Missing => false,
        Value::List(origins) => !origins.is_empty(),
        _ => true,
    };
    let balanced =
        subject.customizations.used().flat_map(|file| &file.option_settings).any(|option| {
            ["aws:elbv2:listener:443", "aws:elb:listener:443"].contains(&option.namespace.value.as_str())
        });
    if !subject.python() || !compares || !guards || trusted || balanced || tells(subject) {
        return;
    }
    let Some((path, span)) = by_certbot(subject).or_else(|| by_nginx(subject)) else { return };
    let message = "every form over HTTPS is a 403 with `Origin checking failed`: TLS ends here, nginx does not tell the application, and Django compares `https://…` with its own `http://…`";
    let fix = "name the site in `CSRF_TRUSTED_ORIGINS`, such as `[\"https://www.example.com\"]`";
    subject.find("EB272", &path, span, message, fix);
}

/// Does the instance get a certificate, and its own security group the port for it? Whoever has a load balancer lets that speak TLS.
pub(super) fn is_alone(subject: &Subject<'_>) -> bool {
    by_certbot(subject).is_some() && is_open(subject)
}

/// Is the port of HTTPS open on the instances themselves, as for a certificate of their own?
pub(super) fn is_open(subject: &Subject<'_>) -> bool {
    let opens = |text: &str| text.contains("AWSEBSecurityGroup") && text.contains("443");
    subject.customizations.used().any(|file| opens(&file.text))
}

/// Does some file of the project let nginx, or the server itself, say which scheme it was?
fn tells(subject: &Subject<'_>) -> bool {
    const WORDS: [&str; 3] = ["x-forwarded-proto", "$scheme", "x-forwarded-ssl"];
    let says = |text: &str| {
        let lower = text.to_ascii_lowercase();
        WORDS.iter().any(|word| lower.contains(word)) || lower.contains("00_application.conf")
    };
    let tree = subject.tree;
    tree.under(".platform").any(|(path, _)| says(path) || tree.text(path).is_some_and(says))
        || subject.scripts().iter().any(|script| says(script.text))
        || subject.customizations.used().any(|file| says(&file.text))
        || tree.is_file("gunicorn.conf.py") && tree.text("gunicorn.conf.py").is_none_or(|text| text.contains("scheme"))
}

fn by_certbot(subject: &Subject<'_>) -> Option<(String, Range<usize>)> {
    subject.scripts().iter().find_map(|script| {
        let run = script.host_runs().find(|run| run.installs_certificate())?;
        Some((script.path.to_owned(), run.span()))
    })
}

/// A `server` block of the project's own that takes HTTPS and passes it on.
fn by_nginx(subject: &Subject<'_>) -> Option<(String, Range<usize>)> {
    let tree = subject.tree;
    tree.under(".platform/nginx/conf.d").filter(|(path, _)| path.ends_with(".conf")).find_map(|(path, _)| {
        let servers = parse(tree.text(path)?).ok()?;
        let mut blocks =
            servers.iter().filter(|directive| directive.name == "server").filter_map(|server| server.block.as_deref());
        let listen = blocks.find_map(|block| {
            let secure = |directive: &&Directive| {
                directive.name == "listen" && directive.arguments.iter().any(|argument| argument == "ssl")
            };
            block.iter().find(secure).filter(|_| passes(block))
        })?;
        Some((path.to_owned(), listen.span.clone()))
    })
}

/// Does a block pass requests on to the application?
fn passes(block: &[Directive]) -> bool {
    block.iter().any(|directive| directive.name == "proxy_pass" || directive.block.as_deref().is_some_and(passes))
}
