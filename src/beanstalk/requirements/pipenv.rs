//! pipenv's two files: what people write, and what it locks.

use super::line::{normal, package};
use super::{Requirement, Source};
use crate::beanstalk::lines::Lines;

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
        let url = value["git"].as_str().map(|url| format!("git+{url}"));
        Requirement {
            extras: extras.into_iter().flatten().map(normal).collect(),
            marker: value["markers"].as_str().map(str::to_owned),
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
        let url = value.get("git").and_then(toml::Value::as_str).map(|url| format!("{name} @ git+{url}"));
        let span = place(name);
        Requirement {
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
