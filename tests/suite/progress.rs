//! How far it is: a bar for a person, lines of JSON for a program, nothing for a log.

use serde_json::Value;

use crate::harness::{Place, Run};
use crate::terminal::Terminal;

/// One phase begins with nothing, never goes back, and ends with all of it.
#[track_caller]
fn assert_whole(run: &Run, phase: &str) {
    let events: Vec<Value> = run.events().into_iter().filter(|event| event["phase"] == phase).collect();
    let done: Vec<u64> = events.iter().map(|event| event["done"].as_u64().unwrap()).collect();
    assert!(events.len() >= 2 && done.is_sorted(), "{run}");
    assert_eq!(done[0], 0, "{run}");
    assert_eq!(done.last().copied(), events[0]["total"].as_u64(), "{run}");
}

#[test]
fn programs_read_events_on_stderr_and_one_document_on_stdout() {
    let place = Place::new().file("app.py", "x = 1\n").file("big.txt", "text ".repeat(1_000_000));
    let cold = place.run(["package", "--json"]).ok();
    cold.document("package/1");
    assert_whole(&cold, "packaging");
    assert_eq!(cold.events()[0]["total"], 5_000_006);
    let warm = place.run(["package", "--json"]).ok();
    assert_whole(&warm, "packaging");
    let published = place.run(["publish", "--sandbox", "--json"]).ok();
    published.document("publish/1");
    assert_whole(&published, "packaging");
    assert_whole(&published, "uploading");
}

#[test]
fn a_run_that_fails_says_how_far_it_came() {
    let place = Place::new().file("app.py", "x = 1\n").file("db.sqlite3", "SQLite format 3\0...");
    let run = place.run(["package", "--json"]).exit(3);
    run.document("error/1");
    assert_eq!(run.events()[0]["done"], 0, "{run}");
}

#[test]
fn logs_and_the_quiet_see_neither() {
    let place = Place::new().file("application.py", "x = 1\n");
    assert_eq!(place.run(["package"]).ok().stderr, "");
    assert_eq!(place.run(["package", "--json", "--quiet"]).ok().stderr, "");
}

#[test]
fn a_person_sees_a_bar() {
    let place = Place::new().file("big.txt", vec![b'x'; 30_000_000]);
    let (exit, screen) = Terminal::run(&place, 100, &["package"]).ends();
    assert_eq!(exit, 0, "{screen}");
    assert!(screen.contains("packaging ") && screen.contains("30.00 MB"), "{screen}");
}
