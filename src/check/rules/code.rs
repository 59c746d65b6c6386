//! The project's own code: what stops as the server imports it, with the versions that its list asks for.

mod asgi;
mod asked;
mod attributes;
mod beside;
mod connect_args;
mod early_queries;
mod environ;
mod flask;
mod gone;
mod logged;
mod login_page;
mod no_template;
mod open_functions;
mod open_views;
mod routes;
mod secrets;
mod templates;
mod unmigrated;
mod unshipped;
mod uploads;
mod url_names;
mod visitor;

use std::collections::BTreeMap;
use std::ops::Range;

use super::dependencies::pythons::{On, Pythons};
use super::descriptors::containers;
use super::settings::opened::is_missing;
use crate::beanstalk::tree::file_name;
use crate::check::django::loaded::{Call, Import, Module, Moment, followed};
use crate::check::django::{Opened, Settings};
use crate::check::installed::Installed;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>) {
    if !subject.prepared() || subject.guessed() {
        return;
    }
    let modules = subject.loaded();
    environ::check(subject, &modules);
    unmigrated::check(subject);
    asgi::check(subject);
    if !subject.python() {
        flask::of_images(subject);
        in_image(subject, &modules);
        return uploads::check(subject, &modules);
    }
    let read = flask::read(subject, &modules);
    syntax(subject, &modules);
    imports(subject, &modules);
    attributes::check(subject, &modules);
    beside::check(subject, &modules);
    unshipped::check(subject, &modules);
    relations(subject, &modules);
    templates::check(subject);
    opened(subject, &modules, &read);
    asked::check(subject, &modules);
    connect_args::check(subject, &modules);
    visitor::check(subject, &modules);
    open_views::check(subject, &modules);
    open_functions::check(subject, &modules);
    url_names::check(subject, &modules);
    login_page::check(subject, &modules);
    early_queries::check(subject, &modules);
    no_template::check(subject, &modules);
    if subject.settings().is_none() {
        flask::check(subject, &modules, &read);
        runs(subject, &modules);
        routes::check(subject, &modules);
        routes::tasks(subject, &modules);
    }
    uploads::check(subject, &modules);
    secrets::check(subject, &modules);
    logged::check(subject, &modules);
}

/// What the code of an image does that its Python and its packages do not.
fn in_image(subject: &mut Subject<'_>, modules: &[Module]) {
    let Some(inside) = subject.inside() else { return };
    let (tree, before) = (subject.tree, subject.found().len());
    let started: Vec<Module> = match subject.settings() {
        Some(_) => modules.to_vec(),
        None => {
            let containers = containers::all(subject);
            let paths: Vec<String> = containers.iter().flat_map(|container| container.loads(subject)).collect();
            followed(tree, &paths.iter().map(String::as_str).collect::<Vec<_>>())
        }
    };
    let modules: Vec<Module> = started.into_iter().filter(|module| module.path.starts_with(&inside.folder)).collect();
    syntax(subject, &modules);
    if inside.packages.is_some() {
        imports(subject, &modules);
        attributes::check(subject, &modules);
        relations(subject, &modules);
        templates::check(subject);
    }
    asked::check(subject, &modules);
    connect_args::check(subject, &modules);
    secrets::check(subject, &modules);
    logged::check(subject, &modules);
    if !inside.is_sure {
        subject.doubt(before);
    }
}

/// A module that Python cannot parse.
fn syntax(subject: &mut Subject<'_>, modules: &[Module]) {
    let broken: Vec<(&Module, &Range<usize>, &String)> =
        modules.iter().filter_map(|module| module.broken.as_ref().map(|(span, why)| (module, span, why))).collect();
    let is_old = |(module, span, _): &&(&Module, &Range<usize>, &String)| {
        let text = subject.tree.code(&module.path).unwrap_or_default();
        let line = text.get(..span.start).map_or(0, |before| before.rfind('\n').map_or(0, |newline| newline + 1));
        let line = text[line..].lines().next().unwrap_or_default().trim_start();
        ["print ", "exec ", "except ", "raise "].iter().any(|word| line.starts_with(word))
    };
    // Of a project that is Python 2, each file stops Python 3 by something.
    if let Some((module, span, _)) = broken.iter().find(is_old) {
        let more = match broken.len() - 1 {
            0 => String::new(),
            1 => ", and one file more cannot be read either".to_owned(),
            others => format!(", and {others} files more cannot be read either"),
        };
        let message = format!("{}: this line is Python 2{more}", module.moment.fate());
        let fix = "`2to3` of a Python before 3.13 rewrites it";
        subject.find("EB251", &module.path, (*span).clone(), message, fix);
        return;
    }
    for (module, span, why) in broken {
        let message = format!("{}: {why}", module.moment.fate());
        subject.find("EB251", &module.path, span.clone(), message, "`python -m py_compile` says more");
    }
}

/// Files that a module opens as it is imported, and that do not ship.
fn opened(subject: &mut Subject<'_>, modules: &[Module], read: &[Settings]) {
    let mut said: Vec<&str> = Vec::new();
    for opened in read.iter().flat_map(|settings| &settings.opened) {
        let Some(module) = modules.iter().find(|module| module.path == opened.path) else { continue };
        if said.contains(&opened.file.as_str()) || !is_missing(subject, opened) || is_made(subject, opened) {
            continue;
        }
        said.push(&opened.file);
        let message = format!("{}: this opens `{}`, which does not ship", module.moment.fate(), opened.file);
        let fix = "let it ship, or read what is in it from properties or secrets of the environment";
        subject.find("EB178", &opened.path, opened.span.clone(), message, fix);
    }
}

/// Does other code name the file as well? It may write or fetch it.
fn is_made(subject: &Subject<'_>, opened: &Opened) -> bool {
    let name = file_name(&opened.file);
    let mut files = subject.tree.iter().filter(|(path, _)| path.ends_with(".py"));
    let names: usize =
        files.by_ref().filter_map(|(path, _)| Some(subject.tree.text(path)?.matches(name).count())).sum();
    names > 1
}

/// A server that a module starts as it is imported: then the one that imports it never answers.
fn runs(subject: &mut Subject<'_>, modules: &[Module]) {
    const OBJECTS: [&str; 6] =
        ["app.run", "application.run", "server.run", "app.run_server", "socketio.run", "uvicorn.run"];
    for module in modules.iter().filter(|module| module.moment == Moment::Start) {
        let is_web = module.imports.iter().any(|import| {
            let first = import.module.split('.').next().unwrap_or_default();
            matches!(first, "flask" | "dash" | "quart" | "uvicorn" | "flask_socketio" | "bottle" | "connexion")
        });
        let starts = |call: &&Call| call.alone && OBJECTS.contains(&call.name.as_str());
        let Some(call) = module.calls.iter().find(starts).filter(|_| is_web) else { continue };
        let message = format!(
            "no request is answered: `{}` starts a server of its own as the server imports this, and does not return",
            call.name
        );
        let fix = "write `if __name__ == \"__main__\":` before it";
        subject.find("EB253", &module.path, call.span.clone(), message, fix);
    }
}

/// What is said of one name, at the first place that imports it.
struct Stop {
    path: String,
    span: Range<usize>,
    moment: Moment,
    why: String,
    fix: String,
    on: Option<On>,
    level: Level,
    others: usize,
}

/// Names that are imported, and that what is installed does not have.
fn imports(subject: &mut Subject<'_>, modules: &[Module]) {
    let installed = Installed::of(subject);
    let pythons = Pythons::of(subject);
    let mut found: BTreeMap<String, Stop> = BTreeMap::new();
    for module in modules {
        for import in module.imports.iter().filter(|import| !import.module.starts_with('.')) {
            if is_own(subject, &module.path, import) {
                continue;
            }
            let stop = by_package(&installed, import)
                .map(|(key, why, fix)| (key, why, fix.to_owned(), None, Level::Error))
                .or_else(|| by_python(subject, pythons?, import));
            let Some((error, why, fix, on, level)) = stop else { continue };
            let (path, span, moment) = (module.path.clone(), import.span.clone(), module.moment);
            let new = Stop { path, span, moment, why: format!("{error} {why}"), fix, on, level, others: 0 };
            found.entry(error).and_modify(|first| first.others += 1).or_insert(new);
        }
    }
    for Stop { path, span, moment, why, fix, on, level, others } in found.into_values() {
        let more = attributes::more(others);
        let message = format!("{}: this stops with {why}{more}", moment.fate());
        let finding = subject.find("EB250", &path, span, message, fix);
        finding.level = level;
        if let Some(on) = on {
            on.lower(finding);
        }
    }
}

/// Is it a module of the project's, of the same name? One beside the file counts as well: some add its folder to the path.
fn is_own(subject: &Subject<'_>, path: &str, import: &Import) -> bool {
    let first = import.module.split('.').next().unwrap_or_default();
    let root = crate::check::django::root(subject.tree);
    let beside = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    [root, String::new(), beside].iter().any(|folder| {
        subject.tree.is_file(&format!("{folder}{first}.py")) || subject.tree.is_dir(&format!("{folder}{first}"))
    })
}

/// Does a module of Python's own, or of a package that everybody knows, go by this name?
fn is_taken(name: &str) -> bool {
    const OFTEN: [&str; 60] = [
        "abc",
        "argparse",
        "array",
        "ast",
        "asyncio",
        "base64",
        "calendar",
        "cmd",
        "code",
        "codecs",
        "collections",
        "copy",
        "csv",
        "datetime",
        "decimal",
        "email",
        "enum",
        "errno",
        "html",
        "http",
        "inspect",
        "io",
        "json",
        "locale",
        "logging",
        "math",
        "operator",
        "os",
        "parser",
        "platform",
        "profile",
        "queue",
        "random",
        "re",
        "secrets",
        "select",
        "signal",
        "site",
        "socket",
        "statistics",
        "string",
        "struct",
        "symbol",
        "sys",
        "tempfile",
        "test",
        "threading",
        "time",
        "token",
        "types",
        "typing",
        "uuid",
        "celery",
        "channels",
        "graphene",
        "redis",
        "requests",
        "stripe",
        "storages",
        "twilio",
    ];
    OFTEN.contains(&name)
}

/// The error, with which version that is so, and what to do.
fn by_package(installed: &Installed, import: &Import) -> Option<(String, String, &'static str)> {
    gone::packages().find_map(|gone| {
        let error = gone.error(import)?;
        let beside = installed.since(gone.package, gone.since)?;
        Some((format!("`{error}`"), beside, gone.fix))
    })
}

type Found = (String, String, String, Option<On>, Level);

/// What Python itself has no more.
fn by_python(subject: &Subject<'_>, pythons: Pythons, import: &Import) -> Option<Found> {
    gone::PYTHON.iter().find_map(|gone| {
        let error = gone.error(import)?;
        let brought = |package: &&str| !subject.requirements().get(package).is_no();
        if gone.brought.iter().any(brought) {
            return None;
        }
        let on = pythons.first(|minor| minor >= gone.since)?;
        // A module that some package brings back may come along with another one.
        let level = if gone.brought.is_empty() { Level::Error } else { Level::Warning };
        let unless = match gone.brought {
            [] => String::new(),
            [package, ..] => format!(", unless `{package}` comes along with another package"),
        };
        let on = (gone.since > 0).then_some(on);
        let why = on.map_or_else(|| "on Python 3".to_owned(), |on| format!("on {on}"));
        Some((format!("`{error}`"), format!("{why}{unless}"), gone.fix.to_owned(), on, level))
    })
}

/// Relations between models that do not say what becomes of them: Django 2 asks for it.
fn relations(subject: &mut Subject<'_>, modules: &[Module]) {
    const FIELDS: [&str; 4] = ["models.ForeignKey", "models.OneToOneField", "ForeignKey", "OneToOneField"];
    let installed = Installed::of(subject);
    let Some(beside) = installed.since("django", (2, 0)) else { return };
    for module in modules {
        let is_django = |import: &Import| {
            let (whole, name) = (import.module.as_str(), import.name.as_deref().unwrap_or_default());
            match whole {
                "django.db" | "django.contrib.gis.db" => name == "models",
                "django.db.models" => FIELDS.contains(&name) || name == "*",
                _ => false,
            }
        };
        if !module.imports.iter().any(is_django) {
            continue;
        }
        let mut missing = module.calls.iter().filter(|call| {
            FIELDS.contains(&call.name.as_str())
                && call.arguments <= 1
                && !call.more
                && !call.keywords.contains("on_delete")
                && (call.arguments == 1 || call.keywords.contains("to"))
        });
        let Some(call) = missing.next() else { continue };
        let others = match missing.count() {
            0 => String::new(),
            others => format!(", and {others} more in this file"),
        };
        let message = format!(
            "{}: `{}` stops without `on_delete` {beside}{others}",
            module.moment.fate(),
            call.name.trim_start_matches("models.")
        );
        let fix = "`on_delete=models.CASCADE` is what older versions of Django took for granted";
        subject.find("EB250", &module.path, call.span.clone(), message, fix);
    }
}
