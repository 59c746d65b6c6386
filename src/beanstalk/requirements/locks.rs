//! Lock files that Elastic Beanstalk does not read, as the lines that pip reads.

mod older;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::{Table, Value};

use super::Requirements;
use crate::beanstalk::lines::Lines;
use crate::beanstalk::purpose::is_of_desk;

/// What the project needs on a server, as a lock has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LockedList {
    pub(crate) lines: Vec<String>,
    /// Groups of uv's lock that are among it: those with Django, where the project itself does not ask for it.
    pub(crate) groups: Vec<String>,
}

impl LockedList {
    /// Nothing where the file has what only its own tool can tell.
    pub(crate) fn read(path: &str, text: &str) -> Option<Self> {
        let table: Table = toml::from_str(text).ok()?;
        let packages = table.get("package")?.as_array()?;
        match path {
            "uv.lock" => uv(packages),
            "poetry.lock" => Some(Self { lines: poetry(packages, None, &|_| false)?, groups: Vec::new() }),
            _ => None,
        }
    }

    /// What its own tool installs of it, of the project and of those groups that are `taken`; each line at its place in the file.
    /// `project` is the text of `pyproject.toml`.
    pub(crate) fn installed(
        path: &str,
        text: &str,
        project: &str,
        taken: &dyn Fn(&str) -> bool,
    ) -> Option<Requirements> {
        let table: Table = toml::from_str(text).ok()?;
        let packages = table.get("package")?.as_array()?;
        let lines = match path.rsplit('/').next()? {
            "uv.lock" => {
                let groups =
                    of_project(packages)?.get("dev-dependencies").and_then(Value::as_table).into_iter().flatten();
                let edges: Vec<&Value> = groups
                    .filter(|(name, _)| taken(name))
                    .filter_map(|(_, edges)| edges.as_array())
                    .flatten()
                    .collect();
                pinned(packages, &closure(packages, &edges)?)?
            }
            "poetry.lock" => poetry(packages, Some(project), taken)?,
            _ => return None,
        };
        let mut found = Requirements::of_text(&lines.join("\n"), path);
        let numbers = Lines::of(text);
        let places = places(text);
        for (line, written) in found.lines.iter_mut().zip(&lines) {
            let place = places.get(written.split("==").next().unwrap_or_default());
            line.span = place.cloned().unwrap_or(0..0);
            line.line = numbers.number(line.span.start);
        }
        (found.lines.len() == lines.len()).then_some(found)
    }
}

/// Where each package begins: its first `name = "…"`.
fn places(text: &str) -> BTreeMap<&str, Range<usize>> {
    const START: &str = "[[package]]\n";
    let mut found = BTreeMap::new();
    for (at, _) in text.match_indices(START) {
        let start = at + START.len();
        let line = text[start..].lines().next().unwrap_or_default();
        if let Some(name) = line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"')) {
            found.entry(name).or_insert(start..start + line.len());
        }
    }
    found
}

fn word<'a>(package: &'a Value, key: &str) -> Option<&'a str> {
    package.get(key)?.as_str()
}

/// The package of uv's lock that is the project itself.
fn of_project(packages: &[Value]) -> Option<&Value> {
    packages.iter().find(|package| {
        package.get("source").is_some_and(|source| {
            ["virtual", "editable"].iter().any(|kind| source.get(kind).and_then(Value::as_str) == Some("."))
        })
    })
}

/// The groups of the project that name Django, each with what it asks for.
fn with_django(project: &Value) -> Vec<(&str, &Vec<Value>)> {
    let groups = project.get("dev-dependencies").and_then(Value::as_table).into_iter().flatten();
    let lists = groups.filter_map(|(name, edges)| Some((name.as_str(), edges.as_array()?)));
    let meant = lists.filter(|(name, _)| !is_of_desk(name));
    meant.filter(|(_, edges)| edges.iter().any(|edge| word(edge, "name") == Some("django"))).collect()
}

/// From the project itself to what it needs, and what that needs; each with the conditions under which it does.
fn uv(packages: &[Value]) -> Option<LockedList> {
    let mut found = closure(packages, &[])?;
    let mut groups = of_project(packages).map(with_django).unwrap_or_default();
    if found.contains_key("django") {
        groups.clear();
    } else if !groups.is_empty() {
        let edges: Vec<&Value> = groups.iter().flat_map(|(_, edges)| *edges).collect();
        found = closure(packages, &edges)?;
    }
    let groups = groups.into_iter().map(|(name, _)| name.to_owned()).collect();
    Some(LockedList { lines: pinned(packages, &found)?, groups })
}

fn pinned(packages: &[Value], found: &Closure) -> Option<Vec<String>> {
    let by_name = by_name(packages)?;
    let mut lines = Vec::new();
    for (name, conditions) in found {
        let package = by_name.get(name.as_str())?;
        // From git, a path or a URL: only the tool knows how.
        package.get("source")?.get("registry")?;
        lines.push(line(name, word(package, "version")?, conditions));
    }
    Some(lines)
}

type Closure = BTreeMap<String, BTreeSet<String>>;

/// What the project or a package asks for, and on which condition: none where it always does.
struct Edge {
    name: String,
    condition: String,
}

fn closure(packages: &[Value], more: &[&Value]) -> Option<Closure> {
    let root = of_project(packages)?;
    let by_name = by_name(packages)?;
    let asked = asked_extras(packages, more);
    let own = |package: &Value| package.get("dependencies").and_then(Value::as_array).cloned().unwrap_or_default();
    let edges = |values: &[&Value]| {
        let edge = |value: &&Value| {
            let condition = word(value, "marker").unwrap_or_default().to_owned();
            Some(Edge { name: word(value, "name")?.to_owned(), condition })
        };
        values.iter().map(edge).collect::<Option<Vec<Edge>>>()
    };
    let needs = |name: &str| {
        let package = *by_name.get(name)?;
        let names = asked.get(name).map(|names| extras(package, names));
        let own = own(package);
        edges(&own.iter().chain(names.into_iter().flatten()).collect::<Vec<_>>())
    };
    reach(edges(&own(root).iter().chain(more.iter().copied()).collect::<Vec<_>>())?, &needs)
}

/// From what is asked for first to what that needs, each with the conditions under which it does.
fn reach(start: Vec<Edge>, needs: &dyn Fn(&str) -> Option<Vec<Edge>>) -> Option<Closure> {
    // More and longer conditions than these nobody reads: only the tool tells.
    const MOST: usize = 5_000;
    const LONGEST: usize = 2_000;
    let mut found = Closure::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut waiting: Vec<(String, String)> = Vec::new();
    let mut asked = (start, String::new());
    loop {
        let (edges, condition) = asked;
        for edge in edges {
            let condition = match edge.condition {
                own if own.is_empty() || own == condition => condition.clone(),
                own if condition.is_empty() => own,
                own => format!("({condition}) and ({own})"),
            };
            if condition.len() > LONGEST || seen.len() > MOST {
                return None;
            }
            if seen.insert((edge.name.clone(), condition.clone())) {
                found.entry(edge.name.clone()).or_default().insert(condition.clone());
                waiting.push((edge.name, condition));
            }
        }
        let Some((name, condition)) = waiting.pop() else { return Some(found) };
        asked = (needs(&name)?, condition);
    }
}

/// The packages by their names; nothing where one is there twice: of two versions only the markers of the resolution tell which.
fn by_name(packages: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let mut found = BTreeMap::new();
    for package in packages {
        if found.insert(word(package, "name")?, package).is_some() {
            return None;
        }
    }
    Some(found)
}

/// The extras that anybody asks of each package.
fn asked_extras<'a>(packages: &'a [Value], more: &[&'a Value]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let edges = packages.iter().filter_map(|other| other.get("dependencies")?.as_array()).flatten();
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges.chain(more.iter().copied()) {
        let Some(name) = word(edge, "name") else { continue };
        let names = edge.get("extra").and_then(Value::as_array).into_iter().flatten();
        found.entry(name).or_default().extend(names.filter_map(Value::as_str));
    }
    found
}

fn extras<'a>(package: &'a Value, names: &BTreeSet<&str>) -> Vec<&'a Value> {
    let optional = package.get("optional-dependencies").and_then(Value::as_table);
    let wanted = optional.into_iter().flatten().filter(|(extra, _)| names.contains(extra.as_str()));
    wanted.filter_map(|(_, edges)| edges.as_array()).flatten().collect()
}

/// Since version 2, Poetry writes groups and markers to each package.
fn poetry(packages: &[Value], project: Option<&str>, taken: &dyn Fn(&str) -> bool) -> Option<Vec<String>> {
    if let Some(project) = project.filter(|_| packages.iter().all(|package| package.get("groups").is_none())) {
        return older::read(project, packages, taken);
    }
    let mut lines = Vec::new();
    for package in packages {
        let groups = package.get("groups")?.as_array()?.iter().filter_map(Value::as_str);
        let groups: Vec<&str> = groups.filter(|group| *group == "main" || taken(group)).collect();
        if groups.is_empty() || package.get("optional").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        if package.get("source").is_some() {
            return None;
        }
        let markers = package.get("markers");
        let of_group = |group: &&str| match markers {
            Some(Value::String(marker)) => marker.clone(),
            Some(Value::Table(by_group)) => by_group.get(*group).and_then(Value::as_str).unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let markers: BTreeSet<String> = groups.iter().map(of_group).collect();
        lines.push(line(word(package, "name")?, word(package, "version")?, &markers));
    }
    lines.sort();
    Some(lines)
}

fn line(name: &str, version: &str, conditions: &BTreeSet<String>) -> String {
    if conditions.contains("") {
        return format!("{name}=={version}");
    }
    let one = |condition: &String| if conditions.len() > 1 { format!("({condition})") } else { condition.clone() };
    format!("{name}=={version} ; {}", conditions.iter().map(one).collect::<Vec<_>>().join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uv_from_the_project_to_what_it_needs() {
        let text = r#"
            [[package]]
            name = "shop"
            source = { virtual = "." }
            dependencies = [{ name = "django" }, { name = "uvicorn", extra = ["standard"] }, { name = "pywin32", marker = "sys_platform == 'win32'" }]
            [package.dev-dependencies]
            dev = [{ name = "pytest" }]
            [[package]]
            name = "django"
            version = "5.2.1"
            source = { registry = "https://packages.invalid/simple" }
            dependencies = [{ name = "asgiref" }, { name = "tzdata", marker = "sys_platform == 'win32'" }]
            [[package]]
            name = "asgiref"
            version = "3.9"
            source = { registry = "https://packages.invalid/simple" }
            [[package]]
            name = "tzdata"
            version = "2025.1"
            source = { registry = "https://packages.invalid/simple" }
            [[package]]
            name = "pywin32"
            version = "300"
            source = { registry = "https://packages.invalid/simple" }
            dependencies = [{ name = "asgiref" }]
            [[package]]
            name = "uvicorn"
            version = "0.30"
            source = { registry = "https://packages.invalid/simple" }
            [package.optional-dependencies]
            standard = [{ name = "httptools" }]
            other = [{ name = "pytest" }]
            [[package]]
            name = "httptools"
            version = "0.6"
            source = { registry = "https://packages.invalid/simple" }
            [[package]]
            name = "pytest"
            version = "8"
            source = { registry = "https://packages.invalid/simple" }
        "#;
        let expected = [
            "asgiref==3.9",
            "django==5.2.1",
            "httptools==0.6",
            "pywin32==300 ; sys_platform == 'win32'",
            "tzdata==2025.1 ; sys_platform == 'win32'",
            "uvicorn==0.30",
        ];
        let locked = LockedList::read("uv.lock", text).unwrap();
        assert_eq!(locked.lines, expected);
        assert_eq!(locked.groups, Vec::<String>::new());
        // A group with Django, where the project itself has none.
        let grouped = |group: &str| {
            let text = text
                .replace("dependencies = [{ name = \"django\" }, ", "dependencies = [")
                .replace("dev = [", &format!("{group} = [{{ name = \"django\" }}]\n            dev = ["));
            LockedList::read("uv.lock", &text).unwrap()
        };
        for group in ["web", "social", "device"] {
            let locked = grouped(group);
            assert_eq!(
                (locked.lines.as_slice(), locked.groups),
                (expected.map(str::to_owned).as_slice(), vec![group.to_owned()])
            );
        }
        for group in ["ci", "web-dev", "tests"] {
            let locked = grouped(group);
            assert!(locked.groups.is_empty() && !locked.lines.iter().any(|line| line.starts_with("django")), "{group}");
        }
        // Only uv knows what to do with these.
        assert_eq!(LockedList::read("uv.lock", &text.replacen("registry", "git", 1)), None);
        assert_eq!(
            LockedList::read(
                "uv.lock",
                &text.replace("name = \"httptools\"\n            version", "name = \"django\"\n            version")
            ),
            None
        );
    }

    #[test]
    fn poetry_by_its_groups() {
        let package = |name: &str, rest: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"1.0\"\noptional = false\n{rest}\n")
        };
        let text = package("django", "groups = [\"main\", \"dev\"]")
            + &package("tzdata", "groups = [\"main\"]\nmarkers = \"sys_platform == 'win32'\"")
            + &package("pytest", "groups = [\"dev\"]");
        assert_eq!(
            LockedList::read("poetry.lock", &text).unwrap().lines,
            ["django==1.0", "tzdata==1.0 ; sys_platform == 'win32'"]
        );
        assert_eq!(LockedList::read("poetry.lock", &package("django", "")), None, "version 1 does not say");
        assert_eq!(LockedList::read("pdm.lock", &text), None);
    }
}
