//! Settings of the EB CLI, for projects that have them: `.elasticbeanstalk/config.yml`.

use std::path::PathBuf;

use super::git::{self, Branch};
use crate::beanstalk::eb_config::{self, EbConfig, Unheeded};
use crate::beanstalk::name::{Application, BadName};
use crate::beanstalk::yaml;
use crate::fault::{Exit, Fault};
use crate::project::Project;
use crate::ui::Ui;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not what the EB CLI writes", path.display())]
    Yaml { path: PathBuf, source: yaml::Error },
    #[error("`{name}` cannot be an application: {reason}")]
    ApplicationName { name: String, reason: BadName },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Read { .. } | Self::Yaml { .. } => Exit::Invalid,
            Self::ApplicationName { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Yaml { .. } => Some("correct that line, or let `eb init` write the file again".to_owned()),
            Self::ApplicationName { .. } => Some("`--application` names another".to_owned()),
        }
    }
}

/// Settings of the whole file; nothing, where there is no such file.
pub(crate) fn read(project: &Project) -> Result<EbConfig, Error> {
    let path = project.root.join(eb_config::PATH);
    match std::fs::read_to_string(&path) {
        Ok(text) => eb_config::parse(&text).map_err(|source| Error::Yaml { path, source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(EbConfig::default()),
        Err(source) => Err(Error::Read { path, source }),
    }
}

/// Say which of its settings a release does not act on.
///
/// That the EB CLI ships the last commit makes no difference where it is what ships here too, nor where there is none
/// (`as_committed` is `None` outside of git), and nobody expects it whose settings came with the project's stack.
pub(crate) fn warn(project: &Project, as_committed: Option<bool>, ui: &mut Ui) -> Result<(), Error> {
    let path = project.root.join(eb_config::PATH);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let unheeded = eb_config::unheeded(&text).map_err(|source| Error::Yaml { path, source })?;
    let as_committed = as_committed.unwrap_or(read(project)?.artifact.is_none());
    let grown = project.config.project.stack.is_some();
    let chosen = as_committed || grown || project.config.bundle.source.is_some();
    for Unheeded { key, instead } in unheeded.into_iter().filter(|found| !(chosen && found.key == "global.sc")) {
        ui.warn(format_args!("`{key}` of `{}` is not acted on: {instead}", eb_config::PATH));
    }
    Ok(())
}

/// Name that the EB CLI has for the branch that a work tree is on.
pub(crate) fn branch(branch: &Branch) -> Option<&str> {
    match branch {
        Branch::Named(name) => Some(name),
        Branch::NoGit => Some("default"),
        Branch::Detached => None,
    }
}

/// Settings that hold on the branch that the project is on.
pub(crate) fn read_here(project: &Project) -> Result<EbConfig, Error> {
    let settings = read(project)?;
    if settings.branches.is_empty() {
        return Ok(settings);
    }
    Ok(match branch(&git::branch(&project.root)) {
        Some(branch) => settings.on(branch),
        None => settings,
    })
}

/// The application: as the flag says, or `beansprout.toml`, or the EB CLI's settings, or the project's name.
pub(crate) fn application(flag: Option<&str>, project: &Project) -> Result<Application, Error> {
    let named = flag.map(str::to_owned).or_else(|| project.config.release.application.clone());
    let name = match named {
        Some(name) => name,
        None => read(project)?.application.unwrap_or_else(|| project.application()),
    };
    name.parse().map_err(|reason| Error::ApplicationName { name, reason })
}
