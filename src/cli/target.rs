//! The options of the verbs that are about one environment.

use std::time::Duration;

use clap::Args;

use super::aws::{AwsArgs, shelf};
use super::ebcli;
use crate::fault::Failure;
use crate::project::Project;
use crate::release::DeployRequest;

/// Which environment.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The environment
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) environment: String,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Option<String>,
}

/// How long to look.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Stop watching after this long
    #[arg(long, value_name = "SECONDS", default_value_t = Self::default().timeout)]
    pub(crate) timeout: u64,
    /// Let a ready environment take this long to become healthy
    #[arg(long, value_name = "SECONDS", default_value_t = Self::default().settle)]
    pub(crate) settle: u64,
}

impl Default for WatchArgs {
    /// A rolling deployment over several batches takes this long; health follows within a few reports.
    fn default() -> Self {
        Self { timeout: 1800, settle: 180 }
    }
}

/// How an environment is moved to another version.
#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    /// If the environment is busy, wait until it is ready instead of refusing
    #[arg(long)]
    pub(crate) when_ready: bool,
    /// Print the calls that would change something, and make none of them
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) aws: AwsArgs,
}

/// A request that waits, for an environment that is ready.
pub(crate) fn request(
    project: &Project,
    target: &Target,
    watch: &WatchArgs,
    label: String,
) -> Result<DeployRequest, Failure> {
    Ok(DeployRequest {
        application: ebcli::application(target.application.as_deref(), project)?,
        environment: target.environment.clone(),
        label,
        when_ready: false,
        wait: true,
        timeout: Duration::from_secs(watch.timeout),
        settle: Duration::from_secs(watch.settle),
        shelf: Some(shelf(project, None)),
    })
}
