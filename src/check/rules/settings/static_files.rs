//! Static files: whether they are collected, and whether somebody serves what is collected.

mod asked;
mod bucket;
mod container;

use super::backends::Backend;
use super::serving::{self, is_mapped, serves_itself};
use super::{at, base, proxy_has, shipped};
use crate::beanstalk::config_file::Spanned;
use crate::beanstalk::customizations::Moment;
use crate::beanstalk::defaults::{STATIC_FILES, STATIC_FOLDER};
use crate::beanstalk::platforms::Family;
use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    collected(subject, settings);
    mapping(subject, settings);
    listed_before(subject, settings);
    unserved(subject, settings);
}

/// They are collected, and neither the proxy nor the application looks there.
fn unserved(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("STATIC_ROOT").filter(|_| subject.python() && !subject.guessed()) else { return };
    let (Value::Path(folder), Some(url)) = (&setting.value, settings.value("STATIC_URL").text()) else { return };
    let Some(folder) = &base::in_bundle(subject, folder) else { return };
    let name = url.trim_matches('/');
    let installs = |app: &str| settings.value("INSTALLED_APPS").items().iter().any(|item| item.text() == Some(app));
    // The admin has style sheets, whatever else the site is.
    let has_any = installs("django.contrib.staticfiles") && installs("django.contrib.admin");
    let collects = subject.scripts().iter().any(|script| script.django(&["collectstatic"]).is_some());
    let told = subject.customizations.used().any(|file| {
        let mapped =
            |option: &crate::beanstalk::config_file::OptionSetting| option.namespace.value.ends_with("staticfiles");
        file.option_settings.iter().any(mapped) || is_named(&file.text, name, folder)
    });
    let mut beside = subject.tree.iter().filter(|(path, _)| {
        path.starts_with(".platform/") || matches!(*path, "Procfile" | "gunicorn.conf.py" | "uwsgi.ini")
    });
    let told = told || beside.any(|(path, _)| subject.tree.text(path).is_some_and(|text| is_named(text, name, folder)));
    if told
        || !has_any
        || !(collects || shipped::collected(subject.tree, settings).is_some())
        || name.is_empty()
        || url.contains("//")
        || is_mapped(subject)
        || folder == "static"
        || Backend::of_static_files(settings).may_be_elsewhere()
        || serves_itself(subject, settings)
    {
        return;
    }
    let are = if collects { "are collected into" } else { "ship in" };
    let message = format!(
        "style sheets and images are a 404: they {are} `{folder}`, and neither the proxy nor the application looks there"
    );
    let fix = format!("`/{name}: {folder}` under `aws:elasticbeanstalk:environment:proxy:staticfiles`, or WhiteNoise");
    at(subject, "EB021", setting, message, &fix).level = Level::Warning;
}

/// Does a text say anything about this address or this folder?
fn is_named(text: &str, url: &str, folder: &str) -> bool {
    [url, folder].iter().any(|name| text.contains(&format!("/{name}")))
}

/// WhiteNoise lists its files when the process starts: what is collected afterwards is a 404 until the next restart
/// (measured with WhiteNoise 6.9 and gunicorn 23).
fn listed_before(subject: &mut Subject<'_>, settings: &Settings) {
    let middleware = settings.value("MIDDLEWARE").items();
    if !middleware.iter().any(|item| item.text().is_some_and(|text| text.starts_with("whitenoise."))) {
        return;
    }
    let by_name = Backend::of_static_files(settings).has_manifest();
    // With DEBUG on, it looks at each request; and what the proxy is asked for never gets here.
    let looks = *settings.value("DEBUG") == Value::Bool(true);
    if !by_name && (looks || asks_proxy(subject, settings)) {
        return;
    }
    // What ships is listed, and collecting it again changes no name.
    if shipped::collected(subject.tree, settings).is_some() {
        return;
    }
    let scripts = subject.scripts();
    // Outside of its containers nothing is collected at all.
    let docker = matches!(subject.customizations.family, Family::Docker | Family::Ecs);
    let late = |script: &&Script<'_>| matches!(script.place, Place::Hook(hook) if hook.moment == Moment::Postdeploy);
    let collects = |script: &&Script<'_>| script.django(&["collectstatic"]).is_some();
    if scripts
        .iter()
        .any(|script| collects(&script) && !late(&script) && !matches!(script.place, Place::Hook(hook) if hook.config))
    {
        return;
    }
    if let Some(script) = scripts.iter().filter(late).find(collects)
        && let Some((run, span)) = script.django(&["collectstatic"])
        && !script.restarts_after(run)
        && (run.in_container() || !docker)
    {
        let message = "style sheets are a 404: WhiteNoise lists its files when the server starts, and this collects them afterwards";
        let fix = "collect in `predeploy`, in hooks and in confighooks, or in `container_commands`";
        subject.find("EB157", script.path, span, message, fix);
    }
}

/// Does the proxy answer for static files? Then it has them whenever they come, or another rule says that it looks elsewhere.
fn asks_proxy(subject: &Subject<'_>, settings: &Settings) -> bool {
    let url = settings.value("STATIC_URL").by_default().text().unwrap_or("static").trim_matches('/');
    let by_option = subject.customizations.used().flat_map(|file| &file.option_settings).any(|setting| {
        setting.namespace.value == crate::beanstalk::defaults::STATIC_FILES
            && setting.name.value.trim_matches('/') == url
    });
    by_option || (!url.is_empty() && proxy_has(subject, &format!("/{url}")))
}

/// Does anything collect static files, or do they lie elsewhere?
fn collected(subject: &mut Subject<'_>, settings: &Settings) {
    let apps = settings.value("INSTALLED_APPS");
    let Value::List(items) = apps else { return };
    let scripts = subject.scripts();
    let uses = items.iter().any(|app| app.text() == Some("django.contrib.staticfiles"));
    if !uses && subject.python() && items.iter().all(Value::is_known) {
        return unknown_command(subject);
    }
    if uses && subject.customizations.family == Family::Docker {
        return container::check(subject, settings);
    }
    if !uses || !subject.python() {
        return;
    }
    let collects = scripts.iter().any(|script| script.text.contains("collectstatic"))
        || ["Buildfile", "Procfile"]
            .iter()
            .any(|path| subject.tree.text(path).is_some_and(|text| text.contains("collectstatic")))
        || subject.in_pipeline("collectstatic");
    // A bucket that a variable names is meant, where the settings have no place for the files.
    let here = !Backend::of_static_files(settings).may_be_elsewhere();
    let mut reached = scripts.iter().filter(|script| script.end().is_none());
    if let Some(script) = reached.find(|script| script.has(&["collectstatic"])).filter(|_| here)
        && let Some(span) = script.find(&["collectstatic"])
        && let Some((message, level)) = refused(settings)
    {
        let fix = base::static_root(subject, settings, "staticfiles");
        subject.find("EB021", script.path, span, message, fix).level = level;
        return;
    }
    if !collects {
        bucket::check(subject, settings);
    }
    let root = settings.get("STATIC_ROOT");
    if incomplete(subject, settings) {
        return;
    }
    if let Some(setting) = serving::asked_elsewhere(subject, settings) {
        let message = "style sheets and images are not found, unless somebody brings them there: `STATIC_URL` sends browsers to another host, and `collectstatic` writes into a folder of the instance, which nothing here serves";
        let fix = "a storage of `django-storages` for static files, or WhiteNoise, from which that host can fetch them";
        at(subject, "EB021", setting, message, fix).level = Level::Warning;
        return;
    }
    let Some(root) = root else { return nowhere(subject, settings, collects) };
    let shipped = shipped::collected(subject.tree, settings).is_some() || shipped::served(subject);
    let backend = Backend::of_static_files(settings);
    if collects || shipped || !backend.is_here() || asked::by_nobody(subject, settings) {
        return;
    }
    // While `DEBUG` is on, Django hashes nothing.
    let debug = settings.value("DEBUG").by_default().is_on();
    if debug && (serves_itself(subject, settings) || (is_mapped(subject) && empty_mappings(subject).next().is_none())) {
        return;
    }
    let (rule, message) = if !debug && backend.has_manifest() {
        (
            "EB023",
            "every page with `{% static %}`, such as those of the admin, is a 500 with `Missing staticfiles manifest entry`: nothing runs `collectstatic`",
        )
    } else {
        ("EB021", "style sheets and images are a 404: nothing runs `collectstatic`")
    };
    let mut fix = "run it in `container_commands` and in a confighook, on every instance".to_owned();
    if let (Value::Path(folder), false) = (&root.value, is_mapped(subject) || serves_itself(subject, settings))
        && let Some(folder) = base::in_bundle(subject, folder)
        && let Some(url) = settings.value("STATIC_URL").text().filter(|url| !url.contains("//"))
        && folder != STATIC_FOLDER
        && !proxy_has(subject, url.trim_matches('/'))
    {
        let name = url.trim_matches('/');
        fix.push_str(&format!(
            ", and let somebody serve the files: `/{name}: {folder}` under `{STATIC_FILES}`, or WhiteNoise"
        ));
    }
    if backend.is_undecided() {
        let message = format!("unless a variable of the environment names another storage, {message}");
        at(subject, rule, root, message, &fix).level = Level::Note;
    } else {
        at(subject, rule, root, message, &fix);
    }
}

/// `collectstatic` belongs to an app that the settings do not install.
fn unknown_command(subject: &mut Subject<'_>) {
    let scripts = subject.scripts();
    let Some((script, (_, span))) =
        scripts.iter().find_map(|script| Some((script, script.django(&["collectstatic"])?)))
    else {
        return;
    };
    let message = "the deployment fails with `Unknown command: 'collectstatic'`: it belongs to `django.contrib.staticfiles`, which is not installed";
    let fix = "add `django.contrib.staticfiles` to `INSTALLED_APPS`, or take the command out";
    subject.find("EB021", script.path, span, message, fix);
}

/// Why `collectstatic` stops, if it does.
fn refused(settings: &Settings) -> Option<(String, Level)> {
    let root = settings.value("STATIC_ROOT");
    if root.is_no_folder() {
        let message = "the deployment fails with `ImproperlyConfigured`: the settings have no `STATIC_ROOT`";
        return Some((message.to_owned(), Level::Error));
    }
    if root.is_undecided() && root.by_default().is_no_folder() {
        let message = "unless a variable of the environment names a `STATIC_ROOT`, the deployment fails with `ImproperlyConfigured`";
        return Some((message.to_owned(), Level::Note));
    }
    let Value::Path(path) = root else { return None };
    let same = settings.value("STATICFILES_DIRS").items().iter().any(|folder| folder == root);
    let message =
        || format!("the deployment fails: `{path}` is `STATIC_ROOT` and among `STATICFILES_DIRS`, and may not be both");
    same.then(|| (message(), Level::Error))
}

/// Django falls back to nothing where `STORAGES` is set and has no entry for static files.
fn incomplete(subject: &mut Subject<'_>, settings: &Settings) -> bool {
    let Some(setting) = settings.get("STORAGES") else { return false };
    let Value::Dict(pairs) = &setting.value else { return false };
    let known = pairs.iter().all(|(key, _)| key.text().is_some());
    if !known || setting.value.get("staticfiles") != &Value::Missing {
        return false;
    }
    // Before, nobody asks for the setting at all.
    if settings.django.is_some_and(|django| django < Version::new(4, 2)) {
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
    let is_served = || is_mapped(subject) || shipped::served(subject) || serves_itself(subject, settings);
    if !admin || !missing || collects || elsewhere || is_served() {
        return;
    }
    let message =
        "style sheets and images are a 404: the settings have no `STATIC_ROOT`, and nothing runs `collectstatic`";
    let root = base::static_root(subject, settings, "staticfiles");
    let fix = format!("{root}, and run `collectstatic` on every instance");
    at(subject, "EB021", setting, message, &fix);
}

/// Mappings of `/static` to a folder that is not in the bundle and that no script names: their file, the value, the folder.
fn empty_mappings<'a>(
    subject: &Subject<'a>,
) -> impl Iterator<Item = (&'a str, &'a Spanned<String>, &'a str)> + use<'a> {
    let (tree, scripts) = (subject.tree, subject.scripts());
    let files = subject.customizations.used();
    let settings = files.flat_map(|file| file.option_settings.iter().map(|setting| (file.path.as_str(), setting)));
    settings.filter_map(move |(path, setting)| {
        let value = &setting.value;
        let folder = value.value.trim_matches('/');
        let of_proxy = setting.namespace.value == crate::beanstalk::defaults::STATIC_FILES
            && setting.name.value.trim_matches('/') == "static";
        let made = || scripts.iter().any(|script| script.text.contains(folder));
        let empty = !folder.is_empty() && !value.value.starts_with('/') && !tree.is_dir(folder);
        (of_proxy && empty && !made()).then_some((path, value, folder))
    })
}

/// The proxy must look where `collectstatic` writes, and where uploads go.
fn mapping(subject: &mut Subject<'_>, settings: &Settings) {
    const STATIC: (&str, &str) = ("style sheets are a 404", "`collectstatic` writes");
    let root = settings.value("STATIC_ROOT");
    match root.by_default() {
        Value::Path(folder) => {
            let url = settings.value("STATIC_URL").by_default().text().unwrap_or("static");
            mapped(subject, url, folder, root.is_undecided(), STATIC);
            under_another_name(subject, settings, url, folder);
        }
        Value::Missing => mapped_to_nothing(subject, settings),
        _ => {}
    }
    // Where uploads are asked for has no usual place: both must be known.
    if let (Value::Path(root), Value::Text(url)) = (settings.value("MEDIA_ROOT"), settings.value("MEDIA_URL")) {
        mapped(subject, url, root, false, ("uploads are a 404", "they go"));
    }
}

/// Nobody collects anything, and the folder that the proxy looks into is not in the bundle.
fn mapped_to_nothing(subject: &mut Subject<'_>, settings: &Settings) {
    let apps = settings.value("INSTALLED_APPS").items();
    let uses = apps.iter().any(|app| app.text() == Some("django.contrib.staticfiles"));
    if !uses || Backend::of_static_files(settings).may_be_elsewhere() || !subject.django() {
        return;
    }
    for (path, value, folder) in empty_mappings(subject) {
        let message =
            format!("style sheets are a 404: there is no folder `{folder}` in the bundle, and nothing makes it");
        let root = base::static_root(subject, settings, folder);
        let fix = format!("{root}, and run `collectstatic` in `container_commands`");
        subject.find("EB022", path, value.span.clone(), message, fix);
    }
}

/// What is asked for at `url` lies in `root`: does a mapping of that URL look elsewhere?
fn mapped(subject: &mut Subject<'_>, url: &str, root: &str, unless: bool, (what, who): (&str, &str)) {
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
                let span = setting.value.span.clone();
                if unless {
                    let message = format!("unless a variable of the environment says otherwise, {message}");
                    subject.find("EB022", &file.path, span, message, fix).level = Level::Note;
                } else {
                    subject.find("EB022", &file.path, span, message, fix).replace(in_bundle.clone());
                }
            }
        }
    }
}

/// The proxy has the folder, and visitors ask for another address than the one that it has it for.
fn under_another_name(subject: &mut Subject<'_>, settings: &Settings, url: &str, root: &str) {
    let wanted = url.trim_matches('/');
    if wanted.is_empty() || url.contains("//") || !subject.tree.is_file("manage.py") || serves_itself(subject, settings)
    {
        return;
    }
    let customizations = subject.customizations;
    let all = || customizations.used().flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)));
    let mappings = || all().filter(|(_, setting)| setting.namespace.value == crate::beanstalk::defaults::STATIC_FILES);
    // A wider one, such as `/`, may lead there.
    let leads = |name: &str| wanted == name || name.is_empty() || wanted.starts_with(&format!("{name}/"));
    if mappings().any(|(_, setting)| leads(setting.name.value.trim_matches('/'))) || proxy_has(subject, wanted) {
        return;
    }
    let Some((file, setting)) = mappings().find(|(_, setting)| setting.value.value.trim_matches('/') == root) else {
        return;
    };
    let name = &setting.name.value;
    let message =
        format!("style sheets are a 404: visitors ask for `/{wanted}/`, and the proxy has these files at `{name}`");
    let fix = format!("write `/{wanted}`, as `STATIC_URL` says");
    subject.find("EB022", &file.path, setting.name.span.clone(), message, fix);
}
