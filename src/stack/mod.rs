//! Templates: what a stack asks, how it is rendered, and the plan of what is written where.
//!
//! A stack is data and nothing in it runs. Rendering knows the answers and no more: not the clock, not the environment, not
//! the disk; and no path that leaves the target can be written down.

mod answer;
mod answers;
mod archive_source;
mod base;
mod bounds;
mod compose;
mod decision;
mod delimiters;
mod error;
mod expression;
mod extension;
mod filters;
mod finding;
mod git_source;
mod given;
mod glob;
mod golden;
mod lint;
mod locate;
mod manifest;
mod matrix;
mod merge;
mod names;
mod opening;
mod plan;
mod position;
mod question;
mod recipe;
mod review;
pub(crate) mod snippet;
mod source;
mod target;
mod tree;
mod update;
mod validators;
mod write;

pub(crate) use answer::Answer;
pub(crate) use answers::{Answers, OpenQuestion, from_default};
pub(crate) use archive_source::Unpacked;
pub(crate) use base::{read as read_base, version as base_version, with_base, write_base};
pub(crate) use compose::{Opened, Stack, template_digest};
pub(crate) use decision::{Action, Conflicts};
pub(crate) use delimiters::{Openings, literally};
pub(crate) use error::Error;
pub(crate) use expression::{Scope, render};
pub(crate) use finding::Finding;
pub(crate) use given::{Given, placeholder};
pub(crate) use glob::Glob;
pub(crate) use golden::{Patch, patches, read as read_patch};
pub(crate) use manifest::Capability;
#[cfg(test)]
pub(crate) use manifest::Manifest;
pub(crate) use matrix::pairwise;
pub(crate) use plan::{Plan, Planned};
pub(crate) use question::Form;
pub(crate) use recipe::{Recipe, RecipeFile};
pub(crate) use review::review;
pub(crate) use source::{ArchiveFormat, ArchiveSource, GitSource, Source};
pub(crate) use target::TargetPath;
pub(crate) use tree::Tree;
pub(crate) use update::{BesideForm, Merge, Step, apply, diff, diff_texts};
pub(crate) use validators::{package_from, renamed};
pub(crate) use write::{Change, change, check_empty, create, put};

use std::collections::BTreeSet;
use std::path::Path;

/// The names that a template takes from outside, without what follows a dot; or the line that cannot be read, and why.
pub(crate) fn template_names(text: &str, snippets: &Tree) -> Result<BTreeSet<String>, (usize, String)> {
    let expanded = snippet::expand("template", text, snippets).map_err(|error| (1, error.to_string()))?;
    expression::names("template", &expanded.text).map_err(|error| {
        // What is wrong in a snippet is told of the file that includes it.
        let line = |(at, _): (usize, usize)| match expanded.origin(at) {
            (None, at) => text[..at.min(text.len())].matches('\n').count() + 1,
            (Some(_), _) => 1,
        };
        let said = error.in_full();
        let why = said.rsplit("cause: ").next().unwrap_or(&said).trim();
        (locate::in_template(&expanded.text, &error).map_or(1, line), why.to_owned())
    })
}

/// The text with those of the snippets that it includes.
#[cfg(test)]
pub(crate) fn expand_snippets(text: &str, snippets: &Tree) -> Result<String, Error> {
    Ok(snippet::expand("template", text, snippets)?.text)
}

/// The package that a project's `manage.py` names, or the best guess from its folder.
pub(crate) fn project_package(root: &Path, folder: &str) -> String {
    let text = std::fs::read_to_string(root.join("manage.py")).unwrap_or_default();
    let named = crate::settings_module::named_in(&text).yes();
    let package = named.as_ref().and_then(|named| named.module.split('.').next());
    package.map_or_else(|| package_from(folder), str::to_owned)
}
