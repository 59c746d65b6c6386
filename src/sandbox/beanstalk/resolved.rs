//! Settings of an environment as AWS answers them: the defaults of the option table, over them the options that the
//! version's files set, over these what was set through the API, and what the service works out or makes up by itself.
//!
//! The shape is that of answers that people published in 2023 to 2025: 51 options and more for a single instance, 81 and
//! more behind a balancer; a resource's name on about half of them; no value where nobody said anything; and all
//! environment properties a second time, in one string.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::environment::{Environment, Setting, Settings, Tier};
use super::platforms::{self, Architecture};
use crate::beanstalk::options::{self, ConfigOption};

const PROPERTIES: &str = "aws:elasticbeanstalk:application:environment";
const LAUNCH: &str = "aws:autoscaling:launchconfiguration";
const INSTANCES: &str = "aws:ec2:instances";
const PARAMETERS: &str = "aws:cloudformation:template:parameter";
const ENVIRONMENT: &str = "aws:elasticbeanstalk:environment";
/// Types that an environment gets where nobody names one.
const TYPES: &str = "t3.micro, t3.small";

/// A setting in an answer. Without a value it is known and not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) namespace: String,
    pub(super) resource: Option<String>,
    pub(super) name: String,
    pub(super) value: Option<String>,
}

impl Resolved {
    pub(super) fn describe(&self) -> Value {
        let Self { namespace, resource, name, value } = self;
        json!({"ResourceName": resource, "Namespace": namespace, "OptionName": name, "Value": value})
    }
}

/// Kind of an environment, as far as it decides which options there are and what they are by default.
struct Shape<'a> {
    worker: bool,
    single: bool,
    balancer: &'a str,
    language: &'static str,
}

impl<'a> Shape<'a> {
    fn of(environment: &'a Environment, said: &'a Said) -> Self {
        let worker = environment.tier == Tier::Worker;
        Self {
            worker,
            single: said.get(ENVIRONMENT, "EnvironmentType") == Some("SingleInstance"),
            balancer: said.get(ENVIRONMENT, "LoadBalancerType").unwrap_or("classic"),
            language: platforms::language(&environment.platform),
        }
    }

    /// Has it a balancer before its instances? A worker has none.
    fn balanced(&self) -> bool {
        !self.single && !self.worker
    }

    fn has(&self, option: &ConfigOption) -> bool {
        if option.is_cluster() || option.is_windows() || option.is_retired() || option.resource_name {
            return false;
        }
        let namespace = option.namespace;
        let named = option.name != "*" && !namespace.contains('*') && namespace != PROPERTIES;
        let place = match namespace {
            "aws:rds:dbinstance" => option.name == "HasCoupledDatabase",
            "aws:ec2:vpc" => self.balanced() || !option.name.starts_with("ELB"),
            ENVIRONMENT => self.balanced() || !option.name.starts_with("LoadBalancer"),
            "aws:elasticbeanstalk:sqsd" => self.worker,
            "aws:autoscaling:trigger" | "aws:autoscaling:updatepolicy:rollingupdate" => !self.single,
            "aws:elasticbeanstalk:trafficsplitting" | "aws:elasticbeanstalk:environment:process:default" => {
                self.balanced() && self.balancer != "classic"
            }
            namespace if namespace.starts_with("aws:elb:") => self.balanced() && self.balancer == "classic",
            namespace if namespace.starts_with("aws:elbv2:") => self.balanced() && self.balancer != "classic",
            _ => true,
        };
        let meant = match option.only_for {
            None | Some("worker tier") => true,
            Some(text) if text.contains("load balancer") => text.contains(self.balancer),
            Some(text) => match text.strip_prefix("all except ") {
                Some(others) => !others.split(", ").any(|word| word == self.language),
                None => text.split(", ").any(|word| word == self.language),
            },
        };
        named && place && meant
    }

    fn default(&self, option: &ConfigOption) -> Option<&'static str> {
        let (classic, network) = (["classic", "application"].contains(&self.balancer), self.balancer == "network");
        let holds = |condition: &str| match condition {
            "single instance" => self.single,
            "load balanced" => !self.single,
            "classic/application" => classic,
            "application" => self.balancer == "application",
            "network" => network,
            "AL2023" => true,
            other => other == self.language,
        };
        let special = option.default_for.iter().filter_map(|text| text.split_once(" = "));
        special.filter(|(condition, _)| holds(condition)).map(|(_, value)| value).next().or(option.default)
    }
}

/// Options that the files set, under those that were set through the API.
struct Said {
    values: BTreeMap<(String, Option<String>, String), String>,
}

impl Said {
    fn new(files: &Settings, direct: &Settings) -> Self {
        let mut values = BTreeMap::new();
        for Setting { namespace, resource, name, value } in files.0.iter().chain(&direct.0) {
            values.insert((namespace.clone(), resource.clone(), name.clone()), value.clone());
        }
        Self { values }
    }

    fn get(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self.values.iter().find(|((space, _, option), _)| space == namespace && option == name);
        found.map(|(_, value)| value.as_str())
    }

    fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.values.iter().filter(|((namespace, ..), _)| namespace == PROPERTIES);
        all.map(|((.., name), value)| (name.as_str(), value.as_str()))
    }
}

/// The settings of an environment if `direct` is what was set through the API.
pub(super) fn resolved(region: &str, environment: &Environment, direct: &Settings) -> Vec<Resolved> {
    let said = Said::new(&environment.files, direct);
    let shape = Shape::of(environment, &said);
    let mut all: BTreeMap<(String, String), Resolved> = BTreeMap::new();
    let mut put = |namespace: &str, name: &str, resource: Option<&str>, value: Option<String>| {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        let key = (namespace.clone(), format!("{name} {}", resource.unwrap_or_default()));
        all.insert(key, Resolved { namespace, resource: resource.map(str::to_owned), name, value });
    };
    let made_up = MadeUp::new(region, environment, &said, &shape);
    for option in options::all().iter().filter(|option| shape.has(option)) {
        let own = said.get(option.namespace, option.name).map(str::to_owned);
        let value = own.or_else(|| made_up.value(option)).or_else(|| shape.default(option).map(str::to_owned));
        put(option.namespace, option.name, resource(option.namespace, option.name), value);
    }
    for ((namespace, resource, name), value) in &said.values {
        let listed = options::find(namespace, name).is_some_and(|option| shape.has(option));
        if !listed {
            put(namespace, name, resource.as_deref(), Some(value.clone()));
        }
    }
    if let Some(path) = made_up.python_path.filter(|_| said.get(PROPERTIES, "PYTHONPATH").is_none()) {
        put(PROPERTIES, "PYTHONPATH", None, Some(path.to_owned()));
    }
    for (name, value) in made_up.parameters(&said) {
        if said.get(PARAMETERS, name).is_none() {
            put(PARAMETERS, name, None, value);
        }
    }
    all.into_values().collect()
}

/// Values that nobody set and no table has.
struct MadeUp<'a> {
    region: &'a str,
    environment: &'a Environment,
    single: bool,
    instance_types: String,
    python_path: Option<&'static str>,
}

impl<'a> MadeUp<'a> {
    fn new(region: &'a str, environment: &'a Environment, said: &Said, shape: &Shape) -> Self {
        let instance_types = said.get(INSTANCES, "InstanceTypes").or(said.get(LAUNCH, "InstanceType")).unwrap_or(TYPES);
        Self {
            region,
            environment,
            single: shape.single,
            instance_types: instance_types.to_owned(),
            python_path: (shape.language == "python").then_some("/var/app/venv/staging-LQM1lest/bin"),
        }
    }

    fn instance_type(&self) -> &str {
        self.instance_types.split(',').next().unwrap_or_default().trim()
    }

    fn value(&self, option: &ConfigOption) -> Option<String> {
        Some(match (option.namespace, option.name) {
            (LAUNCH, "ImageId") => {
                platforms::image(self.region, &self.environment.platform, Architecture::of(self.instance_type()))
            }
            (LAUNCH, "InstanceType") => self.instance_type().to_owned(),
            (INSTANCES, "InstanceTypes") => self.instance_types.clone(),
            (LAUNCH, "SecurityGroups") => self.id("sg", "instances"),
            (LAUNCH, "SSHSourceRestriction") => "tcp,22,22,0.0.0.0/0".to_owned(),
            ("aws:elb:loadbalancer" | "aws:elbv2:loadbalancer", "SecurityGroups" | "ManagedSecurityGroup") => {
                self.id("sg", "balancer")
            }
            ("aws:autoscaling:asg", "MaxSize") if self.single => "1".to_owned(),
            ("aws:autoscaling:asg", "Custom Availability Zones")
            | ("aws:elasticbeanstalk:application", "Application Healthcheck URL")
            | ("aws:elasticbeanstalk:managedactions", "ServiceRoleForManagedUpdates") => String::new(),
            ("aws:elasticbeanstalk:control", "LaunchType") => "Migration".to_owned(),
            ("aws:elasticbeanstalk:sqsd", "WorkerQueueURL") => {
                let account = crate::sandbox::ACCOUNT;
                format!("https://sqs.{}.amazonaws.com/{account}/{}", self.region, self.environment.id)
            }
            ("aws:rds:dbinstance", "HasCoupledDatabase") => "false".to_owned(),
            (ENVIRONMENT, "ServiceRole") => "AWSServiceRoleForElasticBeanstalk".to_owned(),
            ("aws:elasticbeanstalk:healthreporting:system", "ConfigDocument") => config_document(),
            _ => return None,
        })
    }

    /// Parameters of the environment's stack.
    fn parameters(&self, said: &Said) -> Vec<(&'static str, Option<String>)> {
        let assets = format!("https://elasticbeanstalk-platform-assets-{0}.s3.{0}.amazonaws.com", self.region);
        let place = format!("{assets}/stalks/{}", platforms::asset(&self.environment.platform));
        let family = self.instance_type().split('.').next().unwrap_or_default().to_owned();
        let mut properties: Vec<(&str, &str)> = said.properties().collect();
        properties.extend(
            self.python_path.filter(|_| said.get(PROPERTIES, "PYTHONPATH").is_none()).map(|path| ("PYTHONPATH", path)),
        );
        let properties: Vec<String> = properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
        vec![
            ("AppSource", Some(format!("{place}/sampleapp/EBSampleApp.zip"))),
            ("EnvironmentVariables", Some(properties.join(","))),
            ("HooksPkgUrl", Some(format!("{place}/lib/hooks.tar.gz"))),
            ("InstancePort", Some("80".to_owned())),
            ("InstanceTypeFamily", Some(family)),
            ("StaticFiles", None),
        ]
    }

    /// An id as EC2 gives them, always the same for one environment.
    fn id(&self, kind: &str, what: &str) -> String {
        format!("{kind}-0{}", platforms::digits(&format!("{} {what}", self.environment.id)))
    }
}

/// The health document where nobody wrote one: no metric is published.
fn config_document() -> String {
    json!({"Version": 1, "CloudWatchMetrics": {"Instance": {}, "Environment": {}}, "Rules": {"Environment": {}}})
        .to_string()
}

/// Name of the resource in the environment's stack that an option belongs to.
fn resource(namespace: &str, name: &str) -> Option<&'static str> {
    Some(match (namespace, name) {
        ("aws:autoscaling:asg", _) | ("aws:autoscaling:updatepolicy:rollingupdate", _) => "AWSEBAutoScalingGroup",
        ("aws:ec2:vpc", "Subnets") => "AWSEBAutoScalingGroup",
        ("aws:ec2:vpc", "VPCId") => "AWSEBSecurityGroup",
        ("aws:ec2:vpc", "ELBSubnets" | "ELBScheme") => "AWSEBLoadBalancer",
        ("aws:ec2:vpc", "AssociatePublicIpAddress") => "AWSEBEC2LaunchTemplate",
        (LAUNCH, "SSHSourceRestriction") => "AWSEBSecurityGroup",
        (LAUNCH, _) => "AWSEBEC2LaunchTemplate",
        ("aws:autoscaling:trigger", "LowerBreachScaleIncrement") => "AWSEBAutoScalingScaleDownPolicy",
        ("aws:autoscaling:trigger", "UpperBreachScaleIncrement") => "AWSEBAutoScalingScaleUpPolicy",
        ("aws:autoscaling:trigger", "UpperThreshold") => "AWSEBCloudwatchAlarmHigh",
        ("aws:autoscaling:trigger", _) => "AWSEBCloudwatchAlarmLow",
        ("aws:elb:healthcheck" | "aws:elb:loadbalancer" | "aws:elb:policies", _) => "AWSEBLoadBalancer",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(tier: Tier) -> Environment {
        let platform = "64bit Amazon Linux 2023 v4.13.7 running Python 3.13".to_owned();
        Environment::new("e-abc".to_owned(), "shop".to_owned(), platform, tier, jiff::Timestamp::UNIX_EPOCH)
    }

    fn settings(all: &[(&str, &str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (namespace, name, value) in all {
            let (namespace, name, value) = ((*namespace).to_owned(), (*name).to_owned(), (*value).to_owned());
            settings.set(Setting { namespace, resource: None, name, value });
        }
        settings
    }

    fn value<'a>(all: &'a [Resolved], namespace: &str, name: &str) -> Option<&'a str> {
        all.iter().find(|one| one.namespace == namespace && one.name == name)?.value.as_deref()
    }

    #[test]
    fn the_api_wins_over_the_files_and_these_over_the_defaults() {
        let mut environment = environment(Tier::WebServer);
        environment.files =
            settings(&[("aws:autoscaling:asg", "MinSize", "2"), ("aws:autoscaling:asg", "MaxSize", "3")]);
        let all = resolved("us-east-1", &environment, &settings(&[("aws:autoscaling:asg", "MaxSize", "6")]));
        let size = |name| value(&all, "aws:autoscaling:asg", name);
        assert_eq!((size("MinSize"), size("MaxSize"), size("Cooldown")), (Some("2"), Some("6"), Some("360")));
    }

    #[test]
    fn there_are_as_many_options_as_on_aws() {
        let count =
            |kind: &[(&str, &str, &str)]| resolved("us-east-1", &environment(Tier::WebServer), &settings(kind)).len();
        let single = count(&[(ENVIRONMENT, "EnvironmentType", "SingleInstance")]);
        let classic = count(&[]);
        assert!(classic >= 81, "{classic}");
        assert!((51..classic).contains(&single), "{single}");
        let application = count(&[(ENVIRONMENT, "LoadBalancerType", "application")]);
        assert!(application >= 81, "{application}");
    }

    #[test]
    fn what_nobody_set_is_worked_out_or_has_no_value() {
        let single =
            settings(&[(ENVIRONMENT, "EnvironmentType", "SingleInstance"), (LAUNCH, "InstanceType", "t4g.small")]);
        let all = resolved("us-east-1", &environment(Tier::WebServer), &single);
        assert_eq!(value(&all, "aws:autoscaling:asg", "MaxSize"), Some("1"));
        assert_eq!(value(&all, INSTANCES, "SpotFleetOnDemandAboveBasePercentage"), Some("0"));
        assert_eq!(value(&all, INSTANCES, "InstanceTypes"), Some("t4g.small"));
        assert_eq!(value(&all, PARAMETERS, "InstanceTypeFamily"), Some("t4g"));
        assert_eq!(value(&all, LAUNCH, "EC2KeyName"), None);
        assert!(all.iter().any(|one| one.name == "EC2KeyName"), "it is there without a value");
        let image = value(&all, LAUNCH, "ImageId").unwrap();
        assert!(image.starts_with("ami-0"), "{image}");
        let intel = resolved("us-east-1", &environment(Tier::WebServer), &Settings::default());
        assert_ne!(value(&intel, LAUNCH, "ImageId"), Some(image), "another architecture has another image");
        assert_eq!(value(&intel, "aws:autoscaling:asg", "MaxSize"), Some("4"));
        assert_eq!(value(&intel, INSTANCES, "SpotFleetOnDemandAboveBasePercentage"), Some("70"));
    }

    #[test]
    fn all_properties_come_twice() {
        let own = settings(&[(PROPERTIES, "SECRET_KEY", "s3cret"), (PROPERTIES, "A", "1")]);
        let all = resolved("us-east-1", &environment(Tier::WebServer), &own);
        let together = value(&all, PARAMETERS, "EnvironmentVariables").unwrap();
        assert_eq!(together, "A=1,SECRET_KEY=s3cret,PYTHONPATH=/var/app/venv/staging-LQM1lest/bin");
        assert_eq!(value(&all, PROPERTIES, "SECRET_KEY"), Some("s3cret"));
        assert_eq!(value(&all, PROPERTIES, "PYTHONPATH"), Some("/var/app/venv/staging-LQM1lest/bin"));
        assert_eq!(value(&all, PROPERTIES, "PORT"), None, "what the platform would take is no setting");
    }

    #[test]
    fn a_worker_has_a_queue_and_no_balancer() {
        let all = resolved("eu-west-1", &environment(Tier::Worker), &Settings::default());
        let queue = value(&all, "aws:elasticbeanstalk:sqsd", "WorkerQueueURL").unwrap();
        assert_eq!(queue, "https://sqs.eu-west-1.amazonaws.com/123456789012/e-abc");
        assert!(!all.iter().any(|one| one.namespace.starts_with("aws:elb")));
    }

    #[test]
    fn names_that_people_choose_stay_with_their_resource() {
        let mut own = Settings::default();
        own.set(Setting {
            namespace: "aws:autoscaling:scheduledaction".to_owned(),
            resource: Some("Night".to_owned()),
            name: "MinSize".to_owned(),
            value: "1".to_owned(),
        });
        let all = resolved("us-east-1", &environment(Tier::WebServer), &own);
        let night = all.iter().find(|one| one.resource.as_deref() == Some("Night")).unwrap();
        assert_eq!((night.name.as_str(), night.value.as_deref()), ("MinSize", Some("1")));
    }
}
