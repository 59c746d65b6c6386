//! Swapper: exchanges the names of two environments.

use serde_json::Value;

use super::scope::Scope;
use super::statement::{allow, any};

/// Exchanging names is a role of its own: it changes what every visitor sees, and a build has no need of it.
pub(super) fn swapper(scope: &Scope) -> Vec<Value> {
    let mut statements = vec![
        allow("Swap", &["elasticbeanstalk:SwapEnvironmentCNAMEs"], &scope.environments()),
        // On everything: AWS leaves out what may not be seen instead of refusing. It shows every property, secrets too.
        allow(
            "LookEverywhere",
            &[
                "elasticbeanstalk:DescribeApplicationVersions",
                "elasticbeanstalk:DescribeConfigurationSettings",
                "elasticbeanstalk:DescribeEnvironmentHealth",
                "elasticbeanstalk:DescribeEnvironmentResources",
                "elasticbeanstalk:DescribeEnvironments",
                "elasticbeanstalk:DescribeInstancesHealth",
            ],
            &any(),
        ),
        allow(
            "Record",
            &["s3:GetObject", "s3:PutObject"],
            &[scope.objects("audit/*"), scope.objects("operations/*"), scope.objects("swaps/*")],
        ),
        allow("Bundles", &["s3:GetObject"], &scope.bundles()),
        // Without it, what is not there is refused instead of missing.
        allow("Bucket", &["s3:ListBucket"], &[scope.bucket()]),
    ];
    if scope.bucket.is_none() {
        statements.push(allow("Locate", &["elasticbeanstalk:CreateStorageLocation"], &any()));
    }
    statements.extend(scope.key(&["kms:Decrypt", "kms:GenerateDataKey"]));
    statements
}
