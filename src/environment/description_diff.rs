//! Where a description and what lives differ.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::description::Description;
use super::key::OptionKey;
use super::property::Property;
use super::set_by::same;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// A key of the description, an option, a tag or a property.
    pub(crate) what: String,
    pub(crate) described: Option<String>,
    pub(crate) live: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (described, live) = (self.described.as_deref().unwrap_or("not"), self.live.as_deref().unwrap_or("not"));
        write!(f, "{}: {described} described, {live} live", self.what)
    }
}

/// Where two descriptions differ, but in what a deployment changes. Values of properties are not told.
pub(crate) fn differences(before: &Description, live: &Description) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut field = |what: &str, described: Option<&str>, now: Option<&str>| {
        if described != now {
            let (described, live) = (described.map(str::to_owned), now.map(str::to_owned));
            found.push(Difference { what: what.to_owned(), described, live });
        }
    };
    // What was left out in the file is not contradicted.
    let said = |described: &Option<String>, now: &Option<String>| match described {
        Some(_) => (described.clone(), now.clone()),
        None => (None, None),
    };
    for (what, described, now) in [
        ("account", &before.account, &live.account),
        ("region", &before.region, &live.region),
        ("platform", &before.platform, &live.platform),
        ("instance_profile", &before.instance_profile, &live.instance_profile),
    ] {
        let (described, now) = said(described, now);
        field(what, described.as_deref(), now.as_deref());
    }
    field("cname", before.cname.as_deref(), live.cname.as_deref());
    field("tier", Some(before.tier.word()), Some(live.tier.word()));
    let tags: BTreeSet<&String> = before.tags.keys().chain(live.tags.keys()).collect();
    for tag in tags {
        field(&format!("tag {tag}"), before.tags.get(tag).map(String::as_str), live.tags.get(tag).map(String::as_str));
    }
    let options: BTreeSet<&OptionKey> = before.options.keys().chain(live.options.keys()).collect();
    for option in options {
        match (before.options.get(option), live.options.get(option)) {
            (Some(described), Some(now)) if same(option, described, now) => {}
            (described, now) => field(&option.to_string(), described.map(String::as_str), now.map(String::as_str)),
        }
    }
    let names: BTreeSet<&String> = before.properties.keys().chain(live.properties.keys()).collect();
    for name in names {
        let (described, now) = (before.properties.get(name), live.properties.get(name));
        if described != now {
            let word = |property: Option<&Property>, word: &'static str| property.map(|_| word);
            field(&format!("property {name}"), word(described, "a value"), word(now, "another value"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_no_difference() {
        let described = |max: &str, stream: &str| {
            let text = format!(
                "format = 'beansprout.environment/1'\n[options]\n'aws:autoscaling:asg/MaxSize' = '{max}'\n'aws:elasticbeanstalk:cloudwatch:logs/StreamLogs' = '{stream}'\n"
            );
            Description::read("shop", "x", &text).unwrap()
        };
        assert_eq!(differences(&described("04", "true"), &described("4", "True")), []);
        let found = differences(&described("4", "true"), &described("5", "False"));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn each_difference_is_told_but_not_what_properties_are() {
        let read = |text: &str| {
            Description::read("shop", "x", &format!("format = 'beansprout.environment/1'\n{text}")).unwrap()
        };
        let told = |before: &str, live: &str| {
            differences(&read(before), &read(live)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            told(
                "account = '123456789012'\nregion = 'eu-west-1'\ncname = 'shop'\ntier = 'worker'\n[tags]\nstage = 'prod'\nteam = 'web'\n[properties]\nKEY = 'one'\nOLD = 'old'\nSAME = 'same'\n",
                "account = '210987654321'\nregion = 'eu-west-1'\n[tags]\nstage = 'test'\nteam = 'web'\n[properties]\nKEY = 'two'\nNEW = 'new'\nSAME = 'same'\n",
            ),
            [
                "account: 123456789012 described, 210987654321 live",
                "cname: shop described, not live",
                "tier: worker described, web live",
                "tag stage: prod described, test live",
                "property KEY: a value described, another value live",
                "property NEW: not described, another value live",
                "property OLD: a value described, not live",
            ]
        );
        // What a file leaves out, it does not contradict; what lives without a value is not what was described.
        let account = "account = '123456789012'\n";
        assert_eq!(told("", account), [""; 0]);
        assert_eq!(told(account, ""), ["account: 123456789012 described, not live"]);
        let option = "[options]\n'aws:autoscaling:asg/MinSize' = 3\n";
        assert_eq!(told(option, ""), ["aws:autoscaling:asg/MinSize: 3 described, not live"]);
        assert_eq!(told("", option), ["aws:autoscaling:asg/MinSize: not described, 3 live"]);
    }
}
