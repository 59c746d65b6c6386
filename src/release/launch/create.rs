//! The calls that make something. Each is answered, or the answer is found by asking.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticbeanstalk::types::{ConfigurationOptionSetting, EnvironmentTier, S3Location, Tag};
use jiff::Timestamp;

use super::dns::Cname;
use super::error::Error;
use super::plan::{Launch, NewApplication};
use super::survey::is_free;
use crate::beanstalk::name::Application;
use crate::environment::Sent;
use crate::release::api_error::{ApiError, ErrorKind};
use crate::release::aws::Aws;
use crate::release::backoff::Backoff;
use crate::release::call::Call;
use crate::release::environment::{self, Environment, find};
use crate::release::version::{self, Location, Status};

/// Make the application. Its lifecycle rule comes at the very end: it deletes at each registration.
pub(super) async fn application(
    aws: &Aws,
    new: &NewApplication,
    described: &crate::environment::Application,
) -> Result<(), Error> {
    let name = new.name.as_str();
    let mut call = Call::eb("CreateApplication").with("ApplicationName", name);
    let mut request = aws.eb.create_application().application_name(name);
    if let Some(text) = &described.description {
        call = call.with("Description", text);
        request = request.description(text);
    }
    for (key, value) in &described.tags {
        call = call.with("Tag", format_args!("{key}={value}"));
        request = request.tags(tag(key, value));
    }
    if !described.tags.is_empty() {
        call = call.needing("elasticbeanstalk:AddTags");
    }
    let error = match aws.write(call, request.send()).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    // An earlier answer may have been lost, or somebody else was faster: an application is only its name.
    if error.may_be_done() && version::applications(aws).await?.contains_key(name) {
        return Ok(());
    }
    match error.kind() {
        ErrorKind::Refused => Err(Error::Application { application: name.to_owned(), source: error }),
        _ => Err(error.into()),
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// Register a bundle that is in the bucket, and have it processed.
pub(super) async fn version(
    aws: &Aws,
    application: &Application,
    label: &str,
    bundle: &Location,
    timeout: Duration,
) -> Result<(), Error> {
    let call = Call::eb("CreateApplicationVersion")
        .with("ApplicationName", application)
        .with("VersionLabel", label)
        .with("SourceBundle", bundle)
        .with("Process", true);
    let request = aws
        .eb
        .create_application_version()
        .application_name(application.as_str())
        .version_label(label)
        .source_bundle(S3Location::builder().s3_bucket(&bundle.bucket).s3_key(&bundle.key).build())
        .process(true);
    match aws.write(call, request.send()).await {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => {}
        Err(error) if error.may_be_done() => {
            let Some(found) = version::find(aws, application, label).await? else { return Err(error.into()) };
            if found.bundle.as_ref() != Some(bundle) {
                let theirs = found.bundle.map_or("none".to_owned(), |bundle| bundle.to_string());
                let (application, label) = (application.to_string(), label.to_owned());
                return Err(Error::LabelTaken { application, label, theirs });
            }
        }
        Err(error) => return Err(error.into()),
    }
    processed(aws, application, label, timeout).await
}

/// Wait until a version can be deployed.
pub(super) async fn processed(
    aws: &Aws,
    application: &Application,
    label: &str,
    timeout: Duration,
) -> Result<(), Error> {
    let mut backoff = Backoff::new(aws, Duration::from_secs(5), timeout);
    loop {
        let seen = backoff.see(aws, version::find(aws, application, label).await, |_| {})?;
        match seen.flatten().map(|version| version.status) {
            Some(Status::Failed) => return Err(Error::Unprocessed { label: label.to_owned() }),
            // `Process` was asked for, so this is a moment before the beginning.
            Some(Status::Processing | Status::Building | Status::Unprocessed) | None => {}
            Some(_) => return Ok(()),
        }
        if !backoff.wait(aws).await {
            return Err(Error::StillProcessing { label: label.to_owned() });
        }
    }
}

/// Create the environment, and say which one it is. `None` in a dry run.
pub(super) async fn environment(
    aws: &Aws,
    launch: &Launch,
    values: &BTreeMap<String, String>,
    began: Timestamp,
    require_cname: bool,
) -> Result<Option<Environment>, Error> {
    let error = match create(aws, launch, values, &launch.cname).await {
        Ok(None) => return Ok(None),
        Ok(Some(())) => return found(aws, launch).await,
        Err(error) => error,
    };
    if error.code() == Some("ConfigurationValidationException") {
        return Err(invalid(launch, &error));
    }
    if !error.may_be_done() {
        return Err(error.into());
    }
    // Of any application: names are unique in a region.
    let mut everywhere = environment::everywhere(aws).await?.into_iter();
    if let Some(living) = everywhere.find(|living| living.name == launch.name.as_str()) {
        // With our label, and made since this run began, it is ours.
        let since = living.created.is_none_or(|created| created >= began - jiff::SignedDuration::from_secs(60));
        let ours = living.application == launch.application.as_str();
        return match ours && living.label.as_deref() == Some(launch.label.as_str()) && since {
            true => Ok(Some(living)),
            false => {
                let (environment, id) = (launch.name.to_string(), living.id.clone());
                Err(Error::Other { environment, id, label: living.label })
            }
        };
    }
    match &launch.cname {
        Cname::Asked { prefix } if error.kind() == ErrorKind::Refused && !is_free(aws, prefix).await? => {
            if require_cname {
                return Err(Error::CnameTaken { environment: launch.name.to_string(), cname: prefix.clone() });
            }
            let other = Cname::Generated { instead_of: Some(prefix.clone()), held_by: None };
            create(aws, launch, values, &other).await?;
            found(aws, launch).await
        }
        _ => Err(error.into()),
    }
}

/// It was accepted a moment ago: neither a list that lags nor one that nobody may read undoes that.
async fn found(aws: &Aws, launch: &Launch) -> Result<Option<Environment>, Error> {
    let living = find(aws, &launch.application, &launch.name).await;
    living.map_err(|source| Error::Lost { environment: launch.name.to_string(), source })
}

fn invalid(launch: &Launch, error: &ApiError) -> Error {
    let text = error.message().unwrap_or_default().to_owned();
    let named = |sent: &&Sent| text.contains(&sent.option.name) && text.contains(&sent.option.namespace);
    let described = launch.options.iter().find(named).map(|sent| {
        let path = crate::environment::path(&launch.name);
        format!("`{path}`: `{}`", sent.option)
    });
    let in_files = || {
        let mut files = launch.wanted.files.iter();
        let said = files.find(|(key, _)| text.contains(&key.name) && text.contains(&key.namespace));
        said.map(|(_, said)| said.place())
    };
    Error::Options { environment: launch.name.to_string(), place: described.or_else(in_files), message: text }
}

async fn create(
    aws: &Aws,
    launch: &Launch,
    values: &BTreeMap<String, String>,
    cname: &Cname,
) -> Result<Option<()>, ApiError> {
    let mut call = Call::eb("CreateEnvironment")
        .with("ApplicationName", &launch.application)
        .with("EnvironmentName", &launch.name)
        .with("VersionLabel", &launch.label)
        .with("PlatformArn", &launch.platform_arn);
    let mut request = aws
        .eb
        .create_environment()
        .application_name(launch.application.as_str())
        .environment_name(launch.name.as_str())
        .version_label(&launch.label)
        .platform_arn(&launch.platform_arn)
        .tier(tier(launch));
    if let Cname::Asked { prefix } = cname {
        call = call.with("CNAMEPrefix", prefix);
        request = request.cname_prefix(prefix);
    }
    if launch.tier == "worker" {
        call = call.with("Tier", "Worker");
    }
    if let Some(role) = &launch.operations_role {
        call = call.with("OperationsRole", role);
        request = request.operations_role(role);
    }
    for (key, value) in &launch.tags {
        call = call.with("Tag", format_args!("{key}={value}"));
        request = request.tags(tag(key, value));
    }
    if !launch.tags.is_empty() {
        call = call.needing("elasticbeanstalk:AddTags");
    }
    for sent in &launch.options {
        call = call.with("OptionSetting", format_args!("{}={}", sent.option, sent.value));
        let value = values.get(&sent.option.name).filter(|_| sent.is_property());
        let setting = ConfigurationOptionSetting::builder()
            .namespace(&sent.option.namespace)
            .set_resource_name(sent.option.resource.clone())
            .option_name(&sent.option.name)
            .value(value.map_or_else(|| sent.value.wire(), String::as_str));
        request = request.option_settings(setting.build());
    }
    Ok(aws.write(call, request.send()).await?.map(drop))
}

fn tier(launch: &Launch) -> EnvironmentTier {
    let (name, kind) = if launch.tier == "worker" { ("Worker", "SQS/HTTP") } else { ("WebServer", "Standard") };
    EnvironmentTier::builder().name(name).r#type(kind).build()
}

/// The queue that a worker takes its messages from.
pub(super) async fn queue(aws: &Aws, environment: &Environment) -> Result<Option<String>, ApiError> {
    let call = Call::eb("DescribeEnvironmentResources").with("EnvironmentId", &environment.id);
    let request = aws.eb.describe_environment_resources().environment_id(&environment.id);
    let answer = aws.read(call, request.send()).await?;
    let queues = answer.environment_resources.and_then(|resources| resources.queues).unwrap_or_default();
    Ok(queues.into_iter().find(|queue| queue.name.as_deref() == Some("WorkerQueue")).and_then(|queue| queue.url))
}
