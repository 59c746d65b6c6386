//! Application versions: a label, an object in S3, and a status.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::event::{Event, Severity, Subject};
use super::super::faults::Injection;
use super::super::reply::Refusal;
use super::super::state::{Region, Source, Status, Version};
use super::account::VERSIONS;
use super::call::{Call, broken, time};
use super::page::{newest_first, page};
use super::{applications, lifecycle, processing};

/// Seconds that AWS takes to look into a bundle.
const PROCESSING: i64 = 5;

pub(super) fn create(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let (name, label) = (input.required("ApplicationName"), input.required("VersionLabel"));
    if !region.applications.contains_key(name) {
        if input.flag("AutoCreateApplication") != Some(true) {
            return Err(Refusal::value(format!("No Application named '{name}' found.")));
        }
        applications::add(call, region, name, Default::default())?;
        region.application_mut(name)?.description = None;
    }
    if region.application_mut(name)?.versions.contains_key(label) {
        return Err(Refusal::value(format!("Application Version {label} already exists.")));
    }
    let all: usize = region.applications.values().map(|application| application.versions.len()).sum();
    if all >= VERSIONS {
        let message = format!(
            "You cannot have more than {VERSIONS} Application Versions. Either remove some Application Versions or request a limit increase."
        );
        return Err(Refusal::new(400, "TooManyApplicationVersionsException", message));
    }
    let source = source(call)?;
    let process = input.flag("Process").unwrap_or(false);
    let fails = call.fault == Some(Injection::ProcessingFails);
    let findings = match &source {
        Source::Bundle { bucket, key } if process && !fails => {
            processing::process(&object(call, bucket, key)?, key, label)
        }
        _ => processing::Findings::default(),
    };
    let version = Version {
        description: input.owned("Description"),
        source,
        process,
        status: if process { Status::Processing } else { Status::Unprocessed },
        due: process.then(|| call.after(PROCESSING)),
        doomed: fails || findings.reject(),
        findings: findings.0,
        request: call.request.to_owned(),
        created: call.now,
        updated: call.now,
        tags: call.tags("Tags")?,
    };
    let answer = describe_one(call, name, label, &version);
    region.application_mut(name)?.versions.insert(label.to_owned(), version);
    let subject = Subject::version(name, label);
    region.events.push(call.event(
        Severity::Info,
        subject.clone(),
        format!("Created new Application Version: {label}"),
    ));
    if process {
        let message = format!("Started processing application version {label}.");
        region.events.push(call.event(Severity::Info, subject, message));
    }
    lifecycle::prune(call, region, name, label)?;
    Ok(json!({"ApplicationVersion": answer}))
}

/// Where the code comes from. It must be there.
fn source(call: &Call<'_>) -> Result<Source, Refusal> {
    let input = &call.input;
    let given = ["SourceBundle", "SourceBuildInformation", "ImageConfiguration"];
    let given: Vec<&str> = given.into_iter().filter(|name| input.get(name).is_some()).collect();
    if let [_, _, ..] = given[..] {
        let message = format!("You can specify only one of {}.", given.join(", "));
        return Err(Refusal::combination(message));
    }
    let Some(bundle) = input.get("SourceBundle") else {
        if let Some(name) = given.first() {
            // Those need CodeBuild, CodeCommit or a registry, which are not here.
            return Err(Refusal::unsupported(format!(
                "It registers source bundles only; it cannot build from {name}."
            )));
        }
        return Ok(Source::Sample);
    };
    let text = |name: &str| bundle.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(bucket), Some(key)) = (text("S3Bucket"), text("S3Key")) else {
        return Err(Refusal::combination("Both S3Bucket and S3Key must be specified in SourceBundle."));
    };
    let found = call.buckets.bucket(bucket).map_err(broken)?.ok_or_else(|| not_found(bucket, key))?;
    if found.region != call.region {
        let message = format!("The specified S3 bucket does not exist in '{}' region: {bucket}", call.region);
        return Err(Refusal::new(400, "S3LocationNotInServiceRegionException", message));
    }
    let object = call.buckets.object(bucket, key).map_err(broken)?.ok_or_else(|| not_found(bucket, key))?;
    if !(1..=processing::LARGEST).contains(&object.bytes) {
        let message = format!("Source bundle is empty or exceeds maximum allowed size: {}", processing::LARGEST);
        return Err(Refusal::value(message));
    }
    Ok(Source::Bundle { bucket: bucket.to_owned(), key: key.to_owned() })
}

fn not_found(bucket: &str, key: &str) -> Refusal {
    let place = format!("(Bucket: {bucket}  Key: {key})");
    Refusal::combination(format!("Unable to download from S3 location {place}. Reason: Not Found"))
}

/// The file with the bytes of a version's object.
fn object(call: &Call<'_>, bucket: &str, key: &str) -> Result<PathBuf, Refusal> {
    let object = call.buckets.object(bucket, key).map_err(broken)?.ok_or_else(|| not_found(bucket, key))?;
    Ok(call.buckets.blob(bucket, &object.blob))
}

/// Findings of a deployment in this version's configuration files, before it touches an instance.
pub(super) fn before_deployment(
    call: &Call<'_>,
    region: &mut Region,
    application: &str,
    label: &str,
) -> Result<processing::Reading, Refusal> {
    let Source::Bundle { bucket, key } = &region.application_mut(application)?.version_mut(label)?.source else {
        return Ok(processing::Reading::default());
    };
    Ok(match object(call, bucket, key) {
        Ok(file) => processing::deploy(&file, label),
        Err(refusal) => {
            let findings = processing::Findings::error(refusal.message);
            processing::Reading { findings, ..Default::default() }
        }
    })
}

pub(super) fn update(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let (name, label) = (call.input.required("ApplicationName"), call.input.required("VersionLabel"));
    let version = region.application_mut(name)?.version_mut(label)?;
    if let Some(description) = call.input.owned("Description") {
        version.description = Some(description).filter(|text| !text.is_empty());
    }
    version.updated = call.now;
    Ok(json!({"ApplicationVersion": describe_one(call, name, label, version)}))
}

pub(super) fn delete(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let (name, label) = (call.input.required("ApplicationName"), call.input.required("VersionLabel"));
    let users: Vec<String> = region.using(name, label).map(|environment| environment.name.clone()).collect();
    let application = region.application_mut(name)?;
    // Deleting what is not there succeeds.
    let Some(version) = application.versions.get(label) else { return Ok(Value::Null) };
    if version.status == Status::Processing {
        let message = format!(
            "Unable to delete application version: {label}. An operation is already in progress, please retry again shortly."
        );
        return Err(Refusal::new(400, "OperationInProgressFailure", message));
    }
    if !users.is_empty() && call.fault != Some(Injection::DeleteDeployed) {
        let message = format!("Unable to delete application version {label}: it is deployed to {}.", users.join(", "));
        return Err(Refusal::value(message));
    }
    let version = application.versions.remove(label).expect("it was just found");
    region.events.push(call.event(
        Severity::Info,
        Subject::version(name, label),
        format!("Deleted Application Version: {label}"),
    ));
    if call.input.flag("DeleteSourceBundle") == Some(true) {
        lifecycle::delete_source(call, &version)?;
    }
    Ok(Value::Null)
}

pub(super) fn describe(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let labels = input.texts("VersionLabels");
    let in_scope = |name: &String| input.text("ApplicationName").is_none_or(|asked| asked == name);
    let wanted = |label: &String| labels.as_ref().is_none_or(|labels| labels.contains(&label.as_str()));
    let applications = region.applications.iter().filter(|(name, _)| in_scope(name));
    let versions = applications.flat_map(|(name, application)| {
        application.versions.iter().map(move |(label, version)| (name, label, version))
    });
    let sort_name =
        |item: &(&String, &String, &Version)| newest_first(item.2.created, &format!("{} {}", item.0, item.1));
    let mut found: Vec<_> = versions.filter(|(_, label, _)| wanted(label)).collect();
    found.sort_by_key(sort_name);
    let (found, token) = page(input, found.into_iter(), sort_name)?;
    let found: Vec<Value> =
        found.into_iter().map(|(name, label, version)| describe_one(call, name, label, version)).collect();
    Ok(json!({"ApplicationVersions": found, "NextToken": token}))
}

fn describe_one(call: &Call<'_>, name: &str, label: &str, version: &Version) -> Value {
    let bundle = match &version.source {
        Source::Bundle { bucket, key } => json!({"S3Bucket": bucket, "S3Key": key}),
        Source::Sample => {
            json!({"S3Bucket": format!("elasticbeanstalk-samples-{}", call.region), "S3Key": "generic-sampleapp.zip"})
        }
    };
    json!({
        "ApplicationVersionArn": call.arn("applicationversion", &format!("{name}/{label}")),
        "ApplicationName": name,
        "Description": version.description,
        "VersionLabel": label,
        "SourceBundle": bundle,
        "Process": version.process,
        "DateCreated": time(version.created),
        "DateUpdated": time(version.updated),
        "Status": version.status.wire(),
    })
}

/// End the processing that is due.
pub(super) fn settle(region: &mut Region, now: Timestamp) {
    for (name, application) in &mut region.applications {
        for (label, version) in &mut application.versions {
            let Some(due) = version.due.filter(|due| *due <= now) else { continue };
            version.due = None;
            let findings = std::mem::take(&mut version.findings).into_iter();
            region.events.extend(findings.map(|(severity, message)| Event {
                time: due,
                severity,
                message,
                request: version.request.clone(),
                subject: Subject::version(name, label),
            }));
            version.status = if version.doomed { Status::Failed } else { Status::Processed };
            version.updated = due;
            let status = version.status.wire();
            region.events.push(Event {
                time: due,
                severity: if version.doomed { Severity::Error } else { Severity::Info },
                message: format!("Finished processing application version {label}. Status: {status}."),
                request: version.request.clone(),
                subject: Subject::version(name, label),
            });
        }
    }
}
