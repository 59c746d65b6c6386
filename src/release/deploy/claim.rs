//! The bucket's part in a deployment: the claim while it lasts, and the record of what ran well.

use std::time::Duration;

use super::failure::Error;
use super::past::ran_before;
use super::request::{Event, Request};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::backoff::Backoff;
use crate::release::bucket::{BundleBucket, BundleStore};
use crate::release::environment::{self, Environment, Health, Phase};
use crate::release::history::{self, Success};
use crate::release::operation::{self, Claim, LocalRun, Operation, TakeOver, Taking, Verb};

/// Claim of this run to an environment, and the bucket that it stands in.
pub(crate) struct Held {
    bucket: BundleBucket,
    claim: Box<Claim>,
}

impl Held {
    /// Say that this run lives. The deployment does not depend on it.
    pub(crate) async fn beat(&mut self, aws: &Aws, report: &mut dyn FnMut(Event<'_>)) {
        if let Err(error) = self.claim.beat(aws, &self.bucket).await {
            report(Event::NotRecorded(&error));
        }
    }

    /// Say that it is over.
    pub(crate) async fn end(mut self, aws: &Aws, report: &mut dyn FnMut(Event<'_>)) {
        let Self { bucket, claim } = &mut self;
        if let Err(error) = patiently(async || claim.end(aws, bucket).await).await {
            report(Event::NotRecorded(&error));
        }
    }
}

fn ran_well(before: &Environment) -> bool {
    before.status == Phase::Ready && before.health == Health::Good
}

fn wanted(aws: &Aws, request: &Request, before: &Environment) -> Operation {
    let now = aws.now();
    Operation {
        verb: request.verb,
        from: before.label.clone(),
        from_ran_well: ran_well(before),
        to: request.label.clone(),
        caller: aws.caller().arn.clone(),
        run: format!("{:016x}", fastrand::u64(..)),
        since: now,
        beat: now,
        ended: None,
        moved: None,
    }
}

/// See that nobody else moves the environment. Without the right to say so, go on without.
pub(crate) async fn claim(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Held>, Error> {
    let Some(store) = &request.bundle_store else { return Ok(None) };
    let key = store.operation(&request.application, &request.environment);
    // Who goes back waits for nobody: the environment is ready, so nothing moves.
    let over = match request.verb {
        Verb::Deploy | Verb::Swap if !request.take_over => TakeOver::Dead,
        Verb::Deploy | Verb::Swap | Verb::Rollback => TakeOver::Anything,
    };
    let path = request.runs.as_ref().filter(|_| !aws.is_dry_run());
    let path = path.map(|folder| folder.join(format!("{}.{}", request.application, request.environment)));
    let mut backoff = Backoff::new(aws, Duration::from_secs(8), request.timeout);
    let mut told = false;
    loop {
        let taken = async {
            let bucket = store.open(aws).await?;
            let local = path.as_deref().and_then(LocalRun::hold);
            let taken = operation::take(aws, &bucket, key.clone(), wanted(aws, request, before), local, over).await?;
            Ok::<_, ApiError>((bucket, taken))
        };
        match taken.await {
            Ok((bucket, Taking::Taken(claim))) => return Ok(Some(Held { bucket, claim })),
            Ok((_, Taking::HeldBy(operation))) => {
                let environment = request.environment.clone();
                if !request.when_ready {
                    return Err(Error::Locked { environment, operation });
                }
                if !std::mem::replace(&mut told, true) {
                    report(Event::NotReady);
                }
                if !backoff.wait(aws).await {
                    return Err(Error::Locked { environment, operation });
                }
            }
            Err(error) if error.is_a_refusal() => {
                report(Event::NotRecorded(&error));
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Remember that this environment runs this version well, unless that is known.
pub(super) async fn remember(aws: &Aws, request: &Request, label: &str, report: &mut dyn FnMut(Event<'_>)) {
    let Some(store) = &request.bundle_store else { return };
    let folder = store.folder(&request.application, "deployments");
    let success = Success {
        environment: request.environment.clone(),
        label: label.to_owned(),
        time: aws.now(),
        caller: aws.caller().arn.clone(),
    };
    let written = patiently(async || {
        let bucket = store.open(aws).await?;
        let ran = history::recall(aws, &bucket, &folder).await?;
        let last = ran.iter().rfind(|ran| ran.environment == success.environment);
        if last.is_none_or(|last| last.label != success.label) {
            history::remember(aws, &bucket, &folder, &success).await?;
        }
        Ok(())
    });
    if let Err(error) = written.await {
        report(Event::NotRecorded(&error));
    }
}

/// Remember what is about to be replaced, whoever put it there: afterwards nobody could tell that it ran well.
pub(super) async fn remember_before(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    report: &mut dyn FnMut(Event<'_>),
) {
    if let Some(label) = before.label.as_ref().filter(|label| **label != request.label && ran_well(before)) {
        remember(aws, request, label, report).await;
    }
}

/// End the operation that an earlier run of this very command left behind.
pub(super) async fn end_left(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) {
    let Some(store) = &request.bundle_store else { return };
    let key = store.operation(&request.application, &request.environment);
    let done = patiently(async || operation::end_left(aws, &store.open(aws).await?, &key, &request.label).await);
    if let Err(error) = done.await {
        report(Event::NotRecorded(&error));
    }
}

/// The deployment itself is over, and must not be called a failure for what is only about its record.
async fn patiently(mut act: impl AsyncFnMut() -> Result<(), ApiError>) -> Result<(), ApiError> {
    for _ in 0..2 {
        if act().await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    act().await
}

/// What an environment runs, and what it would go back to.
#[derive(Debug)]
pub struct WayBack {
    /// The label that it has or is getting. `None`: no version of this application.
    pub current: Option<String>,
    /// `None`: no version is known to have run well before.
    pub target: Option<String>,
}

/// The version that a rollback goes to.
///
/// A second rollback has the target of the first: what it hangs on is the operation, not the label that it changes.
pub fn way_back(
    aws: &Aws,
    application: &Application,
    environment: &EnvironmentName,
    store: &BundleStore,
) -> Result<WayBack, Error> {
    aws.block_on(async {
        let found = environment::find(aws, application, environment).await?;
        let found = found.ok_or_else(|| Error::no_environment(aws, application, environment))?;
        let bucket = store.open(aws).await?;
        let last = operation::last(aws, &bucket, &store.operation(application, environment)).await?;
        let last = last.and_then(Operation::last_move);
        let ran = history::recall(aws, &bucket, &store.folder(application, "deployments")).await?;
        let ran: Vec<&str> =
            ran.iter().filter(|ran| ran.environment == *environment).map(|ran| ran.label.as_str()).collect();
        let target = match target(found.label.as_deref(), last.as_ref(), &ran) {
            Some(target) => Some(target.to_owned()),
            None => ran_before(aws, application, &found).await?,
        };
        Ok(WayBack { current: found.label, target })
    })
}

/// Where to go back to from `current`, after the `last` operation; `ran` is what ran well, oldest first.
fn target<'a>(current: Option<&str>, last: Option<&'a Operation>, ran: &[&'a str]) -> Option<&'a str> {
    let newest = || ran.iter().rev().copied().find(|label| Some(*label) != current);
    let Some(last) = last else { return newest() };
    let from = last.from.as_deref();
    let (at_from, at_to) = (current.is_some() && current == from, current == Some(last.to.as_str()));
    match last.verb {
        // Somebody else moved it since.
        _ if !at_from && !at_to => newest(),
        // One that failed is tried again only where it leads to what ran well.
        Verb::Rollback if at_to || ran.contains(&last.to.as_str()) => Some(&last.to),
        // Elastic Beanstalk went back by itself, or nothing has moved yet: going further back is another wish.
        Verb::Deploy if last.from_ran_well => from,
        Verb::Rollback | Verb::Deploy | Verb::Swap => newest(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn operation(verb: Verb, from: &str, from_ran_well: bool, to: &str) -> Operation {
        let time = Timestamp::UNIX_EPOCH;
        Operation {
            verb,
            from: Some(from.to_owned()),
            from_ran_well,
            to: to.to_owned(),
            caller: None,
            run: String::new(),
            since: time,
            beat: time,
            ended: Some(time),
            moved: None,
        }
    }

    #[test]
    fn going_back_twice_is_going_back_once() {
        use Verb::{Deploy, Rollback};
        #[track_caller]
        fn case(current: &str, last: Option<Operation>, ran: &[&str], to: Option<&str>) {
            assert_eq!(target(Some(current), last.as_ref(), ran), to);
        }
        // v1 ran well, v2 is bad; then the rollback itself, seen again while it moves and afterwards.
        let ran = ["v0", "v1"];
        case("v2", Some(operation(Deploy, "v1", true, "v2")), &ran, Some("v1"));
        case("v1", Some(operation(Rollback, "v2", false, "v1")), &ran, Some("v1"));
        // The rollback failed, and it has what it had.
        case("v2", Some(operation(Rollback, "v2", false, "v1")), &ran, Some("v1"));
        // To a version that somebody named, and that never ran well.
        case("v2", Some(operation(Rollback, "v2", false, "v9")), &ran, Some("v1"));
        case("v9", Some(operation(Rollback, "v2", false, "v9")), &ran, Some("v9"));
        // Elastic Beanstalk took a bad version back by itself.
        case("v1", Some(operation(Deploy, "v1", true, "v2")), &ran, Some("v1"));
        // A bad one after a bad one: back to the last that ran well.
        case("v3", Some(operation(Deploy, "v2", false, "v3")), &ran, Some("v1"));
        case("v2", Some(operation(Deploy, "v2", false, "v3")), &ran, Some("v1"));
        // What ran well before is not what was deployed before that.
        case("v2", Some(operation(Deploy, "v0", true, "v2")), &["v0", "v1", "v0"], Some("v0"));
        // Somebody else moved it.
        case("v9", Some(operation(Deploy, "v0", true, "v1")), &ran, Some("v1"));
        // No operation is known.
        case("v1", None, &ran, Some("v0"));
        case("v1", None, &["v1"], None);
    }
}
