//! Model: what somebody who saw everything would remember, and what must therefore be so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::seen::{Seen, Version};

/// The last so many that an environment ran well are kept.
const KEEP_DEPLOYED: usize = 3;

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// Minutes since the beginning.
    now: i64,
    /// Labels, in the order in which they were registered first.
    made: Vec<String>,
    /// As they were when they were seen last.
    pub(super) known: BTreeMap<String, Version>,
    /// What the environment ran well, oldest first.
    pub(super) good: Vec<String>,
    /// When it last had to do with a label, or somebody asked for that.
    touched: BTreeMap<String, i64>,
    /// What its last move was about.
    pub(super) asked: Option<String>,
}

impl Model {
    pub(super) fn pass(&mut self, by: SignedDuration) {
        self.now += by.as_mins();
    }

    /// Remember what somebody asked for.
    pub(super) fn ask(&mut self, label: &str) {
        self.touched.insert(label.to_owned(), self.now);
        self.asked = Some(label.to_owned());
    }

    /// Remember what there is.
    pub(super) fn look(&mut self, seen: &Seen) {
        for (label, version) in &seen.versions {
            if !self.made.contains(label) {
                self.made.push(label.clone());
            }
            self.known.insert(label.clone(), version.clone());
        }
        let Some(environment) = &seen.environment else { return };
        for label in environment.label.iter().chain(&environment.before) {
            self.touched.insert(label.clone(), self.now);
        }
        if let Some(label) = environment.label.as_ref().filter(|_| environment.is_good())
            && self.good.last() != Some(label)
        {
            self.good.push(label.clone());
        }
    }

    /// Does the environment have a version that it may go back to?
    pub(super) fn has_way_back(&self, seen: &Seen) -> bool {
        let current = seen.environment.as_ref().and_then(|environment| environment.label.as_ref());
        self.good.iter().any(|label| Some(label) != current && seen.versions.contains_key(label))
    }

    /// Versions that `prune --keep 1` must spare.
    pub(super) fn kept(&self, seen: &Seen) -> BTreeSet<String> {
        let registered = |label: &&String| seen.versions.contains_key(*label);
        let mut kept: BTreeSet<String> = self.made.iter().rev().find(registered).cloned().into_iter().collect();
        kept.extend(seen.restorable.iter().cloned());
        let others = seen.others.values();
        kept.extend(others.flat_map(|environment| environment.label.iter().chain(&environment.before)).cloned());
        if let Some(environment) = &seen.environment {
            kept.extend(environment.label.iter().chain(&environment.before).cloned());
            kept.extend(
                self.touched.iter().filter(|(_, then)| self.now - **then <= 24 * 60).map(|(label, _)| label.clone()),
            );
            let mut last: Vec<&String> = Vec::new();
            for label in self.good.iter().rev() {
                if last.len() < KEEP_DEPLOYED && !last.contains(&label) {
                    last.push(label);
                }
            }
            kept.extend(last.into_iter().cloned());
        }
        kept
    }
}
