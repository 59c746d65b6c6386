//! Shipped: files that a deployment would make, where they lie in the bundle already.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::backends::Backend;
use super::serving::asked_elsewhere;
use crate::beanstalk::defaults::STATIC_FOLDER;
use crate::beanstalk::tree::{Entry, Tree, file_name};
use crate::check::django::{self, Settings, Value};
use crate::check::subject::Subject;

/// What an instance has of the files that a command of Django's makes, where nothing runs that command.
pub(in crate::check::rules) enum Without {
    /// What it needs.
    Enough,
    /// What a deployment of before made: it puts no other folder in the place of this one.
    Outside,
    /// What ships, and in what that differs.
    Older(String),
    Nothing,
    /// Nothing, unless the settings, which could not be read, keep the files elsewhere.
    Perhaps,
}

/// Before what is true unless settings that could not be read keep the files elsewhere.
pub(in crate::check::rules) const UNREAD: &str =
    "unless the settings, which could not be read, keep them somewhere else, ";

impl Without {
    pub(in crate::check::rules) fn of(subject: &Subject<'_>, command: &str) -> Self {
        let tree = subject.tree;
        let settings = subject.settings().or_else(|| of_manage(subject));
        match (command, settings.as_deref()) {
            ("collectstatic" | "compress", None) => Self::Perhaps,
            ("collectstatic" | "compress", Some(settings)) if is_of_class(settings) => Self::Perhaps,
            // Nobody asks this instance for them.
            ("collectstatic", Some(settings)) if asked_elsewhere(subject, settings).is_some() => Self::Enough,
            ("compress", Some(settings)) if compresses_outside(tree, settings) => Self::Outside,
            ("compilemessages", _) if translated(tree) => Self::Enough,
            ("collectstatic", Some(settings))
                if Backend::of_static_files(settings).may_be_elsewhere() && !any_is_here(subject, settings) =>
            {
                Self::Enough
            }
            ("collectstatic", Some(settings)) if is_outside(tree, settings.value("STATIC_ROOT")) => Self::Outside,
            ("collectstatic", Some(settings)) => match collected(tree, settings) {
                Some(folder) => older(subject, settings, &folder).map_or(Self::Enough, Self::Older),
                None => Self::Nothing,
            },
            // What django-compressor makes offline is listed beside what is collected.
            // Where it keeps its list then depends on its version.
            ("compress", Some(settings)) if compresses_elsewhere(settings) => Self::Enough,
            ("compress", Some(settings)) => {
                let listed = collected(tree, settings)
                    .is_some_and(|folder| tree.is_file(&format!("{folder}/CACHE/manifest.json")));
                if listed { Self::Enough } else { Self::Nothing }
            }
            _ => Self::Nothing,
        }
    }
}

/// The settings that `manage.py` itself names, which are those of its commands where nothing names others.
fn of_manage(subject: &Subject<'_>) -> Option<Rc<Settings>> {
    let named = django::in_python(subject.tree, "manage.py")?;
    Settings::named(subject.tree, subject.customizations, &named.module).map(Rc::new)
}

/// Does a class have the folder for static files, and the file itself none? What the class makes of it is not known.
fn is_of_class(settings: &Settings) -> bool {
    settings.get("STATIC_ROOT").is_none() && settings.iter().any(|(name, _)| name.ends_with(".STATIC_ROOT"))
}

/// Does this folder lie where no deployment puts another in its place: above the top of the bundle, or at a path of its own?
fn is_outside(tree: &Tree, folder: &Value) -> bool {
    match folder.by_default() {
        Value::Path(path) => {
            // How far `BASE_DIR` is below the top is known for a project that is there itself.
            let top = django::root(tree).matches('/').count();
            path.split('/').take_while(|part| *part == "..").count() > top
        }
        Value::Text(path) => {
            let replaced = ["/var/app/current", "/var/app/staging"];
            path.starts_with('/') && !replaced.iter().any(|folder| path.starts_with(folder))
        }
        _ => false,
    }
}

fn compresses_outside(tree: &Tree, settings: &Settings) -> bool {
    match settings.value("COMPRESS_ROOT") {
        Value::Missing => is_outside(tree, settings.value("STATIC_ROOT")),
        folder => is_outside(tree, folder),
    }
}

/// Does django-compressor put its files into a storage that is not of the instance, or one that nobody here knows?
fn compresses_elsewhere(settings: &Settings) -> bool {
    match settings.value("COMPRESS_STORAGE").by_default() {
        Value::Missing => false,
        Value::Text(class) => !class.starts_with("compressor.storage.") && !Backend::keeps_here(class),
        _ => true,
    }
}

/// Does each storage that the setting names keep files on the instance, whichever a variable chooses?
fn any_is_here(subject: &Subject<'_>, settings: &Settings) -> bool {
    let undecided = Backend::of_static_files(settings).is_here();
    let setting = settings.get("STATICFILES_STORAGE").filter(|setting| undecided && setting.value.is_undecided());
    let text = setting.and_then(|setting| subject.tree.code(&setting.path)?.get(setting.span.clone()));
    let named: Vec<&str> = text.unwrap_or_default().split(['"', '\'']).skip(1).step_by(2).collect();
    (named.len() > 1 && named.iter().all(|class| Backend::keeps_here(class))) || each_entry_is_here(subject, settings)
}

/// Does each `STORAGES` that a condition chooses between keep static files on the instance, as each is written out?
fn each_entry_is_here(subject: &Subject<'_>, settings: &Settings) -> bool {
    let undecided = settings.get("STORAGES").is_some_and(|setting| setting.value.is_undecided());
    let older = settings.value("STATICFILES_STORAGE").by_default();
    let older = *older == Value::Missing || older.text().is_some_and(Backend::keeps_here);
    if !undecided || !older || !Backend::of_static_files(settings).is_here() {
        return false;
    }
    let texts = settings.files.iter().filter_map(|path| subject.tree.code(path));
    let entries: Vec<bool> = texts
        .flat_map(|text| ["\"staticfiles\"", "'staticfiles'"].map(|key| (text, key)))
        .flat_map(|(text, key)| text.split(key).skip(1))
        // Folders have this name as well, and libraries of templates.
        .filter(|rest| match rest.trim_start().strip_prefix(':') {
            Some(value) => !value.trim_start().starts_with(['"', '\'']),
            None => rest.trim_start().starts_with(']'),
        })
        .map(|rest| {
            let mut words = rest.split(['"', '\'']);
            let opens = words.next().is_some_and(|between| between.split_whitespace().eq([":", "{"]));
            let named = words.next() == Some("BACKEND") && words.next().is_some_and(|colon| colon.trim() == ":");
            opens && named && words.next().is_some_and(Backend::keeps_here)
        })
        .collect();
    !entries.is_empty() && entries.iter().all(|here| *here)
}

/// The folder that `collectstatic` writes to, if it ships with files in it.
pub(super) fn collected(tree: &Tree, settings: &Settings) -> Option<String> {
    let folder = folder(tree, settings.value("STATIC_ROOT"))?;
    // Whoever looks names up in a list of them needs that as well.
    let manifest = format!("{folder}/staticfiles.json");
    if Backend::of_static_files(settings).has_manifest() && !tree.is_file(&manifest) {
        return None;
    }
    let is_file = |(path, entry): (&str, &Entry)| matches!(entry, Entry::File { .. }) && !is_ignored(path);
    tree.under(&folder).any(is_file).then_some(folder)
}

/// Are the files of the admin in the folder that the proxy has for static files? Then somebody collected into it, and committed that.
pub(super) fn served(subject: &Subject<'_>) -> bool {
    let options = subject.customizations.used().flat_map(|file| &file.option_settings);
    let mapped = options.filter(|option| option.namespace.value.ends_with("staticfiles"));
    let folders = mapped.map(|option| option.value.value.trim_matches('/')).chain([STATIC_FOLDER]);
    folders.filter(|folder| !folder.is_empty()).any(|folder| subject.tree.is_dir(&format!("{folder}/admin")))
}

/// The folder of the bundle that a setting names. The project's own may lie below the top.
fn folder(tree: &Tree, value: &Value) -> Option<String> {
    let folder = value.in_project().filter(|folder| !folder.is_empty())?;
    let below = format!("{}{folder}", django::root(tree));
    [below, folder.to_owned()].into_iter().find(|folder| tree.is_dir(folder))
}

/// Does every translation ship compiled?
fn translated(tree: &Tree) -> bool {
    let mut sources = tree
        .iter()
        .filter_map(|(path, _)| path.strip_suffix(".po"))
        .filter(|path| path.contains("LC_MESSAGES/") && !path.contains("site-packages/"))
        .peekable();
    sources.peek().is_some() && sources.all(|path| tree.is_file(&format!("{path}.mo")))
}

/// In what the collected files differ from those that they were collected from, as far as names and sizes tell.
fn older(subject: &Subject<'_>, settings: &Settings, folder: &str) -> Option<String> {
    let tree = subject.tree;
    let apps: Vec<&str> = settings.value("INSTALLED_APPS").items().iter().filter_map(Value::text).collect();
    if apps.iter().any(|app| app.starts_with("django.contrib.admin")) && !tree.is_dir(&format!("{folder}/admin")) {
        return Some(format!("`{folder}`, where the files of the admin are missing"));
    }
    // Some names may be left out on purpose, and WhiteNoise can leave the hashed ones only.
    let all = *settings.value("WHITENOISE_KEEP_ONLY_HASHED_FILES") == Value::Missing
        && !subject.scripts().iter().any(|script| script.has(&["collectstatic"]) && script.has(&["--ignore", " -i "]));
    let mut seen = BTreeSet::new();
    for (source, of_app) in sources(tree, settings, &apps) {
        for (path, entry) in tree.under(&source) {
            let name = &path[source.len() + 1..];
            let Entry::File { bytes, .. } = entry else { continue };
            // The first of one name is the one that is collected.
            // Django's own admin may stand before the application that has files for it as well.
            let of_admin = of_app && name.starts_with("admin/");
            if of_admin || is_ignored(path) || path.starts_with(&format!("{folder}/")) || !seen.insert(name.to_owned())
            {
                continue;
            }
            match tree.get(&format!("{folder}/{name}")) {
                Some(Entry::File { bytes: collected, .. }) if collected != bytes => {
                    return Some(format!("`{folder}`, where `{name}` is not that of `{source}`"));
                }
                None if all => return Some(format!("`{folder}`, where `{name}` of `{source}` is missing")),
                _ => {}
            }
        }
    }
    None
}

/// The folders that are collected from, in the order in which Django looks for a name, and whether they are an application's.
fn sources(tree: &Tree, settings: &Settings, apps: &[&str]) -> Vec<(String, bool)> {
    let folders = settings.value("STATICFILES_DIRS").items().iter().filter_map(|value| folder(tree, value));
    let root = django::root(tree);
    let of_app = |app: &&str| {
        let package = app.split(".apps.").next().unwrap_or(app).replace('.', "/");
        format!("{root}{package}/static")
    };
    folders.map(|folder| (folder, false)).chain(apps.iter().map(of_app).map(|folder| (folder, true))).collect()
}

/// Does `collectstatic` leave it out, as it is called by default?
fn is_ignored(path: &str) -> bool {
    let name = file_name(path);
    name.starts_with('.') || name.ends_with('~') || name == "CVS"
}
