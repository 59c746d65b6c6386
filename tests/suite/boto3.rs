//! AWS's own client for Python against the sandbox.

use std::path::Path;
use std::process::Command;

use crate::harness::{Place, ebcli, python};
use crate::sandbox::start;

/// Run a script of `tests/clients` against an endpoint. It asserts; its exit code is the verdict.
#[track_caller]
pub(crate) fn script(place: &Place, endpoint: &str, arguments: &[&str]) -> String {
    place.finish(client(place, endpoint, arguments)).ok().stdout
}

/// The command that runs such a script.
pub(crate) fn client(place: &Place, endpoint: &str, arguments: &[&str]) -> Command {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let mut command = place.command(python());
    command.arg(clients.join(arguments[0])).args(&arguments[1..]).env("PYTHONDONTWRITEBYTECODE", "1");
    command.envs(beansprout::sandbox::variables(endpoint));
    command
}

#[test]
fn versions_can_be_registered_and_listed() {
    let place = Place::new();
    let (running, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["versions.py"]);

    // Neither the end of the server nor its sudden death loses anything.
    running.signal("TERM");
    running.finish();
    let (running, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["versions.py", "again"]);
    running.signal("KILL");
    running.finish();
    let (_running, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["versions.py", "again"]);
    let (_second, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["versions.py", "again"]);
}

#[test]
fn environments_live_and_come_back() {
    let place = Place::new();
    let (_running, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["environments.py"]);
}

#[test]
fn environments_run_their_versions_where_that_is_asked_for() {
    let place = Place::new();
    let (running, endpoint) = start(&place, &["--run"]);
    script(&place, &endpoint, &["running.py"]);
    running.signal("INT");
    assert_eq!(running.finish(), 130);
    let instances = std::fs::read_dir(place.path("state/instances")).unwrap();
    for home in instances {
        let home = home.unwrap().path().canonicalize().unwrap();
        let left = crate::harness::processes_with(&format!("BEANSPROUT_INSTANCE={}", home.display()));
        assert_eq!(left, Vec::<String>::new());
    }
}

#[test]
fn settings_templates_platforms_and_tags() {
    let place = Place::new();
    let (_running, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["configuration.py"]);
}

#[test]
fn objects_behave_as_in_s3() {
    let place = Place::new();
    let (_running, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["objects.py"]);
}

#[test]
fn the_model_is_what_botocore_and_the_eb_cli_publish() {
    let place = Place::new();
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/model.py");
    let mut command = place.command(python());
    let venv = ebcli().ancestors().nth(2).unwrap().to_owned();
    command.arg(clients).arg(venv);
    let published = place.finish(command).ok().stdout;
    let ours = include_str!("../../src/sandbox/model.json");
    assert!(
        published == ours,
        "run `python tests/clients/model.py EBCLI_VENV > src/sandbox/model.json` and look at the difference"
    );
}

#[test]
fn every_answer_has_the_shape_of_the_model() {
    let place = Place::new();
    let (_running, endpoint) = start(&place, &[]);
    script(&place, &endpoint, &["shapes.py"]);

    // What no answer has, stands in the reference.
    let missing = script(&place, &endpoint, &["shapes.py", "list"]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference/sandbox.md");
    assert!(std::fs::read_to_string(page).unwrap().contains(&missing), "the reference does not have\n{missing}");
}

#[test]
fn faults_come_on_order() {
    let rule = r#"[{"on": "DescribeAccountAttributes", "fault": "throttle", "skip": 1}]"#;
    let place = Place::new().file("faults.json", rule);
    let (_running, endpoint) = start(&place, &["--faults", "faults.json"]);
    script(&place, &endpoint, &["faults.py"]);
}
