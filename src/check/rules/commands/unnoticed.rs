//! Unnoticed: migrations that fail in the midst of a script that goes on.

use crate::check::script::{Place, Script};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    if !matches!(script.place, Place::Hook(_) | Place::ContainerCommand(_)) || script.place.ignores_errors() {
        return;
    }
    let Some((run, _)) = script.django(&["migrate"]).filter(|(run, _)| !run.has("--check") && !run.has("--plan"))
    else {
        return;
    };
    if script.fails_with(run) != Some(false) {
        return;
    }
    let word = run.django().map_or(run.span(), |(command, _)| command.span.clone());
    let title = script.title();
    let message =
        format!("{title} goes on where `migrate` fails: the deployment is green, and the site has the old tables");
    let fix = match script.place {
        Place::ContainerCommand(_) if !script.called => "write `|| exit 1` after it, or make it a command of its own",
        _ => "write `|| exit 1` after it; or begin with `set -e`, where nothing else may fail",
    };
    subject.find("EB177", script.path, word, message, fix);
}
