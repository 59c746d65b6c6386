//! `wait`: see a deployment through that was asked for elsewhere, or that was left alone.

use clap::Args;

use super::aws::{AwsArgs, Intent, bundle_store};
use super::deploy::{DeployAnswer, tell};
use super::environment_args::{EnvironmentArgs, WatchArgs, times};
use super::logs;
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, WatchRequest};
use crate::ui::Ui;
use crate::world::World;

/// Watch a deployment until it has ended, and tell how
///
/// Changes nothing. The exit codes are those of `deploy`.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout wait --env shop-prod --label shop-1a2b3c4d5e6f")]
pub(crate) struct WaitArgs {
    #[command(flatten)]
    target: EnvironmentArgs,
    /// The version that it should come to run [default: the one that its last deployment was about]
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    #[command(flatten)]
    watch: WatchArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

pub(crate) fn verb(args: &WaitArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let environment = args.target.choose(&project)?;
    let aws = environment.connect(&args.aws, &project, Intent::Act, world, ui)?;
    environment.say(ui);
    let application = environment.application(args.target.application.as_deref(), &project)?;
    let (timeout, settle) = times(&environment, &args.watch);
    let request = WatchRequest {
        application,
        label: args.label.clone(),
        timeout,
        settle,
        bundle_store: Some(bundle_store(&project, None)),
        steps: ui.is_watched(),
        environment: environment.name,
    };
    let deployed = release::watch(&aws, &request, &mut |event| tell(&event, ui));
    if let Err(release::DeployError::Failed { .. }) = &deployed {
        logs::explain(&aws, &request.application, &request.environment, ui);
    }
    ui.answer(&DeployAnswer { deployed: deployed? });
    Ok(Exit::Done)
}
