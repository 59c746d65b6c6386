//! Rehearsal: an environment under another name, which touches nothing that the real one has.
//!
//! It would run migrations, schedules and workers. So every property has to be named in `[deploy] drill`, with another value
//! or with `"same"`: a new `DATABASE_URL` cannot slip in, because nothing is guessed by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::description::{Deploy, Description, Drill};
use super::files::Files;
use super::key::OptionKey;
use super::property::Property;
use crate::beanstalk::customizations::Customizations;

/// The tag that everything of a rehearsal has.
pub const DRILL_TAG: &str = "beansprout:drill";

/// The application of a drill: the beginning of every name that a drill gives, for whoever may end one.
pub fn drill_application(id: &str) -> String {
    format!("{DRILL}{id}")
}

/// An environment of a drill, by its number.
pub fn drill_environment(id: &str, number: usize) -> String {
    format!("{DRILL}{id}-{number}")
}

/// The drill whose application would have this name.
pub fn drill_id(application: &str) -> Option<&str> {
    application.strip_prefix(DRILL).filter(|id| !id.is_empty())
}

const DRILL: &str = "drill-";

/// A rehearsed environment, and what speaks against it.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    pub description: Description,
    pub refused: Vec<Refused>,
    /// Properties that are the same, and should perhaps not be.
    pub doubtful: Vec<String>,
}

/// Why an environment is not rehearsed on AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Nobody said what the property shall be.
    Unnamed {
        property: String,
    },
    /// It was said to be another value, and is the same.
    Same {
        property: String,
    },
    /// A file of the version names something that exists once.
    Shared {
        path: String,
        line: usize,
        what: String,
    },
    Database,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed { property } => write!(f, "nobody said what `{property}` is in a drill"),
            Self::Same { property } => write!(f, "`{property}` of the drill has the value of the original"),
            Self::Shared { path, line, what } => write!(f, "{path}:{line} names {what}"),
            Self::Database => f.write_str("it has a database of its own"),
        }
    }
}

/// Namespaces that reach people, or act by themselves.
const QUIET: [&str; 3] = [
    "aws:autoscaling:scheduledaction",
    "aws:elasticbeanstalk:managedactions",
    "aws:elasticbeanstalk:managedactions:platformupdate",
];
const NOTIFICATIONS: &str = "aws:elasticbeanstalk:sns:topics";
/// An hour more than anybody waits.
const HOURS: i64 = 2;

/// The environment `number` of a drill. `names` are the drill's names by the real ones.
pub fn rehearsal(
    description: &Description,
    customizations: &Customizations,
    id: &str,
    names: &BTreeMap<String, String>,
    now: Timestamp,
    shared_resources: bool,
) -> Rehearsal {
    let files = Files::of(customizations);
    let mut refused = Vec::new();
    let mut doubtful = Vec::new();
    let mapped = |name: &String| names.get(name).cloned().unwrap_or_else(|| name.clone());
    let mut new = Description {
        name: mapped(&description.name),
        application: Some(drill_application(id)),
        after: description.after.iter().map(mapped).collect(),
        cname: None,
        version: None,
        // Nobody could end what the guard takes for production.
        tags: description.tags.iter().filter(|(key, _)| *key != "stage").map(|(k, v)| (k.clone(), v.clone())).collect(),
        options: description
            .options
            .iter()
            .filter(|(option, _)| !is_loud(option))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        properties: BTreeMap::new(),
        deploy: Deploy {
            branches: Vec::new(),
            requires: Vec::new(),
            drill: BTreeMap::new(),
            ..description.deploy.clone()
        },
        ..description.clone()
    };
    new.tags.insert(DRILL_TAG.to_owned(), id.to_owned());
    quieten(&mut new, &files, now);
    properties(description, &files, &mapped, &mut new, &mut refused, &mut doubtful);
    if !shared_resources {
        refused.extend(at_home(customizations));
    }
    let database = |option: &OptionKey| option.namespace == "aws:rds:dbinstance";
    if description.options.keys().any(database) || files.iter().any(|(option, _)| database(option)) {
        refused.push(Refused::Database);
    }
    Rehearsal { description: new, refused, doubtful }
}

fn is_loud(option: &OptionKey) -> bool {
    QUIET.contains(&option.namespace.as_str()) || option.namespace == NOTIFICATIONS
}

/// No updates, no schedules of its own, and instances that go away by themselves.
fn quieten(new: &mut Description, files: &Files, now: Timestamp) {
    let schedule = "aws:autoscaling:scheduledaction";
    new.options.insert(
        OptionKey::new("aws:elasticbeanstalk:managedactions", None, "ManagedActionsEnabled"),
        "false".to_owned(),
    );
    let actions: BTreeSet<String> = files
        .iter()
        .filter(|(option, _)| option.namespace == schedule)
        .filter_map(|(option, _)| option.resource.clone())
        .collect();
    for action in actions {
        new.options.insert(OptionKey::new(schedule, Some(&action), "Suspend"), "true".to_owned());
    }
    let ends = now.checked_add(SignedDuration::from_hours(HOURS)).unwrap_or(now);
    let mut end =
        |name: &str, value: String| new.options.insert(OptionKey::new(schedule, Some("DrillEnds"), name), value);
    for name in ["MinSize", "MaxSize", "DesiredCapacity"] {
        end(name, "0".to_owned());
    }
    end("StartTime", ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
}

/// Each property, from the description or a file, with what the drill uses for it.
fn properties(
    description: &Description,
    files: &Files,
    mapped: &dyn Fn(&String) -> String,
    new: &mut Description,
    refused: &mut Vec<Refused>,
    doubtful: &mut Vec<String>,
) {
    let ours = |option: &OptionKey| option.is_property();
    let mut all: BTreeSet<&String> = description.properties.keys().collect();
    all.extend(files.iter().filter(|(option, _)| ours(option)).map(|(option, _)| &option.name));
    for name in all {
        let original = description.properties.get(name);
        let in_file = files.property(name).map(|said| Property::Plain(said.value.clone()));
        match description.deploy.drill.get(name) {
            None => refused.push(Refused::Unnamed { property: name.clone() }),
            Some(Drill::Same) => {
                if is_doubtful(name) {
                    doubtful.push(name.clone());
                }
                if let Some(property) = original {
                    let property = match property {
                        Property::From { environment, what } => {
                            Property::From { environment: mapped(environment), what: *what }
                        }
                        other => other.clone(),
                    };
                    new.properties.insert(name.clone(), property);
                }
            }
            Some(Drill::Other(property)) => {
                let plain = matches!(property, Property::Plain(_) | Property::Secret(_));
                if plain && (Some(property) == original || Some(property) == in_file.as_ref()) {
                    refused.push(Refused::Same { property: name.clone() });
                }
                new.properties.insert(name.clone(), property.clone());
            }
        }
    }
}

/// Names of what is often the only one of its kind.
fn is_doubtful(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["_URL", "_DSN", "_TOKEN"].iter().any(|end| name.ends_with(end))
        || ["RDS_", "EMAIL"].iter().any(|begin| name.starts_with(begin))
        || ["BROKER", "QUEUE", "BUCKET"].iter().any(|part| name.contains(part))
}

/// What files name that exists once: an account, a bucket, an ARN, a topic. It does not travel.
pub fn at_home(customizations: &Customizations) -> Vec<Refused> {
    let mut found = Vec::new();
    for file in customizations.used() {
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split(" #").next().unwrap_or_default();
            if code.trim_start().starts_with('#') {
                continue;
            }
            let what = if code.contains("arn:aws") && !code.contains("arn:aws:iam::aws:policy/") {
                "an ARN"
            } else if code.contains("s3://")
                || code.contains(".s3.")
                || code.contains("elasticbeanstalk-") && code.contains("bucket")
            {
                "a bucket"
            } else if has_account(code) {
                "an account"
            } else if code.contains("Notification Endpoint") || code.contains("Notification Topic") {
                "somebody who is notified"
            } else {
                continue;
            };
            found.push(Refused::Shared { path: file.path.clone(), line: number + 1, what: what.to_owned() });
        }
    }
    found
}

/// Twelve digits, and no more.
fn has_account(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::tree::Tree;

    fn customizations(text: &str) -> Customizations {
        Customizations::read(&Tree::default().file(".ebextensions/a.config", text))
    }

    fn rehearsed(rest: &str, file: &str) -> Rehearsal {
        let text = format!("format = 'beansprout.environment/1'\ncname = 'shop'\nafter = ['shop-api']\n{rest}");
        let description = Description::read("shop-production", "x", &text).unwrap();
        let names = BTreeMap::from([
            ("shop-production".to_owned(), "drill-a1-1".to_owned()),
            ("shop-api".to_owned(), "drill-a1-2".to_owned()),
        ]);
        let now = "2026-11-26T08:00:00Z".parse().unwrap();
        rehearsal(&description, &customizations(file), "a1", &names, now, false)
    }

    #[test]
    fn every_property_has_to_be_named() {
        let file = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    FROM_FILE: x\n";
        let found = rehearsed(
            "[properties]\nA = 'one'\nDATABASE_URL = { ask = true }\n[deploy]\ndrill = { A = 'one' }\n",
            file,
        );
        let said: Vec<String> = found.refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "`A` of the drill has the value of the original",
                "nobody said what `DATABASE_URL` is in a drill",
                "nobody said what `FROM_FILE` is in a drill"
            ]
        );
        let rest = "[properties]\nA = 'one'\nDATABASE_URL = { ask = true }\nAPI = { from = 'shop-api', what = 'url' }\n[deploy]\ndrill = { A = 'two', DATABASE_URL = 'same', FROM_FILE = 'same', API = 'same' }\n";
        let found = rehearsed(rest, file);
        assert!(found.refused.is_empty(), "{:?}", found.refused);
        assert_eq!(found.doubtful, ["DATABASE_URL"]);
        let properties = found.description.properties;
        assert_eq!(properties["A"], Property::Plain("two".to_owned()));
        assert_eq!(properties["DATABASE_URL"], Property::Ask);
        let Property::From { environment, .. } = &properties["API"] else { panic!() };
        assert_eq!(environment, "drill-a1-2");
        assert!(!properties.contains_key("FROM_FILE"));
    }

    #[test]
    fn it_is_quiet_and_ends_by_itself_and_is_no_production() {
        let file = "option_settings:\n  - {namespace: 'aws:autoscaling:scheduledaction', resource_name: Night, option_name: MinSize, value: 4}\n";
        let rest = "[tags]\nstage = 'prod'\nteam = 'web'\n[options]\n'aws:elasticbeanstalk:sns:topics/Notification Endpoint' = 'a@b.example'\n'aws:autoscaling:asg/MaxSize' = 2\n";
        let new = rehearsed(rest, file).description;
        assert_eq!((new.name.as_str(), new.cname.as_deref()), ("drill-a1-1", None));
        assert_eq!(new.application.as_deref(), Some("drill-a1"));
        assert_eq!(new.after, ["drill-a1-2"]);
        assert_eq!(new.tags.keys().collect::<Vec<_>>(), [DRILL_TAG, "team"]);
        let options: Vec<String> = new.options.iter().map(|(option, value)| format!("{option}={value}")).collect();
        assert_eq!(
            options,
            [
                "aws:autoscaling:asg/MaxSize=2",
                "aws:autoscaling:scheduledaction/DrillEnds/DesiredCapacity=0",
                "aws:autoscaling:scheduledaction/DrillEnds/MaxSize=0",
                "aws:autoscaling:scheduledaction/DrillEnds/MinSize=0",
                "aws:autoscaling:scheduledaction/DrillEnds/StartTime=2026-11-26T10:00:00Z",
                "aws:autoscaling:scheduledaction/Night/Suspend=true",
                "aws:elasticbeanstalk:managedactions/ManagedActionsEnabled=false",
            ]
        );
        // The guard's denies are about names with `prod`, and about the tag.
        assert!(!new.name.contains("prod"));
    }

    #[test]
    fn what_exists_once_is_named() {
        #[track_caller]
        fn case(line: &str, what: Option<&str>) {
            let found = rehearsed("", &format!("files:\n  /x:\n    content: {line}\n"));
            let found = found.refused.first().map(ToString::to_string);
            assert_eq!(found.as_deref(), what.map(|what| format!(".ebextensions/a.config:3 names {what}")).as_deref());
        }
        case("arn:aws:sns:eu-west-1:123456789012:x", Some("an ARN"));
        case("s3://shop-media/x", Some("a bucket"));
        case("'123456789012'", Some("an account"));
        case("1234567890123", None);
        case("x # arn:aws:sns:x", None);
        let found = rehearsed("[options]\n'aws:rds:dbinstance/DBEngine' = 'mysql'\n", "");
        assert_eq!(found.refused, [Refused::Database]);
    }
}
