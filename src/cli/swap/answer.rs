//! What `swap` says: the plan, and what came of it.

use std::fmt;

use serde::Serialize;

use crate::cli::aws::DryRun;
use crate::release::{Probe, SwapOutcome, SwapSide, Swapped};
use crate::ui::{Answer, Ui, count};

/// What a swap would do.
#[derive(Serialize)]
pub(super) struct PlanAnswer {
    pub(super) account: Option<String>,
    pub(super) region: String,
    /// It was done before, and is so still.
    pub(super) done: bool,
    pub(super) blue: Side,
    pub(super) green: Side,
    pub(super) tests: Vec<Probe>,
    /// Why there are none.
    #[serde(skip)]
    pub(super) untestable: Option<String>,
    pub(super) watch: u64,
    pub(super) notes: Vec<String>,
    pub(super) dry_run: DryRun,
    /// The line that does it.
    pub(super) apply: String,
}

#[derive(Serialize)]
pub(super) struct Side {
    name: String,
    id: String,
    label: Option<String>,
    cname: Option<String>,
    instances: usize,
}

impl Side {
    pub(super) fn of(side: &SwapSide) -> Self {
        let environment = &side.environment;
        Self {
            name: environment.name.clone(),
            id: environment.id.clone(),
            label: environment.label.clone(),
            cname: environment.cname.clone(),
            instances: side.count,
        }
    }
}

impl Answer for PlanAnswer {
    const SCHEMA: &str = "swap-plan/1";
}

impl fmt::Display for PlanAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account.as_deref().unwrap_or("not known");
        writeln!(f, "account {account}, {}", self.region)?;
        let name = |side: &Side| side.cname.clone().unwrap_or_default();
        if self.done {
            return write!(
                f,
                "`{}` has `{}` already; `beansprout swap {} {} --apply` is the way back",
                self.green.name,
                name(&self.green),
                self.green.name,
                self.blue.name
            );
        }
        for (side, gets) in [(&self.blue, &self.green), (&self.green, &self.blue)] {
            writeln!(f, "\n`{}` ({}), {}", side.name, side.id, count(side.instances, "instance"))?;
            writeln!(f, "  version   {}", side.label.as_deref().unwrap_or("none"))?;
            writeln!(f, "  has       {}", name(side))?;
            writeln!(f, "  gets      {}", name(gets))?;
        }
        let paths: Vec<String> = self.tests.iter().map(|probe| probe.path.clone()).collect();
        match &self.untestable {
            Some(why) => writeln!(f, "\ntests nothing: {why}")?,
            None => writeln!(
                f,
                "\ntests `{}` at `{}` before, and at the name itself afterwards",
                paths.join("`, `"),
                self.green.name
            )?,
        }
        writeln!(f, "watches its health for {} s, and goes back if it is bad", self.watch)?;
        writeln!(f, "the way back afterwards: `beansprout swap {} {} --apply`", self.green.name, self.blue.name)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        write!(f, "\n{}\n\n`{}` does it", self.dry_run, self.apply)
    }
}

/// What came of it.
#[derive(Serialize)]
pub(super) struct SwapAnswer {
    #[serde(flatten)]
    swapped: Swapped,
    /// Descriptions that were corrected.
    files: Vec<String>,
    /// The line that brings the names back.
    way_back: String,
}

impl SwapAnswer {
    pub(super) fn new(swapped: Swapped, files: Vec<String>, ui: &Ui) -> Self {
        let way_back = ui.command(&format!("swap {} {} --apply", swapped.green, swapped.blue));
        Self { swapped, files, way_back }
    }
}

impl Answer for SwapAnswer {
    const SCHEMA: &str = "swap/1";

    /// Whoever holds asked what speaks against it.
    fn is_account(&self) -> bool {
        self.swapped.outcome != SwapOutcome::Held
    }
}

impl fmt::Display for SwapAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Swapped { blue, green, name, other, outcome, tests, .. } = &self.swapped;
        match outcome {
            SwapOutcome::Held => {
                write!(f, "held: nothing speaks against `{name}` going from `{blue}` to `{green}`")?;
                match &tests.not_tested {
                    Some(why) => write!(f, ", and nothing was tested: {why}"),
                    None => write!(f, ", and {} passed", count(tests.probes.len(), "test")),
                }
            }
            SwapOutcome::Unchanged => {
                write!(f, "unchanged: `{green}` has `{name}` already\n  way back  {}", self.way_back)
            }
            SwapOutcome::Swapped => {
                write!(f, "`{green}` has `{name}`\n  before    {blue}, which has `{other}` now")?;
                write!(f, "\n  way back  {}", self.way_back)?;
                write!(
                    f,
                    "\nKeep `{blue}` until old answers of DNS have expired: they live for a minute, and some resolvers keep them longer"
                )
            }
        }
    }
}
