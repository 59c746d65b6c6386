//! Remains of old platforms and of a developer's machine: what is left to do about each.

use super::advice::{advises, fix, said};
use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

fn container_command(line: &str) -> String {
    format!("container_commands:\n  01_a:\n    command: {line:?}\n")
}

#[test]
fn folders_of_users_are_only_made() {
    let command =
        |found: bool, line: &str| case("EB033", found, &[(".ebextensions/a.config", &container_command(line))]);
    command(false, "useradd -d /opt/python/celery -g celery celery");
    command(false, "usermod --home /opt/python/celery celery");
    command(true, "cd /opt/python/current/app && ls");
}

#[test]
fn what_is_left_to_itself_fails_no_deployment() {
    const LINE: &str =
        "source /opt/python/run/venv/bin/activate && source /opt/python/current/env && celery -A shop worker";
    let left = container_command(&format!("{LINE} &"));
    let found = said("EB033", &[(".ebextensions/a.config", &left)]);
    assert_eq!(found.len(), 1);
    assert!(found[0].level == Level::Warning && found[0].edit.is_none() && found[0].fix.contains("`Procfile`"));
    // In the foreground it needs both, and a part would help nobody.
    let waits = container_command(LINE);
    let found = said("EB033", &[(".ebextensions/a.config", &waits)]);
    assert_eq!(found.len(), 1);
    assert!(found[0].level == Level::Error && found[0].edit.is_none());
    for words in ["/var/app/venv/*/bin/activate", "take `source /opt/python/current/env` out"] {
        assert!(found[0].fix.contains(words), "{}", found[0].fix);
    }
}

#[test]
fn what_nothing_is_left_of_is_not_moved() {
    let hook = |file: &str, content: &str| {
        let lines: String = content.lines().map(|line| format!("      {line}\n")).collect();
        format!("files:\n  \"/opt/elasticbeanstalk/hooks/{file}\":\n    mode: \"000755\"\n    content: |\n{lines}")
    };
    let apache = "wsgi_path=`get-config container -k wsgi_staging_config`\necho RewriteEngine On | tee -a $wsgi_path";
    for (file, content) in [
        ("configdeploy/pre/99_wsgi.sh", apache),
        ("config.py", "import os\nfrom subprocess import call\nAPACHE_TEMPLATE = 'LoadModule wsgi_module x'"),
        ("appdeploy/pre/a.sh", "rm -rf /opt/python/run/venv/lib/python3.6/site-packages/enum"),
        ("appdeploy/pre/a.sh", "#!/bin/bash\nset -e\nexport A=1\nexport B=2"),
        ("appdeploy/post/a.sh", "initctl restart celeryd"),
    ] {
        advises("EB036", "take it out", &[(".ebextensions/a.config", &hook(file, content))]);
    }
    for content in ["service nginx restart", "rm -rf /opt/python/x && python manage.py migrate"] {
        let text = hook("appdeploy/post/a.sh", content);
        advises("EB036", "move it to `.platform/hooks/`", &[(".ebextensions/a.config", &text)]);
    }
}

#[test]
fn supervisord_where_the_project_has_its_own_or_needs_none() {
    let conf = |content: &str| {
        let lines: String = content.lines().map(|line| format!("      {line}\n")).collect();
        format!("files:\n  \"/etc/supervisor/conf.d/a.conf\":\n    mode: \"000644\"\n    content: |\n{lines}")
    };
    let daphne = conf("[program:ws]\ncommand = daphne -b 0.0.0.0 -p 5001 shop.asgi:application");
    let both = ("Procfile", "web: gunicorn shop.wsgi\nwebsocket: daphne -p 5001 shop.asgi:application\n");
    advises("EB100", "`Procfile` starts it already", &[(".ebextensions/a.config", &daphne), both]);
    advises("EB100", "daphne -b 127.0.0.1 -p 5001", &[(".ebextensions/a.config", &daphne)]);
    let asked = "option_settings:\n  aws:elasticbeanstalk:environment:process:websocket:\n    Port: \"5001\"\n";
    let balancer = (".ebextensions/b.config", asked);
    advises("EB100", "daphne -b 0.0.0.0 -p 5001", &[(".ebextensions/a.config", &daphne), balancer]);
    let main = conf("[supervisord]\nlogfile = /tmp/x");
    assert_eq!(fix("EB100", &[(".ebextensions/a.config", &main)]), "take it out");
    let own =
        "packages:\n  python:\n    supervisor: []\ncontainer_commands:\n  01_a:\n    command: supervisorctl reread\n";
    for rule in ["EB100", "EB221"] {
        case(rule, false, &[(".ebextensions/a.config", own)]);
    }
    // Of one that nothing brings it is said once what to do.
    let control = "supervisorctl -c /opt/python/etc/supervisord.conf restart celeryd";
    let command = container_command(control);
    advises("EB100", "take it out", &[(".ebextensions/a.config", &command)]);
    case("EB033", false, &[(".ebextensions/a.config", &command)]);
    case("EB033", true, &[(".ebextensions/a.config", &container_command("cat /opt/python/etc/supervisord.conf"))]);
    let package = "packages:\n  python:\n    requests: []\n";
    let listed = ("requirements.txt", "django\nrequests\n");
    advises("EB221", "take it out", &[(".ebextensions/a.config", package), listed]);
    advises("EB221", "put it into", &[(".ebextensions/a.config", package)]);
}

#[test]
fn commands_name_the_project_where_it_is() {
    let config = container_command("django-admin.py migrate");
    let tree = Tree::default().file("Procfile", "web: gunicorn --chdir site shop.wsgi\n");
    let tree = tree.file(".ebextensions/a.config", config).file("site/manage.py", "import django\n");
    let report = run(&tree.file("site/shop/wsgi.py", "application = 1\n"), &Settings::default());
    let found = report.findings.iter().find(|finding| finding.rule == "EB035").expect("it is not on the path");
    assert!(found.fix.contains("python site/manage.py"), "{}", found.fix);
}

#[test]
fn variables_between_single_quotes_are_none() {
    const PROPERTY: &str =
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    PYTHONPATH: /var/app/current\n";
    let hook = |found: bool, line: &str| {
        let text = format!("#!/bin/bash\n{line}\n");
        case("EB150", found, &[(".ebextensions/a.config", PROPERTY), (".platform/hooks/postdeploy/a.sh", &text)]);
    };
    hook(true, "$PYTHONPATH/python manage.py x");
    hook(true, "\"${PYTHONPATH}/python\" manage.py x");
    hook(false, "env | sed 's/$PYTHONPATH/b/'");
}

#[test]
fn a_proxy_file_that_nginx_would_refuse_is_not_moved() {
    let file = |content: &str| fix("EB140", &[(".ebextensions/nginx/nginx.conf", content)]);
    assert!(file("events {}\nhttp { include conf.d/*.conf; }\n").starts_with("move it"));
    assert!(file("events {}\nhttp { include conf.d/*.conf;\n").starts_with("take it out"));
    assert!(file("http { include conf.d/*.conf; include conf.d/*.conf; }\n").contains("twice"));
}

#[test]
fn what_is_named_is_what_there_is() {
    let options = "option_settings:\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: shop/wsgi.py\n";
    let tree = Tree::default().file(".ebextensions/a.config", options).file("site/manage.py", "import django\n");
    let report = run(&tree.file("site/shop/wsgi.py", "application = 1\n"), &Settings::default());
    let found = report.findings.iter().find(|finding| finding.rule == "EB002").expect("it is a path");
    assert!(found.fix.contains("--chdir site shop.wsgi:application"), "{}", found.fix);
    // `django-dotenv` brings a module of the same name as `python-dotenv`.
    let list: String =
        ["django==5.2.7", "a==1", "b==1", "c==1", "d==1", "e==1"].map(|line| format!("{line}\n")).concat();
    let files = [("requirements.txt", list.as_str()), ("mysite/settings.py", "import dotenv\nINSTALLED_APPS = []\n")];
    advises("EB169", "`python-dotenv`", &files);
    let pipfile = ("Pipfile", "[packages]\ndjango = \"*\"\ndjango-dotenv = \"*\"\n");
    advises("EB169", "`django-dotenv`", &[&files[..], &[pipfile]].concat());
}

#[test]
fn python_2_is_said_once() {
    let urls = ("mysite/urls.py", "from shop import views, models\nurlpatterns = []\n");
    let files = [
        (".ebextensions/a.config", ""),
        ("mysite/settings.py", "ROOT_URLCONF = 'mysite.urls'\nINSTALLED_APPS = ['shop']\n"),
        urls,
        ("shop/__init__.py", ""),
        ("shop/views.py", "print 'a'\n"),
        ("shop/models.py", "x = 001\n"),
    ];
    let found = said("EB251", &files);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].message.ends_with("this line is Python 2, and one file more cannot be read either"));
}

#[test]
fn what_a_pipeline_collects_ships() {
    let settings = (
        "mysite/settings.py",
        "INSTALLED_APPS = ['django.contrib.staticfiles']\nMIDDLEWARE = []\nSTATIC_ROOT = 'static'\n",
    );
    let manage = ("manage.py", "import django\n");
    let workflow = (".github/workflows/deploy.yml", "steps:\n- run: python manage.py collectstatic --noinput\n");
    case("EB021", true, &[settings, manage]);
    case("EB021", false, &[settings, manage, workflow]);
}

#[test]
fn a_load_balancer_that_takes_such_answers() {
    let matcher = |found: bool, codes: &str| {
        let option = format!(
            "option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    MatcherHTTPCode: \"{codes}\"\n"
        );
        let settings = ("mysite/settings.py", "MIDDLEWARE = []\nALLOWED_HOSTS = ['shop.example.com']\n");
        case("EB010", found, &[settings, (".ebextensions/a.config", &option)]);
    };
    matcher(true, "200");
    matcher(true, "200-399");
    matcher(false, "200-499");
    matcher(false, "200,400");
}

#[test]
fn migrations_that_the_instance_makes() {
    let files =
        [(".gitignore", "shop/migrations/*\n"), ("shop/models.py", "x = 1\n"), ("manage.py", "import django\n")];
    case("EB156", true, &files);
    let makes = container_command("python manage.py makemigrations && python manage.py migrate");
    case("EB156", false, &[&files[..], &[(".ebextensions/a.config", &makes)]].concat());
}

#[test]
fn files_of_old_that_nobody_reads_anyway() {
    let level = |text: &str| said("EB215", &[(".ebextensions/a.conf", text)])[0].level;
    assert_eq!(level("container_commands:\n  01_a:\n    command: echo x >> ../wsgi.conf\n"), Level::Note);
    assert_eq!(level("container_commands:\n  01_a:\n    command: echo x\n"), Level::Error);
    assert_eq!(level("WSGIPassAuthorization On\n"), Level::Note);
    assert_eq!(level("<VirtualHost *:80>\n  RewriteEngine On\n</VirtualHost>\n"), Level::Note);
}
