//! Ports: where a load balancer asks the instance, and where processes of the project's own listen.

use crate::beanstalk::config_file::{ConfigFile, OptionSetting};
use crate::beanstalk::platforms::Family;
use crate::beanstalk::yaml::Node;
use crate::check::script::{Place, contents};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::Run;

const PROCESS: &str = "aws:elasticbeanstalk:environment:process:";
const LISTENERS: [&str; 4] =
    ["aws:elbv2:listener:", "aws:elbv2:listenerrule:", "aws:elb:listener:", "aws:elb:listener"];

pub(super) fn check(subject: &mut Subject<'_>) {
    if subject.customizations.worker || subject.customizations.family == Family::Other {
        return;
    }
    asked(subject);
    if subject.python() && !subject.composes() {
        unasked(subject);
    }
}

fn settings<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (&'a ConfigFile, &'a OptionSetting)> {
    subject.customizations.used().flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)))
}

/// Ports of the instance that the load balancer asks, and nobody listens on.
fn asked(subject: &mut Subject<'_>) {
    // Without a proxy the server itself may have any port.
    let proxy = subject.customizations.option("aws:elasticbeanstalk:environment:proxy", "ProxyServer");
    if subject.single() || proxy.is_some_and(|proxy| proxy.eq_ignore_ascii_case("none")) {
        return;
    }
    let names = |process: &str| {
        settings(subject).any(|(_, setting)| {
            matches!(setting.name.value.as_str(), "DefaultProcess" | "Process") && setting.value.value.trim() == process
        })
    };
    let mut found = Vec::new();
    for (file, setting) in settings(subject) {
        let namespace = setting.namespace.value.as_str();
        let who = match setting.name.value.as_str() {
            "Port" => match namespace.strip_prefix(PROCESS) {
                // What services publish for it has a rule of its own.
                Some("default") if subject.composes() => continue,
                Some("default") => "every request is a 502".to_owned(),
                Some(process) if names(process) => format!("what goes to the process `{process}` is a 502"),
                _ => continue,
            },
            "InstancePort" if namespace.starts_with("aws:elb:listener") => {
                let port = namespace.rsplit(':').next().filter(|port| is_port(port)).unwrap_or("80");
                format!("who asks port {port} of the load balancer gets no answer")
            }
            _ => continue,
        };
        let port = setting.value.value.trim();
        if is_port(port) && port != "80" && !is_open(subject, port) {
            found.push((file.path.clone(), setting.value.span.clone(), port.to_owned(), who));
        }
    }
    for (path, span, port, who) in found {
        let docker = !subject.python();
        let why = match subject.customizations.family {
            Family::Ecs => "no container has that `hostPort`",
            _ if subject.composes() => "no service publishes it",
            _ if docker => "the proxy has port 80, and the container's own port is open to the proxy alone",
            _ => "the proxy has port 80, and the server's own port is open to the proxy alone",
        };
        let message = format!("{who}: the load balancer asks port {port} of the instance, where nobody listens: {why}");
        let direct = subject.composes() || subject.customizations.family == Family::Ecs;
        let fix = match port.as_str() {
            "443" if direct => "let TLS end at the load balancer, and name the port here that a container has; or let a container with a certificate have 443".to_owned(),
            "443" => "let TLS end at the load balancer, and name 80 here; or give nginx a `server` block with `listen 443 ssl` and a certificate".to_owned(),
            _ if direct => "name the port here that a container has on the instance".to_owned(),
            _ if docker => "name 80".to_owned(),
            _ => format!("name 80; or let a process of `Procfile` listen on `0.0.0.0:{port}`"),
        };
        subject.find("EB363", &path, span, message, &fix);
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Does a text name this port otherwise than as one that is asked on the instance itself?
fn names(text: &str, port: &str) -> bool {
    text.match_indices(port).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + port.len()..]);
        let inside = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
        let local = ["127.0.0.1:", "localhost:"].iter().any(|host| before.ends_with(host));
        !local && !inside(before.chars().next_back()) && !inside(after.chars().next())
    })
}

/// Files that nothing has run or read since the first Amazon Linux.
fn is_dead(path: &str) -> bool {
    ["/opt/elasticbeanstalk/hooks/", "/opt/python/", "/etc/httpd/"].iter().any(|folder| path.starts_with(folder))
}

/// May somebody listen on this port of the instance, as far as the files say?
fn is_open(subject: &Subject<'_>, port: &str) -> bool {
    let tree = subject.tree;
    let scripts = subject.scripts();
    let alive = |path: &str| !is_dead(path) || subject.calls(path);
    // `files` come with a place of their own; that of a command is all it has.
    // A rule of a security group lets in, and listens to nothing.
    let starts = || subject.customizations.used().any(|file| file.text.contains("UserData"));
    let of_host = || {
        let compose = subject.customizations.containers.as_deref().and_then(|path| tree.text(path)).unwrap_or_default();
        let all =
            |text: &str| text.contains("network_mode") || text.contains("networkMode") || text.contains("include:");
        all(compose) || scripts.iter().any(|script| script.text.contains("host") && script.text.contains("docker run"))
    };
    starts()
        || of_host()
        || scripts.iter().any(|script| names(script.text, port))
        || contents(subject.customizations).any(|(_, entry, text, _)| alive(&entry.path.value) && names(text, port))
        || settings(subject).any(|(_, setting)| {
            let namespace = setting.namespace.value.as_str();
            let of_balancer =
                namespace.starts_with(PROCESS) || LISTENERS.iter().any(|start| namespace.starts_with(start));
            !of_balancer && names(&setting.value.value, port)
        })
        || tree.iter().any(|(path, _)| {
            let started = || scripts.iter().any(|script| script.text.contains(crate::beanstalk::tree::file_name(path)));
            // What listens in a container is on the instance only as far as that is published.
            let publishes = || path == DOCKERRUN || path.starts_with("docker-compose");
            let on_host = || {
                [".service", ".ini", ".toml", ".conf", ".cfg", ".sh"].iter().any(|end| path.ends_with(end))
                    || path.contains("gunicorn")
                    || (path.ends_with(".py") && started())
            };
            let tells = path.starts_with(".platform/") || if subject.python() { on_host() } else { publishes() };
            tells && tree.text(path).or_else(|| tree.code(path)).is_none_or(|text| names(text, port))
        })
}

/// Does a resource of the project's own speak of it?
fn in_resources(subject: &Subject<'_>, port: &str) -> bool {
    subject.customizations.used().any(|file| {
        let resources = file.root.as_ref().and_then(|root| root.get("Resources"));
        resources
            .map(|node: &Node| node.span.clone())
            .and_then(|span| file.text.get(span))
            .is_some_and(|text| names(text, port))
    })
}

/// A server beside the site's own, to which nothing leads.
fn unasked(subject: &mut Subject<'_>) {
    let scripts = subject.scripts();
    for script in scripts.iter().filter(|script| !script.called) {
        let Place::Process(process) = script.place else { continue };
        let served = script.host_runs().find_map(|run| Some((run, port_of(run)?)));
        let Some((run, port)) = served.filter(|_| process.name != "web") else { continue };
        if leads(subject, &port) {
            continue;
        }
        let message = format!(
            "nothing leads to `{}`, unless visitors may ask the instance itself: it listens on port {port}, which neither the proxy's files nor a process of the load balancer name",
            process.name
        );
        let fix = format!(
            "a `location` with `proxy_pass http://127.0.0.1:{port};` in `.platform/nginx/conf.d/elasticbeanstalk/`; or let `web` start the server of ASGI for all"
        );
        subject.find("EB364", script.path, run.span(), message, &fix);
    }
}

/// The port that a server of ASGI is told to listen on.
fn port_of(run: &Run) -> Option<String> {
    let flags: &[&str] = match run.name() {
        "daphne" => &["-p", "--port"],
        "uvicorn" => &["--port"],
        "hypercorn" => &["-b", "--bind"],
        "gunicorn" if run.arguments.iter().any(|word| word.text.contains("uvicorn") || word.text.contains("asgi")) => {
            &["-b", "--bind"]
        }
        _ => return None,
    };
    let pairs = run.arguments.windows(2).find(|pair| flags.contains(&pair[0].text.as_str()));
    let joined = || {
        let values = run.arguments.iter().filter_map(|word| word.text.split_once('='));
        values.into_iter().find(|(flag, _)| flags.contains(flag)).map(|(_, value)| value)
    };
    let value = pairs.map(|pair| pair[1].text.as_str()).or_else(joined)?;
    let port = value.rsplit(':').next().unwrap_or(value);
    is_port(port).then(|| port.to_owned())
}

/// Does anything but a line that starts such a server name its port?
fn leads(subject: &Subject<'_>, port: &str) -> bool {
    const SERVERS: [&str; 4] = ["daphne", "uvicorn", "hypercorn", "gunicorn"];
    let starts = |line: &str| SERVERS.iter().any(|server| line.contains(server));
    let named = |text: &str| text.lines().any(|line| line.contains(port) && !starts(line));
    let asks = settings(subject).any(|(_, setting)| {
        let listens = LISTENERS.iter().any(|start| setting.namespace.value.starts_with(start));
        !listens && named(&setting.value.value)
    });
    let tree = subject.tree;
    // The site itself may ask it.
    let code = format!(":{port}");
    let called =
        tree.iter().any(|(path, _)| tree.code(path).is_some_and(|text| path.ends_with(".py") && text.contains(&code)));
    asks || called
        || in_resources(subject, port)
        || contents(subject.customizations).any(|(_, entry, text, _)| !is_dead(&entry.path.value) && named(text))
        || subject.scripts().iter().any(|script| named(script.text))
        || tree.under(".platform").any(|(path, _)| tree.text(path).is_none_or(named))
}
