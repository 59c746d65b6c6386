//! Units of systemd that the project writes: by `files`, by a text within a script, or by copying a file of the bundle.

mod texts;
mod unset;

use std::ops::Range;

use crate::beanstalk::customizations::Moment;
use crate::beanstalk::lines::placed;
use crate::check::folder::in_bundle;
use crate::check::rules::processes::is_started;
use crate::check::script::{Place, Script, any_file, contents};
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

const RULE: &str = "EB174";
const FOLDERS: [&str; 3] = ["/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/"];

/// A unit, and where its text is.
struct Unit<'a> {
    name: String,
    path: String,
    text: &'a str,
    start: usize,
    /// Where somebody names it.
    named: (String, Range<usize>),
}

pub(super) fn check(subject: &mut Subject<'_>) {
    let scripts = subject.scripts();
    let mut units: Vec<Unit<'_>> = Vec::new();
    for (file, entry, text, start) in contents(subject.customizations) {
        if let Some(name) = name_of(&entry.path.value) {
            let named = (file.path.clone(), entry.path.span.clone());
            units.push(Unit { name: name.to_owned(), path: file.path.clone(), text, start, named });
        }
    }
    for script in scripts.iter() {
        for (target, text, start) in texts::all(script.text) {
            let Some(name) = name_of(&script.text[target.clone()]) else { continue };
            let target = target.start + script.start..target.end + script.start;
            let named = (script.path.to_owned(), target);
            units.push(Unit {
                name: name.to_owned(),
                path: script.path.to_owned(),
                text,
                start: start + script.start,
                named,
            });
        }
        for run in script.host_runs().filter(|run| matches!(run.name(), "cp" | "install" | "mv")) {
            let plain: Vec<_> = run.plain().collect();
            let [.., from, to] = plain.as_slice() else { continue };
            let into = FOLDERS.iter().any(|folder| to.text.starts_with(folder.trim_end_matches('/')));
            let Some((path, text, start)) = any_file(subject.tree, subject.customizations, &from.text).filter(|_| into)
            else {
                continue;
            };
            let name = name_of(&to.text).or_else(|| from.text.rsplit('/').next()?.strip_suffix(".service"));
            if let Some(name) = name {
                let named = (script.path.to_owned(), to.span.clone());
                units.push(Unit { name: name.to_owned(), path: path.to_owned(), text, start, named });
            }
        }
    }
    for unit in &units {
        program(subject, unit);
        starts(subject, unit);
        early(subject, unit);
        own_files(subject, unit);
        properties(subject, unit);
        unset::check(subject, unit);
    }
}

/// Does it go on with the properties that it has read at its start, after one of them has changed?
fn properties(subject: &mut Subject<'_>, unit: &Unit<'_>) {
    let asks = |text: &str| text.contains("/opt/elasticbeanstalk/deployment/env") || text.contains("get-config");
    let reads = asks(unit.text) || script_of(subject, unit).is_some_and(|(_, text, _)| asks(text));
    // Systemd starts it with the site, or a timer anew each time.
    let anew = unit.text.contains("eb-app.target") || told(unit, "Type") == Some("oneshot");
    if !reads || anew {
        return;
    }
    let scripts = subject.scripts();
    let again = |script: &Script<'_>| {
        let of_configuration = matches!(script.place, Place::Hook(hook) if hook.config);
        let all = ["/hooks/", "systemctl restart \"$", "systemctl restart $"];
        of_configuration
            && (script.text.contains(unit.name.as_str()) || all.iter().any(|word| script.text.contains(word)))
    };
    if scripts.iter().any(again) {
        return;
    }
    let named = |run: &Run| {
        run.plain().any(|word| word.text.strip_suffix(".service").unwrap_or(&word.text) == unit.name)
            && run.plain().any(|word| matches!(word.text.as_str(), "start" | "restart" | "reload-or-restart"))
            && matches!(run.name(), "systemctl" | "service")
    };
    let found = scripts.iter().find_map(|script| {
        let run = script.host_runs().find(|run| named(run))?;
        Some((script.path.to_owned(), run.span()))
    });
    let Some((path, span)) = found else { return };
    let message = format!(
        "`{}` goes on with the old values after a change of an environment property: it reads them as it starts, and only confighooks run then",
        unit.name
    );
    let fix = format!("`systemctl restart {}` in `.platform/confighooks/postdeploy` as well", unit.name);
    subject.find("EB365", &path, span, message, fix);
}

/// What a unit is told under this name.
fn told<'u>(unit: &'u Unit<'_>, name: &str) -> Option<&'u str> {
    unit.text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('=')).map(str::trim)
}

/// The script that a unit starts, where the project has it: its path, its text, and where that begins.
fn script_of<'a>(subject: &Subject<'a>, unit: &Unit<'_>) -> Option<(&'a str, &'a str, usize)> {
    let word = told(unit, "ExecStart")?.split_whitespace().find(|word| word.contains('/') && !SHELLS.contains(word))?;
    any_file(subject.tree, subject.customizations, word)
}

const SHELLS: [&str; 5] = ["/bin/sh", "/bin/bash", "/usr/bin/bash", "/usr/bin/env", "/usr/bin/sh"];

/// Is it started before the new version is where it looks for it?
fn early(subject: &mut Subject<'_>, unit: &Unit<'_>) {
    const CURRENT: &str = "/var/app/current";
    let scripts = subject.scripts();
    let names =
        |run: &Run| run.plain().any(|word| word.text.strip_suffix(".service").unwrap_or(&word.text) == unit.name);
    let starts = |run: &Run| {
        let words = || run.arguments.iter().map(|word| word.text.as_str());
        matches!(run.name(), "systemctl" | "service")
            && words().any(|word| matches!(word, "start" | "restart" | "--now" | "reload-or-restart"))
            && names(run)
    };
    let there = told(unit, "WorkingDirectory").is_some_and(|folder| folder.starts_with(CURRENT))
        || told(unit, "ExecStart").is_some_and(|line| line.contains(CURRENT))
        || script_of(subject, unit).is_some_and(|(_, text, _)| text.contains(CURRENT));
    // Whoever starts it anew after the flip has the new version.
    let late = |place: &Place<'_>| {
        matches!(place, Place::Hook(hook) if hook.moment == Moment::Postdeploy) || matches!(place, Place::Process(_))
    };
    let others = scripts.iter().any(|script| late(&script.place) && script.text.contains(unit.name.as_str()));
    if !there || others || unit.text.contains("eb-app.target") {
        return;
    }
    let found = scripts.iter().find_map(|script| {
        let before = match script.place {
            Place::ContainerCommand(_) => true,
            Place::Hook(hook) => hook.moment != Moment::Postdeploy && !hook.config,
            _ => false,
        };
        let run = script.host_runs().find(|run| starts(run)).filter(|_| before)?;
        Some((script.path.to_owned(), run.span(), script.title()))
    });
    let Some((path, span, title)) = found else { return };
    let message = format!(
        "`{}` goes on with the old version: {title} starts it while `{CURRENT}` still is that, and on a new instance is not there",
        unit.name
    );
    let fix = format!("`systemctl restart {}` in a postdeploy hook; or make it a process of `Procfile`", unit.name);
    subject.find("EB343", &path, span, message, fix);
}

/// Files that what it starts has to make, where only root makes any.
fn own_files(subject: &mut Subject<'_>, unit: &Unit<'_>) {
    const FLAGS: [&str; 4] = ["--pidfile", "--pid", "--schedule", "-s"];
    let Some(user) = told(unit, "User").filter(|user| !matches!(*user, "root" | "0" | "")) else { return };
    if unit.text.contains("RuntimeDirectory=") {
        return;
    }
    let script = script_of(subject, unit).map(|(path, text, start)| (path.to_owned(), text.to_owned(), start));
    let texts = [Some((unit.path.clone(), unit.text.to_owned(), unit.start)), script];
    for (path, text, start) in texts.into_iter().flatten() {
        let mut from = 0;
        let mut words: Vec<(usize, &str)> = Vec::new();
        for word in text.split_whitespace() {
            let at = from + text[from..].find(word).unwrap_or_default();
            from = at + word.len();
            words.push((at, word));
        }
        let found = words.iter().enumerate().find_map(|(index, (at, word))| {
            let (flag, value, at) = match word.split_once('=') {
                Some((flag, value)) => (flag, value, at + flag.len() + 1),
                None => words.get(index + 1).map(|(at, value)| (*word, *value, *at))?,
            };
            let inside = value.strip_prefix("/var/run/").or_else(|| value.strip_prefix("/run/"))?;
            let plain = !inside.is_empty() && !inside.contains(['/', '$', '%', '`', '"', '\'']);
            (FLAGS.contains(&flag) && plain).then(|| (value.to_owned(), at))
        });
        let Some((file, at)) = found else { continue };
        let name = file.rsplit('/').next().unwrap_or(&file);
        // Somebody may make it and give it away.
        let gives = |script: &Script<'_>| script.text.contains(name) && script.text.contains("chown");
        if subject.scripts().iter().any(gives) {
            return;
        }
        let message =
            format!("the unit `{}` does not start: `{user}` may not make `{file}`, in a folder of root's", unit.name);
        let fix = format!("`RuntimeDirectory={0}` in the unit, and `/run/{0}/{name}`", unit.name);
        subject.find(RULE, &path, start + at..start + at + file.len(), message, fix);
        return;
    }
}

/// The name of a unit by its path on the instance.
fn name_of(path: &str) -> Option<&str> {
    let name = FOLDERS.iter().find_map(|folder| path.strip_prefix(folder))?.strip_suffix(".service")?;
    (!name.contains(['/', '@', '$', '{', '*'])).then_some(name)
}

/// Is what it starts there, as systemd takes its path?
fn program(subject: &mut Subject<'_>, unit: &Unit<'_>) {
    for (at, line) in placed(unit.text) {
        let start = unit.start + at;
        let Some(value) = line.trim().strip_prefix("ExecStart=") else { continue };
        let word =
            value.trim_start_matches(['-', '@', ':', '+', '!', ' ']).split_whitespace().next().unwrap_or_default();
        let Some(place) = line.find(word).filter(|_| !word.is_empty() && !word.contains(['$', '`', '%'])) else {
            continue;
        };
        let span = start + place..start + place + word.len();
        let title = format!("the unit `{}` does not start", unit.name);
        if word.contains('*') {
            let message =
                format!("{title}: systemd takes the `*` of `{word}` for a letter, and there is no such program");
            let fix = format!(
                "`ExecStart=/bin/sh -c 'exec {}'`: a shell knows `*`",
                value.trim_start_matches(['-', '@', ':', '+', '!', ' '])
            );
            subject.find(RULE, &unit.path, span, message, fix);
        } else if let Some(inside) = in_bundle(word)
            && !is_made(subject, inside)
        {
            let message = format!("{title}: there is no `{inside}` in the bundle");
            let fix = "name what is there; or see with `beansprout package --why` what keeps it out";
            subject.find(RULE, &unit.path, span, message, fix);
        }
        return;
    }
}

/// Is a file of the bundle there, or may something make it?
fn is_made(subject: &Subject<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mentions: usize = subject.scripts().iter().map(|script| script.text.matches(name).count()).sum();
    subject.tree.get(path).is_some() || subject.tree.is_dir(path) || mentions > 1
}

/// Does somebody start it? A file in that folder does nothing by itself.
fn starts(subject: &mut Subject<'_>, unit: &Unit<'_>) {
    let scripts = subject.scripts();
    let name = unit.name.as_str();
    let mut enables = false;
    for run in scripts.iter().flat_map(|script| script.runs()) {
        let words = || run.arguments.iter().map(|word| word.text.as_str());
        let named = words()
            .any(|word| word == name || word.strip_suffix(".service") == Some(name) || word.contains(['$', '`', '*']));
        if !named || !matches!(run.name(), "systemctl" | "service") {
            continue;
        }
        if words().any(|word| matches!(word, "start" | "restart" | "reload-or-restart" | "--now" | "link")) {
            return;
        }
        enables |= words().any(|word| word == "enable");
    }
    let by_list = subject.customizations.used().flat_map(|file| &file.services).any(|service| {
        let service = service.name.value.as_str();
        service == name || service.strip_suffix(".service") == Some(name)
    });
    // Others may start it: a timer, a unit that wants it, a script that is not read.
    let others = subject.customizations.configs.iter().any(|file| mentions(&file.text, name))
        || scripts.iter().any(|script| mentions(script.text, name));
    if by_list || others || unit.text.contains("eb-app.target") {
        return;
    }
    let (path, span) = unit.named.clone();
    let message = match enables {
        true => format!("nobody starts the unit `{name}` before the instance starts anew: `enable` alone does not"),
        false => format!("nobody starts the unit `{name}`: a file in that folder does nothing by itself"),
    };
    // The same program for the same end, by two ways.
    let twice = ["celery", "daphne", "rqworker", "dramatiq", "huey"].into_iter().find(|program| {
        told(unit, "ExecStart").is_some_and(|line| line.contains(program)) && is_started(subject, program)
    });
    let fix = match twice {
        Some(program) => format!("take it out: `Procfile` starts a process of `{program}` already"),
        None => format!(
            "`systemctl daemon-reload && systemctl enable --now {name}` in a postdeploy hook; or make it a process of `Procfile`"
        ),
    };
    subject.find(RULE, &path, span, message, fix).level = Level::Warning;
}

/// Does a text speak of the unit in another way than by its file and by `systemctl enable`?
fn mentions(text: &str, name: &str) -> bool {
    let timer = format!("{name}.timer");
    let wants = [format!("Wants={name}"), format!("Requires={name}"), format!("After={name}"), format!("Unit={name}")];
    text.contains(&timer)
        || wants.iter().any(|word| text.contains(word))
        || text.contains("systemctl start") && text.contains("for ")
}
