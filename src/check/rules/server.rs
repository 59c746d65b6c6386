//! What answers requests: `WSGIPath`, `Procfile`, the port.

mod gateway;
mod line;
pub(super) mod load;
mod misses;
mod port;
mod target;

use crate::beanstalk::config_file::OptionSetting;
use crate::beanstalk::procfile::Reason;
use crate::check::django;
use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::level::Level;

use line::Line;
use target::{suggestion, target};

const PYTHON: &str = "aws:elasticbeanstalk:container:python";

pub(super) fn check(subject: &mut Subject<'_>) {
    lines(subject, "Procfile");
    lines(subject, "Buildfile");
    if !subject.python() {
        gateway::of_image(subject);
        return;
    }
    let customizations = subject.customizations;
    match &customizations.procfile {
        None if !subject.tree.is_file("Procfile") => {
            without_procfile(subject);
            misses::check(subject, None);
        }
        None => {}
        Some(procfile) => {
            options_without_effect(subject);
            match procfile.get("web") {
                Some(_) => command(subject),
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
            Reason::NoName if path == "Buildfile" => {
                ("there is no `name:` before the command", "write a name such as `make: ` before it")
            }
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
        let other = subject.deployable()
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
        return target::unnamed(subject);
    };
    target(subject, path, &setting.value.span, &setting.value.value, &[]);
    gateway::check(subject, path, &setting.value.span, &setting.value.value, &[], None);
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

/// What the `web` process of Procfile starts.
fn command(subject: &mut Subject<'_>) {
    let scripts = subject.scripts();
    for script in scripts.iter().filter(|script| script.is_web()) {
        development(subject, script);
    }
    let Some(line) = Line::of_web(&scripts) else { return };
    // Where the shell stands then, nobody can tell from here.
    if line.folders.iter().all(|folder| !folder.starts_with(['$', '`'])) {
        let roots: Vec<&str> = line
            .value_of(&["--chdir", "--pythonpath", "--app-dir"])
            .map(|(_, folder)| folder)
            .into_iter()
            .chain(line.folders.iter().copied())
            .collect();
        for (span, word) in line.operands() {
            if target::is_one(word) {
                target(subject, line.path, &span, word, &roots);
                gateway::check(subject, line.path, &span, word, &roots, Some(&line));
            }
        }
    }
    port::check(subject, &line);
    misses::check(subject, Some(&line));
}

/// The server that Django has for the desk.
fn development(subject: &mut Subject<'_>, script: &Script<'_>) {
    if let Some((run, _)) = script.django(&["runserver", "runserver_plus"]) {
        let message = "the server for development answers the visitors: Django's own guide says never to let it";
        let fix = "`web: gunicorn mysite.wsgi:application`, with the project's own name";
        subject.find("EB007", script.path, run.span(), message, fix);
    }
}
