//! `policy`: what a third-party linter thinks of our IAM documents, and that nothing here can do what they deny.

use std::path::{Path, PathBuf};

use beansprout::sandbox::Server;
use serde_json::Value;

use crate::deploy::Scene;
use crate::harness::{Place, Run, python};

fn policy(place: &Place, arguments: &[&str]) -> Run {
    let known = ["policy", "--application", "shop", "--account", "123456789012", "--region", "eu-west-1"];
    place.run(known.iter().chain(arguments)).ok()
}

/// Every finding of `parliament`, which knows each action of AWS, its resources and its condition keys.
fn lint(place: &Place, text: &str) -> String {
    const LINT: &str = "import sys, parliament\n\
        policy = parliament.analyze_policy_string(sys.argv[1])\n\
        for finding in policy.findings:\n    print(finding.issue, str(finding.detail)[:60])";
    place.sh(python().to_str().unwrap(), &["-W", "ignore", "-c", LINT, text])
}

#[test]
fn a_linter_finds_nothing_in_any_role() {
    let place = Place::new();
    for role in ["publisher", "pruner", "lifecycle", "deployer", "launcher", "capturer", "swapper", "guard"] {
        let run = policy(&place, &[role]);
        let findings = lint(&place, &run.stdout);
        // AWS publishes no tight list of what deploying needs downstream; the policy says so, and so does the linter.
        let known = if matches!(role, "deployer" | "launcher") { "RESOURCE_STAR ['autoscaling:" } else { "" };
        assert!(
            findings.starts_with(known) && findings.lines().count() == usize::from(!known.is_empty()),
            "{findings}\n{run}"
        );
    }
    for role in ["publisher", "pruner"] {
        let run = policy(&place, &[role, "--kms-key", "1234abcd-12ab-34cd-56ef-1234567890ab", "--archive", "archive"]);
        assert_eq!(lint(&place, &run.stdout), "", "{run}");
        // This linter does not know that keys can be told by their aliases.
        let findings = lint(&place, &policy(&place, &[role, "--kms-key", "alias/bundles"]).stdout);
        assert!(findings.lines().all(|finding| finding.contains("kms:ResourceAliases")), "{findings}");
    }
    // The linter is awake.
    let broken = policy(&place, &["publisher"]).stdout.replace("CreateApplicationVersion", "CreateApplicationVersoin");
    assert!(lint(&place, &broken).contains("UNKNOWN_ACTION"));
}

#[test]
fn a_role_has_no_rights_over_other_applications() {
    let place = Place::new();
    let policy: Value = policy(&place, &["publisher"]).json();
    for statement in policy["Statement"].as_array().unwrap().iter().filter(|found| found["Effect"] == "Allow") {
        let resources = statement["Resource"].to_string();
        let writes =
            ["Create", "Put", "Add", "Delete"].iter().any(|verb| statement["Action"].to_string().contains(verb));
        let alone = statement["Sid"] == "Locate";
        assert!(!writes || alone || resources.contains("shop"), "{statement:#}");
    }
}

/// Every action that a rehearsal needs is in the policy that goes with it.
#[test]
fn a_policy_has_what_its_verbs_need() {
    #[track_caller]
    fn case(scene: &Scene, server: &Server, role: &str, arguments: &[&str]) {
        let run = scene.run(server, &[arguments, &["--dry-run", "--json"]].concat()).ok();
        let policy: Value = policy(&scene.place, &[role, "--kms-key", "alias/bundles", "--archive", "archive"]).json();
        let allowed: Vec<String> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|statement| statement["Effect"] == "Allow")
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .map(|action| action.as_str().unwrap().to_owned())
            .collect();
        let needed = run.document("dry-run/1")["actions"].clone();
        let needed = needed.as_array().unwrap();
        assert!(needed.len() > 5, "{run}");
        for action in needed {
            // Creating an application is for an administrator, once.
            let known =
                allowed.iter().any(|allowed| action == allowed) || action == "elasticbeanstalk:CreateApplication";
            assert!(known, "`policy {role}` lacks {action} for {arguments:?}");
        }
    }
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let second = scene.second.as_str();
    scene.place.write("app.py", "print('third')\n");
    case(&scene, &server, "publisher", &["publish", "--kms-key", "alias/bundles", "--tag", "a=b"]);
    case(&scene, &server, "deployer", &["deploy", second, "--env", "shop-prod"]);
    case(&scene, &server, "deployer", &["rollback", second, "--env", "shop-prod"]);
    let prune = ["prune", "--keep", "1", "--keep-deployed", "0", "--delete-bundles", "--archive", "archive", "--apply"];
    scene.run(&server, &["deploy", second, "--env", "shop-prod"]).ok();
    case(&scene, &server, "pruner", &prune);
    case(&scene, &server, "lifecycle", &["versions", "lifecycle", "--keep", "1", "--apply"]);
}

#[test]
fn what_is_not_named_is_said() {
    let run = Place::new().file("beansprout.toml", "[release]\napplication = 'shop'\n").run(["policy", "guard"]).ok();
    assert!(run.stderr.contains("`--account`"), "{run}");
    assert!(run.stderr.contains("`--region`"), "{run}");
    Place::new().run(["policy", "guard", "--account", "12"]).exit(2);
}

/// The SDK can do all that AWS can. This program must not be able to: the calls are not in its source, so they are not
/// linked.
#[test]
fn no_code_path_ends_an_application_or_an_environment() {
    const NEVER: [&str; 6] = [
        "delete_application(",
        "delete_application::",
        "terminate_environment(",
        "terminate_environment::",
        "rebuild_environment",
        "delete_bucket",
    ];
    let mut seen = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            // The sandbox is AWS's side of the wire: there these are requests to answer.
            if path.is_dir() && !path.ends_with("sandbox") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                seen += usize::from(text.contains("aws_sdk_elasticbeanstalk"));
                for call in NEVER {
                    assert!(!text.contains(call), "{} has `{call}`", path.display());
                }
            }
        }
    }
    assert!(seen > 0, "the scan did not see the code that calls AWS");
}
