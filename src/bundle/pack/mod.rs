//! What was selected becomes a zip file, on all cores, with the same bytes every time.

pub(super) mod archive;
mod build;
mod cache;
mod chunks;
mod compress;
mod content;
mod deflate;
mod limit;
pub(super) mod options;
mod output;
mod pool;
mod writer;

pub use archive::MANY;
pub use build::Bundle;
pub use options::{Errand, MAX_BYTES, Trust};
pub use output::{Output, write_beside};
