//! Roles that are about versions and their bundles.

use serde_json::{Value, json};

use super::scope::Scope;
use super::statement::{allow, any, deny, with};

/// The bucket itself: whose it is, what is in it, and whether it is closed.
const BUCKET: [&str; 5] = [
    "s3:GetBucketLocation",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
];

pub(super) fn publisher(scope: &Scope) -> Vec<Value> {
    let versions = [scope.application(), scope.versions()];
    let mut statements = vec![
        allow(
            "Register",
            &["elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:UpdateApplicationVersion"],
            &versions,
        ),
        allow("Tag", &["elasticbeanstalk:AddTags", "elasticbeanstalk:ListTagsForResource"], &[scope.versions()]),
        allow("Look", &["elasticbeanstalk:DescribeApplicationVersions", "elasticbeanstalk:DescribeEvents"], &versions),
        // Versions are counted over all applications; of those that may not be seen, AWS tells nothing.
        allow("Room", &["elasticbeanstalk:DescribeAccountAttributes", "elasticbeanstalk:DescribeApplications"], &any()),
        allow(
            "Bundles",
            &["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            &scope.bundles(),
        ),
        allow("Bucket", &BUCKET, &[scope.bucket()]),
    ];
    statements.extend(scope.key(&["kms:Decrypt", "kms:GenerateDataKey"]));
    if scope.bucket.is_none() {
        // The service's own bucket is found by asking the service. Where there is none yet, an administrator runs this
        // once: making it needs rights over buckets that a build should not have.
        statements.push(allow("Locate", &["elasticbeanstalk:CreateStorageLocation"], &any()));
    }
    statements
}

pub(super) fn pruner(scope: &Scope) -> Vec<Value> {
    let mut statements = vec![
        look_everywhere(),
        allow("Locate", &["elasticbeanstalk:CreateStorageLocation"], &any()),
        allow(
            "DeleteVersions",
            &["elasticbeanstalk:DeleteApplicationVersion", "elasticbeanstalk:ListTagsForResource"],
            &[scope.versions()],
        ),
        allow(
            "Bundles",
            &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            &[scope.objects("*")],
        ),
        allow("Bucket", &BUCKET, &[scope.bucket()]),
        with(
            deny("KeepTagged", &["elasticbeanstalk:DeleteApplicationVersion"], "*"),
            json!({ "StringEquals": { "aws:ResourceTag/keep": "true" } }),
        ),
    ];
    if let Some(prefix) = &scope.archive {
        // What is archived is what brings versions back, so nothing is deleted there. A bundle that another tool put
        // elsewhere in the bucket is archived too.
        let archive = format!("{}/{}/*", scope.bucket(), prefix.trim_matches('/'));
        statements.push(allow("Archive", &["s3:PutObject"], &[archive]));
        statements.push(allow("Archived", &["s3:GetObject"], &[format!("{}/*", scope.bucket())]));
    }
    statements.extend(scope.key(&["kms:Decrypt", "kms:GenerateDataKey"]));
    statements
}

pub(super) fn lifecycle(scope: &Scope) -> Vec<Value> {
    let mut statements = vec![
        look_everywhere(),
        allow("Locate", &["elasticbeanstalk:CreateStorageLocation"], &any()),
        allow("Rule", &["elasticbeanstalk:UpdateApplicationResourceLifecycle"], &[scope.application()]),
        with(
            allow(
                "PassRole",
                &["iam:PassRole"],
                &[format!("arn:{}:iam::{}:role/{}", scope.partition, scope.account, scope.service_role)],
            ),
            json!({ "StringLike": { "iam:PassedToService": "elasticbeanstalk.amazonaws.com*" } }),
        ),
        // What ran well is kept there.
        allow("Record", &["s3:GetObject"], &[scope.objects("*")]),
        allow("RecordOfRun", &["s3:PutObject"], &[scope.objects("audit/*")]),
        allow("Bucket", &["s3:ListBucket", "s3:ListBucketMultipartUploads"], &[scope.bucket()]),
    ];
    statements.extend(scope.key(&["kms:Decrypt", "kms:GenerateDataKey"]));
    statements
}

/// On everything: with fewer rights AWS leaves environments out of its answer instead of refusing, and a version that
/// runs would look unused.
fn look_everywhere() -> Value {
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
