//! `publish` of a version that is there: what was asked for besides its content is done, or refused, or said.

use beansprout::sandbox::{Injection, Server, Settings};
use beansprout::world::World;

use crate::deploy::Scene;
use crate::harness::Place;
use crate::publish::{calls, noise, project};
use crate::sandbox::rule;

const STATE: &str = ".beansprout/sandbox";

fn version(place: &Place, label: &str) -> serde_json::Value {
    let state: serde_json::Value = serde_json::from_str(&place.read(&format!("{STATE}/state.json"))).unwrap();
    state["regions"]["us-east-1"]["applications"]["shop"]["versions"][label].clone()
}

#[test]
fn a_version_gets_the_text_and_the_tags_that_are_asked_for() {
    let place = project();
    place.run(["publish", "--sandbox", "--label", "v1", "--message", "one"]).ok();
    let again = ["publish", "--sandbox", "--label", "v1", "--message", "two", "--tag", "keep=true", "--json"];
    let run = place.run(again).ok().document("publish/1");
    assert_eq!(run["registered"], false);
    assert_eq!(run["updated"], serde_json::json!(["description", "tags"]));
    assert_eq!(version(&place, "v1")["description"], "two");
    assert_eq!(version(&place, "v1")["tags"], serde_json::json!({ "keep": "true", "team": "web" }));
    calls(&place, STATE);
    let run = place.run(again).ok().document("publish/1");
    assert_eq!(run["updated"], serde_json::json!([]));
    assert!(!calls(&place, STATE).iter().any(|call| call.contains("Update")));
    // The text of a commit is for new versions; one that was given stays.
    let run = place.run(["publish", "--sandbox", "--label", "v1"]).ok();
    assert!(run.stdout.starts_with("unchanged: "), "{run}");
    assert_eq!(version(&place, "v1")["description"], "two");
    let run = place.run(["publish", "--sandbox", "--label", "v1", "--message", "three"]).ok();
    assert!(run.stdout.starts_with("updated `v1` in `shop`: description"), "{run}");
}

#[test]
fn a_tag_that_cannot_be_given_is_no_success() {
    let scene = Scene::new();
    let denied = |on| rule(on, Injection::AccessDenied, 0, 1);
    let server = scene.server(vec![denied("ListTagsForResource"), denied("ListTagsForResource")]);
    let run = scene.run(&server, &["publish", "--tag", "keep=true"]).exit(4);
    assert!(run.stderr.contains("elasticbeanstalk:ListTagsForResource"), "{run}");
    // The project's own are good to have.
    let run = scene.run(&server, &["publish"]).ok();
    assert!(run.stderr.contains("warning: whether this version has the project's tags could not be seen"), "{run}");
    let run = scene.run(&server, &["publish", "--tag", "aws:x=1"]).exit(2);
    assert!(run.stderr.contains("`aws:`"), "{run}");
}

#[test]
fn another_bucket_or_key_than_it_has_is_refused_or_said() {
    let place = project();
    place.run(["publish", "--sandbox"]).ok();
    let run = place.run(["publish", "--sandbox", "--bucket", "no-such-bucket"]).exit(7);
    assert!(run.stderr.contains("not in bucket `no-such-bucket`"), "{run}");
    let run = place.run(["publish", "--sandbox", "--kms-key", "alias/shop"]).exit(7);
    assert!(run.stderr.contains("not encrypted with `alias/shop`"), "{run}");
    let toml = place.read("beansprout.toml").replace("[release]\n", "[release]\nkms_key = '1234'\nbucket = 'other'\n");
    place.write("beansprout.toml", &toml);
    place.write("app.py", "print('hello')\n");
    // Its settings ship with the project, so this is another version.
    let run = place
        .run(["publish", "--sandbox", "--label", "twice", "--bucket", "elasticbeanstalk-us-east-1-123456789012"])
        .ok();
    assert!(run.stdout.contains("published `twice`"), "{run}");
    let run = place.run(["publish", "--sandbox", "--label", "twice"]).ok();
    assert!(run.stderr.contains("not in `other`, and stays there"), "{run}");
    let run = place.run(["publish", "--sandbox", "--label", "twice", "--kms-key", "4321"]).exit(7);
    assert!(run.stderr.contains("it is encrypted with `1234`"), "{run}");
}

#[test]
fn what_was_not_processed_stays_so_and_that_is_said() {
    let place = project();
    place.run(["publish", "--sandbox", "--no-process"]).ok();
    let run = place.run(["publish", "--sandbox"]).ok();
    assert!(run.stderr.contains("was registered without being processed, and stays so"), "{run}");
}

/// S3 keeps other bytes than it was sent, once, or every time.
#[test]
fn what_s3_keeps_otherwise_is_sent_once_more() {
    for parts in [false, true] {
        let place = project();
        if parts {
            place.write("noise.bin", noise(17_000_000));
        }
        let corrupt = |on, times| rule(on, Injection::StoredCorrupt, 0, times);
        let on = if parts { "CompleteMultipartUpload" } else { "PutObject" };
        let publish = |times: u32| {
            let settings = Settings::new(&World::real().unwrap(), place.path(".beansprout/aws"));
            let server = Server::start(Settings { faults: vec![corrupt(on, times)], ..settings }).unwrap();
            let mut command = place.beansprout(["publish", "--create-application"]);
            command.envs(beansprout::sandbox::variables(&server.endpoint()));
            place.finish(command)
        };
        let run = publish(2).exit(4);
        assert!(run.stderr.contains("does not hold what was sent"), "{run}");
        assert!(run.stderr.contains("remove `s3://"), "{run}");
        std::fs::remove_dir_all(place.path(".beansprout/aws")).unwrap();
        let run = publish(1).ok();
        assert!(run.stderr.contains("it is removed and sent once more"), "{run}");
        assert!(run.stdout.starts_with("published "), "{run}");
    }
}

#[test]
fn a_rehearsal_uses_no_word_of_the_performance() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    scene.place.write("app.py", "print('third')\n");
    let run = scene.run(&server, &["publish", "--dry-run"]).ok();
    for (word, would) in [("\nuploading ", "would upload"), ("\nregistering ", "would register")] {
        assert!(!run.stderr.contains(word) && run.stderr.contains(would), "{run}");
    }
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod", "--dry-run"]).ok();
    assert!(run.stderr.contains("would deploy") && !run.stderr.contains("\ndeploying"), "{run}");
    let run = scene.run(&server, &["prune", "--keep", "1", "--apply", "--dry-run"]).ok();
    assert!(!run.stderr.contains("\ndeleted "), "{run}");
}

/// A `HEAD` has no body to say why; a bucket of another region says where it is.
#[test]
fn a_refusal_without_a_word_is_understood() {
    let scene = Scene::new();
    let rule = |on, fault, times| rule(on, fault, 0, times);
    scene.place.write("app.py", "print('third')\n");
    let expired = vec![rule("HeadObject", Injection::ExpiredToken, 9), rule("GetObject", Injection::ExpiredToken, 9)];
    let server = scene.server(expired);
    let run = scene.run(&server, &["publish"]).exit(4);
    assert!(run.stderr.contains("error: the AWS credentials have expired"), "{run}");
    drop(server);
    let server =
        scene.server(vec![rule("HeadObject", Injection::Bodyless, 9), rule("GetObject", Injection::AccessDenied, 9)]);
    let run = scene.run(&server, &["publish"]).exit(4);
    assert!(run.stderr.contains("may not call `s3:GetObject`"), "{run}");
    drop(server);
    let server = scene.server(Vec::new());
    let mut command = scene.place.beansprout([
        "publish",
        "--create-application",
        "--bucket",
        "elasticbeanstalk-us-east-1-123456789012",
    ]);
    command.envs(beansprout::sandbox::variables(&server.endpoint())).env("AWS_REGION", "eu-west-1");
    let run = scene.place.finish(command).exit(3);
    assert!(run.stderr.contains("is in us-east-1"), "{run}");
    assert!(run.stderr.contains("`--region us-east-1`"), "{run}");
}

/// `.elasticbeanstalk/config.yml` may name an archive that others make.
#[test]
fn the_archive_of_the_eb_cli_is_released_as_it_is() {
    let place = project();
    place.run(["package", "-o", "../app.zip"]).ok();
    let theirs = std::fs::read(place.path("../app.zip")).unwrap();
    let place = project().file("extra.py", "").file("build/app.zip", &theirs);
    let settings = "global:\n  application_name: shop\n  sc: git\n  include_git_submodules: false\ndeploy:\n  artifact: build/app.zip\n";
    place.write(".elasticbeanstalk/config.yml", settings);
    let run = place.run(["publish", "--sandbox", "--json"]).ok();
    assert!(run.stderr.contains("is released as it is: `.elasticbeanstalk/config.yml` has it"), "{run}");
    assert!(run.stderr.contains("`global.sc` of `.elasticbeanstalk/config.yml` is not acted on"), "{run}");
    assert!(run.stderr.contains("`global.include_git_submodules`"), "{run}");
    let published = run.json();
    assert_eq!(published["bytes"], theirs.len());
    let digest = place.run(["inspect", "build/app.zip", "--json"]).ok().json()["digest"].clone();
    assert_eq!(published["digest"], digest);
    let run = place.run(["package", "--dry-run"]).ok();
    assert!(run.stderr.contains("`publish` sends `[DIR]/build/app.zip` instead"), "{run}");
    place.write("build/app.zip", "no zip");
    let run = place.run(["publish", "--sandbox"]).exit(3);
    assert!(run.stderr.contains("`deploy: artifact`"), "{run}");
    place.write("beansprout.toml", "[bundle]\nexclude = ['x']\n");
    let run = place.run(["publish", "--sandbox"]).exit(3);
    assert!(run.stderr.contains("take one of the two away"), "{run}");
}

/// Whoever overwrites the object of a version has not changed the version.
#[test]
fn what_was_overwritten_is_not_deployed() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let published = scene.run(&server, &["publish", "--json"]).ok().json();
    let (bucket, key) = (published["bundle"]["bucket"].as_str().unwrap(), published["bundle"]["key"].as_str().unwrap());
    // S3 tells times in whole seconds: what is written in the second in which the version was registered looks like its own.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let overwrite = |content: &[u8]| {
        scene.place.write("../planted", content);
        const PLANT: &str = "import boto3, sys\nboto3.client('s3').put_object(Bucket=sys.argv[1], Key=sys.argv[2], Body=open('../planted', 'rb').read())";
        let mut command = scene.place.command(crate::harness::python());
        command.args(["-c", PLANT, bucket, key]).envs(beansprout::sandbox::variables(&server.endpoint()));
        scene.place.finish(command).ok();
    };
    let deploy = ["deploy", scene.second.as_str(), "--env", "shop-prod"];
    overwrite(b"no zip");
    let run = scene.run(&server, &deploy).exit(3);
    assert!(run.stderr.contains("cannot be read"), "{run}");
    scene.place.write("app.py", "print('other')\n");
    scene.place.run(["package", "-o", "../other.zip"]).ok();
    overwrite(&std::fs::read(scene.place.path("../other.zip")).unwrap());
    let run = scene.run(&server, &deploy).exit(7);
    assert!(run.stderr.contains("holds another tree than it is named after"), "{run}");
    assert!(run.stderr.contains("hint: nothing was changed"), "{run}");
    // The same content, however late, is the same.
    scene.place.write("app.py", "print('goodbye')\n");
    scene.place.run(["package", "-o", "../same.zip"]).ok();
    overwrite(&std::fs::read(scene.place.path("../same.zip")).unwrap());
    scene.run(&server, &deploy).ok();
}
