//! Absent packages: what the site needs, and nobody installs. Certain only where everything could be read.

mod backends;
mod modules;
mod nowhere;
mod own;
mod programs;

use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::django::Settings;
use crate::check::inside::Inside;
use crate::check::subject::Subject;
use crate::check::words::Run;

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    if requirements.source.is_none() {
        nowhere::check(subject);
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

/// Does a script install packages? What brings pip itself up to date brings none of the site's.
fn installs_itself(subject: &Subject<'_>) -> bool {
    const TOOLS: [&str; 4] = ["pip", "setuptools", "wheel", "virtualenv"];
    let of_site = |run: &Run| {
        let mut asked = run.plain().skip_while(|word| word.text != "install").skip(1).peekable();
        asked.peek().is_none()
            || asked.any(|word| !TOOLS.contains(&word.text.split(['=', '<', '>']).next().unwrap_or_default()))
    };
    subject.scripts().iter().flat_map(|script| script.host_runs()).any(|run| {
        run.pip().is_some_and(|word| word.text == "install" && of_site(run))
            || matches!(run.name(), "uv" | "poetry" | "pipenv" | "conda")
    })
}

fn vendors(subject: &Subject<'_>) -> bool {
    subject.tree.is_dir("django") || subject.tree.iter().any(|(path, _)| path.ends_with(".whl"))
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
        // An image has a list of any name; what its own steps name, such as Poetry, is none.
        None => {
            let mut lists = requirements.files.iter().filter(|_| !subject.python());
            let first = lists.clone().next()?;
            lists.find(|list| !list.ends_with("Dockerfile")).unwrap_or(first).clone()
        }
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
