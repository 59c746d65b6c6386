//! Publish: a bundle becomes an object, and the object an application version. Twice the same is once.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticbeanstalk::types::{S3Location, Tag};
use serde::Serialize;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::backoff::Backoff;
use super::bucket::{BundleBucket, BundleStore, Error as StoreError};
use super::bucket_security::BucketSecurity;
use super::bundle_file::BundleFile;
use super::call::Call;
use super::compare::{Bytes, Found};
use super::delta::{self, WholeReason};
use super::download;
use super::layout::copied;
use super::upload::{Plan, THRESHOLD};
use super::version::{self, Location, Status, Version};
use crate::beanstalk::name::Application;
use crate::bundle::TreeDigest;
use crate::fault::{Exit, Fault, Repeat};

/// Request to publish. Everything is resolved: flags, project file and defaults.
#[derive(Debug, Clone)]
pub struct Request {
    pub application: Application,
    pub label: String,
    pub bundle_file: BundleFile,
    /// At most 200 characters reach AWS.
    pub description: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub bundle_store: BundleStore,
    /// Copy inside S3 what an older bundle has already, and send only the rest.
    pub delta: bool,
    /// May an application that is not there be created?
    pub create_application: bool,
    /// Have Elastic Beanstalk look into the bundle, and wait for what it says.
    pub process: bool,
    /// Time to wait for that.
    pub timeout: Duration,
}

/// Result of publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    pub application: Application,
    pub label: String,
    pub digest: TreeDigest,
    /// Of the bytes that are there, which another compressor may have packed.
    pub sha256: String,
    pub bytes: u64,
    pub bundle: Location,
    /// Security of the bucket; looked at only when something is put into it.
    #[serde(rename = "guards")]
    pub security: Option<BucketSecurity>,
    /// Use of the region's quota with this version; looked at only when one is registered.
    #[serde(rename = "room")]
    pub quota: Option<Quota>,
    pub region: String,
    pub account: Option<String>,
    /// Was the object sent in this run?
    pub uploaded: bool,
    /// Bytes of it that this run sent, and those that were copied inside S3.
    pub sent_bytes: u64,
    pub copied_bytes: u64,
    /// Label of the version whose bundle they were copied from.
    pub copied_from: Option<String>,
    /// Was the version registered in this run?
    pub registered: bool,
    pub status: Status,
}

/// Quota of versions in a region, over all applications, and its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// At least so many: AWS counts only what the caller may see.
    pub used: usize,
    pub limit: usize,
}

impl Quota {
    /// From here on it is said: four fifths.
    pub fn is_short(&self) -> bool {
        self.used * 5 >= self.limit * 4
    }
}

/// Step of publishing.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something with other bytes is at the key or label; its content is compared.
    Comparing(download::Event<'a>),
    /// It has the same content, packed by another compressor.
    Repacked {
        at: &'a Location,
    },
    Guarded {
        bucket: &'a str,
        security: &'a BucketSecurity,
    },
    Quota(Quota),
    /// An older bundle is there, and nothing is copied from it.
    SendingAll(&'a WholeReason),
    Uploading {
        bytes: u64,
        to: &'a Location,
        /// What is sent of it where the rest is copied inside S3, and the version that it is copied from.
        changed: Option<(u64, &'a str)>,
    },
    Sent {
        bytes: u64,
    },
    Registering {
        label: &'a str,
        application: &'a str,
    },
    Processing,
    /// A look at the version failed in passing; the next one will tell.
    NotSeen(&'a ApiError),
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no application `{application}` in {region}")]
    NoApplication { application: Application, region: String },
    #[error("version `{label}` of `{application}` has other content")]
    LabelTaken { application: Application, label: String, ours: String, theirs: String },
    #[error("Elastic Beanstalk could not process version `{label}`{}", reasons(.causes))]
    Failed { label: String, causes: Vec<String> },
    #[error("Elastic Beanstalk is still processing version `{label}` after {} s", .after.as_secs())]
    StillProcessing { label: String, after: Duration },
    #[error("lost sight of version `{label}` while Elastic Beanstalk processes it")]
    Lost { label: String, source: ApiError },
    #[error("the limit of application versions in this region is reached")]
    QuotaReached { source: ApiError },
    #[error(transparent)]
    Bucket(#[from] StoreError),
    #[error(transparent)]
    Refused(#[from] ApiError),
}

fn reasons(causes: &[String]) -> String {
    if causes.is_empty() { String::new() } else { format!(": {}", causes.join("; ")) }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoApplication { .. } | Self::Failed { .. } => Exit::Invalid,
            Self::QuotaReached { .. } => Exit::Aws,
            Self::LabelTaken { .. } => Exit::Conflict,
            Self::StillProcessing { .. } | Self::Lost { .. } => Exit::StillGoing,
            Self::Bucket(error) => error.exit(),
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::StillProcessing { .. } | Self::Lost { .. } => Some(Repeat::Now),
            Self::QuotaReached { .. } => Some(Repeat::AfterChange),
            Self::Bucket(error) => error.repeat(),
            Self::Refused(error) => error.repeat(),
            Self::NoApplication { .. } | Self::LabelTaken { .. } | Self::Failed { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoApplication { .. } => Some("`--create-application` creates it; nothing was uploaded".to_owned()),
            Self::LabelTaken { ours, theirs, .. } => {
                Some(format!("ours is {ours}, theirs is {theirs}; publish under another `--label`"))
            }
            Self::Failed { .. } => {
                Some("`beansprout check` finds most causes; such a version cannot be deployed".to_owned())
            }
            Self::StillProcessing { .. } | Self::Lost { .. } => {
                Some("it is registered and goes on; run the same command again to go on waiting".to_owned())
            }
            Self::QuotaReached { .. } => {
                Some("`beansprout prune` shows which versions nobody needs; the bundle is uploaded already".to_owned())
            }
            Self::Bucket(error) => error.hint(),
            Self::Refused(error) => error.hint(),
        }
    }
}

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
    let put = bucket.put(aws, &to.key, bundle_file, plan, &mut |bytes| report(Event::Sent { bytes })).await?;
    let security = Some(security);
    let sent = |bytes, now| Sent {
        bytes,
        now,
        sent: put.sent,
        copied: put.copied,
        source: source.filter(|_| put.copied > 0),
        security,
    };
    if aws.is_dry_run() {
        return Ok(sent(ours, true));
    }
    let now = put.ours;
    // Read back: whoever put it there, and however often, this is what will be registered.
    match look(aws, bucket, to, bundle_file, report).await? {
        Found::Same => Ok(sent(ours, now)),
        Found::Repacked(bytes) => Ok(sent(bytes, false)),
        found @ Found::Other { .. } if !now => Err(taken(&found).into()),
        found => {
            let (location, sent) = (to.clone(), bundle_file.digest);
            Err(StoreError::Corrupt { location, sent, found: found.theirs() }.into())
        }
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
        let description: String = description.chars().take(200).collect();
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
    let mut causes: Vec<String> =
        answer.events.unwrap_or_default().into_iter().rev().filter_map(|event| event.message).collect();
    causes.dedup();
    causes
}
