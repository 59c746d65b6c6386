//! A version that is there, and what was asked for besides its content: text, tags, bucket, key. Done, or said, or refused.

use super::error::Error;
use super::{Event, Request};
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::bucket::BundleBucket;
use crate::release::call::Call;
use crate::release::tag::{self, Tags};
use crate::release::version::{Status, Version};

/// So many characters of a description reach AWS.
pub(super) const DESCRIPTION: usize = 200;

/// See that a version has what was asked for, and say what it got; `sends` says that its bundle is sent in this run.
pub(super) async fn refresh(
    aws: &Aws,
    request: &Request,
    bucket: &BundleBucket,
    version: &Version,
    sends: bool,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<&'static str>, Error> {
    place(aws, request, bucket, version, sends, report).await?;
    if request.process && version.status == Status::Unprocessed {
        report(Event::StaysUnprocessed { label: &version.label });
    }
    let mut updated = Vec::new();
    let wanted = request.description.as_ref().filter(|_| request.named.description).map(|text| cut(text));
    let missing = missing(aws, request, version, report).await?;
    if let Some(text) = wanted.filter(|text| version.description.as_deref().unwrap_or_default() != text) {
        report(Event::Updating { label: &version.label, what: "text" });
        describe(aws, request, &text).await?;
        updated.push("description");
    }
    if !missing.is_empty() {
        report(Event::Updating { label: &version.label, what: "tags" });
        tag::add(aws, version, &missing).await?;
        updated.push("tags");
    }
    Ok(updated)
}

/// Of a description, what AWS takes.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(DESCRIPTION).collect()
}

/// Is its bundle where it was asked for, and encrypted as it was asked for?
async fn place(
    aws: &Aws,
    request: &Request,
    bucket: &BundleBucket,
    version: &Version,
    sends: bool,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let Some(at) = &version.bundle else { return Ok(()) };
    if at.bucket != bucket.name {
        if request.named.bucket {
            let (label, bucket) = (version.label.clone(), bucket.name.clone());
            return Err(Error::BundleElsewhere { label, at: at.clone(), bucket });
        }
        if request.bundle_store.bucket.is_some() {
            report(Event::Elsewhere { at, bucket: &bucket.name });
        }
    }
    // What is sent now is encrypted as was asked for.
    let Some(key) = bucket.kms_key.as_ref().filter(|_| !sends) else { return Ok(()) };
    let there = request.bundle_store.bucket_of(aws, at);
    let Some(head) = there.head(aws, &at.key).await? else { return Ok(()) };
    match is_key(key, head.ssekms_key_id()) {
        Some(true) => {}
        Some(false) if request.named.kms_key => {
            let by = head.ssekms_key_id().map(str::to_owned);
            return Err(Error::EncryptedOtherwise { at: at.clone(), key: key.clone(), by });
        }
        _ => report(Event::OtherKey { at, by: head.ssekms_key_id(), key }),
    }
    Ok(())
}

/// Is it this key? An alias says nothing of what it stands for: `None`.
fn is_key(asked: &str, has: Option<&str>) -> Option<bool> {
    let Some(has) = has else { return Some(false) };
    if asked == has {
        return Some(true);
    }
    if asked.contains("alias/") {
        return None;
    }
    let id = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    Some(id(asked) == id(has))
}

/// The tags that were asked for and are not there.
async fn missing(
    aws: &Aws,
    request: &Request,
    version: &Version,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Tags, ApiError> {
    if request.tags.is_empty() {
        return Ok(Tags::new());
    }
    let has = match tag::of_version(aws, version).await {
        Ok(has) => has,
        // The project's tags are good to have; those of the command line were asked for.
        Err(error) if error.is_a_refusal() && !request.named.tags => {
            report(Event::TagsNotSeen(&error));
            return Ok(Tags::new());
        }
        Err(error) => return Err(error),
    };
    let wanted = request.tags.iter().filter(|(key, value)| has.get(*key) != Some(value));
    Ok(wanted.map(|(key, value)| (key.clone(), value.clone())).collect())
}

async fn describe(aws: &Aws, request: &Request, text: &str) -> Result<(), ApiError> {
    let Request { application, label, .. } = request;
    let call = Call::eb("UpdateApplicationVersion")
        .with("ApplicationName", application)
        .with("VersionLabel", label)
        .with("Description", text);
    let update = aws.eb.update_application_version().application_name(application).version_label(label);
    aws.write(call, update.description(text).send()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_many_names() {
        let arn = "arn:aws:kms:us-east-1:123456789012:key/1234";
        assert_eq!(is_key(arn, Some(arn)), Some(true));
        assert_eq!(is_key("1234", Some(arn)), Some(true));
        assert_eq!(is_key("12", Some(arn)), Some(false));
        assert_eq!(is_key("alias/shop", Some(arn)), None);
        assert_eq!(is_key("1234", None), Some(false));
    }
}
