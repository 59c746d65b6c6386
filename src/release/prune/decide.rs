//! Decision which versions nobody needs, as a plan that is shown before it is carried out.
//!
//! Deciding is pure. Elastic Beanstalk has been seen to delete a version that an environment runs, so nothing here relies
//! on its refusal; and it leaves out of its answers what the caller may not see, so no environments at all is suspicious.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::pattern::matches;
use super::plan::{Deletion, Kept, Object, Plan, Policy, Reason, Upload};
use super::protection::Inventory;
use super::undo::Undo;
use crate::release::version::{Location, Status, Version};

/// An object that no version names may be one that is about to be registered.
const SETTLED: SignedDuration = SignedDuration::from_hours(24);
/// An upload that has not been continued for so long will not be.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Inventory {
    /// Decide.
    pub(crate) fn plan(&self, policy: &Policy) -> Plan {
        let own = |version: &&Version| version.application == self.application;
        let mut versions: Vec<&Version> = self.versions.iter().filter(own).collect();
        // Newest first; one without a date counts as new, so that it is not deleted for it.
        versions.sort_by_key(|version| std::cmp::Reverse(self.made(version).unwrap_or(Timestamp::MAX)));
        let mut delete = Vec::new();
        let mut keep = Vec::new();
        for (place, version) in versions.into_iter().enumerate() {
            let mut reasons = self.protection(version, policy.keep_deployed);
            if place < policy.keep as usize {
                reasons.push(Reason::Newest {});
            }
            let age = self.made(version).map(|created| self.now.duration_since(created));
            let young = |days: u32| age.is_none_or(|age| age < SignedDuration::from_hours(24 * i64::from(days)));
            if policy.keep_days.is_some_and(young) {
                reasons.push(Reason::Young {});
            }
            let matching = policy.keep_labels.iter().find(|pattern| matches(pattern, &version.label));
            reasons.extend(matching.map(|pattern| Reason::Label { pattern: pattern.clone() }));
            let label = version.label.clone();
            if reasons.is_empty() {
                delete.push(Deletion {
                    label,
                    created: self.made(version),
                    description: version.description.clone(),
                    bundle: version.bundle.clone(),
                    processed: version.status == Status::Processed,
                });
            } else {
                keep.push(Kept { label, reasons });
            }
        }
        delete.reverse();
        let objects = if policy.delete_bundles { self.unneeded(&delete, policy) } else { Vec::new() };
        let at = |object: &Object| Location { bucket: self.bucket.clone(), key: object.key.clone() };
        let bundles = delete.iter().filter_map(|deletion| deletion.bundle.clone());
        let copies: BTreeSet<Location> = match &policy.archive {
            Some(_) => bundles.clone().chain(objects.iter().map(at)).collect(),
            None => BTreeSet::new(),
        };
        let left = bundles.filter(|bundle| policy.delete_bundles && self.stays(bundle)).collect();
        Plan {
            copies: copies.into_iter().collect(),
            left,
            moving: self.moving.clone(),
            application: self.application.clone(),
            region: self.region.clone(),
            account: self.account.clone(),
            made: self.now,
            policy: policy.clone(),
            bucket: self.bucket.clone(),
            objects,
            uploads: self.stale(),
            environments: self.environments.len(),
            used: self.versions.len(),
            limit: self.limit,
            delete,
            keep,
        }
    }

    /// Bundles that only versions to delete name, or none at all.
    fn unneeded(&self, delete: &[Deletion], policy: &Policy) -> Vec<Object> {
        let deletion = |version: &Version| {
            version.application == self.application && delete.iter().any(|deletion| deletion.label == version.label)
        };
        let needed: BTreeSet<&Location> = self
            .versions
            .iter()
            .filter(|version| !deletion(version))
            .filter_map(|version| version.bundle.as_ref())
            .collect();
        let named: BTreeSet<&Location> = delete.iter().filter_map(|deletion| deletion.bundle.as_ref()).collect();
        // A record that brings versions back needs their bundles, unless they are archived, or it promised their end itself.
        let promised: BTreeSet<&Location> = self.undo.iter().flat_map(|undo| &undo.objects).collect();
        let undoable: BTreeSet<&Location> = match policy.archive {
            Some(_) => BTreeSet::new(),
            None => self.undo.iter().flat_map(Undo::bundles).filter(|bundle| !promised.contains(bundle)).collect(),
        };
        let unneeded = |object: &&Object| {
            let location = Location { bucket: self.bucket.clone(), key: object.key.clone() };
            let settled = object.modified.is_some_and(|modified| self.now.duration_since(modified) > SETTLED);
            let goes = named.contains(&location)
                || promised.contains(&location)
                || location.digest().is_some() && settled && !undoable.contains(&location);
            goes && !needed.contains(&location)
        };
        self.objects.iter().filter(unneeded).cloned().collect()
    }

    /// Is the bundle of a version that goes elsewhere than where this project keeps its bundles?
    fn stays(&self, bundle: &Location) -> bool {
        bundle.bucket != self.bucket || !self.objects.iter().any(|object| object.key == bundle.key)
    }

    /// When a version was made first: one that was brought back is not new for it.
    fn made(&self, version: &Version) -> Option<Timestamp> {
        let restored = self.undo.iter().flat_map(|undo| &undo.versions).filter(|deletion| {
            version.application == self.application
                && deletion.label == version.label
                && deletion.bundle == version.bundle
        });
        restored.filter_map(|deletion| deletion.created).chain(version.created).min()
    }

    fn stale(&self) -> Vec<Upload> {
        let stale = |began: Timestamp| self.now.duration_since(began) > STALE;
        self.uploads.iter().filter(|upload| upload.began.is_some_and(stale)).cloned().collect()
    }
}

#[cfg(test)]
mod tests;
