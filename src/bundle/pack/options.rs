//! What a run that packs needs from the world, and the limit that it keeps.

use std::path::Path;

use crate::ui::Progress;
use crate::world::Interrupt;

/// What Elastic Beanstalk's guide names as the limit, taken at its lowest reading.
pub const MAX_BYTES: u64 = 500_000_000;

/// What a run that packs needs from the world.
#[derive(Clone)]
pub struct Errand<'a> {
    pub progress: &'a Progress,
    pub interrupt: &'a Interrupt,
    pub max_bytes: u64,
    /// The folder of earlier bundles, which save work, and whether to prove that they do not lie.
    pub cache: Option<(&'a Path, Trust)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What looks unchanged is taken from the cache.
    Believe,
    /// Everything is read again, and compared with the cache.
    Prove,
}
