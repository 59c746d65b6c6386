//! What git has, ships; and where the bundle lacks some of it all the same, that is said.

use serde_json::json;

use crate::harness::Place;

fn project() -> Place {
    let place = Place::new()
        .file(".gitignore", "*.xml\nbuild/\n")
        .file("Procfile", "web: gunicorn\n")
        .file("t/a.xml", "<a/>\n")
        .file("build/keep", "kept\n");
    place.sh("git", &["init", "-q"]);
    place.sh("git", &["add", "-f", "."]);
    commit(&place);
    place
}

fn commit(place: &Place) {
    place.sh("git", &["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "one more"]);
}

fn listed(place: &Place, arguments: &[&str]) -> Vec<String> {
    let listing = place.run([&["package", "--list", "--json"], arguments].concat()).ok().json();
    let entries = listing["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn tracked_files_ship_though_ignored() {
    let place = project();
    place.write("build/junk", "junk\n");
    place.write("t/b.xml", "<b/>\n");
    let expected = [".gitignore", "Procfile", "build/keep", "t/a.xml"];
    assert_eq!(listed(&place, &[]), expected);
    assert_eq!(listed(&place, &["--source", "HEAD"]), expected);
    place.run(["diff", "HEAD", "worktree"]).ok();
    place.run(["package", "--require-clean"]).ok();
    let why = place.run(["package", "--why", "t/a.xml"]).ok();
    let said = "git tracks it (`*.xml` in `.gitignore`, line 1, holds for untracked files only)";
    assert!(why.stdout.contains(said), "{why}");
    let why = place.run(["package", "--why", "build/keep", "--json"]).ok().json();
    assert_eq!((&why["ships"], &why["decided"]["reason"]), (&json!(true), &json!("tracked")), "{why}");
    assert_eq!(why["decided"]["pattern"], "build/", "{why}");
    let why = place.run(["package", "--why", "build/junk"]).ok();
    assert!(why.stdout.contains("`build/` in `.gitignore`, line 2"), "{why}");
    // The project's own rules hold for what is tracked, too.
    place.write(".ebignore", "t/\n");
    assert_eq!(listed(&place, &[]), [".ebignore", ".gitignore", "Procfile", "build/keep"]);
    place.write(".ebignore", "!build/\n");
    assert_eq!(listed(&place, &[]), [".ebignore", ".gitignore", "Procfile", "build/junk", "build/keep", "t/a.xml"]);
    // A copy without git has nothing but the rules.
    std::fs::rename(place.path(".git"), place.path("../git")).unwrap();
    std::fs::remove_file(place.path(".ebignore")).unwrap();
    assert_eq!(listed(&place, &[]), [".gitignore", "Procfile"]);
}

#[test]
fn an_index_that_only_git_can_read_says_the_same() {
    for act in [&["update-index", "--split-index"][..], &["update-index", "--index-version", "4"]] {
        let place = project();
        place.sh("git", act);
        assert_eq!(listed(&place, &[]), [".gitignore", "Procfile", "build/keep", "t/a.xml"], "{act:?}");
        place.run(["package", "--require-clean"]).ok();
    }
    let place = project();
    place.write("sub/a/x.xml", "<x/>\n");
    place.write("sub/b/x.xml", "<x/>\n");
    place.sh("git", &["add", "-f", "sub"]);
    commit(&place);
    place.sh("git", &["sparse-checkout", "set", "--cone", "--sparse-index", "t", "build"]);
    assert_eq!(listed(&place, &[]), [".gitignore", "Procfile", "build/keep", "t/a.xml"]);
    let run = place.run(["package"]).ok();
    assert!(
        run.stderr.contains("2 tracked files not in the bundle, first `sub/a/x.xml`: the work tree is sparse"),
        "{run}"
    );
    let run = place.run(["package", "--require-clean"]).exit(3);
    assert!(run.stderr.contains("2 tracked files are not in this sparse work tree"), "{run}");
}

#[test]
fn what_is_brought_in_is_named() {
    let place = project();
    place.write("x.log", "log\n");
    place.write(".gitignore", "*.xml\nbuild/\n*.log\n");
    place.write(".ebignore", "!x.log\n");
    place.sh("git", &["add", ".gitignore", ".ebignore"]);
    commit(&place);
    let run = place.run(["package", "--require-clean"]).ok();
    assert!(run.stderr.contains("1 file that git ignores, first `x.log`: not in the commit"), "{run}");
    let told = place.run(["package", "--json"]).ok().document("package/1");
    assert_eq!(told["checkout"]["brought_in"], json!(["x.log"]));
    // What nobody ignores and nobody has committed is a change.
    place.write("new.py", "");
    place.run(["package", "--require-clean"]).exit(3);
}

#[test]
fn submodules_are_there_or_it_is_said() {
    let inner = Place::new().file("lib.py", "x\n").file(".gitignore", "*.xml\n").file("data.xml", "<d/>\n");
    inner.sh("git", &["init", "-q"]);
    inner.sh("git", &["add", "-f", "."]);
    commit(&inner);
    let outer = project();
    let url = inner.dir().to_string_lossy().into_owned();
    outer.sh("git", &["-c", "protocol.file.allow=always", "submodule", "add", "-q", &url, "libs/inner"]);
    commit(&outer);
    outer.run(["package", "--require-clean"]).ok();
    let list = listed(&outer, &[]);
    assert!(list.contains(&"libs/inner/data.xml".to_owned()), "{list:?}");
    // What the submodule's own repository excludes is no part of it.
    outer.write(".git/modules/libs/inner/info/exclude", "*.tmp\n");
    outer.write("libs/inner/a.tmp", "x\n");
    outer.run(["package", "--require-clean"]).ok();
    assert!(!listed(&outer, &[]).contains(&"libs/inner/a.tmp".to_owned()));
    outer.write("libs/inner/lib.py", "y\n");
    outer.run(["package", "--require-clean"]).exit(3);
    outer.sh("git", &["-C", "libs/inner", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qam", "later"]);
    outer.run(["package", "--require-clean"]).exit(3);
    outer.sh("git", &["submodule", "deinit", "-q", "-f", "--all"]);
    let run = outer.run(["package"]).ok();
    assert!(run.stderr.contains("1 submodule not in the bundle, first `libs/inner`: it is not checked out"), "{run}");
    let run = outer.run(["package", "--require-clean"]).exit(3);
    assert!(run.stderr.contains("git submodule update --init"), "{run}");
}

#[test]
fn what_never_ships_and_pointers_are_said() {
    let place = project();
    place.write(".DS_Store", "x");
    // The EB CLI leaves its own folder out as well, so nobody looks for it in a bundle.
    place.write(".elasticbeanstalk/config.yml", "global:\n  application_name: shop\n");
    place.write(
        "photo.png",
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1\n", "a".repeat(64)),
    );
    place.sh("git", &["add", "-f", "."]);
    commit(&place);
    let run = place.run(["package"]).ok();
    assert!(run.stderr.contains("1 tracked path left out, first `.DS_Store`"), "{run}");
    let run = place.run(["package", "--require-clean"]).exit(3);
    assert!(run.stderr.contains("`photo.png` is a git LFS pointer"), "{run}");
    let run = place.run(["package", "--require-clean", "--dry-run"]).exit(3);
    assert!(run.stderr.contains("git lfs pull"), "{run}");
}

#[test]
fn a_virtual_environment_in_git_is_one_finding() {
    let place = Place::new()
        .file("Procfile", "web: gunicorn\n")
        .file("venv/bin/activate_this.py", "")
        .file("venv/lib/x.py", "")
        .file("other/pyvenv.cfg", "");
    place.sh("ln", &["-s", "/usr/include", "venv/include"]);
    place.sh("git", &["init", "-q"]);
    place.sh("git", &["add", "-f", "Procfile", "venv"]);
    commit(&place);
    for source in ["worktree", "HEAD"] {
        let report = place.run(["check", "--json", "--source", source]).ok().document("check/1");
        let findings = report["findings"].as_array().unwrap().iter();
        let found: Vec<_> = findings.filter(|finding| finding["path"].as_str().unwrap().contains('v')).collect();
        assert_eq!(found.len(), 1, "{source}: {found:?}");
        assert_eq!((&found[0]["rule"], &found[0]["path"]), (&json!("EB270"), &json!("venv")), "{source}");
        let counted = found[0]["message"].as_str().unwrap().contains("with 3 files");
        assert_eq!(counted, source == "worktree");
    }
}
