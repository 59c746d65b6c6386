//! What a launch came to.

use serde::Serialize;

use crate::beanstalk::name::{Application, EnvironmentName};
use crate::release::probe::Probed;

/// All environments of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Launched {
    pub account: Option<String>,
    pub region: String,
    /// Something else than AWS answered, so that its times are not AWS's.
    pub simulated: bool,
    pub environments: Vec<LaunchedEnvironment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaunchedEnvironment {
    pub name: EnvironmentName,
    pub application: Application,
    /// `None` in a dry run.
    pub id: Option<String>,
    pub label: Option<String>,
    pub url: Option<String>,
    pub outcome: Outcome,
    /// From the request to good.
    pub seconds: Option<i64>,
    /// From the request to the first good answer of the site under its name. `None`: its `smoke` names nothing to ask for,
    /// or it did not answer as it should.
    pub visible: Option<i64>,
    /// What its `smoke` asks for.
    pub smoke: Vec<Probed>,
}

impl LaunchedEnvironment {
    /// What its site did not answer as it should, in sentences.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.smoke.iter().filter_map(Probed::failure).map(move |failure| format!("`{}`: {failure}", self.name))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Made in this run, and good.
    Launched,
    /// It was there.
    Unchanged,
    /// Asked for, and not waited for.
    Started,
}
