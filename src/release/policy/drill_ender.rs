//! Drill-ender: ends what a rehearsal made.

use serde_json::{Value, json};

use super::scope::Scope;
use super::statement::{allow, any, downstream, with};

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
