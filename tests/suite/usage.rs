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
