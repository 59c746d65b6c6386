//! Carry out a plan of pruning: look again before each step, write down how to undo it, and don't hurry.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::aws::Aws;
use super::call::{Call, Kind, Refusal};
use super::environment::{self, Phase, Which};
use super::history;
use super::prune::{Doomed, Facts, Object, Plan, Policy, Reason, Upload};
use super::store::{Shelf, Store};
use super::version::{self, Location, Version};
use crate::fault::{Exit, Fault};

/// The most that AWS looks back for terminated environments.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 42);

/// What happens on the way.
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

/// What pruning came to.
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

/// What it takes to bring versions back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    pub application: String,
    pub region: String,
    pub account: Option<String>,
    pub made: Timestamp,
    /// Where the bundles were copied to first.
    pub archive: Option<String>,
    pub versions: Vec<Doomed>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a plan that keeps no version is refused")]
    KeepsNothing,
    #[error("no environment of `{application}` is visible")]
    NoEnvironments { application: String },
    #[error("the plan is out of date")]
    Changed,
    #[error("failed to write `{}`", path.display())]
    Undo { path: PathBuf, source: std::io::Error },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not a record of deleted versions", path.display())]
    NotUndo { path: PathBuf, source: serde_json::Error },
    #[error("`{}` is about `{found}`, not about `{expected}`", path.display())]
    OtherPlace { path: PathBuf, found: String, expected: String },
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::KeepsNothing => Exit::Usage,
            Self::NoEnvironments { .. } | Self::Changed => Exit::Findings,
            Self::Undo { .. } | Self::Read { .. } | Self::NotUndo { .. } | Self::OtherPlace { .. } => Exit::Invalid,
            Self::Refused(refusal) => refusal.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::KeepsNothing => Some("`keep` is at least 1".to_owned()),
            Self::NoEnvironments { .. } => Some(
                "AWS hides what the caller may not see, so a version that runs could look unused; nothing was deleted. \
                 If there really is no environment, say so with `--no-environments`"
                    .to_owned(),
            ),
            Self::Changed => Some("nothing was deleted; make a new plan and look at it".to_owned()),
            Self::Undo { .. } => Some("nothing was deleted: without this record it could not be undone".to_owned()),
            Self::OtherPlace { .. } => Some("nothing was changed; look at `--application` and `--region`".to_owned()),
            Self::Read { .. } | Self::NotUndo { .. } => None,
            Self::Refused(refusal) => refusal.hint(),
        }
    }
}

/// Read everything, decide, change nothing.
pub fn plan(aws: &Aws, application: &str, shelf: &Shelf, policy: &Policy) -> Result<Plan, Error> {
    if policy.keep == 0 {
        return Err(Error::KeepsNothing);
    }
    aws.block_on(async { Ok(facts(aws, application, shelf).await?.0.plan(policy)) })
}

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

/// How to carry a plan out.
#[derive(Debug, Clone)]
pub struct Apply {
    /// The folder for the record that undoes it.
    pub undo_dir: PathBuf,
    /// Copy bundles below this prefix before deleting anything.
    pub archive: Option<String>,
    /// There really are no environments.
    pub no_environments: bool,
}

/// Carry out a plan, if the world is still what it was made for.
pub fn prune(
    aws: &Aws,
    plan: &Plan,
    shelf: &Shelf,
    apply: &Apply,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Pruned, Error> {
    aws.block_on(async {
        let (facts, store) = facts(aws, &plan.application, shelf).await?;
        if !facts.plan(&plan.policy).same_deeds(plan) {
            return Err(Error::Changed);
        }
        if plan.environments == 0 && !apply.no_environments && !plan.is_empty() {
            return Err(Error::NoEnvironments { application: plan.application.clone() });
        }
        if plan.keep.is_empty() && !plan.delete.is_empty() {
            return Err(Error::KeepsNothing);
        }
        carry_out(aws, plan, &store, apply, tell).await
    })
}

async fn carry_out(
    aws: &Aws,
    plan: &Plan,
    store: &Store,
    apply: &Apply,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    if !plan.delete.is_empty() && !aws.rehearses() {
        pruned.undo = Some(write_undo(plan, apply)?);
    }
    if let Some(prefix) = &apply.archive {
        for bundle in plan.delete.iter().filter_map(|doomed| doomed.bundle.as_ref()) {
            let to = store.at(&archived(prefix, &bundle.key));
            copy(aws, store, bundle, &to).await?;
            tell(Event::Archived { to: &to });
        }
    }
    for doomed in &plan.delete {
        // The plan is seconds old by now, and the service does not refuse reliably.
        let runs = environment::all(aws, &plan.application, Which::With(&doomed.label)).await?;
        if let Some(found) = runs.iter().find(|found| found.label.as_deref() == Some(doomed.label.as_str())) {
            tell(Event::Spared { label: &doomed.label, environment: &found.name });
            pruned.spared.push(doomed.label.clone());
            continue;
        }
        delete_version(aws, &plan.application, &doomed.label, tell).await?;
        tell(Event::Deleted { label: &doomed.label });
        pruned.deleted.push(doomed.label.clone());
    }
    if !plan.objects.is_empty() {
        // Somebody may have registered one of them meanwhile.
        let versions = version::all(aws, None).await?;
        let deleted = |label: &String| aws.rehearses() && pruned.deleted.contains(label);
        let needed: BTreeSet<&str> = versions
            .iter()
            .filter(|version| !(version.application == plan.application && deleted(&version.label)))
            .filter_map(|version| version.bundle.as_ref())
            .filter(|bundle| bundle.bucket == plan.bucket)
            .map(|bundle| bundle.key.as_str())
            .collect();
        for object in plan.objects.iter().filter(|object| !needed.contains(object.key.as_str())) {
            store.remove(aws, &object.key, None).await?;
            tell(Event::BundleDeleted { key: &object.key });
            pruned.bundles_deleted.push(object.key.clone());
        }
    }
    for upload in &plan.uploads {
        store.abort(aws, &upload.key, &upload.id).await?;
        tell(Event::UploadAborted { key: &upload.key });
        pruned.uploads_aborted += 1;
    }
    Ok(pruned)
}

/// Delete the record of a version, and only that: its bundle may be shared.
async fn delete_version(
    aws: &Aws,
    application: &str,
    label: &str,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Refusal> {
    let mut pause = 1;
    loop {
        let call = Call::eb("DeleteApplicationVersion")
            .with("ApplicationName", application)
            .with("VersionLabel", label)
            .with("DeleteSourceBundle", false);
        let request = aws.eb.delete_application_version().application_name(application).version_label(label);
        let refusal = match aws.write(call, request.delete_source_bundle(false).send()).await {
            Ok(_) => return Ok(()),
            Err(refusal) => refusal,
        };
        let busy = refusal.code().is_some_and(|code| code.starts_with("OperationInProgress"));
        if (busy || refusal.kind() == Kind::Throttled) && pause <= 32 {
            tell(Event::Limited { seconds: pause });
            tokio::time::sleep(Duration::from_secs(pause)).await;
            pause *= 2;
            continue;
        }
        // The answer to an earlier attempt may have been lost: is it gone?
        let unclear = !refusal.was_answered() || refusal.kind() == Kind::Refused;
        if unclear && version::find(aws, application, label).await?.is_none() {
            return Ok(());
        }
        return Err(refusal);
    }
}

fn archived(prefix: &str, key: &str) -> String {
    format!("{}/{key}", prefix.trim_matches('/'))
}

async fn copy(aws: &Aws, store: &Store, from: &Location, to: &Location) -> Result<(), Refusal> {
    let call = Call::s3("CopyObject", &to.bucket, &to.key).with("CopySource", from);
    let source = format!("{}/{}", from.bucket, percent(&from.key));
    let request = aws
        .s3
        .copy_object()
        .bucket(&to.bucket)
        .key(&to.key)
        .copy_source(source)
        .set_expected_bucket_owner(store.owner.clone())
        .set_expected_source_bucket_owner(store.owner.clone());
    aws.write(call, request.send()).await.map(drop)
}

/// A copy's source is part of a URL.
fn percent(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~');
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn write_undo(plan: &Plan, apply: &Apply) -> Result<PathBuf, Error> {
    let name = plan.made.strftime("%Y%m%dT%H%M%S%.3fZ.json").to_string();
    let path = apply.undo_dir.join(name);
    let undo = Undo {
        application: plan.application.clone(),
        region: plan.region.clone(),
        account: plan.account.clone(),
        made: plan.made,
        archive: apply.archive.clone(),
        versions: plan.delete.clone(),
    };
    let text = serde_json::to_string_pretty(&undo).expect("a record has string keys");
    let failed = |source| Error::Undo { path: path.clone(), source };
    std::fs::create_dir_all(&apply.undo_dir).map_err(failed)?;
    let file = tempfile::NamedTempFile::new_in(&apply.undo_dir).map_err(failed)?;
    std::fs::write(file.path(), text).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

/// What became of a version that should be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    Restored,
    /// It is there.
    Unchanged,
    /// Its bundle is gone.
    BundleGone,
}

/// A version of a record, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    pub label: String,
    pub fate: Fate,
}

impl Undo {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        serde_json::from_str(&text).map_err(|source| Error::NotUndo { path: path.to_owned(), source })
    }
}

/// Bring deleted versions back, as far as their bundles are there.
pub fn undo(aws: &Aws, path: &Path, undo: &Undo, shelf: &Shelf) -> Result<Vec<Restored>, Error> {
    let place = |region: &str, account: &Option<String>| match account {
        Some(account) => format!("{account} in {region}"),
        None => region.to_owned(),
    };
    let expected = place(aws.region(), &aws.caller().account);
    let found = place(&undo.region, &undo.account);
    if found != expected {
        return Err(Error::OtherPlace { path: path.to_owned(), found, expected });
    }
    aws.block_on(async {
        let store = shelf.open(aws).await?;
        let mut fates = Vec::new();
        for doomed in &undo.versions {
            let fate = restore(aws, undo, doomed, &store).await?;
            fates.push(Restored { label: doomed.label.clone(), fate });
        }
        Ok(fates)
    })
}

async fn restore(aws: &Aws, undo: &Undo, doomed: &Doomed, store: &Store) -> Result<Fate, Error> {
    if version::find(aws, &undo.application, &doomed.label).await?.is_some() {
        return Ok(Fate::Unchanged);
    }
    let Some(bundle) = &doomed.bundle else { return Ok(Fate::BundleGone) };
    let place = Store { bucket: bundle.bucket.clone(), ..store.clone() };
    if !place.has(aws, &bundle.key).await? {
        let Some(prefix) = &undo.archive else { return Ok(Fate::BundleGone) };
        let from = store.at(&archived(prefix, &bundle.key));
        if !store.has(aws, &from.key).await? {
            return Ok(Fate::BundleGone);
        }
        copy(aws, store, &from, bundle).await?;
    }
    version::create(aws, &undo.application, doomed, bundle).await?;
    Ok(Fate::Restored)
}
