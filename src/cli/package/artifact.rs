//! Artifact: an archive that others have made, and that the settings of the EB CLI name. It is released as it is.

use std::path::PathBuf;

use super::Built;
use crate::beanstalk::eb_config;
use crate::bundle::{Bundle, OpenError, Reader, Source};
use crate::cli::eb_cli_settings;
use crate::fault::{Exit, Failure, Fault};
use crate::project::{FILE, Project};
use crate::ui::{Ui, bytes};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`deploy: artifact` of `{}` names `{}`, which cannot be released", eb_config::PATH, path.display())]
    Unreadable { path: PathBuf, source: OpenError },
    #[error("`[bundle]` of `{FILE}` says what ships, and `deploy: artifact` of `{}` names an archive", eb_config::PATH)]
    Both,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { .. } => {
                "make it first; or take `deploy: artifact` away, and the folder is packed".to_owned()
            }
            Self::Both => "take one of the two away".to_owned(),
        })
    }
}

/// Where the archive is, if the settings name one.
pub(crate) fn named(project: &Project) -> Result<Option<PathBuf>, Failure> {
    let Some(artifact) = eb_cli_settings::read(project)?.artifact else { return Ok(None) };
    let bundle = &project.config.bundle;
    if bundle.source.is_some() || !bundle.include.is_empty() || !bundle.exclude.is_empty() {
        return Err(Error::Both.into());
    }
    Ok(Some(project.root.join(artifact)))
}

/// The archive as a bundle that is made.
pub(super) fn built(project: &Project, ui: &mut Ui) -> Result<Option<Built>, Failure> {
    let Some(path) = named(project)? else { return Ok(None) };
    let failed = |source| Error::Unreadable { path: path.clone(), source };
    let mut reader = Reader::open(&path).map_err(failed)?;
    let manifest = reader.manifest().map_err(failed)?;
    let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    ui.say(format_args!(
        "`{}` ({}) is released as it is: `{}` has it as `deploy: artifact`",
        path.display(),
        bytes(length),
        eb_config::PATH
    ));
    let bundle = Bundle::ready(path, manifest.digest, length, manifest.entries.len());
    Ok(Some(Built { bundle, source: Source::Worktree, revision: None, checkout: None }))
}
