//! What shall be there: environments, each with everything that it is made of.

use std::collections::BTreeMap;

use super::release::Chosen;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment::{Description, Files, INSTANCE_PROFILE};

/// An environment that shall be there.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: EnvironmentName,
    pub application: Application,
    pub description: Description,
}

/// One that is not there yet, with everything that it is made of.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub target: Target,
    pub release: Chosen,
    /// What the files of the release say of options.
    pub files: Files,
    /// Values of properties that were given or asked for.
    pub given: BTreeMap<String, String>,
}

impl Wanted {
    /// In whose name its instances act.
    pub(super) fn instance_profile(&self) -> &str {
        self.target.description.instance_profile.as_deref().unwrap_or(INSTANCE_PROFILE)
    }
}
