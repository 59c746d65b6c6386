//! Deploy: an environment is moved to a version, and the truth is told about how that went.
//!
//! Truth is the label, the status, the health, and the events after the request; never an English sentence, and never
//! the first `Ready`.

mod claim;
mod failure;
mod past;
mod request;
mod watch;

use jiff::Timestamp;

pub(crate) use self::claim::{Held, claim};
pub use self::claim::{WayBack, way_back};
use self::claim::{end_left, remember, remember_before};
pub use self::failure::{Error, Failed};
use self::request::deployed;
pub use self::request::{Deployed, Event, Outcome, Request, WatchRequest};
pub(crate) use self::watch::FOLLOW;
use self::watch::{SLOWEST, Watch, follow};
use super::api_error::ApiError;
use super::aws::Aws;
use super::backoff::Backoff;
use super::bucket::Error as StoreError;
use super::bundle_state::{BundleState, Look, bundle_state};
use super::call::Call;
use super::download;
use super::environment::{self, Environment, Health, Phase};
use super::operation::Verb;
use super::version::{self, Status, Version};

/// Move an environment to a version.
pub fn deploy(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) -> Result<Deployed, Error> {
    aws.block_on(run(aws, request, report))
}

/// Look at an environment until it has settled, without asking for anything.
pub fn watch(aws: &Aws, request: &WatchRequest, report: &mut dyn FnMut(Event<'_>)) -> Result<Deployed, Error> {
    aws.block_on(async {
        let WatchRequest { application, environment, label, timeout, settle, bundle_store, steps } = request.clone();
        let mut request = Request {
            application,
            environment,
            label: String::new(),
            verb: Verb::Deploy,
            take_over: false,
            when_ready: false,
            wait: true,
            timeout,
            settle,
            bundle_store,
            runs: None,
            steps,
        };
        let before = found(aws, &request).await?;
        let last = environment::last_operation(aws, &before.id).await?;
        // An operation that was taken back is about a version that is not there any more.
        let about = last.label.clone().or_else(|| before.label.clone());
        request.label = match label.or_else(|| about.clone()) {
            Some(label) => label,
            None => return Err(Error::NothingDeployed { environment: request.environment }),
        };
        let there = before.label.as_deref() == Some(request.label.as_str());
        let mark = match before.status {
            Phase::Ready if there || about.as_deref() == Some(request.label.as_str()) => last.mark,
            // Nothing was heard of this version yet: only what comes counts.
            Phase::Ready => newest(aws, &before).await?,
            _ => before.updated,
        };
        let began = before.status != Phase::Ready || there;
        let watch = Watch { mark, previous: None, began };
        follow(aws, &request, &before, watch, None, report).await
    })
}

/// An environment that is good runs its version well: see that this is on record, whoever brought it there.
pub(crate) fn confirm(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) {
    aws.block_on(remember(aws, request, &request.label, report));
}

async fn newest(aws: &Aws, environment: &Environment) -> Result<Option<Timestamp>, ApiError> {
    environment::newest_event(aws, &environment.id).await
}

async fn found(aws: &Aws, request: &Request) -> Result<Environment, Error> {
    let Request { application, environment, .. } = request;
    let found = environment::find(aws, application, environment).await?;
    found.ok_or_else(|| Error::no_environment(aws, application, environment))
}

async fn run(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) -> Result<Deployed, Error> {
    let Request { application, label, .. } = request;
    let version = version::find(aws, application, label).await?;
    match &version {
        Some(version) if matches!(version.status, Status::Failed | Status::Processing | Status::Building) => {
            return Err(Error::NotDeployable { label: label.clone(), status: version.status.clone() });
        }
        Some(_) => {}
        // It would be there by now.
        None if aws.would_have("CreateApplicationVersion", &[("VersionLabel", label)]) => {}
        None => {
            let (application, label, environment) = (application.clone(), label.clone(), request.environment.clone());
            return Err(Error::NoVersion { application, label, environment });
        }
    }
    let mut before = found(aws, request).await?;
    let ours = |environment: &Environment| environment.label.as_deref() == Some(label.as_str());
    if before.status != Phase::Ready && ours(&before) {
        return join(aws, request, &before, report).await;
    }
    if before.status != Phase::Ready {
        if !request.when_ready {
            return Err(Error::NotReady { environment: request.environment.clone() });
        }
        before = ready(aws, request, report).await?;
    }
    if ours(&before) && before.health == Health::Good {
        return Ok(unchanged(aws, request, &before, report).await);
    }
    if let Some(version) = &version {
        read_bundle(aws, request, version, report).await?;
    }
    let mut held = claim(aws, request, &before, report).await?;
    let done = claimed(aws, request, held.as_mut(), report).await;
    if let Some(held) = held {
        held.end(aws, report).await;
    }
    done
}

/// Nobody should move to something that isn't what it was.
async fn read_bundle(
    aws: &Aws,
    request: &Request,
    version: &Version,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let Some(store) = &request.bundle_store else { return Ok(()) };
    let label = &request.label;
    let look = if request.verb == Verb::Rollback { Look::Read } else { Look::Glance };
    let mut tell = |step: download::Event<'_>| report(Event::Reading { label, step });
    let state = match bundle_state(aws, version, store, look, &mut tell).await {
        Err(StoreError::Refused(error)) => return Err(error.into()),
        state => state.map_err(|error| Error::Bucket(Box::new(error)))?,
    };
    let label = label.clone();
    match state {
        BundleState::NoBundle | BundleState::Good => Ok(()),
        BundleState::Rewritten { at } => {
            report(Event::Rewritten { label: &label, at: &at });
            Ok(())
        }
        BundleState::Unseen { source } => {
            report(Event::BundleNotSeen { label: &label, source: &source });
            Ok(())
        }
        BundleState::Gone { at } => Err(Error::BundleGone { label, at }),
        BundleState::Broken { at, source } => Err(Error::BundleBroken { label, at, source: Box::new(source) }),
        BundleState::Other { at, holds } => Err(Error::BundleOther { label, at, holds }),
    }
}

/// An earlier run asked for the same, and was cut off.
async fn join(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Deployed, Error> {
    report(Event::Joining);
    let watch = Watch { mark: before.updated, previous: None, began: true };
    let done = finish(aws, request, before, watch, None, report).await;
    end_left(aws, request, report).await;
    done
}

/// An earlier run may have ended between its success and its last words.
async fn unchanged(aws: &Aws, request: &Request, now: &Environment, report: &mut dyn FnMut(Event<'_>)) -> Deployed {
    if !aws.is_dry_run() {
        remember(aws, request, &request.label, report).await;
        end_left(aws, request, report).await;
    }
    deployed(aws, request, now, None, Outcome::Unchanged)
}

/// Move an environment that nobody else moves.
async fn claimed(
    aws: &Aws,
    request: &Request,
    held: Option<&mut Held>,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Deployed, Error> {
    // Another run may have ended between the first look and the claim.
    let before = found(aws, request).await?;
    let ours = before.label.as_deref() == Some(request.label.as_str());
    match before.status {
        Phase::Ready if ours && before.health == Health::Good => {
            return Ok(unchanged(aws, request, &before, report).await);
        }
        Phase::Ready => {}
        _ if ours => return join(aws, request, &before, report).await,
        _ => return Err(Error::NotReady { environment: request.environment.clone() }),
    }
    remember_before(aws, request, &before, report).await;
    let mark = newest(aws, &before).await?;
    report(Event::Asking { label: &request.label, environment: &before.name });
    if !ask(aws, request, &before, mark).await? {
        if request.wait {
            aws.note_following(&FOLLOW);
            remember(aws, request, &request.label, report).await;
        }
        return Ok(deployed(aws, request, &before, before.label.clone(), Outcome::Started));
    }
    let watch = Watch { mark, previous: before.label.clone(), began: false };
    finish(aws, request, &before, watch, held, report).await
}

/// Ask for the version. `false` in a dry run.
async fn ask(aws: &Aws, request: &Request, before: &Environment, mark: Option<Timestamp>) -> Result<bool, Error> {
    let call = Call::eb("UpdateEnvironment")
        .with("ApplicationName", &request.application)
        .with("EnvironmentId", &before.id)
        .with("VersionLabel", &request.label);
    let update = aws.eb.update_environment().application_name(&request.application).environment_id(&before.id);
    let error = match aws.write(call, update.version_label(&request.label).send()).await {
        Ok(answer) => return Ok(answer.is_some()),
        Err(error) => error,
    };
    if error.may_be_done() {
        let now = match found(aws, request).await {
            Ok(now) => now,
            // Nobody knows whether it was done.
            Err(_) if !error.was_answered() => return Err(lost(request, error)),
            Err(other) => return Err(other),
        };
        let moved = now.status != Phase::Ready || newest(aws, &now).await? > mark;
        if moved && now.label.as_deref() == Some(request.label.as_str()) {
            return Ok(true);
        }
        if now.status != Phase::Ready && error.was_answered() {
            return Err(Error::NotReady { environment: request.environment.clone() });
        }
    }
    Err(error.into())
}

/// Wait until the environment is ready for something new.
async fn ready(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) -> Result<Environment, Error> {
    report(Event::NotReady);
    let mut backoff = Backoff::new(aws, SLOWEST, request.timeout);
    loop {
        let look = environment::find(aws, &request.application, &request.environment).await;
        match backoff.see(aws, look, |error| report(Event::NotSeen(error)))? {
            Some(None) => return Err(Error::no_environment(aws, &request.application, &request.environment)),
            Some(Some(now)) if now.status == Phase::Ready => return Ok(now),
            _ => {}
        }
        if !backoff.wait(aws).await {
            return Err(Error::StillBusy { environment: request.environment.clone(), after: request.timeout });
        }
    }
}

/// From here on something goes on at AWS, whatever becomes of this run.
async fn finish(
    aws: &Aws,
    request: &Request,
    before: &Environment,
    watch: Watch,
    held: Option<&mut Held>,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Deployed, Error> {
    if !request.wait {
        return Ok(deployed(aws, request, before, watch.previous, Outcome::Started));
    }
    match follow(aws, request, before, watch, held, report).await {
        Err(Error::Refused(source)) => Err(lost(request, source)),
        done => done,
    }
}

fn lost(request: &Request, source: ApiError) -> Error {
    let Request { environment, label, .. } = request.clone();
    Error::Lost { environment, label, source }
}
