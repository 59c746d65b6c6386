//! IAM policies: what each role needs, and what nobody should be able to do.
//!
//! Pure: values in, JSON out. Sources: the service authorization reference for actions and the resources they accept,
//! the Elastic Beanstalk developer guide for its condition keys, the S3 user guide for permissions of operations.

mod scope;
mod statement;

use serde_json::{Value, json};

pub use self::scope::Scope;
use self::statement::{allow, any, deny, with};

/// Role that a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// A build that uploads bundles and registers versions
    Publisher,
    /// A job that deletes versions nobody needs
    Pruner,
    /// Somebody who sets the rule by which Elastic Beanstalk itself deletes versions
    Lifecycle,
    /// A build that moves one environment to another version
    Deployer,
    /// Somebody who creates environments and their application
    Launcher,
    /// A job that compares what lives with its description; it sees every environment property, secrets too
    Capturer,
    /// Somebody who lets two environments exchange their names in DNS
    Swapper,
    /// Somebody who ends rehearsals, and nothing else
    DrillEnder,
    /// Denies only: no deletion of applications, no termination of production
    Guard,
}

/// The policy document of a role.
pub fn policy(role: Role, scope: &Scope) -> Value {
    let mut statements = match role {
        Role::Publisher => publisher(scope),
        Role::Pruner => pruner(scope),
        Role::Lifecycle => lifecycle(scope),
        Role::Deployer => deployer(scope),
        Role::Launcher => launcher(scope),
        Role::Capturer => capturer(scope),
        Role::Swapper => swapper(scope),
        Role::DrillEnder => drill_ender(scope),
        Role::Guard => guard(scope),
    };
    if !matches!(role, Role::Guard | Role::DrillEnder) {
        statements.extend(never(scope));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The bucket itself: whose it is, what is in it, and whether it is closed.
const BUCKET: [&str; 5] = [
    "s3:GetBucketLocation",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
];

fn publisher(scope: &Scope) -> Vec<Value> {
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

fn pruner(scope: &Scope) -> Vec<Value> {
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

fn lifecycle(scope: &Scope) -> Vec<Value> {
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

fn deployer(scope: &Scope) -> Vec<Value> {
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
fn launcher(scope: &Scope) -> Vec<Value> {
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
        allow("TagAll", &["elasticbeanstalk:AddTags"], &[vec![scope.application()], scope.environments()].concat()),
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
fn capturer(scope: &Scope) -> Vec<Value> {
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
fn swapper(scope: &Scope) -> Vec<Value> {
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
fn drill_ender(scope: &Scope) -> Vec<Value> {
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

/// Denies of what no role of ours needs. A Deny wins over every Allow, also over one that somebody adds later.
fn never(scope: &Scope) -> Vec<Value> {
    let ending = ["elasticbeanstalk:RebuildEnvironment", "elasticbeanstalk:TerminateEnvironment"];
    let named = scope.beanstalk("environment/*/*prod*");
    vec![
        deny("NoApplicationDeletion", &["elasticbeanstalk:DeleteApplication"], "*"),
        deny("NoProductionEndByName", &ending, &named),
        with(
            deny("NoProductionEndByTag", &ending, "*"),
            json!({ "StringEquals": { "aws:ResourceTag/stage": ["prod", "production"] } }),
        ),
    ]
}

fn guard(scope: &Scope) -> Vec<Value> {
    let mut statements = never(scope);
    statements.extend([
        // Or the tag that protects could be taken off first.
        with(
            deny(
                "NoRetagging",
                &["elasticbeanstalk:AddTags", "elasticbeanstalk:RemoveTags", "elasticbeanstalk:UpdateTagsForResource"],
                "*",
            ),
            // A launch may put it on what has none: that only adds protection.
            json!({
                "ForAnyValue:StringEquals": { "aws:TagKeys": ["stage"] },
                "Null": { "aws:ResourceTag/stage": "false" },
            }),
        ),
        // Deleting its stack ends an environment as surely as terminating it.
        deny(
            "NoStackDeletion",
            &["cloudformation:DeleteStack"],
            &format!("arn:{}:cloudformation:*:*:stack/awseb-*", scope.partition),
        ),
        deny(
            "NoBucketLoss",
            &["s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketPolicy"],
            &format!("arn:{}:s3:::elasticbeanstalk-*", scope.partition),
        ),
        deny("NoDatabaseLoss", &["rds:DeleteDBCluster", "rds:DeleteDBInstance"], "*"),
    ]);
    if scope.no_swap {
        // For everybody but those who have `swapper`.
        statements.push(deny("NoSwap", &["elasticbeanstalk:SwapEnvironmentCNAMEs"], "*"));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            partition: "aws".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
            application: "app".parse().unwrap(),
            environments: vec!["app-prod".to_owned()],
            bucket: None,
            prefix: "beansprout".to_owned(),
            archive: None,
            kms_key: None,
            service_role: "aws-elasticbeanstalk-service-role".to_owned(),
            no_swap: false,
        }
    }

    fn statements(role: Role, effect: &str) -> Vec<Value> {
        let policy = policy(role, &scope());
        let statements = policy["Statement"].as_array().unwrap().clone();
        statements.into_iter().filter(|statement| statement["Effect"] == effect).collect()
    }

    #[test]
    fn every_role_is_denied_to_delete_applications() {
        for role in [
            Role::Publisher,
            Role::Pruner,
            Role::Lifecycle,
            Role::Deployer,
            Role::Launcher,
            Role::Capturer,
            Role::Swapper,
            Role::DrillEnder,
            Role::Guard,
        ] {
            let denied = json!(statements(role, "Deny")).to_string();
            assert!(denied.contains("elasticbeanstalk:DeleteApplication\""), "{role:?}");
            assert!(denied.contains("elasticbeanstalk:TerminateEnvironment"), "{role:?}");
            let allowed = json!(statements(role, "Allow")).to_string();
            assert!(!allowed.contains("elasticbeanstalk:*"), "{role:?}");
        }
    }

    #[test]
    fn objects_are_below_prefix_and_application() {
        assert_eq!(scope().objects("*"), "arn:aws:s3:::elasticbeanstalk-eu-west-1-123456789012/beansprout/app/*");
        assert_eq!(
            Scope { prefix: String::new(), bucket: Some("b".to_owned()), ..scope() }.objects("*"),
            "arn:aws:s3:::b/app/*"
        );
    }
}
