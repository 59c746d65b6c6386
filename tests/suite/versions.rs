//! `versions`: what is registered.

use crate::harness::Place;

#[test]
fn an_application_without_versions_is_no_error() {
    let run = Place::new().run(["versions", "--sandbox", "--application", "nothing"]).ok();
    assert_eq!(run.stdout, "0 versions of `nothing`\n");
}

#[test]
fn people_see_a_table() {
    let place = crate::publish::project();
    place.run(["publish", "--sandbox", "--message", "the first one"]).ok();
    let run = place.run(["versions", "--sandbox"]).ok();
    let mut lines = run.stdout.lines();
    assert_eq!(lines.next(), Some("1 version of `shop`"));
    let row = lines.next().unwrap();
    assert!(row.contains("  processed    the first one"), "{run}");
}
