//! Absent packages: what the site needs, and nobody installs. Certain only where everything could be read.

mod backends;
mod modules;
mod own;
mod programs;

use crate::beanstalk::lines::placed;
use crate::beanstalk::requirements::{FILE, Requirement, Requirements};
use crate::check::django::{self, Settings};
use crate::check::inside::Inside;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    if requirements.source.is_none() {
        nothing(subject);
    }
    no_django(subject, requirements);
    modules::check(subject, requirements);
    backends::check(subject, requirements);
    programs::check(subject, requirements);
}

/// What the code needs, and the image has not; `ours`: it is the image of the site.
pub(super) fn in_image(subject: &mut Subject<'_>, requirements: &Requirements, inside: &Inside, ours: bool) {
    if ours {
        modules::check(subject, requirements);
    }
    programs::in_image(subject, requirements, inside);
}

/// The modules of applications and middleware without which Django does not start, as far as that is certain.
pub(in crate::check::rules) fn lacked(
    subject: &Subject<'_>,
    requirements: &Requirements,
    settings: &Settings,
) -> Vec<String> {
    let all = modules::lacking(subject, requirements, settings);
    all.into_iter().map(|lack| lack.module).collect()
}

fn installs_itself(subject: &Subject<'_>) -> bool {
    subject.scripts().iter().flat_map(|script| script.host_runs()).any(|run| {
        run.pip().is_some_and(|word| word.text == "install")
            || matches!(run.name(), "uv" | "poetry" | "pipenv" | "conda")
    })
}

fn vendors(subject: &Subject<'_>) -> bool {
    subject.tree.is_dir("django") || subject.tree.iter().any(|(path, _)| path.ends_with(".whl"))
}

/// A project of Django's without any list of packages at the top of the bundle.
fn nothing(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    // Locks of other tools have a rule of their own.
    let locks = ["uv.lock", "poetry.lock", "pdm.lock"].iter().any(|path| tree.is_file(path));
    let prepared = tree.is_dir(".ebextensions") || tree.is_dir(".platform");
    let other = tree.text("application.py").is_some_and(|text| {
        ["import flask", "from flask", "from fastapi", "import dash"].iter().any(|import| text.contains(import))
    });
    let near = tree.iter().map(|(path, _)| path).filter(|path| path.matches('/').count() <= 2).find(|path| {
        let path = path.to_ascii_lowercase();
        path.contains("requirement") && path.ends_with(".txt")
    });
    // A server that is told what to load, and loads Django from a folder below.
    let told = tree.is_file("Procfile")
        || subject.customizations.option("aws:elasticbeanstalk:container:python", "WSGIPath").is_some();
    let below = || {
        told && near.is_some()
            && !django::root(tree).is_empty()
            && subject.settings().is_some_and(|settings| settings.get("INSTALLED_APPS").is_some())
    };
    if locks
        || !prepared
        || !(subject.django() || other || below())
        || subject.guessed()
        || installs_itself(subject)
        || vendors(subject)
    {
        return;
    }
    let ignored = tree.text(".ebignore").and_then(|text| {
        placed(text).find_map(|(start, line)| {
            let pattern = line.trim();
            matches!(
                pattern.trim_start_matches('/'),
                "*.txt" | "**/*.txt" | "requirements*" | "requirements*.txt" | FILE
            )
            .then(|| (start..start + line.trim_end().len(), pattern.to_owned()))
        })
    });
    if let Some((span, pattern)) = ignored {
        let message = format!(
            "the server does not start: `{pattern}` keeps `{FILE}` out of the bundle, and nothing is installed"
        );
        subject.find("EB166", ".ebignore", span, message, format!("take the line out, or add `!{FILE}` after it"));
        return;
    }
    let message =
        format!("the server does not start: there is no `{FILE}` at the top of the bundle, and nothing is installed");
    let fix = match near {
        Some(path) if path.contains('/') => format!("write `-r {path}` into a file `{FILE}` at the top"),
        Some(path) => format!("rename `{path}` to `{FILE}`"),
        None => "`pip freeze > requirements.txt` in the virtual environment of the project".to_owned(),
    };
    subject.find_file("EB166", FILE, message, fix);
}

/// Nobody installs Django.
fn no_django(subject: &mut Subject<'_>, requirements: &Requirements) {
    // A package of one's own may bring it along.
    let may_bring = requirements.lines.iter().any(|line| {
        line.is_opaque()
            || line.name.contains("django")
            || matches!(
                line.name.as_str(),
                "wagtail" | "mezzanine" | "saleor" | "nautobot" | "netbox" | "channels" | "cookiecutter"
            )
    });
    let Some(source) = requirements.source.filter(|_| requirements.get("django").is_no()) else { return };
    if installs_itself(subject) || may_bring || vendors(subject) || !subject.django() || !subject.prepared() {
        return;
    }
    let path = source.file();
    let message = format!("the server does not start: `{path}` asks for everything but Django");
    subject.find_file("EB163", path, message, "add `Django` with its version");
}

/// The file with the list of packages, where all that is installed could be read from it.
fn listed(subject: &Subject<'_>, requirements: &Requirements) -> Option<String> {
    let read = requirements.unread.is_empty() && !requirements.lines.iter().any(Requirement::is_opaque);
    let file = match requirements.source {
        Some(source) => source.file().to_owned(),
        // An image has a list of any name.
        None => requirements.files.first().filter(|_| !subject.python())?.clone(),
    };
    if !read || !subject.prepared() {
        return None;
    }
    let more = requirements.lines.is_empty() || installs_itself(subject) || vendors(subject);
    (!more).then_some(file)
}

/// How packages come into a list.
fn adding(list: &str, names: &[String]) -> Option<String> {
    let bare = || names.iter().map(|name| name.trim_matches('`')).collect::<Vec<_>>().join(" ");
    match (list.rsplit('/').next(), names) {
        (_, []) => None,
        (Some("uv.lock"), _) => Some(format!("`uv add {}`", bare())),
        (Some("poetry.lock"), _) => Some(format!("`poetry add {}`", bare())),
        (_, [one]) => Some(format!("add {one} with its version")),
        (_, [most @ .., last]) => Some(format!("add {} and {last} with their versions", most.join(", "))),
    }
}

/// Only a list with everything in it, as `pip freeze` writes it, shows what is missing.
fn is_whole(requirements: &Requirements) -> bool {
    let frozen = |line: &Requirement| line.exact().is_some() && !line.name.is_empty();
    requirements.lines.len() > 5 && requirements.lines.iter().all(frozen) && requirements.unread.is_empty()
}
