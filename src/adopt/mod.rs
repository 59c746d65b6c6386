//! An existing Django project: what it is, and the plan of what it lacks for Elastic Beanstalk.
//!
//! Everything is read and nothing imported. [`Detected`], [`Context`] and [`Plan`] are values made of other values: they never
//! touch the disk.

mod command;
mod context;
mod desk;
mod detect;
mod existing;
mod image;
mod inputs;
mod lists;
mod note;
mod plan;
mod projects;
mod python;
mod requirements;
mod settings;

pub(crate) use context::{Context, excluded};
pub(crate) use detect::Detected;
pub(crate) use inputs::Inputs;
pub(crate) use note::Note;
pub(crate) use plan::{Action, Item, Plan};
pub(crate) use projects::projects;

use crate::beanstalk::tree::file_name;

/// Should the content of this path be read, beside what a check reads?
///
/// All of the project's own Python, because settings may be anywhere; and what tells versions and packages.
pub(crate) fn reads(path: &str) -> bool {
    const NAMES: &[&str] = &[
        ".python-version",
        ".tool-versions",
        "runtime.txt",
        "Dockerfile",
        "pyproject.toml",
        "Pipfile",
        "Pipfile.lock",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "setup.py",
        "setup.cfg",
        "beansprout.toml",
    ];
    const FOREIGN: &[&str] = &["migrations", "node_modules", "site-packages", "locale", "static"];
    let name = file_name(path);
    let mut parents = path.split('/').rev().skip(1);
    let foreign = parents.clone().any(|dir| FOREIGN.contains(&dir));
    let requirements =
        name.ends_with(".txt") && (name.contains("requirements") || parents.next() == Some("requirements"));
    // `pip install -r` of an image may name any.
    let list = name.ends_with(".txt") && path.matches('/').count() <= 2;
    !foreign && (NAMES.contains(&name) || requirements || list || name.ends_with(".py") || image::reads(path))
}

/// How many files are read, at most, and how large one may be.
pub(crate) const MOST_FILES: usize = 10_000;
pub(crate) const MOST_BYTES: u64 = 512_000;
