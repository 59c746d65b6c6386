//! Everything that pruning depends on, read from AWS: all pages of everything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::decide::Facts;
use super::plan::{Object, Reason, Upload};
use crate::release::aws::Aws;
use crate::release::call::Refusal;
use crate::release::document::Listed;
use crate::release::environment::{self, Phase, Which};
use crate::release::history;
use crate::release::store::{Shelf, Store};
use crate::release::version::{self, Version};

/// The most that AWS looks back for terminated environments.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 42);

/// Everything that pruning depends on. All pages of everything.
pub(crate) async fn facts(aws: &Aws, application: &str, shelf: &Shelf) -> Result<(Facts, Store), Refusal> {
    let now = aws.now();
    let store = shelf.open(aws).await?;
    let environments = environment::all(aws, application, Which::Since(now - BACK)).await?;
    let mut on_instances = Vec::new();
    for live in environments.iter().filter(|found| found.status != Phase::Ending) {
        let labels = environment::on_instances(aws, live).await?.unwrap_or_default();
        on_instances.extend(labels.into_iter().map(|label| (live.name.clone(), label)));
    }
    let folder = shelf.folder(application, "");
    let versions = version::all(aws, None).await?;
    let listed = store.list(aws, &folder).await?;
    let uploads = match store.uploads(aws, &folder).await {
        Ok(uploads) => uploads,
        // Without the right to see them, they stay.
        Err(refusal) if refusal.was_answered() && !refusal.is_about_credentials() => Vec::new(),
        Err(refusal) => return Err(refusal),
    };
    let facts = Facts {
        application: application.to_owned(),
        region: aws.region().to_owned(),
        account: aws.caller().account.clone(),
        now,
        environments,
        on_instances,
        ran: history::recall(aws, &store, &shelf.folder(application, "deployments")).await?,
        bucket: store.bucket.clone(),
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
    Ok((facts, store))
}

fn object(listed: Listed) -> Object {
    Object { key: listed.key, bytes: listed.bytes, modified: listed.modified }
}

/// Folders looked into for the bundles of other tools: they have one or two.
const FOLDERS: usize = 5;

/// The folders of our bucket outside of `ours` that bundles of the application are in.
fn elsewhere(facts: &Facts, ours: &str) -> BTreeSet<String> {
    let own = facts.versions.iter().filter(|version| version.application == facts.application);
    let bundles = own.filter_map(|version| version.bundle.as_ref().filter(|bundle| bundle.bucket == facts.bucket));
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
    /// What protects it from being pruned, whatever the policy.
    pub protection: Vec<Reason>,
}

/// All versions of an application, newest first. Changes nothing.
pub fn overview(aws: &Aws, application: &str, shelf: &Shelf, keep_deployed: u32) -> Result<Vec<Overview>, Refusal> {
    aws.block_on(async {
        let (mut facts, store) = facts(aws, application, shelf).await?;
        // Other tools keep bundles elsewhere in the bucket: the EB CLI below the application's name.
        for folder in elsewhere(&facts, &shelf.folder(application, "")) {
            match store.list(aws, &folder).await {
                Ok(listed) => facts.objects.extend(listed.into_iter().map(object)),
                // Their length is good to know, and not more.
                Err(refusal) if refusal.was_answered() && !refusal.is_about_credentials() => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let own = facts.versions.iter().filter(|version| version.application == application);
        let lengths: BTreeMap<&str, u64> =
            facts.objects.iter().map(|object| (object.key.as_str(), object.bytes)).collect();
        Ok(own
            .map(|version| {
                let ours = version.bundle.as_ref().filter(|bundle| bundle.bucket == facts.bucket);
                Overview {
                    version: version.clone(),
                    bytes: ours.and_then(|bundle| lengths.get(bundle.key.as_str()).copied()),
                    protection: facts.protection(version, keep_deployed),
                }
            })
            .collect())
    })
}
