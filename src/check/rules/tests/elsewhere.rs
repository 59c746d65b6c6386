//! Elsewhere: claims that another line or another file of the same bundle decides otherwise.

use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

/// Level, path and message of all that a rule says of these files.
fn said(rule: &str, files: &[(&str, &str)]) -> Vec<(Level, String, String)> {
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
    let found = run(&tree, &Settings::default()).findings.into_iter().filter(|finding| finding.rule == rule);
    found.map(|finding| (finding.level, finding.path, finding.message)).collect()
}

#[test]
fn a_file_that_is_skipped_rejects_nothing() {
    let options = "option_settings:\n  aws:elasticbeanstalk:no-such:\n    A: b\n";
    let commands = "commands:\n  a:\n    command: cd /opt/python/current/app\n";
    for (rule, text) in [("EB301", options), ("EB033", commands)] {
        case(rule, true, &[(".ebextensions/a.config", text)]);
        let skipped = format!("{text}contaner_commands: {{}}\n");
        case(rule, false, &[(".ebextensions/a.config", &skipped)]);
        case("EB202", true, &[(".ebextensions/a.config", &skipped)]);
    }
}

#[test]
fn packages_that_a_hook_installs() {
    let config = (".ebextensions/a.config", "packages:\n  dnf:\n    pango: []\n    cairo: []\n");
    let found = said("EB221", &[PROCFILE, config]);
    assert!(
        matches!(found.as_slice(), [(Level::Warning, _, message)] if message.contains("not installed")),
        "{found:?}"
    );
    let hook = |words: &str| format!("#!/bin/bash\nsudo dnf install -y {words}\n");
    let with = |words: &str| said("EB221", &[PROCFILE, config, (".platform/hooks/prebuild/a.sh", &hook(words))])[0].0;
    assert_eq!(with("pango cairo git"), Level::Note);
    assert_eq!(with("pango"), Level::Warning);
}

#[test]
fn what_a_hook_never_reaches() {
    let manage = ("manage.py", "from django.core.management import execute_from_command_line\n");
    let hook = |text: &str| {
        let text = format!("#!/bin/bash\n{text}\n");
        let path = ".platform/hooks/postdeploy/a.sh";
        let files = [PROCFILE, WSGI, manage, ("requirements.txt", ""), (path, text.as_str())];
        let of = |rule: &str| said(rule, &files).into_iter().map(|(level, ..)| level).collect::<Vec<_>>();
        (of("EB162"), of("EB177"))
    };
    let group = "source /home/ubuntu/env/bin/activate && {\npython manage.py migrate;\npython manage.py runserver\n}";
    assert_eq!(hook(group), (vec![Level::Error], vec![]));
    assert_eq!(hook(&group.replace("/home/ubuntu/env", "/var/app/venv/*")), (vec![], vec![Level::Warning]));
    // What is not joined to it is reached all the same.
    let lines = "source /home/ubuntu/env/bin/activate && echo a\npython manage.py migrate\necho b";
    assert_eq!(hook(lines), (vec![Level::Warning], vec![Level::Warning]));
    assert_eq!(hook(&format!("set -e\n{lines}")).0, [Level::Error]);
    assert_eq!(hook("source /home/ubuntu/env/bin/activate || true\necho b").0, []);
}

#[test]
fn settings_that_carry_out_another_file() {
    let debug = "DEBUG = True\nALLOWED_HOSTS = []\n";
    case("EB110", true, &[("mysite/settings.py", debug)]);
    for last in [
        "exec(open('local.py').read())\n",
        "if os.path.exists(f):\n    exec(open(f, 'rb').read())\n",
        "execfile('local.py')\n",
    ] {
        let text = format!("{debug}{last}");
        for (rule, found) in [("EB110", false), ("EB010", false), ("EB114", true)] {
            case(rule, found, &[("mysite/settings.py", &text)]);
        }
    }
}

#[test]
fn variables_that_compose_gives() {
    const SETTINGS: &str = "import os\nDEBUG = os.environ.get('DEBUG', 'True') == 'True'\n";
    let files = |environment: &str| {
        let text = format!("services:\n  web:\n    build: .\n    ports: ['80:8000']\n    environment:\n{environment}");
        said(
            "EB110",
            &[WSGI, ("Dockerfile", "FROM python\n"), ("mysite/settings.py", SETTINGS), ("docker-compose.yml", &text)],
        )
    };
    let on = files("      DEBUG: \"True\"\n");
    assert!(matches!(on.as_slice(), [(Level::Error, path, _)] if path == "docker-compose.yml"), "{on:?}");
    assert_eq!(files("      - DEBUG=False\n"), []);
    assert_eq!(files("      A: b\n").len(), 1);
}

#[test]
fn a_property_that_turns_debug_mode_on() {
    let settings = ("mysite/settings.py", "import os\nDEBUG = os.environ.get('X_DEBUG') == 'True'\n");
    let config = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    X_DEBUG: \"True\"\n";
    let found = said("EB110", &[PROCFILE, WSGI, settings, (".ebextensions/a.config", config)]);
    assert!(matches!(found.as_slice(), [(Level::Error, path, _)] if path == ".ebextensions/a.config"), "{found:?}");
}

#[test]
fn hosts_of_instances_that_were() {
    let level = |settings: &str| {
        let settings = format!("{settings}MIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n");
        let found = said("EB010", &[PROCFILE, WSGI, ("mysite/settings.py", &settings)]);
        found.into_iter().map(|(level, ..)| level).next()
    };
    assert_eq!(level("ALLOWED_HOSTS = ['a.com']\n"), Some(Level::Error));
    assert_eq!(level("ALLOWED_HOSTS = ['a.com', '172.31.29.115']\n"), Some(Level::Warning));
    assert_eq!(level("ALLOWED_HOSTS = ['a.com', '18.1.2.3']\n"), Some(Level::Error));
    // Nobody else gets an answer either, which is more than what becomes of health checks.
    let said = |settings: &str| {
        let settings = format!("{settings}MIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n");
        let found = said("EB010", &[PROCFILE, WSGI, ("mysite/settings.py", &settings)]);
        found.into_iter().map(|(level, _, message)| (level, message.contains("by a name"))).next()
    };
    assert_eq!(said("ALLOWED_HOSTS = ['10.0.0.1', '127.0.0.1']\n"), Some((Level::Error, true)));
    assert_eq!(said("ALLOWED_HOSTS = ['10.0.0.1', '18.1.2.3']\n"), Some((Level::Warning, true)));
    assert_eq!(said("ALLOWED_HOSTS = ['10.0.0.1', '.shop.org']\n"), Some((Level::Warning, false)));
}

#[test]
fn files_of_compress_in_a_storage_elsewhere() {
    let config =
        "container_commands:\n  a:\n    command: source /var/app/venv/*/bin/activate && python manage.py compress\n";
    let with = |found: bool, settings: &str| {
        case("EB093", found, &[("mysite/settings.py", settings), (".ebextensions/a.config", config)]);
    };
    with(true, "DEBUG = False\n");
    with(true, "COMPRESS_STORAGE = 'compressor.storage.GzipCompressorFileStorage'\n");
    with(false, "COMPRESS_STORAGE = 'storages.backends.s3boto3.S3Boto3Storage'\n");
    with(false, "COMPRESS_STORAGE = STATICFILES_STORAGE\n");
}

#[test]
fn tasks_that_nobody_queues() {
    let settings = ("mysite/settings.py", "CELERY_BROKER_URL = 'redis://127.0.0.1:6379/0'\n");
    let view = |code: &'static str| ("shop/views.py", code);
    case("EB149", false, &[settings, view("send(1)\n")]);
    case("EB149", true, &[settings, view("send.delay(1)\n")]);
    case("EB149", true, &[settings, ("Procfile", "web: gunicorn mysite.wsgi\nworker: celery -A mysite worker\n")]);
}

#[test]
fn a_script_that_is_where_it_meant_to_go() {
    let hook = |text: &str| {
        let text = format!("#!/bin/bash\n{text}");
        said("EB033", &[PROCFILE, (".platform/hooks/predeploy/a.sh", &text)])[0].0
    };
    assert_eq!(hook("cd /var/app/ondeck\nsource /var/app/venv/*/bin/activate\nflask db upgrade\n"), Level::Note);
    assert_eq!(hook("set -e\ncd /var/app/ondeck\nflask db upgrade\n"), Level::Error);
    assert_eq!(hook("cd /var/app/ondeck/app\nflask db upgrade\n"), Level::Error);
}

#[test]
fn poetry_before_it_is_there() {
    let commands = |first: &str| {
        let text = format!(
            "container_commands:\n  1:\n    command: {first}\n  2:\n    command: poetry run python manage.py migrate\n"
        );
        let files = [PROCFILE, ("requirements.txt", ""), (".ebextensions/a.config", text.as_str())];
        said("EB035", &files).len()
    };
    assert_eq!(commands("poetry install"), 1);
    assert_eq!(commands("pip install poetry"), 0);
    assert_eq!(commands("curl -sSL https://install.python-poetry.org | python3 -"), 0);
}

#[test]
fn a_hook_of_old_that_a_command_runs() {
    let old = "/opt/elasticbeanstalk/hooks/appdeploy/post/a.sh";
    let message = |run: &str| {
        let text = format!("container_commands:\n  1:\n    command: cat a.txt > {old}\n  2:\n    command: {run}\n");
        said("EB036", &[PROCFILE, (".ebextensions/a.config", &text)])[0].2.clone()
    };
    assert!(message(old).contains("no such folder"), "{}", message(old));
    assert!(message("ls").contains("nothing runs"), "{}", message("ls"));
}

#[test]
fn values_that_are_no_secrets() {
    let property = |found: bool, line: &str| {
        let text = format!("option_settings:\n  aws:elasticbeanstalk:application:environment:\n    {line}\n");
        case("EB073", found, &[(".ebextensions/a.config", &text)]);
    };
    property(true, "SECRET_KEY: h7Gk29xQpLm4Zt8w");
    property(false, "SECRETS: /tmp/secrets.json");
    property(true, "DATABASE_URL: postgres://a:h7Gk29xQ@db.example.org/a".replace("example", "shop").as_str());
    property(false, "DATABASE_URL: postgres://a:your_password_here@localhost/a");
}
