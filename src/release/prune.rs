//! Prune: make a plan of what nobody needs, and carry it out: look again before each step, write down how to undo it, and don't hurry.

mod decide;
mod error;
mod inventory;
mod plan;
mod undo;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

pub(crate) use self::decide::Inventory;
pub use self::decide::matches;
pub use self::error::Error;
pub(crate) use self::inventory::inventory;
pub use self::inventory::{Overview, overview};
pub use self::plan::{Apply, Deletion, KEEP_DEPLOYED, Kept, Object, Plan, Policy, Reason, Upload};
pub use self::undo::{RestoreOutcome, Restored, Undo, undo};
use self::undo::{archived, copy, write_undo};
use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::bucket::{BundleBucket, BundleStore};
use super::call::Call;
use super::environment::{self, Which};
use super::version::{self, Location};
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
    Archived {
        to: &'a Location,
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

/// Result of pruning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    pub deleted: Vec<String>,
    /// Kept after all, because something changed since the plan.
    pub spared: Vec<String>,
    pub bundles_deleted: Vec<String>,
    pub uploads_aborted: usize,
    /// The file that brings the versions back.
    pub undo: Option<PathBuf>,
}

/// Read everything, decide, change nothing.
pub fn plan(aws: &Aws, application: &Application, bundle_store: &BundleStore, policy: &Policy) -> Result<Plan, Error> {
    if policy.keep == 0 {
        return Err(Error::KeepsNothing);
    }
    aws.block_on(async { Ok(inventory(aws, application, bundle_store).await?.0.plan(policy)) })
}

/// Carry out a plan, if the world is still what it was made for.
pub fn prune(
    aws: &Aws,
    plan: &Plan,
    bundle_store: &BundleStore,
    apply: &Apply,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Pruned, Error> {
    aws.block_on(async {
        let (inventory, bucket) = inventory(aws, &plan.application, bundle_store).await?;
        if !inventory.plan(&plan.policy).same_deeds(plan) {
            return Err(Error::Changed);
        }
        if plan.environments == 0 && !apply.no_environments && !plan.is_empty() {
            return Err(Error::NoEnvironments { application: plan.application.clone() });
        }
        if plan.keep.is_empty() && !plan.delete.is_empty() {
            return Err(Error::KeepsNothing);
        }
        carry_out(aws, plan, &bucket, apply, report).await
    })
}

async fn carry_out(
    aws: &Aws,
    plan: &Plan,
    bucket: &BundleBucket,
    apply: &Apply,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    if !plan.delete.is_empty() && !aws.is_dry_run() {
        pruned.undo = Some(write_undo(plan, apply)?);
    }
    if let Some(prefix) = &apply.archive {
        for bundle in plan.delete.iter().filter_map(|deletion| deletion.bundle.as_ref()) {
            let to = bucket.at(&archived(prefix, &bundle.key));
            copy(aws, bucket, bundle, &to).await?;
            report(Event::Archived { to: &to });
        }
    }
    for deletion in &plan.delete {
        // The plan is seconds old by now, and the service does not refuse reliably.
        let runs = environment::all(aws, &plan.application, Which::With(&deletion.label)).await?;
        if let Some(found) = runs.iter().find(|found| found.label.as_deref() == Some(deletion.label.as_str())) {
            report(Event::Spared { label: &deletion.label, environment: &found.name });
            pruned.spared.push(deletion.label.clone());
            continue;
        }
        delete_version(aws, &plan.application, &deletion.label, report).await?;
        report(Event::Deleted { label: &deletion.label });
        pruned.deleted.push(deletion.label.clone());
    }
    if !plan.objects.is_empty() {
        // Somebody may have registered one of them meanwhile.
        let versions = version::all(aws, None).await?;
        let deleted = |label: &String| aws.is_dry_run() && pruned.deleted.contains(label);
        let needed: BTreeSet<&str> = versions
            .iter()
            .filter(|version| !(version.application == plan.application && deleted(&version.label)))
            .filter_map(|version| version.bundle.as_ref())
            .filter(|bundle| bundle.bucket == plan.bucket)
            .map(|bundle| bundle.key.as_str())
            .collect();
        for object in plan.objects.iter().filter(|object| !needed.contains(object.key.as_str())) {
            bucket.remove(aws, &object.key, None).await?;
            report(Event::BundleDeleted { key: &object.key });
            pruned.bundles_deleted.push(object.key.clone());
        }
    }
    for upload in &plan.uploads {
        bucket.abort(aws, &upload.key, &upload.id).await?;
        report(Event::UploadAborted { key: &upload.key });
        pruned.uploads_aborted += 1;
    }
    Ok(pruned)
}

/// Delete the record of a version, and only that: its bundle may be shared.
async fn delete_version(
    aws: &Aws,
    application: &Application,
    label: &str,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), ApiError> {
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
        let busy = error.code().is_some_and(|code| code.starts_with("OperationInProgress"));
        if (busy || error.kind() == ErrorKind::Throttled) && pause <= 32 {
            report(Event::Limited { seconds: pause });
            tokio::time::sleep(Duration::from_secs(pause)).await;
            pause *= 2;
            continue;
        }
        // The answer to an earlier attempt may have been lost: is it gone?
        let unclear = !error.was_answered() || error.kind() == ErrorKind::Refused;
        if unclear && version::find(aws, application, label).await?.is_none() {
            return Ok(());
        }
        return Err(error);
    }
}
