//! Options of a run that packs.

use std::path::Path;

use crate::ui::Progress;
use crate::world::Interrupt;

/// Options of a run that packs, and the parts of the world that it needs.
#[derive(Clone)]
pub struct PackOptions<'a> {
    pub progress: &'a Progress,
    pub interrupt: &'a Interrupt,
    pub max_bytes: u64,
    /// The folder of earlier bundles, which save work, and whether to prove that they do not lie.
    pub cache: Option<(&'a Path, Trust)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Entries that look unchanged are taken from the cache.
    Believe,
    /// Everything is read again, and compared with the cache.
    Prove,
}
