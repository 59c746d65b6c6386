//! `publish`: package, upload, register.

mod telling;
mod undo;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

pub(crate) use self::telling::Telling;
use super::aws::{AwsArgs, Connected, DryRun, Intent, bundle_store};
use super::commit::{Commit, State};
use super::deploy::DeployAnswer;
use super::environment_args::{ChosenEnvironment, WatchArgs};
use super::gate::{self, Checked};
use super::git::subject;
use super::package::{self, Built};
use super::release_file::Outputs;
use super::{eb_cli_settings, environment_args, requires};
use crate::beanstalk::name::{EnvironmentName, Label};
use crate::bundle::{Plan, Source, keep_published};
use crate::fault::{Exit, Failure};
use crate::project::{OnFindings, Project};
use crate::release::{
    self, BundleFile, BundleStore, DeployRequest, Deployed, Named, PublishEvent, PublishRequest, Published, RunRecord,
};
use crate::ui::{Answer, Ui, bytes};
use crate::world::World;

/// Package, upload and register an application version
///
/// The label and the object's key come from the content. Publishing the same content again changes nothing and sends
/// nothing; the same label with other content is an error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  beansprout publish --sandbox\n  beansprout publish --tag team=web --json")]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    options: Options,
    /// Deploy the version afterwards, to this environment or to that of the git branch
    #[arg(long, value_name = "ENV", num_args = 0..=1)]
    deploy: Option<Option<EnvironmentName>>,
    /// See the deployment through to its end, and tell how it ended: that is the default
    #[arg(long, requires = "deploy", conflicts_with = "no_wait")]
    wait: bool,
    /// Ask for the deployment and don't wait for its end
    #[arg(long, requires = "deploy")]
    no_wait: bool,
    /// Don't look for what `check` would find before anything is sent
    #[arg(long)]
    no_check: bool,
    /// Write what the release is to FILE, for `promote`
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    release: Option<PathBuf>,
    /// Write an in-toto statement about the bundle to FILE, for whoever signs it
    #[arg(long, value_name = "FILE", requires = "release")]
    statement: Option<PathBuf>,
    /// Bring back the versions that `prune` recorded in FILE, and publish nothing else; takes several files
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["deploy", "release", "no_check", "label", "message", "tags", "create_application", "kms_key", "whole", "no_process", "timeout", "application"])]
    undo: Vec<PathBuf>,
    /// Print the calls that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Options for the version and its bundle.
#[derive(Debug, Args)]
struct Options {
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// Create the application if it is not there
    #[arg(long)]
    create_application: bool,
    /// Call the version this instead of `<name>-<digest>`
    #[arg(long, value_name = "LABEL", value_parser = Label::new)]
    label: Option<Label>,
    /// Describe the version [default: the subject and name of the commit]
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Tag the version; may be given more than once
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Keep the bundle in this bucket [default: `bucket` in `[release]`, or the one of Elastic Beanstalk]
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Encrypt the bundle with this KMS key: its id, ARN or `alias/NAME` [default: `kms_key` in `[release]`, or as the
    /// bucket does]
    #[arg(long, value_name = "KEY")]
    kms_key: Option<String>,
    /// Send the whole bundle, and copy nothing from older ones inside S3 [default: unless `delta = false` in `[release]`,
    /// what a registered bundle has already is copied]
    #[arg(long)]
    whole: bool,
    /// Register without having Elastic Beanstalk look into the bundle
    #[arg(long)]
    no_process: bool,
    /// Wait this long for Elastic Beanstalk to process the version; how long a deployment may take, the environment says
    /// (`timeout` and `settle`)
    #[arg(long, value_name = "SECONDS", default_value_t = PROCESSING)]
    timeout: u64,
}

/// Real versions are processed in seconds; a queue at AWS may take minutes.
const PROCESSING: u64 = 300;

impl Default for Options {
    fn default() -> Self {
        Self {
            application: None,
            create_application: false,
            label: None,
            message: None,
            tags: Vec::new(),
            bucket: None,
            kms_key: None,
            whole: false,
            no_process: false,
            timeout: PROCESSING,
        }
    }
}

pub(crate) fn verb(args: &PublishArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    if !args.undo.is_empty() {
        return undo::undo(args, &project, world, ui);
    }
    // A missing name is told before anything is packed.
    let environment =
        args.deploy.as_ref().map(|name| environment_args::choose("--deploy", name.as_ref(), &project)).transpose()?;
    let on_findings = if args.no_check { OnFindings::Off } else { project.config.release.check };
    let (mut checked, mut looked) = (None, false);
    let outputs = Outputs::new(args.release.as_deref(), args.statement.as_deref(), world);
    let mut gate = |plan: &Plan, ui: &mut Ui| {
        looked = true;
        outputs.refuse(Some(plan), &project, world)?;
        checked = gate::pass(on_findings, &project, plan, ui)?;
        Ok(())
    };
    let built = package::build_past(&mut gate, &project, world, ui)?;
    if !looked {
        // An archive that others have made passes no gate.
        outputs.refuse(None, &project, world)?;
    }
    let as_committed = built.checkout.as_ref().map(|checkout| checkout.changes == 0);
    eb_cli_settings::warn(&project, as_committed, ui)?;
    let intent = Intent::of(args.dry_run);
    let aws = match &environment {
        Some(environment) => environment.connect(&args.aws, &project, intent, world, ui)?,
        None => args.aws.connect(&project, intent, world, ui)?,
    };
    if let Some(environment) = &environment {
        environment.say(ui);
    }
    let request = request(&args.options, &project, &built, aws.sandbox)?;
    let description = environment.as_ref().and_then(ChosenEnvironment::description);
    requires::require(description, &request.label, &aws, &args.aws, &project, world, ui)?;
    let run = RunRecord {
        label: Some(request.label.clone()),
        digest: Some(request.bundle_file.digest),
        environment: environment.as_ref().map(|chosen| chosen.name.clone()),
        ..RunRecord::new("publish", &request.application)
    };
    let published = send(&aws, request, world, ui);
    let at = world.now();
    if published.is_ok() && !args.dry_run {
        keep(&built.bundle.path, ui);
    }
    let deployment = match (&published, &environment) {
        (Ok(published), Some(environment)) => Some(deploy(args, &aws, &project, published, environment, world, ui)),
        _ => None,
    };
    let done = published.and_then(|published| Ok((published, deployment.transpose()?)));
    aws.record(&done.as_ref().map_err(|failure| failure.chain().next().unwrap_or_default()), run, ui);
    let (published, deployment) = done?;
    outputs.write(&project, &built, (&published, at), deployment.as_ref(), checked, world)?;
    if args.dry_run {
        ui.answer(&DryRun::of(&aws));
    } else {
        ui.answer(&PublishAnswer { published, deployment, check: checked });
    }
    Ok(Exit::Done)
}

fn deploy(
    args: &PublishArgs,
    aws: &Connected,
    project: &Project,
    published: &Published,
    environment: &ChosenEnvironment,
    world: &World,
    ui: &mut Ui,
) -> Result<Deployed, Failure> {
    let application = args.options.application.as_deref();
    let label = published.label.clone();
    let request = environment_args::request(project, application, environment, &WatchArgs::default(), label)?;
    let request = DeployRequest { wait: args.wait || !args.no_wait, ..request };
    Ok(super::deploy::watched(aws, &request, world, ui)?)
}

/// Publish a bundle as the project says, with no options.
pub(crate) fn publish(
    project: &Project,
    built: &Built,
    aws: &Connected,
    world: &World,
    ui: &mut Ui,
) -> Result<Published, Failure> {
    send(aws, request(&Options::default(), project, built, aws.sandbox)?, world, ui)
}

/// The request for a bundle as the project says, for whoever makes the application too.
pub(crate) fn as_it_is(project: &Project, built: &Built) -> Result<PublishRequest, Failure> {
    request(&Options::default(), project, built, true)
}

/// Flags first, then the project's own words, then defaults.
fn request(options: &Options, project: &Project, built: &Built, sandbox: bool) -> Result<PublishRequest, Failure> {
    let bundle = &built.bundle;
    let release = &project.config.release;
    let application = eb_cli_settings::application(options.application.as_deref(), project)?;
    let mut tags = release.tags.clone();
    tags.extend(options.tags.iter().cloned());
    let bundle_file = BundleFile::open(&bundle.path, bundle.digest)?;
    let bundle_store = bundle_store(project, options.bucket.as_deref());
    Ok(PublishRequest {
        label: match &options.label {
            Some(label) => label.to_string(),
            None => bundle.digest.label(&project.name()),
        },
        bundle_file,
        description: options.message.clone().or_else(|| description(&project.root, built)),
        tags,
        bundle_store: match &options.kms_key {
            Some(key) => BundleStore { kms_key: Some(key.clone()), ..bundle_store },
            None => bundle_store,
        },
        delta: !options.whole && release.delta.unwrap_or(true),
        // Nobody can mind an application in the sandbox.
        create_application: options.create_application || sandbox,
        named: Named {
            description: options.message.is_some(),
            tags: !options.tags.is_empty(),
            bucket: options.bucket.is_some(),
            kms_key: options.kms_key.is_some(),
        },
        process: !options.no_process,
        timeout: Duration::from_secs(options.timeout),
        application,
    })
}

/// Description of a version: subject and name of the commit that its content comes from, and how far it is the commit's.
fn description(root: &Path, built: &Built) -> Option<String> {
    let head = built.checkout.as_ref().and_then(|checkout| checkout.revision.as_ref());
    let commit = built.revision.as_ref().or(head)?;
    let as_committed = built.checkout.as_ref().is_none_or(|checkout| checkout.changes == 0);
    let state = match built.source {
        Source::Worktree if !as_committed => State::Changed,
        Source::Index if !as_committed => State::Index,
        Source::Worktree | Source::Index | Source::Revision(_) => State::Exact,
    };
    // The commit's name is the part that must not be cut off.
    let subject: String = subject(root, commit)?.chars().take(170).collect();
    Some(format!("{subject} {}", Commit { name: commit, state }.written()))
}

fn send(aws: &Connected, mut request: PublishRequest, world: &World, ui: &mut Ui) -> Result<Published, Failure> {
    match attempt(aws, &request, world, ui) {
        Err(release::PublishError::NoApplication { application, region }) if ui.can_prompt() => {
            let question = format!("There is no application `{application}` in {region}. Create it?");
            if !ui.confirm(&question) {
                return Err(release::PublishError::NoApplication { application, region }.into());
            }
            request.create_application = true;
            Ok(attempt(aws, &request, world, ui)?)
        }
        other => Ok(other?),
    }
}

/// Its bundle is kept longer than those that nobody has published.
pub(crate) fn keep(bundle: &Path, ui: &mut Ui) {
    if let Err(error) = keep_published(bundle) {
        ui.warn(format_args!("failed to note that `{}` is published: {error}", bundle.display()));
    }
}

/// Publish once; whoever interrupts is told what is done by then, and that the same command finishes it.
pub(crate) fn attempt(
    aws: &Connected,
    request: &PublishRequest,
    world: &World,
    ui: &mut Ui,
) -> Result<Published, release::PublishError> {
    let mut telling = Telling::new(aws.is_dry_run());
    let mut guard = None;
    release::publish(aws, request, &mut |event| {
        let label = &request.label;
        let done = match event {
            PublishEvent::Uploading { .. } => Some((format!("`{label}` is not registered yet"), false)),
            PublishEvent::Registering { .. } => Some((format!("`{label}` may be registered"), false)),
            PublishEvent::Processing => {
                Some((format!("`{label}` is registered, and Elastic Beanstalk goes on processing it"), true))
            }
            _ => None,
        };
        if let Some((done, goes_on)) = done.filter(|_| !aws.is_dry_run()) {
            // Dropped first: two of them would both speak.
            guard = None;
            let words = format!("{done}; run the same command again: it asks first, and finishes what is left");
            guard = Some(if goes_on { ui.goes_on(world, words) } else { ui.last_words(world, words) });
        }
        telling.tell(&event, ui);
    })
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is `KEY=VALUE`")?;
    match (key.chars().count(), value.chars().count()) {
        (1..=128, 0..=256) if key.starts_with("aws:") || key.starts_with("elasticbeanstalk:") => {
            Err("AWS keeps tags that begin with `aws:` or `elasticbeanstalk:` for itself".to_owned())
        }
        (1..=128, 0..=256) => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a tag's key has 1 to 128 characters, its value at most 256".to_owned()),
    }
}

#[derive(Serialize)]
struct PublishAnswer {
    #[serde(flatten)]
    published: Published,
    /// End of the deployment that was asked for.
    deployment: Option<Deployed>,
    /// What `check` said of what ships; absent where it did not look.
    check: Option<Checked>,
}

impl Answer for PublishAnswer {
    const SCHEMA: &str = "publish/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for PublishAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Published { application, label, digest, bundle, region, uploaded, registered, updated, status, .. } =
            &self.published;
        let Published { sent_bytes, copied_bytes, copied_from, .. } = &self.published;
        match (uploaded, registered) {
            (_, true) => writeln!(f, "published `{label}` to `{application}` in {region}")?,
            (true, false) => writeln!(f, "restored the bundle of `{label}` in `{application}`")?,
            (false, false) if !updated.is_empty() => {
                writeln!(f, "updated `{label}` in `{application}`: {}", updated.join(", "))?;
            }
            (false, false) => writeln!(f, "unchanged: `{label}` is in `{application}` already")?,
        }
        writeln!(f, "  bundle  {bundle}")?;
        writeln!(f, "  digest  {digest}")?;
        if let Some(from) = copied_from {
            let (sent, copied) = (bytes(*sent_bytes), bytes(*copied_bytes));
            writeln!(f, "  sent    {sent}, and {copied} copied inside S3 from `{from}`")?;
        }
        write!(f, "  status  {status}")?;
        match &self.deployment {
            Some(deployed) => write!(f, "\n{}", DeployAnswer { deployed: deployed.clone() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_key() {
        assert_eq!(tag("team=web=1"), Ok(("team".to_owned(), "web=1".to_owned())));
        assert!(tag("team").is_err());
        assert!(tag("=web").is_err());
        assert!(tag("aws:x=1").is_err());
    }
}
