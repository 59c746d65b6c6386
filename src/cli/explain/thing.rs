//! One thing of the project, through all events: does it run again, does it see the variables, is the site up?

use std::fmt;

use serde::Serialize;

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::timeline::{Environment, Event, Failure, Runs, Site, Timeline, User};
use crate::ui::Answer;

/// Something of this project, through all events: its name or its path was the topic.
#[derive(Serialize)]
pub(super) struct Things {
    topic: String,
    pub(super) things: Vec<Thing>,
}

#[derive(Serialize)]
pub(super) struct Thing {
    event: Event,
    name: String,
    kind: &'static str,
    place: String,
    runs: Runs,
    user: User,
    cwd: String,
    environment: Environment,
    site: Site,
    failure: Failure,
}

impl Things {
    pub(super) fn find(topic: &str, customizations: &Customizations) -> Self {
        let mut things = Vec::new();
        for event in Event::ALL {
            let timeline = Timeline::new(customizations, event);
            for (step, action) in
                timeline.actions().filter(|(_, action)| action.name == topic || action.origin.path == topic)
            {
                things.push(Thing {
                    event,
                    name: action.name.clone(),
                    kind: action.work.noun(),
                    place: super::event::place(action),
                    runs: if matches!(step.runs, Runs::Never { .. }) { step.runs } else { action.runs },
                    user: action.user,
                    cwd: action.cwd.clone(),
                    environment: action.environment,
                    site: step.site,
                    failure: action.failure,
                });
            }
        }
        Self { topic: topic.to_owned(), things }
    }
}

/// Does it see the environment properties?
pub(super) fn sees(environment: Environment) -> &'static str {
    match environment {
        Environment::Properties | Environment::Hook => "yes",
        Environment::Unconfirmed => "do not rely on it",
        Environment::None => "–",
    }
}

impl Answer for Things {
    const SCHEMA: &str = "things/1";
}

impl fmt::Display for Things {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = std::collections::BTreeSet::new();
        for thing in &self.things {
            let Thing { name, kind, place, .. } = thing;
            if !told.insert((name, place)) {
                continue;
            }
            writeln!(f, "{name}: {kind} of {place}")?;
            writeln!(f, "  as {} in {}", thing.user, thing.cwd)?;
            writeln!(f, "  sees your environment variables: {}", sees(thing.environment))?;
            for other in self.things.iter().filter(|other| other.name == *name && other.place == *place) {
                let fate = match other.runs {
                    Runs::All => "runs on every instance".to_owned(),
                    Runs::Leader => "runs on the leader only".to_owned(),
                    Runs::Never { why } => format!("does not run: {why}"),
                };
                writeln!(f, "  {:<10} {fate}", other.event.to_string())?;
                if !matches!(other.runs, Runs::Never { .. }) {
                    writeln!(
                        f,
                        "             visitors get {}; if it fails, {}",
                        other.site.phrase(),
                        other.failure.phrase()
                    )?;
                }
            }
        }
        Ok(())
    }
}
