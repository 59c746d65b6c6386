//! Two stages on which every command goes the same way: they differ in nothing but times, and names made at random.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::seen::{STATE, UNDO, files, folders, json};
use super::stage::Stage;

/// The same for stages that are alike, and for no others: all that a command can meet, and all that it is judged by.
pub(super) fn essence(stage: &Stage) -> u64 {
    let mut hasher = DefaultHasher::new();
    let hash = &mut hasher;
    format!("{:?}", stage.model).hash(hash);
    stage.seen.litter.hash(hash);
    remains(&stage.place.path(STATE)).hash(hash);
    files(&stage.place.path(UNDO)).iter().for_each(|path| document(path, &Names::default()).hash(hash));
    // Descriptions hold no times.
    files(&stage.place.path("environments")).iter().for_each(|path| std::fs::read(path).unwrap().hash(hash));
    // Word that runs of this machine leave of themselves, here and at somebody else's.
    for project in ["", "../foreign/"] {
        files(&stage.place.path(format!("{project}.beansprout/operations"))).len().hash(hash);
    }
    hasher.finish()
}

/// Names made at random, of environments and their instances, and what they are told apart by instead.
type Names = Vec<(String, String)>;

fn names(state: &Path) -> Names {
    let state = json(&state.join("state.json"));
    let regions = state["regions"].as_object().into_iter().flat_map(|regions| regions.values());
    let environments = regions.flat_map(|region| region["environments"].as_object()).flat_map(|found| found.values());
    let mut names = Vec::new();
    for environment in environments {
        let text = |field: &str| environment[field].as_str().unwrap_or_default().to_owned();
        let gone = if environment["terminated"].is_string() { ", gone" } else { "" };
        names.push((text("id"), format!("the id of {}{gone}", text("name"))));
        names.push((text("instance"), format!("the instance of {}{gone}", text("name"))));
    }
    names.retain(|(id, _)| !id.is_empty());
    names
}

/// All that is left in the folder of a sandbox.
pub(crate) fn remains(state: &Path) -> Vec<String> {
    let names = &names(state);
    let mut all = vec![document(&state.join("state.json"), names)];
    for bucket in folders(&state.join("buckets")) {
        let mut objects: Vec<String> =
            files(&bucket.join("objects")).iter().filter_map(|path| object(&bucket, path, names)).collect();
        objects.sort();
        let uploads = folders(&bucket.join("uploads")).len();
        all.push(format!("{} {uploads} {objects:?}", bucket.file_name().unwrap().display()));
    }
    all
}

/// What matters of an object. `None`: nothing, because nobody reads it again.
fn object(bucket: &Path, path: &Path, names: &Names) -> Option<String> {
    let object = named(path, names);
    let key = object["key"].as_str().unwrap();
    if key.contains("/audit/") {
        return None;
    }
    let content = match key.ends_with(".json") {
        true => document(&bucket.join("blobs").join(object["blob"].as_str().unwrap()), names),
        false => object["etag"].to_string(),
    };
    // Records are named after the time at which they were made.
    let key: String = key.chars().filter(|char| !char.is_ascii_digit() || key.ends_with(".zip")).collect();
    Some(format!("{key} {content} {}", object["headers"]))
}

/// A document, with other words for names made at random.
fn named(path: &Path, names: &Names) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = names.iter().fold(text, |text, (id, name)| text.replace(id, name));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document(path: &Path, names: &Names) -> String {
    let mut document = named(path, names);
    plain(&mut document);
    document.to_string()
}

fn plain(value: &mut Value) {
    match value {
        Value::String(text) if text.parse::<Timestamp>().is_ok() => "a time".clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(plain),
        Value::Object(fields) => {
            // Names of requests and of runs.
            fields.retain(|name, _| !matches!(name.as_str(), "request" | "run"));
            fields.values_mut().for_each(plain);
        }
        _ => {}
    }
}
