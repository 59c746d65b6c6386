//! Conditions of a swap: all that has to hold before visitors of one environment come to another. Pure.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::sides::{Side, Survey};
use crate::environment::{Difference, differences_that_matter};
use crate::release::environment::{Health, Phase};

/// A condition that somebody may knowingly do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Despite {
    /// GREEN has fewer instances in service
    Instances,
    /// GREEN lacks a listener, a property, a schedule, or has another role or network
    Settings,
    /// The old code cannot live with a migration of the new one, or the other way round
    Migrations,
    /// A managed update may begin within the hour
    Updates,
    /// An alias leads to a balancer, and will not follow
    Alias,
}

impl Despite {
    pub fn word(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Settings => "settings",
            Self::Migrations => "migrations",
            Self::Updates => "updates",
            Self::Alias => "alias",
        }
    }
}

/// What lies between the two versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrations {
    /// Which file and line takes what away.
    pub risks: Vec<String>,
    /// Files that nobody can judge, or why no bundle could be read.
    pub unread: Vec<String>,
}

/// A condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Same,
    Applications { blue: String, green: String },
    Worker { name: String },
    NotReady { name: String },
    NotGood { name: String, health: Health },
    NoVersion { name: String },
    NoName { name: String },
    OtherVersions { name: String, label: String, others: Vec<String> },
    Database { name: String },
    Fewer { green: String, blue: String, serving: usize, wanted: usize },
    Settings { difference: Difference },
    Updates { name: String, at: String },
    Migration { risk: String },
    Alias { file: String, target: String },
}

impl Condition {
    /// The word with which it is knowingly done without.
    pub fn despite(&self) -> Option<Despite> {
        match self {
            Self::Fewer { .. } => Some(Despite::Instances),
            Self::Settings { .. } => Some(Despite::Settings),
            Self::Migration { .. } => Some(Despite::Migrations),
            Self::Updates { .. } => Some(Despite::Updates),
            Self::Alias { .. } => Some(Despite::Alias),
            _ => None,
        }
    }
}

/// What does not hold, and what a person should know. `alias` is a file, and the balancer that it leads to.
pub fn conditions(
    survey: &Survey,
    migrations: &Migrations,
    alias: Option<(String, String)>,
    despite: &BTreeSet<Despite>,
) -> (Vec<Condition>, Vec<String>) {
    let Survey { blue, green, .. } = survey;
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    if blue.environment.id == green.environment.id {
        return (vec![Condition::Same], notes);
    }
    if blue.environment.application != green.environment.application {
        found.push(Condition::Applications {
            blue: blue.environment.application.clone(),
            green: green.environment.application.clone(),
        });
    }
    for side in [blue, green] {
        alone(side, survey.now, &mut found);
    }
    versions(green, &mut found, &mut notes);
    instances(blue, green, &mut found);
    for difference in differences_that_matter(&blue.settings, &green.settings) {
        // More properties hurt nobody, and new code often wants them.
        if difference.is_addition() && difference.is_property() {
            notes.push(format!("`{}` has the property `{}` alone", green.environment.name, difference.option.name));
        } else {
            found.push(Condition::Settings { difference });
        }
    }
    found.extend(migrations.risks.iter().map(|risk| Condition::Migration { risk: risk.clone() }));
    notes.extend(migrations.unread.iter().map(|unread| format!("nobody can tell from reading: {unread}")));
    if let Some((file, target)) = alias {
        found.push(Condition::Alias { file, target });
    }
    found.retain(|condition| {
        let accepted = condition.despite().is_some_and(|word| despite.contains(&word));
        if accepted {
            notes.push(format!("knowingly: {condition}"));
        }
        !accepted
    });
    (found, notes)
}

/// What has to hold for each of the two.
fn alone(side: &Side, now: Timestamp, found: &mut Vec<Condition>) {
    let environment = &side.environment;
    let name = environment.name.clone();
    if environment.worker {
        found.push(Condition::Worker { name });
        return;
    }
    if environment.status != Phase::Ready {
        found.push(Condition::NotReady { name: name.clone() });
    }
    if environment.health != Health::Good {
        found.push(Condition::NotGood { name: name.clone(), health: environment.health });
    }
    if environment.label.is_none() {
        found.push(Condition::NoVersion { name: name.clone() });
    }
    if environment.cname.is_none() {
        found.push(Condition::NoName { name: name.clone() });
    }
    if side.value("aws:rds:dbinstance", "HasCoupledDatabase").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        found.push(Condition::Database { name: name.clone() });
    }
    let managed = "aws:elasticbeanstalk:managedactions";
    let enabled = side.value(managed, "ManagedActionsEnabled").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if let Some(start) = side.value(managed, "PreferredStartTime").filter(|_| enabled)
        && begins_soon(start, now)
    {
        found.push(Condition::Updates { name, at: start.to_owned() });
    }
}

fn versions(green: &Side, found: &mut Vec<Condition>, notes: &mut Vec<String>) {
    let Some(label) = &green.environment.label else { return };
    let name = green.environment.name.clone();
    let Some(instances) = &green.instances else {
        notes
            .push(format!("not known, because `{name}` reports basic health only: does every instance run `{label}`?"));
        return;
    };
    let mut others: Vec<String> = instances
        .iter()
        .filter(|instance| instance.label.as_ref() != Some(label))
        .map(|instance| instance.label.clone().unwrap_or_else(|| "no version".to_owned()))
        .collect();
    others.sort();
    others.dedup();
    if !others.is_empty() {
        found.push(Condition::OtherVersions { name, label: label.clone(), others });
    }
}

/// As many as the visitors have now.
fn instances(blue: &Side, green: &Side, found: &mut Vec<Condition>) {
    let serving = |side: &Side| match &side.instances {
        Some(instances) => instances.iter().filter(|instance| instance.health == Health::Good).count(),
        None => side.count,
    };
    let (serving, wanted) = (serving(green), serving(blue));
    if serving < wanted {
        let (green, blue) = (green.environment.name.clone(), blue.environment.name.clone());
        found.push(Condition::Fewer { green, blue, serving, wanted });
    }
}

/// Does the weekly window (`Tue:09:00`, UTC, two hours long) begin within the hour, or is it open?
fn begins_soon(start: &str, now: Timestamp) -> bool {
    let Some((day, time)) = start.split_once(':') else { return false };
    let day = match day.to_ascii_lowercase().get(..3) {
        Some("mon") => Weekday::Monday,
        Some("tue") => Weekday::Tuesday,
        Some("wed") => Weekday::Wednesday,
        Some("thu") => Weekday::Thursday,
        Some("fri") => Weekday::Friday,
        Some("sat") => Weekday::Saturday,
        Some("sun") => Weekday::Sunday,
        _ => return false,
    };
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
    };
    let Some(begins) = minutes(time).map(|minutes| i64::from(day.to_monday_zero_offset()) * 1440 + minutes) else {
        return false;
    };
    let week = SignedDuration::from_hours(7 * 24).as_secs() / 60;
    let here = now.to_zoned(jiff::tz::TimeZone::UTC);
    let minute = i64::from(here.weekday().to_monday_zero_offset()) * 1440
        + i64::from(here.hour()) * 60
        + i64::from(here.minute());
    let until = (begins - minute).rem_euclid(week);
    until <= 60 || week - until < 120
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{LiveSetting, OptionKey};
    use crate::release::environment::{Environment, InstanceState};
    use crate::release::swap::Stand;

    fn side(name: &str, settings: &[(&str, &str)]) -> Side {
        let setting = |&(option, value): &(&str, &str)| LiveSetting {
            option: OptionKey::parse(option).unwrap(),
            value: Some(value.to_owned()),
        };
        Side {
            environment: Environment {
                label: Some("v2".to_owned()),
                cname: Some(format!("{name}.example")),
                ..Environment::well("shop", name)
            },
            settings: settings.iter().map(setting).collect(),
            instances: Some(vec![InstanceState { label: Some("v2".to_owned()), health: Health::Good }]),
            count: 1,
            bundle: None,
        }
    }

    fn survey(blue: Side, green: Side) -> Survey {
        // A Thursday.
        let now = "2026-11-26T08:30:00Z".parse().unwrap();
        Survey { account: None, region: "eu-west-1".to_owned(), now, blue, green, stand: Stand::Open }
    }

    #[track_caller]
    fn case(blue: Side, green: Side, words: &[&str]) {
        let (found, _) = conditions(&survey(blue, green), &Migrations::default(), None, &BTreeSet::new());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), words.len(), "{found:#?}");
        for (found, word) in found.iter().zip(words) {
            assert!(found.contains(word), "{found}: {word}");
        }
    }

    #[test]
    fn each_condition_is_looked_at() {
        let green = || side("green", &[]);
        let blue = || side("blue", &[]);
        case(blue(), green(), &[]);
        case(blue(), blue(), &["itself"]);
        let with = |act: fn(&mut Side)| {
            let mut side = green();
            act(&mut side);
            side
        };
        case(blue(), with(|side| side.environment.application = "other".to_owned()), &["two applications"]);
        case(blue(), with(|side| side.environment.worker = true), &["is a worker"]);
        case(blue(), with(|side| side.environment.status = Phase::Busy), &["is busy"]);
        case(blue(), with(|side| side.environment.health = Health::Bad), &["health of `green` is bad"]);
        case(blue(), with(|side| side.environment.cname = None), &["has no name"]);
        case(blue(), with(|side| side.environment.label = None), &["runs no version"]);
        let old = |side: &mut Side| {
            side.instances = Some(vec![
                InstanceState { label: Some("v1".to_owned()), health: Health::Good },
                InstanceState { label: Some("v2".to_owned()), health: Health::Good },
            ]);
        };
        case(blue(), with(old), &["there is also `v1`"]);
        case(blue(), with(|side| side.instances = Some(Vec::new())), &["0 in service"]);
        let coupled = side("green", &[("aws:rds:dbinstance/HasCoupledDatabase", "true")]);
        case(blue(), coupled, &["has a database of its own"]);
        let property = ("aws:elasticbeanstalk:application:environment/KEY", "hunter2");
        case(side("blue", &[property]), green(), &["property `KEY`"]);
        case(blue(), side("green", &[property]), &[]);
        let window = |start: &'static str| {
            let managed = "aws:elasticbeanstalk:managedactions";
            let enabled = OptionKey::new(managed, None, "ManagedActionsEnabled");
            let start_at = OptionKey::new(managed, None, "PreferredStartTime");
            let mut side = green();
            side.settings.push(LiveSetting { option: enabled, value: Some("true".to_owned()) });
            side.settings.push(LiveSetting { option: start_at, value: Some(start.to_owned()) });
            side
        };
        case(blue(), window("Thu:09:00"), &["Thu:09:00"]);
        case(blue(), window("Thu:07:00"), &["Thu:07:00"]);
        case(blue(), window("Thu:10:00"), &[]);
        case(blue(), window("Wed:09:00"), &[]);
    }

    #[test]
    fn what_is_knowingly_done_without_is_a_note() {
        let migrations = Migrations { risks: vec!["0002.py:5: `a.b` is removed".to_owned()], unread: Vec::new() };
        let survey = survey(side("blue", &[]), side("green", &[]));
        let alias = Some(("ops/root-domain.json".to_owned(), "x.elb.amazonaws.com".to_owned()));
        let (found, _) = conditions(&survey, &migrations, alias.clone(), &BTreeSet::new());
        assert_eq!(found.len(), 2);
        let despite = BTreeSet::from([Despite::Migrations, Despite::Alias]);
        let (found, notes) = conditions(&survey, &migrations, alias, &despite);
        assert!(found.is_empty() && notes.iter().all(|note| note.starts_with("knowingly: ")), "{notes:?}");
    }
}
