//! The README's commands do what the README says.

use crate::harness::Place;

const README: &str = include_str!("../../README.md");

/// The lines of every `sh` block, block by block.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    text.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.lines().collect())).collect()
}

#[test]
fn the_two_commands_come_first() {
    let blocks = blocks(README);
    assert_eq!(blocks[0], ["cargo run --release -- tour"]);
    assert_eq!(blocks[1], ["cargo test"]);
}

#[test]
fn the_first_steps_work() {
    let mut place = Place::new();
    let steps = blocks(README).into_iter().find(|block| block[0].starts_with("beansprout new")).unwrap();
    assert!(steps.len() > 4);
    for step in steps {
        let mut words = step.split_whitespace();
        match words.next() {
            Some("cd") => place = place.enter(words.next().unwrap()),
            Some("beansprout") => {
                place.run(words).ok();
            }
            other => panic!("a README step that this test cannot run: {other:?} in `{step}`"),
        }
    }
}
