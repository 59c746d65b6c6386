//! Pruner: deletes versions that nobody needs.

use serde_json::{Value, json};

use super::scope::Scope;
use super::statement::{BUCKET, allow, any, deny, look_everywhere, with};

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
