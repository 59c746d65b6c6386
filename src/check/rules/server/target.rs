//! Target: the module and its object that the server is told to load.

use std::ops::Range;

use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::timeline::PORT;
use crate::check::django;
use crate::check::installed::may_bring;
use crate::check::subject::Subject;

/// Modules at the top that guides of other frameworks make an application in.
const USUAL: [&str; 3] = ["wsgi", "app", "main"];

/// Is it `module:object`, or the name of a module as Django's are called?
pub(super) fn is_one(word: &str) -> bool {
    let (module, callable) = word.split_once(':').unwrap_or((word, ""));
    let named = !callable.is_empty() || module.ends_with(".wsgi") || module.ends_with(".asgi");
    named
        && !module.is_empty()
        && (identifier_path(module) || is_left_open(module))
        && callable.chars().all(|char| char.is_alphanumeric() || "_().".contains(char))
}

/// What guides put around a name that readers have to write themselves.
const OPEN: [char; 6] = ['[', ']', '<', '>', '{', '}'];

/// Is it such a name still, in its brackets?
fn is_left_open(module: &str) -> bool {
    module.starts_with(['[', '<', '{'])
        && module.contains([']', '>', '}'])
        && identifier_path(&module.replace(OPEN, ""))
}

fn identifier_path(text: &str) -> bool {
    text.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            // A hyphen is none of a name, but modules are looked for by their files.
            && chars.all(|char| char.is_alphanumeric() || char == '_' || char == '-')
    })
}

/// Does `module:callable` name a module of this project?
pub(super) fn target(subject: &mut Subject<'_>, path: &str, span: &Range<usize>, written: &str, roots: &[&str]) {
    let written = written.trim();
    if written.contains(['/', '\\']) || written.ends_with(".py") {
        let message =
            format!("`{written}` is the path of a file: the server wants a module, and every request is a 502");
        let (_, wanted) = written.split_once(':').unwrap_or((written, "application"));
        let dotted = django::module_of(written);
        // Only what is there is offered.
        let below = below(subject, &dotted);
        let of = |folder: &str, module: &str| {
            file_of(subject, folder, module).and_then(|file| one_in(subject, &file, wanted))
        };
        let found = match below {
            Some((folder, rest)) => of(folder, rest),
            None => of("", &dotted),
        };
        let callable = found.as_deref().unwrap_or(wanted);
        if let Some((folder, rest)) = below.filter(|_| found.is_some()) {
            let target = format!("{rest}:{callable}");
            if is_searched(subject, folder) {
                subject.find("EB002", path, span.clone(), message, format!("write `{target}`")).replace(target);
            } else {
                let fix = written_as(path, &format!("--chdir {folder} {target}"));
                subject.find("EB002", path, span.clone(), message, fix);
            }
        } else if identifier_path(&dotted) && below.is_none() && found.is_some() {
            let target = format!("{dotted}:{callable}");
            subject.find("EB002", path, span.clone(), message, format!("write `{target}`")).replace(target);
        } else {
            let fix = match elsewhere(subject, path, written) {
                Some(folder) => written_as(path, &format!("--chdir {folder} {dotted}:{callable}")),
                None => "name the module that has the WSGI application, such as `mysite.wsgi:application`".to_owned(),
            };
            subject.find("EB002", path, span.clone(), message, fix);
        }
        return;
    }
    let module = written.split(':').next().unwrap_or(written);
    if is_left_open(module) {
        let message = format!("there is no module `{module}`: the brackets are a guide's, and every request is a 502");
        let name = module.replace(OPEN, "");
        let fix = match suggestion(subject, &name) {
            Some(target) => written_as(path, &target),
            None => "name the module that has the WSGI application".to_owned(),
        };
        subject.find("EB002", path, span.clone(), message, fix);
        return;
    }
    if !identifier_path(module) {
        return;
    }
    if let Some(file) = std::iter::once("").chain(roots.iter().copied()).find_map(|root| file_of(subject, root, module))
    {
        return object(subject, path, span, written, &file);
    }
    let nested = suggestion(subject, module);
    let (top, _) = module.split_once('.').unwrap_or((module, ""));
    let end = format!("/{}.py", module.replace('.', "/"));
    let chdir = nested.as_ref().is_some_and(|target| target.starts_with("--chdir"));
    let below = chdir || subject.tree.iter().any(|(path, _)| path.ends_with(&end));
    let here = below || exists(subject, "", top) || subject.tree.is_dir(top);
    // Where there is no list at all, one that is here may be meant.
    let listed = subject.requirements().source.is_some();
    let meant = nested.is_some() || USUAL.iter().any(|name| subject.tree.is_file(&format!("{name}.py")));
    let brought = (listed || !meant) && may_bring(subject, top);
    if !here && !subject.tree.is_file("manage.py") && brought {
        return;
    }
    let message = format!("there is no module `{module}`: the server does not start, and every request is a 502");
    let fix = match nested {
        None => "name the module that has the WSGI application".to_owned(),
        Some(target) => written_as(path, &target),
    };
    subject.find("EB002", path, span.clone(), message, fix);
}

/// The folder with the project of Django's in which there is a file of this path, where it is none of the top.
fn elsewhere<'t>(subject: &Subject<'t>, path: &str, written: &str) -> Option<&'t str> {
    let end = format!("/{}", written.split(':').next().unwrap_or(written));
    // Options further down may be those of another bundle.
    let is_top = path == "Procfile" || path.starts_with(EXTENSIONS);
    let mut folders = subject.tree.iter().filter_map(|(path, _)| path.strip_suffix(end.as_str()));
    folders.find(|folder| is_top && subject.tree.is_file(&format!("{folder}/manage.py")))
}

/// How a target is written where this file names one. Whether an option takes a flag of gunicorn's is nowhere said; a line of
/// Procfile does.
fn written_as(path: &str, target: &str) -> String {
    match target.starts_with("--") && path != "Procfile" {
        true => {
            format!("write a `Procfile` with `web: gunicorn --bind 127.0.0.1:{PORT} {target}`, and take `WSGIPath` out")
        }
        false => format!("write `{target}`"),
    }
}

/// The folder with the project of Django's that a module from the top of the bundle lies in, and the module from there on: its
/// settings are found from that folder, and from nowhere else.
fn below<'m>(subject: &Subject<'_>, module: &'m str) -> Option<(&'m str, &'m str)> {
    let tree = subject.tree;
    let (folder, rest) = module.split_once('.')?;
    let settings = django::in_options(subject.customizations)
        .or_else(|| django::in_wsgi(tree, subject.customizations))
        .is_some_and(|named| django::module_path(tree, "", &named.module).is_none());
    let project = !tree.is_file("manage.py") && tree.is_file(&format!("{folder}/manage.py"));
    (project && settings && exists(subject, folder, rest)).then_some((folder, rest))
}

/// Does `PYTHONPATH` name this folder of the bundle?
fn is_searched(subject: &Subject<'_>, folder: &str) -> bool {
    let names = |part: &str| {
        let part = part.trim_end_matches('/');
        part.trim_start_matches("./").trim_start_matches("/var/app/current/") == folder
    };
    subject.customizations.option(DEFAULT_NAMESPACE, "PYTHONPATH").is_some_and(|path| path.split(':').any(names))
}

/// Does the module have what is to answer? Certain only where the name is nowhere in its text.
pub(super) fn object(subject: &mut Subject<'_>, path: &str, span: &Range<usize>, written: &str, file: &str) {
    let (module, callable) = written.split_once(':').unwrap_or((written, "application"));
    let name = callable.split(['(', '.']).next().unwrap_or(callable);
    let Some(text) = subject.tree.code(file) else { return };
    let has = |name: &str| text.split(|char: char| !(char.is_alphanumeric() || char == '_')).any(|word| word == name);
    // Nothing is certain of a file that has neither what is asked for nor what makes an application.
    let makes = ["application", "app", "get_wsgi_application", "get_asgi_application"].into_iter().any(has);
    let known = makes || file.ends_with("/__init__.py");
    if !known || has(name) || text.contains("import *") || has("__getattr__") {
        return;
    }
    let message = format!("`{file}` has no `{name}`: the server does not start, and every request is a 502");
    let inner = format!("{module}.{name}");
    let other = one_in(subject, file, "application");
    let below = file_of(subject, "", &inner).and_then(|file| one_in(subject, &file, "application"));
    match (other, below) {
        (Some(other), _) => {
            let target = format!("{module}:{other}");
            subject.find("EB002", path, span.clone(), message, format!("write `{target}`")).replace(target);
        }
        (None, Some(other)) => {
            let target = format!("{inner}:{other}");
            subject.find("EB002", path, span.clone(), message, format!("write `{target}`")).replace(target);
        }
        (None, None) => {
            let fix = "name the object of that module that is the WSGI application";
            subject.find("EB002", path, span.clone(), message, fix);
        }
    }
}

/// The module that is loaded where nothing names one, without the object that is asked for.
pub(super) fn unnamed(subject: &mut Subject<'_>) {
    const FILE: &str = "application.py";
    let Some(text) = subject.tree.code(FILE).filter(|_| subject.prepared() && !subject.guessed()) else { return };
    let has = |name: &str| text.split(|char: char| !(char.is_alphanumeric() || char == '_')).any(|word| word == name);
    let made = ["app", "server", "api"].into_iter().find(|name| {
        text.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('=')))
    });
    let Some(other) = made.filter(|_| !has("application") && !text.contains("import *")) else { return };
    let message = format!("`{FILE}` has no `application`: the server does not start, and every request is a 502");
    let fix = format!("call it `application` instead of `{other}`, or set `WSGIPath` to `application:{other}`");
    subject.find_file("EB002", FILE, message, fix);
}

/// The object of a file that answers: the one that is wanted, else one of a usual name. None is offered that is not there.
fn one_in(subject: &Subject<'_>, file: &str, wanted: &str) -> Option<String> {
    let text = subject.tree.code(file)?;
    let name = wanted.split(['(', '.']).next().unwrap_or(wanted);
    if text.contains("import *") || defines(text, name) {
        return Some(wanted.to_owned());
    }
    ["application", "app"].into_iter().find(|other| defines(text, other)).map(str::to_owned)
}

/// Does a module give this name to something at its top?
fn defines(text: &str, name: &str) -> bool {
    let word = |text: &str| text.split(|char: char| !(char.is_alphanumeric() || char == '_')).any(|word| word == name);
    text.lines().any(|line| {
        let line = line.trim_start();
        let assigned = line.strip_prefix(name).map(str::trim_start).is_some_and(|rest| {
            (rest.starts_with('=') && !rest.starts_with("==")) || (rest.starts_with(':') && rest.contains('='))
        });
        let made = line
            .strip_prefix("def ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('));
        let brought = line.split_once("import ").is_some_and(|(_, names)| {
            let last = |part: &str| part.rsplit(" as ").next().is_some_and(word);
            (line.starts_with("from ") || line.starts_with("import ")) && names.split(',').any(last)
        });
        assigned || made || brought
    })
}

pub(super) fn exists(subject: &Subject<'_>, root: &str, module: &str) -> bool {
    file_of(subject, root, module).is_some()
}

/// The file of a module below a folder.
pub(super) fn file_of(subject: &Subject<'_>, root: &str, module: &str) -> Option<String> {
    let root = root.trim_start_matches("./").trim_end_matches('/');
    let root = root.trim_start_matches("/var/app/current").trim_start_matches('/');
    let path = module.replace('.', "/");
    let path = if root.is_empty() || root == "." { path } else { format!("{root}/{path}") };
    [format!("{path}.py"), format!("{path}/__init__.py")].into_iter().find(|file| subject.tree.is_file(file))
}

/// A WSGI module that is there, as gunicorn wants it: one that ends like `module`, else any.
pub(super) fn suggestion(subject: &Subject<'_>, module: &str) -> Option<String> {
    let wanted = format!("/{}.py", module.replace('.', "/"));
    let is_file = |folder: &str, name: &str| subject.tree.is_file(format!("{folder}/{name}").trim_start_matches('/'));
    // A site's, beside its settings or below its `manage.py`; Django itself has a `django/core/wsgi.py`.
    let is_wsgi = |path: &&str| {
        let Some(package) = path.strip_suffix("/wsgi.py").filter(|package| package.matches('/').count() <= 1) else {
            return false;
        };
        let root = package.rsplit_once('/').map_or("", |(root, _)| root);
        is_file(root, "manage.py")
            || is_file(package, "settings.py")
            || subject.tree.is_dir(&format!("{package}/settings"))
    };
    let paths = || subject.tree.iter().map(|(path, _)| path);
    let nested = paths().find(|path| !module.is_empty() && path.ends_with(&wanted));
    if let Some(path) = nested {
        let root = &path[..path.len() - wanted.len()];
        return Some(format!("--chdir {root} {module}:{}", one_in(subject, path, "application")?));
    }
    let Some(path) = paths().find(is_wsgi) else {
        // Of another framework: by the names that its own guides give.
        return USUAL.into_iter().find_map(|name| {
            let wanted = if name == "wsgi" { "application" } else { "app" };
            Some(format!("{name}:{}", one_in(subject, &format!("{name}.py"), wanted)?))
        });
    };
    let object = one_in(subject, path, "application")?;
    match path.matches('/').count() {
        1 => Some(format!("{}:{object}", path.trim_end_matches(".py").replace('/', "."))),
        _ => {
            let (root, rest) = path.split_once('/')?;
            Some(format!("--chdir {root} {}:{object}", rest.trim_end_matches(".py").replace('/', ".")))
        }
    }
}
