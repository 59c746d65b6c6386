//! What is said of settings that are partly right: where it is worse, where it is less bad, and what helps then.

use super::advice::{advises, said};
use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

const EB: (&str, &str) = (".ebextensions/a.config", "commands: {}\n");
const COMMON: &str = "MIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n";

#[test]
fn names_that_lead_to_a_machine_to_develop_on() {
    let says = |names: &str, words: &str| {
        let text = format!("{COMMON}ALLOWED_HOSTS = [{names}]\n");
        let found = said("EB010", &[EB, ("mysite/settings.py", text.as_str())]);
        assert!(found.iter().any(|finding| finding.message.contains(words)), "{names}: {found:#?}");
    };
    says("'localhost', 'a1b2.vfs.cloud9.us-east-1.amazonaws.com'", "to develop on");
    says("'shop-me.c9users.io'", "to develop on");
    says("'a1b2.ngrok.io', '127.0.0.1'", "to develop on");
    says("'a1b2.ngrok.io', 'shop.herokuapp.com'", "another provider");
    says("'a1b2.ngrok.io', 'www.shop-example.net'", "health checks get a 400");
}

#[test]
fn a_question_for_metadata_that_may_fail() {
    const ASKS: &str = "requests.get('http://169.254.169.254/latest/meta-data/local-ipv4')";
    let level = |text: String, expected: Level| {
        let found = said("EB011", &[EB, ("mysite/settings.py", text.as_str())]);
        assert_eq!(found.first().map(|finding| finding.level), Some(expected), "{found:#?}");
    };
    level(format!("import requests\nIP = {ASKS}.text\n"), Level::Error);
    level(format!("import requests\ntry:\n    IP = {ASKS}.text\nexcept Exception:\n    IP = None\n"), Level::Warning);
}

#[test]
fn all_hosts_by_heroku() {
    let text = "import django_heroku\nALLOWED_HOSTS = ['a.example.org']\ndjango_heroku.settings(locals())\n";
    advises("EB372", "allowed_hosts=False", &[EB, ("mysite/settings.py", text)]);
}

#[test]
fn a_folder_that_nothing_is_in_asks_nothing() {
    let collects =
        (".ebextensions/b.config", "container_commands:\n  01_a:\n    command: python manage.py collectstatic\n");
    let settings = |rest: &str| {
        format!(
            "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nSTATIC_ROOT = BASE_DIR / 'collected'\n{rest}"
        )
    };
    let list = ("requirements.txt", "Django==4.2.27\n");
    let manage = ("manage.py", "import django\n");
    let asks = |found: bool, rest: &str, more: &[(&str, &str)]| {
        let text = settings(rest);
        case("EB160", found, &[&[collects, list, manage, ("mysite/settings.py", text.as_str())], more].concat());
    };
    asks(false, "", &[]);
    asks(true, "", &[("collected/a.css", "")]);
    asks(true, "STATICFILES_STORAGE = 'storages.backends.s3boto3.S3Boto3Storage'\n", &[]);
    asks(true, "", &[(".platform/hooks/predeploy/01.sh", "#!/bin/sh\npython manage.py collectstatic\n")]);
}

#[test]
fn only_an_object_that_is_there_is_offered() {
    let path = |text: &str, words: &str| {
        let option = "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: mysite/wsgi.py}\n";
        let tree = Tree::default().file(".ebextensions/a.config", option).file("mysite/wsgi.py", text);
        let report = run(&tree, &Settings::default());
        let fix = report.findings.iter().find(|finding| finding.rule == "EB002").map(|finding| finding.fix.as_str());
        assert!(fix.is_some_and(|fix| fix.contains(words)), "{text}: {fix:?}");
    };
    path("application = get_wsgi_application()\n", "`mysite.wsgi:application`");
    path("app = make()\n", "`mysite.wsgi:app`");
    path("from shop import app as application\n", "`mysite.wsgi:application`");
    path("site = make()\n", "name the module");
}

#[test]
fn the_first_of_a_line_is_old_as_well() {
    let platform = (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.12}\n");
    let settings = ("mysite/settings.py", "DEBUG = False\n");
    let stops = |found: bool, line: &str| case("EB158", found, &[platform, settings, ("requirements.txt", line)]);
    stops(true, "Django==3.2\n");
    stops(true, "Django==3.2.8\n");
    stops(false, "Django==3.2.25\n");
}

#[test]
fn passwords_of_databases() {
    let database = |part: &str| {
        format!(
            "import os\nimport dj_database_url\nDATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'NAME': 'a', {part}}}}}\n"
        )
    };
    let level = |text: &str, expected: Option<Level>| {
        let found = said("EB112", &[EB, ("mysite/settings.py", text)]);
        assert_eq!(found.first().map(|finding| finding.level), expected, "{text}{found:#?}");
        assert!(
            found.iter().all(|finding| !finding.message.contains("k7Qx29pLm4") && !finding.fix.contains("k7Qx29pLm4"))
        );
    };
    level(&database("'HOST': 'db.shop.net', 'PASSWORD': 'k7Qx29pLm4'"), Some(Level::Warning));
    level(&database("'HOST': 'db.shop.net', 'PASSWORD': os.environ.get('P', 'k7Qx29pLm4')"), Some(Level::Warning));
    level(
        &database("'HOST': os.environ.get('H', 'localhost'), 'PASSWORD': os.environ.get('P', 'k7Qx29pLm4')"),
        Some(Level::Note),
    );
    level(&database("'HOST': 'localhost', 'PASSWORD': os.environ.get('P', 'postgres')"), None);
    level(
        "import dj_database_url\nDATABASES = {'default': dj_database_url.config(default='postgres://a:k7Qx29pLm4@db.shop.net/a')}\n",
        Some(Level::Warning),
    );
    level(
        "DATABASES = {'default': {}, 'old': {'ENGINE': 'x', 'HOST': 'db.shop.net', 'PASSWORD': 'k7Qx29pLm4'}}\n",
        Some(Level::Warning),
    );
}
