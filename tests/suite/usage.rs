//! The command line itself: help, mistakes, exit codes.

use crate::harness::Place;

#[test]
fn a_mistyped_verb_is_a_usage_error() {
    let run = Place::new().run(["pakcage"]).exit(2);
    assert_eq!(run.stdout, "");
    assert_eq!(run.stderr, "error: there is no command `pakcage`\nhint: did you mean `package`?\n");
}

#[test]
fn a_mistake_is_a_document_too() {
    let run = Place::new().run(["versions", "--json", "--regon", "x"]).exit(2);
    let document = run.document("error/1");
    assert_eq!(document["error"]["exit"], 2);
    assert_eq!(document["error"]["hint"], "did you mean `--region`?");
}

/// A script's variable that is not set must not become a policy for no region.
#[test]
fn an_empty_value_is_a_usage_error() {
    let run = Place::new().run(["policy", "publisher", "--region", ""]).exit(2);
    assert_eq!(run.stderr, "error: `--region` needs a value\nhint: `--help` tells more\n");
}

#[test]
fn a_missing_directory_is_a_usage_error() {
    let run = Place::new().run(["-C", "nowhere", "completions", "bash"]).exit(2);
    assert!(run.stderr.contains("nowhere"), "{run}");
}

#[test]
fn a_failure_is_a_document_too() {
    let run = Place::new().file("beansprout.toml", "[projekt]\n").run(["man", "prepare", "--json"]).exit(2);
    let document = run.document("error/1");
    assert_eq!(document["error"]["exit"], 2);
    assert!(document["error"]["message"].as_str().unwrap().contains("`prepare`"), "{run}");
}

/// Whoever wants quiet gets what was asked for, warnings and errors: no account of what went well.
#[test]
fn quiet_leaves_out_accounts() {
    let place = Place::new();
    let silent = |place: &Place, line: &[&str]| {
        let run = place.run([line, &["--quiet"]].concat()).ok();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{line:?}");
    };
    silent(&place, &["new", "shop", "--defaults"]);
    let place = place.enter("shop");
    silent(&place, &["package"]);
    silent(&place, &["update"]);
    silent(&place, &["publish", "--sandbox"]);
    for asked in
        [&["package", "--list"][..], &["versions", "--sandbox"], &["explain", "EB031"], &["policy", "publisher"]]
    {
        assert_ne!(place.run([asked, &["--quiet"]].concat()).ok().stdout, "", "{asked:?}");
    }
}

/// `deploy` where one word is missing, verbs of other tools, and their flags lead to the line that does it here.
#[test]
fn habits_of_other_tools_lead_on() {
    let run = Place::new().run(["terminate", "shop-prod"]).exit(2);
    assert!(run.stderr.contains("hint: nothing here ends an environment; `beansprout status NAME` prints"), "{run}");
    let run = Place::new().run(["publish", "--staged"]).exit(2);
    assert!(run.stderr.contains("hint: `--source index` takes what is staged"), "{run}");
}
