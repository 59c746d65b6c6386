//! Where descriptions lie.

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
