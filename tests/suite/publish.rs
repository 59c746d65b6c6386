//! `publish`: from a work tree to a registered version, once, and what stands in its way.

use serde_json::Value;

use crate::harness::Place;
use crate::sandbox::start;

/// A project that is small and complete.
pub(crate) fn project() -> Place {
    Place::new()
        .file("beansprout.toml", "[project]\nname = 'shop'\n[release]\ntags = { team = 'web' }\n")
        .file("Procfile", "web: gunicorn shop.wsgi\n")
        .file("app.py", "print('hello')\n")
}

/// What the sandbox was asked since the log was last looked at: `service:operation`, in order.
pub(crate) fn calls(place: &Place, state: &str) -> Vec<String> {
    let log = place.path(state).join("calls.jsonl");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::write(&log, "");
    let name = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        format!("{}:{}", line["service"].as_str().unwrap(), line["operation"].as_str().unwrap())
    };
    text.lines().map(name).collect()
}

const STATE: &str = ".beansprout/sandbox";

#[test]
fn twice_the_same_is_once() {
    let place = project();
    let first = place.run(["publish", "--sandbox", "--json"]).ok();
    let first = first.document("publish/1");
    assert_eq!(first["uploaded"], true);
    assert_eq!(first["registered"], true);
    assert_eq!(first["status"], "processed");
    assert_eq!(first["application"], "shop");
    assert!(calls(&place, STATE).contains(&"s3:PutObject".to_owned()));

    let second = place.run(["publish", "--sandbox", "--json"]).ok().document("publish/1");
    assert_eq!(second["uploaded"], false);
    assert_eq!(second["registered"], false);
    assert_eq!(second["sha256"], first["sha256"]);
    let asked = calls(&place, STATE);
    for sent in ["s3:PutObject", "s3:CreateMultipartUpload", "elasticbeanstalk:CreateApplicationVersion"] {
        assert!(!asked.contains(&sent.to_owned()), "{asked:?}");
    }
    let run = place.run(["publish", "--sandbox"]).ok();
    assert!(run.stdout.starts_with("unchanged: "), "{run}");

    // The digest is in the label and in the key.
    let digest = first["digest"].as_str().unwrap();
    assert_eq!(first["label"], format!("shop-{}", &digest[..12]));
    assert_eq!(first["bundle"]["key"], format!("beansprout/shop/{digest}.zip"));
}

#[test]
fn other_content_is_another_version() {
    let place = project();
    let first = place.run(["publish", "--sandbox", "--json"]).ok().json();
    place.write("app.py", "print('goodbye')\n");
    let second = place.run(["publish", "--sandbox", "--json"]).ok().json();
    assert_ne!(first["label"], second["label"]);
    let versions = place.run(["versions", "--sandbox", "--json"]).ok().document("versions/1");
    let labels: Vec<&Value> = versions["versions"].as_array().unwrap().iter().map(|row| &row["label"]).collect();
    assert_eq!(labels, [&second["label"], &first["label"]]);
}

#[test]
fn a_label_never_means_two_things() {
    let place = project();
    let first = place.run(["publish", "--sandbox", "--label", "v1", "--json"]).ok().json();
    place.run(["publish", "--sandbox", "--label", "v1"]).ok();
    calls(&place, STATE);
    place.write("app.py", "print('goodbye')\n");
    let run = place.run(["publish", "--sandbox", "--label", "v1"]).exit(7);
    assert!(run.stderr.contains("error: version `v1` of `shop` has other content"), "{run}");
    let digest = place.run(["package", "--dry-run", "--json"]).ok().json()["digest"].as_str().unwrap().to_owned();
    assert!(run.stderr.contains(first["digest"].as_str().unwrap()), "{run}");
    assert!(run.stderr.contains(&digest), "{run}");
    assert!(!calls(&place, STATE).contains(&"s3:PutObject".to_owned()));
    let failed = place.run(["publish", "--sandbox", "--label", "v1", "--json"]).exit(7).document("error/1");
    assert_eq!(failed["error"]["exit"], 7);
}

/// Put an object into the sandbox as somebody else would.
fn plant(place: &Place, endpoint: &str, bucket: &str, key: &str, content: &str) {
    const PLANT: &str = "import boto3, sys\nboto3.client('s3').put_object(Bucket=sys.argv[1], Key=sys.argv[2], Body=sys.argv[3].encode())";
    let mut command = place.command(crate::harness::python());
    command.args(["-c", PLANT, bucket, key, content]).envs(beansprout::sandbox::variables(endpoint));
    place.finish(command).ok();
}

#[test]
fn an_object_is_trusted_for_its_content_not_its_name() {
    let place = project();
    let published = place.run(["publish", "--sandbox", "--json"]).ok().json();
    let (bucket, key) = (&published["bundle"]["bucket"], &published["bundle"]["key"]);
    place.write("app.py", "print('goodbye')\n");
    let digest = place.run(["package", "--dry-run", "--json"]).ok().json()["digest"].as_str().unwrap().to_owned();
    let planted = key.as_str().unwrap().replace(published["digest"].as_str().unwrap(), &digest);

    let mut arguments = vec!["sandbox", "--port", "0", "--speed", "instant"];
    let mut running = place.start(arguments.drain(..));
    let endpoint = running.wait_for("export AWS_ENDPOINT_URL=");
    plant(&place, &endpoint, bucket.as_str().unwrap(), &planted, "not what the name says");
    let run = place.run(["publish", "--sandbox"]).exit(7);
    assert!(run.stderr.contains("holds other content"), "{run}");
    assert!(run.stderr.contains("SHA-256"), "{run}");
    assert_eq!(place.run(["versions", "--sandbox", "--json"]).ok().json()["versions"].as_array().unwrap().len(), 1);
}

#[test]
fn an_application_is_created_only_when_asked_to() {
    let place = project();
    let (_running, endpoint) = start(&place, &[]);
    let place = beansprout::sandbox::variables(&endpoint)
        .into_iter()
        .fold(place, |place, (name, value)| place.var(name, value));
    let run = place.run(["publish"]).exit(4);
    assert!(run.stderr.contains("error: there is no application `shop` in us-east-1"), "{run}");
    assert!(run.stderr.contains("--create-application"), "{run}");
    assert!(!calls(&place, "state").iter().any(|call| call.contains("Put") || call.contains("Create")));
    place.run(["publish", "--create-application"]).ok();
    place.run(["publish"]).ok();
}

#[test]
fn a_dry_run_sends_nothing_and_says_what_it_would() {
    let place = project();
    let run = place.run(["publish", "--sandbox", "--dry-run", "--json"]).ok();
    let plan = run.document("dry-run/1");
    let operations: Vec<&Value> = plan["calls"].as_array().unwrap().iter().map(|call| &call["operation"]).collect();
    assert_eq!(operations, ["CreateStorageLocation", "PutObject", "CreateApplicationVersion"]);
    let actions = plan["actions"].to_string();
    for action in ["s3:PutObject", "elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:AddTags"] {
        assert!(actions.contains(action), "{run}");
    }
    let asked = calls(&place, STATE);
    let changes = |call: &&String| ["Create", "Put", "Delete", "Update"].iter().any(|verb| call.contains(verb));
    assert_eq!(asked.iter().find(changes), None);
    assert_eq!(place.run(["versions", "--sandbox", "--json"]).ok().json()["versions"], serde_json::json!([]));
}

#[test]
fn the_first_line_says_who_and_where() {
    let run = project().run(["publish", "--sandbox"]).ok();
    let first = run.stderr.lines().find(|line| line.starts_with("acting ")).unwrap_or_default();
    assert!(first.contains("arn:aws:iam::123456789012:"), "{run}");
    assert!(first.contains("us-east-1"), "{run}");
}

#[test]
fn every_change_is_recorded_and_no_secret_is() {
    let place = project();
    place.run(["publish", "--sandbox"]).ok();
    let record = place.read(".beansprout/audit.jsonl");
    let operations: Vec<String> = record
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["call"]["operation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(operations, ["CreateStorageLocation", "PutObject", "CreateApplicationVersion"]);
    assert!(!record.contains(beansprout::sandbox::SECRET_ACCESS_KEY));
    assert!(!record.contains(beansprout::sandbox::ACCESS_KEY_ID));
}

#[test]
fn without_region_or_credentials_the_way_on_is_shown() {
    // Nobody has to be asked on a machine that isn't AWS's.
    let place = project().var("AWS_EC2_METADATA_DISABLED", "true");
    let run = place.run(["publish"]).exit(2);
    assert!(run.stderr.contains("error: no region is chosen"), "{run}");
    let run = place.run(["publish", "--region", "eu-west-1"]).exit(4);
    assert!(run.stderr.contains("error: no AWS credentials were found"), "{run}");
    assert!(run.stderr.contains("aws configure"), "{run}");
}

#[test]
fn an_address_where_nobody_answers_is_told() {
    let place = project().var("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").var("AWS_SECRET_ACCESS_KEY", "hush-hush-hush");
    let place = place.var("AWS_MAX_ATTEMPTS", "1");
    let run = place.run(["publish", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"]).exit(4);
    assert!(run.stderr.contains("error: failed to reach http://127.0.0.1:1"), "{run}");
    assert!(!run.stderr.contains("hush"), "{run}");
}

#[test]
fn a_commit_describes_its_version() {
    let place = project().file(".gitignore", ".beansprout\n").git();
    place.run(["publish", "--sandbox"]).ok();
    place.write("app.py", "print('goodbye')\n");
    place.run(["publish", "--sandbox"]).ok();
    let commit = place.sh("git", &["rev-parse", "--short=12", "HEAD"]);
    let versions = place.run(["versions", "--sandbox", "--json"]).ok().json();
    assert_eq!(versions["versions"][1]["description"], format!("first ({})", commit.trim()));
    assert_eq!(versions["versions"][0]["description"], format!("first ({}, changed)", commit.trim()));
}
