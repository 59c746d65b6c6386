//! `versions`: what is registered, newest first.

use std::fmt;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::aws::{AwsArgs, Intent, bundle_store};
use super::commit::Commit;
use super::{eb_cli_settings, lifecycle};
use crate::beanstalk::name::Application;
use crate::fault::{Exit, Failure};
use crate::project::Project;
use crate::release::{self, Overview, Reason};
use crate::ui::{Answer, Ui, bytes, count};
use crate::world::World;

/// List the application's versions, newest first
///
/// With where each of them runs, and what else protects it from `prune`.
#[derive(Debug, Args)]
#[command(after_help = "Example: beansprout versions --sandbox --json", args_conflicts_with_subcommands = true)]
pub(crate) struct VersionsArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Lifecycle(lifecycle::LifecycleArgs),
}

pub(crate) fn verb(args: &VersionsArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    if let Some(Action::Lifecycle(args)) = &args.action {
        return lifecycle::verb(args, world, ui);
    }
    let project = Project::load(world)?;
    let application = eb_cli_settings::application(args.application.as_deref(), &project)?;
    // Looking must not even create the bucket.
    let aws = args.aws.connect(&project, Intent::DryRun, world, ui)?;
    let answer = list(&project, &application, &aws)?;
    if answer.versions.is_empty() {
        none_seen(&aws, ui);
    }
    ui.answer(&answer);
    Ok(Exit::Done)
}

/// For an application that is not there, AWS lists no versions, and does not say that it is not there.
pub(crate) fn none_seen(aws: &release::Aws, ui: &mut Ui) {
    ui.say(format_args!(
        "no version is visible in {}; if there should be some, look at `--application` and `--region`",
        aws.region()
    ));
}

/// The list as an answer. `tour` shows it too.
pub(crate) fn list(
    project: &Project,
    application: &Application,
    aws: &release::Aws,
) -> Result<VersionsAnswer, Failure> {
    let versions = release::overview(aws, application, &bundle_store(project, None), release::KEEP_DEPLOYED)?;
    let rows = versions.into_iter().map(Row::new).collect();
    Ok(VersionsAnswer { application: application.to_owned(), versions: rows })
}

#[derive(Serialize)]
pub(crate) struct VersionsAnswer {
    application: Application,
    versions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    label: String,
    created: Option<jiff::Timestamp>,
    status: release::Status,
    digest: Option<String>,
    commit: Option<String>,
    description: Option<String>,
    bundle: Option<release::Location>,
    bytes: Option<u64>,
    protection: Vec<Reason>,
}

impl Row {
    fn new(overview: Overview) -> Self {
        let Overview { version, bytes, protection } = overview;
        Self {
            digest: version.digest().map(str::to_owned),
            commit: version.description.as_deref().and_then(Commit::of).map(|commit| commit.name.to_owned()),
            label: version.label,
            created: version.created,
            status: version.status,
            description: version.description,
            bundle: version.bundle,
            bytes,
            protection,
        }
    }
}

impl Answer for VersionsAnswer {
    const SCHEMA: &str = "versions/1";

    /// The subjects of commits.
    fn quotes(&self) -> Vec<&str> {
        self.versions.iter().filter_map(|row| row.description.as_deref()).map(str::trim_end).collect()
    }
}

impl fmt::Display for VersionsAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { application, versions } = self;
        write!(f, "{} of `{application}`", count(versions.len(), "version"))?;
        let width = versions.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        for row in versions {
            let created = row.created.map(|time| time.strftime("%Y-%m-%d %H:%MZ").to_string()).unwrap_or_default();
            let description = row.description.as_deref().unwrap_or_default();
            let status = row.status.to_string();
            let size = row.bytes.map(bytes).unwrap_or_default();
            let line = format!("{:width$}  {created:17}  {status:11}  {size:>8}  {description}", row.label);
            write!(f, "\n  {}", line.trim_end())?;
            // Most labels end with it.
            let digest = row.digest.as_deref().map(|digest| &digest[..12]);
            if let Some(digest) = digest.filter(|digest| !row.label.contains(digest)) {
                write!(f, "\n  {:width$}  holds {digest}", "")?;
            }
            for reason in &row.protection {
                write!(f, "\n  {:width$}  {reason}", "")?;
            }
        }
        Ok(())
    }
}
