//! What a name of a bundle stands for: a file, a label with a bundle here, or a registered version.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::aws::{AwsArgs, Connected, Intent, Place, bundle_store};
use super::eb_cli_settings;
use crate::bundle::{Reader, TreeDigest};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::Project;
use crate::release::{self, DownloadEvent, Environment, Location};
use crate::ui::{Progress, Ui, bytes};
use crate::world::World;

/// What stands in front of the label of a registered version.
const VERSION: &str = "version:";

/// Where registered versions are looked for.
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// The application of `version:LABEL` [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Finds bundles by name, and connects to AWS when the first name asks for it.
pub(crate) struct BundleFinder<'a> {
    args: &'a VersionArgs,
    pub(crate) project: &'a Project,
    pub(crate) world: &'a World,
    aws: Option<Connected>,
    /// What lives where it leads, once somebody has asked.
    living: Option<Vec<Environment>>,
}

/// A bundle that was found.
pub(crate) struct Found {
    /// How it is called in an answer.
    pub(crate) path: PathBuf,
    pub(crate) opened: Reader,
    /// Where it came from, if it is that of a registered version.
    from: Option<Location>,
}

impl<'a> BundleFinder<'a> {
    pub(crate) fn new(args: &'a VersionArgs, project: &'a Project, world: &'a World) -> Self {
        Self { args, project, world, aws: None, living: None }
    }

    /// The file that `name` means, if there is one: itself, or the bundle with this label.
    pub(crate) fn file(&self, name: &Path) -> Option<PathBuf> {
        let labelled = || {
            let label = name.to_str().filter(|name| !name.contains(['/', '\\']))?;
            self.project.state().ok()?.file(&format!("bundles/{label}.zip")).ok()
        };
        std::iter::once(self.world.resolve(name)).chain(labelled()).find(|path| path.is_file())
    }

    /// The connection: to `place`, unless an earlier name asked for one.
    pub(crate) fn connected(&mut self, place: &Place, ui: &mut Ui) -> Result<&Connected, Failure> {
        Ok(match &mut self.aws {
            Some(aws) => aws,
            // Looking must change nothing.
            none => none.insert(self.args.aws.connect_to(self.project, place, Intent::DryRun, self.world, ui)?),
        })
    }

    /// The connection, and the environments that live where it leads.
    pub(crate) fn living(&mut self, place: &Place, ui: &mut Ui) -> Result<(&Connected, &[Environment]), Failure> {
        if self.living.is_none() {
            self.living = Some(release::living(self.connected(place, ui)?)?);
        }
        self.connected(place, ui)?;
        Ok((self.aws.as_ref().expect("it is connected"), self.living.as_deref().unwrap_or_default()))
    }

    /// The application that a flag names.
    pub(crate) fn named_application(&self) -> Option<&str> {
        self.args.application.as_deref()
    }

    /// The bundle of a version, if `name` means one.
    pub(crate) fn version(&mut self, name: &Path, ui: &mut Ui) -> Result<Option<Found>, Failure> {
        let Some(label) = name.to_str().and_then(|name| name.strip_prefix(VERSION)) else { return Ok(None) };
        if label.is_empty() {
            return Err(NoBundle::NoLabel.into());
        }
        let application = eb_cli_settings::application(self.args.application.as_deref(), self.project)?;
        let bundle_store = bundle_store(self.project, None);
        let aws = self.connected(&Place::default(), ui)?;
        // Without a name, so that nothing is left behind however this ends.
        let mut file = file::temporary()?;
        let mut progress = Progress::hidden();
        let from = release::download(aws, &application, label, &bundle_store, &mut file, &mut |event| match event {
            DownloadEvent::Downloading { bytes: total, from, .. } => {
                ui.say(format_args!("downloading {} from `{from}`", bytes(total)));
                progress = ui.progress("downloading", total);
            }
            DownloadEvent::Received { bytes } => progress.advance(bytes),
        })?;
        drop(progress);
        let path = PathBuf::from(from.to_string());
        let opened = Reader::read(file, &path)?;
        Ok(Some(Found { path, opened, from: Some(from) }))
    }

    /// The bundle that `name` means.
    pub(crate) fn bundle(&mut self, name: &Path, ui: &mut Ui) -> Result<Found, Failure> {
        if let Some(found) = self.version(name, ui)? {
            return Ok(found);
        }
        let Some(path) = self.file(name) else {
            let path = self.world.resolve(name);
            return Err(match std::fs::metadata(&path) {
                Ok(_) => NoBundle::NotAFile { path },
                Err(source) if source.kind() == io::ErrorKind::NotFound => NoBundle::Nowhere { path },
                Err(source) => NoBundle::Read { path, source },
            }
            .into());
        };
        Ok(Found { path: name.to_owned(), opened: Reader::open(&path)?, from: None })
    }
}

impl Found {
    /// An object that is named after one tree and holds another is not what it seems.
    pub(crate) fn hold_to_its_name(&self, digest: &TreeDigest, ui: &mut Ui) {
        if let Some(from) = &self.from
            && let Some(named) = from.digest()
            && named != digest.to_string()
        {
            ui.warn(format_args!("`{from}` is named after another tree than it holds, which is {digest}"));
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum NoBundle {
    #[error("`version:` names no version")]
    NoLabel,
    #[error("there is no `{}`", path.display())]
    Nowhere { path: PathBuf },
    #[error("`{}` is not a file", path.display())]
    NotAFile { path: PathBuf },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
}

impl Fault for NoBundle {
    fn exit(&self) -> Exit {
        match self {
            Self::NoLabel => Exit::Usage,
            Self::Nowhere { .. } | Self::NotAFile { .. } | Self::Read { .. } => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoLabel => Some("write its label after the colon; `beansprout versions` lists them".to_owned()),
            Self::Nowhere { .. } => Some(
                "name a zip file, a label with a bundle in `.beansprout/bundles`, or `version:LABEL` for a registered version"
                    .to_owned(),
            ),
            Self::NotAFile { .. } => Some("`beansprout package` makes a bundle of a folder".to_owned()),
            Self::Read { .. } => None,
        }
    }
}
