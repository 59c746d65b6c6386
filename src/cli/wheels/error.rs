//! What keeps `wheels` from beginning, or ends it.

use std::path::PathBuf;

use crate::beanstalk::platforms::Family;
use crate::fault::{Exit, Fault};

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("which Python the instances have is said nowhere")]
    PythonUnknown,
    #[error("`{text}` is no version of Python such as 3.13")]
    Python { text: String },
    #[error("the platform is {family}, where an image has its packages before an instance starts")]
    NoPython { family: Family },
    #[error("failed to remove `{}`", path.display())]
    Remove { path: PathBuf, source: std::io::Error },
    #[error("nothing was written, as you chose")]
    Declined,
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::PythonUnknown | Self::Python { .. } => Exit::Usage,
            Self::NoPython { .. } | Self::Remove { .. } => Exit::Invalid,
            Self::Declined => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::PythonUnknown => Some(
                "`--python 3.13` says it, or `default_platform` in `.elasticbeanstalk/config.yml`, or `platform` in \
                 `environments/NAME.toml`"
                    .to_owned(),
            ),
            Self::NoPython { .. } => {
                Some("install in the `Dockerfile`; `--python 3.13` takes wheels all the same".to_owned())
            }
            Self::Python { .. } | Self::Remove { .. } | Self::Declined => None,
        }
    }
}
