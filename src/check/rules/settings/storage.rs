//! What the site keeps: static files, uploads, the database, logs. The disk of an instance keeps nothing.

use super::at;
use super::backends::Backend;
use super::shipped;
use crate::beanstalk::customizations::Moment;
use crate::beanstalk::tree::file_name;
use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    database(subject, settings);
    static_files(subject, settings);
    mapping(subject, settings);
    uploads(subject, settings);
    logs(subject, settings);
    gis(subject, settings);
    listed_before(subject, settings);
}

/// WhiteNoise lists its files when the process starts: what is collected afterwards is a 404 until the next restart
/// (measured with WhiteNoise 6.9 and gunicorn 23).
fn listed_before(subject: &mut Subject<'_>, settings: &Settings) {
    let middleware = settings.value("MIDDLEWARE").items();
    if !middleware.iter().any(|item| item.text().is_some_and(|text| text.starts_with("whitenoise."))) {
        return;
    }
    // What ships is listed, and collecting it again changes no name.
    if shipped::collected(subject.tree, settings).is_some() {
        return;
    }
    let scripts = subject.scripts();
    let late = |script: &&Script<'_>| matches!(script.place, Place::Hook(hook) if hook.moment == Moment::Postdeploy);
    let collects = |script: &&Script<'_>| script.django(&["collectstatic"]).is_some();
    if scripts
        .iter()
        .any(|script| collects(&script) && !late(&script) && !matches!(script.place, Place::Hook(hook) if hook.config))
    {
        return;
    }
    if let Some(script) = scripts.iter().filter(late).find(collects)
        && let Some((_, span)) = script.django(&["collectstatic"])
    {
        let message = "style sheets are a 404: WhiteNoise lists its files when the server starts, and this collects them afterwards";
        let fix = "collect in `predeploy`, in hooks and in confighooks, or in `container_commands`";
        subject.find("EB157", script.path, span, message, fix);
    }
}

fn database(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("DATABASES") else { return };
    let default = setting.value.get("default");
    let sqlite = default.get("ENGINE").text().is_some_and(|engine| engine.ends_with("sqlite3"));
    if sqlite && default.get("NAME").is_replaced_file() {
        let message = "each deployment replaces the folder, and with it the database; each instance has its own";
        at(subject, "EB080", setting, message, "use PostgreSQL on RDS, or keep the file outside of `/var/app`");
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

/// Does anything collect static files, or do they lie elsewhere?
fn static_files(subject: &mut Subject<'_>, settings: &Settings) {
    let apps = settings.value("INSTALLED_APPS");
    let Value::List(items) = apps else { return };
    if !items.iter().any(|app| app.text() == Some("django.contrib.staticfiles")) || !subject.python() {
        return;
    }
    let collects = subject.scripts().iter().any(|script| script.text.contains("collectstatic"))
        || ["Buildfile", "Procfile"]
            .iter()
            .any(|path| subject.tree.text(path).is_some_and(|text| text.contains("collectstatic")));
    let root = settings.get("STATIC_ROOT");
    // A bucket that a variable names is meant, where the settings have no place for the files.
    if let Some(script) = subject.scripts().iter().find(|script| script.has(&["collectstatic"])).filter(|_| {
        *settings.value("STATIC_ROOT") == Value::Missing && !Backend::of_static_files(settings).may_be_elsewhere()
    }) {
        let span = script.find(&["collectstatic"]).expect("it has it");
        let message = "the deployment fails with `ImproperlyConfigured`: the settings have no `STATIC_ROOT`";
        subject.find("EB021", script.path, span, message, "`STATIC_ROOT = BASE_DIR / \"staticfiles\"`");
        return;
    }
    if incomplete(subject, settings) {
        return;
    }
    let Some(root) = root else { return nowhere(subject, settings, collects) };
    let shipped = shipped::collected(subject.tree, settings).is_some();
    let backend = Backend::of_static_files(settings);
    if collects || shipped || !backend.is_here() {
        return;
    }
    // While `DEBUG` is on, Django hashes nothing.
    let debug = settings.value("DEBUG").by_default() == &Value::Bool(true);
    if debug && (serves_itself(subject, settings) || is_mapped(subject)) {
        return;
    }
    let (rule, message) = if !debug && backend.has_manifest() {
        ("EB023", "every page is a 500 with `Missing staticfiles manifest entry`: nothing runs `collectstatic`")
    } else {
        ("EB021", "style sheets and images are a 404: nothing runs `collectstatic`")
    };
    let fix = "run it in `container_commands` and in a confighook, on every instance";
    if backend.is_undecided() {
        let message = format!("unless a variable of the environment names another storage, {message}");
        at(subject, rule, root, message, fix).level = Level::Note;
    } else {
        at(subject, rule, root, message, fix);
    }
}

/// Django falls back to nothing where `STORAGES` is set and has no entry for static files.
fn incomplete(subject: &mut Subject<'_>, settings: &Settings) -> bool {
    let Some(setting) = settings.get("STORAGES") else { return false };
    let Value::Dict(pairs) = &setting.value else { return false };
    let known = pairs.iter().all(|(key, _)| key.text().is_some());
    if !known || setting.value.get("staticfiles") != &Value::Missing {
        return false;
    }
    let django = subject.requirements().version("django");
    // Before, nobody asks for the setting at all.
    if django.is_some_and(|django| django < Version::new(4, 2)) {
        return false;
    }
    let message = "`collectstatic` fails, and every page with `{% static %}` is a 500: `STORAGES` has no `staticfiles`";
    let fix = "`\"staticfiles\": {\"BACKEND\": \"django.contrib.staticfiles.storage.StaticFilesStorage\"}`";
    at(subject, "EB021", setting, message, fix);
    true
}

/// Nothing is collected, and nothing says where to: the proxy has no folder, and a server of production serves no files.
fn nowhere(subject: &mut Subject<'_>, settings: &Settings, collects: bool) {
    let admin = settings.value("INSTALLED_APPS").items().iter().any(|app| app.text() == Some("django.contrib.admin"));
    let missing = *settings.value("STATIC_ROOT") == Value::Missing;
    let Some(setting) = settings.get("STATIC_URL").filter(|setting| matches!(setting.value, Value::Text(_))) else {
        return;
    };
    let elsewhere = setting.value.text().is_some_and(|url| url.contains("//"))
        || Backend::of_static_files(settings).may_be_elsewhere();
    if !admin || !missing || collects || elsewhere || is_mapped(subject) || serves_itself(subject, settings) {
        return;
    }
    let message =
        "style sheets and images are a 404: the settings have no `STATIC_ROOT`, and nothing runs `collectstatic`";
    let fix = "`STATIC_ROOT = BASE_DIR / \"staticfiles\"`, and run `collectstatic` on every instance";
    at(subject, "EB021", setting, message, fix);
}

/// Does Django or its server answer for static files? `runserver` does, and no other server.
fn serves_itself(subject: &Subject<'_>, settings: &Settings) -> bool {
    const ALWAYS: [&str; 6] = ["whitenoise", "WhiteNoise", "Cling", "StaticFilesHandler", "views.static", "runserver"];
    // Both add nothing to the URLs of production.
    const WHILE_DEBUGGING: [&str; 2] = ["staticfiles_urlpatterns", "STATIC_URL"];
    const NAMES: [&str; 5] = ["urls.py", "wsgi.py", "asgi.py", "application.py", "Procfile"];
    let debug = settings.value("DEBUG");
    let debug = debug.by_default() == &Value::Bool(true) || *debug == Value::Unknown;
    let middleware = settings.value("MIDDLEWARE");
    let known = matches!(middleware, Value::List(_));
    let whitenoise =
        middleware.items().iter().any(|item| item.text().is_some_and(|text| text.starts_with("whitenoise.")));
    let serves = |text: &str| {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        has(&ALWAYS) || (debug && has(&WHILE_DEBUGGING))
    };
    let mut paths = subject.tree.iter().map(|(path, _)| path).filter(|path| NAMES.contains(&file_name(path)));
    !known || whitenoise || paths.any(|path| subject.tree.text(path).is_some_and(serves))
}

/// Does the proxy answer for static files, by a mapping, a file of its own, or the platform's folder `static`?
fn is_mapped(subject: &Subject<'_>) -> bool {
    let by_option = subject.customizations.used().flat_map(|file| &file.option_settings).any(|setting| {
        setting.namespace.value == crate::beanstalk::defaults::STATIC_FILES && setting.name.value.contains("static")
    });
    let by_file = subject
        .tree
        .under(".platform")
        .any(|(path, _)| subject.tree.text(path).is_some_and(|text| text.contains("/static")));
    by_option || by_file || subject.tree.is_dir("static")
}

/// The proxy must look where `collectstatic` writes, and where uploads go.
fn mapping(subject: &mut Subject<'_>, settings: &Settings) {
    const STATIC: (&str, &str) = ("style sheets are a 404", "`collectstatic` writes");
    match settings.value("STATIC_ROOT") {
        Value::Path(root) => {
            let url = settings.value("STATIC_URL").text().unwrap_or("static");
            mapped(subject, url, root, STATIC);
        }
        Value::Missing => mapped_to_nothing(subject, settings),
        _ => {}
    }
    // Where uploads are asked for has no usual place: both must be known.
    if let (Value::Path(root), Value::Text(url)) = (settings.value("MEDIA_ROOT"), settings.value("MEDIA_URL")) {
        mapped(subject, url, root, ("uploads are a 404", "they go"));
    }
}

/// Nobody collects anything, and the folder that the proxy looks into is not in the bundle.
fn mapped_to_nothing(subject: &mut Subject<'_>, settings: &Settings) {
    let apps = settings.value("INSTALLED_APPS").items();
    let uses = apps.iter().any(|app| app.text() == Some("django.contrib.staticfiles"));
    if !uses || Backend::of_static_files(settings).may_be_elsewhere() || !subject.django() {
        return;
    }
    let customizations = subject.customizations;
    let of_proxy = |setting: &&crate::beanstalk::config_file::OptionSetting| {
        setting.namespace.value == crate::beanstalk::defaults::STATIC_FILES
            && setting.name.value.trim_matches('/') == "static"
    };
    for file in customizations.used() {
        for setting in file.option_settings.iter().filter(of_proxy) {
            let folder = setting.value.value.trim_matches('/');
            let made = subject.scripts().iter().any(|script| script.text.contains(folder));
            if folder.is_empty() || subject.tree.is_dir(folder) || made || setting.value.value.starts_with('/') {
                continue;
            }
            let message =
                format!("style sheets are a 404: there is no folder `{folder}` in the bundle, and nothing makes it");
            let fix =
                format!("`STATIC_ROOT = BASE_DIR / \"{folder}\"`, and run `collectstatic` in `container_commands`");
            subject.find("EB022", &file.path, setting.value.span.clone(), message, fix);
        }
    }
}

/// What is asked for at `url` lies in `root`: does a mapping of that URL look elsewhere?
fn mapped(subject: &mut Subject<'_>, url: &str, root: &str, (what, who): (&str, &str)) {
    let url = url.trim_matches('/');
    let customizations = subject.customizations;
    let in_bundle = if subject.tree.is_file("manage.py") && !root.contains("..") { root.to_owned() } else { return };
    for file in customizations.used() {
        for setting in &file.option_settings {
            let of_proxy = setting.namespace.value == crate::beanstalk::defaults::STATIC_FILES;
            let value = setting.value.value.trim_matches('/');
            if of_proxy
                && setting.name.value.trim_matches('/') == url
                && !setting.value.value.starts_with('/')
                && value != in_bundle
            {
                let message = format!("{what}: the proxy looks into `{value}`, and {who} to `{in_bundle}`");
                let fix = format!("write `{in_bundle}`");
                subject.find("EB022", &file.path, setting.value.span.clone(), message, fix).replace(in_bundle.clone());
            }
        }
    }
}

fn uploads(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("MEDIA_ROOT") else { return };
    let backend = Backend::of_uploads(settings);
    let root = setting.value.by_default();
    let relative = |text: &str| !text.is_empty() && !text.starts_with('/') && !text.contains(':');
    if !(root.in_project().is_some() || root.text().is_some_and(relative)) || !backend.is_here() {
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

/// A log file that root makes and webapp cannot write.
fn logs(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("LOGGING") else { return };
    let Value::Dict(handlers) = setting.value.get("handlers") else { return };
    let to_file = handlers.iter().find(|(_, handler)| {
        let file = handler.get("class").text().is_some_and(|class| class.ends_with("FileHandler"));
        file && matches!(handler.get("filename").by_default(), Value::Path(_) | Value::Text(_))
    });
    // A file that ships belongs to `webapp` like all others, and stays so.
    let ships = |value: &Value| matches!(value, Value::Path(path) if subject.tree.is_file(path));
    let Some((name, handler)) = to_file.filter(|(_, handler)| !ships(handler.get("filename"))) else { return };
    let message = format!(
        "the server does not start: `manage.py` in a deployment makes the file of `{}` as root, and `webapp` may not write to it",
        name.text().unwrap_or("the handler")
    );
    let fix = "log to the console: the platform keeps and rotates it as `/var/log/web.stdout.log`";
    if handler.get("filename").is_undecided() {
        let message = format!("unless a variable of the environment says otherwise, {message}");
        at(subject, "EB090", setting, message, fix).level = Level::Note;
    } else {
        at(subject, "EB090", setting, message, fix);
    }
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
        at(
            subject,
            "EB043",
            setting,
            message,
            "use the Docker platform, or ship the libraries and set `GDAL_LIBRARY_PATH`",
        );
    }
}
