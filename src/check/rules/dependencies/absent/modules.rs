//! Modules that the site imports, and whether a line of the list brings them.

use super::{is_whole, listed};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::django::loaded::Moment;
use crate::check::django::{self, Value};
use crate::check::subject::Subject;

const TABLE: &str = include_str!("apps.txt");

/// Whole products, which bring many of these along.
const LARGE: [&str; 18] = [
    "aldryn",
    "arches",
    "cms",
    "edx",
    "fluent",
    "geonode",
    "helpdesk",
    "horilla",
    "machina",
    "mezzanine",
    "nautobot",
    "netbox",
    "openwisp",
    "oscar",
    "saleor",
    "tomtoolkit",
    "userena",
    "wiki",
];

/// Packages that bring no program and no other package along.
const PLAIN: [&str; 21] = [
    "asgiref",
    "boto3",
    "celery",
    "dj-database-url",
    "django",
    "django-environ",
    "gunicorn",
    "mysqlclient",
    "packaging",
    "pillow",
    "psycopg",
    "psycopg2",
    "psycopg2-binary",
    "python-decouple",
    "redis",
    "sqlparse",
    "typing-extensions",
    "tzdata",
    "uvicorn",
    "uvicorn-worker",
    "whitenoise",
];

/// Applications that bring none of the modules of the table but their own.
const APPS: [&str; 14] = [
    "channels",
    "django-celery-beat",
    "django-celery-results",
    "django-cors-headers",
    "django-crispy-forms",
    "django-dbbackup",
    "django-debug-toolbar",
    "django-extensions",
    "django-health-check",
    "django-import-export",
    "django-sass-processor",
    "django-storages",
    "django-widget-tweaks",
    "whitenoise",
];

/// Is it known of a list that was read what it brings along?
pub(super) fn is_closed(requirements: &Requirements, apps: bool) -> bool {
    let known =
        |line: &Requirement| PLAIN.contains(&line.name.as_str()) || (apps && APPS.contains(&line.name.as_str()));
    is_whole(requirements) || requirements.lines.iter().all(known)
}

/// The package of a module that nobody asks for.
fn lacks(module: &str, requirements: &Requirements) -> Option<&'static str> {
    let mut rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut row = rows.find_map(|line| line.strip_prefix(module)?.strip_prefix(' '))?.split(' ');
    let package = row.next()?;
    let words: Vec<&str> = row.collect();
    let brings = |line: &Requirement| {
        let name = line.name.as_str();
        // A package `storage` is another one than those that have to do with storage.
        let by = |word: &&str| match word.strip_prefix('=') {
            Some(whole) => name == whole,
            None => name.contains(word) && (name != *word || word.contains('-')),
        };
        name == package
            || name == module.replace('_', "-")
            || words.iter().any(by)
            || LARGE.iter().any(|large| name.contains(large))
    };
    let closed = words.first() != Some(&"*") || is_closed(requirements, true);
    (closed && !requirements.lines.iter().any(brings)).then_some(package)
}

/// Has the project itself something of this name?
fn is_own(subject: &Subject<'_>, module: &str) -> bool {
    let file = format!("{module}.py");
    subject.tree.iter().any(|(path, _)| path.split('/').any(|part| part == module || part == file))
}

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let Some(file) = listed(subject, requirements) else { return };
    if !applications(subject, requirements, file) && !files(subject, requirements, file) {
        imports(subject, requirements, file);
    }
}

/// An application or middleware that the settings name, and nobody installs.
fn applications(subject: &mut Subject<'_>, requirements: &Requirements, file: &str) -> bool {
    let Some(settings) = subject.settings() else { return false };
    for name in ["INSTALLED_APPS", "MIDDLEWARE"] {
        let Some(setting) = settings.get(name) else { continue };
        for item in setting.value.items().iter().filter_map(Value::text) {
            let module = item.split('.').next().unwrap_or(item);
            let Some(package) = lacks(module, requirements).filter(|_| !is_own(subject, module)) else { continue };
            // Where the name stands, if the value's own text has it.
            let text = subject.tree.code(&setting.path).unwrap_or_default();
            let found = text.get(setting.span.start..).and_then(|rest| rest.find(item));
            let span = found.map(|at| setting.span.start + at..setting.span.start + at + item.len());
            let message = said(Moment::Start, module, file, package);
            let fix = format!("add `{package}` with its version");
            subject.find("EB169", &setting.path, span.unwrap_or_else(|| setting.span.clone()), message, fix);
            return true;
        }
    }
    false
}

fn said(moment: Moment, module: &str, file: &str, package: &str) -> String {
    format!("{}: `No module named '{module}'`, since `{file}` does not ask for `{package}`", moment.fate())
}

/// A module that the settings or `wsgi.py` import.
fn files(subject: &mut Subject<'_>, requirements: &Requirements, file: &str) -> bool {
    let mut files = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    let wsgi = django::in_wsgi(subject.tree, subject.customizations).map(|named| named.path);
    files.extend(wsgi.filter(|_| subject.django()));
    for path in files {
        let Some(text) = subject.tree.code(&path) else { continue };
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            // At the first column: what is indented may be tried, or for development only.
            let module = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "));
            let Some(module) = module.and_then(|rest| rest.split([' ', '.', ',', '\n', '\r']).next()) else { continue };
            let Some(package) = lacks(module, requirements).filter(|_| !is_own(subject, module)) else { continue };
            let message = said(Moment::Start, module, file, package);
            let fix = format!("add `{package}` with its version");
            subject.find("EB169", &path, start..start + line.trim_end().len(), message, fix);
            return true;
        }
    }
    false
}

/// A module that other code imports, where nothing catches that there is none.
fn imports(subject: &mut Subject<'_>, requirements: &Requirements, file: &str) {
    if !subject.python() {
        return;
    }
    for module in subject.loaded().iter() {
        for import in module.imports.iter().filter(|import| !import.module.starts_with('.')) {
            let name = import.module.split('.').next().unwrap_or_default();
            let Some(package) = lacks(name, requirements).filter(|_| !is_own(subject, name)) else { continue };
            let message = said(module.moment, name, file, package);
            let fix = format!("add `{package}` with its version");
            subject.find("EB169", &module.path, import.span.clone(), message, fix);
            return;
        }
    }
}
