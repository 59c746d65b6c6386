//! What a launch sends: only what no file of the bundle says.
//!
//! An option that is set through the API outranks the files of every later version, for as long as the environment
//! lives. So an option that a file sets to the same value is not sent, and one that it sets to another is sent with a word.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::description::Description;
use super::files::{Files, Said};
use super::key::OptionKey;
use super::property::Property;
use super::set_by::{SetBy, set_by};
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::config_file::SECRETS_NAMESPACE;

/// The instance profile that the console and the EB CLI make and take.
pub const INSTANCE_PROFILE: &str = "aws-elasticbeanstalk-ec2-role";

pub(super) const PROFILE: (&str, &str) = ("aws:autoscaling:launchconfiguration", "IamInstanceProfile");

/// An option that goes with the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    pub option: OptionKey,
    pub value: Value,
    /// What a file says instead, and will not be heard.
    pub outranks: Option<Said>,
}

impl Sent {
    /// Is it an environment property?
    pub fn is_property(&self) -> bool {
        self.option.namespace == DEFAULT_NAMESPACE
    }
}

/// A value, and whether people may see it.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Open(String),
    Hidden(String),
    /// To be known later: from another environment, or made when it is sent.
    Later(String),
}

impl Value {
    /// What goes over the wire.
    pub fn wire(&self) -> &str {
        match self {
            Self::Open(text) | Self::Hidden(text) | Self::Later(text) => text,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(text) => f.write_str(text),
            Self::Hidden(_) => f.write_str("(secret)"),
            Self::Later(what) => write!(f, "({what})"),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The settings that a launch of `description` sends beside a bundle with these files. `given` has the properties that
/// were asked for, made, or taken from elsewhere; of what is missing there, the value is told later.
pub fn sent(description: &Description, profile: &str, given: &BTreeMap<String, String>, files: &Files) -> Vec<Sent> {
    let mut all = Vec::new();
    let mut add = |option: OptionKey, value: Value| {
        let outranks = match set_by(&option, value.wire(), Some(files)) {
            SetBy::File(_) => return,
            SetBy::Api { outranks } => outranks,
            SetBy::Default | SetBy::Unknown => None,
        };
        all.push(Sent { option, value, outranks });
    };
    add(OptionKey::new(PROFILE.0, None, PROFILE.1), Value::Open(profile.to_owned()));
    for (option, value) in &description.options {
        add(option.clone(), Value::Open(value.clone()));
    }
    for (name, property) in &description.properties {
        let namespace = if matches!(property, Property::Secret(_)) { SECRETS_NAMESPACE } else { DEFAULT_NAMESPACE };
        let option = OptionKey::new(namespace, None, name);
        let value = match (property, given.get(name)) {
            (_, Some(value)) => Value::Hidden(value.clone()),
            // It stands in a file that is committed.
            (Property::Plain(text), None) => Value::Open(text.clone()),
            (Property::Secret(arn), None) => Value::Open(arn.clone()),
            (Property::Random(length), None) => Value::Later(format!("{length} random characters")),
            (Property::Ask, None) => Value::Later("asked for".to_owned()),
            (Property::From { environment, what }, None) => Value::Later(format!("{} of {environment}", what.word())),
        };
        add(option, value);
    }
    // What was given and is not described: `--property` on the command line.
    for (name, value) in given.iter().filter(|(name, _)| !description.properties.contains_key(*name)) {
        add(OptionKey::new(DEFAULT_NAMESPACE, None, name), Value::Hidden(value.clone()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::customizations::Customizations;
    use crate::beanstalk::tree::Tree;

    fn files(text: &str) -> Files {
        Files::of(&Customizations::read(&Tree::default().file(".ebextensions/a.config", text)))
    }

    fn lines(description: &Description, given: &[(&str, &str)], files: &Files) -> Vec<String> {
        let given = given.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let shown = |sent: Sent| {
            let outranks = sent.outranks.map(|said| format!(" over {}", said.place())).unwrap_or_default();
            format!("{} = {}{outranks}", sent.option, sent.value)
        };
        sent(description, "role", &given, files).into_iter().map(shown).collect()
    }

    #[test]
    fn only_what_no_file_says() {
        let said = files(
            "option_settings:\n  aws:autoscaling:asg: {MaxSize: 4, MinSize: '1'}\n  aws:elasticbeanstalk:application:environment:\n    A: one\n    B: two\n  aws:elasticbeanstalk:cloudwatch:logs: {StreamLogs: true}\n",
        );
        let text = r#"
            format = "beansprout.environment/1"
            [options]
            "aws:autoscaling:asg/MaxSize" = "4"
            "aws:autoscaling:asg/MinSize" = "2"
            "aws:elasticbeanstalk:cloudwatch:logs/StreamLogs" = "True"
            [properties]
            A = "one"
            B = "other"
            C = { secret = "arn:x" }
            D = { random = 50 }
            E = { ask = true }
        "#;
        let description = Description::read("shop", "x", text).unwrap();
        assert_eq!(
            lines(&description, &[("E", "hunter2"), ("F", "x")], &said),
            [
                "aws:autoscaling:launchconfiguration/IamInstanceProfile = role",
                "aws:autoscaling:asg/MinSize = 2 over .ebextensions/a.config:2",
                "aws:elasticbeanstalk:application:environment/B = other over .ebextensions/a.config:5",
                "aws:elasticbeanstalk:application:environmentsecrets/C = arn:x",
                "aws:elasticbeanstalk:application:environment/D = (50 random characters)",
                "aws:elasticbeanstalk:application:environment/E = (secret)",
                "aws:elasticbeanstalk:application:environment/F = (secret)",
            ]
        );
    }

    #[test]
    fn a_profile_that_a_file_names_is_not_sent() {
        let said = files("option_settings:\n  aws:autoscaling:launchconfiguration: {IamInstanceProfile: role}\n");
        assert!(lines(&Description::new("shop"), &[], &said).is_empty());
    }
}
