//! Python: which of them runs `manage.py`, the one of the application or the one of the system.

use std::ops::Range;

use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::check::django;
use crate::check::script::{Place, Script, at_manage, fate};
use crate::check::subject::Subject;
use crate::check::words::Run;

/// `run` is the first of the script's that is Django's.
pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>, run: &Run) {
    if !subject.python() {
        return;
    }
    let activates = ["activate", "/var/app/venv", "PYTHONPATH", "venv/bin"];
    let environment = script.has(&activates)
        || matches!(script.place, Place::Command(_) | Place::Process(_))
        || (script.called && subject.scripts().iter().any(|other| !other.called && other.has(&activates)));
    // Whoever names the system's Python gets it, whatever has been entered.
    let of_system = ["/usr/bin/", "/bin/", "/usr/local/bin/"].iter().any(|folder| run.program.text.starts_with(folder));
    if environment && !of_system {
        return leaves(subject, script);
    }
    // Whether poetry is there at all is asked of whoever calls it first.
    let leads = ["pipenv", "poetry", "uv"].iter().any(|tool| run.lead.has(tool));
    if (run.program.text.starts_with('/') && !of_system) || leads || has_own_path(subject) {
        return;
    }
    // A program of its own is found by nobody.
    let direct = matches!(run.program.text.as_str(), "manage.py" | "django-admin" | "django-admin.py");
    let title = script.title();
    let message = match direct {
        true => format!("{title} fails: `{}` is not on the path of the system", run.program.text),
        false => format!("{title} runs with the system's Python 3.9, which does not have the project's packages"),
    };
    let fix = match direct {
        // It lies where Django's project does.
        true => format!("begin with `source /var/app/venv/*/bin/activate && python {}manage.py`", folder(subject)),
        false => "begin with `source /var/app/venv/*/bin/activate &&`".to_owned(),
    };
    subject.find("EB035", script.path, at_command(script, run), message, fix);
}

/// The folder of the only `manage.py` there is, where that is not at the top.
fn folder(subject: &Subject<'_>) -> String {
    let is_file = |path: &str| subject.tree.is_file(path);
    let root = django::root(subject.tree);
    let below = !is_file("manage.py") && is_file(&format!("{root}manage.py"));
    if below { root } else { String::new() }
}

/// Does a property put the virtual environment on the path of everything that runs?
fn has_own_path(subject: &Subject<'_>) -> bool {
    subject.customizations.option(DEFAULT_NAMESPACE, "PATH").is_some_and(|path| path.contains("/var/app/venv"))
}

/// Poetry is no part of the platform: the first that calls it, before something has installed it, does not find it.
pub(super) fn poetry(subject: &mut Subject<'_>) {
    let calls = |run: &&Run| run.program.text == "poetry" || run.lead.has("poetry");
    let here = |script: &&Script<'_>| matches!(script.place, Place::ContainerCommand(_)) && !script.called;
    // Whatever runs before, and says its name together with a way to install it or to find it elsewhere.
    let brings = |script: &Script<'_>| {
        let early = here(&script) || matches!(script.place, Place::Command(_)) || script.place.precedes_packages();
        early
            && script.has(&["poetry"])
            && script.has(&["pip", "pip3", "pipx", "curl", "wget", "uv", "PATH", "activate", ".local"])
    };
    let scripts = subject.scripts();
    let first = scripts.iter().filter(here).find_map(|script| Some((script, script.host_runs().find(calls)?)));
    let listed = || subject.requirements().lines.iter().any(|line| line.name == "poetry");
    let Some((script, run)) = first.filter(|_| subject.python() && !listed() && !scripts.iter().any(brings)) else {
        return;
    };
    let (how, level) = fate(script.forgives(run));
    let message = format!("{} {how}: there is no `poetry` on the platform", script.title());
    let fix = "list the packages in `requirements.txt` (`poetry export`), which the platform installs by itself";
    subject.find("EB035", script.path, run.span(), message, fix).level = level;
}

/// Programs that the packages of a project bring along: they are in its virtual environment, and on no path of the system's.
pub(super) fn programs(subject: &mut Subject<'_>, script: &Script<'_>) {
    const PROGRAMS: [&str; 8] = ["celery", "gunicorn", "uvicorn", "daphne", "flower", "flask", "alembic", "hypercorn"];
    let enters = ["activate", "/var/app/venv", "PYTHONPATH", "venv/bin", "pipenv", "poetry"];
    let installs = |script: &Script<'_>| script.host_runs().any(|run| run.pip().is_some());
    if !subject.python()
        || matches!(script.place, Place::Process(_) | Place::Build(_))
        || subject.scripts().iter().any(installs)
        || script.has(&enters)
        || (script.called && subject.scripts().iter().any(|other| !other.called && other.has(&enters)))
    {
        return;
    }
    if let Some(run) = script.host_runs().find(|run| PROGRAMS.contains(&run.program.text.as_str())) {
        let program = &run.program.text;
        let message = format!(
            "{} does not find `{program}`: it is in the virtual environment, and not on the path of the system",
            script.title()
        );
        let fix = "begin with `source /var/app/venv/*/bin/activate &&`";
        subject.find("EB035", script.path, run.program.span.clone(), message, fix).level = fate(script.forgives(run)).1;
    }
}

/// Who has entered the virtual environment leaves it by `sudo`, which looks for programs on a path of its own.
fn leaves(subject: &mut Subject<'_>, script: &Script<'_>) {
    let bare = |run: &&Run| run.django().is_some() && !run.program.text.starts_with(['/', '$']);
    let enters = |run: &Run| {
        matches!(run.name(), "source" | "." | "export") && run.arguments.iter().any(|word| word.text.contains("/bin"))
    };
    let inside = |run: &Run| script.runs().iter().any(|other| enters(other) && other.lead.is_beside(&run.lead));
    let found = script.host_runs().filter(bare).find_map(|run| Some((run, run.lead.own_path()?)));
    let Some((run, how)) = found.filter(|(run, _)| !inside(run)) else { return };
    let message = format!(
        "{} runs with the system's Python 3.9: `{how}` looks for programs on a path of its own, and leaves the virtual environment",
        script.title()
    );
    let fix = "name Python by its path, `/var/app/venv/*/bin/python`; or leave it out, since this runs as root anyway";
    subject.find("EB035", script.path, at_command(script, run), message, fix);
}

/// Where `manage.py` or `django-admin` stands.
fn at_command(script: &Script<'_>, run: &Run) -> Range<usize> {
    at_manage(run).unwrap_or_else(|| {
        let span = run.span();
        let admin = script.text[span.start - script.start..].starts_with("django-admin");
        if admin { span.start..span.start + "django-admin".len() } else { span }
    })
}
