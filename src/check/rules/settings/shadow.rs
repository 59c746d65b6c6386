//! Static files that the proxy hides: what it serves by itself wins over the application.

use super::backends::Backend;
use super::{at, base, shipped};
use crate::beanstalk::defaults::{STATIC_FILES, STATIC_FOLDER, serves_static_of};
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB131";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let options = subject.customizations.used().flat_map(|file| &file.option_settings);
    let mapped: Vec<&str> = options
        .filter(|option| option.namespace.value == STATIC_FILES)
        .map(|option| option.name.value.as_str())
        .collect();
    if !subject.python() {
        return;
    }
    let by_itself = serves_static_of(subject.tree, mapped.iter().copied());
    if by_itself {
        folder(subject, settings);
    } else {
        admin(subject, settings);
    }
    if by_itself || mapped.iter().any(|path| path.trim_matches('/') == STATIC_FOLDER) {
        uploads(subject, settings);
    }
}

/// The bundle's folder `static` answers for everything below `/static`.
fn folder(subject: &mut Subject<'_>, settings: &Settings) {
    // What other people's scripts bring along, such as the `conf.py` of their documents, is theirs to show.
    let own = |path: &str| path.ends_with(".py") && (path.matches('/').count() == 1 || path.ends_with("/settings.py"));
    let package = subject.tree.is_file(&format!("{STATIC_FOLDER}/__init__.py"));
    let code = subject
        .tree
        .under(STATIC_FOLDER)
        .find(|(path, _)| own(path) || (package && path.ends_with(".py")))
        .map(|(path, _)| path.to_owned());
    if let Some(path) = code {
        let message =
            format!("everybody can read it at `/{path}`: Elastic Beanstalk serves the folder `static` as it is");
        subject.find_file(RULE, &path, message, "give the package another name, or map `/static` to another folder");
    }
    // A `location` of the project's own may answer before it.
    let proxy = |text: &str| text.contains("location /static") || text.contains("location ^~ /static");
    let own_location = subject.customizations.proxy.iter().any(|path| subject.tree.text(path).is_some_and(proxy))
        || subject.customizations.used().any(|file| proxy(&file.text));
    if own_location || Backend::of_static_files(settings).may_be_elsewhere() {
        return;
    }
    // A folder that is collected into is served rightly.
    let collected = match settings.value("STATIC_ROOT") {
        Value::Path(path) => path == STATIC_FOLDER,
        Value::Text(text) => text.trim_matches('/') == STATIC_FOLDER,
        value => value.is_undecided(),
    };
    let apps = settings.value("INSTALLED_APPS");
    let uses =
        matches!(apps, Value::List(items) if items.iter().any(|app| app.text() == Some("django.contrib.staticfiles")));
    // What somebody collected by hand, and committed.
    let ships = subject.tree.is_dir(&format!("{STATIC_FOLDER}/admin"));
    let Some(setting) = settings.get("STATIC_URL").filter(|_| uses && !collected && !ships) else { return };
    let below = |url: &str| !url.contains("//") && url.trim_matches('/').split('/').next() == Some(STATIC_FOLDER);
    if !setting.value.by_default().text().is_some_and(below) {
        return;
    }
    let root = match settings.value("STATIC_ROOT") {
        Value::Path(root) if !root.is_empty() && !root.contains("..") => root.clone(),
        _ => "staticfiles".to_owned(),
    };
    let message = "the admin and all applications have no style: Elastic Beanstalk serves the bundle's folder `static` there, and nothing else";
    let mut fix = format!("map `/static: {root}` in `{STATIC_FILES}`, also with WhiteNoise");
    // Without its files, the mapping would take those away that are served now.
    let collects = subject.scripts().iter().any(|script| script.text.contains("collectstatic"))
        || subject.in_pipeline("collectstatic")
        || shipped::collected(subject.tree, settings).is_some();
    if !collects {
        fix.push_str(", and run `collectstatic` into that folder on every instance");
    }
    at(subject, RULE, setting, message, &fix);
}

/// A mapping to a folder that ships, and nobody collects the files of the admin into it.
fn admin(subject: &mut Subject<'_>, settings: &Settings) {
    let uses = settings.value("INSTALLED_APPS").items().iter().any(|app| app.text() == Some("django.contrib.admin"));
    let below = |url: &str| !url.contains("//") && url.trim_matches('/') == STATIC_FOLDER;
    let collects = subject.scripts().iter().any(|script| script.text.contains("collectstatic"));
    let served = settings.value("STATIC_URL").text().is_some_and(below);
    if !uses || !served || collects || Backend::of_static_files(settings).may_be_elsewhere() {
        return;
    }
    let customizations = subject.customizations;
    for file in customizations.used() {
        for option in file.option_settings.iter().filter(|option| option.namespace.value == STATIC_FILES) {
            let folder = option.value.value.trim_matches('/');
            let ships = subject.tree.is_dir(folder) && !subject.tree.is_dir(&format!("{folder}/admin"));
            if option.name.value.trim_matches('/') == STATIC_FOLDER && ships && !option.value.value.starts_with('/') {
                let message = format!(
                    "the admin has no style: the proxy serves the bundle's folder `{folder}`, and nobody collects the admin's files into it"
                );
                let root = base::static_root(subject, settings, "staticfiles");
                let fix = format!("collect into a folder of its own ({root}), and map `/static` there");
                subject.find(RULE, &file.path, option.value.span.clone(), message, fix);
                return;
            }
        }
    }
}

/// Uploads below the path of static files.
fn uploads(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("MEDIA_URL") else { return };
    let Some(url) = setting.value.by_default().text().map(|url| url.trim_matches('/').to_owned()) else { return };
    if url.starts_with("static/") {
        let message = format!("uploads are a 404: the proxy looks for `/{url}` in the folder of static files");
        at(subject, RULE, setting, message, "give uploads a path of their own, such as `/media/`");
    }
}
