//! The description of an environment: what stands in `environments/NAME.toml`, as values.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::key::OptionKey;
use super::property::Property;

/// The first line of a description.
pub const FORMAT: &str = "beansprout.environment/1";

/// What an environment is, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// From the name of the file.
    pub name: String,
    /// Part of the identity; `None` until the first launch fills it in.
    pub account: Option<String>,
    pub region: Option<String>,
    /// `None`: that of the project.
    pub application: Option<String>,
    pub tier: Tier,
    /// Launched when those are good.
    pub after: Vec<String>,
    /// The branch; a launch takes its recommended version.
    pub platform: Option<String>,
    /// What it had; used only on demand.
    pub platform_version: Option<String>,
    /// `None`: AWS makes a name up.
    pub cname: Option<String>,
    pub instance_profile: Option<String>,
    pub operations_role: Option<String>,
    pub version: Option<Release>,
    pub tags: BTreeMap<String, String>,
    pub options: BTreeMap<OptionKey, String>,
    pub properties: BTreeMap<String, Property>,
    pub deploy: Deploy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tier {
    #[default]
    Web,
    Worker,
}

impl Tier {
    pub fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Worker => "worker",
        }
    }
}

/// `[version]`: what the environment ran when it was captured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    pub label: String,
    /// Tree digest; empty for a bundle that is not ours.
    pub digest: String,
    pub commit: Option<String>,
    pub bundle: Option<Bundle>,
    /// The last other label that ran well: what a rollback would take.
    pub before: Option<String>,
}

impl Release {
    /// What a rollback takes from `current`, as far as this tells: from what ran when it was captured, that before it, and from
    /// that, nothing else, since going back twice is going back once.
    pub fn before_from(&self, current: Option<&str>) -> Option<&str> {
        let before = self.before.as_deref()?;
        current.is_some_and(|current| current == self.label || current == before).then_some(before)
    }
}

/// An object that a version was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bundle {
    pub bucket: String,
    pub key: String,
    pub version_id: Option<String>,
    pub sha256: Option<String>,
    pub bytes: Option<u64>,
}

/// `[deploy]`: how releases go there. For people; a capture never touches it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deploy {
    pub branches: Vec<String>,
    pub timeout: Option<u64>,
    pub settle: Option<u64>,
    pub profile: Option<String>,
    /// Where a release has to run well first.
    pub requires: Vec<String>,
    pub smoke: Vec<Smoke>,
    /// What a drill on AWS uses in place of each property.
    pub drill: BTreeMap<String, Drill>,
}

/// How long it may take until an environment is ready, and from then until it is healthy: in seconds as somebody says, or as
/// is usual.
pub fn times(timeout: Option<u64>, settle: Option<u64>) -> (Duration, Duration) {
    // A rolling deployment over several batches takes that long; health follows within a few reports.
    (Duration::from_secs(timeout.unwrap_or(1800)), Duration::from_secs(settle.unwrap_or(180)))
}

/// A path of the site, and the status that it answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smoke {
    pub path: String,
    pub status: u16,
}

/// The value of a property during a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drill {
    /// That of the environment itself.
    Same,
    Other(Property),
}

/// Is a place that was written down this account and region? What was left out may be any; where nobody could say the
/// account, any is right.
pub fn is_here(
    described_account: Option<&str>,
    described_region: Option<&str>,
    account: Option<&str>,
    region: &str,
) -> bool {
    described_region.is_none_or(|described| described == region)
        && described_account.is_none_or(|described| account.is_none_or(|account| described == account))
}

impl Description {
    /// The version that was captured, if `runs` is another one: a deployment, and no drift.
    pub fn deployed_since(&self, runs: Option<&str>) -> Option<&str> {
        let captured = self.version.as_ref().map(|version| version.label.as_str());
        captured.filter(|label| !label.is_empty() && runs.is_some_and(|runs| runs != *label))
    }

    /// A description that says nothing yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            account: None,
            region: None,
            application: None,
            tier: Tier::Web,
            after: Vec::new(),
            platform: None,
            platform_version: None,
            cname: None,
            instance_profile: None,
            operations_role: None,
            version: None,
            tags: BTreeMap::new(),
            options: BTreeMap::new(),
            properties: BTreeMap::new(),
            deploy: Deploy::default(),
        }
    }

    /// Does it say nothing else than this account and region? Where nobody could say the account, any is right.
    pub fn belongs_to(&self, account: Option<&str>, region: &str) -> bool {
        is_here(self.account.as_deref(), self.region.as_deref(), account, region)
    }

    /// Another environment like this one: what is its own alone is left out.
    #[must_use]
    pub fn like(&self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            cname: None,
            version: None,
            deploy: Deploy { branches: Vec::new(), ..self.deploy.clone() },
            ..self.clone()
        }
    }

    /// The environments that have to be good before this one is launched.
    pub fn needs(&self) -> Vec<&str> {
        let mut needs: Vec<&str> = self.after.iter().map(String::as_str).collect();
        needs.extend(self.properties.values().filter_map(|property| match property {
            Property::From { environment, .. } => Some(environment.as_str()),
            _ => None,
        }));
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}
