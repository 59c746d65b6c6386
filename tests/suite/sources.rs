//! Where the content comes from: the work tree, the index, a revision, a submodule, a linked work tree.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{Place, missing};

/// A repository with a committed, a staged and a changed content of `page.txt`.
fn three_contents() -> Place {
    let place = Place::new()
        .file("page.txt", "committed\n")
        .file("tool.sh", "#!/bin/sh\n")
        .file("marked", "x")
        .file("docs/a.md", "doc")
        .file("secret/b", "left out")
        .file(".gitattributes", "docs export-ignore\n")
        .file(".ebignore", "/secret/\n");
    std::os::unix::fs::symlink("page.txt", place.path("link")).unwrap();
    std::fs::set_permissions(place.path("marked"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.git();
    place.write("page.txt", "staged\n");
    place.sh("git", &["add", "page.txt"]);
    place.write("page.txt", "changed\n");
    place.write("untracked.txt", "new");
    place
}

#[test]
fn sources_are_told_apart() {
    if missing("unzip", "unzip") {
        return;
    }
    let place = three_contents();
    let case = |source: &str, page: &str, described: &str| {
        let run = place.run(["package", "--source", source, "-o", "../out.zip"]).ok();
        assert!(run.stdout.contains(described), "{run}");
        assert_eq!(place.sh("unzip", &["-p", "../out.zip", "page.txt"]), page, "{source}");
        place.sh("unzip", &["-Z1", "../out.zip"])
    };
    let head = place.sh("git", &["rev-parse", "HEAD"])[..12].to_owned();
    let committed = ".ebignore\n.gitattributes\nlink\nmarked\npage.txt\ntool.sh\n";
    assert_eq!(case("HEAD", "committed\n", &format!("HEAD, {head}, without 2 changes in the work tree")), committed);
    assert_eq!(case("index", "staged\n", "index"), committed);
    let worktree = case("worktree", "changed\n", &format!("worktree at {head}, 2 changes not committed"));
    assert!(worktree.contains("untracked.txt") && worktree.contains("docs/a.md"), "{worktree}");
}

#[test]
fn an_older_git_is_enough_for_revisions() {
    let place = three_contents();
    let list = |place: &Place| place.run(["package", "--source", "HEAD", "--list"]).ok().stdout;
    let expected = list(&place);
    assert!(!expected.contains("docs/a.md"), "{expected}");
    // As before 2.40.
    place.write(
        "../bin/git",
        "#!/bin/sh\nfor word; do case $word in --source=*) echo 'error: unknown option' >&2; exit 129;; esac; done\n\
         PATH=${PATH#*:} exec git \"$@\"\n",
    );
    std::fs::set_permissions(place.path("../bin/git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", place.path("../bin").display(), std::env::var("PATH").unwrap());
    let place = place.var("PATH", path);
    assert_eq!(list(&place), expected);
    assert_eq!(place.sh("git", &["diff", "--cached", "--name-only"]), "page.txt\n", "the index is as it was");
}

#[test]
fn a_clean_tree_is_the_same_from_every_source() {
    let place = Place::new().file("a/b.txt", "b").file("run", "#!/bin/sh\n").file("big", vec![b'x'; 6_000_000]);
    std::os::unix::fs::symlink("b.txt", place.path("a/link")).unwrap();
    let place = place.git();
    let bytes = ["worktree", "index", "HEAD"].map(|source| {
        place.run(["package", "--source", source, "-o", "../out.zip"]).ok();
        std::fs::read(place.path("../out.zip")).unwrap()
    });
    assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2], "the bytes differ");
    let made = place.run(["package", "--require-clean", "--source", "HEAD", "--json"]).ok().document("package/1");
    assert_eq!(made["checkout"]["changes"], 0);
    assert_eq!(made["revision"], made["checkout"]["revision"]);
}

#[test]
fn check_looks_at_contents_of_every_size_and_source() {
    let key = format!("aws_access_key_id = AKIA{}\n", "Q3EGVZ5RKT7WNJ2X");
    let large = [vec![b'\n'; 6_000_000], key.clone().into_bytes()].concat();
    let place = Place::new().file("Procfile", "web: gunicorn app\n").file("large.txt", large).file("small.txt", key);
    (0..80).for_each(|number| place.write(&format!("{number}.txt"), "nothing\n"));
    let place = place.git();
    for source in ["worktree", "index", "HEAD"] {
        let report = place.run(["check", "--json", "--source", source]).exit(1).document("check/1");
        let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "EB180");
        let found: Vec<_> = findings.map(|finding| finding["path"].as_str().unwrap()).collect();
        assert_eq!(found, ["large.txt", "small.txt"], "{source}");
    }
}

#[test]
fn a_dirty_tree_is_refused_on_request() {
    let run = three_contents().run(["package", "--require-clean"]).exit(3);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: 2 changes in the work tree are not committed
    hint: commit, or leave out `--require-clean`
    ----- exit 3 -----
    ");
    Place::new().file("a", "").run(["package", "--require-clean"]).exit(3);
}

#[test]
fn unknown_revisions_are_a_usage_error() {
    let run = three_contents().run(["package", "--source", "nowhere"]).exit(2);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: git knows no revision `nowhere`
    hint: `--source` is `worktree`, `index` or a revision, such as `HEAD`
    ----- exit 2 -----
    ");
    let run = Place::new().file("a", "").run(["package", "--source", "HEAD"]).exit(3);
    assert!(run.stderr.contains("is in no git repository"), "{run}");
}

#[test]
fn submodules_and_linked_work_trees_are_read_like_any_other() {
    if missing("unzip", "unzip") {
        return;
    }
    let outer = Place::new().file("app.py", "").git();
    let library = Place::new().file("tool", "x").file(".gitignore", "*.log\n");
    std::fs::set_permissions(library.path("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let library = library.git();
    let url = library.dir().to_string_lossy().into_owned();
    outer.sh("git", &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "lib"]);
    outer.sh("git", &["commit", "-qm", "with a library"]);
    outer.write("lib/x.log", "noise");
    for source in ["HEAD", "worktree"] {
        outer.run(["package", "--source", source, "-o", "../out.zip"]).ok();
        let listing = outer.sh("unzip", &["-Z", "../out.zip"]);
        let tool = listing.lines().find(|line| line.ends_with("lib/tool")).unwrap();
        assert!(tool.starts_with("-rwxr-xr-x") && !listing.contains("x.log"), "{source}: {listing}");
    }

    // In a linked work tree `.git` is a file, and `info/exclude` is that of the repository.
    outer.sh("git", &["worktree", "add", "-q", "../linked", "HEAD"]);
    outer.write(".git/info/exclude", "*.tmp\n");
    std::fs::write(outer.path("../linked/x.tmp"), "noise").unwrap();
    let run = outer.run(["-C", "../linked", "package", "--list"]).ok();
    assert_eq!(run.stdout, ".gitmodules\napp.py\n");
    let run = outer.run(["-C", "../linked", "package", "--source", "HEAD"]).exit(3);
    assert!(run.stderr.contains("git submodule update --init"), "{run}");
}

#[test]
fn a_project_in_a_folder_takes_what_is_mapped_in() {
    let place = Place::new()
        .file(".gitignore", "*.log\n")
        .file("services/web/beansprout.toml", "[bundle.include]\n\"vendor/common\" = \"../../libs/common\"\n")
        .file("services/web/app.py", "")
        .file("services/web/x.log", "")
        .file("libs/common/util.py", "util")
        .file("libs/common/y.log", "")
        .file("other/z.py", "")
        .git();
    for source in ["worktree", "index", "HEAD"] {
        let run = place.run(["-C", "services/web", "package", "--list", "--source", source]).ok();
        assert_eq!(run.stdout, "app.py\nbeansprout.toml\nvendor/common/util.py\n", "{source}");
    }
    let run = place.run(["-C", "services/web", "package", "--why", "x.log"]).ok();
    assert_eq!(run.stdout, "`x.log` stays out: `*.log` in `[DIR]/.gitignore`, line 1\n");
}

/// `place` as a disk sees it that knows neither modes nor links, such as that of Windows: git notes that down when it makes
/// the repository, and writes a file in place of each link.
fn without_modes_and_links(place: &Place) {
    place.sh("git", &["config", "core.fileMode", "false"]);
    place.sh("git", &["config", "core.symlinks", "false"]);
    place.sh("sh", &["-c", "git ls-files -z | grep -zvx lib | xargs -0 rm"]);
    place.sh("git", &["checkout", "-q", "--", "."]);
    // Every file looks alike; on some mounts all are executable, on others none.
    place.sh("sh", &["-c", "find . -path ./.git -prune -o -type f -exec chmod 755 {} +"]);
}

#[test]
fn where_the_disk_knows_no_modes_and_links_git_does() {
    let inner = Place::new().file("inner-tool", "x").file("plain", "x");
    std::fs::set_permissions(inner.path("inner-tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let inner = inner.git();
    let place = Place::new()
        .file("web/tool", "no script")
        .file("web/page.txt", "x")
        .file("web/run", "#!/bin/sh\n")
        .file("web/.platform/hooks/predeploy/a", "echo\n")
        .file("web/pages/a.txt", "x");
    std::fs::set_permissions(place.path("web/tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("../page.txt", place.path("web/pages/link")).unwrap();
    let place = place.git();
    let url = inner.dir().to_string_lossy().into_owned();
    place.sh("git", &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "web/lib"]);
    let place = place.enter("web");
    let package = |source: &str| {
        place.run(["package", "--source", source, "--manifest", "../../out.json", "-o", "../../out.zip"]).ok();
        (
            std::fs::read(place.path("../../out.zip")).unwrap(),
            std::fs::read_to_string(place.path("../../out.json")).unwrap(),
        )
    };
    let (there, manifest) = package("worktree");
    assert!(manifest.contains("120000"), "{manifest}");
    without_modes_and_links(&place);
    place.sh("git", &["-C", "lib", "config", "core.fileMode", "false"]);
    place.sh("chmod", &["755", "lib/plain"]);
    assert!(std::fs::symlink_metadata(place.path("pages/link")).unwrap().is_file());
    assert!(package("worktree").0 == there, "{}", package("worktree").1);
    assert!(package("index").0 == there);

    // What git does not know is not executable; what git is told is, although the file is as it was.
    place.write("untracked", "x");
    place.sh("chmod", &["755", "untracked"]);
    let mode = |path: &str| {
        place.run(["package", "-q", "--manifest", "../../out.json"]).ok();
        let manifest: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(place.path("../../out.json")).unwrap()).unwrap();
        let entries = manifest["entries"].as_array().unwrap();
        entries.iter().find(|entry| entry["path"] == path).unwrap()["mode"].as_str().unwrap().to_owned()
    };
    assert_eq!(mode("untracked"), "100644");
    place.sh("sh", &["-c", "sleep 2.2"]);
    assert_eq!(mode("page.txt"), "100644");
    place.sh("git", &["update-index", "--chmod=+x", "page.txt"]);
    assert_eq!(mode("page.txt"), "100755", "the previous bundle has another mode");

    // A link that leads out is one, even if it looks like a file.
    let id = place.sh("sh", &["-c", "printf ../../etc | git hash-object -w --stdin"]);
    place.sh("git", &["update-index", "--add", "--cacheinfo", &format!("120000,{},web/out", id.trim())]);
    place.write("out", "../../etc");
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("`out` links to `../../etc`, out of the bundle"), "{run}");
}

/// What looks like a secret is read a second time; however much of it there is, one git reads it.
#[test]
fn suspicious_contents_of_a_commit_are_read_by_one_git() {
    let readers = |letters: &str| {
        let mut place = Place::new().file("Procfile", "web: gunicorn app\n");
        for letter in letters.chars() {
            place.write(&format!("{letter}.py"), format!("aws_access_key_id = 'AKIAQ3EGVZ5RKT7WNJ2{letter}'\n"));
        }
        let trace = place.path("../trace").to_string_lossy().into_owned();
        place = place.git().var("GIT_TRACE", &trace);
        let run = place.run(["package", "--source", "HEAD"]).exit(3);
        assert_eq!(run.stderr.matches("holds an AWS access key").count(), letters.len(), "{run}");
        let trace = std::fs::read_to_string(trace).unwrap();
        trace.lines().filter(|line| line.contains("cat-file --batch") && !line.contains("--batch-check")).count()
    };
    let one = readers("X");
    assert!(one > 0);
    assert_eq!(readers("XYZWV"), one);
}
