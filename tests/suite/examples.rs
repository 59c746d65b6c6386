//! The examples work as they are.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Place, Run, Running, missing, python};

/// A place where `beansprout` is on the path, as it is for whoever uses an example.
fn place() -> (Place, String) {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    let program = Path::new(env!("CARGO_BIN_EXE_beansprout")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    (place.enter("shop"), path)
}

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).display().to_string()
}

#[test]
fn the_build_script_says_what_it_published() {
    let (place, path) = place();
    let publish = |arguments: &[&str]| {
        let mut command = place.command(example("build-script/publish.sh"));
        command.args(arguments).env("PATH", &path);
        place.finish(command)
    };
    let first = publish(&["--sandbox"]).ok();
    let label = first.stdout.lines().last().unwrap().to_owned();
    assert!(label.starts_with("shop-"), "{first}");
    assert_eq!(publish(&["--sandbox"]).ok().stdout.lines().last(), Some(label.as_str()));

    // The same label for other content is a conflict, and the script says so with its exit code.
    place.write("shop/extra.py", "");
    publish(&["--sandbox", "--label", &label]).exit(7);

    // A finding stops it before anything is sent.
    place.write("Procfile", "web: gunicorn nowhere.wsgi\n");
    publish(&["--sandbox"]).exit(1);
}

/// A YAML file, as every reader of YAML sees it.
fn yaml(name: &str) -> Value {
    const READ: &str = "import json, sys, yaml; json.dump(yaml.load(open(sys.argv[1]), yaml.BaseLoader), sys.stdout)";
    let output = Command::new(python()).args(["-c", READ, &example(name)]).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A sandbox that runs, and the folder of its state, which goes away after it.
struct Account {
    _sandbox: Running,
    _home: tempfile::TempDir,
}

/// A sandbox with an application and environments, and a place whose commands talk to it as they would to AWS.
fn account(place: Place, path: &str, environments: &[(&str, &str)]) -> (Place, Account) {
    let seed: Vec<Value> = environments
        .iter()
        .flat_map(|(application, environment)| {
            [
                serde_json::json!({"operation": "CreateApplication", "parameters": {"ApplicationName": application}}),
                serde_json::json!({"operation": "CreateEnvironment", "parameters": {
                    "ApplicationName": application, "EnvironmentName": environment,
                    "SolutionStackName": "64bit Amazon Linux 2023 v4.13.7 running Python 3.13"}}),
            ]
        })
        .collect();
    let home = tempfile::tempdir_in(crate::harness::cache_dir()).unwrap();
    let file = home.path().join("seed.json");
    std::fs::write(&file, serde_json::to_string(&seed).unwrap()).unwrap();
    let (file, state) = (file.display().to_string(), home.path().join("state").display().to_string());
    let arguments = ["sandbox", "--port", "0", "--speed", "instant", "--state", &state, "--seed", &file];
    let mut sandbox = place.start(arguments);
    let mut place = place.var("PATH", path);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"] {
        let value = sandbox.wait_for(&format!("export {name}="));
        place = place.var(name, value);
    }
    (place, Account { _sandbox: sandbox, _home: home })
}

/// Run one line of a pipeline. What installs beansprout is left out: it is on the path.
fn line(place: &Place, line: &str, vars: &[(String, String)]) -> Option<Run> {
    if line.starts_with("cargo install ") || line.starts_with("pip install ") {
        return None;
    }
    let mut command = place.command("bash");
    command.args(["-euo", "pipefail", "-c", line]).envs(vars.iter().cloned());
    Some(place.finish(command))
}

/// The variables of a workflow but the region, which is the sandbox's here.
fn variables(map: &Value) -> Vec<(String, String)> {
    let map = map.as_object().into_iter().flatten();
    map.filter(|(name, _)| !name.starts_with("AWS_"))
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn the_workflow_publishes_and_deploys() {
    let workflow = yaml("github-actions/publish-and-deploy.yml");
    let (place, path) = place();
    let (place, _sandbox) = account(place.git(), &path, &[("shop", "shop-production")]);
    let vars = variables(&workflow["env"]);
    let mut said = String::new();
    for job in ["check", "deploy"] {
        for step in workflow["jobs"][job]["steps"].as_array().unwrap() {
            let run = step["run"].as_str().and_then(|run| line(&place, run, &vars));
            said.extend(run.map(|run| run.ok().stdout));
        }
    }
    assert!(said.contains("shop-production"), "{said}");
    // Only the job that deploys may take on the role.
    assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}));
    assert_eq!(workflow["jobs"]["deploy"]["permissions"]["id-token"], "write");
    assert_eq!(workflow["jobs"]["check"]["permissions"], Value::Null);
}

#[test]
fn the_gitlab_pipeline_publishes_and_deploys() {
    let pipeline = yaml("gitlab/.gitlab-ci.yml");
    let (place, path) = place();
    let (place, _sandbox) = account(place.git(), &path, &[("shop", "shop-production")]);
    let mut vars = variables(&pipeline["variables"]);
    // What GitLab puts there.
    vars.extend(
        pipeline["deploy"]["id_tokens"].as_object().unwrap().keys().map(|name| (name.clone(), "token".to_owned())),
    );
    for stage in pipeline["stages"].as_array().unwrap() {
        let job = &pipeline[stage.as_str().unwrap()];
        assert_eq!(&job["stage"], stage);
        // One shell for all lines, as there.
        let lines: Vec<&str> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.starts_with("cargo install ")).collect();
        line(&place, &lines.join("\n"), &vars).unwrap().ok();
    }
    let versions = place.run(["versions", "--json"]).ok().document("versions/1");
    assert!(versions.to_string().contains("shop-production"), "{versions}");
}

#[test]
fn only_what_changed_in_a_monorepo_is_published() {
    let place = Place::new();
    place.sh("cp", &["-r", &example("monorepo"), "repository"]);
    let program = Path::new(env!("CARGO_BIN_EXE_beansprout")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let place = place.enter("repository").git();
    let environments = [("shop", "shop-production"), ("blog", "blog-production")];
    let (place, _sandbox) = account(place, &path, &environments);
    let published = |place: &Place| {
        let run = line(place, "./publish.sh", &[]).unwrap().ok();
        (run.stdout.matches("published").count(), run.stdout.matches("unchanged").count())
    };
    assert_eq!(published(&place), (2, 0));
    assert_eq!(published(&place), (0, 2));
    place.write("blog/application.py", "application = None\n");
    assert_eq!(published(&place), (1, 1));
    place.write("libs/common/greeting.py", "def greeting(name):\n    return name\n");
    assert_eq!(published(&place), (2, 0));

    let workflow = yaml("monorepo/.github/workflows/publish.yml");
    let job = &workflow["jobs"]["publish"];
    for project in job["strategy"]["matrix"]["project"].as_array().unwrap() {
        for step in job["steps"].as_array().unwrap() {
            let run =
                step["run"].as_str().unwrap_or("true").replace("${{ matrix.project }}", project.as_str().unwrap());
            assert!(!run.contains("${{"), "{run}");
            line(&place, &run, &[]).map(Run::ok);
        }
    }
}

/// The steps of the action, with `inputs` and its defaults for the others.
fn act(place: &Place, inputs: &[(&str, &str)]) -> Run {
    let action = yaml("github-action/action.yml");
    for (name, _) in inputs {
        assert!(!action["inputs"][name].is_null(), "no input `{name}`");
    }
    let input = |name: &str| {
        let given = inputs.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
        given.or(action["inputs"][name]["default"].as_str()).unwrap_or_default().to_owned()
    };
    let mut last = None;
    for step in action["runs"]["steps"].as_array().unwrap() {
        let mut vars = vec![
            ("GITHUB_ACTION_PATH".to_owned(), example("github-action")),
            ("GITHUB_OUTPUT".to_owned(), place.path("../output").display().to_string()),
        ];
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap();
            let from = value.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}")).unwrap();
            assert!(!action["inputs"][from].is_null(), "`{name}` comes from `{from}`");
            vars.push((name.clone(), input(from)));
        }
        let run = line(place, step["run"].as_str().unwrap(), &vars).unwrap();
        let failed = run.exit != 0;
        last = Some(run);
        if failed {
            break;
        }
    }
    last.unwrap()
}

#[test]
fn the_action_deploys() {
    let (place, path) = place();
    let (place, _sandbox) = account(place, &path, &[("shop", "shop-production")]);
    let place = Place::enter(place, "..");
    let required = [
        ("aws-region", "us-east-1"),
        ("application-name", "shop"),
        ("environment-name", "shop-production"),
        ("source-directory", "shop"),
    ];
    act(&place, &required).ok();
    let output = std::fs::read_to_string(place.path("../output")).unwrap();
    let label = output.lines().find_map(|line| line.strip_prefix("version-label=")).unwrap().to_owned();
    assert!(label.starts_with("shop-"), "{output}");
    assert!(
        output.contains("environment-status=Ready\n") && output.contains("deployment-action-type=update\n"),
        "{output}"
    );
    assert!(output.contains("environment-url=http"), "{output}");
    // Every output that is promised is there.
    for (name, promised) in yaml("github-action/action.yml")["outputs"].as_object().unwrap() {
        assert!(output.contains(&format!("{name}=")), "{name}");
        assert_eq!(promised["value"], format!("${{{{ steps.deploy.outputs.{name} }}}}"));
    }
    // A label of one's own, other content, without waiting.
    place.write("shop/extra.py", "");
    let own = [&required[..], &[("version-label", "v1"), ("wait-for-deployment", "false")]].concat();
    act(&place, &own).ok();
    let output = std::fs::read_to_string(place.path("../output")).unwrap();
    assert!(
        output.ends_with("environment-status=Updating\ndeployment-action-type=update\n") && output.contains("=v1\n"),
        "{output}"
    );
    // The same label for other content is a conflict; a finding stops everything.
    place.write("shop/extra.py", "1\n");
    act(&place, &own).exit(7);
    place.write("shop/Procfile", "web: gunicorn nowhere.wsgi\n");
    act(&place, &required).exit(1);
}

#[test]
fn the_action_ignores_no_input_of_the_official_one() {
    // Of aws-actions/aws-elasticbeanstalk-deploy 1.0; the value is one that would mean something else here.
    const OFFICIAL: [(&str, &str); 23] = [
        ("aws-region", ""),
        ("application-name", ""),
        ("environment-name", ""),
        ("version-label", ""),
        ("deployment-package-path", "app.zip"),
        ("solution-stack-name", "64bit Amazon Linux 2023 v4.3.0 running Python 3.11"),
        ("platform-arn", "arn:aws:elasticbeanstalk:us-east-1::platform/x"),
        ("create-environment-if-not-exists", "true"),
        ("create-application-if-not-exists", "maybe"),
        ("wait-for-deployment", "yes"),
        ("wait-for-environment-recovery", "false"),
        ("deployment-timeout", ""),
        ("max-retries", "3"),
        ("retry-delay", "5"),
        ("use-existing-application-version-if-available", "false"),
        ("create-s3-bucket-if-not-exists", "false"),
        ("s3-bucket-name", ""),
        ("cname-prefix", "shop"),
        ("source-directory", ""),
        ("exclude-patterns", "*.md"),
        ("option-settings", "[]"),
        ("verbose-logging", "false"),
        ("create-s3-bucket-if-not-exists", "perhaps"),
    ];
    let (place, path) = place();
    let place = place.var("PATH", path);
    let action = yaml("github-action/action.yml");
    let required = [("aws-region", "us-east-1"), ("application-name", "shop"), ("environment-name", "shop-production")];
    for (name, other) in OFFICIAL {
        assert!(!action["inputs"][name].is_null(), "no input `{name}`");
        if !other.is_empty() {
            let run = act(&place, &[&required[..], &[(name, other)]].concat()).exit(2);
            assert!(run.stdout.contains(&format!("::error title={name}")), "{name}\n{run}");
        }
    }
    for missing in 0..required.len() {
        let mut some = required.to_vec();
        let (name, _) = some.remove(missing);
        assert!(act(&place, &some).exit(2).stdout.contains(&format!("{name} is missing")));
    }
    // A bucket of one's own is not made.
    let both = [&required[..], &[("s3-bucket-name", "mine"), ("create-s3-bucket-if-not-exists", "true")]].concat();
    act(&place, &both).exit(2);
}

#[test]
fn scripts_are_well_formed() {
    if missing("shellcheck", "shellcheck") {
        return;
    }
    let place = Place::new();
    for name in ["build-script/publish.sh", "github-action/deploy.sh", "monorepo/publish.sh"] {
        place.sh("shellcheck", &[&example(name)]);
    }
}
