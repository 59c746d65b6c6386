//! Pages that people write, held to what the program takes: exit codes, `beansprout.toml` and `stack.toml`.

use super::root;
use crate::fault::Exit;

#[test]
fn exit_codes() {
    let all = [
        Exit::Done,
        Exit::Findings,
        Exit::Usage,
        Exit::Invalid,
        Exit::Aws,
        Exit::DeployFailed,
        Exit::StillGoing,
        Exit::Conflict,
        Exit::Interrupted,
    ];
    for exit in all {
        // A new code does not compile until it is here, and in the list above.
        match exit {
            Exit::Done | Exit::Findings | Exit::Usage | Exit::Invalid | Exit::Aws => {}
            Exit::DeployFailed | Exit::StillGoing | Exit::Conflict | Exit::Interrupted => {}
        }
    }
    let page = std::fs::read_to_string(root().join("docs/src/reference/exit-codes.md")).unwrap();
    let told: Vec<i32> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(told, all.map(Exit::code));
}

/// The keys that a section may have, asked of the reader itself: a key that it does not know is answered with those it knows.
fn keys<T: serde::de::DeserializeOwned>(text: &str) -> Vec<String> {
    let Err(error) = toml::from_str::<T>(text) else { panic!("`zz` is a key of {text}") };
    let message = error.to_string();
    let (_, list) = message.split_once("expected").unwrap_or_else(|| panic!("{message}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[track_caller]
fn told<T: serde::de::DeserializeOwned>(page: &str, sections: &[(&str, &str)]) {
    let text = std::fs::read_to_string(root().join("docs/src/reference").join(page)).unwrap();
    let (_, example) = text.split_once("```toml\n").unwrap();
    let example = example.split("```").next().unwrap();
    if let Err(error) = toml::from_str::<T>(example) {
        panic!("the example of {page}: {error}");
    }
    for (heading, before) in sections {
        for key in keys::<T>(&format!("{before}{heading}\nzz = 1\n")) {
            let known = text.lines().any(|line| {
                let line = line.trim_start_matches("# ");
                line.split([' ', '{', ',']).any(|word| word == key)
                    || line.contains(&format!("[{key}"))
                    || line.contains(&format!(".{key}]"))
            });
            assert!(known, "{page} does not have `{key}` of `{heading}`");
        }
    }
}

#[test]
fn beansprout_toml_has_every_key() {
    let sections = ["", "[project]", "[bundle]", "[release]", "[prune]", "[check]", "[[check.suppress]]"];
    told::<crate::project::Config>("beansprout-toml.md", &sections.map(|section| (section, "")));
}

#[test]
fn stack_toml_has_every_key() {
    const ABOUT: &str = "[stack]\nname = 'a'\ntitle = 'b'\n";
    const QUESTION: &str = "[stack]\nname = 'a'\ntitle = 'b'\n[[question]]\nkey = 'a'\nask = 'b'\ntype = 'text'\n";
    let sections = [
        ("", ""),
        ("[stack]", ""),
        ("[[question]]", ABOUT),
        ("[[question.choices]]", QUESTION),
        ("[[derived]]", ABOUT),
        ("[[rule]]", ABOUT),
        ("[[point]]", ABOUT),
    ];
    told::<crate::stack::Manifest>("stack-toml.md", &sections);
}
