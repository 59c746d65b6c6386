//! Selection: which files ship, and why the others do not.

mod blob_name;
mod bracket;
pub(super) mod changes;
mod clash;
mod committed;
pub(super) mod content;
pub(super) mod disk;
mod environment;
pub(super) mod never;
pub(super) mod note;
pub(super) mod origin;
mod outer_rules;
mod output_place;
mod pattern;
pub(super) mod plan;
mod recorded;
pub(super) mod rules;
pub(super) mod scope;
mod spelling;
pub(super) mod staged;
mod tracked;
mod translation;
pub(super) mod walk;
mod why;

pub use changes::{Checkout, PendingCheckout};
pub use committed::CommittedEnvironment;
pub(crate) use never::never_ships;
pub use note::Note;
pub use origin::Entry;
pub use plan::Plan;
pub use rules::{LeftOut, Reason};
pub use scope::{IgnoreMode, Include, Scope, Source, Suspicion};
pub use why::Why;
