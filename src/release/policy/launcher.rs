//! Launcher: creates what is described, and publishes what it runs.

use serde_json::{Value, json};

use super::publisher::publisher;
use super::scope::Scope;
use super::statement::{allow, any, downstream, pass_roles, with};

/// Creating takes what publishing takes, and what Elastic Beanstalk does in the name of whoever launches.
pub(super) fn launcher(scope: &Scope) -> Vec<Value> {
    let mut statements = publisher(scope);
    statements.extend([
        allow(
            "Application",
            &["elasticbeanstalk:CreateApplication", "elasticbeanstalk:UpdateApplicationResourceLifecycle"],
            &[scope.application()],
        ),
        with(
            allow("Launch", &["elasticbeanstalk:CreateEnvironment"], &scope.environments()),
            json!({
                "ArnLike": {
                    "elasticbeanstalk:FromApplicationVersion": scope.versions(),
                    "elasticbeanstalk:InApplication": scope.application(),
                },
            }),
        ),
        allow(
            "TagAll",
            &["elasticbeanstalk:AddTags", "elasticbeanstalk:ListTagsForResource"],
            &[vec![scope.application()], scope.environments()].concat(),
        ),
        allow(
            "LookForLaunch",
            &[
                "elasticbeanstalk:CheckDNSAvailability",
                "elasticbeanstalk:DescribeConfigurationSettings",
                "elasticbeanstalk:DescribeEnvironmentHealth",
                "elasticbeanstalk:DescribeEnvironmentResources",
                "elasticbeanstalk:DescribeEnvironments",
                "elasticbeanstalk:DescribeEvents",
                "elasticbeanstalk:DescribeInstancesHealth",
                "elasticbeanstalk:ListPlatformBranches",
                "elasticbeanstalk:ListPlatformVersions",
                "elasticbeanstalk:ValidateConfigurationSettings",
            ],
            &any(),
        ),
        // A profile or a role that is not there is told before anything is launched.
        allow(
            "LookForProfile",
            &["iam:GetInstanceProfile"],
            &[format!("arn:{}:iam::{}:instance-profile/*", scope.partition, scope.account)],
        ),
        allow("LookForRoles", &["iam:GetRole"], &[scope.role("*")]),
        downstream(),
        pass_roles(&[scope.role("aws-elasticbeanstalk-*"), scope.role(&scope.service_role)]),
        with(
            allow("ServiceLinkedRoles", &["iam:CreateServiceLinkedRole"], &[scope.role("aws-service-role/*")]),
            json!({ "StringEquals": { "iam:AWSServiceName": [
                "autoscaling.amazonaws.com",
                "elasticbeanstalk.amazonaws.com",
                "elasticloadbalancing.amazonaws.com",
                "managedupdates.elasticbeanstalk.amazonaws.com",
            ] } }),
        ),
    ]);
    statements
}
