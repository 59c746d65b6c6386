//! Rules about what a site keeps: static files, uploads, sessions, the database, logs.

use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

#[test]
fn databases_without_tables() {
    let text = "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}\n";
    let tables = |found: bool, more: &[(&str, &str)]| {
        let files = [PROCFILE, WSGI, ("manage.py", "import django\n"), ("mysite/settings.py", text)];
        let with = |tree: Tree, (path, content): &(&str, &str)| tree.file(path, *content);
        let report = run(&files.iter().chain(more).fold(Tree::default(), with), &Settings::default());
        let mut of_file = report.findings.iter().filter(|finding| finding.rule == "EB080");
        let message = of_file.next().map(|finding| finding.message.clone()).unwrap_or_default();
        assert_eq!(message.contains("runs `migrate`"), found, "{more:?} {message}");
    };
    tables(true, &[]);
    let command = "container_commands:\n  01: {command: \"python manage.py migrate\"}\n";
    tables(false, &[(".ebextensions/a.config", command)]);
    tables(false, &[(".platform/hooks/predeploy/a.sh", "python manage.py migrate\n")]);
    tables(false, &[("db.sqlite3", "")]);
    tables(false, &[("mysite/start.py", "call_command('migrate')\n")]);
    tables(false, &[(".ebignore", "*.pyc\n")]);
    tables(false, &[("buildspec.yml", "build: python manage.py migrate\n")]);
}

#[test]
fn memory_of_one_process() {
    let settings = |found: bool, text: &str| case("EB085", found, &[("mysite/settings.py", text)]);
    const CACHED: &str = "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\n";
    let redis = "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache'}}\n";
    settings(true, CACHED);
    settings(true, "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\n");
    settings(false, &format!("{CACHED}{redis}"));
    settings(false, &format!("from somewhere_else import *\n{CACHED}"));
    settings(false, &format!("{CACHED}platform.settings(locals())\n"));
    settings(true, &format!("{CACHED}django_heroku.settings(locals())\n"));
    settings(false, "SESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'\n");
    settings(true, "REST_FRAMEWORK = {'DEFAULT_THROTTLE_CLASSES': ['x.Throttle']}\n");
    settings(false, "REST_FRAMEWORK = {'PAGE_SIZE': 10}\n");
    let layer = "CHANNEL_LAYERS = {'default': {'BACKEND': 'channels.layers.InMemoryChannelLayer'}}\n";
    let served = |found: bool, web: &str| {
        let consumer = ("chat/consumers.py", "await self.channel_layer.group_send('a', {})\n");
        let files = [("mysite/settings.py", layer), ("Procfile", &format!("web: {web}\n"))];
        case("EB085", found, &[&files[..], &[consumer]].concat());
        // Who only answers whoever has asked needs no layer.
        case("EB085", false, &files);
    };
    served(true, "gunicorn --worker-class uvicorn_worker.UvicornWorker mysite.asgi");
    served(true, "daphne -p 8000 mysite.asgi:application");
    served(false, "gunicorn mysite.wsgi");
}

#[test]
fn static_files_that_nobody_serves() {
    let settings = |found: bool, settings: &str, more: &[(&str, &str)]| {
        let text = format!(
            "INSTALLED_APPS = [\"django.contrib.admin\", \"django.contrib.staticfiles\"]\nSTATIC_URL = \"static/\"\n{settings}"
        );
        case("EB021", found, &[&[("manage.py", ""), ("mysite/settings.py", text.as_str())], more].concat());
    };
    const PLAIN: &str = "MIDDLEWARE = [\"django.middleware.common.CommonMiddleware\"]\n";
    const ROOT: &str = "STATIC_ROOT = BASE_DIR / \"staticfiles\"\n";
    settings(true, PLAIN, &[]);
    // `DEBUG` makes `runserver` serve them, and no other server.
    settings(true, &format!("DEBUG = True\n{PLAIN}"), &[]);
    settings(true, &format!("BASE_DIR = Path(__file__).resolve().parent.parent\nDEBUG = True\n{PLAIN}{ROOT}"), &[]);
    settings(false, "DEBUG = True\nMIDDLEWARE = [\"whitenoise.middleware.WhiteNoiseMiddleware\"]\n", &[]);
    settings(
        false,
        &format!("DEBUG = True\n{PLAIN}"),
        &[("mysite/urls.py", "urlpatterns += staticfiles_urlpatterns()\n")],
    );
    settings(true, PLAIN, &[("mysite/urls.py", "urlpatterns += static(settings.STATIC_URL)\n")]);
    settings(false, PLAIN, &[("static/a.css", "")]);
    settings(
        false,
        PLAIN,
        &[(".platform/nginx/conf.d/elasticbeanstalk/a.conf", "location /static/ { alias /srv/; }\n")],
    );
    // Nobody here brings them into the bucket; who builds and deploys may.
    const BUCKET: &str = "STATICFILES_STORAGE = \"storages.backends.s3boto3.S3Boto3Storage\"\n";
    settings(true, &format!("{PLAIN}{BUCKET}"), &[]);
    settings(false, &format!("{PLAIN}{BUCKET}"), &[("buildspec.yml", "- python manage.py collectstatic --noinput\n")]);
    settings(false, &format!("{PLAIN}STATICFILES_STORAGE = \"shop.storage.Static\"\n"), &[]);
}

#[test]
fn a_database_that_root_makes() {
    let migrates = |found: bool, name: &str, command: &str| {
        let text = format!(
            "DATABASES = {{\"default\": {{\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": \"{name}\"}}}}\n"
        );
        let config =
            format!("container_commands:\n  a:\n    command: \"source /var/app/venv/*/bin/activate && {command}\"\n");
        case("EB080", found, &[("mysite/settings.py", &text), (".ebextensions/a.config", &config)]);
    };
    migrates(true, "/tmp/db.sqlite3", "python manage.py migrate --noinput");
    migrates(true, ":memory:", "python manage.py migrate --noinput");
    migrates(false, "/data/db.sqlite3", "python manage.py migrate --noinput && chown webapp /data/db.sqlite3");
    for by_webapp in ["su webapp -c 'python manage.py migrate'", "sudo -E -u webapp python manage.py migrate"] {
        migrates(false, "/data/db.sqlite3", by_webapp);
    }
    // Who names no other user is root, and stays it.
    for by_root in ["sudo python manage.py migrate", "sudo -E python manage.py migrate", "su -c 'manage.py migrate'"] {
        migrates(true, "/data/db.sqlite3", by_root);
    }
    migrates(false, "/data/db.sqlite3", "echo");
}

#[test]
fn what_is_named_in_the_version_that_runs() {
    let settings = |rule: &str, found: bool, text: &str, hook: &str| {
        let hook = format!("#!/bin/bash\nsource /var/app/venv/*/bin/activate\n{hook}\n");
        let (early, late) = (".platform/hooks/predeploy/a.sh", ".platform/hooks/postdeploy/a.sh");
        case(rule, found, &[("mysite/settings.py", text), (early, &hook)]);
        if rule == "EB151" {
            case(rule, false, &[("mysite/settings.py", text), (late, &hook)]);
        }
    };
    const COLLECT: &str = "python manage.py collectstatic --noinput";
    settings("EB151", true, "STATIC_ROOT = '/var/app/current/static'\n", COLLECT);
    settings("EB151", true, "BASE = '/var/app/current'\nSTATIC_ROOT = os.path.join(BASE, 'static')\n", COLLECT);
    settings("EB151", false, "STATIC_ROOT = '/var/app/static'\n", COLLECT);
    settings("EB151", false, "STATIC_ROOT = BASE_DIR / 'static'\n", COLLECT);
    settings("EB151", false, "STATIC_ROOT = '/var/app/current/static'\n", "python manage.py check");
    settings("EB082", true, "MEDIA_ROOT = '/var/app/current/media'\n", COLLECT);
    settings("EB082", false, "MEDIA_ROOT = '/srv/media'\n", COLLECT);
    let sqlite = |name: &str| {
        format!("DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': '{name}'}}}}\n")
    };
    settings("EB080", true, &sqlite("/var/app/current/db.sqlite3"), COLLECT);
    settings("EB080", false, &sqlite("/var/app/currently/db.sqlite3"), COLLECT);
}

#[test]
fn the_admin_without_style() {
    let mapped = |found: bool, folder: &str, more: &[(&str, &str)]| {
        let config =
            format!("option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles:\n    /static: {folder}\n");
        let settings =
            "INSTALLED_APPS = ['django.contrib.admin', 'django.contrib.staticfiles']\nSTATIC_URL = 'static/'\n";
        let files = [("mysite/settings.py", settings), (".ebextensions/a.config", config.as_str())];
        case("EB131", found, &[&files[..], more].concat());
    };
    mapped(true, "static", &[("static/a.css", "")]);
    mapped(true, "assets", &[("assets/a.css", "")]);
    mapped(false, "static", &[("static/admin/css/base.css", "")]);
    mapped(false, "staticfiles", &[("static/a.css", "")]);
    let hook = "#!/bin/bash\nsource /var/app/venv/*/bin/activate\npython manage.py collectstatic --noinput\n";
    mapped(false, "static", &[("static/a.css", ""), (".platform/hooks/predeploy/a.sh", hook)]);
}

#[test]
fn storages_that_a_condition_chooses() {
    let level = |rule: &str, text: &str| {
        let text = format!(
            "BASE_DIR = Path(__file__).resolve().parent.parent\nINSTALLED_APPS = ['django.contrib.staticfiles']\nMIDDLEWARE = []\nSTATIC_ROOT = BASE_DIR / 'static_root'\nMEDIA_ROOT = BASE_DIR / 'media'\n{text}"
        );
        let cover = ("shop/models.py", "cover = models.ImageField()\n");
        let files = [PROCFILE, WSGI, ("mysite/settings.py", text.as_str()), cover];
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        let report = run(&tree, &Settings::default());
        report.findings.iter().find(|finding| finding.rule == rule).map(|finding| finding.level)
    };
    const MANIFEST: &str = "{'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}, 'staticfiles': {'BACKEND': 'whitenoise.storage.CompressedManifestStaticFilesStorage'}}";
    const S3: &str = "{'default': {'BACKEND': 'storages.backends.s3.S3Storage'}, 'staticfiles': {'BACKEND': 'storages.backends.s3.S3Storage'}}";
    let either = |condition: &str, one: &str, other: &str| {
        format!("if {condition}:\n    STORAGES = {one}\nelse:\n    STORAGES = {other}\n")
    };
    for (rule, text, expected) in [
        ("EB023", format!("STORAGES = {MANIFEST}\n"), Some(Level::Error)),
        ("EB023", either("False", S3, MANIFEST), Some(Level::Error)),
        ("EB023", either("os.getenv('USE_S3')", S3, MANIFEST), Some(Level::Note)),
        ("EB023", either("os.getenv('LOCAL')", MANIFEST, S3), None),
        ("EB023", either("unknown()", MANIFEST, S3), None),
        ("EB021", format!("if os.getenv('USE_S3'):\n    STORAGES = {S3}\n"), Some(Level::Note)),
        ("EB021", format!("STORAGES = {S3}\n"), None),
        ("EB021", "STORAGES = {'default': {'BACKEND': 'x.S3'}}\n".to_owned(), Some(Level::Error)),
        ("EB021", "STORAGES = {**OTHERS, 'default': {'BACKEND': 'x.S3'}}\n".to_owned(), None),
        ("EB082", format!("STORAGES = {MANIFEST}\n"), Some(Level::Warning)),
        ("EB082", either("os.getenv('USE_S3')", S3, MANIFEST), Some(Level::Note)),
        ("EB082", either("not os.getenv('USE_S3')", S3, MANIFEST), None),
        ("EB082", "if os.getenv('USE_S3'):\n    DEFAULT_FILE_STORAGE = 'x.S3'\n".to_owned(), Some(Level::Note)),
        ("EB082", format!("STORAGES = {S3}\n"), None),
    ] {
        assert_eq!(level(rule, &text), expected, "{rule}\n{text}");
    }
}

/// Root makes the files of all logs.
const MIGRATES: (&str, &str) = (
    ".ebextensions/z.config",
    "container_commands:\n  z: {command: source /var/app/venv/*/bin/activate && python manage.py migrate}\n",
);

#[test]
fn a_log_that_a_variable_places() {
    let level = |file: &str| {
        let text =
            format!("LOGGING = {{'handlers': {{'file': {{'class': 'logging.FileHandler', 'filename': {file}}}}}}}\n");
        let files = [PROCFILE, WSGI, MIGRATES, ("mysite/settings.py", text.as_str())];
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        let report = run(&tree, &Settings::default());
        report.findings.iter().find(|finding| finding.rule == "EB090").map(|finding| finding.level)
    };
    assert_eq!(level("'/var/log/app/a.log'"), Some(Level::Warning));
    assert_eq!(level("os.environ.get('LOG', 'logs/a.log')"), Some(Level::Note));
    assert_eq!(level("os.environ['LOG']"), None);
}

#[test]
fn a_log_that_somebody_hands_to_the_server() {
    const OUTSIDE: &str = "'/var/log/a.log'";
    const INSIDE: &str = "BASE_DIR / 'logs/a.log'";
    let with = |found: bool, file: &str, config: &str, more: &[(&str, &str)]| {
        let text = format!(
            "BASE_DIR = Path(__file__).resolve().parent.parent\nLOGGING = {{'handlers': {{'file': {{'class': 'logging.FileHandler', 'filename': {file}}}}}}}\n"
        );
        let files = [MIGRATES, ("mysite/settings.py", text.as_str()), (".ebextensions/a.config", config)];
        case("EB090", found, &[&files[..], more].concat());
    };
    for section in ["commands", "container_commands"] {
        let command = |found: bool, file: &str, line: &str| {
            with(found, file, &format!("{section}:\n  a: {{command: \"{line}\"}}\n"), &[]);
        };
        command(false, OUTSIDE, "touch /var/log/a.log && chown webapp:webapp /var/log/a.log");
        command(false, OUTSIDE, "sudo chmod 666 /var/log/a.log");
        command(false, OUTSIDE, "chown -R webapp /var/log/");
        command(false, OUTSIDE, "chmod --recursive 777 /var/log");
        command(false, OUTSIDE, "chown webapp /var/log/*.log");
        command(false, INSIDE, "chown webapp logs/a.log");
        command(false, INSIDE, "chown -R webapp /var/app/staging/logs");
        // What a folder belongs to is not that of the files in it.
        command(true, OUTSIDE, "chown webapp /var/log");
        command(true, OUTSIDE, "chown webapp /var/log/b.log");
        command(true, OUTSIDE, "chown -R webapp /var/log/apple");
        command(true, INSIDE, "chown -R webapp media");
    }
    let entry = |found: bool, more: &str| {
        with(found, OUTSIDE, &format!("files:\n  /var/log/a.log: {{{more}, content: 'log'}}\n"), &[]);
    };
    entry(false, "mode: '000644', owner: webapp");
    entry(false, "mode: '000666', owner: root");
    entry(true, "mode: '000644', owner: root");
    // In a container one user runs everything.
    with(false, OUTSIDE, "commands: {}\n", &[(".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n")]);
}

#[test]
fn what_ships_is_there_without_a_command() {
    const STATIC: &str = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nINSTALLED_APPS = ['django.contrib.staticfiles', 'shop.apps.ShopConfig']\nSTATICFILES_DIRS = [BASE_DIR / 'assets']\nSTATIC_ROOT = BASE_DIR / 'collected'\n";
    let both = |found: bool, command: &str, settings: &str, more: &[(&str, &str)]| {
        let config =
            format!("container_commands:\n  a: {{command: 'python manage.py {command}', leader_only: true}}\n");
        let files = [("manage.py", ""), ("mysite/settings.py", settings), (".ebextensions/a.config", config.as_str())];
        for rule in ["EB031", "EB093"] {
            case(rule, found, &[&files, more].concat());
        }
    };
    let collected = |found: bool, more: &[(&str, &str)]| both(found, "collectstatic --noinput", STATIC, more);
    collected(true, &[]);
    collected(true, &[("collected/.gitkeep", "")]);
    collected(false, &[("collected/a.css", "a")]);
    collected(false, &[("collected/a.css", "a"), ("shop/static/a.css", "a"), ("shop/static/.keep", "")]);
    collected(true, &[("collected/a.css", "a"), ("shop/static/a.css", "ab")]);
    collected(true, &[("collected/a.css", "a"), ("shop/static/b.css", "b")]);
    let below = [
        ("shop/manage.py", ""),
        ("shop/mysite/settings.py", STATIC),
        (
            ".ebextensions/a.config",
            "container_commands:\n  a: {command: 'cd shop && ./manage.py collectstatic', leader_only: true}\n",
        ),
    ];
    case("EB031", true, &below);
    case("EB031", false, &[&below[..], &[("shop/collected/a.css", "a")]].concat());
    // A name is taken from the first that has it.
    collected(false, &[("collected/a.css", "a"), ("assets/a.css", "a"), ("shop/static/a.css", "ab")]);
    let admin = STATIC.replace("'django.contrib.staticfiles'", "'django.contrib.admin'");
    both(true, "collectstatic --noinput", &admin, &[("collected/a.css", "a")]);
    both(false, "collectstatic --noinput", &admin, &[("collected/admin/a.css", "a")]);
    let chosen = |found: bool, command: &str| {
        both(found, command, STATIC, &[("collected/a.css", "a"), ("shop/static/b.css", "b")]);
    };
    chosen(true, "collectstatic --noinput --clear");
    chosen(false, "collectstatic --noinput --ignore b.css");
    // The other commands leave files of their own.
    let po = ("locale/de/LC_MESSAGES/django.po", "");
    let mo = ("locale/de/LC_MESSAGES/django.mo", "");
    both(true, "compilemessages", "", &[po]);
    both(false, "compilemessages", "", &[po, mo]);
    both(true, "compilemessages", "", &[po, mo, ("shop/locale/de/LC_MESSAGES/django.po", "")]);
    both(true, "compress", STATIC, &[("collected/a.css", "a")]);
    both(false, "compress", STATIC, &[("collected/CACHE/manifest.json", "{}")]);
}

#[test]
fn static_files_in_a_container() {
    const IMAGE: &str =
        "FROM python:3.13-slim\nCOPY . /app\nCMD [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"mysite.wsgi\"]\n";
    const SETTINGS: &str = "INSTALLED_APPS = ['django.contrib.staticfiles']\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\nSTATIC_URL = 'static/'\n";
    let image = |found: bool, image: &str, settings: &str, more: &[(&str, &str)]| {
        let files = [
            WSGI,
            ("Dockerfile", image),
            ("mysite/settings.py", settings),
            ("Dockerrun.aws.json", "{\"AWSEBDockerrunVersion\": \"1\"}"),
        ];
        let files = [&files[..], more].concat();
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        let report = run(&tree, &Settings::default());
        assert_eq!(report.findings.iter().any(|finding| finding.rule == "EB021"), found, "{files:#?}\n{report}");
    };
    image(true, IMAGE, SETTINGS, &[]);
    image(true, &IMAGE.replace("gunicorn", "uvicorn"), SETTINGS, &[]);
    // Nobody knows what an image of one's own begins with.
    image(false, &IMAGE.replace("python:3.13-slim", "tiangolo/uwsgi-nginx"), SETTINGS, &[]);
    image(false, &IMAGE.replace("gunicorn", "supervisord"), SETTINGS, &[]);
    image(false, IMAGE, SETTINGS, &[("deploy/site.conf", "upstream x {} # nginx\n")]);
    image(
        false,
        IMAGE,
        &SETTINGS.replace("django.middleware.common.CommonMiddleware", "whitenoise.middleware.WhiteNoiseMiddleware"),
        &[],
    );
    image(false, IMAGE, &SETTINGS.replace("'static/'", "'https://cdn.example.com/static/'"), &[]);
    image(false, IMAGE, &format!("{SETTINGS}STATICFILES_STORAGE = 'storages.backends.s3boto3.S3Boto3Storage'\n"), &[]);
    image(
        false,
        IMAGE,
        &format!("{SETTINGS}DEBUG = True\n"),
        &[("mysite/urls.py", "urlpatterns += static(settings.STATIC_URL)\n")],
    );
    image(false, IMAGE, SETTINGS, &[("mysite/urls.py", "from django.views.static import serve\n")]);
    let compose = "services:\n  web: {build: ., ports: ['80:8000']}\n";
    image(false, IMAGE, SETTINGS, &[("docker-compose.yml", compose)]);
}
