//! What is started too early or by nobody, and accounts with passwords that everybody knows.

use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

const UNIT: &str = "files:\n  /etc/systemd/system/celery.service:\n    mode: '000644'\n    content: |\n      [Service]\n      User=webapp\n      WorkingDirectory=/var/app/current\n      ExecStart=/bin/sh -c 'exec celery -A mysite worker'\n";

#[test]
fn units_before_the_flip() {
    let unit = |found: bool, more: &str, files: &[(&str, &str)]| {
        let config = format!("{UNIT}{more}");
        case("EB343", found, &[&[(".ebextensions/a.config", config.as_str())], files].concat());
    };
    let command = |line: &str| format!("container_commands:\n  01_start:\n    command: {line}\n");
    unit(true, &command("systemctl restart celery"), &[]);
    unit(true, &command("systemctl start celery.service"), &[]);
    unit(true, &command("systemctl enable --now celery"), &[]);
    unit(false, &command("systemctl enable celery"), &[]);
    unit(false, &command("systemctl restart nginx"), &[]);
    let hook = |folder: &'static str| (folder, "#!/bin/bash\nsystemctl restart celery\n");
    unit(true, "", &[hook(".platform/hooks/predeploy/a.sh")]);
    unit(false, "", &[hook(".platform/hooks/postdeploy/a.sh")]);
    unit(false, &command("systemctl start celery"), &[hook(".platform/hooks/postdeploy/a.sh")]);
    unit(false, "", &[hook(".platform/confighooks/predeploy/a.sh")]);
}

#[test]
fn files_that_a_unit_may_not_make() {
    let unit = |found: bool, line: &str, more: &str| {
        let config = format!(
            "files:\n  /etc/systemd/system/beat.service:\n    mode: '000644'\n    content: |\n      [Service]\n      {line}\n{more}container_commands:\n  01_start:\n    command: systemctl restart beat\n"
        );
        case("EB174", found, &[(".ebextensions/a.config", &config)]);
    };
    unit(true, "User=webapp\n      ExecStart=/usr/bin/celery beat --pidfile=/var/run/beat.pid", "");
    unit(true, "User=webapp\n      ExecStart=/usr/bin/celery beat --schedule /run/beat", "");
    unit(false, "User=root\n      ExecStart=/usr/bin/celery beat --pidfile=/var/run/beat.pid", "");
    unit(false, "ExecStart=/usr/bin/celery beat --pidfile=/var/run/beat.pid", "");
    unit(false, "User=webapp\n      ExecStart=/usr/bin/celery beat --pidfile=/tmp/beat.pid", "");
    unit(false, "User=webapp\n      ExecStart=/usr/bin/celery beat --pidfile=/var/run/beat/beat.pid", "");
    unit(
        false,
        "User=webapp\n      RuntimeDirectory=beat\n      ExecStart=/usr/bin/celery beat --pidfile=/run/beat.pid",
        "",
    );
}

#[test]
fn queues_without_workers() {
    const SETTINGS: (&str, &str) = (
        "mysite/settings.py",
        "INSTALLED_APPS = ['shop']\nROOT_URLCONF = 'mysite.urls'\nCELERY_BROKER_URL = os.environ['BROKER']\n",
    );
    const TASKS: (&str, &str) =
        ("shop/tasks.py", "from celery import shared_task\n@shared_task\ndef confirm(): pass\n");
    let queue = |found: bool, urls: &str, more: &[(&str, &str)]| {
        case("EB346", found, &[&[SETTINGS, TASKS, ("mysite/urls.py", urls)], more].concat());
    };
    let urls = "from shop.tasks import confirm\ndef order(request):\n    confirm.delay()\n";
    queue(true, urls, &[]);
    queue(true, "def order(request):\n    confirm.apply_async((1,))\n", &[]);
    queue(false, "def order(request):\n    confirm()\n", &[]);
    queue(false, "# confirm.delay()\n", &[]);
    queue(false, urls, &[("Procfile", "web: gunicorn mysite.wsgi\nworker: celery -A mysite worker\n")]);
    queue(false, urls, &[(".platform/hooks/postdeploy/a.sh", "#!/bin/bash\nsystemctl restart celery\n")]);
    queue(false, urls, &[("mysite/settings.py", "CELERY_TASK_ALWAYS_EAGER = True\nROOT_URLCONF = 'mysite.urls'\n")]);
    let cron = |found: bool, settings: &str, more: &[(&str, &str)]| {
        case("EB346", found, &[&[("mysite/settings.py", settings)], more].concat());
    };
    let classes = "INSTALLED_APPS = ['django_cron']\nCRON_CLASSES = ['shop.Remind']\n";
    cron(true, classes, &[]);
    cron(false, "INSTALLED_APPS = ['django_cron']\nCRON_CLASSES = []\n", &[]);
    cron(false, "CRON_CLASSES = ['shop.Remind']\n", &[]);
    let runs = "files:\n  /etc/cron.d/a:\n    mode: '000644'\n    content: |\n      * * * * * root python manage.py runcrons\n";
    cron(false, classes, &[(".ebextensions/a.config", runs)]);
}

#[test]
fn administrators_whose_password_is_known() {
    let command = ".ebextensions/a.config";
    let runs = "container_commands:\n  01_admin: {command: python manage.py createadmin}\n";
    let own = |rule: &str, found: bool, line: &str, more: &[(&str, &str)]| {
        let code = format!("def handle():\n    password = {line}\n    create_superuser('a', 'a@b.c', password)\n");
        case(
            rule,
            found,
            &[&[(command, runs), ("shop/management/commands/createadmin.py", code.as_str())], more].concat(),
        );
    };
    own("EB132", true, "os.environ.get('ADMIN_PASSWORD', 'admin123')", &[]);
    own("EB132", false, "os.environ.get('ADMIN_PASSWORD')", &[]);
    let given = "option_settings:\n  aws:elasticbeanstalk:application:environment: {ADMIN_PASSWORD: Placeholder}\n";
    own("EB132", false, "os.environ.get('ADMIN_PASSWORD', 'admin123')", &[(".ebextensions/b.config", given)]);
    let settings = ("mysite/settings.py", "ADMIN_PASSWORD = os.environ.get('ADMIN_PASSWORD', 'admin123')\n");
    own("EB132", true, "settings.ADMIN_PASSWORD", &[settings]);
    own("EB132", false, "settings.OTHER", &[settings]);
    let urls = ("mysite/settings.py", "ROOT_URLCONF = 'mysite.urls'\n");
    let view = |found: bool, call: &str| {
        let text = format!("def make(request):\n    User.objects.{call}\n");
        case("EB112", found, &[urls, ("mysite/urls.py", &text)]);
    };
    view(true, "create_superuser('a', 'a@b.c', password='admin123')");
    view(false, "create_superuser('a', 'a@b.c', password=word)");
    let migration = (
        "shop/migrations/0002_admin.py",
        "def make(apps, editor):\n    User.objects.create_superuser('a', 'a@b.c', 'admin123')\n",
    );
    let migrates =
        "container_commands:\n  01_migrate: {command: python manage.py migrate --noinput, leader_only: true}\n";
    case("EB112", true, &[migration, (command, migrates)]);
    case("EB112", false, &[migration]);
}

#[test]
fn databases_of_the_settings_and_of_services() {
    let database = |found: bool, host: &str, password: &str| {
        let text = format!(
            "DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'HOST': '{host}', 'PASSWORD': '{password}'}}}}\n"
        );
        case("EB112", found, &[("mysite/settings.py", &text)]);
    };
    const RDS: &str = "shop.cbeugrz1koxf.us-east-1.rds.amazonaws.com";
    database(true, RDS, "shop");
    database(true, RDS, "mypassword");
    database(false, RDS, "your-password");
    database(false, "shop.xxxxxxxxxxxx.us-east-1.rds.amazonaws.com", "shop");
    database(false, "db.example.net", "shop");
    let compose = |rule: &str, found: bool, service: &str| {
        let text = format!("services:\n  web:\n    image: a\n    ports: ['80:8000']\n  db:\n{service}");
        let config = (
            ".elasticbeanstalk/config.yml",
            "global:\n  default_platform: Docker running on 64bit Amazon Linux 2023\n",
        );
        case(rule, found, &[config, ("docker-compose.yml", &text)]);
    };
    compose("EB342", true, "    image: postgres:16\n");
    compose("EB342", true, "    image: docker.io/library/mysql\n");
    compose("EB342", false, "    image: redis:7\n");
    compose("EB342", false, "    image: postgres:16\n    profiles: [desk]\n");
    compose("EB112", true, "    image: postgres:16\n    environment: {POSTGRES_PASSWORD: shop}\n");
    compose("EB112", true, "    image: postgres:16\n    environment:\n      - POSTGRES_PASSWORD=shop\n");
    compose("EB112", false, "    image: postgres:16\n    environment:\n      - POSTGRES_PASSWORD=${PASSWORD}\n");
    compose("EB112", false, "    image: postgres:16\n    environment:\n      - POSTGRES_PASSWORD\n");
}

#[test]
fn settings_without_a_key() {
    let settings = |found: bool, more: &str| {
        let text = format!(
            "INSTALLED_APPS = ['django.contrib.auth']\nROOT_URLCONF = 'mysite.urls'\nMIDDLEWARE = []\nTEMPLATES = []\nDATABASES = {{}}\n{more}\n"
        );
        case("EB341", found, &[("mysite/settings.py", &text)]);
    };
    settings(true, "");
    settings(true, "from os import environ");
    settings(false, "SECRET_KEY = environ['KEY']");
    settings(false, "from elsewhere import *");
    settings(false, "globals().update(more)");
    settings(false, "from .keys import SECRET_KEY");
    case("EB341", false, &[("mysite/settings.py", "INSTALLED_APPS = ['django.contrib.auth']\n")]);
}

#[test]
fn names_that_are_almost_settings() {
    let settings = |found: bool, text: &str, more: &[(&str, &str)]| {
        case("EB344", found, &[&[("mysite/settings.py", text)], more].concat());
    };
    settings(true, "STATIC_FILE_STORAGE = 'a.B'\n", &[]);
    settings(true, "CORS_ALLOW_ORIGINS = ['https://a.example']\n", &[]);
    settings(false, "STATICFILES_STORAGE = 'a.B'\n", &[]);
    settings(false, "STATIC_FILE_STORAGE = 'a.B'\nSTATICFILES_STORAGE = STATIC_FILE_STORAGE\n", &[]);
    settings(
        false,
        "STATIC_FILE_STORAGE = 'a.B'\n",
        &[("shop/a.py", "from django.conf import settings\nprint(settings.STATIC_FILE_STORAGE)\n")],
    );
    settings(false, "STATIC_FILE_STORAGE = 'a.B'\n", &[("requirements.txt", "Django==5.2\n")]);
}

#[test]
fn an_administrator_whom_a_container_begins_with() {
    let image = |found: bool, docker: &str, code: &str| {
        let files = [
            ("Procfile", ""),
            ("Dockerfile", docker),
            ("manage.py", "# django\n"),
            (".ebextensions/a.config", "option_settings:\n  aws:elasticbeanstalk:command: {Timeout: 900}\n"),
            ("shop/management/commands/setup_all.py", code),
        ];
        let tree = files.iter().skip(1).fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
        let report = run(&tree, &Settings::default());
        assert_eq!(report.findings.iter().any(|finding| finding.rule == "EB112"), found, "{docker}\n{report}");
    };
    let makes = "User.objects.create_superuser('a', 'a@b.c', password='admin123')\n";
    image(true, "FROM python:3.13\nCMD python manage.py setup_all && gunicorn shop.wsgi\n", makes);
    image(true, "FROM python:3.13\nCMD [\"python\", \"manage.py\", \"setup_all\"]\n", makes);
    image(false, "FROM python:3.13\nCMD gunicorn shop.wsgi\n", makes);
    image(false, "FROM python:3.13\n# python manage.py setup_all\n", makes);
    image(false, "FROM python:3.13\nCMD python manage.py setup_all_of_it\n", makes);
    image(
        false,
        "FROM python:3.13\nCMD python manage.py setup_all\n",
        "User.objects.create_superuser('a', 'a@b.c', password=word)\n",
    );
}
