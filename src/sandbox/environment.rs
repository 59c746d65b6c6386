//! Environments, and the operations they go through, which begin with a call and end later, well or badly.
//!
//! Pure: `begin` and `finish` take the time as a value, and say what happened as events.

mod operation;
mod settings;
mod status;
mod tier;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{Event, Severity, Subject, Tags};
use super::reply::Refusal;
use crate::beanstalk::durations;

pub(super) use self::operation::{Before, Kind, Operation, Outcome};
pub(super) use self::settings::{Setting, Settings};
pub(super) use self::status::{Health, Status};
pub(super) use self::tier::Tier;

/// Hours for which a terminated environment is listed without being asked for.
const LISTED_HOURS: i64 = 1;
/// Hours for which it can be brought back.
const RESTORABLE_HOURS: i64 = 42 * 24;
/// Hours for which it protects its version from the lifecycle policy, and is remembered at all.
const REMEMBERED_HOURS: i64 = 10 * 7 * 24;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Environment {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) application: String,
    pub(super) group: Option<String>,
    pub(super) description: Option<String>,
    /// The version that it runs, or is moving to; none is the platform's sample.
    pub(super) version: Option<String>,
    /// The name of its solution stack.
    pub(super) platform: String,
    pub(super) template: Option<String>,
    pub(super) tier: Tier,
    /// The name under which the world finds it; none for workers.
    pub(super) cname: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) terminated: Option<Timestamp>,
    pub(super) status: Status,
    pub(super) health: Health,
    pub(super) settings: Settings,
    /// Options that the files of its version set.
    #[serde(default)]
    pub(super) files: Settings,
    pub(super) operation: Option<Operation>,
    pub(super) tags: Tags,
    pub(super) operations_role: Option<String>,
    /// The one instance that it has, another after every rebuild.
    pub(super) instance: String,
    /// Number of its deployments.
    pub(super) deployments: u64,
    /// When its present version came.
    pub(super) deployed: Timestamp,
    /// Logs that were asked for.
    pub(super) logs: Vec<Logs>,
    /// An instance on this machine carries out what happens to it.
    #[serde(default)]
    pub(super) real: bool,
    /// Where the site of its instance is, for as long as that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) site: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Logs {
    pub(super) kind: String,
    pub(super) time: Timestamp,
    /// The unguessable part of the address where they are.
    pub(super) token: String,
    /// The logs by their paths on the instance.
    pub(super) files: Vec<(String, String)>,
}

impl Environment {
    /// An environment in which nothing has happened yet.
    pub(super) fn new(id: String, name: String, platform: String, tier: Tier, now: Timestamp) -> Self {
        Self {
            id,
            name,
            application: String::new(),
            group: None,
            description: None,
            version: None,
            platform,
            template: None,
            tier,
            cname: None,
            created: now,
            updated: now,
            terminated: None,
            status: Status::Launching,
            health: Health::Grey,
            settings: Settings::default(),
            files: Settings::default(),
            operation: None,
            tags: Tags::new(),
            operations_role: None,
            instance: String::new(),
            deployments: 0,
            deployed: now,
            logs: Vec::new(),
            real: false,
            site: None,
        }
    }

    /// An option as somebody set it: through the API, else in the files of its version.
    pub(super) fn option(&self, namespace: &str, name: &str) -> Option<&str> {
        self.settings.get(namespace, name).or_else(|| self.files.get(namespace, name))
    }

    /// Has it one instance and no balancer?
    pub(super) fn is_single(&self) -> bool {
        self.option("aws:elasticbeanstalk:environment", "EnvironmentType") == Some("SingleInstance")
    }

    /// Does its health have causes and a word of its own?
    pub(super) fn is_enhanced(&self) -> bool {
        self.option("aws:elasticbeanstalk:healthreporting:system", "SystemType") == Some("enhanced")
    }

    /// Seconds that AWS takes to launch an environment of this kind: medians of public event streams, 2018 to 2025.
    pub(super) fn launch_seconds(&self) -> i64 {
        let balancer = self.option("aws:elasticbeanstalk:environment", "LoadBalancerType").unwrap_or("classic");
        match (self.tier, balancer) {
            (Tier::Worker, _) => durations::SINGLE.seconds,
            (Tier::WebServer, _) if self.is_single() => durations::SINGLE.seconds,
            (Tier::WebServer, "classic") => durations::CLASSIC.seconds,
            (Tier::WebServer, _) => durations::BALANCED.seconds,
        }
    }

    pub(super) fn subject(&self) -> Subject {
        Subject {
            application: Some(self.application.clone()),
            version: self.version.clone(),
            environment: Some(self.name.clone()),
            environment_id: Some(self.id.clone()),
            ..Subject::default()
        }
    }

    pub(super) fn event(
        &self,
        time: Timestamp,
        request: &str,
        severity: Severity,
        message: impl Into<String>,
    ) -> Event {
        Event { time, severity, message: message.into(), request: request.to_owned(), subject: self.subject() }
    }

    /// State to go back to if an operation that begins now fails.
    pub(super) fn before(&self) -> Before {
        Before {
            version: self.version.clone(),
            platform: self.platform.clone(),
            template: self.template.clone(),
            settings: self.settings.clone(),
            files: self.files.clone(),
            health: self.health,
        }
    }

    /// Begin an operation; `before` is from before the call changed anything.
    pub(super) fn begin(&mut self, begun: Operation, now: Timestamp, events: &mut Vec<Event>) {
        let Operation { kind, outcome, .. } = begun;
        let mut say = |environment: &Self, message: String| {
            events.push(environment.event(now, &begun.request, Severity::Info, message));
        };
        say(self, kind.starting().to_owned());
        match kind {
            Kind::Launch | Kind::Rebuild => {
                self.instance = format!("i-0{:016x}", fastrand::u64(..));
                self.deployments += 1;
                self.deployed = now;
                say(
                    self,
                    format!("Waiting for EC2 instances to launch ({}). This may take a few minutes.", self.instance),
                );
            }
            Kind::Deploy => {
                self.deployments += 1;
                self.deployed = now;
                say(self, "Deploying new version to instance(s).".to_owned());
            }
            Kind::Configure => say(self, format!("Updating environment {}'s configuration settings.", self.name)),
            Kind::Restart | Kind::Swap | Kind::Tag | Kind::Abort | Kind::Terminate => {}
        }
        self.status = kind.status();
        if !matches!(kind, Kind::Swap | Kind::Tag) {
            self.health = Health::Grey;
        }
        self.updated = now;
        let due = begun.due.filter(|_| match outcome {
            Outcome::Hangs => false,
            // The instance says when it has ended.
            Outcome::Succeeds => !(self.real && kind.needs_instance()),
            _ => true,
        });
        self.operation = Some(Operation { due, ..begun });
    }

    /// The operation that waits for an instance to carry it out.
    pub(super) fn waits(&self) -> Option<&Operation> {
        let operation = self.operation.as_ref().filter(|_| self.real)?;
        let waits =
            operation.due.is_none() && operation.outcome == Outcome::Succeeds && operation.kind.needs_instance();
        waits.then_some(operation)
    }

    /// Is it terminated, or about to be?
    pub(super) fn ends(&self) -> bool {
        matches!(self.status, Status::Terminating | Status::Terminated)
    }

    /// May its operation be cancelled?
    pub(super) fn abortable(&self) -> bool {
        let kind = self.operation.as_ref().map(|operation| operation.kind);
        matches!(kind, Some(Kind::Deploy | Kind::Configure)) && self.status == Status::Updating
    }

    /// End the operation that is due.
    pub(super) fn settle(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let due = self.operation.as_ref().and_then(|operation| operation.due);
        if let Some(due) = due.filter(|due| *due <= now)
            && let Some(operation) = self.operation.take()
        {
            self.finish(operation, due, events);
        }
    }

    /// Let what does not end by itself end now, as it was ordered or as is said. Its name, if there was anything.
    pub(super) fn step(&mut self, outcome: Option<Outcome>, now: Timestamp) -> Option<String> {
        if self.waits().is_some() {
            return None;
        }
        let operation = self.operation.as_mut().filter(|operation| operation.due.is_none())?;
        operation.due = Some(now);
        operation.outcome = outcome.unwrap_or(operation.outcome);
        Some(self.name.clone())
    }

    fn finish(&mut self, operation: Operation, now: Timestamp, events: &mut Vec<Event>) {
        let Operation { kind, request, outcome, before, done, .. } = operation;
        let target = self.version.clone();
        self.updated = now;
        self.status = Status::Ready;
        let messages = match (kind, outcome) {
            (Kind::Terminate, _) => {
                self.status = Status::Terminated;
                self.health = Health::Grey;
                self.terminated = Some(now);
                kind.done(&self.name, self.cname.as_deref())
            }
            (Kind::Swap | Kind::Tag, _) => vec![(Severity::Info, done.unwrap_or_default())],
            (Kind::Abort, _) => {
                self.go_back(before);
                kind.done(&self.name, self.cname.as_deref())
            }
            (_, Outcome::Fails | Outcome::RollsBack | Outcome::Refused) => {
                let messages = kind.failed(outcome, &self.instance);
                let launches = matches!(kind, Kind::Launch | Kind::Rebuild);
                if !launches {
                    self.go_back(before);
                }
                // A refusal touched nothing of what runs, and what was taken back is as it was.
                let untouched = outcome == Outcome::RollsBack || outcome == Outcome::Refused && !launches;
                if !untouched {
                    self.health = Health::Red;
                }
                messages
            }
            (_, Outcome::Succeeds | Outcome::TurnsRed | Outcome::Hangs) => {
                let red = outcome == Outcome::TurnsRed;
                self.health = if red { Health::Red } else { Health::Green };
                let mut messages = kind.done(&self.name, self.cname.as_deref());
                if red {
                    messages.insert(0, operation::turned_red());
                }
                messages
            }
        };
        // The events of a deployment name the version that it was about, also when it is gone again.
        let subject = Subject { version: target, ..self.subject() };
        for (severity, message) in messages {
            events.push(Event { time: now, severity, message, request: request.clone(), subject: subject.clone() });
        }
    }

    fn go_back(&mut self, before: Before) {
        let Before { version, platform, template, settings, files, health } = before;
        self.files = files;
        (self.version, self.platform, self.template, self.settings) = (version, platform, template, settings);
        self.health = health;
    }

    /// Does it run this version, or did it until the operation that is under way?
    pub(super) fn runs(&self, label: &str) -> bool {
        let before = self.operation.as_ref().and_then(|operation| operation.before.version.as_deref());
        self.version.as_deref() == Some(label) || before == Some(label)
    }

    /// Is it listed without being asked for?
    pub(super) fn is_listed(&self, now: Timestamp) -> bool {
        !self.gone_for(now, LISTED_HOURS)
    }

    /// Can it be brought back?
    pub(super) fn is_restorable(&self, now: Timestamp) -> bool {
        !self.gone_for(now, RESTORABLE_HOURS)
    }

    /// Does it still protect its version from the lifecycle policy? Later it is forgotten.
    pub(super) fn is_remembered(&self, now: Timestamp) -> bool {
        !self.gone_for(now, REMEMBERED_HOURS)
    }

    /// Refuse an operation while another is under way.
    pub(super) fn ready(&self) -> Result<(), Refusal> {
        if self.status == Status::Ready {
            return Ok(());
        }
        let name = &self.name;
        Err(Refusal::value(format!(
            "Environment named {name} is in an invalid state for this operation. Must be Ready."
        )))
    }

    /// Was it terminated, and longer ago than this?
    fn gone_for(&self, now: Timestamp, hours: i64) -> bool {
        self.terminated.is_some_and(|then| now.duration_since(then) >= SignedDuration::from_hours(hours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        let (id, name, platform) = ("e-1".to_owned(), "shop-prod".to_owned(), "stack".to_owned());
        Environment {
            application: "shop".to_owned(),
            version: Some("v1".to_owned()),
            cname: Some("shop.example".to_owned()),
            status: Status::Ready,
            health: Health::Green,
            instance: "i-1".to_owned(),
            deployments: 1,
            ..Environment::new(id, name, platform, Tier::WebServer, Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn a_deployment_ends_as_it_was_ordered() {
        #[track_caller]
        fn case(outcome: Outcome, version: &str, status: Status, health: Health, errors: usize) {
            let mut environment = environment();
            let mut events = Vec::new();
            let (start, end) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(45));
            let before = environment.before();
            environment.version = Some("v2".to_owned());
            let request = "r".to_owned();
            environment.begin(
                Operation { kind: Kind::Deploy, request, due: Some(end), outcome, before, done: None },
                start,
                &mut events,
            );
            assert_eq!((environment.status, environment.health), (Status::Updating, Health::Grey));
            assert!(environment.abortable());
            environment.settle(start, &mut events);
            assert_eq!(environment.status, Status::Updating, "it is not time yet");
            environment.settle(end, &mut events);
            assert_eq!(environment.version.as_deref(), Some(version));
            assert_eq!((environment.status, environment.health), (status, health));
            assert_eq!(events.iter().filter(|event| event.severity == Severity::Error).count(), errors);
            assert!(events.iter().all(|event| event.subject.version.as_deref() == Some("v2")));
        }
        case(Outcome::Succeeds, "v2", Status::Ready, Health::Green, 0);
        case(Outcome::Fails, "v1", Status::Ready, Health::Red, 3);
        case(Outcome::RollsBack, "v1", Status::Ready, Health::Green, 3);
        case(Outcome::TurnsRed, "v2", Status::Ready, Health::Red, 0);
        case(Outcome::Refused, "v1", Status::Ready, Health::Green, 1);
        case(Outcome::Hangs, "v2", Status::Updating, Health::Grey, 0);
    }
}
