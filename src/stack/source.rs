//! Where a stack comes from: the box, or a folder.

use std::path::Path;

use super::{Error, Stack, Tree};

impl Stack {
    /// Open what `--stack` named: a name from the box, or a path (one with a `/`, or `.`) as seen from `dir`.
    pub(crate) fn open(spec: &str, dir: &Path) -> Result<Self, Error> {
        if spec.contains('/') || spec.starts_with('.') {
            return Self::from_tree(&Tree::folder(&dir.join(spec))?, spec);
        }
        Self::named(spec)
    }
}
