//! What the files of a bundle say of options, and where.

use std::collections::BTreeMap;

use super::description::Description;
use super::key::OptionKey;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::customizations::Customizations;

/// The options that files set: of several settings of one option the last counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    said: BTreeMap<OptionKey, Said>,
}

/// A setting, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Said {
    pub value: String,
    pub path: String,
    pub line: usize,
}

impl Said {
    /// `path:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }
}

impl Files {
    pub fn of(customizations: &Customizations) -> Self {
        let mut said = BTreeMap::new();
        for file in customizations.used() {
            for setting in &file.option_settings {
                let resource = setting.resource_name.as_ref().map(|resource| resource.value.as_str());
                let key = OptionKey::new(&setting.namespace.value, resource, &setting.name.value);
                let line = file.line(&setting.name.span);
                let value = setting.value.value.clone();
                said.insert(key, Said { value, path: file.path.clone(), line });
            }
        }
        Self { said }
    }

    pub fn get(&self, key: &OptionKey) -> Option<&Said> {
        self.said.get(key)
    }

    /// What is sent and what is said, together: the value that `description` has, or else that of a file, with the file.
    pub fn below<'a>(&'a self, description: &'a Description, key: &OptionKey) -> Option<(&'a str, Option<&'a Said>)> {
        let described = description.options.get(key).map(|value| (value.as_str(), None));
        described.or_else(|| self.get(key).map(|said| (said.value.as_str(), Some(said))))
    }

    /// The environment property of that name.
    pub fn property(&self, name: &str) -> Option<&Said> {
        self.get(&OptionKey::new(DEFAULT_NAMESPACE, None, name))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OptionKey, &Said)> {
        self.said.iter()
    }
}
