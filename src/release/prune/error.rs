//! Errors of pruning and bringing back, in words.

use std::path::PathBuf;

use super::plan::Pruned;
use crate::beanstalk::name::Application;
use crate::fault::{Exit, Fault, Repeat};
use crate::file;
use crate::release::api_error::ApiError;
use crate::release::aws::Aws;
use crate::ui::{count, quoted_path};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a plan that keeps no version is refused")]
    KeepsNothing,
    #[error("no environment of `{application}` is visible")]
    NoEnvironments { application: Application },
    #[error("there is no application `{application}` in {region}")]
    NoApplication { application: Application, region: String },
    #[error("nothing is deleted while an environment moves: `{}`", .environments.join("`, `"))]
    Moving { environments: Vec<String> },
    #[error("Elastic Beanstalk is busy with version `{label}`")]
    Busy { label: String },
    #[error("stopped after deleting {}", done_so_far(.done))]
    Stopped { done: Box<Pruned>, source: Box<Error> },
    #[error("the plan is out of date")]
    Changed,
    #[error("failed to write down what brings versions back")]
    Undo { source: file::Error },
    #[error(transparent)]
    Read(#[from] file::Error),
    #[error("`{}` is not a record of deleted versions", path.display())]
    NotUndo { path: PathBuf, source: serde_json::Error },
    #[error("`{}` is about `{found}`, not about `{expected}`", path.display())]
    OtherPlace { path: PathBuf, found: String, expected: String },
    #[error(transparent)]
    Refused(#[from] ApiError),
}

impl Error {
    pub(super) fn no_application(aws: &Aws, application: &Application) -> Self {
        Self::NoApplication { application: application.clone(), region: aws.region().to_owned() }
    }
}

fn done_so_far(done: &Pruned) -> String {
    let Pruned { deleted, bundles_deleted, .. } = done;
    let versions = count(deleted.len(), "version");
    let named = if deleted.is_empty() { String::new() } else { format!(" (`{}`)", deleted.join("`, `")) };
    match bundles_deleted.len() {
        0 => format!("{versions}{named}"),
        bundles => format!("{versions}{named} and {}", count(bundles, "bundle")),
    }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::KeepsNothing => Exit::Usage,
            Self::NoEnvironments { .. } | Self::Changed | Self::Moving { .. } => Exit::Findings,
            Self::Busy { .. } => Exit::Aws,
            Self::NoApplication { .. } => Exit::Invalid,
            Self::Stopped { source, .. } => source.exit(),
            Self::Undo { .. } | Self::Read(_) | Self::NotUndo { .. } | Self::OtherPlace { .. } => Exit::Invalid,
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::Moving { .. } | Self::Busy { .. } => Some(Repeat::Later),
            Self::Stopped { source, .. } => source.repeat(),
            Self::Refused(error) => error.repeat(),
            _ => None,
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
            Self::NoApplication { .. } => Some("look at `--application` and `--region`".to_owned()),
            Self::Moving { environments } => Some(format!(
                "it may still go back to a version that looks unused; `beansprout wait --env {}` watches it",
                environments.first().map(String::as_str).unwrap_or_default()
            )),
            Self::Busy { .. } => Some("make a new plan in a minute and look at it".to_owned()),
            Self::Stopped { done, source } => Some(match &done.undo {
                Some(undo) => format!(
                    "`beansprout publish --undo {}` brings back what was deleted; {}",
                    quoted_path(undo),
                    source.hint().unwrap_or_else(|| "the same command again goes on".to_owned())
                ),
                None => source.hint().unwrap_or_else(|| "the same command again goes on".to_owned()),
            }),
            Self::Changed => Some("nothing was deleted; make a new plan and look at it".to_owned()),
            Self::Undo { .. } => Some("nothing was deleted: without this record it could not be undone".to_owned()),
            Self::OtherPlace { .. } => Some("nothing was changed; look at `--application` and `--region`".to_owned()),
            Self::NotUndo { .. } => Some(
                "`beansprout prune --apply` writes records below `.beansprout/undo`; a later version may have written this one".to_owned(),
            ),
            Self::Read(error) => error.hint(),
            Self::Refused(error) => error.hint(),
        }
    }
}
