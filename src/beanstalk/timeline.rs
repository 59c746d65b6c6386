//! The order in which an instance goes through a deployment, as one value.
//!
//! `explain` prints it, the sandbox's instance executes it, `check` reasons over it. Where AWS has not said how something
//! is, the step carries a note.
//!
//! Sources: the instruction names and their order are those of `eb-engine.log` on Amazon Linux 2 and 2023; what runs in
//! which kind of deployment is in the Developer Guide, "Extending Linux platforms" and "Customizing software on Linux
//! servers", and in the public roadmap's issues 84, 110 and 288 for what a configuration deployment leaves out.

mod steps;
mod work;

use std::fmt;

use serde::Serialize;

use super::customizations::Customizations;
use super::platforms::Family;

pub use work::{Action, Origin, Work};

/// Where the bundle is unpacked and prepared.
pub const STAGING: &str = "/var/app/staging";
/// Where the running version is.
pub const CURRENT: &str = "/var/app/current";
/// The virtual environment, by the pattern that finds it.
pub const VENV: &str = "/var/app/venv/*";
/// Where gunicorn and the proxy meet on the Python platform unless `PORT` says otherwise.
pub const PORT: u16 = 8000;

/// Why an instance goes through its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The environment is created: its first instances start
    Launch,
    /// A new application version on running instances
    Deploy,
    /// Only configuration changes, such as an environment property
    Config,
    /// Auto Scaling adds or replaces an instance
    ScaleOut,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Launch => "launch",
            Self::Deploy => "deploy",
            Self::Config => "config",
            Self::ScaleOut => "scale-out",
        })
    }
}

impl Event {
    pub const ALL: [Self; 4] = [Self::Launch, Self::Deploy, Self::Config, Self::ScaleOut];

    /// What happens, as a phrase.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Launch => "the environment is created",
            Self::Deploy => "a new version is deployed to running instances",
            Self::Config => "only the configuration changes, such as an environment property",
            Self::ScaleOut => "an instance is added or replaced",
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Timeline {
    pub event: Event,
    pub family: Family,
    pub steps: Vec<Step>,
}

/// One instruction of the engine, and what of the project runs in it.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    pub stage: Stage,
    /// The engine's name for it in `eb-engine.log`, where it is known.
    pub instruction: Option<&'static str>,
    pub summary: &'static str,
    pub phase: Phase,
    /// Where scripts and commands of this step start.
    pub cwd: &'static str,
    pub user: User,
    pub environment: Environment,
    /// What visitors get from this instance during the step.
    pub site: Site,
    pub runs: Runs,
    pub failure: Failure,
    /// What is not confirmed about it, or surprises people.
    pub note: Option<&'static str>,
    pub actions: Vec<Action>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Begin,
    Download,
    ElectLeader,
    StopQueue,
    /// packages, groups, users, sources, files, commands, services
    Extensions,
    Unpack,
    PrebuildHooks,
    Dependencies,
    /// The image is built or pulled.
    Image,
    Buildfile,
    ProxyFiles,
    ContainerCommands,
    CleanExtensions,
    PredeployHooks,
    StopProxy,
    /// Staging becomes current and the processes start.
    Flip,
    StartProxy,
    StartQueue,
    Health,
    PostdeployHooks,
    Report,
}

/// The three phases of the Developer Guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Initial,
    Configure,
    Deploy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum User {
    Root,
    Webapp,
    /// Whoever the image says.
    Container,
}

/// Which variables a program of this step sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// Do not rely on any; `get-config` reads the properties
    Unconfirmed,
    /// The environment properties and secrets
    Properties,
    /// The environment properties and secrets, and `HOME`, `PATH` and `PORT`
    Hook,
    /// Nothing of yours runs
    None,
}

/// What answers on port 80.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Site {
    /// Nothing yet: the instance is new
    NotYet,
    /// The version that ran before
    Old,
    /// Nothing: the proxy is stopped
    Down,
    /// The new version
    New,
}

/// On which instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "on", rename_all = "kebab-case")]
pub enum Runs {
    All,
    /// On the one instance that was elected.
    Leader,
    Never {
        why: &'static str,
    },
}

/// What becomes of the deployment on this instance if it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The deployment fails; a new instance never serves
    Aborts,
    /// The deployment fails and the old version goes on serving
    KeepsOld,
    /// The deployment fails and nothing answers: the old version is gone
    Down,
    /// The deployment fails although the new version is serving
    ServesNew,
    /// Nothing: the failure is ignored
    Ignored,
}

impl Timeline {
    pub fn new(customizations: &Customizations, event: Event) -> Self {
        let mut steps = steps::steps(customizations, event);
        for step in &mut steps {
            step.actions = work::actions(customizations, event, step);
        }
        Self { event, family: customizations.family, steps }
    }

    pub fn step(&self, stage: Stage) -> Option<&Step> {
        self.steps.iter().find(|step| step.stage == stage)
    }

    /// Everything of the project with its step, whether it runs or not.
    pub fn actions(&self) -> impl Iterator<Item = (&Step, &Action)> {
        self.steps.iter().flat_map(|step| step.actions.iter().map(move |action| (step, action)))
    }
}

impl Step {
    /// What of the project runs here, in order, on an instance that is the leader or is not.
    pub fn actions_on(&self, leader: bool) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(move |action| self.runs.on(leader) && action.runs.on(leader))
    }
}

impl Runs {
    pub fn on(self, leader: bool) -> bool {
        match self {
            Self::All => true,
            Self::Leader => leader,
            Self::Never { .. } => false,
        }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Webapp => "webapp",
            Self::Container => "container",
        })
    }
}

impl Environment {
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Unconfirmed => "no variables to rely on (get-config reads the properties)",
            Self::Properties => "environment properties and secrets",
            Self::Hook => "environment properties and secrets, HOME, PATH, PORT",
            Self::None => "nothing of yours runs here",
        }
    }
}

impl Site {
    pub fn phrase(self) -> &'static str {
        match self {
            Self::NotYet => "nothing yet",
            Self::Old => "the old version",
            Self::Down => "nothing: the proxy is stopped",
            Self::New => "the new version",
        }
    }
}

impl Failure {
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Aborts => "the deployment fails; this instance never serves",
            Self::KeepsOld => "the deployment fails; the old version goes on serving",
            Self::Down => "the deployment fails and nothing answers: the old version is gone",
            Self::ServesNew => "the deployment fails although the new version is serving",
            Self::Ignored => "nothing: failures are ignored",
        }
    }
}

#[cfg(test)]
mod tests;
