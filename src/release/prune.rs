//! Prune: make a plan of what nobody needs, and carry it out: look again before each step, write down how to undo it, and don't hurry.

mod decide;
mod error;
mod inventory;
mod pattern;
mod plan;
mod protection;
mod undo;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

pub use self::error::Error;
pub(crate) use self::inventory::inventory;
pub use self::inventory::{Overview, overview};
pub use self::pattern::matches;
pub use self::plan::{Apply, Deletion, KEEP_DEPLOYED, Kept, Object, Plan, Policy, Pruned, Reason, Upload};
pub(crate) use self::protection::Inventory;
pub use self::undo::{RestoreOutcome, Restored, Undo, UndoFiles, undo};
use self::undo::{archived, copy, write_undo};
use super::api_error::ErrorKind;
use super::aws::Aws;
use super::bucket::{BundleBucket, BundleStore};
use super::call::Call;
use super::environment::{self, Phase, Which};
use super::tag::{self, Tags};
use super::version::{self, Location, Version};
use crate::beanstalk::name::Application;

/// Step of pruning.
#[derive(Debug)]
pub enum Event<'a> {
    Deleted {
        label: &'a str,
    },
    /// Kept after all: it runs now.
    Spared {
        label: &'a str,
        environment: &'a str,
    },
    /// This file brings back what is deleted from here on.
    Recorded {
        undo: Option<&'a Path>,
    },
    Archived {
        to: &'a Location,
    },
    /// A bundle that is gone already cannot be copied.
    NothingToArchive {
        bundle: &'a Location,
    },
    BundleDeleted {
        key: &'a str,
    },
    UploadAborted {
        key: &'a str,
    },
    Limited {
        seconds: u64,
    },
}

/// Read everything, decide, change nothing.
pub fn plan(
    aws: &Aws,
    application: &Application,
    bundle_store: &BundleStore,
    policy: &Policy,
    undo: &[Undo],
) -> Result<Plan, Error> {
    if policy.keep == 0 {
        return Err(Error::KeepsNothing);
    }
    aws.block_on(async {
        let (inventory, _) = inventory(aws, application, bundle_store, undo).await?;
        if inventory.application_made.is_none() {
            return Err(Error::no_application(aws, application));
        }
        Ok(inventory.plan(policy))
    })
}

/// Carry out a plan, if the world is still what it was made for.
pub fn prune(
    aws: &Aws,
    plan: &Plan,
    bundle_store: &BundleStore,
    apply: &Apply,
    undo: &[Undo],
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Pruned, Error> {
    aws.block_on(async {
        let (inventory, bucket) = inventory(aws, &plan.application, bundle_store, undo).await?;
        if !inventory.moving.is_empty() && !plan.is_empty() {
            return Err(Error::Moving { environments: inventory.moving });
        }
        if !inventory.plan(&plan.policy).same_deeds(plan) {
            return Err(Error::Changed);
        }
        if plan.environments == 0 && !apply.no_environments && !plan.is_empty() {
            return Err(Error::NoEnvironments { application: plan.application.clone() });
        }
        if plan.keep.is_empty() && !plan.delete.is_empty() {
            return Err(Error::KeepsNothing);
        }
        let mut done = Pruned::default();
        match carry_out(aws, plan, &inventory, &bucket, apply, &mut done, report).await {
            Ok(()) => Ok(done),
            Err(error) if done == Pruned::default() => Err(error),
            Err(error) => Err(Error::Stopped { done: Box::new(done), source: Box::new(error) }),
        }
    })
}

/// Each step takes what the plan has, and nothing else; `done` says how far it came.
async fn carry_out(
    aws: &Aws,
    plan: &Plan,
    inventory: &Inventory,
    bucket: &BundleBucket,
    apply: &Apply,
    done: &mut Pruned,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let deletes = !plan.delete.is_empty() || !plan.objects.is_empty();
    if deletes && !aws.is_dry_run() {
        done.undo = Some(write_undo(plan, tags(aws, plan, inventory).await?, apply)?);
        report(Event::Recorded { undo: done.undo.as_deref() });
    }
    if let Some(prefix) = &plan.policy.archive {
        for bundle in &plan.copies {
            let to = bucket.at(&archived(prefix, &bundle.key));
            match copy(aws, bucket, bundle, &to).await {
                Ok(()) => report(Event::Archived { to: &to }),
                // There is nothing to archive, and nothing that could be lost.
                Err(error) if error.kind() == ErrorKind::Missing => report(Event::NothingToArchive { bundle }),
                Err(error) => return Err(error.into()),
            }
        }
    }
    delete_versions(aws, plan, done, report).await?;
    if !plan.objects.is_empty() {
        delete_bundles(aws, plan, bucket, done, report).await?;
    }
    for upload in &plan.uploads {
        bucket.abort(aws, &upload.key, &upload.id).await?;
        report(Event::UploadAborted { key: &upload.key });
        done.uploads_aborted += 1;
    }
    Ok(())
}

/// The tags of what is deleted, as far as they can be seen.
async fn tags(aws: &Aws, plan: &Plan, inventory: &Inventory) -> Result<BTreeMap<String, Tags>, Error> {
    let mut tags = BTreeMap::new();
    let of_plan = |version: &&Version| {
        version.application == *plan.application && plan.delete.iter().any(|deletion| deletion.label == version.label)
    };
    for version in inventory.versions.iter().filter(of_plan) {
        if let Some(found) = tag::seen(aws, version).await? {
            tags.insert(version.label.clone(), found);
        }
    }
    Ok(tags)
}

async fn delete_versions(
    aws: &Aws,
    plan: &Plan,
    done: &mut Pruned,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    for deletion in &plan.delete {
        // The plan is seconds old by now, and the service does not refuse reliably.
        let live = environment::all(aws, &plan.application, Which::Live).await?;
        let moving = live.iter().filter(|found| found.status != Phase::Ready);
        let moving: Vec<String> = moving.map(|found| found.name.clone()).collect();
        if !moving.is_empty() {
            return Err(Error::Moving { environments: moving });
        }
        if let Some(found) = live.iter().find(|found| found.label.as_deref() == Some(deletion.label.as_str())) {
            report(Event::Spared { label: &deletion.label, environment: &found.name });
            done.spared.push(deletion.label.clone());
            continue;
        }
        delete_version(aws, &plan.application, &deletion.label, report).await?;
        report(Event::Deleted { label: &deletion.label });
        done.deleted.push(deletion.label.clone());
    }
    Ok(())
}

async fn delete_bundles(
    aws: &Aws,
    plan: &Plan,
    bucket: &BundleBucket,
    done: &mut Pruned,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    // Somebody may have registered one of them meanwhile.
    let versions = version::all(aws, None).await?;
    let deleted = |label: &String| aws.is_dry_run() && done.deleted.contains(label);
    let needed: BTreeSet<String> = versions
        .into_iter()
        .filter(|version| !(version.application == plan.application && deleted(&version.label)))
        .filter_map(|version| version.bundle)
        .filter(|bundle| bundle.bucket == plan.bucket)
        .map(|bundle| bundle.key)
        .collect();
    for object in plan.objects.iter().filter(|object| !needed.contains(&object.key)) {
        bucket.remove(aws, &object.key, None).await?;
        report(Event::BundleDeleted { key: &object.key });
        done.bundles_deleted.push(object.key.clone());
    }
    Ok(())
}

/// Delete the record of a version, and only that: its bundle may be shared.
async fn delete_version(
    aws: &Aws,
    application: &Application,
    label: &str,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let mut pause = 1;
    loop {
        let call = Call::eb("DeleteApplicationVersion")
            .with("ApplicationName", application)
            .with("VersionLabel", label)
            .with("DeleteSourceBundle", false);
        let request = aws.eb.delete_application_version().application_name(application).version_label(label);
        let error = match aws.write(call, request.delete_source_bundle(false).send()).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if error.kind() == ErrorKind::Throttled && pause <= 32 {
            report(Event::Limited { seconds: pause });
            tokio::time::sleep(Duration::from_secs(pause)).await;
            pause *= 2;
            continue;
        }
        // Something works on it or with it: the plan does not hold any more, and repeating would not look again.
        if error.code().is_some_and(|code| code.starts_with("OperationInProgress")) {
            return Err(Error::Busy { label: label.to_owned() });
        }
        if error.may_be_done() && version::find(aws, application, label).await?.is_none() {
            return Ok(());
        }
        return Err(error.into());
    }
}
