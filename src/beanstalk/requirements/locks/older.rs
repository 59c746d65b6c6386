//! Older: locks of Poetry before its version 2, which say of no package who asks for it: from the lists of the project through what each needs.
//!
//! Source: Poetry's documentation of `pyproject.toml`, and locks that its 1.1 and 1.8 write (`lock-version` 1.1 and 2.0).

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{Edge, line, reach, word};
use crate::package_name::normal;

/// Something that is asked for, as one table has it.
struct Ask<'a> {
    name: String,
    markers: &'a str,
    is_optional: bool,
    extras: Vec<&'a str>,
}

pub(super) fn read(project: &str, packages: &[Value], taken: &dyn Fn(&str) -> bool) -> Option<Vec<String>> {
    let project: Table = toml::from_str(project).ok()?;
    let poetry = project.get("tool")?.get("poetry")?;
    let mut asks = asks(poetry.get("dependencies")?.as_table()?)?;
    let grouped = poetry.get("group").and_then(Value::as_table).into_iter().flatten();
    let groups = grouped.filter_map(|(name, group)| Some((name.as_str(), group.get("dependencies")?)));
    for (name, list) in groups.chain(poetry.get("dev-dependencies").map(|list| ("dev", list))) {
        if taken(name) {
            asks.extend(self::asks(list.as_table()?)?);
        }
    }
    let mut by_name: BTreeMap<String, &Value> = BTreeMap::new();
    for package in packages {
        // Of two versions only the conditions of both tell which.
        if by_name.insert(normal(word(package, "name")?), package).is_some() {
            return None;
        }
    }
    let lists = packages.iter().filter_map(|package| package.get("dependencies")?.as_table());
    let all: Vec<Vec<Ask<'_>>> = lists.map(self::asks).collect::<Option<_>>()?;
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for ask in asks.iter().chain(all.iter().flatten()) {
        asked.entry(&ask.name).or_default().extend(&ask.extras);
    }
    // What no machine of the lock needs is not in it.
    let is_here = |edge: &Edge| edge.condition.is_empty() || by_name.contains_key(&edge.name);
    let edge = |ask: &Ask<'_>| Edge { name: ask.name.clone(), condition: ask.markers.to_owned() };
    let start: Vec<Edge> = asks.iter().filter(|ask| !ask.is_optional).map(edge).filter(is_here).collect();
    let needs = |name: &str| {
        let package = by_name.get(name)?;
        let Some(list) = package.get("dependencies").and_then(Value::as_table) else { return Some(Vec::new()) };
        let none = BTreeSet::new();
        let wanted = Wanted::of(package, asked.get(name).unwrap_or(&none))?;
        let found = self::asks(list)?.into_iter().filter_map(|ask| wanted.edge(&ask));
        Some(found.filter(is_here).collect())
    };
    let mut lines = Vec::new();
    for (name, conditions) in reach(start, &needs)? {
        let package = by_name.get(&name)?;
        // From git, a path or another index: only the tool knows how.
        if package.get("source").is_some() {
            return None;
        }
        lines.push(line(&name, word(package, "version")?, &conditions));
    }
    Some(lines)
}

/// All that a table asks for; `None`: not all of it is understood.
fn asks(table: &Table) -> Option<Vec<Ask<'_>>> {
    let mut found = Vec::new();
    for (name, value) in table.iter().filter(|(name, _)| *name != "python") {
        let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in several {
            // Conditions that have names of their own.
            if value.get("python").is_some() || value.get("platform").is_some() {
                return None;
            }
            let extras = value.get("extras").and_then(Value::as_array).into_iter().flatten();
            found.push(Ask {
                name: normal(name),
                markers: word(value, "markers").unwrap_or_default(),
                is_optional: value.get("optional").and_then(Value::as_bool) == Some(true),
                extras: extras.filter_map(Value::as_str).collect(),
            });
        }
    }
    Some(found)
}

/// What a package is wanted with.
struct Wanted<'a> {
    extras: &'a BTreeSet<&'a str>,
    /// What these bring along.
    names: BTreeSet<String>,
}

impl<'a> Wanted<'a> {
    fn of(package: &Value, extras: &'a BTreeSet<&'a str>) -> Option<Self> {
        let own = normal(word(package, "name")?);
        let mut names = BTreeSet::new();
        for extra in extras {
            let lists = package.get("extras").and_then(Value::as_table);
            let list = lists.and_then(|lists| lists.get(*extra)).and_then(Value::as_array);
            for text in list.into_iter().flatten().filter_map(Value::as_str) {
                let end = text.find(|char: char| !char.is_ascii_alphanumeric() && !"-_.".contains(char));
                names.insert(normal(&text[..end.unwrap_or(text.len())]));
            }
        }
        // One extra that stands for others.
        (!names.contains(&own)).then_some(Self { extras, names })
    }

    fn edge(&self, ask: &Ask<'_>) -> Option<Edge> {
        let of_extra = |part: &str| {
            let name = part.trim().strip_prefix("extra ==")?.trim().trim_matches(['"', '\'']);
            Some(self.extras.contains(name))
        };
        let parts: Vec<&str> = ask.markers.split(" and ").collect();
        let other = parts.iter().any(|part| of_extra(part) == Some(false));
        if ask.is_optional && (!self.names.contains(&ask.name) || other) {
            return None;
        }
        let rest: Vec<&str> = parts.into_iter().filter(|part| of_extra(part).is_none()).collect();
        Some(Edge { name: ask.name.clone(), condition: rest.join(" and ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = "[tool.poetry.dependencies]\npython = \"^3.9\"\nDjango = \"^4.2\"\nuvicorn = {version = \"*\", extras = [\"standard\"]}\nboto3 = {version = \"*\", optional = true}\n[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n";

    fn package(name: &str, rest: &str) -> String {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0\"\noptional = false\n{rest}\n")
    }

    fn lock(more: &str) -> String {
        [
            package("asgiref", ""),
            package("boto3", ""),
            package("django", "[package.dependencies]\nAsgiRef = \">=3\"\ntzdata = {version = \"*\", markers = \"sys_platform == 'win32'\"}\ngone = {version = \"*\", markers = \"python_version < '3'\"}"),
            package("httptools", ""),
            package("pytest", "[package.dependencies]\npluggy = \"*\""),
            package("pluggy", ""),
            package("tzdata", ""),
            package("uvicorn", "[package.dependencies]\nhttptools = {version = \"*\", optional = true, markers = \"extra == \\\"standard\\\"\"}\nother = {version = \"*\", optional = true, markers = \"extra == \\\"other\\\"\"}\n[package.extras]\nstandard = [\"httptools (>=0.5)\"]\nother = [\"other\"]"),
            more.to_owned(),
        ]
        .concat()
    }

    fn lines(project: &str, lock: &str, dev: bool) -> Option<Vec<String>> {
        let table: Table = toml::from_str(lock).unwrap();
        read(project, table.get("package")?.as_array()?, &|_| dev)
    }

    #[test]
    fn from_the_lists_of_the_project_to_what_each_needs() {
        let expected =
            ["asgiref==1.0", "django==1.0", "httptools==1.0", "tzdata==1.0 ; sys_platform == 'win32'", "uvicorn==1.0"];
        assert_eq!(lines(PROJECT, &lock(""), false).unwrap(), expected);
        let with_dev = lines(PROJECT, &lock(""), true).unwrap();
        assert!(with_dev.contains(&"pytest==1.0".to_owned()) && with_dev.contains(&"pluggy==1.0".to_owned()));
    }

    #[test]
    fn what_only_the_tool_knows() {
        assert_eq!(lines("[project]\nname = \"x\"\n", &lock(""), false), None, "lists elsewhere");
        assert_eq!(lines(PROJECT, &lock(&package("django", "")), false), None, "two versions");
        let of_git = lock("").replace("name = \"asgiref\"", "name = \"asgiref\"\nsource = {type = \"git\"}");
        assert_eq!(lines(PROJECT, &of_git, false), None);
        let by_python = PROJECT.replace("\"^4.2\"", "{version = \"^4.2\", python = \"<3.10\"}");
        assert_eq!(lines(&by_python, &lock(""), false), None);
        assert_eq!(lines(&PROJECT.replace("Django", "Flask"), &lock(""), false), None, "not in the lock");
    }
}
