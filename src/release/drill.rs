//! Drill: what a rebuild would meet, asked of AWS without changing anything, and the end of a rehearsal.

use aws_sdk_elasticbeanstalk::types::{ConfigurationOptionSetting, ValidationSeverity};
use serde::Serialize;

use super::api_error::{ApiError, known};
use super::aws::Aws;
use super::call::Call;
use super::environment::{self, Environment};
use super::launch::{Survey, Target};
use super::status::Region;
use super::tag;
use super::version::{self, SeenApplication};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment::{DRILL_TAG, Description, drill_id};

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

/// Rehearsals of which something lives, or whose application is there; only the one of this id, if one is meant.
pub fn left(aws: &Aws, meant: Option<&str>) -> Result<Vec<Left>, ApiError> {
    aws.block_on(async {
        let applications = version::all_applications(aws).await?;
        among(aws, &applications, &environment::everywhere(aws).await?, meant).await
    })
}

/// The same, in a region that was looked at; none where these credentials may not see what is one.
pub fn left_in(aws: &Aws, region: &Region) -> Result<Vec<Left>, ApiError> {
    let Some(applications) = &region.applications else { return Ok(Vec::new()) };
    Ok(known(aws.block_on(among(aws, applications, &region.living, None)))?.unwrap_or_default())
}

/// A rehearsal is an application that has both the name and the tag of its id. Somebody's own may have either.
async fn among(
    aws: &Aws,
    applications: &[SeenApplication],
    living: &[Environment],
    meant: Option<&str>,
) -> Result<Vec<Left>, ApiError> {
    let region = aws.region();
    let mut rehearsals = Vec::new();
    for SeenApplication { name, arn, .. } in applications {
        let (Some(id), Some(arn)) = (drill_id(name), arn) else { continue };
        if meant.is_some_and(|meant| meant != id)
            || tag::of(aws, arn).await?.get(DRILL_TAG).map(String::as_str) != Some(id)
        {
            continue;
        }
        let environments: Vec<&Environment> = living.iter().filter(|living| living.application == *name).collect();
        let mut ending: Vec<String> =
            environments.iter().map(|living| super::status::ending(&living.id, region)).collect();
        ending.push(format!("aws elasticbeanstalk delete-application --region {region} --application-name {name}"));
        let left = |living: &Environment| {
            let Environment { id, name, created, .. } = living.clone();
            LeftEnvironment { id, name, created }
        };
        rehearsals.push(Left {
            id: id.to_owned(),
            application: name.clone(),
            environments: environments.into_iter().map(left).collect(),
            ending,
        });
    }
    rehearsals.sort_by(|one, other| one.application.cmp(&other.application));
    Ok(rehearsals)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
