//! An environment as a file: `environments/NAME.toml`, and what it means beside a bundle and beside what lives.
//!
//! Pure: texts and values in, texts and values out. Whoever launches, captures or compares an environment uses this one
//! description of it; nobody else knows what is in the file.

mod application;
mod captured_options;
pub mod cname;
mod description;
pub(crate) mod description_diff;
mod error;
mod files;
mod key;
mod lost;
mod matter;
mod option_diff;
mod order;
mod place;
mod property;
mod read;
mod rehearsal;
mod send;
mod set_by;
mod shape;
mod text;
mod write;

pub use application::{Application, Lifecycle};
pub use captured_options::{Captured, Left, Live, annotate, capture};
pub use description::{Bundle, Deploy, Description, Drill, FORMAT, Release, Smoke, Tier, is_here, times};
pub use error::{Error, Problem};
pub use files::{Files, Said};
pub use key::OptionKey;
pub use lost::lost;
pub use matter::{Difference, differences_that_matter};
pub use option_diff::{LiveOptions, OptionRow, Wins};
pub use order::{OrderError, waves};
pub use place::{APPLICATION, DRILLS, FOLDER, named, path};
pub use property::{Property, What};
pub use rehearsal::{
    DRILL_TAG, Refused, Rehearsal, at_home, drill_application, drill_environment, drill_id, rehearsal,
};
pub use send::{INSTANCE_PROFILE, Sent, Value, sent};
pub use set_by::{LiveSetting, SetBy};
pub use shape::Shape;
pub use write::write;
