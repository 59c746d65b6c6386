//! What the site keeps: uploads, the database, logs. The disk of an instance keeps nothing.

use std::ops::Range;

use super::at;
use super::backends::Backend;
use super::given::is_given;
use super::tables::nothing_migrates;
use super::unrooted;
use crate::beanstalk::customizations::Moment;
use crate::beanstalk::tree::file_name;
use crate::check::django::{self, Settings, Value};
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    database(subject, settings);
    uploads(subject, settings);
    logs(subject, settings);
    gis(subject, settings);
}

fn database(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("DATABASES") else { return };
    let default = setting.value.get("default");
    let sqlite = default.get("ENGINE").text().is_some_and(|engine| engine.ends_with("sqlite3"));
    if sqlite && default.get("NAME").is_replaced_file() {
        let (message, fix) = replaced_database(subject);
        let message = match default.get("NAME").in_project().or_else(|| default.get("NAME").text()) {
            Some(file) if has_no_tables(subject, file) => {
                format!("{message}; nothing here runs `migrate`, and a new file has no tables")
            }
            _ => message.to_owned(),
        };
        at(subject, "EB080", setting, message, fix);
    }
    if let Value::Text(name) = default.get("NAME")
        && sqlite
        && !default.get("NAME").is_replaced_file()
        && (name == ":memory:" || name.starts_with('/') && made_by_root(subject, name))
    {
        let message = match name.as_str() {
            ":memory:" => "the database is in memory: each process has its own, and an empty one".to_owned(),
            _ => format!(
                "every page that writes is a 500: `migrate` makes `{name}` as root, and `webapp` may not write to it"
            ),
        };
        at(subject, "EB080", setting, &message, "use PostgreSQL on RDS, or give the file and its folder to `webapp`");
    }
}

/// Does the file of a database neither ship nor get its tables from anything that a deployment or the site runs?
fn has_no_tables(subject: &Subject<'_>, file: &str) -> bool {
    let tree = subject.tree;
    let name = file_name(file);
    let ships = tree.iter().any(|(path, _)| file_name(path) == name);
    // Beside an `.ebignore` it ships from the disk of whoever has it, and a copy does not show what git knows.
    let may_ship = tree.is_file(".ebignore") || subject.pipeline_names(name) || subject.names_file(name);
    subject.python() && !ships && !may_ship && nothing_migrates(subject)
}

/// Is it the address of an SQLite file that a deployment replaces, such as `sqlite:///shop.db`?
pub(in crate::check::rules) fn is_replaced(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else { return false };
    let file = rest.strip_prefix('/').unwrap_or(rest);
    let file = file.split('?').next().unwrap_or(file);
    let relative = !file.is_empty() && !file.starts_with([':', '/']);
    scheme.starts_with("sqlite") && (relative || file.starts_with("/var/app/"))
}

/// What to say of a database in a file of the project, on the instance or in a container.
pub(in crate::check::rules) fn replaced_database(subject: &Subject<'_>) -> (&'static str, &'static str) {
    match subject.python() {
        true => (
            "each deployment replaces the folder, and with it the database; each instance has its own",
            "use PostgreSQL on RDS, or keep the file outside of `/var/app`",
        ),
        false => (
            "each deployment replaces the container, and with it the database; each instance has its own",
            "use PostgreSQL on RDS, or keep the file in a volume",
        ),
    }
}

/// Does root make this database, and nobody give it away?
fn made_by_root(subject: &Subject<'_>, name: &str) -> bool {
    let scripts = subject.scripts();
    let given = |script: &Script<'_>| script.text.contains("chown") || script.text.contains("chmod");
    let as_root = |script: &Script<'_>| {
        let deploys = matches!(script.place, Place::ContainerCommand(_) | Place::Hook(_));
        deploys && script.django(&["migrate"]).is_some_and(|(run, _)| run.lead.is_root())
    };
    subject.python() && !subject.tree.is_file(name) && scripts.iter().any(as_root) && !scripts.iter().any(given)
}

fn uploads(subject: &mut Subject<'_>, settings: &Settings) {
    let backend = Backend::of_uploads(settings);
    let Some(setting) = settings.get("MEDIA_ROOT") else { return unrooted::check(subject, settings, backend) };
    let root = setting.value.by_default();
    let relative = |text: &str| !text.is_empty() && !text.starts_with('/') && !text.contains(':');
    let here = root.in_project().is_some() || root.text().is_some_and(relative);
    if !here || !backend.is_here() || !takes_files(subject, settings) {
        return;
    }
    let fix = "keep them in S3, with `django-storages` and the role of the instance";
    if setting.value.is_undecided() || backend.is_undecided() {
        let message = "unless a variable of the environment says otherwise, uploads are lost with the next deployment";
        at(subject, "EB082", setting, message, fix).level = Level::Note;
    } else {
        let message = "uploads are lost with the next deployment, and each instance sees its own only";
        at(subject, "EB082", setting, message, fix);
    }
}

/// Applications of others that take no files.
pub(in crate::check::rules) const PLAIN: [&str; 11] = [
    "rest_framework",
    "corsheaders",
    "crispy_forms",
    "crispy_bootstrap4",
    "crispy_bootstrap5",
    "widget_tweaks",
    "debug_toolbar",
    "django_extensions",
    "django_filters",
    "whitenoise",
    "storages",
];

/// May anybody bring the site a file? Not where neither its own code nor an application of others has to do with files.
fn takes_files(subject: &Subject<'_>, settings: &Settings) -> bool {
    const WORDS: [&str; 6] = ["FileField", "ImageField", "FILES", "torage", "MEDIA_ROOT", "upload"];
    let apps = settings.value("INSTALLED_APPS");
    let root = django::root(subject.tree);
    let own = |app: &str| {
        let package = app.split('.').next().unwrap_or(app);
        package == "django" || PLAIN.contains(&package) || subject.tree.is_dir(&format!("{root}{package}"))
    };
    let known = matches!(apps, Value::List(items) if items.iter().all(|item| item.text().is_some_and(own)));
    let mut code = subject.tree.iter().map(|(path, _)| path).filter(|path| {
        path.ends_with(".py") && file_name(path) != "urls.py" && !settings.files.iter().any(|file| file == path)
    });
    let has =
        |text: Option<&str>, words: &[&str]| text.is_some_and(|text| words.iter().any(|word| text.contains(word)));
    // Of code that is no configuration, only what takes a file for certain.
    let takes = ["models.FileField", "models.ImageField", "request.FILES"];
    !known || code.any(|path| has(subject.tree.text(path), &WORDS) || has(subject.tree.code(path), &takes))
}

/// A log file that root makes and webapp cannot write.
fn logs(subject: &mut Subject<'_>, settings: &Settings) {
    // In a container one user runs everything.
    let Some(setting) = settings.get("LOGGING").filter(|_| subject.python()) else { return };
    let Value::Dict(handlers) = setting.value.get("handlers") else { return };
    let to_file = handlers.iter().find(|(_, handler)| {
        let file = handler.get("class").text().is_some_and(|class| class.ends_with("FileHandler"));
        file && matches!(handler.get("filename").by_default(), Value::Path(_) | Value::Text(_))
    });
    // A file that ships belongs to `webapp` like all others, and stays so.
    let ships = |value: &Value| matches!(value, Value::Path(path) if subject.tree.is_file(path));
    let Some((name, handler)) = to_file.filter(|(_, handler)| !ships(handler.get("filename"))) else { return };
    let name = name.text().unwrap_or("the handler");
    let folder = handler.get("filename").by_default().text().and_then(|path| no_folder(subject, settings, path));
    if folder.is_none() && is_given(subject, handler.get("filename")) {
        return;
    }
    let of_root = handler.get("filename").by_default().text().and_then(|path| folder_of_root(subject, path));
    let message = match (folder, of_root) {
        (Some(folder), _) => {
            format!("the server does not start: `{name}` logs into `{folder}`, and nothing makes that folder")
        }
        // An access list of the folder's may give the group what root makes.
        _ if logs_as_root(subject) && subject.scripts().iter().any(|script| script.has(&["setfacl"])) => return,
        _ if logs_as_root(subject) => format!(
            "the server does not start: `manage.py` in a deployment makes the file of `{name}` as root, and `webapp` may not write to it"
        ),
        (None, Some(folder)) => format!(
            "the server does not start: `{name}` logs into `{folder}`, where only root makes files, and the server is `webapp`"
        ),
        (None, None) => return,
    };
    let fix = "log to the console: the platform keeps and rotates it as `/var/log/web.stdout.log`";
    if handler.get("filename").is_undecided() {
        let message = format!("unless a variable of the environment says otherwise, {message}");
        at(subject, "EB090", setting, message, fix).level = Level::Note;
    } else {
        at(subject, "EB090", setting, message, fix);
    }
}

/// Does root load the settings before the server does, and make the files of its logs by that? What comes after the server
/// finds those that it has made.
fn logs_as_root(subject: &Subject<'_>) -> bool {
    subject.scripts().iter().any(|script| {
        let before = match script.place {
            Place::ContainerCommand(_) | Place::Build(_) => true,
            Place::Hook(hook) => hook.moment != Moment::Postdeploy,
            Place::Command(_) | Place::Process(_) => false,
        };
        before && script.host_runs().any(|run| run.django().is_some() && run.lead.is_root())
    })
}

/// The folder of a log, where nobody but root makes files and nothing here changes that.
fn folder_of_root<'p>(subject: &Subject<'_>, path: &'p str) -> Option<&'p str> {
    const OPEN: [&str; 4] = ["/tmp", "/var/tmp", "/dev", "/proc"];
    let (folder, _) = path.rsplit_once('/').filter(|(folder, _)| !folder.is_empty())?;
    let is_open =
        OPEN.iter().any(|open| folder.strip_prefix(open).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)));
    let changes =
        |text: &str| ["chown", "chmod", "chgrp", "setfacl", "install "].iter().any(|word| text.contains(word));
    let given = subject.scripts().iter().any(|script| changes(script.text) && script.text.contains(folder));
    (!is_open && !given && !folder.starts_with("/var/app")).then_some(folder)
}

/// The folder of a log that is not on an instance, where nothing here makes it.
fn no_folder<'p>(subject: &Subject<'_>, settings: &Settings, path: &'p str) -> Option<&'p str> {
    const THERE: [&str; 12] = [
        "",
        "/tmp",
        "/var",
        "/var/tmp",
        "/var/log",
        "/var/log/nginx",
        "/opt",
        "/srv",
        "/mnt",
        "/run",
        "/dev",
        "/home/ec2-user",
    ];
    let (folder, _) = path.rsplit_once('/').filter(|(folder, _)| path.starts_with('/') && !THERE.contains(folder))?;
    let in_bundle = folder.starts_with("/var/app/") || folder.starts_with("/proc/");
    // Who only asks for a folder of the first Amazon Linux does not make it.
    let old = folder.starts_with("/opt/python");
    let makes = |text: &str| text.contains(folder.trim_end_matches('/')) && (!old || text.contains("mkdir"));
    let made = subject.scripts().iter().any(|script| makes(script.text))
        || subject
            .customizations
            .used()
            .any(|file| file.files.iter().any(|entry| entry.path.value.starts_with(folder)));
    let itself =
        |path: &String| subject.tree.code(path).is_some_and(|text| text.contains("mkdir") || text.contains("makedirs"));
    (subject.python() && !in_bundle && !made && !settings.files.iter().any(itself)).then_some(folder)
}

/// Where a name stands in quotes, outside of comments.
fn place_of(text: &str, name: &str) -> Option<Range<usize>> {
    text.match_indices(name).map(|(at, _)| at..at + name.len()).find(|span| {
        let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        !text[line..span.start].contains('#') && text[span.end..].starts_with(['"', '\''])
    })
}

fn gis(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("INSTALLED_APPS").filter(|_| subject.python()) else { return };
    let uses = setting.value.items().iter().any(|app| app.text() == Some("django.contrib.gis"));
    let found = *settings.value("GDAL_LIBRARY_PATH") != Value::Missing
        || subject.scripts().iter().any(|script| script.text.to_ascii_lowercase().contains("gdal"));
    let packages = subject
        .customizations
        .used()
        .any(|file| file.packages.iter().any(|package| package.name.value.contains("gdal")));
    if uses && !found && !packages {
        let message =
            "the server does not start: `Could not find the GDAL library`, which Amazon Linux 2023 has no package of";
        let fix = "use the Docker platform, or ship the libraries and set `GDAL_LIBRARY_PATH`";
        // A file that adds to the list may have none of it: what is shown is the file that names it.
        let names = |path: &&String| subject.tree.code(path).and_then(|text| place_of(text, "django.contrib.gis"));
        let named = |path: &String| Some((path.clone(), names(&path)?));
        let place = named(&setting.path).or_else(|| settings.files.iter().find_map(named));
        match place {
            Some((path, span)) => subject.find("EB043", &path, span, message, fix),
            None => at(subject, "EB043", setting, message, fix),
        };
    }
}
