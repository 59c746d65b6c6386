//! Bounds: what a version of one package says of another, where both are pinned. pip refuses the pair before it installs anything.
//!
//! The table is `bounds.txt`, in a form that people can read and diff; it is parsed once, when first asked.

use std::borrow::Cow;

use super::installs::{Numbers, numbers};
use super::tables::{ByName, rows};
use super::tools::is_needless;
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::subject::Subject;

/// From this version of a package on, until its next line about the same one.
#[derive(Debug)]
struct Bound {
    name: &'static str,
    from: Numbers,
    other: &'static str,
    /// None where it is not known, or where there is none.
    clauses: Vec<Clause>,
}

#[derive(Debug, Clone)]
struct Clause {
    operator: Operator,
    said: Cow<'static, str>,
    numbers: Numbers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Least,
    Below,
    Exactly,
}

impl Clause {
    fn parse(text: &'static str) -> Option<Self> {
        let (operator, said) = [(">=", Operator::Least), ("==", Operator::Exactly), ("<", Operator::Below)]
            .into_iter()
            .find_map(|(sign, operator)| Some((operator, text.strip_prefix(sign)?)))?;
        Some(Self { operator, said: said.into(), numbers: numbers(said)? })
    }

    fn allows(&self, version: &Numbers) -> bool {
        match self.operator {
            Operator::Least => *version >= self.numbers,
            Operator::Below => *version < self.numbers,
            Operator::Exactly => *version == self.numbers,
        }
    }

    fn said(&self) -> String {
        match self.operator {
            Operator::Least => format!("{} or newer", self.said),
            Operator::Below => format!("below {}", self.said),
            Operator::Exactly => self.said.to_string(),
        }
    }
}

/// The lines of a package, by its name in pip's spelling.
fn of(name: &str) -> &'static [Bound] {
    static TABLE: ByName<Bound> = ByName::unread();
    TABLE.of(name, parse, |bound| bound.name)
}

fn parse() -> impl Iterator<Item = Bound> {
    rows(include_str!("bounds.txt")).map(|line| bound(line).unwrap_or_else(|| panic!("bounds.txt: what is `{line}`?")))
}

fn bound(line: &'static str) -> Option<Bound> {
    let mut words = line.split_whitespace();
    let (name, other, from, clauses) = (words.next()?, words.next()?, numbers(words.next()?)?, words.next()?);
    let clauses = match clauses {
        "-" => Vec::new(),
        clauses => clauses.split(',').map(Clause::parse).collect::<Option<_>>()?,
    };
    words.next().is_none().then_some(Bound { name, from, other, clauses })
}

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let pinned = |line: &&Requirement| !line.constraint && line.marker.is_none() && line.exact().is_some();
    let lines: Vec<&Requirement> = requirements.lines.iter().filter(pinned).collect();
    let (mut told, mut tools): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in &lines {
        let Some(version) = line.exact().and_then(numbers) else { continue };
        if line.name != "boto3" && of(&line.name).is_empty() {
            continue;
        }
        for other in &lines {
            let Some(theirs) = other.exact().and_then(release).filter(|_| !told.contains(&other.name.as_str())) else {
                continue;
            };
            let Some(wants) = wants(&line.name, &version, &other.name, &theirs) else { continue };
            told.push(&other.name);
            if is_needless(subject, &line.name) {
                // The fix for one of them is the fix for all.
                if tools.contains(&line.name.as_str()) {
                    continue;
                }
                tools.push(&line.name);
            }
            let message = format!(
                "pip fails: `{}` {} wants `{}` {wants}, and {} is pinned",
                line.name,
                line.exact().unwrap_or_default(),
                other.name,
                other.exact().unwrap_or_default()
            );
            let fix = fix(subject, &lines, &other.name);
            subject.find("EB167", &other.path, other.span.clone(), message, fix);
        }
    }
}

/// What may be pinned instead, where the other pins leave something.
fn fix(subject: &Subject<'_>, lines: &[&Requirement], other: &str) -> String {
    let asked: Vec<(&Requirement, Clause)> =
        lines.iter().flat_map(|line| takes(line, other).into_iter().map(|clause| (*line, clause))).collect();
    // Without the tools, what is pinned may be right.
    let pinned = lines.iter().find(|line| line.name == other).and_then(|line| line.exact()).and_then(release);
    let refusing = asked.iter().filter(|(_, clause)| pinned.as_ref().is_some_and(|pinned| !clause.allows(pinned)));
    let mut refusing: Vec<&str> = refusing.map(|(line, _)| line.name.as_str()).collect();
    refusing.dedup();
    if !refusing.is_empty() && refusing.iter().all(|name| is_needless(subject, name)) {
        let names: Vec<String> = refusing.iter().map(|name| format!("`{name}`")).collect();
        return format!("take {} out, which no server needs", names.join(" and "));
    }
    let of = |operator| asked.iter().filter(move |(_, clause)| clause.operator == operator);
    let least = of(Operator::Least).max_by_key(|(_, clause)| &clause.numbers);
    let below = of(Operator::Below).min_by_key(|(_, clause)| &clause.numbers);
    if let Some((one, exactly)) = of(Operator::Exactly).next() {
        return match asked.iter().find(|(_, clause)| !clause.allows(&exactly.numbers)) {
            Some((two, clause)) => none(subject, other, (one, exactly), (two, clause)),
            None => format!("take `{other}` {}", exactly.said),
        };
    }
    match (least, below) {
        (Some((one, least)), Some((two, below))) if least.numbers >= below.numbers => {
            none(subject, other, (one, least), (two, below))
        }
        (Some((_, least)), Some((_, below))) => format!("take `{other}` {}, and {}", least.said(), below.said()),
        (Some((_, clause)), None) | (None, Some((_, clause))) => format!("take `{other}` {}", clause.said()),
        (None, None) => format!("write `{other}` without a version, and pin the one that pip takes"),
    }
}

/// What to do where two pins leave no version of another package.
fn none(
    subject: &Subject<'_>,
    other: &str,
    (one, first): (&Requirement, &Clause),
    (two, second): (&Requirement, &Clause),
) -> String {
    let tool = [one, two].into_iter().find(|line| is_needless(subject, &line.name));
    let way = match tool {
        Some(tool) => format!("take `{}` out, which no server needs", tool.name),
        None => "take versions of the two that agree".to_owned(),
    };
    format!(
        "no `{other}` is right for both: `{}` wants {}, and `{}` {}; {way}",
        one.name,
        first.said(),
        two.name,
        second.said()
    )
}

/// What the pinned version of a line says of another package.
fn takes(line: &Requirement, other: &str) -> Vec<Clause> {
    line.exact().and_then(release).map(|version| clauses(&line.name, &version, other)).unwrap_or_default()
}

/// What a version of a package says of another.
fn clauses(name: &str, version: &Numbers, other: &str) -> Vec<Clause> {
    if name == "boto3" && other == "botocore" {
        let minor = |minor: u32| (format!("1.{minor}").into(), vec![1, minor, 0]);
        let clause = |operator, (said, numbers)| Clause { operator, said, numbers };
        let clauses = |wanted| [clause(Operator::Least, minor(wanted)), clause(Operator::Below, minor(wanted + 1))];
        return botocore(version).into_iter().flat_map(clauses).collect();
    }
    let bound = of(name).iter().rfind(|bound| bound.other == other && bound.from <= *version);
    bound.map(|bound| bound.clauses.clone()).unwrap_or_default()
}

/// Does a pinned line ask for another package?
pub(super) fn asks(line: &Requirement, other: &str) -> bool {
    !takes(line, other).is_empty()
}

/// Does each release of a pinned line go with one of another package, so that a newer one of that wants a newer one of this?
pub(super) fn goes_with(line: &Requirement, other: &str) -> bool {
    let clauses = takes(line, other);
    let one = |clause: &Clause| clause.operator == Operator::Exactly;
    clauses.iter().any(one) || (!clauses.is_empty() && line.name == "boto3" && other == "botocore")
}

/// The end of what a pinned line takes of another package, as far as it says one.
pub(super) fn end(line: &Requirement, other: &str) -> Option<(String, Numbers)> {
    takes(line, other).into_iter().find_map(|clause| match clause.operator {
        Operator::Below => Some((clause.said.into_owned(), clause.numbers)),
        Operator::Exactly => {
            let after = clause.numbers.iter().copied().chain([1]).collect();
            Some((format!("{}.1", clause.said), after))
        }
        Operator::Least => None,
    })
}

/// What a version of a package wants of another that is older than what it takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The first that it takes.
    pub(super) first: Numbers,
    pub(super) said: String,
    /// Does it take all that are newer, as far as it is known?
    pub(super) open: bool,
}

/// Does this version of a package take no such old version of another?
pub(super) fn newer_wanted(name: &str, version: &Numbers, other: &Requirement) -> Option<Wanted> {
    let theirs = other.exact().and_then(release)?;
    let clauses = clauses(name, version, &other.name);
    let least = clauses.iter().find(|clause| clause.operator == Operator::Least && !clause.allows(&theirs))?;
    Some(Wanted { first: least.numbers.clone(), said: least.said.to_string(), open: clauses.len() == 1 })
}

/// The numbers of a version that is no candidate for one: those have an order of their own.
fn release(exact: &str) -> Option<Numbers> {
    exact.chars().all(|char| char.is_ascii_digit() || char == '.').then(|| numbers(exact))?
}

/// What this version of a package wants of another, where that is not what it is given.
fn wants(name: &str, version: &Numbers, other: &str, theirs: &Numbers) -> Option<String> {
    if name == "boto3" && other == "botocore" {
        let wanted = botocore(version).filter(|wanted| theirs.get(..2) != Some(&[1, *wanted]));
        return wanted.map(|wanted| format!("1.{wanted}"));
    }
    let about = |bound: &&Bound| bound.other == other && bound.from <= *version;
    let bound = of(name).iter().rfind(about)?;
    bound.clauses.iter().find(|clause| !clause.allows(theirs)).map(Clause::said)
}

/// Does a line pin a release that refuses this version of another package?
pub(super) fn refuses(line: &Requirement, other: &str, theirs: &Numbers) -> bool {
    line.exact().and_then(release).is_some_and(|version| wants(&line.name, &version, other, theirs).is_some())
}

/// Each minor version of `boto3` goes with one of `botocore`: three ahead up to 1.29, and the same since 1.33.
fn botocore(version: &[u32]) -> Option<u32> {
    let [1, minor, ..] = version else { return None };
    match minor {
        7..=29 => Some(minor + 3),
        33.. => Some(*minor),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package_name::normal;

    #[test]
    fn the_table_is_in_order() {
        let rows: Vec<Bound> = parse().collect();
        let key = |row: &Bound| (row.name, row.other, row.from.clone());
        for pair in rows.windows(2) {
            assert!(key(&pair[0]) < key(&pair[1]), "{:?} stands before {:?}", pair[0], pair[1]);
        }
        for row in &rows {
            assert!(row.name == normal(row.name) && row.other == normal(row.other), "pip's spelling: {row:?}");
            let limit = |operator| row.clauses.iter().find(|clause| clause.operator == operator);
            if let Some((least, below)) = limit(Operator::Least).zip(limit(Operator::Below)) {
                assert!(least.numbers < below.numbers, "nothing is left: {row:?}");
            }
        }
        for wrong in ["a b 1.0", "a b x >=1.0", "a b 1.0 >1.0", "a b 1.0 >=1.0 <2.0", "a b 1.0 >=1.0,"] {
            assert!(bound(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn pairs_that_pip_takes_and_pairs_that_it_refuses() {
        #[track_caller]
        fn case(name: &str, version: &str, other: &str, theirs: &str, wanted: Option<&str>) {
            let numbers = |version| numbers(version).expect("a version");
            assert_eq!(wants(name, &numbers(version), other, &numbers(theirs)).as_deref(), wanted);
        }
        case("django", "4.2.27", "asgiref", "3.2.3", Some("3.6 or newer"));
        case("django", "3.1.14", "asgiref", "3.2.9", Some("3.2.10 or newer"));
        case("django", "5.2.8", "asgiref", "3.8.1", None);
        case("django", "2.2.28", "asgiref", "3.2.3", None);
        case("django", "6.0", "sqlparse", "0.4.4", Some("0.5 or newer"));
        case("requests", "2.22.0", "urllib3", "1.26.5", Some("below 1.26"));
        case("requests", "2.22.0", "urllib3", "1.25.11", None);
        case("requests", "2.28.1", "urllib3", "2.0.7", Some("below 1.27"));
        case("requests", "2.31.0", "urllib3", "2.2.1", None);
        case("requests", "2.22.0", "idna", "2.10", Some("below 2.9"));
        case("requests", "2.28.1", "charset-normalizer", "3.1.0", Some("below 3.0"));
        case("requests", "2.31.0", "chardet", "5.2.0", None);
        case("botocore", "1.29.165", "urllib3", "2.0.7", Some("below 1.27"));
        case("botocore", "1.34.162", "urllib3", "2.2.1", None);
        case("boto3", "1.12.33", "botocore", "1.15.33", None);
        case("boto3", "1.26.1", "botocore", "1.28.5", Some("1.29"));
        case("boto3", "1.34.19", "botocore", "1.34.19", None);
        case("asgiref", "3.2.3", "django", "4.2.27", None);
        case("awsebcli", "3.19.2", "botocore", "1.17.47", Some("1.19 or newer"));
        case("awsebcli", "3.19.1", "botocore", "1.17.47", None);
        case("docker-compose", "1.21.2", "requests", "2.21.0", Some("below 2.19"));
        case("pyrebase", "3.0.27", "requests", "2.21.0", Some("2.11.1"));
    }
}
