//! `drill`: the loss of everything, rehearsed at three depths, and a rehearsal that a person ends.

use beansprout::sandbox::{self, Injection, Server, Settings};
use beansprout::world::World;

use crate::launch::{STATE, Site, writes};
use crate::publish::calls;
use crate::sandbox::rule;
use crate::swap::Answering;

/// Two environments that live and are captured.
fn shop() -> Site {
    let site = Site::small();
    let place = site.place.git();
    let site = Site { place };
    site.place.write(".ebextensions/a.config", "option_settings:\n  aws:autoscaling:asg: {MaxSize: 3}\n");
    site.describe("shop-apis", "[properties]\nTOKEN = { ask = true }\n");
    site.describe(
        "shop-prod",
        "after = [\"shop-apis\"]\ncname = \"shop\"\n[tags]\nstage = \"prod\"\n[options]\n\"aws:elasticbeanstalk:command/Timeout\" = \"700\"\n[properties]\nAPI_URL = { from = \"shop-apis\", what = \"url\" }\nSECRET_KEY = { random = 50 }\n",
    );
    site.place.sh("git", &["add", "-A"]);
    site.place.sh("git", &["commit", "-qm", "Describe"]);
    let server = site.server();
    site.run(&server, &["launch", "--all", "--apply", "--property", "TOKEN=hunter2hunter2"]).ok();
    site.run(&server, &["capture"]).ok();
    drop(server);
    calls(&site.place, STATE);
    site
}

#[test]
fn what_is_captured_can_be_rebuilt() {
    let site = shop();
    let digest = site.place.run(["package", "--dry-run", "--json"]).ok().json()["digest"].clone();
    let run = site.place.run(["drill", "--json"]).ok();
    let drill = run.document("drill/1");
    assert_eq!(drill["depth"], "sandbox");
    assert_eq!(drill["environments"].as_array().unwrap().len(), 2, "{drill}");
    assert_eq!(drill["clocks"]["simulated"], true);
    assert!(!format!("{run}").contains("hunter2"), "{run}");
    let line = site.place.read("environments/_drills.jsonl");
    let lines: Vec<&str> = line.lines().collect();
    assert!(lines[0].contains("\"depth\":\"rebuild\"") && lines[0].contains("\"simulated\":true"), "{line}");
    assert!(lines[1].contains("\"depth\":\"sandbox\"") && lines[1].contains("\"findings\":0"), "{line}");
    // What stays of it never ships.
    assert_eq!(site.place.run(["package", "--dry-run", "--json"]).ok().json()["digest"], digest);
    let people = site.place.run(["drill"]).ok();
    assert!(people.stdout.contains("2 environments rebuilt twice"), "{people}");
    assert!(people.stdout.contains("(AWS's part is simulated)"), "{people}");
}

#[test]
fn a_bundle_is_built_again_from_its_commit() {
    let site = shop();
    let file = site.place.read("environments/shop-prod.toml");
    assert!(file.contains("commit = \""), "{file}");
    // The tree goes on, and what was kept here is gone.
    site.place.write("app.py", "print('later')\n");
    std::fs::remove_dir_all(site.place.path(".beansprout/bundles")).unwrap();
    site.place.run(["drill"]).ok();
    // Without the commit, nobody has it.
    std::fs::remove_dir_all(site.place.path(".beansprout/bundles")).unwrap();
    for name in ["shop-prod", "shop-apis"] {
        let path = format!("environments/{name}.toml");
        let text = site.place.read(&path);
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("commit = ")).collect();
        site.place.write(&path, kept.join("\n") + "\n");
    }
    let run = site.place.run(["drill"]).exit(1);
    assert!(run.stdout.contains("is not here, and cannot be built again from its commit"), "{run}");
    site.describe("shop-old", "");
    site.place
        .write("environments/shop-old.toml", "format = \"beansprout.environment/1\"\nplatform = \"Python 2.7\"\n");
    let run = site.place.run(["drill"]).exit(1);
    assert!(run.stdout.contains("no version of `Python 2.7` is recommended"), "{run}");
}

/// After a loss, a launch builds from the commit what the bucket has not any more.
#[test]
fn a_launch_builds_again_what_the_bucket_lost() {
    let site = shop();
    let server = site.server_at(".beansprout/empty");
    site.place.write("app.py", "print('later')\n");
    std::fs::remove_dir_all(site.place.path(".beansprout/bundles")).unwrap();
    let run = site.run(&server, &["launch", "--all", "--apply", "--property", "TOKEN=x"]).ok();
    let label = site.python(&server, "print({e['VersionLabel'] for e in eb.describe_environments()['Environments']})");
    let text = site.place.read("environments/shop-prod.toml");
    assert_eq!(label.matches("shop-").count(), 1, "{label}\n{run}");
    assert!(text.contains(label.trim_matches(|c| "{}'".contains(c))), "{label}\n{text}");
    assert!(site.place.read("environments/_drills.jsonl").contains("\"depth\":\"rebuild\""));
}

/// A rehearsal on an AWS of its own takes no word about another one, and none that nobody could go on from.
#[test]
fn no_flag_of_another_aws_is_ignored() {
    let site = Site::small();
    site.describe("shop-prod", "");
    for flag in [["--region", "eu-west-1"], ["--profile", "x"], ["--endpoint-url", "http://localhost:1"]] {
        let run = site.place.run([&["drill"], &flag[..]].concat()).exit(2);
        assert!(run.stderr.contains(&format!("`{}` is about another", flag[0])), "{run}");
    }
    site.place.run(["drill", "--speed", "stepped"]).exit(2);
    site.place.run(["drill", "--sandbox", "--call-timeout", "20"]).ok();
}

#[test]
fn a_check_asks_aws_and_changes_nothing() {
    let site = shop();
    let server = site.server();
    let run = site.run(&server, &["drill", "--check", "--json"]).ok();
    let drill = run.document("drill/1");
    assert_eq!(drill["depth"], "check");
    // Whoever launches will be asked for it.
    assert!(drill["notes"].to_string().contains("TOKEN"), "{drill}");
    let asked = calls(&site.place, STATE);
    assert!(writes(&asked).is_empty(), "{asked:?}");
    assert!(asked.contains(&"elasticbeanstalk:ValidateConfigurationSettings".to_owned()), "{asked:?}");
    let file = site.place.read("environments/shop-prod.toml");
    site.place.write("environments/shop-prod.toml", file.replace("\"700\"", "\"soon\""));
    let run = site.run(&server, &["drill", "--check"]).exit(1);
    assert!(run.stdout.contains("finding: `shop-prod`: "), "{run}");
    // An environment that nobody described is in the way on the day.
    site.place.write("environments/shop-prod.toml", file);
    std::fs::remove_file(site.place.path("environments/shop-apis.toml")).unwrap();
    let run = site.run(&server, &["drill", "--check"]).exit(3);
    assert!(run.stderr.contains("`shop-prod` needs `shop-apis`, which is not described"), "{run}");
}

#[test]
fn on_aws_it_touches_nothing_of_the_real_ones() {
    let site = shop();
    let server = site.server();
    let refused = site.run(&server, &["drill", "--aws", "--apply"]).exit(1);
    for words in ["nobody said what `TOKEN` is in a drill", "`SECRET_KEY`", "`API_URL`", "[deploy] drill"] {
        assert!(refused.stderr.contains(words), "{words}\n{refused}");
    }
    assert!(writes(&calls(&site.place, STATE)).is_empty());
    for (name, drill) in [
        ("shop-apis", "TOKEN = \"drill\""),
        ("shop-prod", "API_URL = \"same\", SECRET_KEY = \"same\", TOKEN = \"drill\""),
    ] {
        let path = format!("environments/{name}.toml");
        let text = site.place.read(&path);
        site.place.write(&path, format!("{text}\n[deploy]\ndrill = {{ {drill} }}\n"));
    }
    let plan = site.run(&server, &["drill", "--aws", "--id", "a1b2"]).ok();
    assert!(plan.stdout.contains("`beansprout drill --aws --id a1b2 --apply` does it"), "{plan}");
    assert!(plan.stdout.contains("`API_URL` is the same as in the real one"), "{plan}");
    assert!(writes(&calls(&site.place, STATE)).is_empty());
    // Somebody's own, which are called as rehearsals are: one has a tag that was copied to it.
    site.python(
        &server,
        "eb.create_application(ApplicationName='drill-press')\n\
         eb.create_application(ApplicationName='drill-saw', Tags=[{'Key': 'beansprout:drill', 'Value': 'a1b2'}])",
    );
    let end = site.run(&server, &["drill", "end"]).ok();
    assert!(end.stdout.starts_with("nothing is left of a drill"), "{end}");

    let drill = site.run(&server, &["drill", "--aws", "--id", "a1b2", "--apply", "--json"]).ok().document("drill/1");
    assert_eq!(drill["environments"][1]["rehearsed_as"], "drill-a1b2-2", "{drill}");
    let seen = site.python(
        &server,
        "es = [e for e in eb.describe_environments()['Environments'] if e['ApplicationName'] == 'drill-a1b2']\n\
         assert all('prod' not in e['EnvironmentName'] and '.eba-' in e['CNAME'] for e in es), es\n\
         for e in es:\n    tags = {t['Key']: t['Value'] for t in eb.list_tags_for_resource(ResourceArn=e['EnvironmentArn'])['ResourceTags']}\n    assert tags['beansprout:drill'] == 'a1b2' and 'stage' not in tags, tags\n\
         print(len(es))",
    );
    assert_eq!(seen, "2");
    // The same command again finds it.
    site.run(&server, &["drill", "--aws", "--id", "a1b2", "--apply"]).ok();
    let end = site.run(&server, &["drill", "end"]).exit(1);
    assert_eq!(
        end.stdout.matches("aws elasticbeanstalk terminate-environment --region us-east-1 --environment-id e-").count(),
        2,
        "{end}"
    );
    assert!(end.stdout.contains("delete-application --region us-east-1 --application-name drill-a1b2"), "{end}");
    assert!(!end.stdout.contains("drill-press") && !end.stdout.contains("drill-saw"), "{end}");
    let status = site.run(&server, &["status"]).ok();
    assert!(status.stderr.contains("drill `a1b2`"), "{status}");
    // A person ends it.
    site.python(
        &server,
        "for e in eb.describe_environments()['Environments']:\n    if e['ApplicationName'] == 'drill-a1b2': eb.terminate_environment(EnvironmentId=e['EnvironmentId'])",
    );
    site.run(&server, &["drill", "end", "--json"]).ok().document("drill-end/1");
    site.run(&server, &["drill", "end", "none"]).ok();
    // The real ones are as they were.
    site.run(&server, &["capture", "--check"]).ok();
    let asked = calls(&site.place, STATE);
    assert_eq!(asked.iter().filter(|call| call.ends_with("TerminateEnvironment")).count(), 2);
}

#[test]
fn whoever_interrupts_a_rehearsal_is_told_what_is_left_of_it() {
    let site = Site::small();
    site.describe("shop-prod", "");
    let server = site.server();
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    drop(server);
    let mut running = site.place.start(["drill", "--speed", "real"]);
    running.wait_for("watching `shop-prod`");
    running.signal("INT");
    let words = running.wait_for("interrupted: ");
    assert!(words.contains("nothing is left of the rehearsal"), "{words}");
    assert_eq!(running.finish(), 130);
    // On AWS it goes on, and another without its id would be another one.
    let faults = vec![rule("CreateEnvironment", Injection::DeploymentHangs, 0, 1)];
    let server =
        Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), site.place.path(STATE)) }).unwrap();
    let variables = sandbox::variables(&server.endpoint()).into_iter();
    let place = variables.fold(site.place, |place, (name, value)| place.var(name, value));
    let mut running = place.start(["drill", "--aws", "--apply"]);
    running.wait_for("watching `drill-");
    running.signal("INT");
    let words = running.wait_for("interrupted: ");
    assert_eq!(running.finish(), 130);
    let id = words.split("--id ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{words}"));
    assert!(words.contains(&format!("`beansprout drill --aws --id {id} --apply` goes on with it")), "{words}");
    let end = place.run(["drill", "end", id]).exit(1);
    assert!(end.stdout.contains(&format!("--application-name drill-{id}")), "{end}");
}

#[test]
fn a_rebuilt_site_that_does_not_answer_is_a_finding() {
    let site = Site::small();
    site.describe("shop-prod", "[deploy]\nsmoke = [\"/health/\"]\n");
    let server = site.server();
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    let drill = ["drill", "--aws", "--id", "a1", "--apply"];
    site.run(&server, &drill).ok();
    drop(server);
    let answering = Answering::start(|_| 503);
    answering.serve(&site, "drill-a1-1");
    let run = site.run(&site.server(), &drill).exit(1);
    assert!(run.stdout.contains("/health/ answers 503: it should be 200"), "{run}");
}
