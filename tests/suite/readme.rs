//! The README does what it says, in every language.

use crate::book::{blocks, follow};
use crate::harness::Place;

const README: &str = include_str!("../../README.md");
const README_JA: &str = include_str!("../../README.ja.md");
const TUTORIAL: &str = include_str!("../../docs/src/tutorial/first-site.md");
const TUTORIAL_JA: &str = include_str!("../../docs/src/tutorial/first-site.ja.md");
const DISASTER: &str = include_str!("../../docs/src/how-to/disaster.md");
const DISASTER_JA: &str = include_str!("../../docs/src/how-to/disaster.ja.md");

#[test]
fn the_two_commands_come_first() {
    let blocks = blocks(README);
    assert_eq!(blocks[0].lines, ["cargo run -- tour"]);
    assert_eq!(blocks[1].lines, ["cargo test"]);
}

#[test]
fn the_first_steps_work() {
    let steps = &README[README.find("```sh\nbeansprout new").unwrap()..];
    assert!(blocks(steps)[0].lines.len() > 4);
    follow("README.md", steps);
}

#[test]
fn both_languages_are_equal() {
    // The same blocks, links, headings and rows, one for one.
    #[track_caller]
    fn same(english: &str, japanese: &str) {
        let code = |text| blocks(text).into_iter().map(|block| block.lines.join("\n")).collect::<Vec<_>>();
        assert_eq!(code(english), code(japanese));
        let shape = |text: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| match line.split(' ').next() {
                Some(mark @ ("#" | "##" | "###" | "-" | "|" | "1." | "2." | "3." | "4." | "5." | "6.")) => Some(mark),
                _ => None,
            });
            lines.map(str::to_owned).collect()
        };
        assert_eq!(shape(english), shape(japanese));
        let links = |text: &str| -> Vec<String> {
            let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            targets.map(|target| target.replace(".ja.md", ".md")).collect()
        };
        assert_eq!(links(english), links(japanese));
    }
    same(README, README_JA);
    same(TUTORIAL, TUTORIAL_JA);
    // A link to a heading of the page itself has that heading's words.
    same(&DISASTER.replace("(#rehearse-it)", "(#)"), &DISASTER_JA.replace("(#練習する)", "(#)"));
}

#[test]
fn every_verb_in_the_tutorial_exists() {
    let help = Place::new().run(["--help"]).ok().stdout;
    for line in TUTORIAL.lines().filter_map(|line| line.strip_prefix("beansprout ")) {
        let verb = line.split_whitespace().next().unwrap();
        assert!(help.contains(&format!("  {verb} ")), "the tutorial uses `{verb}`");
    }
}
