//! `versions`: what is registered.

use serde_json::json;

use crate::deploy::Scene;
use crate::harness::Place;

#[test]
fn an_application_that_is_not_there_has_nothing_to_prune() {
    for verb in ["versions", "prune"] {
        let run = Place::new().run([verb, "--sandbox", "--application", "nothing"]).exit(3);
        assert!(run.stderr.contains("there is no application `nothing` in us-east-1"), "{run}");
    }
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
    assert_eq!(lines.next(), None);
    // A label that does not tell the content is told it.
    let digest = place.run(["publish", "--sandbox", "--label", "v1", "--json"]).ok().json()["digest"].clone();
    let run = place.run(["versions", "--sandbox"]).ok();
    assert!(run.stdout.contains(&format!("  holds {}\n", &digest.as_str().unwrap()[..12])), "{run}");
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
    // It was there until a moment ago.
    assert_eq!(
        listed["versions"][1]["protection"],
        json!([{ "why": "recent", "environment": environment }, { "why": "ran-well", "environment": environment }])
    );
    assert!(listed["versions"][1]["bytes"].as_u64().unwrap() > 100);
    let run = scene.run(&server, &["versions"]).ok();
    assert!(run.stdout.contains("runs in `shop-prod`"), "{run}");
}

#[test]
fn the_eb_cli_settings_are_honoured() {
    let config = "global:\n  application_name: from-eb\n  default_region: eu-west-1\n";
    let place = Place::new().file(".elasticbeanstalk/config.yml", config);
    let run = place.run(["versions", "--sandbox"]).exit(3);
    assert!(run.stderr.contains("there is no application `from-eb` in eu-west-1"), "{run}");
    let run = place.run(["versions", "--sandbox", "--application", "mine", "--region", "eu-west-2"]).exit(3);
    assert!(run.stderr.contains("there is no application `mine` in eu-west-2"), "{run}");
}

#[test]
fn a_lifecycle_rule_is_shown_before_it_is_set() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let rule = |arguments: &[&str]| scene.run(&server, &[&["versions", "lifecycle"], arguments].concat());
    let run = rule(&[]).ok();
    assert_eq!(run.stdout, "`shop`: Elastic Beanstalk deletes no versions\n");
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    scene.run(&server, &["deploy", &scene.first, "--env", "shop-prod"]).ok();

    // What `prune` would keep because it ran well, the service would delete.
    scene.place.write("app.py", "print('third')\n");
    let third = scene.run(&server, &["publish", "--json"]).ok().json()["label"].as_str().unwrap().to_owned();
    let run = rule(&["--keep", "1", "--json"]).ok();
    let shown = run.document("lifecycle/1");
    let recent = json!({ "why": "recent", "environment": "shop-prod" });
    let well = json!({ "why": "ran-well", "environment": "shop-prod" });
    assert_eq!(shown["leaving"][0]["label"], scene.second.as_str(), "{run}");
    assert_eq!(
        shown["leaving"],
        json!([{ "label": scene.second, "created": shown["leaving"][0]["created"], "protection": [recent, well] }])
    );
    assert_eq!((&shown["now"]["keep"], &shown["asked"]["keep"]), (&json!(null), &json!(1)));
    let run = rule(&["--keep", "1"]).ok();
    assert!(
        run.stdout.contains("although it was on `shop-prod` within a day, ran well in `shop-prod`\nnothing was changed; `--apply` sets it"),
        "{run}"
    );
    assert_eq!(rule(&["--json"]).ok().document("lifecycle/1")["now"]["keep"], json!(null));
    let run = rule(&["--keep", "1", "--apply", "--dry-run"]).ok();
    assert!(
        run.stdout.contains("elasticbeanstalk:UpdateApplicationResourceLifecycle ApplicationName=shop MaxCount=1"),
        "{run}"
    );
    assert!(run.stdout.contains("iam:PassRole"), "{run}");
    assert_eq!(rule(&["--json"]).ok().json()["now"]["keep"], json!(null));

    let run = rule(&["--keep", "1", "--apply"]).ok();
    let role = "as `arn:aws:iam::123456789012:role/aws-elasticbeanstalk-service-role`";
    assert!(
        run.stdout.starts_with(&format!("`shop`: Elastic Beanstalk keeps the newest 1 version, {role}\n")),
        "{run}"
    );
    let run = rule(&["--keep", "1", "--apply"]).ok();
    assert!(run.stdout.ends_with("unchanged\n"), "{run}");
    // The service does what was told.
    scene.place.write("app.py", "print('fourth')\n");
    let fourth = scene.run(&server, &["publish", "--json"]).ok().json()["label"].as_str().unwrap().to_owned();
    let left = scene.run(&server, &["versions", "--json"]).ok().json();
    let labels: Vec<&str> =
        left["versions"].as_array().unwrap().iter().map(|row| row["label"].as_str().unwrap()).collect();
    assert_eq!(labels, [&fourth, &third, &scene.first]);

    let run = rule(&["--keep-days", "30", "--delete-bundles", "--service-role", "deleter", "--apply", "--json"]).ok();
    let set = run.document("lifecycle/1")["asked"].clone();
    let role = "arn:aws:iam::123456789012:role/deleter";
    assert_eq!(set, json!({ "keep": null, "keep_days": 30, "delete_bundles": true, "service_role": role }));
    rule(&["--off", "--apply"]).ok();
    assert_eq!(rule(&[]).ok().stdout, "`shop`: Elastic Beanstalk deletes no versions\n");
}

#[test]
fn a_lifecycle_rule_that_cannot_be_is_refused() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let rule = |arguments: &[&str]| scene.run(&server, &[&["versions", "lifecycle"], arguments].concat());
    rule(&["--keep", "0"]).exit(2);
    rule(&["--keep", "1", "--off"]).exit(2);
    rule(&["--apply"]).exit(2);
    let run = rule(&["--keep", "1", "--service-role", "arn:aws:iam::999999999999:role/x"]).exit(2);
    assert!(run.stderr.contains("hint: name a role of this account, 123456789012"), "{run}");
    let run = rule(&["--application", "nothing"]).exit(3);
    assert!(run.stderr.contains("error: there is no application `nothing`"), "{run}");
}

#[test]
fn bundles_of_other_tools_have_a_length_too() {
    const REGISTER: &str = "import boto3\n\
        s3, eb = boto3.client('s3'), boto3.client('elasticbeanstalk')\n\
        bucket = eb.create_storage_location()['S3Bucket']\n\
        s3.put_object(Bucket=bucket, Key='shop/theirs.zip', Body=b'x' * 1234)\n\
        where = {'S3Bucket': bucket, 'S3Key': 'shop/theirs.zip'}\n\
        eb.create_application_version(ApplicationName='shop', VersionLabel='theirs', SourceBundle=where)";
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let mut command = scene.place.command(crate::harness::python());
    command.args(["-c", REGISTER]).envs(beansprout::sandbox::variables(&server.endpoint()));
    scene.place.finish(command).ok();
    let listed = scene.run(&server, &["versions", "--json"]).ok().document("versions/1");
    let theirs = &listed["versions"][0];
    assert_eq!((&theirs["label"], &theirs["bytes"]), (&json!("theirs"), &json!(1234)));
    assert_eq!((&theirs["digest"], &theirs["commit"]), (&json!(null), &json!(null)));
    // Its record may be pruned; its bundle is not ours to delete.
    scene.place.write("app.py", "print('third')\n");
    scene.run(&server, &["publish"]).ok();
    let plan = scene.run(&server, &["prune", "--keep", "1", "--delete-bundles", "--json"]).ok().json();
    assert!(plan["delete"].to_string().contains("theirs"), "{plan:#}");
    assert!(!plan["objects"].to_string().contains("theirs"), "{plan:#}");
}

#[test]
fn more_versions_than_fit_on_a_page_are_all_seen() {
    let scene = Scene::new();
    let state = format!("{}/state.json", crate::deploy::STATE);
    let mut world: serde_json::Value = serde_json::from_str(&scene.place.read(&state)).unwrap();
    let versions = world["regions"]["us-east-1"]["applications"]["shop"]["versions"].as_object_mut().unwrap();
    let old = versions[&scene.first].clone();
    // The oldest of all: on the last page.
    let mut older = old.clone();
    older["created"] = json!("2020-01-01T00:00:00Z");
    versions.extend((0..1499).map(|number| (format!("v{number:04}"), old.clone())));
    versions.insert("oldest".to_owned(), older);
    scene.place.write(&state, world.to_string());
    let server = scene.server(Vec::new());
    let listed = scene.run(&server, &["versions", "--json"]).ok().json();
    assert_eq!(listed["versions"].as_array().unwrap().len(), 1502);
    assert_eq!(listed["versions"][1501]["label"], "oldest");
    let plan = scene.run(&server, &["prune", "--keep", "1500", "--json"]).ok().json();
    assert_eq!(plan["used"], 1502);
    assert_eq!(plan["delete"][0]["label"], "oldest");
}
