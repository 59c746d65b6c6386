//! Deploy: an environment is moved to a version, and the truth is told about how that went.
//!
//! Truth is the label, the status, the health, and the events after the request; never an English sentence, and never
//! the first `Ready`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::aws::Aws;
use super::call::{Call, Kind, Refusal};
use super::environment::{self, Environment, Happening, Health, Phase};
use super::history::{self, Success};
use super::lock::{self, Holder, Lock};
use super::pace::Pace;
use super::store::{Shelf, Store};
use super::version::{self, Status};
use crate::fault::{Exit, Fault};

/// What to deploy, where, and how long to look at it.
#[derive(Debug, Clone)]
pub struct Request {
    pub application: String,
    pub environment: String,
    pub label: String,
    /// Wait for an environment that is busy, instead of refusing.
    pub when_ready: bool,
    /// See it through to its end.
    pub wait: bool,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How long an environment may take to become healthy after it is ready.
    pub settle: Duration,
    /// Where the lock and the record of what ran well are. `None`: neither.
    pub shelf: Option<Shelf>,
}

/// What deploying came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployed {
    pub application: String,
    pub environment: String,
    pub label: String,
    /// What it ran before; `None` if it did not change, or nobody knows.
    pub previous: Option<String>,
    pub outcome: Outcome,
    pub health: Health,
    pub url: Option<String>,
    pub region: String,
}

/// How a deployment that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The environment runs the version and is healthy.
    Deployed,
    /// It did so before.
    Unchanged,
    /// Asked for, and not waited for.
    Started,
}

/// What happens on the way.
#[derive(Debug)]
pub enum Event<'a> {
    /// The environment is busy with something else.
    NotReady,
    Asking {
        label: &'a str,
        environment: &'a str,
    },
    /// A deployment of this version is under way already.
    Joining,
    Happened(&'a Happening),
    /// The lock or the record could not be written; the deployment does not depend on it.
    NotRecorded(&'a Refusal),
    /// Ready with the version; its health is not settled yet.
    Settling {
        health: Health,
    },
}

/// Why an environment does not run the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Failed {
    /// Elastic Beanstalk reported errors, and the environment has the version or a part of it.
    Errors,
    /// It went back to what it ran before.
    RolledBack {
        to: Option<String>,
    },
    Aborted {
        to: Option<String>,
    },
    /// Ready with the version, and not healthy.
    Unhealthy,
    /// Some instances run something else.
    Mixed {
        labels: Vec<String>,
    },
    /// Somebody else deployed another version meanwhile.
    Replaced {
        by: Option<String>,
    },
    /// The environment was terminated.
    Gone,
    /// The request was accepted, and nothing happened.
    Ignored,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no version `{label}` of `{application}`")]
    NoVersion { application: String, label: String },
    #[error("version `{label}` cannot be deployed: it is {status}")]
    NotDeployable { label: String, status: Status },
    #[error("`{application}` has no environment `{environment}` in {region}")]
    NoEnvironment { application: String, environment: String, region: String },
    #[error("environment `{environment}` is busy")]
    NotReady { environment: String },
    #[error("{}", sentence(.environment, .label, .failed, .errors))]
    Failed { environment: String, label: String, failed: Failed, errors: Vec<String> },
    #[error("environment `{environment}` is still on its way to `{label}` after {} s", .after.as_secs())]
    StillGoing { environment: String, label: String, after: Duration },
    #[error("environment `{environment}` is being deployed to by {}", .holder.caller.as_deref().unwrap_or("somebody else"))]
    Locked { environment: String, holder: Box<Holder> },
    #[error("environment `{environment}` is still busy after {} s", .after.as_secs())]
    StillBusy { environment: String, after: Duration },
    #[error(transparent)]
    Refused(#[from] Refusal),
}

fn sentence(environment: &str, label: &str, failed: &Failed, errors: &[String]) -> String {
    let version = |label: &Option<String>| match label {
        Some(label) => format!("`{label}`"),
        None => "no version".to_owned(),
    };
    let text = match failed {
        Failed::Errors => format!("the deployment of `{label}` to `{environment}` had errors"),
        Failed::RolledBack { to } => {
            format!("the deployment of `{label}` to `{environment}` was rolled back to {}", version(to))
        }
        Failed::Aborted { to } => {
            format!("the deployment of `{label}` to `{environment}` was aborted; it runs {}", version(to))
        }
        Failed::Unhealthy => format!("`{environment}` runs `{label}` and is not healthy"),
        Failed::Mixed { labels } => {
            format!("not every instance of `{environment}` runs `{label}`: there is also `{}`", labels.join("`, `"))
        }
        Failed::Replaced { by } => format!("`{environment}` was moved to {} meanwhile, not to `{label}`", version(by)),
        Failed::Gone => format!("`{environment}` was terminated"),
        Failed::Ignored => format!("`{environment}` did not begin to move to `{label}`"),
    };
    if errors.is_empty() { text } else { format!("{text}: {}", errors.join("; ")) }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoVersion { .. }
            | Self::NotDeployable { .. }
            | Self::NoEnvironment { .. }
            | Self::NotReady { .. }
            | Self::Locked { .. } => Exit::Aws,
            Self::Failed { .. } => Exit::DeployFailed,
            Self::StillGoing { .. } | Self::StillBusy { .. } => Exit::StillGoing,
            Self::Refused(refusal) => refusal.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoVersion { .. } => Some("`beansprout versions` lists them".to_owned()),
            Self::NotDeployable { .. } => Some("publish a version that Elastic Beanstalk can process".to_owned()),
            Self::NoEnvironment { .. } => Some(
                "look at `--region` and `--application`; environments are created in the console or with `eb create`"
                    .to_owned(),
            ),
            Self::NotReady { environment } => Some(format!(
                "nothing was changed; `--when-ready` waits for it, `beansprout wait --env {environment}` watches it"
            )),
            Self::Failed { environment, failed, .. } => match failed {
                Failed::RolledBack { .. } | Failed::Aborted { .. } => {
                    Some(format!("it runs what it ran before; `eb logs {environment}` has the instances' side"))
                }
                _ => Some(format!(
                    "`beansprout rollback --env {environment}` goes back to the version before; `eb logs {environment}` has the instances' side"
                )),
            },
            Self::StillGoing { environment, label, .. } => Some(format!(
                "it goes on without this program; `beansprout wait --env {environment} --label {label}` watches it again"
            )),
            Self::Locked { holder, .. } => Some(format!(
                "they deploy `{}` since {}; the lock ends at {} at the latest",
                holder.label, holder.since, holder.until
            )),
            Self::StillBusy { .. } => Some("nothing was changed; run the same command again".to_owned()),
            Self::Refused(refusal) => refusal.hint(),
        }
    }
}

/// Move an environment to a version.
pub fn deploy(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) -> Result<Deployed, Error> {
    aws.block_on(run(aws, request, tell))
}

/// Look at an environment until it has settled, without asking for anything.
pub fn watch(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) -> Result<Deployed, Error> {
    aws.block_on(async {
        let before = found(aws, request).await?;
        let mark = if before.status == Phase::Ready { newest(aws, &before).await? } else { before.updated };
        let began = before.status != Phase::Ready || before.label.as_deref() == Some(&request.label);
        let watch = Watch { mark, previous: None, began };
        follow(aws, request, &before, watch, tell).await
    })
}

/// The label that an environment has or is getting.
pub fn current_label(aws: &Aws, application: &str, name: &str) -> Result<Option<String>, Error> {
    aws.block_on(async {
        match environment::find(aws, application, name).await? {
            Some(environment) => Ok(environment.label),
            None => Err(Error::NoEnvironment {
                application: application.to_owned(),
                environment: name.to_owned(),
                region: aws.region().to_owned(),
            }),
        }
    })
}

async fn newest(aws: &Aws, environment: &Environment) -> Result<Option<Timestamp>, Refusal> {
    environment::newest_event(aws, &environment.id).await
}

async fn found(aws: &Aws, request: &Request) -> Result<Environment, Error> {
    let Request { application, environment, .. } = request;
    environment::find(aws, application, environment).await?.ok_or_else(|| Error::NoEnvironment {
        application: application.clone(),
        environment: environment.clone(),
        region: aws.region().to_owned(),
    })
}

async fn run(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) -> Result<Deployed, Error> {
    let Request { application, label, .. } = request;
    let version = version::find(aws, application, label).await?;
    let missing = || Error::NoVersion { application: application.clone(), label: label.clone() };
    let status = version.ok_or_else(missing)?.status;
    if matches!(status, Status::Failed | Status::Processing | Status::Building) {
        return Err(Error::NotDeployable { label: label.clone(), status });
    }
    let mut before = found(aws, request).await?;
    let ours = |environment: &Environment| environment.label.as_deref() == Some(label.as_str());
    if before.status != Phase::Ready && ours(&before) {
        // An earlier run asked for the same, and was cut off.
        tell(Event::Joining);
        let watch = Watch { mark: before.updated, previous: None, began: true };
        let done = finish(aws, request, &before, watch, tell).await;
        unlock(aws, request, tell).await;
        return done;
    }
    if before.status != Phase::Ready {
        if !request.when_ready {
            return Err(Error::NotReady { environment: request.environment.clone() });
        }
        before = ready(aws, request, tell).await?;
    }
    if ours(&before) && before.health == Health::Good {
        // An earlier run may have ended between its success and its last words.
        if !aws.rehearses() {
            remember(aws, request, tell).await;
            unlock(aws, request, tell).await;
        }
        return Ok(deployed(aws, request, &before, None, Outcome::Unchanged));
    }

    let mut bench = bench(aws, request, tell).await?;
    let done = async {
        let mark = newest(aws, &before).await?;
        tell(Event::Asking { label, environment: &before.name });
        if !ask(aws, request, &before, mark).await? {
            return Ok(deployed(aws, request, &before, before.label.clone(), Outcome::Started));
        }
        let watch = Watch { mark, previous: before.label.clone(), began: false };
        finish(aws, request, &before, watch, tell).await
    }
    .await;
    if let Some(bench) = &mut bench
        && let Some(lock) = bench.lock.take()
    {
        let released = patiently(async || lock.release(aws, &bench.store).await).await;
        if let Err(refusal) = released {
            tell(Event::NotRecorded(&refusal));
        }
    }
    done
}

/// The bucket's part in a deployment.
struct Bench {
    store: Store,
    lock: Option<Lock>,
}

/// See that nobody else deploys to the environment. Without the right to lock, go on without.
async fn bench(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) -> Result<Option<Bench>, Error> {
    let Some(shelf) = &request.shelf else { return Ok(None) };
    let key = shelf.lock(&request.application, &request.environment);
    let locked = async {
        let store = shelf.open(aws).await?;
        let taken = lock::take(aws, &store, key, &request.label, request.timeout).await?;
        Ok::<_, Refusal>((store, taken))
    };
    match locked.await {
        Ok((store, Ok(lock))) => Ok(Some(Bench { store, lock: Some(lock) })),
        Ok((_, Err(holder))) => {
            Err(Error::Locked { environment: request.environment.clone(), holder: Box::new(holder) })
        }
        Err(refusal) if refusal.was_answered() && !refusal.is_about_credentials() => {
            tell(Event::NotRecorded(&refusal));
            Ok(None)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Remember that this environment runs this version well, unless that is known.
async fn remember(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) {
    let Some(shelf) = &request.shelf else { return };
    let folder = shelf.folder(&request.application, "deployments");
    let success = Success {
        environment: request.environment.clone(),
        label: request.label.clone(),
        time: aws.now(),
        caller: aws.caller().arn.clone(),
    };
    let written = patiently(async || {
        let store = shelf.open(aws).await?;
        let ran = history::recall(aws, &store, &folder).await?;
        let last = ran.iter().rfind(|ran| ran.environment == success.environment);
        if last.is_none_or(|last| last.label != success.label) {
            history::remember(aws, &store, &folder, &success).await?;
        }
        Ok(())
    });
    if let Err(refusal) = written.await {
        tell(Event::NotRecorded(&refusal));
    }
}

/// Take back a lock that an earlier run of this very command left behind.
async fn unlock(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) {
    let Some(shelf) = &request.shelf else { return };
    let key = shelf.lock(&request.application, &request.environment);
    let done = patiently(async || lock::forget(aws, &shelf.open(aws).await?, &key, &request.label).await);
    if let Err(refusal) = done.await {
        tell(Event::NotRecorded(&refusal));
    }
}

/// The deployment itself is over, and must not be called a failure for what is only about its record.
async fn patiently(mut act: impl AsyncFnMut() -> Result<(), Refusal>) -> Result<(), Refusal> {
    for _ in 0..2 {
        if act().await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    act().await
}

/// The version that an environment ran well before the one that it has: what a rollback goes to.
pub fn previous(aws: &Aws, application: &str, environment: &str, shelf: &Shelf) -> Result<Option<String>, Error> {
    aws.block_on(async {
        let current = environment::find(aws, application, environment).await?.and_then(|found| found.label);
        let folder = shelf.folder(application, "deployments");
        let mut ran = history::recall(aws, &shelf.open(aws).await?, &folder).await?;
        ran.retain(|success| success.environment == environment && Some(&success.label) != current.as_ref());
        Ok(ran.pop().map(|success| success.label))
    })
}

/// Ask for the version. `false` in a rehearsal.
async fn ask(aws: &Aws, request: &Request, before: &Environment, mark: Option<Timestamp>) -> Result<bool, Error> {
    let call = Call::eb("UpdateEnvironment")
        .with("ApplicationName", &request.application)
        .with("EnvironmentId", &before.id)
        .with("VersionLabel", &request.label);
    let update = aws.eb.update_environment().application_name(&request.application).environment_id(&before.id);
    let refusal = match aws.write(call, update.version_label(&request.label).send()).await {
        Ok(answer) => return Ok(answer.is_some()),
        Err(refusal) => refusal,
    };
    // The answer to an earlier attempt may have been lost, and a second one is refused because the first is at work.
    if !refusal.was_answered() || refusal.kind() == Kind::Refused {
        let now = found(aws, request).await?;
        let moved = now.status != Phase::Ready || newest(aws, &now).await? > mark;
        if moved && now.label.as_deref() == Some(request.label.as_str()) {
            return Ok(true);
        }
        if now.status != Phase::Ready && refusal.was_answered() {
            return Err(Error::NotReady { environment: request.environment.clone() });
        }
    }
    Err(refusal.into())
}

/// Wait until the environment is ready for something new.
async fn ready(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) -> Result<Environment, Error> {
    tell(Event::NotReady);
    let mut pace = Pace::new(aws, SLOWEST, request.timeout);
    loop {
        let now = found(aws, request).await?;
        if now.status == Phase::Ready {
            return Ok(now);
        }
        if !pace.wait(aws).await {
            return Err(Error::StillBusy { environment: request.environment.clone(), after: request.timeout });
        }
    }
}

/// AWS's own waiters look every 20 s; a person wants to see events sooner.
const SLOWEST: Duration = Duration::from_secs(8);
/// Looks at an environment that does not move before its request counts as ignored.
const PATIENCE: u32 = 10;

async fn finish(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    watch: Watch,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Deployed, Error> {
    if !request.wait {
        return Ok(deployed(aws, request, before, watch.previous, Outcome::Started));
    }
    follow(aws, request, before, watch, tell).await
}

fn deployed(aws: &Aws, request: &Request, now: &Environment, previous: Option<String>, outcome: Outcome) -> Deployed {
    Deployed {
        application: request.application.clone(),
        environment: request.environment.clone(),
        label: request.label.clone(),
        previous,
        outcome,
        health: now.health,
        url: now.url.clone(),
        region: aws.region().to_owned(),
    }
}

/// What is known at the beginning of a watch.
#[derive(Debug, Clone, Default)]
struct Watch {
    /// Nothing up to here counts.
    mark: Option<Timestamp>,
    previous: Option<String>,
    /// Has it begun to move?
    began: bool,
}

async fn follow(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    watch: Watch,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Deployed, Error> {
    let mut pace = Pace::new(aws, SLOWEST, request.timeout);
    let mut sight = Sight { began: watch.began, ..Sight::default() };
    let mut told = 0;
    let mut settling: Option<Pace> = None;
    let fail = |failed: Failed, events: &[Happening]| {
        let errors = events.iter().filter(|event| event.is_error()).map(|event| event.message.clone()).collect();
        Error::Failed { environment: request.environment.clone(), label: request.label.clone(), failed, errors }
    };
    loop {
        // Events after the environment: what explains a status must not be missed.
        let now = environment::find(aws, &request.application, &request.environment).await?;
        let events = environment::events(aws, &before.id, watch.mark).await?;
        events[told.min(events.len())..].iter().for_each(|event| tell(Event::Happened(event)));
        told = events.len();
        sight.look(now.as_ref().filter(|now| now.id == before.id), &events);
        match sight.verdict(&request.label, watch.previous.as_deref()) {
            Verdict::Going => settling = None,
            Verdict::Settling(health) => {
                if settling.is_none() {
                    tell(Event::Settling { health });
                }
                let pace = settling.get_or_insert_with(|| Pace::new(aws, SLOWEST, request.settle));
                if !pace.wait(aws).await {
                    return Err(fail(Failed::Unhealthy, &events));
                }
                continue;
            }
            Verdict::Well => {
                let now = now.unwrap_or_else(|| before.clone());
                let mut others = environment::on_instances(aws, &now).await?.unwrap_or_default();
                others.retain(|label| *label != request.label);
                others.sort();
                others.dedup();
                if !others.is_empty() {
                    return Err(fail(Failed::Mixed { labels: others }, &events));
                }
                remember(aws, request, tell).await;
                return Ok(deployed(aws, request, &now, watch.previous, Outcome::Deployed));
            }
            Verdict::Failed(failed) => return Err(fail(failed, &events)),
        }
        if !pace.wait(aws).await {
            let Request { environment, label, timeout, .. } = request.clone();
            return Err(Error::StillGoing { environment, label, after: timeout });
        }
    }
}

/// All that was seen since the request.
#[derive(Debug, Clone, Default)]
struct Sight {
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

impl Sight {
    fn look(&mut self, now: Option<&Environment>, events: &[Happening]) {
        self.now = now.map(|now| (now.status, now.health, now.label.clone()));
        self.errors |= events.iter().any(Happening::is_error);
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
            Phase::Ready if !self.began && self.idle_looks < PATIENCE => Verdict::Going,
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

    fn environment(status: Phase, health: Health, label: &str) -> Environment {
        Environment {
            application: "app".to_owned(),
            name: "env".to_owned(),
            id: "e-1".to_owned(),
            label: Some(label.to_owned()),
            status,
            health,
            abortable: false,
            updated: None,
            url: None,
        }
    }

    fn event(severity: &str) -> Happening {
        let time = Timestamp::UNIX_EPOCH;
        Happening { time, severity: severity.to_owned(), message: "words".to_owned(), label: None, request: None }
    }

    /// What is thought after a series of looks at a deployment from `old` to `new`.
    #[track_caller]
    fn case(looks: &[(Phase, Health, &str, &[&str])], verdict: Verdict) {
        let mut sight = Sight::default();
        let mut events = Vec::new();
        for (status, health, label, new) in looks {
            events.extend(new.iter().map(|severity| event(severity)));
            sight.look(Some(&environment(*status, *health, label)), &events);
        }
        assert_eq!(sight.verdict("new", Some("old")), verdict);
    }

    #[test]
    fn the_first_ready_proves_nothing() {
        use {Health::*, Phase::*};
        case(&[(Ready, Good, "old", &[])], Verdict::Going);
        case(&[(Ready, Good, "new", &[])], Verdict::Going);
        let look: (Phase, Health, &str, &[&str]) = (Ready, Good, "old", &[]);
        case(&[look; PATIENCE as usize], Verdict::Failed(Failed::Ignored));
    }

    #[test]
    fn success_is_label_status_health_and_no_errors() {
        use {Health::*, Phase::*};
        case(&[(Busy, Open, "new", &["INFO"]), (Ready, Good, "new", &["INFO"])], Verdict::Well);
        case(&[(Busy, Open, "new", &["INFO"]), (Ready, Good, "new", &["WARN"])], Verdict::Well);
        case(&[(Busy, Open, "new", &["INFO"])], Verdict::Going);
        case(&[(Busy, Good, "new", &[]), (Ready, Open, "new", &[])], Verdict::Settling(Open));
        case(&[(Busy, Good, "new", &[]), (Ready, Bad, "new", &[])], Verdict::Settling(Bad));
        case(&[(Busy, Good, "new", &["ERROR"]), (Ready, Good, "new", &[])], Verdict::Failed(Failed::Errors));
    }

    #[test]
    fn ways_to_fail_are_told_apart() {
        use {Health::*, Phase::*};
        let to = |label: &str| Some(label.to_owned());
        case(
            &[(Busy, Open, "new", &["INFO"]), (Ready, Good, "old", &["ERROR"])],
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
}
