//! Deployer: moves environments to versions, and watches them.

use serde_json::{Value, json};

use super::scope::Scope;
use super::statement::{allow, any, downstream, pass_roles, with};

pub(super) fn deployer(scope: &Scope) -> Vec<Value> {
    let mut statements = vec![
        with(
            allow("Deploy", &["elasticbeanstalk:UpdateEnvironment"], &scope.environments()),
            json!({ "ArnLike": { "elasticbeanstalk:FromApplicationVersion": scope.versions() } }),
        ),
        // Its own statement: no version comes with it, and a condition on a key that is absent is not met.
        allow("Abort", &["elasticbeanstalk:AbortEnvironmentUpdate"], &scope.environments()),
        allow(
            "Look",
            &[
                "elasticbeanstalk:DescribeApplicationVersions",
                "elasticbeanstalk:DescribeApplications",
                "elasticbeanstalk:DescribeConfigurationSettings",
                "elasticbeanstalk:DescribeEnvironmentHealth",
                "elasticbeanstalk:DescribeEnvironmentResources",
                "elasticbeanstalk:DescribeEnvironments",
                "elasticbeanstalk:DescribeEvents",
                "elasticbeanstalk:DescribeInstancesHealth",
            ],
            &any(),
        ),
        // Last lines of logs, where there is no log of the deployment.
        allow(
            "Logs",
            &["elasticbeanstalk:RequestEnvironmentInfo", "elasticbeanstalk:RetrieveEnvironmentInfo"],
            &scope.environments(),
        ),
        allow("Locate", &["elasticbeanstalk:CreateStorageLocation"], &any()),
        allow(
            "Record",
            &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            &[scope.objects("audit/*"), scope.objects("deployments/*"), scope.objects("operations/*")],
        ),
        allow("Bundles", &["s3:GetObject"], &[scope.objects("*")]),
        // In the service's own bucket, wherever the bundles are.
        allow("DeploymentLogs", &["s3:GetObject"], &scope.instance_logs()),
        allow("Bucket", &["s3:ListBucket"], &[scope.bucket()]),
        downstream(),
        pass_roles(&[scope.role("aws-elasticbeanstalk-*")]),
    ];
    statements.extend(scope.key(&["kms:Decrypt", "kms:GenerateDataKey"]));
    statements
}
