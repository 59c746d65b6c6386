//! Packing: a plan becomes a zip file, on all cores, with the same bytes every time.

pub(super) mod archive;
mod build;
mod cache;
mod chunks;
pub(super) mod deflate;
mod estimate;
mod index;
mod kept_bundles;
mod look;
pub(super) mod options;
mod output;
pub(super) mod packed_entry;
mod pool;
mod review;
mod tree;
mod writer;

pub(crate) use archive::stored;
pub(super) use archive::{DATE, FLAGS};
pub use build::Bundle;
pub use kept_bundles::{Removed, keep_published};
pub use options::{PackOptions, Trust};
pub use output::Output;
pub use review::Reviewed;
pub use tree::Shape;
