//! Capturer: reads what lives.

use serde_json::Value;

use super::scope::Scope;
use super::statement::{allow, any};

/// Capturing only reads: on everything, because AWS leaves out what may not be seen instead of refusing.
pub(super) fn capturer(scope: &Scope) -> Vec<Value> {
    let mut statements = vec![
        allow(
            "LookEverywhere",
            &[
                "elasticbeanstalk:DescribeApplicationVersions",
                "elasticbeanstalk:DescribeApplications",
                "elasticbeanstalk:DescribeConfigurationSettings",
                "elasticbeanstalk:DescribeEnvironments",
                // What a rollback would take, where no record has it.
                "elasticbeanstalk:DescribeEvents",
                "elasticbeanstalk:DescribePlatformVersion",
                "elasticbeanstalk:ListTagsForResource",
            ],
            &any(),
        ),
        allow("Bundles", &["s3:GetObject"], &scope.bundles()),
        allow("Bucket", &["s3:ListBucket"], &[scope.bucket()]),
    ];
    statements.extend(scope.key(&["kms:Decrypt"]));
    statements
}
