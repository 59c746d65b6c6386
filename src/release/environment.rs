//! Environments and what happens in them, as Elastic Beanstalk tells.

#[cfg(test)]
mod fixture;

use std::fmt;

use aws_sdk_elasticbeanstalk::types::{EnvironmentDescription, EventSeverity};
use jiff::Timestamp;
use serde::Serialize;

use super::api_error::{ApiError, ErrorKind};
use super::aws::Aws;
use super::call::Call;
use super::version::timestamp;
use crate::beanstalk::name::{Application, EnvironmentName};

/// An environment at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    pub application: String,
    pub name: String,
    pub id: String,
    /// The version that it has, or is getting.
    pub label: Option<String>,
    pub status: Phase,
    pub health: Health,
    /// Can what it is doing be aborted?
    pub abortable: bool,
    pub created: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub url: Option<String>,
    /// The name under which the world finds it, in small letters; a worker has none.
    pub cname: Option<String>,
    /// Where its balancer or its one instance is.
    #[serde(skip)]
    pub endpoint: Option<String>,
    /// The ARN of its platform's version.
    pub platform: Option<String>,
    pub arn: Option<String>,
    pub worker: bool,
}

/// Phase of an environment's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Ready,
    /// Launching, updating, linking: on its way to `Ready`.
    Busy,
    Aborting,
    /// Terminating, or gone.
    Ending,
}

/// Health of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Good,
    /// Not known yet.
    Open,
    Bad,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Open => "not known",
            Self::Bad => "bad",
        })
    }
}

impl Phase {
    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "ready" => Self::Ready,
            "aborting" => Self::Aborting,
            "terminating" | "terminated" => Self::Ending,
            _ => Self::Busy,
        }
    }
}

impl Health {
    /// The colour decides; enhanced health, where there is any, can only make it worse.
    fn parse(color: &str, status: &str) -> Self {
        let color = match color.to_ascii_lowercase().as_str() {
            "green" => Self::Good,
            "yellow" | "red" => Self::Bad,
            _ => Self::Open,
        };
        match (color, status.to_ascii_lowercase().as_str()) {
            (_, "warning" | "degraded" | "severe") => Self::Bad,
            (Self::Good, "pending" | "unknown") => Self::Open,
            (color, _) => color,
        }
    }
}

impl Environment {
    fn new(environment: EnvironmentDescription) -> Self {
        let status = environment.status.as_ref().map_or("", |status| status.as_str());
        let color = environment.health.as_ref().map_or("", |health| health.as_str());
        let health = environment.health_status.as_ref().map_or("", |health| health.as_str());
        Self {
            status: Phase::parse(status),
            health: Health::parse(color, health),
            application: environment.application_name.unwrap_or_default(),
            name: environment.environment_name.unwrap_or_default(),
            id: environment.environment_id.unwrap_or_default(),
            label: environment.version_label,
            abortable: environment.abortable_operation_in_progress.unwrap_or(false),
            created: environment.date_created.and_then(|date| timestamp(&date)),
            updated: environment.date_updated.and_then(|date| timestamp(&date)),
            url: environment.cname.as_ref().map(|name| format!("http://{name}")),
            cname: environment.cname.map(|name| name.to_lowercase()),
            endpoint: environment.endpoint_url,
            platform: environment.platform_arn,
            arn: environment.environment_arn,
            worker: environment.tier.and_then(|tier| tier.name).is_some_and(|name| name == "Worker"),
        }
    }
}

/// All environments of the region that live, whatever application they belong to.
pub(crate) async fn everywhere(aws: &Aws) -> Result<Vec<Environment>, ApiError> {
    Ok(in_sight(aws).await?.0)
}

/// Those that live, and those that are ending: until they have ended, their names are taken.
pub(crate) async fn in_sight(aws: &Aws) -> Result<(Vec<Environment>, Vec<Environment>), ApiError> {
    let mut environments = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = Call::eb("DescribeEnvironments").with("IncludeDeleted", false);
        let request = aws.eb.describe_environments().include_deleted(false);
        let page = aws.read(call, request.set_next_token(token.clone()).send()).await?;
        environments.extend(page.environments.unwrap_or_default().into_iter().map(Environment::new));
        if page.next_token.is_none() || page.next_token == token {
            break;
        }
        token = page.next_token;
    }
    Ok(environments.into_iter().partition(|environment| environment.status != Phase::Ending))
}

/// Environments to ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    Named(&'a str),
    /// All that live.
    Live,
    /// Live ones, and those terminated since.
    Since(Timestamp),
}

/// The application's environments.
pub(crate) async fn all(aws: &Aws, application: &Application, which: Which<'_>) -> Result<Vec<Environment>, ApiError> {
    let mut environments = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut call = Call::eb("DescribeEnvironments").with("ApplicationName", application);
        // The default of `IncludeDeleted` is not documented, and terminated ones stay in sight for an hour.
        let gone = matches!(which, Which::Since(_));
        let mut request = aws.eb.describe_environments().application_name(application).include_deleted(gone);
        match which {
            Which::Named(name) => {
                call = call.with("EnvironmentNames", name);
                request = request.environment_names(name);
            }
            Which::Live => {}
            Which::Since(time) => {
                call = call.with("IncludedDeletedBackTo", time);
                let time = aws_sdk_elasticbeanstalk::primitives::DateTime::from_secs(time.as_second());
                request = request.included_deleted_back_to(time);
            }
        }
        let page = aws.read(call, request.max_records(1000).set_next_token(token.clone()).send()).await?;
        environments.extend(page.environments.unwrap_or_default().into_iter().map(Environment::new));
        if page.next_token.is_none() || page.next_token == token {
            break;
        }
        token = page.next_token;
    }
    if !matches!(which, Which::Since(_)) {
        environments.retain(|environment| environment.status != Phase::Ending);
    }
    Ok(environments)
}

/// The live environment of that name.
pub(crate) async fn find(
    aws: &Aws,
    application: &Application,
    name: &EnvironmentName,
) -> Result<Option<Environment>, ApiError> {
    let found = all(aws, application, Which::Named(name)).await?;
    Ok(found.into_iter().find(|environment| environment.name == *name))
}

/// Weight of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Severity {
    /// A word that is new is not lost: it counts as a warning.
    fn parse(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "ERROR" => Self::Error,
            "FATAL" => Self::Fatal,
            _ => Self::Warn,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        })
    }
}

/// Event that Elastic Beanstalk reports of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentEvent {
    pub time: Timestamp,
    pub severity: Severity,
    pub message: String,
    pub label: Option<String>,
    #[serde(skip)]
    pub(crate) request: Option<String>,
}

impl EnvironmentEvent {
    pub fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error | Severity::Fatal)
    }
}

/// The environment's events after `mark`, oldest first.
pub(crate) async fn events(
    aws: &Aws,
    environment: &str,
    mark: Option<Timestamp>,
) -> Result<Vec<EnvironmentEvent>, ApiError> {
    let mut events = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = Call::eb("DescribeEvents").with("EnvironmentId", environment);
        let mut request = aws.eb.describe_events().environment_id(environment).severity(EventSeverity::Info);
        if let Some(mark) = mark {
            request = request.start_time(aws_sdk_elasticbeanstalk::primitives::DateTime::from_secs(mark.as_second()));
        }
        let page = aws.read(call, request.max_records(1000).set_next_token(token.clone()).send()).await?;
        events.extend(page.events.unwrap_or_default().into_iter().filter_map(|event| {
            Some(EnvironmentEvent {
                time: timestamp(&event.event_date?)?,
                severity: event.severity.map_or(Severity::Info, |severity| Severity::parse(severity.as_str())),
                message: event.message.unwrap_or_default(),
                label: event.version_label,
                request: event.request_id,
            })
        }));
        if page.next_token.is_none() || page.next_token == token {
            break;
        }
        token = page.next_token;
    }
    events.retain(|event| mark.is_none_or(|mark| event.time > mark));
    events.sort_by_key(|event| event.time);
    Ok(events)
}

/// Time of the last event, by the clock that stamps events.
pub(crate) async fn newest_event(aws: &Aws, environment: &str) -> Result<Option<Timestamp>, ApiError> {
    let call = Call::eb("DescribeEvents").with("EnvironmentId", environment).with("MaxRecords", 1);
    let request = aws.eb.describe_events().environment_id(environment).max_records(1);
    let answer = aws.read(call, request.send()).await?;
    let event = answer.events.unwrap_or_default().into_iter().next();
    Ok(event.and_then(|event| timestamp(&event.event_date?)))
}

/// Last operation on an environment, as its events tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LastOperation {
    /// A moment before it began.
    pub(crate) mark: Option<Timestamp>,
    /// Version that it was about.
    pub(crate) label: Option<String>,
}

/// The last operation: events of one operation carry the same request.
pub(crate) async fn last_operation(aws: &Aws, environment: &str) -> Result<LastOperation, ApiError> {
    let events = events(aws, environment, None).await?;
    let Some(last) = events.iter().rev().find_map(|event| event.request.as_ref()) else {
        return Ok(LastOperation { mark: events.last().map(|event| event.time), label: None });
    };
    let of_it: Vec<&EnvironmentEvent> = events.iter().filter(|event| event.request.as_ref() == Some(last)).collect();
    let began = of_it.first().map(|event| event.time);
    Ok(LastOperation {
        mark: began.and_then(|began| began.checked_sub(jiff::SignedDuration::from_millis(1)).ok()),
        label: of_it.iter().rev().find_map(|event| event.label.clone()),
    })
}

/// An instance, as its environment's health tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceState {
    /// The version that it runs.
    pub label: Option<String>,
    pub health: Health,
}

/// The environment's instances. `None` where only basic health is reported.
pub(crate) async fn instances(aws: &Aws, environment: &Environment) -> Result<Option<Vec<InstanceState>>, ApiError> {
    use aws_sdk_elasticbeanstalk::types::InstancesHealthAttribute::{Color, Deployment, HealthStatus};
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = Call::eb("DescribeInstancesHealth").with("EnvironmentId", &environment.id);
        let request = aws.eb.describe_instances_health().environment_id(&environment.id);
        let request =
            [Deployment, Color, HealthStatus].into_iter().fold(request, |request, name| request.attribute_names(name));
        let page = match aws.read(call, request.set_next_token(token.clone()).send()).await {
            Ok(page) => page,
            Err(error) if error.kind() == ErrorKind::Refused => return Ok(None),
            Err(error) => return Err(error),
        };
        found.extend(page.instance_health_list.unwrap_or_default().into_iter().map(|instance| InstanceState {
            health: Health::parse(
                instance.color.as_deref().unwrap_or_default(),
                instance.health_status.as_deref().unwrap_or_default(),
            ),
            label: instance.deployment.and_then(|deployment| deployment.version_label),
        }));
        if page.next_token.is_none() || page.next_token == token {
            return Ok(Some(found));
        }
        token = page.next_token;
    }
}

/// The versions that the environment's instances run. `None` where only basic health is reported.
pub(crate) async fn on_instances(aws: &Aws, environment: &Environment) -> Result<Option<Vec<String>>, ApiError> {
    let instances = instances(aws, environment).await?;
    Ok(instances.map(|instances| instances.into_iter().filter_map(|instance| instance.label).collect()))
}

/// Its instances, whatever they are at.
pub(crate) async fn instance_ids(aws: &Aws, environment: &Environment) -> Result<Vec<String>, ApiError> {
    let call = Call::eb("DescribeEnvironmentResources").with("EnvironmentId", &environment.id);
    let answer = aws.read(call, aws.eb.describe_environment_resources().environment_id(&environment.id).send()).await?;
    let instances = answer.environment_resources.and_then(|resources| resources.instances).unwrap_or_default();
    Ok(instances.into_iter().filter_map(|instance| instance.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_health_can_only_make_it_worse() {
        #[track_caller]
        fn case(color: &str, status: &str, health: Health) {
            assert_eq!(Health::parse(color, status), health);
        }
        case("Green", "", Health::Good);
        case("Green", "Ok", Health::Good);
        case("Green", "Info", Health::Good);
        case("GREEN", "Severe", Health::Bad);
        case("Green", "Pending", Health::Open);
        case("Yellow", "", Health::Bad);
        case("Yellow", "Warning", Health::Bad);
        case("Red", "Degraded", Health::Bad);
        case("Grey", "Ok", Health::Open);
        case("", "", Health::Open);
    }
}
