//! Watching an environment, and what to think of what is seen.

use std::time::Duration;

use jiff::Timestamp;

use super::claim::{Held, remember};
use super::failure::{Error, Failed};
use super::request::{Deployed, Event, Outcome, Request, deployed};
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::backoff::Backoff;
use crate::release::environment::{self, Environment, EnvironmentEvent, Health, Phase};
use crate::release::running_step::RunningStep;

/// Calls of a look at an environment that moves, which are made again until it has settled.
pub(crate) const FOLLOW: [&str; 3] = ["DescribeEnvironments", "DescribeEvents", "DescribeInstancesHealth"];
/// AWS's own waiters look every 20 s; a person wants to see events sooner.
pub(super) const SLOWEST: Duration = Duration::from_secs(8);
/// Looks at an environment that does not move before its request counts as ignored.
const IDLE_LOOKS: u32 = 10;

/// Knowledge at the beginning of a watch.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    /// Nothing up to here counts.
    pub(super) mark: Option<Timestamp>,
    pub(super) previous: Option<String>,
    /// Has it begun to move?
    pub(super) began: bool,
}

pub(super) async fn follow(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    watch: Watch,
    mut held: Option<&mut Held>,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Deployed, Error> {
    let mut backoff = Backoff::new(aws, SLOWEST, request.timeout);
    let mut observed = Observed { began: watch.began, ..Observed::default() };
    let mut told = 0;
    let mut step = RunningStep::default();
    let mut settling: Option<Backoff> = None;
    let fail = |failed: Failed, events: &[EnvironmentEvent]| {
        let errors = events.iter().filter(|event| event.is_error()).map(|event| event.message.clone()).collect();
        let (verb, environment, label) = (request.verb, request.environment.clone(), request.label.clone());
        Error::Failed { verb, environment, label, failed, errors }
    };
    loop {
        if let Some(held) = &mut held {
            held.beat(aws, report).await;
        }
        let look = look(aws, request, before, &watch).await;
        let Some((now, events, others)) = backoff.see(aws, look, |error| report(Event::NotSeen(error)))? else {
            if backoff.wait(aws).await {
                continue;
            }
            return Err(still_going(request));
        };
        events[told.min(events.len())..].iter().for_each(|event| report(Event::Happened(event)));
        told = events.len();
        if request.steps
            && let Some(asked) = events.iter().rev().find_map(|event| event.request.as_deref())
            && let Some(step) = step.look(aws, &before.id, asked).await
        {
            report(Event::Step(&step));
        }
        observed.look(now.as_ref().filter(|now| now.id == before.id), &events);
        match observed.verdict(&request.label, watch.previous.as_deref()) {
            Verdict::Going => settling = None,
            Verdict::Settling(health) => {
                if settling.is_none() {
                    report(Event::Settling { health });
                }
                let backoff = settling.get_or_insert_with(|| Backoff::new(aws, SLOWEST, request.settle));
                if !backoff.wait(aws).await {
                    return Err(fail(Failed::Unhealthy, &events));
                }
                continue;
            }
            Verdict::Well => {
                let now = now.unwrap_or_else(|| before.clone());
                if others.is_empty() {
                    remember(aws, request, &request.label, report).await;
                    return Ok(deployed(aws, request, &now, watch.previous, Outcome::Deployed));
                }
                // Instances report a little later than their environment.
                let backoff = settling.get_or_insert_with(|| Backoff::new(aws, SLOWEST, request.settle));
                if !backoff.wait(aws).await {
                    return Err(fail(Failed::Mixed { labels: others }, &events));
                }
                continue;
            }
            Verdict::Failed(failed) => return Err(fail(failed, &events)),
        }
        if !backoff.wait(aws).await {
            return Err(still_going(request));
        }
    }
}

fn still_going(request: &Request) -> Error {
    let Request { environment, label, timeout, .. } = request.clone();
    Error::StillGoing { environment, label, after: timeout }
}

/// The environment, what has happened in it, and what its instances run instead once it seems to be there.
async fn look(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    watch: &Watch,
) -> Result<(Option<Environment>, Vec<EnvironmentEvent>, Vec<String>), ApiError> {
    // Events after the environment: what explains a status must not be missed.
    let now = environment::find(aws, &request.application, &request.environment).await?;
    let events = environment::events(aws, &before.id, watch.mark).await?;
    let running = match now.as_ref().filter(|now| seems_there(now, &request.label)) {
        Some(now) => environment::on_instances(aws, now).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    Ok((now, events, others(running, &request.label)))
}

/// Does the environment say that it has this version? Its instances may not have it yet.
fn seems_there(now: &Environment, label: &str) -> bool {
    now.status == Phase::Ready && now.label.as_deref() == Some(label)
}

/// Each label of instances but this one, once.
fn others(mut running: Vec<String>, label: &str) -> Vec<String> {
    running.retain(|other| other != label);
    running.sort();
    running.dedup();
    running
}

/// All that was seen since the request.
#[derive(Debug, Clone, Default)]
struct Observed {
    now: Option<(Phase, Health, Option<String>)>,
    errors: bool,
    /// Has the environment been anything but ready, or has anything happened in it?
    began: bool,
    aborting: bool,
    idle_looks: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Going,
    /// Ready with our version; only its health is open.
    Settling(Health),
    Well,
    Failed(Failed),
}

impl Observed {
    fn look(&mut self, now: Option<&Environment>, events: &[EnvironmentEvent]) {
        self.now = now.map(|now| (now.status, now.health, now.label.clone()));
        self.errors |= events.iter().any(EnvironmentEvent::is_error);
        self.began |= !events.is_empty() || now.is_none_or(|now| now.status != Phase::Ready);
        self.aborting |= now.is_some_and(|now| now.status == Phase::Aborting);
        self.idle_looks += u32::from(!self.began);
    }

    fn verdict(&self, label: &str, previous: Option<&str>) -> Verdict {
        let Some((status, health, has)) = &self.now else { return Verdict::Failed(Failed::Gone) };
        let ours = has.as_deref() == Some(label);
        match status {
            Phase::Busy | Phase::Aborting => Verdict::Going,
            Phase::Ending => Verdict::Failed(Failed::Gone),
            // The first `Ready` after a request is the last one before it.
            Phase::Ready if !self.began && self.idle_looks < IDLE_LOOKS => Verdict::Going,
            Phase::Ready if !self.began && !ours => Verdict::Failed(Failed::Ignored),
            Phase::Ready if ours && self.errors => Verdict::Failed(Failed::Errors),
            Phase::Ready if ours && *health == Health::Good => Verdict::Well,
            Phase::Ready if ours => Verdict::Settling(*health),
            Phase::Ready if self.aborting => Verdict::Failed(Failed::Aborted { to: has.clone() }),
            Phase::Ready if previous.is_some() && has.as_deref() != previous && !self.errors => {
                Verdict::Failed(Failed::Replaced { by: has.clone() })
            }
            Phase::Ready => Verdict::Failed(Failed::RolledBack { to: has.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::environment::Severity;

    fn environment(status: Phase, health: Health, label: &str) -> Environment {
        Environment { label: Some(label.to_owned()), status, health, ..Environment::well("app", "env") }
    }

    fn event(severity: Severity) -> EnvironmentEvent {
        let time = Timestamp::UNIX_EPOCH;
        EnvironmentEvent { time, severity, message: "words".to_owned(), label: None, request: None }
    }

    /// What is thought after a series of looks at a deployment from `old` to `new`.
    #[track_caller]
    fn case(looks: &[(Phase, Health, &str, &[Severity])], verdict: Verdict) {
        let mut observed = Observed::default();
        let mut events = Vec::new();
        for (status, health, label, new) in looks {
            events.extend(new.iter().map(|severity| event(*severity)));
            observed.look(Some(&environment(*status, *health, label)), &events);
        }
        assert_eq!(observed.verdict("new", Some("old")), verdict);
    }

    #[test]
    fn the_first_ready_proves_nothing() {
        use {Health::*, Phase::*};
        case(&[(Ready, Good, "old", &[])], Verdict::Going);
        case(&[(Ready, Good, "new", &[])], Verdict::Going);
        let look: (Phase, Health, &str, &[Severity]) = (Ready, Good, "old", &[]);
        case(&[look; IDLE_LOOKS as usize], Verdict::Failed(Failed::Ignored));
    }

    #[test]
    fn success_is_label_status_health_and_no_errors() {
        use {Health::*, Phase::*};
        case(&[(Busy, Open, "new", &[Severity::Info]), (Ready, Good, "new", &[Severity::Info])], Verdict::Well);
        case(&[(Busy, Open, "new", &[Severity::Info]), (Ready, Good, "new", &[Severity::Warn])], Verdict::Well);
        case(&[(Busy, Open, "new", &[Severity::Info])], Verdict::Going);
        case(&[(Busy, Good, "new", &[]), (Ready, Open, "new", &[])], Verdict::Settling(Open));
        case(&[(Busy, Good, "new", &[]), (Ready, Bad, "new", &[])], Verdict::Settling(Bad));
        case(&[(Busy, Good, "new", &[Severity::Error]), (Ready, Good, "new", &[])], Verdict::Failed(Failed::Errors));
    }

    #[test]
    fn ways_to_fail_are_told_apart() {
        use {Health::*, Phase::*};
        let to = |label: &str| Some(label.to_owned());
        case(
            &[(Busy, Open, "new", &[Severity::Info]), (Ready, Good, "old", &[Severity::Error])],
            Verdict::Failed(Failed::RolledBack { to: to("old") }),
        );
        case(
            &[(Busy, Open, "new", &[]), (Aborting, Open, "new", &[]), (Ready, Good, "old", &[])],
            Verdict::Failed(Failed::Aborted { to: to("old") }),
        );
        case(
            &[(Busy, Open, "new", &[]), (Ready, Good, "third", &[])],
            Verdict::Failed(Failed::Replaced { by: to("third") }),
        );
        case(&[(Busy, Open, "new", &[]), (Ending, Open, "new", &[])], Verdict::Failed(Failed::Gone));
        // Without an error event it still isn't what was asked for.
        case(
            &[(Busy, Open, "old", &[]), (Ready, Good, "old", &[])],
            Verdict::Failed(Failed::RolledBack { to: to("old") }),
        );
    }

    #[test]
    fn instances_may_lag_behind_their_environment() {
        use {Health::*, Phase::*};
        for (status, label, there) in
            [(Ready, "new", true), (Ready, "old", false), (Busy, "new", false), (Ending, "old", false)]
        {
            assert_eq!(seems_there(&environment(status, Open, label), "new"), there, "{status:?} {label}");
        }
        let running = |labels: &[&str]| others(labels.iter().map(|label| (*label).to_owned()).collect(), "new");
        assert_eq!(running(&["old", "new", "older", "old"]), ["old", "older"]);
        assert_eq!(running(&["new", "new"]), [""; 0]);
    }
}
