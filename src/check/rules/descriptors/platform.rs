//! The platform branch that the EB CLI's settings name, against what the project needs.

use std::ops::Range;

use crate::beanstalk::eb_config;
use crate::beanstalk::lines::placed;
use crate::beanstalk::platforms::{BRANCHES, Branch, Family};
use crate::beanstalk::tree;
use crate::beanstalk::version::Version;
use crate::check::subject::Subject;
use crate::check::words;

pub(super) fn check(subject: &mut Subject<'_>) {
    of_pipelines(subject);
    let customizations = subject.customizations;
    let Some(platform) = &customizations.platform else { return };
    let Some(branch) = platform.branch else { return };
    let text = subject.tree.text(eb_config::PATH).unwrap_or_default();
    // A long value goes on in the next line, and is no text of the file then.
    const KEY: &str = "default_platform";
    let found = [platform.name.as_str(), KEY].into_iter().find_map(|word| Some((text.find(word)?, word)));
    let span = found.map_or(0..0, |(start, word)| start..start + word.len());
    if let Some(since) = branch.retired {
        retired(subject, eb_config::PATH, span, branch, since);
    } else if let (Family::Python, Some(python)) = (branch.family, branch.python) {
        self::python(subject, branch, python.minor);
    }
}

fn retired(subject: &mut Subject<'_>, path: &str, span: Range<usize>, branch: &Branch, since: &str) {
    let message = format!(
        "`{}` is retired since {since}: no new environments, no patches, and its image may become private",
        branch.name
    );
    let mut kept = BRANCHES.iter().filter(|other| other.family == branch.family && other.retired.is_none());
    // What stops on the newest Pythons alone may run on the oldest of them.
    let later = ["EB040", "EB144", "EB158", "EB172"].iter().any(|rule| subject.has_noted(rule));
    let fix = match (kept.next(), kept.next_back()) {
        (Some(newest), Some(oldest)) if later && branch.family == Family::Python => format!(
            "create an environment on `{}`, where less of the list has to change than on `{}`, and swap the addresses",
            oldest.name, newest.name
        ),
        (Some(newest), _) => format!("create an environment on `{}` and swap the addresses", newest.name),
        (None, _) => String::new(),
    };
    subject.find("EB120", path, span, message, fix);
}

/// What pipelines give `eb init` and `eb create` as the platform, where the EB CLI's own file does not say the same.
fn of_pipelines(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let named = subject.customizations.platform.as_ref().and_then(|platform| platform.branch).map(|branch| branch.name);
    let paths: Vec<&str> = tree.iter().map(|(path, _)| path).filter(|path| tree::is_pipeline(path)).collect();
    for path in paths {
        let Some(text) = tree.text(path) else { continue };
        let found = placed(text).find_map(|(at, line)| {
            let (span, branch) = asked_for(line)?;
            Some((span.start + at..span.end + at, branch, branch.retired?))
        });
        if let Some((span, branch, since)) = found.filter(|(_, branch, _)| Some(branch.name) != named) {
            retired(subject, path, span, branch, since);
        }
    }
}

/// The platform branch that a line asks the EB CLI for.
fn asked_for(line: &str) -> Option<(Range<usize>, &'static Branch)> {
    let start = ["eb init", "eb create"].iter().filter_map(|words| line.find(words)).min()?;
    if line[..start].contains('#') {
        return None;
    }
    let run = words::runs(&line[start..]).into_iter().find(|run| run.name() == "eb")?;
    let pair = run.arguments.windows(2).find(|pair| matches!(pair[0].text.as_str(), "-p" | "--platform"));
    let joined = || {
        let word = run.arguments.iter().find(|word| word.text.starts_with("--platform="))?;
        Some((word, &word.text["--platform=".len()..]))
    };
    let (word, value) = pair.map(|pair| (&pair[1], pair[1].text.as_str())).or_else(joined)?;
    Some((word.span.start + start..word.span.end + start, Branch::named(value)?))
}

/// The Python that the project and its Django need.
fn python(subject: &mut Subject<'_>, branch: &Branch, minor: u32) {
    if let Some(text) = subject.tree.text("pyproject.toml")
        && let Ok(document) = toml::from_str::<toml::Table>(text)
        && let Some(requires) = of_project(&document)
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
    let requirements = subject.requirements();
    let Some(django) = requirements.get("django").yes() else { return };
    let lowest = ["==", "~=", ">="].iter().find_map(|operator| django.specifier.strip_prefix(operator));
    if let Some(needs) = lowest.and_then(Version::first).and_then(django_needs).filter(|needs| *needs > minor) {
        let message = format!("pip fails: this Django needs Python 3.{needs}, and `{}` has 3.{minor}", branch.name);
        let fix = "take a newer platform branch, or an older Django";
        subject.find("EB054", &django.path, django.span.clone(), message, fix);
    }
}

/// The Pythons that a project is for, as the standard writes them or as Poetry does.
fn of_project(document: &toml::Table) -> Option<&str> {
    let project = || document.get("project")?.get("requires-python")?.as_str();
    let poetry = || document.get("tool")?.get("poetry")?.get("dependencies")?.get("python")?.as_str();
    project().or_else(poetry)
}

/// The minor version of `>=3.12`, and of what Poetry writes for it.
fn at_least(requires: &str) -> Option<u32> {
    let compact: String = requires.chars().filter(|char| !char.is_whitespace()).collect();
    let lower = compact
        .split(',')
        .find_map(|part| [">=3.", "~=3.", "^3.", "~3."].iter().find_map(|start| part.strip_prefix(start)))?;
    lower.split('.').next()?.parse().ok()
}

/// The oldest Python that a release of Django runs on (Django documentation, FAQ: Installation).
fn django_needs(version: Version) -> Option<u32> {
    match version.major {
        4 => Some(8),
        5 => Some(10),
        6 => Some(12),
        _ => None,
    }
}
