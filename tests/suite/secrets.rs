//! A secret is where the template writes it, and nowhere else.

use crate::harness::{Place, Run};

const SECRET: &str = "hunter2-and-more";

/// A stack that takes a secret in every way that a stack can.
fn place() -> Place {
    Place::new()
        .var("DEPLOY_TOKEN", SECRET)
        .file(
            "stack/stack.toml",
            "[stack]\nname = 'vault'\ntitle = ''\n\n[[question]]\nkey = 'token'\nask = '?'\ntype = 'secret'\noptional = true\n\
             pattern = '[a-z0-9-]*'\nsamples = ['t0p']\n\n[[question]]\nkey = 'name'\nask = '?'\ntype = 'text'\ndefault = 'shop'\n\n\
             [[derived]]\nname = 'header'\nvalue = 'Bearer {{ token }}'\n\n[[rule]]\npath = 'has.txt'\nwhen = \"token != ''\"\n",
        )
        .file("stack/files/beansprout.toml", "[project]\nname = 'x'\nstack = {{ stack_spec | json_encode }}\n\n[project.answers]\n{{ answers }}")
        .file("stack/files/.gitignore", "/.env\n/headers\n")
        .file("stack/files/.env", "NAME={{ name }}\nTOKEN={{ token }}\n")
        .file("stack/files/headers", "{{ header | upper }}\n")
        .file("stack/files/has.txt", "there is one\n")
}

/// Every file below `site/` that holds the secret, in whatever case.
fn holders(place: &Place) -> Vec<String> {
    let found = place.sh("sh", &["-c", &format!("cd site && grep -rliF -e {SECRET} . | sort")]);
    found.lines().map(str::to_owned).collect()
}

#[track_caller]
fn silent(run: Run) -> Run {
    assert!(!run.stdout.to_lowercase().contains(SECRET) && !run.stderr.to_lowercase().contains(SECRET), "{run}");
    run
}

const NEW: [&str; 6] = ["new", "site", "--stack", "./stack", "--defaults", "--set-env"];

fn grown() -> Place {
    let place = place();
    let run = silent(place.run([&["--json"][..], &NEW, &["token=DEPLOY_TOKEN"]].concat()).ok());
    assert_eq!(run.stderr.matches("warning").count(), 0, "{run}");
    place
}

#[test]
fn only_the_files_that_the_stack_wrote_hold_it() {
    let place = grown();
    assert_eq!(holders(&place), ["./.env", "./headers"]);
    assert_eq!(place.read("site/has.txt"), "there is one\n");
    assert!(place.read("site/.beansprout-base.json").contains("\"secret\": true"));
}

#[test]
fn an_update_leaves_the_files_that_hold_it() {
    let place = grown();
    let run = silent(place.run(["-C", "site", "update", "--defaults", "--yes"]).ok());
    assert!(run.stderr.contains("up to date"), "{run}");
    // The stack goes on; the file holds what nobody else knows.
    place.write("stack/files/.env", "NAME={{ name }}\nTOKEN={{ token }}\nMORE=1\n");
    let arguments = ["-C", "site", "--json", "update", "--defaults", "--yes", "--diff"];
    let dry = silent(place.run([&arguments[..], &["--dry-run"]].concat()).ok());
    let document = dry.document("update/1");
    assert_eq!(document["files"][0]["action"], "secret");
    assert!(document["files"][0]["diff"].as_str().unwrap().contains("+MORE=1"), "{dry}");
    let run = silent(place.run(arguments).ok());
    assert!(run.stderr.contains("the stack changed `.env`, which holds a secret"), "{run}");
    assert_eq!(place.read("site/.env"), format!("NAME=shop\nTOKEN={SECRET}\n"));
    assert_eq!(holders(&place), ["./.env", "./headers"]);
    // Said again, it is written; what a person changed stays a person's.
    place.write("site/.env", format!("NAME=shop\nTOKEN={SECRET}\nMORE=1\n"));
    let again = place.var("DEPLOY_TOKEN", "another-one");
    again.write("site/headers", "MINE\n");
    let run =
        silent(again.run(["-C", "site", "update", "--defaults", "--yes", "--set-env", "token=DEPLOY_TOKEN"]).ok());
    assert!(run.stdout.contains(".env update") && run.stdout.contains("headers stays as it is"), "{run}");
    assert_eq!(again.read("site/.env"), "NAME=shop\nTOKEN=another-one\nMORE=1\n");
    assert_eq!(again.read("site/headers"), "MINE\n");
}

#[test]
fn a_new_file_asks_for_it() {
    let place = grown();
    place.write("stack/files/more.env", "{{ token }}\n");
    place.write("stack/files/.gitignore", "/.env\n/headers\n/more.env\n");
    let run = place.run(["-C", "site", "update", "--yes"]).exit(2);
    assert!(run.stderr.contains("`token` has no answer"), "{run}");
    silent(place.run(["-C", "site", "update", "--yes", "--set-env", "token=DEPLOY_TOKEN"]).ok());
    assert_eq!(place.read("site/more.env"), format!("{SECRET}\n"));
}

#[test]
fn a_question_that_becomes_a_secret_is_told() {
    let place = place();
    let manifest = place.read("stack/stack.toml");
    place.write("stack/stack.toml", manifest.replace("type = 'secret'", "type = 'text'"));
    place.run([&NEW[..], &["token=DEPLOY_TOKEN"]].concat()).ok();
    assert!(holders(&place).contains(&"./beansprout.toml".to_owned()));
    place.write("stack/stack.toml", manifest);
    let run = place.run(["-C", "site", "update", "--defaults", "--yes"]).ok();
    assert!(run.stderr.contains("`token` is a secret now, and its answer stands in git's history"), "{run}");
    assert_eq!(holders(&place), ["./.env", "./headers"]);
}

#[test]
fn authors_are_told_where_it_would_leak() {
    #[track_caller]
    fn case(path: &str, from: &str, to: &str, exit: i32, said: &str) {
        let place = place();
        if !from.is_empty() || place.exists(path) {
            let text = place.read(path);
            assert!(text.contains(from), "{from}");
            place.write(path, text.replace(from, to));
        } else {
            place.write(path, to);
        }
        let run = silent(place.run(["stack", "check", "./stack"]).exit(exit));
        assert!((run.stdout.clone() + &run.stderr).contains(said), "{run}");
    }
    case("stack/files/.gitignore", "", "", 0, "0 remarks");
    case("stack/files/.gitignore", "/headers\n", "", 1, "headers: holds a secret and would ship");
    case(
        "stack/stack.toml",
        "default = 'shop'",
        "default = '{{ token }}'",
        3,
        "takes the secret `token` for its default",
    );
    case("stack/stack.toml", "optional = true", "default = 'x'", 1, "is a secret with a default");
    case("stack/files/{{ token }}.txt", "", "x", 1, "holds a secret");
}

#[test]
fn neither_goldens_nor_messages_repeat_it() {
    let place = place();
    place.run(["stack", "test", "./stack", "--bless"]).ok();
    let found = place.sh("sh", &["-c", "grep -rl t0p stack/golden || true"]);
    assert_eq!(found, "");
    // On the command line it stands in the shell's history.
    let set = format!("token={SECRET}");
    let run = silent(place.run(["new", "site", "--stack", "./stack", "--defaults", "--set", &set]).ok());
    assert!(run.stderr.contains("`--set-env token=VARIABLE` reads it"), "{run}");
    let place = place.var("DEPLOY_TOKEN", SECRET.to_uppercase());
    silent(place.run(["new", "other", "--stack", "./stack", "--defaults", "--set-env", "token=DEPLOY_TOKEN"]).exit(2));
    place.run(["new", "other", "--stack", "./stack", "--defaults", "--set-env", "token=NO_SUCH"]).exit(2);
    let place = place.var("DEPLOY_TOKEN", SECRET);
    for template in [
        "{{ token | date }}",
        "{{ token + 1 }}",
        "{{ token | round }}",
        "{{ token | first | abs }}",
        "{% if token > 1 %}{% endif %}",
    ] {
        place.write("stack/files/.env", template);
        silent(place.run([&NEW[..], &["token=DEPLOY_TOKEN"]].concat()));
    }
}
