//! `promote`: the same bytes, elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::aws::{AwsArgs, Connected, DryRun, Intent, Place, bundle_store};
use super::commit::{Commit, State};
use super::deploy::DeployAnswer;
use super::environment_args::{self, WatchArgs};
use super::environments::Environments;
use super::launch::versions;
use super::publish;
use super::{eb_cli_settings, release_file, requires};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::bundle::{OpenError, Reader};
use crate::environment::{self, Description};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::Project;
use crate::release::{
    self, ApiError, BundleFile, BundleStore, DeployRequest, Deployed, ErrorKind, Location, Named, PublishError,
    PublishRequest, Published, ReleaseFile, ReleasePlace, RunRecord,
};
use crate::ui::{Answer, Ui};
use crate::world::World;

/// Carry a release elsewhere: the same bytes, the same digest, the same label
///
/// `publish --release FILE` writes what a release is. This takes its bundle from the first place that has it, sees that the
/// bytes are those of the file, and registers them for the environment that `environments/NAME.toml` describes: in its account,
/// region and application. What its `requires` asks for has to hold. With `--deploy`, it is deployed there too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout promote release.json --to shop-production\n  beansprout promote release.json --to shop-production --from-profile staging --deploy"
)]
pub(crate) struct PromoteArgs {
    /// The file that `publish --release` wrote
    #[arg(value_name = "RELEASE")]
    release: PathBuf,
    /// The environment that it is for
    #[arg(long = "to", value_name = "NAME")]
    environment: EnvironmentName,
    /// Read the bundle with this profile of `~/.aws/config` [default: as for the target]
    #[arg(long, value_name = "NAME")]
    from_profile: Option<String>,
    /// Deploy it there, and see that through to its end
    #[arg(long)]
    deploy: bool,
    /// Print the calls that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`{name}` is described nowhere, so nobody knows where it is")]
    NotDescribed { name: EnvironmentName },
    #[error("there is no application `{application}` in {region}")]
    NoApplication { application: Application, region: String, environment: EnvironmentName },
    #[error("no place of `{}` has the bundle of `{label}`", path.display())]
    Nowhere { path: PathBuf, label: String },
    #[error("`{at}` holds other bytes than the release names")]
    OtherBytes { at: Location, ours: String, theirs: String },
    #[error("`{at}` is not a bundle")]
    NoBundle { at: Location, source: OpenError },
    #[error("the bundle could not be read at its source, {place}")]
    Source { place: String, source: ApiError },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NotDescribed { .. } | Self::NoApplication { .. } | Self::Nowhere { .. } => Exit::Invalid,
            Self::OtherBytes { .. } | Self::NoBundle { .. } => Exit::Conflict,
            Self::Source { source, .. } => source.exit(),
        }
    }

    fn repeat(&self) -> Option<crate::fault::Repeat> {
        match self {
            Self::Source { source, .. } => source.repeat(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotDescribed { name } => {
                format!("`beansprout launch {name}` or `beansprout capture {name}` writes `{}`", environment::path(name))
            }
            Self::NoApplication { environment, .. } => {
                format!("`beansprout launch {environment}` creates it with its environment; nothing was uploaded")
            }
            Self::Nowhere { .. } => {
                "check out its commit and publish that: the same content has the same label".to_owned()
            }
            Self::OtherBytes { ours, theirs, .. } => {
                format!("SHA-256 should be {ours}, and is {theirs}; nothing was written")
            }
            Self::NoBundle { .. } => "nothing was written".to_owned(),
            Self::Source { source, .. } if source.kind() == ErrorKind::Denied => {
                "there, s3:GetObject is needed, and kms:Decrypt where the bucket encrypts with a key; `--from-profile` names who may".to_owned()
            }
            Self::Source { source, .. } => return source.hint(),
        })
    }
}

pub(crate) fn verb(args: &PromoteArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let path = world.resolve(&args.release);
    let mut release = release_file::read(&path)?;
    if !args.dry_run {
        file::refuse_unwritable([path.as_path()])?;
    }
    let environments = Environments::of(&project, &[&args.environment])?;
    let described = environments.get(&args.environment);
    let description = described.ok_or_else(|| Error::NotDescribed { name: args.environment.clone() })?;
    let aws = args.aws.connect_to(&project, &Place::of(description), Intent::of(args.dry_run), world, ui)?;
    environment_args::belongs(Some(description), &aws)?;
    requires::require(Some(description), &release.label, &aws, &args.aws, &project, world, ui)?;
    let store = store(&project, &release, &aws);
    // Named, because an upload in parts reads it several times.
    let folder = file::temporary_folder()?;
    let bundle = folder.path().join("bundle.zip");
    let source = Source { args, release: &release, path: &path, description, store: &store, project: &project };
    let (from, bundle_file) = source.fetch(&bundle, &aws, world, ui)?;
    if !release.published.iter().any(|place| place.is_here(&aws) && place.location() == from) {
        // Of another account or region, these mean something else there, or nothing.
        for named in environment::at_home(&versions::of(&mut Reader::open(&bundle)?)?) {
            ui.warn(format_args!("{named}, which does not travel"));
        }
    }
    let request = request(&release, description, bundle_file, &from, store, &project)?;
    let run = RunRecord {
        label: Some(request.label.clone()),
        digest: Some(request.bundle_file.digest),
        environment: Some(args.environment.clone()),
        ..RunRecord::new("promote", &request.application)
    };
    let published = publish::attempt(&aws, &request, world, ui);
    let at = world.now();
    let published = published.map_err(|error| match error {
        // Creating it is no part of a promotion.
        PublishError::NoApplication { application, region } => {
            Failure::from(Error::NoApplication { application, region, environment: args.environment.clone() })
        }
        error => error.into(),
    });
    let deployment = match &published {
        Ok(published) if args.deploy => Some(deploy(args, &aws, &project, published, world, ui)),
        _ => None,
    };
    let done = published.and_then(|published| Ok((published, deployment.transpose()?)));
    aws.record(&done.as_ref().map_err(|failure| failure.chain().next().unwrap_or_default()), run, ui);
    let (published, deployment) = done?;
    if args.dry_run {
        ui.answer(&DryRun::of(&aws));
        return Ok(Exit::Done);
    }
    release_file::note(&mut release, (&published, at), deployment.as_ref(), world);
    release_file::write(&path, &release)?;
    let next = ui.command(&format!("deploy {} --env {}", published.label, args.environment));
    ui.answer(&PromoteAnswer { environment: args.environment.clone(), from, published, deployment, next });
    Ok(Exit::Done)
}

/// Where it lies already, the project's own bucket; elsewhere the one that Elastic Beanstalk keeps there, since a bucket is of
/// one region.
fn store(project: &Project, release: &ReleaseFile, aws: &Connected) -> BundleStore {
    let ours = bundle_store(project, None);
    let known = release.published.iter().any(|place| place.is_here(aws));
    if known { ours } else { BundleStore { bucket: None, owner: None, kms_key: None, ..ours } }
}

/// Where the bundle comes from.
struct Source<'a> {
    args: &'a PromoteArgs,
    release: &'a ReleaseFile,
    path: &'a Path,
    /// That of the target.
    description: &'a Description,
    store: &'a BundleStore,
    project: &'a Project,
}

impl Source<'_> {
    /// Write the bundle to `to`, from the first place that has it, and see that it is what the release names.
    fn fetch(&self, to: &Path, aws: &Connected, world: &World, ui: &mut Ui) -> Result<(Location, BundleFile), Failure> {
        let Self { args, release, path, store, .. } = self;
        let mut last = None;
        // What is here already need not come from elsewhere.
        let (near, far): (Vec<&ReleasePlace>, Vec<&ReleasePlace>) =
            release.published.iter().partition(|place| place.is_here(aws));
        for place in near.into_iter().chain(far) {
            let at = place.location();
            let mut content = std::fs::File::options()
                .create(true)
                .truncate(true)
                .read(true)
                .write(true)
                .open(to)
                .map_err(|source| release::StoreError::Keep { source })?;
            ui.say(format_args!("fetching `{at}`"));
            let fetched = if place.is_here(aws) && args.from_profile.is_none() {
                release::fetch_bundle(aws, store, &at, &mut content, &mut |_| {})
            } else {
                let source = self.connect(place, world, ui)?;
                let theirs = BundleStore { bucket: None, owner: None, kms_key: None, ..(*store).clone() };
                release::fetch_bundle(&source, &theirs, &at, &mut content, &mut |_| {})
            };
            match fetched {
                Ok(true) => {
                    let bundle_file = verify(release, &at, to)?;
                    return Ok((at, bundle_file));
                }
                Ok(false) => {}
                Err(release::StoreError::Refused(source)) => {
                    let account = place.account.as_deref().unwrap_or("an unknown account");
                    let place = format!("account {account} in {}", place.region);
                    last = Some(Error::Source { place, source });
                }
                Err(other) => return Err(other.into()),
            }
        }
        let nowhere = || Error::Nowhere { path: (*path).to_owned(), label: release.label.clone() };
        Err(last.unwrap_or_else(nowhere).into())
    }

    /// Connect to a place, as `--from-profile` says, or else as for the target.
    fn connect(&self, place: &ReleasePlace, world: &World, ui: &mut Ui) -> Result<Connected, Failure> {
        let named = Place { region: Some(place.region.clone()), profile: self.args.from_profile.clone() };
        let described = self.description.deploy.profile.clone();
        let usual = Place { profile: named.profile.clone().or(described), ..named.clone() };
        self.args.aws.at(&named).connect_to(self.project, &usual, Intent::DryRun, world, ui)
    }
}

/// The very bytes, and the very tree.
fn verify(release: &ReleaseFile, at: &Location, path: &Path) -> Result<BundleFile, Failure> {
    let digest = Reader::open(path)
        .and_then(|mut opened| opened.manifest())
        .map_err(|source| Error::NoBundle { at: at.clone(), source })?
        .digest;
    let found = BundleFile::open(path, digest)?;
    for (ours, theirs) in [(&release.archive.sha256, &found.sha256), (&release.tree.digest, &digest.to_string())] {
        if ours != theirs {
            let (at, ours, theirs) = (at.clone(), ours.clone(), theirs.clone());
            return Err(Error::OtherBytes { at, ours, theirs }.into());
        }
    }
    Ok(found)
}

fn request(
    release: &ReleaseFile,
    description: &Description,
    bundle_file: BundleFile,
    from: &Location,
    store: BundleStore,
    project: &Project,
) -> Result<PublishRequest, Failure> {
    let mut tags: BTreeMap<String, String> = project.config.release.tags.clone();
    tags.insert("beansprout:digest".to_owned(), release.tree.digest.clone());
    // Where it was made, and not where it was read from this time: the same release has the same tags.
    let origin = release
        .published
        .first()
        .map_or_else(|| from.to_string(), |first| format!("s3://{}/{}", first.bucket, first.key));
    tags.insert("beansprout:origin".to_owned(), origin.chars().take(256).collect());
    let state = if release.source.dirty == Some(true) { State::Changed } else { State::Exact };
    let commit = release.source.commit.as_deref().map(|name| Commit { name, state }.written());
    Ok(PublishRequest {
        named: Named::default(),
        application: eb_cli_settings::application(description.application.as_deref(), project)?,
        label: release.label.clone(),
        bundle_file,
        description: commit.map(|commit| format!("promoted {commit}")),
        tags,
        bundle_store: store,
        delta: false,
        create_application: false,
        process: true,
        timeout: Duration::from_secs(300),
    })
}

fn deploy(
    args: &PromoteArgs,
    aws: &Connected,
    project: &Project,
    published: &Published,
    world: &World,
    ui: &mut Ui,
) -> Result<Deployed, Failure> {
    let environment = environment_args::choose("--to", Some(&args.environment), project)?;
    let request =
        environment_args::request(project, None, &environment, &WatchArgs::default(), published.label.clone())?;
    let request = DeployRequest { wait: true, ..request };
    Ok(super::deploy::watched(aws, &request, world, ui)?)
}

#[derive(Serialize)]
struct PromoteAnswer {
    environment: EnvironmentName,
    from: Location,
    #[serde(flatten)]
    published: Published,
    /// End of the deployment that was asked for.
    deployment: Option<Deployed>,
    /// The line that deploys it.
    #[serde(skip)]
    next: String,
}

impl Answer for PromoteAnswer {
    const SCHEMA: &str = "promote/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for PromoteAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Published { application, label, digest, bundle, region, registered, .. } = &self.published;
        match registered {
            true => writeln!(f, "promoted `{label}` to `{application}` in {region}")?,
            false => writeln!(f, "unchanged: `{label}` is in `{application}` in {region} already")?,
        }
        write!(f, "  from    {}\n  bundle  {bundle}\n  digest  {digest}", self.from)?;
        match &self.deployment {
            Some(deployed) => write!(f, "\n{}", DeployAnswer { deployed: deployed.clone() }),
            None => write!(f, "\n  next    {}", self.next),
        }
    }
}
