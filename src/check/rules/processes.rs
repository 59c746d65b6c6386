//! Processes: the lines of `Procfile`, each of which runs on every instance for as long as the instance lives.

use crate::check::script::Place;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    if !subject.python() {
        return;
    }
    for script in subject.scripts().iter().filter(|script| !script.called) {
        let Place::Process(process) = script.place else { continue };
        let beat = script.runs().iter().find(|run| run.is_beat());
        if let Some(run) = beat.filter(|_| !subject.single()) {
            let message =
                "every instance runs a beat of its own: each task is sent as many times as there are instances";
            let fix = "run beat on one machine: `cron.yaml` in a worker environment, EventBridge, a lock (`celery-redbeat`), or one instance";
            subject.find("EB146", "Procfile", run.span(), message, fix);
        }
        let ends = script.runs().last().and_then(|run| run.django()).map(|(command, _)| command.text.clone());
        let one_shot = ends.filter(|command| {
            matches!(
                command.as_str(),
                "migrate"
                    | "collectstatic"
                    | "createsuperuser"
                    | "loaddata"
                    | "compilemessages"
                    | "createcachetable"
                    | "makemigrations"
                    | "check"
            )
        });
        let named = matches!(process.name.as_str(), "release" | "init" | "migrate" | "predeploy" | "postdeploy");
        if one_shot.is_some() || (named && !script.runs().iter().any(|run| matches!(run.name(), "gunicorn" | "celery")))
        {
            let name = &process.name;
            let message = format!(
                "`{name}` ends, and is started again for ever: there is no release phase, each line is a process that stays"
            );
            let fix = "run it in `container_commands`, a migration with `leader_only: true`";
            subject.find("EB145", "Procfile", process.span.start..process.span.start + name.len(), message, fix);
        }
    }
}
