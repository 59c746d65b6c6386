//! Dead end: where a script fails for certain, and what is never reached by that.

use super::{Place, Script};
use crate::check::words::Run;

/// The home of Ubuntu's user, which Amazon Linux does not have.
pub(in crate::check) const UBUNTU: &str = "/home/ubuntu";

/// Where a script comes to an end, whatever its last lines say.
#[derive(Debug, Clone)]
pub(in crate::check) struct End {
    pub(in crate::check) run: Run,
    /// Is nothing of the script left behind what is never reached?
    pub(in crate::check) is_last: bool,
    /// What is never reached.
    pub(in crate::check) unreached: String,
}

impl Script<'_> {
    /// The run that fails for certain, if there is one.
    pub(in crate::check) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Takes away what is never reached, because what it hangs on fails for certain.
    pub(super) fn cut(&mut self) {
        // Lines that YAML folds are not told apart here.
        if !matches!(self.place, Place::Hook(_)) {
            return;
        }
        let Some(run) = self.host_runs().find(|run| goes_where_nothing_is(run) && !self.forgives(run)) else { return };
        let from = run.span().end - self.start;
        let Some(rest) = self.text.get(from..) else { return };
        let length = if self.stops_at(run) { Some(rest.len()) } else { chained(rest) };
        let Some((unreached, left)) = length.and_then(|length| rest.split_at_checked(length)) else { return };
        let is_last = left.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#'));
        let place = from + self.start..from + self.start + unreached.len();
        self.end = Some(End { run: run.clone(), is_last, unreached: unreached.to_owned() });
        self.runs.retain(|run| !place.contains(&run.program.span.start));
    }
}

/// Does a run enter or read what is in a folder that no instance has?
fn goes_where_nothing_is(run: &Run) -> bool {
    let target = run.plain().next().filter(|_| matches!(run.name(), "source" | "." | "cd"));
    target
        .is_some_and(|word| word.text.strip_prefix(UBUNTU).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// How much of what follows a command is joined to it by `&&`: the rest of the line, or a group in braces.
fn chained(rest: &str) -> Option<usize> {
    let after = rest.trim_start_matches([' ', '\t']).strip_prefix("&&")?;
    let line = rest.find('\n').unwrap_or(rest.len());
    // `|| …` would run where it fails.
    if rest[..line].contains("||") || rest[..line].contains(';') {
        return None;
    }
    if !after.trim_start_matches([' ', '\t']).starts_with('{') {
        return (!rest[..line].trim_end().ends_with(['\\', '&', '|', '('])).then_some(line);
    }
    let end = rest.match_indices('\n').find(|(at, _)| rest[at + 1..].starts_with('}'))?.0 + 2;
    let tail = rest[end..].lines().next().unwrap_or_default();
    tail.trim().is_empty().then_some(end)
}
