//! Pins: versions that cannot be installed together, or on no Python that Elastic Beanstalk still has.

use std::collections::BTreeMap;

use super::installs::{OLDEST, numbers};
use super::pythons::{Pythons, counts};
use super::{advice, compiled};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::beanstalk::version::Version;
use crate::check::inside::Inside;
use crate::check::subject::Subject;
use crate::secret::without_credentials;

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    twice(subject, &requirements.lines);
    elsewhere(subject, &requirements.lines);
    let lines: Vec<&Requirement> = requirements.lines.iter().filter(|line| counts(subject, line)).collect();
    for line in &lines {
        never(subject, line);
        compiled::check(subject, line, &lines);
    }
    django(subject, requirements, &lines);
}

/// The same of what the steps of an image install; `ours`: it is the image of the site.
pub(super) fn in_image(subject: &mut Subject<'_>, requirements: &Requirements, inside: &Inside, ours: bool) {
    if inside.at_once {
        twice(subject, &requirements.lines);
        elsewhere(subject, &requirements.lines);
    }
    let lines: Vec<&Requirement> = requirements.lines.iter().filter(|line| counts(subject, line)).collect();
    // What an older Python installs was not tried.
    for line in lines.iter().filter(|_| inside.minor >= OLDEST) {
        never(subject, line);
        compiled::check(subject, line, &lines);
    }
    if ours {
        django(subject, requirements, &lines);
    }
}

/// Two versions of one package.
fn twice(subject: &mut Subject<'_>, lines: &[Requirement]) {
    let mut seen: BTreeMap<&str, &Requirement> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.constraint && line.marker.is_none() && line.exact().is_some()) {
        let (version, before) = (line.exact().unwrap_or_default(), seen.insert(&line.name, line));
        let Some(other) = before.and_then(Requirement::exact).filter(|other| *other != version) else { continue };
        let message = format!("pip fails: `{}` is asked for as {other} and as {version}", line.name);
        subject.find("EB167", &line.path, line.span.clone(), message, "delete one of the two lines");
        return;
    }
}

/// One package from two addresses.
fn elsewhere(subject: &mut Subject<'_>, lines: &[Requirement]) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.constraint && line.marker.is_none() && !line.name.is_empty()) {
        let Some(address) = address(line) else { continue };
        let Some(other) = seen.insert(&line.name, address).filter(|other| *other != address) else { continue };
        let message = format!(
            "pip fails: `{}` is asked for from two addresses, `{}` and `{}`",
            line.name,
            without_credentials(other),
            without_credentials(address)
        );
        subject.find("EB167", &line.path, line.span.clone(), message, "delete one of the two lines");
        return;
    }
}

/// Where a line takes its package from, without what pip does not compare.
fn address(line: &Requirement) -> Option<&str> {
    let text = line.text.split_once(" @ ").map_or(line.text.as_str(), |(_, address)| address.trim());
    let address = text.split(['#', ' ']).next()?;
    address.contains("://").then(|| address.trim_end_matches('/').trim_end_matches(".git"))
}

/// What no Python 3 of today installs (each tried with pip on 3.11 or 3.12), and what to write instead.
const NEVER: &[(&str, &str)] = &[
    ("wsgiref", "take it out: Python has it"),
    ("distribute", "take it out: `setuptools` has taken its place"),
    ("mysql-python", "take `mysqlclient` or `PyMySQL`"),
    ("pil", "take `Pillow`"),
    ("functools32", "take it out: Python 3 has it"),
    ("pysqlite", "take it out: Python has `sqlite3`"),
    ("beautifulsoup", "take `beautifulsoup4`"),
    ("suds-jurko", "take `suds`, which goes on where it ended"),
    ("anyjson", "take it out: kombu 4 and newer do without"),
    ("django-filters", "take `django-filter`"),
    ("django-toolbelt", "take it out: it only named others, such as `gunicorn` and `dj-database-url`"),
    ("json", "take it out: Python has it"),
    ("os", "take it out: Python has it"),
    ("python", "take it out: the branch of the platform says which Python"),
    ("re", "take it out: Python has it"),
    ("rest-framework", "take `djangorestframework`"),
    ("ssl", "take it out: Python has it"),
    ("sys", "take it out: Python has it"),
    ("win32", "take it out: it is Windows'"),
    ("pkg-resources", "take it out: it is a mistake of Debian's and Ubuntu's `pip freeze`"),
];

fn never(subject: &mut Subject<'_>, line: &Requirement) {
    let Some((name, fix)) = NEVER.iter().find(|(name, _)| *name == line.name) else { return };
    let message = format!("pip fails: no Python 3 installs `{name}`");
    subject.find("EB168", &line.path, line.span.clone(), message, *fix);
}

/// A Django that does not start on the Python that the environment has, or on any that new ones get.
fn django(subject: &mut Subject<'_>, requirements: &Requirements, lines: &[&Requirement]) {
    let Some(line) = requirements.get("django").yes() else { return };
    let Some((version, pythons)) = requirements.django().zip(Pythons::of(subject)) else { return };
    // What brings a module of the library back, as far as a server needs it.
    let brought = |module: &str| !requirements.get(module).is_no();
    // Up to 3.2.8 it has `distutils`, as those before it; 3.2 itself is the first of them.
    let patch = line.exact().and_then(|exact| exact.split('.').nth(2).map_or(Some(0), |patch| patch.parse().ok()));
    let early = version == Version::new(3, 2) && patch.is_some_and(|patch: u32| patch < 9);
    let like = if early { Version::new(3, 1) } else { version };
    let why = |python| {
        stops(like, python)
            .filter(|why| !(why.contains("'cgi'") && brought("legacy-cgi")))
            .filter(|why| !(why.contains("'distutils'") && brought("setuptools")))
    };
    let Some(on) = pythons.first(|python| why(python).is_some()) else { return };
    let python = on.minor;
    let why = why(python).unwrap_or_default();
    let message = if on.is_oldest() {
        format!("the server does not start: Django {version} stops on {on}, and new environments get nothing older")
    } else {
        format!("the server does not start: Django {version} stops on {on} with `{why}`")
    };
    let oldest = oldest_django(python);
    let first = oldest.split(' ').next().and_then(numbers);
    let beside = first.and_then(|first| advice::along(subject, lines, "django", first)).unwrap_or_default();
    let fix = format!("take a newer Django: 3.{python} runs with {oldest}{beside}");
    let finding = subject.find("EB158", &line.path, line.span.clone(), message, fix);
    on.lower(finding);
}

/// With what an old Django stops on a new Python: each tried with its last release on 3.11, 3.12 and 3.13, in November 2026.
pub(super) fn stops(django: Version, minor: u32) -> Option<&'static str> {
    match (django.major, django.minor, minor) {
        (..=1, _, 11) => Some("cannot import name 'Iterator' from 'collections'"),
        (2, 0, 11) => Some("module 'collections' has no attribute 'Iterator'"),
        (2, 1, 11) => Some("translation() got an unexpected keyword argument 'codeset'"),
        (..=1, _, 12..) => Some("No module named 'django.utils.six.moves'"),
        (2, _, 12..) | (3, 0..=1, 12..) => Some("No module named 'distutils'"),
        (3, _, 13..) | (4, 0, 13..) => Some("No module named 'cgi'"),
        _ => None,
    }
}

/// The first Django whose release notes name this Python.
pub(super) fn oldest_django(minor: u32) -> &'static str {
    match minor {
        ..=11 => "4.1 and newer",
        12 => "4.2.8 and newer",
        13 => "5.1.3 and newer",
        _ => "5.2.8 and newer",
    }
}
