//! Rules of git's that stand outside of the folder that is packaged: `info/exclude`, and `.gitignore` files above it.

use std::fs;
use std::path::Path;

use crate::bundle::error::{Error, unreadable};
use crate::git::repository::Repository;

use super::rules::RuleFile;

impl Repository {
    /// The rules for `root` that stand outside of it, from the weakest to the strongest: `info/exclude`, then the
    /// `.gitignore` of every folder above.
    pub(crate) fn outside_rules(&self, root: &Path) -> Result<Vec<RuleFile>, Error> {
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
            if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            let text = fs::read(&path).map_err(|source| unreadable(path.clone(), source))?;
            rules.push(RuleFile::above(&path.to_string_lossy(), above, &text));
        }
        Ok(rules)
    }
}
