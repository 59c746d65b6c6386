//! `stack`: the built-in stacks, and what authors of their own are told.

use crate::harness::Place;
use crate::site::{SECRET_KEY, installed, manage};

#[test]
fn the_box_is_listed() {
    let run = Place::new().run(["stack", "list"]).ok();
    let titles: Vec<&str> = run.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(titles.len(), 4, "{run}");
    assert!(titles.contains(&"python: Django on a Python branch of Amazon Linux 2023"), "{run}");
    let document = Place::new().run(["--json", "stack", "list"]).ok().document("stacks/1");
    assert_eq!(document["stacks"][0]["questions"][0], "project_name");
}

#[test]
fn a_new_stack_is_sound_and_grows_a_project() {
    let place = Place::new();
    let begun = place.run(["--json", "stack", "new", "mine"]).ok();
    begun.document("stack-new/1");
    assert!(begun.stderr.contains("next: `beansprout stack check ./mine`"), "{begun}");
    let bare = place.run(["stack", "check", "mine"]).exit(2);
    assert!(bare.stderr.contains("no built-in stack `mine`\nhint: `./mine` is the folder of that name"), "{bare}");
    let document = place.run(["--json", "stack", "check", "./mine"]).ok().document("stack-check/1");
    assert_eq!(document["remarks"].as_array().unwrap().len(), 0);
    place.run(["new", "site", "--stack", "./mine", "--defaults", "--set", "greeting=hi", "--set", "loud=yes"]).ok();
    assert_eq!(place.sh("site/bin/greet", &[]), "hi, site_site!\n");
    // Its own braces are left alone.
    assert_eq!(place.read("site/page.html"), "<p>hi, {{ visitor }}!</p>\n");
    place.run(["-C", "site", "update"]).ok();
    place.run(["stack", "new", "mine"]).exit(3);
}

#[test]
fn mistakes_of_authors_are_found() {
    #[track_caller]
    fn case(path: &str, content: &str, exit: i32, said: &str) {
        let place = Place::new();
        place.run(["stack", "new", "mine"]).ok();
        place.write(&format!("mine/{path}"), content);
        let run = place.run(["stack", "check", "./mine"]).exit(exit);
        assert!((run.stdout.clone() + &run.stderr).contains(said), "{run}");
    }
    case(
        "files/x",
        "{{ nam }}",
        1,
        "x: `x` uses the unknown name `nam`\n --> files/x:1:4\n  |\n1 | {{ nam }}\n  |    ^^^\n",
    );
    case("files/x", "{% if nam %}{% endif %}", 1, "hint: did you mean `name`?");
    case("files/x", "{% if %}", 1, "`x` cannot be rendered");
    case("files/LOUD.md", "{{ nam }}", 1, "unknown name `nam`");
    case("files/x", "a\n{% if loud %}\nb\n", 1, " --> files/x:2:1");
    case("files/x", "{{ name | shuot }}", 1, "files/x:1:11");
    case("files/x", "{{ name | uper }}", 1, "hint: did you mean `upper`?");
    case("files/x", "{{ name + 1 }}", 1, "files/x:1:4");
    case("files/x", "{{ folder.x }}", 1, "hint: `folder` has no such key");
    case("files/ci.yml", "a: ${{ secrets.TOKEN }}\n", 1, "hint: if it is GitHub's `${{ }}`");
    case("files/{% if loud %}x{% endif %}", "x", 1, "says `when` in a `[[rule]]`");
    case("files/.beansprout-base.json", "x", 1, "`.beansprout-base.json` would be written over what beansprout keeps");
    case("files/run", "#!/bin/sh\n", 1, "run: begins with `#!` and is not executable");
    case("files/z.json", "{\"a\": }", 1, "z.json: is not JSON");
    case("files/beansprout.toml", "[project]\n", 1, "beansprout.toml: does not say `{{ answers }}`");
    case("files/.DS_Store", "x", 1, "is left behind by a program");
    case("files/picture.png", "\u{89}PNG", 0, "0 remarks");
    case("stack.toml", "[stack]\nname = 'x'\n", 3, "missing field `title`");
    case("stack.toml", "[stack]\nname = 'x'\ntitle = ''\nparts = ['none']\n", 3, "a part `none` that does not exist");
    case("stack.toml", "[stack]\nname = 'x'\ntitle = ''\n[[rule]]\npath = 'y'\n", 3, "has a rule for `y`");
    let question = |text: &str| format!("[stack]\nname = 'x'\ntitle = ''\n[[question]]\nkey = 'n'\nask = ''\n{text}\n");
    let bad_default = question("type = 'text'\npattern = '[1-9]'\ndefault = 'x'");
    case("stack.toml", &bad_default, 1, "question `n` has `x` as its default or a sample");
    case("stack.toml", &question("type = 'choice'"), 3, "question `n` offers nothing to choose");
    let twice = question("type = 'text'") + "[[derived]]\nname = 'n'\nvalue = ''\n";
    case("stack.toml", &twice, 3, "`n` stands for two things");
    let scaffold = include_str!("../../templates/scaffold/stack.toml");
    let condition = format!("{scaffold}[[rule]]\npath = \"page.html\"\nwhen = \"loud = 'x'\"\n");
    case("stack.toml", &condition, 1, "the condition of the rule for `page.html`");
    let with = |more: &str| format!("{scaffold}\n{more}");
    let ask = |more: &str| with(&format!("[[question]]\nkey = 'size'\nask = '?'\ntype = 'text'\n{more}\n"));
    case(
        "stack.toml",
        &ask("default = '20'\ncomplaint = 'no'"),
        1,
        "question `size`: has a `complaint` and no `pattern`",
    );
    case("stack.toml", &ask("default = '20'\notherwise = '7'"), 1, "question `size`: has an `otherwise` and no `when`");
    case(
        "stack.toml",
        &ask("default = '{{ mark }}'"),
        1,
        "`question `size`` uses `mark`, which is not known yet: it comes later",
    );
    case("stack.toml", &ask("default = '{{ nam }}'"), 1, "stack.toml:");
    case("stack.toml", &with("[data.t]\na = 'b'\n"), 1, "table `t`: is used by no file");
    case("stack.toml", &with("[[rule]]\npath = 'page.html'\nwhen = \"name != ''\"\n"), 1, "`page.html`: always holds");
    case(
        "stack.toml",
        &question("type = 'text'").replace("'n'", "'loop'"),
        3,
        "`loop` is not a name that a template can say",
    );
    case("files/.ebextensions/a.config", "option_settings:\n\tx: y\n", 1, ".ebextensions/a.config: EB");
}

#[test]
fn renderings_are_compared_with_blessed_ones() {
    let place = Place::new();
    place.run(["stack", "new", "mine"]).ok();
    let before = place.run(["stack", "test", "mine"]).exit(3);
    assert!(before.stderr.contains("has no `golden/`"), "{before}");
    place.run(["stack", "test", "mine", "--bless"]).ok();
    place.run(["stack", "test", "mine"]).ok();
    place.write("mine/files/page.html", "<p>changed</p>\n");
    place.write("mine/files/more.txt", "more\n");
    std::fs::remove_file(place.path("mine/files/bin/greet")).unwrap();
    let manifest = place.read("mine/stack.toml").replace("[[rule]]\npath = \"bin/greet\"\nexecutable = true\n", "");
    place.write("mine/stack.toml", manifest);
    let run = place.run(["stack", "test", "mine"]).exit(1);
    for line in ["~ golden/001/page.html", "+ golden/001/more.txt", "- golden/001/bin/greet"] {
        assert!(run.stdout.contains(line), "{line}\n{run}");
    }
    // Fewer rows than were blessed: the others are gone.
    let run = place.run(["stack", "test", "mine", "--rows", "1"]).exit(1);
    assert!(run.stdout.contains("- golden/002.diff"), "{run}");
    let document = place.run(["--json", "stack", "test", "mine", "--bless"]).ok().document("stack-test/1");
    // A patch that git understands, modes and all.
    place.sh("git", &["init", "-q", "applied"]);
    place.sh("git", &["-C", "applied", "apply", "../mine/golden/001.diff"]);
    assert_eq!(place.read("applied/page.html"), "<p>changed</p>\n");
    assert_eq!(document["differences"].as_array().unwrap().len(), 0);
}

#[test]
fn the_example_and_the_box_are_sound() {
    let place = Place::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/multicontainer");
    let extension = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/rest-framework");
    for stack in [example, extension, "worker"] {
        assert_eq!(place.run(["stack", "check", stack]).ok().stdout, "");
    }
    place.run(["new", "shop", "--stack", example, "--defaults", "--set", "upload_megabytes=7"]).ok();
    assert!(place.read("shop/proxy/site.conf").contains("client_max_body_size 7m;"));
    assert!(place.run(["-C", "shop", "update"]).ok().stderr.contains("up to date"));
}

/// After a change that is meant: `BEANSPROUT_BLESS=1 cargo test --test suite stack::`.
#[test]
fn the_box_and_the_example_render_as_blessed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var("BEANSPROUT_BLESS").is_ok();
    std::thread::scope(|scope| {
        for folder in ["docker", "ecs", "python", "worker"].map(|name| format!("templates/stacks/{name}")) {
            scope.spawn(move || compare(&root.join(folder), bless));
        }
        for example in ["multicontainer", "rest-framework"].map(|name| format!("examples/{name}")) {
            scope.spawn(move || compare(&root.join(example), bless));
        }
    });
}

#[track_caller]
fn compare(folder: &std::path::Path, bless: bool) {
    let mut arguments = vec!["stack", "test", folder.to_str().unwrap(), "--rows", "4"];
    arguments.extend(bless.then_some("--bless"));
    let run = Place::new().run(&arguments);
    assert_eq!(run.exit, 0, "{}\n{run}", folder.display());
}

#[test]
fn an_extension_of_ten_lines_runs() {
    let place = Place::new().var("SECRET_KEY", SECRET_KEY);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/rest-framework");
    let manifest = std::fs::read_to_string(format!("{example}/stack.toml")).unwrap();
    assert!(manifest.lines().filter(|line| !line.is_empty()).count() <= 10);
    place.run(["new", "shop", "--stack", example, "--defaults"]).ok();
    let python = installed(&place, "shop");
    assert!(manage(&place, &python, &["test"]).contains("OK"));
    let ask = "from django.test import Client; print(Client().get('/api-auth/login/', headers={'host': 'localhost'}).status_code)";
    assert!(manage(&place, &python, &["shell", "-c", ask]).contains("200"));
    assert!(place.run(["-C", "shop", "check"]).ok().stdout.starts_with("nothing found"));
}

#[test]
fn a_stack_stands_on_a_folder_and_on_a_commit() {
    let base = "[stack]\nname = 'base'\ntitle = ''\n[[point]]\nname = 'lines'\nabout = 'Lines'\n[[question]]\nkey = 'who'\nask = '?'\n\
        type = 'text'\ndefault = 'all'\n";
    let own = |parts: &str| {
        format!("[stack]\nname = 'own'\ntitle = ''\nparts = [{parts}]\n[extend]\nlines = ['hi {{{{ who }}}}']\n")
    };
    let place = Place::new()
        .var("GIT_AUTHOR_NAME", "Test")
        .var("GIT_AUTHOR_EMAIL", "test@example.invalid")
        .var("GIT_COMMITTER_NAME", "Test")
        .var("GIT_COMMITTER_EMAIL", "test@example.invalid")
        .file("shared/base/part.toml", base)
        .file("shared/base/files/a.txt", "first{% for line in extend.lines %}\n{{ line }}{% endfor %}\n")
        .file("shared/own/stack.toml", own("'../base'"));
    place.run(["new", "near", "--stack", "./shared/own", "--set", "who=you"]).ok();
    assert_eq!(place.read("near/a.txt"), "first\nhi you\n");
    // In one repository: both of one commit.
    place.sh("git", &["init", "-q", "shared"]);
    place.sh("git", &["-C", "shared", "add", "-A"]);
    place.sh("git", &["-C", "shared", "commit", "-qm", "one"]);
    place.sh("git", &["-C", "shared", "tag", "v1"]);
    place.write("shared/base/files/a.txt", "changed\n");
    let url = format!("git+file://{}@v1", place.path("shared").display());
    place.run(["new", "far", "--stack", &format!("{url}#subdirectory=own"), "--defaults"]).ok();
    assert_eq!(place.read("far/a.txt"), "first\nhi all\n");
    // From elsewhere, at a revision.
    place.write("mine/stack.toml", own(&format!("'{url}#subdirectory=base'")));
    place.run(["new", "mixed", "--stack", "./mine", "--defaults"]).ok();
    assert_eq!(place.read("mixed/a.txt"), "first\nhi all\n");
    place.write("mine/stack.toml", own(&format!("'{}#subdirectory=base'", url.replace("@v1", ""))));
    let moving = place.run(["stack", "check", "./mine"]).exit(3);
    assert!(moving.stderr.contains("has no revision"), "{moving}");
    // What comes from elsewhere cannot name a folder of this machine.
    place.sh("git", &["-C", "shared", "checkout", "-q", "."]);
    for part in ["/etc", "../../mine"] {
        place.write("shared/own/stack.toml", own(&format!("'{part}'")));
        place.sh("git", &["-C", "shared", "commit", "-qam", "out"]);
        let url = format!("git+file://{}#subdirectory=own", place.path("shared").display());
        let out = place.run(["stack", "check", &url]).exit(3);
        assert!(out.stderr.contains("is not inside of it"), "{out}");
    }
}

/// Little memory, as a small build server has it: what grows without bounds would end by a signal.
#[cfg(unix)]
#[test]
fn hostile_stacks_are_refused_with_words() {
    #[track_caller]
    fn case(path: &str, content: &str, said: &str) {
        let place = Place::new();
        place.write("bad/stack.toml", "[stack]\nname = 'bad'\ntitle = ''\n");
        if content == "PIPE" {
            std::fs::create_dir(place.path("bad/files")).unwrap();
            place.sh("mkfifo", &[&format!("bad/files/{path}")]);
        } else {
            place.write(&format!("bad/files/{path}"), content);
        }
        let mut command = place.command("sh");
        // The stack of a thread is not part of what is bounded here, nor is the program itself.
        command.args([
            "-c",
            "ulimit -v 1000000; exec \"$0\" new site --stack ./bad --defaults",
            env!("CARGO_BIN_EXE_beansprout"),
        ]);
        let run = place.finish(command).exit(3);
        assert!(run.stderr.contains(said), "{path}: {run}");
        assert!(!place.exists("site"));
    }
    let doubling =
        "{% set x = 'aaaaaaaaaaaaaaaaaaaa' %}{% for a in range(end=60) %}{% set_global x = x ~ x %}{% endfor %}";
    case("a", doubling, "a value becomes larger than 1.0 MB");
    let chain = "| replace(from='x', to='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')".repeat(7);
    case("a", &format!("{{{{ 'x' {chain} | length }}}}"), "a value becomes larger than 1.0 MB");
    case("a", &format!("{{{{ {}", "(".repeat(20_000)), "brackets are nested deeper");
    case("a", &"{% if folder %}".repeat(20_000), "blocks are nested deeper");
    for path in ["git~1/config", "COM\u{b9}", ".beansprout/x", ".gitmodules", "sub/.envrc"] {
        case(path, "x", "cannot be written");
    }
    case("pipe", "PIPE", "is a link, or something else that is not a file");
}

/// All at once, with file and line, for people and for machines.
#[test]
fn every_mistake_is_told_in_one_run() {
    let place = Place::new();
    place.run(["stack", "new", "mine"]).ok();
    for (path, text) in [
        ("files/a", "{{ nam }}\n{{ gretting }}\n"),
        ("files/b", "x\n{% if laud %}{% endif %}\n"),
        ("files/c", "{{ name | uper }}\n"),
    ] {
        place.write(&format!("mine/{path}"), text);
    }
    let document = place.run(["--json", "stack", "check", "./mine"]).exit(1).document("stack-check/1");
    let found: Vec<(String, i64, i64)> = document["remarks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|remark| {
            let number = |key: &str| remark[key].as_i64().unwrap_or_default();
            (remark["file"].as_str().unwrap_or_default().to_owned(), number("line"), number("column"))
        })
        .collect();
    let expected = [("files/a", 2, 4), ("files/a", 1, 4), ("files/b", 2, 7), ("files/c", 1, 11)];
    assert_eq!(found, expected.map(|(file, line, column)| (file.to_owned(), line, column)));
    assert!(document["remarks"][1]["hint"].as_str().unwrap().contains("did you mean `name`?"));
    // And what no stack can mean, in stack.toml.
    place.write(
        "mine/stack.toml",
        "[stack]\nname = 'A b'\ntitle = ''\n\n[[question]]\nkey = 'a-b'\nask = ''\ntype = 'text'\n\n[[question]]\nkey = 'c'\nask = ''\ntype = 'choice'\n",
    );
    let run = place.run(["stack", "check", "./mine"]).exit(3);
    for said in [
        "stack.toml:2:1",
        "`a-b` is not a name",
        "stack.toml:6:1",
        "question `c` offers nothing to choose",
        "stack.toml:11:1",
    ] {
        assert!(run.stderr.contains(said), "{said}\n{run}");
    }
}

#[test]
fn parts_show_what_they_ask_and_read() {
    let place = Place::new();
    let all = place.run(["stack", "parts"]).ok();
    assert!(all.stdout.contains("django (part): ") && all.stdout.contains("worker (stack): "), "{all}");
    place.run(["--json", "stack", "parts"]).ok().document("stack-parts/1");
    let part = place.run(["stack", "parts", "django"]).ok();
    for said in [
        "python (choice: 3.14, 3.13",
        "apps: Names for INSTALLED_APPS",
        "queue = false",
        "  requirements.txt\n",
        "instances",
    ] {
        assert!(part.stdout.contains(said), "{said}\n{part}");
    }
    let document = place.run(["--json", "stack", "parts", "python"]).ok().document("stack-part/1");
    assert!(document["lists"].as_array().unwrap().iter().any(|list| list["name"] == "options"));
    assert!(place.run(["stack", "parts", "djngo"]).exit(2).stderr.contains("no built-in stack"));
}

#[test]
fn a_copied_template_is_known_to_have_moved_on() {
    let place = Place::new();
    place.write("mine/stack.toml", "[stack]\nname = 'mine'\ntitle = ''\nparts = ['python']\n");
    let printed = place.run(["stack", "parts", "django", "--eject", "requirements.txt"]).ok();
    assert!(printed.stdout.contains("Django=={{ django_versions[django] }}"), "{printed}");
    let near = place.run(["stack", "parts", "django", "--eject", "requirement.txt"]).exit(2);
    assert!(near.stderr.contains("did you mean `requirements.txt`?"), "{near}");
    let eject = ["--json", "stack", "parts", "django", "--eject", "requirements.txt", "--into", "mine"];
    let digest = place.run(eject).ok().document("stack-eject/1")["digest"].as_str().unwrap().to_owned();
    assert_eq!(place.read("mine/files/requirements.txt"), printed.stdout);
    // What is copied is what the part has, until one of them goes on.
    assert!(place.run(["stack", "check", "./mine"]).ok().stderr.contains("0 remarks"));
    place.write("mine/files/requirements.txt", printed.stdout.replace("asgiref", "# mine\nasgiref"));
    assert!(place.run(["stack", "check", "./mine"]).ok().stderr.contains("0 remarks"));
    let manifest = place.read("mine/stack.toml");
    place.write("mine/stack.toml", manifest.replace(&digest, "0123456789abcdef"));
    let moved = place.run(["stack", "check", "./mine"]).exit(1);
    assert!(moved.stdout.contains("requirements.txt: replaces a template of `django` that has moved on"), "{moved}");
    assert!(moved.stdout.contains(&digest), "{moved}");
    let line = place.read("mine/stack.toml").lines().position(|line| line.contains("0123456789abcdef")).unwrap() + 1;
    assert!(moved.stdout.contains(&format!("stack.toml:{line}:")), "the place is the digest's: {moved}");
    // A file of one's own is not written over.
    place.run(eject).exit(3);
}

#[test]
fn a_changed_rendering_is_shown_and_the_number_of_rows_is_remembered() {
    let place = Place::new();
    place.run(["stack", "new", "mine"]).ok();
    place.run(["stack", "test", "mine", "--bless", "--rows", "2"]).ok();
    assert!(place.run(["stack", "test", "mine"]).ok().stderr.contains("2 renderings, 0 differences"));
    place.write("mine/files/page.html", "<p>changed</p>\n");
    let run = place.run(["stack", "test", "mine", "--diff"]).exit(1);
    assert!(run.stdout.contains("~ golden/001/page.html\n--- blessed/page.html\n+++ now/page.html\n"), "{run}");
    assert!(run.stdout.contains("++<p>changed</p>"), "{run}");
    assert!(!place.run(["stack", "test", "mine"]).exit(1).stdout.contains("---"));
}

#[test]
fn a_stack_says_what_remains_to_be_done() {
    let place = Place::new();
    place.run(["stack", "new", "mine"]).ok();
    let manifest =
        place.read("mine/stack.toml").replace("parts = []", "parts = []\nthen = [\"greet {{ name | pascal_case }}\"]");
    place.write("mine/stack.toml", manifest.replace("path = \"bin/greet\"", "path = \"bin/*\""));
    place.run(["stack", "check", "./mine"]).ok();
    let run = place.run(["--json", "new", "my_site", "--stack", "./mine", "--defaults"]).ok();
    assert_eq!(run.document("new/1")["then"][0], "greet MySite");
    let run = place.run(["new", "other", "--stack", "./mine", "--defaults"]).ok();
    assert!(run.stderr.contains("then: greet Other") && !run.stderr.contains("README"), "{run}");
    assert_eq!(place.sh("other/bin/greet", &[]).lines().count(), 1);
}

/// What files have in common is written once, and a mistake in it is told where it stands.
#[test]
fn files_have_snippets_in_common() {
    let place = Place::new()
        .file("mine/stack.toml", "[stack]\nname = 'mine'\ntitle = ''\n\n[[rule]]\npath = 'c.txt'\ndelimiters = { expression = ['<%=', '%>'], statement = ['<%', '%>'] }\n")
        .file("mine/files/beansprout.toml", "{% include 'head' %}\n[project]\nstack = {{ stack_spec | json_encode }}\n[project.answers]\n{{ answers }}")
        .file("mine/files/a.txt", "{% for n in range(end=2) %}{% include 'deep/line' %}\n{% endfor %}")
        .file("mine/files/c.txt", "{{ kept }} <% include 'head' %>\n")
        .file("mine/snippets/head", "# {{ folder }}\n")
        .file("mine/snippets/deep/line", "{{ n }} {% include 'head' %}\n");
    place.run(["stack", "check", "./mine"]).ok();
    place.run(["new", "site", "--stack", "./mine", "--defaults"]).ok();
    assert_eq!(place.read("site/a.txt"), "0 # site\n1 # site\n");
    assert_eq!(place.read("site/c.txt"), "{{ kept }} # site\n");
    assert!(place.read("site/beansprout.toml").starts_with("# site\n[project]\n"));
    assert!(!place.exists("site/snippets"));
    // An update brings what a snippet has learned.
    place.write("mine/snippets/head", "## {{ folder }}\n");
    place.run(["-C", "site", "update", "--yes"]).ok();
    assert_eq!(place.read("site/a.txt"), "0 ## site\n1 ## site\n");
    let remarks = |said: &[&str]| {
        let run = place.run(["stack", "check", "./mine"]);
        assert!(run.exit != 0, "{run}");
        let text = run.stdout.clone() + &run.stderr;
        said.iter().for_each(|said| assert!(text.contains(said), "{said}\n{run}"));
    };
    place.write("mine/snippets/idle", "x\n");
    remarks(&["snippets/idle: is included by no file"]);
    std::fs::remove_file(place.path("mine/snippets/idle")).unwrap();
    place.write("mine/snippets/deep/line", "fine\n{{ nn }}\n");
    remarks(&["uses the unknown name `nn`", " --> snippets/deep/line:2:4"]);
    place.write("mine/files/a.txt", "\n{% include 'heads' %}\n");
    remarks(&["there is no snippet `heads`", " --> files/a.txt:2:13", "did you mean `head`?"]);
    place.write("mine/snippets/head", "{% include 'head' %}");
    remarks(&["include each other without an end"]);
}
