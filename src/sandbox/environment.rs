//! What an environment goes through: operations that begin with a call and end later, well or badly.
//!
//! Pure: `begin` and `finish` take the time as a value, and say what happened as events.

mod operation;
mod settings;
mod status;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{Event, Severity, Subject, Tags};
use super::reply::Refusal;

pub(super) use self::operation::{Before, Kind, Operation, Outcome};
pub(super) use self::settings::{Setting, Settings};
pub(super) use self::status::{Health, Status};

/// How long a terminated environment is listed without being asked for.
const LISTED_HOURS: i64 = 1;
/// How long it can be brought back.
const RESTORABLE_HOURS: i64 = 42 * 24;
/// How long it protects its version from the lifecycle policy, and is remembered at all.
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
    pub(super) operation: Option<Operation>,
    pub(super) tags: Tags,
    pub(super) operations_role: Option<String>,
    /// The one instance that it has, another after every rebuild.
    pub(super) instance: String,
    /// How many deployments it has seen.
    pub(super) deployments: u64,
    /// When its present version came.
    pub(super) deployed: Timestamp,
    /// Logs that were asked for.
    pub(super) logs: Vec<Logs>,
    /// An instance on this machine carries out what happens to it.
    #[serde(default)]
    pub(super) real: bool,
}

/// Which of the two common kinds it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Tier {
    WebServer,
    Worker,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Logs {
    pub(super) kind: String,
    pub(super) time: Timestamp,
    /// The unguessable part of the address where they are.
    pub(super) token: String,
    pub(super) text: String,
}

impl Environment {
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

    /// What to go back to if an operation that begins now fails.
    pub(super) fn before(&self) -> Before {
        Before {
            version: self.version.clone(),
            platform: self.platform.clone(),
            template: self.template.clone(),
            settings: self.settings.clone(),
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

    fn finish(&mut self, operation: Operation, now: Timestamp, events: &mut Vec<Event>) {
        let Operation { kind, request, outcome, before, done, .. } = operation;
        let target = self.version.clone();
        let mut messages: Vec<(Severity, String)> = Vec::new();
        let mut say = |severity: Severity, message: &str| messages.push((severity, message.to_owned()));
        self.updated = now;
        self.status = Status::Ready;
        match (kind, outcome) {
            (Kind::Terminate, _) => {
                self.status = Status::Terminated;
                self.health = Health::Grey;
                self.terminated = Some(now);
                say(Severity::Info, "terminateEnvironment completed successfully.");
            }
            (Kind::Swap | Kind::Tag, _) => say(Severity::Info, &done.unwrap_or_default()),
            (Kind::Abort, _) => {
                self.go_back(before);
                say(Severity::Info, "The environment was reverted to the previous configuration setting.");
            }
            (_, Outcome::Fails | Outcome::RollsBack | Outcome::Refused) => {
                let instance = &self.instance;
                if outcome != Outcome::Refused {
                    say(
                        Severity::Error,
                        &format!(
                            "[Instance: {instance}] Command failed on instance. An unexpected error has occurred."
                        ),
                    );
                    let reason = "Unsuccessful command execution on instance id(s)";
                    say(Severity::Error, &format!("{reason} '{instance}'. Aborting the operation."));
                }
                let failed = match kind {
                    Kind::Launch | Kind::Rebuild => "Failed to launch environment.",
                    Kind::Configure => "Failed to deploy configuration.",
                    _ => "Failed to deploy application.",
                };
                say(Severity::Error, failed);
                if !matches!(kind, Kind::Launch | Kind::Rebuild) {
                    self.go_back(before);
                }
                match (outcome, kind) {
                    (Outcome::RollsBack, _) => {
                        say(Severity::Info, "The environment was reverted to the previous configuration setting.");
                    }
                    // Nothing happened to what runs.
                    (Outcome::Refused, Kind::Deploy | Kind::Configure) => {}
                    _ => self.health = Health::Red,
                }
            }
            (_, Outcome::Succeeds | Outcome::TurnsRed | Outcome::Hangs) => {
                self.health = if outcome == Outcome::TurnsRed { Health::Red } else { Health::Green };
                if let Health::Red = self.health {
                    let reason = "100.0 % of the requests are failing with HTTP 5xx.";
                    say(Severity::Warn, &format!("Environment health has transitioned from Info to Severe. {reason}"));
                }
                match kind {
                    Kind::Launch | Kind::Rebuild => {
                        if let Some(cname) = &self.cname {
                            say(Severity::Info, &format!("Application available at {cname}."));
                        }
                        say(Severity::Info, &format!("Successfully launched environment: {}", self.name));
                    }
                    Kind::Deploy => {
                        say(Severity::Info, "New application version was deployed to running EC2 instances.");
                        say(Severity::Info, "Environment update completed successfully.");
                    }
                    Kind::Configure => {
                        say(Severity::Info, "Successfully deployed new configuration to environment.");
                        say(Severity::Info, "Environment update completed successfully.");
                    }
                    _ => say(Severity::Info, "restartAppServer completed successfully."),
                }
            }
        }
        // The events of a deployment name the version that it was about, also when it is gone again.
        let subject = Subject { version: target, ..self.subject() };
        for (severity, message) in messages {
            events.push(Event { time: now, severity, message, request: request.clone(), subject: subject.clone() });
        }
    }

    fn go_back(&mut self, before: Before) {
        let Before { version, platform, template, settings, health } = before;
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
        let time = Timestamp::UNIX_EPOCH;
        Environment {
            id: "e-1".to_owned(),
            name: "shop-prod".to_owned(),
            application: "shop".to_owned(),
            group: None,
            description: None,
            version: Some("v1".to_owned()),
            platform: "stack".to_owned(),
            template: None,
            tier: Tier::WebServer,
            cname: Some("shop.example".to_owned()),
            created: time,
            updated: time,
            terminated: None,
            status: Status::Ready,
            health: Health::Green,
            settings: Settings::default(),
            operation: None,
            tags: Tags::new(),
            operations_role: None,
            instance: "i-1".to_owned(),
            deployments: 1,
            deployed: time,
            logs: Vec::new(),
            real: false,
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
