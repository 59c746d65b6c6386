//! Advice: whoever follows a fix is never worse off, and can follow it.

use super::{PROCFILE, WSGI};
use crate::beanstalk::tree::Tree;
use crate::check::finding::Finding;
use crate::check::{Settings, run};
use crate::level::Level;

/// What a rule says of a project with these files.
pub(super) fn said(rule: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let with = |tree: Tree, (path, content): &(&str, &str)| tree.file(path, content);
    let tree = [PROCFILE, WSGI, ("manage.py", "import django\n")].iter().chain(files).fold(Tree::default(), with);
    run(&tree, &Settings::default()).findings.into_iter().filter(|finding| finding.rule == rule).collect()
}

#[track_caller]
pub(super) fn fix(rule: &str, files: &[(&str, &str)]) -> String {
    let found = said(rule, files);
    found.first().unwrap_or_else(|| panic!("{rule} says nothing of {files:#?}")).fix.clone()
}

#[track_caller]
pub(super) fn advises(rule: &str, words: &str, files: &[(&str, &str)]) {
    let fix = fix(rule, files);
    assert!(fix.contains(words), "{rule}: {fix}");
}

fn commands(section: &str, line: &str) -> String {
    format!("{section}:\n  01_a:\n    command: |\n      {line}\n")
}

#[test]
fn a_copy_to_where_the_new_version_has_it_is_of_no_use() {
    let copied = |words: &str, line: &str| {
        advises("EB151", words, &[(".ebextensions/a.config", &commands("container_commands", line))]);
    };
    copied("take it out", "cp shop/wsgi.py /var/app/current/shop/wsgi.py");
    copied("take it out", "cp shop/wsgi.py /var/app/current/shop/");
    copied("take it out", "cd shop && cp wsgi.py /var/app/current/shop/wsgi.py");
    copied("take it out", "cp /var/app/staging/a.py /var/app/current/a.py");
    copied("write to `/var/app/staging`", "cp shop/wsgi.py /var/app/current/wsgi.py");
    copied("write to `/var/app/staging`", "cp -r shop conf /var/app/current/");
}

#[test]
fn properties_are_asked_for_only_where_they_are_not_at_hand() {
    const LINE: &str = "export $(cat /opt/elasticbeanstalk/deployment/env | xargs) && echo";
    let of = |section: &str| commands(section, LINE);
    advises("EB071", "take it out", &[(".ebextensions/a.config", &of("container_commands"))]);
    advises("EB071", "get-config environment -k", &[(".ebextensions/a.config", &of("commands"))]);
    let hook = format!("#!/bin/bash\n{LINE}\n");
    advises("EB071", "take it out", &[(".platform/hooks/predeploy/01_a.sh", &hook)]);
    let bashrc = "files:\n  \"/home/ec2-user/.bashrc\":\n    content: |\n      set -a; source <(sudo cat /opt/elasticbeanstalk/deployment/env)\n";
    advises("EB071", "as JSON", &[(".ebextensions/a.config", bashrc)]);
    assert_eq!(said("EB071", &[(".platform/hooks/predeploy/01_a.sh", &hook)])[0].level, Level::Warning);
    // What was sourced is not exchanged for the value of a property, which a shell would run.
    let of = |section: &str| commands(section, "source /opt/python/current/env && echo");
    advises("EB033", "take it out", &[(".ebextensions/a.config", &of("container_commands"))]);
    let cron = "files:\n  \"/etc/cron.d/shop\":\n    content: |\n      5 * * * * root . /opt/python/current/env && cd /opt/python/current/app && python manage.py mail\n";
    advises("EB033", "cron-once", &[(".ebextensions/a.config", cron)]);
}

#[test]
fn nothing_is_written_to_a_folder_that_nobody_makes() {
    for line in ["touch2 /opt/python/log/a.log", "chmod g+s /opt/python/log", "chown root:wsgi /opt/python/log"] {
        for section in ["commands", "container_commands"] {
            for finding in said("EB033", &[(".ebextensions/a.config", &commands(section, line))]) {
                assert!(finding.fix.starts_with("take it out"), "{line}: {}", finding.fix);
            }
        }
    }
    advises(
        "EB033",
        "write `root:webapp`",
        &[(".ebextensions/a.config", &commands("commands", "chown root:wsgi /srv"))],
    );
    let property = "option_settings:\n  aws:elasticbeanstalk:application:environment: {LOG_DIR: /opt/python/log}\n";
    advises("EB150", "console", &[(".ebextensions/a.config", property)]);
}

#[test]
fn a_file_that_is_touched_makes_no_folder() {
    let touches = |more: &str| commands("commands", "sudo touch /opt/python/log/a.log") + more;
    let found = |text: &str| {
        said("EB033", &[(".ebextensions/a.config", text)]).iter().any(|finding| finding.message.contains("fails"))
    };
    assert!(found(&touches("")));
    assert!(!found(&touches("files:\n  /opt/python/log/b.log: {content: a}\n")));
    assert!(!found(&commands("commands", "mkdir -p /opt/python/log && touch /opt/python/log/a.log")));
}

#[test]
fn a_script_at_the_place_of_old_is_looked_into() {
    let script = |text: &'static str| ("setup.sh", text);
    for place in ["/opt/python/ondeck/app", "/opt/python/current/app", "/var/app/staging"] {
        let config = commands("container_commands", &format!("bash {place}/setup.sh"));
        let found = |text| !said("EB034", &[(".ebextensions/a.config", config.as_str()), script(text)]).is_empty();
        assert!(found("#!/bin/bash\npython manage.py makemigrations --noinput\n"), "{place}");
        assert!(!found("#!/bin/bash\npython manage.py migrate --noinput\n"), "{place}");
    }
}

#[test]
fn each_instance_migrates_a_database_of_its_own() {
    let migrate = (".platform/hooks/postdeploy/01_migrate.sh", "#!/bin/bash\npython manage.py migrate --noinput\n");
    let database =
        |engine: &str| format!("DATABASES = {{'default': {{'ENGINE': 'django.db.backends.{engine}', 'NAME': 'x'}}}}\n");
    assert!(said("EB030", &[migrate, ("mysite/settings.py", &database("sqlite3"))]).is_empty());
    assert!(!said("EB030", &[migrate, ("mysite/settings.py", &database("postgresql"))]).is_empty());
}

#[test]
fn nothing_is_kept_that_reaches_nobody() {
    let proxy = |port: u16| {
        format!(
            "files:\n  \"/etc/nginx/conf.d/health.conf\":\n    content: |\n      location /health {{\n        proxy_pass http://127.0.0.1:{port};\n      }}\n"
        )
    };
    advises("EB060", "where nobody listens", &[(".ebextensions/a.config", &proxy(5000))]);
    advises("EB060", "conf.d/elasticbeanstalk/", &[(".ebextensions/a.config", &proxy(8000))]);
    let daphne = ("Procfile", "web: gunicorn mysite.wsgi\nws: daphne -p 5000 mysite.asgi:application\n");
    advises("EB060", "conf.d/elasticbeanstalk/", &[daphne, (".ebextensions/a.config", &proxy(5000))]);
    let compose = "services:\n  web:\n    build: .\n    ports: ['5000:5000']\n";
    let dockerfile = "FROM python:3.13\nEXPOSE 8080\nCMD [\"gunicorn\", \"--bind\", \"0.0.0.0:8080\", \"run:app\"]\n";
    let docker =
        (".elasticbeanstalk/config.yml", "global: {default_platform: Docker running on 64bit Amazon Linux 2023}\n");
    advises("EB148", "`80:8080`", &[docker, ("docker-compose.yml", compose), ("Dockerfile", dockerfile)]);
    advises("EB148", "`80:5000`", &[docker, ("docker-compose.yml", compose)]);
}

#[test]
fn what_a_patch_left_is_not_taken_back() {
    let old = ".ebextensions/a.config.orig";
    assert_eq!(fix("EB171", &[(".ebextensions/a.config", "a: b\n"), (old, "a: c\n")]), "delete it");
    let rejected = ".ebextensions/a.config.rej";
    advises("EB171", "take over", &[(".ebextensions/a.config", "a: b\n"), (rejected, "a: c\n")]);
}

#[test]
fn a_service_is_looked_for_where_there_is_one() {
    let broker = |url: &str| format!("CELERY_BROKER_URL = '{url}'\n");
    for (url, place) in [("redis://localhost:6379/0", "ElastiCache"), ("amqp://guest@localhost//", "Amazon MQ")] {
        let queues = ("mysite/views.py", "from .tasks import send\nsend.delay()\n");
        advises("EB149", place, &[("mysite/settings.py", &broker(url)), queues]);
    }
    let search = "HAYSTACK_CONNECTIONS = {'default': {'ENGINE': 'haystack.backends.elasticsearch_backend.ElasticsearchSearchEngine', 'URL': 'http://127.0.0.1:9200/'}}\n";
    advises("EB149", "OpenSearch", &[("mysite/settings.py", search)]);
    let names = |name: &str| format!("import os\nDATABASES = {{'default': {{'HOST': os.environ['{name}']}}}}\n");
    advises("EB074", "couple one", &[("mysite/settings.py", &names("RDS_HOSTNAME"))]);
    let own = fix("EB074", &[("mysite/settings.py", &names("RDS_READ_HOSTNAME"))]);
    assert!(!own.contains("couple one"), "{own}");
}

#[test]
fn a_module_that_is_kept_out_is_let_in() {
    let option = "option_settings:\n  aws:elasticbeanstalk:application:environment: {DJANGO_SETTINGS_MODULE: mysite.production}\n";
    let files = [(".ebextensions/a.config", option), ("mysite/settings.py", "DEBUG = False\n")];
    advises("EB111", "name the settings module", &files);
    advises("EB111", "let it ship", &[&files[..], &[(".gitignore", "*.pyc\nproduction.py\n")]].concat());
}

#[test]
fn a_text_has_no_slash() {
    let collect =
        "container_commands:\n  a: {command: '/var/app/venv/x/bin/python manage.py collectstatic --noinput'}\n";
    let base = |base: &str, words: &str| {
        let text = format!(
            "import os\nBASE_DIR = {base}\nINSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_URL = '/static/'\nSTATIC_ROOT = None\n"
        );
        advises("EB021", words, &[("mysite/settings.py", &text), (".ebextensions/a.config", collect)]);
    };
    base("Path(__file__).resolve().parent.parent", "BASE_DIR / \"staticfiles\"");
    base("os.path.dirname(os.path.dirname(os.path.abspath(__file__)))", "os.path.join(BASE_DIR, \"staticfiles\")");
    base("settings_folder()", "set `STATIC_ROOT` to a folder");
}

#[test]
fn nobody_is_asked_about_what_is_not_there() {
    let line = |line: &str| commands("container_commands", line);
    assert!(said("EB160", &[(".ebextensions/a.config", &line("yum remove certbot"))]).is_empty());
    let both = line("yum install -y certbot\n      yum remove certbot");
    assert!(!said("EB160", &[(".ebextensions/a.config", &both)]).is_empty());
    assert!(!said("EB160", &[(".ebextensions/a.config", &line("yum install certbot"))]).is_empty());
}

#[test]
fn one_cause_is_said_once() {
    let flat = "files:\n  \"/etc/a.conf\":\n  mode: \"000644\"\n  owner: root\n  group: root\n  content: |\n    a\n  \"/etc/b.conf\":\n    content: b\n";
    let found = said("EB205", &[(".ebextensions/a.config", flat)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].fix.starts_with("indent the lines after `/etc/a.conf`"), "{}", found[0].fix);
    let values =
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    A: True\n    B: yes\n    C: 1.10\n";
    let found = said("EB210", &[(".ebextensions/a.config", values)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].message.ends_with("2 more values of this file are read so") && found[0].edit.is_some());
}

#[test]
fn options_of_another_platform_are_none_of_this_one() {
    let docker = [
        ("Dockerfile", "FROM python:3.13\nEXPOSE 8000\n"),
        ("Dockerrun.aws.json", "{\"AWSEBDockerrunVersion\": \"1\"}"),
    ];
    let option = "option_settings:\n  aws:elasticbeanstalk:container:docker: {GracefulTimeout: 30}\n";
    let found = said("EB301", &[&docker[..], &[(".ebextensions/a.config", option)]].concat());
    assert!(found.iter().all(|finding| finding.edit.is_none() && finding.fix.starts_with("take it out")), "{found:#?}");
    assert_eq!(found.len(), 1);
    let statics = "option_settings:\n  aws:elasticbeanstalk:container:python: {StaticFiles: '/static=static'}\n";
    advises("EB301", "proxy:staticfiles", &[(".ebextensions/a.config", statics)]);
}

#[test]
fn files_that_elastic_beanstalk_never_reads_have_no_mark() {
    for (path, found) in [("Procfile", true), ("cron.yaml", true), (".gitignore", false), ("README.md", false)] {
        assert_eq!(!said("EB201", &[(path, "\u{feff}web: gunicorn mysite.wsgi\n")]).is_empty(), found, "{path}");
    }
}

#[test]
fn files_that_no_browser_asks_the_instance_for() {
    let leader = "container_commands:\n  a: {command: 'source /var/app/venv/*/bin/activate && python manage.py collectstatic --noinput', leader_only: true}\n";
    let said = |url: &str, more: &[(&str, &str)]| {
        let settings = format!(
            "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nMIDDLEWARE = []\nDOMAIN = os.environ['DOMAIN']\n\
             INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = BASE_DIR / 'staticfiles'\nSTATIC_URL = {url}\n"
        );
        let files = [("manage.py", ""), ("mysite/settings.py", &settings), (".ebextensions/a.config", leader)];
        ["EB021", "EB031", "EB093"].map(|rule| !self::said(rule, &[&files[..], more].concat()).is_empty())
    };
    for url in ["'https://cdn.shop.org/static/'", "f\"https://{DOMAIN}/static/\"", "'//' + DOMAIN + '/static/'"] {
        assert_eq!(said(url, &[]), [true, false, false], "{url}");
    }
    let (here, cdn) = ([false, true, true], "'https://cdn.shop.org/static/'");
    assert_eq!(said("'/static/'", &[]), here);
    assert_eq!(said("f'https://{DOMAIN}/static/' if DOMAIN else '/static/'", &[]), here);
    // Somebody brings them there, or that host fetches them here.
    assert_eq!(said(cdn, &[("deploy.sh", "aws s3 sync staticfiles s3://shop/static\n")]), here);
    let mapping = "option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles: {/static: staticfiles}\n";
    assert_eq!(said(cdn, &[(".ebextensions/b.config", mapping)]), here);
    assert_eq!(said(cdn, &[("mysite/urls.py", "from django.views.static import serve\n# views.static\n")]), here);
}
