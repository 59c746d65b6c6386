//! Does a version run well somewhere, or did it? What the next stage requires.

use super::api_error::ApiError;
use super::aws::Aws;
use super::bucket::BundleStore;
use super::environment::{self, Health, Phase};
use super::history;
use crate::beanstalk::name::{Application, EnvironmentName};

/// Does the environment run this version well, or is it on record that it did?
pub fn ran_well(
    aws: &Aws,
    store: &BundleStore,
    application: &Application,
    name: &EnvironmentName,
    label: &str,
) -> Result<bool, ApiError> {
    aws.block_on(async {
        if let Some(now) = environment::find(aws, application, name).await?
            && now.label.as_deref() == Some(label)
            && now.status == Phase::Ready
            && now.health == Health::Good
        {
            return Ok(true);
        }
        let bucket = store.open(aws).await?;
        let ran = history::recall(aws, &bucket, &store.folder(application, "deployments")).await?;
        Ok(ran.iter().any(|ran| ran.environment == *name && ran.label == label))
    })
}
