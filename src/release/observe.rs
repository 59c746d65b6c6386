//! A living environment, as far as it can be read: its options, its tags, the images of its platform. Reads only.
//!
//! `DescribeConfigurationSettings` shows every property, secrets too, to whoever may call it.

use std::collections::BTreeMap;

use aws_sdk_elasticbeanstalk::types::{ConfigurationDeploymentStatus, ConfigurationSettingsDescription};

use super::api_error::{ApiError, known};
use super::aws::Aws;
use super::call::Call;
use super::environment::Environment;
use super::tag;
use super::version::{self, Version};
use crate::beanstalk::name::Application;
use crate::environment::{LiveSetting, OptionKey};

/// What was seen of an environment.
#[derive(Debug, Clone)]
pub struct Observed {
    pub settings: Vec<LiveSetting>,
    /// There is a second set of options, which was not put into force.
    pub draft: bool,
    /// `None`: not known.
    pub images: Option<Vec<String>>,
    pub tags: Option<BTreeMap<String, String>>,
    pub version: Option<Version>,
}

pub fn observe(aws: &Aws, application: &Application, environment: &Environment) -> Result<Observed, ApiError> {
    aws.block_on(async {
        let observed = settings_and_version(aws, application, environment).await?;
        Ok(Observed {
            images: known(images(aws, environment).await)?.flatten(),
            tags: known(tags(aws, environment).await)?.flatten(),
            ..observed
        })
    })
}

/// Its options and its version alone.
pub(crate) async fn settings_and_version(
    aws: &Aws,
    application: &Application,
    environment: &Environment,
) -> Result<Observed, ApiError> {
    let mut sets = settings(aws, application, environment).await?;
    let draft = sets.len() > 1;
    let deployed =
        |set: &ConfigurationSettingsDescription| set.deployment_status == Some(ConfigurationDeploymentStatus::Deployed);
    let index = sets.iter().position(deployed).unwrap_or(0);
    let chosen = if sets.is_empty() { None } else { Some(sets.swap_remove(index)) };
    let options = chosen.and_then(|set| set.option_settings).unwrap_or_default();
    let version = match &environment.label {
        Some(label) => version::find(aws, application, label).await?,
        None => None,
    };
    let setting = |setting: aws_sdk_elasticbeanstalk::types::ConfigurationOptionSetting| {
        let (namespace, name) = (setting.namespace?, setting.option_name?);
        let option = OptionKey::new(&namespace, setting.resource_name.as_deref(), &name);
        Some(LiveSetting { option, value: setting.value })
    };
    Ok(Observed {
        settings: options.into_iter().filter_map(setting).collect(),
        draft,
        images: None,
        tags: None,
        version,
    })
}

async fn settings(
    aws: &Aws,
    application: &Application,
    environment: &Environment,
) -> Result<Vec<ConfigurationSettingsDescription>, ApiError> {
    let call = Call::eb("DescribeConfigurationSettings")
        .with("ApplicationName", application)
        .with("EnvironmentName", &environment.name);
    let request = aws
        .eb
        .describe_configuration_settings()
        .application_name(application.as_str())
        .environment_name(&environment.name);
    Ok(aws.read(call, request.send()).await?.configuration_settings.unwrap_or_default())
}

async fn images(aws: &Aws, environment: &Environment) -> Result<Option<Vec<String>>, ApiError> {
    let Some(arn) = &environment.platform else { return Ok(None) };
    let call = Call::eb("DescribePlatformVersion").with("PlatformArn", arn);
    let answer = aws.read(call, aws.eb.describe_platform_version().platform_arn(arn).send()).await?;
    let Some(platform) = answer.platform_description else { return Ok(None) };
    let images = platform.custom_ami_list.map(|list| list.into_iter().filter_map(|image| image.image_id).collect());
    Ok(images)
}

async fn tags(aws: &Aws, environment: &Environment) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let Some(arn) = &environment.arn else { return Ok(None) };
    let theirs = |key: &str| key == "Name" || key.starts_with("elasticbeanstalk:") || key.starts_with("aws:");
    let mut tags = tag::of(aws, arn).await?;
    tags.retain(|key, _| !theirs(key));
    Ok(Some(tags))
}
