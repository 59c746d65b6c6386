//! What happens on an instance, as people read it.

use std::fmt;

use serde::Serialize;

use crate::beanstalk::timeline::Stage;
use crate::sandbox::instance::{Event, Health, asks_for};
use crate::ui::Ui;

/// Tells what happens on an instance, and keeps what it did not do.
#[derive(Default)]
pub(super) struct Reporter {
    /// A step that nothing was said of yet: most steps of most projects have nothing to say.
    step: Option<&'static str>,
    pub(super) would_do: Vec<WouldDo>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct WouldDo {
    kind: &'static str,
    name: String,
    why: String,
}

impl Reporter {
    pub(super) fn tell(&mut self, event: &Event, ui: &mut Ui) {
        match event {
            Event::Step { stage, summary } => {
                self.step = Some(summary);
                // These take their time.
                if matches!(stage, Stage::Dependencies | Stage::Flip) {
                    self.begin(ui);
                }
            }
            Event::Ran { noun, name } => self.line(format_args!("ran {noun} `{name}`"), ui),
            Event::Skipped { noun, name, why } => self.line(format_args!("passed over {noun} `{name}`: {why}"), ui),
            Event::Unsupported { noun, name, why } => {
                self.line(format_args!("not done here: {noun} `{name}`: {why}"), ui);
                self.would_do.push(WouldDo { kind: noun, name: name.clone(), why: why.clone() });
            }
            Event::Note(text) => self.line(format_args!("{text}"), ui),
            Event::Warning(text) => ui.warn(text),
            Event::Ended { process, how, again_in } => {
                let pause = again_in.as_secs_f64();
                ui.warn(format_args!("`{process}` ended ({how}); it starts again in {pause} s"));
            }
        }
    }
}

impl Reporter {
    fn begin(&mut self, ui: &mut Ui) {
        if let Some(step) = self.step.take() {
            ui.say(ui.err().bold(step));
        }
    }

    fn line(&mut self, text: fmt::Arguments, ui: &mut Ui) {
        self.begin(ui);
        ui.say(format_args!("  {text}"));
    }
}

pub(super) fn tell_health(health: &Health, ui: &mut Ui) {
    let Some(finding) = &health.finding else {
        return ui.say(format_args!("the health check at `{}` answers well", health.path));
    };
    let mut text = format!("the load balancer would take this instance out: {}\n", finding.what);
    text.push_str(&format!("{} {}", ui.err().cyan("hint:"), finding.advice()));
    for line in &finding.tail {
        text.push_str(&format!("\n  | {line}"));
    }
    if let Some(advice) = asks_for(&finding.tail) {
        text.push_str(&format!("\n{advice}"));
    }
    ui.warn(text);
}
