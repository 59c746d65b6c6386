//! Our rules against git's own: generated trees and rule files, every decision compared with `git check-ignore`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Place, cases};

/// Names that patterns can hit and miss.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[ab]{1,2}",
        1 => "[ab]\\.(log|txt)",
        1 => Just("{a,b}".to_owned()),
        1 => Just("a b".to_owned()),
        1 => Just("é".to_owned()),
        1 => Just("[a]".to_owned()),
        1 => Just("#a".to_owned()),
        1 => Just("!b".to_owned()),
        1 => Just("A".to_owned()),
        1 => Just("aB".to_owned()),
        1 => Just("x.LOG".to_owned()),
        1 => Just("a.".to_owned()),
        1 => Just("{a".to_owned()),
        1 => Just("a,b".to_owned()),
        1 => Just("\\".to_owned()),
        1 => Just(format!("a{FIRST}")),
        1 => Just(format!("{SECOND}b")),
    ]
}

/// Stand for the two bytes of `é`, which alone are no text, and for the byte that ends strings of C.
const FIRST: char = '\u{e000}';
const SECOND: char = '\u{e001}';
const NUL: char = '\u{e002}';

fn bytes(text: &str) -> Vec<u8> {
    let byte = |letter: char| match letter {
        FIRST => vec![0xc3],
        SECOND => vec![0xa9],
        NUL => vec![0],
        letter => letter.to_string().into_bytes(),
    };
    text.chars().flat_map(byte).collect()
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 1..4).prop_map(|parts| parts.join("/"))
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => name(),
        1 => Just("*".to_owned()),
        1 => Just("**".to_owned()),
        1 => Just("?".to_owned()),
        1 => Just("*.log".to_owned()),
        1 => Just("a*".to_owned()),
        1 => Just("a**".to_owned()),
        1 => Just("**b".to_owned()),
        1 => Just("[ab]".to_owned()),
        1 => Just("[!a]*".to_owned()),
        1 => Just("[[:alpha:]]".to_owned()),
        1 => Just("[a-".to_owned()),
        1 => Just("[]-a]".to_owned()),
        1 => Just("\\a".to_owned()),
        1 => Just("a\\".to_owned()),
        1 => Just("[[:alpha:]".to_owned()),
        1 => Just("[b-a]".to_owned()),
        1 => Just("[A-Z]*".to_owned()),
        1 => Just("[B]".to_owned()),
        1 => Just("\\A".to_owned()),
        1 => Just("[[:upper:]]?".to_owned()),
        1 => Just("[/]".to_owned()),
        1 => Just("[^/]".to_owned()),
        1 => Just("[!-a]".to_owned()),
        1 => Just("[\\]]".to_owned()),
        1 => Just("[é]".to_owned()),
        1 => Just("[!é]?".to_owned()),
        1 => Just("{a,b}*".to_owned()),
        1 => Just("***".to_owned()),
        1 => Just("a??".to_owned()),
        1 => Just(format!("{FIRST}*")),
        1 => Just(format!("[{FIRST}]")),
        1 => Just(format!("a{NUL}b")),
        1 => Just("\u{3000}".to_owned()),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let start =
        prop_oneof![4 => Just(""), 2 => Just("!"), 2 => Just("/"), 1 => Just("!/"), 1 => Just("\\"), 1 => Just("#")];
    let end =
        prop_oneof![4 => Just(""), 2 => Just("/"), 1 => Just(" "), 1 => Just("\\ "), 1 => Just("\t"), 1 => Just("\r")];
    (start, prop::collection::vec(part(), 1..4), end)
        .prop_map(|(start, parts, end)| format!("{start}{}{end}", parts.join("/")))
}

fn rule_file() -> impl Strategy<Value = String> {
    (prop::collection::vec(line(), 0..5), prop::bool::ANY)
        .prop_map(|(lines, last)| lines.join("\n") + if last { "\n" } else { "" })
}

#[test]
fn every_decision_is_gits() {
    let tree = prop::collection::btree_set(path(), 1..12);
    let rules = prop::collection::vec((path(), rule_file()), 0..3);
    let case = (tree, rule_file(), rules, rule_file(), prop::bool::ANY);
    // Each case costs two programs; the seed of a failure is printed with its smallest form.
    let cases = cases(60, 2000);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&case, |(tree, top, deeper, exclude, folds)| {
        let place = Place::new();
        place.sh("git", &["init", "-q"]);
        place.sh("git", &["config", "core.ignorecase", if folds { "true" } else { "false" }]);
        let mut files = BTreeSet::new();
        let mut put = |path: &str, content: &str| {
            let (path, content) = (bytes(path), bytes(content));
            let target = place.path(OsStr::from_bytes(&path));
            let Some(parent) = target.parent() else { return };
            // Where a file is already, no folder can be, and the other way round.
            if std::fs::create_dir_all(parent).is_ok() && !target.is_dir() {
                std::fs::write(&target, content).unwrap();
                files.insert(path);
            }
        };
        put(".gitignore", &top);
        tree.iter().for_each(|path| put(path, ""));
        for (path, rules) in &deeper {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !folder.is_empty() && place.path(OsStr::from_bytes(&bytes(folder))).is_dir() {
                put(&format!("{folder}/.gitignore"), rules);
            }
        }
        place.write(".git/info/exclude", bytes(&exclude));

        let mut git = place.command("git");
        git.args(["check-ignore", "--no-index", "-z", "--stdin"]);
        let ignored = ask(git, &files);
        let listing = place.run(["package", "--list", "--json"]).json();
        let problems = listing["problems"].as_array().unwrap();
        let is_refused = |path: &str| {
            let start = format!("`{}` ", path.escape_debug());
            problems.iter().any(|problem| problem.as_str().unwrap().starts_with(&start))
        };
        let listed = listing["entries"].as_array().unwrap().iter();
        let mut listed: BTreeSet<String> = listed.map(|entry| entry["path"].as_str().unwrap().to_owned()).collect();
        // What has a name that is no text cannot ship, and is refused; but only if it is not left out.
        let mut expected = BTreeSet::new();
        for path in files.difference(&ignored) {
            let parts = path.split(|byte| *byte == b'/');
            let no_text = parts.scan(0, |end, part| {
                *end += part.len() + 1;
                Some((std::str::from_utf8(part).is_err(), *end - 1))
            });
            let whole = no_text.into_iter().find(|(is_none, _)| *is_none).map_or(path.len(), |(_, end)| end);
            let text = String::from_utf8_lossy(&path[..whole]).into_owned();
            if text.contains('\u{fffd}') && is_refused(&text) {
                listed.insert(text.clone());
            }
            expected.insert(text);
        }
        for path in &ignored {
            let (folder, name) =
                path.split_at(path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1));
            if std::str::from_utf8(folder).is_ok() && std::str::from_utf8(name).is_err() {
                prop_assert!(!is_refused(&String::from_utf8_lossy(path)), "{:?} is ignored", path);
            }
        }
        listed.retain(|path| !path.contains('\\'));
        expected.retain(|path| !path.contains('\\'));
        prop_assert_eq!(
            listed,
            expected,
            ".gitignore {:?}, {:?}, info/exclude {:?}, folds {}",
            top,
            deeper,
            exclude,
            folds
        );
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// What git tracks ships, whatever `.gitignore` says; of the rest, what it does not ignore.
#[test]
fn what_git_tracks_ships() {
    let tree = prop::collection::btree_map(path(), prop::bool::ANY, 1..12);
    let case = (tree, rule_file(), prop::collection::vec((path(), rule_file()), 0..3), rule_file());
    let cases = cases(40, 2000);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&case, |(tree, top, deeper, exclude)| {
        let place = Place::new();
        place.sh("git", &["init", "-q"]);
        let put = |path: &str, content: &str| {
            let target = place.path(path);
            if target.parent().is_some_and(|parent| std::fs::create_dir_all(parent).is_ok()) && !target.is_dir() {
                std::fs::write(&target, content).unwrap();
            }
        };
        put(".gitignore", &top);
        tree.keys().for_each(|path| put(path, ""));
        for (path, rules) in &deeper {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !folder.is_empty() && place.path(folder).is_dir() {
                put(&format!("{folder}/.gitignore"), rules);
            }
        }
        place.write(".git/info/exclude", &exclude);
        for path in tree.iter().filter(|(path, tracked)| **tracked && place.path(path).is_file()).map(|(path, _)| path)
        {
            place.sh("git", &["--literal-pathspecs", "add", "-f", "--", path]);
        }
        let known = place.sh("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let mut expected: BTreeSet<String> = known.split_terminator('\0').map(str::to_owned).collect();
        expected.retain(|path| !path.contains('\\'));
        let listing = place.run(["package", "--list", "--json"]).json();
        let listed = listing["entries"].as_array().unwrap().iter();
        let listed: BTreeSet<String> = listed.map(|entry| entry["path"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(listed, expected, ".gitignore {:?}, {:?}, info/exclude {:?}", top, deeper, exclude);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// The paths that a program which reads and answers with NUL between them has picked.
fn ask(mut command: Command, paths: &BTreeSet<Vec<u8>>) -> BTreeSet<Vec<u8>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let question: Vec<u8> = paths.iter().flat_map(|path| path.iter().copied().chain([0])).collect();
    child.stdin.take().unwrap().write_all(&question).unwrap();
    let output = child.wait_with_output().unwrap();
    output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect()
}
