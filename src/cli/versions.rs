//! `versions`: what is registered, newest first.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::aws::{AwsArgs, Intent};
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, Version};
use crate::ui::{Answer, Ui, count};
use crate::world::World;

/// List the application's versions, newest first
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout versions --sandbox --json")]
pub(crate) struct VersionsArgs {
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
}

pub(crate) fn verb(args: &VersionsArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let application = args.application.clone().unwrap_or_else(|| project.application());
    let aws = args.aws.connect(&project, Intent::Act, world, ui)?;
    ui.answer(&list(&application, &aws)?);
    Ok(Exit::Done)
}

/// The list as an answer. `tour` shows it too.
pub(crate) fn list(application: &str, aws: &release::Aws) -> Result<VersionsAnswer, Failure> {
    let versions = release::versions(aws, application)?;
    let rows = versions.into_iter().map(Row::new).collect();
    Ok(VersionsAnswer { application: application.to_owned(), versions: rows })
}

#[derive(Serialize)]
pub(crate) struct VersionsAnswer {
    application: String,
    versions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    label: String,
    created: Option<jiff::Timestamp>,
    status: release::Status,
    digest: Option<String>,
    description: Option<String>,
    bundle: Option<release::Location>,
}

impl Row {
    fn new(version: Version) -> Self {
        Self {
            digest: version.digest().map(str::to_owned),
            label: version.label,
            created: version.created,
            status: version.status,
            description: version.description,
            bundle: version.bundle,
        }
    }
}

impl Answer for VersionsAnswer {
    const SCHEMA: &str = "versions/1";
}

impl fmt::Display for VersionsAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { application, versions } = self;
        write!(f, "{} of `{application}`", count(versions.len(), "version"))?;
        let width = versions.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        for row in versions {
            let created = row.created.map(|time| time.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
            let description = row.description.as_deref().unwrap_or_default();
            let status = row.status.to_string();
            let line = format!("{:width$}  {created:16}  {status:11}  {description}", row.label);
            write!(f, "\n  {}", line.trim_end())?;
        }
        Ok(())
    }
}
