//! Names for shell completion, read from a sandbox's state.

use std::path::Path;

use super::store;

/// Names of applications, versions and environments, over all regions.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub applications: Vec<String>,
    /// Label and application, newest first.
    pub labels: Vec<(String, String)>,
    /// Name and application of those that are there.
    pub environments: Vec<(String, String)>,
}

/// Look without a lock and without making anything: a state that is not there, or cannot be read, has no names.
pub fn names(dir: &Path) -> Names {
    let Some(state) = store::peek(dir) else { return Names::default() };
    let mut names = Names::default();
    let mut labels = Vec::new();
    for region in state.regions.values() {
        for (name, application) in &region.applications {
            names.applications.push(name.clone());
            let versions = application.versions.iter();
            labels.extend(versions.map(|(label, version)| (version.created, label.clone(), name.clone())));
        }
        let living = region.environments.values().filter(|environment| environment.terminated.is_none());
        names
            .environments
            .extend(living.map(|environment| (environment.name.clone(), environment.application.clone())));
    }
    labels.sort_by(|one, other| other.cmp(one));
    names.labels = labels.into_iter().map(|(_, label, application)| (label, application)).collect();
    names
}
