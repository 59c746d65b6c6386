//! `stack`: the built-in stacks, and what authors of their own are told.

use crate::harness::Place;

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
    case("files/x", "{{ nam }}", 3, "`x` uses the unknown name `nam`");
    case("files/x", "{% if nam %}{% endif %}", 3, "did you mean `name`?");
    case("files/x", "{% if %}", 3, "`x` cannot be rendered");
    case("files/LOUD.md", "{{ nam }}", 3, "unknown name `nam`");
    case("stack.toml", "[stack]\nname = 'x'\n", 3, "missing field `title`");
    case("stack.toml", "[stack]\nname = 'x'\ntitle = ''\nparts = ['none']\n", 3, "a part `none` that does not exist");
    case("stack.toml", "[stack]\nname = 'x'\ntitle = ''\n[[rule]]\npath = 'y'\n", 3, "has a rule for `y`");
    let question = |text: &str| format!("[stack]\nname = 'x'\ntitle = ''\n[[question]]\nkey = 'n'\nask = ''\n{text}\n");
    let bad_default = question("type = 'text'\npattern = '[1-9]'\ndefault = 'x'");
    case("stack.toml", &bad_default, 3, "question `n` has `x` as its default or a sample");
    case("stack.toml", &question("type = 'choice'"), 3, "question `n` offers nothing to choose");
    let twice = question("type = 'text'") + "[[derived]]\nname = 'n'\nvalue = ''\n";
    case("stack.toml", &twice, 3, "`n` stands for two things");
    let scaffold = include_str!("../../templates/scaffold/stack.toml");
    let condition = format!("{scaffold}[[rule]]\npath = \"page.html\"\nwhen = \"loud = 'x'\"\n");
    case("stack.toml", &condition, 3, "the condition of the rule for `page.html`");
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
    for stack in [example, "worker"] {
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
        scope.spawn(|| compare(&root.join("examples/multicontainer"), bless));
    });
}

#[track_caller]
fn compare(folder: &std::path::Path, bless: bool) {
    let mut arguments = vec!["stack", "test", folder.to_str().unwrap(), "--rows", "4"];
    arguments.extend(bless.then_some("--bless"));
    let run = Place::new().run(&arguments);
    assert_eq!(run.exit, 0, "{}\n{run}", folder.display());
}
