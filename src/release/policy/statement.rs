//! Statements of a policy.

use serde_json::{Value, json};

/// The bucket itself: whose it is, what is in it, and whether it is closed.
pub(super) const BUCKET: [&str; 5] = [
    "s3:GetBucketLocation",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
];

pub(super) fn allow(sid: &str, actions: &[&str], resources: &[String]) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

pub(super) fn deny(sid: &str, actions: &[&str], resource: &str) -> Value {
    json!({ "Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resource })
}

pub(super) fn with(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

pub(super) fn any() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Elastic Beanstalk does this in the name of whoever deploys or launches. AWS publishes no tighter list; an operations
/// role moves these rights away from the caller.
pub(super) fn downstream() -> Value {
    allow(
        "Downstream",
        &[
            "autoscaling:*",
            "cloudformation:*",
            "cloudwatch:*",
            "ec2:*",
            "elasticloadbalancing:*",
            "logs:*",
            "s3:Get*",
            "s3:List*",
            "sns:*",
            "sqs:*",
        ],
        &any(),
    )
}

/// Roles that Elastic Beanstalk is handed, and hands to instances; nobody else is.
pub(super) fn pass_roles(roles: &[String]) -> Value {
    with(
        allow("PassRoles", &["iam:PassRole"], roles),
        json!({ "StringLike": { "iam:PassedToService": ["ec2.amazonaws.com*", "elasticbeanstalk.amazonaws.com*"] } }),
    )
}

/// On everything: with fewer rights AWS leaves environments out of its answer instead of refusing, and a version that
/// runs would look unused.
pub(super) fn look_everywhere() -> Value {
    allow(
        "LookEverywhere",
        &[
            "elasticbeanstalk:DescribeAccountAttributes",
            "elasticbeanstalk:DescribeApplicationVersions",
            "elasticbeanstalk:DescribeApplications",
            "elasticbeanstalk:DescribeEnvironments",
            "elasticbeanstalk:DescribeEvents",
            "elasticbeanstalk:DescribeInstancesHealth",
        ],
        &any(),
    )
}
