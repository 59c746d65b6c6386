//! Bring back what was pruned: the record that is written first, and the archive of bundles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_sdk_elasticbeanstalk::types::{S3Location, Tag};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::plan::{Apply, Deletion, Plan};
use crate::beanstalk::name::Application;
use crate::file::{self, Durability, FileMode, Named};
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::bucket::{BundleBucket, BundleStore};
use crate::release::call::Call;
use crate::release::tag::Tags;
use crate::release::version::{self, Location};

/// Record that brings versions back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    pub application: Application,
    pub region: String,
    pub account: Option<String>,
    pub made: Timestamp,
    /// Prefix that the bundles were copied to first.
    pub archive: Option<String>,
    pub versions: Vec<Deletion>,
    /// Objects that go with them: whoever prunes again after an interruption finishes that.
    #[serde(default)]
    pub objects: Vec<Location>,
    /// Tags by label. A label that is not in here has tags that nobody could see.
    #[serde(default)]
    pub tags: BTreeMap<String, Tags>,
}

pub(super) fn archived(prefix: &str, key: &str) -> String {
    format!("{}/{key}", prefix.trim_matches('/'))
}

pub(super) async fn copy(aws: &Aws, bucket: &BundleBucket, from: &Location, to: &Location) -> Result<(), ApiError> {
    let call = Call::s3("CopyObject", &to.bucket, &to.key).with("CopySource", from);
    let request = aws
        .s3
        .copy_object()
        .bucket(&to.bucket)
        .key(&to.key)
        .copy_source(from.as_copy_source())
        .set_expected_bucket_owner(bucket.owner.clone())
        .set_expected_source_bucket_owner(bucket.owner.clone());
    aws.write(call, request.send()).await.map(drop)
}

/// Write down what brings versions back, before the first of them goes.
pub(super) fn write_undo(plan: &Plan, tags: BTreeMap<String, Tags>, apply: &Apply) -> Result<PathBuf, Error> {
    let name = plan.made.strftime("%Y%m%dT%H%M%S%.3fZ.json").to_string();
    let path = apply.undo_dir.join(name);
    let undo = Undo {
        application: plan.application.clone(),
        region: plan.region.clone(),
        account: plan.account.clone(),
        made: plan.made,
        archive: plan.policy.archive.clone(),
        versions: plan.delete.clone(),
        objects: plan
            .objects
            .iter()
            .map(|object| Location { bucket: plan.bucket.clone(), key: object.key.clone() })
            .collect(),
        tags,
    };
    let text = serde_json::to_string_pretty(&undo).expect("a record has string keys");
    let failed = |source| Error::Undo { source };
    file::make_folder(&apply.undo_dir).map_err(failed)?;
    let written = file::write(&path, text.as_bytes(), Named::ByUs, FileMode::Kept, Durability::Synced);
    written.map_err(failed)?;
    Ok(path)
}

/// Outcome for a version that should be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestoreOutcome {
    Restored,
    /// It is there.
    Unchanged,
    /// Another version has its label by now.
    LabelTaken,
    /// Its bundle is gone.
    BundleGone,
}

/// A version of a record, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    pub label: String,
    pub fate: RestoreOutcome,
}

/// Records of this project, and what may be records and cannot be read.
#[derive(Debug, Clone, Default)]
pub struct UndoFiles {
    pub records: Vec<Undo>,
    /// Files that are none, and the folder itself if it cannot be listed.
    pub unreadable: Vec<PathBuf>,
}

impl UndoFiles {
    /// All records in a folder, oldest first.
    pub fn read(folder: &Path) -> Self {
        let listed = std::fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut files = Self::default();
        let entries = match listed {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return files,
            // Whatever may be in there.
            Err(_) => return Self { unreadable: vec![folder.to_owned()], ..files },
        };
        let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        for path in paths {
            match Undo::read(&path) {
                Ok(undo) => files.records.push(undo),
                Err(_) => files.unreadable.push(path),
            }
        }
        files
    }
}

impl Undo {
    /// Bundles that it needs to bring its versions back.
    pub(crate) fn bundles(&self) -> impl Iterator<Item = &Location> {
        self.versions.iter().filter_map(|deletion| deletion.bundle.as_ref())
    }

    pub fn read(path: &Path) -> Result<Self, Error> {
        serde_json::from_slice(&file::read(path)?).map_err(|source| Error::NotUndo { path: path.to_owned(), source })
    }
}

/// Bring deleted versions back, as far as their bundles are there.
///
/// `others` are the records beside it: a later one may have archived a bundle of this one.
pub fn undo(
    aws: &Aws,
    path: &Path,
    undo: &Undo,
    others: &[Undo],
    bundle_store: &BundleStore,
    report: &mut dyn FnMut(&Restored),
) -> Result<Vec<Restored>, Error> {
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
        let bucket = bundle_store.open(aws).await?;
        let mut fates = Vec::new();
        for deletion in &undo.versions {
            let fate = restore(aws, undo, others, deletion, &bucket).await?;
            let restored = Restored { label: deletion.label.clone(), fate };
            report(&restored);
            fates.push(restored);
        }
        Ok(fates)
    })
}

async fn restore(
    aws: &Aws,
    undo: &Undo,
    others: &[Undo],
    deletion: &Deletion,
    bucket: &BundleBucket,
) -> Result<RestoreOutcome, Error> {
    if let Some(there) = version::find(aws, &undo.application, &deletion.label).await? {
        // Somebody may have used the label for something else meanwhile.
        let same = there.bundle == deletion.bundle;
        return Ok(if same { RestoreOutcome::Unchanged } else { RestoreOutcome::LabelTaken });
    }
    let Some(bundle) = &deletion.bundle else { return Ok(RestoreOutcome::BundleGone) };
    let place = BundleBucket { name: bundle.bucket.clone(), ..bucket.clone() };
    if !place.has(aws, &bundle.key).await? {
        let archives: BTreeSet<&String> =
            [undo].into_iter().chain(others).filter_map(|undo| undo.archive.as_ref()).collect();
        let mut found = None;
        for prefix in archives {
            let from = bucket.at(&archived(prefix, &bundle.key));
            if found.is_none() && bucket.has(aws, &from.key).await? {
                found = Some(from);
            }
        }
        let Some(from) = found else { return Ok(RestoreOutcome::BundleGone) };
        copy(aws, bucket, &from, bundle).await?;
    }
    let tags = undo.tags.get(&deletion.label).cloned().unwrap_or_default();
    register(aws, &undo.application, deletion, bundle, &tags).await?;
    Ok(RestoreOutcome::Restored)
}

/// Register a version again that was deleted.
async fn register(
    aws: &Aws,
    application: &Application,
    deletion: &Deletion,
    bundle: &Location,
    tags: &Tags,
) -> Result<(), ApiError> {
    let mut call = Call::eb("CreateApplicationVersion")
        .with("ApplicationName", application)
        .with("VersionLabel", &deletion.label)
        .with("SourceBundle", bundle)
        .with("Process", deletion.processed);
    if !tags.is_empty() {
        call = call.needing("elasticbeanstalk:AddTags");
    }
    for (key, value) in tags {
        call = call.with("Tag", format_args!("{key}={value}"));
    }
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Vec<_>>();
    let request = aws
        .eb
        .create_application_version()
        .application_name(application)
        .version_label(&deletion.label)
        .set_description(deletion.description.clone())
        .source_bundle(S3Location::builder().s3_bucket(&bundle.bucket).s3_key(&bundle.key).build())
        .process(deletion.processed)
        .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
    match aws.write(call, request.send()).await {
        Ok(_) => Ok(()),
        // A lost answer: it is there, with this very bundle.
        Err(error) => match version::find(aws, application, &deletion.label).await {
            Ok(Some(version)) if version.bundle.as_ref() == Some(bundle) => Ok(()),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_listed_is_not_an_empty_one() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("undo");
        assert!(UndoFiles::read(&folder).unreadable.is_empty(), "nothing was pruned yet");
        std::fs::write(&folder, "").unwrap();
        assert_eq!(UndoFiles::read(&folder).unreadable, std::slice::from_ref(&folder));
        std::fs::remove_file(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.txt"), "").unwrap();
        std::fs::write(folder.join("a.json"), "{}").unwrap();
        assert_eq!(UndoFiles::read(&folder).unreadable, [folder.join("a.json")]);
    }
}
