//! Commands: which application `manage.py NAME` belongs to, and whether the settings install that one.

use super::{Settings, Value, module_path, root};
use crate::beanstalk::tree::Tree;

/// What Django has without any application.
const DJANGO: [&str; 28] = [
    "check",
    "compilemessages",
    "createcachetable",
    "dbshell",
    "diffsettings",
    "dumpdata",
    "flush",
    "help",
    "inspectdb",
    "loaddata",
    "makemessages",
    "makemigrations",
    "migrate",
    "optimizemigration",
    "runserver",
    "sendtestemail",
    "shell",
    "showmigrations",
    "sqlflush",
    "sqlmigrate",
    "sqlsequencereset",
    "squashmigrations",
    "startapp",
    "startproject",
    "syncdb",
    "test",
    "testserver",
    "version",
];

/// Applications of packages with all of their commands.
const PACKAGES: [(&str, &[&str]); 38] = [
    ("allauth", &[]),
    ("allauth.account", &["account_unsetmultipleprimaryemails"]),
    ("allauth.socialaccount", &[]),
    ("background_task", &["process_tasks"]),
    ("bootstrap3", &[]),
    ("bootstrap4", &[]),
    ("channels", &["runworker"]),
    ("compressor", &["compress", "mtime_cache"]),
    ("corsheaders", &[]),
    ("crispy_bootstrap4", &[]),
    ("crispy_bootstrap5", &[]),
    ("crispy_forms", &[]),
    ("dbbackup", &["dbbackup", "dbrestore", "listbackups", "mediabackup", "mediarestore"]),
    ("debug_toolbar", &["debugsqlshell"]),
    ("django_celery_beat", &[]),
    ("django_celery_results", &[]),
    ("django_cleanup", &[]),
    ("django_countries", &[]),
    ("django_crontab", &["crontab"]),
    ("django_filters", &[]),
    ("django_q", &["qcluster", "qinfo", "qmemory", "qmonitor"]),
    ("django_tables2", &[]),
    ("djoser", &[]),
    ("drf_yasg", &["generate_swagger"]),
    ("import_export", &[]),
    ("phonenumber_field", &[]),
    ("rest_auth", &[]),
    ("rest_auth.registration", &[]),
    ("rest_framework", &["generateschema"]),
    ("rest_framework.authtoken", &["drf_create_token"]),
    ("rest_framework_simplejwt", &[]),
    ("rest_framework_simplejwt.token_blacklist", &["flushexpiredtokens"]),
    ("rest_framework_swagger", &[]),
    ("sass_processor", &["compilescss"]),
    ("social_django", &["clearsocial"]),
    ("storages", &[]),
    ("whitenoise.runserver_nostatic", &[]),
    ("widget_tweaks", &[]),
];

/// Why Django does not know a command.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::check) enum Unknown<'t> {
    /// It is in this file, of an application that is not installed.
    NotInstalled(&'t str),
    /// It belongs to this application of a package.
    OfPackage(&'static str),
    /// No application that is installed has it.
    Nowhere,
}

impl<'t> Unknown<'t> {
    /// Is it certain that the command is not known? `None`: it is, or it may be.
    pub(in crate::check) fn of(tree: &'t Tree, settings: &Settings, name: &str) -> Option<Self> {
        let apps = applications(tree, settings)?;
        // What belongs to Django's own applications is asked for elsewhere.
        const OWN: [&str; 7] = [
            "changepassword",
            "clearsessions",
            "collectstatic",
            "createsuperuser",
            "findstatic",
            "ogrinspect",
            "remove_stale_contenttypes",
        ];
        let plain = |char: char| char.is_ascii_alphanumeric() || char == '_';
        if DJANGO.contains(&name) || OWN.contains(&name) || name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        let mut files = files(tree, name).peekable();
        if let Some(first) = files.peek().copied() {
            let installed = |path: &str| apps.iter().any(|app| is_of(path, app));
            return (!files.any(installed)).then_some(Self::NotInstalled(first));
        }
        let known = |app: &String| {
            let package = PACKAGES.iter().find(|(package, _)| app == package || is_config(app, package));
            package.map_or_else(|| is_plain(tree, app), |(_, commands)| !commands.contains(&name))
        };
        if !apps.iter().all(known) {
            return None;
        }
        let package = PACKAGES.iter().find(|(_, commands)| commands.contains(&name));
        Some(package.map_or(Self::Nowhere, |(package, _)| Self::OfPackage(package)))
    }
}

/// The file of a command of the project's own, unless it is certain that Django does not know it.
pub(in crate::check) fn own<'t>(tree: &'t Tree, settings: Option<&Settings>, name: &str) -> Option<&'t str> {
    let unknown = settings.and_then(|settings| Unknown::of(tree, settings, name));
    files(tree, name).next().filter(|_| unknown.is_none())
}

/// The folder of the application that a command is in.
pub(in crate::check) fn folder(path: &str) -> &str {
    path.rsplit_once("/management/commands/").map_or("", |(folder, _)| folder)
}

fn files<'t>(tree: &'t Tree, name: &str) -> impl Iterator<Item = &'t str> {
    let end = format!("/management/commands/{name}.py");
    tree.iter().map(|(path, _)| path).filter(move |path| path.ends_with(&end))
}

/// What is installed, by the names of its modules, where all of it is known.
fn applications(tree: &Tree, settings: &Settings) -> Option<Vec<String>> {
    let list = settings.value("INSTALLED_APPS");
    if !settings.broken.is_empty() || !settings.unread.is_empty() || list.items().is_empty() || !list.is_known() {
        return None;
    }
    let mut found: Vec<String> = list.items().iter().filter_map(Value::text).map(str::to_owned).collect();
    // A class of configuration may name another module than its own.
    for app in found.clone() {
        let Some((module, _)) = app.rsplit_once('.') else { continue };
        let path = module_path(tree, &root(tree), module);
        let text = path.as_deref().and_then(|path| tree.code(path)).unwrap_or_default();
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("name")?.trim_start().strip_prefix('='));
        let plain = names.filter_map(|value| value.trim().trim_matches(['"', '\'']).split(['"', '\'']).next());
        found.extend(plain.map(str::to_owned));
    }
    Some(found)
}

/// Is a file in the folder of this application? A class is in a module of it, and its folder may be below any other.
fn is_of(path: &str, app: &str) -> bool {
    let folder = folder(path);
    let ends = |module: &str| {
        let module = module.replace('.', "/");
        folder.strip_suffix(module.as_str()).is_some_and(|above| above.is_empty() || above.ends_with('/'))
    };
    let dots = app.match_indices('.').map(|(at, _)| at);
    ends(app) || dots.into_iter().any(|at| ends(&app[..at]))
}

/// Is it the class of a package's configuration, such as `django_filters.apps.FiltersConfig`?
fn is_config(app: &str, package: &str) -> bool {
    app.strip_prefix(package).is_some_and(|rest| rest.starts_with(".apps."))
}

/// Django's own, or one of the project's: of the first the commands are known, of the others each has a file.
fn is_plain(tree: &Tree, app: &str) -> bool {
    let first = app.split('.').next().unwrap_or(app);
    let mut paths = tree.iter().map(|(path, _)| path);
    app.starts_with("django.contrib.")
        || paths.any(|path| path.ends_with(".py") && path.split('/').any(|part| part.trim_end_matches(".py") == first))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn commands_that_django_does_not_know() {
        let of = |apps: &str, name: &str, files: &[&str]| {
            let settings = format!("INSTALLED_APPS = [{apps}]\n");
            let tree = files.iter().fold(Tree::default(), |tree, path| tree.file(path, ""));
            let tree = tree.file("manage.py", "").file("shop/settings.py", settings).file("pages/models.py", "");
            let settings = Settings::of(&tree, "", "shop.settings", BTreeMap::new()).expect("there are some");
            format!("{:?}", Unknown::of(&tree, &settings, name))
        };
        const FILE: &str = "pages/management/commands/fill.py";
        const OWN: &str = "'django.contrib.auth', 'rest_framework'";
        assert_eq!(of(OWN, "fill", &[FILE]), format!("Some(NotInstalled({FILE:?}))"));
        for app in ["'pages'", "'pages.apps.PagesConfig'", "'shop', 'pages.config.P'"] {
            assert_eq!(of(&format!("{OWN}, {app}"), "fill", &[FILE]), "None", "{app}");
        }
        assert_eq!(of("'pages'", "fill", &["src/pages/management/commands/fill.py"]), "None");
        assert_eq!(of(&format!("{OWN}, 'pages'"), "fill", &[]), "Some(Nowhere)");
        assert_eq!(of(OWN, "compress", &[]), "Some(OfPackage(\"compressor\"))");
        assert_eq!(of(&format!("{OWN}, 'compressor'"), "compress", &[]), "None");
        // Nobody knows what a package brings that is not in the table, nor what a variable adds.
        assert_eq!(of(&format!("{OWN}, 'wagtail'"), "fill", &[]), "None");
        assert_eq!(of(&format!("{OWN}] + MORE + ["), "fill", &[FILE]), "None");
        for name in ["migrate", "collectstatic", "createsuperuser", "$NAME"] {
            assert_eq!(of(OWN, name, &[]), "None", "{name}");
        }
    }
}
