//! What is deleted and what is kept, by what is known.

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
    let versions = (1..).zip(ages).map(|(n, age)| version("app", &format!("v{n}"), age, &format!("k{n}"))).collect();
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
    Policy { keep: 1, keep_days: None, keep_labels: Vec::new(), keep_deployed: 2, delete_bundles: true, archive: None }
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
    // To the day.
    deletes(&inventory(), &Policy { keep_days: Some(30), ..policy() }, &["v6", "v5", "v4"]);
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
    let orphan = |age: i32, name: &str| Object { key: name.to_owned(), bytes: 1, modified: Some(now() - DAY * age) };
    inventory.objects.push(orphan(2, &format!("old/{digest}.zip")));
    inventory.objects.push(orphan(1, &format!("new/{digest}.zip")));
    inventory.objects.push(orphan(2, "somebody-elses.zip"));
    let plan = inventory.plan(&policy());
    let keys: Vec<&str> = plan.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, ["k2", "k3", "k4", &format!("old/{digest}.zip")]);
    assert!(inventory.plan(&Policy { delete_bundles: false, ..policy() }).objects.is_empty());
}

fn location(bucket: &str, key: &str) -> Location {
    Location { bucket: bucket.to_owned(), key: key.to_owned() }
}

/// What a run of the past deleted: a version that was made so many days ago, and objects.
fn undo(label: &str, key: &str, age_days: i32, objects: &[&str]) -> Undo {
    let deletion = Deletion {
        label: label.to_owned(),
        created: Some(now() - DAY * age_days),
        description: None,
        bundle: Some(location("b", key)),
        processed: true,
    };
    Undo {
        application: "app".parse().unwrap(),
        region: "us-east-1".to_owned(),
        account: None,
        made: now() - DAY,
        archive: None,
        versions: vec![deletion],
        objects: objects.iter().map(|key| location("b", key)).collect(),
        tags: std::collections::BTreeMap::new(),
    }
}

#[test]
fn bundles_that_are_kept_elsewhere_stay() {
    let mut inventory = inventory();
    inventory.versions[5].bundle = Some(location("other", "k6"));
    inventory.versions[4].bundle = Some(location("b", "elsewhere/k5"));
    let plan = inventory.plan(&policy());
    assert_eq!(plan.left, [location("other", "k6"), location("b", "elsewhere/k5")]);
    // Nobody expects them to go.
    assert_eq!(inventory.plan(&Policy { delete_bundles: false, ..policy() }).left, []);
}

#[test]
fn a_version_that_was_brought_back_is_as_old_as_before() {
    #[track_caller]
    fn case(record: Undo, labels: &[&str]) {
        deletes(&Inventory { undo: vec![record], ..inventory() }, &Policy { keep_days: Some(15), ..policy() }, labels);
    }
    // `v2` was made 25 days ago, and registered again 10 days ago.
    case(undo("v2", "k2", 25, &[]), &["v6", "v5", "v4", "v2", "v3"]);
    // Its record is no other version's, nor that of another bundle that had the label.
    case(undo("v1", "k2", 25, &[]), &["v6", "v5", "v4", "v3"]);
    case(undo("v2", "k1", 25, &[]), &["v6", "v5", "v4", "v3"]);
    case(undo("v2", "k2", 5, &[]), &["v6", "v5", "v4", "v3"]);
}

#[test]
fn what_a_record_brings_back_keeps_its_bundle() {
    let (kept, promised) = (format!("{}.zip", "a".repeat(64)), format!("{}.zip", "b".repeat(64)));
    let mut inventory = inventory();
    inventory.undo = vec![undo("old", &kept, 80, &[]), undo("older", &promised, 90, &[&promised])];
    let object = |key: &str| Object { key: key.to_owned(), bytes: 1, modified: Some(now() - DAY * 60) };
    inventory.objects = vec![object(&kept), object(&promised)];
    let keys =
        |policy: &Policy| inventory.plan(policy).objects.into_iter().map(|object| object.key).collect::<Vec<_>>();
    assert_eq!(keys(&policy()), [promised.as_str()]);
    // What is archived comes back from there.
    assert_eq!(keys(&Policy { archive: Some("old/".to_owned()), ..policy() }), [kept, promised]);
}

#[test]
fn an_upload_goes_when_nobody_will_continue_it() {
    let mut inventory = inventory();
    let upload = |id: &str, began: Option<Timestamp>| Upload { key: "k".to_owned(), id: id.to_owned(), began };
    let week = now() - DAY * 7;
    inventory.uploads = vec![
        upload("new", Some(now())),
        upload("a week", Some(week)),
        upload("longer", Some(week - SignedDuration::from_secs(1))),
        upload("who knows", None),
    ];
    let ids: Vec<String> = inventory.plan(&policy()).uploads.into_iter().map(|upload| upload.id).collect();
    assert_eq!(ids, ["longer"]);
}

#[test]
fn a_deletion_knows_whether_the_version_could_be_deployed() {
    let mut inventory = inventory();
    inventory.versions[4].status = Status::Failed;
    let plan = inventory.plan(&Policy { keep: 4, ..policy() });
    let processed: Vec<_> = plan.delete.iter().map(|deletion| (deletion.label.as_str(), deletion.processed)).collect();
    assert_eq!(processed, [("v6", true), ("v5", false)]);
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
    let (mut deleted, mut removed, mut ran_well) = (0, 0, 0);
    for world in 0..3000 {
        let (inventory, policy) = any_world(&mut series);
        let plan = inventory.plan(&policy);
        let goes = |label: &str| plan.delete.iter().any(|deletion| deletion.label == label);
        let story = || format!("world {world}: {inventory:#?}\n{policy:#?}\n{plan:#?}");
        let back = |found: &Environment| found.status != Phase::Ending || found.updated.unwrap() >= now() - DAY * 42;
        for environment in &inventory.environments {
            assert!(!back(environment) || !goes(environment.label.as_deref().unwrap()), "{}", story());
        }
        for (_, label) in &inventory.on_instances {
            assert!(!goes(label), "{}", story());
        }
        for name in ["env-0", "env-1", "env-2"] {
            let mut well: Vec<&str> = inventory
                .ran
                .iter()
                .rev()
                .filter(|ran| ran.environment == name)
                .map(|ran| ran.label.as_str())
                .collect();
            // What ran in one that nobody can bring back is needed by nobody, unless none of them was seen.
            if !inventory.environments.is_empty()
                && !inventory.environments.iter().any(|found| found.name == name && back(found))
            {
                continue;
            }
            let mut seen = BTreeSet::new();
            well.retain(|label| seen.insert(*label));
            ran_well += well.len();
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
    assert!(deleted > 1000 && removed > 200 && ran_well > 1000, "{deleted} {removed} {ran_well}");
}
