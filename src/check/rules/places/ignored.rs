//! Ignored: what an ignore file keeps out of the bundle, and the instance needs.

use std::ops::Range;

use super::EBIGNORE;
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::lines::placed;
use crate::beanstalk::tree::file_name;
use crate::check::WorkTree;
use crate::check::subject::Subject;
use crate::level::Level;

const GITIGNORE: &str = ".gitignore";

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let own = tree.text(EBIGNORE);
    let migrations = |(path, _): (&str, _)| {
        path.contains("migrations/") && file_name(path).starts_with(|char: char| char.is_ascii_digit())
    };
    if let Some(text) = own {
        if let Some((pattern, span)) = last_word(text, "migrations", is_of_migrations) {
            let message = format!("`{pattern}` keeps the migrations out of the bundle: the instance makes no tables");
            subject.find("EB156", EBIGNORE, span, message, "take the line out");
        }
        for folder in [EXTENSIONS, ".platform"] {
            // Who names the folder means it.
            let hides = |pattern: &str| pattern == ".*";
            if let Some((pattern, span)) = last_word(text, folder, hides).filter(|_| !tree.is_dir(folder)) {
                let message = format!("`{pattern}` keeps `{folder}` out of the bundle: nothing in it comes into force");
                subject.find(
                    "EB215",
                    EBIGNORE,
                    span,
                    message,
                    format!("take the line out, or add `!{folder}` after it"),
                );
            }
        }
    } else if let Some(text) = tree.text(GITIGNORE)
        // The instance makes them itself, which has a rule of its own.
        && !subject.scripts().iter().any(|script| script.django(&["makemigrations"]).is_some())
        && !tree.iter().any(migrations)
        && tree.iter().any(|(path, _)| file_name(path) == "models.py" && !path.contains("site-packages"))
        && let Some((pattern, span)) = last_word(text, "migrations", is_of_migrations)
    {
        let fix = "take the line out, and commit the migrations";
        if subject.work_tree == WorkTree::None {
            // A repository may have them in spite of it.
            let message = format!(
                "unless git tracks the migrations all the same, `{pattern}` keeps them out of the bundle: the instance makes no tables"
            );
            subject.find("EB156", GITIGNORE, span, message, fix).level = Level::Note;
        } else {
            let message = format!(
                "`{pattern}` keeps the migrations out of git, and so out of the bundle: the instance makes no tables"
            );
            subject.find("EB156", GITIGNORE, span, message, fix);
        }
    }
}

/// Does a pattern, without the slashes around it, leave out what `makemigrations` has written?
fn is_of_migrations(pattern: &str) -> bool {
    const FILES: [&str; 12] = [
        "",
        "*",
        "**",
        "*.py",
        "0*",
        "00*",
        "0*.py",
        "00*.py",
        "0*_*.py",
        "[0-9]*.py",
        "*_initial.py",
        "0001_initial.py",
    ];
    let parts: Vec<&str> = pattern.split('/').filter(|part| *part != "**").collect();
    match parts.as_slice() {
        [.., "migrations"] => true,
        [.., "migrations", file] => FILES.contains(file),
        [file] => matches!(*file, "0*_*.py" | "[0-9]*_*.py" | "*_initial.py"),
        _ => false,
    }
}

/// The last pattern that leaves this out, unless a later line takes it back.
fn last_word<'a>(text: &'a str, name: &str, hides: impl Fn(&str) -> bool) -> Option<(&'a str, Range<usize>)> {
    let mut found = None;
    for (at, raw) in placed(text) {
        let line = raw.trim_end();
        match line.strip_prefix('!') {
            Some(back) if back.contains(name) && !back.ends_with("__init__.py") => found = None,
            Some(_) => {}
            None if hides(line.trim_start_matches('/').trim_end_matches('/')) => {
                found = Some((line, at..at + line.len()))
            }
            None => {}
        }
    }
    found
}
