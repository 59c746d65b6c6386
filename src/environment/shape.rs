//! Shape of an environment: what AWS makes for it, told before anything is made. What that costs, AWS's price list says, and it
//! changes; nothing here pretends to know it.

use super::description::{Description, Tier};
use super::files::Files;
use super::key::OptionKey;
use crate::beanstalk::durations::{self, Duration};

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
            let found = files.below(description, &OptionKey::new(namespace, None, name));
            found.map(|(value, _)| value.to_owned()).filter(|value| !value.trim().is_empty())
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

    /// How long a launch takes. `None`: nobody has shown one like it.
    pub fn takes(&self) -> Option<Duration> {
        match self.balancer {
            None => Some(durations::SINGLE),
            Some(Balancer::Classic) => Some(durations::CLASSIC),
            Some(Balancer::Application) => Some(durations::BALANCED),
            Some(Balancer::Network) => None,
        }
        // AWS says ten minutes for the database alone.
        .filter(|_| self.database.is_none())
    }

    /// What of it is paid for, in the units that AWS's pages of prices have.
    pub fn units(&self) -> Vec<String> {
        let Self { instances, instance_type, .. } = self;
        let mut units = vec![format!("hours of {instances} × {instance_type}")];
        units.push(match &self.volume {
            Some((kind, size)) => format!("{} GiB of {kind} by the month", size * instances),
            None => "its volumes by the GiB and month".to_owned(),
        });
        units.extend(self.balancer.map(|balancer| match balancer {
            Balancer::Classic => "hours of the Classic Load Balancer, and its traffic by the GB".to_owned(),
            balancer => format!("hours and capacity units of the {}", balancer.word()),
        }));
        units.push("hours of each public IPv4 address".to_owned());
        units.extend(self.database.iter().map(|engine| format!("hours and storage of the {engine} database")));
        units.push("traffic to the internet by the GB".to_owned());
        units
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
        assert_eq!(one.takes(), Some(durations::SINGLE));
        assert_eq!(one.units()[..2], ["hours of 1 × t3.small", "its volumes by the GiB and month"]);

        let text = "format = 'beansprout.environment/1'\n[options]\n'aws:elasticbeanstalk:environment/EnvironmentType' = 'LoadBalanced'\n'aws:elasticbeanstalk:environment/LoadBalancerType' = 'application'\n'aws:autoscaling:asg/MinSize' = 2\n";
        let two = Shape::of(&Description::read("shop", "x", text).unwrap(), &files);
        assert_eq!(two.parts()[..2], ["2 × t3.small", "Application Load Balancer"]);
        assert_eq!(two.takes(), Some(durations::BALANCED));
        assert_eq!(two.units()[2], "hours and capacity units of the Application Load Balancer");
        // What AWS does where nobody says anything.
        assert_eq!(Shape::of(&Description::new("shop"), &Files::default()).balancer, Some(Balancer::Classic));
    }
}
