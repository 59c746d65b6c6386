//! A stack made of its own files and of the parts that it stands on.

use std::collections::BTreeSet;

use super::manifest::{self, Manifest};
use super::validate::package_from;
use super::{Error, Scope, Tree};

/// A stack, ready to ask and to render.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) manifest: Manifest,
    /// Files below `files/`.
    pub(crate) files: Tree,
    /// Files and questions that parts brought: a stack may well have no use for some of them.
    pub(crate) borrowed: BTreeSet<String>,
}

impl Stack {
    /// The names of the built-in stacks.
    pub(crate) fn names() -> Vec<String> {
        let tree = Tree::embedded("stacks/");
        tree.iter()
            .filter_map(|(path, _)| path.strip_suffix(manifest::FILE)?.strip_suffix('/'))
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect()
    }

    /// The stack that `adopt` adds to an existing project: it learns from what was found there what to write.
    pub(crate) fn adopted() -> Result<Self, Error> {
        Self::from_tree(&Tree::embedded("adopted/"), "adopted")
    }

    pub(crate) fn named(name: &str) -> Result<Self, Error> {
        let tree = Tree::embedded(&format!("stacks/{name}/"));
        if tree.is_empty() {
            return Err(Error::StackUnknown { name: name.to_owned(), known: Self::names() });
        }
        Self::from_tree(&tree, name)
    }

    /// Make a stack of the files of its folder. `place` is for messages.
    pub(crate) fn from_tree(tree: &Tree, place: &str) -> Result<Self, Error> {
        let own = read_manifest(tree, manifest::FILE, place)?;
        let mut stack: Option<Self> = None;
        for part in own.stack.parts.clone() {
            let tree = Tree::embedded(&format!("parts/{part}/"));
            if tree.is_empty() {
                return Err(Error::PartUnknown { name: part, stack: own.stack.name });
            }
            let manifest = read_manifest(&tree, "part.toml", &part)?;
            let files = tree.below("files/");
            match &mut stack {
                None => stack = Some(Self { manifest, files, borrowed: BTreeSet::new() }),
                Some(stack) => {
                    stack.manifest.overlay(manifest);
                    stack.files.overlay(files);
                }
            }
        }
        let files = tree.below("files/");
        let stack = match stack {
            None => Self { manifest: own, files, borrowed: BTreeSet::new() },
            Some(mut stack) => {
                let keys = stack.manifest.questions.iter().map(|question| question.key.clone());
                let paths = stack.files.iter().map(|(path, _)| path.to_owned());
                stack.borrowed = keys.chain(paths).collect();
                stack.manifest.overlay(own);
                stack.files.overlay(files);
                stack
            }
        };
        stack.check_rules()?;
        Ok(stack)
    }

    /// A rule for a file that does not exist is a typo.
    fn check_rules(&self) -> Result<(), Error> {
        for rule in &self.manifest.rules {
            if !self.files.iter().any(|(path, _)| rule.covers(path)) {
                return Err(Error::RuleIdle { path: rule.path.clone(), stack: self.manifest.stack.name.clone() });
            }
        }
        Ok(())
    }

    /// Names that are known before the first question: the tables of the manifest and the folder's name.
    pub(crate) fn scope(&self, folder: &str) -> Scope {
        let mut scope = Scope::default();
        for (name, table) in &self.manifest.data {
            scope.set(name, table.clone());
        }
        scope.set("folder", folder.into());
        scope.set("folder_package", package_from(folder).into());
        scope.set("stack", self.manifest.stack.name.as_str().into());
        // Whoever opened the stack by another name says so.
        scope.set("stack_spec", self.manifest.stack.name.as_str().into());
        scope.set("beansprout_version", env!("CARGO_PKG_VERSION").into());
        scope
    }
}

fn read_manifest(tree: &Tree, file: &str, place: &str) -> Result<Manifest, Error> {
    let bytes = tree.get(file).ok_or_else(|| Error::NotAStack { place: place.to_owned() })?;
    let text = std::str::from_utf8(bytes).map_err(|_| Error::FileNotText { path: format!("{place}/{file}") })?;
    let manifest =
        Manifest::parse(text).map_err(|source| Error::Manifest { place: format!("{place}/{file}"), source })?;
    manifest.check()?;
    Ok(manifest)
}
