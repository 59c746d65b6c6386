//! Limits of a bundle: how large it may be, packed and unpacked, and how many files any program can read.

/// Largest bundle: what Elastic Beanstalk's guide names as the limit, at its lowest reading.
pub const MAX_BYTES: u64 = 500_000_000;

/// Most that a bundle may unpack to: the disk of an instance, as Elastic Beanstalk makes it where nobody asks for more. The one
/// number for whoever makes bundles, and for whoever reads those of others.
pub const UNPACKED_BYTES: u64 = 8 << 30;

/// From this many entries on, the numbers of a zip file need zip64.
pub const MANY: usize = 65_535;
