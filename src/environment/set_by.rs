//! Who set an option of what lives, and whether two values mean the same.

use serde::Serialize;

use super::files::{Files, Said};
use super::key::OptionKey;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
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

impl SetBy {
    /// Who it is, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Api { .. } => "set on the environment".to_owned(),
            Self::File(said) => said.place(),
            Self::Default => "default".to_owned(),
            Self::Unknown => "who set it is not known".to_owned(),
        }
    }
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

/// Who sets an option that has this value, beside these files of the version; `None`: nobody knows what they say.
///
/// Whoever asks, asks here: what lives (`capture`, `diff env:`) and what shall live (`launch`).
pub(crate) fn set_by(option: &OptionKey, value: &str, files: Option<&Files>) -> SetBy {
    let default = || default_of(option).is_some_and(|default| same(option, default, value));
    match files.map(|files| files.get(option)) {
        Some(Some(said)) if same(option, &said.value, value) => SetBy::File(said.clone()),
        Some(Some(said)) => SetBy::Api { outranks: Some(said.clone()) },
        Some(None) | None if default() => SetBy::Default,
        Some(None) => SetBy::Api { outranks: None },
        None => SetBy::Unknown,
    }
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
    fn the_api_outranks_files_and_files_outrank_defaults() {
        let files = Files::of(&Customizations::read(&Tree::default().file(
            ".ebextensions/a.config",
            "option_settings:\n  aws:autoscaling:asg: {MaxSize: 4}\n  aws:elasticbeanstalk:command: {Timeout: 900}\n",
        )));
        let by = |option: &str, value: &str| set_by(&key(option), value, Some(&files));
        assert!(matches!(by("aws:autoscaling:asg/MaxSize", "04"), SetBy::File(said) if said.line == 2));
        let SetBy::Api { outranks: Some(said) } = by("aws:elasticbeanstalk:command/Timeout", "300") else { panic!() };
        assert_eq!((said.value.as_str(), said.line), ("900", 3));
        assert_eq!(by("aws:autoscaling:asg/Cooldown", "360"), SetBy::Default);
        assert_eq!(by("aws:autoscaling:asg/MinSize", "3"), SetBy::Api { outranks: None });
        let unknown = |option: &str, value: &str| set_by(&key(option), value, None);
        assert_eq!(unknown("aws:autoscaling:asg/MinSize", "3"), SetBy::Unknown);
        assert_eq!(unknown("aws:autoscaling:asg/Cooldown", "360"), SetBy::Default);
    }
}
