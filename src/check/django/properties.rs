//! Properties of the environment, as far as the project's own files set them.

use std::collections::{BTreeMap, BTreeSet};

use crate::beanstalk::config_file::{DEFAULT_NAMESPACE, SECRETS_NAMESPACE};
use crate::beanstalk::customizations::Customizations;

/// Names of the environment properties and secrets that the project's own files set.
pub(crate) fn property_names(customizations: &Customizations) -> BTreeSet<String> {
    let options = customizations.used().flat_map(|file| &file.option_settings);
    let set =
        options.filter(|option| [DEFAULT_NAMESPACE, SECRETS_NAMESPACE].contains(&option.namespace.value.as_str()));
    set.map(|option| option.name.value.clone()).collect()
}

/// The environment properties that the project's own files set.
pub(crate) fn properties(customizations: &Customizations) -> BTreeMap<String, String> {
    let options = customizations.used().flat_map(|file| &file.option_settings);
    options
        .filter(|option| option.namespace.value == DEFAULT_NAMESPACE && option.resource_name.is_none())
        .map(|option| (option.name.value.clone(), option.value.value.clone()))
        .collect()
}
