//! `logs`, and the failed step below a deployment that failed: why, in the instance's own words.

use std::path::Path;
use std::process::Stdio;

use crate::boto3::script;
use crate::deploy::Scene;
use crate::harness::{Place, Run};
use crate::sandbox::{rule, start};
use beansprout::sandbox::Injection;

/// A project whose second version has a hook that fails as public logs do.
fn project() -> Place {
    const SERVER: &str = "import http.server, os\n\
        http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), http.server.SimpleHTTPRequestHandler).serve_forever()\n";
    Place::new()
        .file("beansprout.toml", "[project]\nname = \"shop\"\n[release]\napplication = \"shop\"\n")
        .file("Procfile", "web: python server.py\n")
        .file("server.py", SERVER)
        .git()
}

fn run(place: &Place, endpoint: &str, arguments: &[&str]) -> Run {
    let mut command = place.beansprout(arguments);
    command.envs(beansprout::sandbox::variables(endpoint)).stdin(Stdio::null());
    place.finish(command)
}

#[test]
fn a_failed_step_speaks_for_itself() {
    let place = project();
    let (_running, endpoint) = start(&place, &["--run"]);
    let first = run(&place, &endpoint, &["publish", "--create-application", "--json"]).ok().json();
    let first = first["label"].as_str().unwrap().to_owned();
    script(&place, &endpoint, &["running_environment.py", &first]);

    let good = run(&place, &endpoint, &["logs", "--env", "shop-prod", "--json"]).ok();
    let document = good.document("logs/1");
    assert_eq!((document["failed"].as_bool(), document["rule"].is_null()), (Some(false), true), "{good}");
    let lines = document["lines"].to_string();
    assert!(lines.contains("Executing instruction:"), "{good}");

    let hook = "#!/bin/bash\nprintf '\\033[31mone\\033[0m\\n'\necho \"ModuleNotFoundError: No module named 'application'\"\nexit 1\n";
    std::fs::create_dir_all(place.path(".platform/hooks/predeploy")).unwrap();
    place.write(".platform/hooks/predeploy/01_check.sh", hook);
    let failed = run(&place, &endpoint, &["publish", "--deploy", "shop-prod", "--wait"]).exit(5);
    for text in [
        "the failed step, in the instance's words:",
        "[ERROR]",
        "  | ModuleNotFoundError: No module named 'application'",
        "  | one",
        "`beansprout explain EB002` explains it",
    ] {
        assert!(failed.stderr.contains(text), "`{text}`\n{failed}");
    }
    assert!(!failed.stderr.contains('\u{1b}'), "{failed}");

    let logs = run(&place, &endpoint, &["logs", "--env", "shop-prod"]).ok();
    assert!(logs.stdout.contains("No module named 'application'") && logs.stdout.contains("EB002"), "{logs}");
    assert!(!logs.stdout.contains("Executing instruction: StageApplication"), "only the failed step\n{logs}");
    let all = run(&place, &endpoint, &["logs", "--env", "shop-prod", "--all", "--json"]).ok();
    let document = all.document("logs/1");
    assert!(document["lines"].as_array().unwrap().len() > 5 && document["failed"] == true, "{all}");
    let request = document["request"].as_str().unwrap();
    let same = run(&place, &endpoint, &["logs", "--env", "shop-prod", "--request", request, "--all", "--json"]).ok();
    assert_eq!(same.json(), document);
    run(&place, &endpoint, &["logs", "--env", "shop-prod", "--request", "none"]).exit(1);
    run(&place, &endpoint, &["logs", "--env", "shop-none"]).exit(3);
    run(&place, &endpoint, &["logs", "shop-none"]).exit(3);
    run(&place, &endpoint, &["logs", "shop-prod", "--env", "shop-prod"]).exit(2);

    // Whoever turns it off has none, and the failure is the same.
    script(&place, &endpoint, &["running_environment.py", "off"]);
    let failed = run(&place, &endpoint, &["wait", "--env", "shop-prod", "--settle", "5"]);
    assert!(!failed.stderr.contains("panicked"), "{failed}");
}

#[test]
fn no_log_is_no_failure_of_its_own() {
    let scene = Scene::new();
    let rule = |on, fault| rule(on, fault, 0, 9);
    let deploy = ["deploy", &scene.second, "--env", "shop-prod", "--settle", "1"];
    let server = scene.server(vec![rule("UpdateEnvironment", Injection::DeploymentFails)]);
    let run = scene.run(&server, &deploy).exit(5);
    assert!(run.stderr.contains("no deployment log: the instance wrote none"), "{run}");
    // The instances have last words too.
    let run = scene.run(&server, &["logs", "--env", "shop-prod"]).ok();
    assert!(run.stderr.contains("asking the instances for the last lines of their logs"), "{run}");
    assert!(run.stdout.contains("/var/log/eb-engine.log") && run.stdout.contains("Failed to deploy"), "{run}");
    let run = scene.run(&server, &["logs", "--env", "shop-prod", "--json"]).ok();
    let document = run.document("logs/1");
    assert_eq!(document["absent"], "not-written");
    assert_eq!(document["instances"].as_array().unwrap().len(), 1, "{run}");
    // Those of now say nothing of a request of another day.
    let run = scene.run(&server, &["logs", "--env", "shop-prod", "--request", "none"]).exit(1);
    assert!(run.stdout.contains("there is no deployment log of `shop-prod`"), "{run}");
    for call in ["RequestEnvironmentInfo", "RetrieveEnvironmentInfo"] {
        let server = scene.server(vec![rule(call, Injection::AccessDenied)]);
        let run = scene.run(&server, &["logs", "--env", "shop-prod", "--json"]).exit(1);
        assert_eq!(run.document("logs/1")["absent"], "not-written");
        assert!(run.stderr.contains("warning: they could not be asked: "), "{run}");
    }

    let mut denied = rule("GetObject", Injection::AccessDenied);
    denied.with.insert("Bucket".to_owned(), "elasticbeanstalk-us-east-1-123456789012".to_owned());
    let server = scene.server(vec![denied]);
    let run = scene.run(&server, &["logs", "--env", "shop-prod", "--json"]).ok();
    assert_eq!(run.document("logs/1")["absent"], "denied");
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/logs-1.json").is_file());
}

/// Whoever looks on sees what the instance is at; a script does not.
#[test]
fn the_step_that_runs_is_shown_to_people() {
    let place = project();
    let (_running, endpoint) = start(&place, &["--run"]);
    let first = run(&place, &endpoint, &["publish", "--create-application", "--json"]).ok().json();
    script(&place, &endpoint, &["running_environment.py", first["label"].as_str().unwrap()]);
    // Long enough to be looked at.
    place.write(".platform/hooks/predeploy/10_slow.sh", "#!/bin/bash\nsleep 4\n");
    let second = run(&place, &endpoint, &["publish", "--json"]).ok().json();
    let place = beansprout::sandbox::variables(&endpoint)
        .into_iter()
        .fold(place, |place, (name, value)| place.var(name, value));
    let second = second["label"].as_str().unwrap();
    let mut terminal = crate::terminal::Terminal::run(&place, 100, &["deploy", second, "--env", "shop-prod"]);
    terminal.sees("on the instance: ").sees(&format!("`shop-prod` runs `{second}`"));
    assert_eq!(terminal.ends().0, 0);
    let back = place.run(["deploy", first["label"].as_str().unwrap(), "--env", "shop-prod"]).ok();
    assert!(!back.stderr.contains("on the instance: "), "{back}");
}
