//! Option settings: of environments, and saved in templates.

use serde_json::{Value, json};

use super::super::environment::{Environment, Kind, Settings, Status};
use super::super::reply::Refusal;
use super::super::state::{Region, Template};
use super::account::TEMPLATES;
use super::call::{Call, time};
use super::resolved::{Resolved, resolved};
use super::{options, platforms, saved};

/// Apply what a call sets and removes, if it is valid on the platform.
pub(super) fn change(call: &Call<'_>, platform: &str, settings: &mut Settings) -> Result<(), Refusal> {
    let new = call.settings("OptionSettings");
    if new.iter().any(|setting| setting.namespace.is_empty() || setting.name.is_empty()) {
        return Err(Refusal::value("Every option setting needs a Namespace and an OptionName."));
    }
    options::check(platform, &new)?;
    new.into_iter().for_each(|setting| settings.set(setting));
    for option in call.settings("OptionsToRemove") {
        settings.remove(&option);
    }
    Ok(())
}

fn list(settings: &Settings) -> Value {
    let items = settings.0.iter().map(|setting| {
        json!({
            "ResourceName": setting.resource,
            "Namespace": setting.namespace,
            "OptionName": setting.name,
            "Value": setting.value,
        })
    });
    Value::Array(items.collect())
}

fn describe_template(call: &Call<'_>, application: &str, name: &str, template: &Template) -> Value {
    json!({
        "SolutionStackName": template.platform,
        "PlatformArn": platforms::arn(call.region, &template.platform),
        "ApplicationName": application,
        "TemplateName": name,
        "Description": template.description,
        "DateCreated": time(template.created),
        "DateUpdated": time(template.updated),
        "OptionSettings": list(&template.settings),
    })
}

/// The settings of an environment; while they change, those that are deployed and those that are to come.
fn describe_environment(call: &Call<'_>, environment: &Environment) -> Vec<Value> {
    let changing = environment.operation.as_ref().filter(|operation| operation.kind == Kind::Configure);
    let before = changing.map(|operation| &operation.before.settings);
    let deployed = describe_set(call, environment, "deployed", before.unwrap_or(&environment.settings));
    let pending = before.map(|_| describe_set(call, environment, "pending", &environment.settings));
    std::iter::once(deployed).chain(pending).collect()
}

fn describe_set(call: &Call<'_>, environment: &Environment, status: &str, direct: &Settings) -> Value {
    let settings = resolved(call.region, environment, direct);
    json!({
        "SolutionStackName": environment.platform,
        "PlatformArn": platforms::arn(call.region, &environment.platform),
        "ApplicationName": environment.application,
        "EnvironmentName": environment.name,
        "Description": environment.description,
        "Tier": environment.tier.described(),
        "DeploymentStatus": status,
        "DateCreated": time(environment.created),
        "DateUpdated": time(environment.updated),
        "OptionSettings": settings.iter().map(Resolved::describe).collect::<Vec<_>>(),
    })
}

/// Either a template or an environment, and not both.
fn subject<'a>(call: &'a Call<'_>) -> Result<(Option<&'a str>, Option<&'a str>), Refusal> {
    let names = (call.input.text("TemplateName"), call.input.text("EnvironmentName"));
    match names {
        (Some(_), Some(_)) => {
            Err(Refusal::combination("You can specify either TemplateName or EnvironmentName, not both."))
        }
        (None, None) => {
            let message = "Either TemplateName or EnvironmentName must be specified.";
            Err(Refusal::new(400, "MissingRequiredParameter", message))
        }
        _ => Ok(names),
    }
}

pub(super) fn describe_settings(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let application = call.input.required("ApplicationName");
    region.application_mut(application)?;
    let settings = match subject(call)? {
        (Some(name), _) => {
            let template = saved::find(call, region, application, Some(name))?;
            template.iter().map(|template| describe_template(call, application, name, template)).collect()
        }
        (None, _) => describe_environment(call, region.environment_of_mut(&call.input)?),
    };
    Ok(json!({"ConfigurationSettings": settings}))
}

pub(super) fn create_template(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let (application, name) = (input.required("ApplicationName"), input.required("TemplateName"));
    if region.application_mut(application)?.templates.contains_key(name) {
        return Err(Refusal::value(format!("Configuration Template {name} already exists.")));
    }
    let all: usize = region.applications.values().map(|application| application.templates.len()).sum();
    if all >= TEMPLATES {
        let message = format!("You cannot have more than {TEMPLATES} configuration templates.");
        return Err(Refusal::new(400, "TooManyConfigurationTemplatesException", message));
    }
    let (base, mut settings) = base(call, region)?;
    let platform = platforms::asked(call)?;
    let platform = platform
        .or(base)
        .ok_or_else(|| Refusal::combination("Unable to determine base for template pack (no solution stack)"))?;
    change(call, &platform, &mut settings)?;
    let template = Template {
        description: input.owned("Description"),
        platform,
        settings,
        created: call.now,
        updated: call.now,
        tags: call.tags("Tags")?,
    };
    let answer = describe_template(call, application, name, &template);
    saved::keep(call, application, name, &template)?;
    region.application_mut(application)?.templates.insert(name.to_owned(), template);
    Ok(answer)
}

/// Base of a new template: another template, or an environment.
fn base(call: &Call<'_>, region: &mut Region) -> Result<(Option<String>, Settings), Refusal> {
    if let Some(source) = call.input.get("SourceConfiguration") {
        let text = |name: &str| source.get(name).and_then(Value::as_str);
        let application = text("ApplicationName").unwrap_or(call.input.required("ApplicationName"));
        let found = saved::find(call, region, application, text("TemplateName"))?;
        return Ok(found.map_or_else(Default::default, |found| (Some(found.platform), found.settings)));
    }
    if let Some(base) = saved::specified(call, region)? {
        return Ok((base.platform, base.settings));
    }
    if call.input.text("EnvironmentId").is_some() {
        let environment = region.environment_of_mut(&call.input)?;
        return Ok((Some(environment.platform.clone()), environment.settings.clone()));
    }
    Ok(Default::default())
}

pub(super) fn update_template(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let (application, name) = (call.input.required("ApplicationName"), call.input.required("TemplateName"));
    region.application_mut(application)?;
    let found = saved::find(call, region, application, Some(name))?;
    let mut found = found.expect("a name was given");
    change(call, &found.platform, &mut found.settings)?;
    if let Some(description) = call.input.owned("Description") {
        found.description = Some(description).filter(|text| !text.is_empty());
    }
    found.updated = call.now;
    let answer = describe_template(call, application, name, &found);
    saved::keep(call, application, name, &found)?;
    region.application_mut(application)?.templates.insert(name.to_owned(), found);
    Ok(answer)
}

pub(super) fn delete_template(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let application = call.input.required("ApplicationName");
    let name = call.input.required("TemplateName");
    region.application_mut(application)?.templates.remove(name);
    saved::forget(call, application, name)?;
    Ok(Value::Null)
}

/// A draft is what an update under way would set. It cannot be taken back here, and there is no other draft.
pub(super) fn delete_draft(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let environment = region.environment_of_mut(&call.input)?;
    if environment.status == Status::Updating {
        let message =
            format!("Environment named {} is in an invalid state for this operation. Must be Ready.", environment.name);
        return Err(Refusal::value(message));
    }
    Ok(Value::Null)
}
