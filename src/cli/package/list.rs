//! The answer of `package --list`.

use std::fmt;

use serde::Serialize;

use crate::bundle::{LeftOut, Plan};
use crate::ui::Answer;

/// The answer of `package --list`.
#[derive(Serialize)]
pub(super) struct Listing<'a> {
    entries: Vec<Listed<'a>>,
    left_out: &'a [LeftOut],
    /// The folders with the most content, two levels deep.
    largest: Vec<Folder>,
    /// What keeps the bundle from being made.
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Folder {
    path: String,
    bytes: u64,
}

#[derive(Serialize)]
struct Listed<'a> {
    path: &'a str,
    bytes: u64,
}

impl<'a> Listing<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let entries = plan.entries().iter();
        let entries = entries.map(|entry| Listed { path: entry.path().as_str(), bytes: entry.size() }).collect();
        let problems = plan.problems().iter().map(ToString::to_string).collect();
        let largest = plan.largest(10).into_iter().map(|(path, bytes)| Folder { path, bytes }).collect();
        Self { entries, left_out: plan.left_out(), largest, problems }
    }
}

impl Answer for Listing<'_> {
    const SCHEMA: &'static str = "package-list/1";
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|entry| writeln!(f, "{}", entry.path))
    }
}
