//! Inside: the Python of an image that the project builds, and the packages that its steps install.
//!
//! Only of the one image that has the code, and only where all of its steps can be read: one that nobody sees into may install anything.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::dockerfile::{Image, NAME, Origin};
use super::images::{DOCKERRUN, dockerfiles};
use super::words::{self, Run};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::dockerfile::Instruction;
use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::requirements::{Requirements, beside};
use crate::beanstalk::tree::Tree;
use crate::beanstalk::version::Version;
use crate::beanstalk::wheel::on_every_instance;

/// What the code finds where it runs.
#[derive(Debug)]
pub(super) struct Inside {
    /// Of its Python 3.
    pub(super) minor: u32,
    /// Is it whatever was newest when the image was built?
    pub(super) is_newest: bool,
    /// All that is asked for, where that is known.
    pub(super) packages: Option<Rc<Requirements>>,
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
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let is_sure = customizations.family == Family::Docker && (described != Some(DOCKERRUN) || is_top);
        let later = text.contains("pip") || installs_later(tree, &folder);
        let packages = packages(tree, &image, path, minor).filter(|_| !later).map(Rc::new);
        Some(Self { minor, is_newest, packages, folder, is_sure })
    }
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
    let reference = ImageReference::of(image.base()?);
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

/// All that the steps of a build install; `None`: something of it is not known.
fn packages(tree: &Tree, image: &Image, path: &str, minor: u32) -> Option<Requirements> {
    // What comes from another stage may be packages too.
    let brings = |copy: &Instruction| copy.rest.contains("--from");
    // Images of others by this name may have packages in them.
    if !ImageReference::of(image.base()?).is_official() || image.all("COPY").any(brings) {
        return None;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Requirements::default();
    for step in image.all("RUN") {
        for run in words::runs(&step.rest) {
            if is_hidden(&run) {
                return None;
            }
            if run.pip().is_none_or(|word| word.text != "install") {
                continue;
            }
            for asked in asked(&run)? {
                let more = match asked {
                    Asked::List(list) => {
                        let list = list_of(tree, image, folder, list)?;
                        Requirements::of_file(&list, &|path| tree.bytes(path))
                    }
                    Asked::Package(text) => {
                        let mut one = Requirements::of_text(text, path);
                        one.lines.iter_mut().for_each(|line| line.span = step.span.clone());
                        one
                    }
                };
                found.lines.extend(more.lines);
                found.options.extend(more.options);
                found.unread.extend(more.unread);
                found.files.extend(more.files);
            }
        }
    }
    found.lines.retain_mut(|line| {
        let version = Version::new(3, minor).to_string();
        let holds = line.holds(&|name: &str| match name {
            "python_version" => Some(version.clone()),
            _ => on_every_instance(name).map(str::to_owned),
        });
        if holds == Some(true) {
            line.marker = None;
        }
        holds != Some(false)
    });
    (!found.lines.is_empty()).then_some(found)
}

/// May it install packages in a way that is not read here?
fn is_hidden(run: &Run) -> bool {
    const TOOLS: [&str; 12] = [
        "pipenv",
        "poetry",
        "uv",
        "conda",
        "mamba",
        "pdm",
        "easy_install",
        "pip-sync",
        "pipx",
        "make",
        "rye",
        "micropipenv",
    ];
    let script = run.carried_out().is_some_and(|word| word.text.ends_with(".sh") || word.text.ends_with("setup.py"));
    let by_python = words::is_python(run.name()) && run.pip().is_none() && !run.arguments.is_empty() && {
        let calm = ["manage.py", "-c", "--version"];
        !run.arguments.iter().any(|word| calm.iter().any(|known| word.text.ends_with(known)))
    };
    script || by_python || TOOLS.contains(&run.name())
}

enum Asked<'r> {
    List(&'r str),
    Package(&'r str),
}

/// What a `pip install` is given; `None`: it takes packages from where nobody sees them, or leaves out what they need.
fn asked(run: &Run) -> Option<Vec<Asked<'_>>> {
    const VALUES: [&str; 14] = [
        "-i",
        "--index-url",
        "--extra-index-url",
        "--trusted-host",
        "--timeout",
        "--default-timeout",
        "--retries",
        "--progress-bar",
        "--cache-dir",
        "--root-user-action",
        "--upgrade-strategy",
        "--log",
        "--proxy",
        "--cert",
    ];
    let mut found = Vec::new();
    let at = run.arguments.iter().position(|word| word.text == "install")?;
    let mut words = run.arguments[at + 1..].iter().map(|word| word.text.as_str());
    while let Some(word) = words.next() {
        match word {
            "-r" | "--requirement" => found.push(Asked::List(words.next()?)),
            _ if VALUES.contains(&word) => {
                words.next();
            }
            "-c" | "--constraint" | "-e" | "--editable" | "-t" | "--target" | "--no-deps" | "--prefix" | "--root"
            | "-f" | "--find-links" => return None,
            _ if word.starts_with("--requirement=") => found.push(Asked::List(word.split_once('=')?.1)),
            _ if word.starts_with("-r") => found.push(Asked::List(&word[2..])),
            _ if word.starts_with('-') => {
                let hides = ["--constraint=", "--editable=", "--target=", "--prefix=", "--find-links="];
                if hides.iter().any(|option| word.starts_with(option)) {
                    return None;
                }
            }
            _ if word.contains(['/', '$', '*', '`']) || word.starts_with('.') || word.ends_with(".whl") => return None,
            _ => found.push(Asked::Package(word)),
        }
    }
    Some(found)
}
