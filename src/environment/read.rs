//! A description, read from its text: every key, every mistake with its line.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::description::{Deploy, Description, Drill, FORMAT, Release, Smoke, Tier};
use super::error::{Error, Problem};
use super::key::OptionKey;
use super::property::Property;
use super::text::Text;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::name::EnvironmentName;
use crate::hex;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: Spanned<String>,
    account: Option<String>,
    region: Option<String>,
    application: Option<Spanned<String>>,
    tier: Option<Spanned<String>>,
    #[serde(default)]
    after: Vec<Spanned<String>>,
    platform: Option<Spanned<String>>,
    platform_version: Option<String>,
    cname: Option<String>,
    instance_profile: Option<String>,
    operations_role: Option<String>,
    version: Option<Spanned<Release>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    options: BTreeMap<Spanned<String>, Scalar>,
    #[serde(default)]
    properties: BTreeMap<String, Property>,
    #[serde(default)]
    deploy: RawDeploy,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawDeploy {
    branches: Vec<String>,
    timeout: Option<u64>,
    settle: Option<u64>,
    profile: Option<String>,
    requires: Vec<Spanned<String>>,
    smoke: Vec<Spanned<RawSmoke>>,
    drill: BTreeMap<String, Property>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawSmoke {
    Path(String),
    With(WithStatus),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithStatus {
    path: String,
    status: u16,
}

/// Values of options are texts; numbers and truths are written down as such too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Truth(bool),
    Whole(i64),
    Number(f64),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Truth(truth) => truth.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Options that stand elsewhere in a description.
const OWN_PLACES: [(&str, &str, &str); 3] = [
    (DEFAULT_NAMESPACE, "", "`[properties]`"),
    ("aws:elasticbeanstalk:application:environmentsecrets", "", "`NAME = { secret = \"arn:…\" }` in `[properties]`"),
    ("aws:autoscaling:launchconfiguration", "IamInstanceProfile", "`instance_profile`"),
];

impl Description {
    /// The description of `name` in the text of `path`.
    pub fn read(name: &str, path: &str, text: &str) -> Result<Self, Error> {
        let text = Text::new(path, text);
        let raw: Raw = text.parse()?;
        text.format(&raw.format, FORMAT)?;
        let at = |span: std::ops::Range<usize>, problem| text.at(&span, problem);
        let tier = match &raw.tier {
            None => Tier::Web,
            Some(tier) => match tier.get_ref().as_str() {
                "web" => Tier::Web,
                "worker" => Tier::Worker,
                other => return Err(at(tier.span(), Problem::Tier { found: other.to_owned() })),
            },
        };
        for (key, value) in [("application", &raw.application), ("platform", &raw.platform)] {
            if let Some(value) = value.as_ref().filter(|value| value.get_ref().trim().is_empty()) {
                return Err(at(value.span(), Problem::Empty { key }));
            }
        }
        if let Some(version) = &raw.version
            && let Some(found) = version.get_ref().bundle.as_ref().and_then(|bundle| bundle.sha256.as_ref())
            && !hex::is_digits(found, 64)
        {
            return Err(at(version.span(), Problem::Sha256 { found: found.clone() }));
        }
        let names = |names: Vec<Spanned<String>>| {
            names
                .into_iter()
                .map(|name| match name.get_ref().parse::<EnvironmentName>() {
                    Ok(_) => Ok(name.into_inner()),
                    Err(reason) => {
                        let (found, reason) = (name.get_ref().clone(), reason.to_string());
                        let problem = Problem::EnvironmentName { found, reason };
                        Err(at(name.span(), problem))
                    }
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let mut options = BTreeMap::new();
        for (key, value) in raw.options {
            let found = key.get_ref();
            let parsed =
                OptionKey::parse(found).ok_or_else(|| at(key.span(), Problem::Option { found: found.clone() }))?;
            let own = OWN_PLACES.iter().find(|(namespace, name, _)| {
                parsed.namespace == *namespace && (name.is_empty() || parsed.name == *name)
            });
            if let Some((_, _, place)) = own {
                return Err(at(key.span(), Problem::OwnPlace { key: found.clone(), place }));
            }
            options.insert(parsed, value.text());
        }
        let mut smoke = Vec::new();
        for path in raw.deploy.smoke {
            let span = path.span();
            let probe = match path.into_inner() {
                RawSmoke::Path(path) => Smoke { path, status: 200 },
                RawSmoke::With(WithStatus { path, status }) => Smoke { path, status },
            };
            if !probe.path.starts_with('/') || probe.path.chars().any(|c| c.is_control() || c == ' ') {
                return Err(at(span, Problem::SmokePath { found: probe.path }));
            }
            smoke.push(probe);
        }
        let drill = raw.deploy.drill.into_iter().map(|(name, value)| match value {
            Property::Plain(word) if word == "same" => (name, Drill::Same),
            other => (name, Drill::Other(other)),
        });
        Ok(Self {
            name: name.to_owned(),
            account: raw.account,
            region: raw.region,
            application: raw.application.map(Spanned::into_inner),
            tier,
            after: names(raw.after)?,
            platform: raw.platform.map(Spanned::into_inner),
            platform_version: raw.platform_version,
            cname: raw.cname.filter(|name| !name.is_empty()),
            instance_profile: raw.instance_profile,
            operations_role: raw.operations_role,
            version: raw.version.map(Spanned::into_inner),
            tags: raw.tags,
            options,
            properties: raw.properties,
            deploy: Deploy {
                branches: raw.deploy.branches,
                timeout: raw.deploy.timeout,
                settle: raw.deploy.settle,
                profile: raw.deploy.profile,
                requires: names(raw.deploy.requires)?,
                smoke,
                drill: drill.collect(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::What;
    use crate::fault::Fault as _;

    const WHOLE: &str = r#"
format = "beansprout.environment/1"
account = "123456789012"
region = "ap-northeast-1"
application = "shop"
tier = "worker"
after = ["shop-api"]
platform = "Python 3.13 running on 64bit Amazon Linux 2023"
platform_version = "4.13.7"
cname = "shop"
instance_profile = "aws-elasticbeanstalk-ec2-role"

[version]
label = "shop-0123456789ab"
digest = "0123"
bundle = { bucket = "b", key = "k", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", bytes = 20456 }

[tags]
stage = "prod"

[options]
"aws:elasticbeanstalk:sns:topics/Notification Endpoint" = "ops@example.com"
"aws:autoscaling:asg/MaxSize" = 4

[properties]
DJANGO_SETTINGS_MODULE = "shop.settings.production"
DATABASE_URL = { secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db" }
SECRET_KEY = { random = 50 }
SENTRY_DSN = { ask = true }
API_URL = { from = "shop-api", what = "url" }

[deploy]
branches = ["main"]
timeout = 3600
requires = ["shop-staging"]
smoke = ["/health/", { path = "/old", status = 301 }]
drill = { DATABASE_URL = { ask = true }, DJANGO_SETTINGS_MODULE = "same" }
"#;

    #[test]
    fn every_key_is_read() {
        let read = Description::read("shop-production", "x.toml", WHOLE).unwrap();
        assert_eq!(read.tier, Tier::Worker);
        assert_eq!(read.needs(), ["shop-api"]);
        assert_eq!(read.options[&OptionKey::new("aws:autoscaling:asg", None, "MaxSize")], "4");
        assert_eq!(read.properties["SECRET_KEY"], Property::Random(50));
        let from = Property::From { environment: "shop-api".to_owned(), what: What::Url };
        assert_eq!(read.properties["API_URL"], from);
        assert_eq!(read.deploy.smoke[1], Smoke { path: "/old".to_owned(), status: 301 });
        assert_eq!(read.deploy.drill["DJANGO_SETTINGS_MODULE"], Drill::Same);
        assert_eq!(read.deploy.drill["DATABASE_URL"], Drill::Other(Property::Ask));
        assert_eq!(read.version.as_ref().unwrap().bundle.as_ref().unwrap().bytes, Some(20456));
        let like = read.like("shop-green");
        assert_eq!((like.cname, like.version, like.deploy.branches), (None, None, Vec::new()));
        assert_eq!(like.tags, read.tags);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        #[track_caller]
        fn case(text: &str, words: &str) {
            let text = format!("format = \"beansprout.environment/1\"\n{text}\n");
            let error = Description::read("shop", "environments/shop.toml", &text).unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let said = format!("{error}: {source}");
            assert!(said.contains(words), "{said}");
            assert!(said.contains("line 2"), "{said}");
            assert!(error.hint().is_some());
        }
        case("acount = '1'", "unknown field `acount`");
        case("tier = 'Cluster'", "tier `Cluster` is neither");
        case("after = ['x']", "`x` cannot be an environment: an environment's name has 4 to 40");
        case("options = { Timeout = '9' }", "`Timeout` is not an option's name");
        case("options = { 'aws:elasticbeanstalk:application:environment/X' = '9' }", "does not stand in `[options]`");
        case("options = { 'aws:autoscaling:launchconfiguration/IamInstanceProfile' = '9' }", "does not stand in");
        case("properties = { X = { random = 3 } }", "from 16 to 256");
        case("properties = { X = { ask = false } }", "`ask` is `true`");
        case("properties = { X = { from = 'shop-api' } }", "`from` needs `what`");
        case("properties = { X = { ask = true, random = 20 } }", "in one way");
        case("properties = { X = { secret = 'hunter2' } }", "is the ARN");
        case("properties = { X = { asks = true } }", "unknown field `asks`");
        case("properties = { X = {} }", "how does it come about?");
        case("deploy = { smoke = ['health'] }", "`health` is not a path");
        case("platform = ''", "`platform` is empty");
    }

    #[test]
    fn the_reference_page_is_read_and_has_every_key() {
        let page = include_str!("../../docs/src/reference/environment-toml.md");
        let mut examples = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let example = examples.next().unwrap();
        let read = Description::read("shop-production", "x", example).unwrap();
        assert_eq!(read.deploy.requires, ["shop-staging"]);
        crate::environment::Application::read("x", examples.next().unwrap()).unwrap();
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/schema/environment-1.json")).unwrap();
        let shown: toml::Table = example.parse().unwrap();
        for (table, known) in [
            (&shown, &schema["properties"]),
            (shown["version"].as_table().unwrap(), &schema["properties"]["version"]["properties"]),
            (shown["deploy"].as_table().unwrap(), &schema["properties"]["deploy"]["properties"]),
        ] {
            let known: Vec<&String> = known.as_object().unwrap().keys().collect();
            assert!(table.keys().all(|key| known.contains(&key)), "{known:?}");
            assert!(known.iter().all(|key| table.contains_key(*key)), "{known:?}");
        }
        // The reader's own list.
        let unknown = Description::read("shop", "x", "zz = 1").unwrap_err();
        let unknown = std::error::Error::source(&unknown).unwrap().to_string();
        for key in unknown.split_once("expected").unwrap().1.split('`').skip(1).step_by(2) {
            assert!(shown.contains_key(key), "{key}");
        }
    }

    #[test]
    fn another_format_is_not_guessed_at() {
        let error = Description::read("shop", "x.toml", "format = \"beansprout.environment/2\"\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`x.toml`, line 1: format `beansprout.environment/2` is not `beansprout.environment/1`"
        );
        assert!(Description::read("shop", "x.toml", "region = 'x'\n").is_err());
    }

    #[test]
    fn no_value_of_a_property_is_in_a_debug_text() {
        let read = Description::read("shop", "x.toml", WHOLE).unwrap();
        assert!(!format!("{read:?}").contains("production\""));
    }
}
