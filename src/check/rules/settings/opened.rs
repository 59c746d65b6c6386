//! Files that the settings and other modules open as they are imported, and that do not ship.

use crate::beanstalk::tree::file_name;
use crate::check::django::{Opened, Settings};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if let Some(opened) = settings.opened.iter().find(|opened| is_missing(subject, opened)) {
        let message = format!("the server does not start: the settings open `{}`, which does not ship", opened.file);
        let fix = "read what is in it from properties or secrets of the environment";
        subject.find("EB178", &opened.path, opened.span.clone(), message, fix);
    }
}

/// Does a file not ship that is opened?
pub(in crate::check::rules) fn is_missing(subject: &Subject<'_>, opened: &Opened) -> bool {
    // Beside an `.ebignore`, what git does not know ships from the disk of whoever has it.
    if !subject.python() || subject.guessed() || subject.tree.is_file(".ebignore") {
        return false;
    }
    if subject.tree.code(&opened.path).is_some_and(|text| is_made(text, opened)) {
        return false;
    }
    let end = format!("/{}", opened.file);
    // Which folder the path begins at is not always known.
    let there = subject.tree.iter().any(|(path, _)| path == opened.file || path.ends_with(&end));
    !there && !subject.names_file(file_name(&opened.file))
}

/// Does the module that opens a file write it where it is not there?
fn is_made(text: &str, opened: &Opened) -> bool {
    let Some(name) = text.get(opened.span.clone()) else { return false };
    let opens = |mode: char| [format!("open({name}, '{mode}"), format!("open({name}, \"{mode}")];
    let written = ['w', 'x', 'a'].into_iter().flat_map(opens).any(|call| text.contains(&call));
    written || text.contains(&format!("{name}.write_text(")) || text.contains(&format!("{name}.write_bytes("))
}
