//! Drill: what a rebuild would meet, asked of AWS without changing anything, and the end of a rehearsal.

use std::collections::BTreeMap;

use aws_sdk_elasticbeanstalk::types::{ConfigurationOptionSetting, ValidationSeverity};
use serde::Serialize;

use super::api_error::ApiError;
use super::aws::Aws;
use super::call::Call;
use super::environment::{self, Environment};
use super::launch::{Survey, Target};
use super::{tag, version};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment::{DRILL_TAG, Description};

/// The beginning of every name of a drill. What is one, its tag says.
const DRILL: &str = "drill-";

/// The survey as it would be on the day: what is described and lives is gone, and its names are free.
pub fn as_if_lost(survey: &Survey, targets: &[Target]) -> Survey {
    let mut lost = survey.clone();
    let ours = |living: &Environment| {
        targets
            .iter()
            .any(|target| target.name == *living.name.as_str() && target.application == *living.application.as_str())
    };
    for living in survey.living.iter().filter(|living| ours(living)) {
        if let Some(prefix) = living.cname.as_deref().and_then(|cname| cname.split('.').next()) {
            lost.free.insert(prefix.to_owned(), true);
        }
    }
    lost.living.retain(|living| !ours(living));
    let empty: Vec<String> = targets
        .iter()
        .map(|target| target.application.to_string())
        .filter(|application| !lost.living.iter().any(|living| living.application == *application))
        .collect();
    lost.applications.retain(|name, _| !empty.contains(name));
    lost
}

/// What AWS itself thinks of the options of a description, where the environment lives.
pub fn validate(
    aws: &Aws,
    application: &Application,
    name: &EnvironmentName,
    description: &Description,
) -> Result<Vec<String>, ApiError> {
    if description.options.is_empty() {
        return Ok(Vec::new());
    }
    aws.block_on(async {
        let call = Call::eb("ValidateConfigurationSettings")
            .with("ApplicationName", application)
            .with("EnvironmentName", name);
        let settings = description.options.iter().map(|(option, value)| {
            ConfigurationOptionSetting::builder()
                .namespace(&option.namespace)
                .set_resource_name(option.resource.clone())
                .option_name(&option.name)
                .value(value)
                .build()
        });
        let request = aws
            .eb
            .validate_configuration_settings()
            .application_name(application.as_str())
            .environment_name(name.as_str())
            .set_option_settings(Some(settings.collect()));
        let answer = aws.read(call, request.send()).await?;
        let errors = answer.messages.unwrap_or_default().into_iter();
        let errors = errors.filter(|message| message.severity == Some(ValidationSeverity::Error));
        Ok(errors.filter_map(|message| message.message).collect())
    })
}

/// A rehearsal that was left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    pub id: String,
    pub application: String,
    pub environments: Vec<LeftEnvironment>,
    /// The lines with which a person ends it.
    pub ending: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftEnvironment {
    pub id: String,
    pub name: String,
    pub created: Option<jiff::Timestamp>,
}

/// Rehearsals of which something lives, or whose application is there.
pub fn left(aws: &Aws, meant: Option<&str>) -> Result<Vec<Left>, ApiError> {
    aws.block_on(async {
        let mut rehearsals: BTreeMap<String, Left> = BTreeMap::new();
        let region = aws.region();
        for found in version::all_applications(aws).await? {
            let (Some(application), Some(arn)) = (found.application_name, found.application_arn) else { continue };
            if !application.starts_with(DRILL) {
                continue;
            }
            // Somebody's own may be called so too.
            let Some(id) = tag::of(aws, &arn).await?.remove(DRILL_TAG) else { continue };
            if meant.is_none_or(|meant| meant == id) {
                let left = Left { id, application: application.clone(), environments: Vec::new(), ending: Vec::new() };
                rehearsals.insert(application, left);
            }
        }
        for living in environment::everywhere(aws).await? {
            if let Some(left) = rehearsals.get_mut(&living.application) {
                left.ending.push(super::status::ending(&living.id, region));
                let Environment { id, name, created, .. } = living;
                left.environments.push(LeftEnvironment { id, name, created });
            }
        }
        for left in rehearsals.values_mut() {
            let line = format!(
                "aws elasticbeanstalk delete-application --region {region} --application-name {}",
                left.application
            );
            left.ending.push(line);
        }
        Ok(rehearsals.into_values().collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_day_ours_are_gone_and_their_names_free() {
        let living = |application: &str, name: &str| Environment {
            cname: Some(format!("{name}.eu-west-1.elasticbeanstalk.com")),
            ..Environment::well(application, name)
        };
        let survey = Survey {
            applications: BTreeMap::from([("shop".to_owned(), 3), ("other".to_owned(), 1)]),
            living: vec![living("shop", "shop-prod"), living("other", "other-prod")],
            free: BTreeMap::from([("shop-prod".to_owned(), false), ("other-prod".to_owned(), false)]),
            ..Survey::default()
        };
        let target = Target {
            name: "shop-prod".parse().unwrap(),
            application: "shop".parse().unwrap(),
            description: Description::new("shop-prod"),
        };
        let lost = as_if_lost(&survey, &[target]);
        assert_eq!(lost.living.len(), 1);
        assert_eq!(lost.applications.keys().collect::<Vec<_>>(), ["other"]);
        assert_eq!((lost.free["shop-prod"], lost.free["other-prod"]), (true, false));
    }
}
