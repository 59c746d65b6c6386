//! Lifecycle: sets the application's own rule for old versions.

use serde_json::{Value, json};

use super::scope::Scope;
use super::statement::{allow, any, look_everywhere, with};

pub(super) fn lifecycle(scope: &Scope) -> Vec<Value> {
    let mut statements = vec![
        look_everywhere(),
        allow("Locate", &["elasticbeanstalk:CreateStorageLocation"], &any()),
        allow("Rule", &["elasticbeanstalk:UpdateApplicationResourceLifecycle"], &[scope.application()]),
        with(
            allow("PassRole", &["iam:PassRole"], &[scope.role(&scope.service_role)]),
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
