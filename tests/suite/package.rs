//! `package`: what ships, what it is called, and what stops it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::harness::{Place, Run, missing};

/// A small project with every kind of entry.
pub(crate) fn site() -> Place {
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
    if !missing("bsdtar", "libarchive-tools") {
        std::fs::create_dir(place.path("../taken")).unwrap();
        place.sh("bsdtar", &["-xf", &path, "-C", "../taken"]);
        for name in ["static/long name é.txt", "bin/tool", "static/empty"] {
            let (taken, ours) = (place.path("../taken").join(name), place.path(name));
            assert!(std::fs::read(&taken).unwrap() == std::fs::read(&ours).unwrap(), "{name}");
            let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o100;
            assert_eq!(mode(&taken), mode(&ours), "{name}");
        }
        assert_eq!(std::fs::read_link(place.path("../taken/run.py")).unwrap(), PathBuf::from("manage.py"));
    }
}

#[test]
fn neither_digest_nor_bytes_depend_on_the_day_this_was_written() {
    let place = site();
    let (digest, path) = package(&place);
    // A change here gives every bundle of every user another name: it needs a new format line.
    assert_eq!(digest, "1dcdf48fe65842ffd29d0ca80c47109a71158d4c8a30590cb26df21510c05a1a");
    // A change here is another compressor or another layout: bundles are rewritten, under the same names.
    let sum = std::fs::read(path).map(|bytes| crc32fast::hash(&bytes)).unwrap();
    assert_eq!(sum, 3_268_799_898);
}

#[test]
fn all_problems_are_told_at_once() {
    let place = Place::new()
        .file("app.py", "")
        .file("README", "")
        .file("readme", "")
        .file("cafe\u{301}", "")
        .file("caf\u{e9}", "")
        .file(".env.production", "SECRET=1\n")
        .file("new\nline", "");
    std::os::unix::fs::symlink("/etc/passwd", place.path("users")).unwrap();
    place.sh("mkfifo", &["pipe"]);
    let run = place.run(["package"]).exit(3);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: 6 files cannot be in a bundle
      `.env.production` is an environment file, which usually holds secrets
      `café` differs from `cafe\u{301}` only in how its accents are written
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
fn an_environment_file_without_a_secret_ships_with_a_warning() {
    let place = site().file(".env", "COMPOSE_PROJECT_NAME=shop\nDEBUG=1\n").file("ci.env", "DEBUG=1\n");
    let run = place.run(["package"]).exit(0);
    assert!(run.stderr.contains("`.env` is a file of settings") && !run.stderr.contains("ci.env"), "{run}");
    let checked = place.run(["check", "--json"]).document("check/1").to_string();
    assert!(checked.contains("EB181") && !checked.contains("EB180") && !checked.contains("ci.env"), "{checked}");
    place.write(".env", "COMPOSE_PROJECT_NAME=shop\nDB_PASSWORD=ant\n");
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("`.env` is an environment file"), "{run}");
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

/// The usual shape of HTTPS on a single instance; and what probably is a secret is a warning, which breaks no build.
#[test]
fn secrets_are_found_in_any_dress() {
    let header = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
    let body = "MIIEpAIBAAKCAQEA1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
    let config = format!("files:\n  /etc/pki/tls/certs/server.key:\n    content: |\n      {header}\n      {body}\n");
    let token = "Q7xk2VbN9mLp4RtZc8WdJ5hGs3YfA6uE";
    let place = Place::new()
        .file("Procfile", "web: gunicorn\n")
        .file(".ebextensions/k.config", config)
        .file("deploy/.netrc", "machine a login b password c\n")
        .file("settings.py", format!("SECRET_KEY = '{token}{token}'\n"))
        .file(".env.example", "SECRET_KEY=\n");
    // Names first: what they give away needs no reading.
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("`deploy/.netrc` is a file of credentials"), "{run}");
    let run = place.run(["package", "--allow", ".netrc"]).exit(3);
    assert!(run.stderr.contains("`.ebextensions/k.config` holds a private key"), "{run}");
    assert!(!run.stderr.contains("settings.py") && !run.stderr.contains(".env.example"), "{run}");
    let allowed = ["package", "--allow", "*.config", "--allow", ".netrc", "--json"];
    let told = place.run(allowed).ok().document("package/1");
    assert_eq!(told["notes"], serde_json::json!([{ "possible-secret": { "path": "settings.py" } }]));
    // The cache knows it, too.
    let run = place.run(&allowed[..5]).ok();
    assert!(run.stderr.contains("`settings.py` gives a value to something that is called a secret"), "{run}");
}

#[test]
fn a_secret_behind_noise_is_found_in_a_large_file_too() {
    let mut content: Vec<u8> =
        (0..2_000_000_u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8).collect();
    content.extend(b"some text\n".repeat(300_000));
    content.extend(format!("aws_access_key_id = AKIA{}\n", "Q3EGVZ5RKT7WNJ2X").bytes());
    let place = Place::new().file("app.py", "").file("backup.bin", content);
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("`backup.bin` holds an AWS access key"), "{run}");
    place.run(["package", "--allow", "backup.bin"]).ok();
}

/// `beansprout package --json > result.json` changes `result.json` while it is read.
#[test]
fn what_the_command_writes_to_stays_out() {
    let place = Place::new().file("app.py", "print()\n");
    let without = place.run(["package", "--json"]).ok().document("package/1");
    place.write("logs/result.json", "");
    let mut command = place.beansprout(["package", "--json"]);
    let result = std::fs::File::create(place.path("logs/result.json")).unwrap();
    let run = place.ended(command.stdout(result).stderr(Stdio::piped()).spawn().unwrap()).ok();
    assert!(run.stderr.contains("`logs/result.json` stays out: this command writes to it"), "{run}");
    let told: serde_json::Value = serde_json::from_str(&place.read("logs/result.json")).unwrap();
    assert_eq!(told["digest"], without["digest"]);
    let left_out = told["left_out"].as_array().unwrap();
    assert!(left_out.iter().any(|left_out| left_out["path"] == "logs/result.json" && left_out["reason"] == "output"));
}

#[test]
fn nothing_to_ship_is_an_error() {
    let place = Place::new().file(".gitignore", "*\n");
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("nothing is left to put in a bundle"), "{run}");
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
    let place = place.file("cafe\u{301}.html", "");
    std::os::unix::fs::symlink("nowhere", place.path("lost")).unwrap();
    let run = place.run(["package"]).ok();
    for word in [
        "`start.sh` has Windows line endings",
        "`big.bin` is a git LFS pointer",
        "`lost` is a link to something",
        "`cafe\u{301}.html` has letters and accents apart",
    ] {
        assert!(run.stderr.contains(word), "{run}");
    }
    let warnings = |run: &Run| -> Vec<String> {
        run.stderr.lines().filter(|line| line.starts_with("warning: ")).map(str::to_owned).collect()
    };
    let dry = place.run(["package", "--dry-run"]).ok();
    assert_eq!(warnings(&dry), warnings(&run));
    let notes = |arguments: &[&str]| place.run(arguments).ok().document("package/1")["notes"].clone();
    assert_eq!(notes(&["package", "--dry-run", "--json"]), notes(&["package", "--json"]));
}

const LFS: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";

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
        .file("env/lib/y", "")
        .file("old/bin/activate_this.py", "")
        .file("old/lib/z", "");
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
    case("old/lib/z", "`old/lib/z` stays out: a virtual environment never ships, which matches `old/`");
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
    let place = Place::new().file("a.py", "").git();
    // What is committed would ship, whatever anybody ignores.
    place.write("a.swp", "");
    std::fs::write(place.path("../my-excludes"), "*.swp\n").unwrap();
    let excludes = place.path("../my-excludes").display().to_string();
    // A repository is no user.
    place.sh("git", &["config", "core.excludesFile", &excludes]);
    assert_eq!(place.run(["package", "--list", "--global-excludes"]).ok().stdout, "a.py\na.swp\n");
    place.sh("git", &["config", "--global", "core.excludesFile", &excludes]);
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

/// A line that is passed over in silence would let ship what it leaves out.
#[test]
fn a_rule_that_cannot_be_obeyed_is_told_with_its_line() {
    let place = Place::new().file("Procfile", "web: gunicorn app\n").file("a.log", "x").file("b/c.log", "x");
    place.write("b/.gitignore", format!("x\n{}\n*.log\n", "?".repeat(400_000)));
    let place = place.git();
    let run = place.run(["package"]).exit(3);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: `b/.gitignore` has a pattern in line 2 that is too long to be obeyed
    hint: say it in a shorter pattern, or in several
    ----- exit 3 -----
    ");
    place.run(["check"]).exit(1);
    // `[bundle] exclude` and `.ebignore` of a commit as well.
    place.write("b/.gitignore", "");
    place.write("beansprout.toml", format!("[bundle]\nexclude = ['{}']\n", "?".repeat(400_000)));
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("`[bundle] exclude` has a pattern in line 1"), "{run}");
    let run = place.run(["package", "--source", "index"]).exit(3);
    assert!(run.stderr.contains("`[bundle] exclude` has a pattern in line 1"), "{run}");
    // It holds for folders that are mapped in as well, and is told once.
    let include = "include = { lib = 'one', own = 'two' }";
    place.write("beansprout.toml", format!("[bundle]\n{include}\nexclude = ['{}']\n", "?".repeat(400_000)));
    place.write("one/a.py", "");
    place.write("two/a.py", "");
    let run = place.run(["package"]).exit(3);
    assert_eq!(run.stderr.matches("has a pattern in line 1").count(), 1, "{run}");
}
