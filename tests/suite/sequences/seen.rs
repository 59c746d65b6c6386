//! What is true at one moment, read from the files of the stand-in and of the project: never from the program's own words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::Place;

pub(super) const STATE: &str = ".beansprout/aws";
pub(super) const UNDO: &str = ".beansprout/undo";

/// The environment that releases go to; the one that may get its visitors; the one that is launched.
pub(super) const RELEASED: &str = "shop-prod";
pub(super) const GREEN: &str = "shop-green";
pub(super) const REVIEW: &str = "shop-review";

/// Bucket and key.
pub(super) type At = (String, String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) bundle: At,
    pub(super) description: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) status: String,
}

/// An environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Environment {
    pub(super) id: String,
    pub(super) cname: String,
    pub(super) label: Option<String>,
    pub(super) status: String,
    pub(super) health: String,
    /// Where it would fall back to, while it moves.
    pub(super) before: Option<String>,
    pub(super) moves: bool,
    pub(super) deployments: u64,
}

impl Environment {
    pub(super) fn is_good(&self) -> bool {
        self.status == "Ready" && self.health == "Green"
    }
}

/// A record that brings versions back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) path: PathBuf,
    pub(super) labels: Vec<String>,
    pub(super) bundles: Vec<At>,
    pub(super) archive: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) versions: BTreeMap<String, Version>,
    /// The environment that releases go to.
    pub(super) environment: Option<Environment>,
    /// The others that live, by their names.
    pub(super) others: BTreeMap<String, Environment>,
    /// What the files in `environments` say: the name in DNS, and the version that was captured.
    pub(super) described: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Versions that terminated environments had.
    pub(super) restorable: Vec<String>,
    /// Every object, with its ETag.
    pub(super) objects: BTreeMap<At, String>,
    /// Operations of which nobody said that they are over.
    pub(super) open_operations: usize,
    /// Oldest first.
    pub(super) undo: Vec<Record>,
    /// What should not be left in the project.
    pub(super) litter: Vec<String>,
}

impl Seen {
    pub(super) fn read(place: &Place) -> Self {
        let state = place.path(STATE);
        let mut seen = Self::default();
        seen.read_state(&json(&state.join("state.json")));
        seen.read_descriptions(&place.path("environments"));
        for bucket in folders(&state.join("buckets")) {
            seen.read_bucket(&bucket);
        }
        for path in files(&place.path(UNDO)) {
            if path.extension().is_some_and(|extension| extension == "json") {
                seen.undo.push(record(&path));
            } else {
                seen.litter.push(path.display().to_string());
            }
        }
        seen
    }

    fn read_state(&mut self, state: &Value) {
        let region = &state["regions"]["us-east-1"];
        let versions = region["applications"]["shop"]["versions"].as_object().into_iter().flatten();
        for (label, version) in versions {
            let bundle = &version["source"]["bundle"];
            let tags = version["tags"].as_object().into_iter().flatten();
            self.versions.insert(
                label.clone(),
                Version {
                    bundle: (text(&bundle["bucket"]), text(&bundle["key"])),
                    description: version["description"].as_str().map(str::to_owned),
                    tags: tags.map(|(key, value)| (key.clone(), text(value))).collect(),
                    status: text(&version["status"]),
                },
            );
        }
        for environment in region["environments"].as_object().into_iter().flat_map(|found| found.values()) {
            let label = environment["version"].as_str().map(str::to_owned);
            if environment["terminated"].is_string() {
                self.restorable.extend(label);
                continue;
            }
            let operation = &environment["operation"];
            let found = Environment {
                id: text(&environment["id"]),
                cname: text(&environment["cname"]),
                label,
                status: text(&environment["status"]),
                health: text(&environment["health"]),
                before: operation["before"]["version"].as_str().map(str::to_owned),
                moves: operation.is_object(),
                deployments: environment["deployments"].as_u64().unwrap_or_default(),
            };
            match text(&environment["name"]) {
                name if name == RELEASED => self.environment = Some(found),
                name => assert!(self.others.insert(name, found).is_none(), "two environments have one name"),
            }
        }
    }

    /// Does anything move?
    pub(super) fn moves(&self) -> bool {
        self.living().any(|(_, environment)| environment.moves)
    }

    /// All environments that live.
    pub(super) fn living(&self) -> impl Iterator<Item = (&str, &Environment)> {
        let released = self.environment.iter().map(|environment| (RELEASED, environment));
        released.chain(self.others.iter().map(|(name, environment)| (name.as_str(), environment)))
    }

    pub(super) fn named(&self, name: &str) -> Option<&Environment> {
        self.living().find(|(living, _)| *living == name).map(|(_, environment)| environment)
    }

    fn read_descriptions(&mut self, folder: &Path) {
        for path in files(folder) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let Some(name) = name.strip_suffix(".toml") else {
                self.litter.push(path.display().to_string());
                continue;
            };
            let text = std::fs::read_to_string(&path).unwrap();
            let found: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let word = |table: &toml::Table, key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            let version = found.get("version").and_then(toml::Value::as_table);
            let label = version.and_then(|version| word(version, "label"));
            self.described.insert(name.to_owned(), (word(&found, "cname"), label));
        }
    }

    fn read_bucket(&mut self, folder: &Path) {
        let bucket = folder.file_name().unwrap().to_string_lossy().into_owned();
        for path in files(&folder.join("objects")) {
            let object = json(&path);
            let key = text(&object["key"]);
            if key.contains("/operations/") {
                let document = json(&folder.join("blobs").join(text(&object["blob"])));
                self.open_operations += usize::from(document["ended"].is_null());
            }
            self.objects.insert((bucket.clone(), key), text(&object["etag"]));
        }
    }
}

fn record(path: &Path) -> Record {
    let record = json(path);
    let versions = record["versions"].as_array().into_iter().flatten();
    let bundle = |version: &Value| {
        let bundle = &version["bundle"];
        bundle.is_object().then(|| (text(&bundle["bucket"]), text(&bundle["key"])))
    };
    Record {
        path: path.to_owned(),
        labels: versions.clone().map(|version| text(&version["label"])).collect(),
        bundles: versions.filter_map(bundle).collect(),
        archive: record["archive"].as_str().map(str::to_owned),
    }
}

pub(super) fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}

pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_file()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
