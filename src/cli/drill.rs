//! `drill`: the loss of everything, rehearsed.

mod answer;
mod elsewhere;
mod end;
mod here;
mod look;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use self::end::EndArgs;
use super::aws::AwsArgs;
use super::environments::Environments;
use super::launch::properties::property;
use crate::environment;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::sandbox::Speed;
use crate::ui::Ui;
use crate::world::World;

/// Rehearse the loss of everything
///
/// Without a flag: on an embedded AWS of its own. Everything that is described is launched, captured and compared; then only the
/// buckets are carried into a second, empty one, as a deletion leaves them, and everything is launched again. It costs nothing,
/// and belongs into every night. `--check` asks AWS what a rebuild would meet, and changes nothing. `--aws` really rebuilds,
/// under other names, and costs money. Exits with 1 if a rebuild would not give what is described.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  beansprout drill\n  beansprout drill --check --json\n  beansprout drill --aws\n  beansprout drill end"
)]
pub(crate) struct DrillArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Ask AWS what a rebuild would meet: rights, names, quotas, bundles, options. Reads only
    #[arg(long, conflicts_with = "on_aws")]
    check: bool,
    /// Rebuild on AWS, under other names
    #[arg(long = "aws")]
    on_aws: bool,
    /// With `--aws`: do it
    #[arg(long, requires = "on_aws")]
    apply: bool,
    /// With `--aws`: the drill's id, to go on with one that was interrupted
    #[arg(long, value_name = "ID", requires = "on_aws", value_parser = id)]
    id: Option<String>,
    /// With `--aws`: although files of the version name accounts, buckets or ARNs
    #[arg(long, requires = "on_aws")]
    shared_resources: bool,
    /// With `--aws`: a property that `[deploy] drill` asks for; may be given more than once
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = property, requires = "on_aws")]
    properties: Vec<(String, String)>,
    /// On the embedded AWS: really start the versions on this machine
    #[arg(long, conflicts_with_all = ["check", "on_aws"])]
    run: bool,
    /// On the embedded AWS: how long transitions take, as on AWS or no time at all
    #[arg(long, value_name = "SPEED", default_value = "instant", value_parser = speed(), conflicts_with_all = ["check", "on_aws"])]
    speed: Speed,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print how to end rehearsals on AWS, and exit with 1 while one lives
    End(EndArgs),
}

/// Nobody is there to step a rehearsal on.
fn speed() -> impl TypedValueParser<Value = Speed> {
    PossibleValuesParser::new(["real", "instant"]).map(|word| if word == "real" { Speed::Real } else { Speed::Instant })
}

/// Letters and digits, few enough that names of environments stay short.
fn id(text: &str) -> Result<String, String> {
    let plain =
        (2..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    match plain && !text.contains("prod") {
        true => Ok(text.to_owned()),
        false => Err("an id has 2 to 12 small letters and digits, without `prod`".to_owned()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a rehearsal without `--check` or `--aws` is on an embedded AWS of its own, and `{0}` is about another")]
struct NotThere(&'static str);

impl Fault for NotThere {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("leave it out, or say how deep the rehearsal goes".to_owned())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("nothing is described in `{}`, so nothing can be rehearsed", environment::FOLDER)]
struct Nothing;

impl Fault for Nothing {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some("`beansprout capture` writes what lives into files".to_owned())
    }
}

pub(crate) fn verb(args: &DrillArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    if let Some(Action::End(end)) = &args.action {
        return end::verb(end, &project, world, ui);
    }
    if !args.check
        && !args.on_aws
        && let Some(flag) = args.aws.leading()
    {
        return Err(NotThere(flag).into());
    }
    let environments = Environments::load(&project)?;
    if environments.all().is_empty() {
        return Err(Nothing.into());
    }
    if args.on_aws {
        return elsewhere::rebuild(args, &environments, &project, world, ui);
    }
    let answer = match args.check {
        true => look::look(args, &environments, &project, world, ui)?,
        false => here::rehearse(args, &environments, &project, world, ui)?,
    };
    environments.note(&answer.line(world))?;
    ui.answer(&answer);
    Ok(answer.exit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_never_production() {
        assert!(id("a1b2c3").is_ok());
        for text in ["", "a", "A1", "reprod", "0123456789012"] {
            assert!(id(text).is_err(), "{text}");
        }
    }
}
