//! Everything that pruning depends on, read from AWS: all pages of everything.

use jiff::SignedDuration;

use super::decide::Facts;
use super::plan::{Object, Reason, Upload};
use crate::release::aws::Aws;
use crate::release::call::Refusal;
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
        objects: listed
            .into_iter()
            .map(|object| Object { key: object.key, bytes: object.bytes, modified: object.modified })
            .collect(),
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
        let (facts, _) = facts(aws, application, shelf).await?;
        let own = facts.versions.iter().filter(|version| version.application == application);
        Ok(own
            .map(|version| {
                let key =
                    version.bundle.as_ref().filter(|bundle| bundle.bucket == facts.bucket).map(|bundle| &bundle.key);
                let object = facts.objects.iter().find(|object| Some(&object.key) == key);
                Overview {
                    version: version.clone(),
                    bytes: object.map(|object| object.bytes),
                    protection: facts.protection(version, keep_deployed),
                }
            })
            .collect())
    })
}
