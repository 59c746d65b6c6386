//! How the server works: how many requests at a time, how long it waits, and for whom.

use std::ops::Range;

use super::line::Line;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::Family;
use crate::check::django::{Settings, Value, properties};
use crate::check::subject::Subject;

const CONF: &str = "gunicorn.conf.py";
const BALANCER: &str = "aws:elbv2:loadbalancer";
const ENVIRONMENT: &str = "aws:elasticbeanstalk:environment";
/// Seconds without a byte after which nginx and the balancers give up, unless they are told otherwise.
const PATIENCE: i64 = 60;

/// gunicorn as `Procfile` starts it.
struct Gunicorn<'a> {
    line: Line<'a>,
    conf: Option<Settings>,
}

/// What gunicorn's own file says.
pub(super) struct Configured {
    pub(super) settings: Option<Settings>,
    /// There may be a file, and it could not be read.
    pub(super) unread: bool,
}

impl Configured {
    /// gunicorn reads one file without being told, and another one if it is.
    pub(super) fn of(subject: &Subject<'_>, line: Option<&Line<'_>>) -> Self {
        let told = line.and_then(|line| line.value_of(&["--config", "-c"])).map(|(_, path)| path);
        let path = told.unwrap_or(CONF);
        let path = path.strip_prefix("file:").unwrap_or(path).trim_start_matches("./");
        let path = path.strip_prefix("/var/app/current/").unwrap_or(path);
        let there = subject.tree.is_file(path);
        let settings =
            there.then(|| Settings::of_file(subject.tree, path, properties(subject.customizations))).flatten();
        Self { unread: settings.is_none() && (there || told.is_some()), settings }
    }

    /// Is it certain that the workers are gunicorn's own?
    pub(super) fn is_wsgi(&self) -> bool {
        let class = self.settings.as_ref().map(|settings| settings.value("worker_class"));
        !self.unread && class.is_none_or(|class| *class == Value::Missing)
    }
}

/// Does the server tell the application of HTTPS? gunicorn believes `X-Forwarded-Proto` of the proxy on its own machine, if nobody
/// says otherwise, and of nobody else (tried with gunicorn 27 and Django 5.2).
pub(in crate::check::rules) fn believes_proxy(subject: &Subject<'_>) -> bool {
    const ALLOWED: &str = "forwarded_allow_ips";
    let scripts = subject.scripts();
    let line = Line::of_web(&scripts);
    // Without a Procfile the platform starts gunicorn.
    let gunicorn = match &line {
        Some(line) => line.server() == Some("gunicorn") && line.value_of(&["--forwarded-allow-ips"]).is_none(),
        None => subject.customizations.procfile.is_none(),
    };
    let conf = Configured::of(subject, line.as_ref());
    let said = conf.settings.is_some_and(|settings| *settings.value(ALLOWED) != Value::Missing);
    subject.python() && gunicorn && !conf.unread && !said && !subject.gives("FORWARDED_ALLOW_IPS")
}

/// A number, and where it is written.
struct Number {
    value: i64,
    path: String,
    span: Range<usize>,
}

/// `settings` are Django's, where there are any.
pub(in crate::check::rules) fn check(subject: &mut Subject<'_>, settings: Option<&Settings>) {
    let customizations = subject.customizations;
    if let Some(settings) = settings {
        upgrades(subject, settings);
    }
    let scripts = subject.scripts();
    let line = match customizations.family {
        Family::Python => Line::of_web(&scripts),
        Family::Other => None,
        // A command of the services is what runs, whatever the image would.
        Family::Docker | Family::Ecs if has_command(subject) => None,
        Family::Docker | Family::Ecs => subject.tree.text("Dockerfile").and_then(Line::of_image),
    };
    of_variable(subject, line.as_ref());
    let Some(line) = line.filter(|line| line.server() == Some("gunicorn")) else { return };
    let Configured { settings: conf, unread: false } = Configured::of(subject, Some(&line)) else { return };
    let gunicorn = Gunicorn { line, conf };
    patience(subject, &gunicorn);
    if let Some(settings) = settings {
        connections(subject, &gunicorn, settings);
        websockets(subject, &gunicorn, settings);
    }
}

impl Gunicorn<'_> {
    /// A setting: the command line comes before the file. `None` if it is set and nobody knows to what.
    fn number(&self, flags: &[&str], name: &str) -> Option<Result<Number, Unset>> {
        if let Some((span, text)) = self.line.value_of(flags) {
            let value = text.parse().ok()?;
            return Some(Ok(Number { value, path: self.line.path.to_owned(), span }));
        }
        let Some(conf) = &self.conf else { return Some(Err(Unset)) };
        match (conf.get(name), conf.value(name)) {
            (None, Value::Missing) => Some(Err(Unset)),
            (Some(setting), value) => {
                Some(Ok(Number { value: value.number()?, path: setting.path.clone(), span: setting.span.clone() }))
            }
            (None, _) => None,
        }
    }

    fn is(&self, flags: &[&str], name: &str, word: &str) -> bool {
        let typed = self.line.value_of(flags).is_some_and(|(_, text)| text.contains(word));
        // What a condition decides may be it.
        let set = self.conf.as_ref().map(|conf| conf.value(name));
        typed
            || set.is_some_and(|value| *value == Value::Unknown || value.text().is_some_and(|text| text.contains(word)))
    }

    /// Does it keep a connection after an answer? A worker of the class `sync` closes each, and tells the other side so.
    fn keeps_connections(&self) -> bool {
        let class = self.line.value_of(&["--worker-class", "-k"]).map(|(_, class)| class.to_owned());
        let class = class.or_else(|| Some(self.conf.as_ref()?.value("worker_class").text()?.to_owned()));
        match class.as_deref() {
            // More than one thread makes another class of it.
            None | Some("sync") => {
                let threads = self.number(&["--threads"], "threads");
                threads.and_then(Result::ok).is_some_and(|threads| threads.value > 1)
            }
            Some(_) => true,
        }
    }
}

struct Unset;

/// Do services of `docker-compose.yml` name what runs in them?
fn has_command(subject: &Subject<'_>) -> bool {
    let path = subject.customizations.containers.as_deref().filter(|_| subject.composes());
    let names = |line: &str| ["command:", "entrypoint:"].iter().any(|key| line.trim_start().starts_with(key));
    path.and_then(|path| subject.tree.text(path)).is_some_and(|text| text.lines().any(names))
}

fn idle_timeout(customizations: &Customizations) -> i64 {
    let set = |namespace, name| customizations.option(namespace, name).and_then(|text| text.parse().ok());
    set(BALANCER, "IdleTimeout").or_else(|| set("aws:elb:policies", "ConnectionSettingIdleTimeout")).unwrap_or(PATIENCE)
}

/// Who waits for whom, and for how long.
fn patience(subject: &mut Subject<'_>, gunicorn: &Gunicorn<'_>) {
    let customizations = subject.customizations;
    if open_to_balancer(subject) {
        const DEFAULT: i64 = 2;
        let idle = idle_timeout(customizations);
        let keepalive = gunicorn.number(&["--keep-alive"], "keepalive").filter(|_| gunicorn.keeps_connections());
        let found = keepalive.map(|found| found.map_or((DEFAULT, None), |number| (number.value, Some(number))));
        if let Some((seconds, place)) = found.filter(|(seconds, _)| *seconds <= idle) {
            let message = format!(
                "now and then a visitor gets a 502: gunicorn closes idle connections after {seconds} seconds, and the load balancer uses them for {idle}"
            );
            let whole = || (gunicorn.line.path.to_owned(), gunicorn.line.words[0].0.clone());
            let (path, span) = place.map_or_else(whole, |number| (number.path, number.span));
            subject.find("EB061", &path, span, message, format!("`--keep-alive {}`", idle + 5));
        }
        return;
    }
    if let Some(Ok(number)) = gunicorn.number(&["--timeout", "-t"], "timeout") {
        outlives(subject, number);
    }
}

/// Does the server go on with a request that nginx has given up?
fn outlives(subject: &mut Subject<'_>, number: Number) {
    let customizations = subject.customizations;
    let nginx = customizations.proxy.iter().any(|path| {
        subject.tree.text(path).is_some_and(|text| text.contains("proxy_read_timeout") || path.ends_with("/nginx.conf"))
    });
    if nginx || customizations.family == Family::Ecs || customizations.worker || number.value <= PATIENCE {
        return;
    }
    let message = format!(
        "nginx answers 504 after {PATIENCE} seconds, and gunicorn goes on with the request until {}",
        number.value
    );
    let fix = "let slow work be done by a task queue; or raise `proxy_read_timeout` in `.platform/nginx/conf.d/` and `IdleTimeout` of the load balancer as well";
    subject.find("EB062", &number.path, number.span, message, fix);
}

/// What the property `GUNICORN_CMD_ARGS` says comes before gunicorn's own file, and after the command line.
fn of_variable(subject: &mut Subject<'_>, line: Option<&Line<'_>>) {
    const FLAGS: [&str; 2] = ["--timeout", "-t"];
    // Without a `Procfile` the platform starts gunicorn itself.
    let gunicorn = match line {
        Some(line) => line.server() == Some("gunicorn") && line.value_of(&FLAGS).is_none(),
        None => !subject.tree.is_file("Procfile"),
    };
    let files = subject.customizations.used();
    let mut all = files.flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)));
    let found = all
        .find(|(_, setting)| setting.namespace.value == DEFAULT_NAMESPACE && setting.name.value == "GUNICORN_CMD_ARGS");
    let Some((file, setting)) = found.filter(|_| gunicorn && subject.python()) else { return };
    let words: Vec<&str> = setting.value.value.split([' ', '=']).collect();
    let value = words.windows(2).find(|pair| FLAGS.contains(&pair[0])).and_then(|pair| pair[1].parse().ok());
    if let Some(value) = value {
        outlives(subject, Number { value, path: file.path.clone(), span: setting.value.span.clone() });
    }
}

/// Does the load balancer reach the server with no proxy in between? So it is with compose and on ECS, unless the project
/// brings a proxy.
fn open_to_balancer(subject: &Subject<'_>) -> bool {
    const PROXIES: &[&str] = &["nginx", "caddy", "traefik", "httpd", "apache", "envoy", "haproxy", "proxy"];
    let Some(path) = subject.customizations.containers.as_deref().filter(|path| *path != "Dockerfile") else {
        return false;
    };
    let text = subject.tree.text(path).unwrap_or_default().to_ascii_lowercase();
    let direct = path.starts_with("docker-compose") || subject.customizations.family == Family::Ecs;
    direct && !subject.single() && !PROXIES.iter().any(|proxy| text.contains(proxy))
}

/// Workers times threads times instances, each with a connection of its own.
fn connections(subject: &mut Subject<'_>, gunicorn: &Gunicorn<'_>, settings: &Settings) {
    /// What PostgreSQL allows by default, and RDS on its smallest instances.
    const ALLOWED: i64 = 100;
    const MOST_INSTANCES: i64 = 4;
    let customizations = subject.customizations;
    let database = settings.value("DATABASES").get("default");
    let server = database.get("ENGINE").text().is_some_and(|engine| !engine.contains("sqlite"));
    let pooled = *database.get("OPTIONS").get("pool") != Value::Missing || *database.get("OPTIONS") == Value::Unknown;
    if !server || pooled {
        return;
    }
    let most = customizations.option("aws:autoscaling:asg", "MaxSize").and_then(|text| text.parse().ok());
    let instances = if subject.single() { 1 } else { most.unwrap_or(MOST_INSTANCES) };
    let workers = gunicorn.number(&["--workers", "-w"], "workers");
    let threads = gunicorn.number(&["--threads"], "threads");
    let (Some(Ok(workers)), Some(threads)) = (workers, threads) else { return };
    let threads = threads.map_or(1, |number| number.value);
    let Some(all) = workers.value.checked_mul(threads).and_then(|all| all.checked_mul(instances)) else { return };
    if all > ALLOWED {
        let message = format!(
            "up to {all} connections at once ({} workers × {threads} threads × {instances} instances), and a small database allows about {ALLOWED}",
            workers.value
        );
        let fix =
            "fewer workers and threads, a lower `MaxSize`, or a pool (`OPTIONS = {\"pool\": True}` since Django 5.1)";
        subject.find("EB084", &workers.path, workers.span, message, fix);
    }
}

/// The app by which a project shows that it speaks WebSockets.
fn speaks_websockets(settings: &Settings) -> Option<String> {
    let apps = settings.value("INSTALLED_APPS").items();
    apps.iter().filter_map(Value::text).find(|app| matches!(*app, "channels" | "daphne")).map(str::to_owned)
}

/// The platform's own nginx passes WebSockets on. A `location` of the project's takes its place, and has to do the same.
fn upgrades(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(app) = speaks_websockets(settings) else { return };
    let paths = subject.tree.under(".platform/nginx").map(|(path, _)| path).filter(|path| path.ends_with(".conf"));
    let files: Vec<(&str, &str)> = paths.filter_map(|path| Some((path, subject.tree.text(path)?))).collect();
    if files.iter().any(|(_, text)| text.to_ascii_lowercase().contains("upgrade")) {
        return;
    }
    let Some((path, span)) = files.iter().find_map(|(path, text)| Some((*path, passing_location(text)?))) else {
        return;
    };
    let message = format!("WebSockets fail: `{app}` is installed, and this does not pass their headers on");
    let fix = "`proxy_http_version 1.1`, and `proxy_set_header` for `Upgrade $http_upgrade` and `Connection $connection_upgrade`";
    subject.find("EB103", path, span, message, fix);
}

/// A `location` for all paths, or for those of WebSockets, that asks another server.
fn passing_location(text: &str) -> Option<Range<usize>> {
    for (start, _) in text.match_indices("location ") {
        let line = text[..start].rsplit('\n').next().unwrap_or_default();
        let (head, body) = text[start..].split_once('{')?;
        let body = body.split('}').next().unwrap_or_default();
        let path = head.split_whitespace().last().unwrap_or_default();
        if line.trim().is_empty() && (path == "/" || path.contains("ws")) && body.contains("proxy_pass") {
            return Some(start..start + head.trim_end().len());
        }
    }
    None
}

/// WebSockets need a server that speaks ASGI, and a balancer that passes them on.
fn websockets(subject: &mut Subject<'_>, gunicorn: &Gunicorn<'_>, settings: &Settings) {
    let Some(app) = speaks_websockets(settings) else { return };
    // A process of its own may serve them.
    let beside = subject.scripts().iter().any(|script| {
        script.runs().iter().any(|run| matches!(run.name(), "daphne" | "uvicorn" | "hypercorn"))
            || script.text.contains("daphne ")
    });
    if !beside && !gunicorn.is(&["--worker-class", "-k"], "worker_class", "uvicorn") {
        let message = format!("WebSockets fail: `{app}` is installed, and gunicorn's workers speak WSGI only");
        let fix = "`gunicorn --worker-class uvicorn_worker.UvicornWorker mysite.asgi:application`, or `daphne`";
        subject.find("EB103", gunicorn.line.path, gunicorn.line.words[0].0.clone(), message, fix);
    }
    let customizations = subject.customizations;
    for file in customizations.used() {
        for setting in &file.option_settings {
            if setting.namespace.value == ENVIRONMENT
                && setting.name.value == "LoadBalancerType"
                && setting.value.value.eq_ignore_ascii_case("classic")
            {
                let message =
                    format!("WebSockets fail: `{app}` is installed, and a Classic Load Balancer does not pass them on");
                let fix = "`LoadBalancerType: application`, in a new environment";
                subject.find("EB103", &file.path, setting.value.span.clone(), message, fix);
            }
        }
    }
}
