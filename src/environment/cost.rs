//! What AWS makes for an environment, and what it costs a day: told before anything is made.

use super::description::{Description, Tier};
use super::files::Files;
use super::key::OptionKey;

/// The shape of an environment, as far as it decides about money.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    instances: u32,
    /// The first that is asked for.
    instance_type: String,
    balancer: Option<Balancer>,
    volume: Option<(String, u32)>,
    database: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Balancer {
    Application,
    Network,
    Classic,
}

impl Balancer {
    fn word(self) -> &'static str {
        match self {
            Self::Application => "Application Load Balancer",
            Self::Network => "Network Load Balancer",
            Self::Classic => "Classic Load Balancer",
        }
    }
}

/// List prices on demand in us-east-1, US dollars an hour, Linux. From memory of the AWS Price List of 2025: an order of
/// magnitude, not a bill.
const TYPES: [(&str, f64); 20] = [
    ("t2.micro", 0.0116),
    ("t2.small", 0.023),
    ("t2.medium", 0.0464),
    ("t3.nano", 0.0052),
    ("t3.micro", 0.0104),
    ("t3.small", 0.0208),
    ("t3.medium", 0.0416),
    ("t3.large", 0.0832),
    ("t3.xlarge", 0.1664),
    ("t3a.micro", 0.0094),
    ("t3a.small", 0.0188),
    ("t3a.medium", 0.0376),
    ("t4g.nano", 0.0042),
    ("t4g.micro", 0.0084),
    ("t4g.small", 0.0168),
    ("t4g.medium", 0.0336),
    ("t4g.large", 0.0672),
    ("m5.large", 0.096),
    ("m6i.large", 0.096),
    ("m7g.large", 0.0816),
];
const ADDRESS: f64 = 0.005;
const BALANCER: f64 = 0.0225;
const CLASSIC: f64 = 0.025;
/// A gigabyte of gp3 a month.
const GIGABYTE: f64 = 0.08;
/// Instances of Amazon Linux 2023 come with this much.
const VOLUME: u32 = 8;

impl Shape {
    /// As the description says, then the files, then what AWS does by itself.
    pub fn of(description: &Description, files: &Files) -> Self {
        let said = |namespace: &str, name: &str| {
            let key = OptionKey::new(namespace, None, name);
            let ours = description.options.get(&key).cloned();
            ours.or_else(|| files.get(&key).map(|said| said.value.clone())).filter(|value| !value.trim().is_empty())
        };
        const LAUNCH: &str = "aws:autoscaling:launchconfiguration";
        let single = said("aws:elasticbeanstalk:environment", "EnvironmentType")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("SingleInstance"));
        let balancer = || match said("aws:elasticbeanstalk:environment", "LoadBalancerType").as_deref() {
            Some("application") => Balancer::Application,
            Some("network") => Balancer::Network,
            _ => Balancer::Classic,
        };
        let types = said("aws:ec2:instances", "InstanceTypes").or_else(|| said(LAUNCH, "InstanceType"));
        let first = types.as_deref().and_then(|types| types.split(',').next()).map(str::trim);
        let size = said(LAUNCH, "RootVolumeSize").and_then(|size| size.parse().ok());
        Self {
            instances: said("aws:autoscaling:asg", "MinSize").and_then(|number| number.parse().ok()).unwrap_or(1),
            instance_type: first.unwrap_or("t3.micro").to_owned(),
            balancer: (!single && description.tier == Tier::Web).then(balancer),
            volume: size.map(|size| (said(LAUNCH, "RootVolumeType").unwrap_or_else(|| "gp3".to_owned()), size)),
            database: said("aws:rds:dbinstance", "DBEngine"),
        }
    }

    /// What AWS will make, a part each.
    pub fn parts(&self) -> Vec<String> {
        let mut parts = vec![format!("{} × {}", self.instances, self.instance_type)];
        if let Some((kind, size)) = &self.volume {
            parts.push(format!("{size} GiB {kind}"));
        }
        match self.balancer {
            Some(balancer) => parts.push(balancer.word().to_owned()),
            None => parts.push("1 Elastic IP, no balancer".to_owned()),
        }
        parts.push("a security group, an Auto Scaling group, a CloudFormation stack".to_owned());
        if let Some(engine) = &self.database {
            parts.push(format!("a coupled {engine} database, which ends with the environment"));
        }
        parts
    }

    /// US dollars a day at list prices, without traffic. `None`: not known here.
    pub fn cost_a_day(&self) -> Option<f64> {
        let (_, hour) = TYPES.iter().find(|(name, _)| *name == self.instance_type)?;
        if self.database.is_some() || self.balancer == Some(Balancer::Network) {
            return None;
        }
        let balancer = match self.balancer {
            None => 0.0,
            Some(Balancer::Classic) => CLASSIC,
            // It has an address in each of two zones.
            Some(_) => BALANCER + 2.0 * ADDRESS,
        };
        let volume = f64::from(self.volume.as_ref().map_or(VOLUME, |(_, size)| *size));
        let instance = (hour + ADDRESS) * 24.0 + volume * GIGABYTE / 30.0;
        Some(f64::from(self.instances) * instance + balancer * 24.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beanstalk::customizations::Customizations;
    use crate::beanstalk::tree::Tree;

    #[test]
    fn the_description_comes_before_the_files() {
        let tree = Tree::default().file(
            ".ebextensions/a.config",
            "option_settings:\n  aws:elasticbeanstalk:environment: {EnvironmentType: SingleInstance}\n  aws:ec2:instances: {InstanceTypes: 't3.small, t3.micro'}\n",
        );
        let files = Files::of(&Customizations::read(&tree));
        let one = Shape::of(&Description::new("shop"), &files);
        assert_eq!(one.parts()[..2], ["1 × t3.small", "1 Elastic IP, no balancer"]);
        let cost = one.cost_a_day().unwrap();
        assert!((0.5..0.8).contains(&cost), "{cost}");

        let text = "format = 'beansprout.environment/1'\n[options]\n'aws:elasticbeanstalk:environment/EnvironmentType' = 'LoadBalanced'\n'aws:elasticbeanstalk:environment/LoadBalancerType' = 'application'\n'aws:autoscaling:asg/MinSize' = 2\n";
        let two = Shape::of(&Description::read("shop", "x", text).unwrap(), &files);
        assert_eq!(two.parts()[..2], ["2 × t3.small", "Application Load Balancer"]);
        assert!(two.cost_a_day().unwrap() > 2.0 * cost);
    }

    #[test]
    fn what_is_not_known_has_no_price() {
        let text = "format = 'beansprout.environment/1'\n[options]\n'aws:ec2:instances/InstanceTypes' = 'x99.huge'\n";
        let shape = Shape::of(&Description::read("shop", "x", text).unwrap(), &Files::default());
        assert_eq!(shape.cost_a_day(), None);
        // What AWS does where nobody says anything.
        assert_eq!(Shape::of(&Description::new("shop"), &Files::default()).balancer, Some(Balancer::Classic));
    }
}
