//! What a project asks for in its `pyproject.toml`: `[project]` of the Python Packaging User Guide.

use std::collections::BTreeSet;
use std::fmt;

use toml::{Table, Value};

use super::Requirements;
use crate::beanstalk::lines::Lines;
use crate::package_name::normal;

/// A `pyproject.toml`, and which of its extras are asked for besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pyproject {
    pub path: String,
    pub extras: BTreeSet<String>,
}

impl fmt::Display for Pyproject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.extras.is_empty() {
            return Ok(());
        }
        write!(f, "[{}]", self.extras.iter().map(String::as_str).collect::<Vec<_>>().join(","))
    }
}

impl Pyproject {
    pub const FILE: &str = "pyproject.toml";
    /// Instead of the name of an extra: every one.
    pub const ALL: &str = "*";

    /// As it is displayed; `None`: another file.
    pub fn named(from: &str) -> Option<Self> {
        let (path, extras) = match from.strip_suffix(']') {
            Some(rest) => rest.split_once('[')?,
            None => (from, ""),
        };
        let is_one = path.rsplit('/').next() == Some(Self::FILE);
        let extras = extras.split(',').filter(|extra| !extra.is_empty()).map(str::to_owned).collect();
        is_one.then(|| Self { path: path.to_owned(), extras })
    }

    /// What it asks for, each line with its place, and the text that stands for it in a digest, since what else it says changes
    /// nothing that is installed; or why that is not known.
    pub fn read(&self, text: &str) -> Result<(Requirements, String), String> {
        let declared = self.lines(text)?;
        let mut found = Requirements::of_text(&declared.join("\n"), &self.path);
        let numbers = Lines::of(text);
        for line in &mut found.lines {
            let asked = declared.get(line.line - 1).map_or("", String::as_str);
            let place = ['"', '\''].into_iter().find_map(|quote| text.find(&format!("{quote}{asked}{quote}")));
            line.span = place.map_or(0..0, |at| at + 1..at + 1 + asked.len());
            line.line = numbers.number(line.span.start);
        }
        Ok((found, declared.join("\n")))
    }

    /// The lines, as pip has them: those of the project, and those of the extras.
    fn lines(&self, text: &str) -> Result<Vec<String>, String> {
        let table: Table = toml::from_str(text).map_err(|error| format!("it is not TOML: {}", error.message()))?;
        let project = table.get("project").and_then(Value::as_table).ok_or("it has no `[project]`")?;
        let dynamic = project.get("dynamic").and_then(Value::as_array).into_iter().flatten();
        if let Some(name) = dynamic.filter_map(Value::as_str).find(|name| name.ends_with("dependencies")) {
            return Err(format!("its `{name}` are `dynamic`: only the tool that builds it knows them"));
        }
        let mut found = dependencies(project);
        let optional = project.get("optional-dependencies").and_then(Value::as_table);
        let own = project.get("name").and_then(Value::as_str).map(normal);
        let mut waiting: Vec<String> = self.extras.iter().cloned().collect();
        let mut seen = BTreeSet::new();
        while let Some(wanted) = waiting.pop() {
            if !seen.insert(wanted.clone()) {
                continue;
            }
            let all = optional.into_iter().flatten();
            let mut chosen = all.filter(|(name, _)| wanted == Self::ALL || normal(name) == wanted).peekable();
            if chosen.peek().is_none() && wanted != Self::ALL {
                return Err(format!("it has no extra `{wanted}`"));
            }
            for line in chosen.flat_map(|(_, lines)| strings(lines)) {
                let asked = super::line::package(&line);
                // One extra may be made of others of the same project.
                if own.as_ref() == Some(&asked.name) {
                    waiting.extend(asked.extras);
                } else {
                    found.push(line);
                }
            }
        }
        Ok(found)
    }
}

/// `dependencies` of a `[project]`.
pub fn dependencies(project: &Table) -> Vec<String> {
    project.get("dependencies").map(strings).unwrap_or_default()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[project]
name = "My_Shop"
dependencies = [
    "Django>=5",
    'tzdata; sys_platform == "win32"',
]
[project.optional-dependencies]
web = ["gunicorn"]
AWS_tools = ["boto3"]
all = ["my-shop[web,aws-tools]", "extra"]
"#;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["pyproject.toml", "backend/pyproject.toml[aws-tools,web]", "pyproject.toml[*]"] {
            assert_eq!(Pyproject::named(name).unwrap().to_string(), name);
        }
        assert_eq!(Pyproject::named("requirements.in"), None);
        assert_eq!(Pyproject::named("not-pyproject.toml"), None);
    }

    #[test]
    fn what_a_project_asks_for() {
        #[track_caller]
        fn case(name: &str, expected: &[(&str, usize)]) {
            let (found, _) = Pyproject::named(name).unwrap().read(TEXT).unwrap();
            let found: Vec<(&str, usize)> = found.lines.iter().map(|line| (line.name.as_str(), line.line)).collect();
            assert_eq!(found, expected);
        }
        case("pyproject.toml", &[("django", 4), ("tzdata", 5)]);
        case("pyproject.toml[web]", &[("django", 4), ("tzdata", 5), ("gunicorn", 8)]);
        case("pyproject.toml[all]", &[("django", 4), ("tzdata", 5), ("extra", 10), ("boto3", 9), ("gunicorn", 8)]);
    }

    #[test]
    fn what_is_not_known_is_said() {
        #[track_caller]
        fn case(name: &str, text: &str, why: &str) {
            let error = Pyproject::named(name).unwrap().lines(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        case("pyproject.toml", "[project", "it is not TOML");
        case("pyproject.toml", "[tool.poetry.dependencies]\ndjango = '*'\n", "has no `[project]`");
        case("pyproject.toml", "[project]\ndynamic = ['dependencies']\n", "`dynamic`");
        case("pyproject.toml[x]", "[project]\n", "no extra `x`");
    }
}
