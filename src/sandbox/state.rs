//! State of Elastic Beanstalk, one world per region. Objects are beside it, see `s3`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::environment::{Environment, Settings};
use super::event::{Event, Severity, Tags};
use super::iam;
use super::input::Input;
use super::reply::Refusal;

/// The version of the state's form. A change that an older program would misread counts it up.
pub(super) const VERSION: u64 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) version: u64,
    pub(super) regions: BTreeMap<String, Region>,
    /// Of all regions at once.
    #[serde(default, skip_serializing_if = "iam::Names::is_empty")]
    pub(super) iam: iam::Names,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, regions: BTreeMap::new(), iam: iam::Names::default() }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Region {
    pub(super) applications: BTreeMap<String, Application>,
    /// By id, also those that are gone.
    pub(super) environments: BTreeMap<String, Environment>,
    /// Oldest first.
    pub(super) events: Vec<Event>,
    /// Names in DNS that customers of other accounts hold.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) strangers: BTreeSet<String>,
}

impl Region {
    /// An environment that is there, and where to say what happens to it.
    pub(super) fn environment(&mut self, id: &str) -> (&mut Environment, &mut Vec<Event>) {
        let environment = self.environments.get_mut(id).expect("the id comes from this region");
        (environment, &mut self.events)
    }

    pub(super) fn application_mut(&mut self, name: &str) -> Result<&mut Application, Refusal> {
        let refusal = || Refusal::value(format!("No Application named '{name}' found."));
        self.applications.get_mut(name).ok_or_else(refusal)
    }

    /// A saved configuration, if one is named.
    pub(super) fn template(&self, application: &str, name: Option<&str>) -> Result<Option<Template>, Refusal> {
        let Some(name) = name else { return Ok(None) };
        let application = self.applications.get(application);
        let found = application.and_then(|application| application.templates.get(name));
        let refusal = || Refusal::value(format!("No Configuration Template named '{name}' found."));
        found.cloned().map(Some).ok_or_else(refusal)
    }

    /// Environments that are not terminated.
    pub(super) fn alive(&self) -> impl Iterator<Item = &Environment> {
        self.environments.values().filter(|environment| environment.terminated.is_none())
    }

    /// Does a living environment have this name in DNS, or another customer? They share the names of a region.
    pub(super) fn has_cname(&self, cname: &str) -> bool {
        self.strangers.contains(cname) || self.alive().any(|environment| environment.cname.as_deref() == Some(cname))
    }

    /// The environments that keep a version from being deleted: those that run it, or are moving to or from it.
    pub(super) fn using<'a>(&'a self, application: &'a str, label: &'a str) -> impl Iterator<Item = &'a Environment> {
        self.alive().filter(move |environment| environment.application == application && environment.runs(label))
    }

    /// Does the lifecycle policy spare this version for an environment, also one that is gone?
    pub(super) fn spares(&self, now: Timestamp, application: &str, label: &str) -> bool {
        self.environments.values().any(|environment| {
            environment.application == application && environment.runs(label) && environment.is_remembered(now)
        })
    }

    /// The environment that a request names, by id or by name, with prefixed parameters for the two of a swap.
    pub(super) fn environment_of(&self, input: &Input, prefix: &str) -> Result<String, Refusal> {
        let parameter = |what: &str| format!("{prefix}Environment{what}");
        let (id, name) = (input.text(&parameter("Id")), input.text(&parameter("Name")));
        let unknown = |what: &str, value: &str| {
            Refusal::value(format!("No Environment found for {} = '{value}'.", parameter(what)))
        };
        let found = match (id, name) {
            (Some(id), _) => {
                let found = self.environments.get(id).ok_or_else(|| unknown("Id", id))?;
                if name.is_some_and(|name| name != found.name) {
                    return Err(unknown("Name", name.unwrap_or_default()));
                }
                found
            }
            (None, Some(name)) => {
                self.alive().find(|environment| environment.name == name).ok_or_else(|| unknown("Name", name))?
            }
            (None, None) => {
                let message = format!("Either {} or {} must be specified.", parameter("Id"), parameter("Name"));
                return Err(Refusal::new(400, "MissingRequiredParameter", message));
            }
        };
        let application = input.text("ApplicationName");
        if application.is_some_and(|application| application != found.application) {
            return Err(unknown("Name", &found.name));
        }
        Ok(found.id.clone())
    }

    pub(super) fn environment_of_mut(&mut self, input: &Input) -> Result<&mut Environment, Refusal> {
        let id = self.environment_of(input, "")?;
        Ok(self.environments.get_mut(&id).expect("it was just found"))
    }
}

impl Application {
    pub(super) fn version_mut(&mut self, label: &str) -> Result<&mut Version, Refusal> {
        let refusal = || Refusal::value(format!("No Application Version named '{label}' found."));
        self.versions.get_mut(label).ok_or_else(refusal)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Application {
    pub(super) description: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// `ResourceLifecycleConfig`, as it was given.
    pub(super) lifecycle: Option<Value>,
    pub(super) versions: BTreeMap<String, Version>,
    #[serde(default)]
    pub(super) templates: BTreeMap<String, Template>,
    pub(super) tags: Tags,
}

/// A saved configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) description: Option<String>,
    pub(super) platform: String,
    pub(super) settings: Settings,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) description: Option<String>,
    pub(super) source: Source,
    pub(super) process: bool,
    pub(super) status: Status,
    /// When `Processing` or `Building` ends.
    pub(super) due: Option<Timestamp>,
    /// It will not pass.
    #[serde(default)]
    pub(super) doomed: bool,
    /// Findings about its files, told when its processing ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<(Severity, String)>,
    /// The call that made it.
    pub(super) request: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) tags: Tags,
}

/// Where a version's code comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Bundle {
        bucket: String,
        key: String,
    },
    /// The sample application of the platform.
    Sample,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Unprocessed,
    Processing,
    Processed,
    Failed,
}

impl Status {
    /// Upper case, although the model says otherwise: this is what AWS sends (aws/aws-sdk#237).
    pub(super) fn wire(self) -> &'static str {
        match self {
            Self::Unprocessed => "UNPROCESSED",
            Self::Processing => "PROCESSING",
            Self::Processed => "PROCESSED",
            Self::Failed => "FAILED",
        }
    }
}
