//! The steps of one event as a table in the terminal.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::beanstalk::timeline::{Action, Environment, Event, Failure, Phase, Runs, Site, Step, Timeline, User};
use crate::ui::{Answer, Paint, count, wrap};

/// A timeline with two faces.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Explained(pub(super) Timeline);

impl Answer for Explained {
    const SCHEMA: &str = "explain/1";
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.paint(Paint::default(), 100))
    }
}

impl Explained {
    pub(super) fn paint(&self, paint: Paint, columns: usize) -> String {
        let mut out = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.table(&mut out, paint, columns.clamp(60, 140));
        out
    }

    fn table(&self, out: &mut String, paint: Paint, columns: usize) -> fmt::Result {
        let timeline = &self.0;
        writeln!(out, "{} {}, on {}\n", paint.bold("When"), paint.bold(timeline.event.phrase()), timeline.family)?;
        let mut phase = None;
        let mut site = None;
        for (index, step) in timeline.steps.iter().enumerate() {
            if phase != Some(step.phase) {
                phase = Some(step.phase);
                writeln!(out, "{}", paint.cyan(phase_title(step.phase)))?;
            }
            if site != Some(step.site) {
                site = Some(step.site);
                writeln!(out, "     {}", paint.dim(format!("visitors get {}", step.site.phrase())))?;
            }
            self.step(out, index + 1, step, paint, columns)?;
        }
        self.answers(out, paint)
    }

    fn step(&self, out: &mut String, number: usize, step: &Step, paint: Paint, columns: usize) -> fmt::Result {
        let skipped = matches!(step.runs, Runs::Never { .. });
        let mark = if skipped { "– " } else { "" };
        let name = step.instruction.map(|name| format!(" [{name}]")).unwrap_or_default();
        let summary = if skipped { paint.dim(step.summary) } else { step.summary.to_owned() };
        writeln!(out, "{number:>3}  {mark}{summary}{}", paint.dim(name))?;
        if let Runs::Never { why } = step.runs {
            wrapped(out, "     not now: ", why, columns)?;
        } else if let Some(note) = step.note {
            wrapped(out, "     note: ", note, columns)?;
        }
        let runs: Vec<&Action> = step.actions.iter().filter(|action| !skipped && !never(action)).collect();
        let others: Vec<&Action> = step.actions.iter().filter(|action| skipped || never(action)).collect();
        if let Some(first) = runs.first() {
            let environment = runs.iter().map(|action| action.environment).find(|seen| *seen != Environment::None);
            let sees = environment.map(|environment| format!("sees {}; ", environment.phrase())).unwrap_or_default();
            let who = format!("as {} in {}; {sees}if it fails, {}", first.user, step.cwd, step.failure.phrase());
            wrapped(out, "     ", &who, columns)?;
        }
        let width = step.actions.iter().map(|action| action.name.chars().count()).max().unwrap_or(0).min(40);
        for action in runs {
            let mut line = format!("     {} {:<width$}  {}", paint.green("▸"), action.name, place(action));
            for extra in extras(step, action) {
                let _ = write!(line, "  {extra}");
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        for action in others {
            writeln!(
                out,
                "     {} {:<width$}  {}",
                paint.dim("·"),
                paint.dim(&action.name),
                paint.dim(format!("{}  not now", place(action)))
            )?;
            if let (Runs::Never { why }, false) = (action.runs, skipped) {
                wrapped(out, "         ", why, columns)?;
            }
        }
        Ok(())
    }

    /// What people ask, answered for this project and event.
    fn answers(&self, out: &mut String, paint: Paint) -> fmt::Result {
        let timeline = &self.0;
        let mut now = 0;
        let mut not = 0;
        let mut leader = 0;
        for (step, action) in timeline.actions() {
            match (step.runs, action.runs) {
                (Runs::Never { .. }, _) | (_, Runs::Never { .. }) => not += 1,
                (_, Runs::Leader) => leader += 1,
                _ => now += 1,
            }
        }
        let leaders = if leader > 0 { format!(", {leader} more on the leader only") } else { String::new() };
        writeln!(out, "\n{} of this project on every instance{leaders}; {not} not now", count(now, "thing"))?;
        let others: Vec<String> = Event::ALL
            .iter()
            .filter(|event| **event != timeline.event)
            .map(|event| format!("--event {event}"))
            .collect();
        writeln!(out, "{}", paint.dim(format!("other events: {}", others.join(", "))))
    }
}

fn phase_title(phase: Phase) -> &'static str {
    match phase {
        Phase::Initial => "Initial",
        Phase::Configure => "Configure",
        Phase::Deploy => "Deploy",
    }
}

fn never(action: &Action) -> bool {
    matches!(action.runs, Runs::Never { .. })
}

/// `path:line`
pub(super) fn place(action: &Action) -> String {
    match action.origin.line {
        Some(line) => format!("{}:{line}", action.origin.path),
        None => action.origin.path.clone(),
    }
}

/// What is special about an action, compared with its step.
pub(super) fn extras(step: &Step, action: &Action) -> Vec<String> {
    let mut extras = Vec::new();
    if action.runs == Runs::Leader {
        extras.push("leader only".to_owned());
    }
    if action.cwd != step.cwd {
        extras.push(format!("in {}", action.cwd));
    }
    if action.failure == Failure::Ignored {
        extras.push("failures ignored".to_owned());
    }
    extras
}

/// `text` after `lead`, broken between words so that lines stay below `columns`.
fn wrapped(out: &mut String, lead: &str, text: &str, columns: usize) -> fmt::Result {
    let indent = lead.chars().count();
    for (number, line) in wrap(text, indent, indent, columns).into_iter().enumerate() {
        let lead = if number == 0 { lead.to_owned() } else { " ".repeat(indent) };
        writeln!(out, "{lead}{line}")?;
    }
    Ok(())
}

/// For the page: everything about a step in words.
pub(super) fn facts(step: &Step) -> [(&'static str, String); 5] {
    let user = match step.user {
        User::Root => "root",
        User::Webapp => "webapp",
        User::Container => "whoever the image says",
    };
    let environment = match step.environment {
        Environment::None => "–",
        other => other.phrase(),
    };
    let site = match step.site {
        Site::Down => "nothing: the proxy is stopped",
        other => other.phrase(),
    };
    [
        ("runs as", user.to_owned()),
        ("in", step.cwd.to_owned()),
        ("sees", environment.to_owned()),
        ("visitors get", site.to_owned()),
        ("if it fails", step.failure.phrase().to_owned()),
    ]
}
