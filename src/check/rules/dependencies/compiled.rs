//! Compiled: versions without a wheel for the Python of the platform, whose sources do not build there.

use super::installs::{self, Library, Row, Why, numbers};
use super::newest::Newest;
use super::pythons::{On, Pythons};
use super::{advice, bounds};
use crate::beanstalk::requirements::Requirement;
use crate::check::subject::Subject;

/// Does pip take a version on this Python that it cannot install?
fn fails(newest: &Newest, row: &Row, minor: u32) -> bool {
    // Of a range, pip takes an older version where there is none for this Python.
    let decided = newest.exact || row.from.is_none() || row.why != Why::Absent;
    decided && row.covers(minor, &newest.numbers)
}

/// Packages for older Pythons, since which version, and what to write instead.
const ENDED: &[(&str, &str, &str)] = &[
    ("backports-zoneinfo", "0.0", "take it out: Python has `zoneinfo`; or write `; python_version < \"3.9\"` after it"),
    ("dataclasses", "0.7", "take it out: Python has it; or write `; python_version < \"3.7\"` after it"),
    ("futures", "3.2.0", "take it out: Python 3 has it; or write `; python_version < \"3\"` after it"),
    ("pycrypto", "0.0", "take `pycryptodome`, which goes on where it ended"),
];

/// What to write instead of packages whose newer versions are no better.
const INSTEAD: &[(&str, &str)] = &[
    ("mysql", "take `mysqlclient` or `PyMySQL`: it only named another package"),
    ("pysqlite3", "take it out: Python has `sqlite3`"),
];

/// A version that does not install on the Python of the platform, or of the image.
pub(super) fn check(subject: &mut Subject<'_>, line: &Requirement, lines: &[&Requirement]) {
    let version = || line.exact().and_then(numbers);
    let since = |from: &str| from == "0.0" || version().is_some_and(|version| Some(version) >= numbers(from));
    if let Some((name, _, fix)) = ENDED.iter().find(|(name, from, _)| *name == line.name && since(from))
        && let Some(on) = Pythons::of(subject).and_then(|pythons| pythons.first(|_| true))
    {
        let message = format!("pip fails: `{name}` is for older Pythons, and does not install on {on}");
        on.lower(subject.find("EB144", &line.path, line.span.clone(), message, *fix));
        return;
    }
    let rows = installs::of(&line.name);
    let endless = rows.iter().any(Row::is_last)
        && line.specifier.chars().all(|char| !"<~=".contains(char) || char == '=' && line.specifier.starts_with(">="));
    let Some(newest) = Newest::of(line).or_else(|| endless.then(Newest::any)) else { return };
    let failing = |minor: u32| rows.iter().find(|row| fails(&newest, row, minor));
    let Some(on) = Pythons::of(subject).and_then(|pythons| pythons.first(|minor| failing(minor).is_some())) else {
        return;
    };
    let Some(row) = failing(on.minor) else { return };
    let fix = newer(subject, on, row, &newest, lines);
    match row.why {
        // What an image has is asked elsewhere.
        Why::Lacks(_) if !subject.python() => {}
        Why::Lacks(library) if is_there(subject, library.words) => {}
        // The program that it asks for first is missing, which is told of every version.
        Why::Source if row.name == "psycopg2" && subject.python() && !is_there(subject, installs::LIBPQ) => {}
        Why::Lacks(library) => lacks(subject, line, on, row, library, &newest, fix),
        Why::Source => {
            let package = newest.of_package(row.name);
            let message = format!("pip fails: {package} has no wheel for {on}, and its source does not build there");
            report(subject, line, on, "EB144", message, fix);
        }
        // Where the list has it as well, that line is the one that fails, if it is known to.
        Why::Brings(other)
            if lines.iter().any(|line| line.name == other && line.exact().is_some())
                && installs::of(other).iter().any(|row| !matches!(row.why, Why::Brings(_))) => {}
        Why::Brings(other) => {
            let package = newest.of_package(row.name);
            let message =
                format!("pip fails: {package} asks for `{other}`, and takes no version of it that installs on {on}");
            report(subject, line, on, "EB144", message, fix);
        }
        Why::Absent => {
            let message = format!("pip fails: there is no {} for {on}", newest.of_package(row.name));
            report(subject, line, on, "EB144", message, fix);
        }
    }
}

/// A version that is compiled, without what it needs.
fn lacks(
    subject: &mut Subject<'_>,
    line: &Requirement,
    on: On,
    row: &Row,
    library: &Library,
    newest: &Newest,
    newer: String,
) {
    let (name, lacks, exact) = (row.name, library.said, newest.said.as_str());
    if name == "psycopg2-binary" {
        // Without a wheel it is compiled like `psycopg2` (its release notes, "Wheel packages").
        let message = format!(
            "pip fails with `pg_config executable not found`: `{name}` {exact} has no wheel for {on}, and is compiled"
        );
        report(subject, line, on, "EB040", message, newer);
    } else if row.is_endless() {
        let message =
            format!("pip fails: `{name}` has no wheel for any Python, is compiled, and does not find {lacks}");
        let fix = format!(
            "install what it needs before, where `dnf search {}` finds it; or build a wheel and ship it",
            library.words
        );
        report(subject, line, on, "EB144", message, fix);
    } else {
        let message =
            format!("pip fails: `{name}` {exact} has no wheel for {on}, is compiled, and does not find {lacks}");
        report(subject, line, on, "EB144", message, newer);
    }
}

/// What to take instead of a version in this row.
fn newer(subject: &Subject<'_>, on: On, row: &Row, newest: &Newest, lines: &[&Requirement]) -> String {
    let name = row.name;
    if let Some((_, instead)) = INSTEAD.iter().find(|(package, _)| *package == name) {
        return (*instead).to_owned();
    }
    if let Some(newer) = advice::newer(subject, lines, name, &newest.numbers) {
        return newer;
    }
    let none = format!("no `{name}` installs on Python 3.{}", on.newest());
    match lines.iter().find(|line| line.name != name && bounds::asks(line, name)) {
        Some(line) => {
            let (other, version) = (&line.name, line.exact().unwrap_or_default());
            format!("take `{name}` out, and a newer `{other}` or none: `{other}` {version} asks for it, and {none}")
        }
        None => format!("take it out, or something else that does the same: {none}"),
    }
}

fn report(subject: &mut Subject<'_>, line: &Requirement, on: On, rule: &'static str, message: String, fix: String) {
    on.lower(subject.find(rule, &line.path, line.span.clone(), message, fix));
}

/// Is each of these installed before, by a name of its own or by one that brings it along?
pub(super) fn is_there(subject: &Subject<'_>, words: &str) -> bool {
    words.split(' ').all(|word| installs(subject, &word.split('|').collect::<Vec<_>>()))
}

/// Does a script or a list of packages name one of these?
fn installs(subject: &Subject<'_>, words: &[&str]) -> bool {
    let named = |text: &str| words.iter().any(|word| text.contains(word));
    subject.scripts().iter().any(|script| script.place.precedes_packages() && named(script.text))
        || subject.customizations.used().any(|file| file.packages.iter().any(|package| named(&package.name.value)))
}
