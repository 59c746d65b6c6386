//! Places: files that lie where nobody reads them, and files that should not ship, or should and do not.

mod below;
mod certificates;
mod ignored;
mod instead;
pub(super) mod other_reading;
mod proxy_files;

use super::config_files::names::renamed;
use super::hooks::misspelt;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::customizations::{Customizations, EXTENSIONS};
use crate::beanstalk::eb_config;
use crate::beanstalk::tree::{Entry, file_name};
use crate::check::nginx::instead_of_apache;
use crate::check::script::{Script, contents};
use crate::check::subject::Subject;
use crate::check::words::is_expanded;
use crate::level::Level;

/// What the EB CLI leaves out, and beansprout as well.
const EBIGNORE: &str = ".ebignore";

pub(super) fn check(subject: &mut Subject<'_>) {
    unread(subject);
    below::check(subject);
    apache(subject);
    keys(subject);
    guess(subject);
    ignored::check(subject);
    instead::check(subject);
    other_reading::check(subject);
}

/// Everything below `.ebextensions` and `.platform` that Elastic Beanstalk does not look at.
fn unread(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let used = |path: &str| {
        let (name, mention) = (file_name(path), path.strip_prefix(".ebextensions/").unwrap_or(path));
        subject.customizations.configs.iter().any(|file| file.text.contains(name) || file.text.contains(mention))
            || subject.scripts().iter().any(|script| script.text.contains(name))
            || subject.customizations.proxy.iter().any(|other| {
                other != path && tree.text(other).is_some_and(|text| text.contains("include") && text.contains(name))
            })
    };
    let documents = |name: &str| {
        name.starts_with('.')
            || ["README", "LICENSE"].iter().any(|word| name.starts_with(word))
            || name.ends_with(".md")
            || name.ends_with('~')
    };
    let mut found: Vec<(String, String, String)> = Vec::new();
    for (path, entry) in tree.under(EXTENSIONS) {
        let (name, inside) = (file_name(path), &path[EXTENSIONS.len() + 1..]);
        if matches!(entry, Entry::Directory) || documents(name) || used(path) {
            continue;
        }
        let below = inside.contains('/');
        // Put away on purpose.
        let away = ["archive", "old", "backup", "disabled", "unused", "bak", "deprecated"];
        if inside.split('/').rev().skip(1).any(|dir| {
            away.iter().any(|word| dir.to_ascii_lowercase().trim_start_matches(['.', '_']).starts_with(word))
        }) {
            continue;
        }
        let lower = name.to_ascii_lowercase();
        // A `.config` in a folder has a rule of its own, and so have other endings at the top.
        let (message, fix) = match name {
            "Procfile" | "Buildfile" | "cron.yaml" | "env.yaml" | "Dockerrun.aws.json" => (
                format!("nobody reads `{path}`: `{name}` is looked for at the top of the bundle"),
                format!("move it to `{name}`"),
            ),
            _ if inside.starts_with("nginx/") => (
                format!("`{path}` is not read: since Amazon Linux 2 the proxy takes its files from `.platform/nginx`"),
                proxy_files::fix(tree, path),
            ),
            _ if hooks_in(inside).is_some() => (
                format!("`{path}` never runs: hooks are looked for in `.platform/hooks`"),
                format!("move it to `.platform/{}`", hooks_in(inside).unwrap_or(inside)),
            ),
            _ if below && lower.ends_with(".config") => (
                format!("`{path}` is not read: only the `.config` files directly in `{EXTENSIONS}` are"),
                format!("move it to `{EXTENSIONS}/{name}`"),
            ),
            _ if below => continue,
            _ if lower.ends_with("config") && !name.ends_with(".config") => {
                let stem = &name[..name.len() - "config".len()];
                let stem = stem.trim_end_matches(['.', '-', '_']);
                (format!("`{path}` is not read: its name does not end in `.config`"), renamed(tree, stem))
            }
            _ => continue,
        };
        found.push((path.to_owned(), message, fix));
    }
    for (path, entry) in tree.under(".platform") {
        let (name, inside) = (file_name(path), &path[".platform/".len()..]);
        let known = ["hooks/", "confighooks/", "nginx/", "httpd/", "files/", "bin/", "scripts/"]
            .iter()
            .any(|dir| inside.starts_with(dir));
        let config = name.ends_with(".config")
            || name.ends_with(".env")
            || name.ends_with(".vars")
            || matches!(name, "Procfile" | "Buildfile" | "cron.yaml")
            || (name == inside && [".yml", ".yaml"].iter().any(|end| name.ends_with(end)));
        let nginx = inside.starts_with("conf.d/")
            || (name == inside && name.ends_with(".conf"))
            || (name.ends_with(".conf") && ["apache/", "apache2/"].iter().any(|dir| inside.starts_with(dir)))
            || (inside.starts_with("nginx/")
                && name.ends_with(".conf")
                && !inside.starts_with("nginx/conf.d/")
                && name != "nginx.conf");
        let misnamed = inside.starts_with("nginx/") && !name.ends_with(".conf");
        // Whoever writes `x.conf.off` means it.
        let asleep = name.contains(".conf.") || name.ends_with(".bak") || name.ends_with(".disabled");
        if misnamed && !asleep && !matches!(entry, Entry::Directory) && !documents(name) && !used(path) {
            let message = format!("`{path}` is not read: its name does not end in `.conf`");
            found.push((path.to_owned(), message, proxy_files::fix(tree, path)));
            continue;
        }
        if matches!(entry, Entry::Directory) || documents(name) || !(nginx || (config && !known)) || used(path) {
            continue;
        }
        let (message, fix) = if nginx {
            (format!("`{path}` is not read: nothing includes this folder"), proxy_files::fix(tree, path))
        } else {
            let fix = format!("options go into `{EXTENSIONS}/*.config`, descriptors to the top of the bundle");
            (format!("nobody reads `{path}`: of `.platform`, only hooks and the proxy's files are looked at"), fix)
        };
        found.push((path.to_owned(), message, fix));
    }
    for (path, _) in tree.iter() {
        let Some((top, inside)) = path.split_once('/') else { continue };
        if inside.starts_with("nginx/conf.d/") && path.ends_with(".conf") && misspelt(top, ".platform") {
            let message = format!("`{path}` is not read: the proxy takes its files from `.platform/nginx`");
            found.push((path.to_owned(), message, proxy_files::fix(tree, path)));
        }
    }
    if subject.prepared() {
        found.extend(nearly_named(subject));
    }
    for (path, message, fix) in found {
        subject.find_file("EB140", &path, message, fix);
    }
}

/// Files at the top that are called nearly as one that is read: on the instance, upper and lower case are two names.
fn nearly_named<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (String, String, String)> + use<'a> {
    const READ: [&str; 5] = ["Procfile", "Buildfile", "cron.yaml", "Dockerrun.aws.json", "requirements.txt"];
    let tree = subject.tree;
    let all = tree.iter().map(|(path, _)| path).filter(|path| !path.contains('/') && tree.is_file(path));
    all.filter_map(move |path| {
        let lower = path.to_ascii_lowercase();
        let plain = lower.strip_suffix(".txt").filter(|_| lower != "requirements.txt").unwrap_or(&lower);
        let meant = READ.into_iter().find(|read| read.to_ascii_lowercase() == plain && !tree.is_file(read))?;
        let message = format!("nobody reads `{path}`: on the instance, only `{meant}` is looked for");
        Some((path.to_owned(), message, format!("rename it to `{meant}`")))
    })
}

/// From `hooks/` or `confighooks/` on, in whichever folder that lies.
fn hooks_in(path: &str) -> Option<&str> {
    let at = |name: &str| match path.starts_with(name) {
        true => Some(0),
        false => path.find(&format!("/{name}")).map(|at| at + 1),
    };
    at("confighooks/").or_else(|| at("hooks/")).map(|at| &path[at..])
}

/// Apache's files, where the proxy is nginx.
fn apache(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    let proxy = customizations.option("aws:elasticbeanstalk:environment:proxy", "ProxyServer").unwrap_or("nginx");
    if proxy.eq_ignore_ascii_case("apache")
        && let Some((path, _)) = subject.tree.under(".platform/nginx").find(|(path, _)| path.ends_with(".conf"))
    {
        let message = format!("`{path}` is not read: `ProxyServer` makes the proxy Apache's httpd, and not nginx");
        let fix = "write it for Apache into `.platform/httpd/`, or take `ProxyServer` out";
        subject.find_file("EB141", path, message, fix);
    }
    if !proxy.eq_ignore_ascii_case("nginx") {
        return;
    }
    if let Some((path, _)) = subject.tree.under(".platform/httpd").find(|(path, _)| path.ends_with(".conf")) {
        let message = format!("`{path}` is not read: the proxy is nginx, not Apache's httpd");
        let fix = "write it for nginx into `.platform/nginx/`, or set `ProxyServer` to `apache` in `aws:elasticbeanstalk:environment:proxy`";
        subject.find_file("EB141", path, message, fix);
    }
    for file in customizations.used() {
        for entry in file.files.iter().filter(|entry| {
            let path = entry.path.value.as_str();
            (path.starts_with("/etc/httpd/") || path.contains("wsgi_custom.conf") || path.contains("wsgi.conf"))
                && !path.ends_with(".sh")
        }) {
            let path = &entry.path.value;
            let message =
                format!("nothing reads `{path}`: the proxy is nginx, and there is neither Apache's httpd nor mod_wsgi");
            let fix = instead_of_apache(entry.content.as_ref().map_or("", |content| content.value.as_str()));
            subject.find("EB141", &file.path, entry.path.span.clone(), message, fix);
        }
    }
}

/// Private keys, by what is in them.
fn keys(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let begins = |text: &str| text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----");
    let paths: Vec<&str> = tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| {
            path.ends_with(".pem")
                || path.ends_with(".key")
                || path.starts_with(EXTENSIONS)
                || path.starts_with(".platform/")
        })
        .filter(|path| !path.contains("/tests/") && !path.contains("site-packages"))
        .collect();
    for path in paths {
        let Some(text) = tree.text(path).filter(|text| begins(text)) else { continue };
        // A certificate may stand before it.
        let at = text.find("PRIVATE KEY-----").and_then(|end| text[..end].rfind("-----BEGIN ")).unwrap_or(0);
        let span = at..at + "-----BEGIN".len();
        if certificates::is_of_development(tree, path) {
            let message = "a private key ships with the bundle: by the certificate beside it, one of development";
            let fix = "take it out of the project: nothing on an instance needs it";
            subject.find("EB155", path, span, message, fix).level = Level::Note;
            continue;
        }
        let message = "a private key ships with the bundle: whoever may read the bucket or the instance has it";
        let fix = "take it out of the project, make a new one, and keep that in Secrets Manager; TLS belongs to the load balancer";
        subject.find("EB155", path, span, message, fix);
    }
}

/// A platform that is guessed is named as a guess.
fn guess(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    let Some(evidence) = customizations.evidence.as_ref().filter(|evidence| evidence.guess) else { return };
    let files = ["Dockerfile", "docker-compose.yml", "docker-compose.yaml"];
    if !files.iter().any(|path| subject.tree.is_file(path)) || !subject.prepared() {
        return;
    }
    let message =
        format!("no file names the platform: it is taken for {}, because {}", evidence.family, evidence.because);
    let fix = match subject.tree.is_file(eb_config::PATH) {
        true => "name it as `default_platform` in this file; `eb init` does",
        false => "let `eb init` write this file, which is not there yet: it names the platform as `default_platform`",
    };
    subject.find_file("EB165", eb_config::PATH, message, fix).level = Level::Note;
}

/// Properties that break what the platform sets up.
pub(super) fn python_path(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    for file in customizations.used() {
        for setting in file.option_settings.iter().filter(|setting| setting.namespace.value == DEFAULT_NAMESPACE) {
            let value = setting.value.value.as_str();
            if value.contains("/opt/python/") {
                let message = format!("`{}` names a folder that is not there since Amazon Linux 2", setting.name.value);
                let fix = match value {
                    value if value.contains("/opt/python/log") => {
                        "take it out, and log to the console: the platform keeps that in `/var/log/web.stdout.log`"
                    }
                    _ => "the application is in `/var/app/current`, its packages in `/var/app/venv`",
                };
                subject.find("EB150", &file.path, setting.value.span.clone(), message, fix);
            } else if setting.name.value == "PYTHONPATH" && subject.python() {
                let asks = |text: &str| ["$PYTHONPATH/", "${PYTHONPATH}/"].iter().any(|word| is_expanded(text, word));
                let asked = subject.scripts().iter().find(|script| asks(script.text)).map(Script::title);
                let asked = asked.or_else(|| asked_in_files(customizations, asks));
                // Where nothing asks for it, a folder of one's own is as good.
                let Some(title) = asked else {
                    if ["$PYTHONPATH", "${PYTHONPATH}"].iter().any(|name| value.contains(name)) {
                        let message =
                            "`$PYTHONPATH` stays as it is written, and leads nowhere: no shell reads properties";
                        let span = setting.value.span.clone();
                        subject.find("EB275", &file.path, span, message, "take it out").level = Level::Note;
                    }
                    continue;
                };
                let fix = "take it out; the server starts in `/var/app/current`, and `--chdir` or `--pythonpath` of gunicorn adds a folder";
                let message = format!(
                    "{title} fails: `PYTHONPATH` is no longer the folder of the virtual environment's programs, to which the platform sets it"
                );
                subject.find("EB150", &file.path, setting.value.span.clone(), message, fix);
            }
        }
    }
}

/// What `files` writes that asks so, where something may run it.
fn asked_in_files(customizations: &Customizations, asks: impl Fn(&str) -> bool) -> Option<String> {
    let (_, entry, ..) = contents(customizations).find(|(_, entry, text, _)| {
        // Nothing runs the hooks of the first Amazon Linux.
        asks(text) && !entry.path.value.starts_with("/opt/elasticbeanstalk/")
    })?;
    Some(format!("`{}`", entry.path.value))
}
