//! Log tasks: files in `/opt/elasticbeanstalk/tasks` that say which logs are fetched, and what they name.

use crate::beanstalk::config_file::{ConfigFile, File};
use crate::beanstalk::lines::{indent, placed};
use crate::check::script::{contents, find_all};
use crate::check::subject::Subject;
use crate::ui::nearest;

const TASKS: &str = "/opt/elasticbeanstalk/tasks/";
const FOLDERS: [&str; 4] = ["taillogs.d", "bundlelogs.d", "publishlogs.d", "systemtaillogs.d"];

/// Logs that the first Amazon Linux had, and what has their place.
const OLD: [(&str, &str); 4] = [
    ("/var/log/eb-activity.log", "`/var/log/eb-engine.log`, which is fetched without being asked for"),
    ("/var/log/eb-commandprocessor.log", "`/var/log/eb-engine.log`, which is fetched without being asked for"),
    ("/opt/python/log/", "`/var/log/web.stdout.log`, which is fetched without being asked for"),
    ("/var/log/eb-tools.log", "`/var/log/eb-engine.log`, which is fetched without being asked for"),
];

pub(super) fn check(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    let mut found = Vec::new();
    for (file, entry, text, start) in contents(customizations) {
        let Some(inside) = entry.path.value.strip_prefix(TASKS) else { continue };
        let Some((folder, _)) = inside.split_once('/') else { continue };
        if !FOLDERS.contains(&folder) {
            found.extend(misplaced(file, entry, folder));
            continue;
        }
        for (at, line) in placed(text) {
            let log = line.trim();
            let begin = start + at + indent(line);
            if let Some((message, fix)) = wrong(subject, log) {
                found.push((file, begin..begin + log.len(), message, fix));
            }
        }
    }
    for (file, span, message, fix) in found {
        subject.find("EB258", &file.path, span, message, fix);
    }
}

type Found<'a> = (&'a ConfigFile, std::ops::Range<usize>, String, String);

/// A folder whose name is nearly one of those that are looked into.
fn misplaced<'a>(file: &'a ConfigFile, entry: &File, folder: &str) -> Option<Found<'a>> {
    let meant = nearest(folder, FOLDERS)?;
    let message = format!("nobody reads this: logs are looked for in `{TASKS}{meant}`");
    Some((file, entry.path.span.clone(), message, format!("write `{meant}`")))
}

/// Why a log is never there.
fn wrong(subject: &Subject<'_>, log: &str) -> Option<(String, String)> {
    if log.is_empty() || log.starts_with('#') {
        return None;
    }
    if !log.starts_with('/') {
        let message = format!("`{log}` is never fetched: it is no whole path");
        return Some((message, "begin it with `/`".to_owned()));
    }
    // Somebody may write there after all.
    let folder = "/var/logs/";
    if let Some(rest) = log.strip_prefix(folder).filter(|_| !is_written(subject, folder)) {
        return Some((format!("`{log}` is never there: the folder is `/var/log`"), format!("write `/var/log/{rest}`")));
    }
    let (_, new) = OLD.iter().find(|(old, _)| log.starts_with(old) && !is_written(subject, old))?;
    Some((
        format!("`{log}` is never there: nobody writes it since Amazon Linux 2"),
        format!("name {new}, or take it out"),
    ))
}

/// Does a script or a file of the project name this folder, besides the list of what is fetched?
fn is_written(subject: &Subject<'_>, folder: &str) -> bool {
    let scripts = subject.scripts().iter().any(|script| find_all(script.text, folder).next().is_some());
    let code = |path: &str| path.ends_with(".py") || path.ends_with(".conf") || path.ends_with(".ini");
    scripts
        || subject
            .tree
            .iter()
            .any(|(path, _)| code(path) && subject.tree.text(path).is_some_and(|text| text.contains(folder)))
}
