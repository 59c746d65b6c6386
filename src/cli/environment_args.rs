//! Options of the verbs that are about one environment: which it is, and how long to look at it.

mod choice;

use std::time::Duration;

use clap::Args;

pub(crate) use self::choice::{ChosenEnvironment, choose};
use super::aws::{AwsArgs, Connected, Intent, Place, bundle_store};
use super::eb_cli_settings;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment::{self, Description};
use crate::fault::{Exit, Failure, Fault};
use crate::project::{EnvironmentSection, Project};
use crate::release::{DeployRequest, Verb};
use crate::ui::Ui;
use crate::world::World;

/// Environment that is meant.
#[derive(Debug, Args)]
pub(crate) struct EnvironmentArgs {
    /// The environment [default: that of the git branch in `environments/`, `[environments]`, or the EB CLI's settings]
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) environment: Option<EnvironmentName>,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Option<String>,
}

/// Time to look.
#[derive(Debug, Default, Args)]
pub(crate) struct WatchArgs {
    /// Stop watching after this long [default: `timeout` of the environment, or 1800]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Let a ready environment take this long to become healthy [default: `settle` of the environment, or 180]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) settle: Option<u64>,
}

/// Options of moving an environment to another version.
#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    #[command(flatten)]
    pub(crate) target: EnvironmentArgs,
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

impl EnvironmentArgs {
    /// The environment that is meant.
    pub(crate) fn choose(&self, project: &Project) -> Result<ChosenEnvironment, Failure> {
        choose("--env", self.environment.as_ref(), project)
    }
}

impl ChosenEnvironment {
    /// Its file, if it has one.
    pub(crate) fn description(&self) -> Option<&Description> {
        self.described.as_ref()
    }

    /// Connect to where it is, in an account that it belongs to.
    pub(crate) fn connect(
        &self,
        aws: &AwsArgs,
        project: &Project,
        intent: Intent,
        world: &World,
        ui: &mut Ui,
    ) -> Result<Connected, Failure> {
        let place = self.described.as_ref().map(Place::of).unwrap_or_default();
        let connected = aws.connect_to(project, &place, intent, world, ui)?;
        belongs(self.described.as_ref(), &connected)?;
        Ok(connected)
    }

    /// Its application: as the flag says, or its file, or the project.
    pub(crate) fn application(
        &self,
        flag: Option<&str>,
        project: &Project,
    ) -> Result<Application, eb_cli_settings::Error> {
        let described = self.described.as_ref().and_then(|described| described.application.as_deref());
        eb_cli_settings::application(flag.or(described), project)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{name}` belongs to account {described}, and these credentials are of {caller}")]
struct OtherAccount {
    name: String,
    described: String,
    caller: String,
}

impl Fault for OtherAccount {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        Some(format!("use that account's `--profile`, or correct `account` in `{}`", environment::path(&self.name)))
    }
}

/// An environment is not acted upon with the credentials of another account than its file says.
pub(crate) fn belongs(described: Option<&Description>, connected: &Connected) -> Result<(), Failure> {
    let Some(description) = described else { return Ok(()) };
    match (&description.account, connected.account()) {
        (Some(described), Some(caller)) if described != caller => {
            let (described, caller) = (described.clone(), caller.to_owned());
            Err(OtherAccount { name: description.name.clone(), described, caller }.into())
        }
        _ => Ok(()),
    }
}

/// Where an environment is that is not where `connected` leads.
pub(crate) fn elsewhere(description: &Description, connected: &Connected) -> String {
    match (&description.region, &description.account) {
        (Some(region), _) if region != connected.region() => region.clone(),
        (_, Some(account)) => format!("account {account}"),
        (_, None) => "another place".to_owned(),
    }
}

/// Name what is described for other places than this one.
pub(crate) fn say_left(left: &[&Description], connected: &Connected, ui: &mut Ui) {
    if left.is_empty() {
        return;
    }
    let names: Vec<String> = left
        .iter()
        .map(|description| format!("`{}` ({})", description.name, elsewhere(description, connected)))
        .collect();
    ui.say(format_args!("left, because they belong to another account or region: {}", names.join(", ")));
}

#[derive(Debug, thiserror::Error)]
#[error("`{one}` is in {here}, and `{other}` in {there}")]
struct Apart {
    one: String,
    here: String,
    other: String,
    there: String,
}

impl Fault for Apart {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        Some("one command is about one region: name those of one".to_owned())
    }
}

/// The place of the first, where no other names another region.
pub(crate) fn one_place(described: &[&Description]) -> Result<Place, Failure> {
    let mut regions = described.iter().filter_map(|description| Some((description, description.region.as_ref()?)));
    if let Some((one, here)) = regions.next()
        && let Some((other, there)) = regions.find(|(_, region)| *region != here)
    {
        let (one, here, other, there) = (one.name.clone(), here.clone(), other.name.clone(), there.clone());
        return Err(Apart { one, here, other, there }.into());
    }
    Ok(described.first().map(|description| Place::of(description)).unwrap_or_default())
}

/// How long to look: flags first, then what the environment has, then defaults.
pub(crate) fn times(environment: &ChosenEnvironment, watch: &WatchArgs) -> (Duration, Duration) {
    let EnvironmentSection { timeout, settle, .. } = environment.section;
    environment::times(watch.timeout.or(timeout), watch.settle.or(settle))
}

/// A request that waits, for an environment that is ready.
pub(crate) fn request(
    project: &Project,
    application: Option<&str>,
    environment: &ChosenEnvironment,
    watch: &WatchArgs,
    label: String,
) -> Result<DeployRequest, Failure> {
    let (timeout, settle) = times(environment, watch);
    Ok(DeployRequest {
        application: environment.application(application, project)?,
        environment: environment.name.clone(),
        label,
        verb: Verb::Deploy,
        take_over: false,
        when_ready: false,
        wait: true,
        timeout,
        settle,
        bundle_store: Some(bundle_store(project, None)),
        runs: Some(project.state()?.folder("operations")?),
        steps: false,
    })
}
