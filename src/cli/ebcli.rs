//! What the EB CLI's own settings say, for projects that have them: `.elasticbeanstalk/config.yml`.

use std::path::PathBuf;

use crate::beanstalk::eb_config::{self, EbConfig};
use crate::beanstalk::yaml;
use crate::fault::{Exit, Fault};
use crate::project::Project;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not what the EB CLI writes", path.display())]
    Yaml { path: PathBuf, source: yaml::Error },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }
}

/// Nothing, where there is no such file.
pub(crate) fn read(project: &Project) -> Result<EbConfig, Error> {
    let path = project.root.join(eb_config::PATH);
    match std::fs::read_to_string(&path) {
        Ok(text) => eb_config::parse(&text).map_err(|source| Error::Yaml { path, source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(EbConfig::default()),
        Err(source) => Err(Error::Read { path, source }),
    }
}

/// The application: as the flag says, or `beansprout.toml`, or the EB CLI's settings, or the project's name.
pub(crate) fn application(flag: Option<&str>, project: &Project) -> Result<String, Error> {
    let named = flag.map(str::to_owned).or_else(|| project.config.release.application.clone());
    match named {
        Some(name) => Ok(name),
        None => Ok(read(project)?.application.unwrap_or_else(|| project.application())),
    }
}
