//! The bucket's part in a deployment: the lock while it lasts, and the record of how it ended.

use std::time::Duration;

use super::failure::Error;
use super::request::{Event, Request};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::bucket::{BundleBucket, BundleStore};
use crate::release::environment;
use crate::release::history::{self, Success};
use crate::release::lock::{self, Lock, Taking};

/// The bucket's part in a deployment.
pub(super) struct Bench {
    bucket: BundleBucket,
    lock: Lock,
}

impl Bench {
    /// Give the lock back.
    pub(super) async fn leave(self, aws: &Aws, report: &mut dyn FnMut(Event<'_>)) {
        if let Err(error) = patiently(async || self.lock.release(aws, &self.bucket).await).await {
            report(Event::NotRecorded(&error));
        }
    }
}

/// See that nobody else deploys to the environment. Without the right to lock, go on without.
pub(super) async fn bench(
    aws: &Aws,
    request: &Request,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Bench>, Error> {
    let Some(bundle_store) = &request.bundle_store else { return Ok(None) };
    let key = bundle_store.lock(&request.application, &request.environment);
    let locked = async {
        let bucket = bundle_store.open(aws).await?;
        let taken = lock::take(aws, &bucket, key, &request.label, request.timeout).await?;
        Ok::<_, ApiError>((bucket, taken))
    };
    match locked.await {
        Ok((bucket, Taking::Taken(lock))) => Ok(Some(Bench { bucket, lock })),
        Ok((_, Taking::HeldBy(holder))) => {
            Err(Error::Locked { environment: request.environment.clone(), holder: Box::new(holder) })
        }
        Err(error) if error.was_answered() && !error.is_about_credentials() => {
            report(Event::NotRecorded(&error));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Remember that this environment runs this version well, unless that is known.
pub(super) async fn remember(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) {
    let Some(bundle_store) = &request.bundle_store else { return };
    let folder = bundle_store.folder(&request.application, "deployments");
    let success = Success {
        environment: request.environment.clone(),
        label: request.label.clone(),
        time: aws.now(),
        caller: aws.caller().arn.clone(),
    };
    let written = patiently(async || {
        let bucket = bundle_store.open(aws).await?;
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

/// Take back a lock that an earlier run of this very command left behind.
pub(super) async fn unlock(aws: &Aws, request: &Request, report: &mut dyn FnMut(Event<'_>)) {
    let Some(bundle_store) = &request.bundle_store else { return };
    let key = bundle_store.lock(&request.application, &request.environment);
    let done = patiently(async || lock::forget(aws, &bundle_store.open(aws).await?, &key, &request.label).await);
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

/// The version that an environment ran well before the one that it has: what a rollback goes to.
pub fn previous(
    aws: &Aws,
    application: &Application,
    environment: &EnvironmentName,
    bundle_store: &BundleStore,
) -> Result<Option<String>, Error> {
    aws.block_on(async {
        let current = environment::find(aws, application, environment).await?.and_then(|found| found.label);
        let folder = bundle_store.folder(application, "deployments");
        let mut ran = history::recall(aws, &bundle_store.open(aws).await?, &folder).await?;
        ran.retain(|success| success.environment == *environment && Some(&success.label) != current.as_ref());
        Ok(ran.pop().map(|success| success.label))
    })
}
