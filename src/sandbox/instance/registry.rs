//! Registry: how the programs of an instance reach packages, which is all that they have of the caller's environment.
//!
//! Addresses go in as they are. Folders and files that are named there, such as a folder of wheels in `PIP_FIND_LINKS`, are said
//! from the root, and shown to the instance where it would not see them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::world::World;

/// Variables of pip's that name files or folders.
const PATHS: [&str; 4] = ["PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PIP_CERT", "PIP_CLIENT_CERT"];

pub(super) struct Registry {
    pub(super) vars: BTreeMap<String, String>,
    /// Places of this machine that the variables name.
    pub(super) places: Vec<PathBuf>,
}

impl Registry {
    pub(super) fn of(world: &World) -> Self {
        let mut registry = Self { vars: BTreeMap::new(), places: Vec::new() };
        for (name, value) in world.vars.iter().filter(|(name, _)| reaches(name)) {
            let value = if PATHS.contains(&name.as_str()) { registry.paths(value, &world.dir) } else { value.clone() };
            registry.vars.insert(name.clone(), value);
        }
        registry
    }

    /// The words of a value, each place as a path from the root.
    fn paths(&mut self, value: &str, dir: &Path) -> String {
        let mut word = |word: &str| {
            if word.contains("://") {
                return word.to_owned();
            }
            let path = dir.join(word);
            let shown = path.to_string_lossy().into_owned();
            if path.exists() {
                self.places.push(path);
            }
            shown
        };
        value.split_whitespace().map(&mut word).collect::<Vec<_>>().join(" ")
    }
}

fn reaches(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("pip_")
        || lower.ends_with("_proxy")
        || matches!(name, "SSL_CERT_FILE" | "SSL_CERT_DIR" | "REQUESTS_CA_BUNDLE")
}
