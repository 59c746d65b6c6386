//! What a drill says, and the line that stays of it.

use std::fmt;

use serde::Serialize;

use crate::cli::aws::DryRun;
use crate::cli::capture::Difference;
use crate::cli::environments::{Clocks, DrillLine};
use crate::fault::Exit;
use crate::ui::{Answer, count};
use crate::world::World;

/// How deep it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Depth {
    Sandbox,
    Check,
    Aws,
}

#[derive(Serialize)]
pub(super) struct DrillAnswer {
    pub(super) depth: Depth,
    /// Of a rebuild on AWS.
    pub(super) id: Option<String>,
    pub(super) environments: Vec<Rehearsed>,
    /// What a rebuild would not give, or would meet.
    pub(super) findings: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) clocks: Clocks,
    /// The calls, of a plan.
    pub(super) dry_run: Option<DryRun>,
    /// The line that does it, of a plan.
    pub(super) apply: Option<String>,
    /// How a person ends it.
    pub(super) ending: Vec<String>,
}

/// One environment.
#[derive(Debug, Serialize)]
pub(super) struct Rehearsed {
    pub(super) name: String,
    /// The name that it has in the drill.
    pub(super) rehearsed_as: Option<String>,
    pub(super) label: Option<String>,
    /// From the request to good, where it was launched.
    pub(super) seconds: Option<i64>,
    pub(super) differences: Vec<Difference>,
}

impl DrillAnswer {
    /// One in which nothing was looked at yet.
    pub(super) fn new(depth: Depth) -> Self {
        Self {
            depth,
            id: None,
            environments: Vec::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            clocks: Clocks::default(),
            dry_run: None,
            apply: None,
            ending: Vec::new(),
        }
    }

    /// The line of `environments/_drills.jsonl`.
    pub(super) fn line(&self, world: &World) -> DrillLine {
        DrillLine {
            time: world.now(),
            depth: self.depth.word().into(),
            tool: env!("CARGO_PKG_VERSION").into(),
            id: self.id.clone(),
            environments: self.environments.len(),
            findings: self.findings.len(),
            clocks: self.clocks,
        }
    }

    pub(super) fn exit(&self) -> Exit {
        if self.findings.is_empty() { Exit::Done } else { Exit::Findings }
    }
}

impl Depth {
    fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Check => "check",
            Self::Aws => "aws",
        }
    }
}

impl Answer for DrillAnswer {
    const SCHEMA: &str = "drill/1";
}

impl fmt::Display for DrillAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in &self.environments {
            write!(f, "`{}`", one.name)?;
            if let Some(name) = &one.rehearsed_as {
                write!(f, " as `{name}`")?;
            }
            if let Some(label) = &one.label {
                write!(f, ", {label}")?;
            }
            if let Some(seconds) = one.seconds {
                write!(f, ", {seconds} s")?;
            }
            writeln!(f)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "finding: {finding}"))?;
        if let Some(dry_run) = &self.dry_run {
            writeln!(f, "\n{dry_run}")?;
        }
        if let Some(apply) = &self.apply {
            return write!(f, "\n`{apply}` does it, and costs money until somebody ends it");
        }
        let environments = count(self.environments.len(), "environment");
        match (self.findings.len(), self.depth) {
            (0, Depth::Sandbox) => write!(f, "{environments} rebuilt twice, from the files and from the buckets")?,
            (0, Depth::Check) => write!(f, "{environments}: nothing speaks against a rebuild")?,
            (0, Depth::Aws) => write!(f, "{environments} rebuilt")?,
            (number, _) => write!(f, "{environments}, {}", count(number, "finding"))?,
        }
        write!(f, "\n  commands  {} s", self.clocks.commands.unwrap_or_default())?;
        if let Some(aws) = self.clocks.aws {
            let simulated = if self.clocks.simulated { " (AWS's part is simulated)" } else { "" };
            write!(f, "\n  AWS       {aws} s{simulated}")?;
        }
        if let Some(visible) = self.clocks.visible {
            write!(f, "\n  visible   after {visible} s")?;
        }
        f.write_str("\nNot in it: noticing, deciding, restoring a database, and caches of DNS")?;
        if !self.ending.is_empty() {
            f.write_str("\nIts instances go away by themselves after two hours, a balancer does not. To end it, somebody with the right to do so types:")?;
            self.ending.iter().try_for_each(|line| write!(f, "\n  {line}"))?;
        }
        Ok(())
    }
}
