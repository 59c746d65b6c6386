//! Roles that are about environments.

use serde_json::{Value, json};

use super::scope::Scope;
use super::statement::{allow, any, with};
use super::version_roles::publisher;

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
        with(
            allow(
                "PassRoles",
                &["iam:PassRole"],
                &[format!("arn:{}:iam::{}:role/aws-elasticbeanstalk-*", scope.partition, scope.account)],
            ),
            json!({ "StringLike": { "iam:PassedToService": ["ec2.amazonaws.com*", "elasticbeanstalk.amazonaws.com*"] } }),
        ),
    ];
    statements.extend(scope.key(&["kms:Decrypt", "kms:GenerateDataKey"]));
    statements
}

/// Creating takes what publishing takes, and what Elastic Beanstalk does in the name of whoever launches.
pub(super) fn launcher(scope: &Scope) -> Vec<Value> {
    let role = |name: &str| format!("arn:{}:iam::{}:role/{name}", scope.partition, scope.account);
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
        // A plan names the line that tells whether the profile is there.
        allow(
            "LookForProfile",
            &["iam:GetInstanceProfile"],
            &[format!("arn:{}:iam::{}:instance-profile/*", scope.partition, scope.account)],
        ),
        downstream(),
        with(
            allow("PassRoles", &["iam:PassRole"], &[role("aws-elasticbeanstalk-*"), role(&scope.service_role)]),
            json!({ "StringLike": { "iam:PassedToService": ["ec2.amazonaws.com*", "elasticbeanstalk.amazonaws.com*"] } }),
        ),
        with(
            allow("ServiceLinkedRoles", &["iam:CreateServiceLinkedRole"], &[role("aws-service-role/*")]),
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

/// The one role that may end something: what a rehearsal made, and nothing else. It stands in place of `guard`, which
/// denies the deletion of every stack.
pub(super) fn drill_ender(scope: &Scope) -> Vec<Value> {
    let environments = scope.beanstalk("environment/drill-*/drill-*");
    let applications = scope.beanstalk("application/drill-*");
    let versions = scope.beanstalk("applicationversion/drill-*/*");
    let but = |sid: &str, action: &str, resource: &str| json!({ "Sid": sid, "Effect": "Deny", "Action": [action], "NotResource": [resource] });
    vec![
        allow("EndDrill", &["elasticbeanstalk:TerminateEnvironment"], std::slice::from_ref(&environments)),
        allow(
            "ForgetDrill",
            &["elasticbeanstalk:DeleteApplication", "elasticbeanstalk:DeleteApplicationVersion"],
            &[applications.clone(), versions],
        ),
        allow(
            "Look",
            &[
                "elasticbeanstalk:DescribeApplications",
                "elasticbeanstalk:DescribeEnvironments",
                "elasticbeanstalk:DescribeEvents",
                // What a rehearsal is, its tag says.
                "elasticbeanstalk:ListTagsForResource",
            ],
            &any(),
        ),
        // Elastic Beanstalk deletes in the name of whoever ends the environment. What a drill made has its tag.
        with(downstream(), json!({ "Null": { "aws:ResourceTag/beansprout:drill": "false" } })),
        but("OnlyDrills", "elasticbeanstalk:TerminateEnvironment", &environments),
        but("OnlyDrillApplications", "elasticbeanstalk:DeleteApplication", &applications),
    ]
}

/// Elastic Beanstalk does this in the name of whoever deploys or launches. AWS publishes no tighter list; an operations
/// role moves these rights away from the caller.
fn downstream() -> Value {
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
