//! Tables: a database whose tables nothing of the project makes.
//!
//! Whoever makes them by hand leaves no trace here, so this is for reading.

use super::at;
use crate::beanstalk::platforms::Family;
use crate::check::django::{self, Settings, Value};
use crate::check::subject::Subject;

/// Words in the names of backends whose database is on a server of its own.
const SERVERS: [&str; 6] = ["postgres", "postgis", "mysql", "mariadb", "oracle", "mssql"];

/// Applications of Django's that have tables.
const WITH_TABLES: [&str; 4] =
    ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("DATABASES") else { return };
    let on_a_server = setting
        .value
        .get("default")
        .get("ENGINE")
        .text()
        .is_some_and(|engine| SERVERS.iter().any(|server| engine.contains(server)));
    let apps = settings.value("INSTALLED_APPS");
    let has_tables = apps.items().iter().filter_map(Value::text).any(|app| WITH_TABLES.contains(&app));
    // Tables of several databases are a matter of more than these files.
    let routed = ["DATABASE_ROUTERS", "MIGRATION_MODULES"].iter().any(|name| *settings.value(name) != Value::Missing);
    // What the image of others starts is seen by nobody.
    let known = subject.python() || (subject.customizations.family == Family::Docker && subject.inside().is_some());
    if !on_a_server || !has_tables || routed || !known || !nothing_migrates(subject) {
        return;
    }
    let message = "nothing here runs `migrate`: a new database stays without tables, and each version without its new ones, until somebody does it by hand";
    let fix = match subject.python() {
        true => format!(
            "in `container_commands`, with `leader_only: true`: `source /var/app/venv/*/bin/activate && python {}manage.py migrate --noinput`",
            django::root(subject.tree)
        ),
        false => "run it in the image's entrypoint, or with `docker exec` in a hook in `.platform/hooks/postdeploy`"
            .to_owned(),
    };
    at(subject, "EB369", setting, message, &fix);
}

/// Is it sure that neither a deployment, nor what builds it, nor the site itself makes tables?
pub(super) fn nothing_migrates(subject: &Subject<'_>) -> bool {
    let tree = subject.tree;
    let makes = |text: &str| ["migrate", "syncdb"].iter().any(|word| text.contains(word));
    // Their own files say what they do, and those are not read.
    let tasks = subject.scripts().iter().any(|script| script.has(&["make", "invoke", "fab", "just"]));
    // A command or a module of the project's own may do it.
    let calls = |path: &str| {
        let starts = ["call_command", "subprocess", "os.system", "execute_from_command_line(["];
        tree.code(path).is_some_and(|text| {
            text.contains("call_command")
                || (makes(text) && starts.iter().any(|word| text.contains(word)) && !path.contains("/migrations/"))
        })
    };
    let elsewhere = tree.iter().any(|(path, _)| match path.ends_with(".py") {
        true => calls(path),
        false => !is_prose(path) && tree.text(path).is_some_and(makes),
    });
    let scripts = subject.scripts();
    let manages = tree.is_file(&format!("{}manage.py", django::root(tree)));
    manages
        && subject.prepared()
        && !subject.guessed()
        && !tasks
        && !elsewhere
        && !scripts.iter().any(|script| makes(script.text))
}

/// Does a file only tell people something?
fn is_prose(path: &str) -> bool {
    [".md", ".rst", ".txt", ".html"].iter().any(|end| path.to_ascii_lowercase().ends_with(end))
}
