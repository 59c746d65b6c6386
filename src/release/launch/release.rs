//! Which version an environment gets: what was named, what ran well there last, or what the project holds.

use std::fs::File;

use serde::Serialize;

use crate::beanstalk::name::Application;
use crate::bundle::TreeDigest;
use crate::environment::Description;
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::bucket::{BundleStore, Error as StoreError};
use crate::release::download::{self, Event};
use crate::release::history;
use crate::release::version::{self, Location, Status};

/// A version for an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub label: String,
    pub why: Why,
    pub bundle: Bundle,
}

/// Why it is this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It was named.
    Named,
    /// It is the last that ran well there, as the bucket remembers.
    Ran,
    /// It ran there when the environment was captured.
    Captured,
    /// It is what the project holds.
    Project,
}

impl Why {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Named => "as you said",
            Self::Ran => "the last that ran well there",
            Self::Captured => "what ran there when it was captured",
            Self::Project => "what the project holds now",
        }
    }
}

/// Where the content of the version is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundle {
    /// Registered; `None` where the version was not made from a bundle.
    Registered { bundle: Option<Location>, status: Status },
    /// In the bucket, and not registered: the application was deleted.
    Stored(Location),
    /// Packed here, to be published.
    Packed,
    /// Neither registered nor in the bucket.
    Gone { digest: Option<String>, commit: Option<String> },
}

/// The version that a launch of `description` takes, unless it is what the project holds (`None`).
pub fn choose(
    aws: &Aws,
    store: &BundleStore,
    application: &Application,
    description: &Description,
    named: Option<&str>,
) -> Result<Option<Chosen>, ApiError> {
    aws.block_on(async {
        let (label, why) = if let Some(label) = named {
            (label.to_owned(), Why::Named)
        } else if let Some(label) = ran(aws, store, application, &description.name).await? {
            (label, Why::Ran)
        } else if let Some(release) = description.version.as_ref().filter(|release| !release.label.is_empty()) {
            (release.label.clone(), Why::Captured)
        } else {
            return Ok(None);
        };
        let bundle = find(aws, store, application, description, &label).await?;
        Ok(Some(Chosen { label, why, bundle }))
    })
}

/// The last version that ran well in the environment, as the bucket remembers: the record outlives the application.
async fn ran(
    aws: &Aws,
    store: &BundleStore,
    application: &Application,
    environment: &str,
) -> Result<Option<String>, ApiError> {
    let bucket = store.open(aws).await?;
    let folder = store.folder(application, "deployments");
    let ran = history::recall(aws, &bucket, &folder).await?;
    Ok(ran.into_iter().rfind(|success| success.environment == environment).map(|success| success.label))
}

/// The version of that label as it is registered, if it is.
pub fn registered(aws: &Aws, application: &Application, label: &str) -> Result<Option<Bundle>, ApiError> {
    let found = aws.block_on(version::find(aws, application, label))?;
    Ok(found.map(|version| Bundle::Registered { bundle: version.bundle, status: version.status }))
}

async fn find(
    aws: &Aws,
    store: &BundleStore,
    application: &Application,
    description: &Description,
    label: &str,
) -> Result<Bundle, ApiError> {
    if let Some(version) = version::find(aws, application, label).await? {
        return Ok(Bundle::Registered { bundle: version.bundle, status: version.status });
    }
    let captured = description.version.as_ref().filter(|release| release.label == label);
    if let Some(place) = captured.and_then(|release| release.bundle.as_ref()) {
        let at = Location { bucket: place.bucket.clone(), key: place.key.clone() };
        if store.bucket_of(aws, &at).has(aws, &at.key).await? {
            return Ok(Bundle::Stored(at));
        }
    }
    // A label of ours ends with the beginning of the digest that the key has.
    if let Some(short) = TreeDigest::short_in(label) {
        let bucket = store.open(aws).await?;
        let folder = store.folder(application, "");
        let listed = bucket.list(aws, &format!("{folder}{short}")).await?;
        let bundles: Vec<Location> =
            listed.into_iter().map(|object| bucket.at(&object.key)).filter(|at| at.digest().is_some()).collect();
        if let [only] = &bundles[..] {
            return Ok(Bundle::Stored(only.clone()));
        }
    }
    let digest = captured.map(|release| release.digest.clone()).filter(|digest| !digest.is_empty());
    Ok(Bundle::Gone { digest, commit: captured.and_then(|release| release.commit.clone()) })
}

/// Write the bundle at a place to `to`. `false`: it is gone.
pub fn bundle(
    aws: &Aws,
    store: &BundleStore,
    at: &Location,
    to: &mut File,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<bool, StoreError> {
    let bucket = store.bucket_of(aws, at);
    aws.block_on(download::fetch(aws, &bucket, &at.key, to, report))
}
