//! `package`: what ships, what it is called, and what stops it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Place, missing};

/// A small project with every kind of entry.
fn site() -> Place {
    let place = Place::new()
        .file("manage.py", "#!/usr/bin/env python3\nprint('hello')\n")
        .file("requirements.txt", "Django==5.2\n")
        .file(".platform/hooks/predeploy/01_x.sh", "echo hook\n")
        .file(".ebextensions/01.config", "option_settings: {}\n")
        .file("static/long name é.txt", "text ".repeat(5000))
        .file("static/empty", "")
        .file("bin/tool", "data")
        .file(".gitignore", "*.log\n/build/\n")
        .file("debug.log", "noise")
        .file("build/x", "noise")
        .file("app/__pycache__/x.pyc", "noise")
        .file(".git/HEAD", "ref: refs/heads/main\n");
    std::os::unix::fs::symlink("manage.py", place.path("run.py")).unwrap();
    std::fs::set_permissions(place.path("bin/tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    place
}

fn package(place: &Place) -> (String, PathBuf) {
    let made = place.run(["package", "--json"]).ok().document("package/1");
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    (text("digest"), place.path(text("path").replace("[DIR]/", "")))
}

#[test]
fn the_list_is_what_git_would_ship() {
    let run = site().run(["package", "--list"]).ok();
    insta::assert_snapshot!(run, @r"
    .ebextensions/01.config
    .gitignore
    .platform/hooks/predeploy/01_x.sh
    bin/tool
    manage.py
    requirements.txt
    run.py
    static/empty
    static/long name é.txt
    ----- stderr -----
    9 files, 25.1 kB; 4 paths left out
    most is in `static/` (25.0 kB), `manage.py` (38 B), `.ebextensions/` (20 B)
    ");
    site().run(["package", "--list", "--json"]).ok().document("package-list/1");
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let place = site();
    let (digest, path) = package(&place);
    let bytes = std::fs::read(&path).unwrap();

    // Another folder, made in another order, under another umask, at another time, by a shell that speaks another
    // language.
    let other = Place::new().var("LC_ALL", "tr_TR.UTF-8").var("TZ", "Pacific/Chatham");
    let copy = "umask 077; cd ../copied && (cd \"$FROM\" && find . -print0 | sort -rz | \
                tar --no-recursion --null -T - -cf -) | tar -xf - && find . -exec touch -hd 2001-02-03 {} +";
    std::fs::create_dir(other.path("../copied")).unwrap();
    let copied = other.finish({
        let mut command = other.command("bash");
        command.args(["-c", copy]).env("FROM", place.dir());
        command
    });
    copied.ok();
    let again = other.run(["-C", "../copied", "package", "--json", "-o", "../out.zip"]).ok().json();
    assert_eq!(again["digest"], digest.as_str());
    assert!(std::fs::read(other.path("../out.zip")).unwrap() == bytes, "the bytes differ");

    // And the day on which a content changes, so does the digest.
    place.write("requirements.txt", "Django==5.1\n");
    assert_ne!(package(&place).0, digest);
    place.write("requirements.txt", "Django==5.2\n");
    assert_eq!(package(&place).0, digest);
    std::fs::set_permissions(place.path("bin/tool"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_ne!(package(&place).0, digest);
}

/// The commands that `docs/src/explanation/bundle-identity.md` shows.
fn documented_script() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src/explanation/bundle-identity.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (_, rest) = text.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn coreutils_find_the_same_digest() {
    if missing("unzip", "unzip") {
        return;
    }
    let place = site();
    let (digest, path) = package(&place);
    place.sh("unzip", &["-q", "-o", &path.to_string_lossy(), "-d", "../unzipped"]);
    let mut command = Command::new("bash");
    command.arg("-c").arg(documented_script()).current_dir(place.path("../unzipped"));
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), digest, "{output:?}");
}

#[test]
fn other_readers_agree() {
    if missing("unzip", "unzip") {
        return;
    }
    let place = site();
    let (_, path) = package(&place);
    let path = path.to_string_lossy().into_owned();
    place.sh("unzip", &["-tq", &path]);
    let listing = place.sh("unzip", &["-Z", &path]);
    assert!(listing.contains("-rwxr-xr-x  3.0 unx") && listing.contains("lrwxrwxrwx"), "{listing}");
    assert!(listing.contains("80-Jan-01 00:00"), "{listing}");
    let python = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))";
    assert_eq!(place.sh("python3", &["-c", python, &path]).trim(), "None 9");
}

#[test]
fn all_problems_are_told_at_once() {
    let place = Place::new()
        .file("app.py", "")
        .file("README", "")
        .file("readme", "")
        .file(".env.production", "SECRET=1\n")
        .file("new\nline", "");
    std::os::unix::fs::symlink("/etc/passwd", place.path("users")).unwrap();
    place.sh("mkfifo", &["pipe"]);
    let run = place.run(["package"]).exit(3);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: 5 files cannot be in a bundle
      `.env.production` is an environment file, which usually holds secrets
      `new\nline` has a control character in its name
      `pipe` is a FIFO, not a file
      `readme` differs from `README` only in upper and lower case
      `users` links to `/etc/passwd`, out of the bundle
    hint: leave them out with a line in `.ebignore`, or name them in `allow` under `[bundle]` in `beansprout.toml`
    ----- exit 3 -----
    ");
    assert!(!place.exists(".beansprout"));
}

#[test]
fn secrets_stay_unless_allowed_by_name() {
    let key = format!("aws_access_key_id = AKIA{}\n", "Q3EGVZ5RKT7WNJ2X");
    let place = Place::new().file("app.py", "").file("conf/aws.ini", key).file("db.sqlite3", "SQLite format 3\0...");
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("`conf/aws.ini` holds an AWS access key"), "{run}");
    assert!(run.stderr.contains("`db.sqlite3` is an SQLite database"), "{run}");
    assert_eq!(std::fs::read_dir(place.path(".beansprout/bundles")).unwrap().count(), 0);
    place.write("beansprout.toml", "[bundle]\nallow = [\"conf/\", \"db.sqlite3\"]\n");
    place.run(["package"]).ok();
    place.write("beansprout.toml", "");
    place.run(["package", "--allow", "*.ini", "--allow", "db.sqlite3"]).ok();
}

#[test]
fn a_bundle_is_not_part_of_the_next() {
    let place = Place::new().file("app.py", "");
    let run = place.run(["package", "-o", "out.zip"]).exit(2);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: `[DIR]/out.zip` would be part of the next bundle
    hint: name a file outside the project, or one that is ignored
    ----- exit 2 -----
    ");
    assert!(!place.exists("out.zip"));
    place.run(["package", "-o", "../out.zip"]).ok();
}

#[test]
fn nothing_to_ship_is_an_error() {
    let place = Place::new().file(".gitignore", "*\n");
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("nothing is left to put in a bundle"), "{run}");
}

#[test]
fn an_unreadable_file_is_named() {
    let place = Place::new().file("app.py", "");
    place.write("secret.py", "");
    std::fs::set_permissions(place.path("secret.py"), std::fs::Permissions::from_mode(0o000)).unwrap();
    // Permissions stop root only if it gives up the right to pass them by.
    let is_root = std::fs::read(place.path("secret.py")).is_ok();
    let binary = env!("CARGO_BIN_EXE_beansprout");
    let run = if is_root {
        let mut command = place.command("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search", binary, "package"]);
        place.finish(command).exit(3)
    } else {
        place.run(["package"]).exit(3)
    };
    assert!(run.stderr.contains("failed to read `[DIR]/secret.py`"), "{run}");
}

#[test]
fn a_disk_that_is_full_leaves_nothing() {
    let place = Place::new().file("noise.txt", "line\n".repeat(1000));
    let random: Vec<u8> = (0..3_000_000_u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8).collect();
    place.write("noise.bin", random);
    std::fs::create_dir(place.path("../out")).unwrap();
    // A limit on the length of files stands for the end of the disk: the same call fails in the same place.
    let binary = env!("CARGO_BIN_EXE_beansprout");
    let mut command = place.command("bash");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f 64; exec '{binary}' package -o ../out/a.zip")]);
    let run = place.finish(command).exit(3);
    assert!(run.stderr.contains("failed to write"), "{run}");
    assert_eq!(std::fs::read_dir(place.path("../out")).unwrap().count(), 0);
}

#[test]
fn dry_runs_write_nothing() {
    let place = site();
    let dry = place.run(["package", "--dry-run", "--json"]).ok().document("package/1");
    assert!(!place.exists(".beansprout"));
    assert_eq!(dry["digest"], package(&place).0.as_str());
}

#[test]
fn what_looks_wrong_is_said() {
    let place = Place::new().file("start.sh", "#!/bin/sh\r\necho\r\n").file("big.bin", LFS);
    std::os::unix::fs::symlink("nowhere", place.path("lost")).unwrap();
    let run = place.run(["package"]).ok();
    for word in ["`start.sh` has Windows line ends", "`big.bin` is a git LFS pointer", "`lost` is a link to something"]
    {
        assert!(run.stderr.contains(word), "{run}");
    }
}

const LFS: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";

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

#[test]
fn why_names_the_rule_and_its_line() {
    let place = Place::new()
        .file(".gitignore", "# comment\n*.log\n\nbuild/\n!keep.log\n")
        .file(".ebignore", "!build/\n")
        .file("a.log", "")
        .file("keep.log", "")
        .file("build/x", "")
        .file("app.py", "")
        .file(".git/HEAD", "ref: refs/heads/main\n")
        .file("env/pyvenv.cfg", "")
        .file("env/lib/y", "");
    let case = |path: &str, expected: &str| {
        let run = place.run(["package", "--why", path]).ok();
        assert_eq!(run.stdout.trim_end(), expected);
    };
    case("a.log", "`a.log` stays out: `*.log` in `.gitignore`, line 2");
    case("keep.log", "`keep.log` ships: `!keep.log` in `.gitignore`, line 5");
    case("build/x", "`build/x` ships: `!build/` in `.ebignore`, line 1, which matches `build`");
    case("app.py", "`app.py` ships: no rule leaves it out");
    case(".git/HEAD", "`.git/HEAD` stays out: `.git` never ships, which matches `.git/`");
    case("env/lib/y", "`env/lib/y` stays out: a virtual environment never ships, which matches `env/`");
    place.run(["package", "--why", "a.log", "--json"]).ok().document("package-why/1");
    let run = place.run(["package", "--why", "nothing"]).exit(3);
    assert!(run.stderr.contains("there is no `nothing` in the work tree"), "{run}");
}

#[test]
fn the_eb_clis_rules_are_there_for_who_wants_them() {
    let place = Place::new()
        .file(".gitignore", "secret.txt\n")
        .file(".ebignore", "node_modules/\n!node_modules/keep.js\n")
        .file("secret.txt", "")
        .file("node_modules/keep.js", "")
        .file("node_modules/drop.js", "")
        .file("note~", "");
    let list = |mode: &str| place.run(["package", "--list", "--ignore", mode]).ok().stdout;
    assert_eq!(list("git"), ".ebignore\n.gitignore\nnote~\n");
    assert_eq!(list("eb-cli"), ".gitignore\nnode_modules/keep.js\nsecret.txt\n");
    let run = place.run(["package", "--ignore", "eb-cli"]).ok();
    let warning = "with the EB CLI's rules, 2 files (first: `node_modules/keep.js`) more ship than with git's, and 2 files \
                   (first: `.ebignore`) fewer";
    assert!(run.stderr.contains(warning), "{run}");
    place.run(["package", "--ignore", "eb-cli", "--json"]).ok().document("package/1");
}

#[test]
fn the_users_own_excludes_count_only_on_request() {
    let place = Place::new().file("a.py", "").file("a.swp", "").git();
    place.sh("git", &["config", "core.excludesFile", "../my-excludes"]);
    std::fs::write(place.path("../my-excludes"), "*.swp\n").unwrap();
    assert_eq!(place.run(["package", "--list"]).ok().stdout, "a.py\na.swp\n");
    assert_eq!(place.run(["package", "--list", "--global-excludes"]).ok().stdout, "a.py\n");
}

#[test]
fn the_manifest_tells_what_is_in_it() {
    let place = site();
    let made = place.run(["package", "--json", "--manifest", "../manifest.json"]).ok().json();
    let text = std::fs::read_to_string(place.path("../manifest.json")).unwrap();
    let run = crate::harness::Run { exit: 0, stdout: text, stderr: String::new() };
    let manifest = run.document("manifest/1");
    assert_eq!(manifest["digest"], made["digest"]);
    assert_eq!(manifest["entries"].as_array().unwrap().len(), 9);
}

/// The bundle in `.beansprout/bundles` after a run, and what the run said of it.
fn packaged(place: &Place, arguments: &[&str]) -> (Vec<u8>, serde_json::Value) {
    let all = [&["package", "--json"], arguments].concat();
    let made = place.run(all).ok().document("package/1");
    let path = made["path"].as_str().unwrap().replace("[DIR]/", "");
    (std::fs::read(place.path(path)).unwrap(), made)
}

/// Files of some age: what is younger than two seconds is not trusted.
fn aged() -> Place {
    let place = site();
    place.sh("sh", &["-c", "sleep 2.2"]);
    place
}

#[test]
fn the_cache_saves_work_and_changes_nothing() {
    let place = aged();
    let (cold, made) = packaged(&place, &[]);
    assert_eq!((&made["unchanged"], &made["reused"]), (&false.into(), &0.into()));
    let (warm, made) = packaged(&place, &[]);
    assert_eq!((&made["unchanged"], &made["reused"]), (&true.into(), &9.into()));
    assert!(cold == warm);

    // One file changes, one is added, one goes; the rest is copied, and the bytes are those of a run without a cache.
    place.write("requirements.txt", "Django==5.1\n");
    place.write("new.py", "new");
    std::fs::remove_file(place.path("static/empty")).unwrap();
    let (warm, made) = packaged(&place, &[]);
    assert_eq!((&made["unchanged"], &made["reused"]), (&false.into(), &7.into()));
    std::fs::remove_dir_all(place.path(".beansprout")).unwrap();
    assert!(warm == packaged(&place, &[]).0, "the cache shows in the bytes");
    let (_, made) = packaged(&place, &["--verify-cache"]);
    assert_eq!(made["reused"], 0);
}

#[test]
fn a_cache_that_is_odd_is_none() {
    let place = aged();
    let (expected, made) = packaged(&place, &[]);
    let index = place.path(".beansprout/bundles/index");
    let good = std::fs::read(&index).unwrap();
    let zip = made["path"].as_str().unwrap().replace("[DIR]/", "");
    let case = |what: &str| {
        let (bytes, made) = packaged(&place, &[]);
        assert!(bytes == expected, "{what}");
        assert_eq!(made["reused"], 0, "{what}");
        let (_, made) = packaged(&place, &[]);
        assert_eq!(made["unchanged"], true, "after {what}");
    };
    std::fs::remove_file(&index).unwrap();
    case("no index");
    for length in [0, 10, 60, good.len() / 2, good.len() - 1] {
        std::fs::write(&index, &good[..length]).unwrap();
        case("a truncated index");
    }
    let mut other = good.clone();
    other[17] = b'9';
    std::fs::write(&index, &other).unwrap();
    case("another version's index");
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    std::fs::write(&index, &flipped).unwrap();
    case("a flipped bit");
    std::fs::remove_file(place.path(&zip)).unwrap();
    case("no bundle");
    std::fs::write(place.path(&zip), "something else").unwrap();
    case("another bundle");
}

#[test]
fn a_change_that_leaves_size_and_time_is_seen() {
    if missing("unzip", "unzip") {
        return;
    }
    let place = aged();
    packaged(&place, &[]);
    let path = place.path("requirements.txt");
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    place.write("requirements.txt", "Django==9.9\n");
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    let (bytes, _) = packaged(&place, &[]);
    std::fs::remove_dir_all(place.path(".beansprout")).unwrap();
    assert!(bytes == packaged(&place, &[]).0, "the old content lived on");

    // What was written in the same moment in which it was read is read again, whatever its times say.
    for number in 0..20 {
        place.write("requirements.txt", format!("Django==5.{:03}\n", number));
        packaged(&place, &[]);
        place.write("requirements.txt", format!("Django==6.{:03}\n", number));
        let (bytes, _) = packaged(&place, &[]);
        place.write("../raced.zip", &bytes);
        let shipped = place.sh("unzip", &["-p", "../raced.zip", "requirements.txt"]);
        assert_eq!(shipped, format!("Django==6.{number:03}\n"));
    }
}

#[test]
fn a_cache_that_lies_is_found_out() {
    let place = aged();
    packaged(&place, &[]);
    // A lie that the index itself cannot show: its checksum is right, and a content's digest is not.
    let index = place.path(".beansprout/bundles/index");
    let mut bytes = std::fs::read(&index).unwrap();
    let at = bytes.windows(16).position(|window| window == b"requirements.txt").unwrap() + 16 + 33 + 4;
    bytes[at] ^= 1;
    let start = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let sum = crc32(&bytes[start + 4..]);
    bytes[start..start + 4].copy_from_slice(&sum.to_le_bytes());
    std::fs::write(&index, bytes).unwrap();
    let run = place.run(["package", "--verify-cache"]).exit(3);
    assert!(run.stderr.contains("the cache was wrong about 1 file, first `requirements.txt`"), "{run}");
    assert_eq!(packaged(&place, &[]).1["reused"], 0);
}

fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    }) ^ !0
}

#[test]
fn killed_at_any_instant_it_leaves_the_old_bundle_or_none() {
    if missing("unzip", "unzip") {
        return;
    }
    let place = Place::new();
    for number in 0..300 {
        place.write(&format!("d{}/f{number}.txt", number % 7), format!("{number} ").repeat(4000));
    }
    place.run(["package", "-o", "../out.zip"]).ok();
    let old = std::fs::read(place.path("../out.zip")).unwrap();
    place.write("d0/f0.txt", "new");
    let (mut killed, mut done) = (0, 0);
    for round in 0..40_u64 {
        let mut command = place.beansprout(["package", "-o", "../out.zip", "--quiet"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 5));
        let _ = child.kill();
        match child.wait().unwrap().success() {
            true => done += 1,
            false => killed += 1,
        }
        let now = std::fs::read(place.path("../out.zip")).unwrap();
        if now != old {
            place.sh("unzip", &["-tqq", "../out.zip"]);
            place.write("../out.zip", &old);
        }
        // The same for the bundle with a label and its index: a run after it is never misled.
        let mut command = place.beansprout(["package", "--quiet"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 5));
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(killed > 0, "{done} runs were too fast to be killed");
    place.run(["package", "--verify-cache"]).ok();
    place.run(["package", "-o", "../out.zip"]).ok();
    // What the killed runs left was swept.
    let left = |dir: &str| {
        let names = std::fs::read_dir(place.path(dir)).unwrap().flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".part")).count()
    };
    assert_eq!((left(".."), left(".beansprout/bundles")), (0, 0));
}
