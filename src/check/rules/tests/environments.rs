//! Virtual environments that scripts enter, names that lead elsewhere, and lines that pip refuses.

use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

/// What is found by a rule in a project with these files: the level, and the message.
fn found(rule: &str, files: &[(&str, &str)]) -> Vec<(Level, String)> {
    let all = [&[PROCFILE, WSGI, ("manage.py", "import django\n"), ("requirements.txt", "six\n")], files].concat();
    let tree = all.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
    let report = run(&tree, &Settings::default());
    let of_rule = report.findings.iter().filter(|finding| finding.rule == rule);
    of_rule.map(|finding| (finding.level, finding.message.clone())).collect()
}

const HOOK: &str = ".platform/hooks/predeploy/a.sh";

#[test]
fn an_environment_that_a_hook_enters() {
    #[track_caller]
    fn hook(lines: &str, level: Option<Level>, says: &str) {
        let text = format!("#!/bin/bash\n{lines}\n");
        let found = found("EB290", &[(HOOK, &text)]);
        assert_eq!(found.first().map(|(level, _)| *level), level, "{lines}: {found:?}");
        assert!(found.len() <= 1 && found.iter().all(|(_, message)| message.contains(says)), "{lines}: {found:?}");
    }
    let (error, warning) = (Some(Level::Error), Some(Level::Warning));
    let own = "source /var/app/venv/bin/activate";
    hook(&format!("{own}\npython manage.py migrate"), error, "goes on without a virtual environment");
    hook(&format!("set -e\n{own}\npython manage.py migrate"), error, "fails: ");
    hook(&format!("{own} && python manage.py migrate"), error, "fails: ");
    hook(&format!("{own}\npip install -r requirements.txt"), warning, "`pip install` runs with the system's Python");
    hook(&format!("{own}\ngunicorn x:app"), warning, "`gunicorn` is looked for in the system");
    hook(&format!("{own} || true\npython manage.py migrate"), warning, "goes on");
    hook(&format!("{own}\necho"), warning, "goes on without it");
    hook("source /var/app/venv/activate\npython x.py", warning, "`/var/app/venv/activate`");
    hook("source /var/app/venv/*/activate\npython x.py", warning, "`/var/app/venv/*/activate`");
    hook("source venv/bin/activate\npython manage.py migrate", error, "`venv/bin/activate`");
    hook("cd /var/app/current\n. .venv/bin/activate\npython manage.py migrate", error, "`.venv/bin/activate`");
    hook("/var/app/venv/bin/python manage.py migrate", error, "fails: there is no `/var/app/venv/bin/python`");
    hook("set -e\n/var/app/current/env/bin/pip install x\necho", error, "fails: ");
    // The platform has made that folder by then.
    let made = "if [ ! -d \"/var/app/venv\" ]; then\n  python3 -m venv /var/app/venv\nfi\n";
    hook(&format!("{made}{own}\npip install x"), warning, "`pip install`");
    for lines in [
        "source /var/app/venv/*/bin/activate\npython manage.py migrate",
        "source /var/app/venv/staging-LQM1lest/bin/activate\npython manage.py migrate",
        "cd /var/app\nsource venv/staging-LQM1lest/bin/activate\npython manage.py migrate",
        "source \"$PYTHONPATH/activate\"\npython manage.py migrate",
        "/var/app/venv/staging-LQM1lest/bin/python manage.py migrate",
        "python3.11 -m venv /var/app/venv/own\nsource /var/app/venv/own/bin/activate\npip install x",
        "python3 -m venv venv\nsource venv/bin/activate\npip install x",
        "virtualenv -p python3 env\n. env/bin/activate",
        "ln -s /var/app/venv/staging-LQM1lest /var/app/venv/own\nsource /var/app/venv/own/bin/activate",
        "if [ -f venv/bin/activate ]; then\n  source venv/bin/activate\nfi\npython x",
        "[ -d venv ] && source venv/bin/activate\npython x",
        "source /home/ec2-user/venv/bin/activate\npython x",
        "# source venv/bin/activate",
        "source .env\nsource scripts/environment",
    ] {
        hook(lines, None, "");
    }
    // It ships.
    case("EB290", false, &[(HOOK, "#!/bin/bash\nsource venv/bin/activate\n"), ("venv/bin/activate", "")]);
    // The platform's own is not made then, which has a rule of its own.
    case("EB290", false, &[(".platform/hooks/prebuild/a.sh", "#!/bin/bash\nsource /var/app/venv/bin/activate\n")]);
}

#[test]
fn an_environment_that_a_command_enters() {
    #[track_caller]
    fn command(line: &str, level: Option<Level>) {
        let config = format!("container_commands:\n  a:\n    command: {line}\n");
        let found = found("EB290", &[(".ebextensions/a.config", &config)]);
        assert_eq!(found.first().map(|(level, _)| *level), level, "{line}: {found:?}");
        case("EB162", false, &[("manage.py", ""), (".ebextensions/a.config", &config)]);
    }
    let (error, warning) = (Some(Level::Error), Some(Level::Warning));
    command("\"source /var/app/venv/bin/activate && python manage.py migrate\"", error);
    command("\"source venv/bin/activate && python manage.py migrate\"", error);
    // `sh` ends there.
    command("\"source venv/bin/activate || true; python manage.py migrate\"", error);
    command("\"source venv/bin/activate && python manage.py migrate\"\n    ignoreErrors: true", warning);
    command("\"bash -c 'source venv/bin/activate; python manage.py migrate'\"", error);
    command("\"source /var/app/venv/*/bin/activate && python manage.py migrate\"", None);
}

#[test]
fn a_program_of_an_environment_that_does_not_ship() {
    let web = |found: bool, line: &str| {
        let procfile = format!("web: {line} mysite.wsgi\n");
        case("EB290", found, &[("Procfile", &procfile), ("requirements.txt", "gunicorn\n")]);
        case("EB162", false, &[("Procfile", &procfile), ("requirements.txt", "gunicorn\n")]);
    };
    web(true, "venv/bin/gunicorn");
    web(true, "/var/app/venv/bin/gunicorn");
    web(false, "gunicorn");
    web(false, "/var/app/venv/staging-LQM1lest/bin/gunicorn");
}

#[test]
fn hosts_that_cannot_lead_here() {
    let hosts = |says: bool, names: &str| {
        let text = format!("ALLOWED_HOSTS = {names}\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n");
        let found = found("EB010", &[("mysite/settings.py", &text)]);
        assert_eq!(found.iter().any(|(_, message)| message.contains("every request")), says, "{names}: {found:?}");
    };
    hosts(true, "['shop.herokuapp.com']");
    hosts(true, "['.onrender.com', 'localhost', '127.0.0.1']");
    hosts(true, "['*.vercel.app', 'a.up.railway.app', '1234.ngrok-free.app']");
    hosts(false, "['shop.herokuapp.com', 'www.example.com']");
    hosts(false, "['shop.herokuapp.com', 'shop.eu-west-1.elasticbeanstalk.com']");
    hosts(false, "['myherokuapp.com']");
    hosts(false, "['shop.herokuapp.com', '*']");
}

#[test]
fn one_line_that_pip_refuses() {
    let line = |found: bool, line: &str| {
        let lists = [("manage.py", ""), ("requirements.txt", "-r base.txt\n"), ("base.txt", line)];
        case("EB291", found, &lists);
    };
    line(true, "six==1.16.0 --global-option=\"--x\"\n");
    line(true, "django\n--upgrade\n");
    line(true, "six=1.16.0\n");
    line(false, "six==1.16.0 \\\n    --hash=sha256:0123\n");
    line(false, "# -U\n-e .\nsix  # --user\n");
}

#[test]
fn what_takes_the_place_of_the_platforms_own_location() {
    let text = "location / {\n    proxy_pass http://127.0.0.1:8000;\n}\n";
    let tree = Tree::default().file("Procfile", PROCFILE.1).file(".platform/nginx/conf.d/site.conf", text);
    let report = run(&tree, &Settings::default());
    let finding =
        report.findings.iter().find(|finding| finding.rule == "EB142").expect("it stands in the wrong folder");
    assert!(finding.fix.contains("elasticbeanstalk/00_application.conf"), "{finding:?}");
}

#[test]
fn what_addresses_of_celery_need() {
    let settings = |found: bool, settings: &str, lists: &str| {
        let files = [("manage.py", ""), ("mysite/settings.py", settings), ("requirements.txt", lists)];
        case("EB169", found, &files);
    };
    let celery = "django==5.2.8\ncelery==5.5.3\n";
    let broker = |url: &str| format!("CELERY_BROKER_URL = '{url}'\n");
    settings(true, &broker("redis://cache.example.com:6379/0"), celery);
    settings(true, &broker("rediss://cache.example.com:6379/0"), celery);
    settings(true, &broker("sqs://"), celery);
    settings(false, &broker("amqp://mq.example.com"), celery);
    settings(false, &broker("redis://cache.example.com"), "django\ncelery[redis]\n");
    settings(false, &broker("redis://cache.example.com"), &format!("{celery}redis==5.0.1\n"));
    settings(false, &broker("redis://cache.example.com"), &format!("{celery}django-redis==5.4.0\n"));
    // What it brings along is not known.
    settings(false, &broker("redis://cache.example.com"), &format!("{celery}some-package\n"));
    settings(false, &broker("redis://cache.example.com"), "django==5.2.8\n");
    settings(true, "CELERY_RESULT_BACKEND = 'django-db'\n", &format!("{celery}some-package\n"));
    settings(false, "CELERY_RESULT_BACKEND = 'django-db'\n", &format!("{celery}django-celery-results\n"));
    let beat = "CELERY_BEAT_SCHEDULER = 'django_celery_beat.schedulers:DatabaseScheduler'\n";
    settings(true, beat, celery);
    settings(false, beat, &format!("{celery}django-celery-beat\n"));
    let cache = "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://a.example.com'}}\n";
    settings(true, cache, celery);
    settings(false, cache, &format!("{celery}redis==5.0.1\n"));
}

#[test]
fn revisions_that_an_instance_writes_and_revisions_that_do_not_ship() {
    let build = |rule: &str, found: bool, line: &str, more: &[(&str, &str)]| {
        let line = format!("revision: {line}\n");
        case(rule, found, &[&[("Buildfile", line.as_str()), ("main.py", "")], more].concat());
    };
    build("EB034", true, "alembic revision --autogenerate", &[]);
    build("EB034", true, "python -m alembic -c alembic.ini revision -m x", &[]);
    build("EB034", true, "flask db migrate -m x && flask db upgrade", &[]);
    build("EB034", true, "python manage.py db migrate", &[]);
    build("EB034", false, "alembic upgrade head", &[]);
    build("EB034", false, "flask --app x db upgrade", &[]);
    let revision = ("alembic/versions/1a2b_shop.py", "");
    for line in ["alembic upgrade head", "flask --app x db upgrade", "python manage.py db upgrade"] {
        build("EB292", true, line, &[]);
        build("EB292", false, line, &[revision]);
    }
    build("EB292", false, "alembic revision --autogenerate && alembic upgrade head", &[]);
    build("EB292", false, "alembic current", &[]);
}

#[test]
fn each_is_said_once_and_each_place_is_mended() {
    let hook = "#!/bin/bash\npip install a\npip install b\n";
    assert_eq!(found("EB161", &[(HOOK, hook)]).len(), 1);
    let config = "container_commands:\n  a:\n    command: \"source /opt/python/run/venv/bin/activate && python /opt/python/current/app/manage.py migrate\"\n";
    assert_eq!(found("EB033", &[(".ebextensions/a.config", config)]).len(), 2);
    let lists = "psycopg2==2.8.6\npsycopg2==2.8.6\npsycopg2==2.8.6\n";
    assert_eq!(found("EB040", &[("requirements.txt", lists)]).len(), 1);
}
