//! `rollback`: back to the version that ran well before.

use clap::Args;

use super::aws::{Intent, bundle_store};
use super::deploy;
use super::environment_args::{MoveArgs, request};
use crate::beanstalk::name::EnvironmentName;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{self, DeployRequest, Verb};
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
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoPrevious { .. } => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoPrevious { .. } => Some("name the version; `beansprout versions` lists them".to_owned()),
        }
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
        None => release::rollback_target(&aws, &application, &environment.name, &bundle_store)?
            // The record may be gone with its bucket; the file has what was known when it was captured.
            .or_else(|| environment.description()?.version.as_ref()?.before.clone())
            .ok_or_else(|| Error::NoPrevious { environment: environment.name.clone() })?,
    };
    ui.say(format_args!("rolling `{}` back to `{label}`", environment.name));
    let request = request(&project, target.application.as_deref(), &environment, watch, label)?;
    let request = DeployRequest { verb: Verb::Rollback, when_ready: *when_ready, ..request };
    deploy::run(&aws, "rollback", &request, world, ui)
}
