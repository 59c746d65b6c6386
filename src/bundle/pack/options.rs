//! Options of a run that packs.

use std::path::Path;

use crate::ui::Progress;
use crate::world::Interrupt;

/// Largest bundle: what Elastic Beanstalk's guide names as the limit, at its lowest reading.
pub const MAX_BYTES: u64 = 500_000_000;

/// Most that a bundle may unpack to: the disk of an instance, as Elastic Beanstalk makes it where nobody asks for more. The one
/// number for whoever makes bundles, and for whoever reads those of others.
pub const UNPACKED_BYTES: u64 = 8 << 30;

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
