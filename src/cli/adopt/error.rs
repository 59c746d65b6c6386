//! Errors of `adopt`.

use std::path::PathBuf;

use crate::fault::{Exit, Fault};
use crate::ui::{nearest, ticked};

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("there is no terminal to accept the plan at")]
    Nobody,
    #[error("there is no Django project in `{}`", root.display())]
    NoProject { root: PathBuf },
    #[error("`{folder}` has no `manage.py` of Django")]
    NotAProject { folder: String, found: Vec<String> },
    #[error("there are several Django projects here")]
    SeveralProjects { found: Vec<String> },
    #[error("nothing that looks like settings is near `{manage}`")]
    NoSettings { manage: String },
    #[error("there is no module `{module}` in the project")]
    NotSettings { module: String, found: Vec<String> },
    #[error("{}, and none is surely production's", several(found))]
    SeveralSettings { found: Vec<String>, absent: Option<(String, String)> },
    #[error("the plan has no `{path}`")]
    NotInPlan { path: String, found: Vec<String> },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("nothing was written, as you chose")]
    Declined,
}

fn several(found: &[String]) -> String {
    match found {
        [only] => format!("`{only}` is the only module that looks like settings, and by its name for a desk"),
        _ => "several modules look like settings".to_owned(),
    }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Nobody
            | Self::NotAProject { .. }
            | Self::SeveralProjects { .. }
            | Self::NotSettings { .. }
            | Self::SeveralSettings { .. }
            | Self::NotInPlan { .. } => Exit::Usage,
            Self::NoProject { .. } | Self::NoSettings { .. } | Self::Read { .. } => Exit::Invalid,
            Self::Declined => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Nobody => Some(
                "`--yes` accepts every file, `--only PATH` some of them, and `--dry-run` shows the plan".to_owned(),
            ),
            Self::NoProject { .. } => {
                Some("go where `manage.py` is, or `-C DIR`; `beansprout new DIR` makes a new project".to_owned())
            }
            Self::NotAProject { found, .. } if found.is_empty() => None,
            Self::NotAProject { found, .. } => Some(format!("`manage.py` is in {}", ticked(found))),
            Self::SeveralProjects { found } => Some(format!("`--project DIR` names one: {}", ticked(found))),
            Self::NoSettings { .. } => Some("`--set settings=MODULE` names them, such as `mysite.settings`".to_owned()),
            Self::NotSettings { found, .. } if found.is_empty() => None,
            Self::NotSettings { found, .. } => Some(format!("what looks like settings is {}", ticked(found))),
            Self::SeveralSettings { found, absent } => {
                let absent =
                    absent.as_ref().map(|(module, path)| format!("; `{path}` names `{module}`, which does not ship"));
                Some(format!("`--set settings=MODULE` names it: {}{}", ticked(found), absent.unwrap_or_default()))
            }
            Self::NotInPlan { path, found } => {
                let near = nearest(path, found.iter().map(String::as_str));
                Some(near.map_or_else(
                    || "`--dry-run` shows what it has".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ))
            }
            Self::Read { .. } | Self::Declined => None,
        }
    }
}
