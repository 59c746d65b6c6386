//! What visitors would notice if one environment took another's place: listeners, properties, rights, network, schedules.

use std::collections::BTreeSet;

use serde::Serialize;

use super::key::OptionKey;
use super::set_by::{LiveSetting, same};

/// An option in which two environments differ. Values of properties are not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub option: OptionKey,
    pub one: Option<String>,
    pub other: Option<String>,
}

impl Difference {
    /// Has the other something more, and nothing less?
    pub fn is_addition(&self) -> bool {
        self.one.is_none()
    }

    /// Is it an environment property?
    pub fn is_property(&self) -> bool {
        is_property(&self.option)
    }
}

fn is_property(option: &OptionKey) -> bool {
    option.is_property()
}

/// Does it decide about what visitors get?
fn matters(option: &OptionKey) -> bool {
    let namespace = option.namespace.as_str();
    match (namespace, option.name.as_str()) {
        ("aws:autoscaling:launchconfiguration", "IamInstanceProfile") => true,
        ("aws:ec2:vpc", "VPCId" | "ELBScheme") => true,
        ("aws:autoscaling:scheduledaction", _) => true,
        _ => {
            ["aws:elb:listener", "aws:elbv2:listener"].iter().any(|listener| namespace.starts_with(listener))
                || is_property(option)
        }
    }
}

/// Where the other differs from the one in what matters. Of properties only the names are compared: values are each
/// environment's own.
pub fn differences_that_matter(one: &[LiveSetting], other: &[LiveSetting]) -> Vec<Difference> {
    let options: BTreeSet<&OptionKey> =
        one.iter().chain(other).map(|setting| &setting.option).filter(|option| matters(option)).collect();
    let value = |settings: &[LiveSetting], option: &OptionKey| {
        let found = settings.iter().find(|setting| setting.option == *option);
        found.and_then(|setting| setting.value.clone()).filter(|value| !value.is_empty())
    };
    let mut found = Vec::new();
    for option in options {
        let (mut here, mut there) = (value(one, option), value(other, option));
        if is_property(option) {
            (here, there) = (here.map(|_| "a value".to_owned()), there.map(|_| "a value".to_owned()));
        }
        let equal = match (&here, &there) {
            (Some(here), Some(there)) => same(option, here, there),
            (here, there) => here == there,
        };
        if !equal {
            found.push(Difference { option: option.clone(), one: here, other: there });
        }
    }
    // A property may be a value in one and a secret in the other: the program sees it either way.
    let names: BTreeSet<String> = found
        .iter()
        .filter(|difference| difference.is_property() && difference.one.is_none())
        .map(|difference| difference.option.name.clone())
        .collect();
    let both: BTreeSet<String> = found
        .iter()
        .filter(|difference| difference.is_property() && difference.other.is_none())
        .map(|difference| difference.option.name.clone())
        .filter(|name| names.contains(name))
        .collect();
    found.retain(|difference| !(difference.is_property() && both.contains(&difference.option.name)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(settings: &[(&str, &str)]) -> Vec<LiveSetting> {
        settings
            .iter()
            .map(|(option, value)| LiveSetting {
                option: OptionKey::parse(option).unwrap(),
                value: Some((*value).to_owned()),
            })
            .collect()
    }

    #[test]
    fn only_what_visitors_would_notice() {
        let blue = live(&[
            ("aws:elbv2:listener:443/SSLCertificateArns", "arn:aws:acm:x"),
            ("aws:autoscaling:asg/MaxSize", "9"),
            ("aws:autoscaling:scheduledaction/Night/MinSize", "1"),
            ("aws:elasticbeanstalk:application:environment/A", "hunter2"),
            ("aws:elasticbeanstalk:application:environment/B", "hunter3"),
            ("aws:elasticbeanstalk:application:environment/S", "hunter4"),
        ]);
        let green = live(&[
            ("aws:autoscaling:asg/MaxSize", "1"),
            ("aws:elasticbeanstalk:application:environment/A", "other"),
            ("aws:elasticbeanstalk:application:environment/C", "new"),
            ("aws:elasticbeanstalk:application:environmentsecrets/S", "arn:aws:secretsmanager:x"),
        ]);
        let found = differences_that_matter(&blue, &green);
        let shown: Vec<String> = found
            .iter()
            .map(|difference| format!("{} {:?} {:?}", difference.option.name, difference.one, difference.other))
            .collect();
        assert_eq!(
            shown,
            [
                "MinSize Some(\"1\") None",
                "B Some(\"a value\") None",
                "C None Some(\"a value\")",
                "SSLCertificateArns Some(\"arn:aws:acm:x\") None"
            ]
        );
        assert!(found[2].is_addition() && found[2].is_property());
        assert!(differences_that_matter(&blue, &blue).is_empty());
    }
}
