//! `promote`: built once, and the same bytes elsewhere; `requires` is kept by whoever deploys.

use beansprout::sandbox::{self, Injection, Rule, Server, Settings};
use beansprout::world::World;
use serde_json::Value;

use crate::harness::Place;
use crate::launch::{STATE, Site, writes};
use crate::publish::calls;
use crate::sandbox::rule;

const FAR: &str = "region = \"eu-west-1\"\n";

/// A staging here, a production in another region, and a release.
fn released() -> (Site, Server) {
    let site = Site::small();
    site.describe("shop-staging", "region = \"us-east-1\"\n");
    site.describe("shop-prod", FAR);
    let server = site.server();
    site.run(&server, &["launch", "shop-staging", "--apply"]).ok();
    site.python(
        &server,
        "boto3.client('elasticbeanstalk', region_name='eu-west-1').create_application(ApplicationName='shop')",
    );
    site.place.write("app.py", "print('next')\n");
    site.run(&server, &["publish", "--release", "../release.json", "--statement", "../statement.json"]).ok();
    (site, server)
}

fn file(site: &Site) -> Value {
    serde_json::from_str(&site.place.read("../release.json")).unwrap()
}

fn production<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["promote", "../release.json", "--to", "shop-prod", "--region", "eu-west-1"][..], rest].concat()
}

#[test]
fn the_same_bytes_are_elsewhere() {
    let (site, server) = released();
    let release = file(&site);
    let schema: Value = serde_json::from_str(include_str!("../../docs/schema/release-1.json")).unwrap();
    for key in schema["required"].as_array().unwrap() {
        assert!(!release[key.as_str().unwrap()].is_null() || key == "platform", "{key}: {release}");
    }
    assert_eq!(release["published"].as_array().unwrap().len(), 1);
    assert_eq!(release["check"]["tool"], env!("CARGO_PKG_VERSION"));
    let statement: Value = serde_json::from_str(&site.place.read("../statement.json")).unwrap();
    assert_eq!(statement["subject"][0]["digest"]["sha256"], release["archive"]["sha256"]);

    // The tree here is another by now: nothing is built again.
    site.place.write("app.py", "print('later')\n");
    calls(&site.place, STATE);
    let plan = site.run(&server, &production(&["--dry-run", "--json"])).ok().document("dry-run/1");
    assert!(plan["calls"].as_array().unwrap().len() >= 2, "{plan}");
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    let promoted = site.run(&server, &production(&["--json"])).ok().document("promote/1");
    assert_eq!(promoted["region"], "eu-west-1");
    for key in ["label", "digest"] {
        let before = if key == "label" { &release["label"] } else { &release["tree"]["digest"] };
        assert_eq!(&promoted[key], before);
    }
    assert_eq!(promoted["sha256"], release["archive"]["sha256"]);
    assert_eq!(promoted["bundle"]["bucket"], "elasticbeanstalk-eu-west-1-123456789012");
    let tags = site.python(
        &server,
        "eb = boto3.client('elasticbeanstalk', region_name='eu-west-1')\n\
         v = eb.describe_application_versions(ApplicationName='shop')['ApplicationVersions'][0]\n\
         print(sorted(t['Key'] for t in eb.list_tags_for_resource(ResourceArn=v['ApplicationVersionArn'])['ResourceTags']))",
    );
    assert_eq!(tags, "['beansprout:digest', 'beansprout:origin']");
    assert_eq!(file(&site)["published"].as_array().unwrap().len(), 2);

    // Twice the same is once.
    assert_eq!(site.run(&server, &production(&["--quiet"])).ok().stdout, "");
    calls(&site.place, STATE);
    let again = site.run(&server, &production(&[])).ok();
    assert!(again.stdout.starts_with("unchanged: "), "{again}");
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
}

#[test]
fn other_bytes_go_nowhere() {
    let (site, server) = released();
    let text = site.place.read("../release.json");
    for key in ["sha256", "digest"] {
        let at = text.find(&format!("\"{key}\": \"")).unwrap() + key.len() + 5;
        let other = format!("{}{}{}", &text[..at], "0123456789", &text[at + 10..]);
        site.place.write("../release.json", other);
        calls(&site.place, STATE);
        let run = site.run(&server, &production(&[])).exit(7);
        assert!(run.stderr.contains("holds other bytes than the release names"), "{run}");
        assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    }
    site.place.write("../release.json", "{}");
    site.run(&server, &production(&[])).exit(3);
    site.place.write("../release.json", text.replace("release/1", "release/9"));
    site.run(&server, &production(&[])).exit(3);
    site.place.write("../release.json", &text);
    site.run(&server, &["promote", "../release.json", "--to", "shop-none"]).exit(3);
    // A flag of `publish` is none of this verb's.
    site.describe("shop-next", "application = \"next\"\nregion = \"us-east-1\"\n");
    let run = site.run(&server, &["promote", "../release.json", "--to", "shop-next"]).exit(3);
    assert!(run.stderr.contains("there is no application `next`"), "{run}");
    assert!(run.stderr.contains("hint: `beansprout launch shop-next` creates it"), "{run}");
    // Gone at its source.
    site.python(
        &server,
        "s3 = boto3.resource('s3')\nfor o in s3.Bucket('elasticbeanstalk-us-east-1-123456789012').objects.filter(Prefix='beansprout/shop/'):\n    o.delete() if o.key.endswith('.zip') else None",
    );
    let run = site.run(&server, &production(&[])).exit(3);
    assert!(run.stderr.contains("has the bundle of"), "{run}");
}

#[test]
fn what_is_required_has_to_have_run_well() {
    let (site, server) = released();
    site.describe("shop-prod", &format!("{FAR}[deploy]\nrequires = [\"shop-staging\"]\nsettle = 5\n"));
    let label = file(&site)["label"].as_str().unwrap().to_owned();
    let run = site.run(&server, &production(&[])).exit(1);
    assert!(run.stderr.contains("nothing says that it ran well in `shop-staging`"), "{run}");
    site.run(&server, &["deploy", &label, "--env", "shop-staging"]).ok();
    site.run(&server, &production(&[])).ok();
    // It need not run there any more: it is on record.
    site.place.write("app.py", "print('even later')\n");
    let last = site.run(&server, &["publish", "--deploy", "shop-staging", "--wait", "--json"]).ok().json();
    site.run(&server, &["launch", "shop-prod", "--version", &label, "--region", "eu-west-1", "--apply"]).ok();
    // `deploy` and `publish --deploy` keep to it too.
    let last = last["label"].as_str().unwrap();
    site.describe("shop-near", "[deploy]\nrequires = [\"shop-prod\"]\n");
    for arguments in [&["deploy", last, "--env", "shop-near"][..], &["publish", "--deploy", "shop-near"]] {
        let run = site.run(&server, arguments).exit(1);
        assert!(run.stderr.contains("ran well in `shop-prod`"), "{run}");
    }
    let promoted = site.run(&server, &production(&["--deploy", "--json"])).ok().document("promote/1");
    assert_eq!(promoted["deployment"]["outcome"], "unchanged");
    assert_eq!(file(&site)["deployed"][0]["environment"], "shop-prod");
}

/// Two AWS of their own, as two accounts are, each with its profile.
#[test]
fn each_side_has_its_own_rights() {
    let (site, near) = released();
    let rule = |fault, on| rule(on, fault, 0, 5);
    let far = Server::start(Settings::new(&World::real().unwrap(), site.place.path(".beansprout/far"))).unwrap();
    site.python(
        &far,
        "boto3.client('elasticbeanstalk', region_name='eu-west-1').create_application(ApplicationName='shop')",
    );
    let run = |near: &Server| {
        let profile = |name: &str, server: &Server, region: &str| {
            format!(
                "[profile {name}]\nregion = {region}\nendpoint_url = {}\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                server.endpoint(),
                sandbox::ACCESS_KEY_ID,
                sandbox::SECRET_ACCESS_KEY
            )
        };
        let config = profile("near", near, "us-east-1") + &profile("far", &far, "eu-west-1");
        site.place.write("../aws-config", config);
        let mut command = site.place.beansprout(production(&["--profile", "far", "--from-profile", "near"]));
        command.env("AWS_CONFIG_FILE", site.place.path("../aws-config")).env("AWS_MAX_ATTEMPTS", "1");
        site.place.finish(command)
    };
    run(&near).ok();
    let found = site.python(&far, "print(boto3.client('elasticbeanstalk', region_name='eu-west-1').describe_application_versions()['ApplicationVersions'][0]['VersionLabel'])");
    assert_eq!(found, file(&site)["label"].as_str().unwrap());
    drop(near);
    // The second place has it by now; what is asked of the first one is refused.
    let text = site.place.read("../release.json");
    let mut release: Value = serde_json::from_str(&text).unwrap();
    release["published"].as_array_mut().unwrap().truncate(1);
    site.place.write("../release.json", release.to_string());
    let denied = Settings {
        faults: vec![rule(Injection::AccessDenied, "GetObject")],
        ..Settings::new(&World::real().unwrap(), site.place.path(STATE))
    };
    let near = Server::start(denied).unwrap();
    let refused = run(&near).exit(4);
    assert!(refused.stderr.contains("at its source, account 123456789012 in us-east-1"), "{refused}");
    assert!(refused.stderr.contains("kms:Decrypt"), "{refused}");
}

#[test]
fn whoever_interrupts_a_promotion_is_told_what_is_done() {
    let (site, server) = released();
    drop(server);
    let faults = vec![Rule { seconds: 5, ..rule("CreateApplicationVersion", Injection::Stall, 0, 1) }];
    let server =
        Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), site.place.path(STATE)) }).unwrap();
    let variables = sandbox::variables(&server.endpoint()).into_iter();
    let place = variables.fold(site.place, |place, (name, value)| place.var(name, value));
    let mut running = place.start(production(&[]));
    running.wait_for("registering `shop-");
    running.signal("INT");
    let words = running.wait_for("interrupted: ");
    assert!(words.contains("may be registered; run the same command again"), "{words}");
    assert_eq!(running.finish(), 130);
}

/// Whose profile reaches the target's account reaches the source with it, unless another is named.
#[test]
fn the_source_is_read_as_the_target_is_reached() {
    let (site, server) = released();
    site.describe("shop-prod", &format!("{FAR}[deploy]\nprofile = \"prod\"\n"));
    let keys = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        sandbox::ACCESS_KEY_ID,
        sandbox::SECRET_ACCESS_KEY
    );
    let endpoint = server.endpoint();
    site.place.write("../aws-config", format!("[profile prod]\nendpoint_url = {endpoint}\n{keys}"));
    let mut command = site.place.beansprout(["promote", "../release.json", "--to", "shop-prod"]);
    command.env("AWS_CONFIG_FILE", site.place.path("../aws-config")).env("AWS_EC2_METADATA_DISABLED", "true");
    let run = site.place.finish(command).ok();
    assert!(run.stdout.contains("next    beansprout deploy "), "{run}");
    assert_eq!(file(&site)["published"][1]["region"], "eu-west-1");
}

/// A release is written over nobody's work, and not where it would change the digest of the next one.
#[test]
fn a_release_replaces_no_source_and_ships_in_no_bundle() {
    let site = Site::small();
    let source = site.place.read("app.py");
    let files = |release: &str, statement: &str| {
        site.place.run(["publish", "--sandbox", "--release", release, "--statement", statement])
    };
    for (release, statement) in [("app.py", "../statement.json"), ("../release.json", "app.py")] {
        let run = files(release, statement).exit(2);
        assert!(run.stderr.contains("app.py"), "{run}");
    }
    // What could not be written in the end is refused at the beginning.
    let run = files("../nowhere/release.json", "../statement.json").exit(3);
    assert!(run.stderr.contains("hint: make the folder"), "{run}");
    let run = files("../one.json", "../one.json").exit(2);
    assert!(run.stderr.contains("is asked for twice"), "{run}");
    let run = site.place.run(["package", "-o", "../one.zip", "--manifest", "../one.zip"]).exit(2);
    assert!(run.stderr.contains("is asked for twice"), "{run}");
    assert!(!site.place.path("../one.zip").exists());
    for (release, statement) in [("release.json", "../statement.json"), ("../release.json", "statement.json")] {
        files(release, statement).exit(2);
        assert!(!site.place.path(release).exists() && !site.place.path(statement).exists());
    }
    assert_eq!(site.place.read("app.py"), source);
    site.place.run(["versions", "--sandbox"]).exit(3); // nothing was sent
    site.place.write(".ebignore", "out/\n");
    site.place.write("out/notes", "");
    files("out/release.json", "out/statement.json").ok();
    files("out/release.json", "out/statement.json").ok();
}

/// What shipped was looked at before it was sent; afterwards nobody looks at what else is here.
#[test]
fn a_release_says_what_was_said_of_what_shipped() {
    let site = Site::small();
    let path = "../release.json";
    let check = || serde_json::from_str::<Value>(&site.place.read(path)).unwrap()["check"].clone();
    let run = site.place.run(["publish", "--sandbox", "--release", path, "--json"]).ok();
    let said = &run.json()["check"];
    assert_eq!((&check()["errors"], &check()["warnings"]), (&said["errors"], &said["warnings"]));
    site.place.run(["publish", "--sandbox", "--release", path, "--no-check"]).ok();
    assert!(check().is_null());

    // An archive of others, in a folder that is no project.
    site.place.run(["package", "-o", "../app.zip"]).ok();
    let settings = "global:\n  application_name: shop\ndeploy:\n  artifact: ../app.zip\n";
    let place = Place::new().file(".elasticbeanstalk/config.yml", settings);
    std::fs::copy(site.place.path("../app.zip"), place.path("../app.zip")).unwrap();
    place.run(["publish", "--sandbox", "--release", path]).ok();
    let release: Value = serde_json::from_str(&place.read(path)).unwrap();
    assert!(release["check"].is_null(), "{release}");
    // What is somebody's work is so beside an archive too.
    place.write("notes.txt", "mine");
    place.run(["publish", "--sandbox", "--release", "notes.txt"]).exit(2);
    assert_eq!(place.read("notes.txt"), "mine");
}
