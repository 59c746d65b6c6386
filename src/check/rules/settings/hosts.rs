//! Hosts that Django answers for: visitors come by a name, health checks by the address of the instance.

use std::collections::BTreeSet;
use std::ops::Range;

use super::demanded::is_demanded;
use super::{health, may_change_host, own_tls};
use crate::beanstalk::config_file::{ConfigFile, DEFAULT_NAMESPACE, OptionSetting};
use crate::check::blocks::heads;
use crate::check::django::{self, Setting, Settings, Value};
use crate::check::finding::Finding;
use crate::check::script::{find_all, sends_token};
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    allowed(subject, settings);
    metadata(subject, settings);
}

fn allowed(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("ALLOWED_HOSTS") else { return missing(subject, settings) };
    let depends = |value: &Value| matches!(value, Value::Environment { .. });
    // A list that a condition chooses, and no variable itself.
    let chosen = depends(&setting.value) && setting.reads.is_empty();
    let Value::List(names) = setting.value.by_default() else { return };
    let unless = !chosen && (depends(&setting.value) || names.iter().any(depends));
    // What a secret of the environment has is not known.
    let secret = unless && setting.variables().any(|name| subject.gives(name));
    let names: Option<Vec<&str>> = names.iter().map(|name| name.by_default().text()).collect();
    // In debug mode an empty list allows the local host, and nobody else either.
    let Some(names) = names.filter(|names| !secret && !names.contains(&"*")) else { return };
    no_host(subject, setting, &names);
    if (unless || chosen) && is_demanded(subject, "ALLOWED_HOSTS", setting) {
        return;
    }
    // Of the instances that were there when it was written: those are answered, for as long as they live.
    let fixed = names.iter().any(|name| is_private(name));
    // A single instance may have one address for good, and be visited there.
    let inside = names.iter().all(|name| is_private(name) || is_local(&[name]));
    let nameless =
        fixed && (inside || !subject.single()) && names.iter().all(|name| is_address(name) || is_local(&[name]));
    let found = if is_local(&names) && asks_for_names(subject, settings) {
        "every request gets a 400: only local names are allowed"
    } else if is_development(&names) && asks_for_names(subject, settings) {
        "every request gets a 400: only names of a machine to develop on are allowed, and none of them can lead here"
    } else if is_elsewhere(&names) && asks_for_names(subject, settings) {
        "every request gets a 400: only names of another provider's are allowed, and none of them can lead here"
    } else if let Some(none) = no_name(&names).filter(|_| subject.python() && asks_for_names(subject, settings)) {
        &format!("every request gets a 400: no site can have the name `{none}`, and nothing else is allowed")
    } else if nameless && asks_for_names(subject, settings) {
        "every request by a name gets a 400: only addresses are allowed"
    } else if !subject.single() && !subject.takes(400) && !health::is_answered(subject, settings, &health::HOST) {
        match fixed {
            true => {
                "health checks of the next instance get a 400, and the environment turns red: it has another address than those that stand here"
            }
            false => {
                "health checks get a 400 and the environment turns red: they come with the instance's own address as host"
            }
        }
    } else {
        return;
    };
    let fix = match nameless || is_local(&names) || is_elsewhere(&names) || no_name(&names).is_some() {
        true => "add the names of the site, and answer the health check in a middleware before `CommonMiddleware`",
        false => "answer the health check in a middleware before `CommonMiddleware`",
    };
    let alone = !is_local(&names) && own_tls::is_alone(subject);
    let message = match (unless || chosen, alone) {
        (true, _) => format!("unless a variable of the environment says otherwise, {found}"),
        (false, true) => format!("behind a load balancer {found}"),
        (false, false) => found.to_owned(),
    };
    let finding = at_names(subject, setting, &names, message, fix);
    if unless || alone {
        finding.level = Level::Note;
    } else if chosen || (fixed && !(nameless && inside) && !is_local(&names)) {
        finding.level = Level::Warning;
    }
}

/// Found in the list: where a property gives all of it, there.
fn at_names<'a>(
    subject: &'a mut Subject<'_>,
    setting: &Setting,
    names: &[&str],
    message: impl Into<String>,
    fix: &str,
) -> &'a mut Finding {
    let code = subject.tree.code(&setting.path).and_then(|text| text.get(setting.span.clone())).unwrap_or_default();
    let of_file = |file: &ConfigFile| {
        let gives = |option: &&OptionSetting| {
            option.namespace.value == DEFAULT_NAMESPACE
                && [format!("\"{}\"", option.name.value), format!("'{}'", option.name.value)]
                    .iter()
                    .any(|name| code.contains(name))
                && names.iter().all(|name| option.value.value.contains(name))
        };
        let option = file.option_settings.iter().rfind(gives)?;
        Some((file.path.clone(), option.value.span.clone()))
    };
    let customizations = subject.customizations;
    let given = customizations.used().filter_map(of_file).last().filter(|_| !names.is_empty());
    let (path, span) = given.unwrap_or_else(|| (setting.path.clone(), setting.span.clone()));
    subject.find("EB010", &path, span, message, fix)
}

/// Without the setting Django allows nobody, and in debug mode the local host.
fn missing(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(path) = settings.files.first().filter(|_| *settings.value("ALLOWED_HOSTS") == Value::Missing) else {
        return;
    };
    if asks_for_names(subject, settings) {
        let message = "every request gets a 400: the settings have no `ALLOWED_HOSTS`";
        let fix =
            "name the hosts of the site there, and answer the health check in a middleware before `CommonMiddleware`";
        subject.find_file("EB010", path, message, fix);
    }
}

/// An address among the hosts: Django compares each with a name that has neither scheme nor port nor path.
fn no_host(subject: &mut Subject<'_>, setting: &Setting, names: &[&str]) {
    let host_of = |name: &str| {
        let name = name.split_once("://").map_or(name, |(_, rest)| rest);
        name.split(['/', ':']).next().unwrap_or_default().to_owned()
    };
    let is_local = |host: &str| is_local(&[host]) || host.is_empty() || host.starts_with('[');
    let allowed = |host: &str| {
        names.iter().any(|name| *name == host || name.strip_prefix('.').is_some_and(|domain| host.ends_with(domain)))
    };
    // Django has a mere `.` for that.
    let stars = names.iter().filter_map(|name| Some((name, name.strip_prefix("*.")?)));
    for (name, domain) in stars.filter(|(_, domain)| !allowed(&format!("www.{domain}"))) {
        let message = format!("requests for names below `{domain}` get a 400: `{name}` is no pattern of Django's");
        at_names(subject, setting, names, message, &format!("write `.{domain}`")).level = Level::Warning;
    }
    let address = names.iter().find(|name| {
        let host = host_of(name);
        host != **name && !name.starts_with('[') && name.matches(':').count() < 3 && !is_local(&host) && !allowed(&host)
    });
    if let Some(address) = address {
        let host = host_of(address);
        let message = format!(
            "requests for `{host}` get a 400: a host has neither scheme nor port nor path, and `{address}` has"
        );
        at_names(subject, setting, names, message, &format!("write `{host}`")).level = Level::Warning;
    }
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Is it an address inside of a network, as instances have one?
fn is_private(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private())
}

/// Are all of these names of one's own machine?
fn is_local(names: &[&str]) -> bool {
    const LOCAL: [&str; 7] = ["localhost", "127.0.0.1", "[::1]", "::1", "0.0.0.0", ".localhost", "testserver"];
    names.iter().all(|name| LOCAL.contains(name))
}

/// Are all of these names that providers give to what runs with them, or local? Nobody else can point such a name anywhere.
fn is_elsewhere(names: &[&str]) -> bool {
    const PROVIDERS: [&str; 21] = [
        "herokuapp.com",
        "onrender.com",
        "pythonanywhere.com",
        "vercel.app",
        "now.sh",
        "fly.dev",
        "railway.app",
        "netlify.app",
        "azurewebsites.net",
        "azurecontainerapps.io",
        "appspot.com",
        "run.app",
        "web.app",
        "firebaseapp.com",
        "ondigitalocean.app",
        "koyeb.app",
        "northflank.app",
        "cyclic.app",
        "deta.dev",
        "glitch.me",
        "replit.app",
    ];
    let given = |name: &str| is_below(name, &PROVIDERS) || is_of_developers(name);
    !is_local(names) && names.iter().all(|name| is_local(&[name]) || given(name))
}

/// Are all of these names of a machine to develop on, local or rented?
fn is_development(names: &[&str]) -> bool {
    !is_local(names) && names.iter().all(|name| is_local(&[name]) || is_of_developers(name))
}

/// Is it a name that a workspace or a tunnel to one's own machine gets?
fn is_of_developers(name: &str) -> bool {
    const PLACES: [&str; 15] = [
        "c9.io",
        "c9users.io",
        "codeanyapp.com",
        "github.dev",
        "gitpod.io",
        "goorm.io",
        "loca.lt",
        "lvh.me",
        "ngrok-free.app",
        "ngrok.app",
        "ngrok.dev",
        "ngrok.io",
        "repl.co",
        "replit.dev",
        "trycloudflare.com",
    ];
    is_below(name, &PLACES) || (name.contains(".vfs.cloud9.") && name.ends_with(".amazonaws.com"))
}

/// Is it one of these domains, or a name below one?
fn is_below(name: &str, domains: &[&str]) -> bool {
    let name = name.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
    let below = |domain: &str| name.strip_suffix(domain).is_some_and(|own| own.is_empty() || own.ends_with('.'));
    domains.iter().any(|domain| below(domain))
}

/// Where none of these is a name that the site can have: the first that is no host at all, or stands in the place of one.
fn no_name<'n>(names: &[&'n str]) -> Option<&'n str> {
    let mut others = names.iter().filter(|name| !is_local(&[name]) && !is_elsewhere(&[name]));
    let all = others.clone().all(|name| is_stand_in(name));
    others.find(|_| all).copied()
}

/// Is it what somebody is to replace, or nothing that a browser can ask for?
fn is_stand_in(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "your-",
        "your_",
        "yourdomain",
        "yoursite",
        "yourwebsite",
        "yourapp",
        "yourhost",
        "yourserver",
        "my-domain",
        "mydomain",
        "changeme",
        "change-me",
        "placeholder",
        "xxxx",
    ];
    const DOMAINS: [&str; 3] = ["domain.com", "website.com", "host.com"];
    let lower = name.to_ascii_lowercase();
    let host = lower.strip_prefix('.').unwrap_or(&lower);
    // Addresses and several names in one text have rules of their own, and an address of version 6 has colons.
    if host.is_empty() || host.contains([':', '/', '[', ',', ' ']) {
        return false;
    }
    // Django takes no other letters in a host, and visitors come by no name without a dot.
    let strange = !host.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '.');
    let domain = |domain: &&str| host.strip_suffix(*domain).is_some_and(|own| own.is_empty() || own.ends_with('.'));
    strange
        || !host.contains('.')
        || DOMAINS.iter().any(domain)
        || WORDS.iter().any(|word| host.starts_with(word) || host.contains(&format!(".{word}")))
}

/// Does Django look at the host that a visitor asks for, and at no other?
fn asks_for_names(subject: &Subject<'_>, settings: &Settings) -> bool {
    let mut middleware = settings.value("MIDDLEWARE").items().iter().filter_map(Value::text);
    middleware.any(|name| name == "django.middleware.common.CommonMiddleware") && !may_change_host(subject)
}

/// The metadata service of an instance, by its address and its names.
const METADATA: [&str; 3] = ["169.254.169.254", "instance-data/", "instance-data.ec2.internal"];

fn metadata_in(text: &str) -> impl Iterator<Item = Range<usize>> {
    METADATA.iter().flat_map(move |name| find_all(text, name))
}

/// IMDSv1 is off on Amazon Linux 2023.
fn metadata(subject: &mut Subject<'_>, settings: &Settings) {
    for path in &settings.files {
        let Some(text) = subject.tree.code(path) else { continue };
        // As an address that is asked; among the allowed hosts it is a name like any other.
        let hosts = settings.get("ALLOWED_HOSTS").filter(|setting| setting.path == *path);
        let asks = ["requests", "urlopen", "urllib", "HTTPConnection", "httpx"].iter().any(|word| text.contains(word));
        let is_host = |span: &Range<usize>| {
            let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
            text[line..span.start].contains("ALLOWED_HOSTS")
                || hosts.is_some_and(|setting| setting.span.contains(&span.start))
        };
        // Where the address of a page is written, nothing else is what is asked.
        let is_page = |span: &Range<usize>| text[..span.start].ends_with("http://");
        let page = metadata_in(text).find(is_page);
        if let Some(span) = page.or_else(|| metadata_in(text).find(|span| asks && !is_host(span)))
            && !sends_token(text)
            && !subject.answers_without_token()
        {
            let all = settings.value("ALLOWED_HOSTS").items().iter().any(|host| host.text() == Some("*"));
            if all {
                let message = "the metadata service answers 401 without a token, and the address of the instance stays unknown; `ALLOWED_HOSTS` has `*`, and does not need it";
                subject.find("EB011", path, span, message, "take the question out").level = Level::Note;
                continue;
            }
            let message =
                "the metadata service answers 401 without a token, and the address of the instance stays unknown";
            let fix = "ask for a token first, with a short time-out; better, answer health checks in a middleware";
            // Who expects that nobody answers goes on without the address.
            let expected = heads(text, span.start).any(|(head, _)| head.trim() == "try:");
            let finding = subject.find("EB011", path, span, message, fix);
            if expected {
                finding.level = Level::Warning;
            }
        }
    }
    helpers(subject, settings);
}

/// A function beside the settings that these call.
fn helpers(subject: &mut Subject<'_>, settings: &Settings) {
    if subject.answers_without_token() {
        return;
    }
    let called = settings.files.iter().flat_map(|path| django::helpers(subject.tree, path));
    let called: BTreeSet<String> = called.filter(|path| !settings.files.contains(path)).collect();
    for path in called {
        let Some(text) = subject.tree.text(&path).filter(|text| !sends_token(text)) else { continue };
        let asked = metadata_in(text).find(|span| text[..span.start].ends_with("http://"));
        let Some(span) = asked else { continue };
        let message =
            "the metadata service answers 401 without a token, and the settings that call this do not get the address";
        let fix = "ask for a token first, with a short time-out; better, answer health checks in a middleware";
        subject.find("EB011", &path, span, message, fix);
    }
}
