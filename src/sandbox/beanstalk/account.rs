//! The account's bucket and its quotas.

use serde_json::{Value, json};

use super::super::reply::Refusal;
use super::super::s3::buckets::{Bucket, Buckets};
use super::super::state::Region;
use super::call::{Call, broken};

pub(super) const APPLICATIONS: usize = 75;
/// The sum over all applications of a region.
pub(super) const VERSIONS: usize = 1000;
pub(super) const ENVIRONMENTS: usize = 200;
pub(super) const TEMPLATES: usize = 2000;
const PLATFORMS: usize = 50;

pub(super) fn attributes(_: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    Ok(json!({"ResourceQuotas": {
        "ApplicationQuota": {"Maximum": APPLICATIONS},
        "ApplicationVersionQuota": {"Maximum": VERSIONS},
        "EnvironmentQuota": {"Maximum": ENVIRONMENTS},
        "ConfigurationTemplateQuota": {"Maximum": TEMPLATES},
        "CustomPlatformQuota": {"Maximum": PLATFORMS},
    }}))
}

pub(super) fn create_storage_location(call: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    Ok(json!({"S3Bucket": storage_location(call)?}))
}

/// The name of the region's bucket, which exists afterwards.
pub(super) fn storage_location(call: &Call<'_>) -> Result<String, Refusal> {
    let name = Buckets::storage_location(call.region);
    let bucket = Bucket { name: name.clone(), region: call.region.to_owned(), created: call.now };
    call.buckets.create(&bucket).map_err(broken)?;
    Ok(name)
}
