//! Environments that are described: what is sent, what a launch meets between a look and a call, and what never leaves AWS.

use std::time::{Duration, Instant};

use beansprout::sandbox::{self, Injection, Rule, Server, Settings, Speed};
use beansprout::world::World;
use serde_json::Value;

use crate::harness::{Place, Run};
use crate::launch::{STATE, Site, writes};
use crate::publish::calls;
use crate::sandbox::{faults_left, rule};

fn settings(site: &Site) -> Settings {
    Settings::new(&World::real().unwrap(), site.place.path(STATE))
}

fn faulty(site: &Site, faults: Vec<Rule>) -> Server {
    Server::start(Settings { faults, ..settings(site) }).unwrap()
}

fn seeded(site: &Site, calls: &str) -> Server {
    site.place.write("../seed.json", calls);
    let seed = Some(site.place.path("../seed.json"));
    Server::start(Settings { seed, ..settings(site) }).unwrap()
}

/// Run, and act while a call waits for its answer.
fn while_it_waits(site: &Site, operation: &str, arguments: &[&str], act: impl FnOnce()) -> Run {
    let server = faulty(site, vec![Rule { seconds: 3, ..rule(operation, Injection::Stall, 0, 1) }]);
    let mut command = site.place.beansprout(arguments);
    command.envs(sandbox::variables(&server.endpoint()));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while faults_left(&server.endpoint()).contains("\"stall\"") {
        assert!(Instant::now() < end, "it does not come to {operation}");
        std::thread::sleep(Duration::from_millis(5));
    }
    act();
    site.place.ended(child)
}

fn state(site: &Site) -> Value {
    serde_json::from_str(&site.place.read(&format!("{STATE}/state.json"))).unwrap()
}

fn named<'a>(state: &'a Value, name: &str) -> Option<&'a Value> {
    let environments = state["regions"]["us-east-1"]["environments"].as_object()?;
    environments.values().find(|environment| environment["name"] == name)
}

/// Whatever the stack: the instance profile, and the properties of the description. All else is in the files of the bundle.
#[test]
fn a_launch_sends_what_no_file_says() {
    for stack in ["python", "docker", "ecs", "worker"] {
        let place = Place::new();
        let mut arguments = vec!["new", "shop", "--stack", stack, "--defaults"];
        if stack == "ecs" {
            arguments.extend(["--set", "image=registry.example.com/shop:1"]);
        }
        place.run(arguments).ok();
        let site = Site { place: place.enter("shop") };
        let server = site.server();
        let mut arguments = vec!["launch", "shop-production", "--json"];
        if stack == "ecs" {
            arguments.extend(["--property", "DATABASE_URL=postgres://db/shop"]);
        }
        let plan = site.run(&server, &arguments).ok().document("launch-plan/1");
        let path = "environments/shop-production.toml";
        let text = plan["files"][path].as_str().map_or_else(|| site.place.read(path), str::to_owned);
        let described: toml::Table = text.parse().unwrap();
        let mut wanted = vec!["aws:autoscaling:launchconfiguration/IamInstanceProfile".to_owned()];
        let properties = described.get("properties").and_then(toml::Value::as_table);
        wanted.extend(
            properties
                .into_iter()
                .flatten()
                .map(|(name, _)| format!("aws:elasticbeanstalk:application:environment/{name}")),
        );
        let sent = plan["waves"][0][0]["options"].as_array().unwrap();
        let sent: Vec<&str> = sent.iter().map(|sent| sent["option"].as_str().unwrap()).collect();
        assert_eq!(sent, wanted, "{stack}");
    }
}

#[test]
fn a_name_that_a_stranger_has_is_not_asked_for() {
    let site = Site::small();
    site.describe("shop-prod", "cname = \"shop\"\n");
    let server = seeded(&site, r#"[{"operation": "HoldCNAME", "parameters": {"CNAMEPrefix": "shop"}}]"#);
    let plan = site.run(&server, &["launch", "shop-prod"]).ok();
    assert!(plan.stdout.contains("somebody else has the name `shop.us-east-1.elasticbeanstalk.com`"), "{plan}");
    site.run(&server, &["launch", "shop-prod", "--require-cname", "--apply"]).exit(7);
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    let launched = site.run(&server, &["launch", "shop-prod", "--apply", "--json"]).ok().json();
    let url = launched["environments"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("http://shop-prod."), "{url}");
}

/// A look is no reservation.
#[test]
fn a_name_may_be_taken_between_the_look_and_the_call() {
    let take = |site: &Site| {
        let mut state = state(site);
        state["regions"]["us-east-1"]["strangers"] = serde_json::json!(["shop.us-east-1.elasticbeanstalk.com"]);
        site.place.write(&format!("{STATE}/state.json"), state.to_string());
    };
    let site = Site::small();
    site.describe("shop-prod", "cname = \"shop\"\n");
    let arguments = ["launch", "shop-prod", "--apply", "--require-cname"];
    let run = while_it_waits(&site, "CreateEnvironment", &arguments, || take(&site)).exit(7);
    assert!(run.stderr.contains("was taken while `shop-prod` was being launched"), "{run}");
    assert!(named(&state(&site), "shop-prod").is_none());

    let site = Site::small();
    site.describe("shop-prod", "cname = \"shop\"\n");
    while_it_waits(&site, "CreateEnvironment", &["launch", "shop-prod", "--apply"], || take(&site)).ok();
    let cname = named(&state(&site), "shop-prod").unwrap()["cname"].as_str().unwrap().to_owned();
    assert!(!cname.starts_with("shop."), "{cname}");

    // The environment's own name, by another application.
    let site = Site::small();
    let server = site.server();
    site.python(
        &server,
        "eb.create_application(ApplicationName='other')\neb.create_environment(ApplicationName='other', EnvironmentName='other-prod', SolutionStackName=[s for s in eb.list_available_solution_stacks()['SolutionStacks'] if 'Python' in s][0])",
    );
    drop(server);
    let rename = || {
        let text = site.place.read(&format!("{STATE}/state.json"));
        site.place.write(&format!("{STATE}/state.json"), text.replace("\"other-prod\"", "\"shop-prod\""));
    };
    let run = while_it_waits(&site, "CreateEnvironment", &["launch", "shop-prod", "--apply"], rename).exit(7);
    assert!(run.stderr.contains("`shop-prod` is there already, and is not what was asked for"), "{run}");
}

#[test]
fn a_site_is_told_the_queue_of_its_worker() {
    let site = Site::small();
    site.place.write("cron.yaml", "version: 1\ncron:\n- name: clean\n  url: /clean\n  schedule: \"0 3 * * *\"\n");
    site.describe("shop-jobs", "tier = \"worker\"\n");
    site.describe("shop-site", "[properties]\nQUEUE_URL = { from = \"shop-jobs\", what = \"queue\" }\n");
    let server = site.server();
    let plan = site.run(&server, &["launch", "--all", "--json"]).ok().document("launch-plan/1");
    assert_eq!(plan["waves"][0][0]["name"], "shop-jobs");
    assert_eq!(plan["waves"][0][0]["cname"]["how"], "none");
    site.run(&server, &["launch", "--all", "--apply"]).ok();
    let queue = site.python(
        &server,
        "print([q['URL'] for q in eb.describe_environment_resources(EnvironmentName='shop-jobs')['EnvironmentResources']['Queues'] if q['Name'] == 'WorkerQueue'][0])",
    );
    assert!(queue.starts_with("https://"), "{queue}");
    assert_eq!(site.settings(&server, "shop-site")["QUEUE_URL"], queue.as_str());
}

/// Elastic Beanstalk takes the name of a profile that is not there, and fails minutes later: IAM is asked first.
#[test]
fn a_profile_and_a_role_that_are_not_there_are_told_before() {
    let site = Site::small();
    let launch = ["launch", "shop-prod", "--apply"];
    let seed = |profile: &str| {
        format!(r#"[{{"operation": "CreateInstanceProfile", "parameters": {{"InstanceProfileName": "{profile}"}}}}]"#)
    };
    let server = seeded(&site, &seed("another"));
    let run = site.run(&server, &launch).exit(1);
    let profile = "aws-elasticbeanstalk-ec2-role";
    for words in [
        &format!("there is no instance profile `{profile}`, in whose name its instances act"),
        &format!("aws iam create-role --role-name {profile} --assume-role-policy-document '{{"),
        &format!("aws iam add-role-to-instance-profile --instance-profile-name {profile} --role-name {profile}"),
    ] {
        assert!(run.stderr.contains(words.as_str()), "{words}\n{run}");
    }
    assert_eq!(writes(&calls(&site.place, STATE)), Vec::<&str>::new());
    site.describe("shop-prod", "");
    let check = site.run(&server, &["drill", "--check"]).exit(1);
    assert!(check.stdout.contains("finding: `shop-prod`: there is no instance profile"), "{check}");
    site.describe("shop-prod", "instance_profile = \"arn:aws:iam::123456789012:instance-profile/web/another\"\n");
    let plan = site.run(&server, &["launch", "shop-prod"]).ok();
    assert!(!plan.stdout.contains("not checked, because"), "{plan}");

    let role = "\"aws:elasticbeanstalk:environment/ServiceRole\" = \"nobody\"\n";
    site.describe("shop-prod", &format!("instance_profile = \"another\"\n[options]\n{role}"));
    let run = site.run(&server, &launch).exit(1);
    assert!(run.stderr.contains("`shop-prod`: there is no role `nobody`"), "{run}");
    assert!(run.stderr.contains("correct its name in `environments/shop-prod.toml`"), "{run}");
    site.describe("shop-prod", "instance_profile = \"another\"\n");
    site.place.write(
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:environment: {ServiceRole: nobody}\n",
    );
    let run = site.run(&server, &launch).exit(1);
    assert!(run.stderr.contains("correct its name in .ebextensions/a.config:2"), "{run}");
    // Made by Elastic Beanstalk where it is missing.
    site.place.write(
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:environment: {ServiceRole: AWSServiceRoleForElasticBeanstalk}\n",
    );
    site.run(&server, &["launch", "shop-prod"]).ok();
    drop(server);

    // Whoever may not ask goes on, and is told what to ask.
    for (fault, why) in [
        (Injection::AccessDenied, "these credentials may not call `iam:GetInstanceProfile`"),
        (Injection::InternalError, "IAM answered `InternalFailure`"),
        (Injection::ResetBefore, "IAM did not answer"),
    ] {
        let server = faulty(&site, vec![rule("GetInstanceProfile", fault, 0, 1)]);
        let plan = site.run(&server, &["launch", "shop-prod", "--json"]).ok().document("launch-plan/1");
        assert_eq!(plan["not_checked"][0]["why"], why, "{plan}");
        assert_eq!(plan["not_checked"][0]["name"], "another", "{plan}");
    }
    let other = Site::small();
    let plan = other.run(&other.server(), &["launch", "shop-prod"]).ok();
    assert!(plan.stdout.contains("not checked, because the sandbox has no IAM"), "{plan}");
    assert!(plan.stdout.contains(&format!("get-instance-profile --instance-profile-name {profile}")), "{plan}");
}

/// What is there and unwell is no success, and keeps only those that need it.
#[test]
fn what_is_unwell_stops_those_that_need_it() {
    let site = Site::small();
    site.describe("shop-apis", "");
    let launch = |rest: &[&'static str]| [&["launch", "--all", "--apply", "--settle", "0"][..], rest].concat();
    let server = faulty(&site, vec![rule("CreateEnvironment", Injection::DeploymentTurnsRed, 0, 1)]);
    site.run(&server, &launch(&[])).exit(5);
    let run = site.run(&server, &launch(&[])).exit(5);
    assert!(run.stderr.contains("is there, and is not good"), "{run}");
    let plan = site.run(&server, &["launch", "--all"]).ok();
    assert!(plan.stdout.contains("and its health is bad"), "{plan}");
    site.describe("shop-site", "after = [\"shop-apis\"]\n");
    let run = site.run(&server, &launch(&[])).exit(5);
    assert!(run.stderr.contains("not launched: `shop-site`"), "{run}");
    assert!(named(&state(&site), "shop-site").is_none());
    // Whoever does not need it is launched.
    site.describe("shop-site", "");
    site.run(&server, &launch(&[])).exit(5);
    assert_eq!(named(&state(&site), "shop-site").unwrap()["health"], "Green");
}

/// What was asked for is watched to its end, whatever became of those beside it.
#[test]
fn each_of_a_wave_is_seen_through() {
    let site = Site::small();
    let names = ["shop-one", "shop-three", "shop-two"];
    names.iter().for_each(|name| site.describe(name, ""));
    let server = faulty(&site, vec![rule("CreateEnvironment", Injection::DeploymentTurnsRed, 0, 2)]);
    let run = site.run(&server, &["launch", "--all", "--apply", "--settle", "0"]).exit(5);
    for name in names {
        assert!(run.stderr.contains(&format!("watching `{name}`")), "{name}\n{run}");
    }
    assert!(run.stderr.contains("error: `shop-one` (e-"), "{run}");
    assert!(run.stderr.contains("warning: `shop-t"), "{run}");
    // The last of three cannot be asked for: the others are not forgotten.
    let site = Site::small();
    names.iter().for_each(|name| site.describe(name, ""));
    let server = faulty(&site, vec![rule("CreateEnvironment", Injection::AccessDenied, 2, 1)]);
    let run = site.run(&server, &["launch", "--all", "--apply"]).exit(4);
    assert!(run.stderr.contains("watching `shop-one`") && run.stderr.contains("watching `shop-three`"), "{run}");
}

#[test]
fn what_moves_is_not_captured() {
    let site = Site::small();
    let server = Server::start(Settings { speed: Speed::Stepped, ..settings(&site) }).unwrap();
    site.run(&server, &["launch", "shop-prod", "--apply", "--no-wait"]).ok();
    let file = site.place.read("environments/shop-prod.toml");
    let run = site.run(&server, &["capture"]).exit(1);
    assert!(run.stderr.contains("`beansprout wait --env shop-prod` watches it"), "{run}");
    let run = site.run(&server, &["capture", "--check"]).ok();
    assert!(run.stderr.contains("`shop-prod` is busy, and not looked at"), "{run}");
    assert_eq!(site.place.read("environments/shop-prod.toml"), file);
}

/// A bundle that somebody else made is a version like any other, and what its files say is not sent.
#[test]
fn a_bundle_of_others_is_launched_as_it_is() {
    let site = Site::small();
    let server = site.server();
    site.python(
        &server,
        "import io, zipfile\nf = io.BytesIO()\nz = zipfile.ZipFile(f, 'w')\nz.writestr('Procfile', 'web: x')\n\
         z.writestr('.ebextensions/a.config', 'option_settings:\\n  aws:autoscaling:asg: {MaxSize: 2}\\n')\nz.close()\n\
         b = eb.create_storage_location()['S3Bucket']\nboto3.client('s3').put_object(Bucket=b, Key='x.zip', Body=f.getvalue())\n\
         eb.create_application_version(ApplicationName='shop', VersionLabel='theirs', AutoCreateApplication=True, Process=True, SourceBundle={'S3Bucket': b, 'S3Key': 'x.zip'})",
    );
    site.describe("shop-prod", "[options]\n\"aws:autoscaling:asg/MaxSize\" = \"2\"\n");
    let plan =
        site.run(&server, &["launch", "shop-prod", "--version", "theirs", "--json"]).ok().document("launch-plan/1");
    assert_eq!(plan["waves"][0][0]["options"].as_array().unwrap().len(), 1, "{plan}");
    site.run(&server, &["launch", "shop-prod", "--version", "theirs", "--apply"]).ok();
    site.run(&server, &["capture"]).ok();
    let file = site.place.read("environments/shop-prod.toml");
    assert!(file.contains("label = \"theirs\"") && !file.contains("MaxSize"), "{file}");
}

/// In every field of the answer that holds a value, a secret: it is in no file, no line and no record.
#[test]
fn a_secret_of_a_living_environment_stays_there() {
    const SECRETS: [&str; 4] =
        ["hunter2-in-a-property", "hunter2-in-a-url", "hunter2-of-the-database", "hunter2-typed"];
    let site = Site::small();
    let server = site.server();
    site.run(&server, &["launch", "shop-prod", "--apply"]).ok();
    site.python(
        &server,
        "p, d = 'aws:elasticbeanstalk:application:environment', 'aws:rds:dbinstance'\n\
         o = lambda n, k, v: {'Namespace': n, 'OptionName': k, 'Value': v}\n\
         eb.update_environment(EnvironmentName='shop-prod', OptionSettings=[\n\
         o(p, 'API_TOKEN', 'hunter2-in-a-property'), o(p, 'DATABASE_URL', 'postgres://shop:hunter2-in-a-url@db.example.com/shop'),\n\
         o(d, 'DBEngine', 'postgres'), o(d, 'DBUser', 'hunter2-of-the-database'), o(d, 'DBPassword', 'hunter2-of-the-database')])",
    );
    let mut said = String::new();
    for arguments in [
        &["status", "shop-prod"][..],
        &["status", "shop-prod", "--json"],
        &["capture", "--check", "--json"],
        &["capture", "--dry-run"],
        &["capture"],
        &["capture", "--json"],
        &["diff", "env:shop-prod"],
        &["diff", "env:shop-prod", "--json"],
        &["launch", "--all", "--json"],
        &["launch", "shop-copy", "--like", "shop-prod", "--property", "API_TOKEN=hunter2-typed"],
        &["drill", "--check"],
    ] {
        said.push_str(&site.run(&server, arguments).to_string());
    }
    drop(server);
    said.push_str(&site.place.run(["drill", "--json"]).to_string());
    let mut files = vec![site.place.path(".beansprout/audit.jsonl")];
    for entry in std::fs::read_dir(site.place.path("environments")).unwrap() {
        files.push(entry.unwrap().path());
    }
    assert!(files.len() >= 2);
    files.retain(|file| file.is_file());
    files.iter().for_each(|file| said.push_str(&std::fs::read_to_string(file).unwrap()));
    let described = site.place.read("environments/shop-prod.toml");
    assert!(described.contains("API_TOKEN = { ask = true }"), "{described}");
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret}");
    }
}

/// What a launch takes and what is paid for, as far as anybody knows.
#[test]
fn a_plan_tells_time_and_units() {
    let site = Site::small();
    site.describe(
        "shop-apis",
        "[options]\n\"aws:elasticbeanstalk:environment/EnvironmentType\" = \"SingleInstance\"\n",
    );
    site.describe("shop-site", "after = [\"shop-apis\"]\n");
    let line = |aws: i64, simulated: bool| {
        format!(
            "{{\"time\":\"2026-11-20T08:00:00Z\",\"depth\":\"aws\",\"tool\":\"0.1.0\",\"id\":null,\"environments\":2,\"findings\":0,\"clocks\":{{\"commands\":1,\"aws\":{aws},\"visible\":null,\"simulated\":{simulated}}}}}\n"
        )
    };
    site.place
        .write("environments/_drills.jsonl", line(901, false) + &line(3, true) + "not a line\n" + &line(402, false));
    let server = site.server();
    let plan = site.run(&server, &["launch", "--all"]).ok();
    for words in [
        "takes     about 155 s (146 to 187 in 4 public logs, 2018 to 2025)",
        "takes     about 173 s (132 to 215 in 4 public logs, 2018 to 2025)",
        "in all, AWS takes about 328 s (278 to 402 in 4 public logs, 2018 to 2025)",
        "measured here: the last 2 rebuilds on AWS took 402 s, 901 s; the last was on 2026-11-20, of 2 environments",
        "costs     hours of 1 × t3.micro",
    ] {
        assert!(plan.stdout.contains(words), "{words}\n{plan}");
    }
    let plan = site.run(&server, &["launch", "--all", "--json"]).ok().document("launch-plan/1");
    assert_eq!(plan["measured"].as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(plan["waves"][0][0]["takes"]["seconds"], 155);
    // What is measured is a rebuild of everything.
    let one = site.run(&server, &["launch", "shop-apis"]).ok();
    assert!(!one.stdout.contains("measured here"), "{one}");
    let drill = site.run(&server, &["drill", "--aws"]).ok();
    assert!(drill.stdout.contains("note: measured here: the last 2 rebuilds"), "{drill}");
}

/// What is wrong with a file stops what is asked of that one, and of all.
#[test]
fn a_broken_description_keeps_nobody_from_another() {
    let site = Site::small();
    site.describe("shop-good", "");
    site.describe("shop-bad", "");
    site.place.write("environments/shop-bad.toml", "format = \"beansprout.environment/1\"\ntier = \"database\"\n");
    let run = |arguments: &[&str]| site.place.run([arguments, &["--sandbox"]].concat());
    let left = "left: `environments/shop-bad.toml`, line 2: tier `database`";
    for arguments in [
        &["launch", "shop-good", "--apply"][..],
        &["status", "shop-good"],
        &["capture", "shop-good"],
        &["diff", "env:shop-good", "env:shop-good"],
    ] {
        let run = run(arguments).ok();
        assert!(run.stderr.contains(left), "{run}");
    }
    for arguments in [&["launch", "shop-bad"][..], &["launch", "--all"], &["status"], &["capture", "--check"]] {
        let run = run(arguments).exit(3);
        assert!(run.stderr.contains("error: `environments/shop-bad.toml`, line 2"), "{run}");
    }
    let check = site.place.run(["check"]);
    assert!(check.stdout.contains("EB334"), "{check}");
}

/// What is described for another region is not said to be missing, nor passed over in silence.
#[test]
fn one_command_is_about_one_place() {
    let site = Site::small();
    site.describe("shop-far", "region = \"eu-west-1\"\n");
    site.describe("shop-near", "region = \"us-east-1\"\n");
    let run = |arguments: &[&str]| site.place.run([arguments, &["--sandbox"]].concat());
    run(&["launch", "shop-far", "--apply"]).ok();
    run(&["launch", "shop-near", "--apply"]).ok();
    let status = run(&["status", "--check"]).ok();
    assert!(status.stdout.contains("shop-far   in eu-west-1, not looked at"), "{status}");
    let status = run(&["status", "--json"]).ok().document("status/1");
    assert_eq!(status["environments"][0]["elsewhere"], "eu-west-1");
    assert_eq!(status["environments"][1]["elsewhere"], Value::Null);
    let status = run(&["status", "shop-far"]).ok();
    assert!(status.stdout.contains("of `shop` in eu-west-1: good"), "{status}");
    let left = "left, because they belong to another account or region: `shop-far` (eu-west-1)";
    for arguments in [&["capture", "--check"][..], &["launch", "--all", "--region", "us-east-1"]] {
        let run = run(arguments);
        assert!(run.stderr.contains(left), "{run}");
    }
    for arguments in [
        &["swap", "shop-near", "shop-far"][..],
        &["capture", "shop-near", "shop-far"],
        &["diff", "env:shop-near", "env:shop-far"],
    ] {
        let refused = run(arguments).exit(1);
        assert!(refused.stderr.contains("`shop-near` is in us-east-1, and `shop-far` in eu-west-1"), "{refused}");
    }
}

/// `check` knows where releases go from the descriptions, which themselves ship nowhere.
#[test]
fn check_says_what_does_not_travel() {
    let site = Site::small();
    site.place.write(
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:sns:topics:\n    Notification Topic ARN: arn:aws:sns:eu-west-1:111111111111:ops\n",
    );
    site.place.write("release.json", r#"{"schema": "beansprout.release/1"}"#);
    let rules = || {
        let report = site.place.run(["check", "--json"]).json();
        let findings = report["findings"].as_array().unwrap().clone();
        let rule = |finding: &Value| finding["rule"].as_str().unwrap().to_owned();
        findings.iter().map(rule).filter(|rule| rule.starts_with("EB33")).collect::<Vec<_>>()
    };
    assert_eq!(rules(), ["EB332"]);
    site.describe("shop-staging", "region = \"eu-west-1\"\n");
    site.describe("shop-prod", "region = \"us-east-1\"\noperations_role = \"arn:aws:iam::111111111111:role/x\"\n");
    site.place.write(".ebignore", "/release.json\n");
    assert_eq!(rules(), ["EB331"]);
    site.describe("shop-prod", "account = \"222222222222\"\noperations_role = \"arn:aws:iam::111111111111:role/x\"\n");
    assert_eq!(rules(), ["EB333"]);
}
