//! Inside: the Python of an image that the project builds, and the packages that its steps install.
//!
//! Only of the one image that has the code, and only where all of its steps can be read: one that nobody sees into may install anything.

pub(super) mod exported;
mod locked;
pub(super) mod steps;

use std::collections::BTreeSet;
use std::rc::Rc;

use super::dockerfile::{Image, NAME, Origin};
use super::images::{DOCKERRUN, dockerfiles};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::requirements::{Requirements, beside};
use crate::beanstalk::tree::Tree;

/// What the code finds where it runs.
#[derive(Debug)]
pub(super) struct Inside {
    /// Of its Python 3.
    pub(super) minor: u32,
    /// Is it whatever was newest when the image was built?
    pub(super) is_newest: bool,
    /// All that is asked for, where that is known.
    pub(super) packages: Option<Rc<Requirements>>,
    /// Does one step of pip's install all of them? What the next one installs takes the place of what the one before did.
    pub(super) at_once: bool,
    /// The folder of the `Dockerfile`, with a slash at its end, or nothing for the top.
    pub(super) folder: String,
    /// Is the image that runs surely the one that is built of this file?
    pub(super) is_sure: bool,
}

/// Images of others that run no code of the project's.
const OTHERS: [&str; 12] = [
    "nginx",
    "node",
    "httpd",
    "caddy",
    "traefik",
    "postgres",
    "mysql",
    "mariadb",
    "redis",
    "memcached",
    "rabbitmq",
    "mongo",
];

impl Inside {
    pub(super) fn read(tree: &Tree, customizations: &Customizations) -> Option<Self> {
        let described = customizations.containers.as_deref();
        let is_top = customizations.family == Family::Docker && described == Some(DOCKERRUN) && tree.is_file(NAME);
        let paths: BTreeSet<String> =
            dockerfiles(tree, customizations).into_iter().filter(|path| !is_top || path == NAME).collect();
        let images = paths.iter().filter_map(|path| Some((path, Image::read(tree.text(path)?))));
        let mut own = images.filter(|(_, image)| !is_of_others(image));
        let (Some((path, image)), None) = (own.next(), own.next()) else { return None };
        let (minor, is_newest) = python(&image)?;
        // Another stage than the last may be what runs.
        let text = described.filter(|path| *path != NAME).and_then(|path| tree.text(path)).unwrap_or_default();
        if text.contains("target:") && text.contains("build:") {
            return None;
        }
        // What the build is given may name another image.
        if text.contains("args:") && tree.text(path).is_some_and(|text| text.contains("FROM") && begins_with_arg(text))
        {
            return None;
        }
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let is_sure = customizations.family == Family::Docker && (described != Some(DOCKERRUN) || is_top);
        let later = text.contains("pip") || installs_later(tree, &folder);
        let installed = steps::packages(tree, &image, path, minor).filter(|_| !later);
        let at_once = installed.as_ref().is_some_and(|installed| installed.steps == 1 && !installed.is_locked);
        let packages = installed.map(|installed| Rc::new(installed.packages));
        Some(Self { minor, is_newest, packages, at_once, folder, is_sure })
    }
}

/// Do variables of the build stand before its first image?
fn begins_with_arg(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("ARG ")))
}

fn is_of_others(image: &Image) -> bool {
    image.base().is_some_and(|base| OTHERS.contains(&ImageReference::of(base).name))
}

/// Does a script that the container may start install packages?
fn installs_later(tree: &Tree, folder: &str) -> bool {
    let own = |path: &str| path.starts_with(folder) && path.ends_with(".sh");
    let installs = |text: &str| text.contains("pip install") || text.contains("pip3 install");
    tree.iter().any(|(path, _)| own(path) && tree.text(path).is_some_and(installs))
}

/// The minor version of the Python of `FROM python:3.9-slim`, and whether it is the newest, as without a number.
pub(super) fn python(image: &Image) -> Option<(u32, bool)> {
    /// What the newest was in 2026, at least.
    const NEWEST: u32 = 14;
    let reference = ImageReference::below(image.base()?);
    if reference.name != "python" {
        return None;
    }
    if !reference.has_digest && matches!(reference.tag, None | Some("latest" | "3" | "slim" | "3-slim")) {
        return Some((NEWEST, true));
    }
    let minor = reference.tag?.strip_prefix("3.")?;
    Some((minor.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()?, false))
}

/// The lists of the bundle that steps of the build install.
pub(super) fn listed(tree: &Tree, image: &Image, folder: &str) -> BTreeSet<String> {
    let steps = image.all("RUN").filter(|step| step.rest.contains("pip") && step.rest.contains("install"));
    let named = steps.flat_map(|step| lists_in(step.rest.split_whitespace()));
    named.filter_map(|list| list_of(tree, image, folder, list)).collect()
}

/// The file of the bundle that a step calls so.
fn list_of(tree: &Tree, image: &Image, folder: &str, list: &str) -> Option<String> {
    let inside = |path: &str| beside(folder, path);
    let is_dir = |path: &str| inside(path).is_some_and(|path| tree.is_dir(&path));
    let found = match image.origin(&image.path_of(list)?, is_dir) {
        Origin::Context { path, .. } => inside(&path),
        Origin::Unknown => None,
    };
    found.filter(|path| tree.content(path).is_some())
}

/// What stands after `-r`.
pub(super) fn lists_in<'w>(words: impl Iterator<Item = &'w str>) -> Vec<&'w str> {
    let words: Vec<&str> = words.collect();
    let after = words.windows(2).filter(|pair| matches!(pair[0], "-r" | "--requirement")).map(|pair| pair[1]);
    let trimmed = after.map(|word| word.trim_matches(['"', '\'', ';', '&']));
    trimmed.filter(|word| !word.is_empty() && !word.contains("://")).collect()
}
