//! `versions`: what is registered.

use serde_json::json;

use crate::deploy::Scene;
use crate::harness::Place;

#[test]
fn an_application_without_versions_is_no_error() {
    let run = Place::new().run(["versions", "--sandbox", "--application", "nothing"]).ok();
    assert_eq!(run.stdout, "0 versions of `nothing`\n");
}

#[test]
fn people_see_a_table() {
    let place = crate::publish::project();
    place.run(["publish", "--sandbox", "--message", "the first one"]).ok();
    let run = place.run(["versions", "--sandbox"]).ok();
    let mut lines = run.stdout.lines();
    assert_eq!(lines.next(), Some("1 version of `shop`"));
    let row = lines.next().unwrap();
    assert!(row.contains("  processed    "), "{run}");
    assert!(row.ends_with(" B  the first one"), "{run}");
}

#[test]
fn what_runs_is_protected_and_says_so() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    let listed = scene.run(&server, &["versions", "--json"]).ok().document("versions/1");
    let environment = "shop-prod";
    assert_eq!(
        listed["versions"][0]["protection"],
        json!([{ "why": "runs", "environment": environment }, { "why": "ran-well", "environment": environment }])
    );
    assert_eq!(listed["versions"][1]["protection"], json!([]));
    assert!(listed["versions"][1]["bytes"].as_u64().unwrap() > 100);
    let run = scene.run(&server, &["versions"]).ok();
    assert!(run.stdout.contains("runs in `shop-prod`"), "{run}");
}

#[test]
fn the_eb_cli_settings_are_honoured() {
    let config = "global:\n  application_name: from-eb\n  default_region: eu-west-1\n";
    let place = Place::new().file(".elasticbeanstalk/config.yml", config);
    let run = place.run(["versions", "--sandbox"]).ok();
    assert_eq!(run.stdout, "0 versions of `from-eb`\n");
    assert!(run.stderr.contains("in eu-west-1"), "{run}");
    let run = place.run(["versions", "--sandbox", "--application", "mine", "--region", "eu-west-2"]).ok();
    assert_eq!(run.stdout, "0 versions of `mine`\n");
    assert!(run.stderr.contains("in eu-west-2"), "{run}");
}
