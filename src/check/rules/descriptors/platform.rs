//! The platform branch that the EB CLI's settings name, against what the project needs.

use crate::beanstalk::eb_config;
use crate::beanstalk::platforms::{BRANCHES, Branch, Family};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let Some(text) = subject.tree.text(eb_config::PATH) else { return };
    let Some(platform) = eb_config::parse(text).ok().and_then(|config| config.platform) else { return };
    let Some(branch) = Branch::named(&platform) else { return };
    let span = text.find(&platform).map_or(0..0, |start| start..start + platform.len());
    if let Some(since) = branch.retired {
        let message = format!(
            "`{}` is retired since {since}: no new environments, no patches, and its image may become private",
            branch.name
        );
        let newest = BRANCHES.iter().find(|other| other.family == branch.family && other.retired.is_none());
        let fix = newest.map_or_else(String::new, |newest| {
            format!("create an environment on `{}` and swap the addresses", newest.name)
        });
        subject.find("EB120", eb_config::PATH, span, message, fix);
    } else if let (Family::Python, Some(minor)) = (branch.family, branch.python) {
        python(subject, branch, minor);
    }
}

/// The Python that the project and its Django need.
fn python(subject: &mut Subject<'_>, branch: &Branch, minor: u32) {
    if let Some(text) = subject.tree.text("pyproject.toml")
        && let Ok(document) = toml::from_str::<toml::Table>(text)
        && let Some(requires) =
            document.get("project").and_then(|project| project.get("requires-python")).and_then(toml::Value::as_str)
        && let Some(needs) = at_least(requires)
        && needs > minor
    {
        let span = text.find(requires).map_or(0..0, |start| start..start + requires.len());
        let message = format!("the project needs Python 3.{needs}, and `{}` has 3.{minor}", branch.name);
        subject.find(
            "EB054",
            "pyproject.toml",
            span,
            message,
            "take a newer platform branch, or allow the older Python",
        );
    }
    let Some(text) = subject.tree.text("requirements.txt") else { return };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let compact: String = line.to_ascii_lowercase().chars().filter(|char| !char.is_whitespace()).collect();
        let version = compact
            .strip_prefix("django==")
            .or_else(|| compact.strip_prefix("django~="))
            .or_else(|| compact.strip_prefix("django>="));
        if let Some(needs) = version.and_then(django_needs).filter(|needs| *needs > minor) {
            let message = format!("pip fails: this Django needs Python 3.{needs}, and `{}` has 3.{minor}", branch.name);
            let span = start..start + line.trim_end().len();
            subject.find(
                "EB054",
                "requirements.txt",
                span,
                message,
                "take a newer platform branch, or an older Django",
            );
        }
        start += line.len();
    }
}

/// The minor version of `>=3.12`.
fn at_least(requires: &str) -> Option<u32> {
    let compact: String = requires.chars().filter(|char| !char.is_whitespace()).collect();
    let lower = compact.split(',').find_map(|part| part.strip_prefix(">=3.").or_else(|| part.strip_prefix("~=3.")))?;
    lower.split('.').next()?.parse().ok()
}

/// The oldest Python that a release of Django runs on (Django documentation, FAQ: Installation).
fn django_needs(version: &str) -> Option<u32> {
    let mut parts = version.split(|char: char| !char.is_ascii_digit());
    match (parts.next()?.parse::<u32>().ok()?, parts.next().and_then(|part| part.parse::<u32>().ok()).unwrap_or(0)) {
        (4, _) => Some(8),
        (5, _) => Some(10),
        (6, _) => Some(12),
        _ => None,
    }
}
