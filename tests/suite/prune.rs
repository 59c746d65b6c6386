//! `prune`: versions that nobody needs, shown first and deleted then.

use beansprout::sandbox::Injection;
use serde_json::{Value, json};

use crate::deploy::{STATE, Scene};
use crate::publish::calls;
use crate::sandbox::{post, rule};

fn labels(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|found| found["label"].as_str().unwrap()).collect()
}

/// `shop-prod` runs the first of four versions.
pub(crate) fn scene() -> (Scene, Vec<String>) {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let mut labels = vec![scene.first.clone(), scene.second.clone()];
    for content in ["three", "four"] {
        scene.place.write("app.py", content);
        let run = scene.run(&server, &["publish", "--json"]).ok();
        labels.push(run.json()["label"].as_str().unwrap().to_owned());
    }
    (scene, labels)
}

#[test]
fn the_plan_comes_first_and_deletes_nothing() {
    let (scene, versions) = scene();
    let server = scene.server(Vec::new());
    calls(&scene.place, STATE);
    let plan = scene.run(&server, &["prune", "--keep", "1", "--json"]).ok().document("prune-plan/1");
    assert_eq!(labels(&plan["delete"]), [&versions[1], &versions[2]]);
    assert_eq!(labels(&plan["keep"]), [&versions[3], &versions[0]]);
    assert_eq!(plan["keep"][1]["reasons"], json!([{ "why": "runs", "environment": "shop-prod" }]));
    assert!(!calls(&scene.place, STATE).iter().any(|call| call.contains("Delete")));
    scene.run(&server, &["prune", "--keep", "0"]).exit(2);
}

#[test]
fn what_was_deleted_can_be_brought_back() {
    let (scene, versions) = scene();
    let server = scene.server(Vec::new());
    let pruned = scene.run(&server, &["prune", "--keep", "1", "--apply", "--json"]).ok().document("prune/1");
    assert_eq!(pruned["deleted"], json!([versions[1], versions[2]]));
    let left = scene.run(&server, &["versions", "--json"]).ok().json();
    assert_eq!(labels(&left["versions"]), [&versions[3], &versions[0]]);
    // Again: nothing left to do.
    let again = scene.run(&server, &["prune", "--keep", "1", "--apply", "--json"]).ok().json();
    assert_eq!(again["deleted"], json!([]));

    let undo = &pruned["undo"].as_str().unwrap().replace("[DIR]/", "");
    let record: Value = serde_json::from_str(&scene.place.read(undo)).unwrap();
    assert_eq!(record["tags"][&versions[1]], json!({ "team": "web" }));
    let run = scene.run(&server, &["publish", "--undo", undo, "--json"]).ok();
    assert!(!run.stderr.contains("tags of"), "{run}");
    let restored = run.document("undo/1");
    let state: Value = serde_json::from_str(&scene.place.read(&format!("{STATE}/state.json"))).unwrap();
    let version = &state["regions"]["us-east-1"]["applications"]["shop"]["versions"][&versions[1]];
    assert_eq!(version["tags"], json!({ "team": "web" }));
    assert_eq!(restored["versions"][0], json!({ "label": versions[1], "fate": "restored" }));
    let restored = scene.run(&server, &["publish", "--undo", undo, "--json"]).ok().json();
    assert_eq!(restored["versions"][0]["fate"], "unchanged");
    assert_eq!(scene.run(&server, &["versions", "--json"]).ok().json()["versions"].as_array().unwrap().len(), 4);
}

#[test]
fn bundles_go_only_when_asked_and_come_back_from_the_archive() {
    let (scene, versions) = scene();
    let server = scene.server(Vec::new());
    let arguments = ["prune", "--keep", "1", "--delete-bundles", "--archive", "archive", "--apply", "--json"];
    let pruned = scene.run(&server, &arguments).ok().json();
    assert_eq!(pruned["bundles_deleted"].as_array().unwrap().len(), 2);
    let undo = &pruned["undo"].as_str().unwrap().replace("[DIR]/", "");
    let restored = scene.run(&server, &["publish", "--undo", undo, "--json"]).ok().json();
    assert_eq!(restored["versions"][1], json!({ "label": versions[2], "fate": "restored" }));
    scene.run(&server, &["rollback", &versions[2], "--env", "shop-prod"]).ok();
}

#[test]
fn without_an_archive_bundles_are_gone_for_good_and_that_is_said() {
    let (scene, _) = scene();
    let server = scene.server(Vec::new());
    let arguments = ["prune", "--keep", "1", "--keep-deployed", "0", "--delete-bundles", "--apply"];
    let pruned = scene.run(&server, &arguments).ok().stdout;
    assert!(pruned.contains("brings back those whose bundles are still there"), "{pruned}");
    let undo = &pruned.split("--undo ").nth(1).unwrap().split('`').next().unwrap().replace("[DIR]/", "");
    let run = scene.run(&server, &["publish", "--undo", undo]).exit(1);
    assert!(run.stdout.contains("its bundle is gone"), "{run}");
}

#[test]
fn a_plan_is_carried_out_only_in_the_world_it_was_made_for() {
    let (scene, versions) = scene();
    let server = scene.server(Vec::new());
    scene.run(&server, &["prune", "--keep", "1", "--plan", "plan.json"]).ok();
    // Somebody deploys one of the doomed.
    scene.run(&server, &["deploy", &versions[2], "--env", "shop-prod"]).ok();
    let run = scene.run(&server, &["prune", "--apply", "--plan", "plan.json"]).exit(1);
    assert!(run.stderr.contains("error: the plan is out of date"), "{run}");
    assert_eq!(scene.run(&server, &["versions", "--json"]).ok().json()["versions"].as_array().unwrap().len(), 4);
    scene.run(&server, &["prune", "--keep", "1", "--plan", "plan.json"]).ok();
    let run = scene.run(&server, &["prune", "--apply", "--plan", "plan.json", "--json"]).ok();
    // The first ran until a moment ago: the environment could still go back to it.
    assert_eq!(run.json()["deleted"], json!([versions[1]]));
}

/// Elastic Beanstalk may still go back to what it had, and does not refuse reliably.
#[test]
fn nothing_is_deleted_while_an_environment_moves() {
    let (scene, versions) = scene();
    let rule = |on, fault, times| rule(on, fault, 0, times);
    let server = scene.server(vec![
        rule("UpdateEnvironment", Injection::DeploymentHangs, 1),
        rule("DeleteApplicationVersion", Injection::DeleteDeployed, 99),
    ]);
    scene.run(&server, &["deploy", &versions[3], "--env", "shop-prod", "--no-wait"]).ok();
    let prune = ["prune", "--keep", "1", "--keep-deployed", "0", "--apply"];
    let run = scene.run(&server, &prune).exit(1);
    assert!(run.stderr.contains("nothing is deleted while an environment moves: `shop-prod`"), "{run}");
    assert!(run.stderr.contains("`beansprout wait --env shop-prod`"), "{run}");
    let ends = "{\"ends\": \"deployment-rolls-back\"}";
    post(&server.endpoint(), "/-/step", ends);
    scene.run(&server, &prune).ok();
    let left = scene.run(&server, &["versions", "--json"]).ok().json();
    // The newest, which it did not come to run, and the one that it went back to.
    assert_eq!(labels(&left["versions"]), [&versions[3], &versions[0]]);
}

#[test]
fn no_environment_at_all_is_suspicious() {
    let place = crate::publish::project();
    for content in ["one", "two"] {
        place.write("app.py", content);
        place.run(["publish", "--sandbox"]).ok();
    }
    let run = place.run(["prune", "--sandbox", "--keep", "1", "--apply"]).exit(1);
    assert!(run.stderr.contains("no environment of `shop` is visible"), "{run}");
    let run = place.run(["prune", "--sandbox", "--keep", "1", "--apply", "--no-environments"]).ok();
    assert!(run.stdout.starts_with("deleted 1 version"), "{run}");
}
