//! The book holds together: every page is in the summary, every link leads somewhere, every command that is shown was run.
//!
//! A block of commands is ```` ```sh ````, and is run with the others of its page, in their order, as one script. A page that begins with
//! `<!-- in a project -->` is run in a new one. A block that cannot be run says why in a comment before it: `<!-- needs AWS -->`, or
//! `<!-- not run: … -->`. That its commands are understood is the business of a test in `src/cli/reference.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::harness::Place;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page of the book, as `tutorial/first-site.md`, and its text.
fn pages() -> Vec<(String, String)> {
    let src = root().join("docs/src");
    let mut folders = vec![src.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&src).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20);
    found
}

#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// Such as `sh`.
    pub(crate) language: &'a str,
    /// The reason why it is not run.
    excuse: Option<&'a str>,
    pub(crate) lines: Vec<&'a str>,
}

pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut before = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.trim_start().strip_prefix("```") else {
            if !line.trim().is_empty() {
                before = line.trim();
            }
            continue;
        };
        let ticks = "`".repeat(3 + fence.chars().take_while(|c| *c == '`').count());
        let inside = lines.by_ref().take_while(|line| line.trim() != ticks).collect();
        let excuse = before.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        let excuse = excuse.filter(|excuse| *excuse == "needs AWS" || excuse.starts_with("not run: "));
        found.push(Block { language: fence.trim_start_matches('`'), excuse, lines: inside });
        before = "";
    }
    found
}

/// Run the commands of a page, as one shell would, and see what is there afterwards.
#[track_caller]
pub(crate) fn follow(page: &str, text: &str) -> Option<Place> {
    let blocks = blocks(text);
    let script: Vec<&str> = blocks
        .iter()
        .filter(|block| block.language == "sh" && block.excuse.is_none())
        .flat_map(|block| block.lines.iter().copied())
        .collect();
    if script.is_empty() {
        return None;
    }
    let program = Path::new(env!("CARGO_BIN_EXE_beansprout")).parent().unwrap().display().to_string();
    let mut place = Place::new().var("PATH", format!("{program}:{}", std::env::var("PATH").unwrap_or_default()));
    for who in ["GIT_AUTHOR", "GIT_COMMITTER"] {
        place = place.var(&format!("{who}_NAME"), "Test").var(&format!("{who}_EMAIL"), "test@example.invalid");
    }
    if text.starts_with("<!-- in a project -->") {
        place.run(["new", "shop", "--defaults"]).ok();
        place = place.enter("shop");
    }
    let mut command = place.command("bash");
    command.args(["-euo", "pipefail", "-c", &script.join("\n")]);
    let run = place.finish(command);
    assert_eq!(run.exit, 0, "{page}:\n{}\n{run}", script.join("\n"));
    Some(place)
}

#[test]
fn commands_that_are_shown_work() {
    for (page, text) in pages() {
        let place = follow(&page, &text);
        if page == "how-to/write-a-stack.md" {
            makes_the_examples(&place.expect("it has commands"));
        }
    }
}

/// Whoever follows the guide has the examples in the end.
#[track_caller]
fn makes_the_examples(place: &Place) {
    let example = |path: &str| std::fs::read_to_string(root().join("examples").join(path)).unwrap();
    for path in ["multicontainer/files/docker-compose.yml", "multicontainer/files/proxy/site.conf"] {
        assert_eq!(place.read(path), example(path), "{path}");
    }
    for path in ["multicontainer/stack.toml", "rest-framework/stack.toml"] {
        let manifest = |text: &str| {
            let mut table: toml::Table = toml::from_str(text).unwrap();
            let questions = table.get_mut("question").and_then(toml::Value::as_array_mut);
            // Where a part has the question its place is known; the others may stand in any order.
            questions.into_iter().for_each(|all| all.sort_by_key(|question| question["key"].to_string()));
            table
        };
        assert_eq!(manifest(&place.read(path)), manifest(&example(path)), "{path}");
    }
}

#[test]
fn commands_that_are_not_run_say_why() {
    let mut run = 0;
    for (page, text) in pages() {
        let made = text.starts_with("<!-- Made from the code");
        for block in blocks(&text) {
            let commands = block.lines.iter().any(|line| line.trim_start_matches("$ ").starts_with("beansprout "));
            assert!(!commands || made || block.language == "sh" || block.excuse.is_some(), "{page}: {block:#?}");
            run += usize::from(block.language == "sh" && block.excuse.is_none());
        }
    }
    assert!(run > 15, "{run}");
}

#[test]
fn every_page_is_in_the_summary_once() {
    let summary = std::fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    let listed: Vec<&str> = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let mut files: Vec<String> =
        pages().into_iter().map(|(name, _)| name).filter(|name| name != "SUMMARY.md").collect();
    let mut sorted: Vec<String> = listed.iter().map(ToString::to_string).collect();
    files.sort();
    sorted.sort();
    assert_eq!(sorted, files);
}

/// The names under which a page's headings can be linked to.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut in_code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if in_code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        found.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let top = ["README.md", "README.ja.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let mut all: Vec<(PathBuf, String)> =
        pages().into_iter().map(|(name, text)| (root().join("docs/src").join(name), text)).collect();
    all.extend(top.map(|name| (root().join(name), std::fs::read_to_string(root().join(name)).unwrap())));
    let mut wrong = Vec::new();
    for (path, text) in &all {
        let code: BTreeSet<&str> = blocks(text).into_iter().flat_map(|block| block.lines).collect();
        for line in text.lines().filter(|line| !code.contains(line)) {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                if file.starts_with("https://") {
                    continue;
                }
                let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
                let found = std::fs::read_to_string(&file);
                let there = match &found {
                    Ok(text) => anchor.is_empty() || anchors(text).contains(anchor),
                    Err(_) => file.exists() && anchor.is_empty(),
                };
                if !there {
                    wrong.push(format!("{}: {target}", path.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_step_of_the_instance_names_a_test_that_is_there() {
    let page = std::fs::read_to_string(root().join("docs/src/reference/instance.md")).unwrap();
    let rows =
        page.split("| step | here | test |").nth(1).unwrap().lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut seen = 0;
    for row in rows {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let tests: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            let (file, name) = test.rsplit_once("::").unwrap_or_else(|| panic!("`{test}` is no test"));
            let name = name.trim_end_matches('…');
            let suite = root().join("tests/suite").join(format!("{file}.rs"));
            let unit =
                file.strip_suffix("::tests").map(|path| root().join("src").join(path.replace("::", "/") + ".rs"));
            let file = unit.unwrap_or(suite);
            let mut text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{test}: {error}"));
            // Tests of a module may have a file of their own.
            text += &std::fs::read_to_string(file.with_extension("").join("tests.rs")).unwrap_or_default();
            assert!(text.contains(&format!("fn {name}")), "there is no test `{test}`");
        }
        seen += 1;
    }
    assert!(seen >= 20, "{seen}");
}
