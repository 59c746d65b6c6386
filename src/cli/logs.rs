//! `logs`: why a deployment failed, in the instance's own words.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::aws::{AwsArgs, Connected, Intent};
use super::environment_args::{EnvironmentArgs, choose};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, Absence, DeploymentLog, InstanceLogs, LastLines, LogReading};
use crate::ui::{Answer, Ui, ticked};
use crate::world::World;

/// Show the log of the last deployment, in the instance's words
///
/// Elastic Beanstalk keeps it in its bucket since March 2026. Shows the failed step, or the last lines of a deployment that
/// went well; where there is no such log, the last lines of each instance's logs, which takes up to a minute. Changes
/// nothing; exits with 1 if there is no log to be had.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout logs shop-prod")]
pub(crate) struct LogsArgs {
    /// The environment, as with `--env`
    #[arg(value_name = "NAME", conflicts_with = "environment")]
    name: Option<EnvironmentName>,
    #[command(flatten)]
    target: EnvironmentArgs,
    /// The request of the deployment, as events name it [default: the last deployment]
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Show every line, not the failed step alone
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    aws: AwsArgs,
}

pub(crate) fn verb(args: &LogsArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let named = args.name.as_ref().or(args.target.environment.as_ref());
    let environment = choose("--env", named, &project)?;
    let aws = environment.connect(&args.aws, &project, Intent::Act, world, ui)?;
    environment.say(ui);
    let application = environment.application(args.target.application.as_deref(), &project)?;
    let reading = release::deployment_log(&aws, &application, &environment.name, args.request.as_deref())?;
    let mut answer = LogsAnswer::new(environment.name, &reading, args.all);
    // The logs of now tell nothing of a deployment of another day.
    if let (Some(absence), None) = (answer.absent, &args.request) {
        ui.say(format_args!("no deployment log: {}", absence.phrase()));
        ui.say("asking the instances for the last lines of their logs");
        match release::instance_logs(&aws, &application, &answer.environment) {
            Ok(LastLines { logs, silent, unread }) => {
                if !silent.is_empty() {
                    ui.warn(format_args!(
                        "not every instance sent its logs within a minute: {} did not",
                        ticked(&silent)
                    ));
                }
                if !unread.is_empty() {
                    ui.warn(format_args!("the logs that {} sent could not be fetched from S3", ticked(&unread)));
                }
                (answer.instances, answer.silent, answer.unread) = (logs, silent, unread);
            }
            Err(error) => ui.warn(format_args!("they could not be asked: {error}")),
        }
    }
    ui.answer(&answer);
    Ok(if answer.log.is_some() || !answer.instances.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Say why a deployment failed, below what is said of it. That there is no log is no failure of its own.
pub(crate) fn explain(aws: &Connected, application: &Application, environment: &EnvironmentName, ui: &mut Ui) {
    match release::deployment_log(aws, application, environment, None) {
        Ok(LogReading::Read(log)) if !log.failed_step().is_empty() => {
            ui.say(format_args!("the failed step, in the instance's words:"));
            for line in log.failed_step() {
                ui.quote(format_args!("  | {line}"));
            }
            if let Some(rule) = log.rule() {
                ui.say(format_args!("`beansprout explain {rule}` explains it"));
            }
        }
        // The events have told all that is known.
        Ok(LogReading::Read(_)) => {}
        Ok(LogReading::Absent(absence)) => ui.say(format_args!("no deployment log: {}", absence.phrase())),
        Err(error) => ui.say(format_args!("no deployment log: {error}")),
    }
}

#[derive(Serialize)]
struct LogsAnswer {
    environment: EnvironmentName,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    log: Option<Shown>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<Absence>,
    /// What the instances have instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    instances: Vec<InstanceLogs>,
    /// Those that sent none in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silent: Vec<String>,
    /// Those that sent some which could not be fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    request: String,
    key: String,
    failed: bool,
    /// The rule that explains the failure.
    rule: Option<&'static str>,
    lines: Vec<String>,
}

impl LogsAnswer {
    fn new(environment: EnvironmentName, reading: &LogReading, all: bool) -> Self {
        let (log, absent) = match reading {
            LogReading::Read(log) => (Some(Shown::new(log, all)), None),
            LogReading::Absent(absence) => (None, Some(*absence)),
        };
        Self { environment, log, absent, instances: Vec::new(), silent: Vec::new(), unread: Vec::new() }
    }
}

impl Shown {
    fn new(log: &DeploymentLog, all: bool) -> Self {
        let failed = log.failed_step();
        let lines = match failed {
            _ if all => &log.lines,
            [] => log.end(),
            failed => failed,
        };
        Self {
            request: log.request.clone(),
            key: format!("s3://{}/{}", log.bucket, log.key),
            failed: !failed.is_empty(),
            rule: log.rule(),
            lines: lines.to_vec(),
        }
    }
}

impl Answer for LogsAnswer {
    const SCHEMA: &str = "logs/1";

    fn quotes(&self) -> Vec<&str> {
        let log = self.log.iter().flat_map(|log| &log.lines);
        log.chain(self.instances.iter().flat_map(|logs| &logs.lines)).map(String::as_str).collect()
    }
}

impl fmt::Display for LogsAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Shown { lines, rule, .. }) = &self.log else {
            if !self.instances.is_empty() {
                let shown = |logs: &InstanceLogs| format!("{}:\n{}", logs.instance, logs.lines.join("\n"));
                return f.write_str(&self.instances.iter().map(shown).collect::<Vec<_>>().join("\n"));
            }
            let why = self.absent.map_or("nothing is known of it", Absence::phrase);
            return write!(f, "there is no deployment log of `{}`: {why}", self.environment);
        };
        f.write_str(&lines.join("\n"))?;
        if let Some(rule) = rule {
            write!(f, "\n`beansprout explain {rule}` explains it")?;
        }
        Ok(())
    }
}
