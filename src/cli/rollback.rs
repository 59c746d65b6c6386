//! `rollback`: back to the version that ran well before.

use clap::Args;

use super::aws::{Intent, shelf};
use super::target::{MoveArgs, request};
use super::{deploy, ebcli};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{self, DeployRequest};
use crate::ui::Ui;
use crate::world::World;

/// Move an environment back to the version that ran well before
///
/// The last version that was deployed there with success and isn't there now, or the one that is named. Its bundle is
/// looked for first.
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
    NoPrevious { environment: String },
    #[error("the bundle of version `{label}` is gone")]
    BundleGone { label: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoPrevious { .. } => Exit::Usage,
            Self::BundleGone { .. } => Exit::Aws,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoPrevious { .. } => Some("name the version; `beansprout versions` lists them".to_owned()),
            Self::BundleGone { .. } => Some(
                "nothing was changed; check out its commit and publish it again, or name another version".to_owned(),
            ),
        }
    }
}

pub(crate) fn verb(args: &RollbackArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let MoveArgs { target, watch, when_ready, dry_run, aws } = &args.moved;
    let aws = aws.connect(&project, Intent::of(*dry_run), world, ui)?;
    let environment = &target.environment;
    let application = ebcli::application(target.application.as_deref(), &project)?;
    let shelf = shelf(&project, None);
    let label = match &args.label {
        Some(label) => label.clone(),
        None => release::previous(&aws, &application, environment, &shelf)?
            .ok_or_else(|| Error::NoPrevious { environment: environment.clone() })?,
    };
    if !release::has_bundle(&aws, &application, &label)? {
        return Err(Error::BundleGone { label }.into());
    }
    ui.say(format_args!("rolling `{environment}` back to `{label}`"));
    let request = DeployRequest { when_ready: *when_ready, ..request(&project, target, watch, label)? };
    deploy::run(&aws, &request, ui)
}
