//! Swap: two environments exchange their names in DNS, and visitors of the one come to the other.
//!
//! A swap is its own inverse and loses nothing, so the way back is the same call once more. What must not happen is that it
//! is done twice for one wish: a small record in the bucket says which way the name went, before the call is made.

mod cnames;
mod condition;
mod error;
mod record;
mod request;
mod sides;
mod steps;
mod survey;
mod watch;

pub use self::condition::{Condition, Despite, Migrations, conditions};
pub use self::error::{Conditions, Error};
pub use self::request::{Event, Options, Outcome, Swapped, Tested};
pub use self::sides::{Side, Stand, Survey};
pub use self::steps::{swap, test};
pub use self::survey::survey;
