//! Whatever people or machines write into a file: a finding or silence, never a panic, and fixes that come to an end.

use proptest::prelude::*;

use super::{Report, Settings, changes, run};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::timeline::{Event, Timeline};
use crate::beanstalk::tree::Tree;

/// Everything that is done with a project, on a tree with these files.
#[track_caller]
fn survives(files: &[(&str, &[u8])]) -> Report {
    let with = |tree: Tree, (path, content): &(&str, &[u8])| tree.file(path, content);
    let mut tree = files.iter().fold(Tree::default(), with);
    let report = run(&tree, &Settings::default());
    for finding in &report.findings {
        assert!(finding.start <= finding.end, "{finding:?}");
    }
    for width in [None, Some(40)] {
        assert!(!report.paint(crate::ui::Paint::default(), width).is_empty());
    }
    assert!(report.sarif().is_object());
    for event in Event::ALL {
        Timeline::new(&Customizations::read(&tree), event);
    }
    // Once mended, there is nothing left to mend.
    for change in changes(&tree, &Settings::default()) {
        tree.change(&change.path, change.after.as_deref(), change.executable);
    }
    let again = changes(&tree, &Settings::default());
    assert!(again.is_empty(), "the fixes go on for ever: {again:?}");
    report
}

/// Words that the parsers know, in any order.
fn words(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop_oneof![8 => prop::sample::select(known).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

const YAML: &[&str] = &[
    "option_settings:",
    "commands:",
    "container_commands:",
    "files:",
    "packages:",
    "Resources:",
    "\n",
    "\n  ",
    "\n    ",
    "\n      ",
    "- ",
    ": ",
    "aws:elasticbeanstalk:command",
    "aws:elasticbeanstalk:container:python:staticfiles",
    "Timeout",
    "command",
    "leader_only",
    "true",
    "yes",
    "000644",
    "mode",
    "/etc/cron.d/x",
    "content",
    "|",
    ">",
    "\"",
    "'",
    "`",
    "&a ",
    "*a",
    "<<: ",
    "!Ref ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "# beansprout: ignore EB030 why",
    "01_a",
    "10_a",
    "/opt/python/current/app",
    "manage.py migrate",
    "é",
    "\t",
    "\r\n",
    "* * * * * root x",
    "yum",
    "postgresql-devel",
    "3.10",
    "22:22",
];
const PYTHON: &[&str] = &[
    "DEBUG",
    "SECRET_KEY",
    "DATABASES",
    "INSTALLED_APPS",
    "urlpatterns",
    "ROOT_URLCONF",
    " = ",
    " += ",
    "os.environ",
    "[\"X\"]",
    ".get(",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "\n",
    "\n    ",
    "if x:",
    "else:",
    "try:",
    "from .b import *",
    "import os",
    "lambda ",
    "not ",
    "\"a\"",
    "'mysite.urls'",
    "f\"{",
    "}\"",
    "path(",
    "True",
    "0x1",
    "99999999999999999999",
    "-",
    "**",
    "\\\n",
    "\"\"\"",
    "#",
    "é",
    "BASE_DIR / ",
    "int(",
    "locals()",
    ".append(",
    "@",
    "\u{c}",
];
const LINES: &[&str] = &[
    "web: ",
    "worker:",
    "gunicorn ",
    "--bind ",
    "-b",
    ":8000",
    "$PORT",
    "--timeout",
    "=",
    " ",
    "\n",
    "mysite.wsgi",
    "mysite/wsgi.py",
    ":application",
    "&&",
    "\"",
    "psycopg2",
    "==",
    "git+https://",
    "-e .",
    "; ",
    "#",
    "file:///",
    "pywin32",
    "FROM x",
    "RUN ",
    "CMD [",
    "]",
    "manage.py",
    "\\\n",
    "ENV A=b",
    "sudo ",
    "\r\n",
    "é",
    "--hash",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn config_files(text in words(YAML)) {
        survives(&[(".ebextensions/a.config", text.as_bytes())]);
    }

    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..60), path in prop::sample::select(PATHS)) {
        survives(&[(path, &bytes)]);
    }

    #[test]
    fn descriptors(text in words(YAML), path in prop::sample::select(PATHS)) {
        survives(&[(path, text.as_bytes())]);
    }

    #[test]
    fn lines(text in words(LINES), path in prop::sample::select(PATHS)) {
        survives(&[(path, text.as_bytes())]);
    }

    #[test]
    fn settings(text in words(PYTHON), more in words(PYTHON)) {
        survives(&[PROCFILE, WSGI, ("a/settings.py", text.as_bytes()), ("a/b.py", more.as_bytes())]);
    }

    #[test]
    fn urls_and_servers(text in words(PYTHON), more in words(LINES)) {
        const SETTINGS: &[u8] = b"ROOT_URLCONF = 'a.urls'\nMIDDLEWARE = []\n";
        let conf = text.as_bytes();
        let procfile = format!("web: gunicorn {more}");
        survives(&[("Procfile", procfile.as_bytes()), WSGI, ("a/settings.py", SETTINGS), ("a/urls.py", conf), ("gunicorn.conf.py", conf)]);
    }
}

const PROCFILE: (&str, &[u8]) = ("Procfile", b"web: gunicorn a.wsgi\n");
const WSGI: (&str, &[u8]) = ("a/wsgi.py", b"os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"a.settings\")\n");
const PATHS: &[&str] = &[
    ".ebextensions/a.config",
    ".elasticbeanstalk/config.yml",
    ".platform/hooks/predeploy/a.sh",
    ".platform/nginx/conf.d/a.conf",
    "Buildfile",
    "Dockerfile",
    "Dockerrun.aws.json",
    "Procfile",
    "cron.yaml",
    "docker-compose.yml",
    "env.yaml",
    "pyproject.toml",
    "requirements.txt",
];

/// `count` times what `line` makes of the number.
fn many(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Each of these once took minutes, and would again if something counted from the start for each of many.
#[test]
fn large_files_take_no_square_of_their_size() {
    const CONFIG: &str = ".ebextensions/a.config";
    let commands = many(2_000, |number| format!("  c{number}: {{command: \"manage.py migrate\"}}\n"));
    survives(&[(CONFIG, format!("commands:\n{commands}").as_bytes())]);
    let unknown = many(2_000, |number| format!("    Unknown{number}: x\n"));
    survives(&[(CONFIG, format!("option_settings:\n  aws:elasticbeanstalk:command:\n{unknown}").as_bytes())]);
    let cron = many(1_500, |number| format!("      * * * * * root manage.py {number}\n"));
    let file = "files:\n  /etc/cron.d/x:\n    mode: \"000644\"\n    content: |\n";
    survives(&[(CONFIG, format!("{file}{cron}").as_bytes())]);
    let comments = many(10_000, |_| "# beansprout: ignore EB101\n".to_owned());
    survives(&[(CONFIG, comments.as_bytes())]);
    let one_line = many(2_000, |number| format!("\"c{number}\": {{\"comand\": \"x\"}}, "));
    survives(&[(CONFIG, format!("{{\"commands\": {{{one_line}\"z\": {{\"command\": \"x\"}}}}}}").as_bytes())]);
    let lines = many(3_000, |_| "psycopg2\nmysqlclient\n".to_owned());
    let commands = many(2_000, |number| format!("  c{number}: {{command: x}}\n"));
    survives(&[("requirements.txt", lines.as_bytes()), (CONFIG, format!("commands:\n{commands}").as_bytes())]);
    survives(&[("requirements.txt", "psycopg2 ".repeat(100_000).as_bytes())]);
    survives(&[("Procfile", format!("web: gunicorn {}", "-b ".repeat(100_000)).as_bytes())]);
    survives(&[("Procfile", many(3_000, |number| format!("w{number}: x\n")).as_bytes())]);
    survives(&[(".platform/hooks/predeploy/a.sh", "manage.py ".repeat(100_000).as_bytes())]);
}

#[test]
fn python_that_goes_deep_or_doubles() {
    let doubling = |start: &str, step: &str| format!("A = {start}\n{}", step.repeat(60));
    let texts = [
        format!("X = {}1{}\n", "(".repeat(100_000), ")".repeat(100_000)),
        format!("X = {}1{}\n", "(1+".repeat(58), ")".repeat(58)),
        format!("X = {}1\n", "not ".repeat(100_000)),
        format!("X = {}1\n", "not\t".repeat(60_000)),
        format!("X = {}1\n", "await\t".repeat(60_000)),
        format!("X = {}1\n", "-".repeat(1_999)),
        format!("X = {}1\n", "-\\\n".repeat(80_000)),
        format!("X = (a{})\n", "\n.b".repeat(80_000)),
        format!("X = (1{})\n", "\n+1".repeat(80_000)),
        format!("X = {}1\n", "1 if a else ".repeat(1_000)),
        format!("X = {}1\n", "lambda:".repeat(30_000)),
        format!("X = 1{}\n", "<1".repeat(80_000)),
        format!("X = {}1\n", "a = ".repeat(50_000)),
        format!("if a:\n  b=1\n{}", "elif a:\n  b=1\n".repeat(10_000)),
        format!("X = {}1{}\n", "f\"{".repeat(50), "}\"".repeat(50)),
        many(390, |depth| format!("{}if x:\n", "\t".repeat(depth))),
        format!("{}def f(): pass\n", "@a\n".repeat(30_000)),
        doubling("[1]", "A = A + A\n"),
        doubling("'ab'", "A = A + A\n"),
        doubling("[1]", "A = [A, A]\n"),
        doubling("{'a': 1}", "A = {'x': A, 'y': A}\n"),
        doubling("[1]", "A += A\n"),
        format!("A = [{}]\nX = [{}]\n", "1,".repeat(15_000), "A,".repeat(80_000)),
        "from .b import *\n".to_owned(),
    ];
    for text in &texts {
        survives(&[PROCFILE, WSGI, ("a/settings.py", text.as_bytes()), ("a/b.py", b"from .settings import *\n")]);
    }
}

#[test]
fn images_of_variables_and_stages_without_end() {
    let doubling = |word: &str| many(300, |number| format!("{word} A{}=$A{number}${{A{number}}}\n", number + 1));
    let stages = format!("FROM a AS s\n{}{}", "RUN x\n".repeat(3_000), "FROM s AS s\n".repeat(3_000));
    let copies = many(300, |number| format!("FROM a AS s{number}\nCOPY --from=s{number} /a /a\n"));
    for dockerfile in [
        format!("ARG A0=x\n{}FROM a:$A300\n", doubling("ARG")),
        format!("FROM a\nENV A0=x\n{}WORKDIR $A300\nENV DJANGO_SETTINGS_MODULE=$A300\n", doubling("ENV")),
        stages,
        copies,
    ] {
        survives(&[("Dockerfile", dockerfile.as_bytes()), ("manage.py", b"")]);
    }
}

#[test]
fn urls_that_all_include_each_other() {
    let includes =
        many(30, |number| format!("    path('a/', include('a.u{number}')),\n    path('', include('a.u{number}')),\n"));
    let urls = format!("urlpatterns = [\n{includes}]\n");
    let names: Vec<String> = (0..30).map(|number| format!("a/u{number}.py")).collect();
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), urls.as_bytes())).collect();
    let settings = b"DEBUG = False\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'a.u0'\nINSTALLED_APPS = []\n";
    let option =
        "option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    HealthCheckPath: /health/\n";
    files.extend([
        PROCFILE,
        WSGI,
        ("manage.py", b""),
        ("a/settings.py", settings),
        (".ebextensions/a.config", option.as_bytes()),
    ]);
    survives(&files);
}

#[test]
fn locks_in_which_all_needs_all() {
    let all = many(150, |number| {
        format!("{{ name = \"p{number}\", extra = [\"e\"], marker = \"python_version > '{number}'\" }}, ")
    });
    let package = |number: usize| {
        format!(
            "[[package]]\nname = \"p{number}\"\nversion = \"1\"\nsource = {{ registry = \"x\" }}\ndependencies = [{all}]\n"
        )
    };
    let lock = format!(
        "[[package]]\nname = \"shop\"\nsource = {{ virtual = \".\" }}\ndependencies = [{all}]\n{}",
        many(150, package)
    );
    let flat = format!(
        "[[package]]\nname = \"shop\"\nsource = {{ virtual = \".\" }}\ndependencies = [{}]\n{}",
        many(5_000, |number| format!("{{ name = \"p{number}\" }}, ")),
        many(5_000, |number| format!(
            "[[package]]\nname = \"p{number}\"\nversion = \"1\"\nsource = {{ registry = \"x\" }}\n"
        ))
    );
    for lock in [lock, flat] {
        let dockerfile = b"FROM python:3.12\nCOPY . .\nRUN uv sync\nCMD [\"gunicorn\", \"a.wsgi\"]\n";
        survives(&[
            ("uv.lock", lock.as_bytes()),
            ("Dockerfile", dockerfile),
            ("pyproject.toml", b"[project]\nname = \"shop\"\n"),
        ]);
    }
}
