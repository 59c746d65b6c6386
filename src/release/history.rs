//! History of what ran well: one small document per deployment that ended well.
//!
//! Elastic Beanstalk itself does not say which versions an environment ran before. Going back, and sparing the last good
//! ones when pruning, both need to know. The key says it all, so that one listing is enough.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::api_error::ApiError;
use super::aws::Aws;
use super::bucket::BundleBucket;
use crate::beanstalk::name::EnvironmentName;

/// A deployment that ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Success {
    pub(crate) environment: EnvironmentName,
    pub(crate) label: String,
    pub(crate) time: Timestamp,
    pub(crate) caller: Option<String>,
}

impl Success {
    fn key(&self, folder: &str) -> String {
        // Keys are listed in the order of their bytes, so this is the order of time.
        let time = self.time.strftime("%Y%m%dT%H%M%S%.3fZ");
        format!("{folder}{}/{time}_{}.json", self.environment, self.label)
    }

    fn parse(folder: &str, key: &str) -> Option<Self> {
        let (environment, name) = key.strip_prefix(folder)?.split_once('/')?;
        let (time, label) = name.strip_suffix(".json")?.split_once('_')?;
        let time = jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%.fZ", time).ok()?.to_datetime().ok()?;
        let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(Self { environment: environment.parse().ok()?, label: label.to_owned(), time, caller: None })
    }
}

/// Remember that a version runs well.
pub(crate) async fn remember(
    aws: &Aws,
    bucket: &BundleBucket,
    folder: &str,
    success: &Success,
) -> Result<(), ApiError> {
    bucket.write(aws, &success.key(folder), success).await.map(drop)
}

/// All that ran well, oldest first within each environment.
pub(crate) async fn recall(aws: &Aws, bucket: &BundleBucket, folder: &str) -> Result<Vec<Success>, ApiError> {
    let listed = bucket.list(aws, folder).await?;
    Ok(listed.iter().filter_map(|object| Success::parse(folder, &object.key)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_it_all() {
        let success = Success {
            environment: "app-prod".parse().unwrap(),
            label: "app-1a2b_3".to_owned(),
            time: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            caller: None,
        };
        let key = success.key("beansprout/app/deployments/");
        assert_eq!(key, "beansprout/app/deployments/app-prod/20260102T030405.678Z_app-1a2b_3.json");
        assert_eq!(Success::parse("beansprout/app/deployments/", &key), Some(success));
        assert_eq!(Success::parse("beansprout/app/deployments/", "beansprout/app/deployments/x"), None);
    }
}
