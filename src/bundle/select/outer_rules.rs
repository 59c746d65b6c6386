//! Rules of git's that stand outside of the folder that is packaged: `info/exclude`, and `.gitignore` files above it.

use std::fs;
use std::path::Path;

use crate::file;

use crate::bundle::error::Error;
use crate::git::repository::Repository;

use super::bracket::Case;
use super::rules::RuleFile;

impl Repository {
    /// How it compares letters.
    pub(crate) fn case(&self) -> Case {
        if self.config().flag("core", "ignorecase") == Some(true) { Case::Folded } else { Case::Exact }
    }

    /// Its `info/exclude`, for a project in which its top is at `dir` (empty, or ending with a slash).
    pub(crate) fn exclude(&self, dir: &str, case: Case) -> Result<Option<RuleFile>, Error> {
        let path = self.common().join("info/exclude");
        Ok(text_of(&path)?.map(|text| RuleFile::inside(&path.to_string_lossy(), dir, &text, case)))
    }

    /// The rules for `root` that stand outside of it, from the weakest to the strongest: `info/exclude`, then the
    /// `.gitignore` of every folder above.
    pub(crate) fn outside_rules(&self, root: &Path, case: Case) -> Result<Vec<RuleFile>, Error> {
        let below_top = root.strip_prefix(&self.top).unwrap_or(Path::new(""));
        let above = |from: &Path| {
            let path = root.strip_prefix(from).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
            if path.is_empty() { path } else { path + "/" }
        };
        let mut files = vec![(self.common().join("info/exclude"), above(&self.top))];
        let mut dir = self.top.clone();
        for part in below_top.components() {
            files.push((dir.join(".gitignore"), above(&dir)));
            dir.push(part);
        }
        let mut rules = Vec::new();
        for (path, above) in files {
            if let Some(text) = text_of(&path)? {
                rules.push(RuleFile::above(&path.to_string_lossy(), above, &text, case));
            }
        }
        Ok(rules)
    }

    /// Does the repository ignore the folder `root` as a whole? Asked of what tracks nothing in it: another project in a
    /// folder that is nobody's business has no commit.
    pub(crate) fn ignores(&self, root: &Path) -> Result<bool, Error> {
        let mut files = vec![(self.common().join("info/exclude"), String::new())];
        let mut rules: Vec<RuleFile> = Vec::new();
        let mut folder = String::new();
        let case = self.case();
        for part in self.below_top(root).split('/').filter(|part| !part.is_empty()) {
            files.push((self.top.join(&folder).join(".gitignore"), folder.clone()));
            for (path, dir) in files.drain(..) {
                if let Some(text) = text_of(&path)? {
                    rules.push(RuleFile::inside(&path.to_string_lossy(), &dir, &text, case));
                }
            }
            folder += part;
            let last = rules.iter().rev().find_map(|file| Some(file.rule(file.find_index(folder.as_bytes(), true)?)));
            if last.is_some_and(|rule| !rule.keeps()) {
                return Ok(true);
            }
            folder.push('/');
        }
        Ok(false)
    }
}

/// A rule file; what is no file, or a link to one, says nothing to git either.
fn text_of(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    Ok(Some(file::read(path)?))
}
