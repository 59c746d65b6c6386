//! `update`: the stack goes on, the project goes on, and nothing is lost.

use insta::assert_snapshot;

use crate::harness::Place;
use crate::terminal::Terminal;

/// A stack of one's own in `stack/`, and a project `site` that grew from it.
fn place() -> Place {
    let place = Place::new()
        .file(
            "stack/stack.toml",
            "[stack]\nname = \"small\"\ntitle = \"A small stack\"\n\n[[question]]\nkey = \"title\"\nask = \"Title?\"\n\
             type = \"text\"\ndefault = \"Hello\"\n",
        )
        .file(
            "stack/files/beansprout.toml",
            "[project]\nstack = {{ stack_spec | json_encode }}\n[project.answers]\n{{ answers }}",
        )
        .file("stack/files/a.txt", "one\ntwo\nthree\nfour\nfive\n")
        .file("stack/files/b.txt", "b\n")
        .file("stack/files/c.txt", "{{ title }}\n")
        .file("stack/files/old.txt", "old\n");
    place.run(["new", "site", "--stack", "./stack", "--defaults"]).ok();
    place
}

#[test]
fn an_untouched_project_has_nothing_to_update() {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    let run = place.run(["-C", "shop", "update"]).ok();
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("up to date"), "{run}");
}

#[test]
fn what_only_one_side_changed_is_that_sides() {
    let place = place();
    place.write("stack/files/a.txt", "one\ntwo\nthree\nfour\nFIVE\n");
    place.write("stack/files/new.txt", "new\n");
    std::fs::remove_file(place.path("stack/files/old.txt")).unwrap();
    place.write("site/a.txt", "ONE\ntwo\nthree\nfour\nfive\n");
    place.write("site/b.txt", "mine\n");
    std::fs::remove_file(place.path("site/c.txt")).unwrap();

    let before = place.sh("sh", &["-c", "cd site && find . -type f | sort | xargs sha256sum"]);
    let dry = place.run(["-C", "site", "update", "--dry-run", "--diff"]).ok();
    assert_eq!(place.sh("sh", &["-c", "cd site && find . -type f | sort | xargs sha256sum"]), before);
    assert!(dry.stdout.contains("-five\n+FIVE\n"), "{dry}");

    assert_snapshot!(place.run(["-C", "site", "update"]).ok(), @r"
    a.txt merge
    new.txt create
    old.txt remove
    ");
    assert_eq!(place.read("site/a.txt"), "ONE\ntwo\nthree\nfour\nFIVE\n");
    assert_eq!(place.read("site/b.txt"), "mine\n");
    assert_eq!(place.read("site/new.txt"), "new\n");
    assert!(!place.exists("site/old.txt") && !place.exists("site/c.txt"));

    // And it is done: the deleted file stays deleted, which is worth a word only when there is something to miss.
    assert_eq!(place.run(["-C", "site", "update"]).ok().stdout, "");
    place.write("stack/files/c.txt", "{{ title }}!\n");
    assert_snapshot!(place.run(["-C", "site", "update"]).ok().stdout, @"c.txt stays deleted");
    assert!(!place.exists("site/c.txt"));
}

#[test]
fn the_same_lines_changed_twice_are_a_conflict() {
    let place = place();
    place.write("stack/files/b.txt", "theirs\n");
    place.write("site/b.txt", "mine\n");
    let document = place.run(["-C", "site", "--json", "update", "--dry-run"]).exit(1).document("update/1");
    assert_eq!(document["conflicts"], 1);
    assert_eq!(place.read("site/b.txt"), "mine\n");
    let run = place.run(["-C", "site", "update"]).exit(1);
    assert!(run.stderr.contains("1 file has conflict markers"), "{run}");
    assert_snapshot!(place.read("site/b.txt"), @r"
    <<<<<<< yours
    mine
    ||||||| before
    b
    =======
    theirs
    >>>>>>> the stack's
    ");
}

#[test]
fn what_does_not_fit_can_be_laid_beside() {
    let place = place();
    place.write("stack/files/a.txt", "uno\ntwo\nthree\nfour\ncinque\n");
    place.write("site/a.txt", "ONE\ntwo\nthree\nfour\nfive\n");
    let document = place.run(["-C", "site", "--json", "update", "--dry-run", "--conflict", "rej"]).exit(1);
    let document = document.document("update/1");
    assert_eq!(document["files"][0]["rejected"], "a.txt.rej");
    assert!(!place.exists("site/a.txt.rej"));
    assert_snapshot!(place.run(["-C", "site", "update", "--conflict", "rej"]).exit(1), @r"
    a.txt conflict
    a.txt.rej create
    ----- stderr -----
    warning: `a.txt` has a conflict: `patch a.txt a.txt.rej` takes the stack's lines for yours, deleting `a.txt.rej` keeps yours
    ----- exit 1 -----
    ");
    // What fits is there, and the rest is a diff on top of that.
    assert_eq!(place.read("site/a.txt"), "ONE\ntwo\nthree\nfour\ncinque\n");
    assert!(place.read("site/a.txt.rej").contains("-ONE\n+uno\n"));
    place.sh("patch", &["site/a.txt", "site/a.txt.rej"]);
    assert_eq!(place.read("site/a.txt"), "uno\ntwo\nthree\nfour\ncinque\n");
}

/// Bytes have no lines to mark: yours stays, and the stack's lies beside it until you have decided.
#[test]
fn a_file_that_is_no_text_is_laid_beside() {
    let place = place();
    place.write("stack/files/b.bin", b"\xff1");
    place.write("stack/stack.toml", place.read("stack/stack.toml") + "\n[[rule]]\npath = \"b.bin\"\nverbatim = true\n");
    place.run(["-C", "site", "update"]).ok();
    place.write("stack/files/b.bin", b"\xff2");
    place.write("site/b.bin", b"\xff3");
    let content = |path: &str| std::fs::read(place.path(path)).unwrap();
    for way in ["markers", "rej"] {
        let run = place.run(["-C", "site", "update", "--conflict", way, "--dry-run"]).exit(1);
        assert!(run.stderr.contains("the stack's would be `b.bin.new`"), "{run}");
        assert!(!place.exists("site/b.bin.new"));
    }
    assert_snapshot!(place.run(["-C", "site", "update"]).exit(1), @r"
    b.bin conflict
    b.bin.new create
    ----- stderr -----
    warning: `b.bin` was changed on both sides and is not text; yours stays, and the stack's is `b.bin.new`: move it over yours, or delete it
    ----- exit 1 -----
    ");
    assert_eq!((content("site/b.bin"), content("site/b.bin.new")), (b"\xff3".to_vec(), b"\xff2".to_vec()));
    let run = place.run(["-C", "site", "update"]).exit(1);
    assert!(run.stderr.contains("1 file was not finished since the last update\nhint: `b.bin.new`"), "{run}");
    std::fs::rename(place.path("site/b.bin.new"), place.path("site/b.bin")).unwrap();
    place.run(["-C", "site", "update"]).ok();
    assert_eq!(content("site/b.bin"), b"\xff2");
}

/// Here it became no text, and the stack's version, which is one, was laid beside it: that is to be done whatever the stack's is.
#[test]
fn what_lies_beside_bytes_of_ours_is_not_forgotten() {
    let place = place();
    place.write("site/a.txt", b"\xff mine");
    place.write("stack/files/a.txt", "newer\n");
    place.run(["-C", "site", "update", "--yes"]).exit(1);
    assert_eq!(place.read("site/a.txt.new"), "newer\n");
    let run = place.run(["-C", "site", "update", "--yes"]).exit(1);
    assert!(run.stderr.contains("1 file was not finished since the last update\nhint: `a.txt.new`"), "{run}");
    std::fs::remove_file(place.path("site/a.txt.new")).unwrap();
    place.run(["-C", "site", "update", "--yes"]).ok();
}

/// While git merges, a file is neither side's: only git knows all three.
#[test]
fn a_merge_of_git_is_finished_first() {
    let place = place();
    let git = |arguments: &[&str]| place.sh("git", &[&["-C", "site"], arguments].concat());
    git(&["init", "-q"]);
    git(&["config", "user.name", "Test"]);
    git(&["config", "user.email", "test@example.invalid"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    git(&["checkout", "-q", "-b", "other"]);
    place.write("site/a.txt", "theirs\n");
    git(&["commit", "-qam", "theirs"]);
    git(&["checkout", "-q", "-"]);
    place.write("site/a.txt", "ours\n");
    git(&["commit", "-qam", "ours"]);
    let mut merge = place.command("git");
    assert!(!merge.args(["-C", "site", "merge", "-q", "other"]).output().unwrap().status.success());
    // Whatever lies there by now, git still has the sides.
    place.write("site/a.txt", "ours and theirs\n");
    place.write("stack/files/b.txt", "newer\n");
    let run = place.run(["-C", "site", "update"]).exit(1);
    assert!(run.stderr.contains("git has not finished to merge `a.txt`\nhint: `git add`"), "{run}");
    assert_eq!(place.read("site/b.txt"), "b\n");
    git(&["add", "a.txt"]);
    place.run(["-C", "site", "update"]).ok();
    assert_eq!(place.read("site/b.txt"), "newer\n");
}

#[cfg(unix)]
#[test]
fn a_mode_follows_whoever_changed_it() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let mode = |path: &str| std::fs::metadata(place.path(path)).unwrap().permissions().mode() & 0o111 != 0;
    place.sh("chmod", &["+x", "site/b.txt"]);
    place.write("stack/files/b.txt", "b\nmore\n");
    place.write("stack/stack.toml", place.read("stack/stack.toml") + "[[rule]]\npath = \"c.txt\"\nexecutable = true\n");
    place.run(["-C", "site", "update"]).ok();
    assert!(mode("site/b.txt") && mode("site/c.txt") && !mode("site/a.txt"));
}

#[test]
fn an_answer_can_be_changed_later() {
    let place = place();
    assert_snapshot!(place.run(["-C", "site", "update", "--set", "title=Bye"]).ok().stdout, @r"
    beansprout.toml update
    c.txt update
    ");
    assert_eq!(place.read("site/c.txt"), "Bye\n");
    // Remembered: the next update needs no flag.
    assert_eq!(place.run(["-C", "site", "update"]).ok().stdout, "");
}

#[test]
fn new_questions_are_asked_and_old_ones_are_not() {
    let place = place();
    let manifest = place.read("stack/stack.toml")
        + "[[question]]\nkey = \"color\"\nask = \"Which colour?\"\ntype = \"choice\"\nchoices = [{ value = \"red\", \
           label = \"red\" }, { value = \"blue\", label = \"blue\" }]\n";
    place.write("stack/stack.toml", manifest);
    place.write("stack/files/color.txt", "{{ color }}\n");
    let silent = place.run(["-C", "site", "update"]).exit(2);
    assert!(silent.stderr.contains("`color` has no answer"), "{silent}");
    let mut terminal = Terminal::run(&place, 100, &["-C", "site", "update"]);
    terminal.sees("Which colour?").types("\x1b[B").enter().sees("All right?").enter();
    terminal.sees("color.txt create").sees("Change 2 files?").types("y");
    let (exit, screen) = terminal.ends();
    assert_eq!(exit, 0, "{screen}");
    assert!(!screen.contains("Title?"), "{screen}");
    assert_eq!(place.read("site/color.txt"), "blue\n");
}

#[test]
fn a_real_project_moves_to_another_python() {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    place.write("shop/welcome/views.py", "# mine\n");
    place.run(["-C", "shop", "update", "--set", "python=3.14"]).ok();
    assert!(place.read("shop/.elasticbeanstalk/config.yml").contains("Python 3.14 running"));
    assert_eq!(place.read("shop/welcome/views.py"), "# mine\n");
    place.run(["-C", "shop", "check"]).ok();
}

#[test]
fn without_a_base_or_a_stack_it_says_so() {
    let place = Place::new().file("beansprout.toml", "[project]\nname = \"x\"\n");
    let run = place.run(["update"]).exit(3);
    assert!(run.stderr.contains("does not say which stack"), "{run}");
    place.write("beansprout.toml", "[project]\nstack = \"python\"\n");
    let run = place.run(["update"]).exit(3);
    assert!(run.stderr.contains("`[DIR]/.beansprout-base.json` is missing"), "{run}");
}

#[cfg(unix)]
#[test]
fn a_link_does_not_lead_out_of_the_project() {
    let place = place().file("outside/x", "");
    place.write("stack/files/sub/evil.txt", "evil\n");
    std::os::unix::fs::symlink(place.path("outside"), place.path("site/sub")).unwrap();
    let run = place.run(["-C", "site", "update"]).exit(3);
    assert!(run.stderr.contains("`[DIR]/site/sub` is a link"), "{run}");
    assert!(!place.exists("outside/evil.txt"));
}

#[test]
fn an_unfinished_merge_is_finished_first() {
    let place = place();
    place.write("stack/files/b.txt", "theirs\n");
    place.write("site/b.txt", "mine\n");
    place.run(["-C", "site", "update"]).exit(1);
    let marked = place.read("site/b.txt");
    place.write("stack/files/b.txt", "theirs again\n");
    for arguments in [&["-C", "site", "update"][..], &["-C", "site", "update", "--dry-run"]] {
        let run = place.run(arguments).exit(1);
        assert!(run.stderr.contains("1 file was not finished since the last update\nhint: `b.txt`"), "{run}");
    }
    assert_eq!(place.read("site/b.txt"), marked);
    place.write("site/b.txt", "decided\n");
    place.run(["-C", "site", "update", "--conflict", "rej"]).exit(1);
    let run = place.run(["-C", "site", "update"]).exit(1);
    assert!(run.stderr.contains("`b.txt.rej`"), "{run}");
    std::fs::remove_file(place.path("site/b.txt.rej")).unwrap();
    place.run(["-C", "site", "update"]).ok();
}

/// The plainest edits that a project sees, beside the plainest answers that change.
#[test]
fn ones_own_lines_live_beside_those_of_the_stack() {
    let place = Place::new();
    let grown = |name: &str| place.run(["new", name, "--defaults"]).ok();
    let update = |name: &str, set: &str| place.run(["-C", name, "update", "--yes", "--defaults", "--set", set]).ok();
    grown("u1");
    place.write("u1/requirements.txt", place.read("u1/requirements.txt") + "requests==2.32.3\n");
    place.write("u1/.gitignore", place.read("u1/.gitignore") + "/mine\n");
    place.write("u1/Procfile", place.read("u1/Procfile") + "mine: python manage.py mine\n");
    update("u1", "database=postgresql");
    let requirements = place.read("u1/requirements.txt");
    assert!(requirements.contains("psycopg==") && requirements.contains("requests==2.32.3\n"), "{requirements}");
    update("u1", "server=asgi");
    assert!(place.read("u1/Procfile").contains("asgi:application\nmine: python"), "{}", place.read("u1/Procfile"));
    // What a recipe of ours has put there is what the stack would have put there.
    grown("u3");
    place.run(["-C", "u3", "add", "websockets", "--yes", "--defaults"]).ok();
    update("u3", "server=asgi");
    for name in ["u1", "u3"] {
        assert!(place.run(["-C", name, "update"]).ok().stderr.contains("up to date"));
    }
}

#[test]
fn a_folder_that_an_answer_names_moves_with_its_edits() {
    let place = Place::new();
    place.run(["new", "old", "--defaults"]).ok();
    place.write("old/old/settings/base.py", place.read("old/old/settings/base.py") + "X = 1\n");
    std::fs::remove_file(place.path("old/old/celery.py")).unwrap_or_default();
    let arguments = ["-C", "old", "--json", "update", "--set", "project_name=other", "--yes", "--defaults"];
    let document = place.run(arguments).ok().document("update/1");
    let moved =
        document["files"].as_array().unwrap().iter().find(|file| file["path"] == "other/settings/base.py").unwrap();
    assert_eq!((&moved["action"], &moved["from"]), (&"move".into(), &"old/settings/base.py".into()));
    let base = place.read("old/other/settings/base.py");
    assert!(base.contains("X = 1\n") && base.contains("other.urls"), "{base}");
    assert!(!place.exists("old/old/settings/base.py"));
    assert!(place.run(["-C", "old", "update"]).ok().stderr.contains("up to date"));
}

#[test]
fn what_was_answered_is_not_overridden_in_silence() {
    let choice = |choices: &str| {
        format!(
            "[stack]\nname = 'st'\ntitle = ''\n[[question]]\nkey = 'db'\nask = '?'\ntype = 'choice'\ndefault = 'pg'\nchoices = [{choices}]\n"
        )
    };
    let port = |key: &str, more: &str| {
        format!("[[question]]\nkey = '{key}'\nask = '?'\ntype = 'text'\ndefault = '8000'\n{more}")
    };
    let (pg, mysql) = ("{ value = 'pg', label = 'pg' }", ", { value = 'mysql', label = 'mysql' }");
    let place = Place::new()
        .file("st/stack.toml", choice(&format!("{pg}{mysql}")) + &port("port", ""))
        .file(
            "st/files/beansprout.toml",
            "[project]\nstack = {{ stack_spec | json_encode }}\n[project.answers]\n{{ answers }}",
        )
        .file("st/files/a.txt", "{{ db }} {{ port }}\n");
    place.run(["new", "mp", "--stack", "./st", "--set", "db=mysql", "--set", "port=7000", "--defaults"]).ok();
    place.write("st/stack.toml", choice(pg) + &port("port", ""));
    for arguments in [&["-C", "mp", "update", "--yes"][..], &["-C", "mp", "update", "--defaults", "--yes"]] {
        let run = place.run(arguments).exit(2);
        assert!(run.stderr.contains("`db = mysql` does not do any more: it is not one of `pg`"), "{run}");
    }
    assert_eq!(place.read("mp/a.txt"), "mysql 7000\n");
    // Another key: with a word the answer goes along, without one it is told what is lost.
    place.write("st/stack.toml", choice(&format!("{pg}{mysql}")) + &port("http_port", "was = ['port']\n"));
    place.write("st/files/a.txt", "{{ db }} {{ http_port }}\n");
    place.run(["-C", "mp", "update", "--defaults", "--yes"]).ok();
    assert_eq!(place.read("mp/a.txt"), "mysql 7000\n");
    assert!(place.read("mp/beansprout.toml").contains("http_port = \"7000\""));
    place.write("st/stack.toml", choice(&format!("{pg}{mysql}")));
    place.write("st/files/a.txt", "{{ db }}\n");
    let run = place.run(["-C", "mp", "update", "--defaults", "--yes"]).ok();
    assert!(run.stderr.contains("does not ask `http_port` any more; the answer was \"7000\""), "{run}");
}

#[test]
fn a_stack_says_which_version_it_needs() {
    #[track_caller]
    fn case(requires: &str, exit: i32, said: &str) {
        let place = Place::new();
        place.write("s/stack.toml", format!("[stack]\nname = 's'\ntitle = ''\nrequires = '{requires}'\nnewer = 1\n"));
        let run = place.run(["new", "x", "--stack", "./s", "--defaults"]).exit(exit);
        assert!(run.stderr.contains(said), "{run}");
    }
    case(">=99.1", 3, "needs beansprout >=99.1, and this is");
    case(">=0.1", 3, "unknown field `newer`");
    case("~1", 3, "says no version");
}

#[test]
fn a_dirty_tree_is_told_and_beansprout_toml_stays() {
    let place = place().git();
    place.write("stack/files/b.txt", "theirs\n");
    place.write("site/a.txt", "mine\n");
    std::fs::remove_file(place.path("stack/files/beansprout.toml")).unwrap();
    let run = place.run(["-C", "site", "update", "--yes"]).ok();
    assert!(run.stderr.contains("not committed"), "{run}");
    assert!(place.exists("site/beansprout.toml"));
}

#[test]
fn what_nobody_chose_follows_the_default_and_is_told() {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    let run = place.run(["-C", "shop", "update", "--set", "profile=steady", "--defaults", "--yes"]).ok();
    assert!(run.stderr.contains("`database` was `sqlite`, as the default had it, and is `postgresql` now"), "{run}");
    let chosen = [
        "new",
        "own",
        "--defaults",
        "--set",
        "instance_type=t3.small",
        "--set",
        "profile=steady",
        "--set",
        "database=mysql",
    ];
    place.run(chosen).ok();
    let run = place.run(["-C", "own", "update", "--set", "profile=spiky", "--defaults", "--yes"]).ok();
    assert!(place.read("own/beansprout.toml").contains("database = \"mysql\""), "{run}");
}
