//! Options that are valid each for itself and refused together.

use crate::beanstalk::config_file::{ConfigFile, OptionSetting};
use crate::beanstalk::options;
use crate::check::subject::Subject;

const GROUP: &str = "aws:autoscaling:asg";
const COMMAND: &str = "aws:elasticbeanstalk:command";
const ENVIRONMENT: &str = "aws:elasticbeanstalk:environment";
const LAUNCH: &str = "aws:autoscaling:launchconfiguration";
const ROLLING: &str = "aws:autoscaling:updatepolicy:rollingupdate";
const HEALTH: &str = "aws:elasticbeanstalk:healthreporting:system";
const MANAGED: &str = "aws:elasticbeanstalk:managedactions";

type Place<'a> = (&'a ConfigFile, &'a OptionSetting);

pub(super) fn check(subject: &mut Subject<'_>) {
    sizes(subject);
    health(subject);
    managed(subject);
    listeners(subject);
    own_listeners(subject);
    security_groups(subject);
    traffic(subject);
    instance_types(subject);
    instance_profile(subject);
    without_balancer(subject);
    redirect(subject);
}

/// A role and the instance profile that holds it are two things, of one name only if the console made them.
fn instance_profile(subject: &mut Subject<'_>) {
    if let Some(place) = last(subject, LAUNCH, "IamInstanceProfile")
        && place.1.value.value.contains(":role/")
    {
        let message =
            "the instances do not start: this is the ARN of a role, and an instance profile is asked for".to_owned();
        find(subject, "EB152", place, message, "name the instance profile, or its ARN with `:instance-profile/`");
    }
}

/// Options of a load balancer, where there is none. Whether AWS passes over them or refuses them is not confirmed.
fn without_balancer(subject: &mut Subject<'_>) {
    if !subject.single() {
        return;
    }
    let customizations = subject.customizations;
    let found = customizations.used().find_map(|file| {
        let of_balancer = |setting: &&OptionSetting| {
            setting.namespace.value.starts_with("aws:elbv2:") || setting.namespace.value.starts_with("aws:elb:")
        };
        Some((file, file.option_settings.iter().find(of_balancer)?))
    });
    if let Some((file, setting)) = found {
        let message = format!("a single instance has no load balancer: `{}` has no effect", setting.namespace.value);
        let fix = "set `EnvironmentType` to `LoadBalanced`, or take this out";
        subject.find("EB153", &file.path, setting.namespace.span.clone(), message, fix);
    }
}

/// Visitors that are sent to port 443 need somebody there.
fn redirect(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    let secure = customizations.used().flat_map(|file| &file.option_settings).any(|setting| {
        setting.namespace.value == "aws:elbv2:listener:443" || setting.namespace.value == "aws:elb:listener:443"
    });
    let listens = customizations.used().flat_map(|file| &file.resources).any(|(_, definition)| {
        let port = definition.get("Properties").and_then(|properties| properties.get("Port"));
        port.and_then(crate::beanstalk::yaml::Node::as_str) == Some("443")
    });
    if secure || listens {
        return;
    }
    for file in customizations.used() {
        let Some(at) = file.text.find("RedirectConfig").filter(|_| file.text.contains("443")) else { continue };
        let message = "visitors are sent to port 443, and no file here has a listener there: the site is gone unless the console has one";
        let fix = "`beansprout add https-listener` writes it, with a certificate";
        subject.find("EB154", &file.path, at..at + "RedirectConfig".len(), message, fix);
    }
}

/// Where the files set it last.
fn last<'a>(subject: &Subject<'a>, namespace: &str, name: &str) -> Option<Place<'a>> {
    let files = subject.customizations.used();
    let settings = files.flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)));
    settings.filter(|(_, setting)| setting.namespace.value == namespace && setting.name.value == name).last()
}

/// What is in force as far as the files and the defaults say.
fn value<'a>(subject: &Subject<'a>, namespace: &str, name: &str) -> Option<&'a str> {
    let set = last(subject, namespace, name).map(|(_, setting)| setting.value.value.as_str());
    set.or_else(|| options::find(namespace, name)?.default)
}

fn is(subject: &Subject<'_>, namespace: &str, name: &str, expected: &str) -> bool {
    value(subject, namespace, name).is_some_and(|value| value.eq_ignore_ascii_case(expected))
}

fn find(subject: &mut Subject<'_>, rule: &'static str, (file, setting): Place<'_>, message: String, fix: &str) {
    subject.find(rule, &file.path, setting.value.span.clone(), message, fix);
}

fn sizes(subject: &mut Subject<'_>) {
    let number = |subject: &Subject<'_>, namespace, name| value(subject, namespace, name)?.parse::<u64>().ok();
    let (min, max) = (number(subject, GROUP, "MinSize"), number(subject, GROUP, "MaxSize"));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
        && let Some(place) = last(subject, GROUP, "MinSize").or_else(|| last(subject, GROUP, "MaxSize"))
    {
        let message = format!("the deployment is rejected: `MinSize` is {min} and `MaxSize` is {max}");
        find(subject, "EB307", place, message, "set both, the smaller one first");
    }
    if let Some(place) = last(subject, ROLLING, "MinInstancesInService")
        && let (Ok(in_service), Some(max)) = (place.1.value.value.parse::<u64>(), max)
        && in_service >= max
    {
        let message = format!(
            "the deployment is rejected: {in_service} instances are to stay in service and there are {max} at most"
        );
        find(subject, "EB308", place, message, "keep at least one less than `MaxSize`");
    }
}

fn health(subject: &mut Subject<'_>) {
    // Clients ask for enhanced health themselves; only a file that says `basic` is certain.
    let Some((_, setting)) = last(subject, HEALTH, "SystemType") else { return };
    if !setting.value.value.eq_ignore_ascii_case("basic") {
        return;
    }
    let needs = [
        (COMMAND, "DeploymentPolicy", &["Immutable", "TrafficSplitting"][..]),
        (ROLLING, "RollingUpdateType", &["Immutable"][..]),
        ("aws:elasticbeanstalk:cloudwatch:logs:health", "HealthStreamingEnabled", &["true"][..]),
        (MANAGED, "ManagedActionsEnabled", &["true"][..]),
    ];
    for (namespace, name, values) in needs {
        if let Some(place) = last(subject, namespace, name)
            && values.iter().any(|value| value.eq_ignore_ascii_case(&place.1.value.value))
        {
            let message = format!(
                "the deployment is rejected: `{name}: {}` needs enhanced health, and `SystemType` is `basic`",
                place.1.value.value
            );
            find(subject, "EB311", place, message, "set `SystemType` to `enhanced`");
        }
    }
}

fn managed(subject: &mut Subject<'_>) {
    let Some(place) = last(subject, MANAGED, "ManagedActionsEnabled")
        .filter(|(_, setting)| setting.value.value.eq_ignore_ascii_case("true"))
    else {
        return;
    };
    let missing =
        [(MANAGED, "PreferredStartTime"), ("aws:elasticbeanstalk:managedactions:platformupdate", "UpdateLevel")]
            .into_iter()
            .filter(|(namespace, name)| last(subject, namespace, name).is_none())
            .map(|(_, name)| format!("`{name}`"))
            .collect::<Vec<_>>();
    if !missing.is_empty() {
        let message = format!("the deployment is rejected: managed updates need {} as well", missing.join(" and "));
        find(
            subject,
            "EB312",
            place,
            message,
            "set `PreferredStartTime`, such as `Tue:09:00` in UTC, and `UpdateLevel`",
        );
    }
}

/// A listener that speaks TLS needs a certificate.
fn listeners(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    for file in customizations.used() {
        for setting in &file.option_settings {
            let namespace = setting.namespace.value.as_str();
            let (certificate, secure) = match setting.name.value.as_str() {
                "Protocol" if namespace.starts_with("aws:elbv2:listener:") => ("SSLCertificateArns", ["HTTPS", "TLS"]),
                "ListenerProtocol" if namespace.starts_with("aws:elb:listener") => {
                    ("SSLCertificateId", ["HTTPS", "SSL"])
                }
                _ => continue,
            };
            let protocol = setting.value.value.as_str();
            if secure.iter().any(|word| word.eq_ignore_ascii_case(protocol))
                && match last(subject, namespace, certificate) {
                    Some((_, setting)) => setting.value.value.trim().is_empty(),
                    // A value that is no text is there all the same.
                    None => !customizations.used().any(|file| is_key(&file.text, certificate)),
                }
                && !is(subject, namespace, "ListenerEnabled", "false")
            {
                let message = format!("the deployment is rejected: a listener for {protocol} needs a certificate");
                let fix = format!("set `{certificate}` in `{namespace}`");
                find(subject, "EB309", (file, setting), message, &fix);
            }
        }
    }
}

/// Does a line of this file begin with the name?
fn is_key(text: &str, name: &str) -> bool {
    text.lines().any(|line| line.trim_start().trim_start_matches(['"', '\'']).starts_with(name))
}

/// The same for a listener that the files make by themselves.
fn own_listeners(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    for file in customizations.used() {
        for (name, definition) in &file.resources {
            let text = |node: &crate::beanstalk::yaml::Node, key: &str| {
                node.get(key).and_then(crate::beanstalk::yaml::Node::as_str).map(str::to_owned)
            };
            let listener = text(definition, "Type").as_deref() == Some("AWS::ElasticLoadBalancingV2::Listener");
            let Some(properties) = definition.get("Properties").filter(|_| listener) else { continue };
            let Some(protocol) = text(properties, "Protocol") else { continue };
            if matches!(protocol.as_str(), "HTTPS" | "TLS") && properties.get("Certificates").is_none() {
                let message = format!("the deployment is rejected: a listener for {protocol} needs a certificate");
                let fix = "give it `Certificates` with a `CertificateArn`";
                subject.find("EB309", &file.path, name.span.clone(), message, fix);
            }
        }
    }
}

fn security_groups(subject: &mut Subject<'_>) {
    if let Some(place) = last(subject, LAUNCH, "DisableDefaultEC2SecurityGroup")
        && place.1.value.value.eq_ignore_ascii_case("true")
        && last(subject, LAUNCH, "SecurityGroups").is_none()
    {
        let message =
            "the deployment is rejected: without the default security group the instances have none".to_owned();
        find(subject, "EB310", place, message, "name at least one group in `SecurityGroups`");
    }
}

fn traffic(subject: &mut Subject<'_>) {
    let Some(place) = last(subject, COMMAND, "DeploymentPolicy") else { return };
    let policy = place.1.value.value.as_str();
    let single = is(subject, ENVIRONMENT, "EnvironmentType", "SingleInstance");
    let balancer = last(subject, ENVIRONMENT, "LoadBalancerType").map(|(_, setting)| setting.value.value.as_str());
    if policy.eq_ignore_ascii_case("TrafficSplitting") {
        if single || balancer.is_some_and(|kind| !kind.eq_ignore_ascii_case("application")) {
            let message =
                "the deployment is rejected: traffic can be split by an Application Load Balancer only".to_owned();
            find(subject, "EB313", place, message, "set `LoadBalancerType` to `application`, or take another policy");
        }
    } else if single && policy.to_ascii_lowercase().starts_with("rolling") {
        let message =
            format!("the deployment is rejected: `{policy}` needs a load balancer, and this is a single instance");
        find(subject, "EB313", place, message, "take `AllAtOnce` or `Immutable`");
    }
}

fn instance_types(subject: &mut Subject<'_>) {
    const MOST: usize = 40;
    if let Some(place) = last(subject, "aws:ec2:instances", "InstanceTypes") {
        let number = place.1.value.value.split(',').count();
        if number > MOST {
            let message = format!("the deployment is rejected: {number} instance types, and {MOST} are allowed");
            find(subject, "EB318", place, message, "leave out the unlikely ones");
        }
    }
}
