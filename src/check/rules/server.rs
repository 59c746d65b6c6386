//! What answers requests: `WSGIPath`, `Procfile`, the port.

mod line;
pub(super) mod load;

use std::ops::Range;

use crate::beanstalk::config_file::OptionSetting;
use crate::beanstalk::procfile::{Process, Reason};
use crate::beanstalk::timeline::PORT;
use crate::check::django;
use crate::check::subject::Subject;
use crate::level::Level;

use line::Line;

const PYTHON: &str = "aws:elasticbeanstalk:container:python";

pub(super) fn check(subject: &mut Subject<'_>) {
    lines(subject, "Procfile");
    lines(subject, "Buildfile");
    if !subject.python() {
        return;
    }
    let customizations = subject.customizations;
    match &customizations.procfile {
        None if !subject.tree.is_file("Procfile") => without_procfile(subject),
        None => {}
        Some(procfile) => {
            options_without_effect(subject);
            match procfile.get("web") {
                Some(web) => command(subject, web),
                None if subject.deployable() && !customizations.worker => {
                    let message = "no process is named `web`: the proxy has nobody to ask, and every request is a 502";
                    subject.find_file("EB005", "Procfile", message, "name the process that serves HTTP `web`");
                }
                None => {}
            }
        }
    }
}

fn lines(subject: &mut Subject<'_>, path: &str) {
    let customizations = subject.customizations;
    let procfile = if path == "Procfile" { &customizations.procfile } else { &customizations.buildfile };
    for line in procfile.iter().flat_map(|file| &file.invalid) {
        let (what, fix) = match line.reason {
            Reason::NoName => ("there is no `name:` before the command", "write `web: ` before it"),
            Reason::BadName => (
                "the name has characters other than letters, digits, `_` and `-`",
                "write the name at the start of the line",
            ),
            Reason::NoCommand => ("there is no command after the name", "add the command, or delete the line"),
            Reason::Twice => ("the name was used before", "give the process another name"),
        };
        subject.find("EB006", path, line.span.clone(), format!("the deployment fails: {what}"), fix);
    }
}

/// Settings of an option, with their files.
fn settings<'a>(subject: &Subject<'a>, name: &str) -> Vec<(&'a str, &'a OptionSetting)> {
    let files = subject.customizations.used();
    let pairs = files.flat_map(|file| file.option_settings.iter().map(move |setting| (file.path.as_str(), setting)));
    pairs.filter(|(_, setting)| setting.namespace.value == PYTHON && setting.name.value == name).collect()
}

fn without_procfile(subject: &mut Subject<'_>) {
    let found = settings(subject, "WSGIPath");
    let Some((path, setting)) = found.last().copied() else {
        let tree = subject.tree;
        // Other frameworks have the same server: who prepares a deployment and lists packages wants it to start.
        let other = tree.is_dir(crate::beanstalk::customizations::EXTENSIONS)
            && tree.is_file("requirements.txt")
            && ["app.py", "main.py", "wsgi.py"].iter().any(|name| tree.is_file(name));
        // A project of Django's below the top, with its packages at the top, is served from there as well.
        let below = other_root(subject).is_some_and(|root| tree.is_file(&format!("{root}manage.py")));
        if (subject.tree.is_file("manage.py") || other || below)
            && subject.deployable()
            && !subject.tree.is_file("application.py")
            && !subject.tree.is_dir("application")
        {
            let target = suggestion(subject, "").unwrap_or_else(|| "mysite.wsgi:application".to_owned());
            let message = "there is no `Procfile` and no `WSGIPath`: the server looks for a module `application`, and every request is a 502";
            let fix = format!("write `web: gunicorn {target}` into `Procfile`");
            let guessed = subject.guessed();
            let finding = subject.find_file("EB001", "Procfile", message, fix);
            if guessed {
                finding.level = Level::Warning;
            }
        }
        return;
    };
    target(subject, path, &setting.value.span, &setting.value.value, &[]);
}

/// The folder below the top that has the project of Django's, where the top is prepared for a deployment.
fn other_root(subject: &Subject<'_>) -> Option<String> {
    let tree = subject.tree;
    let root = django::root(tree);
    let text = tree.text(&format!("{root}manage.py"))?;
    let prepared = tree.is_dir(crate::beanstalk::customizations::EXTENSIONS) && tree.is_file("requirements.txt");
    (!root.is_empty() && prepared && subject.python() && text.contains("django")).then_some(root)
}

fn options_without_effect(subject: &mut Subject<'_>) {
    for name in ["WSGIPath", "NumProcesses", "NumThreads"] {
        for (path, setting) in settings(subject, name) {
            let message = format!("`{name}` has no effect: there is a `Procfile`");
            let fix = "say it in `Procfile` or `gunicorn.conf.py`, and delete it here";
            subject.find("EB003", path, setting.name.span.clone(), message, fix);
        }
    }
}

/// The `web` process of Procfile.
fn command(subject: &mut Subject<'_>, web: &Process) {
    let line = Line::of(web);
    let Some(server) = line.server() else { return };
    let roots: Vec<&str> =
        line.value_of(&["--chdir", "--pythonpath", "--app-dir"]).into_iter().map(|(_, dir)| dir).collect();
    for (span, word) in line.words.iter().skip(1) {
        let (module, callable) = word.split_once(':').unwrap_or((word, ""));
        let names_module = !callable.is_empty() || module.ends_with(".wsgi") || module.ends_with(".asgi");
        if names_module
            && !module.is_empty()
            && identifier_path(module)
            && callable.chars().all(|char| char.is_alphanumeric() || "_().".contains(char))
        {
            target(subject, "Procfile", span, word, &roots);
        }
    }
    let port = subject.customizations.option(crate::beanstalk::config_file::DEFAULT_NAMESPACE, "PORT");
    let expected = port.and_then(|port| port.parse().ok()).unwrap_or(PORT);
    let port_flag = || if server == "gunicorn" { None } else { line.value_of(&["--port", "-p"]) };
    // daphne's `-b` is an address without its port.
    let bind = line.value_of(&["--bind", "-b"]).filter(|_| server != "daphne").or_else(port_flag);
    let Some((span, address)) = bind else { return };
    let address = address.trim_matches(['"', '\'']);
    if address.starts_with("unix:") {
        if !subject.tree.is_dir(".platform/nginx") {
            let message = format!("the proxy asks port {expected}, and nobody listens there: every request is a 502");
            subject.find("EB004", "Procfile", span, message, format!("bind `127.0.0.1:{expected}`"));
        }
    } else if address.contains("$PORT") || address.contains("${PORT") {
        if port.is_none() && !address.contains(":-") {
            let message =
                "no file here sets `PORT`: unless a property of the environment does, the server does not start";
            let fix = format!("bind `127.0.0.1:{PORT}`, or set `PORT` as an environment property");
            subject.find("EB004", "Procfile", span, message, fix).level = Level::Warning;
        }
    } else if let Some(bound) = address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok())
        && bound != expected
    {
        let message =
            format!("the proxy asks port {expected}, and the server listens on {bound}: every request is a 502");
        subject.find(
            "EB004",
            "Procfile",
            span,
            message,
            format!("bind `127.0.0.1:{expected}`, or set `PORT` to {bound} as an environment property"),
        );
    }
}

fn identifier_path(text: &str) -> bool {
    text.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && chars.all(|char| char.is_alphanumeric() || char == '_')
    })
}

/// Does `module:callable` name a module of this project?
fn target(subject: &mut Subject<'_>, path: &str, span: &Range<usize>, written: &str, roots: &[&str]) {
    let written = written.trim();
    if written.contains('/') || written.ends_with(".py") {
        let message =
            format!("`{written}` is the path of a file: the server wants a module, and every request is a 502");
        let (file, callable) = written.split_once(':').unwrap_or((written, "application"));
        let old =
            ["/opt/python/current/app/", "/opt/python/ondeck/app/", "/var/app/current/", "/var/app/staging/", "./"];
        let file = old.iter().find_map(|prefix| file.strip_prefix(prefix)).unwrap_or(file).trim_end_matches(".py");
        let dotted = file.replace('/', ".");
        // Only what is there is offered.
        if identifier_path(&dotted) && exists(subject, "", &dotted) {
            let target = format!("{dotted}:{callable}");
            subject.find("EB002", path, span.clone(), message, format!("write `{target}`")).replace(target);
        } else {
            subject.find(
                "EB002",
                path,
                span.clone(),
                message,
                "name the module that has the WSGI application, such as `mysite.wsgi:application`",
            );
        }
        return;
    }
    let module = written.split(':').next().unwrap_or(written);
    if !identifier_path(module) || exists(subject, "", module) || roots.iter().any(|root| exists(subject, root, module))
    {
        return;
    }
    let nested = suggestion(subject, module);
    // A module that is nowhere in the project may come with a dependency.
    let (top, _) = module.split_once('.').unwrap_or((module, ""));
    if nested.is_none() && !exists(subject, "", top) && !subject.tree.is_dir(top) && !subject.tree.is_file("manage.py")
    {
        return;
    }
    let message = format!("there is no module `{module}`: the server does not start, and every request is a 502");
    let fix = match nested {
        None => "name the module that has the WSGI application".to_owned(),
        // Whether an option takes a flag of gunicorn's is nowhere said; a line of Procfile does.
        Some(target) if target.starts_with("--") && path != "Procfile" => {
            format!("write a `Procfile` with `web: gunicorn --bind 127.0.0.1:{PORT} {target}`, and take `WSGIPath` out")
        }
        Some(target) => format!("write `{target}`"),
    };
    subject.find("EB002", path, span.clone(), message, fix);
}

fn exists(subject: &Subject<'_>, root: &str, module: &str) -> bool {
    let root = root.trim_start_matches("./").trim_end_matches('/');
    let root = root.trim_start_matches("/var/app/current").trim_start_matches('/');
    let path = module.replace('.', "/");
    let path = if root.is_empty() || root == "." { path } else { format!("{root}/{path}") };
    subject.tree.is_file(&format!("{path}.py")) || subject.tree.is_file(&format!("{path}/__init__.py"))
}

/// A WSGI module that is there, as gunicorn wants it: one that ends like `module`, else any.
fn suggestion(subject: &Subject<'_>, module: &str) -> Option<String> {
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
        return Some(format!("--chdir {root} {module}:application"));
    }
    let Some(path) = paths().find(is_wsgi) else {
        // Of another framework: by the names that its own guides give.
        let text = subject.tree.text("wsgi.py");
        return match text {
            Some(text) if text.contains("application") => Some("wsgi:application".to_owned()),
            Some(_) => Some("wsgi:app".to_owned()),
            None => {
                ["app", "main"].iter().find(|name| is_file("", &format!("{name}.py"))).map(|name| format!("{name}:app"))
            }
        };
    };
    match path.matches('/').count() {
        1 => Some(format!("{}:application", path.trim_end_matches(".py").replace('/', "."))),
        _ => {
            let (root, rest) = path.split_once('/')?;
            Some(format!("--chdir {root} {}:application", rest.trim_end_matches(".py").replace('/', ".")))
        }
    }
}
