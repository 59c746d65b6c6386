//! Folder: where cron starts what it runs, and whether `manage.py` is there.

use std::ops::Range;

use crate::beanstalk::tree::{Tree, file_name};
use crate::check::words::{Run, base};

/// Where a shell is.
#[derive(Clone)]
pub(super) enum Folder {
    /// Where cron starts everything: the home of the user.
    Home,
    At(String),
    Unknown,
}

/// What a shell does that begins in a folder.
#[derive(Default)]
pub(super) struct Walk {
    /// The first `manage.py` that is not where it is looked for, and why not.
    pub(super) lost: Option<(Range<usize>, String)>,
    /// Files that are carried out, and from where.
    pub(super) calls: Vec<(String, Folder)>,
}

impl Walk {
    pub(super) fn of(tree: &Tree, runs: &[Run], mut folder: Folder) -> Self {
        let mut walk = Self::default();
        for run in runs.iter().filter(|run| !run.in_container()) {
            let given = run.plain().next();
            match run.name() {
                "cd" | "pushd" => folder = folder.changed(given.map(|word| word.text.as_str())),
                // What else is read into the shell may go anywhere.
                "source" | "." if !given.is_some_and(|word| word.text.ends_with("/activate")) => {
                    folder = Folder::Unknown
                }
                _ if run.django().is_some() => {
                    let words = std::iter::once(&run.program).chain(&run.arguments);
                    let manage = words.into_iter().find(|word| base(&word.text) == "manage.py");
                    let why = manage.and_then(|word| folder.lacks(tree, &word.text));
                    walk.lost = walk.lost.or_else(|| Some((manage?.span.clone(), why?)));
                }
                _ => walk.calls.extend(run.carried_out().map(|word| (word.text.clone(), folder.clone()))),
            }
        }
        walk
    }
}

impl Folder {
    /// Where a shell is that goes there from here.
    fn changed(self, to: Option<&str>) -> Self {
        match (self, to) {
            (_, None) => Self::Home,
            (_, Some(to)) if is_computed(to) => Self::Unknown,
            (_, Some(to)) if to.starts_with('/') => Self::At(to.trim_end_matches('/').to_owned()),
            (Self::At(from), Some(to)) => Self::At(format!("{from}/{}", to.trim_matches('/'))),
            (Self::Home | Self::Unknown, Some(_)) => Self::Unknown,
        }
    }

    /// Why this `manage.py` is not there, if it is sure that it is not.
    fn lacks(&self, tree: &Tree, manage: &str) -> Option<String> {
        if is_computed(manage) {
            return None;
        }
        let manage = manage.trim_start_matches("./");
        let path = match self {
            _ if manage.starts_with('/') => manage.to_owned(),
            Self::At(folder) => format!("{folder}/{manage}"),
            Self::Home => {
                return Some("cron starts in the home folder of the user, where there is no `manage.py`".to_owned());
            }
            Self::Unknown => return None,
        };
        let inside = ["/var/app/current/", "/var/app/staging/"].iter().find_map(|root| path.strip_prefix(root))?;
        let elsewhere = tree.iter().any(|(path, _)| file_name(path) == "manage.py");
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        (elsewhere && !tree.is_file(inside)).then(|| format!("there is no `manage.py` in `{folder}`"))
    }
}

/// Does only the instance know which path that is?
fn is_computed(path: &str) -> bool {
    path == "-" || path.contains(['$', '`', '~', '*', '?']) || path.contains("..") || path.contains("/./")
}
