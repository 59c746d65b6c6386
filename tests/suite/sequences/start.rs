//! Where sequences start: projects with a past.

use jiff::{SignedDuration, Timestamp};

use super::model::Model;
use super::seen::{GREEN, RELEASED, REVIEW, STATE, Seen, json};
use super::stage::Stage;
use crate::harness::{Place, full};

const PROJECT: &str = "[project]\nname = 'shop'\n[environments.shop-prod]\ntimeout = 0\nsettle = 0\n";
/// Somebody else's project for the same application. It leaves its traces elsewhere.
const FOREIGN: &str =
    "[project]\nname = 'shop'\n[release]\nprefix = 'foreign'\n[environments.shop-prod]\ntimeout = 0\nsettle = 0\n";
const STACK: &str = "64bit Amazon Linux 2023 v4.13.7 running Python 3.13";
const BRANCH: &str = "Python 3.13 running on 64bit Amazon Linux 2023";
/// What a launch sends, so that the two can be exchanged.
const PROFILE: &str = r#"[{"Namespace": "aws:autoscaling:launchconfiguration", "OptionName": "IamInstanceProfile", "Value": "aws-elasticbeanstalk-ec2-role"}]"#;

pub(super) struct Start {
    pub(super) name: &'static str,
    pub(super) stage: Stage,
}

impl Start {
    /// Is all that begins here walked through, or what is drawn?
    pub(super) fn is_whole(&self) -> bool {
        full() || self.name == "ours"
    }
}

/// All of them.
pub(super) fn all() -> Vec<Start> {
    let ours = ours();
    let start = |name, stage| Start { name, stage };
    vec![
        start("red", red(&ours)),
        start("shared", shared(&ours)),
        start("terminated", terminated(&ours)),
        start("EB CLI", theirs()),
        start("ours", ours),
    ]
}

fn empty() -> Stage {
    let place = Place::fleeting().file("beansprout.toml", PROJECT).file("Procfile", "web: gunicorn shop.wsgi\n");
    place.write("../foreign/beansprout.toml", FOREIGN);
    let mut script = vec![
        "mkdir ../foreign environments".to_owned(),
        format!("printf \"{}\" > beansprout.toml", PROJECT.replace('\n', "\\n")),
        format!("printf \"{}\" > ../foreign/beansprout.toml", FOREIGN.replace('\n', "\\n")),
        "echo 'web: gunicorn shop.wsgi' > Procfile".to_owned(),
    ];
    for name in [GREEN, REVIEW] {
        let text = format!("format = 'beansprout.environment/1'\nplatform = '{BRANCH}'\ncname = '{name}'\n");
        place.write(&format!("environments/{name}.toml"), &text);
        script.push(format!("cat > environments/{name}.toml <<'END'\n{text}END"));
    }
    Stage { place, model: Model::default(), seen: Seen::default(), script, since: Timestamp::now() }
}

/// Fill the sandbox with calls that others would make.
fn seed(stage: &mut Stage, calls: &str) {
    stage.place.write("seed.json", calls);
    let settings = beansprout::sandbox::Settings {
        seed: Some(stage.place.path("seed.json")),
        ..beansprout::sandbox::Settings::new(&beansprout::world::World::real().unwrap(), stage.place.path(STATE))
    };
    drop(beansprout::sandbox::Server::start(settings).unwrap());
    std::fs::remove_file(stage.place.path("seed.json")).unwrap();
    stage.script.push(format!("cat > seed.json <<'END'\n{calls}\nEND"));
    let serve = format!(
        "beansprout sandbox --port 0 --speed instant --state {STATE} --seed seed.json > env & sleep 1; . ./env"
    );
    stage.script.push(serve);
}

fn act(stage: &mut Stage, words: &[&str]) {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let ran = stage.command(false, &words, Vec::new(), None);
    assert_eq!(ran.run.exit, 0, "{words:?}\n{}", ran.run);
    stage.model.look(&stage.seen);
}

fn publish(stage: &mut Stage, label: &str) {
    stage.place.write("app.py", format!("print('{label}')\n"));
    stage.script.push(format!("echo \"print('{label}')\" > app.py"));
    act(stage, &["publish", "--label", label]);
    stage.age(SignedDuration::from_hours(24));
}

/// Six versions, of which two ran well; the last of them runs. One was pruned.
pub(super) fn ours() -> Stage {
    let mut stage = empty();
    seed(
        &mut stage,
        &format!(
            r#"[{{"operation": "CreateApplication", "parameters": {{"ApplicationName": "shop"}}}},
{{"operation": "CreateEnvironment", "parameters": {{"ApplicationName": "shop", "EnvironmentName": "shop-prod", "CNAMEPrefix": "shop-prod", "SolutionStackName": "{STACK}", "OptionSettings": {PROFILE}}}}}]"#
        ),
    );
    for label in ["x0", "v0", "v1", "v2", "v3", "v4", "v5"] {
        publish(&mut stage, label);
    }
    act(&mut stage, &["prune", "--apply", "--keep", "6"]);
    act(&mut stage, &["deploy", "v0", "--env", "shop-prod"]);
    stage.age(SignedDuration::from_hours(24));
    act(&mut stage, &["deploy", "v1", "--env", "shop-prod"]);
    act(&mut stage, &["launch", GREEN, "--version", "v1", "--apply"]);
    stage.age(SignedDuration::from_hours(48));
    stage
}

/// The same versions, made and deployed by the EB CLI.
fn theirs() -> Stage {
    let mut stage = empty();
    let mut calls = Vec::new();
    let labels = ["v0", "v1", "v2", "v3", "v4", "v5"];
    for label in labels {
        stage.place.write("app.py", format!("print('{label}')\n"));
        stage.script.push(format!("echo \"print('{label}')\" > app.py; beansprout package -o ../{label}.zip"));
        stage.place.run(["package", "-o", &format!("../{label}.zip")]).ok();
        let bucket = "elasticbeanstalk-us-east-1-123456789012";
        calls.push(format!(
            r#"{{"operation": "PutObject", "parameters": {{"Bucket": "{bucket}", "Key": "shop/{label}.zip", "File": "../{label}.zip"}}}}"#
        ));
        calls.push(format!(
            r#"{{"operation": "CreateApplicationVersion", "parameters": {{"ApplicationName": "shop", "VersionLabel": "{label}", "AutoCreateApplication": true, "Process": true, "SourceBundle": {{"S3Bucket": "{bucket}", "S3Key": "shop/{label}.zip"}}}}}}"#
        ));
    }
    for name in [RELEASED, GREEN] {
        calls.push(format!(
            r#"{{"operation": "CreateEnvironment", "parameters": {{"ApplicationName": "shop", "EnvironmentName": "{name}", "CNAMEPrefix": "{name}", "VersionLabel": "v1", "SolutionStackName": "{STACK}", "OptionSettings": {PROFILE}}}}}"#
        ));
    }
    seed(&mut stage, &format!("[{}]", calls.join(",\n")));
    // The seed makes all of them at one moment; the first is the oldest.
    let path = stage.place.path(STATE).join("state.json");
    let mut state = json(&path);
    for (age, label) in labels.iter().rev().enumerate() {
        let created = &mut state["regions"]["us-east-1"]["applications"]["shop"]["versions"][label]["created"];
        let time: jiff::Timestamp = created.as_str().unwrap().parse().unwrap();
        *created = (time - SignedDuration::from_hours(24 * i64::try_from(age).unwrap())).to_string().into();
    }
    std::fs::write(&path, state.to_string()).unwrap();
    act(&mut stage, &["versions"]);
    stage.age(SignedDuration::from_hours(48));
    stage
}

/// What runs came by us, and is bad.
fn red(ours: &Stage) -> Stage {
    let mut stage = ours.twin();
    let turns_red = super::verb::Ending::TurnsRed;
    let deploy = super::verb::VERBS.iter().find(|verb| verb.name == "deploy --when-ready").unwrap();
    let calls = ours.twin().run(deploy, super::verb::Ending::Done, 0).calls;
    let ran = stage.run(deploy, turns_red, super::point(deploy, &calls).unwrap());
    assert_eq!(ran.run.exit, 5, "{}", ran.run);
    stage.model.look(&stage.seen);
    stage
}

/// Two labels stand for one bundle.
fn shared(ours: &Stage) -> Stage {
    let mut stage = ours.twin();
    stage.place.write("app.py", "print('v2')\n");
    stage.script.push("echo \"print('v2')\" > app.py".to_owned());
    act(&mut stage, &["publish", "--label", "twin"]);
    stage.age(SignedDuration::from_hours(48));
    stage
}

/// An environment that had a version of its own is gone, and can come back.
fn terminated(ours: &Stage) -> Stage {
    let mut stage = ours.twin();
    let path = stage.place.path(STATE).join("state.json");
    let mut state = json(&path);
    let environments = state["regions"]["us-east-1"]["environments"].as_object_mut().unwrap();
    let released = environments.iter().find(|(_, found)| found["name"] == RELEASED);
    let (id, mut review) = released.map(|(id, found)| (id.clone(), found.clone())).unwrap();
    let gone = format!("{}z", &id[..id.len() - 1]);
    review["id"] = gone.clone().into();
    review["name"] = REVIEW.into();
    review["version"] = "v2".into();
    review["status"] = "Terminated".into();
    review["terminated"] = review["updated"].clone();
    environments.insert(gone, review);
    std::fs::write(&path, state.to_string()).unwrap();
    stage.script.push("# an environment `shop-review` with v2 was terminated two days ago".to_owned());
    stage.seen = Seen::read(&stage.place);
    stage
}
