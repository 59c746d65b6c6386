//! Protection of a version from being pruned: what is known around it, and the reasons that keep it whatever the policy says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::plan::{Object, Reason, Upload};
use super::undo::Undo;
use crate::beanstalk::name::Application;
use crate::release::environment::{Environment, Phase};
use crate::release::history::Success;
use crate::release::version::{Status, Version};

/// Days for which a terminated environment can be brought back, with the version that it had.
///
/// Source: the developer guide on rebuilding terminated environments.
const RESTORABLE_DAYS: i64 = 42;
/// Inventory: all that the decision depends on.
#[derive(Debug, Clone)]
pub(crate) struct Inventory {
    pub(crate) application: Application,
    pub(crate) region: String,
    pub(crate) account: Option<String>,
    pub(crate) now: Timestamp,
    /// Of every application: bundles are shared.
    pub(crate) versions: Vec<Version>,
    /// Live, and those terminated as long as they can be brought back.
    pub(crate) environments: Vec<Environment>,
    /// Environment and label, as the instances themselves say.
    pub(crate) on_instances: Vec<(String, String)>,
    /// Environment, and a label that it moved to or from within a day.
    pub(crate) recent: Vec<(String, String)>,
    /// Environments that move.
    pub(crate) moving: Vec<String>,
    /// `None`: there is no such application.
    pub(crate) application_made: Option<Timestamp>,
    /// What was pruned before, as far as this project knows.
    pub(crate) undo: Vec<Undo>,
    /// Oldest first.
    pub(crate) ran: Vec<Success>,
    pub(crate) bucket: String,
    /// Objects of this application.
    pub(crate) objects: Vec<Object>,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) limit: Option<u32>,
}

impl Inventory {
    /// Reasons that protect a version, whatever the policy says.
    pub(crate) fn protection(&self, version: &Version, keep_deployed: u32) -> Vec<Reason> {
        let label = version.label.as_str();
        let mut reasons = Vec::new();
        for environment in &self.environments {
            let has = environment.label.as_deref() == Some(label);
            let name = environment.name.clone();
            match environment.status {
                Phase::Ending if has && self.restorable(environment) => {
                    let earlier = environment.updated.is_some_and(|ended| Some(ended) < self.application_made);
                    reasons.push(if earlier {
                        Reason::Orphaned { environment: name }
                    } else {
                        Reason::Terminated { environment: name }
                    });
                }
                Phase::Ready | Phase::Busy | Phase::Aborting if has => reasons.push(Reason::Runs { environment: name }),
                _ => {}
            }
        }
        for (environment, found) in &self.on_instances {
            let reason = Reason::OnInstance { environment: environment.clone() };
            let runs = Reason::Runs { environment: environment.clone() };
            if found == label && !reasons.contains(&runs) && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        for (environment, found) in &self.recent {
            let reason = Reason::Recent { environment: environment.clone() };
            let runs = Reason::Runs { environment: environment.clone() };
            if found == label && !reasons.contains(&runs) && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        for environment in self.last_good(label, keep_deployed) {
            reasons.push(Reason::RanWell { environment });
        }
        if matches!(version.status, Status::Processing | Status::Building) {
            reasons.push(Reason::InProgress {});
        }
        reasons
    }

    fn restorable(&self, environment: &Environment) -> bool {
        let gone = |updated: Timestamp| self.now.duration_since(updated);
        environment.updated.is_none_or(|updated| gone(updated) <= SignedDuration::from_hours(24 * RESTORABLE_DAYS))
    }

    /// The environments among whose last good versions this is.
    fn last_good(&self, label: &str, keep: u32) -> BTreeSet<String> {
        let mut last: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        // A record counts as long as its environment lives or can be restored; where none is seen, who knows.
        let counts = |success: &&Success| {
            let restorable = |found: &Environment| found.status != Phase::Ending || self.restorable(found);
            self.environments.is_empty()
                || self.environments.iter().any(|found| found.name == success.environment && restorable(found))
        };
        for success in self.ran.iter().rev().filter(counts) {
            let labels = last.entry(&success.environment).or_default();
            if labels.len() < keep as usize && !labels.contains(&success.label.as_str()) {
                labels.push(&success.label);
            }
        }
        let has = last.into_iter().filter(|(_, labels)| labels.contains(&label));
        has.map(|(environment, _)| environment.to_owned()).collect()
    }
}
