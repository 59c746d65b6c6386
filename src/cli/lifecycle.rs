//! `versions lifecycle`: the rule by which Elastic Beanstalk itself deletes versions.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::aws::{AwsArgs, DryRun, Intent, bundle_store};
use super::eb_cli_settings;
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, Forecast, Lifecycle, LifecycleChange, LifecycleRule, RunRecord};
use crate::ui::{Answer, Ui, count};
use crate::world::World;

/// Show or set the rule by which Elastic Beanstalk itself deletes versions
///
/// The rule works after each new version, under a role of its own, and spares what environments have; it does not know
/// what ran well before, as `prune` does. Without a rule to set, the one that is there is shown. One that is asked for
/// is shown with what it would delete, and set with `--apply`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout versions lifecycle\n  beansprout versions lifecycle --keep 100\n  beansprout versions lifecycle --keep 100 --apply"
)]
pub(crate) struct LifecycleArgs {
    /// Keep so many of the newest versions
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_000_000), group = "rule")]
    keep: Option<u32>,
    /// Keep the versions that are younger
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=100_000), group = "rule")]
    keep_days: Option<u32>,
    /// Delete no versions any more
    #[arg(long, group = "rule", conflicts_with = "delete_bundles")]
    off: bool,
    /// Have the bundles deleted too: nothing brings such a version back
    #[arg(long, requires = "rule")]
    delete_bundles: bool,
    /// The role in whose name the service deletes, by name or ARN [default: the one that is set, or
    /// `aws-elasticbeanstalk-service-role`]
    #[arg(long, value_name = "ROLE", requires = "rule")]
    service_role: Option<String>,
    /// Set the rule, instead of only showing what it would come to
    #[arg(long, requires = "rule")]
    apply: bool,
    /// With `--apply`, print the call that would change something, and don't make it
    #[arg(long, requires = "apply")]
    dry_run: bool,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
}

impl LifecycleArgs {
    fn change(&self) -> Option<LifecycleChange> {
        let delete_bundles = self.delete_bundles;
        let rule = match (self.keep, self.keep_days) {
            (Some(number), _) => Some(LifecycleRule::Keep { number, delete_bundles }),
            (None, Some(days)) => Some(LifecycleRule::KeepDays { days, delete_bundles }),
            (None, None) if self.off => None,
            (None, None) => return None,
        };
        Some(LifecycleChange { rule, service_role: self.service_role.clone() })
    }
}

pub(crate) fn verb(args: &LifecycleArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let application = eb_cli_settings::application(args.application.as_deref(), &project)?;
    let aws = args.aws.connect(&project, Intent::of(args.dry_run || !args.apply), world, ui)?;
    let forecast =
        release::lifecycle_forecast(&aws, &application, &bundle_store(&project, None), args.change().as_ref())?;
    if !args.apply {
        ui.answer(&LifecycleAnswer { forecast, applied: false });
        return Ok(Exit::Done);
    }
    let set = release::set_lifecycle(&aws, &forecast);
    aws.record(&set, RunRecord::new("lifecycle", &application), ui);
    let applied = set?;
    if args.dry_run {
        ui.answer(&DryRun::of(&aws));
    } else {
        ui.answer(&LifecycleAnswer { forecast, applied });
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct LifecycleAnswer {
    #[serde(flatten)]
    forecast: Forecast,
    /// Was it set in this run?
    applied: bool,
}

impl Answer for LifecycleAnswer {
    const SCHEMA: &str = "lifecycle/1";

    fn is_account(&self) -> bool {
        self.applied
    }
}

/// A rule in words.
struct Words<'a>(&'a Lifecycle);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lifecycle { keep, keep_days, delete_bundles, service_role } = self.0;
        let rules = [
            keep.map(|keep| format!("keeps the newest {}", count(keep as usize, "version"))),
            keep_days.map(|days| format!("keeps versions for {}", count(days as usize, "day"))),
        ];
        let rules: Vec<String> = rules.into_iter().flatten().collect();
        if rules.is_empty() {
            return f.write_str("Elastic Beanstalk deletes no versions");
        }
        write!(f, "Elastic Beanstalk {}", rules.join(" and "))?;
        f.write_str(if *delete_bundles { ", and deletes the bundles of the others too" } else { "" })?;
        match service_role {
            Some(role) => write!(f, ", as `{role}`"),
            None => f.write_str(", and has no role to do it: nothing will be deleted"),
        }
    }
}

impl fmt::Display for LifecycleAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Forecast { application, now, asked, departing } = &self.forecast;
        match asked {
            Some(asked) if asked == now || self.applied => write!(f, "`{application}`: {}", Words(asked))?,
            Some(asked) => write!(f, "`{application}` now: {}\nasked for: {}", Words(now), Words(asked))?,
            None => write!(f, "`{application}`: {}", Words(now))?,
        }
        if !departing.is_empty() {
            write!(f, "\nwith the next version, {} will go", count(departing.len(), "version"))?;
        }
        let width = departing.iter().map(|departing| departing.label.chars().count()).max().unwrap_or(0);
        for departing in departing {
            let created = departing.created.map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            let reasons: Vec<String> = departing.protection.iter().map(ToString::to_string).collect();
            let reasons =
                if reasons.is_empty() { String::new() } else { format!("although it {}", reasons.join(", ")) };
            let line = format!("  {:width$}  {created:10}  {reasons}", departing.label);
            write!(f, "\n{}", line.trim_end())?;
        }
        match asked {
            Some(asked) if asked == now => f.write_str("\nunchanged"),
            Some(_) if !self.applied => f.write_str("\nnothing was changed; `--apply` sets it"),
            _ => Ok(()),
        }
    }
}
