//! What is described beside what lives: who set an option, and who wins.

use std::collections::BTreeSet;

use serde::Serialize;

use super::description::Description;
use super::files::{Files, Said};
use super::key::OptionKey;
use super::property::Property;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::config_file::SECRETS_NAMESPACE;
use crate::beanstalk::options::{self, Kind};

/// An option of a living environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSetting {
    pub option: OptionKey,
    /// `None`: it has no value.
    pub value: Option<String>,
}

/// Who gave an option the value that it has. API before files before defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "who")]
pub enum SetBy {
    /// The console, the EB CLI, a launch, or another caller.
    Api {
        outranks: Option<Said>,
    },
    File(Said),
    Default,
    /// The files of its version are not known.
    Unknown,
}

/// An option whose described value is not the living one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub option: OptionKey,
    pub described: Option<String>,
    pub live: Option<String>,
    /// Who set the living value.
    pub set_by: SetBy,
}

/// Do two texts mean the same value of the option?
pub(crate) fn same(option: &OptionKey, one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    if one == other {
        return true;
    }
    if option.namespace == DEFAULT_NAMESPACE {
        return false;
    }
    let Some(row) = options::find(&option.namespace, &option.name) else { return false };
    match row.kind {
        Kind::Boolean => one.eq_ignore_ascii_case(other),
        Kind::Integer | Kind::Number => matches!((one.parse::<f64>(), other.parse::<f64>()), (Ok(a), Ok(b)) if a == b),
        Kind::Csv => {
            let words = |text: &'_ str| text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>();
            words(one) == words(other)
        }
        Kind::Json => {
            let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            parsed(one).is_some_and(|value| Some(value) == parsed(other))
        }
        _ => !row.allowed.is_empty() && !row.case_sensitive && one.eq_ignore_ascii_case(other),
    }
}

/// The value that an option has where nobody sets it, as the table knows it.
pub(crate) fn default_of(option: &OptionKey) -> Option<&'static str> {
    options::find(&option.namespace, &option.name)?.default
}

/// Who set the value of a living option.
pub(crate) fn set_by(option: &OptionKey, value: &str, files: &Files) -> SetBy {
    match files.get(option) {
        Some(said) if same(option, &said.value, value) => SetBy::File(said.clone()),
        said => match default_of(option) {
            Some(default) if said.is_none() && same(option, default, value) => SetBy::Default,
            _ => SetBy::Api { outranks: said.cloned() },
        },
    }
}

/// The same, where the files may not be known.
pub(crate) fn perhaps_set_by(option: &OptionKey, value: &str, files: Option<&Files>) -> SetBy {
    match files {
        Some(files) => set_by(option, value, files),
        None if default_of(option).is_some_and(|default| same(option, default, value)) => SetBy::Default,
        None => SetBy::Unknown,
    }
}

/// What differs between a description and the options of what lives, as far as the description or the API has a say.
/// `noise` are options that nobody chose: see what a capture leaves out. Values of properties are never in a row.
pub fn drift(description: &Description, live: &[LiveSetting], files: &Files, noise: &BTreeSet<OptionKey>) -> Vec<Row> {
    let mut rows = Vec::new();
    let find = |option: &OptionKey| {
        live.iter().find(|setting| setting.option == *option).and_then(|setting| setting.value.as_deref())
    };
    for (option, described) in &description.options {
        let now = find(option);
        if now.is_some_and(|now| same(option, now, described)) {
            continue;
        }
        // A file says the same: that it is not there yet is the version's matter.
        let set_by = now.map_or(SetBy::Default, |now| set_by(option, now, files));
        let (described, live) = (Some(described.clone()), now.map(str::to_owned));
        rows.push(Row { option: option.clone(), described, live, set_by });
    }
    for setting in live {
        let Some(value) = setting.value.as_deref() else { continue };
        let option = &setting.option;
        let property = option.is_property();
        if property || noise.contains(option) || description.options.contains_key(option) {
            continue;
        }
        let set_by = set_by(option, value, files);
        if matches!(set_by, SetBy::Api { .. }) {
            rows.push(Row { option: option.clone(), described: None, live: Some(value.to_owned()), set_by });
        }
    }
    rows.extend(properties(description, &find, live, files));
    rows.sort_by(|one, other| one.option.cmp(&other.option));
    rows
}

/// Properties: which are there, and which differ. What is asked for or made has no value to compare.
fn properties<'a>(
    description: &Description,
    find: &dyn Fn(&OptionKey) -> Option<&'a str>,
    live: &[LiveSetting],
    files: &Files,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, property) in &description.properties {
        let namespace = if matches!(property, Property::Secret(_)) { SECRETS_NAMESPACE } else { DEFAULT_NAMESPACE };
        let option = OptionKey::new(namespace, None, name);
        let (now, differs) = match (find(&option), property) {
            (None, _) => (None, true),
            (Some(now), Property::Plain(text) | Property::Secret(text)) => (Some(now), now != text),
            (Some(now), _) => (Some(now), false),
        };
        if differs {
            let live = now.map(|_| "another value".to_owned());
            let set_by = now.map_or(SetBy::Default, |now| set_by(&option, now, files));
            rows.push(Row { option, described: Some("a value".to_owned()), live, set_by });
        }
    }
    for setting in live {
        let option = &setting.option;
        let ours = option.is_property();
        let Some(value) = setting.value.as_deref().filter(|_| ours) else { continue };
        if description.properties.contains_key(&option.name)
            || files.property(&option.name).is_some()
            || made(option, value)
        {
            continue;
        }
        let set_by = SetBy::Api { outranks: None };
        rows.push(Row { option: option.clone(), described: None, live: Some("a value".to_owned()), set_by });
    }
    rows
}

/// A property that the platform sets by itself.
pub(crate) fn made(option: &OptionKey, value: &str) -> bool {
    option.namespace == DEFAULT_NAMESPACE && option.name == "PYTHONPATH" && value.starts_with("/var/app/venv/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::customizations::Customizations;
    use crate::beanstalk::tree::Tree;

    fn key(text: &str) -> OptionKey {
        OptionKey::parse(text).unwrap()
    }

    fn live(settings: &[(&str, &str)]) -> Vec<LiveSetting> {
        settings
            .iter()
            .map(|(option, value)| LiveSetting { option: key(option), value: Some((*value).to_owned()) })
            .collect()
    }

    #[test]
    fn values_are_compared_by_what_they_mean() {
        #[track_caller]
        fn case(option: &str, one: &str, other: &str, equal: bool) {
            assert_eq!(same(&key(option), one, other), equal, "{one} and {other}");
        }
        case("aws:elasticbeanstalk:cloudwatch:logs/StreamLogs", "true", "True", true);
        case("aws:autoscaling:asg/MaxSize", "4", "04", true);
        case("aws:autoscaling:asg/MaxSize", "4", "5", false);
        case("aws:ec2:instances/InstanceTypes", "t3.micro, t3.small", "t3.micro,t3.small", true);
        case("aws:elasticbeanstalk:command/DeploymentPolicy", "allatonce", "AllAtOnce", true);
        // A property means what it says.
        case("aws:elasticbeanstalk:application:environment/DEBUG", "true", "True", false);
    }

    #[test]
    fn drift_says_who_set_it() {
        let files = Files::of(&Customizations::read(&Tree::default().file(
            ".ebextensions/a.config",
            "option_settings:\n  aws:autoscaling:asg: {MaxSize: 4}\n  aws:elasticbeanstalk:command: {Timeout: 900}\n",
        )));
        let text = "format = 'beansprout.environment/1'\n[options]\n'aws:elasticbeanstalk:sns:topics/Notification Endpoint' = 'a@b.example'\n[properties]\nA = 'one'\nB = 'two'\nC = { ask = true }\n";
        let description = Description::read("shop", "x", text).unwrap();
        let live = live(&[
            ("aws:autoscaling:asg/MaxSize", "4"),
            ("aws:elasticbeanstalk:command/Timeout", "300"),
            ("aws:autoscaling:asg/Cooldown", "360"),
            ("aws:autoscaling:asg/MinSize", "3"),
            ("aws:elasticbeanstalk:application:environment/A", "one"),
            ("aws:elasticbeanstalk:application:environment/B", "hunter2"),
            ("aws:elasticbeanstalk:application:environment/C", "hunter3"),
            ("aws:elasticbeanstalk:application:environment/D", "hunter4"),
            ("aws:elasticbeanstalk:application:environment/PYTHONPATH", "/var/app/venv/staging-LQM1lest/bin"),
        ]);
        let rows = drift(&description, &live, &files, &BTreeSet::new());
        let shown: Vec<String> = rows
            .iter()
            .map(|row| format!("{}: {:?} {:?} {:?}", row.option.name, row.described, row.live, row.set_by))
            .collect();
        assert_eq!(rows.len(), 5, "{shown:#?}");
        let of = |name: &str| rows.iter().find(|row| row.option.name == name).unwrap();
        assert_eq!(of("MinSize").set_by, SetBy::Api { outranks: None });
        let SetBy::Api { outranks: Some(said) } = &of("Timeout").set_by else { panic!("{shown:#?}") };
        assert_eq!((said.value.as_str(), said.line), ("900", 3));
        assert_eq!(of("Notification Endpoint").live, None);
        assert_eq!(of("B").live.as_deref(), Some("another value"));
        assert_eq!(of("D").live.as_deref(), Some("a value"));
        assert!(!shown.join("").contains("hunter"), "{shown:#?}");
    }
}
