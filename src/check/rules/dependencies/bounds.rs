//! Bounds: what a version of one package says of another, where both are pinned. pip refuses the pair before it installs anything.

use super::installs::numbers;
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::subject::Subject;

type Numbers = [u32; 3];

/// From this version of a package on, until its next line about the same one, as the metadata on the package index says. Where
/// releases of one minor version differ, the wider bounds.
struct Bound {
    name: &'static str,
    from: Numbers,
    other: &'static str,
    least: Numbers,
    below: Numbers,
}

const ALL: Numbers = [u32::MAX; 3];

const fn least(name: &'static str, from: Numbers, other: &'static str, least: Numbers) -> Bound {
    Bound { name, from, other, least, below: ALL }
}

const fn below(name: &'static str, from: Numbers, other: &'static str, below: Numbers) -> Bound {
    Bound { name, from, other, least: [0; 3], below }
}

/// Asked for by pip (`--dry-run --report`) for each of these versions, in November 2026.
const BOUNDS: [Bound; 33] = [
    least("django", [3, 0, 0], "asgiref", [3, 2, 0]),
    least("django", [3, 1, 0], "asgiref", [3, 2, 10]),
    least("django", [3, 2, 0], "asgiref", [3, 3, 2]),
    least("django", [4, 0, 0], "asgiref", [3, 4, 1]),
    least("django", [4, 1, 0], "asgiref", [3, 5, 2]),
    least("django", [4, 2, 0], "asgiref", [3, 6, 0]),
    least("django", [5, 0, 0], "asgiref", [3, 7, 0]),
    least("django", [5, 1, 0], "asgiref", [3, 8, 1]),
    least("django", [6, 0, 0], "asgiref", [3, 9, 1]),
    least("django", [2, 2, 0], "sqlparse", [0, 2, 2]),
    least("django", [4, 2, 0], "sqlparse", [0, 3, 1]),
    least("django", [6, 0, 0], "sqlparse", [0, 5, 0]),
    below("requests", [2, 18, 0], "urllib3", [1, 23, 0]),
    below("requests", [2, 19, 0], "urllib3", [1, 24, 0]),
    below("requests", [2, 20, 0], "urllib3", [1, 25, 0]),
    below("requests", [2, 22, 0], "urllib3", [1, 26, 0]),
    below("requests", [2, 25, 0], "urllib3", [1, 27, 0]),
    below("requests", [2, 30, 0], "urllib3", [3, 0, 0]),
    below("requests", [2, 18, 0], "idna", [2, 7, 0]),
    below("requests", [2, 19, 0], "idna", [2, 8, 0]),
    below("requests", [2, 21, 0], "idna", [2, 9, 0]),
    below("requests", [2, 23, 0], "idna", [3, 0, 0]),
    below("requests", [2, 26, 0], "idna", [4, 0, 0]),
    below("requests", [2, 18, 0], "chardet", [3, 1, 0]),
    below("requests", [2, 23, 0], "chardet", [4, 0, 0]),
    below("requests", [2, 25, 0], "chardet", [5, 0, 0]),
    below("requests", [2, 26, 0], "chardet", ALL),
    below("requests", [2, 26, 0], "charset-normalizer", [3, 0, 0]),
    below("requests", [2, 28, 2], "charset-normalizer", [4, 0, 0]),
    below("botocore", [1, 13, 0], "urllib3", [1, 26, 0]),
    below("botocore", [1, 19, 0], "urllib3", [1, 27, 0]),
    below("botocore", [1, 30, 0], "urllib3", [2, 1, 0]),
    below("botocore", [1, 34, 61], "urllib3", [3, 0, 0]),
];

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let pinned = |line: &&Requirement| !line.constraint && line.marker.is_none() && line.exact().is_some();
    let lines: Vec<&Requirement> = requirements.lines.iter().filter(pinned).collect();
    let mut told: Vec<&str> = Vec::new();
    for line in &lines {
        let Some(version) = line.exact().and_then(numbers) else { continue };
        for other in &lines {
            let Some(theirs) = other.exact().and_then(numbers).filter(|_| !told.contains(&other.name.as_str())) else {
                continue;
            };
            let Some(wants) = wants(&line.name, &version, &other.name, &theirs) else { continue };
            told.push(&other.name);
            let message = format!(
                "pip fails: `{}` {} wants `{}` {wants}, and {} is pinned",
                line.name,
                line.exact().unwrap_or_default(),
                other.name,
                other.exact().unwrap_or_default()
            );
            let fix = format!("write `{}` without a version, and pin the one that pip takes", other.name);
            subject.find("EB167", &other.path, other.span.clone(), message, fix);
        }
    }
}

/// What this version of a package wants of another, where that is not what it is given.
fn wants(name: &str, version: &[u32], other: &str, theirs: &[u32]) -> Option<String> {
    if name == "boto3" && other == "botocore" {
        return botocore(version, theirs);
    }
    let about = |bound: &&Bound| bound.name == name && bound.other == other && bound.from.as_slice() <= version;
    let bound = BOUNDS.iter().rfind(about)?;
    let said = |[major, minor, patch]: Numbers| match patch {
        0 => format!("{major}.{minor}"),
        _ => format!("{major}.{minor}.{patch}"),
    };
    if theirs < bound.least.as_slice() {
        return Some(format!("{} or newer", said(bound.least)));
    }
    (theirs >= bound.below.as_slice()).then(|| format!("below {}", said(bound.below)))
}

/// Each minor version of `boto3` goes with one of `botocore`: three ahead up to 1.29, and the same since 1.33.
fn botocore(version: &[u32], theirs: &[u32]) -> Option<String> {
    let [1, minor, ..] = version else { return None };
    let wanted = match minor {
        7..=29 => minor + 3,
        33.. => *minor,
        _ => return None,
    };
    (theirs.get(..2)? != [1, wanted]).then(|| format!("1.{wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
