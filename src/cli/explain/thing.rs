//! One thing of the project, through all events: does it run again, does it see the variables, is the site up?

use std::fmt::{self, Write};

use serde::Serialize;

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::timeline::{Environment, Event, Failure, Runs, Site, Timeline, User};
use crate::ui::{Answer, wrap};

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
    /// Does the script itself ask whether its instance is the leader?
    #[serde(skip)]
    asks_leader: bool,
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
                    asks_leader: customizations
                        .hooks
                        .iter()
                        .any(|hook| hook.path == action.origin.path && hook.asks_leader),
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
        f.write_str(&self.tell(100))
    }
}

impl Things {
    /// The answers to what people ask about each thing, one sentence to a line, broken at `columns`.
    pub(super) fn tell(&self, columns: usize) -> String {
        let mut told = std::collections::BTreeSet::new();
        let mut out = String::new();
        for thing in &self.things {
            if !told.insert((&thing.name, &thing.place)) {
                continue;
            }
            let same = |other: &&Thing| other.name == thing.name && other.place == thing.place;
            let all: Vec<&Thing> = self.things.iter().filter(same).collect();
            if told.len() > 1 {
                out.push('\n');
            }
            let Thing { name, kind, place, user, cwd, .. } = thing;
            // Writing to a `String` cannot fail.
            let _ = match thing.is_copied() {
                true => writeln!(out, "{name}: {kind} of {place}"),
                false => writeln!(out, "{name}: {kind} of {place}, as {user} in {cwd}"),
            };
            for sentence in sentences(&all) {
                for (number, line) in wrap(&sentence, 4, 4, columns.max(40)).into_iter().enumerate() {
                    let _ = writeln!(out, "{}{line}", if number == 0 { "  - " } else { "    " });
                }
            }
        }
        out
    }
}

/// One thing, in all events.
fn sentences(all: &[&Thing]) -> Vec<String> {
    if all.iter().any(|thing| thing.is_copied()) {
        return copied(all);
    }
    let mut sentences: Vec<String> = all.iter().map(|thing| thing.fate()).collect();
    let runs = |event: Event| all.iter().find(|thing| thing.event == event && !thing.is_left_out());
    let on_running = runs(Event::Deploy).or_else(|| runs(Event::Config));
    let on_new = runs(Event::ScaleOut).or_else(|| runs(Event::Launch));
    let Some(any) = on_running.or(on_new) else { return sentences };
    sentences.push(match any.environment {
        Environment::Properties | Environment::Hook => {
            format!("It sees your environment properties: {}.", any.environment.phrase())
        }
        Environment::Unconfirmed => {
            format!("Do not count on your environment properties: {}.", any.environment.phrase())
        }
        Environment::None => "It is not a program that would look for environment properties.".to_owned(),
    });
    let mut proxy = match on_running.map(|thing| thing.site) {
        Some(Site::Old) => "The proxy (nginx) is up at that moment and serves the old version".to_owned(),
        Some(Site::New) => "The proxy (nginx) is up at that moment and serves the new version".to_owned(),
        Some(Site::Down | Site::NotYet) => {
            "The proxy (nginx) is stopped at that moment: visitors get nothing".to_owned()
        }
        None => String::new(),
    };
    match (proxy.is_empty(), on_new.map(|thing| thing.site)) {
        (true, Some(Site::New)) => proxy.push_str("The proxy (nginx) is up at that moment"),
        (true, Some(_)) => proxy.push_str("The proxy (nginx) is not up at that moment"),
        (false, Some(Site::NotYet)) => proxy.push_str("; on a new instance it is not up yet"),
        _ => {}
    }
    sentences.push(format!("{proxy}."));
    if any.kind == "process" {
        let ends = "It stays: whenever it ends, it is started again, on every instance. What ends by itself, such as a migration, runs again and again.";
        sentences.push(ends.to_owned());
    }
    if any.asks_leader {
        let part = "It asks for `EB_IS_COMMAND_LEADER`: what stands behind that question runs on the leader only, the rest on every instance.";
        sentences.push(part.to_owned());
    }
    sentences
}

/// A file of the proxy's: what it does shows where the proxy starts, and not where the file is copied.
fn copied(all: &[&Thing]) -> Vec<String> {
    let events: Vec<&str> = all.iter().filter(|thing| !thing.is_left_out()).map(|thing| thing.when()).collect();
    vec![
        format!("It is copied, untested, {}.", events.join(", ")),
        "It counts when the proxy starts, which is after the flip: a mistake in it shows only then, and nothing answers, since the old version is deleted.".to_owned(),
        "On a new instance a mistake in it fails the deployment there: the instance never serves.".to_owned(),
        "`beansprout check` looks at its grammar; `nginx -t` on the instance comes too late.".to_owned(),
    ]
}

impl Thing {
    /// Is it a file that is copied, and carried out by somebody else later?
    fn is_copied(&self) -> bool {
        self.kind == "proxy file"
    }

    fn is_left_out(&self) -> bool {
        matches!(self.runs, Runs::Never { .. })
    }

    fn when(&self) -> &'static str {
        match self.event {
            Event::Launch => "when the environment is created",
            Event::Deploy => "when a new version is deployed",
            Event::Config => "again when an environment property changes",
            Event::ScaleOut => "on a new instance at scale-out",
        }
    }

    /// What becomes of it in its event.
    fn fate(&self) -> String {
        let when = self.when();
        let on = match self.runs {
            Runs::Never { why } => return format!("It does not run {when}: {why}."),
            Runs::Leader => ", on the leader only",
            Runs::All if self.event == Event::ScaleOut => "",
            Runs::All => ", on every instance",
        };
        format!("It runs {when}{on}. If it fails: {}.", self.failure.phrase())
    }
}
