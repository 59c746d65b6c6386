//! Others: lists of packages that are not the platform's own, but that something of the bundle installs: a `Dockerfile` in its image, or a
//! script with `pip install -r`. What of them stops at its import is said of these as well.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::because::beside;
use super::installs::{Numbers, numbers};
use super::pythons::Pythons;
use super::stops::{self, By, Stops, When};
use super::{advice, pins};
use crate::beanstalk::requirements::{Requirement, Requirements, beside as path_beside};
use crate::beanstalk::version::Version;
use crate::check::dockerfile::Image;
use crate::check::folder::in_bundle;
use crate::check::images::dockerfiles;
use crate::check::inside::{listed, lists_in, python};
use crate::check::installed::first_python;
use crate::check::subject::{DOCKERRUN, Subject};
use crate::level::Level;

const RULE: &str = "EB172";

/// Lists that a `Dockerfile` of the bundle installs, where it says which Python the image has.
pub(super) fn of_images(subject: &mut Subject<'_>) {
    if !subject.prepared() || subject.guessed() {
        return;
    }
    for path in dockerfiles(subject.tree, subject.customizations) {
        let Some(text) = subject.tree.text(&path) else { continue };
        let image = Image::read(text);
        let Some((minor, is_newest)) = python(&image) else { continue };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for list in listed(subject.tree, &image, folder) {
            let requirements = Rc::new(Requirements::of_file(&list, &|path| subject.tree.bytes(path)));
            let newer = if is_newest { " and newer" } else { "" };
            let on = format!("on Python 3.{minor}{newer}");
            check(subject, &requirements, &Place { minor, newest: minor, on, folder, of: Some(&path) });
        }
    }
}

/// Lists that scripts install beside the platform's own, or in its place.
pub(super) fn of_scripts(subject: &mut Subject<'_>, own: &Requirements) {
    let Some(on) = Pythons::of(subject).and_then(|pythons| pythons.first(|_| true)) else { return };
    let tree = subject.tree;
    let mut found: BTreeSet<String> = BTreeSet::new();
    for script in subject.scripts().iter().filter(|script| !script.place.precedes_packages()) {
        for run in script.host_runs().filter(|run| run.pip().is_some_and(|word| word.text == "install")) {
            for list in lists_in(run.arguments.iter().map(|word| word.text.as_str())) {
                let path = match list.starts_with('/') {
                    true => in_bundle(list).map(str::to_owned),
                    false => path_beside("", list),
                };
                found.extend(path.filter(|path| tree.content(path).is_some() && !own.files.contains(path)));
            }
        }
    }
    let mut seen: BTreeSet<(String, usize)> = BTreeSet::new();
    for list in found {
        let mut requirements = Requirements::of_file(&list, &|path| tree.bytes(path));
        // One list may include another, and another that as well.
        requirements
            .lines
            .retain(|line| !own.files.contains(&line.path) && seen.insert((line.path.clone(), line.span.start)));
        let place = Place { minor: on.minor, newest: on.newest(), on: format!("on {on}"), folder: "", of: None };
        check(subject, &Rc::new(requirements), &place);
    }
}

/// Where a list is installed.
struct Place<'p> {
    minor: u32,
    /// The newest that it may be.
    newest: u32,
    /// The first, as the end of a sentence.
    on: String,
    /// Of the code that comes with it.
    folder: &'p str,
    /// The `Dockerfile` that does so.
    of: Option<&'p str>,
}

/// What of a list stops at its import, and is imported by the code beside it.
fn check(subject: &mut Subject<'_>, list: &Rc<Requirements>, place: &Place<'_>) {
    let modules = imported(subject, place.folder);
    let lines = list.lines.iter().filter(|line| !line.constraint && line.marker.is_none());
    let mut said = Vec::new();
    for line in lines {
        let Some(version) = line.exact().and_then(numbers) else { continue };
        if place.of.is_none() && line.name == "django" {
            old_django(subject, line, &version, place);
        }
        let rows = stops::of(&line.name).iter().filter(|row| row.when == When::Import && row.covers(&version));
        let why: Vec<(&Stops, String)> =
            rows.filter_map(|row| Some((row, because_of(list, &row.by, place)?))).collect();
        if !why.is_empty() && is_imported(&line.name, &modules) {
            said.push((line.clone(), why));
        }
    }
    for (line, why) in said {
        say(subject, &line, &why, place);
    }
}

fn say(subject: &mut Subject<'_>, line: &Requirement, why: &[(&Stops, String)], place: &Place<'_>) {
    let [(first, because), ..] = why else { return };
    let (name, version) = (&line.name, line.exact().unwrap_or_default());
    let what = match place.of {
        Some(path) => format!("the server in the image of `{path}` does not start"),
        None => "the server does not start".to_owned(),
    };
    let message = format!("{what}: `{name}` {version} stops with `{}` {because}", first.error);
    let mut caps: Vec<String> = Vec::new();
    for (row, _) in why {
        if let By::Beside { other, said, .. } = &row.by
            && !caps.iter().any(|cap| cap.starts_with(&format!("`{other}` ")))
        {
            caps.push(format!("`{other}` below {said}"));
        }
    }
    let newer = || numbers(version).and_then(|version| advice::first_on(name, &version, place.minor..=place.newest));
    // What a newer one asks for may be pinned too.
    let fix = match caps.split_last() {
        Some((last, [])) => format!("pin {last}"),
        Some((last, others)) => format!("pin {} and {last}", others.join(", ")),
        None => match newer() {
            Some(newer) => format!("take `{name}` {newer} or newer"),
            None => "take it out: it has ended".to_owned(),
        },
    };
    let is_sure = place.of.is_some() && !is_pulled(subject);
    let finding = subject.find(RULE, &line.path, line.span.clone(), message, fix);
    // An image may be built somewhere else, and what a script installs may lie where the server does not look.
    if !is_sure {
        finding.level = Level::Warning;
    }
}

/// Does the environment run images that are built somewhere else?
fn is_pulled(subject: &Subject<'_>) -> bool {
    let named = |text: &str| text.contains("\"Image\"") || text.contains("containerDefinitions");
    subject.customizations.containers.as_deref() == Some(DOCKERRUN) && subject.tree.text(DOCKERRUN).is_some_and(named)
}

/// Django itself, where a script installs it.
fn old_django(subject: &mut Subject<'_>, line: &Requirement, version: &Numbers, place: &Place<'_>) {
    let Some(release) = line.pinned() else { return };
    let patched = version.as_slice() >= [3, 2, 9].as_slice();
    let like = if release == Version::new(3, 2) && !patched { Version::new(3, 1) } else { release };
    let Some(error) = pins::stops(like, place.minor) else { return };
    let message = format!("the server does not start: Django {release} stops {} with `{error}`", place.on);
    let fix = format!("take a newer Django: 3.{} runs with {}", place.minor, pins::oldest_django(place.minor));
    subject.find("EB158", &line.path, line.span.clone(), message, fix).level = Level::Warning;
}

fn because_of(list: &Rc<Requirements>, by: &By, place: &Place<'_>) -> Option<String> {
    match by {
        By::Python(from) => (place.minor >= *from).then(|| place.on.clone()),
        By::Beside { other, from, .. } => {
            (place.minor >= first_python(other, from)).then(|| beside(list, other, from)).flatten()
        }
        // Which one an image has is not known.
        By::Setuptools => None,
    }
}

/// Modules that the code below a folder imports as it is imported itself.
fn imported(subject: &Subject<'_>, folder: &str) -> BTreeSet<String> {
    let tree = subject.tree;
    let below = |path: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let code = tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(".py") && below(path));
    let lines = code.filter_map(|path| tree.code(path)).flat_map(str::lines);
    let modules = lines.filter_map(|line| {
        let rest = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "))?;
        rest.split([' ', ',', ';']).find(|word| !word.is_empty()).map(str::to_owned)
    });
    modules.collect()
}

/// Does the code import a package, or what imports it?
fn is_imported(name: &str, modules: &BTreeSet<String>) -> bool {
    let is = |module: &str| {
        let inside = format!("{module}.");
        modules.iter().any(|other| other == module || other.starts_with(&inside))
    };
    match name {
        "flask" | "jinja2" | "markupsafe" | "werkzeug" if is("flask") => true,
        _ if name.starts_with("flask-") => is(&name.replace('-', "_")),
        _ => stops::uses(name).is_some_and(|uses| uses.modules.iter().any(|module| is(module))),
    }
}
