//! Misses: what gunicorn's settings name on the instance, and the instance has not. gunicorn looks before it listens.

use std::ops::Range;

use super::line::Line;
use super::load::Configured;
use crate::check::django::Settings;
use crate::check::subject::Subject;
use crate::ui::ticked;

const RULE: &str = "EB317";

/// A setting of gunicorn's: its name, and how a command line says it.
type Named = (&'static str, &'static [&'static str]);

const OWNERS: [Named; 2] = [("user", &["--user", "-u"]), ("group", &["--group", "-g"])];
const FILES: [Named; 3] = [
    ("accesslog", &["--access-logfile"]),
    ("errorlog", &["--error-logfile", "--log-file"]),
    ("pidfile", &["--pid", "-p"]),
];

/// Groups of Debian's, which Amazon Linux does not have.
const OF_DEBIAN: [&str; 2] = ["www-data", "nogroup"];

/// What is wrong with one of them, and where it is said.
struct Missed {
    name: &'static str,
    what: String,
    path: String,
    span: Range<usize>,
}

/// `line` is the one of Procfile; without a Procfile the platform starts gunicorn, which reads its file then as well.
pub(super) fn check(subject: &mut Subject<'_>, line: Option<&Line<'_>>) {
    if line.is_some_and(|line| line.server() != Some("gunicorn")) {
        return;
    }
    let conf = Configured::of(subject, line).settings;
    let owner = |(name, flags): Named| {
        let (value, path, span) = said(line, conf.as_ref(), name, flags)?;
        let missing = is_missing_account(subject, line, name, &value);
        missing.then(|| Missed { name, what: format!("the instance has no {name} `{value}`"), path, span })
    };
    let file = |(name, flags): Named| {
        let (value, path, span) = said(line, conf.as_ref(), name, flags)?;
        let folder = missing_folder(&value).filter(|folder| !is_made(subject, folder, &path))?;
        Some(Missed { name, what: format!("there is no folder `{folder}` for its `{name}`"), path, span })
    };
    let missed: Vec<Missed> = OWNERS.into_iter().filter_map(owner).chain(FILES.into_iter().filter_map(file)).collect();
    let Some(first) = missed.first() else { return };
    let message = format!("the server does not start, and every request is a 502: {}", first.what);
    let names = ticked(missed.iter().map(|missed| missed.name));
    let fix = format!(
        "take {names} out: the platform runs the server as `webapp`, watches it, and keeps what it logs to `-`"
    );
    subject.find(RULE, &first.path, first.span.clone(), message, fix);
}

fn said(
    line: Option<&Line<'_>>,
    conf: Option<&Settings>,
    name: &str,
    flags: &[&str],
) -> Option<(String, String, Range<usize>)> {
    if let Some((line, (span, value))) = line.and_then(|line| Some((line, line.value_of(flags)?))) {
        let value = value.trim_matches(['"', '\'']);
        return (!value.contains(['$', '`'])).then(|| (value.to_owned(), line.path.to_owned(), span));
    }
    let setting = conf?.get(name)?;
    let value = conf?.value(name).text()?;
    Some((value.to_owned(), setting.path.clone(), setting.span.clone()))
}

/// An account that the system does not have, and nobody makes.
fn is_missing_account(subject: &Subject<'_>, line: Option<&Line<'_>>, setting: &str, name: &str) -> bool {
    let own = line.map(|line| line.path);
    let made = subject.customizations.used().any(|file| has_word(&file.text, name))
        || subject.scripts().iter().any(|script| Some(script.path) != own && has_word(script.text, name));
    let known = match setting {
        "user" => SYSTEM.contains(&name) || name.starts_with("systemd-") || name.starts_with("ec2-"),
        // Of groups a system has many.
        _ => !OF_DEBIAN.contains(&name),
    };
    !made && !known && !name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Is it there as a word of its own, and not as the beginning of another?
fn has_word(text: &str, word: &str) -> bool {
    let part = |char: char| char.is_alphanumeric() || char == '_';
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

/// Accounts that an instance has, or that a package brings.
const SYSTEM: [&str; 33] = [
    "webapp",
    "root",
    "nginx",
    "ec2-user",
    "nobody",
    "apache",
    "bin",
    "daemon",
    "adm",
    "lp",
    "sync",
    "mail",
    "operator",
    "games",
    "ftp",
    "dbus",
    "sshd",
    "chrony",
    "tss",
    "rpc",
    "rpcuser",
    "cwagent",
    "healthd",
    "sssd",
    "polkitd",
    "postfix",
    "postgres",
    "redis",
    "mysql",
    "memcached",
    "rabbitmq",
    "celery",
    "xray",
];

/// The folder of a file that is on no instance, unless somebody makes it.
fn missing_folder(path: &str) -> Option<&str> {
    const OF_SYSTEM: [&str; 9] = ["nginx", "httpd", "audit", "amazon", "chrony", "journal", "private", "sssd", "sa"];
    let (folder, _) = path.rsplit_once('/')?;
    let missing = match folder.split('/').collect::<Vec<_>>().as_slice() {
        ["", "home", user, ..] => !SYSTEM.contains(user),
        ["", "var", "log" | "run", name, ..] | ["", "run", name, ..] => !OF_SYSTEM.contains(name),
        _ => false,
    };
    missing.then_some(folder)
}

/// Does something make it, here or in the file that names it?
fn is_made(subject: &Subject<'_>, folder: &str, path: &str) -> bool {
    let makes = |text: &str| ["makedirs", "mkdir"].iter().any(|word| text.contains(word));
    let python = path.ends_with(".py") && subject.tree.text(path).is_some_and(makes);
    let elsewhere = subject.customizations.used().any(|file| file.text.contains(folder) || makes(&file.text));
    let scripts = subject.scripts();
    let in_script =
        scripts.iter().any(|script| makes(script.text) || (script.path != path && script.text.contains(folder)));
    python || elsewhere || in_script
}
