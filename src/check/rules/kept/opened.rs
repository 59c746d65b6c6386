//! Opened: files that the modules of the server open as they are imported, where they cannot be opened.

use std::ops::Range;

use super::literal;
use crate::check::django::loaded::Module;
use crate::check::subject::Subject;

/// A file that is opened before the server answers anybody.
pub(super) fn check(subject: &mut Subject<'_>, module: &Module, text: &str) {
    for call in &module.calls {
        let Some((path, at)) = text.get(call.span.clone()).and_then(|written| opened(&call.name, written, text)) else {
            continue;
        };
        let Some((rule, why, fix)) = refused(subject, &path, text, call.name.ends_with("open")) else { continue };
        let name = call.name.rsplit('.').next().unwrap_or(&call.name);
        let message = format!("{}: `{name}` opens `{path}` as this is imported, and {why}", module.moment.fate());
        let span = call.span.start + at.start..call.span.start + at.end;
        subject.find(rule, &module.path, span, message, fix);
        return;
    }
}

/// The file that a call opens, as far as its text says, and where in the call that stands.
fn opened(name: &str, call: &str, module: &str) -> Option<(String, Range<usize>)> {
    let name = name.rsplit('.').next().unwrap_or(name);
    let after = |word: &str| call.find(word).map(|at| at + word.len());
    let key = || after("filename=").or_else(|| after("filename ="));
    let from = match name {
        "basicConfig" => key()?,
        "dictConfig" => after("'filename':").or_else(|| after("\"filename\":"))?,
        "open" => call.find("open(")? + "open(".len(),
        name if name.ends_with("FileHandler") => key().or_else(|| after("("))?,
        _ => return None,
    };
    // Then it is opened with the first line.
    if call.contains("delay=True") || call.contains("delay = True") {
        return None;
    }
    let start = from + call[from..].len() - call[from..].trim_start().len();
    let rest = &call[start..];
    let joined = ["os.path.join(", "path.join(", "Path("].into_iter().find(|join| rest.starts_with(join));
    let start = start + joined.map_or(0, str::len);
    if let Some((path, length)) = literal(&call[start..]) {
        return Some((path.to_owned(), start..start + length));
    }
    // A name that the module gives.
    let rest = &call[start..];
    let end = rest.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).unwrap_or(rest.len());
    let name = rest.get(..end).filter(|name| !name.is_empty())?;
    let line = module.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='))?;
    let (path, _) = literal(line.trim_start())?;
    Some((path.to_owned(), start..start + end))
}

/// Why a file cannot be opened there: the rule, the reason, and what to do.
fn refused(
    subject: &Subject<'_>,
    path: &str,
    module: &str,
    reads: bool,
) -> Option<(&'static str, String, &'static str)> {
    const LOG: &str = "log to the console: the platform keeps and rotates it as `/var/log/web.stdout.log`";
    if subject.makes_folder_of(path) {
        return None;
    }
    if path.starts_with("/opt/python/") {
        let fix = if reads { "take it out: what was in it is in `/var/app/current` and `get-config` now" } else { LOG };
        return Some(("EB033", "there is no `/opt/python` since Amazon Linux 2".to_owned(), fix));
    }
    let makes = ["makedirs", "mkdir"].iter().any(|word| module.contains(word));
    if reads || makes {
        return None;
    }
    let (folder, name) = path.rsplit_once('/')?;
    let named = |text: &str| text.contains(name) || text.contains(folder);
    if subject.scripts().iter().any(|script| named(script.text))
        || subject.customizations.used().any(|file| file.files.iter().any(|entry| entry.path.value.starts_with(folder)))
    {
        return None;
    }
    if folder == "/var/log" {
        return Some(("EB293", "`webapp` may not make files in `/var/log`".to_owned(), LOG));
    }
    let others = ["/home/ubuntu", "/Users/", "/var/www"].iter().any(|place| folder.starts_with(place));
    let relative = !folder.starts_with(['/', '~', '{']) && !folder.contains([':', '\\', '{', '%', '$']);
    let inside = folder.trim_start_matches("./");
    let moved = ["chdir", "cd ", "--directory"]
        .iter()
        .any(|word| subject.scripts().iter().any(|script| script.is_web() && script.text.contains(word)));
    let missing = relative
        && !moved
        && !folder.contains("..")
        && !inside.is_empty()
        && inside != "."
        && !subject.tree.is_dir(inside);
    (others || missing).then(|| ("EB293", format!("nothing makes the folder `{folder}`"), LOG))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_opens() {
        #[track_caller]
        fn case(name: &str, call: &str, path: Option<&str>) {
            let module = "LOG = '/opt/python/log/a.log'\n";
            let found = opened(name, call, module);
            assert_eq!(found.as_ref().map(|(path, _)| path.as_str()), path, "{call}");
        }
        case(
            "logging.basicConfig",
            "logging.basicConfig(level=1, filename='/opt/python/log/a.log')",
            Some("/opt/python/log/a.log"),
        );
        case("logging.basicConfig", "logging.basicConfig(level='INFO')", None);
        case("RotatingFileHandler", "RotatingFileHandler(\"logs/a.log\", maxBytes=5)", Some("logs/a.log"));
        case("logging.FileHandler", "logging.FileHandler(LOG)", Some("/opt/python/log/a.log"));
        case(
            "logging.FileHandler",
            "logging.FileHandler(\n    os.path.join('/opt/python/log', 'a'))",
            Some("/opt/python/log"),
        );
        case("logging.FileHandler", "logging.FileHandler(OTHER)", None);
        case("logging.FileHandler", "logging.FileHandler('a.log', delay=True)", None);
        case("dictConfig", "dictConfig({'handlers': {'f': {'filename': 'logs/a.log'}}})", Some("logs/a.log"));
        case("open", "open(f'/opt/python/current/env')", Some("/opt/python/current/env"));
        case("print", "print('/opt/python/log')", None);
    }
}
