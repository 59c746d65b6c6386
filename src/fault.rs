//! What every error of this program owes its reader: one sentence, a way on, and an exit code.
//!
//! Each module has its own `Error` and says there what happened. This trait is all that the roof needs to know.

use std::fmt;

/// How a run ended, as build scripts see it
///
/// The numbers are API: documented in `docs/reference/exit-codes.md` and tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command did what was asked.
    Done = 0,
    /// A check found something, or a plan was refused.
    Findings = 1,
    /// The command line was wrong, or an answer is missing.
    Usage = 2,
    /// What was named cannot be used: the project, a bundle, or something at AWS that is not there or not good.
    Invalid = 3,
    /// AWS refused or failed; the same command is right once the cause is gone.
    Aws = 4,
    /// The deployment failed or was rolled back.
    DeployFailed = 5,
    /// Time ran out or the watch was lost, and AWS goes on.
    StillGoing = 6,
    /// A label or key stands for other content.
    Conflict = 7,
    /// Stopped by a signal.
    Interrupted = 130,
}

impl Exit {
    pub fn code(self) -> i32 {
        self as i32
    }
}

/// When the same command can help, for programs that repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// At once: it asks first what is done already.
    Now,
    /// When something else is over.
    Later,
    /// When somebody has changed something: rights, credentials, a quota.
    AfterChange,
}

/// An error that knows what the reader can do next.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    fn exit(&self) -> Exit;

    /// The next thing to try, as a sentence without a full stop.
    fn hint(&self) -> Option<String> {
        None
    }

    /// When the same command can help. `None`: it cannot.
    fn repeat(&self) -> Option<Repeat> {
        None
    }

    /// Does something go on at AWS that this run asked for?
    fn under_way(&self) -> bool {
        self.exit() == Exit::StillGoing
    }
}

/// The hints of several problems as one, each said once.
pub fn hint_of_all(hints: impl Iterator<Item = String>) -> String {
    distinct(hints).join("\n      ")
}

/// Texts in their order, each where it is said first.
pub fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    texts.filter(|text| seen.insert(text.clone())).collect()
}

/// Any `Fault`, on its way up to `main`.
pub struct Failure(Box<dyn Fault>);

impl Failure {
    pub fn exit(&self) -> Exit {
        self.0.exit()
    }

    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    pub fn repeat(&self) -> Option<Repeat> {
        self.0.repeat()
    }

    pub fn under_way(&self) -> bool {
        self.0.under_way()
    }

    /// All its sentences in one line.
    pub fn line(&self) -> String {
        self.chain().collect::<Vec<_>>().join(": ")
    }

    /// The sentences from the outermost to the cause.
    pub fn chain(&self) -> impl Iterator<Item = String> {
        let mut next: Option<&dyn std::error::Error> = Some(&*self.0);
        std::iter::from_fn(move || {
            let error = next?;
            next = error.source();
            Some(error.to_string())
        })
    }
}

impl<E: Fault> From<E> for Failure {
    fn from(fault: E) -> Self {
        Self(Box::new(fault))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_said_once_wherever_it_comes_again() {
        let hints = ["wait", "scale", "wait"].map(str::to_owned);
        assert_eq!(hint_of_all(hints.into_iter()), "wait\n      scale");
    }
}
