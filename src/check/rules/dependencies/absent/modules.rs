//! Modules that the site imports, and whether a line of the list brings them.

use std::ops::Range;

use super::super::tables::{ByName, rows};
use super::{adding, is_whole, listed, own};
use crate::beanstalk::lines::placed;
use crate::beanstalk::requirements::{FILE, Requirement, Requirements};
use crate::check::django::loaded::Moment;
use crate::check::django::{self, Settings, Value};
use crate::check::subject::Subject;

/// A module, and what brings it.
struct Row {
    module: &'static str,
    package: &'static str,
    /// Words in the names of other packages that do.
    words: Vec<&'static str>,
}

/// The row of a module, where the table has one.
fn row(module: &str) -> Option<&'static Row> {
    static TABLE: ByName<Row> = ByName::unread();
    let read = |line: &'static str| {
        let mut words = line.split(' ');
        Some(Row { module: words.next()?, package: words.next()?, words: words.collect() })
    };
    TABLE.of(module, || rows(include_str!("apps.txt")).filter_map(read), |row| row.module).first()
}

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

/// Packages that bring none of the modules of the table along but their own, and those in whose rows they are named.
const APPS: [&str; 83] = [
    "apscheduler",
    "bcrypt",
    "beautifulsoup4",
    "blinker",
    "certifi",
    "channels",
    "click",
    "cryptography",
    "django-celery-beat",
    "django-celery-results",
    "django-cors-headers",
    "django-crispy-forms",
    "django-dbbackup",
    "django-debug-toolbar",
    "django-extensions",
    "django-filter",
    "django-health-check",
    "django-import-export",
    "django-sass-processor",
    "django-storages",
    "django-widget-tweaks",
    "djangorestframework",
    "djangorestframework-simplejwt",
    "docx2txt",
    "email-validator",
    "fastapi",
    "flask",
    "flask-apscheduler",
    "flask-bcrypt",
    "flask-caching",
    "flask-cors",
    "flask-jwt-extended",
    "flask-limiter",
    "flask-login",
    "flask-mail",
    "flask-marshmallow",
    "flask-migrate",
    "flask-mysqldb",
    "flask-pymongo",
    "flask-restful",
    "flask-session",
    "flask-socketio",
    "flask-sqlalchemy",
    "flask-wtf",
    "idna",
    "itsdangerous",
    "jinja2",
    "lxml",
    "markupsafe",
    "matplotlib",
    "nltk",
    "numpy",
    "openai",
    "opencv-python",
    "opencv-python-headless",
    "openpyxl",
    "pandas",
    "passlib",
    "pydantic",
    "pyjwt",
    "pymongo",
    "pymysql",
    "pypdf2",
    "python-dateutil",
    "python-docx",
    "python-dotenv",
    "python-multipart",
    "pytz",
    "pyyaml",
    "qrcode",
    "reportlab",
    "requests",
    "scikit-learn",
    "scipy",
    "six",
    "sqlalchemy",
    "stripe",
    "twilio",
    "urllib3",
    "werkzeug",
    "whitenoise",
    "wtforms",
    "xlrd",
];

/// Is it known of a list that was read what it brings along?
pub(super) fn is_closed(requirements: &Requirements, apps: bool) -> bool {
    let known =
        // An extra brings what it is there for.
        |line: &Requirement| PLAIN.contains(&line.name.as_str()) || (apps && line.extras.is_empty() && APPS.contains(&line.name.as_str()));
    is_whole(requirements) || requirements.lines.iter().all(known)
}

/// The package of a module that nobody asks for, and that the project has not itself.
fn lacks(subject: &Subject<'_>, requirements: &Requirements, module: &str) -> Option<&'static str> {
    let Row { package, words, .. } = row(module)?;
    let brings = |line: &Requirement| {
        let name = line.name.as_str();
        // A package `storage` is another one than those that have to do with storage.
        let by = |word: &&str| match word.strip_prefix('=') {
            Some(whole) => name == whole,
            None => name.contains(word) && (name != *word || word.contains('-')),
        };
        name == *package
            || name == module.replace('_', "-")
            || words.iter().any(by)
            || LARGE.iter().any(|large| name.contains(large))
    };
    let closed = words.first() != Some(&"*") || is_closed(requirements, true);
    (closed && !requirements.lines.iter().any(brings) && !is_own(subject, module)).then_some(package)
}

/// Has the project itself something of this name?
fn is_own(subject: &Subject<'_>, module: &str) -> bool {
    let file = format!("{module}.py");
    subject.tree.iter().any(|(path, _)| path.split('/').any(|part| part == module || part == file))
}

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    if applications(subject, requirements) {
        return;
    }
    let Some(file) = listed(subject, requirements) else { return };
    if !files(subject, requirements, &file) {
        imports(subject, requirements, &file);
    }
}

/// A module that the settings name, and nobody has.
pub(super) struct Lack {
    pub(super) module: String,
    /// What brings it; none, where it would be the project's own.
    package: Option<&'static str>,
    path: String,
    span: Range<usize>,
}

/// The applications and middleware that the settings name, and that neither a package brings nor the project has.
pub(super) fn lacking(subject: &Subject<'_>, requirements: &Requirements, settings: &Settings) -> Vec<Lack> {
    let mut found: Vec<Lack> = Vec::new();
    let file = listed(subject, requirements);
    for name in ["INSTALLED_APPS", "MIDDLEWARE"] {
        let Some(setting) = settings.get(name) else { continue };
        for item in setting.value.items().iter().filter_map(Value::text) {
            let top = item.split('.').next().unwrap_or(item);
            let package = file.as_ref().and_then(|_| lacks(subject, requirements, top));
            let module = match package {
                Some(_) => Some(top.to_owned()),
                None => own::missing(subject, item),
            };
            let Some(module) = module.filter(|module| !found.iter().any(|lack| lack.module == *module)) else {
                continue;
            };
            // Where the name stands, if the value's own text has it.
            let text = subject.tree.code(&setting.path).unwrap_or_default();
            let place = text.get(setting.span.start..).and_then(|rest| rest.find(item));
            let span = place.map(|at| setting.span.start + at..setting.span.start + at + item.len());
            let span = span.unwrap_or_else(|| setting.span.clone());
            found.push(Lack { module, package, path: setting.path.clone(), span });
        }
    }
    found
}

/// Applications or middleware that the settings name, and nobody has: all of them at once.
fn applications(subject: &mut Subject<'_>, requirements: &Requirements) -> bool {
    let Some(settings) = subject.settings() else { return false };
    let all = lacking(subject, requirements, &settings);
    let Some((first, others)) = all.split_first() else { return false };
    let list = file_of(requirements);
    let package = |lack: &Lack| {
        let package = lack.package?;
        let other = named_by_pipfile(subject, &lack.module, package);
        Some(format!("`{}`", other.as_deref().unwrap_or(package)))
    };
    let why = match package(first) {
        Some(package) => format!("since `{list}` does not ask for {package}"),
        None => "which is not in the bundle".to_owned(),
    };
    let more = match others {
        [] => String::new(),
        [one] => format!("; nor `{}`", one.module),
        _ => format!("; nor {}", crate::ui::ticked(others.iter().map(|lack| lack.module.as_str()))),
    };
    let message = format!("{}: `No module named '{}'`, {why}{more}", Moment::Start.fate(), first.module);
    let packages: Vec<String> = all.iter().filter_map(package).collect();
    let own: Vec<&str> = all.iter().filter(|lack| lack.package.is_none()).map(|lack| lack.module.as_str()).collect();
    let add = adding(list, &packages);
    let out = (!own.is_empty()).then(|| format!("take {} out, or let the folder ship", crate::ui::ticked(own)));
    let fix: Vec<String> = add.into_iter().chain(out).collect();
    let (path, span) = (first.path.clone(), first.span.clone());
    subject.find("EB169", &path, span, message, fix.join("; "));
    true
}

fn file_of(requirements: &Requirements) -> &str {
    let first = || requirements.files.first().map_or(FILE, String::as_str);
    requirements.source.map_or_else(first, |source| source.file())
}

/// A module that Python does not find, and the list that does not ask for what brings it.
struct Missing<'m> {
    moment: Moment,
    module: &'m str,
    package: &'static str,
    list: &'m str,
}

impl Missing<'_> {
    fn say(&self, subject: &mut Subject<'_>, path: &str, span: Range<usize>) {
        let Self { moment, module, package, list } = self;
        let other = named_by_pipfile(subject, module, package);
        let package = other.as_deref().unwrap_or(package);
        let message =
            format!("{}: `No module named '{module}'`, since `{list}` does not ask for `{package}`", moment.fate());
        let fix = adding(list, &[format!("`{package}`")]).unwrap_or_default();
        subject.find("EB169", path, span, message, fix);
    }
}

/// The package of the `Pipfile` that brings a module, where that is another than most have for it.
fn named_by_pipfile(subject: &Subject<'_>, module: &str, package: &str) -> Option<String> {
    let keys = subject.tree.text("Pipfile")?.lines().filter_map(|line| line.split_once('='));
    let names: Vec<String> = keys.map(|(key, _)| crate::package_name::normal(key.trim().trim_matches('"'))).collect();
    let is_it = |name: &&String| name.split('-').any(|part| part == module);
    names.iter().find(is_it).filter(|_| !names.iter().any(|name| name == package)).cloned()
}

/// A module that the settings or `wsgi.py` import.
fn files(subject: &mut Subject<'_>, requirements: &Requirements, file: &str) -> bool {
    let mut files = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    let wsgi = django::in_wsgi(subject.tree, subject.customizations).map(|named| named.path);
    files.extend(wsgi.filter(|_| subject.django()));
    for path in files {
        let Some(text) = subject.tree.code(&path) else { continue };
        for (start, line) in placed(text) {
            // At the first column: what is indented may be tried, or for development only.
            let module = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "));
            let Some(module) = module.and_then(|rest| rest.split([' ', '.', ',', '\n', '\r']).next()) else { continue };
            let Some(package) = lacks(subject, requirements, module) else { continue };
            let span = start..start + line.trim_end().len();
            Missing { moment: Moment::Start, module, package, list: file }.say(subject, &path, span);
            return true;
        }
    }
    false
}

/// A module that other code imports, where nothing catches that there is none.
fn imports(subject: &mut Subject<'_>, requirements: &Requirements, file: &str) {
    for module in subject.loaded().iter() {
        for import in module.imports.iter().filter(|import| !import.module.starts_with('.')) {
            let name = import.module.split('.').next().unwrap_or_default();
            let Some(package) = lacks(subject, requirements, name) else { continue };
            let missing = Missing { moment: module.moment, module: name, package, list: file };
            missing.say(subject, &module.path, import.span.clone());
            return;
        }
    }
}
