//! The rule by which Elastic Beanstalk itself deletes versions: shown, set, and what it would come to.
//!
//! It runs after a version was created, under a role of its own, and knows only what environments have, not what they
//! ran well before. So what it would delete next is told before it is set.

use aws_sdk_elasticbeanstalk::types::{
    ApplicationResourceLifecycleConfig, ApplicationVersionLifecycleConfig, MaxAgeRule, MaxCountRule,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::api_error::ApiError;
use super::aws::Aws;
use super::bucket::BundleStore;
use super::call::Call;
use super::prune::{Inventory, KEEP_DEPLOYED, Reason, inventory};
use crate::beanstalk::name::Application;
use crate::environment;
use crate::fault::{Exit, Fault, Repeat};

/// The role that the service's console and the EB CLI make and take.
pub const SERVICE_ROLE: &str = "aws-elasticbeanstalk-service-role";
/// Number of versions that go at most after each new one.
const AT_ONCE: usize = 100;

/// Rule that an application's versions are subject to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lifecycle {
    /// Number of the newest that stay.
    pub keep: Option<u32>,
    /// Those that are younger stay.
    pub keep_days: Option<u32>,
    /// Do the bundles go too?
    pub delete_bundles: bool,
    /// In whose name the service deletes.
    pub service_role: Option<String>,
}

/// A version that goes after the next one is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Departure {
    pub label: String,
    pub created: Option<Timestamp>,
    /// Reasons for which `prune` would keep it.
    pub protection: Vec<Reason>,
}

/// A rule that was asked for, or the one that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    pub application: Application,
    pub now: Lifecycle,
    /// `None`: nothing was asked for.
    pub asked: Option<Lifecycle>,
    /// Oldest first.
    #[serde(rename = "leaving")]
    pub departing: Vec<Departure>,
}

/// Change to make.
#[derive(Debug, Clone)]
pub struct Change {
    /// `None`: no version is deleted any more.
    pub rule: Option<Rule>,
    /// A role's name or ARN. `None`: the one that is set, or the service's usual one.
    pub service_role: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub enum Rule {
    Keep { number: u32, delete_bundles: bool },
    KeepDays { days: u32, delete_bundles: bool },
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no application `{application}` in {region}")]
    NoApplication { application: Application, region: String },
    #[error("`{role}` is not a role that Elastic Beanstalk can take")]
    BadRole { role: String, account: Option<String> },
    #[error(transparent)]
    Refused(#[from] ApiError),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoApplication { .. } => Exit::Invalid,
            Self::BadRole { .. } => Exit::Usage,
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::Refused(error) => error.repeat(),
            Self::NoApplication { .. } | Self::BadRole { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoApplication { .. } => Some("look at `--region` and `--application`".to_owned()),
            Self::BadRole { account, .. } => Some(format!(
                "name a role of this account{}, such as `{SERVICE_ROLE}`, or its ARN",
                account.as_ref().map(|account| format!(", {account}")).unwrap_or_default()
            )),
            Self::Refused(error) => error.hint(),
        }
    }
}

/// The rule that is there, the one that was asked for, and what would go. Changes nothing.
pub fn forecast(
    aws: &Aws,
    application: &Application,
    bundle_store: &BundleStore,
    change: Option<&Change>,
) -> Result<Forecast, Error> {
    aws.block_on(async {
        let now = read(aws, application).await?;
        let asked = change.map(|change| now.changed(change, aws)).transpose()?;
        let (inventory, _) = inventory(aws, application, bundle_store, &[]).await?;
        let departing = asked.as_ref().unwrap_or(&now).departing(&inventory);
        Ok(Forecast { application: application.to_owned(), now, asked, departing })
    })
}

/// Set what was asked for. `false`: it is so already.
pub fn set(aws: &Aws, forecast: &Forecast) -> Result<bool, Error> {
    let Some(asked) = forecast.asked.as_ref().filter(|asked| **asked != forecast.now) else { return Ok(false) };
    aws.block_on(put(aws, &forecast.application, asked))?;
    Ok(true)
}

/// Set the rule that a description has, where the application has none yet. `false`: it has one.
pub(crate) async fn begin(
    aws: &Aws,
    application: &Application,
    described: &environment::Lifecycle,
) -> Result<bool, Error> {
    let now = match read(aws, application).await {
        // Made in this very dry run, and so not made.
        Err(Error::NoApplication { .. }) if aws.is_dry_run() => Lifecycle::default(),
        now => now?,
    };
    if now.keep.is_some() || now.keep_days.is_some() {
        return Ok(false);
    }
    let delete_bundles = described.delete_source;
    let rule = match (described.max_count, described.max_age_days) {
        (Some(number), _) => Rule::Keep { number, delete_bundles },
        (None, Some(days)) => Rule::KeepDays { days, delete_bundles },
        (None, None) => return Ok(false),
    };
    let change = Change { rule: Some(rule), service_role: described.service_role.clone() };
    put(aws, application, &now.changed(&change, aws)?).await?;
    Ok(true)
}

async fn put(aws: &Aws, application: &Application, asked: &Lifecycle) -> Result<(), Error> {
    let mut call = Call::eb("UpdateApplicationResourceLifecycle").with("ApplicationName", application);
    if let Some(number) = asked.keep {
        call = call.with("MaxCount", number).with("DeleteSourceFromS3", asked.delete_bundles);
    }
    if let Some(days) = asked.keep_days {
        call = call.with("MaxAgeInDays", days).with("DeleteSourceFromS3", asked.delete_bundles);
    }
    if let Some(role) = &asked.service_role {
        call = call.with("ServiceRole", role);
    }
    let request = aws.eb.update_application_resource_lifecycle().application_name(application);
    match aws.write(call, request.resource_lifecycle_config(asked.config()).send()).await {
        Ok(_) => Ok(()),
        // The answer may have been lost: ask what is true.
        Err(error) if !error.was_answered() => match read(aws, application).await {
            Ok(now) if now == *asked => Ok(()),
            _ => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

async fn read(aws: &Aws, application: &Application) -> Result<Lifecycle, Error> {
    let call = Call::eb("DescribeApplications").with("ApplicationNames", application);
    let answer = aws.read(call, aws.eb.describe_applications().application_names(application).send()).await?;
    let found = answer.applications.unwrap_or_default().into_iter();
    let found = found.into_iter().find(|found| found.application_name.as_deref() == Some(application));
    let missing = || Error::NoApplication { application: application.to_owned(), region: aws.region().to_owned() };
    Ok(found.ok_or_else(missing)?.resource_lifecycle_config.map(Lifecycle::parse).unwrap_or_default())
}

impl Lifecycle {
    fn parse(config: ApplicationResourceLifecycleConfig) -> Self {
        let number = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
        let rules = config.version_lifecycle_config;
        let count = rules.as_ref().and_then(|rules| rules.max_count_rule.as_ref()).filter(|rule| rule.enabled);
        let age = rules.as_ref().and_then(|rules| rules.max_age_rule.as_ref()).filter(|rule| rule.enabled);
        let deletes =
            [count.and_then(|rule| rule.delete_source_from_s3), age.and_then(|rule| rule.delete_source_from_s3)];
        Self {
            keep: number(count.and_then(|rule| rule.max_count)),
            keep_days: number(age.and_then(|rule| rule.max_age_in_days)),
            delete_bundles: deletes.contains(&Some(true)),
            service_role: config.service_role.filter(|role| !role.is_empty()),
        }
    }

    /// A rule cannot be taken away, only switched off; so both are always said.
    fn config(&self) -> ApplicationResourceLifecycleConfig {
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let count = MaxCountRule::builder()
            .enabled(self.keep.is_some())
            .set_max_count(self.keep.map(number))
            .set_delete_source_from_s3(self.keep.map(|_| self.delete_bundles));
        let age = MaxAgeRule::builder()
            .enabled(self.keep_days.is_some())
            .set_max_age_in_days(self.keep_days.map(number))
            .set_delete_source_from_s3(self.keep_days.map(|_| self.delete_bundles));
        let rules = ApplicationVersionLifecycleConfig::builder()
            .max_count_rule(count.build().expect("whether it is enabled was said"))
            .max_age_rule(age.build().expect("whether it is enabled was said"));
        ApplicationResourceLifecycleConfig::builder()
            .set_service_role(self.service_role.clone())
            .version_lifecycle_config(rules.build())
            .build()
    }

    fn changed(&self, change: &Change, aws: &Aws) -> Result<Self, Error> {
        let caller = aws.caller();
        let given = change.service_role.as_deref();
        let service_role = match (given, &self.service_role) {
            (Some(role), _) => Some(role_arn(role, caller.arn.as_deref(), caller.account.as_deref())?),
            (None, Some(role)) => Some(role.clone()),
            // Without a rule nobody deletes, and nothing need be named.
            (None, None) if change.rule.is_none() => None,
            (None, None) => Some(role_arn(SERVICE_ROLE, caller.arn.as_deref(), caller.account.as_deref())?),
        };
        let off = Self { service_role, ..Self::default() };
        Ok(match change.rule {
            None => off,
            Some(Rule::Keep { number, delete_bundles }) => Self { keep: Some(number), delete_bundles, ..off },
            Some(Rule::KeepDays { days, delete_bundles }) => Self { keep_days: Some(days), delete_bundles, ..off },
        })
    }

    /// Versions that go when the next one is registered, oldest first: the service spares what environments have, or had
    /// until lately.
    pub(crate) fn departing(&self, inventory: &Inventory) -> Vec<Departure> {
        let own = inventory.versions.iter().filter(|version| version.application == inventory.application);
        let mut versions: Vec<_> = own.collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.created.unwrap_or(Timestamp::MAX)));
        let too_old = |created: Option<Timestamp>| {
            let age = created.map(|created| inventory.now.duration_since(created));
            self.keep_days
                .is_some_and(|days| age.is_some_and(|age| age >= SignedDuration::from_hours(24 * i64::from(days))))
        };
        let surplus = versions.into_iter().enumerate().filter(|(place, version)| {
            self.keep.is_some_and(|keep| *place >= keep as usize) || too_old(version.created)
        });
        let spared =
            |label: &str| inventory.environments.iter().any(|environment| environment.label.as_deref() == Some(label));
        let mut departing: Vec<Departure> = surplus
            .filter(|(_, version)| !spared(&version.label))
            .map(|(_, version)| Departure {
                label: version.label.clone(),
                created: version.created,
                protection: inventory.protection(version, KEEP_DEPLOYED),
            })
            .collect();
        departing.reverse();
        departing.truncate(AT_ONCE);
        departing
    }
}

/// A role by its ARN, of the caller's account: Elastic Beanstalk takes no other.
fn role_arn(role: &str, caller: Option<&str>, account: Option<&str>) -> Result<String, Error> {
    let bad = || Error::BadRole { role: role.to_owned(), account: account.map(str::to_owned) };
    let plain = |name: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | ',' | '.' | '@' | '_' | '-' | '/');
        !name.is_empty() && name.chars().all(good)
    };
    if let Some(rest) = role.strip_prefix("arn:") {
        let parts: Vec<&str> = rest.split(':').collect();
        let [_, "iam", "", of, name] = parts[..] else { return Err(bad()) };
        let theirs = account.is_some_and(|account| account != of);
        let named = name.strip_prefix("role/").is_some_and(plain);
        return if named && !theirs { Ok(role.to_owned()) } else { Err(bad()) };
    }
    let partition = caller.and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
    match account {
        Some(account) if plain(role) => Ok(format!("arn:{partition}:iam::{account}:role/{role}")),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_one_of_this_account() {
        let caller = Some("arn:aws-cn:iam::123456789012:user/ann");
        let arn = |role: &str| role_arn(role, caller, Some("123456789012")).ok();
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(arn("deleter"), said("arn:aws-cn:iam::123456789012:role/deleter"));
        let full = "arn:aws:iam::123456789012:role/service-role/deleter";
        assert_eq!(arn(full), said(full));
        assert_eq!(arn("arn:aws:iam::999999999999:role/deleter"), None);
        assert_eq!(arn("arn:aws:iam::123456789012:user/ann"), None);
        assert_eq!(arn("two words"), None);
        assert_eq!(arn(""), None);
        assert!(role_arn("deleter", None, None).is_err());
    }

    #[test]
    fn what_is_set_is_what_is_read() {
        let role = Some("arn:aws:iam::1:role/x".to_owned());
        for lifecycle in [
            Lifecycle { keep: Some(20), delete_bundles: true, service_role: role.clone(), ..Lifecycle::default() },
            Lifecycle { keep_days: Some(90), service_role: role, ..Lifecycle::default() },
            Lifecycle::default(),
        ] {
            assert_eq!(Lifecycle::parse(lifecycle.config()), lifecycle);
        }
    }
}
