//! What a change of configuration takes away, what is shut out, and what nobody could write, run or receive.

use super::case;

const PLATFORM: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13 running on 64bit Amazon Linux 2023}\n");
const DOCKER: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: Docker running on 64bit Amazon Linux 2023}\n");

#[track_caller]
fn hook(rule: &str, found: bool, moment: &str, lines: &str, more: &[(&str, &str)]) {
    let (path, text) = (format!(".platform/hooks/{moment}/10_x.sh"), format!("#!/bin/bash\n{lines}\n"));
    case(rule, found, &[&[PLATFORM, (path.as_str(), text.as_str()), ("manage.py", "")], more].concat());
}

#[test]
fn what_is_fetched_into_the_application() {
    for line in [
        "aws s3 cp s3://shop/media /var/app/current/media --recursive",
        "rsync -a /mnt/efs/media/ /var/app/current/media/",
        "tar xzf /tmp/media.tar.gz -C /var/app/current/media",
        "tar -x -f /tmp/media.tar.gz --directory /var/app/current/media",
        "unzip -q /tmp/media.zip -d /var/app/current/media",
        "curl -sSLo /var/app/current/model.bin https://example.com/model.bin",
        "wget -q -O model.bin https://example.com/model.bin",
        "git clone https://example.com/theme /var/app/current/theme",
        "cd /var/app/current && aws s3 sync s3://shop/media media",
        "ln -s /mnt/efs/media /var/app/current/media",
    ] {
        hook("EB093", true, "postdeploy", line, &[]);
    }
    for line in [
        "aws s3 sync /var/app/current/media s3://shop/media",
        "aws s3 cp s3://shop/media /mnt/efs/media --recursive",
        "tar czf /var/backups/media.tar.gz -C /var/app/current/media .",
        "curl -o /dev/null http://localhost/",
        "wget -O /tmp/x https://example.com/x",
        "wget -O /var/app/current/x.tar.gz https://example.com/x",
        "curl -o /var/app/current/x https://example.com/x && rm x",
    ] {
        hook("EB093", false, "postdeploy", line, &[]);
    }
    let again = (
        ".platform/confighooks/postdeploy/10_x.sh",
        "#!/bin/bash\naws s3 sync s3://shop/media /var/app/current/media\n",
    );
    hook("EB093", false, "postdeploy", "aws s3 sync s3://shop/media /var/app/current/media", &[again]);
    hook("EB093", true, "predeploy", "aws s3 sync s3://shop/media media", &[]);
    hook("EB093", true, "predeploy", "curl -o /var/app/staging/model.bin https://example.com/model.bin", &[]);
    // What is copied before the server starts may be for the deployment alone.
    hook("EB093", false, "predeploy", "cp requirements/prod.txt requirements.txt", &[]);
}

#[test]
fn certificates_that_nginx_forgets() {
    hook("EB093", true, "postdeploy", "sudo certbot -n --nginx -d shop.example.com", &[]);
    hook("EB093", false, "postdeploy", "sudo certbot certonly -n --nginx -d shop.example.com", &[]);
    hook("EB093", false, "postdeploy", "sudo certbot renew --nginx", &[]);
    let again = (".platform/confighooks/postdeploy/10_x.sh", "#!/bin/bash\ncertbot -n --nginx -d shop.example.com\n");
    hook("EB093", false, "postdeploy", "sudo certbot -n --nginx -d shop.example.com", &[again]);
}

#[test]
fn files_of_variables_that_the_settings_read() {
    let reads = (
        "mysite/settings.py",
        "import environ\nenv = environ.Env()\nenv.read_env(BASE_DIR / '.env')\nSECRET_KEY = env('KEY')\n",
    );
    const SECRET: &str = "aws secretsmanager get-secret-value --secret-id shop --query SecretString --output text";
    for write in [
        "| sudo tee .env > /dev/null",
        "> .env",
        "> /var/app/staging/.env",
        "> /tmp/.env; mv /tmp/.env /var/app/staging/.env",
    ] {
        let line = format!("{SECRET} {write}");
        hook("EB093", true, "predeploy", &line, &[reads]);
        hook("EB093", false, "predeploy", &line, &[("mysite/settings.py", "SECRET_KEY = os.environ['KEY']\n")]);
        let again = (".platform/confighooks/predeploy/a.sh", format!("#!/bin/bash\n{line}\n"));
        hook("EB093", false, "predeploy", &line, &[reads, (again.0, again.1.as_str())]);
    }
    // The server has the environment's properties without a file.
    hook("EB093", false, "predeploy", "/opt/elasticbeanstalk/bin/get-config environment | jq -r . > .env", &[reads]);
    hook("EB093", false, "predeploy", "cp /opt/elasticbeanstalk/deployment/env .env", &[reads]);
    // What ships under another name it has not, once the copy is gone.
    hook("EB093", true, "predeploy", "cp .env.production .env", &[reads]);
}

#[test]
fn collected_whichever_storage_a_variable_chooses() {
    let settings = |storage: &str| {
        format!(
            "DEBUG = os.getenv('DEBUG', 'False') == 'True'\nINSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = BASE_DIR / 'staticfiles'\nSTATICFILES_STORAGE = {storage}\n"
        )
    };
    let both = |found: bool, storage: &str| {
        let settings = settings(storage);
        let line = "source /var/app/venv/*/bin/activate && python manage.py collectstatic --noinput";
        hook("EB093", found, "predeploy", line, &[("mysite/settings.py", settings.as_str())]);
    };
    both(true, "'django.contrib.staticfiles.storage.StaticFilesStorage' if DEBUG else 'whitenoise.storage.X'");
    both(false, "'django.contrib.staticfiles.storage.StaticFilesStorage' if DEBUG else 'storages.backends.s3.X'");
    both(false, "os.getenv('STORAGE', 'whitenoise.storage.X')");
}

#[test]
fn directives_that_are_shut_out() {
    let nginx = |found: bool, path: &str, text: &str, more: &[(&str, &str)]| {
        let path = format!(".platform/nginx/conf.d/{path}");
        case("EB271", found, &[&[PLATFORM, (path.as_str(), text)], more].concat());
    };
    const HEADER: &str = "proxy_set_header X-Forwarded-Proto https;\n";
    nginx(true, "a.conf", HEADER, &[]);
    nginx(true, "elasticbeanstalk/a.conf", HEADER, &[]);
    nginx(true, "a.conf", "gzip on;\n", &[]);
    nginx(true, "a.conf", "gzip_types text/css;\n", &[]);
    nginx(true, "a.conf", "client_body_timeout 300s;\n", &[]);
    nginx(false, "a.conf", "proxy_set_header Host $host;\n", &[]);
    nginx(false, "a.conf", "keepalive_timeout 60s;\nproxy_read_timeout 300;\n", &[]);
    nginx(
        false,
        "elasticbeanstalk/a.conf",
        "location /x/ {\n  proxy_pass http://x;\n  proxy_set_header A b;\n}\n",
        &[],
    );
    // A block that inherits it.
    let location =
        (".platform/nginx/conf.d/elasticbeanstalk/b.conf", "location /x/ {\n  proxy_pass http://127.0.0.1:9000;\n}\n");
    nginx(false, "a.conf", HEADER, &[location]);
    nginx(false, "a.conf", "gzip on;\nserver {\n  listen 8080;\n}\n", &[]);
    nginx(
        false,
        "a.conf",
        HEADER,
        &[(".platform/nginx/conf.d/elasticbeanstalk/00_application.conf", "location / {\n}\n")],
    );
    nginx(false, "a.conf", HEADER, &[(".platform/nginx/nginx.conf", "events {\n}\n")]);
    case("EB271", false, &[DOCKER, (".platform/nginx/conf.d/a.conf", "client_body_timeout 300s;\n")]);
}

#[test]
fn lists_that_are_not_where_they_are_read() {
    let list = ("app/requirements/prod.txt", "Django==5.2.8\n");
    let wsgi = ("app/shop/wsgi.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n");
    let settings = ("app/shop/settings.py", "INSTALLED_APPS = []\n");
    let served = (
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'shop.wsgi:application'}\n",
    );
    case("EB166", true, &[list, wsgi, settings, served, ("Procfile", "web: gunicorn --chdir app shop.wsgi\n")]);
    case("EB166", false, &[list, wsgi, settings, served, ("requirements.txt", "-r app/requirements/prod.txt\n")]);
    let pip = (
        ".platform/hooks/predeploy/a.sh",
        "#!/bin/bash\n/var/app/venv/*/bin/pip install -r app/requirements/prod.txt\n",
    );
    case("EB166", false, &[list, wsgi, settings, served, pip]);
    // Not only of Django's.
    let api = |module: &'static str| ("backend/api.py", module);
    let list = ("backend/requirements.txt", "fastapi==0.115.0\nuvicorn==0.30.0\n");
    let started = ("Procfile", "web: gunicorn --chdir backend -k uvicorn.workers.UvicornWorker api:app\n");
    let timeout = (".ebextensions/a.config", "option_settings: {'aws:elasticbeanstalk:command': {Timeout: '900'}}\n");
    let fastapi = api("from fastapi import FastAPI\napp = FastAPI()\n");
    let missing = |found: bool, more: &[(&str, &str)]| {
        case("EB166", found, &[&[list, started, timeout, fastapi][..], more].concat());
    };
    missing(true, &[]);
    missing(
        true,
        &[(".github/workflows/test.yml", "run: pip install -r backend/requirements.txt && cd backend && pytest\n")],
    );
    missing(false, &[("Pipfile", "[packages]\nfastapi = '*'\n")]);
    missing(false, &[("buildspec.yml", "phases: {build: {commands: [cp backend/requirements.txt .]}}\n")]);
    missing(false, &[("buildspec.yml", "phases: {build: {commands: [pip freeze > requirements.txt]}}\n")]);
    missing(false, &[(".github/workflows/deploy.yml", "run: cd backend && zip -r ../app.zip .\n")]);
    missing(false, &[("backend/.ebextensions/a.config", "option_settings: {}\n")]);
    missing(false, &[("wheels/fastapi-0.115.0-py3-none-any.whl", "")]);
    missing(false, &[("Dockerfile", "FROM python:3.13\nEXPOSE 8000\n")]);
    let command = |line: &str| format!("container_commands:\n  a: {{command: '{line}'}}\n");
    let upgrades = command("/var/app/venv/*/bin/pip install --upgrade pip setuptools");
    missing(true, &[(".ebextensions/b.config", upgrades.as_str())]);
    let installs = command("/var/app/venv/*/bin/pip install -r backend/requirements.txt");
    missing(false, &[(".ebextensions/b.config", installs.as_str())]);
    // What is tried, or stands in the bundle itself.
    for module in ["try:\n    import flask\nexcept ImportError:\n    flask = None\napp = 1\n", "import json\napp = 1\n"]
    {
        case("EB166", false, &[list, started, timeout, api(module)]);
    }
    missing(false, &[("fastapi/__init__.py", "")]);
}

#[test]
fn settings_that_no_manage_py_stands_beside() {
    let wsgi = ("app/shop/wsgi.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.production')\n");
    let named = (
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:application:environment: {DJANGO_SETTINGS_MODULE: shop.settings.dev}\n",
    );
    let files = [
        wsgi,
        named,
        ("mysite/wsgi.py", ""),
        ("app/shop/settings/dev.py", "DEBUG = True\n"),
        ("app/shop/settings/production.py", ""),
    ];
    case("EB110", true, &files);
    case("EB111", true, &files);
}

#[test]
fn origins_where_tls_ends_on_the_instance() {
    let django = |found: bool, version: &str, settings: &str, more: &[(&str, &str)]| {
        let requirements = format!("Django=={version}\ngunicorn==23.0.0\n");
        let settings = format!("MIDDLEWARE = ['django.middleware.csrf.CsrfViewMiddleware']\n{settings}");
        let files = [PLATFORM, ("requirements.txt", requirements.as_str()), ("mysite/settings.py", settings.as_str())];
        case("EB272", found, &[&files, more].concat());
    };
    let certbot = (".platform/hooks/postdeploy/a.sh", "#!/bin/bash\nsudo certbot -n --nginx -d shop.example.com\n");
    django(true, "5.2.7", "", &[certbot]);
    django(true, "4.0", "CSRF_TRUSTED_ORIGINS = []\n", &[certbot]);
    django(false, "3.2", "", &[certbot]);
    django(false, "5.2.7", "CSRF_TRUSTED_ORIGINS = ['https://shop.example.com']\n", &[certbot]);
    django(false, "5.2.7", "CSRF_TRUSTED_ORIGINS = os.getenv('X', '').split(',')\n", &[certbot]);
    django(false, "5.2.7", "from elsewhere import *\n", &[certbot]);
    django(false, "5.2.7", "", &[]);
    let says = (
        ".platform/nginx/conf.d/elasticbeanstalk/00_application.conf",
        "location / {\n  proxy_set_header X-Forwarded-Proto $scheme;\n}\n",
    );
    django(false, "5.2.7", "", &[certbot, says]);
    let balanced = (".ebextensions/a.config", "option_settings:\n  aws:elbv2:listener:443: {Protocol: HTTPS}\n");
    django(false, "5.2.7", "", &[certbot, balanced]);
}

#[test]
fn containers_that_do_not_run_yet() {
    let command = |found: bool, line: &str, more: &[(&str, &str)]| {
        let config = format!("container_commands:\n  01_x:\n    command: '{line}'\n");
        let files = [DOCKER, ("Dockerfile", "FROM x\n"), (".ebextensions/a.config", config.as_str())];
        case("EB273", found, &[&files, more].concat());
    };
    command(true, "sudo docker exec `sudo docker ps --no-trunc -q` python manage.py migrate", &[]);
    command(true, "docker exec $(docker ps -q) ls || true", &[]);
    command(false, "docker ps -q", &[]);
    command(false, "docker run -d --name tool x && docker exec tool ls", &[]);
    let late = (".platform/hooks/postdeploy/a.sh", "#!/bin/bash\ndocker exec $(docker ps -q) ls\n");
    case("EB273", false, &[DOCKER, ("Dockerfile", "FROM x\n"), late]);
}

#[test]
fn what_compose_builds_from() {
    let compose = |found: bool, build: &str, more: &[(&str, &str)]| {
        let text = format!("services:\n  web:\n    build: {build}\n    ports: ['80:8000']\n");
        case("EB121", found, &[&[DOCKER, ("docker-compose.yml", text.as_str())], more].concat());
    };
    const FILE: (&str, &str) = ("Dockerfile", "FROM x\n");
    compose(true, ".", &[]);
    compose(true, "{context: ., dockerfile: docker/web.Dockerfile}", &[FILE]);
    compose(true, "{dockerfile: Dockerfile.prod}", &[FILE]);
    compose(true, "./web", &[FILE]);
    compose(false, ".", &[FILE]);
    compose(false, "{context: web, dockerfile: prod.Dockerfile}", &[("web/prod.Dockerfile", "FROM x\n")]);
    compose(false, "{context: web, dockerfile: ../Dockerfile}", &[]);
    compose(false, "https://example.com/x.git", &[]);
    compose(false, "${CONTEXT}", &[]);
    compose(false, "{dockerfile_inline: FROM x}", &[]);
}

#[test]
fn folders_that_belong_to_somebody_else() {
    let media =
        ("mysite/settings.py", "BASE_DIR = Path(__file__).resolve().parent.parent\nMEDIA_ROOT = BASE_DIR / 'media'\n");
    let upload =
        |found: bool, moment: &str, lines: &str, more: &[(&str, &str)]| hook("EB274", found, moment, lines, more);
    upload(true, "postdeploy", "sudo chown -R ec2-user:ec2-user /var/app/current/media", &[media]);
    upload(true, "postdeploy", "chown -R root /var/app/current", &[media]);
    upload(true, "postdeploy", "mkdir -p /var/app/current/media", &[media]);
    upload(false, "postdeploy", "mkdir -p /var/app/current/media", &[media, ("media/x.svg", "")]);
    upload(
        false,
        "postdeploy",
        "mkdir -p /var/app/current/media && chown webapp:webapp /var/app/current/media",
        &[media],
    );
    upload(
        false,
        "postdeploy",
        "chown -R ec2-user /var/app/current/media && chmod -R 777 /var/app/current/media",
        &[media],
    );
    upload(false, "postdeploy", "chown -R ec2-user:ec2-user /var/app/current/logs", &[media]);
    let back = "mkdir -p /var/app/current/media\nchown -R $APP_USER:$APP_USER /var/app/current";
    upload(false, "postdeploy", back, &[media]);
    upload(false, "postdeploy", &format!("{back}\nmkdir -p /var/app/current/media/a"), &[media]);
    upload(true, "postdeploy", &format!("{back}\nchown -R root:root /var/app/current/media"), &[media]);
    upload(true, "postdeploy", "mkdir -p /var/app/current/media\nchown -R $A /var/app/current/static", &[media]);
    upload(false, "predeploy", "chown -R ec2-user:ec2-user /var/app/current/media", &[media]);
    upload(false, "postdeploy", "chown -R ec2-user:ec2-user /var/app/current/media", &[]);
}

#[test]
fn variables_that_nobody_fills_in() {
    let property = |found: bool, line: &str| {
        let config = format!("option_settings:\n  aws:elasticbeanstalk:application:environment:\n    {line}\n");
        case("EB275", found, &[PLATFORM, (".ebextensions/a.config", config.as_str())]);
    };
    property(true, "PATH: /usr/local/gdal/bin:$PATH");
    property(true, "PATH: '${PATH}:/opt/bin'");
    property(true, "LD_LIBRARY_PATH: /opt/lib:$LD_LIBRARY_PATH");
    property(true, "DATABASE_URL: postgres://$RDS_USERNAME:$RDS_PASSWORD@$RDS_HOSTNAME/x");
    property(false, "PASSWORD: pa$WORD");
    property(false, "PASSWORD: pa$PATHology");
    property(false, "PATH: /usr/bin:/bin");
    property(false, "NAME: '`{\"Fn::Sub\": \"${AWS::Region}-$PATH\"}`'");
}

#[test]
fn programs_that_packages_start() {
    const USES: (&str, &str) = ("shop/pages.py", "import magic, pdfkit, pydub, pytesseract\n");
    let asks = |found: bool, line: &str, more: &[(&str, &str)]| {
        let requirements = format!("Django==5.2.7\n{line}\n");
        case(
            "EB276",
            found,
            &[&[PLATFORM, ("manage.py", ""), USES, ("requirements.txt", requirements.as_str())], more].concat(),
        );
    };
    asks(true, "pytesseract==0.3.13", &[]);
    asks(true, "pdfkit==1.0.0", &[]);
    asks(false, "python-magic==0.4.27", &[]);
    let packages = (".ebextensions/a.config", "commands:\n  01_x:\n    command: dnf install -y tesseract\n");
    asks(false, "pytesseract==0.3.13", &[packages]);
    asks(false, "pydub==0.25.1\nimageio-ffmpeg==0.6.0", &[]);
    asks(false, "pdfkit==1.0.0", &[("bin/wkhtmltopdf", "")]);
    // No code has to do with it.
    asks(false, "imgkit==1.2.3", &[]);
}

#[test]
fn packages_that_amazon_linux_has_not() {
    let asked = |found: bool, text: &str| case("EB042", found, &[PLATFORM, (".ebextensions/a.config", text)]);
    asked(true, "packages:\n  yum:\n    geos-devel: []\n");
    asked(true, "packages:\n  yum:\n    s3cmd: []\n");
    asked(true, "commands:\n  01_x:\n    command: ./certbot-auto certonly --standalone\n");
    asked(false, "packages:\n  yum:\n    libcurl-devel: []\n");
    asked(false, "commands:\n  01_x:\n    command: dnf install -y spal-release && dnf install -y geos-devel\n");
}

#[test]
fn uploads_that_nginx_refuses() {
    let limit = |found: bool, line: &str, more: &[(&str, &str)]| {
        case("EB277", found, &[&[PLATFORM, ("mysite/settings.py", line)], more].concat());
    };
    limit(true, "DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024\n", &[]);
    limit(true, "MAX_UPLOAD_SIZE = 20 << 20\n", &[]);
    limit(true, "FILE_UPLOAD_MAX_MEMORY_SIZE = 5242880\n", &[]);
    limit(false, "DATA_UPLOAD_MAX_MEMORY_SIZE = 2621440\n", &[]);
    limit(false, "DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024\n", &[]);
    limit(false, "DATA_UPLOAD_MAX_MEMORY_SIZE = None\n", &[]);
    let says = (".platform/nginx/conf.d/uploads.conf", "client_max_body_size 20m;\n");
    limit(false, "DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024\n", &[says]);
    let none =
        (".ebextensions/a.config", "option_settings:\n  aws:elasticbeanstalk:environment:proxy: {ProxyServer: none}\n");
    limit(false, "DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024\n", &[none]);
}

#[test]
fn copies_of_tables_of_cron() {
    const TABLE: &str =
        "files:\n  /etc/cron.d/report:\n    mode: \"000644\"\n    content: |\n      0 3 * * * root /usr/bin/report\n";
    let cleaned = |found, more: &[(&str, &str)]| {
        case("EB219", found, &[&[PLATFORM, (".ebextensions/cron.config", TABLE)], more].concat());
    };
    cleaned(true, &[]);
    for section in ["commands", "container_commands"] {
        let removes = format!("{section}:\n  10_copies:\n    command: rm -f /etc/cron.d/*.bak\n");
        cleaned(false, &[(".ebextensions/copies.config", &removes)]);
    }
    cleaned(false, &[(".platform/hooks/predeploy/10_copies.sh", "#!/bin/bash\nrm -f /etc/cron.d/report.bak\n")]);
    cleaned(true, &[(".platform/hooks/predeploy/10_copies.sh", "#!/bin/bash\nrm -f /etc/cron.d/report\n")]);
}

#[test]
fn the_proxy_of_docker() {
    let proxy = |found: &[&str], platform: &str, value: &str| {
        let option = format!("option_settings:\n  aws:elasticbeanstalk:environment:proxy:\n    ProxyServer: {value}\n");
        let platform = format!("global:\n  application_name: x\n  default_platform: {platform}\n");
        let files = [(".elasticbeanstalk/config.yml", platform.as_str()), (".ebextensions/proxy.config", &option)];
        for rule in ["EB302", "EB304"] {
            case(rule, found.contains(&rule), &files);
        }
    };
    const DOCKER: &str = "Docker running on 64bit Amazon Linux 2023";
    const PYTHON: &str = "Python 3.13 running on 64bit Amazon Linux 2023";
    proxy(&[], DOCKER, "nginx");
    proxy(&[], DOCKER, "none");
    proxy(&["EB302"], DOCKER, "apache");
    proxy(&[], PYTHON, "apache");
    proxy(&["EB302"], PYTHON, "none");
    proxy(&["EB304"], "ECS running on 64bit Amazon Linux 2023", "nginx");
}
