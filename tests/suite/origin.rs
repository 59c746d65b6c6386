//! Where stacks come from: git at a revision, and archives with their SHA-256.

use crate::harness::Place;

/// A small stack in the repository `stacks`, with the tag `v1` and a newer commit.
fn place() -> Place {
    let place = Place::new()
        .file("stacks/stack.toml", "[stack]\nname = \"small\"\ntitle = \"A small stack\"\n")
        .file(
            "stacks/files/beansprout.toml",
            "[project]\nstack = {{ stack_spec | json_encode }}\n[project.answers]\n{{ answers }}",
        )
        .file("stacks/files/a.txt", "one\n")
        .file("stacks/README.md", "What is beside the stack does not count.\n");
    let git = |arguments: &[&str]| place.sh("git", &[&["-C", "stacks"][..], arguments].concat());
    git(&["init", "-q", "-b", "main"]);
    git(&["config", "user.name", "Test"]);
    git(&["config", "user.email", "test@example.invalid"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "one"]);
    git(&["tag", "-a", "v1", "-m", "v1"]);
    place.write("stacks/files/a.txt", "two\n");
    git(&["commit", "-q", "-a", "-m", "two"]);
    place
}

fn commit(place: &Place, revision: &str) -> String {
    place.sh("git", &["-C", "stacks", "rev-parse", &format!("{revision}^{{commit}}")]).trim().to_owned()
}

#[test]
fn a_branch_a_tag_and_a_commit_become_one_commit() {
    let place = place();
    let url = format!("file://{}", place.path("stacks").display());
    let (v1, main) = (commit(&place, "v1"), commit(&place, "main"));
    place.sh("git", &["clone", "-q", "--bare", "stacks", "bare.git"]);
    let short = format!("{url}@{}", &v1[..9]);
    let cases = [
        (url.clone(), &main, "two\n"),
        (format!("{url}@v1"), &v1, "one\n"),
        (format!("{url}@main"), &main, "two\n"),
        (format!("{url}@{v1}"), &v1, "one\n"),
        (short, &v1, "one\n"),
        ("./stacks@v1".to_owned(), &v1, "one\n"),
        ("./bare.git@v1".to_owned(), &v1, "one\n"),
        ("git+./bare.git".to_owned(), &main, "two\n"),
    ];
    for (number, (spec, commit, text)) in cases.iter().enumerate() {
        let site = format!("site{number}");
        place.run(["new", &site, "--stack", spec]).ok();
        assert_eq!(place.read(&format!("{site}/a.txt")), **text, "{spec}");
        let remembered = place.read(&format!("{site}/beansprout.toml"));
        assert!(remembered.contains("stack = \"git+"), "{remembered}");
        assert!(remembered.contains(&format!("@{commit}\"")), "{spec}: {remembered}");
        assert!(!place.exists(&format!("{site}/README.md")));
        assert!(place.run(["-C", &site, "update"]).ok().stderr.contains("up to date"), "{spec}");
    }
    // The folder itself is as it lies there, not as git has it.
    place.write("stacks/files/a.txt", "not committed\n");
    place.run(["new", "folder", "--stack", "./stacks"]).ok();
    assert_eq!(place.read("folder/a.txt"), "not committed\n");
}

#[test]
fn a_project_moves_to_a_newer_revision_when_it_is_told_to() {
    let place = place();
    place.run(["new", "site", "--stack", "./stacks@v1"]).ok();
    let stay = place.run(["-C", "site", "update"]).ok();
    assert!(stay.stderr.contains("up to date"), "{stay}");
    insta::assert_snapshot!(place.run(["-C", "site", "update", "--to", "main"]).ok(), @r"
    a.txt update
    beansprout.toml update
    ");
    assert_eq!(place.read("site/a.txt"), "two\n");
    assert!(place.read("site/beansprout.toml").contains(&commit(&place, "main")));
    // And back again.
    place.run(["-C", "site", "update", "--to", "v1"]).ok();
    assert_eq!(place.read("site/a.txt"), "one\n");

    let wrong = place.run(["-C", "site", "update", "--to", "v9"]).exit(2);
    assert!(wrong.stderr.contains("has no revision `v9`") && wrong.stderr.contains("git ls-remote"), "{wrong}");
    place.run(["new", "other", "--defaults"]).ok();
    let wrong = place.run(["-C", "other", "update", "--to", "v1"]).exit(2);
    assert!(wrong.stderr.contains("stack `python` is not from git"), "{wrong}");
}

#[test]
fn nothing_of_a_foreign_repository_runs() {
    let place = place();
    let evil = "#!/bin/sh\ntouch \"$HOME/ran\"\ncat\n";
    for hook in ["post-checkout", "pre-push", "post-upload-pack", "reference-transaction", "post-index-change"] {
        place.write(&format!("stacks/.git/hooks/{hook}"), evil);
    }
    place.write("evil.sh", evil);
    place.sh("sh", &["-c", "chmod +x stacks/.git/hooks/* evil.sh"]);
    let filter = place.path("evil.sh").display().to_string();
    place.sh("git", &["-C", "stacks", "config", "filter.evil.smudge", &filter]);
    place.sh("git", &["-C", "stacks", "config", "uploadpack.packObjectsHook", &filter]);
    place.write("stacks/.gitattributes", "*.txt filter=evil\n");
    place.sh("git", &["-C", "stacks", "add", ".gitattributes"]);
    place.sh("git", &["-C", "stacks", "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "evil"]);
    // And nothing of what this person set up for repositories of their own.
    let template = place.path("template/hooks/reference-transaction");
    place.write("template/hooks/reference-transaction", evil);
    place.sh("chmod", &["+x", template.to_str().unwrap()]);
    let home = place.dir().parent().unwrap().join("home");
    let settings = format!(
        "[init]\ntemplateDir = {}\n[core]\nhooksPath = {}\n[safe]\nbareRepository = explicit\n",
        place.path("template").display(),
        template.parent().unwrap().display()
    );
    std::fs::write(home.join(".gitconfig"), settings).unwrap();
    let _ = std::fs::remove_file(home.join("ran"));
    place.run(["new", "site", "--stack", "./stacks@main"]).ok();
    assert_eq!(place.read("site/a.txt"), "two\n");
    assert!(!home.join("ran").exists());
}

#[cfg(unix)]
#[test]
fn links_and_submodules_have_no_place_in_a_stack() {
    let place = place();
    let git = |arguments: &[&str]| place.sh("git", &[&["-C", "stacks"][..], arguments].concat());
    std::os::unix::fs::symlink("/etc/passwd", place.path("stacks/files/passwd")).unwrap();
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "link"]);
    let link = place.run(["new", "site", "--stack", "./stacks@main"]).exit(3);
    assert!(link.stderr.contains("`files/passwd` is a link"), "{link}");
    git(&["rm", "-q", "files/passwd"]);
    let here = commit(&place, "main");
    git(&["update-index", "--add", "--cacheinfo", &format!("160000,{here},files/module")]);
    git(&["commit", "-q", "-m", "module"]);
    let module = place.run(["new", "site", "--stack", "./stacks@main"]).exit(3);
    assert!(module.stderr.contains("`files/module` is a submodule"), "{module}");
    assert!(!place.exists("site"));
}

#[test]
fn what_cannot_be_fetched_is_told() {
    let place = place();
    #[track_caller]
    fn case(place: &Place, spec: &str, exit: i32, said: &str) {
        let run = place.run(["new", "site", "--stack", spec]).exit(exit);
        assert!(run.stderr.contains(said), "{spec}\n{run}");
        assert!(!place.exists("site"));
    }
    case(&place, "./stacks@v9", 2, "has no revision `v9`");
    case(&place, "./stacks@", 2, "`` is not a revision");
    case(&place, "git+./none", 3, "does not appear to be a git repository");
    case(&place, "https://127.0.0.1:1/a.git", 3, "git cannot fetch `https://127.0.0.1:1/a.git`");
    case(&place, "https://me:secret@127.0.0.1/a.git", 2, "holds a password");
    case(&place, "ext::sh -c true.git", 2, "is not a URL to fetch a stack from");
    case(&place, "./stacks@main#subdirectory=none", 3, "is not a stack");
    case(&place, "https://example.com/a.tar.gz", 2, "archives are read from files only");
    let mut command = place.beansprout(["new", "site", "--stack", "./stacks@main"]);
    let without_git = place.finish({
        command.env("PATH", place.path("empty"));
        command
    });
    assert!(without_git.stderr.contains("failed to run `git init"), "{without_git}");
    assert!(without_git.stderr.contains("hint: install git"), "{without_git}");
}

#[test]
fn an_archive_is_held_to_its_digest() {
    let place = place();
    place.sh("git", &["-C", "stacks", "archive", "-o", "../small-1.tar.gz", "--prefix=small-1/", "v1"]);
    place.sh("git", &["-C", "stacks", "archive", "-o", "../small-2.zip", "main"]);
    let digest = |file: &str| place.sh("sha256sum", &[file])[..64].to_owned();
    let (one, two) = (digest("small-1.tar.gz"), digest("small-2.zip"));

    let unpinned = place.run(["new", "site", "--stack", "small-1.tar.gz"]).exit(2);
    assert!(unpinned.stderr.contains(&format!("small-1.tar.gz#sha256={one}`")), "{unpinned}");
    let other = place.run(["new", "site", "--stack", &format!("small-1.tar.gz#sha256={two}")]).exit(3);
    assert!(other.stderr.contains("is not the archive that was meant"), "{other}");
    assert!(!place.exists("site"));

    place.run(["new", "site", "--stack", &format!("small-1.tar.gz#sha256={one}")]).ok();
    assert_eq!(place.read("site/a.txt"), "one\n");
    assert!(place.run(["-C", "site", "update"]).ok().stderr.contains("up to date"));
    place.run(["-C", "site", "update", "--stack", &format!("../small-2.zip#sha256={two}")]).ok();
    assert_eq!(place.read("site/a.txt"), "two\n");
    let remembered = place.read("site/beansprout.toml");
    assert!(remembered.contains(&format!("{}#sha256={two}", place.path("small-2.zip").display())), "{remembered}");
    // The file may be gone by then: that is said, and nothing changes.
    std::fs::remove_file(place.path("small-2.zip")).unwrap();
    let gone = place.run(["-C", "site", "update"]).exit(3);
    assert!(gone.stderr.contains("failed to read `[DIR]/small-2.zip`"), "{gone}");
}

#[test]
fn a_hostile_archive_is_refused() {
    let place = Place::new();
    // Python writes what no honest tool would.
    let code = "import sys, zipfile\n\
        with zipfile.ZipFile('evil.zip', 'w') as archive:\n    \
        archive.writestr('stack.toml', '[stack]\\nname = \"x\"\\ntitle = \"\"\\n')\n    \
        if sys.argv[1] == 'link':\n        \
        info = zipfile.ZipInfo('files/a'); info.external_attr = 0o120777 << 16; info.create_system = 3\n        \
        archive.writestr(info, '/etc/passwd')\n    \
        else:\n        \
        archive.writestr(sys.argv[1], 'x')\n";
    #[track_caller]
    fn case(place: &Place, code: &str, name: &str, said: &str) {
        place.sh("python3", &["-c", code, name]);
        let digest = &place.sh("sha256sum", &["evil.zip"])[..64];
        let run = place.run(["new", "site", "--stack", &format!("evil.zip#sha256={digest}")]).exit(3);
        assert!(run.stderr.contains(said), "{name}\n{run}");
        assert!(!place.exists("site"));
    }
    case(&place, code, "link", "`files/a` is a link");
    case(&place, code, "../out", "`../out` cannot be written");
    case(&place, code, "/out", "cannot be written");
    case(&place, code, "files/{{ '../../out' }}", "cannot be written");
    case(&place, code, "files/.git/hooks/x", "git runs what lies there");
}
