//! `stack`: the stacks in the box, and what authors of their own are told.

use crate::harness::Place;

#[test]
fn the_box_is_listed() {
    let run = Place::new().run(["stack", "list"]).ok();
    assert!(run.stdout.starts_with("python: Django on a Python branch of Amazon Linux 2023\n"), "{run}");
    let document = Place::new().run(["--json", "stack", "list"]).ok().document("stacks/1");
    assert_eq!(document["stacks"][0]["questions"][0], "project_name");
}
