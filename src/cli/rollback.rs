//! `rollback`: back to the version that ran well before.

use clap::Args;

use super::aws::{Connected, Intent, bundle_store};
use super::deploy;
use super::environment_args::{MoveArgs, request};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::bundle::{OpenError, TreeDigest};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{self, BundleState, BundleStore, DeployRequest, DownloadEvent, Location, Verb};
use crate::ui::{Progress, Ui};
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
    #[error("the bundle of version `{label}` is gone: `{at}` is not there")]
    BundleGone { label: String, at: Location },
    #[error("the bundle of version `{label}` cannot be read: `{at}`")]
    BundleBroken { label: String, at: Location, source: OpenError },
    #[error("the bundle of version `{label}` holds another tree than it is named after: `{at}` holds {holds}")]
    BundleOther { label: String, at: Location, holds: TreeDigest },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoPrevious { .. } => Exit::Findings,
            Self::BundleGone { .. } | Self::BundleBroken { .. } => Exit::Invalid,
            Self::BundleOther { .. } => Exit::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoPrevious { .. } => Some("name the version; `beansprout versions` lists them".to_owned()),
            Self::BundleGone { .. } | Self::BundleBroken { .. } | Self::BundleOther { .. } => Some(
                "nothing was changed; check out its commit and publish it again, or name another version".to_owned(),
            ),
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
            .ok_or_else(|| Error::NoPrevious { environment: environment.name.clone() })?,
    };
    verify(&aws, &application, &label, &bundle_store, ui)?;
    ui.say(format_args!("rolling `{}` back to `{label}`", environment.name));
    let request = request(&project, target.application.as_deref(), &environment, watch, label)?;
    let request = DeployRequest { verb: Verb::Rollback, when_ready: *when_ready, ..request };
    deploy::run(&aws, "rollback", &request, world, ui)
}

/// Nobody should go back to something that can't be deployed, or isn't what it was.
fn verify(
    aws: &Connected,
    application: &Application,
    label: &str,
    bundle_store: &BundleStore,
    ui: &mut Ui,
) -> Result<(), Failure> {
    let mut progress = Progress::hidden();
    let condition = release::bundle_state(aws, application, label, bundle_store, &mut |event| match event {
        DownloadEvent::Downloading { bytes, .. } => {
            ui.say(format_args!("looking into the bundle of `{label}`"));
            progress = ui.progress("downloading", bytes);
        }
        DownloadEvent::Received { bytes } => progress.advance(bytes),
    })?;
    drop(progress);
    let label = label.to_owned();
    match condition {
        BundleState::NoBundle | BundleState::Good => Ok(()),
        BundleState::Unseen { source } => {
            ui.warn(format_args!("the bundle of `{label}` could not be looked into: {source}"));
            Ok(())
        }
        BundleState::Gone { at } => Err(Error::BundleGone { label, at }.into()),
        BundleState::Broken { at, source } => Err(Error::BundleBroken { label, at, source }.into()),
        BundleState::Other { at, holds } => Err(Error::BundleOther { label, at, holds }.into()),
    }
}
