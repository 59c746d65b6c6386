//! Tags of applications, versions, environments and saved configurations.

use serde_json::{Value, json};

use super::super::environment::{Kind, Operation};
use super::super::event::Tags;
use super::super::reply::Refusal;
use super::super::state::Region;
use super::call::{Call, fits};
use crate::sandbox::ACCOUNT;

/// Resource that an ARN names.
enum Resource {
    Application(String),
    Version(String, String),
    Environment(String),
    Template(String, String),
}

fn resource(call: &Call<'_>, region: &Region) -> Result<Resource, Refusal> {
    let arn = call.input.required("ResourceArn");
    let unknown = || Refusal::new(400, "ResourceNotFoundException", format!("Resource not found for arn '{arn}'."));
    let prefix = format!("arn:aws:elasticbeanstalk:{}:{ACCOUNT}:", call.region);
    let (kind, name) = arn.strip_prefix(&prefix).and_then(|rest| rest.split_once('/')).ok_or_else(unknown)?;
    let (application, rest) = name.split_once('/').unwrap_or((name, ""));
    let found = region.applications.get(application);
    match kind {
        "application" if rest.is_empty() => found.map(|_| Resource::Application(application.to_owned())),
        "applicationversion" => found
            .filter(|found| found.versions.contains_key(rest))
            .map(|_| Resource::Version(application.to_owned(), rest.to_owned())),
        "configurationtemplate" => found
            .filter(|found| found.templates.contains_key(rest))
            .map(|_| Resource::Template(application.to_owned(), rest.to_owned())),
        "environment" => region
            .alive()
            .find(|environment| environment.application == application && environment.name == rest)
            .map(|environment| Resource::Environment(environment.id.clone())),
        _ => {
            let message = format!("The resource type '{kind}' is not supported.");
            return Err(Refusal::new(400, "ResourceTypeNotSupportedException", message));
        }
    }
    .ok_or_else(unknown)
}

fn tags<'a>(region: &'a mut Region, resource: &Resource) -> &'a mut Tags {
    const FOUND: &str = "it was just found";
    match resource {
        Resource::Application(name) => &mut region.applications.get_mut(name).expect(FOUND).tags,
        Resource::Version(name, label) => {
            let application = region.applications.get_mut(name).expect(FOUND);
            &mut application.versions.get_mut(label).expect(FOUND).tags
        }
        Resource::Template(name, template) => {
            let application = region.applications.get_mut(name).expect(FOUND);
            &mut application.templates.get_mut(template).expect(FOUND).tags
        }
        Resource::Environment(id) => &mut region.environments.get_mut(id).expect(FOUND).tags,
    }
}

pub(super) fn list(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let resource = resource(call, region)?;
    let mut pairs: Vec<(String, String)> =
        tags(region, &resource).iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    if let Resource::Environment(id) = &resource {
        let environment = &region.environments[id];
        // Elastic Beanstalk gives environments three tags of its own.
        let own = [
            ("elasticbeanstalk:environment-id", &environment.id),
            ("elasticbeanstalk:environment-name", &environment.name),
        ];
        pairs.extend(
            own.into_iter().chain([("Name", &environment.name)]).map(|(key, value)| (key.to_owned(), value.clone())),
        );
    }
    let pairs: Vec<Value> = pairs.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    Ok(json!({"ResourceArn": call.input.required("ResourceArn"), "ResourceTags": pairs}))
}

pub(super) fn update(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let resource = resource(call, region)?;
    let add = call.tags("TagsToAdd")?;
    let remove = call.input.texts("TagsToRemove").unwrap_or_default();
    if add.is_empty() && remove.is_empty() {
        return Err(Refusal::value("You must specify TagsToAdd or TagsToRemove."));
    }
    if let Some(key) = remove.iter().find(|key| add.contains_key(**key)) {
        return Err(Refusal::value(format!("The tag '{key}' is to be added and removed.")));
    }
    if let Resource::Environment(id) = &resource {
        region.environments[id]
            .ready()
            .map_err(|refusal| Refusal::new(400, "OperationInProgressFailure", refusal.message))?;
    }
    let tags = tags(region, &resource);
    tags.retain(|key, _| !remove.contains(&key.as_str()));
    tags.extend(add);
    fits(tags)?;
    if let Resource::Environment(id) = &resource {
        let (environment, events) = region.environment(id);
        let before = environment.before();
        let done = Some("Environment tag update completed successfully.".to_owned());
        let operation = Operation { done, ..call.begin(Kind::Tag, environment, before) };
        environment.begin(operation, call.now, events);
    }
    Ok(Value::Null)
}
