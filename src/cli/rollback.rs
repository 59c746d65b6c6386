//! `rollback`: back to the version that ran well before.

use clap::Args;

use super::aws::{Intent, bundle_store};
use super::deploy;
use super::environment_args::{MoveArgs, request};
use crate::beanstalk::name::EnvironmentName;
use crate::environment;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{self, DeployRequest, Verb, WayBack};
use crate::ui::Ui;
use crate::world::World;

/// Move an environment back to the version that ran well before
///
/// What it had before the last deployment if that ran well, or else the last version that did, or the one that is named.
/// Going back twice is going back once. The bundle is looked for first.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout rollback --env shop-prod")]
pub(crate) struct RollbackArgs {
    /// Go back to this version instead of the last that ran well
    label: Option<String>,
    #[command(flatten)]
    moved: MoveArgs,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("nothing is known to have run well in `{environment}` before")]
    NoPrevious { environment: EnvironmentName },
    #[error(
        "nothing is known to have run well in `{environment}` before `{current}`: its file was captured while `{label}` ran"
    )]
    OldCapture { environment: EnvironmentName, label: String, before: String, current: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoPrevious { .. } | Self::OldCapture { .. } => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoPrevious { .. } => Some("name the version; `beansprout versions` lists them".to_owned()),
            Self::OldCapture { label, before, environment, .. } => Some(format!(
                "before that, `{before}` did; name one: `beansprout rollback {label} --env {environment}`, for instance"
            )),
        }
    }
}

/// Where to go back to, if the environment's file says otherwise than the record and the events of the environment. The record may
/// be gone with its bucket; the file has what was known when it was captured.
fn weigh(
    known: Option<String>,
    captured: &environment::Release,
    current: Option<&str>,
    name: &EnvironmentName,
    ui: &mut Ui,
) -> Result<String, Error> {
    let path = environment::path(name);
    let before = captured.before_from(current);
    match (known, before) {
        (Some(known), Some(before)) => {
            ui.say(format_args!(
                "`{path}` has `{before}` as the version before, and what is recorded says `{known}`, which counts"
            ));
            Ok(known)
        }
        (Some(known), None) => Ok(known),
        (None, Some(before)) => {
            ui.say(format_args!("`{path}` has `{before}` as the version before; nothing else tells"));
            Ok(before.to_owned())
        }
        (None, None) => Err(Error::OldCapture {
            environment: name.clone(),
            label: captured.label.clone(),
            before: captured.before.clone().unwrap_or_default(),
            current: current.unwrap_or("no version").to_owned(),
        }),
    }
}

pub(crate) fn verb(args: &RollbackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let MoveArgs { target, watch, when_ready, dry_run, aws } = &args.moved;
    let environment = target.choose(&project)?;
    let aws = environment.connect(aws, &project, Intent::of(*dry_run), world, ui)?;
    environment.say(ui);
    let application = environment.application(target.application.as_deref(), &project)?;
    let bundle_store = bundle_store(&project, None);
    let label = match &args.label {
        Some(label) => label.clone(),
        None => {
            let WayBack { current, target: known } =
                release::way_back(&aws, &application, &environment.name, &bundle_store)?;
            let captured = environment.description().and_then(|description| description.version.as_ref());
            match captured.filter(|captured| captured.before.is_some() && captured.before != known) {
                None => known.ok_or_else(|| Error::NoPrevious { environment: environment.name.clone() })?,
                Some(captured) => weigh(known, captured, current.as_deref(), &environment.name, ui)?,
            }
        }
    };
    let rolling = if *dry_run { "would roll" } else { "rolling" };
    ui.say(format_args!("{rolling} `{}` back to `{label}`", environment.name));
    let request = request(&project, target.application.as_deref(), &environment, watch, label)?;
    let request = DeployRequest { verb: Verb::Rollback, when_ready: *when_ready, ..request };
    deploy::run(&aws, "rollback", &request, world, ui)
}
