//! Applications.

use serde_json::{Value, json};

use super::super::environment::Kind;
use super::super::event::{Severity, Subject, Tags};
use super::super::reply::Refusal;
use super::super::state::{Application, Region};
use super::account::APPLICATIONS;
use super::call::{Call, time};
use super::lifecycle;

pub(super) fn create(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let name = call.input.required("ApplicationName");
    if region.applications.contains_key(name) {
        return Err(Refusal::value(format!("Application {name} already exists.")));
    }
    let given = call.tags("Tags")?;
    let lifecycle = call.input.get("ResourceLifecycleConfig").cloned();
    add(call, region, name, given)?;
    let application = region.application_mut(name)?;
    application.lifecycle = lifecycle;
    Ok(json!({"Application": describe_one(call, name, application)}))
}

/// Add an application, whoever asked for it.
pub(super) fn add(call: &Call<'_>, region: &mut Region, name: &str, tags: Tags) -> Result<(), Refusal> {
    // It becomes a part of ARNs and of the EB CLI's keys.
    if name.contains('/') {
        return Err(Refusal::value(format!("Application name '{name}' must not contain '/'.")));
    }
    if region.applications.len() >= APPLICATIONS {
        let message = format!("You cannot have more than {APPLICATIONS} applications.");
        return Err(Refusal::new(400, "TooManyApplicationsException", message));
    }
    let application = Application {
        description: call.input.owned("Description"),
        created: call.now,
        updated: call.now,
        lifecycle: None,
        versions: Default::default(),
        templates: Default::default(),
        tags,
    };
    region.applications.insert(name.to_owned(), application);
    let subject = Subject::application(name);
    region.events.push(call.event(Severity::Info, subject, "createApplication completed successfully."));
    Ok(())
}

pub(super) fn update(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let name = call.input.required("ApplicationName");
    let application = region.application_mut(name)?;
    // No description keeps the old one, an empty one clears it.
    if let Some(description) = call.input.owned("Description") {
        application.description = Some(description).filter(|text| !text.is_empty());
    }
    application.updated = call.now;
    let answer = json!({"Application": describe_one(call, name, application)});
    let subject = Subject::application(name);
    region.events.push(call.event(Severity::Info, subject, "updateApplication completed successfully."));
    Ok(answer)
}

pub(super) fn describe(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let names = call.input.texts("ApplicationNames");
    let wanted = |name: &str| names.as_ref().is_none_or(|names| names.contains(&name));
    let found = region.applications.iter().filter(|(name, _)| wanted(name));
    let found: Vec<Value> = found.map(|(name, application)| describe_one(call, name, application)).collect();
    Ok(json!({"Applications": found}))
}

pub(super) fn update_lifecycle(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let name = call.input.required("ApplicationName");
    let application = region.application_mut(name)?;
    let mut new = call.input.get("ResourceLifecycleConfig").cloned().unwrap_or_default();
    // The role is needed once; afterwards it may be left out, and stays.
    let role = application.lifecycle.as_ref().and_then(|old| old.get("ServiceRole")).cloned();
    match (new.get("ServiceRole").is_some(), role) {
        (true, _) => {}
        (false, Some(role)) => new["ServiceRole"] = role,
        (false, None) => {
            let message = "A ServiceRole must be specified when a lifecycle configuration is set for the first time.";
            return Err(Refusal::combination(message));
        }
    }
    application.lifecycle = Some(new.clone());
    application.updated = call.now;
    Ok(json!({"ApplicationName": name, "ResourceLifecycleConfig": new}))
}

/// The application, its versions and its saved configurations go; the objects in S3 stay.
pub(super) fn delete(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let name = call.input.required("ApplicationName");
    // Deleting what is not there succeeds.
    if !region.applications.contains_key(name) {
        return Ok(Value::Null);
    }
    let running: Vec<String> = region
        .alive()
        .filter(|environment| environment.application == name)
        .map(|environment| environment.id.clone())
        .collect();
    if !running.is_empty() && call.input.flag("TerminateEnvByForce") != Some(true) {
        let message = format!("Unable to delete application {name} because it has running environments.");
        return Err(Refusal::new(400, "OperationInProgressFailure", message));
    }
    for id in running {
        let (environment, events) = region.environment(&id);
        let before = environment.before();
        let operation = call.begin(Kind::Terminate, environment, before);
        environment.begin(operation, call.now, events);
    }
    region.applications.remove(name);
    let subject = Subject::application(name);
    region.events.push(call.event(Severity::Info, subject, "The application has been deleted successfully."));
    Ok(Value::Null)
}

fn describe_one(call: &Call<'_>, name: &str, application: &Application) -> Value {
    let mut labels: Vec<_> = application.versions.iter().collect();
    labels.sort_by_key(|(_, version)| std::cmp::Reverse(version.created));
    let labels: Vec<&String> = labels.into_iter().map(|(label, _)| label).collect();
    json!({
        "ApplicationArn": call.arn("application", name),
        "ApplicationName": name,
        "Description": application.description,
        "DateCreated": time(application.created),
        "DateUpdated": time(application.updated),
        "Versions": labels,
        "ConfigurationTemplates": application.templates.keys().collect::<Vec<_>>(),
        "ResourceLifecycleConfig": lifecycle::described(application.lifecycle.as_ref()),
    })
}
