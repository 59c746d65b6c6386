//! Unknown: commands of `manage.py` that no application has which the settings install.

use super::tools::fails;
use crate::check::django::commands::{Unknown, folder};
use crate::check::django::root;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    // What runs before the bundle is there has another version before it.
    let early = matches!(script.place, Place::Command(_));
    let several = subject.tree.iter().filter(|(path, _)| path.ends_with("manage.py")).count() > 1;
    if early || several || !subject.python() || script.text.contains("DJANGO_SETTINGS_MODULE") {
        return;
    }
    let Some(settings) = subject.settings() else { return };
    for run in script.host_runs() {
        let Some((command, _)) = run.django() else { continue };
        let own = run.arguments.iter().any(|word| word.text.starts_with("--settings"));
        let Some(unknown) = Unknown::of(subject.tree, &settings, &command.text).filter(|_| !own) else { continue };
        let (how, level) = fails(script, run);
        let (why, fix) = match unknown {
            Unknown::NotInstalled(path) => {
                let root = root(subject.tree);
                let app = folder(path);
                let app = app.strip_prefix(root.as_str()).unwrap_or(app).replace('/', ".");
                (
                    format!("`{path}` is of `{app}`, which is not in `INSTALLED_APPS`"),
                    format!("add `{app}` to `INSTALLED_APPS`, or move the file to an application that is there"),
                )
            }
            Unknown::OfPackage(app) => (
                format!("it belongs to `{app}`, which is not in `INSTALLED_APPS`"),
                format!("add `{app}` to `INSTALLED_APPS`, or take the command out"),
            ),
            Unknown::Nowhere => (
                "no application of `INSTALLED_APPS` has it".to_owned(),
                format!("write it in `management/commands/{}.py` of one of them, or take it out", command.text),
            ),
        };
        let message = format!("{} {how}: `Unknown command: '{}'`, {why}", script.title(), command.text);
        subject.find("EB347", script.path, command.span.clone(), message, fix).level = level;
    }
}
