//! Status: one environment, seen from all sides. Reads only.
//!
//! What these credentials may not see is not known, and said to be so; Elastic Beanstalk itself would leave it out.

use aws_sdk_elasticbeanstalk::types::{EnvironmentHealthAttribute, PlatformFilter};
use jiff::Timestamp;
use serde::Serialize;

use super::api_error::{ApiError, known};
use super::aws::Aws;
use super::call::Call;
use super::environment::{self, Environment, EnvironmentEvent};
use super::publish::Quota;
use super::version::{self, SeenApplication, Version};
use crate::beanstalk::name::Application;

/// What is known of one environment. `None` is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Details {
    /// The version that it runs, as it is registered.
    #[serde(skip)]
    pub version: Option<Version>,
    /// How many versions of the region's quota are used.
    pub quota: Option<Quota>,
    pub platform: Option<PlatformState>,
    /// Why its health is what it is. Only enhanced health reporting tells.
    pub causes: Option<Vec<String>>,
    /// The versions that its instances run.
    pub instances: Option<Vec<String>>,
    pub last: Option<LastOperation>,
}

/// The platform's version beside the one that is recommended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlatformState {
    pub branch: String,
    pub version: String,
    /// `None`: no version of the branch is, so it is retired.
    pub recommended: Option<String>,
}

/// How the last operation began and ended, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastOperation {
    pub began: Timestamp,
    pub ended: Timestamp,
    pub label: Option<String>,
    pub message: String,
    pub errors: Vec<String>,
}

/// What there is in a region, as far as these credentials see it: asked once in a run, and handed on.
#[derive(Debug, Clone)]
pub struct Region {
    pub living: Vec<Environment>,
    /// Those that are being terminated.
    pub ending: Vec<Environment>,
    /// `None`: they may not be seen.
    pub(super) applications: Option<Vec<SeenApplication>>,
}

/// Look around.
pub fn region(aws: &Aws) -> Result<Region, ApiError> {
    aws.block_on(async {
        let (living, ending) = environment::in_sight(aws).await?;
        Ok(Region { living, ending, applications: known(version::all_applications(aws).await)? })
    })
}

/// All environments of the region that these credentials may see.
pub fn living(aws: &Aws) -> Result<Vec<Environment>, ApiError> {
    aws.block_on(environment::everywhere(aws))
}

/// The line with which a person of sufficient rights ends an environment. This program has no such call.
pub fn ending(id: &str, region: &str) -> String {
    format!("aws elasticbeanstalk terminate-environment --region {region} --environment-id {id}")
}

pub fn details(aws: &Aws, region: &Region, environment: &Environment) -> Result<Details, ApiError> {
    aws.block_on(async {
        let application: Option<Application> = environment.application.parse().ok();
        let version = match (&environment.label, &application) {
            (Some(label), Some(application)) => known(version::find(aws, application, label).await)?.flatten(),
            _ => None,
        };
        Ok(Details {
            version,
            quota: quota(aws, region).await?,
            platform: platform(aws, environment).await?,
            causes: known(causes(aws, environment).await)?,
            instances: known(environment::on_instances(aws, environment).await)?.flatten(),
            last: known(environment::events(aws, &environment.id, None).await)?.and_then(|events| last(&events)),
        })
    })
}

async fn quota(aws: &Aws, region: &Region) -> Result<Option<Quota>, ApiError> {
    let used =
        region.applications.as_ref().map(|all| all.iter().map(|application| application.versions).sum::<usize>());
    let limit = version::limit(aws).await?.map(|limit| limit as usize);
    Ok(used.zip(limit).map(|(used, limit)| Quota { used, limit }))
}

async fn causes(aws: &Aws, environment: &Environment) -> Result<Vec<String>, ApiError> {
    let call = Call::eb("DescribeEnvironmentHealth").with("EnvironmentId", &environment.id);
    let request = aws.eb.describe_environment_health().environment_id(&environment.id);
    let answer = aws.read(call, request.attribute_names(EnvironmentHealthAttribute::Causes).send()).await?;
    Ok(answer.causes.unwrap_or_default())
}

async fn platform(aws: &Aws, environment: &Environment) -> Result<Option<PlatformState>, ApiError> {
    let Some((branch, version)) = environment.branch_and_version() else { return Ok(None) };
    let filter = |kind: &str, value: &str| PlatformFilter::builder().r#type(kind).operator("=").values(value).build();
    let call = Call::eb("ListPlatformVersions").with("PlatformBranchName", branch);
    let request = aws
        .eb
        .list_platform_versions()
        .filters(filter("PlatformBranchName", branch))
        .filters(filter("PlatformLifecycleState", "recommended"));
    let Some(answer) = known(aws.read(call, request.send()).await)? else { return Ok(None) };
    let found = answer.platform_summary_list.unwrap_or_default().into_iter();
    Ok(Some(PlatformState {
        branch: branch.to_owned(),
        version: version.to_owned(),
        recommended: found.filter_map(|summary| summary.platform_version).next(),
    }))
}

impl Environment {
    /// Of its platform.
    pub fn branch_and_version(&self) -> Option<(&str, &str)> {
        branch_and_version(self.platform.as_deref()?)
    }
}

/// `arn:aws:elasticbeanstalk:REGION::platform/BRANCH/VERSION`.
fn branch_and_version(arn: &str) -> Option<(&str, &str)> {
    arn.split_once("platform/")?.1.rsplit_once('/')
}

/// The events of the last request, or the last event.
fn last(events: &[EnvironmentEvent]) -> Option<LastOperation> {
    let end = events.last()?;
    let request = events.iter().rev().find_map(|event| event.request.as_ref());
    let of: Vec<&EnvironmentEvent> = match request {
        Some(_) => events.iter().filter(|event| event.request.as_ref() == request).collect(),
        None => vec![end],
    };
    let (first, latest) = (of.first()?, of.last()?);
    Some(LastOperation {
        began: first.time,
        ended: latest.time,
        label: of.iter().rev().find_map(|event| event.label.clone()),
        message: latest.message.clone(),
        errors: of.iter().filter(|event| event.is_error()).map(|event| event.message.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_branch_and_version() {
        let arn = "arn:aws:elasticbeanstalk:eu-west-1::platform/Python 3.13 running on 64bit Amazon Linux 2023/4.13.7";
        assert_eq!(branch_and_version(arn), Some(("Python 3.13 running on 64bit Amazon Linux 2023", "4.13.7")));
        assert_eq!(branch_and_version("x"), None);
    }
}
