//! The option table, and whether settings are within their bounds: the table that `check` uses, as the API tells it.

use serde_json::{Value, json};

use super::super::environment::{Setting, Settings};
use super::super::reply::Refusal;
use super::super::state::Region;
use super::call::Call;
use super::{platforms, saved};
use crate::beanstalk::options::{self, ConfigOption, Kind};

/// The mistake in a setting of a platform, in the API's words.
fn problem(platform: Option<&str>, setting: &Setting) -> Option<String> {
    let Setting { namespace, name, value, .. } = setting;
    // Parameters of the environment's stack come back in saved configurations, and in what clients copy.
    if namespace == "aws:cloudformation:template:parameter" {
        return None;
    }
    let place = format!("(Namespace: '{namespace}', OptionName: '{name}')");
    let found = options::find_on(platform.map(platforms::language), namespace, name);
    let Some(option) = found.filter(|option| !option.is_retired()) else {
        return Some(format!("Invalid option specification {place}: Unknown configuration setting."));
    };
    let invalid = option.validate(value).err()?;
    Some(format!("Invalid option value: '{value}' {place}: {}.", invalid.to_string().replace('`', "'")))
}

/// Refuse the first setting that is out of bounds.
pub(super) fn check(platform: &str, settings: &[Setting]) -> Result<(), Refusal> {
    match settings.iter().find_map(|setting| problem(Some(platform), setting)) {
        None => Ok(()),
        Some(problem) => {
            let message = format!("Configuration validation exception: {problem}");
            Err(Refusal::new(400, "ConfigurationValidationException", message))
        }
    }
}

pub(super) fn validate(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let application = call.input.required("ApplicationName");
    region.application_mut(application)?;
    let (platform, _) = subject(call, region)?;
    let settings = call.settings("OptionSettings");
    let messages = settings.iter().filter_map(|setting| {
        let message = problem(platform.as_deref(), setting)?;
        Some(json!({
            "Message": message,
            "Severity": "error",
            "Namespace": setting.namespace,
            "OptionName": setting.name,
        }))
    });
    Ok(json!({"Messages": messages.collect::<Vec<_>>()}))
}

/// The platform and the settings of what a call names, if it names something.
fn subject(call: &Call<'_>, region: &mut Region) -> Result<(Option<String>, Settings), Refusal> {
    let application = call.input.text("ApplicationName").unwrap_or_default();
    if let Some(template) = saved::find(call, region, application, call.input.text("TemplateName"))? {
        return Ok((Some(template.platform), template.settings));
    }
    if let Some(base) = saved::specified(call, region)? {
        return Ok((base.platform, base.settings));
    }
    if call.input.text("EnvironmentName").is_some() {
        let environment = region.environment_of_mut(&call.input)?;
        return Ok((Some(environment.platform.clone()), environment.settings.clone()));
    }
    Ok((platforms::asked(call)?, Settings::default()))
}

pub(super) fn describe(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let (platform, settings) = subject(call, region)?;
    let asked = call.settings("Options");
    let wanted = |namespace: &str, name: &str| {
        let same = |asked: &Setting| {
            (asked.namespace.is_empty() || asked.namespace == namespace)
                && (asked.name.is_empty() || asked.name == name)
        };
        asked.is_empty() || asked.iter().any(same)
    };
    let listed =
        options::all().iter().filter(|option| !(option.is_cluster() || option.is_windows() || option.is_retired()));
    let named = listed.filter(|option| option.name != "*").map(|option| {
        // Where people choose the last part of the name, there is always the one called `default`.
        (option.namespace.replace('*', "default"), option.name.to_owned(), option)
    });
    // And where they choose the option's name, there are those that they chose.
    let chosen = settings.0.iter().filter_map(|setting| {
        let option = options::find(&setting.namespace, &setting.name).filter(|option| option.name == "*")?;
        Some((setting.namespace.clone(), setting.name.clone(), option))
    });
    let found = named.chain(chosen).filter(|(namespace, name, _)| wanted(namespace, name));
    let found: Vec<Value> = found.map(|(namespace, name, option)| describe_one(&namespace, &name, option)).collect();
    let arn = platform.as_ref().map(|platform| platforms::arn(call.region, platform));
    Ok(json!({"SolutionStackName": platform, "PlatformArn": arn, "Options": found}))
}

fn describe_one(namespace: &str, name: &str, option: &ConfigOption) -> Value {
    let kind = match option.kind {
        Kind::Boolean => "Boolean",
        Kind::Csv => "CommaSeparatedList",
        Kind::Json => "Json",
        _ => "Scalar",
    };
    let whole = |number: Option<f64>| number.map(|number| number as i64);
    json!({
        "Namespace": namespace,
        "Name": name,
        "DefaultValue": option.default,
        "ChangeSeverity": option.change.unwrap_or("Unknown"),
        "UserDefined": option.name == "*",
        "ValueType": kind,
        "ValueOptions": (!option.allowed.is_empty()).then_some(&option.allowed),
        "MinValue": whole(option.min),
        "MaxValue": whole(option.max),
        "MaxLength": option.max_length,
        "Regex": option.pattern.map(|pattern| json!({"Pattern": pattern, "Label": format!("like {pattern}")})),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_takes_what_its_platform_has() {
        let takes = |platform, value: &str| {
            let (namespace, name) = ("aws:elasticbeanstalk:environment:proxy".to_owned(), "ProxyServer".to_owned());
            problem(platform, &Setting { namespace, name, value: value.to_owned(), resource: None }).is_none()
        };
        let python = Some("64bit Amazon Linux 2023 v4.7.2 running Python 3.13");
        let docker = Some("64bit Amazon Linux 2023 v4.7.2 running Docker");
        assert!(takes(python, "apache") && !takes(python, "none"));
        assert!(takes(docker, "none") && !takes(docker, "apache"));
    }
}
