//! Compiled: versions without a wheel for the Python of the platform, whose sources do not build there.

use super::bounds;
use super::installs::{self, Library, Numbers, Row, Why, numbers};
use super::pythons::{On, Pythons};
use super::stops::{self, By};
use crate::beanstalk::requirements::Requirement;
use crate::check::subject::Subject;

/// The newest version that a line lets pip take, where it says one.
struct Newest {
    numbers: Numbers,
    /// As a sentence names it.
    said: String,
    /// Is it one version, and no range that ends with it?
    exact: bool,
}

impl Newest {
    fn of(line: &Requirement) -> Option<Self> {
        if let Some(exact) = line.exact() {
            return Some(Self { numbers: numbers(exact)?, said: exact.to_owned(), exact: true });
        }
        let specifier = line.specifier.as_str();
        if let Some(end) = specifier.split(',').find_map(|clause| clause.strip_prefix('<')) {
            return Self::before(end);
        }
        // `~=8.3.1` and `==8.3.*` end before 8.4.
        let compatible = specifier.strip_prefix("~=").and_then(|version| version.trim().rsplit_once('.'));
        let series = specifier.strip_prefix("==").and_then(|version| version.trim().strip_suffix(".*"));
        let head = compatible.map(|(head, _)| head).or(series).filter(|head| !head.contains(','))?;
        let mut numbers: Numbers = head.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        numbers.resize(numbers.len().max(2) + 1, u32::MAX);
        Some(Self { numbers, said: format!("{head}.x"), exact: false })
    }

    /// The last before a version, which is not known by its name. `<=` counts as its version.
    fn before(end: &str) -> Option<Self> {
        if let Some(exact) = end.strip_prefix('=') {
            return Some(Self { numbers: numbers(exact)?, said: format!("up to {exact}"), exact: false });
        }
        let mut numbers: Numbers = end.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        *numbers.last_mut()? -= 1;
        numbers.resize(numbers.len().max(2) + 1, u32::MAX);
        Some(Self { numbers, said: format!("below {end}"), exact: false })
    }

    /// Where the line says no version, pip takes the newest.
    fn any() -> Self {
        Self { numbers: vec![u32::MAX; 3], said: String::new(), exact: false }
    }

    /// The package in this version, as a sentence names it.
    fn of_package(&self, name: &str) -> String {
        let blank = if self.said.is_empty() { "" } else { " " };
        format!("`{name}`{blank}{}", self.said)
    }

    /// Does pip take a version on this Python that it cannot install?
    fn fails(&self, row: &Row, minor: u32) -> bool {
        // Of a range, pip takes an older version where there is none for this Python.
        let decided = self.exact || row.from.is_none() || row.why != Why::Absent;
        decided && row.covers(minor, &self.numbers)
    }
}

/// Packages for older Pythons, since which version, and what to write instead.
const ENDED: &[(&str, &str, &str)] = &[
    ("backports-zoneinfo", "0.0", "take it out: Python has `zoneinfo`; or write `; python_version < \"3.9\"` after it"),
    ("dataclasses", "0.7", "take it out: Python has it; or write `; python_version < \"3.7\"` after it"),
    ("futures", "3.2.0", "take it out: Python 3 has it; or write `; python_version < \"3\"` after it"),
    ("pycrypto", "0.0", "take `pycryptodome`, which goes on where it ended"),
];

/// A version that does not install on the Python of the platform.
pub(super) fn check(subject: &mut Subject<'_>, line: &Requirement, lines: &[&Requirement]) {
    if !subject.python() {
        return;
    }
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
    let failing = |minor: u32| rows.iter().find(|row| newest.fails(row, minor));
    let Some(on) = Pythons::of(subject).and_then(|pythons| pythons.first(|minor| failing(minor).is_some())) else {
        return;
    };
    let Some(row) = failing(on.minor) else { return };
    match row.why {
        Why::Lacks(library) if is_there(subject, library.words) => {}
        // The program that it asks for first is missing, which is told of every version.
        Why::Source if row.name == "psycopg2" && !is_there(subject, installs::LIBPQ) => {}
        Why::Lacks(library) => lacks(subject, line, on, row, library, &newest, lines),
        Why::Source => {
            let package = newest.of_package(row.name);
            let message = format!("pip fails: {package} has no wheel for {on}, and its source does not build there");
            report(subject, line, on, "EB144", message, newer(on, row, &newest, lines));
        }
        Why::Brings(other) => {
            let package = newest.of_package(row.name);
            let message =
                format!("pip fails: {package} asks for `{other}`, and takes no version of it that installs on {on}");
            report(subject, line, on, "EB144", message, newer(on, row, &newest, lines));
        }
        Why::Absent => {
            let message = format!("pip fails: there is no {} for {on}", newest.of_package(row.name));
            report(subject, line, on, "EB144", message, newer(on, row, &newest, lines));
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
    lines: &[&Requirement],
) {
    let (name, lacks, exact) = (row.name, library.said, newest.said.as_str());
    if name == "psycopg2-binary" {
        // Without a wheel it is compiled like `psycopg2` (its release notes, "Wheel packages").
        let message = format!(
            "pip fails with `pg_config executable not found`: `{name}` {exact} has no wheel for {on}, and is compiled"
        );
        report(subject, line, on, "EB040", message, newer(on, row, newest, lines));
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
        report(subject, line, on, "EB144", message, newer(on, row, newest, lines));
    }
}

/// What to take instead of a version in this row.
fn newer(on: On, row: &Row, newest: &Newest, lines: &[&Requirement]) -> String {
    // Of several Pythons, for the newest; its row may be another.
    let minor = on.newest();
    let failing = installs::of(row.name).iter().find(|row| newest.fails(row, minor));
    let (row, minor) = failing.filter(|row| row.again(minor).is_some()).map_or((row, on.minor), |row| (row, minor));
    // The end of one row may be the beginning of another.
    let mut again = row.again(minor);
    while let Some(version) = again.and_then(numbers)
        && let Some(next) = installs::of(row.name).iter().find(|next| next.covers(minor, &version))
    {
        again = next.again(minor);
    }
    match again {
        Some(version) => {
            // What is pinned beside it may want an old one.
            let ends = lines.iter().filter_map(|line| end(line, row.name).map(|end| (*line, end)));
            let first = ends.min_by(|(_, (_, one)), (_, (_, other))| one.cmp(other));
            let held = match (first, numbers(version)) {
                (Some((line, (_, end))), Some(version)) if end <= version => {
                    format!(", beside a newer `{}` that allows it", line.name)
                }
                (Some((_, (said, _))), Some(_)) => format!(", below {said}"),
                _ => String::new(),
            };
            format!("take `{}` {version} or newer{held}", row.name)
        }
        None => format!("take it out, or something else that does the same: no `{}` installs there", row.name),
    }
}

/// The version of a package that a pinned line does not take any more, or stops beside.
fn end(line: &Requirement, other: &str) -> Option<(&'static str, Numbers)> {
    let version = line.exact().and_then(numbers)?;
    let stops = stops::of(&line.name).iter().filter(|row| row.covers(&version)).find_map(|row| match &row.by {
        By::Beside { other: beside, from, said } if *beside == other => Some((*said, from.clone())),
        _ => None,
    });
    bounds::end(line, other).into_iter().chain(stops).min_by(|(_, one), (_, other)| one.cmp(other))
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
