//! Application versions, as Elastic Beanstalk tells of them.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_elasticbeanstalk::types::{ApplicationDescription, ApplicationVersionDescription, ResourceQuotas};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::api_error::{ApiError, known};
use super::aws::Aws;
use super::call::Call;
use crate::beanstalk::name::Application;
use crate::hex;

/// A registered application version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    pub application: String,
    pub label: String,
    pub description: Option<String>,
    pub created: Option<Timestamp>,
    pub status: Status,
    /// Place of its bundle; `None` if it was not made from one.
    pub bundle: Option<Location>,
    /// Name by which its tags are asked for.
    #[serde(skip)]
    pub(crate) arn: Option<String>,
}

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    pub bucket: String,
    pub key: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl Location {
    /// The tree digest that a key of ours ends with.
    pub fn digest(&self) -> Option<&str> {
        let name = self.key.rsplit('/').next()?;
        let digest = name.strip_suffix(".zip")?;
        hex::is_digits(digest, 64).then_some(digest)
    }

    /// As a copy names its source: part of a URL.
    pub(crate) fn as_copy_source(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~');
        let escaped = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        let key: String = self.key.bytes().map(escaped).collect();
        format!("{}/{key}", self.bucket)
    }
}

/// Status of a version.
///
/// The service writes these in upper case although its model declares them otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Registered without a look at what is in it.
    Unprocessed,
    Building,
    Processing,
    Processed,
    Failed,
    /// A word that this program does not know.
    Other(String),
}

impl Status {
    pub(crate) fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "unprocessed" => Self::Unprocessed,
            "building" => Self::Building,
            "processing" => Self::Processing,
            "processed" => Self::Processed,
            "failed" => Self::Failed,
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl Status {
    /// Does Elastic Beanstalk still look at it?
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self, Self::Building | Self::Processing)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unprocessed => "unprocessed",
            Self::Building => "building",
            Self::Processing => "processing",
            Self::Processed => "processed",
            Self::Failed => "failed",
            Self::Other(text) => text,
        })
    }
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Version {
    fn new(version: ApplicationVersionDescription) -> Self {
        let bundle =
            version.source_bundle.and_then(|source| Some(Location { bucket: source.s3_bucket?, key: source.s3_key? }));
        Self {
            application: version.application_name.unwrap_or_default(),
            label: version.version_label.unwrap_or_default(),
            description: version.description.filter(|text| !text.is_empty()),
            created: version.date_created.and_then(|date| timestamp(&date)),
            status: version.status.map_or(Status::Unprocessed, |status| Status::parse(status.as_str())),
            bundle,
            arn: version.application_version_arn,
        }
    }

    /// The tree digest, as far as the name of its bundle tells.
    pub fn digest(&self) -> Option<&str> {
        self.bundle.as_ref()?.digest()
    }
}

pub(crate) fn timestamp(date: &aws_sdk_elasticbeanstalk::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::new(date.secs(), i32::try_from(date.subsec_nanos()).ok()?).ok()
}

/// All versions of an application, newest first.
pub fn versions(aws: &Aws, application: &Application) -> Result<Vec<Version>, ApiError> {
    aws.block_on(all(aws, Some(application)))
}

pub(crate) async fn all(aws: &Aws, application: Option<&str>) -> Result<Vec<Version>, ApiError> {
    let mut versions = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut call = Call::eb("DescribeApplicationVersions");
        if let Some(application) = application {
            call = call.with("ApplicationName", application);
        }
        let request = aws.eb.describe_application_versions().set_application_name(application.map(str::to_owned));
        let page = aws.read(call, request.max_records(1000).set_next_token(token.clone()).send()).await?;
        versions.extend(page.application_versions.unwrap_or_default().into_iter().map(Version::new));
        // A token that does not move would go on for ever.
        if page.next_token.is_none() || page.next_token == token {
            break;
        }
        token = page.next_token;
    }
    versions.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.label.cmp(&b.label)));
    Ok(versions)
}

/// The version of that label, if there is one.
pub(crate) async fn find(aws: &Aws, application: &Application, label: &str) -> Result<Option<Version>, ApiError> {
    let call =
        Call::eb("DescribeApplicationVersions").with("ApplicationName", application).with("VersionLabels", label);
    let request = aws.eb.describe_application_versions().application_name(application).version_labels(label);
    let answer = aws.read(call, request.send()).await?;
    let mut versions = answer.application_versions.unwrap_or_default().into_iter().map(Version::new);
    Ok(versions.find(|version| version.label == label))
}

/// Number of versions that there may be in the region, over all applications. `None`: AWS does not tell us.
pub(crate) async fn limit(aws: &Aws) -> Result<Option<u32>, ApiError> {
    let quota = quotas(aws).await?.and_then(|quotas| quotas.application_version_quota);
    Ok(quota.and_then(|quota| quota.maximum).and_then(|maximum| u32::try_from(maximum).ok()))
}

/// How many of each there may be in the region. `None`: AWS does not tell us.
pub(crate) async fn quotas(aws: &Aws) -> Result<Option<ResourceQuotas>, ApiError> {
    let call = Call::eb("DescribeAccountAttributes");
    // Nice to know, and no reason to fail.
    let answer = known(aws.read(call, aws.eb.describe_account_attributes().send()).await)?;
    Ok(answer.and_then(|answer| answer.resource_quotas))
}

/// When the application was made. `None`: it is not there, or not visible.
pub(crate) async fn application_made(aws: &Aws, application: &Application) -> Result<Option<Timestamp>, ApiError> {
    let call = Call::eb("DescribeApplications").with("ApplicationNames", application);
    let answer = aws.read(call, aws.eb.describe_applications().application_names(application).send()).await?;
    let found = answer.applications.unwrap_or_default().into_iter();
    let found = found.into_iter().find(|found| found.application_name.as_deref() == Some(application.as_str()));
    Ok(found.map(|found| found.date_created.and_then(|date| timestamp(&date)).unwrap_or(Timestamp::UNIX_EPOCH)))
}

/// An application that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenApplication {
    pub(crate) name: String,
    pub(crate) arn: Option<String>,
    /// How many versions it has.
    pub(crate) versions: usize,
}

/// Every application that the caller may see.
pub(crate) async fn all_applications(aws: &Aws) -> Result<Vec<SeenApplication>, ApiError> {
    let answer = aws.read(Call::eb("DescribeApplications"), aws.eb.describe_applications().send()).await?;
    let seen = |found: ApplicationDescription| {
        let versions = found.versions.unwrap_or_default().len();
        Some(SeenApplication { name: found.application_name?, arn: found.application_arn, versions })
    };
    Ok(answer.applications.unwrap_or_default().into_iter().filter_map(seen).collect())
}

/// Their names, and how many versions each has.
pub(crate) async fn applications(aws: &Aws) -> Result<BTreeMap<String, usize>, ApiError> {
    Ok(all_applications(aws).await?.into_iter().map(|found| (found.name, found.versions)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_a_status_does_not_matter() {
        for text in ["PROCESSED", "Processed", "processed"] {
            assert_eq!(Status::parse(text), Status::Processed);
        }
        assert_eq!(Status::parse("Dreaming"), Status::Other("Dreaming".to_owned()));
    }

    #[test]
    fn only_our_keys_tell_a_digest() {
        #[track_caller]
        fn case(key: &str, digest: Option<&str>) {
            assert_eq!(Location { bucket: "b".to_owned(), key: key.to_owned() }.digest(), digest);
        }
        let digest = "0123456789abcdef".repeat(4);
        case(&format!("beansprout/app/{digest}.zip"), Some(&digest));
        case(&format!("beansprout/app/{}.zip", digest.to_uppercase()), None);
        case("app/app-1a2b.zip", None);
        case("", None);
    }

    #[test]
    fn a_key_can_stand_in_a_url() {
        let source = |key: &str| Location { bucket: "b".to_owned(), key: key.to_owned() }.as_copy_source();
        assert_eq!(source("a/b-1_2.~zip"), "b/a/b-1_2.~zip");
        assert_eq!(source("\u{e9} +%"), "b/%C3%A9%20%2B%25");
    }
}
