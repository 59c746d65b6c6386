//! pipenv's two files: what people write, and what it locks.

use super::line::package;
use super::{Requirement, Source};
use crate::beanstalk::lines::Lines;
use crate::package_name::normal;

/// A package index that one of the two names, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipenvSource {
    /// As it is written: `${NAME}` is a variable.
    pub url: String,
    /// `verify_ssl`: is its certificate looked at?
    pub verify: bool,
}

impl PipenvSource {
    /// Of the content of one of pipenv's files; none where it cannot be read.
    pub fn read(file: Source, content: &[u8]) -> Vec<Self> {
        let of_toml = || toml::from_str(std::str::from_utf8(content).ok()?).ok();
        let (document, place): (Option<serde_json::Value>, _) = match file {
            Source::PipfileLock => (serde_json::from_slice(content).ok(), "/_meta/sources"),
            Source::Pipfile => (of_toml(), "/source"),
            Source::Requirements => return Vec::new(),
        };
        let source = |source: &serde_json::Value| {
            let verify = source["verify_ssl"].as_bool() != Some(false);
            source["url"].as_str().map(|url| Self { url: url.to_owned(), verify })
        };
        let sources = document.as_ref().and_then(|document| document.pointer(place)?.as_array());
        sources.into_iter().flatten().filter_map(source).collect()
    }
}

/// Where a package comes from that no index has: a repository at a revision, an archive, a folder.
fn elsewhere<'a>(key: &dyn Fn(&str) -> Option<&'a str>) -> Option<String> {
    let repository = ["git", "hg", "svn", "bzr"].into_iter().find_map(|kind| Some(format!("{kind}+{}", key(kind)?)));
    let revision = key("ref").map(|revision| format!("@{revision}")).unwrap_or_default();
    let other = || ["file", "path"].into_iter().find_map(key).map(str::to_owned);
    repository.map(|url| url + &revision).or_else(other)
}

/// Keys that pipenv takes for a condition each, such as `sys_platform = "== 'linux'"`.
const CONDITIONS: [&str; 11] = [
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_version",
    "python_full_version",
    "implementation_name",
    "implementation_version",
];

/// When a package counts: `markers`, and all of those.
fn marker<'a>(key: &dyn Fn(&str) -> Option<&'a str>) -> Option<String> {
    let each = CONDITIONS.into_iter().filter_map(|name| Some(format!("{name} {}", key(name)?)));
    let all: Vec<String> = key("markers").map(str::to_owned).into_iter().chain(each).collect();
    match all.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(many.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" and ")),
    }
}

/// `default` of `Pipfile.lock`.
pub(super) fn lock(content: &[u8]) -> Result<Vec<Requirement>, String> {
    let document: serde_json::Value =
        serde_json::from_slice(content).map_err(|error| format!("it is not JSON: {error}"))?;
    let text = String::from_utf8_lossy(content);
    let lines = Lines::of(&text);
    let from = text.find("\"default\"").unwrap_or(0);
    let packages = document.get("default").and_then(serde_json::Value::as_object);
    let requirement = |(name, value): (&String, &serde_json::Value)| {
        let key = format!("\"{name}\"");
        let span = text[from..].find(&key).map_or(0..0, |at| from + at..from + at + key.len());
        let version = value["version"].as_str().unwrap_or_default();
        let extras = value["extras"].as_array().map(|extras| extras.iter().filter_map(|extra| extra.as_str()));
        let url = elsewhere(&|key| value[key].as_str());
        Requirement {
            extras: extras.into_iter().flatten().map(normal).collect(),
            marker: marker(&|key| value[key].as_str()),
            editable: value["editable"].as_bool() == Some(true),
            hashes: value["hashes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|hash| hash.as_str())
                .map(str::to_owned)
                .collect(),
            path: Source::PipfileLock.file().to_owned(),
            line: lines.number(span.start),
            span,
            ..package(&url.map_or_else(|| format!("{name}{version}"), |url| format!("{name} @ {url}")))
        }
    };
    Ok(packages.into_iter().flatten().map(requirement).collect())
}

/// `[packages]` of `Pipfile`.
pub(super) fn pipfile(content: &[u8]) -> Result<Vec<Requirement>, String> {
    let text = std::str::from_utf8(content).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let table: toml::Table = toml::from_str(text).map_err(|error| format!("it is not TOML: {}", error.message()))?;
    let lines = Lines::of(text);
    let from = text.find("[packages]").unwrap_or(0);
    let place = |name: &str| {
        let mut at = from;
        for line in text[from..].split_inclusive('\n') {
            let key = line.split('=').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            if key == name && line.contains('=') {
                return at..at + line.trim_end().len();
            }
            at += line.len();
        }
        0..0
    };
    let packages = table.get("packages").and_then(toml::Value::as_table);
    let requirement = |(name, value): (&String, &toml::Value)| {
        let version = value.as_str().or_else(|| value.get("version")?.as_str()).filter(|version| *version != "*");
        let extras = value.get("extras").and_then(toml::Value::as_array);
        let url = elsewhere(&|key| value.get(key)?.as_str()).map(|url| format!("{name} @ {url}"));
        let span = place(name);
        Requirement {
            marker: marker(&|key| value.get(key)?.as_str()),
            extras: extras.into_iter().flatten().filter_map(|extra| extra.as_str()).map(normal).collect(),
            editable: value.get("editable").and_then(toml::Value::as_bool) == Some(true),
            path: Source::Pipfile.file().to_owned(),
            line: lines.number(span.start),
            span,
            ..package(&url.unwrap_or_else(|| format!("{name}{}", version.unwrap_or_default())))
        }
    };
    Ok(packages.into_iter().flatten().map(requirement).collect())
}
