//! Walk: from where cron starts what it runs, and whether `manage.py` is there.

use std::ops::Range;

use crate::beanstalk::tree::{Tree, file_name};
use crate::check::folder::{Folder, in_bundle, is_computed};
use crate::check::words::{Run, base};

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
            folder = folder.after(run);
            let given = run.plain().next();
            match run.name() {
                "cd" | "pushd" | "popd" => {}
                // What else is read into the shell may go anywhere.
                "source" | "." if !given.is_some_and(|word| word.text.ends_with("/activate")) => {
                    folder = Folder::Unknown
                }
                _ if run.django().is_some() => {
                    let words = std::iter::once(&run.program).chain(&run.arguments);
                    let manage = words.into_iter().find(|word| base(&word.text) == "manage.py");
                    let why = manage.and_then(|word| lacks(&folder, tree, &word.text));
                    walk.lost = walk.lost.or_else(|| Some((manage?.span.clone(), why?)));
                }
                _ => walk.calls.extend(run.carried_out().map(|word| (word.text.clone(), folder.clone()))),
            }
        }
        walk
    }
}

/// Why this `manage.py` is not there, if it is sure that it is not.
fn lacks(folder: &Folder, tree: &Tree, manage: &str) -> Option<String> {
    if matches!(folder, Folder::Home) && !is_computed(manage) && !manage.starts_with('/') {
        return Some("cron starts in the home folder of the user, where there is no `manage.py`".to_owned());
    }
    let path = folder.path_of(manage)?;
    let inside = in_bundle(&path)?;
    let elsewhere = tree.iter().any(|(path, _)| file_name(path) == "manage.py");
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    (elsewhere && !tree.is_file(inside)).then(|| format!("there is no `manage.py` in `{folder}`"))
}
