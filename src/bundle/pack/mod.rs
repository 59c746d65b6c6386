//! What was selected becomes a zip file, on all cores, with the same bytes every time.

pub(super) mod archive;
pub(super) mod build;
mod cache;
mod chunks;
pub(super) mod compress;
mod content;
mod deflate;
pub(super) mod limit;
mod output;
mod pool;
mod writer;

pub use build::{Bundle, Errand, MAX_BYTES, Trust};
pub use limit::{MANY, where_most_is};
pub use output::{Output, write_beside};
