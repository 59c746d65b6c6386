//! What a release meets in another account or region: names that mean something in one place alone.

use std::collections::BTreeSet;

use crate::check::Described;
use crate::check::subject::Subject;
use crate::environment::{self, Description, Property, Refused};
use crate::project;

const FIX: &str = "where it differs, say it in `[options]` of each environment's file, and leave it out here";

pub(crate) fn check(subject: &mut Subject<'_>, described: &Described) {
    let descriptions = &described.environments;
    does_not_travel(subject, descriptions);
    release_ships(subject);
    descriptions.iter().for_each(|description| of_another_place(subject, description));
    described.unread.iter().for_each(|(path, why)| no_description(subject, path, why));
}

/// A file that no verb can read.
fn no_description(subject: &mut Subject<'_>, path: &str, why: &str) {
    // The finding has the path already.
    let rest = why.strip_prefix(&format!("`{path}`")).unwrap_or(why);
    let said = rest.strip_prefix(", ").map_or_else(|| rest.replacen(" is ", "it is ", 1), str::to_owned);
    // TOML shows the place in between.
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let why = match lines.as_slice() {
        [first, .., last] => format!("{first}: {last}"),
        _ => said.clone(),
    };
    let message = format!("this does not describe an environment, and is looked at no further: {why}");
    subject.find_file("EB334", path, message, "correct it, or move it out of `environments/`");
}

/// Files of a version that goes to several places name what exists in one.
fn does_not_travel(subject: &mut Subject<'_>, descriptions: &[Description]) {
    if !descriptions.iter().any(|one| descriptions.iter().any(|other| are_apart(one, other))) {
        return;
    }
    for named in environment::at_home(subject.customizations) {
        let Refused::Shared { path, line, what } = named else { continue };
        let Some(file) = subject.customizations.configs.iter().find(|file| file.path == path) else { continue };
        let before: usize = file.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let text = file.text[before..].lines().next().unwrap_or_default();
        let start = before + text.len() - text.trim_start().len();
        let span = start..before + text.trim_end().len();
        let message = format!("this names {what}, and releases go to environments in more than one account or region");
        subject.find("EB331", &path, span, message, FIX);
    }
}

/// Is it certain that two environments are in different accounts or regions?
fn are_apart(one: &Description, other: &Description) -> bool {
    let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
    differ(&one.account, &other.account) || differ(&one.region, &other.region)
}

/// A release that is part of what it describes is another one as soon as it is written.
fn release_ships(subject: &mut Subject<'_>) {
    let is_release = |path: &&str| {
        let text = subject.tree.text(path).unwrap_or_default();
        let document: Option<serde_json::Value> = serde_json::from_str(text).ok();
        document.is_some_and(|document| document["schema"] == project::RELEASE)
    };
    let paths = subject.tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(".json"));
    let found: Vec<String> = paths.filter(is_release).map(str::to_owned).collect();
    for path in found {
        let message = "this file of a release ships, and changes with each publication and promotion: so does the digest of unchanged code";
        let line = subject.leaving_out();
        let fix = format!("leave `/{path}` out with {line}, or keep it outside of the project");
        subject.find_file("EB332", &path, message, fix);
    }
}

/// An environment whose file names resources of another account or region.
fn of_another_place(subject: &mut Subject<'_>, description: &Description) {
    let path = environment::path(&description.name);
    let options = description.options.iter().map(|(option, value)| (option.to_string(), value.as_str()));
    let properties = description.properties.iter().filter_map(|(name, property)| match property {
        Property::Plain(value) | Property::Secret(value) => Some((format!("property {name}"), value.as_str())),
        Property::Random(_) | Property::Ask | Property::From { .. } => None,
    });
    let role = description.operations_role.iter().map(|role| ("operations_role".to_owned(), role.as_str()));
    for (what, value) in options.chain(properties).chain(role) {
        for place in elsewhere(description, value) {
            let message = format!("`{what}` names something in {place}, and `{}` is not there", description.name);
            subject.find_file("EB333", &path, message, "name the one of its own account and region");
        }
    }
}

/// Accounts and regions that ARNs in a text name, and that are not the environment's.
fn elsewhere(description: &Description, value: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let arns = value.split([',', ' ']).map(|word| word.splitn(6, ':').collect::<Vec<_>>());
    for parts in arns {
        let ["arn", _, service, region, account, _] = parts[..] else { continue };
        // Groups, topics and keys of others can be used where they allow it; a certificate must be of the region.
        let foreign = |said: &str, ours: &Option<String>| {
            !said.is_empty() && said != "aws" && ours.as_ref().is_some_and(|ours| ours != said)
        };
        if foreign(account, &description.account) {
            found.insert(format!("account {account}"));
        }
        // What stands before CloudFront lives in one region for the whole world.
        if foreign(region, &description.region) && service != "wafv2" {
            found.insert(region.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certainly_elsewhere_is_told() {
        let text = "format = 'beansprout.environment/1'\naccount = '111111111111'\nregion = 'eu-west-1'\n";
        let shop = Description::read("shop", "x", text).unwrap();
        let case = |value: &str, places: &[&str]| {
            assert_eq!(elsewhere(&shop, value).iter().map(String::as_str).collect::<Vec<_>>(), places, "{value}");
        };
        case("arn:aws:acm:eu-west-1:111111111111:certificate/a", &[]);
        case("arn:aws:acm:us-east-1:111111111111:certificate/a", &["us-east-1"]);
        case("arn:aws:sns:eu-west-1:222222222222:ops", &["account 222222222222"]);
        case("arn:aws:iam::111111111111:role/web", &[]);
        case("arn:aws:iam::aws:policy/ReadOnlyAccess", &[]);
        case("sg-1, sg-2", &[]);
        let new = Description::new("shop");
        assert!(elsewhere(&new, "arn:aws:sns:eu-west-1:222222222222:ops").is_empty());
        assert!(!are_apart(&new, &shop));
    }
}
