//! `explain`: what runs when, and the story behind a rule or an option.

use std::path::Path;

use crate::harness::{Place, Run, missing, python};

fn project() -> Place {
    Place::new()
        .file("manage.py", "")
        .file("requirements.txt", "Django==5.2\n")
        .file("Procfile", "web: gunicorn mysite.wsgi\n")
        .file(
            ".ebextensions/10.config",
            "option_settings:\n  aws:elasticbeanstalk:command:\n    Timeout: \"900\"\ncontainer_commands:\n  01_migrate:\n    command: migrate\n    leader_only: true\n",
        )
        .file(".ebextensions/20.config", "option_settings:\n  aws:elasticbeanstalk:command:\n    Timeout: \"1200\"\n")
        .file(".platform/hooks/predeploy/10_static.sh", "#!/bin/bash\n")
}

/// The names of what runs on the leader, in order.
fn running(run: &Run) -> Vec<String> {
    let document = run.document("explain/1");
    let on = |value: &serde_json::Value| value["runs"]["on"] != "never";
    let steps = document["steps"].as_array().unwrap().iter().filter(|step| on(step));
    let actions = steps.flat_map(|step| step["actions"].as_array().unwrap()).filter(|action| on(action));
    actions.map(|action| action["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_event_runs_its_own() {
    let place = project();
    let explain = |event: &str| running(&place.run(["explain", "--json", "--event", event]).ok());
    assert_eq!(explain("deploy"), ["requirements.txt", "01_migrate", "10_static.sh", "web"]);
    assert_eq!(explain("launch"), explain("deploy"));
    assert_eq!(explain("config"), ["requirements.txt", "web"]);
    assert_eq!(explain("scale-out"), ["requirements.txt", "10_static.sh", "web"]);
}

#[test]
fn the_table_names_files_and_lines() {
    let run = project().run(["explain"]).ok();
    assert!(run.stdout.contains("▸ 01_migrate  .ebextensions/10.config:5  leader only"), "{run}");
    assert!(run.stdout.contains("[RunAppDeployPreDeployHooks]"), "{run}");
}

#[test]
fn one_thing_answers_what_people_ask() {
    let place = project();
    let run = place.run(["explain", "01_migrate"]).ok();
    insta::assert_snapshot!(run, @r"
    01_migrate: command of .ebextensions/10.config:5, as root in /var/app/staging
      - It runs when the environment is created, on the leader only. If it fails: the deployment fails;
        this instance never serves.
      - It runs when a new version is deployed, on the leader only. If it fails: the deployment fails;
        the old version goes on serving.
      - It does not run again when an environment property changes: a configuration deployment runs
        neither commands nor container_commands (roadmap issue 288).
      - It does not run on a new instance at scale-out: leader_only commands run when the environment is
        created and when a version is deployed, not on instances that are added later.
      - It sees your environment properties: environment properties and secrets.
      - The proxy (nginx) is up at that moment and serves the old version; on a new instance it is not
        up yet.
    ");
    place.run(["explain", "--json", ".platform/hooks/predeploy/10_static.sh"]).ok().document("things/1");
}

#[test]
fn an_option_tells_which_file_sets_it_last() {
    let place = project();
    let document = place.run(["explain", "--json", "aws:elasticbeanstalk:command"]).ok().document("options/1");
    let settings = document["settings"].as_array().unwrap();
    let told: Vec<_> = settings
        .iter()
        .map(|setting| (setting["path"].as_str().unwrap(), setting["overridden"].as_bool().unwrap()))
        .collect();
    assert_eq!(told, [(".ebextensions/10.config", true), (".ebextensions/20.config", false)]);
    let run = place.run(["explain", "aws:elasticbeanstalk:command:Timeout"]).ok();
    assert!(run.stdout.contains("  .ebextensions/20.config:3 sets it last: Timeout = 1200\n"), "{run}");
    assert!(run.stdout.contains("  .ebextensions/10.config:3 sets it in vain: Timeout = 900\n"), "{run}");
    place.write(
        ".ebextensions/30.config",
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    GREETING: hi\n",
    );
    let run = place.run(["explain", "GREETING"]).ok();
    assert!(run.stdout.starts_with("GREETING\n  in aws:elasticbeanstalk:application:environment\n"), "{run}");
    assert!(run.stdout.contains("  .ebextensions/30.config:3 sets it last: GREETING = hi\n"), "{run}");
    let run = place.run(["explain", "batchsizetype"]).ok();
    assert!(run.stdout.starts_with("BatchSizeType\n  in aws:elasticbeanstalk:command\n"), "{run}");
    place.run(["explain", "--json", "aws:"]).ok().document("namespaces/1");
}

#[test]
fn a_rule_tells_its_story() {
    let place = Place::new();
    let run = place.run(["explain", "eb031"]).ok();
    assert!(run.stdout.starts_with("EB031 leader-makes-files (error)"), "{run}");
    assert_eq!(place.run(["explain", "leader-makes-files"]).ok().stdout, run.stdout);
    place.run(["explain", "--json", "EB031"]).ok().document("rule/1");
}

#[test]
fn a_rule_shows_empty_files_as_such() {
    let run = Place::new().run(["explain", "EB001"]).ok();
    assert!(run.stdout.contains("`manage.py`\n\n    (empty)\n"), "{run}");
}

#[test]
fn an_unknown_topic_is_a_usage_error() {
    let run = project().run(["explain", "DeploymentPolcy"]).exit(2);
    assert!(run.stderr.contains("hint: did you mean `DeploymentPolicy`?"), "{run}");
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let place = project();
    place.run(["explain", "--json", "--html", "page.html"]).ok().document("explain-html/1");
    let page = place.read("page.html");
    for outside in ["http:", "https:", "src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<section").count(), 4);
    let run = project().run(["explain", "--html", "nowhere/page.html"]).exit(3);
    assert!(run.stderr.contains("nowhere/page.html"), "{run}");
}

#[test]
fn the_page_works_in_a_browser() {
    if missing("chromium", "chromium") || missing("chromedriver", "chromium-driver") {
        return;
    }
    let place = project();
    place.run(["explain", "--html", "page.html"]).ok();
    let mut command = place.command(python());
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/browser.py")).args(["page.html", "."]);
    let seen = place.finish(command).ok().json();
    assert_eq!(seen["title"], "work: what runs when");
    assert_eq!((&seen["fetched"], &seen["complaints"]), (&serde_json::json!([]), &serde_json::json!([])));
    // Tab to the events, an arrow to the next one, Tab to a step, Enter opens it; and one sees where one is.
    assert_eq!((&seen["first"][0], &seen["second"][0]), (&"deploy".into(), &"config".into()));
    for key in ["tab", "right", "summary"] {
        assert_eq!(seen[key][2], true, "no outline: {seen:#}");
    }
    assert_eq!(seen["opens"], serde_json::json!([false, true]));
    assert_eq!((&seen["owners"], &seen["wide"], &seen["narrow"]), (&true.into(), &true.into(), &true.into()));
    // What WCAG 2.2 asks of text at level AA.
    for scheme in ["light", "dark"] {
        assert!(seen[scheme][0].as_f64().unwrap() >= 4.5, "{scheme}: {seen:#}");
        assert!(std::fs::metadata(place.path(format!("{scheme}.png"))).unwrap().len() > 10_000);
    }
}

#[test]
fn scheduled_actions_do_not_take_each_others_place() {
    let action = |name: &str, size: u8| {
        format!(
            "  - namespace: aws:autoscaling:scheduledaction\n    resource_name: {name}\n    option_name: MinSize\n    value: \"{size}\"\n"
        )
    };
    let config = format!("option_settings:\n{}{}{}", action("Begins", 8), action("Ends", 2), action("Ends", 3));
    let place = Place::new().file(".ebextensions/33-spike.config", config);
    let run = place.run(["explain", "aws:autoscaling:scheduledaction"]).ok();
    for line in ["MinSize = 8 for Begins", "MinSize = 3 for Ends", "sets it in vain: MinSize = 2"] {
        assert!(run.stdout.contains(line), "{line}\n{run}");
    }
    assert_eq!(run.stdout.matches("in vain").count(), 1, "{run}");
    let document = place.run(["explain", "--json", "aws:autoscaling:scheduledaction"]).ok().document("options/1");
    assert_eq!(document["settings"][0]["resource"], "Begins");
}
