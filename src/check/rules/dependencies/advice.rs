//! Advice: the first newer version of a package that installs, and starts, on each of some Pythons.

use std::ops::RangeInclusive;

use super::because::because;
use super::bounds;
use super::ended;
use super::installs::{self, Numbers, numbers};
use super::pythons::Pythons;
use super::stops::{self, By};
use super::tools::is_needless;
use crate::beanstalk::requirements::Requirement;
use crate::check::subject::Subject;

/// What to take instead of a version, beside what is pinned. `None`: no version is right.
pub(super) fn newer(subject: &Subject<'_>, lines: &[&Requirement], name: &str, version: &Numbers) -> Option<String> {
    if let Some(needless) = needless(subject, lines, name) {
        return Some(format!("take {} out, which no server needs", quoted(&needless)));
    }
    let requirements = subject.requirements();
    let place =
        Place { pythons: Pythons::of(subject)?.all(), beside: |by: &By| because(subject, &requirements, by).is_some() };
    let first = place.first(name, version)?;
    let along = Along::of(subject, lines, &place, name, numbers(first)?);
    Some(format!("take `{name}` {first} or newer{along}"))
}

/// What else has to change in a list, so that pip takes this version of a package, as the end of a sentence.
pub(super) fn along(subject: &Subject<'_>, lines: &[&Requirement], name: &str, first: Numbers) -> Option<String> {
    let requirements = subject.requirements();
    let place =
        Place { pythons: Pythons::of(subject)?.all(), beside: |by: &By| because(subject, &requirements, by).is_some() };
    Some(Along::of(subject, lines, &place, name, first).to_string())
}

/// The first newer version that these Pythons install and import, beside nothing that is known.
pub(super) fn first_on(name: &str, version: &Numbers, pythons: RangeInclusive<u32>) -> Option<&'static str> {
    Place { pythons, beside: |_: &By| true }.first(name, version)
}

/// A tool, and the tools that ask for it, where nothing else does.
fn needless(subject: &Subject<'_>, lines: &[&Requirement], name: &str) -> Option<Vec<String>> {
    let askers = lines.iter().map(|line| (line, line.name.as_str())).filter(|(line, _)| bounds::asks(line, name));
    let names: Vec<&str> = std::iter::once(name).chain(askers.map(|(_, asker)| asker)).collect();
    let all = names.iter().all(|name| is_needless(subject, name));
    all.then(|| names.into_iter().map(str::to_owned).collect())
}

/// What else has to change in a list, so that pip takes a newer version of a package.
#[derive(Debug, Default)]
struct Along {
    /// Wanted in such versions, which newer ones are as well.
    newer: Vec<(String, String)>,
    /// Wanted in versions that depend on the one that is taken.
    fitting: Vec<String>,
    /// Asked to allow it.
    askers: Vec<String>,
    /// In the way, and of no use.
    needless: Vec<String>,
    /// The end of what the others take.
    below: Option<String>,
}

impl Along {
    fn of<F: Fn(&By) -> bool>(
        subject: &Subject<'_>,
        lines: &[&Requirement],
        place: &Place<F>,
        name: &str,
        first: Numbers,
    ) -> Self {
        let mut along = Self::default();
        let mut taken = vec![(name.to_owned(), first)];
        let mut changed: Vec<&str> = vec![name];
        let mut next = 0;
        while let Some((name, first)) = taken.get(next).cloned() {
            let ends = lines.iter().filter_map(|line| end(line, &name).map(|end| (*line, end)));
            let (refuse, allow): (Vec<_>, Vec<_>) = ends.partition(|(_, (_, end))| *end <= first);
            for (line, _) in refuse.iter().filter(|(line, _)| !changed.contains(&line.name.as_str())) {
                let needless = is_needless(subject, &line.name);
                let askers = if needless { &mut along.needless } else { &mut along.askers };
                askers.push(line.name.clone());
            }
            changed.extend(refuse.iter().map(|(line, _)| line.name.as_str()));
            if next == 0 && refuse.is_empty() {
                let nearest = allow.into_iter().min_by(|(_, (_, one)), (_, (_, other))| one.cmp(other));
                along.below = nearest.map(|(_, (said, _))| said);
            }
            for line in lines.iter().filter(|line| line.name != name) {
                let Some(wanted) = bounds::newer_wanted(&name, &first, line) else { continue };
                if changed.contains(&line.name.as_str()) {
                    continue;
                }
                changed.push(&line.name);
                let better = place.first(&line.name, &wanted.first);
                let said = better.map_or(wanted.said, str::to_owned);
                let first = better.and_then(numbers).unwrap_or(wanted.first);
                match wanted.open {
                    true => along.newer.push((line.name.clone(), said)),
                    false => along.fitting.push(line.name.clone()),
                }
                taken.push((line.name.clone(), first));
            }
            next += 1;
        }
        let mut next = 0;
        while let Some(asker) = along.askers.get(next).cloned() {
            let bound =
                |line: &&&Requirement| bounds::goes_with(line, &asker) && !changed.contains(&line.name.as_str());
            let bound: Vec<&Requirement> = lines.iter().filter(bound).copied().collect();
            for line in bound {
                let needless = is_needless(subject, &line.name);
                let askers = if needless { &mut along.needless } else { &mut along.askers };
                askers.push(line.name.clone());
                changed.push(&line.name);
            }
            next += 1;
        }
        along.needless.retain(|name| !along.newer.iter().any(|(newer, _)| newer == name));
        along
    }
}

impl std::fmt::Display for Along {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(end) = &self.below {
            write!(f, ", below {end}")?;
        }
        if !self.newer.is_empty() {
            write!(
                f,
                ", with {} or newer",
                and(self.newer.iter().map(|(name, said)| format!("`{name}` {said}")).collect())
            )?;
        }
        if !self.fitting.is_empty() {
            let joined = if self.newer.is_empty() { ", with" } else { " and" };
            write!(f, "{joined} the {} that it asks for", quoted(&self.fitting))?;
        }
        let (ended, askers): (Vec<&String>, Vec<&String>) =
            self.askers.iter().partition(|name| ended::successor(name).is_some());
        match askers.as_slice() {
            [] => {}
            [one] => write!(f, ", beside a newer `{one}` that allows it")?,
            many => write!(f, ", beside newer {} that allow it", quoted(many))?,
        }
        for name in ended {
            let successor = ended::successor(name).unwrap_or_default();
            write!(f, ", with {successor} in the place of `{name}`, which has ended")?;
        }
        if !self.needless.is_empty() {
            write!(f, ", and take {} out, which no server needs", quoted(&self.needless))?;
        }
        Ok(())
    }
}

fn quoted(names: &[impl std::fmt::Display]) -> String {
    and(names.iter().map(|name| format!("`{name}`")).collect())
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and(mut names: Vec<String>) -> String {
    match names.pop() {
        None => String::new(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
    }
}

/// The version of a package that a pinned line does not take any more, or stops beside.
fn end(line: &Requirement, other: &str) -> Option<(String, Numbers)> {
    let version = line.exact().and_then(numbers)?;
    let stops = stops::of(&line.name).iter().filter(|row| row.covers(&version)).find_map(|row| match &row.by {
        By::Beside { other: beside, from, said } if *beside == other => Some(((*said).to_owned(), from.clone())),
        _ => None,
    });
    bounds::end(line, other).into_iter().chain(stops).min_by(|(_, one), (_, other)| one.cmp(other))
}

/// What a version has to get on with.
struct Place<F> {
    pythons: RangeInclusive<u32>,
    /// Is it so here that versions stop because of this? For what is not because of Python.
    beside: F,
}

/// Why a version is none to take, and the first that does not have this fault; `None`: each newer one has it.
type Fault = Option<&'static str>;

impl<F: Fn(&By) -> bool> Place<F> {
    /// The first version after this one that has no fault, and none after it. `None`: there is none, or this one is.
    fn first(&self, name: &str, version: &Numbers) -> Option<&'static str> {
        let (mut version, mut first) = (version.clone(), None);
        while let Some(faults) = self.faults(name, &version) {
            let ends: Vec<(Numbers, &str)> =
                faults.into_iter().map(|end| Some((numbers(end?)?, end?))).collect::<Option<_>>()?;
            let (newer, said) = ends.into_iter().max()?;
            (version, first) = (newer, Some(said));
        }
        first
    }

    fn faults(&self, name: &str, version: &Numbers) -> Option<Vec<Fault>> {
        let minors = || self.pythons.clone();
        let mut faults: Vec<Fault> = Vec::new();
        for row in installs::of(name) {
            faults.extend(minors().filter(|minor| row.ends_after(*minor, version)).map(|minor| row.again(minor)));
        }
        for row in stops::of(name).iter().filter(|row| row.ends_after(version)) {
            let stops = match &row.by {
                By::Python(from) => minors().any(|minor| minor >= *from),
                by => (self.beside)(by),
            };
            faults.extend(stops.then_some(row.newer));
        }
        (!faults.is_empty()).then_some(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: &str, version: &str, pythons: RangeInclusive<u32>) -> Option<&'static str> {
        Place { pythons, beside: |_: &By| false }.first(name, &numbers(version).expect("a version"))
    }

    /// For each version where something begins or ends in the tables, and the Pythons from one to another.
    #[test]
    fn no_advice_is_refused_by_another_row() {
        let names: std::collections::BTreeSet<&str> = installs::names().chain(stops::names()).collect();
        for name in names {
            let begins = installs::of(name).iter().map(|row| row.from.clone());
            let begins: Vec<Numbers> = begins
                .chain(stops::of(name).iter().map(|row| row.from.clone()))
                .map(|begin| begin.unwrap_or_else(|| vec![0; 3]))
                .collect();
            let ranges = (11..=14).flat_map(|oldest| (oldest..=14).map(move |newest| (oldest, newest)));
            for ((oldest, newest), begin) in ranges.flat_map(|range| begins.iter().map(move |begin| (range, begin))) {
                let place = Place { pythons: oldest..=newest, beside: |_: &By| true };
                let Some(said) = place.first(name, begin) else { continue };
                let version = numbers(said).expect("a version");
                assert!(version > *begin, "{name} {said} is not newer than {begin:?}");
                for minor in oldest..=newest {
                    let refused = installs::of(name).iter().any(|row| row.ends_after(minor, &version));
                    assert!(!refused, "{name} {said} does not install on 3.{minor}");
                }
                let on = |row: &&stops::Stops| !matches!(row.by, By::Python(from) if from > newest);
                assert!(!stops::of(name).iter().filter(on).any(|row| row.ends_after(&version)), "{name} {said} stops");
            }
        }
    }

    #[test]
    fn versions_to_take() {
        #[track_caller]
        fn case(name: &str, version: &str, pythons: RangeInclusive<u32>, wanted: Option<&str>) {
            assert_eq!(first(name, version, pythons), wanted);
        }
        case("scipy", "1.5.4", 11..=13, Some("1.14.1"));
        case("scipy", "1.5.4", 11..=11, Some("1.9.2"));
        case("numpy", "1.24.2", 12..=13, Some("2.1"));
        case("numpy", "1.24.2", 12..=12, Some("1.26"));
        case("pydantic-core", "2.10.1", 13..=13, Some("2.20"));
        case("pandas", "1.5.3", 12..=12, Some("2.1.1"));
        case("pandas", "1.5.3", 12..=13, Some("2.2.3"));
        case("pyyaml", "3.13", 11..=11, Some("6.0"));
        case("pyyaml", "3.13", 11..=13, Some("6.0.2"));
        case("hiredis", "1.0.1", 12..=12, Some("2.3.2"));
        case("aiohttp", "3.8.1", 11..=13, Some("3.10.5"));
        case("grpcio", "1.40.0", 13..=13, Some("1.66.2"));
        case("reportlab", "3.5.2", 11..=11, Some("3.6.12"));
        case("typed-ast", "1.4.1", 11..=11, Some("1.5.5"));
        case("typed-ast", "1.4.1", 11..=13, None);
        case("psycopg2", "2.7.5", 11..=11, Some("2.9.2"));
        case("psycopg2", "2.7.5", 11..=13, Some("2.9.10"));
        case("psycopg2-binary", "2.7.5", 11..=13, Some("2.9.10"));
        case("django-celery", "3.2.2", 11..=13, None);
        case("scipy", "1.16.3", 11..=13, None);
    }
}
