//! The only door to AWS: what is uploaded, registered, deployed and pruned goes through here.
//!
//! Two kinds of calls exist. One that reads is made with [`Aws::read`]; one that changes something with `Aws::write`,
//! which records it, and in a rehearsal (`--dry-run`) writes it down instead of sending it. A call that was cut off is
//! never guessed about: the next step asks AWS what is true.

mod audit;
mod aws;
mod call;
mod pace;
mod parcel;
mod parts;
mod publish;
mod store;
mod version;

pub use aws::{Aws, Caller, ConnectError, Settings};
pub use call::{Call, Kind, Refusal};
pub use parcel::{Parcel, ParcelError};
pub use publish::{Error as PublishError, Event as PublishEvent, Published, Request as PublishRequest, publish};
pub use store::{Error as StoreError, Store};
pub use version::{Location, Status, Version, versions};
