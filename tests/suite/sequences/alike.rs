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
    files(&stage.place.path(UNDO)).iter().for_each(|path| document(path).hash(hash));
    // Word that runs of this machine leave of themselves, here and at somebody else's.
    for project in ["", "../foreign/"] {
        files(&stage.place.path(format!("{project}.beansprout/operations"))).len().hash(hash);
    }
    hasher.finish()
}

/// All that is left in the folder of a sandbox.
pub(crate) fn remains(state: &Path) -> Vec<String> {
    let mut all = vec![document(&state.join("state.json"))];
    for bucket in folders(&state.join("buckets")) {
        let mut objects: Vec<String> =
            files(&bucket.join("objects")).iter().filter_map(|path| object(&bucket, path)).collect();
        objects.sort();
        let uploads = folders(&bucket.join("uploads")).len();
        all.push(format!("{} {uploads} {objects:?}", bucket.file_name().unwrap().display()));
    }
    all
}

/// What matters of an object. `None`: nothing, because nobody reads it again.
fn object(bucket: &Path, path: &Path) -> Option<String> {
    let object = json(path);
    let key = object["key"].as_str().unwrap();
    if key.contains("/audit/") {
        return None;
    }
    let content = match key.ends_with(".json") {
        true => document(&bucket.join("blobs").join(object["blob"].as_str().unwrap())),
        false => object["etag"].to_string(),
    };
    // Records are named after the time at which they were made.
    let key: String = key.chars().filter(|char| !char.is_ascii_digit() || key.ends_with(".zip")).collect();
    Some(format!("{key} {content} {}", object["headers"]))
}

fn document(path: &Path) -> String {
    let mut document = json(path);
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
