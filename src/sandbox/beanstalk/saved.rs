//! Saved configurations as files: AWS keeps each as an object of the account's bucket, where the EB CLI reads and writes it.
//!
//! ```text
//! resources/templates/APPLICATION/NAME
//! ```

use serde_json::Value;

use super::super::environment::{Setting, Settings};
use super::super::reply::Refusal;
use super::super::s3::buckets::Buckets;
use super::super::state::{Region, Template};
use super::call::{Call, broken};
use super::{account, platforms};
use crate::beanstalk::yaml::{self, Node};

/// No configuration is near this.
const LARGEST: u64 = 1024 * 1024;

/// What a new environment or a saved configuration starts from.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) platform: Option<String>,
    pub(super) settings: Settings,
}

fn key(application: &str, name: &str) -> String {
    format!("resources/templates/{application}/{name}")
}

/// A saved configuration, if one is named: as its file says, which people may have changed or put there themselves.
pub(super) fn find(
    call: &Call<'_>,
    region: &Region,
    application: &str,
    name: Option<&str>,
) -> Result<Option<Template>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    let known = region.template(application, Some(name));
    let bucket = Buckets::storage_location(call.region);
    let object = call.buckets.object(&bucket, &key(application, name)).map_err(broken)?;
    let Some(object) = object.filter(|object| object.bytes <= LARGEST) else { return known };
    let content = std::fs::read(call.buckets.blob(&bucket, &object.blob));
    let Ok(content) = content else { return known };
    let base = read(&String::from_utf8_lossy(&content))?;
    let known = known.ok().flatten();
    let platform = base.platform.or_else(|| known.as_ref().map(|known| known.platform.clone()));
    let platform = platform
        .ok_or_else(|| Refusal::combination("Unable to determine base for template pack (no solution stack)"))?;
    Ok(Some(Template {
        platform,
        settings: base.settings,
        updated: object.modified,
        ..known.unwrap_or_else(|| Template {
            description: None,
            platform: String::new(),
            settings: Settings::default(),
            created: object.modified,
            updated: object.modified,
            tags: Default::default(),
        })
    }))
}

/// Write the file of a saved configuration.
pub(super) fn keep(call: &Call<'_>, application: &str, name: &str, template: &Template) -> Result<(), Refusal> {
    let bucket = account::storage_location(call)?;
    let text = write(call.region, template);
    call.buckets.put(&bucket, &key(application, name), text.as_bytes(), call.now).map_err(broken)
}

pub(super) fn forget(call: &Call<'_>, application: &str, name: &str) -> Result<(), Refusal> {
    let bucket = account::storage_location(call)?;
    call.buckets.delete_object(&bucket, &key(application, name)).map_err(broken)?;
    Ok(())
}

/// What `TemplateSpecification` names, which the EB CLI sends: an environment, a platform, or the text of a file.
pub(super) fn specified(call: &Call<'_>, region: &Region) -> Result<Option<Base>, Refusal> {
    let Some(specification) = call.input.get("TemplateSpecification") else { return Ok(None) };
    for part in ["TemplateSnippets", "Parameters"] {
        if specification.get(part).is_some() {
            return Err(Refusal::unsupported(format!(
                "It does not know what to do with TemplateSpecification.{part}."
            )));
        }
    }
    let source = |name: &str| specification.get("TemplateSource")?.get(name).and_then(Value::as_str);
    if let Some(name) = source("EnvironmentName") {
        let found = region.alive().find(|environment| environment.name == name);
        let found =
            found.ok_or_else(|| Refusal::value(format!("No Environment found for EnvironmentName = '{name}'.")))?;
        let mut settings = found.files.clone();
        found.settings.0.iter().cloned().for_each(|setting| settings.set(setting));
        return Ok(Some(Base { platform: Some(found.platform.clone()), settings }));
    }
    if let Some(text) = source("SourceContents") {
        return read(text).map(Some);
    }
    let platform = platforms::named(source("SolutionStackName"), source("PlatformArn"))?;
    Ok(Some(Base { platform, ..Base::default() }))
}

/// The file of a configuration, in the form that the EB CLI shows to people.
fn write(region: &str, template: &Template) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut text = "EnvironmentConfigurationMetadata:\n".to_owned();
    if let Some(description) = &template.description {
        text.push_str(&format!("  Description: {}\n", quoted(description)));
    }
    text.push_str(&format!("  DateCreated: '{}'\n", template.created.as_millisecond()));
    text.push_str(&format!("  DateModified: '{}'\n", template.updated.as_millisecond()));
    let arn = platforms::arn(region, &template.platform);
    text.push_str(&format!("Platform:\n  PlatformArn: {arn}\n"));
    text.push_str("OptionSettings:\n");
    let mut last = String::new();
    for setting in &template.settings.0 {
        let place = match &setting.resource {
            Some(resource) => format!("{resource}.{}", setting.namespace),
            None => setting.namespace.clone(),
        };
        if place != last {
            text.push_str(&format!("  {}:\n", quoted(&place)));
            last = place;
        }
        text.push_str(&format!("    {}: {}\n", quoted(&setting.name), quoted(&setting.value)));
    }
    if template.settings.0.is_empty() {
        text = text.replace("OptionSettings:\n", "OptionSettings: {}\n");
    }
    text.push_str("AWSConfigurationTemplateVersion: 1.1.0.0\n");
    text
}

fn read(text: &str) -> Result<Base, Refusal> {
    let invalid =
        |what: String| Refusal::value(format!("The configuration is not YAML or JSON that can be read: {what}"));
    let root = yaml::parse(text).map_err(|error| invalid(error.problem.to_string()))?;
    let Some(root) = root.filter(|root| root.mapping().is_some()) else {
        return Err(invalid("it is not a map".to_owned()));
    };
    let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
    let arn = text(root.get("Platform").and_then(|platform| platform.get("PlatformArn")));
    let stack = text(root.get("SolutionStack"));
    let platform = platforms::named(stack.as_deref(), arn.as_deref())?;
    let mut settings = Settings::default();
    for (place, _, options) in
        root.get("OptionSettings").and_then(Node::mapping).into_iter().flat_map(|map| map.named())
    {
        // A resource's name stands before the namespace, which begins with `aws:`.
        let (resource, namespace) = match place.split_once(".aws:") {
            Some((resource, rest)) => (Some(resource.to_owned()), format!("aws:{rest}")),
            None => (None, place.to_owned()),
        };
        for (name, _, value) in options.mapping().into_iter().flat_map(|map| map.named()) {
            let Some(value) = value.as_str() else { continue };
            let (namespace, resource) = (namespace.clone(), resource.clone());
            settings.set(Setting { namespace, resource, name: name.to_owned(), value: value.to_owned() });
        }
    }
    Ok(Base { platform, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_survives_its_file() {
        let mut settings = Settings::default();
        let set = |settings: &mut Settings, resource: Option<&str>, namespace: &str, name: &str, value: &str| {
            let resource = resource.map(str::to_owned);
            let (namespace, name, value) = (namespace.to_owned(), name.to_owned(), value.to_owned());
            settings.set(Setting { namespace, resource, name, value });
        };
        set(&mut settings, None, "aws:elasticbeanstalk:application:environment", "KEY", "a: \"b\" # c\n'd'");
        set(&mut settings, Some("AWSEBAutoScalingGroup"), "aws:autoscaling:asg", "MinSize", "1");
        let template = Template {
            description: Some("mine".to_owned()),
            platform: "64bit Amazon Linux 2023 v4.13.7 running Python 3.13".to_owned(),
            settings,
            created: jiff::Timestamp::UNIX_EPOCH,
            updated: jiff::Timestamp::UNIX_EPOCH,
            tags: Default::default(),
        };
        let base = read(&write("us-east-1", &template)).unwrap();
        assert_eq!(base.platform.as_deref(), Some(template.platform.as_str()));
        assert_eq!(base.settings, template.settings);
        assert!(read("- a\n").is_err());
        assert!(read("Platform:\n  PlatformArn: arn:aws:elasticbeanstalk:us-east-1::platform/No such\n").is_err());
    }
}
