//! Entries of `files`: where they go, with which mode, and what becomes of them there.

use crate::beanstalk::config_file::{ConfigFile, DEFAULT_NAMESPACE, File};
use crate::beanstalk::customizations::Moment;
use crate::beanstalk::timeline::PORT;
use crate::beanstalk::yaml::Kind;
use crate::check::nginx;
use crate::check::rules::hooks::instead_of_supervisor;
use crate::check::rules::processes::by_procfile;
use crate::check::script::{Place, script_file};
use crate::check::subject::Subject;
use crate::check::words;
use crate::level::Level;

/// Where a file of the proxy's belongs in the bundle, and what of it cannot stand there.
fn moved(subject: &Subject<'_>, path: &str, content: &str) -> String {
    let place = nginx::place(path, content);
    let directives = nginx::parse(content).unwrap_or_default();
    if directives.iter().any(|directive| directive.name == "server") {
        let name = path.rsplit('/').next().unwrap_or(path);
        return format!(
            "put what the `server` block does beyond the platform's own, without `listen` and `access_log`, into `{}/{name}` of the bundle",
            ".platform/nginx/conf.d/elasticbeanstalk"
        );
    }
    let locations = |text: &str| -> Vec<String> {
        let directives = nginx::parse(text).unwrap_or_default();
        directives.into_iter().filter(|one| one.name == "location").map(|one| one.arguments.join(" ")).collect()
    };
    let wanted = locations(content);
    let has = |path: &&String| {
        let there = subject.tree.text(path).map(locations).unwrap_or_default();
        there.iter().any(|location| wanted.contains(location))
    };
    match subject.customizations.proxy.iter().find(has) {
        Some(other) => format!("`{other}` has that `location` already: bring the two together there"),
        None => format!("put the content into `{place}` of the bundle"),
    }
}

pub(super) fn check(subject: &mut Subject<'_>, file: &ConfigFile) {
    for entry in &file.files {
        mode(subject, file, entry);
        let (path, span) = (entry.path.value.as_str(), entry.path.span.clone());
        if !path.starts_with('/') {
            let drive = path.get(1..3).is_some_and(|after| matches!(after, ":\\" | ":/"));
            let (message, fix) = match drive {
                true => (
                    format!("the deployment fails: `{path}` is a path of Windows, and the instance runs Linux"),
                    "take it out; or name the platform of Windows in `.elasticbeanstalk/config.yml`",
                ),
                false => (format!("the deployment fails: `{path}` is not an absolute path"), "begin the path with `/`"),
            };
            subject.find("EB217", &file.path, span, message, fix);
        } else if path.starts_with("/etc/nginx/") && subject.composes() {
            let message = "nothing reads this: with a `docker-compose.yml` the platform runs no proxy of its own";
            subject.find("EB060", &file.path, span, message, "give it to a service that is the proxy");
        } else if path.starts_with("/etc/nginx/") {
            let message = match path.starts_with("/etc/nginx/sites-") {
                true => "nothing reads this: the proxy's configuration includes no such folder",
                false => {
                    "this is overwritten in every deployment: the proxy's configuration is copied over `/etc/nginx` after it"
                }
            };
            let content = entry.content.as_ref().map(|content| content.value.as_str()).unwrap_or_default();
            let fix = match dead_port(subject, content) {
                Some((port, right)) => format!(
                    "take it out: it asks port {port}, where nobody listens, so that it would answer with a 502; the server listens on {right}"
                ),
                None => moved(subject, path, content),
            };
            subject.find("EB060", &file.path, span, message, fix);
        } else if let Some(gone) = lost(subject, path) {
            let message = format!("`{path}` never reaches the new version: {gone}");
            let fix = match path.ends_with(".sh") {
                true => "let it lie in the bundle, where the new version has it; or write it outside of `/var/app`",
                false => "let it lie in the bundle, make it in `container_commands`, or write it outside of `/var/app`",
            };
            subject.find("EB151", &file.path, span, message, fix);
        } else if path.starts_with("/opt/python/") && is_opened(subject, path) {
            // To the application it is a file like any other.
        } else if path.starts_with("/opt/python/") {
            let message = format!("nothing reads `{path}`: there is no `/opt/python` since Amazon Linux 2");
            let fix = "take it out; the application is in `/var/app/current`, its packages in `/var/app/venv`";
            subject.find("EB033", &file.path, span, message, fix).level = Level::Warning;
        } else if path.starts_with("/opt/elasticbeanstalk/hooks/") && subject.calls(path) {
            // A command runs it, wherever it lies.
        } else if path.starts_with("/opt/elasticbeanstalk/hooks/")
            || path.starts_with("/opt/elasticbeanstalk/tasks/") && path.contains("hooks")
        {
            let message = "nothing runs scripts in this folder since Amazon Linux 2".to_owned();
            let content = entry.content.as_ref().map(|content| content.value.as_str()).unwrap_or_default();
            let fix = instead_of_supervisor(subject, content)
                .unwrap_or_else(|| "move it to `.platform/hooks/` in the bundle".to_owned());
            subject.find("EB036", &file.path, span, message, fix);
        } else if path.starts_with("/etc/supervisor") && !has_supervisor(subject) {
            let message = format!(
                "nobody reads `{path}`: there is no supervisord since Amazon Linux 2, and nothing here brings one"
            );
            let content = entry.content.as_ref().map(|content| content.value.as_str()).unwrap_or_default();
            let fix = by_procfile(subject, content);
            subject.find("EB100", &file.path, span, message, fix).level = Level::Warning;
        } else if path.starts_with("/etc/systemd/system/") && path.ends_with(".service") {
            unit(subject, file, entry);
        }
        if entry.content.as_ref().is_some_and(|content| content.value.is_empty()) && entry.source.is_none() {
            let message = format!("the deployment fails: `{path}` has neither content nor source");
            subject.find(
                "EB207",
                &file.path,
                entry.path.span.clone(),
                message,
                "add a line, or create the file with a command",
            );
        }
    }
}

/// What becomes of a file that is written into the application's folder before there is a new version, unless somebody needs it only
/// until then.
fn lost(subject: &Subject<'_>, path: &str) -> Option<&'static str> {
    let named = |needed: fn(&Place<'_>) -> bool| {
        subject.scripts().iter().any(|script| needed(&script.place) && script.text.contains(path))
    };
    if path.starts_with("/var/app/staging/") {
        let needed = named(|place| matches!(place, Place::Command(_)));
        return (!needed).then_some("that folder is made anew when the bundle is unpacked, which comes after `files`");
    }
    let early = |place: &Place<'_>| match place {
        Place::Command(_) | Place::ContainerCommand(_) => true,
        Place::Hook(hook) => hook.moment != Moment::Postdeploy,
        Place::Process(_) | Place::Build(_) => false,
    };
    (path.starts_with("/var/app/current/") && !named(early))
        .then_some("that folder is the old version still, and the flip deletes it")
}

/// The port of the instance that a file of the proxy's sends requests to, where nobody listens, and the server's own.
fn dead_port(subject: &Subject<'_>, content: &str) -> Option<(String, String)> {
    fn targets(directives: &[nginx::Directive], found: &mut Vec<String>) {
        for directive in directives {
            found.extend(directive.arguments.first().filter(|_| directive.name == "proxy_pass").cloned());
            targets(directive.block.as_deref().unwrap_or_default(), found);
        }
    }
    let right = subject.customizations.option(DEFAULT_NAMESPACE, "PORT").map_or(PORT.to_string(), str::to_owned);
    let mut found = Vec::new();
    targets(&nginx::parse(content).unwrap_or_default(), &mut found);
    let port = |target: &str| {
        let rest = target.strip_prefix("http://")?;
        let rest = rest.strip_prefix("127.0.0.1:").or_else(|| rest.strip_prefix("localhost:"))?;
        let port = rest.split('/').next().unwrap_or(rest);
        (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then(|| port.to_owned())
    };
    let port = found.iter().find_map(|target| port(target))?;
    // Whoever listens is told so by a line, a script or a file somewhere.
    let in_configs: usize = subject.customizations.configs.iter().map(|file| file.text.matches(&port).count()).sum();
    let is_named = in_configs > content.matches(&port).count()
        || subject.scripts().iter().any(|script| !script.path.ends_with(".config") && script.text.contains(&port))
        || subject.tree.iter().any(|(path, _)| {
            // A program that nobody starts listens nowhere.
            let tells = path.starts_with(".platform/")
                || [".service", ".ini", ".toml"].iter().any(|end| path.ends_with(end))
                || path.contains("gunicorn")
                || (path.ends_with(".py") && subject.calls(path));
            tells
                && subject.tree.text(path).or_else(|| subject.tree.code(path)).is_some_and(|text| text.contains(&port))
        });
    (subject.python() && port != right && !is_named).then_some((port, right))
}

/// Does a script, a list or a unit speak of supervisord? Who calls it without having it has a rule of its own.
fn has_supervisor(subject: &Subject<'_>) -> bool {
    let lists = subject
        .customizations
        .used()
        .any(|file| file.packages.iter().any(|package| package.name.value.contains("supervisor")));
    let asked = subject.requirements().lines.iter().any(|line| line.name == "supervisor");
    lists || asked || subject.scripts().iter().any(|script| script.has(&["supervisor", "supervisord", "supervisorctl"]))
}

/// Does a program of the project name this file?
fn is_opened(subject: &Subject<'_>, path: &str) -> bool {
    let names = |file: &str| file.ends_with(".py") && subject.tree.text(file).is_some_and(|text| text.contains(path));
    subject.tree.iter().any(|(file, _)| names(file))
}

/// A unit of systemd that starts celery's beat: every instance has the unit.
fn unit(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    let Some(content) = entry.content.as_ref() else { return };
    let started = content.value.lines().filter_map(|line| line.trim().strip_prefix("ExecStart="));
    let beats = started.flat_map(words::runs).any(|run| {
        let shell = script_file(subject.tree, subject.customizations, &run.program.text);
        run.is_beat() || shell.is_some_and(|(_, text, _)| words::runs(text).iter().any(words::Run::is_beat))
    });
    if beats && !subject.single() {
        let message = "every instance runs a beat of its own: each task is sent as many times as there are instances";
        let fix = "run beat on one machine: `cron.yaml` in a worker environment, EventBridge, a lock (`celery-redbeat`), or one instance";
        subject.find("EB146", &file.path, entry.path.span.clone(), message, fix);
    }
}

fn mode(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    let Some(mode) = &entry.mode else { return };
    match entry.mode_kind {
        Some(Kind::Int(number)) if mode.value.starts_with('0') && mode.value.len() > 1 => {
            let message =
                format!("YAML reads `{}` as the number {number}, and the file gets mode {number:04}", mode.value);
            let finding = subject.find("EB209", &file.path, mode.span.clone(), message, "put the mode in quotes");
            finding.replace(format!("\"{}\"", mode.value));
        }
        _ => {
            let octal = !mode.value.is_empty() && mode.value.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
            if !octal {
                let message = format!("`{}` is not a mode", mode.value);
                subject.find(
                    "EB209",
                    &file.path,
                    mode.span.clone(),
                    message,
                    "write six octal digits in quotes, such as `\"000644\"`",
                );
            }
        }
    }
}
