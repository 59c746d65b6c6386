//! How far a long piece of work is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// How far a piece of work is, if anybody wants to know. A bar goes away when dropped; events end with the last state.
#[derive(Clone)]
pub struct Progress(Shown);

#[derive(Clone)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Events(Arc<Mutex<Events>>),
}

impl Progress {
    pub fn hidden() -> Self {
        Self(Shown::Nothing)
    }

    /// A line of JSON on stderr now and then.
    pub(super) fn events(phase: &'static str, total: u64) -> Self {
        Self(Shown::Events(Arc::new(Mutex::new(Events::begin(phase, total)))))
    }

    /// A bar in a terminal of so many columns.
    pub(super) fn bar(phase: &'static str, total: u64, columns: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = if columns < 70 {
            "{msg} {percent:>3}%"
        } else {
            "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}"
        };
        let style = ProgressStyle::with_template(template).expect("the templates above are well formed");
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(phase);
        Self(Shown::Bar(bar))
    }

    pub fn advance(&self, bytes: u64) {
        match &self.0 {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.inc(bytes),
            Shown::Events(events) => events.lock().unwrap_or_else(PoisonError::into_inner).advance(bytes),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Lines of JSON on stderr: the first state, the last one, and between them no more than one in this time.
const PACE: Duration = Duration::from_secs(1);

/// What `docs/schema/event-1.json` describes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
struct State {
    schema: &'static str,
    event: &'static str,
    phase: &'static str,
    /// Bytes.
    done: u64,
    total: u64,
}

struct Events {
    state: State,
    told: State,
    at: Instant,
}

impl Events {
    fn begin(phase: &'static str, total: u64) -> Self {
        let state = State { schema: "beansprout.event/1", event: "progress", phase, done: 0, total };
        let mut events = Self { state, told: state, at: Instant::now() };
        events.tell();
        events
    }

    fn advance(&mut self, bytes: u64) {
        self.state.done += bytes;
        if self.at.elapsed() >= PACE {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let text = serde_json::to_string(&self.state).expect("a state has string keys");
        super::tell(&text);
        self.told = self.state;
        self.at = Instant::now();
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if self.state != self.told {
            self.tell();
        }
    }
}
