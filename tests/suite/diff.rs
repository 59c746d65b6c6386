//! `diff`: two bundles, a bundle and the tree, two revisions.

use crate::harness::Place;
use crate::launch::{STATE, Site, writes};
use crate::publish::calls;

#[test]
fn a_bundle_and_the_tree() {
    let place = Place::new().file("a.py", "one").file("b.py", "two").file("tool", "x");
    let made = place.run(["package", "--json"]).ok().json();
    let label = made["label"].as_str().unwrap();
    let run = place.run(["diff", label]).ok();
    assert_eq!(run.stdout.trim_end(), format!("the same: {}", made["digest"].as_str().unwrap()));

    place.write("a.py", "three");
    place.write("c.py", "new");
    std::fs::remove_file(place.path("b.py")).unwrap();
    place.sh("chmod", &["+x", "tool"]);
    let run = place.run(["diff", label, "worktree"]).exit(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[..4],
        ["changed a.py (3 B to 5 B)", "removed b.py (3 B)", "added   c.py (3 B)", "mode    tool (100644 to 100755)"]
    );
    assert!(lines[4].starts_with("4 differences: "), "{run}");
    place.run(["diff", label, "--json"]).exit(1).document("diff/1");
}

#[test]
fn a_manifest_and_the_tree() {
    let place = Place::new().file("a.py", "one");
    place.run(["package", "-o", "../a.zip", "--manifest", "../a.json"]).ok();
    place.run(["diff", "../a.json"]).ok();
    place.run(["diff", "../a.json", "../a.zip"]).ok();
    place.write("a.py", "two");
    let run = place.run(["diff", "../a.json"]).exit(1);
    assert!(run.stdout.starts_with("changed a.py (3 B to 3 B)"), "{run}");
    std::fs::write(place.path("../a.json"), "{}").unwrap();
    let run = place.run(["diff", "../a.json"]).exit(3);
    assert!(run.stderr.contains("a.json` is not a manifest"), "{run}");
}

#[test]
fn two_revisions_and_two_bundles() {
    let place = Place::new().file("a.py", "one").git();
    place.run(["package", "-o", "../one.zip"]).ok();
    place.write("a.py", "two");
    place.sh("git", &["commit", "-qam", "second"]);
    place.run(["package", "-o", "../two.zip"]).ok();
    let case = |old: &str, new: &str, exit: i32| {
        let run = place.run(["diff", old, new]).exit(exit);
        assert_eq!(run.stdout.contains("changed a.py"), exit == 1, "{old} {new}: {run}");
    };
    case("HEAD~1", "HEAD", 1);
    case("../one.zip", "../two.zip", 1);
    case("../one.zip", "HEAD~1", 0);
    case("../two.zip", "index", 0);
    let run = place.run(["diff", "nowhere"]).exit(2);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: `nowhere` is not a file, a label with a bundle here, or a git revision
    hint: `version:nowhere` means the registered version of that label
    ----- exit 2 -----
    ");
}

#[test]
fn a_living_environment_and_the_tree() {
    let site = Site::small();
    site.place.write(".ebextensions/a.config", "option_settings:\n  aws:autoscaling:asg: {MaxSize: 3}\n");
    site.describe("shop-prod", "[properties]\nTOKEN = { ask = true }\n");
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply", "--property", "TOKEN=hunter2hunter2"]).ok();
    site.describe("shop-copy", "[properties]\nTOKEN = { ask = true }\n");
    site.run(&server, &["launch", "shop-copy", "--apply", "--property", "TOKEN=hunter3hunter3"]).ok();
    calls(&site.place, STATE);
    let run = site.run(&server, &["diff", "env:shop-prod"]).ok();
    assert!(run.stdout.starts_with("the same: "), "{run}");

    site.python(
        &server,
        "eb.update_environment(EnvironmentName='shop-prod', OptionSettings=[\
         {'Namespace': 'aws:elasticbeanstalk:command', 'OptionName': 'Timeout', 'Value': '900'},\
         {'Namespace': 'aws:elasticbeanstalk:application:environment', 'OptionName': 'NEW', 'Value': 'hunter4hunter4'}])",
    );
    site.place.write(
        ".ebextensions/a.config",
        "option_settings:\n  aws:autoscaling:asg: {MaxSize: 5}\n  aws:elasticbeanstalk:command: {Timeout: 700}\n",
    );
    calls(&site.place, STATE);
    let run = site.run(&server, &["diff", "env:shop-prod", "worktree"]).exit(1);
    for line in [
        "changed .ebextensions/a.config",
        "aws:autoscaling:asg/MaxSize: `3` (.ebextensions/a.config:2), other side `5` (.ebextensions/a.config:2); the files win",
        "aws:elasticbeanstalk:command/Timeout: `900` (set on the environment), other side `700` (.ebextensions/a.config:3); the environment wins",
        "application:environment/NEW: `a value` (set on the environment), other side not set; the environment wins",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{run}");
    }
    let document = site.run(&server, &["diff", "env:shop-prod", "env:shop-copy", "--json"]).exit(1).document("diff/1");
    let options: Vec<&str> =
        document["options"].as_array().unwrap().iter().map(|row| row["option"].as_str().unwrap()).collect();
    assert_eq!(
        options,
        [
            "aws:elasticbeanstalk:application:environment/NEW",
            "aws:elasticbeanstalk:application:environment/TOKEN",
            "aws:elasticbeanstalk:command/Timeout",
        ]
    );
    assert!(!format!("{run}{document}").contains("hunter"), "{run}");
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    site.run(&server, &["diff", "env:shop-none"]).exit(3);

    // Without the bundle, nobody knows what the files of the version said.
    site.python(
        &server,
        "for o in boto3.resource('s3').Bucket('elasticbeanstalk-us-east-1-123456789012').objects.all():\n    o.delete() if o.key.endswith('.zip') else None",
    );
    let gone = site.run(&server, &["diff", "env:shop-prod", "--json"]).exit(1);
    assert!(gone.stderr.contains("is gone, so nobody knows which options of `shop-prod` its files set"), "{gone}");
    let document = gone.document("diff/1");
    let max = document["options"].as_array().unwrap().iter().find(|row| row["option"] == "aws:autoscaling:asg/MaxSize");
    let max = max.unwrap();
    assert_eq!((&max["live"], &max["other"]), (&"3".into(), &"5".into()), "{document}");
    assert_eq!((&max["set_by"]["who"], &max["wins"]), (&"unknown".into(), &"unknown".into()), "{document}");
    site.run(&server, &["diff", "env:"]).exit(2);
}
