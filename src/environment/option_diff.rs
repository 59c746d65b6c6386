//! The options of a living environment beside those of another side: who set each, and who would win.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::captured_options::{Captured, Left};
use super::description::Description;
use super::files::{Files, Said};
use super::key::OptionKey;
use super::property::Property;
use super::send::{INSTANCE_PROFILE, PROFILE};
use super::set_by::{LiveSetting, SetBy, made, same, set_by};

/// A living environment, for a comparison.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    settings: BTreeMap<OptionKey, String>,
    /// What the files of its version say; `None`: the bundle is gone.
    files: Option<Files>,
    /// Options that nobody chose.
    noise: BTreeSet<OptionKey>,
    description: Option<Description>,
}

/// An option that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionRow {
    pub option: OptionKey,
    /// `None`: it has no value, or its default.
    pub live: Option<String>,
    pub set_by: SetBy,
    pub other: Option<String>,
    /// Where the other side has it from: a file and line, the description, or who set it in the other environment.
    pub other_by: Option<String>,
    pub wins: Wins,
}

/// Who decides about the option when the other side comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wins {
    /// What was set on the environment itself outranks every file, for as long as it lives.
    Api,
    Files,
    /// Two environments: each keeps its own.
    Each,
    /// Nobody knows who set it.
    Unknown,
}

impl LiveOptions {
    /// `captured` tells which options nobody chose.
    pub fn new(
        settings: &[LiveSetting],
        files: Option<Files>,
        captured: &Captured,
        description: Option<&Description>,
    ) -> Self {
        let noise =
            captured.left.iter().filter(|(_, left)| !matches!(left, Left::File | Left::Secret | Left::OwnField));
        let noise: BTreeSet<OptionKey> = noise.map(|(option, _)| option.clone()).collect();
        let settings = settings.iter().filter(|setting| {
            let value = setting.value.as_deref().unwrap_or_default();
            !value.is_empty() && !made(&setting.option, value)
        });
        Self {
            settings: settings
                .map(|setting| (setting.option.clone(), setting.value.clone().unwrap_or_default()))
                .collect(),
            files,
            noise,
            description: description.cloned(),
        }
    }

    fn chosen(&self) -> impl Iterator<Item = &OptionKey> {
        self.settings.keys().filter(|option| !self.noise.contains(option))
    }

    fn set_by(&self, option: &OptionKey, value: Option<&String>) -> SetBy {
        value.map_or(SetBy::Default, |value| set_by(option, value, self.files.as_ref()))
    }

    /// Beside the files of another version, or of a tree.
    pub fn beside_files(&self, files: &Files) -> Vec<OptionRow> {
        let mut options: BTreeSet<&OptionKey> = self.chosen().collect();
        options.extend(files.iter().map(|(option, _)| option));
        options.extend(self.description.iter().flat_map(|description| description.options.keys()));
        options.into_iter().filter_map(|option| self.beside(option, files)).collect()
    }

    fn beside(&self, option: &OptionKey, files: &Files) -> Option<OptionRow> {
        let live = self.settings.get(option);
        let by = self.set_by(option, live);
        let said = files.get(option);
        // Whoever set it on the environment wins, and a description knows of it.
        let described = match &self.description {
            Some(description) => said_by(description, option),
            None => profile(option).map(Some),
        };
        let (other, other_by, wins) = match (&by, described, said) {
            (SetBy::Api { .. }, Some(described), _) => (described, Some("description".to_owned()), Wins::Api),
            (SetBy::Api { .. }, None, said) => (said.map(|said| said.value.clone()), said.map(Said::place), Wins::Api),
            (SetBy::Unknown, Some(described), None) => (described, Some("description".to_owned()), Wins::Unknown),
            (SetBy::Unknown, _, said) => (said.map(|said| said.value.clone()), said.map(Said::place), Wins::Unknown),
            (_, Some(described), None) if described.is_some() => {
                (described, Some("description".to_owned()), Wins::Files)
            }
            (_, _, said) => (said.map(|said| said.value.clone()), said.map(Said::place), Wins::Files),
        };
        // How a property comes about is no value to compare.
        let unknown = other.is_none() && other_by.is_some();
        let equal = match (live, &other) {
            (Some(_), None) if unknown => true,
            (Some(live), Some(other)) => same(option, live, other),
            (Some(_), None) => matches!(by, SetBy::Default),
            (None, Some(_)) => false,
            (None, None) => true,
        };
        (!equal).then(|| row(option, live, by, other, other_by, wins))
    }

    /// Beside another environment.
    pub fn beside_environment(&self, other: &Self) -> Vec<OptionRow> {
        let options: BTreeSet<&OptionKey> = self.chosen().chain(other.chosen()).collect();
        let mut rows = Vec::new();
        for option in options {
            let (live, there) = (self.settings.get(option), other.settings.get(option));
            let equal = match (live, there) {
                (Some(live), Some(there)) => same(option, live, there),
                (live, there) => live == there,
            };
            if equal {
                continue;
            }
            let by = self.set_by(option, live);
            let theirs = there.map(|_| other.set_by(option, there).words());
            rows.push(row(option, live, by, there.cloned(), theirs, Wins::Each));
        }
        rows
    }
}

/// The instance profile of whoever names none.
fn profile(option: &OptionKey) -> Option<String> {
    ((option.namespace.as_str(), option.name.as_str()) == PROFILE).then(|| INSTANCE_PROFILE.to_owned())
}

/// What a description says of an option. `Some(None)`: it is there, and has no value to compare.
fn said_by(description: &Description, option: &OptionKey) -> Option<Option<String>> {
    if option.is_property() {
        return match description.properties.get(&option.name)? {
            Property::Plain(text) | Property::Secret(text) => Some(Some(text.clone())),
            _ => Some(None),
        };
    }
    if let Some(usual) = profile(option) {
        return Some(description.instance_profile.clone().or(Some(usual)));
    }
    description.options.get(option).cloned().map(Some)
}

/// Values of properties are not told: equal or not is all that is said.
fn row(
    option: &OptionKey,
    live: Option<&String>,
    mut set_by: SetBy,
    other: Option<String>,
    other_by: Option<String>,
    wins: Wins,
) -> OptionRow {
    let property = option.is_property();
    let secret = option.namespace == "aws:rds:dbinstance" && matches!(option.name.as_str(), "DBPassword" | "DBUser");
    let (live, other) = if property || secret {
        if let SetBy::Api { outranks: Some(said) } | SetBy::File(said) = &mut set_by {
            said.value = "a value".to_owned();
        }
        let there = if live.is_some() && other.is_some() { "another value" } else { "a value" };
        (live.map(|_| "a value".to_owned()), other.map(|_| there.to_owned()))
    } else {
        (live.cloned(), other)
    };
    OptionRow { option: option.clone(), live, set_by, other, other_by, wins }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::customizations::Customizations;
    use crate::beanstalk::tree::Tree;
    use crate::environment::{Live, capture};

    fn files(text: &str) -> Files {
        Files::of(&Customizations::read(&Tree::default().file(".ebextensions/a.config", text)))
    }

    fn live(settings: &[(&str, &str)], text: &str, description: Option<&Description>) -> LiveOptions {
        let settings: Vec<LiveSetting> = settings
            .iter()
            .map(|(option, value)| LiveSetting {
                option: OptionKey::parse(option).unwrap(),
                value: Some((*value).to_owned()),
            })
            .collect();
        let seen = Live { settings: settings.clone(), files: Some(files(text)), images: None };
        let captured = capture(&seen, description, &BTreeSet::new());
        LiveOptions::new(&settings, Some(files(text)), &captured, description)
    }

    fn lines(rows: &[OptionRow]) -> Vec<String> {
        rows.iter()
            .map(|row| {
                format!("{} {:?} {:?} {:?}", row.option.name, row.live.as_deref(), row.other.as_deref(), row.wins)
            })
            .collect()
    }

    const PROPERTY: &str = "aws:elasticbeanstalk:application:environment";

    #[test]
    fn who_would_win() {
        let now =
            "option_settings:\n  aws:autoscaling:asg: {MaxSize: 4}\n  aws:elasticbeanstalk:command: {Timeout: 900}\n";
        let then =
            "option_settings:\n  aws:autoscaling:asg: {MaxSize: 6}\n  aws:elasticbeanstalk:command: {Timeout: 900}\n";
        let key = format!("{PROPERTY}/KEY");
        let options = live(
            &[
                ("aws:autoscaling:asg/MaxSize", "4"),
                ("aws:autoscaling:asg/MinSize", "3"),
                ("aws:autoscaling:asg/Cooldown", "360"),
                ("aws:elasticbeanstalk:command/Timeout", "300"),
                (&key, "hunter2"),
            ],
            now,
            None,
        );
        let rows = options.beside_files(&files(then));
        assert_eq!(
            lines(&rows),
            [
                "MaxSize Some(\"4\") Some(\"6\") Files",
                "MinSize Some(\"3\") None Api",
                "KEY Some(\"a value\") None Api",
                "Timeout Some(\"300\") Some(\"900\") Api",
            ]
        );
        assert!(!format!("{rows:?}").contains("hunter2"));
        // What is described is no surprise.
        let text = "format = 'beansprout.environment/1'\n[options]\n'aws:autoscaling:asg/MinSize' = 3\n'aws:elasticbeanstalk:command/Timeout' = 300\n[properties]\nKEY = { ask = true }\n";
        let description = Description::read("shop", "x", text).unwrap();
        let options = live(
            &[("aws:autoscaling:asg/MinSize", "3"), ("aws:elasticbeanstalk:command/Timeout", "300"), (&key, "hunter2")],
            now,
            Some(&description),
        );
        assert_eq!(lines(&options.beside_files(&files(now))), ["MaxSize None Some(\"4\") Files"]);
    }

    #[test]
    fn without_the_bundle_nobody_knows_who_set_it() {
        let setting = |option: &str, value: &str| LiveSetting {
            option: OptionKey::parse(option).unwrap(),
            value: Some(value.to_owned()),
        };
        let settings =
            [setting("aws:autoscaling:asg/MinSize", "3"), setting("aws:elasticbeanstalk:command/Timeout", "900")];
        let seen = Live { settings: settings.to_vec(), files: None, images: None };
        let options = LiveOptions::new(&settings, None, &capture(&seen, None, &BTreeSet::new()), None);
        let said = files("option_settings:\n  aws:elasticbeanstalk:command: {Timeout: 700}\n");
        let rows = options.beside_files(&said);
        assert_eq!(lines(&rows), ["MinSize Some(\"3\") None Unknown", "Timeout Some(\"900\") Some(\"700\") Unknown"]);
        assert!(rows.iter().all(|row| row.set_by == SetBy::Unknown), "{rows:?}");
        assert!(options.beside_environment(&options).is_empty());
    }

    #[test]
    fn two_environments() {
        let key = format!("{PROPERTY}/KEY");
        let one = live(&[("aws:autoscaling:asg/MinSize", "3"), (&key, "hunter2")], "", None);
        let other = live(&[("aws:autoscaling:asg/MinSize", "2"), (&key, "hunter3")], "", None);
        let rows = one.beside_environment(&other);
        assert_eq!(
            lines(&rows),
            ["MinSize Some(\"3\") Some(\"2\") Each", "KEY Some(\"a value\") Some(\"another value\") Each"]
        );
        assert!(!format!("{rows:?}").contains("hunter"));
        assert!(one.beside_environment(&one).is_empty());
    }

    const MIN: &str = "aws:autoscaling:asg/MinSize";
    const PROFILE: &str = "aws:autoscaling:launchconfiguration/IamInstanceProfile";

    #[test]
    fn what_is_described_and_does_not_live() {
        let key = format!("{PROPERTY}/KEY");
        let described = |text: &str| {
            Description::read("shop", "x", &format!("format = 'beansprout.environment/1'\n{text}")).unwrap()
        };
        #[track_caller]
        fn case(settings: &[(&str, &str)], now: &str, description: &Description, rows: &[&str]) {
            assert_eq!(lines(&live(settings, now, Some(description)).beside_files(&files(""))), rows);
        }
        let three = described("[options]\n'aws:autoscaling:asg/MinSize' = 3\n");
        case(&[(MIN, "3")], "", &three, &[]);
        case(&[(MIN, "5")], "", &three, &["MinSize Some(\"5\") Some(\"3\") Api"]);
        case(&[], "", &three, &["MinSize None Some(\"3\") Files"]);
        let plain = described("[properties]\nKEY = 'one'\n");
        case(&[(&key, "one")], "", &plain, &[]);
        case(&[(&key, "two")], "", &plain, &["KEY Some(\"a value\") Some(\"another value\") Api"]);
        // Nobody can say what is asked for at launch, but a file that no longer sets it takes it away.
        let asked = described("[properties]\nKEY = { ask = true }\n");
        case(&[(&key, "two")], "", &asked, &[]);
        let set = format!("option_settings:\n  {PROPERTY}: {{KEY: two}}\n");
        case(&[(&key, "two")], &set, &asked, &["KEY Some(\"a value\") None Files"]);
    }

    #[test]
    fn who_names_no_instance_profile_has_the_usual_one() {
        #[track_caller]
        fn case(profile: &str, description: Option<&str>, rows: &[&str]) {
            let read = |text: &str| {
                Description::read("shop", "x", &format!("format = 'beansprout.environment/1'\n{text}")).unwrap()
            };
            let description = description.map(read);
            let options = live(&[(PROFILE, profile)], "", description.as_ref());
            assert_eq!(lines(&options.beside_files(&files(""))), rows);
        }
        let usual = "IamInstanceProfile Some(\"mine\") Some(\"aws-elasticbeanstalk-ec2-role\") Api";
        case(INSTANCE_PROFILE, None, &[]);
        case("mine", None, &[usual]);
        case(INSTANCE_PROFILE, Some(""), &[]);
        case("mine", Some(""), &[usual]);
        case("mine", Some("instance_profile = 'mine'\n"), &[]);
    }

    #[test]
    fn what_only_one_of_two_environments_has() {
        let key = format!("{PROPERTY}/KEY");
        let (name, class) = ("aws:rds:dbinstance/DBUser", "aws:rds:dbinstance/DBInstanceClass");
        let one = live(&[(MIN, "3"), (name, "ada"), (class, "db.t3.micro")], "", None);
        let other = live(&[(&key, "hunter2"), (name, "eve"), (class, "db.t3.large")], "", None);
        assert_eq!(
            lines(&one.beside_environment(&other)),
            [
                "MinSize Some(\"3\") None Each",
                "KEY None Some(\"a value\") Each",
                "DBInstanceClass Some(\"db.t3.micro\") Some(\"db.t3.large\") Each",
                "DBUser Some(\"a value\") Some(\"another value\") Each",
            ]
        );
    }
}
