//! The name of an option: namespace, resource where one is needed, and option.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::beanstalk::config_file::{DEFAULT_NAMESPACE, SECRETS_NAMESPACE};

/// Where each resource has options of its own, and its name is for people to choose.
const WITH_RESOURCES: &str = "aws:autoscaling:scheduledaction";

/// An option of an environment: `NAMESPACE/OPTION`, or `NAMESPACE/RESOURCE/OPTION` for scheduled actions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionKey {
    pub namespace: String,
    pub resource: Option<String>,
    pub name: String,
}

impl OptionKey {
    /// Is it an environment property, or the ARN of a secret that becomes one?
    pub(super) fn is_property(&self) -> bool {
        [DEFAULT_NAMESPACE, SECRETS_NAMESPACE].contains(&self.namespace.as_str())
    }
}

impl OptionKey {
    /// Names that AWS gives to resources of its own say nothing, so only those that people choose are kept.
    pub fn new(namespace: &str, resource: Option<&str>, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            resource: resource.filter(|_| namespace == WITH_RESOURCES).map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// `None`: this is not the name of an option.
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, rest) = text.split_once('/')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        if !namespace.starts_with("aws:") || !namespace.chars().all(plain) {
            return None;
        }
        let (resource, name) = match rest.split_once('/') {
            Some((resource, name)) if namespace == WITH_RESOURCES => (Some(resource), name),
            // Paths of static files are options too.
            _ => (None, rest),
        };
        let whole = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        let needed = namespace != WITH_RESOURCES || resource.is_some();
        (needed && whole(name) && resource.is_none_or(whole)).then(|| Self::new(namespace, resource, name))
    }
}

impl fmt::Display for OptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.namespace)?;
        if let Some(resource) = &self.resource {
            write!(f, "{resource}/")?;
        }
        f.write_str(&self.name)
    }
}

impl Serialize for OptionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for text in [
            "aws:elasticbeanstalk:sns:topics/Notification Endpoint",
            "aws:autoscaling:scheduledaction/Night/MinSize",
            "aws:elasticbeanstalk:environment:proxy:staticfiles//static",
            "aws:elasticbeanstalk:environment:proxy:staticfiles/static/img",
            "aws:elb:listener:443/ListenerProtocol",
        ] {
            assert_eq!(OptionKey::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "Timeout", "aws:x", "aws:x/", "/x", "aws:autoscaling:scheduledaction/MinSize", "x:y/Z", "aws:a b/C"]
        {
            assert_eq!(OptionKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_aws_own_resources_are_no_part_of_it() {
        let key = OptionKey::new("aws:autoscaling:asg", Some("AWSEBAutoScalingGroup"), "MaxSize");
        assert_eq!(key.to_string(), "aws:autoscaling:asg/MaxSize");
    }
}
