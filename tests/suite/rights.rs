//! What a role may do is what its verbs do: the printed policies, evaluated as IAM does it, against the calls that are made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::Place;
use crate::launch::{STATE, Site};
use crate::publish::calls;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

/// `*` and `?`, as in a policy.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut row: Vec<bool> = vec![false; text.len() + 1];
    row[0] = true;
    for c in pattern {
        let mut next = vec![false; text.len() + 1];
        next[0] = row[0] && c == '*';
        for at in 1..=text.len() {
            next[at] = match c {
                '*' => next[at - 1] || row[at],
                '?' => row[at - 1],
                c => row[at - 1] && c == text[at - 1],
            };
        }
        row = next;
    }
    row[text.len()]
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// A request, as IAM sees it.
struct Asked {
    action: String,
    resource: String,
    context: BTreeMap<String, String>,
}

impl Asked {
    fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() }
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.context.insert(key.to_owned(), value.to_owned());
        self
    }
}

fn holds(condition: &Value, asked: &Asked) -> bool {
    let Some(operators) = condition.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, wanted)| {
            let found = asked.context.get(key);
            match operator.as_str() {
                "Null" => (wanted == "true") == found.is_none(),
                "StringEquals" | "ForAnyValue:StringEquals" => {
                    found.is_some_and(|found| texts(wanted).contains(&found.as_str()))
                }
                "StringLike" | "ArnLike" => {
                    found.is_some_and(|found| texts(wanted).iter().any(|wanted| like(wanted, found)))
                }
                other => panic!("the test does not know {other}"),
            }
        })
    })
}

/// `Some(true)` denied, `Some(false)` allowed, `None` neither.
fn verdict(policies: &[Value], asked: &Asked) -> Option<bool> {
    let matching = |statement: &&Value| {
        let action = texts(&statement["Action"]).iter().any(|action| like(action, &asked.action));
        let resource = match (&statement["Resource"], &statement["NotResource"]) {
            (Value::Null, not) => !texts(not).iter().any(|resource| like(resource, &asked.resource)),
            (resources, _) => texts(resources).iter().any(|resource| like(resource, &asked.resource)),
        };
        action && resource && holds(&statement["Condition"], asked)
    };
    let statements = policies.iter().flat_map(|policy| policy["Statement"].as_array().unwrap());
    let found: Vec<&Value> = statements.filter(matching).collect();
    if found.iter().any(|statement| statement["Effect"] == "Deny") {
        return Some(true);
    }
    found.iter().any(|statement| statement["Effect"] == "Allow").then_some(false)
}

#[test]
fn the_evaluation_is_that_of_iam() {
    assert!(like("arn:*:environment/*/*prod*", "arn:aws:environment/shop/shop-production") && !like("a?c", "abbc"));
    let policy: Value = serde_json::from_str(
        r#"{"Statement": [
            {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["arn:x/*"]},
            {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": ["arn:x/a*"]},
            {"Effect": "Allow", "Action": ["y"], "Resource": "*", "Condition": {"StringEquals": {"k": ["v"]}}}]}"#,
    )
    .unwrap();
    let of = |asked: Asked| verdict(std::slice::from_ref(&policy), &asked);
    assert_eq!(of(Asked::new("s3:GetObject", "arn:x/a1")), Some(false));
    assert_eq!(of(Asked::new("s3:GetObject", "arn:x/b")), Some(true));
    assert_eq!(of(Asked::new("s3:PutObject", "arn:x/a1")), None);
    assert_eq!(of(Asked::new("y", "z")), None);
    assert_eq!(of(Asked::new("y", "z").with("k", "v")), Some(false));
}

pub(crate) fn policy(place: &Place, arguments: &[&str]) -> Value {
    let known = ["policy", "--application", "shop", "--account", ACCOUNT, "--region", REGION];
    place.run(known.iter().chain(arguments)).ok().json()
}

fn eb(resource: &str) -> String {
    format!("arn:aws:elasticbeanstalk:{REGION}:{ACCOUNT}:{resource}")
}

/// What IAM is asked for a call of ours about the application `shop`. `environment` is the one that is meant.
fn asked(call: &str, environment: &str) -> Vec<Asked> {
    let (service, operation) = call.split_once(':').unwrap();
    let application = eb("application/shop");
    let version = eb("applicationversion/shop/shop-0123456789ab");
    let environment = eb(&format!("environment/shop/{environment}"));
    let bucket = format!("arn:aws:s3:::elasticbeanstalk-{REGION}-{ACCOUNT}");
    let object = |kind: &str| format!("{bucket}/beansprout/shop/{kind}");
    let one = |resource: &str| vec![Asked::new(call, resource)];
    match (service, operation) {
        // Allowed to everybody.
        ("sts", _) => Vec::new(),
        ("s3", "HeadObject" | "GetObject") => vec![Asked::new("s3:GetObject", &object("0123.zip"))],
        ("s3", "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload") => {
            // The least that each of them writes: the record, or the bundle; which is told by the role's own verbs.
            vec![Asked::new("s3:PutObject", "record or bundle")]
        }
        ("s3", "DeleteObject") => vec![Asked::new("s3:DeleteObject", &object("0123.zip"))],
        ("s3", "ListObjectsV2" | "HeadBucket") => vec![Asked::new("s3:ListBucket", &bucket)],
        ("s3", "GetBucketEncryption") => vec![Asked::new("s3:GetEncryptionConfiguration", &bucket)],
        ("s3", "GetPublicAccessBlock") => vec![Asked::new("s3:GetBucketPublicAccessBlock", &bucket)],
        ("s3", "ListMultipartUploads") => vec![Asked::new("s3:ListBucketMultipartUploads", &bucket)],
        (_, "CreateApplicationVersion") => vec![Asked::new(call, &application), Asked::new(call, &version)],
        (_, "CreateApplication" | "UpdateApplicationResourceLifecycle") => one(&application),
        (_, "DeleteApplicationVersion") => one(&version),
        (_, "CreateEnvironment") => {
            let create = Asked::new(call, &environment)
                .with("elasticbeanstalk:InApplication", &application)
                .with("elasticbeanstalk:FromApplicationVersion", &version);
            let role = format!("arn:aws:iam::{ACCOUNT}:role/aws-elasticbeanstalk-ec2-role");
            vec![create, Asked::new("iam:PassRole", &role).with("iam:PassedToService", "ec2.amazonaws.com")]
        }
        (_, "UpdateEnvironment") => {
            vec![Asked::new(call, &environment).with("elasticbeanstalk:FromApplicationVersion", &version)]
        }
        ("iam", "GetInstanceProfile") => {
            one(&format!("arn:aws:iam::{ACCOUNT}:instance-profile/aws-elasticbeanstalk-ec2-role"))
        }
        (_, "AbortEnvironmentUpdate" | "SwapEnvironmentCNAMEs") => one(&environment),
        (_, "DescribeApplicationVersions") => one(&version),
        (_, "DescribeEvents") => vec![Asked::new(call, &version)],
        _ => one("*"),
    }
}

/// Objects that a role writes.
fn places(role: &str) -> &'static [&'static str] {
    match role {
        "deployer" => &["deployments/x.json", "operations/x.json"],
        "swapper" => &["operations/x.json", "swaps/x.json"],
        "publisher" | "launcher" => &["0123.zip"],
        "pruner" => &["operations/x.json"],
        "lifecycle" => &["audit/x.json"],
        _ => &[],
    }
}

/// Each role with what it is for, run for real; what was asked of AWS, and for which environment.
fn deeds() -> Vec<(&'static str, BTreeSet<String>)> {
    let site = Site::small();
    site.place.write(
        ".ebextensions/health.config",
        "option_settings:\n  aws:elasticbeanstalk:healthreporting:system: {SystemType: enhanced}\n",
    );
    site.describe(
        "shop-blue",
        "cname = \"shop\"\n[tags]\na = \"b\"\n[options]\n\"aws:elasticbeanstalk:command/Timeout\" = \"700\"\n",
    );
    site.describe("shop-green", "");
    site.place.write(
        "environments/_application.toml",
        "format = \"beansprout.application/1\"\n[tags]\na = \"b\"\n[lifecycle]\nmax_count = 50\n",
    );
    let server = site.server();
    let mut all = Vec::new();
    let mut role = |name: &'static str, lines: &[&[&str]]| {
        calls(&site.place, STATE);
        for arguments in lines {
            // A comparison that finds something ends with 1.
            let run = site.run(&server, arguments);
            assert!(matches!(run.exit, 0 | 1), "{run}");
        }
        all.push((name, calls(&site.place, STATE).into_iter().collect()));
    };
    role("launcher", &[&["launch", "--all"], &["launch", "--all", "--apply"], &["drill", "--check"]]);
    role("capturer", &[&["capture"], &["capture", "--check"], &["diff", "env:shop-blue", "env:shop-green"]]);
    site.place.write("app.py", "print('second')\n");
    role("publisher", &[&["publish", "--tag", "a=b"], &["publish"]]);
    let label = site.run(&server, &["publish", "--json"]).ok().json()["label"].as_str().unwrap().to_owned();
    role(
        "deployer",
        &[
            &["deploy", &label, "--env", "shop-green"],
            &["rollback", "--env", "shop-green"],
            &["wait", "--env", "shop-green"],
            &["deploy", &label, "--env", "shop-green"],
            &["deploy", &label, "--env", "shop-blue"],
        ],
    );
    role("launcher+capturer", &[&["status"], &["status", "shop-blue"]]);
    role("swapper", &[&["swap", "shop-blue", "shop-green", "--watch", "1", "--apply"]]);
    role("lifecycle", &[&["versions", "lifecycle", "--keep", "9", "--apply"]]);
    role("pruner", &[&["prune", "--keep", "1", "--keep-deployed", "0", "--delete-bundles", "--apply"]]);
    all
}

/// Are all these calls allowed to somebody with these policies of these roles, the guard beside them? What they ask for.
#[track_caller]
pub(crate) fn suffice(
    policies: &[Value],
    roles: &[&str],
    calls: &BTreeSet<String>,
    environment: &str,
) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for request in calls.iter().flat_map(|call| asked(call, environment)) {
        let resources: Vec<String> = match request.action.as_str() {
            "s3:PutObject" => roles
                .iter()
                .flat_map(|role| places(role))
                .map(|place| format!("arn:aws:s3:::elasticbeanstalk-{REGION}-{ACCOUNT}/beansprout/shop/{place}"))
                .collect(),
            _ => vec![request.resource],
        };
        for resource in resources {
            let request = Asked { resource, context: request.context.clone(), action: request.action.clone() };
            let found = verdict(policies, &request);
            assert_eq!(found, Some(false), "`policy {roles:?}`: {} on {}", request.action, request.resource);
        }
        used.insert(request.action);
    }
    used
}

#[test]
fn a_role_suffices_for_its_verbs_and_has_no_more() {
    let place = Place::new();
    let mut unused: Vec<String> = Vec::new();
    for (role, operations) in deeds() {
        let roles: Vec<&str> = role.split('+').collect();
        let printed: Vec<Value> = roles.iter().map(|role| policy(&place, &[role, "--env", "shop-*"])).collect();
        let everything = [printed.clone(), vec![policy(&place, &["guard"])]].concat();
        let used = suffice(&everything, &roles, &operations, "shop-blue");
        // What is allowed and was not used has a reason.
        let because: &[&str] = match role {
            "publisher" => &[
                // Words and tags of a version that is there already.
                "elasticbeanstalk:UpdateApplicationVersion",
                "elasticbeanstalk:ListTagsForResource",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
                "s3:ListBucketMultipartUploads",
                "s3:GetBucketLocation",
                "elasticbeanstalk:AddTags",
                "elasticbeanstalk:DescribeEvents",
                "s3:ListBucket",
            ],
            "launcher" => &[
                // It has what a publisher has: words and tags of a version that is there already.
                "elasticbeanstalk:UpdateApplicationVersion",
                "elasticbeanstalk:ListTagsForResource",
                // `status` asks for it.
                "elasticbeanstalk:DescribeEnvironmentHealth",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
                "s3:ListBucketMultipartUploads",
                "s3:GetBucketLocation",
                "elasticbeanstalk:AddTags",
                "elasticbeanstalk:ListPlatformBranches",
                "elasticbeanstalk:DescribeEnvironmentResources",
                "elasticbeanstalk:DescribeConfigurationSettings",
                "iam:CreateServiceLinkedRole",
                // Of a role that somebody names.
                "iam:GetRole",
            ],
            "deployer" => &[
                // `logs` asks the instances where there is no log of the deployment.
                "elasticbeanstalk:RequestEnvironmentInfo",
                "elasticbeanstalk:RetrieveEnvironmentInfo",
                "elasticbeanstalk:AbortEnvironmentUpdate",
                "elasticbeanstalk:DescribeApplications",
                "elasticbeanstalk:DescribeConfigurationSettings",
                "elasticbeanstalk:DescribeEnvironmentHealth",
                "elasticbeanstalk:DescribeEnvironmentResources",
                "s3:DeleteObject",
                "iam:PassRole",
            ],
            // `status` looks for rehearsals that were left behind.
            // Without the right to list, S3 answers 403 instead of 404 where there is no object.
            "capturer" => &["elasticbeanstalk:DescribeApplications", "s3:ListBucket"],
            "swapper" => &["s3:ListBucket"],
            "pruner" => &[
                // A plan that deletes something, with its undo file and its archive.
                "elasticbeanstalk:DeleteApplicationVersion",
                "elasticbeanstalk:ListTagsForResource",
                "s3:DeleteObject",
                "s3:PutObject",
                "s3:AbortMultipartUpload",
                "s3:GetBucketLocation",
                "s3:GetEncryptionConfiguration",
                "s3:GetBucketPublicAccessBlock",
                "elasticbeanstalk:DescribeEvents",
                "elasticbeanstalk:DescribeInstancesHealth",
                "elasticbeanstalk:DescribeAccountAttributes",
            ],
            "lifecycle" => &[
                "iam:PassRole",
                "elasticbeanstalk:DescribeEvents",
                "elasticbeanstalk:DescribeInstancesHealth",
                "elasticbeanstalk:DescribeAccountAttributes",
                "s3:GetObject",
                "s3:PutObject",
            ],
            _ => &[],
        };
        // Of what a page attaches together, each is looked at alone.
        let [printed] = &printed[..] else { continue };
        for statement in printed["Statement"].as_array().unwrap() {
            // Of what Elastic Beanstalk does in the caller's name AWS publishes no list.
            if statement["Effect"] != "Allow" || statement["Sid"] == "Downstream" {
                continue;
            }
            for action in texts(&statement["Action"]) {
                if !used.contains(action) && !because.contains(&action) {
                    unused.push(format!("`policy {role}` allows {action}, which its verbs do not use"));
                }
            }
        }
    }
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}

/// What the guard and the roles deny, whatever else is allowed beside them.
#[test]
fn nothing_of_ours_ends_production() {
    let place = Place::new();
    let admin: Value =
        serde_json::from_str(r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#).unwrap();
    let end =
        |name: &str| Asked::new("elasticbeanstalk:TerminateEnvironment", &eb(&format!("environment/shop/{name}")));
    let delete = |name: &str| Asked::new("elasticbeanstalk:DeleteApplication", &eb(&format!("application/{name}")));
    for role in ["publisher", "pruner", "lifecycle", "deployer", "launcher", "capturer", "swapper", "guard"] {
        let both = [policy(&place, &[role]), admin.clone()];
        assert_eq!(verdict(&both, &end("shop-production")), Some(true), "{role}");
        assert_eq!(verdict(&both, &delete("shop")), Some(true), "{role}");
        // After a swap, production may have another name: the tag protects it.
        let green = end("shop-green").with("aws:ResourceTag/stage", "prod");
        assert_eq!(verdict(&both, &green), Some(true), "{role}");
    }
    let guarded = [policy(&place, &["guard", "--no-swap"]), policy(&place, &["swapper"]), admin.clone()];
    let swap = Asked::new("elasticbeanstalk:SwapEnvironmentCNAMEs", &eb("environment/shop/shop-blue"));
    assert_eq!(verdict(&guarded, &swap), Some(true));
    assert_eq!(verdict(&[policy(&place, &["deployer"])], &swap), None);

    // A rehearsal has names that no deny is about: whoever may end something can end it.
    let rehearsal = Asked::new("elasticbeanstalk:TerminateEnvironment", &eb("environment/drill-a1/drill-a1-1"));
    assert_eq!(verdict(&[policy(&place, &["guard"]), admin.clone()], &rehearsal), Some(false));

    // The one role that ends something ends rehearsals alone, even beside an administrator's rights.
    let ender = [policy(&place, &["drill-ender"]), admin];
    let drill = Asked::new("elasticbeanstalk:TerminateEnvironment", &eb("environment/drill-a1/drill-a1-1"));
    assert_eq!(verdict(&ender[..1], &drill), Some(false));
    assert_eq!(verdict(&ender[..1], &delete("drill-a1")), Some(false));
    for name in ["shop-production", "shop-test", "drill-like"] {
        assert_eq!(verdict(&ender, &end(name)), Some(true), "{name}");
    }
    assert_eq!(verdict(&ender, &delete("shop")), Some(true));
    let stack = |tagged: bool| {
        let asked = Asked::new(
            "cloudformation:DeleteStack",
            "arn:aws:cloudformation:us-east-1:123456789012:stack/awseb-e-1-stack/x",
        );
        if tagged { asked.with("aws:ResourceTag/beansprout:drill", "a1") } else { asked }
    };
    assert_eq!(verdict(&ender[..1], &stack(true)), Some(false));
    assert_eq!(verdict(&ender[..1], &stack(false)), None);
}

/// A page that lets people attach roles has those that its commands need.
#[test]
fn what_a_page_attaches_suffices_for_that_page() {
    const NEEDS: [(&str, &[&str]); 13] = [
        ("launch", &["launcher"]),
        ("swap", &["swapper"]),
        ("capture", &["capturer"]),
        ("deploy", &["deployer"]),
        ("rollback", &["deployer"]),
        ("wait", &["deployer"]),
        ("logs", &["deployer"]),
        // Reads only: any role that looks at everything has what it needs.
        ("status", &["launcher", "deployer", "capturer", "swapper"]),
        ("prune", &["pruner"]),
        ("publish", &["publisher", "launcher"]),
        ("promote", &["publisher", "launcher"]),
        ("drill", &["launcher"]),
        ("versions", &["publisher", "launcher", "pruner", "deployer"]),
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src");
    let mut pages = 0;
    for page in [
        "tutorial/first-site.md",
        "tutorial/first-site.ja.md",
        "how-to/github.md",
        "how-to/gitlab.md",
        "how-to/blue-green.md",
        "how-to/create-an-environment.md",
        "how-to/prune.md",
        "how-to/build-script.md",
        "how-to/disaster.md",
        "how-to/disaster.ja.md",
    ] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let attached: BTreeSet<&str> = text
            .split("policy ")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next())
            .filter(|role| !role.starts_with('-'))
            .collect();
        // What the page links to for its rights counts too.
        let tutorial = text.contains("../tutorial/first-site.md#");
        let mut verbs = BTreeSet::new();
        let mut fenced = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                continue;
            }
            if fenced
                && !line.contains("--sandbox")
                && let Some(verb) =
                    line.trim_start().strip_prefix("beansprout ").and_then(|rest| rest.split(' ').next())
            {
                verbs.insert(verb.to_owned());
                if line.contains("--deploy") {
                    verbs.insert("deploy".to_owned());
                }
            }
        }
        for (verb, roles) in NEEDS {
            if !verbs.contains(verb) {
                continue;
            }
            pages += 1;
            let has = roles
                .iter()
                .any(|role| attached.contains(role) || (tutorial && ["launcher", "deployer"].contains(role)));
            assert!(has, "{page} types `beansprout {verb}` and attaches {attached:?}");
        }
    }
    assert!(pages > 10, "{pages}");
}
