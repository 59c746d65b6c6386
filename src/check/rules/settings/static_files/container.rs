//! Container: the platform's proxy serves no files of a container's, and passes everything on.

use super::super::at;
use super::super::backends::Backend;
use super::serves_itself;
use crate::beanstalk::tree::file_name;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

/// Words that show that something serves files, or may.
const SERVE: [&str; 12] = [
    "nginx",
    "caddy",
    "httpd",
    "apache",
    "lighttpd",
    "traefik",
    "static-map",
    "static_map",
    "runserver",
    "whitenoise",
    "static-path-mount",
    "staticfiles",
];

/// A server of Django's in a container, and nobody beside it who has the static files.
pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("STATIC_URL") else { return };
    let here = setting.value.text().is_some_and(|url| !url.contains("//"));
    let debug = settings.value("DEBUG");
    let off = *debug != Value::Unknown && !debug.by_default().is_on();
    let backend = Backend::of_static_files(settings);
    let one = subject.customizations.containers.as_deref().is_some_and(|path| !path.starts_with("docker-compose"));
    if !here || !off || !one || !backend.is_here() || backend.is_undecided() || serves_itself(subject, settings) {
        return;
    }
    let tree = subject.tree;
    let Some(image) = tree.text("Dockerfile") else { return };
    let servers = ["gunicorn", "uvicorn", "daphne", "hypercorn", "waitress"];
    let starts = |line: &str| {
        let line = line.trim_start().to_ascii_uppercase();
        ["CMD", "ENTRYPOINT"].iter().any(|word| line.starts_with(word))
    };
    let started = image.lines().filter(|line| starts(line)).any(|line| servers.iter().any(|word| line.contains(word)));
    // What describes an image, or starts something in it, may bring a server along.
    let describes = |path: &str| {
        let name = file_name(path).to_ascii_lowercase();
        let ends = [".sh", ".conf", ".ini", ".toml", ".cfg", ".yml", ".yaml", ".template"];
        name.contains("dockerfile") || name == "procfile" || ends.iter().any(|end| name.ends_with(end))
    };
    let serves = |path: &str| {
        tree.text(path).is_some_and(|text| SERVE.iter().any(|word| text.to_ascii_lowercase().contains(word)))
    };
    if !started || tree.iter().any(|(path, _)| !path.starts_with(".github/") && describes(path) && serves(path)) {
        return;
    }
    let message = "style sheets and images are a 404: the proxy passes every request on, and nothing in the container serves files";
    at(subject, "EB021", setting, message, "add WhiteNoise, and run `collectstatic` in the `Dockerfile`");
}
