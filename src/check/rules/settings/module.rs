//! Module: do the places that name the settings agree with what ships, and is it production's?

use super::candidates::{self, is_development, is_named_in_passing};
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::tree::file_name;
use crate::check::WorkTree;
use crate::check::django::{self, Named};
use crate::check::subject::Subject;
use crate::level::Level;

const RULE: &str = "EB111";
/// What to do with settings that are kept out for what is secret in them.
const SHIP: &str = "let it ship, and read what is secret in it from properties and secrets of the environment";

pub(super) fn check(subject: &mut Subject<'_>) {
    let option = django::in_options(subject.customizations);
    if let Some(named) = &option
        && subject.tree.is_file("manage.py")
        && !named.module.contains('`')
        && !django::exists(subject.tree, &named.module)
    {
        does_not_ship(subject, named);
    }
    unreachable(subject, option.as_ref());
    let web = django::in_procfile(subject.customizations);
    if let Some(named) = web.as_ref().filter(|named| is_missing(subject, named)) {
        does_not_ship(subject, named);
    } else if let Some(named) = web.as_ref().or(option.as_ref()) {
        beside_production(subject, named);
    } else if let Some(named) = django::before_wsgi(subject.tree, subject.customizations) {
        before_wsgi(subject, &named);
    } else if let Some(named) = django::in_wsgi(subject.tree, subject.customizations) {
        by_wsgi(subject, &named);
    }
}

/// The module that is named for production is nowhere, or is kept out of the bundle.
fn does_not_ship(subject: &mut Subject<'_>, named: &Named) {
    let file = if subject.tree.is_file(".ebignore") { ".ebignore" } else { ".gitignore" };
    let message = format!("the server does not start: there is no module `{}`", named.module);
    let (message, fix) = match left_out(subject, file, &named.module) {
        Some(pattern) => (format!("{message}; `{pattern}` in `{file}` keeps it out of the bundle"), SHIP),
        None => (message, "name the settings module of production"),
    };
    subject.find(RULE, &named.path, named.span.clone(), message, fix);
}

/// What `wsgi.py` names holds until a property names something else.
fn by_wsgi(subject: &mut Subject<'_>, named: &Named) {
    if subject.assumed().is_some() {
        return;
    }
    let (others, development) = (candidates::others(subject), is_development(&named.module));
    if others.is_empty() && development && !is_named_in_passing(subject) && unable(subject, named) {
        return;
    }
    if others.is_empty() && development && !is_named_in_passing(subject) {
        let message = format!("the site runs with `{}`: nothing names other settings", named.module);
        let fix = "name production's here, or set `DJANGO_SETTINGS_MODULE` as an environment property";
        subject.find(RULE, &named.path, named.span.clone(), message, fix);
    } else if let Some(other) = others.first() {
        // With settings for production beside them, the console may well name those.
        let message = candidates::undecided(named, &others);
        let fix =
            format!("set `DJANGO_SETTINGS_MODULE` as an environment property, such as to `{other}`, or name that here");
        subject.find(RULE, &named.path, named.span.clone(), message, fix).level =
            if development { Level::Warning } else { Level::Note };
    }
}

/// What the package names as it is imported holds: `setdefault` of the server's own module comes after it.
fn before_wsgi(subject: &mut Subject<'_>, named: &Named) {
    let Some(wsgi) = django::in_wsgi(subject.tree, subject.customizations) else { return };
    // Where that of the server's own module is not there, nobody misses it.
    let both = django::exists(subject.tree, &wsgi.module);
    if subject.assumed().is_some() || is_named_in_passing(subject) || !both {
        return;
    }
    let (module, other) = (&named.module, &wsgi.module);
    let message = format!(
        "unless `DJANGO_SETTINGS_MODULE` is set elsewhere, the site runs with `{module}`, and not with `{other}`: the package imports this before `{}` is carried out, and `setdefault` changes nothing after that",
        wsgi.path
    );
    let fix = format!("name `{other}` here as well, or set `DJANGO_SETTINGS_MODULE` as an environment property");
    subject.find(RULE, &named.path, named.span.clone(), message, fix).level = Level::Warning;
}

/// Who names development's settings for the deployment has named those, and production's lie beside them.
fn beside_production(subject: &mut Subject<'_>, named: &Named) {
    if !is_development(&named.module) || !django::exists(subject.tree, &named.module) {
        return;
    }
    if unable(subject, named) {
        return;
    }
    let Some(other) = candidates::beside(subject, &named.module).into_iter().next() else { return };
    let message = format!("the site runs with `{}`, and `{other}` lies beside it", named.module);
    let fix = format!("name `{other}`, or let each environment have the property by its own");
    subject.find(RULE, &named.path, named.span.clone(), message, fix).level = Level::Warning;
}

/// Settings of production's lie beside those of development, and no server starts with them: to name them helps nobody.
fn unable(subject: &mut Subject<'_>, named: &Named) -> bool {
    let beside = candidates::beside(subject, &named.module);
    let lacks = |module: &String| Some((module.clone(), candidates::missing(subject, module)));
    let Some((other, missing)) = beside.first().and_then(lacks).filter(|(_, missing)| !missing.is_empty()) else {
        return false;
    };
    let (verb, more) = match missing.len() {
        1 => ("is", String::new()),
        more => ("are", format!(" and {} more", more - 1)),
    };
    let message = format!(
        "the site runs with `{}`, and no server starts with `{other}` beside it: `{}`{more} {verb} not there",
        named.module, missing[0]
    );
    let fix = format!("mend `{other}` before you name it, or take out of `{}` what is development's", named.module);
    subject.find(RULE, &named.path, named.span.clone(), message, fix).level = Level::Warning;
    true
}

/// Is the package there that the module is said to be in, and not the module, wherever one looks?
pub(super) fn is_missing(subject: &Subject<'_>, named: &Named) -> bool {
    let tree = subject.tree;
    let plain = named.module.chars().all(|char| char.is_ascii_alphanumeric() || "_.-".contains(char));
    let Some((package, _)) = named.module.split_once('.').filter(|_| plain) else { return false };
    let path = named.module.replace('.', "/");
    let (file, folder) = (format!("{path}.py"), format!("{path}/__init__.py"));
    let ends = |whole: &str, end: &str| whole == end || whole.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'));
    let there = tree.iter().any(|(whole, _)| ends(whole, &file) || ends(whole, &folder));
    let root = django::root(tree);
    let inside = tree.is_dir(&format!("{root}{package}")) || tree.is_dir(package);
    !there && inside && !subject.names_file(file_name(&file))
}

/// The module that `wsgi.py` names does not ship: whatever it says, no rule has seen it.
pub(super) fn absent(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    let elsewhere = django::in_options(customizations).or_else(|| django::in_procfile(customizations));
    if elsewhere.is_some() || !subject.django() || is_named_in_passing(subject) {
        return;
    }
    let Some(named) =
        django::in_wsgi(subject.tree, subject.customizations).or_else(|| django::in_python(subject.tree, "manage.py"))
    else {
        return;
    };
    // Beside an `.ebignore`, what git does not know ships from the disk of whoever has it.
    let kept = subject.tree.is_file(".ebignore") && left_out(subject, ".gitignore", &named.module).is_some();
    if is_missing(subject, &named) && !kept && !subject.guessed() {
        return missing(subject, &named);
    }
    let message =
        format!("could not be read: `{}`, which does not ship; nothing is said about the settings", named.module);
    let fix = "make sure that `DJANGO_SETTINGS_MODULE` names what the instance has, that `DEBUG` is off there, and where the database is";
    subject.find("EB114", &named.path, named.span.clone(), message, fix);
}

/// Nothing makes the module that `wsgi.py` names. Another one may be meant, where one ships.
fn missing(subject: &mut Subject<'_>, named: &Named) {
    let tree = subject.tree;
    let sets = |path: &str| tree.code(path).is_some_and(|text| text.contains("INSTALLED_APPS"));
    let other = tree.iter().map(|(path, _)| path).find(|path| path.ends_with(".py") && sets(path));
    let module = &named.module;
    let file = if tree.is_file(".ebignore") { ".ebignore" } else { ".gitignore" };
    let ignored = left_out(subject, file, module).map(|pattern| (file, pattern));
    let why = match &ignored {
        Some((path, pattern)) => format!("`{pattern}` in `{path}` keeps it out of the bundle"),
        None => "no file of that name ships".to_owned(),
    };
    let what = match file_name(&named.path) {
        "manage.py" => "no command of `manage.py` works",
        _ => "the server does not start",
    };
    match other {
        Some(_) => {
            let message = format!(
                "{what}, unless `DJANGO_SETTINGS_MODULE` is set elsewhere: there is no module `{module}`; {why}"
            );
            let fix = "name a module that ships, here or as an environment property";
            subject.find(RULE, &named.path, named.span.clone(), message, fix).level = Level::Warning;
        }
        None => {
            let copied = subject.work_tree == WorkTree::None && ignored.is_some_and(|(path, _)| path == ".gitignore");
            let unless = if copied { "unless git tracks it all the same, " } else { "" };
            let message = format!("{unless}{what}: there is no module `{module}`, and no other settings; {why}");
            let finding = subject.find(RULE, &named.path, named.span.clone(), message, SHIP);
            if copied {
                finding.level = Level::Note;
            }
        }
    }
}

/// The line of an ignore file that leaves the module's file out.
pub(in crate::check::rules) fn left_out(subject: &Subject<'_>, file: &str, module: &str) -> Option<String> {
    let path = format!("{}.py", module.replace('.', "/"));
    let hides = |pattern: &str| {
        let pattern = pattern.trim_start_matches("**/").trim_matches('/');
        path == pattern || path.ends_with(&format!("/{pattern}"))
    };
    let mut lines = subject.tree.text(file)?.lines().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with(['#', '!']) && hides(line)).map(str::to_owned)
}

/// The server stands at the top of the bundle, and the settings are in a folder below that nobody has named.
fn unreachable(subject: &mut Subject<'_>, option: Option<&Named>) {
    let root = django::root(subject.tree);
    let customizations = subject.customizations;
    let Some(folder) = root.strip_suffix('/').filter(|_| subject.python() && customizations.procfile.is_none()) else {
        return;
    };
    let files = customizations.used();
    let all = files.flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)));
    let served = all
        .filter(|(_, setting)| {
            setting.namespace.value == "aws:elasticbeanstalk:container:python" && setting.name.value == "WSGIPath"
        })
        .last();
    let Some((file, setting)) = served else { return };
    let module = setting.value.value.split(':').next().unwrap_or_default();
    let prefix = format!("{}.", folder.replace('/', "."));
    let Some(path) = django::module_path(subject.tree, "", module).filter(|_| module.starts_with(&prefix)) else {
        return;
    };
    let wsgi = subject.tree.text(&path).unwrap_or_default();
    let Some(named) = option.cloned().or_else(|| django::in_wsgi(subject.tree, subject.customizations)) else { return };
    let path_is_set = customizations.option(DEFAULT_NAMESPACE, "PYTHONPATH").is_some();
    let at_top = django::module_path(subject.tree, "", &named.module).is_some();
    if wsgi.contains("sys.path") || path_is_set || at_top || !django::exists(subject.tree, &named.module) {
        return;
    }
    let message = format!(
        "the server does not start: it stands at the top of the bundle, and `{}` is found from `{folder}` only",
        named.module
    );
    let rest = &module[prefix.len()..];
    let fix = format!(
        "write a `Procfile` with `web: gunicorn --bind 127.0.0.1:8000 --chdir {folder} {rest}:application`, and take `WSGIPath` out"
    );
    subject.find(RULE, &file.path, setting.value.span.clone(), message, fix);
}
