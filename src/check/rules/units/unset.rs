//! Unset: units whose program loads settings that stop without properties, which systemd gives to none.

use super::{Unit, script_of, told};
use crate::check::subject::Subject;
use crate::check::words::{self, Run};

pub(super) fn check(subject: &mut Subject<'_>, unit: &Unit<'_>) {
    let Some(settings) = subject.settings().filter(|_| subject.python() && subject.django()) else { return };
    let script = script_of(subject, unit).map_or("", |(_, text, _)| text);
    let texts = [unit.text, script];
    // A file may have them, and other settings may need none.
    const GIVES: [&str; 9] = [
        "EnvironmentFile",
        "PassEnvironment",
        "deployment/env",
        "get-config",
        ".env",
        "source ",
        "DJANGO_SETTINGS_MODULE",
        "--settings",
        "${",
    ];
    let given = |text: &&str| GIVES.iter().any(|word| text.contains(word));
    let others = ["set-environment", "import-environment", ".service.d", ".env"];
    let hidden = subject.gives("DJANGO_SETTINGS_MODULE")
        || others.iter().any(|word| subject.names_file(word))
        || subject.tree.iter().any(|(path, _)| path.ends_with(".env"));
    let Some(line) = told(unit, "ExecStart").filter(|_| !hidden && !texts.iter().any(given)) else { return };
    let command = line.trim_start_matches(['-', '@', ':', '+', '!', ' ']);
    let loads = |text: &str| words::runs(text).iter().any(loads_settings);
    if !loads(command) && !loads(script) {
        return;
    }
    let says = |name: &str| texts.iter().any(|text| text.contains(&format!("{name}=")));
    let Some(required) = settings.required.iter().find(|required| !says(&required.name)) else { return };
    let message = format!(
        "the unit `{}` does not start: systemd gives it none of the environment's properties, and {}",
        unit.name,
        required.stop()
    );
    let place = unit.text.find(line).map_or(unit.start, |at| unit.start + at);
    let fix = "`EnvironmentFile=/opt/elasticbeanstalk/deployment/env` in its `[Service]`";
    subject.find("EB359", &unit.path, place..place + line.len(), message, fix);
}

/// Does it load the settings as it starts?
fn loads_settings(run: &Run) -> bool {
    // Some commands look at nothing.
    let of_django = run.django().is_some_and(|(command, _)| !matches!(command.text.as_str(), "help" | "version"));
    let serves = matches!(run.name(), "gunicorn" | "daphne" | "uvicorn" | "hypercorn")
        && run.arguments.iter().any(|word| word.text.contains(".wsgi") || word.text.contains(".asgi"));
    of_django || serves || (run.is_celery() && run.celery_module().is_some())
}
