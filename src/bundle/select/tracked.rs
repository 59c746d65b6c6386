//! The files of an index or a revision that ship.
//!
//! A tracked file is never ignored by `.gitignore`, as git has it. What can leave it out: names that never ship,
//! `[bundle] exclude`, the `.ebignore` files of that very tree, and `export-ignore`.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::bundle::entry::{BadName, EntryPath, inside};
use crate::bundle::error::{Error, Problem, ProblemKind};
use crate::git::repository::Repository;
use crate::git::{BlobReader, Git, Item, ItemMode, Tree};

use super::environment;
use super::never::never;
use super::origin::{Entry, Origin};
use super::rules::{LeftOut, Reason, RuleFile, RuleStack, Rules};

/// Entries of a listing by git, and those that were left out.
#[derive(Default)]
pub(crate) struct Tracked {
    pub(crate) entries: Vec<Entry>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) kept: Vec<LeftOut>,
    pub(crate) problems: Vec<Problem>,
    /// The repositories that contents come from, submodules included.
    pub(crate) repositories: Vec<Git>,
    readers: BTreeMap<u16, BlobReader>,
}

/// One item, where it is in the bundle, and in which repository.
struct Placed {
    path: Vec<u8>,
    item: Item,
    repository: u16,
}

impl Tracked {
    /// Add what `tree` has in `folder` of the repository at `git`, at `at` in the bundle (empty, or ending with a slash).
    pub(crate) fn add(&mut self, git: &Git, tree: &Tree, folder: &str, at: &str, rules: &Rules) -> Result<(), Error> {
        let mut placed = Vec::new();
        let mut ignored = HashSet::new();
        self.gather(git, tree, folder, at.as_bytes(), &mut placed, &mut ignored)?;
        self.sift(placed, &ignored, at, rules)
    }

    fn gather(
        &mut self,
        git: &Git,
        tree: &Tree,
        folder: &str,
        at: &[u8],
        placed: &mut Vec<Placed>,
        ignored: &mut HashSet<Vec<u8>>,
    ) -> Result<(), Error> {
        let items = git.list(tree, folder)?;
        let repository = u16::try_from(self.repositories.len()).map_err(|_| Error::TooManySubmodules)?;
        self.repositories.push(git.clone());
        let above = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut paths = BTreeSet::new();
        for item in &items {
            let slashes = item.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            for (slash, _) in slashes {
                paths.insert([above.as_bytes(), &item.path[..=slash]].concat());
            }
            paths.insert([above.as_bytes(), &item.path].concat());
        }
        for path in git.export_ignored(tree, &paths)? {
            ignored.insert([at, &path[above.len()..]].concat());
        }
        for item in items {
            let path = [at, &item.path].concat();
            if item.mode != ItemMode::Submodule {
                placed.push(Placed { path, item, repository });
                continue;
            }
            let name = String::from_utf8_lossy(&item.path).into_owned();
            let Some(inner) = Repository::at(&git.dir().join(folder).join(&name)) else {
                return Err(Error::Submodule { path: name });
            };
            let inner = Git::reading(&inner)?;
            let commit = Tree::Commit(item.id.to_string());
            self.gather(&inner, &commit, "", &[&path, b"/".as_slice()].concat(), placed, ignored)?;
        }
        Ok(())
    }

    /// Decide about every item, and about a folder before what is in it.
    fn sift(&mut self, placed: Vec<Placed>, ignored: &HashSet<Vec<u8>>, at: &str, rules: &Rules) -> Result<(), Error> {
        let mut rule_files = BTreeMap::new();
        let mut environments = HashSet::new();
        for Placed { path, item, repository } in &placed {
            let (dir, name) = path
                .iter()
                .rposition(|byte| *byte == b'/')
                .map_or((&[][..], &path[..]), |slash| (&path[..=slash], &path[slash + 1..]));
            let Ok(dir) = std::str::from_utf8(dir) else { continue };
            if name == b".ebignore" && matches!(item.mode, ItemMode::File | ItemMode::Executable) {
                let text = self.content(*repository, &item.id)?;
                let file = RuleFile::inside(&format!("{dir}.ebignore"), &dir[at.len()..], &text, rules.case);
                self.problems.extend(file.problems());
                rule_files.insert(dir.to_owned(), file);
            }
            environments.extend(environment::made_by(dir, name).map(str::to_owned));
        }
        let base = RuleStack::below(&Arc::default(), rule_files.remove(at), None);
        let mut judge = Judge {
            rules,
            ignored,
            rule_files,
            environments,
            at,
            folders: BTreeMap::new(),
            out: Vec::new(),
            kept: Vec::new(),
        };
        judge.folders.insert(at.to_owned(), Some(base));
        for Placed { path, item, repository } in placed {
            let text = String::from_utf8_lossy(&path).into_owned();
            let Some(level) = judge.folder(&text) else { continue };
            if judge.leaves_out(&level, &text, &path, false) {
                continue;
            }
            let path = match EntryPath::from_bytes(&path) {
                Ok(path) => path,
                Err(bad) => {
                    self.problems.push(Problem::name(text, bad));
                    continue;
                }
            };
            let origin = match item.mode {
                ItemMode::Link => {
                    let target = self.content(repository, &item.id)?;
                    let target = std::str::from_utf8(&target).map_err(|_| BadName::NotUtf8);
                    match target.ok().and_then(|target| inside(&path, Path::new(target))) {
                        Some(target) => Origin::Link(target),
                        None => {
                            let target = target.unwrap_or("?").to_owned();
                            self.problems.push(Problem { path: text, kind: ProblemKind::LinkOutside { target } });
                            continue;
                        }
                    }
                }
                mode => {
                    Origin::Blob { repository, id: item.id, size: item.size, executable: mode == ItemMode::Executable }
                }
            };
            self.entries.push(Entry { path, origin });
        }
        self.left_out.append(&mut judge.out);
        self.kept.append(&mut judge.kept);
        Ok(())
    }

    /// The content of a rule file or a link.
    fn content(&mut self, repository: u16, id: &str) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::GitContent { id: id.to_owned(), source };
        let reader = match self.readers.entry(repository) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(slot) => slot.insert(self.repositories[usize::from(repository)].reader()?),
        };
        reader.ask([id].into_iter()).map_err(failed)?;
        let size = reader.size().map_err(failed)?;
        let mut content = Vec::new();
        reader.content().take(size).read_to_end(&mut content).map_err(failed)?;
        reader.end().map_err(failed)?;
        Ok(content)
    }
}

struct Judge<'a> {
    rules: &'a Rules,
    ignored: &'a HashSet<Vec<u8>>,
    rule_files: BTreeMap<String, RuleFile>,
    /// Virtual environments.
    environments: HashSet<String>,
    at: &'a str,
    /// Decision about each folder: the rules in it, or that it is out.
    folders: BTreeMap<String, Option<Arc<RuleStack>>>,
    out: Vec<LeftOut>,
    kept: Vec<LeftOut>,
}

impl Judge<'_> {
    /// The rules of the folder that `path` is in, unless it is out.
    fn folder(&mut self, path: &str) -> Option<Arc<RuleStack>> {
        let dir = path.trim_end_matches('/').rfind('/').map_or("", |slash| &path[..=slash]);
        let dir = if dir.len() < self.at.len() { self.at } else { dir };
        if let Some(known) = self.folders.get(dir) {
            return known.clone();
        }
        let above = self.folder(dir);
        let level = above.and_then(|above| {
            if self.leaves_out(&above, dir, dir.trim_end_matches('/').as_bytes(), true) {
                return None;
            }
            Some(RuleStack::below(&above, self.rule_files.remove(dir), None))
        });
        self.folders.insert(dir.to_owned(), level.clone());
        level
    }

    fn leaves_out(&mut self, level: &RuleStack, path: &str, bytes: &[u8], is_directory: bool) -> bool {
        let plain = path.strip_suffix('/').unwrap_or(path);
        let mut reason = never(plain);
        if reason.is_none() && is_directory && self.environments.contains(path) {
            reason = Some(Reason::VirtualEnvironment);
        }
        if reason.is_none()
            && let Some(rule) = self.rules.find(level, &bytes[self.at.len()..], is_directory)
        {
            if rule.keeps() {
                self.kept.push(LeftOut { path: path.to_owned(), reason: rule.reason() });
            } else {
                reason = Some(rule.reason());
            }
        }
        if reason.is_none() && self.ignored.contains(path.as_bytes()) {
            reason = Some(Reason::ExportIgnore);
        }
        let out = reason.is_some();
        self.out.extend(reason.map(|reason| LeftOut { path: path.to_owned(), reason }));
        out
    }
}
