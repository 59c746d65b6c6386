//! Registry: how the programs of an instance reach packages, which is all that they have of the caller's environment.
//!
//! Addresses go in as they are. Folders and files that are named there, such as a folder of wheels in `PIP_FIND_LINKS`, are said
//! from the root, and shown to the instance where it would not see them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::world::World;

/// Variables that name one file or folder, whatever blanks are in its name.
const PATH: [&str; 6] =
    ["PIP_CONFIG_FILE", "PIP_CERT", "PIP_CLIENT_CERT", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"];
/// The one that is a list of places, which pip parts at blanks.
const PATHS: &str = "PIP_FIND_LINKS";

pub(super) struct Registry {
    pub(super) vars: BTreeMap<String, String>,
    /// Places of this machine that the variables name.
    pub(super) places: Vec<PathBuf>,
}

impl Registry {
    pub(super) fn of(world: &World) -> Self {
        let mut registry = Self { vars: BTreeMap::new(), places: Vec::new() };
        for (name, value) in world.vars.iter().filter(|(name, _)| reaches(name)) {
            let value = match name.as_str() {
                PATHS => value
                    .split_whitespace()
                    .map(|place| registry.place(place, &world.dir))
                    .collect::<Vec<_>>()
                    .join(" "),
                name if PATH.contains(&name) => registry.place(value, &world.dir),
                _ => value.clone(),
            };
            registry.vars.insert(name.clone(), value);
        }
        registry
    }

    /// A place as a path from the root; an address stays as it is.
    fn place(&mut self, place: &str, dir: &Path) -> String {
        if place.is_empty() || place.contains("://") {
            return place.to_owned();
        }
        let path = dir.join(place);
        let shown = path.to_string_lossy().into_owned();
        if path.exists() {
            self.places.push(path);
        }
        shown
    }
}

fn reaches(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("pip_") || lower.ends_with("_proxy") || PATH.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_list_of_places_is_parted_at_blanks() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        std::fs::write(dir.join("our ca.pem"), "").unwrap();
        std::fs::create_dir(dir.join("wheels")).unwrap();
        let mut world = World::real().unwrap().at(dir);
        let given = [
            ("PIP_FIND_LINKS", "wheels https://wheels.example/a b"),
            ("PIP_CERT", "our ca.pem"),
            ("SSL_CERT_FILE", "our ca.pem"),
            ("REQUESTS_CA_BUNDLE", ""),
            ("PIP_EXTRA_INDEX_URL", "https://one.example/ https://two.example/"),
            ("HOME", "/home/somebody"),
        ];
        world.vars = given.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let Registry { vars, places } = Registry::of(&world);
        let from = |name: &str| dir.join(name).display().to_string();
        assert_eq!(vars["PIP_FIND_LINKS"], format!("{} https://wheels.example/a {}", from("wheels"), from("b")));
        assert_eq!(vars["PIP_CERT"], from("our ca.pem"));
        assert_eq!(vars["SSL_CERT_FILE"], from("our ca.pem"));
        assert_eq!(vars["REQUESTS_CA_BUNDLE"], "");
        assert_eq!(vars["PIP_EXTRA_INDEX_URL"], "https://one.example/ https://two.example/");
        assert!(!vars.contains_key("HOME"));
        // What is not there is not shown.
        assert!(places.contains(&dir.join("our ca.pem")) && places.contains(&dir.join("wheels")), "{places:?}");
        assert!(!places.contains(&dir.join("b")), "{places:?}");
    }
}
