//! What ships, and what it is called.
//!
//! A bundle is decided before it is made: [`Plan::read`] answers which files of a [`Scope`] ship and why the others do
//! not, and [`Plan::write`] turns the answer into a zip file in one pass over the contents. Its name is the
//! [`TreeDigest`], which no clock, path, user or compressor can change.

mod archive;
mod build;
mod cache;
mod checkout;
mod clash;
mod content;
mod deflate;
mod digest;
mod disk;
mod entry;
mod error;
mod flaw;
mod git_head;
mod git_index;
mod limit;
mod manifest;
mod note;
mod office;
mod opened;
mod output;
mod pack;
mod pattern;
mod pieces;
mod plan;
mod recorded;
mod repository;
mod rules;
mod scope;
mod screen;
mod seal;
mod shipped;
mod spelling;
mod threads;
mod tracked;
mod unpack;
mod verify;
mod walk;
mod why;

pub use build::{Bundle, Errand, MAX_BYTES, Trust};
pub use checkout::{Checkout, ComparedCheckout, PendingCheckout};
pub use digest::{ContentDigest, FORMAT, TreeDigest};
pub use entry::{BadName, EntryPath, Mode};
pub use error::{Error, Problem, ProblemKind};
pub use flaw::{Finding, Flaw, Severity};
pub use limit::{MANY, where_most_is};
pub use manifest::{Change, ChangeKind, Manifest, ManifestEntry, ManifestError, Side};
pub use note::Note;
pub use opened::{OpenError, Opened};
pub use output::{Output, write_beside};
pub use plan::Plan;
pub use rules::{LeftOut, Reason};
pub use scope::{IgnoreMode, Include, Scope, Source};
pub use unpack::{UnpackError, unpack};
pub use verify::verify;
pub(crate) use walk::Stamp;
pub use why::Why;
