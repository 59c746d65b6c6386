//! Files that the settings and other modules open as they are imported, and that do not ship.

use serde_json::Value;

use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::file_name;
use crate::check::django::{Opened, Settings};
use crate::check::dockerfile::{Image, NAME};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if let Some(opened) = settings.opened.iter().find(|opened| is_missing(subject, opened)) {
        let what = match builds_with_settings(subject) {
            Some(command) => format!("the image is never built, since `manage.py {command}` is a step of it"),
            None => "the server does not start".to_owned(),
        };
        let message = format!("{what}: the settings open `{}`, which does not ship", opened.file);
        let fix = "read what is in it from properties or secrets of the environment";
        subject.find("EB178", &opened.path, opened.span.clone(), message, fix);
    }
}

/// Does a file not ship that is opened?
pub(in crate::check::rules) fn is_missing(subject: &Subject<'_>, opened: &Opened) -> bool {
    // Beside an `.ebignore`, what git does not know ships from the disk of whoever has it.
    if subject.guessed() || subject.tree.is_file(".ebignore") || !(subject.python() || is_of_image(subject, opened)) {
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

/// Has the image nothing but what the bundle has, as far as this file goes?
fn is_of_image(subject: &Subject<'_>, opened: &Opened) -> bool {
    /// What fetches files, unpacks them, or mounts them into a container.
    const WAYS: [&str; 9] = ["curl", "wget", "aws ", "git clone", "gpg", "tar ", "unzip", "ADD http", "--mount"];
    let alone = subject.customizations.family == Family::Docker && !subject.composes();
    let Some(text) = subject.tree.text(NAME).filter(|_| alone) else { return false };
    let name = file_name(&opened.file);
    let fetched = |text: &str| text.contains(name) || WAYS.iter().any(|way| text.contains(way));
    let mounted = subject.tree.text(DOCKERRUN).is_some_and(|text| {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        document["Volumes"].as_array().is_some_and(|volumes| !volumes.is_empty())
    });
    // A program that a step runs may write it, and what a container begins with.
    let made = Image::read(text).all("RUN").flat_map(|step| words::runs(&step.rest)).any(|run| {
        run.django().is_none() && run.arguments.iter().any(|word| word.text.ends_with(".py") || word.text == "-c")
    });
    let scripts = subject.tree.iter().filter(|(path, _)| path.ends_with(".sh"));
    let written = || scripts.filter_map(|(path, _)| subject.tree.text(path)).any(fetched);
    !made && !mounted && !fetched(text) && !written() && !subject.pipeline_names(name)
}

/// The command of Django's that is a step of the image's build, if one is: it reads the settings.
fn builds_with_settings(subject: &Subject<'_>) -> Option<String> {
    let image = Image::read(subject.tree.text(NAME).filter(|_| !subject.python())?);
    image.all("RUN").find_map(|step| {
        let runs = words::runs(&step.rest);
        let run = runs.iter().find(|run| !run.forgiven && run.django().is_some())?;
        Some(run.django()?.0.text.clone())
    })
}

/// Does the module that opens a file write it where it is not there?
fn is_made(text: &str, opened: &Opened) -> bool {
    let Some(name) = text.get(opened.span.clone()) else { return false };
    let opens = |mode: char| [format!("open({name}, '{mode}"), format!("open({name}, \"{mode}")];
    let written = ['w', 'x', 'a'].into_iter().flat_map(opens).any(|call| text.contains(&call));
    written || text.contains(&format!("{name}.write_text(")) || text.contains(&format!("{name}.write_bytes("))
}
