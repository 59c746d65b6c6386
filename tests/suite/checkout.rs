//! What `package` says of the work tree is what git would say, in every state that a work tree can be in; but for what no
//! bundle would have, which is no change.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::harness::Place;

fn project() -> Place {
    Place::new()
        .file("app.py", "print()\n")
        .file("lib/a.py", "a = 1\n")
        .file("lib/b.py", "b = 1\n")
        .file("docs/a.md", "a\n")
        .file(".gitignore", "*.log\n")
        .git()
}

/// Package, and compare with git; twice, because the second run knows the cache.
#[track_caller]
fn agrees(place: &Place, expected: usize) {
    differs(place, expected, expected);
}

/// The same, where git counts otherwise: a file that was renamed as one, and what does not ship.
#[track_caller]
fn differs(place: &Place, expected: usize, by_git: usize) {
    for run in 0..2 {
        let told = place.run(["package", "--json"]).ok().document("package/1");
        let status = place.sh("git", &["status", "--porcelain", "--untracked-files=all", "--", "."]);
        assert_eq!(status.lines().count(), by_git, "git: {status}");
        assert_eq!(told["checkout"]["changes"], expected, "run {run}, git: {status}");
        assert_eq!(told["checkout"]["revision"], place.sh("git", &["rev-parse", "HEAD"]).trim());
        let clean = place.run(["package", "--require-clean"]);
        clean.exit(if expected == 0 { 0 } else { 3 });
    }
}

#[test]
fn a_clean_tree_is_clean() {
    agrees(&project(), 0);
    let place = project();
    place.write("lib/debug.log", "ignored\n");
    agrees(&place, 0);
}

/// A project in a folder that the repository around it ignores is not that repository's work.
#[test]
fn an_ignored_folder_has_no_commit() {
    let place =
        project().file("scratch/shop/app.py", "print()\n").file(".gitignore", "scratch/\n").enter("scratch/shop");
    let told = place.run(["package", "--json"]).ok().document("package/1");
    assert_eq!(told["checkout"], serde_json::Value::Null);
    let run = place.run(["package", "--require-clean"]).exit(3);
    assert!(run.stderr.contains("is in no git repository"), "{run}");
    let run = place.run(["publish", "--sandbox", "--create-application"]).ok();
    assert!(!run.stdout.contains("description"), "{run}");
    let versions = place.run(["versions", "--sandbox", "--json"]).ok().document("versions/1");
    assert_eq!(versions["versions"][0]["description"], serde_json::Value::Null, "{versions}");
}

#[test]
fn every_change_counts() {
    let change_by = |expected: usize, by_git: usize, act: &dyn Fn(&Place)| {
        let place = project();
        act(&place);
        differs(&place, expected, by_git);
    };
    let change = |expected: usize, act: &dyn Fn(&Place)| change_by(expected, expected, act);
    change(1, &|place| place.write("app.py", "print(1)\n"));
    // The same length, and the same time.
    change(1, &|place| {
        place.write("app.py", "prinz()\n");
        place.sh("touch", &["-d", "2020-01-01", "app.py"]);
    });
    change(0, &|place| {
        place.sh("touch", &["app.py"]);
    });
    change(1, &|place| place.write("new.py", ""));
    change(1, &|place| place.write("fresh/one.py", ""));
    change(2, &|place| {
        place.write("new.py", "");
        place.write("lib/a.py", "");
    });
    change(1, &|place| std::fs::remove_file(place.path("lib/a.py")).unwrap());
    change(1, &|place| {
        std::fs::set_permissions(place.path("app.py"), std::fs::Permissions::from_mode(0o755)).unwrap();
    });
    change(1, &|place| {
        std::fs::remove_file(place.path("lib/a.py")).unwrap();
        symlink("b.py", place.path("lib/a.py")).unwrap();
    });
    change(1, &|place| {
        place.write("app.py", "staged\n");
        place.sh("git", &["add", "app.py"]);
    });
    change_by(2, 1, &|place| {
        place.sh("git", &["mv", "app.py", "main.py"]);
    });
    change_by(1, 2, &|place| {
        place.sh("git", &["rm", "-q", "--cached", "app.py"]);
    });
    change(1, &|place| {
        place.write("later.py", "");
        place.sh("git", &["add", "-N", "later.py"]);
    });
    change_by(0, 1, &|place| {
        place.write(".ebignore", "docs/\n.git/\n");
        place.write("docs/a.md", "left out, and changed\n");
        place.sh("git", &["add", ".ebignore"]);
        place.sh("git", &["commit", "-qm", "more", "--", ".ebignore"]);
    });
    change_by(0, 1, &|place| {
        place.write(".ebignore", "docs/\n");
        place.write("docs/new.md", "left out, and new\n");
        place.sh("git", &["add", ".ebignore"]);
        place.sh("git", &["commit", "-qm", "more"]);
    });
    // Flags that have git not look at a file.
    change_by(1, 0, &|place| {
        place.sh("git", &["update-index", "--assume-unchanged", "app.py"]);
        place.write("app.py", "print(2)\n");
    });
    change_by(1, 0, &|place| {
        place.sh("git", &["update-index", "--skip-worktree", "app.py"]);
        place.write("app.py", "print(2)\n");
    });
}

/// Line ends that git would fold are no change. What a filter would do nobody knows who does not run it.
#[test]
fn conversions_are_reckoned_with_and_not_run() {
    let place = project();
    place.write(".gitattributes", "*.py text\n*.bin filter=shout\n");
    place.write("a.bin", "quiet\n");
    let place = place.git();
    // git itself says so only after it has looked again (`git add`).
    place.write("app.py", "print()\r\n");
    differs(&place, 0, 1);
    place.write("app.py", "print(1)\r\n");
    agrees(&place, 1);
    place.sh("git", &["checkout", "-q", "app.py"]);
    place.sh("git", &["config", "core.autocrlf", "true"]);
    place.write("docs/a.md", "a\r\n");
    differs(&place, 0, 1);
    place.sh("git", &["config", "filter.shout.clean", "tr a-z A-Z"]);
    place.write("a.bin", "QUIET\n");
    let told = place.run(["package", "--json"]).ok().document("package/1");
    assert_eq!(told["checkout"]["filtered"], serde_json::json!(["a.bin"]));
    let run = place.run(["package", "--require-clean"]).exit(3);
    assert!(run.stderr.contains("filters were not run, which `a.bin` goes through"), "{run}");
}

#[test]
fn unusual_repositories_are_understood() {
    let with = |act: &dyn Fn(&Place)| {
        let place = project();
        act(&place);
        agrees(&place, 0);
        place.write("lib/a.py", "a = 2\n");
        agrees(&place, 1);
    };
    with(&|place| {
        place.sh("git", &["update-index", "--index-version", "4"]);
    });
    with(&|place| {
        place.sh("git", &["update-index", "--split-index"]);
    });
    with(&|place| {
        place.sh("git", &["config", "core.trustctime", "false"]);
    });
    with(&|place| {
        place.sh("git", &["-c", "index.skipHash=true", "reset", "-q", "--hard"]);
    });
    with(&|place| {
        place.sh("git", &["gc", "-q"]);
    });
    with(&|place| {
        place.sh("git", &["pack-refs", "--all"]);
        place.sh("git", &["checkout", "-q", "-b", "feature/nested"]);
    });
    with(&|place| {
        place.sh("git", &["checkout", "-q", "--detach"]);
    });
    // A commit that is a delta of another in its pack.
    with(&|place| {
        let message = "a long story ".repeat(200);
        for number in 0..4 {
            place.sh("git", &["commit", "-q", "--allow-empty", "-m", &format!("{message}{number}")]);
        }
        place.sh("git", &["repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=50"]);
    });
    with(&|place| {
        place.sh("git", &["commit", "-q", "--allow-empty", "-m", "second"]);
        place.sh("git", &["replace", "HEAD", "HEAD~1"]);
        place.sh("git", &["pack-refs", "--all"]);
    });
    let outer = project();
    outer.sh("git", &["clone", "-q", "--shared", ".", "borrowed"]);
    outer.write(".git/info/exclude", "borrowed/\n");
    agrees(&outer.enter("borrowed"), 0);
    let outer = project();
    outer.sh("git", &["worktree", "add", "-q", "linked"]);
    let linked = outer.enter("linked");
    agrees(&linked, 0);
    linked.write("app.py", "");
    agrees(&linked, 1);
    let folder = project().enter("lib");
    agrees(&folder, 0);
    folder.write("b.py", "");
    agrees(&folder, 1);
}

#[test]
fn object_names_may_be_sha256() {
    let place = Place::new().file("app.py", "print()\n");
    place.sh("git", &["init", "-q", "--object-format=sha256"]);
    let place = place.git();
    agrees(&place, 0);
    place.write("app.py", "");
    agrees(&place, 1);
}

#[test]
fn git_is_asked_only_about_what_it_converts() {
    let place = project();
    place.sh("touch", &["-d", "2020-01-01", "app.py", "lib/a.py", "lib/b.py", "docs/a.md", ".gitignore"]);
    place.sh("git", &["update-index", "--refresh"]);
    // A git that writes down what it was asked for.
    let real = place.sh("sh", &["-c", "command -v git"]);
    place.write("home/bin/git", format!("#!/bin/sh\necho \"$@\" >> \"$HOME/asked\"\nexec {} \"$@\"\n", real.trim()));
    let git = place.path("home/bin/git");
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", git.parent().unwrap().display(), std::env::var("PATH").unwrap());
    place.write(".git/info/exclude", "home/\n");
    let home = place.path("home").to_string_lossy().into_owned();
    let place = place.var("PATH", path).var("HOME", home);
    let asked = || {
        let _ = std::fs::remove_file(place.path("home/asked"));
        place.run(["package", "--json"]).ok();
        std::fs::read_to_string(place.path("home/asked")).unwrap_or_default()
    };
    assert_eq!(asked(), "");
    place.sh("touch", &["-d", "2021-01-01", "app.py"]);
    assert_eq!(asked(), "", "the content tells");
    place.write("new.py", "");
    assert_eq!(asked(), "", "the walk tells");
    place.write("app.py", "print(1)\n");
    let asked = asked();
    let questions: Vec<&str> = asked.lines().collect();
    assert!(
        matches!(questions.as_slice(), [one, other] if one.contains("check-attr") && other.contains("autocrlf")),
        "{asked}"
    );
}
