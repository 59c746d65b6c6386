//! Beat: a container that sends periodic tasks, on each instance.

use super::containers::Container;
use crate::check::rules::processes::BEATS;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, containers: &[Container]) {
    if subject.guessed() || subject.single() {
        return;
    }
    for container in containers {
        let Some(run) = container.runs.iter().find(|run| run.is_beat()) else { continue };
        if !container.is_sure && container.built.as_ref().is_some_and(|built| built.path == container.path) {
            continue;
        }
        let span = container.place(subject, run.name());
        let fix = "run beat on one machine: an environment of one instance, EventBridge, or a lock (`celery-redbeat`)";
        subject.find("EB146", &container.path, span, BEATS, fix);
    }
}
