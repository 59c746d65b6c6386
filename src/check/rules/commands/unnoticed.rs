//! Unnoticed: migrations that fail in the midst of a script that goes on, or whose failure is ignored.

use super::revisions;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    if !matches!(script.place, Place::Hook(_) | Place::ContainerCommand(_)) {
        return;
    }
    let Some((run, word)) = script.runs().iter().find_map(|run| Some((run, makes_tables(run)?))) else { return };
    let (how, fix) = if script.place.ignores_errors() {
        ("`ignoreErrors` lets the deployment go on", "take `ignoreErrors` out")
    } else if run.forgiven && ["|| true", "|| :"].iter().any(|end| script.line_of(run).contains(end)) {
        ("`||` lets the deployment go on", "take `|| true` out")
    } else if script.fails_with(run) == Some(false) {
        let fix = match script.place {
            Place::ContainerCommand(_) if !script.called => {
                "write `|| exit 1` after it, or make it a command of its own"
            }
            _ => "write `|| exit 1` after it; or begin with `set -e`, where nothing else may fail",
        };
        ("", fix)
    } else {
        return;
    };
    let (title, command) = (script.title(), &word.text);
    let message = match how {
        "" => {
            format!("{title} goes on where `{command}` fails: the deployment is green, and the site has the old tables")
        }
        how => format!("where `{command}` of {title} fails, {how}: it is green, and the site has the old tables"),
    };
    subject.find("EB177", script.path, word.span.clone(), message, fix);
}

/// The command of Django's or Alembic's that brings the tables up to date.
fn makes_tables(run: &Run) -> Option<&Word> {
    let of_django = || {
        let (command, _) = run.django().filter(|(command, _)| command.text == "migrate")?;
        (!run.has("--check") && !run.has("--plan")).then_some(command)
    };
    of_django().or_else(|| revisions::asked(run, &["upgrade"]))
}
