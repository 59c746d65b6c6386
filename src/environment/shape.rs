//! Shape of an environment: what AWS makes for it, told before anything is made. What that costs, AWS's price list says, and it
//! changes; nothing here pretends to know it.

use super::description::{Description, Tier};
use super::files::Files;
use super::key::OptionKey;

/// The shape of an environment, as far as AWS makes something for it.
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

        let text = "format = 'beansprout.environment/1'\n[options]\n'aws:elasticbeanstalk:environment/EnvironmentType' = 'LoadBalanced'\n'aws:elasticbeanstalk:environment/LoadBalancerType' = 'application'\n'aws:autoscaling:asg/MinSize' = 2\n";
        let two = Shape::of(&Description::read("shop", "x", text).unwrap(), &files);
        assert_eq!(two.parts()[..2], ["2 × t3.small", "Application Load Balancer"]);
        // What AWS does where nobody says anything.
        assert_eq!(Shape::of(&Description::new("shop"), &Files::default()).balancer, Some(Balancer::Classic));
    }
}
