//! What the EB CLI's own settings say, for projects that have them: `.elasticbeanstalk/config.yml`.

use std::path::PathBuf;

use crate::beanstalk::yaml;
use crate::fault::{Exit, Fault};
use crate::project::Project;

/// The settings that this program shares with the EB CLI.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EbCli {
    pub(crate) application: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
}

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

impl EbCli {
    /// Nothing, where there is no such file.
    pub(crate) fn read(project: &Project) -> Result<Self, Error> {
        let path = project.root.join(".elasticbeanstalk/config.yml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|source| Error::Yaml { path, source }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    fn parse(text: &str) -> Result<Self, yaml::Error> {
        let file = yaml::parse(text)?;
        let global = file.as_ref().and_then(|file| file.get("global"));
        let setting = |name: &str| {
            let node = global?.get(name).filter(|node| !node.is_null())?;
            node.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Ok(Self {
            application: setting("application_name"),
            region: setting("default_region"),
            profile: setting("profile"),
        })
    }
}

/// The application: as the flag says, or `beansprout.toml`, or the EB CLI's settings, or the project's name.
pub(crate) fn application(flag: Option<&str>, project: &Project) -> Result<String, Error> {
    let named = flag.map(str::to_owned).or_else(|| project.config.release.application.clone());
    match named {
        Some(name) => Ok(name),
        None => Ok(EbCli::read(project)?.application.unwrap_or_else(|| project.application())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_is_taken() {
        let text = "branch-defaults:\n  main:\n    environment: shop-prod\n\
            global:\n  application_name: shop\n  default_region: eu-west-1\n  profile: null\n";
        let found = EbCli::parse(text).unwrap();
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(found, EbCli { application: said("shop"), region: said("eu-west-1"), profile: None });
        assert_eq!(EbCli::parse("").unwrap(), EbCli::default());
        assert_eq!(EbCli::parse("global: 1\n").unwrap(), EbCli::default());
        assert!(EbCli::parse("global: [").is_err());
    }
}
