//! Early: what a script looks for in a container that does not run yet.

use crate::beanstalk::customizations::Moment;
use crate::beanstalk::platforms::Family;
use crate::check::script::{Place, Script, fate};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let before = match script.place {
        Place::Command(_) | Place::ContainerCommand(_) => true,
        Place::Hook(hook) => !hook.config && hook.moment != Moment::Postdeploy,
        Place::Process(_) | Place::Build(_) => false,
    };
    // A container that the scripts start themselves is another one.
    let starts = |script: &Script<'_>| {
        let verb = |verb: &str| ["run", "up", "start", "create"].contains(&verb);
        script
            .runs()
            .iter()
            .any(|run| matches!(run.name(), "docker" | "docker-compose") && run.plain().any(|word| verb(&word.text)))
    };
    let scripts = subject.scripts();
    if !before || subject.customizations.family != Family::Docker || scripts.iter().any(starts) {
        return;
    }
    let Some(run) = script.runs().iter().find(|run| run.lead.in_container()) else { return };
    let (how, level) = fate(script.forgives(run));
    let message = format!(
        "{} {how} in the first deployment, and works in the old version's container in each later one: the new container starts afterwards",
        script.title()
    );
    let fix = "do it in a hook in `.platform/hooks/postdeploy`, in the image's entrypoint, or while it is built";
    subject.find("EB273", script.path, run.span(), message, fix).level = level;
}
