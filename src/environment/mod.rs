//! An environment as a file: `environments/NAME.toml`, and what it means beside a bundle and beside what lives.
//!
//! Pure: texts and values in, texts and values out. Whoever launches, captures or compares an environment uses this one
//! description of it; nobody else knows what is in the file.

mod application;
mod compare;
mod description;
mod error;
mod files;
mod key;
mod order;
mod property;
mod send;
mod write;

pub use application::{Application, Lifecycle};
pub use compare::{LiveSetting, Row, SetBy, drift};
pub use description::{Bundle, Deploy, Description, Drill, FORMAT, Release, Smoke, Tier};
pub use error::{Error, Problem};
pub use files::{Files, Said};
pub use key::OptionKey;
pub use order::{OrderError, waves};
pub use property::{Property, What};
pub use send::{Sent, Value, sent};
pub use write::write;

/// The folder of descriptions, beside `beansprout.toml`.
pub const FOLDER: &str = "environments";
/// What the application itself is, in the same folder. An underscore cannot stand in an environment's name.
pub const APPLICATION: &str = "_application.toml";
/// A line for each rehearsal and rebuild, in the same folder.
pub const DRILLS: &str = "_drills.jsonl";

/// Where the description of an environment is, from the project's folder.
pub fn path(name: &str) -> String {
    format!("{FOLDER}/{name}.toml")
}

/// The environment that a file of the folder describes, if it is one.
pub fn named(file: &str) -> Option<&str> {
    file.strip_suffix(".toml").filter(|name| !name.starts_with('_') && !name.is_empty())
}
