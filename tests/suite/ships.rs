//! One answer to what ships: every verb sees the files that the bundle holds, in the state in which it holds them.

use std::fs::File;
use std::process::Stdio;

use crate::harness::Place;

const SOURCES: [&str; 3] = ["worktree", "index", "HEAD"];

/// A file that says `container_commands` twice over wrong: EB202.
const BROKEN: &str = "container_command: {}\n";
const SOUND: &str = "container_commands:\n  01_x:\n    command: \"true\"\n";

/// A project of `settings` in `shop/`, with a folder beside it, all of it committed.
fn shop(settings: &str) -> Place {
    Place::new()
        .file("shop/beansprout.toml", format!("[project]\nname = \"shop\"\n{settings}"))
        .file("shop/Procfile", "web: gunicorn shop.wsgi\n")
}

fn rules(place: &Place, arguments: &[&str]) -> Vec<String> {
    let run = place.run([&["-C", "shop", "check", "--json"], arguments].concat());
    let findings = run.json()["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn check_and_explain_see_what_is_mapped_in() {
    for source in SOURCES {
        let place =
            shop("[bundle]\n[bundle.include]\n\".ebextensions\" = \"../eb\"\n").file("eb/a.config", BROKEN).git();
        let list = place.run(["-C", "shop", "package", "--list", "--source", source]).ok();
        assert!(list.stdout.contains(".ebextensions/a.config"), "{list}");
        assert!(rules(&place, &["--source", source]).contains(&"EB202".to_owned()), "{source}");
        place.write("eb/a.config", SOUND);
        place.sh("git", &["commit", "-qam", "mended"]);
        assert!(!rules(&place, &["--source", source]).contains(&"EB202".to_owned()), "{source}");
        let explained = place.run(["-C", "shop", "explain", "--source", source]).ok();
        assert!(explained.stdout.contains("01_x"), "{explained}");
    }
}

#[test]
fn a_fix_of_a_file_that_is_mapped_in_goes_to_where_it_is() {
    let place = shop("[bundle]\n[bundle.include]\n\".ebextensions\" = \"../eb\"\n")
        .file("eb/a.config", "files:\n  /opt/x.sh:\n    mode: 000644\n    content: x\n")
        .git();
    let before = place.read("eb/a.config");
    place.run(["-C", "shop", "check", "--fix"]);
    assert_ne!(place.read("eb/a.config"), before);
    assert!(!place.exists("shop/.ebextensions"));
}

#[test]
fn check_sees_the_state_that_ships() {
    for source in SOURCES {
        let place =
            shop(&format!("[bundle]\nsource = \"{source}\"\n")).file("shop/.ebextensions/a.config", BROKEN).git();
        place.write("shop/.ebextensions/a.config", SOUND);
        let found = rules(&place, &[]).contains(&"EB202".to_owned());
        assert_eq!(found, source != "worktree", "{source}");
        // And without any file of the work tree.
        place.sh("rm", &["-r", "shop/.ebextensions"]);
        let found = rules(&place, &["--source", source]).contains(&"EB202".to_owned());
        assert_eq!(found, source != "worktree", "{source}");
        if source != "worktree" {
            let run = place.run(["-C", "shop", "check", "--fix"]).exit(2);
            assert!(run.stderr.contains("`--source worktree`"), "{run}");
        }
    }
}

#[test]
fn what_a_run_writes_itself_is_no_change() {
    for source in SOURCES {
        let place = shop("").git();
        let mut package = place.beansprout(["-C", "shop", "package", "--source", source, "--require-clean", "--json"]);
        package.stdout(File::create(place.path("shop/out.json")).unwrap());
        place.ended(package.stderr(Stdio::piped()).spawn().unwrap()).ok();
        let answer: serde_json::Value = serde_json::from_str(&place.read("shop/out.json")).unwrap();
        assert_eq!(answer["checkout"]["changes"], 0, "{source}");
    }
}

#[test]
fn the_description_of_a_version_says_changed_only_of_what_shipped_changed() {
    let described = |place: &Place| {
        let mut publish = place.beansprout(["-C", "shop", "publish", "--sandbox", "--json"]);
        publish.stdout(File::create(place.path("shop/out.json")).unwrap());
        place.ended(publish.stderr(Stdio::piped()).spawn().unwrap()).ok();
        std::fs::remove_file(place.path("shop/out.json")).unwrap();
        let versions = place.run(["-C", "shop", "versions", "--sandbox", "--json"]).ok().json();
        versions["versions"][0]["description"].as_str().unwrap().to_owned()
    };
    for (source, changed) in [("worktree", ", changed)"), ("index", ", index)"), ("HEAD", ")")] {
        let place = shop(&format!("[bundle]\nsource = \"{source}\"\n")).git();
        let commit = place.sh("git", &["rev-parse", "HEAD"])[..12].to_owned();
        assert_eq!(described(&place), format!("first ({commit})"), "{source}");
        place.write("shop/Procfile", "web: gunicorn other.wsgi\n");
        place.write(
            "shop/beansprout.toml",
            place.read("shop/beansprout.toml") + "\n[release]\napplication = \"other\"\n",
        );
        assert_eq!(described(&place), format!("first ({commit}{changed}"), "{source}");
    }
}

#[test]
fn a_drawn_timeline_is_a_file_like_any_other() {
    use std::os::unix::fs::MetadataExt;

    let place = shop("");
    let mode = |path: &str| place.path(path).metadata().unwrap().mode() & 0o7777;
    place.run(["-C", "shop", "explain", "--html", "x.html"]).ok();
    assert_eq!(mode("shop/x.html"), mode("shop/Procfile"));
}

#[test]
fn where_there_is_no_project_it_is_said() {
    let place = Place::new().file("notes/todo.txt", "x").file("backend/manage.py", "");
    for verb in [&["check"][..], &["up"]] {
        let run = place.run(verb).exit(3);
        assert!(run.stderr.contains("holds no project"), "{run}");
        assert!(run.stderr.contains("hint: there is one in `backend`: `-C backend` looks there"), "{run}");
    }
    for verb in [&["explain"][..], &["package"]] {
        let run = place.run(verb).ok();
        assert!(run.stderr.contains("warning: `[DIR]` holds no project"), "{run}");
    }
    place.write("Procfile", "web: gunicorn shop.wsgi\n");
    assert!(!place.run(["check"]).stderr.contains("holds no project"));
    // Nothing at all.
    let empty = Place::new();
    assert!(empty.run(["check"]).exit(3).stderr.contains("`beansprout new DIR`"));
}

/// Paths of outputs: where each is in the bundle, and whether it ships from a work tree.
const OUTPUTS: [(&str, &str, bool); 17] = [
    ("shop/site.zip", "site.zip", true),
    ("shop/a.json", "a.json", false),
    ("shop/kept.json", "kept.json", true),
    ("shop/wanted.json", "wanted.json", true),
    ("shop/a.txt", "a.txt", false),
    ("shop/a.out", "a.out", false),
    ("shop/sub/a.json", "sub/a.json", true),
    ("shop/sub/a.out", "sub/a.out", false),
    ("shop/sub/deep/a.json", "sub/deep/a.json", true),
    ("shop/new/a.json", "new/a.json", false),
    ("shop/new/deep/site.zip", "new/deep/site.zip", true),
    ("shop/dist/site.zip", "dist/site.zip", false),
    ("shop/environments/a.toml", "environments/a.toml", false),
    ("shop/tracked.json", "tracked.json", true),
    ("libs/a.json", "libs/a.json", false),
    ("libs/site.zip", "libs/site.zip", true),
    ("elsewhere/site.zip", "../elsewhere/site.zip", false),
];

#[test]
fn an_output_is_refused_where_it_would_ship_and_nowhere_else() {
    for source in SOURCES {
        let place = shop("[bundle]\nexclude = [\"*.out\"]\n[bundle.include]\nlibs = \"../libs\"\n")
            .file("shop/.gitignore", "*.json\n!kept.json\n/dist/\n.beansprout/\n")
            .file("shop/.ebignore", "*.txt\n!wanted.json\n")
            .file("shop/sub/.gitignore", "!*.json\n")
            .file("libs/.gitignore", "*.json\n")
            .file("shop/tracked.json", "{}")
            .git();
        place.sh("git", &["add", "-f", "shop/tracked.json"]);
        place.sh("git", &["commit", "-qm", "tracked"]);
        place.sh("rm", &["shop/tracked.json"]);
        for (path, in_bundle, from_worktree) in OUTPUTS {
            let ships = if source == "worktree" { from_worktree } else { path == "shop/tracked.json" };
            let run = place.run(["-C", "shop", "package", "--source", source, "-o", &format!("../{path}")]);
            assert_eq!(run.exit == 2, ships, "{source}, {path}\n{run}");
            // What is there in the end gives the same answer.
            let was_there = place.exists(path);
            place.write(path, "there");
            let list = place.run(["-C", "shop", "package", "--list", "--source", source]).ok();
            assert_eq!(list.stdout.lines().any(|line| line.ends_with(in_bundle)), ships, "{source}, {path}\n{list}");
            assert!(!(was_there && ships), "{source}, {path}");
            place.sh("rm", &[path]);
            for new in ["shop/new/deep", "shop/new", "shop/sub/deep", "shop/dist", "shop/environments", "elsewhere"] {
                let _ = std::fs::remove_dir(place.path(new));
            }
        }
    }
}
