//! The only door to AWS: what is uploaded, registered, deployed and pruned goes through here.
//!
//! Two kinds of calls exist. One that reads is made with `Aws::read`; one that changes something with `Aws::write`,
//! which records it, and in a rehearsal (`--dry-run`) writes it down instead of sending it. A call that was cut off is
//! never guessed about: the next step asks AWS what is true.

mod audit;
mod aws;
mod bucket;
mod call;
mod condition;
mod deploy;
mod document;
mod download;
mod environment;
mod history;
mod lifecycle;
mod lock;
mod look;
mod pace;
mod parcel;
mod parts;
mod policy;
mod prune;
mod publish;
mod store;
mod version;

pub use audit::{Run, record};
pub use aws::{Aws, Caller, ConnectError, Settings};
pub use bucket::Guards;
pub use call::{Call, Kind, Refusal};
pub use condition::{Condition, condition};
pub use deploy::{
    Deployed, Error as DeployError, Event as DeployEvent, Failed, Outcome, Request as DeployRequest, current_label,
    deploy, previous, watch,
};
pub use download::{Error as DownloadError, Event as DownloadEvent, download};
pub use environment::{Environment, Happening, Health, Phase};
pub use lifecycle::{
    Change as LifecycleChange, Error as LifecycleError, Leaving, Lifecycle, Outlook, Rule as LifecycleRule,
    SERVICE_ROLE, outlook as lifecycle_outlook, set as set_lifecycle,
};
pub use lock::Holder;
pub use parcel::{Parcel, ParcelError};
pub use policy::{Role, Scope, policy};
pub use prune::{
    Apply, Error as PruneError, Event as PruneEvent, Fate, Overview, Pruned, Restored, Undo, overview, plan, prune,
    undo,
};
pub use prune::{Doomed, KEEP_DEPLOYED, Kept, Object, Plan, Policy, Reason, Upload, matches};
pub use publish::{Error as PublishError, Event as PublishEvent, Published, Request as PublishRequest, Room, publish};
pub use store::{Error as StoreError, PREFIX, Shelf, Store};
pub use version::{Location, Status, Version, versions};
