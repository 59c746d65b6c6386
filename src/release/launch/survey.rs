//! What AWS says before anything is launched. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticbeanstalk::types::PlatformFilter;

use crate::environment::Description;
use crate::known::Known;
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::call::Call;
use crate::release::environment::{self, Environment};
use crate::release::iam::Kind;
use crate::release::version;

/// Everything of an account and region that decides about a launch.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// `None` where nobody could say.
    pub account: Option<String>,
    /// The account that descriptions are held against, where there is one.
    pub held_against: Option<String>,
    pub region: String,
    /// Applications, and how many versions each has.
    pub applications: BTreeMap<String, usize>,
    /// All environments that live, of any application.
    pub living: Vec<Environment>,
    /// Those that are being terminated.
    pub ending: Vec<Environment>,
    pub quotas: Quotas,
    /// Recommended versions, and those that were asked for by number, by branch.
    pub platforms: BTreeMap<String, Vec<PlatformVersion>>,
    /// Names of branches, asked for only if one was not found.
    pub branches: Vec<String>,
    /// Is the name in DNS free? By its first part.
    pub free: BTreeMap<String, bool>,
    /// Instance profiles and roles that were looked for.
    pub(crate) roles: BTreeMap<Sought, Known<()>>,
}

/// What IAM is asked for: an instance profile or a role, as it is named.
pub(crate) type Sought = (Kind, String);

/// How many there may be in the region. `None`: AWS does not tell us.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quotas {
    pub applications: Option<usize>,
    pub versions: Option<usize>,
    pub environments: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformVersion {
    pub arn: String,
    pub version: String,
    pub recommended: bool,
}

impl Survey {
    /// The environment of that name, if it lives: names are unique in a region.
    pub fn living(&self, name: &str) -> Option<&Environment> {
        self.living.iter().find(|living| living.name == name)
    }
}

/// Look at everything that these descriptions touch.
pub fn survey(aws: &Aws, descriptions: &[&Description]) -> Result<Survey, ApiError> {
    aws.block_on(async {
        let (living, ending) = environment::in_sight(aws).await?;
        let mut survey = Survey {
            account: aws.caller().account.clone(),
            held_against: aws.account().map(str::to_owned),
            region: aws.region().to_owned(),
            applications: version::applications(aws).await?,
            living,
            ending,
            quotas: quotas(aws).await?,
            ..Survey::default()
        };
        let branches: BTreeSet<&str> =
            descriptions.iter().filter_map(|description| description.platform.as_deref()).collect();
        for branch in branches {
            let mut found = platforms(aws, branch, None).await?;
            let numbers: BTreeSet<&str> = descriptions
                .iter()
                .filter(|description| description.platform.as_deref() == Some(branch))
                .filter_map(|description| description.platform_version.as_deref())
                .filter(|number| !found.iter().any(|platform| platform.version == **number))
                .collect();
            for number in numbers {
                found.extend(platforms(aws, branch, Some(number)).await?);
            }
            survey.platforms.insert(branch.to_owned(), found);
        }
        if survey.platforms.values().any(Vec::is_empty) {
            survey.branches = self::branches(aws).await?;
        }
        let names: BTreeSet<&str> =
            descriptions.iter().filter_map(|description| description.cname.as_deref()).collect();
        for name in names {
            survey.free.insert(name.to_owned(), is_free(aws, name).await?);
        }
        Ok(survey)
    })
}

async fn quotas(aws: &Aws) -> Result<Quotas, ApiError> {
    let number = |quota: Option<aws_sdk_elasticbeanstalk::types::ResourceQuota>| {
        quota.and_then(|quota| quota.maximum).and_then(|maximum| usize::try_from(maximum).ok())
    };
    let Some(quotas) = version::quotas(aws).await? else { return Ok(Quotas::default()) };
    Ok(Quotas {
        applications: number(quotas.application_quota),
        versions: number(quotas.application_version_quota),
        environments: number(quotas.environment_quota),
    })
}

/// The recommended versions of a branch, or the one of that number.
async fn platforms(aws: &Aws, branch: &str, number: Option<&str>) -> Result<Vec<PlatformVersion>, ApiError> {
    let filter = |kind: &str, value: &str| PlatformFilter::builder().r#type(kind).operator("=").values(value).build();
    let (kind, value) = match number {
        None => ("PlatformLifecycleState", "recommended"),
        Some(number) => ("PlatformVersion", number),
    };
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = Call::eb("ListPlatformVersions").with("PlatformBranchName", branch).with(kind, value);
        let request = aws
            .eb
            .list_platform_versions()
            .filters(filter("PlatformBranchName", branch))
            .filters(filter(kind, value))
            .set_next_token(token.clone());
        let page = aws.read(call, request.send()).await?;
        found.extend(page.platform_summary_list.unwrap_or_default().into_iter().filter_map(|summary| {
            Some(PlatformVersion {
                arn: summary.platform_arn?,
                version: summary.platform_version.unwrap_or_default(),
                recommended: number.is_none(),
            })
        }));
        if page.next_token.is_none() || page.next_token == token {
            return Ok(found);
        }
        token = page.next_token;
    }
}

async fn branches(aws: &Aws) -> Result<Vec<String>, ApiError> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = Call::eb("ListPlatformBranches");
        let page = aws.read(call, aws.eb.list_platform_branches().set_next_token(token.clone()).send()).await?;
        let names = page.platform_branch_summary_list.unwrap_or_default();
        found.extend(names.into_iter().filter_map(|branch| branch.branch_name));
        if page.next_token.is_none() || page.next_token == token {
            return Ok(found);
        }
        token = page.next_token;
    }
}

/// A hint, not a reservation: names are shared by all customers of a region.
pub(super) async fn is_free(aws: &Aws, name: &str) -> Result<bool, ApiError> {
    let call = Call::eb("CheckDNSAvailability").with("CNAMEPrefix", name);
    let answer = aws.read(call, aws.eb.check_dns_availability().cname_prefix(name).send()).await?;
    Ok(answer.available.unwrap_or(false))
}
