//! Gate: `check` on the very plan that is about to be sent.

use serde::Serialize;

use super::check;
use crate::bundle::Plan;
use crate::check::Report;
use crate::fault::{Exit, Failure, Fault};
use crate::level::Level;
use crate::project::{OnFindings, Project};
use crate::ui::{Ui, count};

/// What `check` said of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Checked {
    pub(super) errors: usize,
    pub(super) warnings: usize,
}

/// Look at what will ship, as `[release] check` wants it. `None` where nothing was to be looked at.
pub(super) fn pass(on: OnFindings, project: &Project, plan: &Plan, ui: &mut Ui) -> Result<Option<Checked>, Failure> {
    // What is no project has a warning of its own.
    if on == OnFindings::Off || project.found(plan).is_err() {
        return Ok(None);
    }
    let report = check::report_on(project, plan)?;
    let checked = Checked { errors: report.count(Level::Error), warnings: report.count(Level::Warning) };
    tell(&report, ui);
    match on {
        OnFindings::Error if !report.passes() => Err(Refused(checked).into()),
        _ => Ok(Some(checked)),
    }
}

/// The first findings, in a line each.
fn tell(report: &Report, ui: &mut Ui) {
    const FEW: usize = 5;
    let failing = || report.findings.iter().filter(|finding| finding.level.fails());
    for finding in failing().take(FEW) {
        let line = finding.start.map(|start| format!(":{}", start.line)).unwrap_or_default();
        let word = format!("{}[{}]", finding.level.word(), finding.rule);
        ui.finding(word, format_args!("{}{line}: {}", finding.path, finding.message));
    }
    match failing().count().checked_sub(FEW) {
        Some(more @ 1..) => ui.warn(format_args!("{} more; `beansprout check` shows them", count(more, "finding"))),
        _ if failing().next().is_some() => ui.say("`beansprout check` tells what to do about that"),
        _ => {}
    }
}

#[derive(Debug, thiserror::Error)]
#[error("nothing was sent: {} and {}", count(.0.errors, "error"), count(.0.warnings, "warning"))]
struct Refused(Checked);

impl Fault for Refused {
    fn exit(&self) -> Exit {
        Exit::Findings
    }

    fn hint(&self) -> Option<String> {
        Some("`beansprout check` shows each with its cure; `--no-check` publishes all the same".to_owned())
    }
}
