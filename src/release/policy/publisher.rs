//! Publisher: uploads bundles and registers versions.

use serde_json::Value;

use super::scope::Scope;
use super::statement::{BUCKET, allow, any};

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
