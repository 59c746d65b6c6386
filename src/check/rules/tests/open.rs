//! What nobody brings, keeps or closes: programs, files that settings read, brokers, hosts.

use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

const PLATFORM: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13 running on 64bit Amazon Linux 2023}\n");

#[test]
fn programs_that_nothing_brings() {
    let line = |rule: &str, found: bool, line: &str, more: &[(&str, &str)]| {
        let procfile = format!("web: gunicorn mysite.wsgi\nmore: {line}\n");
        let files = [PLATFORM, ("Procfile", procfile.as_str()), ("requirements.txt", "Django==5.2.8\nredis==5.2.1\n")];
        case(rule, found, &[&files, more].concat());
    };
    for missing in
        ["supervisord -n", "celery -A mysite worker", "honcho start", "/var/app/venv/x/bin/daphne mysite.asgi"]
    {
        line("EB169", true, missing, &[]);
    }
    for there in
        ["gunicorn mysite.asgi", "./bin/celery worker", "/var/app/current/supervisord -n", "python manage.py qcluster"]
    {
        line("EB169", false, there, &[]);
    }
    let hook = (".platform/hooks/prebuild/a.sh", "#!/bin/bash\ndnf install -y supervisor nodejs\n");
    line("EB169", false, "supervisord -n", &[hook]);
    for missing in ["npm start", "redis-server", "yarn build", "docker run x"] {
        line("EB276", true, missing, &[]);
    }
    line("EB276", false, "npm start", &[hook]);
    line("EB276", false, "./npm start", &[]);
    line("EB276", false, "bash -c 'echo npm'", &[]);
    let packages = (".ebextensions/a.config", "packages: {yum: {redis6: []}}\n");
    line("EB276", false, "redis-server", &[packages]);
}

#[test]
fn files_that_settings_open() {
    let hook = |found: bool, line: &str, settings: &str| {
        let text = format!("#!/bin/bash\n{line}\n");
        let files = [
            PLATFORM,
            ("manage.py", ""),
            (".platform/hooks/predeploy/a.sh", text.as_str()),
            ("mysite/settings.py", settings),
        ];
        case("EB093", found, &files);
    };
    const OPENS: &str = "import json\nwith open('secrets.json') as file:\n    SECRETS = json.load(file)\n";
    hook(true, "/opt/elasticbeanstalk/bin/get-config environment > secrets.json", OPENS);
    hook(true, "cp /home/ec2-user/secrets.json secrets.json", OPENS);
    hook(false, "/opt/elasticbeanstalk/bin/get-config environment > other.json", OPENS);
    hook(false, "echo '{}' > secrets.json", "SECRETS = {}\n");
    const DECOUPLE: &str = "from decouple import config\nSECRET_KEY = config('KEY')\n";
    hook(true, "echo 'KEY=k7Qx29pLm4' > .env", DECOUPLE);
    hook(true, "cp .env.production .env", DECOUPLE);
    hook(false, "echo \"KEY=$KEY\" > .env", DECOUPLE);
    hook(
        false,
        "echo 'KEY=k7Qx29pLm4' > .env",
        "from decouple import config\nSECRET_KEY = config('KEY', default='x')\n",
    );
}

#[test]
fn brokers_that_nobody_names() {
    let queue = |found: bool, settings: &str, more: &[(&str, &str)]| {
        let settings = format!("ROOT_URLCONF = 'mysite.urls'\n{settings}");
        let files = [
            PLATFORM,
            ("mysite/settings.py", settings.as_str()),
            ("mysite/urls.py", "from shop.views import order\nurlpatterns = [path('', order)]\n"),
            ("shop/views.py", "from shop.tasks import confirm\n\ndef order(request):\n    confirm.delay(1)\n"),
            ("shop/tasks.py", "from celery import shared_task\n\n@shared_task\ndef confirm(x):\n    pass\n"),
        ];
        case("EB149", found, &[&files, more].concat());
    };
    queue(true, "", &[]);
    queue(false, "CELERY_BROKER_URL = os.environ['BROKER']\n", &[]);
    queue(false, "CELERY_TASK_ALWAYS_EAGER = True\n", &[]);
    queue(false, "", &[("mysite/celery.py", "app = Celery('mysite', broker=URL)\n")]);
    let property = "option_settings:\n  aws:elasticbeanstalk:application:environment: {CELERY_BROKER_URL: 'sqs://'}\n";
    queue(false, "", &[(".ebextensions/a.config", property)]);
}

#[test]
fn names_that_anybody_gives_a_site() {
    let hosts = |found: bool, hosts: &str| {
        let text = format!("ALLOWED_HOSTS = {hosts}\n");
        case("EB372", found, &[PLATFORM, ("mysite/settings.py", text.as_str())]);
    };
    hosts(true, "['*']");
    hosts(true, "['shop.example.com', '*']");
    hosts(false, "['shop.example.com']");
    hosts(false, "['.example.com']");
    hosts(false, "os.environ.get('HOSTS', '*').split(',')");
}

#[test]
fn what_a_report_shows_of_a_secret() {
    let key = "django-h-8f0!q4kz2m9w7x1v5c3b6n";
    let settings = format!("SECRET_KEY = '{key}'\n");
    let report = run(
        &Tree::default().file(PROCFILE.0, PROCFILE.1).file(WSGI.0, WSGI.1).file("mysite/settings.py", settings),
        &Settings::default(),
    );
    let said = report.to_string();
    assert!(said.contains("[EB112]") && said.contains("mysite/settings.py:1:14") && !said.contains(key), "{said}");
}

#[test]
fn names_that_are_almost_that_of_the_settings() {
    let of = |found: bool, name: &str| {
        let config =
            format!("option_settings:\n  aws:elasticbeanstalk:application:environment: {{{name}: mysite.settings}}\n");
        case("EB344", found, &[(".ebextensions/a.config", &config)]);
    };
    of(true, "DJANGO_SETTINGS_MODULR");
    of(true, "DJANGO_SETTING_MODULE");
    of(false, "DJANGO_SETTINGS_MODULE");
    of(false, "DJANGO_SECRET_KEY");
}

#[test]
fn middleware_that_asks_for_a_login_by_its_name() {
    let of = |found: bool, middleware: &str| {
        let settings = "ROOT_URLCONF = 'mysite.urls'\nMIDDLEWARE = ['shop.middleware.LoginRequiredMessage']\n";
        let files = [
            ("mysite/settings.py", settings),
            ("mysite/urls.py", "from django.urls import path\nurlpatterns = [path('', home)]\n"),
            ("shop/middleware.py", middleware),
        ];
        case("EB013", found, &files);
    };
    of(true, "class LoginRequiredMessage:\n    def __call__(self, request):\n        return redirect('login')\n");
    of(false, "class LoginRequiredMessage:\n    def __call__(self, request):\n        return self.answer(request)\n");
}

#[test]
fn collected_files_without_their_list() {
    const SETTINGS: &str = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n\
        INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = BASE_DIR / 'collected'\n\
        STATICFILES_STORAGE = 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'\n";
    let of = |found: bool, list: &[(&str, &str)]| {
        let files = [("mysite/settings.py", SETTINGS), ("collected/site.css", "a {}")];
        case("EB023", found, &[&files, list].concat());
    };
    of(true, &[]);
    of(false, &[("collected/staticfiles.json", "{}")]);
}

#[test]
fn modules_in_the_brackets_of_a_guide() {
    let of = |found: bool, target: &str| {
        let procfile = format!("web: gunicorn {target}\n");
        case("EB002", found, &[("Procfile", &procfile), ("mysite/settings.py", "A = 1\n")]);
    };
    of(true, "[mysite].wsgi");
    of(true, "'<mysite>.wsgi:application'");
    of(false, "mysite.wsgi");
    of(false, "${MODULE}.wsgi");
}
