//! Publish: a bundle becomes an object, and the object an application version. Twice the same is once.

mod error;
mod refresh;
mod request;

use std::time::Duration;

use aws_sdk_elasticbeanstalk::types::{S3Location, Tag};

pub use self::error::Error;
use self::refresh::refresh;
pub use self::request::{Event, Named, Published, Quota, Request};
use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::backoff::Backoff;
use super::bucket::{BundleBucket, Error as StoreError};
use super::bucket_security::BucketSecurity;
use super::bundle_file::BundleFile;
use super::call::Call;
use super::compare::{Bytes, Found};
use super::delta::{self, WholeReason};
use super::layout::copied;
use super::upload::{Plan, THRESHOLD};
use super::version::{self, Location, Status, Version};
use crate::fault::distinct;

/// Upload and register, or find that both is done already.
pub fn publish(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) -> Result<Published, Error> {
    aws.block_on(run(aws, request, report))
}

async fn run(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) -> Result<Published, Error> {
    let Request { application, label, bundle_file, .. } = request;
    // First of all what could make the rest pointless: a name that is wrong, or taken.
    let applications = version::applications(aws).await?;
    let new_application = !applications.contains_key(application.as_str());
    if new_application && !request.create_application {
        return Err(Error::NoApplication { application: application.clone(), region: aws.region().to_owned() });
    }
    let bucket = request.bundle_store.open(aws).await?;
    let there = version::find(aws, application, label).await?;
    let (bundle, found) = match &there {
        None => {
            let bundle = bucket.at(&request.bundle_store.key(application, &bundle_file.digest.to_string()));
            let found = look(aws, &bucket, &bundle, bundle_file, report).await?;
            (bundle, found)
        }
        Some(version) => same_bundle(aws, request, &bucket, version, report).await?,
    };
    // What cannot be had is said before anything is done.
    let refreshed = match &there {
        None => Vec::new(),
        Some(version) => refresh(aws, request, &bucket, version, found == Found::Nothing, report).await?,
    };

    let bucket = BundleBucket { name: bundle.bucket.clone(), ..bucket };
    let sent = upload(aws, request, &bucket, &bundle, found, report).await?;
    let mut quota = None;
    if there.is_none() {
        quota = self::quota(aws, applications.values().sum(), report).await?;
        report(Event::Registering { label, application });
        register(aws, request, &bucket, &bundle, new_application).await?;
    }
    let registered = there.is_none();
    let status = match there {
        Some(version) if is_final(&version.status) => settle(aws, request, version.status).await?,
        _ if aws.is_dry_run() => Status::Unprocessed,
        _ => {
            report(Event::Processing);
            match wait(aws, request, report).await {
                // It is registered, whatever becomes of this run.
                Err(Error::Refused(source)) => return Err(Error::Lost { label: label.clone(), source }),
                status => status?,
            }
        }
    };
    Ok(Published {
        application: application.clone(),
        label: label.clone(),
        digest: bundle_file.digest,
        sha256: sent.bytes.sha256,
        bytes: sent.bytes.length,
        bundle,
        security: sent.security,
        quota,
        region: aws.region().to_owned(),
        account: aws.caller().account.clone(),
        uploaded: sent.now,
        sent_bytes: sent.sent,
        copied_bytes: sent.copied,
        copied_from: sent.source,
        registered,
        updated: refreshed,
        status,
    })
}

/// Before a version is added: how full will the region be?
async fn quota(aws: &Aws, used: usize, report: &mut dyn FnMut(Event<'_>)) -> Result<Option<Quota>, ApiError> {
    let Some(limit) = version::limit(aws).await? else { return Ok(None) };
    let quota = Quota { used: used + 1, limit: limit as usize };
    report(Event::Quota(quota));
    Ok(Some(quota))
}

async fn look(
    aws: &Aws,
    bucket: &BundleBucket,
    at: &Location,
    bundle_file: &BundleFile,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Found, StoreError> {
    let found = match bucket.look(aws, &at.key, bundle_file, &mut |event| report(Event::Comparing(event))).await {
        // A bucket that a dry run did not create has nothing in it.
        Err(StoreError::Refused(error)) if aws.is_dry_run() && error.kind() == ErrorKind::Missing => Found::Nothing,
        other => other?,
    };
    if let Found::Repacked(_) = found {
        report(Event::Repacked { at });
    }
    Ok(found)
}

/// Place and content of the bundle of a version that has our label. An error if its content isn't ours.
async fn same_bundle(
    aws: &Aws,
    request: &Request,
    bucket: &BundleBucket,
    version: &Version,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(Location, Found), Error> {
    let taken = |theirs: String| Error::LabelTaken {
        application: request.application.clone(),
        label: version.label.clone(),
        ours: request.bundle_file.digest.to_string(),
        theirs,
    };
    let Some(bundle) = &version.bundle else {
        return Err(taken("not made from a bundle".to_owned()));
    };
    let digest = request.bundle_file.digest.to_string();
    if bundle.digest().is_some_and(|theirs| theirs != digest.as_str()) {
        return Err(taken(bundle.digest().unwrap_or_default().to_owned()));
    }
    let bucket = BundleBucket { kms_key: bucket.kms_key.clone(), ..request.bundle_store.bucket_of(aws, bundle) };
    match look(aws, &bucket, bundle, &request.bundle_file, report).await? {
        // A key of ours whose object is gone: the same content can be put back.
        Found::Nothing if bundle.digest() != Some(digest.as_str()) => Err(taken(format!("`{bundle}`, which is gone"))),
        found @ Found::Other { .. } => Err(taken(format!("{} in `{bundle}`", found.theirs()))),
        found => Ok((bundle.clone(), found)),
    }
}

/// The object that a version is made from.
struct Sent {
    bytes: Bytes,
    /// Did this run send it?
    now: bool,
    /// Bytes that this run sent, those that it had copied, and the version that they are from.
    sent: u64,
    copied: u64,
    source: Option<String>,
    security: Option<BucketSecurity>,
}

impl Sent {
    /// An object that is there already.
    fn before(bytes: Bytes) -> Self {
        Self { bytes, now: false, sent: 0, copied: 0, source: None, security: None }
    }
}

/// See that the object is there.
async fn upload(
    aws: &Aws,
    request: &Request,
    bucket: &BundleBucket,
    to: &Location,
    found: Found,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Sent, Error> {
    let bundle_file = &request.bundle_file;
    let ours = Bytes { length: bundle_file.bytes, sha256: bundle_file.sha256.clone() };
    let taken =
        |found: &Found| StoreError::KeyTaken { location: to.clone(), ours: bundle_file.digest, theirs: found.theirs() };
    match found {
        Found::Same => return Ok(Sent::before(ours)),
        Found::Repacked(bytes) => return Ok(Sent::before(bytes)),
        Found::Other { .. } => return Err(taken(&found).into()),
        Found::Nothing => {}
    }
    let (security, plan) = tokio::join!(bucket.security(aws), plan(aws, request, bucket, to));
    let (security, (plan, whole)) = (security?, plan?);
    report(Event::Guarded { bucket: &bucket.name, security: &security });
    if let Some(reason) = &whole {
        report(Event::SendingAll(reason));
    }
    let source = plan.delta.as_ref().map(|delta| delta.source.label.clone());
    let changed = plan.delta.as_ref().map(|delta| bundle_file.bytes - copied(&delta.pieces));
    report(Event::Uploading { bytes: bundle_file.bytes, to, changed: changed.zip(source.as_deref()) });
    let mut plan = plan;
    let mut done = Sent { security: Some(security), ..Sent::before(ours.clone()) };
    let mut attempt = 0;
    loop {
        attempt += 1;
        let plan = std::mem::take(&mut plan);
        let put = bucket.put(aws, &to.key, bundle_file, plan, &mut |bytes| report(Event::Sent { bytes })).await?;
        done.sent += put.sent;
        done.copied += put.copied;
        if aws.is_dry_run() {
            return Ok(Sent { now: true, source: source.filter(|_| done.copied > 0), ..done });
        }
        // Read back: whoever put it there, and however often, this is what will be registered.
        let found = look(aws, bucket, to, bundle_file, report).await?;
        match found {
            Found::Same => return Ok(Sent { now: put.ours, source: source.filter(|_| put.copied > 0), ..done }),
            Found::Repacked(bytes) => return Ok(Sent { bytes, source: source.filter(|_| put.copied > 0), ..done }),
            Found::Other { .. } if !put.ours => return Err(taken(&found).into()),
            Found::Other { .. } if attempt < ATTEMPTS && take_back(aws, bucket, to).await? => {
                report(Event::SentAgain { at: to });
            }
            Found::Nothing if attempt < ATTEMPTS => {}
            Found::Other { .. } | Found::Nothing => {
                let (location, sent) = (to.clone(), bundle_file.digest);
                return Err(StoreError::Corrupt { location, sent, found: found.theirs() }.into());
            }
        }
    }
}

/// So often a bundle is sent at most.
const ATTEMPTS: u32 = 2;

/// Remove what this run sent and S3 kept otherwise. `false`: these credentials may not.
async fn take_back(aws: &Aws, bucket: &BundleBucket, at: &Location) -> Result<bool, ApiError> {
    let Some(tag) = bucket.head(aws, &at.key).await?.and_then(|head| head.e_tag) else { return Ok(true) };
    match bucket.remove(aws, &at.key, Some(&tag)).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Denied => Ok(false),
        Err(error) => Err(error),
    }
}

/// How the bundle is to be put together, and why not from an older one.
async fn plan(
    aws: &Aws,
    request: &Request,
    bucket: &BundleBucket,
    to: &Location,
) -> Result<(Plan, Option<WholeReason>), StoreError> {
    let Request { application, bundle_file, .. } = request;
    if !request.delta || bundle_file.bytes < THRESHOLD {
        return Ok((Plan::default(), None));
    }
    let (delta, others, reason) = delta::find(aws, application, bucket, &to.key, bundle_file).await?;
    Ok((Plan { delta, others }, reason))
}

async fn register(
    aws: &Aws,
    request: &Request,
    bucket: &BundleBucket,
    bundle: &Location,
    new_application: bool,
) -> Result<(), Error> {
    let Request { application, label, .. } = request;
    let mut call = Call::eb("CreateApplicationVersion")
        .with("ApplicationName", application)
        .with("VersionLabel", label)
        .with("SourceBundle", bundle)
        .with("Process", request.process);
    let mut create = aws
        .eb
        .create_application_version()
        .application_name(application)
        .version_label(label)
        .source_bundle(S3Location::builder().s3_bucket(&bundle.bucket).s3_key(&bundle.key).build())
        .process(request.process);
    if let Some(description) = &request.description {
        let description = refresh::cut(description);
        call = call.with("Description", &description);
        create = create.description(description);
    }
    if new_application {
        call = call.with("AutoCreateApplication", true).needing("elasticbeanstalk:CreateApplication");
        create = create.auto_create_application(true);
    }
    for (key, value) in &request.tags {
        call = call.with("Tag", format_args!("{key}={value}"));
        create = create.tags(Tag::builder().key(key).value(value).build());
    }
    if !request.tags.is_empty() {
        call = call.needing("elasticbeanstalk:AddTags");
    }
    let error = match aws.write(call, create.send()).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    // The answer to an earlier attempt may have been lost, or another run was faster: ask what is true.
    if let ErrorKind::Refused | ErrorKind::Garbled | ErrorKind::Broken | ErrorKind::Unreachable | ErrorKind::Silent =
        error.kind()
        && let Ok(Some(version)) = version::find(aws, application, label).await
    {
        same_bundle(aws, request, bucket, &version, &mut |_| {}).await?;
        return Ok(());
    }
    match error.code() {
        Some(code) if code.starts_with("TooManyApplicationVersions") => Err(Error::QuotaReached { source: error }),
        _ => Err(error.into()),
    }
}

fn is_final(status: &Status) -> bool {
    !matches!(status, Status::Processing | Status::Building)
}

/// Meaning of a final status for this run.
async fn settle(aws: &Aws, request: &Request, status: Status) -> Result<Status, Error> {
    if status != Status::Failed {
        return Ok(status);
    }
    let causes = causes(aws, request).await;
    Err(Error::Failed { label: request.label.clone(), causes })
}

async fn wait(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) -> Result<Status, Error> {
    let mut backoff = Backoff::new(aws, Duration::from_secs(5), request.timeout);
    loop {
        let look = version::find(aws, &request.application, &request.label).await;
        let version = backoff.see(aws, look, |error| report(Event::NotSeen(error)))?.flatten();
        match version.map(|version| version.status) {
            // `Process` was asked for, so this is not the end but a moment before the beginning.
            Some(Status::Unprocessed) if request.process => {}
            Some(status) if is_final(&status) => return settle(aws, request, status).await,
            // Not visible yet, or at work.
            _ => {}
        }
        if !backoff.wait(aws).await {
            return Err(Error::StillProcessing { label: request.label.clone(), after: request.timeout });
        }
    }
}

/// Causes of a failure as Elastic Beanstalk tells them: only its events do.
async fn causes(aws: &Aws, request: &Request) -> Vec<String> {
    let Request { application, label, .. } = request;
    let call = Call::eb("DescribeEvents").with("ApplicationName", application).with("VersionLabel", label);
    let events = aws.eb.describe_events().application_name(application).version_label(label).max_records(100);
    let severity = aws_sdk_elasticbeanstalk::types::EventSeverity::Warn;
    // Without the right to read events, the failure is still one.
    let Ok(answer) = aws.read(call, events.severity(severity).send()).await else { return Vec::new() };
    distinct(answer.events.unwrap_or_default().into_iter().rev().filter_map(|event| event.message))
}
