//! Images and services: what is installed in them, what they keep, and what Docker refuses.

use super::case;
use super::containers::{ECS, IMAGE, code_in_image, docker};

#[test]
fn a_file_of_sqlite_in_an_image() {
    let code = |uri: &str| {
        format!(
            "import os\nfrom flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\napp = Flask(__name__)\napp.config['SQLALCHEMY_DATABASE_URI'] = {uri}\ndb = SQLAlchemy(app)\n"
        )
    };
    let image = ("Dockerfile", "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD gunicorn -b :8000 app:app\n");
    let uri = |found: bool, uri: &str, more: &[(&str, &str)]| {
        docker("EB080", found, &[&[image, ("app.py", code(uri).as_str())], more].concat());
    };
    uri(true, "'sqlite:///orders.db'", &[]);
    uri(false, "'sqlite:////data/orders.db'", &[]);
    uri(false, "os.environ['DATABASE_URL']", &[]);
    let volumes = "services:\n  web:\n    build: .\n    ports: ['80:8000']\n    volumes: ['data:/app/instance']\nvolumes: {data: {}}\n";
    uri(false, "'sqlite:///orders.db'", &[("docker-compose.yml", volumes)]);
}

#[test]
fn data_that_a_container_keeps() {
    let keeps = |found: bool, code: &str, more: &[(&str, &str)]| {
        let image = IMAGE.replace("gunicorn -b 0.0.0.0:8000", "uvicorn --host 0.0.0.0");
        let files = [
            ("Dockerfile", image.as_str()),
            ("requirements.txt", "fastapi\n"),
            ("app.py", "import db\napp = None\n"),
            ("db.py", code),
        ];
        docker("EB080", found, &[&files[..], more].concat());
    };
    let engine = "URL = 'sqlite:///./shop.db'\nengine = create_engine(URL)\n";
    keeps(true, engine, &[]);
    keeps(false, "engine = create_engine(os.environ['DATABASE_URL'])\n", &[]);
    keeps(false, &engine.replace("///./", "////data/"), &[]);
    let volumes = "{\"AWSEBDockerrunVersion\": \"1\", \"Volumes\": [{\"HostDirectory\": \"/srv\", \"ContainerDirectory\": \"/app\"}]}";
    keeps(false, engine, &[("Dockerrun.aws.json", volumes)]);
}

#[test]
fn lists_of_other_tools_than_pip() {
    let markup = ("app.py", "from flask import Flask, Markup\napp = Flask(__name__)\n");
    let stops = |found: bool, step: &str, files: &[(&str, &str)]| {
        let text = IMAGE.replace("pip install -r requirements.txt", step);
        docker("EB250", found, &[&[("Dockerfile", text.as_str()), markup], files].concat());
    };
    let lock = "{\"default\": {\"flask\": {\"version\": \"==3.0.0\"}}, \"develop\": {}}";
    let old = lock.replace("3.0.0", "2.2.5");
    stops(true, "pip install pipenv && pipenv install --system --deploy", &[("Pipfile.lock", lock)]);
    stops(true, "pip install pipenv && pipenv sync --system", &[("Pipfile.lock", lock)]);
    stops(false, "pip install pipenv && pipenv install --system --deploy", &[("Pipfile.lock", old.as_str())]);
    stops(false, "pipenv install --system --dev", &[("Pipfile.lock", lock)]);
    stops(false, "pipenv install $OPTIONS", &[("Pipfile.lock", lock)]);
    stops(true, "uv pip install --system -r requirements.txt", &[("requirements.txt", "flask==3.0.0\n")]);
    stops(false, "uv sync", &[("requirements.txt", "flask==3.0.0\n")]);
    let project = ("pyproject.toml", "[project]\nname = 'shop'\ndependencies = ['flask==3.0.0']\n");
    stops(true, "pip install .", &[project]);
    stops(true, "pip install --no-cache-dir -e .", &[project]);
    stops(false, "pip install .", &[project, ("setup.py", "")]);
    stops(false, "pip install '.[web]'", &[project]);
    stops(false, "pip install -r requirements.txt || true", &[("requirements.txt", "flask==3.0.0\n")]);
}

#[test]
fn packages_of_another_stage() {
    let stops = |found: bool, text: &str| {
        code_in_image(
            "EB250",
            found,
            text,
            "flask==3.0.0\n",
            "from flask import Flask, Markup\napp = Flask(__name__)\n",
        )
    };
    let two = "FROM python:3.12-slim AS builder\nCOPY requirements.txt .\nRUN pip install --prefix=/install -r requirements.txt\nFROM python:3.12-slim\nWORKDIR /app\nCOPY --from=builder /install /usr/local\nCOPY . .\nCMD gunicorn -b 0.0.0.0:8000 app:app\n";
    stops(true, two);
    stops(true, &two.replace("--from=builder /install", "--from=0 /usr/local/lib/python3.12/site-packages"));
    stops(true, &two.replace("FROM python:3.12-slim AS", "ARG V=3.12\nFROM python:${V}-slim AS"));
    stops(false, &two.replace("FROM python:3.12-slim AS", "FROM python:3.11-slim AS"));
    stops(false, &two.replace("--from=builder", "--from=example/builder"));
    let pages = IMAGE
        .replace("FROM", "FROM node:22 AS pages\nRUN npm ci\nFROM")
        .replace("RUN pip", "COPY --from=pages /dist /app/static\nRUN pip");
    stops(true, &pages);
    let program = IMAGE.replace("RUN pip", "COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/\nRUN uv pip");
    stops(true, &program);
}

#[test]
fn what_pip_refuses_in_an_image() {
    let refuses = |rule: &str, found: bool, image: &str, list: &str| {
        code_in_image(rule, found, image, list, "from flask import Flask\napp = Flask(__name__)\n");
    };
    refuses("EB144", true, IMAGE, "flask\nPyYAML==5.4.1\n");
    refuses("EB144", false, &IMAGE.replace("3.12", "3.9"), "flask\nPyYAML==5.4.1\nbackports.zoneinfo==0.2.1\n");
    refuses("EB144", false, &IMAGE.replace("RUN pip", "RUN ./more.sh; pip"), "flask\nPyYAML==5.4.1\n");
    refuses("EB167", true, IMAGE, "flask==3.0.0\nwerkzeug==2.0.0\n");
    let steps = IMAGE.replace("RUN pip", "RUN pip install werkzeug==2.0.0\nRUN pip");
    refuses("EB167", false, &steps, "flask==3.0.0\nwerkzeug==3.0.0\n");
    refuses("EB168", true, IMAGE, "flask\nmysql-python\n");
}

#[test]
fn packages_that_are_compiled_in_an_image() {
    let lacks = |found: bool, from: &str, step: &str, list: &str| {
        let text = IMAGE.replace("python:3.12-slim", from).replace("RUN pip", &format!("{step}RUN pip"));
        code_in_image("EB357", found, &text, list, "app = None\n");
    };
    let gcc = "RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev && rm -rf /var/lib/apt\n";
    lacks(true, "python:3.12-slim", "", "psycopg2==2.9.9\n");
    lacks(false, "python:3.12-slim", gcc, "psycopg2==2.9.9\n");
    lacks(true, "python:3.12-slim", &gcc.replace("libpq-dev", "curl"), "psycopg2==2.9.9\n");
    lacks(true, "python:3.12-slim", &gcc.replace("gcc", ""), "psycopg2\n");
    lacks(false, "python:3.12", "", "psycopg2==2.9.9\nmysqlclient\nuwsgi\n");
    lacks(true, "python:3.12", "", "python-ldap==3.4.4\n");
    lacks(true, "python:3.12-alpine", "RUN apk add --no-cache postgresql-dev\n", "psycopg2\n");
    lacks(false, "python:3.12-alpine", "RUN apk add --virtual .build-deps gcc musl-dev postgresql-dev\n", "psycopg2\n");
    // What another package recommends is installed as well.
    lacks(false, "python:3.12-slim", "RUN apt-get install -y libtool\n", "psycopg2\n");
    lacks(false, "python:3.12-slim", "RUN apt-get install -y $DEPS\n", "psycopg2\n");
    let headers = "RUN apt-get install -y gcc default-libmysqlclient-dev\n";
    lacks(true, "python:3.12-slim", headers, "mysqlclient==2.2.4\n");
    lacks(false, "python:3.12-slim", headers, "mysqlclient==2.1.1\n");
    lacks(false, "python:3.12-slim", &headers.replace("gcc", "gcc pkg-config"), "mysqlclient==2.2.4\n");
    // An old one without a wheel for this Python.
    lacks(true, "python:3.12-slim", "", "pillow==9.5.0\n");
    lacks(false, "python:3.12-slim", "", "pillow==11.0.0\n");
    lacks(false, "python:3.12-slim", "", "psycopg2; sys_platform == 'win32'\n");
}

#[test]
fn what_compose_refuses() {
    let services = |rule: &str, found: bool, text: &str, more: &[(&str, &str)]| {
        let whole =
            format!("services:\n  web:\n    image: example/web\n    ports: ['80:8000']\n    env_file: .env\n{text}");
        docker(rule, found, &[&[("docker-compose.yml", whole.as_str())], more].concat());
    };
    let refused = |found: bool, text: &str| services("EB121", found, text, &[]);
    refused(false, "");
    refused(true, "    depends_on: [db]\n");
    refused(true, "    depends_on:\n      db: {condition: service_started}\n");
    refused(false, "    depends_on:\n      db: {condition: service_started, required: false}\n");
    refused(false, "    depends_on: [db]\n  db:\n    image: redis:8\n");
    refused(false, "    depends_on: [db]\ninclude: [more.yml]\n");
    refused(true, "    links: ['db:database']\n");
    refused(true, "    volumes: ['media:/media']\n");
    refused(true, "    volumes:\n    - {type: volume, source: media, target: /media}\n");
    refused(
        false,
        "    volumes: ['media:/media', './a:/a', '/etc/b:/b', '~/c:/c', '/d', '${E}:/e']\nvolumes:\n  media:\n",
    );
    refused(true, "    networks: [back]\n");
    refused(false, "    networks: [back, default]\nnetworks:\n  back:\n");
    refused(true, "  other:\n    ports: ['81:80']\n");
    refused(true, "  other:\n    image: nginx\n    ports: ['80:80']\n");
    refused(false, "  other:\n    image: nginx\n    ports: ['81:80', '80:80/udp']\n");
    let healthy = "    depends_on:\n      db: {condition: service_healthy}\n  db:\n    image: redis:8\n";
    refused(true, healthy);
    refused(false, &format!("{healthy}    healthcheck: {{test: redis-cli ping}}\n"));
    refused(false, &healthy.replace("redis:8", "example/db"));
    let gone = |found: bool, text: &str, more: &[(&str, &str)]| services("EB356", found, text, more);
    gone(false, "", &[]);
    gone(true, "    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']\n", &[]);
    gone(false, "    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']\n", &[("nginx.conf", "")]);
    gone(false, "    volumes: ['./data:/data', '/etc/a.conf:/a.conf', './logs/x.d:/x.d']\n", &[]);
    let other = "  other:\n    image: example/other\n    env_file:\n    - {path: other.env}\n";
    gone(true, other, &[]);
    gone(false, other, &[("other.env", "A=1\n")]);
    gone(false, &other.replace("other.env", "other.env, required: false"), &[]);
    gone(false, other, &[(".platform/hooks/prebuild/a.sh", "#!/bin/sh\necho A=1 > other.env\n")]);
}

#[test]
fn programs_that_an_image_has_not() {
    let starts = |found: bool, image: &str, list: &str| code_in_image("EB169", found, image, list, "app = None\n");
    starts(true, IMAGE, "flask==3.0.0\n");
    starts(false, IMAGE, "flask==3.0.0\ngunicorn\n");
    starts(false, &IMAGE.replace("-r requirements", "gunicorn -r requirements"), "flask==3.0.0\n");
    starts(false, &IMAGE.replace("RUN", "RUN ./install.sh\nRUN"), "flask==3.0.0\n");
    starts(false, &IMAGE.replace("CMD gunicorn", "CMD /opt/gunicorn"), "flask==3.0.0\n");
    starts(true, &IMAGE.replace("gunicorn -b", "uvicorn -b"), "fastapi-slim\n");
    starts(false, &IMAGE.replace("gunicorn -b", "uvicorn -b"), "fastapi[standard]\n");
}

#[test]
fn servers_in_front_of_the_sites_own() {
    let settings = "SECRET_KEY = 'x'\nDEBUG = False\nALLOWED_HOSTS = ['shop.example']\nINSTALLED_APPS = []\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\nROOT_URLCONF = 'mysite.urls'\n";
    let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\nfrom django.core.management import execute_from_command_line\n";
    let image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD gunicorn -b 0.0.0.0:8000 mysite.wsgi\n";
    let site = |found: bool, image: &str, services: &str| {
        docker(
            "EB010",
            found,
            &[
                ("Dockerfile", image),
                ("docker-compose.yml", services),
                ("manage.py", manage),
                ("mysite/__init__.py", ""),
                ("mysite/settings.py", settings),
                ("mysite/urls.py", "urlpatterns = []\n"),
            ],
        );
    };
    let own = "services:\n  web:\n    build: .\n    ports: ['80:8000']\n";
    site(true, image, own);
    let front = "services:\n  web:\n    build: .\n  front:\n    image: nginx:1.29\n    ports: ['80:80']\n";
    site(false, image, front);
    site(false, image, &front.replace("image: nginx:1.29", "build: ./nginx"));
    site(true, image, &front.replace("image: nginx:1.29", "profiles: [desk]\n    image: nginx"));
    site(false, &image.replace("CMD", "RUN apt-get install -y nginx supervisor\nCMD"), own);
}

#[test]
fn what_docker_starts_no_container_with() {
    let task = |rule: &str, found: bool, memory: u32, source: &str| {
        let text = format!(
            "{{\"AWSEBDockerrunVersion\": 2, \"volumes\": [{{\"name\": \"v\", \"host\": {{\"sourcePath\": \"{source}\"}}}}], \"containerDefinitions\": [{{\"name\": \"a\", \"image\": \"a/x\", \"memory\": {memory}}}]}}"
        );
        case(rule, found, &[ECS, ("Dockerrun.aws.json", text.as_str()), ("nginx/nginx.conf", "")]);
    };
    task("EB121", true, 4, "/srv");
    task("EB121", false, 10, "/srv");
    task("EB367", true, 100, "./nginx/nginx.conf");
    task("EB367", false, 100, "/var/app/current/nginx/nginx.conf");
}

#[test]
fn files_that_an_image_has_not() {
    let settings = "import os, json\nBASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nKEYS = json.load(open(os.path.join(BASE_DIR, '.secret/secret.json')))\n";
    let image = |found: bool, lines: &str, more: &[(&str, &str)]| {
        let text =
            format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{lines}EXPOSE 8000\nCMD gunicorn mysite.wsgi\n");
        docker("EB178", found, &[&[("Dockerfile", text.as_str()), ("mysite/settings.py", settings)], more].concat());
    };
    image(true, "", &[]);
    image(true, "RUN python manage.py migrate\n", &[("manage.py", "import django\n")]);
    image(false, "", &[(".secret/secret.json", "{}")]);
    image(false, "RUN echo '{}' > .secret/secret.json\n", &[]);
    image(false, "RUN aws s3 sync s3://keys .secret\n", &[]);
    image(false, "RUN python make_keys.py\n", &[]);
    image(false, "", &[("start.sh", "curl $KEYS > $WHERE\n")]);
    image(false, "", &[(".ebignore", "*.pyc\n")]);
    image(false, "", &[(".github/workflows/a.yml", "run: echo $KEYS > .secret/secret.json\n")]);
    let volumes =
        r#"{"AWSEBDockerrunVersion": "1", "Volumes": [{"HostDirectory": "/a", "ContainerDirectory": "/app/.secret"}]}"#;
    image(false, "", &[("Dockerrun.aws.json", volumes)]);
    image(false, "", &[("docker-compose.yml", "services:\n  web:\n    build: .\n    ports: ['80:8000']\n")]);
}

#[test]
fn administrators_that_an_image_makes() {
    let image = |found: bool, lines: &str, more: &[(&str, &str)]| {
        let text = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{lines}EXPOSE 8000\nCMD ./start.sh\n");
        docker("EB112", found, &[&[("Dockerfile", text.as_str())], more].concat());
    };
    image(
        true,
        "RUN echo \"U.objects.create_superuser('a@b.io', 'happy1', 'happy1')\" | python manage.py shell\n",
        &[],
    );
    image(true, "ENV DJANGO_SUPERUSER_PASSWORD happy1\n", &[]);
    image(true, "", &[("start.sh", "DJANGO_SUPERUSER_PASSWORD=happy1 python manage.py createsuperuser --noinput\n")]);
    image(false, "", &[("other.sh", "DJANGO_SUPERUSER_PASSWORD=happy1 python manage.py createsuperuser --noinput\n")]);
    image(false, "ARG DJANGO_SUPERUSER_PASSWORD\n", &[]);
    image(false, "", &[]);
}

#[test]
fn ports_of_the_instance_that_no_container_has() {
    let process = "option_settings:\n  aws:elbv2:listener:443:\n    DefaultProcess: https\n  aws:elasticbeanstalk:environment:process:https:\n    Port: 443\n    Protocol: HTTPS\n";
    let config = (".ebextensions/a.config", process);
    let image = ("Dockerfile", "FROM python:3.13-slim\nEXPOSE 8000\n");
    docker("EB363", true, &[config, image]);
    docker("EB363", true, &[config, image, ("site/algorithms.ini", "[a]\nb = 443\n")]);
    docker("EB363", false, &[config, image, (".platform/nginx/conf.d/tls.conf", "server {\n listen 443 ssl;\n}\n")]);
    let compose = |ports: &str| format!("services:\n  web:\n    build: .\n    ports: [{ports}]\n");
    docker("EB363", true, &[config, image, ("docker-compose.yml", compose("'80:8000'").as_str())]);
    docker("EB363", false, &[config, image, ("docker-compose.yml", compose("'80:8000', '443:8443'").as_str())]);
    let of_host = "services:\n  web:\n    build: .\n    network_mode: host\n";
    docker("EB363", false, &[config, image, ("docker-compose.yml", of_host)]);
    let task = |port: u32| {
        format!(
            "{{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [{{\"name\": \"a\", \"image\": \"a\", \"memory\": 128, \"portMappings\": [{{\"hostPort\": {port}, \"containerPort\": 8000}}]}}]}}"
        )
    };
    case("EB363", true, &[ECS, config, ("Dockerrun.aws.json", task(80).as_str())]);
    case("EB363", false, &[ECS, config, ("Dockerrun.aws.json", task(443).as_str())]);
    let thin = (
        ".ebextensions/b.config",
        "option_settings:\n  aws:autoscaling:launchconfiguration:\n    BlockDeviceMappings: /dev/sdf=:9,/dev/xvdcz=:40:true\n",
    );
    docker("EB381", true, &[image, thin]);
    docker("EB381", false, &[image, thin, (".platform/hooks/prebuild/a.sh", "#!/bin/bash\nmkfs -t ext4 /dev/xvdcz\n")]);
    case("EB381", false, &[thin]);
}
