//! The commands of the README and the tutorial do what those say, in every language.

use crate::harness::Place;

const README: &str = include_str!("../../README.md");
const README_JA: &str = include_str!("../../README.ja.md");
const TUTORIAL: &str = include_str!("../../docs/src/tutorial/first-site.md");
const TUTORIAL_JA: &str = include_str!("../../docs/src/tutorial/first-site.ja.md");

/// The lines of every `sh` block, block by block.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    text.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.lines().collect())).collect()
}

/// Run the lines of `steps` one after the other, as in one shell.
#[track_caller]
fn follow(steps: &[&str]) {
    let mut place = Place::new();
    for step in steps {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words.as_slice() {
            ["cd", folder] => place = place.enter(folder),
            ["beansprout", arguments @ ..] => {
                place.run(arguments).ok();
            }
            ["git", ..] => {
                place.sh(
                    "sh",
                    &[
                        "-c",
                        &format!(
                            "export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.invalid \
                    GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.invalid; {step}"
                        ),
                    ],
                );
            }
            _ => panic!("a step that this test cannot run: `{step}`"),
        }
    }
}

#[test]
fn the_two_commands_come_first() {
    let blocks = blocks(README);
    assert_eq!(blocks[0], ["cargo run --release -- tour"]);
    assert_eq!(blocks[1], ["cargo test"]);
}

#[test]
fn the_first_steps_work() {
    let steps = blocks(README).into_iter().find(|block| block[0].starts_with("beansprout new")).unwrap();
    assert!(steps.len() > 4);
    follow(&steps);
}

#[test]
fn the_tutorial_works() {
    follow(&blocks(TUTORIAL).concat());
}

#[test]
fn both_languages_show_the_same_commands() {
    assert_eq!(blocks(README), blocks(README_JA));
    assert_eq!(blocks(TUTORIAL), blocks(TUTORIAL_JA));
    let text = |page: &'static str| -> Vec<&str> {
        page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
    };
    assert_eq!(text(TUTORIAL), text(TUTORIAL_JA));
}

#[test]
fn every_verb_in_the_tutorial_exists() {
    let help = Place::new().run(["--help"]).ok().stdout;
    for line in TUTORIAL.lines().filter_map(|line| line.strip_prefix("beansprout ")) {
        let verb = line.split_whitespace().next().unwrap();
        assert!(help.contains(&format!("  {verb} ")), "the tutorial uses `{verb}`");
    }
}

#[test]
fn links_lead_somewhere() {
    for page in [README, README_JA] {
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
            assert!(target.starts_with("https://") || path.exists(), "{target}");
        }
    }
}
