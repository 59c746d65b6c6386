//! Source bundles: what ships, and what it is called.
//!
//! A bundle is decided before it is made: [`Plan::read`] answers which files of a [`Scope`] ship and why the others do
//! not, and [`Plan::write`] turns the answer into a zip file in one pass over the contents. Its name is the
//! [`TreeDigest`], which no clock, path, user or compressor can change.
//!
//! Three rooms, each above the one before: `select` decides, `pack` packs, `read` looks in.

mod digest;
mod entry;
mod error;
mod flags;
mod limits;
mod manifest;
mod pack;
mod read;
mod select;
mod threads;

pub use digest::{ContentDigest, FORMAT, TreeDigest};
pub use entry::{BadName, EntryPath, Mode};
pub use error::{Error, INCLUDE_OUTSIDE, Problem, ProblemKind, where_most_is};
pub use limits::{MANY, MAX_BYTES, UNPACKED_BYTES};
pub use manifest::{Change, ChangeKind, Manifest, ManifestEntry, ManifestError, Side};
pub(crate) use pack::stored;
pub use pack::{Bundle, Output, PackOptions, Removed, Reviewed, Shape, Trust, keep_published};
pub use read::{
    DIRECTORY_TAIL, Directory, Finding, Flaw, OpenError, Reader, Severity, Shared, UnpackError, unpack, verify,
};
pub(crate) use select::disk::Stamp;
pub(crate) use select::never_ships;
pub use select::{
    Checkout, CommittedEnvironment, Entry, IgnoreMode, Include, LeftOut, Note, PendingCheckout, Plan, Reason, Scope,
    Source, Suspicion, Why,
};
