//! `new`: what it writes, what it refuses, and how it asks.

use insta::assert_snapshot;

use crate::harness::Place;
use crate::terminal::Terminal;

const ENTER: &str = "\r";
const DOWN: &str = "\x1b[B";

/// Of what came with the project itself, nobody is warned.
#[test]
fn a_new_project_is_published_without_a_warning() {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    let place = place.enter("shop").git();
    place.write("welcome/models.py", "# not committed\n");
    let run = place.run(["publish", "--sandbox"]).ok();
    assert!(!run.stderr.contains("warning: "), "{run}");
}

#[test]
fn the_defaults_make_a_whole_project() {
    let place = Place::new();
    let run = place.run(["new", "shop", "--defaults"]).ok();
    for path in run.stdout.lines() {
        assert!(place.exists(&format!("shop/{path}")), "{path}");
    }
    assert_snapshot!(place.read("shop/Procfile"), @"web: gunicorn --config gunicorn.conf.py shop.wsgi:application");
    assert_snapshot!(place.read("shop/requirements.txt"), @r"
    # Exact versions, for Python 3.13 on Linux. Elastic Beanstalk reads this file and no other.
    Django==5.2.19
    asgiref==3.13.0
    gunicorn==27.0.1
    sqlparse==0.6.1
    whitenoise==6.12.0
    ");
    // Nothing of the generator is left in what it generated.
    // The page is itself a template, Django's; and the base for updates holds a copy of it.
    let template = |path: &str| path.starts_with("templates/") || path == ".beansprout-base.json";
    for path in run.stdout.lines().filter(|path| !template(path)) {
        let text = place.read(&format!("shop/{path}"));
        assert!(!text.contains("{{") && !text.contains("{%"), "{path}:\n{text}");
        assert!(!text.lines().any(|line| line.ends_with(' ')), "{path} has spaces at the end of a line:\n{text}");
    }
}

/// A project is not larger than what somebody can give a reason for.
#[test]
fn each_file_has_its_reason() {
    let place = Place::new();
    let written: Vec<String> =
        place.run(["new", "shop", "--defaults"]).ok().stdout.lines().map(str::to_owned).collect();
    let page = include_str!("../../docs/src/reference/generated-files.md");
    let row = |line: &str| {
        let (path, why) = line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")?;
        (!why.is_empty()).then(|| path.to_owned())
    };
    let mut told: Vec<String> = page.lines().filter_map(row).collect();
    told.sort();
    assert_eq!(written, told);
    assert!(page.contains(&format!("these {} files", written.len())), "{}", written.len());
}

#[test]
fn a_terminal_shows_folders_and_the_next_step() {
    let place = Place::new();
    let terminal = Terminal::run(&place, 80, &["new", "9 lives", "--defaults"]);
    let (exit, screen) = terminal.ends();
    assert_eq!(exit, 0, "{screen}");
    assert!(screen.contains(".ebextensions/ (6)") && !screen.contains("10-django.config"), "{screen}");
    assert!(screen.contains("`cd '9 lives'`") && screen.contains("`project_name` is `lives`"), "{screen}");
    assert!(screen.lines().count() < 16, "{screen}");
}

#[test]
fn two_runs_write_the_same() {
    let place = Place::new();
    place.run(["new", "a/shop", "--defaults"]).ok();
    place.run(["new", "b/shop", "--defaults"]).ok();
    place.sh("diff", &["-r", "a", "b"]);
}

#[test]
fn json_tells_answers_and_files() {
    let place = Place::new();
    let document = place.run(["--json", "new", "shop", "--defaults", "--set", "database=mysql"]).ok().document("new/1");
    assert_eq!(document["answers"]["database"], "mysql");
    let files = document["files"].as_array().unwrap();
    let manage = files.iter().find(|file| file["path"] == "manage.py").unwrap();
    assert_eq!(manage["executable"], true);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    let run = place.run(["new", "shop", "--defaults", "--dry-run"]).ok();
    assert!(run.stdout.contains("Procfile\n"), "{run}");
    assert!(!place.exists("shop"));
}

#[test]
fn an_empty_folder_may_be_the_one_we_are_in() {
    let place = Place::new();
    place.run(["new", ".", "--defaults"]).ok();
    assert!(place.exists("Procfile"));
    // `work` is the name of the folder.
    assert!(place.exists("work/wsgi.py"));
}

#[test]
fn answers_come_from_a_file_and_the_command_line_wins() {
    let place = Place::new()
        .file("answers.toml", "region = \"eu-west-1\"\npython = \"3.14\"\n")
        .file("answers.json", r#"{"region": "eu-west-1", "python": "3.12"}"#);
    place.run(["new", "a", "--defaults", "--answers", "answers.toml", "--set", "region=ap-northeast-1"]).ok();
    let config = place.read("a/.elasticbeanstalk/config.yml");
    assert!(config.contains("default_region: ap-northeast-1"), "{config}");
    assert!(config.contains("Python 3.14 running on 64bit Amazon Linux 2023"), "{config}");
    place.run(["new", "b", "--defaults", "--answers", "answers.json"]).ok();
    assert!(place.read("b/.elasticbeanstalk/config.yml").contains("default_region: eu-west-1"));
}

#[test]
fn bad_input_is_refused_with_a_hint_and_nothing_is_written() {
    #[track_caller]
    fn case(arguments: &[&str], exit: i32, message: &str, hint: &str) {
        let place = Place::new().file("full/x", "").file("file", "").file("number.toml", "python = 3.10\n");
        let run = place.run(["new"].iter().chain(arguments)).exit(exit);
        assert!(run.stderr.contains(message), "{run}");
        assert!(run.stderr.contains(hint), "{run}");
        assert_eq!(run.stdout, "");
        let left = place.sh("ls", &["-A"]);
        assert_eq!(left, "file\nfull\nnumber.toml\n");
        assert_eq!(place.sh("ls", &["-A", "full"]), "x\n");
    }
    case(&["full", "--defaults"], 3, "`[DIR]/full` is not empty", "it holds `x`");
    case(&["file", "--defaults"], 3, "`[DIR]/file` is not a folder", "");
    case(
        &["a", "--defaults", "--set", "project_name=class"],
        2,
        "a word of the Python language",
        "--set project_name=",
    );
    case(&["a", "--defaults", "--set", "project_name=django"], 2, "would hide the module `django`", "--set");
    case(&["a", "--defaults", "--set", "project_name=json"], 2, "would hide the module `json`", "--set");
    case(&["a", "--defaults", "--set", "project_name=サイト"], 2, "letters outside ASCII", "--set");
    case(
        &["a", "--defaults", "--set", "databse=mysql"],
        2,
        "there is no question `databse`",
        "did you mean `database`?",
    );
    case(&["a", "--defaults", "--set", "database=oracle"], 2, "is not one of `sqlite`", "--set database=");
    case(&["a", "--defaults", "--set", "database"], 2, "has no `=`", "--set KEY=VALUE");
    case(
        &["a", "--defaults", "--set", "https=yes"],
        2,
        "`https` was answered but is not asked",
        "profile != 'learning'",
    );
    case(&["a", "--defaults", "--answers", "number.toml"], 2, "it must stand in quotes", "--set python=");
    case(&["a", "--defaults", "--answers", "none.toml"], 3, "failed to read `[DIR]/none.toml`", "");
    case(&["a"], 2, "`project_name` has no answer", "`--set project_name=VALUE`, an `--answers` file, or `--defaults`");
    // What is wrong comes before what is missing.
    case(&["a", "--set", "database=oracle"], 2, "`oracle` is not an answer to `database`", "--set database=");
    case(&["full/.", "--defaults"], 3, "`[DIR]/full` is not empty", "");
    case(&["a", "--defaults", "--set", "static_files=s3"], 2, "`static_bucket` has no answer", "--set static_bucket=");
    case(&["a", "--defaults", "--stack", "cobol"], 2, "there is no built-in stack `cobol`", "`python`");
    case(&["a", "--defaults", "--stack", "./full"], 3, "`./full` is not a stack", "");
}

#[test]
fn a_person_is_asked_and_shown_the_answers() {
    let place = Place::new();
    let mut terminal = Terminal::run(&place, 100, &["new", "my shop"]);
    terminal.sees("What is the Django project called?").sees("my_shop").enter();
    terminal.sees("the Elastic Beanstalk application?").sees("my-shop").enter();
    // A wrong answer is told at the prompt, which then waits for a better one.
    terminal.sees("In which AWS region?").types("tokyo\r").sees("is not an AWS region");
    terminal.types("\x7f\x7f\x7f\x7f\x7fap-northeast-1\r");
    terminal.sees("Which Python?").enter();
    terminal.sees("How much traffic?").types(DOWN).enter();
    terminal.sees("Where do the data live?").enter();
    terminal.sees("Who serves static files?").enter();
    terminal.sees("HTTPS at the load balancer?").types("n");
    terminal.sees("profile = steady").sees("All right?").types(DOWN).enter();
    // Change an answer: the first is the project's name.
    terminal.sees("Which one?").types(ENTER).sees("What is the Django project called?").types("\r");
    terminal.sees("All right?").enter();
    let (exit, screen) = terminal.ends();
    assert_eq!(exit, 0, "{screen}");
    assert!(place.read("my shop/.elasticbeanstalk/config.yml").contains("ap-northeast-1"));
    assert!(place.read("my shop/.ebextensions/20-instances.config").contains("LoadBalanced"));
}

#[test]
fn ctrl_c_leaves_nothing_and_gives_the_cursor_back() {
    let place = Place::new();
    let mut terminal = Terminal::run(&place, 100, &["new", "shop"]);
    terminal.sees("What is the Django project called?").enter();
    terminal.sees("application?").enter();
    terminal.sees("region?").enter();
    terminal.sees("Which Python?").sees("3.14").types("\x03");
    let (exit, screen) = terminal.ends();
    assert_eq!(exit, 130, "{screen}");
    assert!(screen.contains("<cursor>"), "{screen}");
    assert!(!place.exists("shop"));
}

#[test]
fn a_narrow_window_is_enough() {
    let place = Place::new();
    let mut terminal = Terminal::run(&place, 32, &["new", "shop"]);
    for key in ["project_name", "application", "region", "python", "profile", "database", "static_files"] {
        terminal.sees(key).enter();
    }
    terminal.sees("All right?").enter();
    let (exit, screen) = terminal.ends();
    assert_eq!(exit, 0, "{screen}");
    assert!(place.exists("shop/Procfile"));
}

#[test]
fn stopping_at_the_review_writes_nothing() {
    let place = Place::new();
    let mut terminal = Terminal::run(&place, 100, &["new", "shop", "--set", "profile=learning"]);
    for question in ["project called?", "application?", "region?", "Which Python?", "data live?", "static files?"] {
        terminal.sees(question).enter();
    }
    terminal.sees("All right?").types(DOWN).types(DOWN).enter();
    let (exit, screen) = terminal.ends();
    assert_eq!(exit, 1, "{screen}");
    assert!(!place.exists("shop"));
}

#[test]
fn the_platform_is_patched_while_people_sleep() {
    #[track_caller]
    fn case(region: &str, hour: &str) {
        let place = Place::new();
        place.run(["new", "shop", "--defaults", "--set", &format!("region={region}")]).ok();
        let options = place.read("shop/.ebextensions/20-instances.config");
        assert!(options.contains(&format!("PreferredStartTime: \"{hour}\"")), "{region}: {options}");
    }
    case("us-east-1", "Tue:08:00");
    case("us-west-2", "Tue:10:00");
    case("eu-west-3", "Tue:02:00");
    case("ap-south-1", "Tue:22:00");
    case("ap-northeast-1", "Tue:18:00");
    case("sa-east-1", "Tue:06:00");
}
