//! Package lists of a project: where they are, found by what is in them.

use std::collections::BTreeSet;

use crate::beanstalk::purpose::is_of_desk;
use crate::beanstalk::requirements::{self, FILE, LockedList, Requirements as Installed};
use crate::beanstalk::tree::{Tree, file_name};

use super::image;
use super::projects::projects;

/// Where the list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// `requirements.txt` at the top.
    File,
    /// Another file of pip's, which that one can include.
    Include(String),
    Pipfile,
    /// A lock file that Elastic Beanstalk does not read, and the command that makes a list of it.
    Lock {
        path: String,
        add: &'static str,
        export: &'static str,
    },
    /// Lines that another file has, such as `pyproject.toml`.
    Lines {
        path: String,
        lines: Vec<String>,
        /// The lock file beside it that only its own tool can read, and the command that makes a list of it.
        instead_of: Option<(String, &'static str)>,
    },
    Nowhere,
}

/// From what is meant for servers to what is meant for everybody.
const WORDS: &[&str] = &["production", "prod", "deploy", "server", "live", "base", "common", "requirements", "main"];

/// The list of the project in `folder`: the first that asks for Django, or else the first of all.
///
/// What the instance reads at the top comes first, then what is beside `manage.py`; never what belongs to another project.
pub(super) fn source(tree: &Tree, folder: &str) -> Source {
    if tree.is_file(FILE) {
        return Source::File;
    }
    if tree.is_file("Pipfile") {
        return Source::Pipfile;
    }
    let folders: Vec<&str> = if folder.is_empty() { vec![""] } else { vec![folder, ""] };
    let others: Vec<String> = projects(tree).into_iter().filter(|other| other != folder && !other.is_empty()).collect();
    let foreign =
        |path: &str| others.iter().any(|other| path.starts_with(other.as_str()) && !folder.starts_with(other.as_str()));
    let mut found: Vec<Source> = Vec::new();
    for folder in &folders {
        found.extend(included(tree, folder).into_iter().filter(|path| !foreign(path)).map(Source::Include));
        found.extend(lock(tree, folder));
        found.extend(declared(tree, folder));
    }
    if !found.iter().any(|source| asks_for_django(tree, source)) {
        found.extend(elsewhere(tree, folder).into_iter().filter(|source| asks_for_django(tree, source)));
    }
    let at = found.iter().position(|source| asks_for_django(tree, source)).unwrap_or(0);
    if found.is_empty() { Source::Nowhere } else { found.swap_remove(at) }
}

/// Lists of other tools: what an image installs, and conda's.
fn elsewhere(tree: &Tree, folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let lines = |path: &str, lines: Vec<String>| Source::Lines { path: path.to_owned(), lines, instead_of: None };
    for path in image::dockerfiles(tree, folder) {
        let (packages, files) = image::installed(tree.text(path).unwrap_or_default());
        for file in files {
            let name = file_name(&file);
            let mut there = tree.iter().map(|(path, _)| path).filter(|path| file_name(path) == name);
            // Where it lies in the image says little about where it lies here.
            if let (Some(only), None) = (there.next(), there.next()) {
                found.push(Source::Include(only.to_owned()));
            }
        }
        found.push(lines(path, packages));
    }
    for name in image::CONDA {
        for folder in [folder, ""] {
            let path = format!("{folder}{name}");
            found.extend(tree.text(&path).map(|text| lines(&path, image::conda(text))));
        }
    }
    found
}

fn asks_for_django(tree: &Tree, source: &Source) -> bool {
    match source {
        Source::Include(path) => Installed::of_file(path, &|path| tree.bytes(path)).get("django").yes().is_some(),
        Source::Lock { path, .. } => {
            tree.text(path).is_some_and(|text| text.to_ascii_lowercase().contains("name = \"django\""))
        }
        Source::Lines { path, lines, .. } => Installed::of_text(&lines.join("\n"), path).get("django").yes().is_some(),
        Source::File | Source::Pipfile | Source::Nowhere => true,
    }
}

/// The files of pip's in a folder or in its folder of such files, those for servers first.
fn included(tree: &Tree, folder: &str) -> Vec<String> {
    let words = |part: &str| -> BTreeSet<String> {
        part.trim_end_matches(".txt").split(['-', '_', '.']).map(str::to_owned).collect()
    };
    let rank = |path: &str| WORDS.iter().position(|word| words(file_name(path)).contains(*word));
    let near = |path: &&str| {
        path.strip_prefix(folder).is_some_and(|inside| {
            inside.ends_with(".txt")
                && inside.matches('/').count() <= 1
                && (file_name(inside).contains("requirements") || inside.contains("requirements/"))
                && !is_of_desk(inside)
        })
    };
    let mut found: Vec<(usize, &str)> = tree
        .iter()
        .map(|(path, _)| path)
        .filter(near)
        .filter(|path| tree.content(path).is_some())
        .filter_map(|path| Some((rank(path)?, path)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, path)| path.to_owned()).collect()
}

fn lock(tree: &Tree, folder: &str) -> Option<Source> {
    let locks = [
        ("uv.lock", "uv add", "uv export --no-dev --no-emit-project --format requirements-txt -o requirements.txt"),
        ("poetry.lock", "poetry add", "poetry export -o requirements.txt"),
        ("pdm.lock", "pdm add", "pdm export --prod -o requirements.txt"),
    ];
    let found = locks.into_iter().map(|(name, add, export)| (format!("{folder}{name}"), add, export));
    let (path, add, export) = found.into_iter().find(|(path, ..)| tree.is_file(path))?;
    // What cannot be taken from the lock may still be told by what it was made from.
    let taken = tree.text(&path).and_then(|text| LockedList::read(file_name(&path), text));
    match (taken, declared(tree, folder)) {
        (None, Some(Source::Lines { path: declared, lines, .. })) => {
            Some(Source::Lines { path: declared, lines, instead_of: Some((path, export)) })
        }
        _ => Some(Source::Lock { path, add, export }),
    }
}

/// Dependencies as `pyproject.toml` or `setup.cfg` declares them.
fn declared(tree: &Tree, folder: &str) -> Option<Source> {
    let lines = |name: &str, read: fn(&str) -> Option<Vec<String>>| {
        let path = format!("{folder}{name}");
        let lines = read(tree.text(&path)?)?;
        (!lines.is_empty()).then_some(Source::Lines { path, lines, instead_of: None })
    };
    lines("pyproject.toml", pyproject).or_else(|| lines("setup.cfg", setup_cfg))
}

fn pyproject(text: &str) -> Option<Vec<String>> {
    let table: toml::Table = toml::from_str(text).ok()?;
    let strings = |value: &toml::Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|line| line.as_str()).map(str::to_owned).collect()
    };
    let declared =
        table.get("project").and_then(toml::Value::as_table).map(requirements::dependencies).unwrap_or_default();
    if !declared.is_empty() {
        return Some(declared);
    }
    let poetry = table.get("tool").and_then(|tool| tool.get("poetry")?.get("dependencies")?.as_table());
    if let Some(poetry) = poetry {
        return Some(
            poetry
                .iter()
                .filter(|(name, _)| *name != "python")
                .filter_map(|(name, value)| of_poetry(name, value))
                .collect(),
        );
    }
    let groups = table.get("dependency-groups")?.as_table()?;
    let mut best: Vec<(&String, Vec<String>)> =
        groups.iter().filter(|(name, _)| !is_of_desk(name)).map(|(name, lines)| (name, strings(lines))).collect();
    best.retain(|(_, lines)| lines.iter().any(|line| line.to_ascii_lowercase().starts_with("django")));
    best.into_iter().next().map(|(_, lines)| lines)
}

/// A line of Poetry's as pip reads it; nothing for folders, repositories and optional packages.
fn of_poetry(name: &str, value: &toml::Value) -> Option<String> {
    let text = |key: &str| value.get(key).and_then(toml::Value::as_str);
    if value.get("optional").and_then(toml::Value::as_bool) == Some(true) {
        return None;
    }
    if let Some(url) = text("git") {
        let revision = text("rev").or(text("tag")).or(text("branch")).map(|rev| format!("@{rev}")).unwrap_or_default();
        return Some(format!("{name} @ git+{url}{revision}"));
    }
    let version = value.as_str().or_else(|| text("version"))?;
    let extras: Vec<&str> = value
        .get("extras")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|extra| extra.as_str())
        .collect();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    let marker = text("markers").map(|marker| format!(" ; {marker}")).unwrap_or_default();
    Some(format!("{name}{extras}{}{marker}", of_caret(version)))
}

/// `^5.2` is `>=5.2,<6`, `~5.2` is `>=5.2,<5.3`, `5.2.1` is `==5.2.1`.
fn of_caret(version: &str) -> String {
    let one = |version: &str| -> String {
        let version = version.trim();
        let numbers = |text: &str| -> Vec<u32> { text.split('.').map_while(|part| part.parse().ok()).collect() };
        if let Some(base) = version.strip_prefix('^') {
            let parts = numbers(base);
            let at = parts.iter().position(|number| *number > 0).unwrap_or(0);
            let mut next: Vec<String> = parts.iter().take(at).map(u32::to_string).collect();
            next.push((parts.get(at).copied().unwrap_or(0) + 1).to_string());
            return format!(">={base},<{}", next.join("."));
        }
        if let Some(base) = version.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
            let parts = numbers(base);
            let next = match parts.as_slice() {
                [major] => (major + 1).to_string(),
                [major, minor, ..] => format!("{major}.{}", minor + 1),
                [] => return String::new(),
            };
            return format!(">={base},<{next}");
        }
        match version {
            "*" | "" => String::new(),
            version if version.starts_with(|c: char| c.is_ascii_digit()) => format!("=={version}"),
            version => version.to_owned(),
        }
    };
    version.split(',').map(one).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

/// `install_requires` of `[options]`.
fn setup_cfg(text: &str) -> Option<Vec<String>> {
    let mut section = "";
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            (section, inside) = (name, false);
        } else if inside && line.starts_with([' ', '\t']) {
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                lines.push(trimmed.to_owned());
            }
        } else if section == "options" {
            let (key, first) = trimmed.split_once('=').unwrap_or((trimmed, ""));
            inside = key.trim() == "install_requires";
            if inside && !first.trim().is_empty() {
                lines.push(first.trim().to_owned());
            }
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANAGE: &str = "execute_from_command_line(sys.argv)\n";

    #[test]
    fn a_list_is_known_by_what_is_in_it() {
        let tree = Tree::default()
            .file("manage.py", MANAGE)
            .file("requirements_tools.txt", "psycopg2-binary\n")
            .file("pyproject.toml", "[project]\ndependencies = [\"django>=5\"]\n");
        let lines = vec!["django>=5".to_owned()];
        assert_eq!(source(&tree, ""), Source::Lines { path: "pyproject.toml".to_owned(), lines, instead_of: None });
        let tree = Tree::default().file("requirements_tools.txt", "black\n");
        assert_eq!(source(&tree, ""), Source::Include("requirements_tools.txt".to_owned()));
    }

    #[test]
    fn beside_manage_py_and_never_another_project() {
        let tree = Tree::default()
            .file("one/manage.py", MANAGE)
            .file("two/manage.py", MANAGE)
            .file("one/requirements.txt", "Django\nchannels\n")
            .file("two/requirements.txt", "Django\nfeedparser\n");
        assert_eq!(source(&tree, "two/"), Source::Include("two/requirements.txt".to_owned()));
        let bare = Tree::default()
            .file("one/manage.py", MANAGE)
            .file("two/manage.py", MANAGE)
            .file("one/requirements.txt", "Django\n");
        assert_eq!(source(&bare, "two/"), Source::Nowhere);
        let lock = Tree::default()
            .file("backend/manage.py", MANAGE)
            .file("backend/pyproject.toml", "[project]\ndependencies = [\"Django\", \"requests\"]\n")
            .file("backend/uv.lock", "version = 1\n");
        assert!(matches!(source(&lock, "backend/"), Source::Lines { path, .. } if path == "backend/pyproject.toml"));
    }

    #[test]
    fn every_way_to_declare() {
        #[track_caller]
        fn case(path: &str, text: &str, expected: &[&str]) {
            let found = source(&Tree::default().file(path, text), "");
            let Source::Lines { lines, .. } = found else { panic!("{found:?}") };
            assert_eq!(lines, expected);
        }
        case(
            "pyproject.toml",
            "[tool.poetry.dependencies]\npython = \"^3.11\"\ndjango = \"^5.2\"\ngunicorn = \"*\"\nuvicorn = {version = \"~0.30\", extras = [\"standard\"]}\n",
            &["django>=5.2,<6", "gunicorn", "uvicorn[standard]>=0.30,<0.31"],
        );
        case(
            "pyproject.toml",
            "[dependency-groups]\ntest = [\"pytest-django\"]\nmain = [\"django>=5\", \"requests\"]\n",
            &["django>=5", "requests"],
        );
        case(
            "setup.cfg",
            "[metadata]\nname = x\n[options]\ninstall_requires =\n    django>=5.2\n    requests\npackages = find:\n",
            &["django>=5.2", "requests"],
        );
        case("environment.yml", "dependencies:\n  - django=5.1\n", &["django==5.1.*"]);
        case("Dockerfile", "RUN pip install Django==5.2.1 gunicorn\n", &["Django==5.2.1", "gunicorn"]);
        let deps = Tree::default()
            .file("docker/Dockerfile", "RUN pip install -r /tmp/deps.txt\n")
            .file("etc/deps.txt", "Django\n");
        assert_eq!(source(&deps, ""), Source::Include("etc/deps.txt".to_owned()));
        assert_eq!(of_caret("^0.3.1"), ">=0.3.1,<0.4");
        assert_eq!(of_caret("5.2.1"), "==5.2.1");
    }
}
