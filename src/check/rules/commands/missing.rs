//! Missing: files of the bundle that a script carries out, and that do not ship.

use super::environment;
use super::tools::{fails, platforms_list};
use super::written::reads;
use crate::beanstalk::config_file::{Command, CommandLine};
use crate::check::folder::{in_bundle, is_computed};
use crate::check::script::{Place, Script, UBUNTU, fate};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word, base};

/// Where the bundle is unpacked, which is there no sooner than that.
const STAGING: &str = "/var/app/staging/";

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    ends(subject, script);
    // Of a folder that holds nothing but options, nobody knows what else ships.
    let tree = subject.tree;
    let whole = tree.is_file("requirements.txt") || tree.iter().any(|(path, _)| path.ends_with("manage.py"));
    if script.called || !whole {
        return;
    }
    if let Place::Command(command) = script.place {
        return before_the_bundle(subject, script, command);
    }
    let mut folder = script.folder();
    for run in script.host_runs() {
        folder = folder.after(run);
        let words = carried_out(run).into_iter().chain(needed(script, run));
        for word in words {
            let Some(path) = folder.path_of(&word.text).filter(|path| !environment::is_of_one(path)) else { continue };
            let Some(inside) = in_bundle(&path) else { continue };
            let written = word.text.trim_start_matches("./");
            if is_asked_for(script, written) || !is_missing(subject, inside, written, readings(subject, written)) {
                continue;
            }
            let (how, level) = fails(script, run);
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
}

/// A file of the bundle that one of `commands` looks for: on a new instance it is not unpacked yet, and on none does that command
/// run in its folder (Developer Guide, "Customizing software on Linux servers").
fn before_the_bundle(subject: &mut Subject<'_>, script: &Script<'_>, command: &Command) {
    let moves = |run: &&Run| matches!(run.name(), "cd" | "pushd" | "popd");
    let still = script.host_runs().take_while(|run| !moves(run));
    let staged = |word: &Word| word.text.starts_with(STAGING);
    // Where somebody else has said where it runs, only whole paths are known.
    let here = |word: &Word| command.cwd.is_none() && !word.text.starts_with('/') && !is_computed(&word.text);
    // Of the platform's own list and of `manage.py`, other rules have more to say.
    let other = |run: &&Run| run.forgiven || run.django().is_some() || platforms_list(subject, run).is_some();
    let found = still.filter(|run| !other(run)).find_map(|run| {
        let mut words = carried_out(run).into_iter().chain(needed(script, run));
        let is_of_bundle = |word: &&Word| {
            let inside = word.text.strip_prefix(STAGING).unwrap_or(&word.text).trim_start_matches("./");
            (staged(word) || here(word))
                && subject.tree.is_file(inside)
                && !is_asked_for(script, inside)
                && !is_made(subject, inside, readings(subject, inside))
        };
        words.find(is_of_bundle).map(|word| (run, word))
    });
    let Some((run, word)) = found else { return };
    let (_, level) = fails(script, run);
    let inside = word.text.strip_prefix(STAGING).unwrap_or(&word.text).trim_start_matches("./");
    let message =
        format!("{} runs before the bundle is unpacked: it cannot see this version's `{inside}`", script.title());
    let fix = "move it to `container_commands`, which run in the folder of the new version";
    subject.find("EB225", script.path, word.span.clone(), message, fix).level = level;
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

/// The files without which a run fails: lists of pip's, and what is copied or changed and nothing would make.
fn needed<'r>(script: &Script<'_>, run: &'r Run) -> Vec<&'r Word> {
    const WRITTEN: [&str; 14] = [
        ".sh", ".py", ".conf", ".service", ".timer", ".config", ".cfg", ".ini", ".repo", ".cron", ".toml", ".yml",
        ".yaml", ".env",
    ];
    let list = run.pip().is_some();
    let written = |word: &&Word| {
        let name = base(&word.text);
        list || WRITTEN.iter().any(|end| name.ends_with(end)) || name.starts_with(".env")
    };
    // Whoever lets it fail knows that it may not be there.
    if script.forgives(run) || unpacks(script) {
        return Vec::new();
    }
    let read = || reads(run).into_iter().filter(|word| run.carried_out().is_none_or(|other| other.span != word.span));
    let words: Vec<&Word> = match run.name() {
        "cp" | "mv" => read().collect(),
        _ if list => read().collect(),
        _ => changes(run),
    };
    let plain = |word: &&Word| !word.text.contains(char::is_whitespace);
    words.into_iter().filter(plain).filter(written).collect()
}

/// The files that a run changes, and that have to be there before it.
fn changes(run: &Run) -> Vec<&Word> {
    let flag = |letter: char| {
        let short =
            |word: &Word| word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains(letter);
        run.arguments.iter().any(short)
    };
    match run.name() {
        // `-f` is for those that may not be there.
        "chmod" | "chown" if !flag('f') && !run.arguments.iter().any(|word| word.text.starts_with("--")) => {
            run.plain().skip(1).collect()
        }
        "sed" if flag('i') => run.plain().skip(1).last().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Does a script bring more files than it names?
fn unpacks(script: &Script<'_>) -> bool {
    script.has(&["unzip", "tar", "git clone", "git pull", "s3 sync", "--recursive", "rsync", "npm", "yarn", "make"])
}

/// How often scripts name a file as one that they read or change: where it is named otherwise, something may make it, or ask whether
/// it is there.
fn readings(subject: &Subject<'_>, written: &str) -> usize {
    let scripts = subject.scripts();
    let runs = scripts.iter().filter(|script| script.text.contains(written)).flat_map(|script| script.host_runs());
    let words = runs.flat_map(|run| {
        let mut words = reads(run);
        words.extend(changes(run));
        words.sort_by_key(|word| word.span.start);
        words.dedup_by_key(|word| word.span.start);
        words
    });
    words.map(|word| word.text.matches(written).count()).sum::<usize>().max(1)
}

/// Does the `test` of a command ask for files?
fn is_asked_for(script: &Script<'_>, written: &str) -> bool {
    let (Place::ContainerCommand(command) | Place::Command(command)) = script.place else { return false };
    let asks = |text: &str| text.contains(base(written));
    match &command.test {
        Some(CommandLine::Shell(text)) => asks(text),
        Some(CommandLine::Program(words)) => words.iter().any(|word| asks(word)),
        None => false,
    }
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
    let name = base(path);
    if subject.tree.get(path).is_some() || subject.tree.is_dir(path) || name.is_empty() {
        return false;
    }
    // `manage.py` is everywhere: it is missing where it lies in another folder.
    match name {
        "manage.py" => subject.tree.iter().any(|(path, _)| path.ends_with("/manage.py")),
        _ => !is_made(subject, written, own) && !subject.pipeline_names(written),
    }
}

/// May something make the file on the instance? Whatever names it more often than so many times, or writes one of its name.
fn is_made(subject: &Subject<'_>, written: &str, own: usize) -> bool {
    let mentions: usize = subject.scripts().iter().map(|script| script.text.matches(written).count()).sum();
    let end = format!("/{}", base(written));
    mentions > own
        || subject.customizations.used().any(|file| file.files.iter().any(|entry| entry.path.value.ends_with(&end)))
}
