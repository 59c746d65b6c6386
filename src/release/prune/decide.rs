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
mod tests {
    use super::*;
    use crate::release::environment::{Environment, Phase};
    use crate::release::history::Success;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn now() -> Timestamp {
        "2026-01-31T12:00:00Z".parse().unwrap()
    }

    fn version(application: &str, label: &str, age_days: i32, key: &str) -> Version {
        Version {
            application: application.to_owned(),
            label: label.to_owned(),
            description: None,
            created: Some(now() - DAY * age_days),
            status: Status::Processed,
            bundle: Some(Location { bucket: "b".to_owned(), key: key.to_owned() }),
            arn: None,
        }
    }

    fn environment(name: &str, label: &str, status: Phase, updated_days: i32) -> Environment {
        let (label, updated) = (Some(label.to_owned()), Some(now() - DAY * updated_days));
        Environment { label, status, updated, ..Environment::well("app", name) }
    }

    /// Six versions, `v1` of today to `v6` of 50 days ago, each with its own bundle.
    fn inventory() -> Inventory {
        let ages = [0, 10, 20, 30, 40, 50];
        let versions =
            (1..).zip(ages).map(|(n, age)| version("app", &format!("v{n}"), age, &format!("k{n}"))).collect();
        let object = |n: i32| Object { key: format!("k{n}"), bytes: 1, modified: Some(now() - DAY * 60) };
        Inventory {
            application: "app".parse().unwrap(),
            region: "us-east-1".to_owned(),
            account: None,
            now: now(),
            versions,
            environments: Vec::new(),
            on_instances: Vec::new(),
            recent: Vec::new(),
            moving: Vec::new(),
            application_made: Some(now() - DAY * 900),
            undo: Vec::new(),
            ran: Vec::new(),
            bucket: "b".to_owned(),
            objects: (1..=6).map(object).collect(),
            uploads: Vec::new(),
            limit: Some(1000),
        }
    }

    fn policy() -> Policy {
        Policy {
            keep: 1,
            keep_days: None,
            keep_labels: Vec::new(),
            keep_deployed: 2,
            delete_bundles: true,
            archive: None,
        }
    }

    #[track_caller]
    fn deletes(inventory: &Inventory, policy: &Policy, labels: &[&str]) {
        let plan = inventory.plan(policy);
        let delete: Vec<&str> = plan.delete.iter().map(|deletion| deletion.label.as_str()).collect();
        assert_eq!(delete, labels);
    }

    #[test]
    fn the_newest_are_kept_and_the_oldest_go_first() {
        deletes(&inventory(), &policy(), &["v6", "v5", "v4", "v3", "v2"]);
        deletes(&inventory(), &Policy { keep: 5, ..policy() }, &["v6"]);
        deletes(&inventory(), &Policy { keep: 99, ..policy() }, &[]);
        deletes(&inventory(), &Policy { keep_days: Some(31), ..policy() }, &["v6", "v5"]);
        deletes(
            &inventory(),
            &Policy { keep_labels: vec!["v3".to_owned(), "*6".to_owned()], ..policy() },
            &["v5", "v4", "v2"],
        );
    }

    #[test]
    fn what_runs_is_kept_wherever_it_runs() {
        let mut inventory = inventory();
        inventory.environments = vec![
            environment("live", "v6", Phase::Ready, 50),
            environment("moving", "v5", Phase::Busy, 0),
            environment("gone", "v4", Phase::Ending, 41),
            environment("long-gone", "v3", Phase::Ending, 43),
        ];
        inventory.on_instances = vec![("live".to_owned(), "v2".to_owned())];
        deletes(&inventory, &policy(), &["v3"]);
    }

    #[test]
    fn the_last_that_ran_well_are_kept() {
        let ran = |label: &str| Success {
            environment: "live".parse().unwrap(),
            label: label.to_owned(),
            time: now(),
            caller: None,
        };
        let inventory = Inventory { ran: ["v4", "v6", "v5", "v5"].map(ran).to_vec(), ..inventory() };
        deletes(&inventory, &policy(), &["v4", "v3", "v2"]);
    }

    #[test]
    fn a_bundle_goes_only_when_nobody_needs_it() {
        let mut inventory = inventory();
        // Another application runs the bundle of `v5`, and `v1`, which stays, has that of `v6`.
        inventory.versions.push(version("other", "x", 0, "k5"));
        inventory.versions[0].bundle = Some(Location { bucket: "b".to_owned(), key: "k6".to_owned() });
        let digest = "0123456789abcdef".repeat(4);
        let orphan =
            |age: i32, name: &str| Object { key: name.to_owned(), bytes: 1, modified: Some(now() - DAY * age) };
        inventory.objects.push(orphan(2, &format!("old/{digest}.zip")));
        inventory.objects.push(orphan(0, &format!("new/{digest}.zip")));
        inventory.objects.push(orphan(2, "somebody-elses.zip"));
        let plan = inventory.plan(&policy());
        let keys: Vec<&str> = plan.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["k2", "k3", "k4", &format!("old/{digest}.zip")]);
        assert!(inventory.plan(&Policy { delete_bundles: false, ..policy() }).objects.is_empty());
    }

    /// A number below `end`, the next of a series that is the same every time.
    fn below(series: &mut u64, end: u64) -> u64 {
        *series = series.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*series >> 33) % end
    }

    /// Applications that share labels and bundles, environments in every state, instances that lag behind.
    fn any_world(series: &mut u64) -> (Inventory, Policy) {
        let mut any = |end: u64| below(series, end);
        let mut inventory = Inventory { versions: Vec::new(), objects: Vec::new(), ..inventory() };
        let count = 1 + any(14);
        for number in 0..count {
            let application = if any(4) == 0 { "other" } else { "app" };
            let key = format!("k{}", any(8));
            let mut version = version(application, &format!("v{number}"), i32::try_from(any(90)).unwrap(), &key);
            version.status = [Status::Processed, Status::Processing, Status::Failed][any(3) as usize].clone();
            if any(9) == 0 {
                version.created = None;
            }
            inventory.versions.push(version);
        }
        let label = |any: &mut dyn FnMut(u64) -> u64| format!("v{}", any(count));
        for number in 0..any(5) {
            let status = [Phase::Ready, Phase::Busy, Phase::Aborting, Phase::Ending][any(4) as usize];
            let days = i32::try_from(any(90)).unwrap();
            inventory.environments.push(environment(&format!("env-{number}"), &label(&mut any), status, days));
        }
        for _ in 0..any(3) {
            inventory.on_instances.push(("env-0".to_owned(), label(&mut any)));
        }
        for number in 0..any(12) {
            let environment = format!("env-{}", any(3));
            let time = now() - DAY * 30 + SignedDuration::from_hours(i64::try_from(number).unwrap());
            inventory.ran.push(Success {
                environment: environment.parse().unwrap(),
                label: label(&mut any),
                time,
                caller: None,
            });
        }
        inventory.objects = (0..8)
            .map(|n| Object { key: format!("k{n}"), bytes: 1, modified: Some(now() - DAY * (any(60) as i32)) })
            .collect();
        let policy = Policy {
            keep: 1 + any(4) as u32,
            keep_days: (any(2) == 0).then(|| any(60) as u32),
            keep_labels: if any(3) == 0 { vec!["v1*".to_owned()] } else { Vec::new() },
            keep_deployed: any(4) as u32,
            delete_bundles: any(2) == 0,
            archive: None,
        };
        (inventory, policy)
    }

    #[test]
    fn nothing_that_is_needed_is_ever_deleted() {
        let mut series = 7;
        let (mut deleted, mut removed) = (0, 0);
        for world in 0..3000 {
            let (inventory, policy) = any_world(&mut series);
            let plan = inventory.plan(&policy);
            let goes = |label: &str| plan.delete.iter().any(|deletion| deletion.label == label);
            let story = || format!("world {world}: {inventory:#?}\n{policy:#?}\n{plan:#?}");
            for environment in &inventory.environments {
                let lives = environment.status != Phase::Ending || environment.updated.unwrap() >= now() - DAY * 42;
                assert!(!lives || !goes(environment.label.as_deref().unwrap()), "{}", story());
            }
            for (_, label) in &inventory.on_instances {
                assert!(!goes(label), "{}", story());
            }
            for name in ["e0", "e1", "e2"] {
                let mut well: Vec<&str> = inventory
                    .ran
                    .iter()
                    .rev()
                    .filter(|ran| ran.environment == name)
                    .map(|ran| ran.label.as_str())
                    .collect();
                let mut seen = BTreeSet::new();
                well.retain(|label| seen.insert(*label));
                assert!(!well.iter().take(policy.keep_deployed as usize).any(|label| goes(label)), "{}", story());
            }
            let own: Vec<&Version> = inventory.versions.iter().filter(|version| version.application == "app").collect();
            assert!(plan.keep.len() >= own.len().min(policy.keep as usize), "{}", story());
            assert_eq!(plan.keep.len() + plan.delete.len(), own.len(), "{}", story());
            for version in &own {
                let young = policy.keep_days.is_some_and(|days| {
                    version.created.is_none_or(|created| created > now() - DAY * i32::try_from(days).unwrap())
                });
                let named = !policy.keep_labels.is_empty() && version.label.starts_with("v1");
                let busy = version.status == Status::Processing;
                assert!(!(young || named || busy) || !goes(&version.label), "{}", story());
            }
            for object in &plan.objects {
                let needed =
                    inventory.versions.iter().filter(|version| version.application != "app" || !goes(&version.label));
                let mut keys = needed.map(|version| version.bundle.as_ref().unwrap().key.as_str());
                assert!(policy.delete_bundles && !keys.any(|key| key == object.key), "{}", story());
            }
            deleted += plan.delete.len();
            removed += plan.objects.len();
        }
        // The worlds are not so that nothing could go wrong.
        assert!(deleted > 1000 && removed > 200, "{deleted} {removed}");
    }
}
