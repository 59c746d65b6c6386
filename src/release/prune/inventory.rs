//! Reader of all that pruning depends on: all pages of everything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::error::Error;
use super::plan::{Object, Reason, Upload};
use super::protection::Inventory;
use super::undo::Undo;
use crate::beanstalk::name::Application;
use crate::release::api_error::{ApiError, known};
use crate::release::aws::Aws;
use crate::release::bucket::{BundleBucket, BundleStore};
use crate::release::document::Listed;
use crate::release::environment::{self, Environment, Phase, Which};
use crate::release::history;
use crate::release::operation;
use crate::release::version::{self, Version};

/// The most that AWS looks back for terminated environments.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 42);

/// Inventory of all that pruning depends on. All pages of everything.
pub(crate) async fn inventory(
    aws: &Aws,
    application: &Application,
    bundle_store: &BundleStore,
    undo: &[Undo],
) -> Result<(Inventory, BundleBucket), ApiError> {
    let now = aws.now();
    let bucket = bundle_store.open(aws).await?;
    let environments = environment::all(aws, application, Which::Since(now - BACK)).await?;
    let mut on_instances = Vec::new();
    for live in environments.iter().filter(|found| found.status != Phase::Ending) {
        let labels = environment::on_instances(aws, live).await?.unwrap_or_default();
        on_instances.extend(labels.into_iter().map(|label| (live.name.clone(), label)));
    }
    let lately = Lately::read(aws, application, bundle_store, &bucket, &environments).await?;
    let folder = bundle_store.folder(application, "");
    let versions = version::all(aws, None).await?;
    let listed = bucket.list(aws, &folder).await?;
    // Without the right to see them, they stay.
    let uploads = known(bucket.uploads(aws, &folder).await)?.unwrap_or_default();
    let inventory = Inventory {
        application: application.to_owned(),
        region: aws.region().to_owned(),
        account: aws.caller().account.clone(),
        now,
        environments,
        on_instances,
        recent: lately.recent,
        moving: lately.moving,
        application_made: version::application_made(aws, application).await?,
        undo: undo
            .iter()
            .filter(|undo| undo.application == *application && undo.region == aws.region())
            .cloned()
            .collect(),
        ran: history::recall(aws, &bucket, &bundle_store.folder(application, "deployments")).await?,
        bucket: bucket.name.clone(),
        objects: listed.into_iter().map(object).collect(),
        uploads: uploads
            .into_iter()
            .filter_map(|upload| {
                let began = upload.initiated.and_then(|date| version::timestamp(&date));
                Some(Upload { key: upload.key?, id: upload.upload_id?, began })
            })
            .collect(),
        versions,
        limit: version::limit(aws).await?,
    };
    Ok((inventory, bucket))
}

/// What the environments did within a day, as their events and the operations on them tell.
#[derive(Debug, Default)]
struct Lately {
    recent: Vec<(String, String)>,
    moving: Vec<String>,
}

impl Lately {
    async fn read(
        aws: &Aws,
        application: &Application,
        bundle_store: &BundleStore,
        bucket: &BundleBucket,
        environments: &[Environment],
    ) -> Result<Self, ApiError> {
        let mut lately = Self::default();
        let yesterday = aws.now() - SignedDuration::from_hours(24);
        for live in environments.iter().filter(|found| found.status != Phase::Ending) {
            let events = environment::events(aws, &live.id, Some(yesterday)).await?;
            let mut labels: BTreeSet<String> = events.into_iter().filter_map(|event| event.label).collect();
            let mut moves = live.status != Phase::Ready;
            if let Ok(name) = live.name.parse()
                && let Some(last) = operation::last(aws, bucket, &bundle_store.operation(application, &name)).await?
            {
                moves |= last.is_alive(aws.now());
                if last.beat > yesterday || last.ended.is_none() && moves {
                    labels.extend(last.from.into_iter().chain([last.to]));
                }
            }
            lately.recent.extend(labels.into_iter().map(|label| (live.name.clone(), label)));
            lately.moving.extend(moves.then(|| live.name.clone()));
        }
        Ok(lately)
    }
}

fn object(listed: Listed) -> Object {
    Object { key: listed.key, bytes: listed.bytes, modified: listed.modified }
}

/// Folders looked into for the bundles of other tools: they have one or two.
const FOLDERS: usize = 5;

/// The folders of our bucket outside of `ours` that bundles of the application are in.
fn elsewhere(inventory: &Inventory, ours: &str) -> BTreeSet<String> {
    let own = inventory.versions.iter().filter(|version| version.application == inventory.application);
    let bundles = own.filter_map(|version| version.bundle.as_ref().filter(|bundle| bundle.bucket == inventory.bucket));
    let folders = bundles.filter_map(|bundle| bundle.key.rsplit_once('/').map(|(folder, _)| format!("{folder}/")));
    let folders: BTreeSet<String> = folders.filter(|folder| !folder.starts_with(ours)).collect();
    folders.into_iter().take(FOLDERS).collect()
}

/// A version, and what is known around it.
#[derive(Debug, Clone)]
pub struct Overview {
    pub version: Version,
    /// The length of its bundle, if that is kept where the project keeps its bundles.
    pub bytes: Option<u64>,
    /// Reasons that protect it from being pruned, whatever the policy.
    pub protection: Vec<Reason>,
}

/// All versions of an application, newest first. Changes nothing.
pub fn overview(
    aws: &Aws,
    application: &Application,
    bundle_store: &BundleStore,
    keep_deployed: u32,
) -> Result<Vec<Overview>, Error> {
    aws.block_on(async {
        let (mut inventory, bucket) = inventory(aws, application, bundle_store, &[]).await?;
        if inventory.application_made.is_none() {
            return Err(Error::no_application(aws, application));
        }
        // Other tools keep bundles elsewhere in the bucket: the EB CLI below the application's name.
        for folder in elsewhere(&inventory, &bundle_store.folder(application, "")) {
            // Their length is good to know, and not more.
            let listed = known(bucket.list(aws, &folder).await)?.unwrap_or_default();
            inventory.objects.extend(listed.into_iter().map(object));
        }
        let own = inventory.versions.iter().filter(|version| version.application == *application);
        let lengths: BTreeMap<&str, u64> =
            inventory.objects.iter().map(|object| (object.key.as_str(), object.bytes)).collect();
        Ok(own
            .map(|version| {
                let ours = version.bundle.as_ref().filter(|bundle| bundle.bucket == inventory.bucket);
                Overview {
                    version: version.clone(),
                    bytes: ours.and_then(|bundle| lengths.get(bundle.key.as_str()).copied()),
                    protection: inventory.protection(version, keep_deployed),
                }
            })
            .collect())
    })
}
