//! Record of a run in the bucket, for everybody who uses it, where the project wants that.

use jiff::Timestamp;
use serde::Serialize;

use super::api_error::ApiError;
use super::audit::Line;
use super::aws::Aws;
use super::bucket::BundleStore;
use super::version::Location;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::bundle::TreeDigest;

/// Run that changed something: what it was about, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRecord {
    pub verb: &'static str,
    pub application: Application,
    pub label: Option<String>,
    pub digest: Option<TreeDigest>,
    pub environment: Option<EnvironmentName>,
    /// `None`: it ended well.
    pub error: Option<String>,
}

impl RunRecord {
    pub fn new(verb: &'static str, application: &Application) -> Self {
        Self { verb, application: application.clone(), label: None, digest: None, environment: None, error: None }
    }
}

/// Put the record of a run into the bucket. `None`: it changed nothing.
pub fn record(aws: &Aws, bundle_store: &BundleStore, run: &RunRecord) -> Result<Option<Location>, ApiError> {
    #[derive(Serialize)]
    struct Document<'a> {
        time: Timestamp,
        caller: Option<&'a str>,
        region: &'a str,
        #[serde(flatten)]
        run: &'a RunRecord,
        calls: Vec<Line>,
    }
    let calls = aws.audit().lines();
    // Asking where the bucket is counts as a change, as it may make one; but everybody asks.
    if !calls.iter().any(|line| line.operation() != "CreateStorageLocation") {
        return Ok(None);
    }
    aws.block_on(async {
        let bucket = bundle_store.open(aws).await?;
        let time = aws.now();
        let name = time.strftime("%Y%m%dT%H%M%S%.3fZ");
        // Two machines may end in the same moment.
        let key = format!(
            "{}{name}_{}_{:08x}.json",
            bundle_store.folder(&run.application, "audit"),
            run.verb,
            fastrand::u32(..)
        );
        let caller = aws.caller().arn.as_deref();
        bucket.write(aws, &key, &Document { time, caller, region: aws.region(), run, calls }).await?;
        Ok(Some(bucket.at(&key)))
    })
}
