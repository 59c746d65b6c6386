//! Current: what settings and properties name in `/var/app/current`, which is another version until the flip, or nothing at all.

use super::{at, base};
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::customizations::Moment;
use crate::check::django::{self, Settings, Value};
use crate::check::folder::Folder;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

const RULE: &str = "EB151";
const CURRENT: &str = "/var/app/current";
const STAGING: &str = "/var/app/staging";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if subject.python() {
        collected(subject, settings);
        imported(subject, settings);
    }
}

/// Does a script run before the flip, where the new version lies in `/var/app/staging`?
fn is_early(script: &Script<'_>) -> bool {
    match script.place {
        Place::ContainerCommand(_) => true,
        Place::Hook(hook) => hook.moment == Moment::Predeploy,
        _ => false,
    }
}

/// `collectstatic` writes to where `STATIC_ROOT` says, wherever it runs.
fn collected(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("STATIC_ROOT") else { return };
    let Some(folder) = setting.value.in_project().filter(|folder| setting.value.text().is_some() && !folder.is_empty())
    else {
        return;
    };
    let scripts = subject.scripts();
    let mut collects = scripts.iter().filter(|script| script.django(&["collectstatic"]).is_some()).peekable();
    if collects.peek().is_none() || !collects.all(is_early) {
        return;
    }
    let message =
        format!("style sheets are a 404: `collectstatic` writes to `{CURRENT}/{folder}`, and the flip deletes that");
    let fix = base::static_root(subject, settings, folder);
    at(subject, RULE, setting, message, &fix);
}

/// `PYTHONPATH` leads to the version that runs, and what is deployed does not lie there yet.
fn imported(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(path) = subject.customizations.option(DEFAULT_NAMESPACE, "PYTHONPATH") else { return };
    let below = |entry: &str, top: &str| {
        let folder = entry.strip_prefix(top).filter(|rest| rest.is_empty() || rest.starts_with('/'))?.trim_matches('/');
        Some(if folder.is_empty() { String::new() } else { format!("{folder}/") })
    };
    let folders: Vec<String> = path.split(':').filter_map(|entry| below(entry, CURRENT)).collect();
    // What comes first counts.
    let before: Vec<String> = path
        .split(':')
        .take_while(|entry| below(entry, CURRENT).is_none())
        .filter_map(|entry| below(entry, STAGING))
        .collect();
    let named = django::in_options(subject.customizations).map(|named| named.module);
    let apps = settings.value("INSTALLED_APPS").items().iter().filter_map(Value::text);
    let modules: Vec<String> = named.into_iter().chain(apps.map(str::to_owned)).collect();
    for script in subject.scripts().iter().filter(|script| is_early(script)) {
        for run in script.host_runs().filter(|run| run.django().is_some()) {
            let Some(beside) = beside(script, run) else { continue };
            let tree = subject.tree;
            let there = |folder: &str, module: &str| {
                let top = module.split('.').next().unwrap_or(module);
                django::module_path(tree, folder, top).is_some() || tree.is_dir(&format!("{folder}{top}"))
            };
            let only_there = |module: &&String| {
                beside.as_deref().is_none_or(|beside| !there(beside, module))
                    && !before.iter().any(|folder| there(folder, module))
                    && folders.iter().any(|folder| there(folder, module))
            };
            let Some(module) = modules.iter().find(only_there) else { continue };
            let (how, level) = match script.place.ignores_errors() || run.forgiven {
                true => ("does nothing", Level::Warning),
                false => ("fails", Level::Error),
            };
            let message = format!(
                "{} {how} on a new instance, and later works on the old version's `{module}`: `PYTHONPATH` leads to `{CURRENT}`, which is there after the flip only",
                script.title()
            );
            // `manage.py` imports from its own folder, wherever it is started.
            let mut having = folders.iter().filter(|folder| there(folder, module));
            let by_itself = having.clone().any(|folder| tree.is_file(&format!("{folder}manage.py")));
            let fix = match having.next().filter(|_| !by_itself) {
                Some(folder) => {
                    let path = format!("{STAGING}/{folder}");
                    format!("begin with `export PYTHONPATH={} &&`", path.trim_end_matches('/'))
                }
                None => {
                    "run `python manage.py` in the folder that has the module, and take `PYTHONPATH` out".to_owned()
                }
            };
            subject.find(RULE, script.path, run.span(), message, fix).level = level;
            return;
        }
    }
}

/// The folder of `manage.py`, from which Python imports as well; there is none beside `django-admin`. `None`: that is not known.
fn beside(script: &Script<'_>, run: &Run) -> Option<Option<String>> {
    // With `-m`, Python imports from where it stands, and `--pythonpath` says where else.
    if run.has("-m") || run.arguments.iter().any(|word| word.text.starts_with("--pythonpath")) {
        return None;
    }
    let Some(manage) = run.carried_out().filter(|word| word.text.ends_with("manage.py")) else { return Some(None) };
    let before = script.runs().iter().take_while(|other| other.program.span.start < run.program.span.start);
    let folder = before.fold(Folder::At(STAGING.to_owned()), Folder::after);
    let path = folder.path_of(&manage.text)?;
    Some(Some(path.strip_prefix("/var/app/staging/")?.trim_end_matches("manage.py").to_owned()))
}
