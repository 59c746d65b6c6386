//! Containers: what they start, where that listens, and what their images stand on.

use super::advice::fix as fix_of;
use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

pub(super) const DOCKER: (&str, &str) = (".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n");
pub(super) const ECS: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: ECS running on 64bit Amazon Linux 2023}\n");
const APP: &str = "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run(host='0.0.0.0', port=5000)\n";

pub(super) fn docker(rule: &str, found: bool, files: &[(&str, &str)]) {
    case(rule, found, &[&[DOCKER], files].concat());
}

#[test]
fn servers_for_the_desk_wherever_they_are_started() {
    let image = |found: bool, lines: &str, more: &[(&str, &str)]| {
        let text = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 5000\n{lines}\n");
        docker("EB007", found, &[&[("Dockerfile", text.as_str()), ("app.py", APP)], more].concat());
    };
    image(true, "CMD [\"pipenv\", \"run\", \"flask\", \"run\", \"-h\", \"0.0.0.0\"]", &[]);
    image(true, "CMD python -m flask run --host=0.0.0.0", &[]);
    image(true, "CMD [\"python\", \"app.py\"]", &[]);
    image(true, "ENTRYPOINT [\"python\"]\nCMD [\"app.py\"]", &[]);
    image(
        true,
        "ENTRYPOINT [\"./boot.sh\"]",
        &[("boot.sh", "#!/bin/sh\nflask db upgrade\nexec flask run -h 0.0.0.0\n")],
    );
    image(true, "ENTRYPOINT [\"/app/boot.sh\"]\nCMD [\"flask\", \"run\"]", &[("boot.sh", "#!/bin/sh\nexec \"$@\"\n")]);
    let group = ("manage.py", "from flask.cli import FlaskGroup\ncli = FlaskGroup()\n");
    image(
        true,
        "CMD if [ $A = b ]; \\\n  then \\\n  ./a.sh; \\\n  else ./b.sh; fi",
        &[group, ("a.sh", "python manage.py run -h 0.0.0.0\n"), ("b.sh", "python manage.py run\n")],
    );
    image(false, "CMD [\"gunicorn\", \"-b\", \"0.0.0.0:5000\", \"app:app\"]", &[]);
    image(false, "CMD flask db upgrade && gunicorn -b 0.0.0.0:5000 app:app", &[]);
    image(
        false,
        "ENTRYPOINT [\"./boot.sh\"]\nCMD [\"flask\", \"run\"]",
        &[("boot.sh", "#!/bin/sh\ngunicorn -b :5000 app:app\n")],
    );
    image(false, "CMD [\"python\", \"work.py\"]", &[("work.py", "import app\n")]);
    let built = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"flask\", \"run\", \"-h\", \"0.0.0.0\"]\n";
    let compose = |found: bool, more: &str| {
        let text = format!("services:\n  web:\n    build: ./web\n    ports: ['80:5000']\n{more}");
        docker("EB007", found, &[("docker-compose.yml", text.as_str()), ("web/Dockerfile", built)]);
    };
    compose(true, "");
    compose(false, "    command: gunicorn -b 0.0.0.0:5000 app:app\n");
    compose(false, "    entrypoint: [gunicorn, -b, '0.0.0.0:5000', app:app]\n");
    compose(true, "    entrypoint: bash /usr/bin/boot.sh\n    command: flask run -h 0.0.0.0\n");
    compose(true, "    entrypoint: flask\n    command: run -h 0.0.0.0\n");
    compose(false, "    entrypoint: gunicorn app:app\n    command: -b 0.0.0.0:5000\n");
    compose(false, "    profiles: [dev]\n");
}

#[test]
fn advice_fits_the_container() {
    let fix = |lines: &str, list: &str, more: &[(&str, &str)]| {
        let text =
            format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n{lines}\n");
        let files =
            [&[DOCKER, ("Dockerfile", text.as_str()), ("app.py", APP), ("requirements.txt", list)], more].concat();
        fix_of("EB007", &files)
    };
    let (flask, both) = ("flask\n", "flask\ngunicorn\n");
    assert!(fix("EXPOSE 8080\nCMD flask run -h 0.0.0.0 -p 8080", both, &[]).contains("0.0.0.0:8080 app:app"));
    assert!(fix("EXPOSE 80\nCMD [\"python\", \"app.py\"]", both, &[]).contains("0.0.0.0:80 app:app"));
    assert!(fix("CMD flask run -h 0.0.0.0 -p 8080", both, &[]).contains("0.0.0.0:8080 app:app"));
    assert!(fix("CMD flask run", both, &[]).ends_with("with the module and the object of the application"));
    assert!(fix("CMD flask run", flask, &[]).contains("let the image install `gunicorn`"));
    assert!(
        fix("ENTRYPOINT [\"python\"]\nCMD [\"app.py\"]", both, &[]).ends_with("in place of `ENTRYPOINT` and `CMD`")
    );
    assert!(fix("ENTRYPOINT python manage.py runserver 0:80", both, &[]).contains("0.0.0.0:80 mysite.wsgi"));
    let compose = ("docker-compose.yml", "services:\n  web:\n    build: .\n    ports: ['80:3000']\n");
    assert!(fix("EXPOSE 8080\nCMD flask run -h 0.0.0.0", both, &[compose]).contains("0.0.0.0:3000 app:app"));
}

#[test]
fn ports_that_lead_to_nobody() {
    let compose = |found: bool, port: &str, line: &str| {
        let text = format!("services:\n  web:\n    build: ./web\n    ports: ['{port}']\n{line}");
        let built = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"flask\", \"run\", \"-h\", \"0.0.0.0\", \"-p\", \"3001\"]\n";
        docker("EB366", found, &[("docker-compose.yml", text.as_str()), ("web/Dockerfile", built)]);
    };
    compose(true, "80:3000", "");
    compose(false, "80:3001", "");
    compose(true, "80:3001", "    command: gunicorn -b 0.0.0.0:8000 app:app\n");
    compose(true, "80:8000", "    command: uvicorn app:app\n");
    compose(false, "80:8000", "    command: uvicorn app:app --host 0.0.0.0 --port 8000\n");
    compose(false, "80:8000", "    command: gunicorn app:app\n    env_file: .env\n");
    compose(true, "80:8000", "    command: waitress-serve --listen=*:5000 app:app\n");
    compose(false, "80:8000", "    command: gunicorn -b 0.0.0.0:${PORT} app:app\n");
    let task = |found: bool, port: u32| {
        let text = format!(
            "{{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [{{\"name\": \"web\", \"image\": \"a/x\", \"memory\": 400, \"portMappings\": [{{\"hostPort\": 80, \"containerPort\": {port}}}], \"command\": [\"python3\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]}}]}}"
        );
        case("EB366", found, &[ECS, ("Dockerrun.aws.json", text.as_str())]);
    };
    task(true, 80);
    task(false, 8000);
    // What a program says of itself.
    let image = |found: bool, port: u32| {
        let text =
            format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nEXPOSE {port}\nCMD [\"python\", \"app.py\"]\n");
        docker("EB366", found, &[("Dockerfile", text.as_str()), ("app.py", APP)]);
    };
    image(true, 8000);
    image(false, 5000);
}

#[test]
fn beats_of_each_instance() {
    let task = |found: bool, word: &str, more: &[(&str, &str)]| {
        let text = format!(
            "{{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [{{\"name\": \"a\", \"image\": \"a/x\", \"memory\": 400, \"command\": [\"celery\", \"-A\", \"shop\", \"worker\", \"{word}\"]}}]}}"
        );
        case("EB146", found, &[&[ECS, ("Dockerrun.aws.json", text.as_str())], more].concat());
    };
    task(true, "-B", &[]);
    task(false, "-E", &[]);
    let single = "option_settings:\n  aws:elasticbeanstalk:environment:\n    EnvironmentType: SingleInstance\n";
    task(false, "-B", &[(".ebextensions/a.config", single)]);
}

#[test]
fn folders_of_volumes() {
    let database = |found: bool, image: &str, folder: &str, more: &str| {
        let text = format!(
            "services:\n  db:\n    image: {image}\n    ports: ['80:5432']\n    volumes: ['data:{folder}']\n{more}"
        );
        docker("EB303", found, &[("docker-compose.yml", text.as_str())]);
    };
    database(true, "postgres", "/var/lib/postgresql/data", "");
    database(true, "postgres:18-alpine", "/var/lib/postgresql/data/", "");
    database(false, "postgres:16", "/var/lib/postgresql/data", "");
    database(false, "postgres", "/var/lib/postgresql", "");
    database(false, "postgres", "/var/lib/postgresql/data", "    environment: {PGDATA: /var/lib/postgresql/data/x}\n");
    let task = |found: bool, source: &str| {
        let text = format!(
            "{{\"AWSEBDockerrunVersion\": 2, \"volumes\": [{{\"name\": \"v\", \"host\": {{\"sourcePath\": \"{source}\"}}}}], \"containerDefinitions\": [{{\"name\": \"a\", \"image\": \"a/x\", \"memory\": 400}}]}}"
        );
        case("EB367", found, &[ECS, ("Dockerrun.aws.json", text.as_str()), ("backend/app.py", "")]);
    };
    task(true, "backend");
    task(true, "./backend");
    task(false, "/var/app/current/backend");
    task(false, "static_volume");
}

#[test]
fn images_that_cannot_be_built() {
    let image = |found: bool, text: &str| docker("EB368", found, &[("Dockerfile", text)]);
    image(true, "FROM python:3.6-stretch\nRUN apt-get update\nCMD [\"x\"]\n");
    image(true, "FROM a AS b\nFROM ubuntu\nRUN pip3 install flask\nCMD [\"x\"]\n");
    image(false, "FROM python:3.13\nRUN apt-get update && pip install flask\nCMD [\"x\"]\n");
}

pub(super) const IMAGE: &str = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD gunicorn -b 0.0.0.0:8000 app:app\n";

pub(super) fn code_in_image(rule: &str, found: bool, image: &str, list: &str, code: &str) {
    docker(rule, found, &[("Dockerfile", image), ("requirements.txt", list), ("app.py", code)]);
}

#[test]
fn code_that_its_image_does_not_carry() {
    let markup = "from flask import Flask, Markup\napp = Flask(__name__)\n";
    let stops = |found: bool, image: &str, list: &str| code_in_image("EB250", found, image, list, markup);
    stops(true, IMAGE, "flask==3.0.0\n");
    stops(true, IMAGE, "flask\n");
    stops(false, IMAGE, "flask==2.2.5\n");
    // What one step takes, another may take otherwise.
    stops(true, &IMAGE.replace("-r requirements.txt", "'flask>=2' gunicorn"), "flask==1.0\n");
    for step in [
        "RUN pip install -e .",
        "RUN pip install -c pins.txt flask",
        "RUN ./install.sh",
        "RUN poetry install",
        "COPY --from=a / /",
    ] {
        stops(false, &IMAGE.replace("CMD", &format!("{step}\nCMD")), "flask==3.0.0\n");
    }
    stops(false, &IMAGE.replace("python:3.12-slim", "me/base"), "flask==3.0.0\n");
    // An old Python has an old Flask, since pip takes no other.
    stops(false, &IMAGE.replace("3.12", "3.7"), "flask\n");
    stops(true, &IMAGE.replace("app:app", "--chdir web app:app").replace("--chdir web ", ""), "flask==3.0.0\n");
}

#[test]
fn code_that_the_python_of_its_image_does_not_know() {
    let gone = "import imp\nfrom flask import Flask\napp = Flask(__name__)\n";
    code_in_image("EB250", true, IMAGE, "flask\n", gone);
    code_in_image("EB250", false, &IMAGE.replace("3.12", "3.11"), "flask\n", gone);
    let setuptools = "import distutils.version\nfrom flask import Flask\napp = Flask(__name__)\n";
    code_in_image("EB250", true, IMAGE, "flask\n", setuptools);
    let brings = IMAGE.replace("RUN pip", "RUN pip install --upgrade pip setuptools wheel && pip");
    code_in_image("EB250", false, &brings, "flask\n", setuptools);
    code_in_image("EB251", true, IMAGE, "flask\n", "from flask import Flask\nprint 'a'\napp = Flask(__name__)\n");
    code_in_image("EB251", false, &IMAGE.replace("3.12", "2.7"), "flask\n", "print 'a'\n");
    let key = "from flask import Flask\nDB_PASSWORD = 'k7Qx29pLm4'\napp = Flask(__name__)\n";
    code_in_image("EB112", true, IMAGE, "flask\n", key);
}

#[test]
fn a_site_of_django_in_an_image() {
    let image = IMAGE.replace("app:app", "mysite.wsgi");
    let site = |rule: &str, found: bool, image: &str, list: &str, urls: &str| {
        let settings = "SECRET_KEY = 'x'\nINSTALLED_APPS = ['corsheaders']\nROOT_URLCONF = 'mysite.urls'\n";
        let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\nfrom django.core.management import execute_from_command_line\n";
        docker(
            rule,
            found,
            &[
                ("Dockerfile", image),
                ("requirements/prod.txt", list),
                ("manage.py", manage),
                ("mysite/__init__.py", ""),
                ("mysite/settings.py", settings),
                ("mysite/urls.py", urls),
            ],
        );
    };
    let image = image.replace("requirements.txt", "requirements/prod.txt");
    let old = "from django.conf.urls import url\nurlpatterns = []\n";
    site("EB250", true, &image, "Django==4.2\ndjango-cors-headers==4.3.1\ngunicorn\n", old);
    site("EB250", false, &image, "Django==3.2\ndjango-cors-headers==3.10\ngunicorn\n", old);
    site("EB169", true, &image, "Django==4.2\ngunicorn\n", "urlpatterns = []\n");
    site("EB169", false, &image, "Django==4.2\ndjango-cors-headers==4.3.1\ngunicorn\n", "urlpatterns = []\n");
    site("EB169", false, &image.replace("RUN", "RUN uv sync && "), "Django==4.2\n", "urlpatterns = []\n");
}

#[test]
fn keys_of_another_version() {
    let image = ("Dockerfile", "FROM python:3.13-slim\nEXPOSE 8000\n");
    let run = |found: bool, text: &str| docker("EB121", found, &[image, ("Dockerrun.aws.json", text)]);
    run(true, r#"{"AWSEBDockerrunVersion": "1", "containerDefinitions": [{"memory": 1024}]}"#);
    run(true, r#"{"AWSEBDockerrunVersion": 1, "Ports": [{"ContainerPort": 8000}], "family": "web"}"#);
    run(false, r#"{"AWSEBDockerrunVersion": "1", "containerDefinitions": []}"#);
    run(
        false,
        r#"{"AWSEBDockerrunVersion": "1", "Ports": [{"ContainerPort": 8000}], "Volumes": [], "Logging": "/log"}"#,
    );
    let compose = ("docker-compose.yml", "services:\n  web:\n    build: .\n    ports: ['80:8000']\n");
    let third = |found: bool, text: &str| docker("EB121", found, &[image, compose, ("Dockerrun.aws.json", text)]);
    third(true, r#"{"AWSEBDockerrunVersion": "3", "Ports": [{"ContainerPort": 8000}]}"#);
    third(false, r#"{"AWSEBDockerrunVersion": "3", "Authentication": {"bucket": "a", "key": "b"}}"#);
    let task = |found: bool, more: &str| {
        let text = format!(
            "{{\"AWSEBDockerrunVersion\": 2, {more} \"containerDefinitions\": [{{\"name\": \"a\", \"image\": \"a\", \"memory\": 128}}]}}"
        );
        case("EB121", found, &[ECS, ("Dockerrun.aws.json", text.as_str())]);
    };
    task(true, "\"Ports\": [{\"ContainerPort\": 8000}],");
    task(true, "\"Image\": {\"Name\": \"a\"},");
    task(false, "\"volumes\": [], \"family\": \"a\",");
}

#[test]
fn commands_that_a_property_keeps_from_the_host() {
    let image = ("Dockerfile", "FROM python:3.13-slim\nEXPOSE 8000\n");
    let levels = |script: &str, more: &[(&str, &str)]| {
        let config = (".ebextensions/a.config", "container_commands:\n  a:\n    command: bash bin/migrate.sh\n");
        let all = [&[DOCKER, image, config, ("bin/migrate.sh", script)], more].concat();
        let tree = all.iter().fold(Tree::default(), |tree, (path, content)| tree.file(path, content));
        let report = run(&tree, &Settings::default());
        report.findings.into_iter().filter(|one| one.rule == "EB147").map(|one| one.level).collect::<Vec<_>>()
    };
    let guarded = "if [ \"$IS_DOCKER\" != \"true\" ]; then\n  python manage.py migrate\nfi\n";
    assert_eq!(levels("python manage.py migrate\n", &[]), [Level::Error]);
    assert_eq!(levels(guarded, &[]), [Level::Note]);
    assert_eq!(levels(&format!("{guarded}python manage.py check\n"), &[]), [Level::Error]);
    assert_eq!(levels(&format!("IS_DOCKER=false\n{guarded}"), &[]), [Level::Error]);
    assert_eq!(levels("[ -n \"$NO_DJANGO\" ] && exit 0\npython manage.py migrate\n", &[]), [Level::Note]);
    let property = |value: &str| {
        let text =
            format!("option_settings:\n  aws:elasticbeanstalk:application:environment:\n    IS_DOCKER: {value}\n");
        levels(guarded, &[(".ebextensions/b.config", text.as_str())])
    };
    assert_eq!(property("'true'"), []);
    assert_eq!(property("'no'"), [Level::Error]);
}

#[test]
fn a_manage_py_that_the_image_has_elsewhere() {
    let copy = "FROM me/base\nCOPY . /srv/app\nWORKDIR /srv/app/site\nRUN python manage.py collectstatic --noinput\n";
    let image = ("Dockerfile", copy);
    let manage = ("site/manage.py", "import django\n");
    let said = |rule: &str, path: &str, line: &str, image: (&str, &str)| {
        let all = [DOCKER, image, manage, (path, line)];
        let tree = all.iter().fold(Tree::default(), |tree, (path, content)| tree.file(path, content));
        let found = run(&tree, &Settings::default()).findings.into_iter().find(|one| one.rule == rule);
        found.map(|one| (one.message, one.fix)).unwrap_or_default()
    };
    let config = |path: &str| {
        let line = format!("docker exec `docker ps -q` python {path} collectstatic --noinput");
        said("EB273", ".ebextensions/a.config", &format!("container_commands:\n  a:\n    command: {line}\n"), image)
    };
    let (message, fix) = config("/srv/app/shop/manage.py");
    assert!(message.contains("`/srv/app/site/manage.py`") && fix.starts_with("take it out"), "{message} {fix}");
    let (message, _) = config("/srv/app/site/manage.py");
    assert!(message.contains("works in the old version's container"), "{message}");
    let hook = |path: &str, image: (&str, &str)| {
        let text = format!("#!/bin/bash\ndocker exec $(docker ps -q) python {path} migrate --noinput\n");
        said("EB162", ".platform/hooks/postdeploy/a.sh", &text, image).0
    };
    assert!(hook("/srv/app/shop/manage.py", image).contains("fails: the image has no"));
    assert!(hook("shop/manage.py", image).contains("fails: the image has no"));
    assert_eq!(hook("manage.py", image), "");
    assert_eq!(hook("/srv/app/site/manage.py", image), "");
    assert_eq!(hook("/opt/shop/manage.py", image), "");
    let moves = "FROM me/base\nCOPY . /srv/app\nRUN cp site/manage.py /srv/app/shop/manage.py\n";
    assert_eq!(hook("/srv/app/shop/manage.py", ("Dockerfile", moves)), "");
}
