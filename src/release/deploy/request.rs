//! Request, steps and result of a deployment.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::beanstalk::name::{Application, EnvironmentName};
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::release::bucket::BundleStore;
use crate::release::download;
use crate::release::environment::{Environment, EnvironmentEvent, Health};
use crate::release::operation::Verb;
use crate::release::version::Location;

/// Version to deploy, where, and how long to look at it.
#[derive(Debug, Clone)]
pub struct Request {
    pub application: Application,
    pub environment: EnvironmentName,
    pub label: String,
    pub verb: Verb,
    /// Take the environment from a run that seems to be at work.
    pub take_over: bool,
    /// Wait for an environment that is busy, instead of refusing.
    pub when_ready: bool,
    /// See it through to its end.
    pub wait: bool,
    /// Time that all of it may take.
    pub timeout: Duration,
    /// Time that an environment may take to become healthy after it is ready.
    pub settle: Duration,
    /// Place of the claim and the record of what ran well. `None`: neither.
    pub bundle_store: Option<BundleStore>,
    /// Folder in which runs of this machine leave word of themselves.
    pub runs: Option<PathBuf>,
    /// Look for the step that the instance is at, while it is at it.
    pub steps: bool,
}

/// Environment to look at, and the version that it should come to run.
#[derive(Debug, Clone)]
pub struct WatchRequest {
    pub application: Application,
    pub environment: EnvironmentName,
    /// `None`: the one that its last operation was about.
    pub label: Option<String>,
    pub timeout: Duration,
    pub settle: Duration,
    pub bundle_store: Option<BundleStore>,
    /// Look for the step that the instance is at, while it is at it.
    pub steps: bool,
}

impl WatchRequest {
    /// Look at what a request is about.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            application: request.application.clone(),
            environment: request.environment.clone(),
            label: Some(request.label.clone()),
            timeout: request.timeout,
            settle: request.settle,
            bundle_store: request.bundle_store.clone(),
            steps: request.steps,
        }
    }
}

/// Result of deploying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployed {
    pub application: Application,
    pub environment: EnvironmentName,
    pub label: String,
    /// Version that it ran before; `None` if it did not change, or nobody knows.
    pub previous: Option<String>,
    pub outcome: Outcome,
    pub health: Health,
    pub url: Option<String>,
    pub region: String,
}

/// Good end of a deployment.
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

/// Step of a deployment.
#[derive(Debug)]
pub enum Event<'a> {
    /// The environment is busy with something else.
    NotReady,
    Asking {
        label: &'a str,
        environment: &'a str,
    },
    /// Its bundle is read, to see that it is what was registered.
    Reading {
        label: &'a str,
        step: download::Event<'a>,
    },
    /// These credentials may not look at its bundle.
    BundleNotSeen {
        label: &'a str,
        source: &'a ApiError,
    },
    /// Its bundle was written after it was registered, and nothing tells what it should hold.
    Rewritten {
        label: &'a str,
        at: &'a Location,
    },
    /// A deployment of this version is under way already.
    Joining,
    Happened(&'a EnvironmentEvent),
    /// What the instance is at now, in its own words.
    Step(&'a str),
    /// The lock or the record could not be written; the deployment does not depend on it.
    NotRecorded(&'a ApiError),
    /// A look at the environment failed in passing; the next one will tell.
    NotSeen(&'a ApiError),
    /// Ready with the version; its health is not settled yet.
    Settling {
        health: Health,
    },
}

pub(super) fn deployed(
    aws: &Aws,
    request: &Request,
    now: &Environment,
    previous: Option<String>,
    outcome: Outcome,
) -> Deployed {
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
