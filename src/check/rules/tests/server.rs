//! Rules about what answers requests: which server, where it listens, and what it loads.

use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

const WSGI: (&str, &str) = ("shop/wsgi.py", "application = get_wsgi_application()\n");
const ASGI: (&str, &str) = ("shop/asgi.py", "application = get_asgi_application()\n");

#[track_caller]
fn line(rule: &str, found: bool, line: &str, more: &[(&str, &str)]) {
    let procfile = format!("web: {line}\n");
    let mut files = vec![("Procfile", procfile.as_str()), ("shop/__init__.py", ""), WSGI, ASGI, ("manage.py", "")];
    files.extend(more);
    case(rule, found, &files);
}

#[test]
fn every_road_to_a_port() {
    let port = |found: bool, command: &str, more: &[(&str, &str)]| line("EB004", found, command, more);
    for wrong in [
        "env WEB_CONCURRENCY=2 gunicorn -b :5000 shop.wsgi",
        "exec gunicorn --workers 2 --bind=0.0.0.0:5000 shop.wsgi",
        "sh -c \"gunicorn --bind :5000 shop.wsgi\"",
        "newrelic-admin run-program gunicorn -b :5000 shop.wsgi",
        "uvicorn --port 5000 shop.asgi:application",
        "waitress-serve --port=5000 shop.wsgi:application",
        "waitress-serve shop.wsgi:application",
    ] {
        port(true, wrong, &[]);
    }
    for right in [
        "gunicorn shop.wsgi",
        "gunicorn -b 127.0.0.1:9000 -b 127.0.0.1:8000 shop.wsgi",
        "daphne -b 0.0.0.0 -p 8000 shop.asgi:application",
        "waitress-serve --listen=127.0.0.1:8000 shop.wsgi:application",
    ] {
        port(false, right, &[]);
    }
    let start = |found: bool, text: &str| port(found, "bash start.sh", &[("start.sh", text)]);
    start(true, "#!/bin/bash\nexec gunicorn --bind 0.0.0.0:5000 shop.wsgi\n");
    start(false, "#!/bin/bash\nexec gunicorn --bind 0.0.0.0:8000 shop.wsgi\n");
    let conf = |found: bool, text: &str| port(found, "gunicorn shop.wsgi", &[("gunicorn.conf.py", text)]);
    conf(true, "bind = \"0.0.0.0:5000\"\n");
    conf(true, "bind = [\"0.0.0.0:5000\"]\n");
    conf(true, "import os\nbind = \"0.0.0.0:\" + os.environ[\"PORT\"]\n");
    conf(false, "import os\nbind = \"0.0.0.0:\" + os.environ.get(\"PORT\", \"8000\")\n");
    conf(false, "bind = [\"127.0.0.1:9000\", \"127.0.0.1:8000\"]\n");
    port(true, "gunicorn -c deploy/g.py shop.wsgi", &[("deploy/g.py", "bind = \":5000\"\n")]);
    // The command line wins.
    port(false, "gunicorn -b :8000 shop.wsgi", &[("gunicorn.conf.py", "bind = \":5000\"\n")]);
    let options = |name: &str, value: &str| {
        format!("option_settings:\n  aws:elasticbeanstalk:application:environment:\n    {name}: \"{value}\"\n")
    };
    let arguments = options("GUNICORN_CMD_ARGS", "--workers=2 --bind=0.0.0.0:5000");
    port(true, "gunicorn shop.wsgi", &[(".ebextensions/a.config", &arguments)]);
    let set = options("PORT", "5000");
    port(false, "gunicorn -b :5000 shop.wsgi", &[(".ebextensions/a.config", &set)]);
}

#[test]
fn what_is_loaded() {
    let target = |found: bool, command: &str| line("EB002", found, command, &[]);
    for right in [
        "gunicorn shop.wsgi",
        "gunicorn --bind localhost:8000 --access-logfile - shop.wsgi:application",
        "gunicorn --preload shop.wsgi:application",
        "cd shop && gunicorn wsgi:application",
        "gunicorn -k uvicorn_worker.UvicornWorker shop.asgi:application",
        "uvicorn shop.asgi:application",
    ] {
        target(false, right);
    }
    for wrong in
        ["gunicorn shop.wsgi:app", "gunicorn shop:wsgi", "gunicorn shop.asgi:application", "gunicorn other.wsgi"]
    {
        target(true, wrong);
    }
    let option = |found: bool, value: &str| {
        let config = format!("option_settings:\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: '{value}'\n");
        let files = [(".ebextensions/a.config", config.as_str()), WSGI, ASGI, ("manage.py", "")];
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
        let report = run(&tree, &Settings::default());
        assert_eq!(report.findings.iter().any(|finding| finding.rule == "EB002"), found, "{value}\n{report}");
    };
    option(false, "shop.wsgi");
    option(true, "shop.wsgi:app");
    option(true, "shop\\wsgi.py");
    option(true, "shop.asgi:application");
    line(
        "EB002",
        false,
        "gunicorn shop.asgi:application",
        &[("gunicorn.conf.py", "worker_class = \"uvicorn_worker.UvicornWorker\"\n")],
    );
}

#[test]
fn who_leaves_the_foreground() {
    let ends = |found: bool, command: &str| line("EB145", found, command, &[]);
    ends(true, "gunicorn --daemon shop.wsgi");
    ends(true, "gunicorn shop.wsgi &");
    ends(true, "celery multi start worker -A shop");
    ends(false, "gunicorn shop.wsgi");
    ends(false, "celery -A shop worker");
    line("EB007", true, "python manage.py runserver 0.0.0.0:8000", &[]);
    line("EB007", false, "gunicorn shop.wsgi", &[]);
    let beat = |found: bool, command: &str| line("EB146", found, command, &[]);
    beat(true, "celery -A shop beat");
    beat(false, "celery -A shop beat -S redbeat.RedBeatScheduler");
}

#[test]
fn settings_that_a_process_is_given() {
    let files: [(&str, &str); 2] = [("shop/settings.py", "DEBUG = False\n"), ("shop/dev.py", "DEBUG = True\n")];
    let debug = |found: bool, command: &str| line("EB110", found, command, &files);
    debug(true, "gunicorn --env DJANGO_SETTINGS_MODULE=shop.dev shop.wsgi");
    debug(true, "env DJANGO_SETTINGS_MODULE=shop.dev gunicorn shop.wsgi");
    debug(false, "gunicorn --env DJANGO_SETTINGS_MODULE=shop.settings shop.wsgi");
}

#[test]
fn directives_that_nginx_does_not_know() {
    let nginx = |found: bool, text: &str| case("EB142", found, &[(".platform/nginx/conf.d/a.conf", text)]);
    nginx(true, "client_max_bodysize 50M;\n");
    nginx(true, "server {\n  listen 8080;\n  location / {\n    proxy_set_headers Host $host;\n  }\n}\n");
    nginx(true, "server {\n  listen 443;\n  ssl on;\n}\n");
    nginx(false, "client_max_body_size 50M;\nserver {\n  listen 443 ssl;\n  ssl_certificate /a;\n}\n");
    nginx(false, "brotli on;\nmore_set_headers 'A: b';\n");
    nginx(false, "map $a $b {\n  hostnames;\n  defaults 1;\n  servers 2;\n}\n");
    let whole = (".platform/nginx/nginx.conf", "load_module /a.so;\nevents {}\nhttp {}\n");
    case("EB142", false, &[whole, (".platform/nginx/conf.d/a.conf", "client_max_bodysize 50M;\n")]);
}

#[test]
fn the_server_for_development_in_a_container() {
    const IMAGE: &str = "FROM python:3.13-slim\nCMD python manage.py runserver 0.0.0.0:8000\n";
    let platform = |found: bool, name: &str, files: &[(&str, &str)]| {
        let config = format!("global: {{default_platform: {name}}}\n");
        case("EB007", found, &[&[(".elasticbeanstalk/config.yml", config.as_str())], files].concat());
    };
    let docker = |found: bool, files: &[(&str, &str)]| platform(found, "Docker", files);
    docker(true, &[("Dockerfile", IMAGE)]);
    docker(false, &[("Dockerfile", &IMAGE.replace("python manage.py runserver", "gunicorn"))]);
    docker(false, &[("Dockerfile", &format!("{IMAGE}CMD [\"gunicorn\", \"shop.wsgi\"]\n"))]);
    docker(false, &[("Dockerfile", "FROM python\n# runserver\nCMD gunicorn shop.wsgi\n")]);
    let compose = |command: &str| format!("services:\n  web:\n    build: .\n    ports: ['80:8000']\n{command}");
    let own = |command: &str| [("docker-compose.yml", compose(command)), ("Dockerfile", IMAGE.to_owned())];
    for (found, command) in [
        (true, ""),
        (true, "    command: python manage.py runserver 0.0.0.0:8000\n"),
        (true, "    command: [python, manage.py, runserver]\n"),
        (false, "    command: gunicorn shop.wsgi\n"),
    ] {
        let files = own(command);
        docker(found, &files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>());
    }
    let run = |command: &str| format!("{{\"AWSEBDockerrunVersion\": \"1\", \"Image\": {{\"Name\": \"x\"}}{command}}}");
    docker(true, &[("Dockerrun.aws.json", &run(", \"Command\": \"python manage.py runserver\""))]);
    // The instance builds that, and pulls nothing.
    docker(true, &[("Dockerrun.aws.json", &run("")), ("Dockerfile", IMAGE)]);
    let task = |word: &str| {
        format!(
            "{{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [{{\"name\": \"web\", \"image\": \"x\", \"memory\": 400, \"command\": [\"python3\", \"manage.py\", \"{word}\"]}}]}}"
        )
    };
    platform(true, "ECS running on 64bit Amazon Linux 2023", &[("Dockerrun.aws.json", &task("runserver"))]);
    platform(false, "ECS running on 64bit Amazon Linux 2023", &[("Dockerrun.aws.json", &task("migrate"))]);
    // The same file on a platform that reads none of it.
    platform(false, "Python 3.13 running on 64bit Amazon Linux 2023", &[("Dockerfile", IMAGE)]);
}
