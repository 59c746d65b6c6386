//! Pins: versions that cannot be installed together, or on no Python that Elastic Beanstalk still has.

use std::collections::BTreeMap;

use crate::beanstalk::platforms::{BRANCHES, Family};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::beanstalk::version::Version;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    twice(subject, &requirements.lines);
    let lines: Vec<&Requirement> =
        requirements.lines.iter().filter(|line| !line.constraint && line.marker.is_none()).collect();
    for line in &lines {
        never(subject, line);
        driver(subject, line);
        compiled(subject, line);
    }
    django(subject, requirements);
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

/// What no Python 3 installs (each tried with pip on 3.11), and what to write instead.
const NEVER: &[(&str, &str)] = &[
    ("wsgiref", "take it out: Python has it"),
    ("distribute", "take it out: `setuptools` has taken its place"),
    ("mysql-python", "take `mysqlclient` or `PyMySQL`"),
    ("pil", "take `Pillow`"),
    ("functools32", "take it out: Python 3 has it"),
    ("pysqlite", "take it out: Python has `sqlite3`"),
    ("suds-jurko", "take `suds`, which goes on where it ended"),
    ("pkg-resources", "take it out: it is a mistake of Debian's and Ubuntu's `pip freeze`"),
];

fn never(subject: &mut Subject<'_>, line: &Requirement) {
    let Some((name, fix)) = NEVER.iter().find(|(name, _)| *name == line.name) else { return };
    let message = format!("pip fails: no Python 3 installs `{name}`");
    subject.find("EB168", &line.path, line.span.clone(), message, *fix);
}

/// The minor version of the Python that the platform has: of the branch that is named, else the oldest that new environments get.
fn minor(subject: &Subject<'_>) -> Option<(u32, bool)> {
    let branch = subject.customizations.platform.as_ref().and_then(|platform| platform.branch);
    match branch {
        Some(branch) if branch.retired.is_some() => None,
        Some(branch) => Some((branch.python?.minor, true)),
        None => {
            let living = BRANCHES.iter().filter(|branch| branch.family == Family::Python && branch.retired.is_none());
            Some((living.filter_map(|branch| branch.python).map(|python| python.minor).min()?, false))
        }
    }
}

/// `psycopg2-binary` without a wheel is compiled like `psycopg2` (its release notes, "Wheel packages").
fn driver(subject: &mut Subject<'_>, line: &Requirement) {
    const FIRST: Wheels = [(11, [2, 9, 5]), (12, [2, 9, 9]), (13, [2, 9, 10]), (14, [2, 9, 11])];
    let Some(exact) = line.exact().filter(|_| line.name == "psycopg2-binary") else { return };
    let Some((python, first)) = before_wheel(subject, exact, &FIRST) else { return };
    if installs(subject, &["libpq-devel", "-server-devel", "postgresql-devel"]) {
        return;
    }
    let message = format!(
        "pip fails with `pg_config executable not found`: `psycopg2-binary` {exact} has no wheel for {python}, and is compiled"
    );
    let fix = format!("take `psycopg2-binary` {first} or newer");
    subject.find("EB040", &line.path, line.span.clone(), message, fix);
}

/// The first version with a wheel for each minor version of Python.
type Wheels = [(u32, [u32; 3]); 4];

/// Is this version older than the first with a wheel for the Python of the platform? Then both, as a sentence names them.
fn before_wheel(subject: &Subject<'_>, exact: &str, first: &Wheels) -> Option<(String, String)> {
    let (python, named) = minor(subject)?;
    let (_, wheel) = first.iter().rev().find(|(minor, _)| *minor <= python)?;
    let mut numbers: Vec<u32> = exact.split('.').filter_map(|part| part.parse().ok()).collect();
    if numbers.len() < 2 {
        return None;
    }
    // 10.4 is 10.4.0.
    numbers.resize(numbers.len().max(wheel.len()), 0);
    let newer = if named { "" } else { " and newer" };
    let [major, minor, patch] = wheel;
    let said = || (format!("Python 3.{python}{newer}"), format!("{major}.{minor}.{patch}"));
    (numbers.as_slice() < wheel.as_slice()).then(said)
}

/// Packages that ship as wheels and need libraries of the system where they are compiled: what each lacks then, a word that
/// shows that somebody installs it, and the first version with a wheel for each Python (asked of pip in November 2026).
type Compiled = (&'static str, &'static str, &'static str, Wheels);

const COMPILED: [Compiled; 2] = [
    (
        "pillow",
        "the headers of libjpeg and zlib",
        "jpeg",
        [(11, [9, 2, 0]), (12, [10, 0, 0]), (13, [10, 4, 0]), (14, [11, 3, 0])],
    ),
    (
        "lxml",
        "the headers of libxml2 and libxslt",
        "libxslt",
        [(11, [4, 9, 1]), (12, [4, 9, 3]), (13, [5, 3, 0]), (14, [6, 0, 1])],
    ),
];

/// A version without a wheel for the Python of the platform is compiled, and finds nothing to be compiled with.
fn compiled(subject: &mut Subject<'_>, line: &Requirement) {
    let Some((name, lacks, word, first)) = COMPILED.iter().find(|(name, ..)| *name == line.name) else { return };
    let Some(exact) = line.exact() else { return };
    let Some((python, first)) = before_wheel(subject, exact, first) else { return };
    if !subject.python() || installs(subject, &[word]) {
        return;
    }
    let message =
        format!("pip fails: `{name}` {exact} has no wheel for {python}, is compiled, and does not find {lacks}");
    let fix = format!("take `{name}` {first} or newer");
    subject.find("EB144", &line.path, line.span.clone(), message, fix);
}

/// Does a script or a list of packages name one of these?
fn installs(subject: &Subject<'_>, words: &[&str]) -> bool {
    let named = |text: &str| words.iter().any(|word| text.contains(word));
    subject.scripts().iter().any(|script| named(script.text))
        || subject.customizations.used().any(|file| file.packages.iter().any(|package| named(&package.name.value)))
}

/// A Django that starts on no Python that new environments get.
fn django(subject: &mut Subject<'_>, requirements: &Requirements) {
    // Where the branch is named, its Python is asked.
    let named = subject.customizations.platform.as_ref().is_some_and(|platform| platform.branch.is_some());
    let Some(line) = requirements.get("django").yes().filter(|_| !named) else { return };
    let Some(version) = requirements.version("django").filter(|version| *version < Version::new(2, 2)) else { return };
    let Some((oldest, _)) = minor(subject) else { return };
    let message = format!(
        "the server does not start: Django {version} stops on Python 3.{oldest} and newer, and new environments get nothing older"
    );
    let fix = "take a newer Django: 3.11 runs with 4.1 and newer";
    subject.find("EB158", &line.path, line.span.clone(), message, fix).level = Level::Error;
}
