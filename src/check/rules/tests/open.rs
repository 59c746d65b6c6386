//! What nobody brings, keeps or closes: programs, files that settings read, brokers, hosts.

use super::case;

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
