//! Option settings: what was set through the API.

use serde::{Deserialize, Serialize};

/// Value of one option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) struct Setting {
    pub(in crate::sandbox) namespace: String,
    pub(in crate::sandbox) resource: Option<String>,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) value: String,
}

/// Settings made through the API, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::sandbox) struct Settings(pub(in crate::sandbox) Vec<Setting>);

impl Settings {
    pub(in crate::sandbox) fn get(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|setting| setting.namespace == namespace && setting.name == name);
        found.map(|setting| setting.value.as_str())
    }

    pub(in crate::sandbox) fn set(&mut self, new: Setting) {
        self.remove(&new);
        self.0.push(new);
        self.0.sort_by(|a, b| (&a.namespace, &a.resource, &a.name).cmp(&(&b.namespace, &b.resource, &b.name)));
    }

    pub(in crate::sandbox) fn remove(&mut self, old: &Setting) {
        self.0.retain(|setting| {
            (&setting.namespace, &setting.resource, &setting.name) != (&old.namespace, &old.resource, &old.name)
        });
    }
}
