//! Missing: files of the bundle that a script carries out, and that do not ship.

use super::environment;
use super::written::reads;
use crate::check::folder::in_bundle;
use crate::check::script::{Place, Script, UBUNTU, fate};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    ends(subject, script);
    if script.called || matches!(script.place, Place::Command(_)) {
        return;
    }
    // Of a folder that holds nothing but options, nobody knows what else ships.
    let tree = subject.tree;
    if !tree.is_file("requirements.txt") && !tree.iter().any(|(path, _)| path.ends_with("manage.py")) {
        return;
    }
    let mut folder = script.folder();
    for run in script.host_runs() {
        folder = folder.after(run);
        let Some(word) = carried_out(run).or_else(|| needed(script, run)) else { continue };
        let Some(path) = folder.path_of(&word.text).filter(|path| !environment::is_of_one(path)) else { continue };
        let Some(inside) = in_bundle(&path) else { continue };
        if !is_missing(subject, inside, word.text.trim_start_matches("./"), 1) {
            continue;
        }
        let (how, level) = fate(script.forgives(run));
        let (what, fix) = match elsewhere(subject, inside) {
            Some(folder) => (
                format!("no `{inside}` in the bundle; `{}` is in `{folder}`", named(inside)),
                match carried_out(run) {
                    Some(_) => format!("go there first: `cd {folder}`"),
                    None => format!("write `{folder}/{inside}`"),
                },
            ),
            None => (
                format!("no `{inside}` in the bundle"),
                "name what is there; or see with `beansprout package --why` what keeps it out".to_owned(),
            ),
        };
        let message = format!("{} {how}: there is {what}", script.title());
        subject.find("EB162", script.path, word.span.clone(), message, fix).level = level;
        return;
    }
}

/// The file that a run carries out, where it is named as one.
fn carried_out(run: &Run) -> Option<&Word> {
    // A program without a folder is looked for on the path.
    let is_named = |word: &&Word| word.text != run.program.text || word.text.contains('/');
    let word = run.carried_out().filter(is_named)?;
    // With `-c` and `-m` it is code, or the name of a module.
    let mut flags = run.arguments.iter().take_while(|other| other.span.start < word.span.start);
    let code = flags.any(|flag| matches!(flag.text.as_str(), "-c" | "-m" | "-lc" | "-ec" | "-xc" | "-s"));
    (!code && !word.text.contains(char::is_whitespace)).then_some(word)
}

/// A file without which a run fails: a list of pip's, or what is copied and nothing would make.
fn needed<'r>(script: &Script<'_>, run: &'r Run) -> Option<&'r Word> {
    const WRITTEN: [&str; 9] = [".sh", ".conf", ".service", ".timer", ".config", ".cfg", ".ini", ".repo", ".cron"];
    let list = run.pip().is_some();
    let written = |word: &&Word| list || WRITTEN.iter().any(|end| word.text.ends_with(end));
    // Whoever lets it fail knows that it may not be there.
    let found =
        reads(run).into_iter().find(|word| !script.forgives(run) && written(word) && word.text != run.program.text);
    found.filter(|word| !word.text.contains(char::is_whitespace) && (list || matches!(run.name(), "cp" | "mv")))
}

/// A script that comes to an end where it enters a folder of another system's.
fn ends(subject: &mut Subject<'_>, script: &Script<'_>) {
    let Some(end) = script.end() else { return };
    let all = subject.scripts();
    if subject.makes_folder_of(UBUNTU) || all.iter().any(|script| script.has(&["useradd", "adduser"])) {
        return;
    }
    let never_ends =
        if end.unreached.contains("runserver") { "; `runserver`, which never ends, has no place in it" } else { "" };
    let (how, level) = fate(!end.is_last && !script.stops_at(&end.run));
    let message = format!(
        "{} {how}: there is no `{UBUNTU}` on Amazon Linux, and what hangs on it is never reached",
        script.title()
    );
    let fix = format!(
        "write `/var/app/venv/*/bin/activate`, and folders below `/var/app/staging` or `/var/app/current`{never_ends}"
    );
    let word = end.run.plain().next().map_or_else(|| end.run.span(), |word| word.span.clone());
    subject.find("EB162", script.path, word, message, fix).level = level;
}

/// What of a path is looked for in other folders.
fn named(path: &str) -> &str {
    path.strip_suffix("manage.py").map_or(path, |_| "manage.py")
}

/// The folder of the only file of that path there is, where it is not the one that is asked for; of `manage.py` the name is enough.
fn elsewhere<'t>(subject: &Subject<'t>, path: &str) -> Option<&'t str> {
    let end = format!("/{}", named(path));
    let mut folders = subject.tree.iter().filter_map(|(path, _)| path.strip_suffix(end.as_str()));
    let only = folders.next().filter(|_| folders.next().is_none());
    only.filter(|folder| !folder.contains("site-packages"))
}

/// Does the file not ship, and is it sure that nothing else makes it? Scripts name it so often where it is asked for.
pub(in crate::check::rules) fn is_missing(subject: &Subject<'_>, path: &str, written: &str, own: usize) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if subject.tree.get(path).is_some() || subject.tree.is_dir(path) || name.is_empty() {
        return false;
    }
    let mentions: usize = subject.scripts().iter().map(|script| script.text.matches(written).count()).sum();
    let files = subject
        .customizations
        .used()
        .any(|file| file.files.iter().any(|entry| entry.path.value.ends_with(&format!("/{name}"))));
    // `manage.py` is everywhere: it is missing where it lies in another folder.
    match name {
        "manage.py" => subject.tree.iter().any(|(path, _)| path.ends_with("/manage.py")),
        _ => mentions <= own && !files && !subject.pipeline_names(written),
    }
}
