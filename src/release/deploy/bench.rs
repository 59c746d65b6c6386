//! The bucket's part in a deployment: the lock while it lasts, and the record of how it ended.

use std::time::Duration;

use super::{Error, Event, Request};
use crate::release::aws::Aws;
use crate::release::call::Refusal;
use crate::release::environment;
use crate::release::history::{self, Success};
use crate::release::lock::{self, Lock};
use crate::release::store::{Shelf, Store};

/// The bucket's part in a deployment.
pub(super) struct Bench {
    store: Store,
    lock: Lock,
}

impl Bench {
    /// Give the lock back.
    pub(super) async fn leave(self, aws: &Aws, tell: &mut dyn FnMut(Event<'_>)) {
        if let Err(refusal) = patiently(async || self.lock.release(aws, &self.store).await).await {
            tell(Event::NotRecorded(&refusal));
        }
    }
}

/// See that nobody else deploys to the environment. Without the right to lock, go on without.
pub(super) async fn bench(
    aws: &Aws,
    request: &Request,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Bench>, Error> {
    let Some(shelf) = &request.shelf else { return Ok(None) };
    let key = shelf.lock(&request.application, &request.environment);
    let locked = async {
        let store = shelf.open(aws).await?;
        let taken = lock::take(aws, &store, key, &request.label, request.timeout).await?;
        Ok::<_, Refusal>((store, taken))
    };
    match locked.await {
        Ok((store, Ok(lock))) => Ok(Some(Bench { store, lock })),
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
pub(super) async fn remember(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) {
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
pub(super) async fn unlock(aws: &Aws, request: &Request, tell: &mut dyn FnMut(Event<'_>)) {
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
