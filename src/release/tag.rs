//! Tags. They cannot be seen in the description of what they are on, and have calls of their own.

use std::collections::BTreeMap;

use aws_sdk_elasticbeanstalk::types::Tag;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::call::Call;
use super::version::Version;

pub(crate) type Tags = BTreeMap<String, String>;

/// The tags of anything that has an ARN.
pub(crate) async fn of(aws: &Aws, arn: &str) -> Result<Tags, ApiError> {
    read(aws, Call::eb("ListTagsForResource").with("ResourceArn", arn), arn).await
}

/// The tags of a version. The error says why they are not known.
pub(crate) async fn of_version(aws: &Aws, version: &Version) -> Result<Tags, ApiError> {
    let call = Call::eb("ListTagsForResource").with("VersionLabel", &version.label);
    match &version.arn {
        Some(arn) => read(aws, call, arn).await,
        None => Err(ApiError::empty(call, aws.endpoint())),
    }
}

async fn read(aws: &Aws, call: Call, arn: &str) -> Result<Tags, ApiError> {
    let answer = aws.read(call, aws.eb.list_tags_for_resource().resource_arn(arn).send()).await?;
    let tags = answer.resource_tags.unwrap_or_default().into_iter();
    Ok(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
}

/// The tags, or `None` where they are nobody's to see: without the right, or in a place that has none.
pub(crate) async fn seen(aws: &Aws, version: &Version) -> Result<Option<Tags>, ApiError> {
    match of_version(aws, version).await {
        Ok(tags) => Ok(Some(tags)),
        Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Missing | ErrorKind::Refused) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Give a version these tags, besides those that it has.
pub(crate) async fn add(aws: &Aws, version: &Version, tags: &Tags) -> Result<(), ApiError> {
    let mut call = Call::eb("UpdateTagsForResource").with("VersionLabel", &version.label);
    let mut request = aws.eb.update_tags_for_resource().set_resource_arn(version.arn.clone());
    for (key, value) in tags {
        call = call.with("Tag", format_args!("{key}={value}"));
        request = request.tags_to_add(Tag::builder().key(key).value(value).build());
    }
    aws.write(call, request.send()).await.map(drop)
}
