//! What is asked of a swap, what happens on the way, and what it came to.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::release::api_error::ApiError;
use crate::release::bucket::BundleStore;
use crate::release::deploy::Event as DeployEvent;
use crate::release::probe::{Probe, Probed};

/// How a swap is carried out.
#[derive(Debug, Clone)]
pub struct Options {
    pub store: BundleStore,
    /// Folder in which runs of this machine leave word of themselves.
    pub runs: Option<PathBuf>,
    pub probes: Vec<Probe>,
    /// The name that visitors use, if it is not the one that is swapped.
    pub host: Option<String>,
    /// How long to look at it afterwards.
    pub watch: Duration,
    pub take_over: bool,
}

/// What happens on the way.
#[derive(Debug)]
pub enum Event<'a> {
    Testing {
        environment: &'a str,
        host: &'a str,
    },
    Tested(&'a Probed),
    /// There is no site to be tested, and why.
    NotTested(&'a str),
    Swapping {
        name: &'a str,
        from: &'a str,
        to: &'a str,
    },
    /// An earlier run did it, and did not live to see whether it was good.
    Resuming,
    Watching(Duration),
    /// Something looks bad; if the next look shows it too, it goes back.
    Doubtful(&'a str),
    GoingBack(&'a str),
    NotRecorded(&'a ApiError),
    NotSeen(&'a ApiError),
}

/// What a swap came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Swapped {
    pub account: Option<String>,
    pub region: String,
    pub blue: String,
    pub green: String,
    /// The name that visitors use, which GREEN has now.
    pub name: String,
    /// The name that BLUE has now.
    pub other: String,
    pub outcome: Outcome,
    pub tests: Tested,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Swapped,
    /// It was so already.
    Unchanged,
    /// Tested, and held.
    Held,
}

/// Tests of GREEN before the swap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tested {
    pub probes: Vec<Probed>,
    /// Why nothing was tested, if nothing was.
    pub not_tested: Option<String>,
}

pub(super) fn noted(event: &DeployEvent<'_>, report: &mut dyn FnMut(Event<'_>)) {
    match event {
        DeployEvent::NotRecorded(error) => report(Event::NotRecorded(error)),
        DeployEvent::NotSeen(error) => report(Event::NotSeen(error)),
        _ => {}
    }
}
