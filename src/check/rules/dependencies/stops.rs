//! Stops: versions that install, and stop at their import; and how it is seen that a server imports a package.
//!
//! The tables are `stops.txt` and `imports.txt`, in forms that people can read and diff; each is parsed once, when first asked.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::installs::{Numbers, numbers};
use super::tables::{ByName, rows};

/// A version that stops at its import.
#[derive(Debug)]
pub(super) struct Stops {
    pub(super) name: &'static str,
    /// Older ones than this do not stop; `None`: all do.
    pub(super) from: Option<Numbers>,
    /// The first that does not; `None`: no version does without.
    pub(super) first: Option<Numbers>,
    /// The same, as the table names it.
    pub(super) newer: Option<&'static str>,
    pub(super) by: By,
    pub(super) when: When,
    pub(super) error: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Import,
    /// It is imported, and then fails wherever it is used.
    Use,
}

#[derive(Debug)]
pub(super) enum By {
    /// Python from this minor version on.
    Python(u32),
    /// Another package from this version on, which pip takes if nobody says otherwise.
    Beside { other: &'static str, from: Numbers, said: &'static str },
    /// `pkg_resources`, which setuptools 82 took away.
    Setuptools,
}

impl Stops {
    /// Is it this version that stops?
    pub(super) fn covers(&self, version: &Numbers) -> bool {
        self.from.as_ref().is_none_or(|from| from <= version) && self.ends_after(version)
    }

    /// Is this version or a newer one among those that stop?
    pub(super) fn ends_after(&self, version: &Numbers) -> bool {
        self.first.as_ref().is_none_or(|first| version < first)
    }
}

#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    stops().map(|row| row.name)
}

/// The rows of a package, by its name in pip's spelling.
pub(super) fn of(name: &str) -> &'static [Stops] {
    static TABLE: ByName<Stops> = ByName::unread();
    TABLE.of(name, stops, |stops| stops.name)
}

fn stops() -> impl Iterator<Item = Stops> {
    rows(include_str!("stops.txt")).map(|line| stop(line).unwrap_or_else(|| panic!("stops.txt: what is `{line}`?")))
}

/// The next word, and what comes after it.
fn word(text: &'static str) -> Option<(&'static str, &'static str)> {
    text.split_once(' ').map(|(word, rest)| (word, rest.trim_start()))
}

fn stop(line: &'static str) -> Option<Stops> {
    let (name, rest) = word(line)?;
    let (from, rest) = word(rest)?;
    let (first, rest) = word(rest)?;
    let (by, error) = word(rest)?;
    let version = |said: &str, none: &str| if said == none { Some(None) } else { numbers(said).map(Some) };
    let (first, newer) = first.split_once('/').unwrap_or((first, first));
    let newer = Some(newer).filter(|said| *said != "never");
    let (from, first) = (version(from, "-")?, version(first, "never")?);
    let by = match by.split_once(':') {
        None if by == "setuptools" => By::Setuptools,
        Some(("python", version)) => By::Python(version.strip_prefix("3.")?.parse().ok()?),
        Some((other, said)) => By::Beside { other, from: numbers(said)?, said },
        None => return None,
    };
    let (when, error) = error.strip_prefix("in use: ").map_or((When::Import, error), |error| (When::Use, error));
    Some(Stops { name, from, first, newer, by, when, error })
}

/// How it is seen that a server imports a package.
#[derive(Debug)]
pub(super) struct Uses {
    /// Modules of its own, and of packages that import it.
    pub(super) modules: Vec<&'static str>,
    /// Words in the settings.
    pub(super) settings: Vec<&'static str>,
}

pub(super) fn uses(name: &str) -> Option<&'static Uses> {
    static TABLE: OnceLock<BTreeMap<&'static str, Uses>> = OnceLock::new();
    TABLE.get_or_init(|| imports().collect()).get(name)
}

fn imports() -> impl Iterator<Item = (&'static str, Uses)> {
    rows(include_str!("imports.txt")).map(|line| {
        let (name, rest) = line.split_once(' ').unwrap_or_else(|| panic!("imports.txt: what is `{line}`?"));
        let (modules, settings) = rest.split_once('|').unwrap_or((rest, ""));
        let words = |text: &'static str| text.split_whitespace().collect();
        (name, Uses { modules: words(modules), settings: words(settings) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package_name::normal;

    #[test]
    fn the_tables_are_in_order() {
        let rows: Vec<Stops> = stops().collect();
        assert!(rows.windows(2).all(|pair| pair[0].name <= pair[1].name), "by name");
        for row in &rows {
            assert_eq!(row.name, normal(row.name), "pip's spelling");
            assert!(!row.error.is_empty(), "{}", row.name);
            assert!(row.from.as_ref().zip(row.first.as_ref()).is_none_or(|(from, first)| from < first), "{row:?}");
        }
        let names: Vec<&str> = imports().map(|(name, _)| name).collect();
        assert!(names.is_sorted_by(|one, other| one < other), "by name, each once");
        for (name, uses) in imports() {
            assert!(!uses.modules.is_empty() && !of(name).is_empty(), "nothing asks whether `{name}` is imported");
        }
    }

    #[test]
    fn a_row_reads_as_it_stands() {
        let row = stop("thing  1.2 1.4  python:3.12  No module named 'x'").expect("a row");
        assert!(matches!(row.by, By::Python(12)) && row.first == numbers("1.4") && row.error == "No module named 'x'");
        let covers = |version| row.covers(&numbers(version).expect("a version"));
        assert!(covers("1.2") && covers("1.3.9") && !covers("1.1") && !covers("1.4"));
        let row = stop("thing - never other:2.0 gone").expect("a row");
        assert!(matches!(row.by, By::Beside { other: "other", said: "2.0", .. }) && row.first.is_none());
        let row = stop("thing - never other:2.0 in use: gone").expect("a row");
        assert!(row.when == When::Use && row.error == "gone");
        for wrong in ["thing", "thing - 1.4 python:3.12", "thing - x python:3.12 gone", "thing - 1.4 odd gone"] {
            assert!(stop(wrong).is_none(), "{wrong}");
        }
    }
}
