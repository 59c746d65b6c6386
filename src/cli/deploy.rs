//! `deploy`: an environment is moved to a version, and the truth is told about how that went.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::aws::{Connected, DryRun, Intent};
use super::environment_args::{MoveArgs, request};
use super::{logs, requires};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, DeployEvent, DeployRequest, Deployed, DownloadEvent, Outcome, RunRecord, Verb};
use crate::ui::{Answer, Progress, Ui};
use crate::world::World;

/// Move an environment to a version, and tell how it went
///
/// It succeeded when the environment is ready and healthy with this version on every instance, and reported no error
/// since the request. Exits with 5 if it failed or was rolled back, and with 6 if time ran out and it goes on without us.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout deploy shop-1a2b3c4d5e6f --env shop-prod")]
pub(crate) struct DeployArgs {
    /// The version to deploy
    label: String,
    // Before the options of AWS, which begin a heading of their own.
    /// Ask for the deployment and don't wait for its end
    #[arg(long)]
    no_wait: bool,
    /// Take the environment from another run that seems to move it, whoever that is
    #[arg(long)]
    take_over: bool,
    #[command(flatten)]
    moved: MoveArgs,
}

pub(crate) fn verb(args: &DeployArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let MoveArgs { target, watch, when_ready, dry_run, aws } = &args.moved;
    let environment = target.choose(&project)?;
    let aws = environment.connect(aws, &project, Intent::of(*dry_run), world, ui)?;
    environment.say(ui);
    requires::require(environment.description(), &args.label, &aws, &args.moved.aws, &project, world, ui)?;
    let request = DeployRequest {
        wait: !args.no_wait,
        when_ready: *when_ready,
        take_over: args.take_over,
        ..request(&project, target.application.as_deref(), &environment, watch, args.label.clone())?
    };
    run(&aws, "deploy", &request, world, ui)
}

/// Deploy; from the request on, whoever interrupts is told that it goes on, and how to see its end.
pub(crate) fn watched(
    aws: &Connected,
    request: &DeployRequest,
    world: &World,
    ui: &mut Ui,
) -> Result<Deployed, release::DeployError> {
    let mut guard = None;
    let request = &DeployRequest { steps: ui.is_watched(), ..request.clone() };
    let mut progress = Progress::hidden();
    let deployed = release::deploy(aws, request, &mut |event| {
        match &event {
            DeployEvent::Reading { step: DownloadEvent::Downloading { bytes, .. }, .. } => {
                // Said before there is a bar: a line in between would leave a dead one.
                tell(&event, ui);
                progress = ui.progress("downloading", *bytes);
                return;
            }
            DeployEvent::Reading { step: DownloadEvent::Received { bytes }, .. } => progress.advance(*bytes),
            _ => progress = Progress::hidden(),
        }
        if matches!(event, DeployEvent::Asking { .. } | DeployEvent::Joining) && !aws.is_dry_run() {
            let DeployRequest { environment, label, .. } = request;
            let words =
                format!("what was asked for goes on; `beansprout wait --env {environment} --label {label}` watches it");
            guard = Some(ui.goes_on(world, words));
        }
        match &event {
            DeployEvent::Asking { label, environment } if aws.is_dry_run() => {
                ui.say(format_args!("would deploy `{label}` to `{environment}`"));
            }
            event => tell(event, ui),
        }
    });
    drop(guard);
    if let Err(release::DeployError::Failed { .. }) = &deployed {
        logs::explain(aws, &request.application, &request.environment, ui);
    }
    deployed
}

/// Record of a deployment.
fn on_record(verb: &'static str, request: &DeployRequest) -> RunRecord {
    RunRecord {
        label: Some(request.label.clone()),
        environment: Some(request.environment.clone()),
        ..RunRecord::new(verb, &request.application)
    }
}

/// Deploy, and answer.
pub(crate) fn run(
    aws: &Connected,
    verb: &'static str,
    request: &DeployRequest,
    world: &World,
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let deployed = watched(aws, request, world, ui);
    aws.record(&deployed, on_record(verb, request), ui);
    let deployed = deployed?;
    if request.verb == Verb::Rollback && deployed.outcome == Outcome::Unchanged {
        // Going back twice is going back once; whoever wants more says where to.
        let environment = &request.environment;
        ui.say(format_args!(
            "nothing is to be taken back; `beansprout rollback LABEL --env {environment}` goes to another version"
        ));
    }
    if aws.is_dry_run() {
        ui.answer(&DryRun::of(aws));
    } else {
        ui.answer(&DeployAnswer { deployed });
    }
    Ok(Exit::Done)
}

pub(crate) fn tell(event: &DeployEvent<'_>, ui: &mut Ui) {
    match event {
        DeployEvent::NotReady => ui.say("the environment is busy; waiting until it is ready"),
        DeployEvent::Asking { label, environment } => ui.say(format_args!("deploying `{label}` to `{environment}`")),
        DeployEvent::Reading { label, step: DownloadEvent::Downloading { .. } } => {
            ui.say(format_args!("looking into the bundle of `{label}`"));
        }
        DeployEvent::Reading { .. } => {}
        DeployEvent::BundleNotSeen { label, source } => {
            ui.warn(format_args!("the bundle of `{label}` could not be looked into: {source}"));
        }
        DeployEvent::Rewritten { label, at } => {
            ui.warn(format_args!(
                "`{at}` was written after `{label}` was registered from it; nothing tells what it held"
            ));
        }
        DeployEvent::Joining => ui.say("this version is on its way already; watching it"),
        DeployEvent::NotRecorded(error) => ui.warn(format_args!("going on without claim or record: {error}")),
        DeployEvent::NotSeen(error) => ui.warn(format_args!("looking again: {error}")),
        DeployEvent::Happened(event) => {
            let line = format!("{} {:5} {}", event.time.strftime("%H:%M:%SZ"), event.severity, event.message);
            ui.quote(if event.is_error() { ui.err().red(line) } else { line });
        }
        DeployEvent::Step(step) => ui.quote(ui.err().dim(format!("          on the instance: {step}"))),
        DeployEvent::Settling { health } => {
            ui.say(format_args!("ready; its health is {health}, waiting for it to settle"))
        }
    }
}

#[derive(Serialize)]
pub(crate) struct DeployAnswer {
    #[serde(flatten)]
    pub(crate) deployed: Deployed,
}

impl Answer for DeployAnswer {
    const SCHEMA: &str = "deploy/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for DeployAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deployed { environment, label, previous, outcome, url, .. } = &self.deployed;
        match outcome {
            Outcome::Deployed => write!(f, "`{environment}` runs `{label}`")?,
            Outcome::Unchanged => write!(f, "unchanged: `{environment}` runs `{label}` already")?,
            Outcome::Started => write!(f, "`{environment}` is on its way to `{label}`")?,
        }
        if let Some(previous) = previous {
            write!(f, "\n  before  {previous}")?;
        }
        if let Some(url) = url {
            write!(f, "\n  url     {url}")?;
        }
        Ok(())
    }
}
