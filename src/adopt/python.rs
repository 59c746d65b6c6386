//! Which Python a project wants, and which branch of the platform that is.

use crate::beanstalk::tree::{Tree, file_name};

use crate::beanstalk::version::Version;

use super::image;

/// What the project says, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct PythonRequirement {
    /// A version such as `3.12.4`, or conditions such as `>=3.10,<3.14`.
    pub(crate) version: String,
    pub(crate) path: String,
}

/// The most particular place first: what people run, then what they promise.
pub(super) fn wanted(tree: &Tree, folders: &[&str]) -> Option<PythonRequirement> {
    type Reader = fn(&str) -> Option<String>;
    let places: [(&str, Reader); 6] = [
        (".python-version", exact),
        ("runtime.txt", |text| exact(text.trim().trim_start_matches("python-"))),
        (".tool-versions", |text| exact(text.lines().find_map(|line| line.strip_prefix("python "))?)),
        ("Pipfile", pipfile),
        ("pyproject.toml", pyproject),
        ("Dockerfile", dockerfile),
    ];
    let said = |path: String, read: Reader| {
        let text = std::str::from_utf8(tree.content(&path)?).ok()?;
        Some(PythonRequirement { version: read(text)?, path })
    };
    let near = places
        .into_iter()
        .find_map(|(name, read)| folders.iter().find_map(|folder| said(format!("{folder}{name}"), read)));
    let folder = folders.last().copied().unwrap_or_default();
    near.or_else(|| image::dockerfiles(tree, folder).into_iter().find_map(|path| said(path.to_owned(), dockerfile)))
}

/// The first version in a text: `3.12`, `3.12.4`.
fn exact(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let version: String = line.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let version = version.trim_end_matches('.');
    version.starts_with("3.").then(|| version.to_owned())
}

fn pipfile(text: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(text).ok()?;
    let requires = table.get("requires")?;
    let version = requires.get("python_version").or_else(|| requires.get("python_full_version"))?;
    exact(version.as_str()?)
}

fn pyproject(text: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(text).ok()?;
    let project = table.get("project").and_then(|project| project.get("requires-python"));
    let poetry = || table.get("tool")?.get("poetry")?.get("dependencies")?.get("python");
    project.or_else(poetry)?.as_str().map(str::to_owned)
}

fn dockerfile(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let image = line.trim().strip_prefix("FROM ")?.split_whitespace().find(|word| !word.starts_with("--"))?;
        let (name, tag) = image.split_once(':')?;
        (file_name(name) == "python").then(|| exact(tag))?
    })
}

/// The minor number of `3.N`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("3.")?.split('.').next()?.trim_end_matches('*').parse().ok()
}

/// Does `3.N` keep the condition? One that is not understood is kept.
fn fits(minor_number: u32, conditions: &str) -> bool {
    conditions.split(',').all(|condition| {
        let condition = condition.trim();
        let digits = condition.find(|c: char| c.is_ascii_digit()).unwrap_or(condition.len());
        let (operator, version) = condition.split_at(digits);
        let parts = version.split('.').count();
        let (Some(wanted), exact) = (minor(version), parts == 2) else {
            // `<4`, `>=3`.
            return !(operator.trim() == "<" && version == "3");
        };
        match operator.trim() {
            ">=" | "^" => minor_number >= wanted,
            ">" => minor_number > wanted || (!exact && minor_number == wanted),
            "<=" => minor_number <= wanted,
            "<" => {
                minor_number < wanted || (!exact && minor_number == wanted && version.rsplit('.').next() != Some("0"))
            }
            "~=" if exact => minor_number >= wanted,
            "==" | "===" | "" | "~" | "~=" => minor_number == wanted,
            "!=" => minor_number != wanted || !exact,
            _ => true,
        }
    })
}

/// The oldest and the newest Python that a Django supports.
///
/// Source: Django's release notes, "Python compatibility".
fn of_django(django: &Version) -> (u32, u32) {
    match (django.major, django.minor) {
        (0..=3, _) => (6, 10),
        (4, 0) => (8, 10),
        (4, 1) => (8, 11),
        (4, _) => (8, 12),
        (5, 0) => (10, 12),
        (5, 1) => (10, 13),
        (5, _) => (10, 14),
        _ => (12, u32::MAX),
    }
}

/// The branch to propose, and what has to be said of it.
pub(super) fn branch(
    wanted: Option<&PythonRequirement>,
    django: Option<&Version>,
    branches: &[String],
    usual: &str,
) -> (String, Option<String>) {
    let numbers: Vec<u32> = branches.iter().filter_map(|branch| minor(branch)).collect();
    let usual_number = minor(usual).unwrap_or(13);
    let (oldest, newest) = django.map_or((0, u32::MAX), of_django);
    let fits = |number: &u32| wanted.is_none_or(|wanted| fits(*number, &wanted.version));
    let supported = |number: &u32| (oldest..=newest).contains(number);
    // The usual one, or the nearest below it, or the nearest above.
    let best = |candidates: Vec<u32>| {
        let below = candidates.iter().filter(|number| **number <= usual_number).max();
        below.or_else(|| candidates.iter().min()).copied()
    };
    let both: Vec<u32> = numbers.iter().filter(|number| fits(number) && supported(number)).copied().collect();
    if let Some(number) = best(both) {
        return (format!("3.{number}"), None);
    }
    let wanted_only: Vec<u32> = numbers.iter().filter(|number| fits(number)).copied().collect();
    let nearest = if wanted_only.iter().all(|number| *number > newest) {
        wanted_only.iter().min().copied()
    } else {
        best(wanted_only)
    };
    if let (Some(number), Some(django)) = (nearest, django) {
        return (format!("3.{number}"), Some(format!("Django {django} was not made for Python 3.{number}")));
    }
    let offered = branches.join(", ");
    // Packages of an older Python were tried with nothing newer than the oldest branch.
    let older = wanted
        .and_then(|wanted| minor(exact(wanted.version.trim_start_matches(['=', '~', '^', '<', '>', ' ']))?.as_str()))
        .is_some_and(|wanted| numbers.iter().all(|number| *number > wanted));
    let candidates: Vec<u32> = numbers.iter().filter(|number| supported(number)).copied().collect();
    let number = if older { candidates.iter().min().copied() } else { best(candidates) };
    let number = number.unwrap_or_else(|| numbers.iter().min().copied().unwrap_or(usual_number));
    let mut remark = match wanted {
        Some(PythonRequirement { version, path }) => {
            format!("`{path}` asks for Python {version}; the branches with support have {offered}")
        }
        None => String::new(),
    };
    if let Some(django) = django.filter(|_| !supported(&number)) {
        let more = format!("Django {django} was not made for any of the branches with support ({offered}): upgrade it");
        remark = if remark.is_empty() { more } else { format!("{remark}. {more}") };
    }
    (format!("3.{number}"), (!remark.is_empty()).then_some(remark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branches() -> Vec<String> {
        ["3.14", "3.13", "3.12", "3.11"].map(str::to_owned).to_vec()
    }

    #[test]
    fn each_place_is_read() {
        #[track_caller]
        fn case(path: &str, text: &str, version: Option<&str>) {
            let found = wanted(&Tree::default().file(path, text), &[""]);
            assert_eq!(found.as_ref().map(|wanted| wanted.version.as_str()), version, "{path}");
        }
        case(".python-version", "# pyenv\n3.12.4\n", Some("3.12.4"));
        case(".python-version", "system\n", None);
        case("runtime.txt", "python-3.11.9\n", Some("3.11.9"));
        case(".tool-versions", "nodejs 20\npython 3.12.1\n", Some("3.12.1"));
        case("Pipfile", "[packages]\n[requires]\npython_version = \"3.11\"\n", Some("3.11"));
        case("pyproject.toml", "[project]\nrequires-python = \">=3.10,<3.14\"\n", Some(">=3.10,<3.14"));
        case("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.11\"\n", Some("^3.11"));
        case("Dockerfile", "FROM --platform=linux/amd64 python:3.12-slim AS base\n", Some("3.12"));
        case("Dockerfile", "FROM node:20\nFROM docker.io/library/python:3.13.1\n", Some("3.13.1"));
    }

    #[test]
    fn the_branch_that_fits() {
        #[track_caller]
        fn case(wanted: &str, django: Option<(u32, u32)>, expected: &str, remark: bool) {
            let wanted = PythonRequirement { version: wanted.to_owned(), path: "x".to_owned() };
            let wanted = (!wanted.version.is_empty()).then_some(&wanted);
            let django = django.map(|(major, minor)| Version { major, minor });
            let (branch, said) = branch(wanted, django.as_ref(), &branches(), "3.13");
            assert_eq!((branch.as_str(), said.is_some()), (expected, remark), "{wanted:?} {django:?} {said:?}");
        }
        case("", None, "3.13", false);
        case("3.12.4", None, "3.12", false);
        case("3.14", Some((5, 2)), "3.14", false);
        case(">=3.8", None, "3.13", false);
        case(">=3.10,<3.13", None, "3.12", false);
        case(">=3.14", None, "3.14", false);
        case("^3.11", Some((4, 2)), "3.12", false);
        case("~=3.11.0", None, "3.11", false);
        case("3.8", None, "3.11", true);
        case("3.10.2", None, "3.11", true);
        case("3.13", Some((4, 2)), "3.13", true);
        case("", Some((3, 2)), "3.11", true);
        case(">=3", Some((4, 2)), "3.12", false);
    }
}
