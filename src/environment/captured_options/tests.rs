//! A row for each reason why an option stays out, and the shape of what AWS really answers.

use super::*;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;

fn live(settings: &[(&str, Option<&str>)], file: &str) -> Live {
    let setting = |&(option, value): &(&str, Option<&str>)| LiveSetting {
        option: OptionKey::parse(option).unwrap(),
        value: value.map(str::to_owned),
    };
    let tree = Tree::default().file(".ebextensions/a.config", file);
    Live {
        settings: settings.iter().map(setting).collect(),
        files: Some(Files::of(&Customizations::read(&tree))),
        images: Some(vec!["ami-0123456789abcdef0".to_owned()]),
    }
}

#[track_caller]
fn case(settings: &[(&str, Option<&str>)], file: &str, left: Option<Left>) {
    let captured = capture(&live(settings, file), None, &BTreeSet::new());
    let option = OptionKey::parse(settings[0].0).unwrap();
    assert_eq!(captured.left.get(&option).copied(), left, "{captured:?}");
    assert_eq!(captured.options.contains_key(&option), left.is_none(), "{captured:?}");
}

#[test]
fn a_row_for_each_reason() {
    const TYPE: &str = "aws:elasticbeanstalk:environment/EnvironmentType";
    let single = (TYPE, Some("SingleInstance"));
    // No value, an empty one, the default.
    case(&[("aws:autoscaling:launchconfiguration/EC2KeyName", None)], "", Some(Left::Default));
    case(&[("aws:autoscaling:asg/Custom Availability Zones", Some(""))], "", Some(Left::Default));
    case(&[("aws:autoscaling:asg/Cooldown", Some("360"))], "", Some(Left::Default));
    case(&[("aws:autoscaling:asg/Cooldown", Some("720"))], "", None);
    case(&[("aws:ec2:instances/InstanceTypes", Some("t3.micro, t3.small"))], "", Some(Left::Default));
    // Derived.
    let types = ("aws:ec2:instances/InstanceTypes", Some("m5.large,t3.small"));
    case(&[("aws:autoscaling:launchconfiguration/InstanceType", Some("m5.large")), types], "", Some(Left::Derived));
    case(&[("aws:autoscaling:asg/MaxSize", Some("1")), single], "", Some(Left::Derived));
    case(&[("aws:autoscaling:asg/MaxSize", Some("4"))], "", Some(Left::Derived));
    case(&[("aws:autoscaling:asg/MaxSize", Some("4")), single], "", None);
    let above = "aws:ec2:instances/SpotFleetOnDemandAboveBasePercentage";
    case(&[(above, Some("70"))], "", Some(Left::Derived));
    case(&[(above, Some("70")), single], "", None);
    // A file says the same, or something else.
    let file = "option_settings:\n  aws:elasticbeanstalk:command: {Timeout: 900}\n";
    case(&[("aws:elasticbeanstalk:command/Timeout", Some("900"))], file, Some(Left::File));
    case(&[("aws:elasticbeanstalk:command/Timeout", Some("700"))], file, None);
    // Images.
    const IMAGE: &str = "aws:autoscaling:launchconfiguration/ImageId";
    case(&[(IMAGE, Some("ami-0123456789abcdef0"))], "", Some(Left::Image));
    case(&[(IMAGE, Some("ami-0fedcba9876543210"))], "", None);
    // The platform's own.
    const PARAMETER: &str = "aws:cloudformation:template:parameter/EnvironmentVariables";
    case(&[(PARAMETER, Some("A=hunter2,B=x"))], "", Some(Left::Platform));
    case(&[("aws:elasticbeanstalk:control/LaunchType", Some("Migration"))], "", Some(Left::Platform));
    const ROLE: &str = "aws:elasticbeanstalk:environment/ServiceRole";
    case(&[(ROLE, Some("AWSServiceRoleForElasticBeanstalk"))], "", Some(Left::Platform));
    case(&[(ROLE, Some("my-role"))], "", None);
    const DOCUMENT: &str = "aws:elasticbeanstalk:healthreporting:system/ConfigDocument";
    let none = r#"{"Version":1,"CloudWatchMetrics":{"Instance":{"CPUIrq":null},"Environment":{"InstancesOk":null}},"Rules":{}}"#;
    case(&[(DOCUMENT, Some(none))], "", Some(Left::Default));
    case(&[(DOCUMENT, Some(&none.replace("\"CPUIrq\":null", "\"CPUIrq\":60")))], "", None);
    // Generated groups, own fields, secrets.
    const GROUPS: &str = "aws:autoscaling:launchconfiguration/SecurityGroups";
    case(&[(GROUPS, Some("awseb-e-abc-stack-AWSEBSecurityGroup-1"))], "", Some(Left::Generated));
    case(&[(GROUPS, Some("sg-0123456789"))], "", Some(Left::Generated));
    case(&[("aws:autoscaling:launchconfiguration/IamInstanceProfile", Some("role"))], "", Some(Left::OwnField));
    case(&[("aws:rds:dbinstance/DBPassword", Some("hunter2"))], "", Some(Left::Secret));
}

#[test]
fn a_group_that_stands_in_the_description_was_chosen() {
    const GROUPS: &str = "aws:autoscaling:launchconfiguration/SecurityGroups";
    let text = format!("format = 'beansprout.environment/1'\n[options]\n'{GROUPS}' = 'sg-1'\n");
    let before = Description::read("shop", "x", &text).unwrap();
    let live = live(&[(GROUPS, Some("sg-2"))], "");
    let captured = capture(&live, Some(&before), &BTreeSet::new());
    assert_eq!(captured.options.values().next().map(String::as_str), Some("sg-2"));
    let captured = capture(&live, None, &BTreeSet::new());
    assert!(captured.options.is_empty() && captured.groups.len() == 1, "{captured:?}");
}

#[test]
fn what_is_not_known_is_kept_with_a_word() {
    let seen = live(&[("aws:autoscaling:launchconfiguration/ImageId", Some("ami-1"))], "");
    let blind = Live { files: None, images: None, ..seen };
    let captured = capture(&blind, None, &BTreeSet::new());
    assert_eq!(captured.unsure.len(), 1);
    let mut description = Description::new("shop");
    description.options = captured.options.clone();
    let text = crate::environment::write("x", None, &description).unwrap();
    let text = annotate(&text, &captured.unsure);
    assert!(text.contains("= \"ami-1\"  # unsure: it may be the platform's own image\n"), "{text}");
    assert_eq!(annotate(&text, &captured.unsure), text);
    assert_eq!(Description::read("shop", "x", &text).unwrap(), description);
}

#[test]
fn values_of_properties_stay_only_if_everybody_may_read_them() {
    const AT: &str = "aws:elasticbeanstalk:application:environment";
    let property = |name: &str, value: &str| (format!("{AT}/{name}"), value.to_owned());
    let key = format!("AKIA{}", "Q3EGVZ5RKT7WNJ2X");
    let settings = [
        property("DJANGO_SETTINGS_MODULE", "shop.settings.production"),
        property("DEBUG", "false"),
        property("SECRET_KEY", "hunter2"),
        property("DATABASE_URL", "postgres://shop:hunter2@db/shop"),
        property("BROKER", "amqp://shop:hunter2@mq"),
        property("STRIPE", "sk1live2hunter2hunter2hunter2"),
        property("OTHER", &key),
        property("ALLOWED", "hunter2"),
        property("KNOWN", "hunter2"),
        property("PYTHONPATH", "/var/app/venv/staging-LQM1lest/bin"),
        (format!("{SECRETS_NAMESPACE}/API"), "arn:aws:secretsmanager:x".to_owned()),
    ];
    let settings: Vec<(&str, Option<&str>)> =
        settings.iter().map(|(option, value)| (option.as_str(), Some(value.as_str()))).collect();
    let text = "format = 'beansprout.environment/1'\n[properties]\nSECRET_KEY = { random = 50 }\nGONE = { ask = true }\nKNOWN = 'hunter2'\nPLAIN = 'x'\n";
    let before = Description::read("shop", "x", text).unwrap();
    let captured = capture(&live(&settings, ""), Some(&before), &BTreeSet::from(["ALLOWED".to_owned()]));
    let of = |name: &str| captured.properties.get(name).cloned();
    assert_eq!(of("DJANGO_SETTINGS_MODULE"), Some(Property::Plain("shop.settings.production".to_owned())));
    assert_eq!(of("DEBUG"), Some(Property::Plain("false".to_owned())));
    assert_eq!(of("SECRET_KEY"), Some(Property::Random(50)));
    for hidden in ["DATABASE_URL", "BROKER", "STRIPE", "OTHER"] {
        assert_eq!(of(hidden), Some(Property::Ask), "{hidden}");
    }
    assert_eq!(of("ALLOWED"), Some(Property::Plain("hunter2".to_owned())));
    assert_eq!(of("KNOWN"), Some(Property::Plain("hunter2".to_owned())));
    assert_eq!(of("API"), Some(Property::Secret("arn:aws:secretsmanager:x".to_owned())));
    assert_eq!(of("GONE"), Some(Property::Ask));
    assert_eq!((of("PYTHONPATH"), of("PLAIN")), (None, None));
}

/// The shape of an answer that was published in 2025 (Python 3.11, Amazon Linux 2023, load balanced, made through the API): every
/// option that is there, with values made up.
const ANSWER: &[(&str, Option<&str>)] = &[
    ("aws:autoscaling:asg/Availability Zones", Some("Any")),
    ("aws:autoscaling:asg/Cooldown", Some("360")),
    ("aws:autoscaling:asg/Custom Availability Zones", Some("")),
    ("aws:autoscaling:asg/EnableCapacityRebalancing", Some("false")),
    ("aws:autoscaling:asg/MaxSize", Some("4")),
    ("aws:autoscaling:asg/MinSize", Some("1")),
    ("aws:autoscaling:launchconfiguration/BlockDeviceMappings", None),
    ("aws:autoscaling:launchconfiguration/DisableIMDSv1", Some("true")),
    ("aws:autoscaling:launchconfiguration/EC2KeyName", None),
    ("aws:autoscaling:launchconfiguration/IamInstanceProfile", Some("aws-elasticbeanstalk-ec2-role")),
    ("aws:autoscaling:launchconfiguration/ImageId", Some("ami-0123456789abcdef0")),
    ("aws:autoscaling:launchconfiguration/InstanceType", Some("t3.micro")),
    ("aws:autoscaling:launchconfiguration/RootVolumeSize", None),
    ("aws:autoscaling:launchconfiguration/RootVolumeType", None),
    ("aws:autoscaling:launchconfiguration/SSHSourceRestriction", Some("tcp,22,22,0.0.0.0/0")),
    ("aws:autoscaling:launchconfiguration/SecurityGroups", Some("sg-0123456789abcdef0")),
    (
        "aws:cloudformation:template:parameter/AppSource",
        Some("https://elasticbeanstalk-platform-assets.example/app.zip"),
    ),
    (
        "aws:cloudformation:template:parameter/EnvironmentVariables",
        Some("SECRET_KEY=hunter2,PYTHONPATH=/var/app/venv/x/bin,DATABASE_URL=postgres://u:hunter3@db/x"),
    ),
    (
        "aws:cloudformation:template:parameter/HooksPkgUrl",
        Some("https://elasticbeanstalk-platform-assets.example/hooks.zip"),
    ),
    ("aws:cloudformation:template:parameter/InstancePort", Some("80")),
    ("aws:cloudformation:template:parameter/InstanceTypeFamily", Some("t3")),
    ("aws:cloudformation:template:parameter/StaticFiles", None),
    ("aws:ec2:instances/EnableSpot", Some("false")),
    ("aws:ec2:instances/InstanceTypes", Some("t3.micro, t3.small")),
    ("aws:ec2:instances/SpotFleetOnDemandAboveBasePercentage", Some("70")),
    ("aws:ec2:instances/SpotFleetOnDemandBase", Some("0")),
    ("aws:ec2:instances/SpotMaxPrice", None),
    ("aws:elasticbeanstalk:application/Application Healthcheck URL", Some("")),
    ("aws:elasticbeanstalk:application:environment/DATABASE_URL", Some("postgres://u:hunter3@db/x")),
    ("aws:elasticbeanstalk:application:environment/PYTHONPATH", Some("/var/app/venv/staging-LQM1lest/bin")),
    ("aws:elasticbeanstalk:application:environment/SECRET_KEY", Some("hunter2")),
    ("aws:elasticbeanstalk:command/BatchSize", Some("100")),
    ("aws:elasticbeanstalk:command/BatchSizeType", Some("Percentage")),
    ("aws:elasticbeanstalk:command/DeploymentPolicy", Some("AllAtOnce")),
    ("aws:elasticbeanstalk:command/IgnoreHealthCheck", Some("false")),
    ("aws:elasticbeanstalk:command/Timeout", Some("600")),
    ("aws:elasticbeanstalk:control/DefaultSSHPort", Some("22")),
    ("aws:elasticbeanstalk:control/LaunchTimeout", Some("0")),
    ("aws:elasticbeanstalk:control/LaunchType", Some("Migration")),
    ("aws:elasticbeanstalk:control/RollbackLaunchOnFailure", Some("false")),
    ("aws:elasticbeanstalk:environment/EnvironmentType", Some("LoadBalanced")),
    ("aws:elasticbeanstalk:environment/ExternalExtensionsS3Bucket", None),
    ("aws:elasticbeanstalk:environment/LoadBalancerType", Some("classic")),
    (
        "aws:elasticbeanstalk:environment/ServiceRole",
        Some(
            "arn:aws:iam::123456789012:role/aws-service-role/elasticbeanstalk.amazonaws.com/AWSServiceRoleForElasticBeanstalk",
        ),
    ),
    (
        "aws:elasticbeanstalk:healthreporting:system/ConfigDocument",
        Some(
            r#"{"Version":1,"CloudWatchMetrics":{"Instance":{"CPUIrq":null},"Environment":{"InstancesOk":null}},"Rules":{"Environment":{"ELB":{"ELBRequests4xx":{}}}}}"#,
        ),
    ),
    ("aws:elasticbeanstalk:managedactions/ManagedActionsEnabled", Some("false")),
    ("aws:elasticbeanstalk:managedactions/PreferredStartTime", None),
    ("aws:elasticbeanstalk:managedactions/ServiceRoleForManagedUpdates", Some("")),
    ("aws:elasticbeanstalk:managedactions:platformupdate/UpdateLevel", None),
    ("aws:elasticbeanstalk:sns:topics/Notification Protocol", Some("email")),
    ("aws:elb:listener:80/InstancePort", Some("80")),
    ("aws:elb:listener:80/ListenerProtocol", Some("HTTP")),
    ("aws:elb:listener:80/SSLCertificateId", None),
    ("aws:elb:loadbalancer/CrossZone", Some("false")),
    ("aws:elb:loadbalancer/SecurityGroups", Some("sg-0fedcba9876543210")),
];

#[test]
fn of_a_real_answer_nearly_nothing_is_written_down() {
    let mut settings = ANSWER.to_vec();
    settings.push(("aws:autoscaling:trigger/UpperThreshold", Some("70")));
    let captured = capture(&live(&settings, ""), None, &BTreeSet::new());
    let kept: Vec<String> = captured.options.iter().map(|(option, value)| format!("{option}={value}")).collect();
    // What somebody chose, and nothing else.
    assert_eq!(kept, ["aws:autoscaling:trigger/UpperThreshold=70"]);
    assert_eq!(captured.properties.get("SECRET_KEY"), Some(&Property::Ask));
    let mut description = Description::new("shop");
    description.options = captured.options.clone();
    description.properties = captured.properties.clone();
    let text = crate::environment::write("x", None, &description).unwrap();
    for nowhere in ["hunter", "ami-", "sg-", "awseb", "template:parameter", "PYTHONPATH"] {
        assert!(!text.contains(nowhere) && !format!("{captured:?}").contains("hunter"), "{nowhere}: {text}");
    }
}
