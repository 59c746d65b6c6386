//! Errors of pruning and bringing back, in words.

use std::path::PathBuf;

use crate::beanstalk::name::Application;
use crate::fault::{Exit, Fault};
use crate::release::api_error::ApiError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a plan that keeps no version is refused")]
    KeepsNothing,
    #[error("no environment of `{application}` is visible")]
    NoEnvironments { application: Application },
    #[error("the plan is out of date")]
    Changed,
    #[error("failed to write `{}`", path.display())]
    Undo { path: PathBuf, source: std::io::Error },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not a record of deleted versions", path.display())]
    NotUndo { path: PathBuf, source: serde_json::Error },
    #[error("`{}` is about `{found}`, not about `{expected}`", path.display())]
    OtherPlace { path: PathBuf, found: String, expected: String },
    #[error(transparent)]
    Refused(#[from] ApiError),
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::KeepsNothing => Exit::Usage,
            Self::NoEnvironments { .. } | Self::Changed => Exit::Findings,
            Self::Undo { .. } | Self::Read { .. } | Self::NotUndo { .. } | Self::OtherPlace { .. } => Exit::Invalid,
            Self::Refused(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::KeepsNothing => Some("`keep` is at least 1".to_owned()),
            Self::NoEnvironments { .. } => Some(
                "AWS hides what the caller may not see, so a version that runs could look unused; nothing was deleted. \
                 If there really is no environment, say so with `--no-environments`"
                    .to_owned(),
            ),
            Self::Changed => Some("nothing was deleted; make a new plan and look at it".to_owned()),
            Self::Undo { .. } => Some("nothing was deleted: without this record it could not be undone".to_owned()),
            Self::OtherPlace { .. } => Some("nothing was changed; look at `--application` and `--region`".to_owned()),
            Self::Read { .. } | Self::NotUndo { .. } => None,
            Self::Refused(error) => error.hint(),
        }
    }
}
