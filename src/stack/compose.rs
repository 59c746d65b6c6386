//! A stack made of its own files and of the parts that it stands on.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::delimiters::Native;
use super::expression::names;
use super::locate::{in_template, position_in};
use super::manifest::{self, Manifest};
use super::opening::read_manifest;
use super::position::Position;
use super::source::Source;
use super::validators::package_from;
use super::{Error, Scope, Tree, snippet};

/// Files of a stack or part that was found, and its source so exactly that the very same is found again.
pub(crate) struct Opened {
    pub(crate) tree: Tree,
    pub(crate) source: Source,
}

/// Finds what is not in the box: its name in a manifest, and the source of that manifest.
pub(crate) type Opener<'a, E> = dyn FnMut(&str, &Source) -> Result<Opened, E> + 'a;

/// No stack is so deep; one that stands on itself in some roundabout way would be.
const DEEPEST: usize = 8;
/// Nor does one stand on so many.
const MOST_PARTS: usize = 32;

/// A stack that is being put together, the parts first.
struct Composer<'a, 'b, E> {
    stack: Option<Stack>,
    /// Names of what was added, for those that need it.
    names: Vec<String>,
    /// From the stack down to the part that is being read.
    path: Vec<String>,
    /// Which of them each file is of.
    owners: BTreeMap<String, String>,
    /// Everything that was read: what two parts stand on is added once.
    sources: BTreeSet<String>,
    open: &'a mut Opener<'b, E>,
}

impl<E: From<Error>> Composer<'_, '_, E> {
    fn add(&mut self, tree: &Tree, source: &Source, place: &str) -> Result<(), E> {
        let manifest = read_manifest(tree, place)?;
        let name = manifest.stack.name.clone();
        self.path.push(source.to_string());
        for part in &manifest.stack.parts {
            self.part(part, &name, source)?;
        }
        self.path.pop();
        if let Some(missing) = manifest.stack.needs.iter().find(|needed| !self.names.contains(needed)) {
            return Err(Error::PartNeeds { part: name, needs: missing.clone() }.into());
        }
        let (files, snippets) = (tree.below("files/"), tree.below(snippet::FOLDER));
        let paths: Vec<String> = files.iter().map(|(path, _)| path.to_owned()).collect();
        match &mut self.stack {
            None => {
                self.stack = Some(Stack {
                    manifest,
                    files,
                    snippets,
                    borrowed: BTreeSet::new(),
                    shadowed: BTreeMap::new(),
                    text: String::new(),
                })
            }
            Some(stack) => {
                let keys = stack.manifest.questions.iter().map(|question| question.key.clone());
                let paths = stack.files.iter().map(|(path, _)| path.to_owned());
                let names = stack.snippets.iter().map(|(name, _)| format!("{}{name}", snippet::FOLDER));
                stack.borrowed = keys.chain(paths).chain(names).collect();
                stack.shadowed.clear();
                for (path, _) in files.iter() {
                    if let (Some(replaced), Some(part)) = (stack.files.get(path), self.owners.get(path)) {
                        stack.shadowed.insert(path.to_owned(), (part.clone(), template_digest(replaced)));
                    }
                }
                stack.manifest.overlay(manifest)?;
                stack.files.overlay(files);
                stack.snippets.overlay(snippets);
            }
        }
        self.owners.extend(paths.into_iter().map(|path| (path, name.clone())));
        self.names.push(name);
        Ok(())
    }

    /// Add what `entry` names in the manifest of stack `of`.
    fn part(&mut self, entry: &str, of: &str, from: &Source) -> Result<(), E> {
        let opened = match Tree::boxed(entry) {
            Some(tree) => Opened { tree, source: Source::Name(entry.to_owned()) },
            None if Source::is_path(entry) => (self.open)(entry, from)?,
            None => {
                let (name, stack, known) = (entry.to_owned(), of.to_owned(), Stack::parts());
                return Err(Error::PartUnknown { name, stack, known }.into());
            }
        };
        let source = opened.source.to_string();
        if self.path.contains(&source) || self.path.len() >= DEEPEST {
            return Err(Error::PartCircle { part: entry.to_owned(), stack: of.to_owned() }.into());
        }
        if !self.sources.insert(source) {
            return Ok(());
        }
        if self.sources.len() > MOST_PARTS {
            return Err(Error::TooManyParts { most: MOST_PARTS }.into());
        }
        self.add(&opened.tree, &opened.source, entry)
    }
}

/// A stack, ready to ask and to render.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) manifest: Manifest,
    /// Files below `files/`.
    pub(crate) files: Tree,
    /// Files below `snippets/`.
    pub(crate) snippets: Tree,
    /// Files and questions that parts brought: a stack may well have no use for some of them.
    pub(crate) borrowed: BTreeSet<String>,
    /// Files of parts that this stack replaces: the part's name, and the digest of its template.
    pub(crate) shadowed: BTreeMap<String, (String, String)>,
    /// The stack's own manifest, as it is written.
    pub(crate) text: String,
}

impl Stack {
    /// A part of the box by itself, as `stack parts` shows it.
    pub(crate) fn part(name: &str) -> Result<Option<Self>, Error> {
        let tree = Tree::embedded(&format!("parts/{name}/"));
        if tree.is_empty() {
            return Ok(None);
        }
        let (manifest, files) = (read_manifest(&tree, name)?, tree.below("files/"));
        let (snippets, borrowed, shadowed) = (tree.below(snippet::FOLDER), BTreeSet::new(), BTreeMap::new());
        Ok(Some(Self { manifest, files, snippets, borrowed, shadowed, text: String::new() }))
    }

    /// The names of what the box has to stand on: parts, and whole stacks.
    pub(crate) fn parts() -> Vec<String> {
        let tree = Tree::embedded("parts/");
        let parts = tree.iter().filter_map(|(path, _)| path.strip_suffix(manifest::PART)?.strip_suffix('/'));
        parts.map(str::to_owned).chain(Self::names()).collect()
    }

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

    /// Make a stack of the files of its folder and of parts from the box. `place` is for messages.
    pub(crate) fn from_tree(tree: &Tree, place: &str) -> Result<Self, Error> {
        let source = Source::Name(place.to_owned());
        Self::compose(tree, &source, place, &mut |part, _| Err(Error::PartElsewhere { part: part.to_owned() }))
    }

    /// Make a stack of the files of its folder and of all that it stands on. `open` finds what is not in the box, as it is
    /// named in the manifest of a source.
    pub(crate) fn compose<E: From<Error>>(
        tree: &Tree,
        source: &Source,
        place: &str,
        open: &mut Opener<'_, E>,
    ) -> Result<Self, E> {
        let mut composer = Composer {
            stack: None,
            names: Vec::new(),
            owners: BTreeMap::new(),
            path: Vec::new(),
            sources: BTreeSet::new(),
            open,
        };
        composer.add(tree, source, place)?;
        let mut stack = composer.stack.expect("what was added is there");
        let own = [manifest::FILE, manifest::PART].into_iter().find_map(|file| tree.get(file)).unwrap_or_default();
        stack.text = String::from_utf8_lossy(own).into_owned();
        let sound =
            stack.manifest.check_whole().and_then(|()| stack.check_secrets()).and_then(|()| stack.check_rules());
        sound.map_err(|error| stack.in_manifest(error))?;
        Ok(stack)
    }

    /// The error with its place in the stack's own manifest.
    pub(crate) fn in_manifest(&self, error: Error) -> Error {
        let error = match error {
            located @ (Error::Located { .. } | Error::Several { .. }) => return located,
            error => error,
        };
        match position_in(&self.text, manifest::FILE, &error) {
            Some(position) => Error::Located { error: Box::new(error), position: Box::new(position) },
            None => error,
        }
    }

    /// The error with its place in a file of the stack.
    pub(crate) fn in_file(&self, path: &str, error: Error) -> Error {
        let text =
            |tree: &'_ Tree, path: &str| String::from_utf8_lossy(tree.get(path).unwrap_or_default()).into_owned();
        let own = text(&self.files, path);
        // In the engine's brackets and with its snippets in it, each place is known where it was written.
        let native = self.native(path, &own).unwrap_or_else(|_| Native::of(&own));
        let expanded = snippet::expand(path, &native.text, &self.snippets);
        let expanded = expanded.unwrap_or_else(|_| snippet::Expanded::of(&native.text));
        let position = in_template(&expanded.text, &error).map(|(at, length)| match expanded.origin(at) {
            (Some(name), at) => {
                Position::of(&format!("{}{name}", snippet::FOLDER), &text(&self.snippets, name), at, length)
            }
            (None, at) => Position::of(&format!("files/{path}"), &own, native.origin(at), length),
        });
        match position {
            Some(position) => Error::Located { error: Box::new(error), position: Box::new(position) },
            None => error,
        }
    }

    /// What is not secret is remembered, so no secret may go into it.
    fn check_secrets(&self) -> Result<(), Error> {
        let secrets: Vec<&String> = self.manifest.secrets().map(|question| &question.key).collect();
        if secrets.is_empty() {
            return Ok(());
        }
        for question in self.manifest.questions.iter().filter(|question| !secrets.contains(&&question.key)) {
            for template in [&question.default, &question.otherwise].into_iter().flatten() {
                let taken = names(&format!("question `{}`", question.key), template)?;
                if let Some(secret) = secrets.iter().find(|secret| taken.contains(**secret)) {
                    return Err(Error::SecretTold { key: question.key.clone(), secret: (*secret).clone() });
                }
            }
        }
        Ok(())
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
        for (name, capability) in &self.manifest.capabilities {
            scope.set(name, capability.to_value());
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

/// What a template is told apart from its other versions by.
pub(crate) fn template_digest(content: &[u8]) -> String {
    crate::hex::encode(&Sha256::digest(content)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a manifest says after `[stack]`, as a stack of its own; parts of `others` are found by their names.
    fn compose(text: &str, others: &[(&str, &str)]) -> Result<Stack, Error> {
        let tree = |name: &str, text: &str| {
            let mut tree = Tree::default();
            tree.insert("stack.toml".to_owned(), format!("[stack]\nname = '{name}'\ntitle = ''\n{text}").into_bytes());
            tree
        };
        let mut open = |part: &str, _: &Source| {
            let found = others.iter().find(|(name, _)| *name == part);
            let (name, text) = found.ok_or_else(|| Error::NotAStack { place: part.to_owned() })?;
            Ok(Opened { tree: tree(&name[2..], text), source: Source::Folder(part.to_owned()) })
        };
        Stack::compose(&tree("top", text), &Source::Folder("./top".to_owned()), "top", &mut open)
    }

    #[track_caller]
    fn refused(text: &str, others: &[(&str, &str)], said: &str) {
        let error = compose(text, others).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn what_two_parts_stand_on_is_added_once() {
        let (a, b) = (
            "parts = ['python']\n[extend]\napps = ['a', 'both']\n",
            "parts = ['python']\n[extend]\napps = ['both', 'b']\n",
        );
        let stack = compose("parts = ['./a', './b']\n[extend]\napps = ['own']\n", &[("./a", a), ("./b", b)]).unwrap();
        let answers = super::super::Answers::resolve(&stack, &Default::default(), stack.scope("shop"), |asking| {
            super::super::from_default(asking, true)
        })
        .unwrap();
        assert_eq!(answers.scope.get("extend").unwrap()["apps"], serde_json::json!(["a", "both", "b", "own"]));
        assert_eq!(stack.manifest.stack.name, "top");
        assert!(stack.borrowed.contains("manage.py") && stack.borrowed.contains("project_name"));
    }

    #[test]
    fn parts_that_cannot_stand_are_told() {
        refused("parts = ['environment']", &[], "part `environment` needs part `django` before it");
        refused("parts = ['djngo']", &[], "stands on a part `djngo` that does not exist");
        refused(
            "parts = ['./a']",
            &[("./a", "parts = ['./b']"), ("./b", "parts = ['./a']")],
            "stands on what it is part of",
        );
        refused("parts = ['./gone']", &[], "`./gone` is not a stack");
    }

    #[test]
    fn words_without_a_meaning_are_refused() {
        refused("parts = ['python']\n[pin]\ncelry = 'false'\n", &[], "`celry` is pinned, and no part asks it");
        refused("parts = ['python']\n[extend]\napp = ['x']\n", &[], "no part reads the list `app`");
        refused("parts = ['python']\n[extend]\noptions = ['x']\n", &[], "an entry of `options` in `[extend]`");
        refused("parts = ['python']\n[capabilities]\nqueue = 'yes'\n", &[], "capability `queue`");
        refused(
            "parts = ['python']\n[[derived]]\nname = 'celery'\nvalue = 'true'\n",
            &[],
            "`celery` stands for two things",
        );
    }

    #[test]
    fn a_pinned_answer_is_not_asked_and_cannot_be_given() {
        let stack = compose("parts = ['python']\n[pin]\nserver = 'asgi'\n", &[]).unwrap();
        let resolve = |given: &super::super::Given| {
            super::super::Answers::resolve(&stack, given, stack.scope("shop"), |asking| {
                super::super::from_default(asking, true)
            })
        };
        let answers = resolve(&Default::default()).unwrap();
        assert_eq!(answers.scope.get("server").unwrap(), "asgi");
        assert!(!answers.given.iter().any(|(key, _)| key == "server"));
        let mut given = super::super::Given::default();
        given.typed("server", "wsgi");
        assert!(matches!(resolve(&given), Err(Error::AnswerPinned { key, .. }) if key == "server"));
        let odd = compose("parts = ['python']\n[pin]\nserver = 'twisted'\n", &[]).unwrap();
        let answers = super::super::Answers::resolve(&odd, &Default::default(), odd.scope("shop"), |asking| {
            super::super::from_default(asking, true)
        });
        assert!(matches!(answers, Err(Error::AnswerBad { .. })));
    }

    /// Parts ask what a stack can do. A name says nothing, so that everybody's stack can do what those of the box do.
    #[test]
    fn parts_know_no_stack_by_its_name() {
        let tree = Tree::embedded("parts/");
        for (path, bytes) in tree.iter() {
            let text = String::from_utf8_lossy(bytes);
            for sign in ["stack ==", "stack !=", "stack in", "stack|", "stack |"] {
                assert!(!text.contains(sign), "{path} has `{sign}`");
            }
        }
    }
}
