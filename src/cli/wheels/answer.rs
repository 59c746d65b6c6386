//! The answer of `wheels`.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::beanstalk::wheel::{Machine, Target};
use crate::ui::{Answer, bytes, count};
use crate::wheels::{FOLDER, WheelFile};

#[derive(Serialize)]
pub(super) struct Wheels {
    /// The file that people change.
    pub(super) from: String,
    #[serde(serialize_with = "instances")]
    pub(super) targets: Vec<Target>,
    wheels: Vec<Wheel>,
    bytes: u64,
    removed: Vec<String>,
    files: Vec<Written>,
    pub(super) dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Wheel {
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    New,
    Kept,
}

/// A text that is written.
pub(super) struct Written {
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) after: String,
}

impl Written {
    pub(super) fn changes(&self) -> bool {
        self.before.as_deref() != Some(self.after.as_str())
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            path: &'a str,
            change: &'static str,
        }
        let change = match &self.before {
            None => "new",
            Some(_) if self.changes() => "changed",
            Some(_) => "same",
        };
        Shown { path: &self.path, change }.serialize(serializer)
    }
}

/// `targets` for programs: Python as text, and the machine.
fn instances<S: Serializer>(targets: &[Target], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Instance {
        python: String,
        machine: Machine,
    }
    let instance = |target: &Target| Instance { python: target.python.to_string(), machine: target.machine };
    serializer.collect_seq(targets.iter().map(instance))
}

impl Wheel {
    pub(super) fn of(wheel: &WheelFile, state: State) -> Self {
        Self { file: wheel.file.clone(), sha256: wheel.sha256.clone(), bytes: wheel.bytes, state }
    }
}

impl State {
    pub(super) fn of(wheel: &WheelFile, taken: &[WheelFile]) -> Self {
        if taken.iter().any(|taken| taken.sha256 == wheel.sha256) { Self::New } else { Self::Kept }
    }
}

impl Wheels {
    pub(super) fn of(mut wheels: Vec<Wheel>, removed: Vec<String>, files: Vec<Written>) -> Self {
        wheels.sort_by(|one, other| one.file.cmp(&other.file));
        let bytes = wheels.iter().map(|wheel| wheel.bytes).sum();
        Self { from: String::new(), targets: Vec::new(), wheels, bytes, removed, files, dry_run: false }
    }
}

impl Answer for Wheels {
    const SCHEMA: &str = "wheels/1";

    fn is_account(&self) -> bool {
        !self.dry_run
    }
}

impl fmt::Display for Wheels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets: Vec<String> = self.targets.iter().map(ToString::to_string).collect();
        let fresh = self.wheels.iter().filter(|wheel| wheel.state == State::New).count();
        writeln!(
            f,
            "{} with {} in `{FOLDER}`, {fresh} of them new, for {}",
            count(self.wheels.len(), "wheel"),
            bytes(self.bytes),
            targets.join(" and ")
        )?;
        write!(f, "change `{}`, and run this again; commit the wheels, or run this before every `package`", self.from)
    }
}
