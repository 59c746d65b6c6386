//! IAM policies: what each role needs, and what nobody should be able to do.
//!
//! Pure: values in, JSON out. Sources: the service authorization reference for actions and the resources they accept,
//! the Elastic Beanstalk developer guide for its condition keys, the S3 user guide for permissions of operations.

mod capturer;
mod deployer;
mod drill_ender;
mod launcher;
mod lifecycle;
mod pruner;
mod publisher;
mod scope;
mod statement;
mod swapper;

use serde_json::{Value, json};

use self::capturer::capturer;
use self::deployer::deployer;
use self::drill_ender::drill_ender;
use self::launcher::launcher;
use self::lifecycle::lifecycle;
use self::pruner::pruner;
use self::publisher::publisher;
pub use self::scope::Scope;
use self::statement::{deny, with};
use self::swapper::swapper;

/// Role that a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// A build that uploads bundles and registers versions
    Publisher,
    /// A job that deletes versions nobody needs
    Pruner,
    /// Somebody who sets the rule by which Elastic Beanstalk itself deletes versions
    Lifecycle,
    /// A build that moves one environment to another version
    Deployer,
    /// Somebody who creates environments and their application
    Launcher,
    /// A job that compares what lives with its description; it sees every environment property, secrets too
    Capturer,
    /// Somebody who lets two environments exchange their names in DNS
    Swapper,
    /// Somebody who ends rehearsals, and nothing else
    DrillEnder,
    /// Denies only: no deletion of applications, no termination of production
    Guard,
}

/// The policy document of a role.
pub fn policy(role: Role, scope: &Scope) -> Value {
    let mut statements = match role {
        Role::Publisher => publisher(scope),
        Role::Pruner => pruner(scope),
        Role::Lifecycle => lifecycle(scope),
        Role::Deployer => deployer(scope),
        Role::Launcher => launcher(scope),
        Role::Capturer => capturer(scope),
        Role::Swapper => swapper(scope),
        Role::DrillEnder => drill_ender(scope),
        Role::Guard => guard(scope),
    };
    if !matches!(role, Role::Guard | Role::DrillEnder) {
        statements.extend(never(scope));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Denies of what no role of ours needs. A Deny wins over every Allow, also over one that somebody adds later.
fn never(scope: &Scope) -> Vec<Value> {
    let ending = ["elasticbeanstalk:RebuildEnvironment", "elasticbeanstalk:TerminateEnvironment"];
    let named = scope.beanstalk("environment/*/*prod*");
    vec![
        deny("NoApplicationDeletion", &["elasticbeanstalk:DeleteApplication"], "*"),
        deny("NoProductionEndByName", &ending, &named),
        with(
            deny("NoProductionEndByTag", &ending, "*"),
            json!({ "StringEquals": { "aws:ResourceTag/stage": ["prod", "production"] } }),
        ),
    ]
}

fn guard(scope: &Scope) -> Vec<Value> {
    let mut statements = never(scope);
    statements.extend([
        // Or the tag that protects could be taken off first.
        with(
            deny(
                "NoRetagging",
                &["elasticbeanstalk:AddTags", "elasticbeanstalk:RemoveTags", "elasticbeanstalk:UpdateTagsForResource"],
                "*",
            ),
            // A launch may put it on what has none: that only adds protection.
            json!({
                "ForAnyValue:StringEquals": { "aws:TagKeys": ["stage"] },
                "Null": { "aws:ResourceTag/stage": "false" },
            }),
        ),
        // Deleting its stack ends an environment as surely as terminating it.
        deny(
            "NoStackDeletion",
            &["cloudformation:DeleteStack"],
            &format!("arn:{}:cloudformation:*:*:stack/awseb-*", scope.partition),
        ),
        deny(
            "NoBucketLoss",
            &["s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketPolicy"],
            &format!("arn:{}:s3:::elasticbeanstalk-*", scope.partition),
        ),
        deny("NoDatabaseLoss", &["rds:DeleteDBCluster", "rds:DeleteDBInstance"], "*"),
    ]);
    if scope.no_swap {
        // For everybody but those who have `swapper`.
        statements.push(deny("NoSwap", &["elasticbeanstalk:SwapEnvironmentCNAMEs"], "*"));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            partition: "aws".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
            application: "app".parse().unwrap(),
            environments: vec!["app-prod".to_owned()],
            bucket: None,
            prefix: "beansprout".to_owned(),
            archive: None,
            kms_key: None,
            service_role: "aws-elasticbeanstalk-service-role".to_owned(),
            no_swap: false,
        }
    }

    fn statements(role: Role, effect: &str) -> Vec<Value> {
        let policy = policy(role, &scope());
        let statements = policy["Statement"].as_array().unwrap().clone();
        statements.into_iter().filter(|statement| statement["Effect"] == effect).collect()
    }

    #[test]
    fn every_role_is_denied_to_delete_applications() {
        for role in [
            Role::Publisher,
            Role::Pruner,
            Role::Lifecycle,
            Role::Deployer,
            Role::Launcher,
            Role::Capturer,
            Role::Swapper,
            Role::DrillEnder,
            Role::Guard,
        ] {
            let denied = json!(statements(role, "Deny")).to_string();
            assert!(denied.contains("elasticbeanstalk:DeleteApplication\""), "{role:?}");
            assert!(denied.contains("elasticbeanstalk:TerminateEnvironment"), "{role:?}");
            let allowed = json!(statements(role, "Allow")).to_string();
            assert!(!allowed.contains("elasticbeanstalk:*"), "{role:?}");
        }
    }

    #[test]
    fn roles_are_passed_to_the_service_and_its_instances_alone() {
        for role in [Role::Deployer, Role::Launcher] {
            let allowed = statements(role, "Allow");
            let passed = allowed.iter().find(|statement| statement["Action"] == json!(["iam:PassRole"])).unwrap();
            let services = json!(["ec2.amazonaws.com*", "elasticbeanstalk.amazonaws.com*"]);
            assert_eq!(passed["Condition"]["StringLike"]["iam:PassedToService"], services, "{role:?}");
            assert!(passed["Resource"][0].as_str().unwrap().ends_with(":role/aws-elasticbeanstalk-*"), "{role:?}");
        }
    }

    #[test]
    fn objects_are_below_prefix_and_application() {
        assert_eq!(scope().objects("*"), "arn:aws:s3:::elasticbeanstalk-eu-west-1-123456789012/beansprout/app/*");
        assert_eq!(
            Scope { prefix: String::new(), bucket: Some("b".to_owned()), ..scope() }.objects("*"),
            "arn:aws:s3:::b/app/*"
        );
    }
}
