//! The house keeps its order: imports point down, and heavy crates have one door.

use std::path::{Path, PathBuf};

use crate::imports;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The room of a module: `bundle` for `bundle::pack::archive`.
fn room(module: &str) -> &str {
    module.split("::").next().unwrap()
}

/// The ground: each may use those before it, and every room all of them.
const GROUND: [&str; 14] = [
    "fault",
    "hex",
    "known",
    "regexes",
    "level",
    "settings_module",
    "package_name",
    "mode",
    "secret",
    "world",
    "file",
    "ui",
    "git",
    "lib",
];

/// The rooms above it, and what each may stand on.
const ROOMS: [(&str, &[&str]); 13] = [
    ("beanstalk", &[]),
    ("bundle", &[]),
    ("stack", &[]),
    ("environment", &["beanstalk"]),
    ("folder", &["beanstalk", "bundle"]),
    ("project", &["beanstalk", "bundle"]),
    ("wheels", &["beanstalk", "bundle"]),
    ("copier", &["beanstalk", "stack"]),
    ("check", &["beanstalk", "environment", "folder", "project"]),
    ("release", &["beanstalk", "bundle", "environment", "project"]),
    ("sandbox", &["beanstalk", "bundle", "folder", "project"]),
    ("adopt", &["beanstalk", "stack", "check", "project"]),
    (
        "cli",
        &[
            "beanstalk",
            "bundle",
            "stack",
            "environment",
            "folder",
            "project",
            "wheels",
            "copier",
            "check",
            "release",
            "sandbox",
            "adopt",
        ],
    ),
];

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (from, to) in imports::of(&sources("src")).edges() {
        let (here, used) = (room(&from), room(&to));
        if here == used || matches!(here, "main" | "lib") {
            continue;
        }
        let ground = |name: &str| GROUND.iter().position(|room| *room == name);
        let allowed = match (ground(here), ground(used)) {
            (Some(here), Some(used)) => used < here,
            (None, Some(_)) => true,
            (_, None) => {
                let room = ROOMS.iter().find(|(name, _)| *name == here);
                room.unwrap_or_else(|| panic!("a new room: {here}")).1.contains(&used)
            }
        };
        if !allowed {
            wrong.push(format!("`{from}` uses `{to}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_imports_in_a_circle() {
    let circles = imports::of(&sources("src")).circles();
    let circles: Vec<String> = circles.iter().map(|files| files.join(" ↔ ")).collect();
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n"));
}

#[test]
fn heavy_crates_have_one_door() {
    const DOORS: [(&str, &str); 11] = [
        ("aws_sdk_", "src/release"),
        ("aws_config", "src/release"),
        ("zip::", "src/bundle"),
        ("libdeflater", "src/bundle"),
        ("s3s", "src/sandbox"),
        ("hyper", "src/sandbox"),
        ("tera::", "src/stack"),
        ("tar::", "src/stack"),
        ("flate2", "src/stack"),
        ("granit_parser", "src/beanstalk"),
        ("ruff_python", "src/check/django"),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (name, door) in DOORS {
                let used = code.match_indices(name).any(|(at, _)| {
                    !code[..at]
                        .ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | ':' | '"' | '`'))
                });
                if used && !path.starts_with(door) {
                    wrong.push(format!("{}:{}: `{name}` belongs in {door}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is written beside and renamed is so in one place: a second one would forget a link, a mode or a FIFO.
#[test]
fn files_that_others_see_have_one_door() {
    // What the instances of the sandbox have is nobody else's.
    const DOORS: [&str; 2] = ["src/file", "src/sandbox"];
    const SIGNS: [&str; 4] = ["tempfile::", "fs::rename", ".persist(", "tempfile_in("];
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let path_text = path.to_string_lossy();
        if DOORS.iter().any(|door| path_text.starts_with(door)) || path_text.ends_with("tests.rs") {
            continue;
        }
        // Tests have places of their own.
        let code = text.split("\nmod tests {").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            if SIGNS.iter().any(|sign| line.split("//").next().unwrap_or_default().contains(sign)) {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_tests_is_run() {
    // A file that no `mod` names would be forgotten without a word.
    let main = std::fs::read_to_string(root().join("tests/suite/main.rs")).unwrap();
    for (path, _) in sources("tests/suite") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let nested = path.parent() != Some(Path::new("tests/suite"));
        assert!(
            nested || name == "main" || main.contains(&format!("\nmod {name};")),
            "{} is no module",
            path.display()
        );
    }
}

#[test]
fn the_lock_file_does_not_grow_unseen() {
    // Each crate is compiled by everybody who tries the program: raise this on purpose, or not at all.
    const MOST: usize = 385;
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let crates = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(crates <= MOST, "{crates} crates, {MOST} are allowed");
}

#[test]
fn what_differs_between_systems_has_one_door() {
    // Environment; modes and links; the walk over a disk; the names that it gives; process groups.
    const DOORS: [&str; 5] = [
        "src/world.rs",
        "src/mode.rs",
        "src/bundle/select/disk.rs",
        "src/bundle/select/spelling.rs",
        "src/sandbox/instance/group.rs",
    ];
    const SIGNS: [&str; 6] = ["std::os::", "rustix::", "(unix)", "(windows)", "target_os", "target_family"];
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        if DOORS.iter().any(|door| path == Path::new(door)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // A test may need what only one system tells.
            if SIGNS.iter().any(|sign| code.contains(sign)) && !code.contains("cfg(all(test,") {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_code_can_delete_an_application_or_terminate_an_environment() {
    // Nor what comes close to it: a rebuilt environment loses its database.
    const CALLS: [&str; 4] =
        ["delete_application()", "terminate_environment()", "rebuild_environment()", "delete_bucket()"];
    // A swap is its own inverse, and has one caller and a role of its own.
    const SWAP: (&str, &str) = ("swap_environment_cnames()", "src/release/swap/cnames.rs");
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        // The sandbox answers those calls, as AWS does; what must not exist is a caller.
        if path.starts_with("src/sandbox") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let swaps = line.contains(SWAP.0) && path != Path::new(SWAP.1);
            if swaps || CALLS.iter().any(|call| line.contains(call)) {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_place_makes_a_scope() {
    // A second maker would answer what ships in another way.
    const MAKERS: [&str; 2] = ["src/project.rs", "src/bundle/select/scope.rs"];
    let made = |text: &str| text.contains("bundle::") && text.contains("Scope::of(");
    let makers: Vec<_> = sources("src")
        .into_iter()
        .filter(|(path, text)| {
            !path.starts_with("src/bundle") && made(text.split("#[cfg(test)]\nmod tests").next().unwrap())
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_eq!(makers, [MAKERS[0]]);
    assert!(root().join(MAKERS[1]).is_file());
}
