//! `deploy`, `rollback` and `wait`: an environment is moved to a version, and the truth is told.

use std::path::PathBuf;

use beansprout::sandbox::{self, Injection, Rule, Server, Settings, Speed};
use beansprout::world::World;

use crate::harness::{Place, Run, python};
use crate::publish::{calls, project};
use crate::sandbox::{post, rule};

/// A project with two published versions, and an environment that runs the first.
pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) first: String,
    pub(crate) second: String,
    state: PathBuf,
}

/// What commands of a scene talk to.
pub(crate) const STATE: &str = ".beansprout/aws";

impl Scene {
    pub(crate) fn new() -> Self {
        let place = project();
        let state = place.path(STATE);
        let mut scene = Self { place, first: String::new(), second: String::new(), state };
        let server = scene.server(Vec::new());
        scene.first = scene.publish(&server);
        scene.place.write("app.py", "print('goodbye')\n");
        scene.second = scene.publish(&server);
        scene.create_environment(&server, "shop-prod", &scene.first);
        scene
    }

    pub(crate) fn server(&self, faults: Vec<Rule>) -> Server {
        Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), &self.state) }).unwrap()
    }

    #[track_caller]
    pub(crate) fn run(&self, server: &Server, arguments: &[&str]) -> Run {
        let mut command = self.place.beansprout(arguments);
        command.envs(sandbox::variables(&server.endpoint()));
        self.place.finish(command)
    }

    fn publish(&self, server: &Server) -> String {
        let run = self.run(server, &["publish", "--create-application", "--json"]).ok();
        run.json()["label"].as_str().unwrap().to_owned()
    }

    pub(crate) fn create_environment(&self, server: &Server, name: &str, label: &str) {
        const CREATE: &str = "import boto3, sys\n\
            eb = boto3.client('elasticbeanstalk')\n\
            stack = [s for s in eb.list_available_solution_stacks()['SolutionStacks'] if 'Python' in s][0]\n\
            eb.create_environment(ApplicationName='shop', EnvironmentName=sys.argv[1], VersionLabel=sys.argv[2], SolutionStackName=stack)\n\
            for _ in range(20):\n    found = eb.describe_environments(EnvironmentNames=[sys.argv[1]])['Environments'][0]\n    if found['Status'] == 'Ready': break\n\
            assert found['Status'] == 'Ready' and found['Health'] == 'Green', found";
        let mut command = self.place.command(python());
        command.args(["-c", CREATE, name, label]).envs(sandbox::variables(&server.endpoint()));
        self.place.finish(command).ok();
    }
}

fn on_update(fault: Injection) -> Vec<Rule> {
    vec![rule("UpdateEnvironment", fault, 0, 1)]
}

#[test]
fn an_environment_is_moved_and_back() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod", "--json"]).ok();
    let deployed = run.document("deploy/1");
    assert_eq!(deployed["outcome"], "deployed");
    assert_eq!(deployed["previous"], scene.first.as_str());
    assert_eq!(deployed["health"], "good");

    // Again: nothing to do, nothing sent.
    calls(&scene.place, STATE);
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    assert!(run.stdout.starts_with("unchanged: "), "{run}");
    assert!(!calls(&scene.place, STATE).contains(&"elasticbeanstalk:UpdateEnvironment".to_owned()));

    // The first one was not deployed by us, but it ran well until we replaced it.
    let run = scene.run(&server, &["rollback", "--env", "shop-prod"]).ok();
    assert!(run.stdout.contains(&format!("runs `{}`", scene.first)), "{run}");
    // Going back twice is going back once.
    let run = scene.run(&server, &["rollback", "--env", "shop-prod"]).ok();
    assert!(run.stdout.starts_with("unchanged: "), "{run}");
    assert!(run.stderr.contains("`beansprout rollback LABEL --env shop-prod` goes to another version"), "{run}");
    let run = scene.run(&server, &["wait", "--env", "shop-prod", "--json"]).ok();
    assert_eq!(run.document("deploy/1")["label"], scene.first.as_str());
}

#[test]
fn ways_to_fail_have_their_own_words() {
    let scene = Scene::new();
    let case = |fault: Injection, words: &str| {
        let server = scene.server(on_update(fault));
        let arguments = ["deploy", &scene.second, "--env", "shop-prod", "--settle", "1"];
        let run = scene.run(&server, &arguments).exit(5);
        assert!(run.stderr.contains(words), "{run}");
        assert!(run.stderr.contains("hint: "), "{run}");
        drop(server);
        let server = scene.server(Vec::new());
        scene.run(&server, &["deploy", &scene.first, "--env", "shop-prod"]).ok();
    };
    case(Injection::DeploymentRollsBack, "was rolled back");
    case(Injection::DeploymentTurnsRed, "");
    case(Injection::DeploymentFails, "");
    // Who was on the way back is not sent there once more.
    let server = scene.server(Vec::new());
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    drop(server);
    let server = scene.server(on_update(Injection::DeploymentTurnsRed));
    let run = scene.run(&server, &["rollback", "--env", "shop-prod", "--settle", "1"]).exit(5);
    assert!(run.stderr.contains("hint: `beansprout rollback LABEL --env shop-prod` takes another version"), "{run}");
}

#[test]
fn waiting_afterwards_tells_how_it_ended() {
    let scene = Scene::new();
    let server = scene.server(on_update(Injection::DeploymentRollsBack));
    let deploy = ["deploy", &scene.second, "--env", "shop-prod", "--no-wait"];
    scene.run(&server, &deploy).ok();
    // Nobody looked while it failed.
    for _ in 0..2 {
        let run = scene.run(&server, &["wait", "--env", "shop-prod", "--label", &scene.second]).exit(5);
        assert!(run.stderr.contains("was rolled back"), "{run}");
    }
    scene.run(&server, &["wait", "--env", "shop-prod", "--settle", "1"]).exit(5);
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    scene.run(&server, &["wait", "--env", "shop-prod"]).ok();
}

#[test]
fn trouble_on_the_way_to_an_environment_is_not_the_end_of_watching_it() {
    let scene = Scene::new();
    let server = scene.server(vec![
        rule("DescribeEnvironments", Injection::Throttle, 2, 2),
        rule("DescribeEvents", Injection::ResetBefore, 1, 3),
    ]);
    let mut command = scene.place.beansprout(["deploy", &scene.second, "--env", "shop-prod"]);
    command.envs(sandbox::variables(&server.endpoint())).env("AWS_MAX_ATTEMPTS", "1");
    let run = scene.place.finish(command).ok();
    assert!(run.stderr.contains("warning: looking again: AWS limits the rate of `DescribeEnvironments`"), "{run}");
    assert!(run.stderr.contains("warning: looking again: failed to reach"), "{run}");
}

#[test]
fn an_environment_moves_when_a_test_says_so() {
    let scene = Scene::new();
    let settings = Settings::new(&World::real().unwrap(), &scene.state);
    let server = Server::start(Settings { speed: Speed::Stepped, ..settings }).unwrap();
    let step = |ends: &str| post(&server.endpoint(), "/-/step", ends);
    let wait = ["wait", "--env", "shop-prod", "--timeout", "0"];
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod", "--timeout", "0"]).exit(6);
    scene.run(&server, &wait).exit(6);
    assert!(step("{\"ends\": \"deployment-rolls-back\"}").ends_with("[\"shop-prod\"]"));
    scene.run(&server, &wait).exit(5);
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod", "--timeout", "0"]).exit(6);
    assert!(step("{}").ends_with("[\"shop-prod\"]"));
    scene.run(&server, &wait).ok();
    assert!(step("{}").ends_with("[]"));
    assert!(step("{\"end\": 1}").contains("unknown field"));
}

#[test]
fn the_branch_chooses_the_environment() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let deploy = ["deploy", &scene.second];
    let run = scene.run(&server, &deploy).exit(2);
    assert!(run.stderr.contains("error: no environment is chosen\nhint: name it with `--env`"), "{run}");
    // Outside of git the EB CLI has a `default`.
    let theirs = "branch-defaults:\n  default:\n    environment: shop-none\n  live:\n    environment: shop-prod\n";
    scene.place.write(".elasticbeanstalk/config.yml", theirs);
    let run = scene.run(&server, &deploy).exit(3);
    assert!(
        run.stderr.contains("environment `shop-none`: `.elasticbeanstalk/config.yml` has it for branch `default`"),
        "{run}"
    );
    scene.place.sh("git", &["init", "-q", "-b", "live"]);
    let run = scene.run(&server, &deploy).ok();
    assert!(
        run.stderr.contains("environment `shop-prod`: `.elasticbeanstalk/config.yml` has it for branch `live`"),
        "{run}"
    );
    let acting = run.stderr.lines().next().unwrap();
    assert!(acting.starts_with("acting "), "{run}");
    // Our own file comes first.
    let ours = "[project]\nname = 'shop'\n[environments.shop-other]\nbranches = ['li*']\n";
    scene.place.write("beansprout.toml", ours);
    for verb in [&["wait"][..], &["rollback"], &["publish", "--deploy"]] {
        let run = scene.run(&server, verb);
        assert!(run.stderr.contains("environment `shop-other`: `beansprout.toml` has it for branch `live`"), "{run}");
    }
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    assert!(!run.stderr.contains("has it for branch"), "{run}");
    // What AWS would refuse is told before it is asked.
    let run = scene.run(&server, &["rollback", "--env", "e"]).exit(2);
    assert!(run.stderr.contains("an environment's name has 4 to 40 characters"), "{run}");
}

#[test]
fn an_environment_is_its_id_and_not_its_address() {
    const SWAP: &str = "import boto3\n\
        eb = boto3.client('elasticbeanstalk')\n\
        eb.swap_environment_cnames(SourceEnvironmentName='shop-prod', DestinationEnvironmentName='shop-blue')";
    // A new environment gets the name of one that is gone, and is listed beside it.
    const REPLACE: &str = "import boto3\n\
        eb = boto3.client('elasticbeanstalk')\n\
        eb.terminate_environment(EnvironmentName='shop-blue')";
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let client = |script: &str| {
        let mut command = scene.place.command(python());
        command.args(["-c", script]).envs(sandbox::variables(&server.endpoint()));
        scene.place.finish(command).ok();
    };
    scene.create_environment(&server, "shop-blue", &scene.first);
    let runs = |environment: &str| {
        let run = scene.run(&server, &["wait", "--env", environment, "--json"]).ok().json();
        (run["label"].as_str().unwrap().to_owned(), run["url"].as_str().unwrap().to_owned())
    };
    let (_, address) = runs("shop-prod");
    client(SWAP);
    // The environment of that name is moved, whatever address it has now; the other one stays.
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod", "--json"]).ok().json();
    assert_ne!(run["url"], address.as_str());
    assert_eq!(runs("shop-blue"), (scene.first.clone(), address));
    // Both sides of the swap protect what they have.
    scene.place.write("app.py", "print('third')\n");
    let third = scene.run(&server, &["publish", "--json"]).ok().json()["label"].as_str().unwrap().to_owned();
    let plan = scene.run(&server, &["prune", "--keep", "1", "--keep-deployed", "0", "--json"]).ok().json();
    assert_eq!(plan["delete"], serde_json::json!([]), "{plan:#}");

    client(REPLACE);
    let run = scene.run(&server, &["deploy", &third, "--env", "shop-blue"]).exit(3);
    assert!(run.stderr.contains("has no environment `shop-blue`"), "{run}");
    scene.create_environment(&server, "shop-blue", &scene.first);
    scene.run(&server, &["deploy", &third, "--env", "shop-blue"]).ok();
    assert_eq!(runs("shop-blue").0, third);
}

#[test]
fn whoever_interrupts_is_told_that_it_goes_on() {
    let scene = Scene::new();
    let server = scene.server(on_update(Injection::DeploymentHangs));
    let variables = sandbox::variables(&server.endpoint()).into_iter();
    let place = variables.fold(scene.place, |place, (name, value)| place.var(name, value));
    let mut running = place.start(["deploy", &scene.second, "--env", "shop-prod"]);
    running.wait_for("Environment update is starting");
    running.signal("INT");
    let words = running.wait_for("interrupted: ");
    assert!(
        words.contains(&format!("`beansprout wait --env shop-prod --label {}` watches it", scene.second)),
        "{words}"
    );
    assert_eq!(running.finish(), 130);
}

#[test]
fn time_that_runs_out_is_not_a_failure() {
    let scene = Scene::new();
    let server = scene.server(on_update(Injection::DeploymentHangs));
    let arguments = ["deploy", &scene.second, "--env", "shop-prod", "--timeout", "1"];
    let run = scene.run(&server, &arguments).exit(6);
    assert!(run.stderr.contains("is still on its way"), "{run}");
    assert!(run.stderr.contains("beansprout wait --env shop-prod"), "{run}");
    // Another version is refused as long as the environment is busy, or waited for.
    let run = scene.run(&server, &["deploy", &scene.first, "--env", "shop-prod"]).exit(4);
    assert!(run.stderr.contains("is busy"), "{run}");
    let patient = ["deploy", &scene.first, "--env", "shop-prod", "--when-ready", "--timeout", "1"];
    let run = scene.run(&server, &patient).exit(6);
    assert!(run.stderr.contains("is still busy"), "{run}");
    // The same version is joined.
    let run = scene.run(&server, &arguments).exit(6);
    assert!(run.stderr.contains("on its way already"), "{run}");
}

#[test]
fn what_is_not_there_is_told() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let run = scene.run(&server, &["deploy", "nothing", "--env", "shop-prod"]).exit(3);
    assert!(run.stderr.contains("error: there is no version `nothing` of `shop`"), "{run}");
    for verb in ["deploy", "rollback"] {
        let run = scene.run(&server, &[verb, "shop-prod", "--env", "shop-prod"]).exit(3);
        assert!(run.stderr.contains("hint: that is the environment: `--env shop-prod` names it"), "{run}");
    }
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "nowhere"]).exit(3);
    assert!(run.stderr.contains("error: `shop` has no environment `nowhere`"), "{run}");
}

#[test]
fn a_dry_run_asks_for_nothing() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    calls(&scene.place, STATE);
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod", "--dry-run", "--json"]).ok();
    let plan = run.document("dry-run/1");
    assert!(plan["calls"].to_string().contains("UpdateEnvironment"), "{run}");
    let asked = calls(&scene.place, STATE);
    let changes = |call: &&String| ["Create", "Put", "Delete", "Update"].iter().any(|verb| call.contains(verb));
    assert_eq!(asked.iter().find(changes), None);
    // What ran well before and what runs well afterwards are written down, as without it.
    let keys = plan["calls"].as_array().unwrap().iter().map(|call| call["arguments"].to_string());
    assert_eq!(keys.filter(|key| key.contains("/deployments/shop-prod/")).count(), 2, "{run}");
    // What two steps ask for, and is there once it is there, is listed once.
    scene.place.write("app.py", "print('third')\n");
    let run = scene.run(&server, &["publish", "--deploy", "shop-prod", "--dry-run", "--json"]).ok();
    let plan = run.document("dry-run/1");
    let operations = plan["calls"].as_array().unwrap().iter().map(|call| call["operation"].as_str().unwrap());
    assert_eq!(operations.filter(|operation| *operation == "CreateStorageLocation").count(), 1, "{run}");
}

#[test]
fn going_back_tells_what_the_file_of_an_environment_knows() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let captured = |label: &str, before: &str| {
        let text = format!(
            "format = \"beansprout.environment/1\"\nplatform = \"Python 3.13 running on 64bit Amazon Linux 2023\"\n\n\
             [version]\nlabel = \"{label}\"\ndigest = \"\"\nbefore = \"{before}\"\n"
        );
        scene.place.write("environments/shop-prod.toml", text);
    };
    let rollback = || scene.run(&server, &["rollback", "--env", "shop-prod"]);
    // Captured while something else ran: what came between nobody knows.
    captured("shop-other", &scene.second);
    let run = rollback().exit(1);
    assert!(run.stderr.contains("its file was captured while `shop-other` ran"), "{run}");
    assert!(run.stderr.contains(&format!("`{}` did", scene.second)), "{run}");
    captured(&scene.first, &scene.second);
    let run = rollback().ok();
    assert!(run.stderr.contains("nothing else tells"), "{run}");
    assert!(run.stdout.contains(&format!("runs `{}`", scene.second)), "{run}");
    // By now there is a record.
    captured(&scene.second, &scene.first);
    let run = rollback().ok();
    assert!(run.stderr.contains(&format!("what is recorded says `{}`, which counts", scene.second)), "{run}");
    assert!(run.stdout.starts_with("unchanged: "), "{run}");
}

#[test]
fn publish_can_deploy_at_once() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    scene.place.write("app.py", "print('third')\n");
    let run = scene.run(&server, &["publish", "--deploy", "shop-prod", "--wait", "--json"]).ok();
    let published = run.document("publish/1");
    assert_eq!(published["deployment"]["outcome"], "deployed");
    assert_eq!(published["deployment"]["label"], published["label"]);
    drop(server);
    // A release is published before it runs.
    let server = scene.server(vec![Rule { seconds: 1, ..rule("UpdateEnvironment", Injection::Stall, 0, 1) }]);
    scene.place.write("app.py", "print('fourth')\n");
    scene.run(&server, &["publish", "--deploy", "shop-prod", "--release", "../release.json"]).ok();
    let release: serde_json::Value = serde_json::from_str(&scene.place.read("../release.json")).unwrap();
    let time = |list: &str| release[list][0]["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time("deployed").duration_since(time("published")).as_secs() >= 1, "{release}");
}

#[test]
fn a_file_tells_its_version_from_the_one_that_runs() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    scene.run(&server, &["capture"]).ok();
    let check = || scene.run(&server, &["capture", "--check"]).ok().stdout;
    assert!(check().ends_with("is what lives\n"), "{}", check());
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    let since = format!("is what lives, but for the version: it has `{}`, and `{}` runs\n", scene.first, scene.second);
    assert!(check().ends_with(&since), "{}", check());
    let status = scene.run(&server, &["status", "shop-prod"]).ok();
    let drift = format!("none: it is as its file says, but for the version, which is `{}` there", scene.first);
    assert!(status.stdout.contains(&drift), "{status}");
}

#[test]
fn one_deployment_at_a_time() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    // Somebody else holds the lock.
    const LOCK: &str = "import boto3, datetime, sys\n\
        now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')\n\
        eb, s3 = boto3.client('elasticbeanstalk'), boto3.client('s3')\n\
        bucket = eb.create_storage_location()['S3Bucket']\n\
        body = '{\"verb\": \"deploy\", \"from\": null, \"from_ran_well\": false, \"to\": \"other\", \"caller\": \"arn:aws:iam::1:user/ann\", \"run\": \"1\", \"since\": \"2026-01-01T00:00:00Z\", \"beat\": \"%s\", \"ended\": null}'\n\
        s3.put_object(Bucket=bucket, Key='beansprout/shop/operations/shop-prod.json', Body=(body % (now if sys.argv[1] == 'now' else sys.argv[1])).encode())";
    let lock = |until: &str| {
        let mut command = scene.place.command(python());
        command.args(["-c", LOCK, until]).envs(sandbox::variables(&server.endpoint()));
        scene.place.finish(command).ok();
    };
    lock("now");
    let run = scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).exit(4);
    assert!(run.stderr.contains("is being moved to `other` by arn:aws:iam::1:user/ann"), "{run}");
    assert!(run.stderr.contains("`--take-over`"), "{run}");
    // Who goes back waits for nobody.
    let run = scene.run(&server, &["rollback", &scene.first, "--env", "shop-prod"]).ok();
    assert!(run.stdout.starts_with("unchanged: "), "{run}");
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod", "--take-over"]).ok();
    scene.run(&server, &["deploy", &scene.first, "--env", "shop-prod"]).ok();
    lock("now");
    // A run that has not been heard of is dead.
    lock("2026-01-02T00:00:00Z");
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
}

#[test]
fn going_back_needs_a_bundle_that_is_what_it_was() {
    const MEDDLE: &str = "import boto3, sys\n\
        s3 = boto3.client('s3')\n\
        bucket = s3.list_buckets()['Buckets'][0]['Name']\n\
        keys = [o['Key'] for o in s3.list_objects_v2(Bucket=bucket)['Contents'] if o['Key'].endswith('.zip')]\n\
        key = next(key for key in keys if key.split('/')[-1].startswith(sys.argv[1]))\n\
        other = next(other for other in keys if other != key)\n\
        def other_tree(): s3.copy_object(Bucket=bucket, Key=key, CopySource={'Bucket': bucket, 'Key': other})\n\
        def no_zip(): s3.put_object(Bucket=bucket, Key=key, Body=b'no zip')\n\
        def gone(): s3.delete_object(Bucket=bucket, Key=key)\n\
        globals()[sys.argv[2]]()";
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    scene.run(&server, &["deploy", &scene.second, "--env", "shop-prod"]).ok();
    let digest = scene.first.rsplit('-').next().unwrap();
    let case = |how: &str, exit: i32, words: &str| {
        let mut command = scene.place.command(python());
        command.args(["-c", MEDDLE, digest, how]).envs(sandbox::variables(&server.endpoint()));
        scene.place.finish(command).ok();
        let run = scene.run(&server, &["rollback", &scene.first, "--env", "shop-prod"]).exit(exit);
        assert!(run.stderr.contains(words) && run.stderr.contains("hint: nothing was changed"), "{run}");
    };
    case("other_tree", 7, "holds another tree than it is named after");
    case("no_zip", 3, "cannot be read");
    case("gone", 3, "is gone");
    let run = scene.run(&server, &["wait", "--env", "shop-prod", "--json"]).ok();
    assert_eq!(run.json()["label"], scene.second.as_str());
}

/// The name of another tool's bundle tells nothing, so its age has to.
#[test]
fn going_back_says_when_a_bundle_was_written_anew() {
    const REGISTER: &str = "import boto3, sys\n\
        s3, eb = boto3.client('s3'), boto3.client('elasticbeanstalk')\n\
        bucket = s3.list_buckets()['Buckets'][0]['Name']\n\
        key = next(o['Key'] for o in s3.list_objects_v2(Bucket=bucket)['Contents'] if o['Key'].endswith('.zip'))\n\
        s3.copy_object(Bucket=bucket, Key='shop/theirs.zip', CopySource={'Bucket': bucket, 'Key': key})\n\
        eb.create_application_version(ApplicationName='shop', VersionLabel='theirs', SourceBundle={'S3Bucket': bucket, 'S3Key': 'shop/theirs.zip'}, Process=True)";
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let mut command = scene.place.command(python());
    command.args(["-c", REGISTER]).envs(sandbox::variables(&server.endpoint()));
    scene.place.finish(command).ok();
    let deploy = ["deploy", &scene.second, "--env", "shop-prod"];
    let run = scene.run(&server, &["rollback", "theirs", "--env", "shop-prod"]).ok();
    assert!(!run.stderr.contains("written"), "{run}");
    scene.run(&server, &deploy).ok();
    drop(server);
    // It was registered long before its object was written.
    let path = scene.place.path(STATE).join("state.json");
    let mut state: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let version = &mut state["regions"]["us-east-1"]["applications"]["shop"]["versions"]["theirs"];
    version["created"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&path, state.to_string()).unwrap();
    let server = scene.server(Vec::new());
    for verb in ["deploy", "rollback"] {
        let run = scene.run(&server, &[verb, "theirs", "--env", "shop-prod"]).ok();
        assert!(run.stderr.contains("was written after `theirs` was registered from it"), "{run}");
        scene.run(&server, &deploy).ok();
    }
}
