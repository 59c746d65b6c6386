//! The documents that `--json` prints, and their schemas.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{MADE, cell, compare, root};

/// A word or two for what a schema lets stand.
fn kind(schema: &Value) -> String {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    match (&schema["const"], &schema["enum"], &schema["type"]) {
        (Value::String(only), _, _) => format!("`\"{only}\"`"),
        (_, Value::Array(some), _) => {
            some.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(" or ").replace('|', "\\|")
        }
        (_, _, Value::Array(some)) => some.iter().filter_map(word).collect::<Vec<_>>().join(" or "),
        (_, _, Value::String(one)) if one == "array" && schema["items"]["type"].is_string() => {
            format!("array of {}", schema["items"]["type"].as_str().unwrap())
        }
        (_, _, Value::String(one)) => one.clone(),
        _ if !schema["oneOf"].is_null() || !schema["anyOf"].is_null() => "one of several".to_owned(),
        _ if !schema["$ref"].is_null() => "object".to_owned(),
        _ => "any".to_owned(),
    }
}

#[test]
fn documents() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("docs/schema")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut page = format!(
        "{MADE}\n# Documents\n\nEvery document that [`--json`](json.md) prints, with its fields. `docs/schema` has a JSON Schema of each, with the\n\
         fields inside, and the tests hold every document to it. Three are of files: `environment-1`, `application-1` and `release-1`.\n"
    );
    for path in &files {
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let title = schema["title"].as_str().unwrap_or_else(|| panic!("{name} has no title"));
        let id = schema["properties"]["schema"]["const"].as_str().unwrap_or_default().to_owned();
        assert!(id.is_empty() || id.replace(['.', '/'], "-") == format!("beansprout-{name}"), "{name}: {id}");
        write!(page, "\n## {name}\n\n{title}.\n\n| field | type | meaning |\n|---|---|---|\n").unwrap();
        let required: Vec<&str> = schema["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
            let may = if required.contains(&field.as_str()) { "" } else { ", may be missing" };
            let told = cell(inner["description"].as_str().unwrap_or_default());
            writeln!(page, "| `{field}` | {}{may} | {told} |", kind(inner)).unwrap();
        }
    }
    compare("documents.md", &page);
}

/// Every document that the code prints has its schema.
#[test]
fn documents_have_schemas() {
    fn look(dir: &Path, found: &mut Vec<String>) {
        for file in std::fs::read_dir(dir).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                look(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for rest in text.split("const SCHEMA: &str = \"").skip(1) {
                found.extend(rest.split_once('"').map(|(id, _)| id.replace('/', "-")));
            }
        }
    }
    let mut found = vec!["error-1".to_owned()];
    look(&root().join("src"), &mut found);
    assert!(found.len() > 25);
    for name in found.iter().filter(|name| name.contains('-')) {
        assert!(root().join(format!("docs/schema/{name}.json")).is_file(), "{name}");
    }
}
