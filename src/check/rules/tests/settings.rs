//! Rules about settings: what a project says, and what comes of it on an instance.

use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

#[test]
fn health_checks_ask_what_the_urls_have() {
    const MIDDLEWARE: &str = "ROOT_URLCONF = \"mysite.urls\"\nMIDDLEWARE = []\n";
    let urls = |found: bool, patterns: &str, path: Option<&str>| {
        let urls = format!("urlpatterns = {patterns}\n");
        let option = path.map(|path| {
            format!(
                "option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    HealthCheckPath: {path}\n"
            )
        });
        let mut files = vec![("mysite/settings.py", MIDDLEWARE), ("mysite/urls.py", urls.as_str())];
        files.extend(option.as_deref().map(|option| (".ebextensions/a.config", option)));
        case("EB013", found, &files);
    };
    urls(true, "[path('admin/', admin.site.urls)]", None);
    urls(true, "[path('admin/', admin.site.urls)] + static('/media/', document_root='media')", None);
    urls(false, "[path('', home), path('admin/', admin.site.urls)]", None);
    urls(false, "[path('admin/', admin.site.urls), *more]", None);
    urls(false, "[path('admin/', admin.site.urls), re_path('^$', home)]", None);
    urls(false, "patterns()", None);
    urls(true, "[path('', home)]\nurlpatterns = [path('health/', ok)]", Some("/health"));
    urls(false, "[path('health/', ok)]", Some("/health/"));
    urls(false, "[path('api/', include('api.urls'))]", Some("/api/health/"));
    urls(true, "[path('api/', include('api.urls'))]", Some("/healthz"));
    let files = [
        ("mysite/settings.py", "ROOT_URLCONF = \"mysite.urls\"\nMIDDLEWARE = [\"site.HealthMiddleware\"]\n"),
        ("mysite/urls.py", "urlpatterns = []\n"),
    ];
    case("EB013", false, &files);
    let login = "MIDDLEWARE = [\"django.contrib.auth.middleware.LoginRequiredMiddleware\"]\n";
    case("EB013", true, &[("mysite/settings.py", login)]);
    let single = "option_settings:\n  aws:elasticbeanstalk:environment: {EnvironmentType: SingleInstance}\n";
    case("EB013", false, &[("mysite/settings.py", login), (".ebextensions/a.config", single)]);
}

#[test]
fn settings_that_need_variables() {
    const NEEDS: (&str, &str) = ("mysite/settings.py", "SECRET_KEY = os.environ[\"SECRET_KEY\"]\n");
    let command = |found: bool, line: &str| {
        let config = format!("container_commands:\n  a:\n    command: |\n      {line}\n");
        case("EB024", found, &[NEEDS, (".ebextensions/a.config", &config)]);
    };
    command(true, "source /var/app/venv/*/bin/activate && sudo -u webapp python manage.py check");
    command(true, "env -i python manage.py check");
    command(false, "source /var/app/venv/*/bin/activate && python manage.py check");
    command(false, "sudo -E -u webapp python manage.py check");
    command(false, "sudo chown webapp x && python manage.py check");
    command(false, "# sudo python manage.py check");
    command(false, "sudo SECRET_KEY=x python manage.py check");
    command(true, "SECRET_KEY=x sudo python manage.py check");
    command(true, "sudo -u webapp bash -c 'python manage.py check'");
    // They keep what they find, but for a login.
    command(false, "su webapp -c 'python manage.py check'");
    command(false, "runuser -u webapp -- python manage.py check");
    command(true, "su - webapp -c 'python manage.py check'");
    command(true, "runuser -l webapp -c 'python manage.py check'");
    command(false, "su - webapp -c 'export SECRET_KEY=x && python manage.py check'");
    let build = |found: bool, run: &str| {
        let dockerfile = format!("FROM python\n{run}\n");
        let docker = (".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n");
        case("EB024", found, &[NEEDS, ("Dockerfile", &dockerfile), docker]);
    };
    build(true, "RUN python manage.py collectstatic --noinput");
    build(true, "RUN pip install x && \\\n  # a comment\n  python manage.py collectstatic");
    build(false, "ENV SECRET_KEY=build\nRUN python manage.py collectstatic");
    build(false, "ARG SECRET_KEY=build\nRUN python manage.py collectstatic");
    build(false, "RUN SECRET_KEY=x python manage.py collectstatic");
    build(false, "RUN python manage.py collectstatic --settings mysite.build");
    build(false, "ENV DJANGO_SETTINGS_MODULE=mysite.build\nRUN python manage.py collectstatic");
    build(false, "CMD python manage.py collectstatic");
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
    settings(false, &format!("{CACHED}django_heroku.settings(locals())\n"));
    settings(false, "SESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'\n");
    settings(true, "REST_FRAMEWORK = {'DEFAULT_THROTTLE_CLASSES': ['x.Throttle']}\n");
    settings(false, "REST_FRAMEWORK = {'PAGE_SIZE': 10}\n");
    let layer = "CHANNEL_LAYERS = {'default': {'BACKEND': 'channels.layers.InMemoryChannelLayer'}}\n";
    let served = |found: bool, web: &str| {
        case("EB085", found, &[("mysite/settings.py", layer), ("Procfile", &format!("web: {web}\n"))]);
    };
    served(true, "gunicorn --worker-class uvicorn_worker.UvicornWorker mysite.asgi");
    served(true, "daphne -p 8000 mysite.asgi:application");
    served(false, "gunicorn mysite.wsgi");
}

#[test]
fn the_metadata_service_is_asked_for_an_address() {
    let settings = |found: bool, text: &str| case("EB011", found, &[("mysite/settings.py", text)]);
    settings(true, "import requests\nIP = requests.get(\"http://169.254.169.254/latest/meta-data/local-ipv4\").text\n");
    settings(
        true,
        "import requests\n# requests.get(\"http://169.254.169.254/x\")\nIP = requests.get(\"http://169.254.169.254/y\").text\n",
    );
    settings(true, "from http.client import HTTPConnection\nC = HTTPConnection(\"169.254.169.254\")\n");
    settings(
        true,
        "import requests\nALLOWED_HOSTS = [\"169.254.169.254\"]\nIP = requests.get(\"//169.254.169.254\")\n",
    );
    settings(false, "import requests\nALLOWED_HOSTS = [\n    \"169.254.169.254\",\n]\n");
    settings(false, "ALLOWED_HOSTS = []\nALLOWED_HOSTS += [\"169.254.169.254\"]\n");
    settings(false, "# requests.get(\"http://169.254.169.254/x\")\n");
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
    settings(false, &format!("{PLAIN}STATICFILES_STORAGE = \"storages.backends.s3boto3.S3Boto3Storage\"\n"), &[]);
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
fn what_is_imported_from_the_version_that_runs() {
    let imports = |found: bool, path: &str, command: &str| {
        let config = format!(
            "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    PYTHONPATH: {path}\n    DJANGO_SETTINGS_MODULE: site1.settings\ncontainer_commands:\n  a:\n    command: |\n      source /var/app/venv/*/bin/activate\n      {command}\n"
        );
        let files = [
            (".ebextensions/a.config", config.as_str()),
            ("src/manage.py", ""),
            ("src/site1/settings.py", "INSTALLED_APPS = ['django.contrib.admin', 'shop']\n"),
            ("src/shop/__init__.py", ""),
        ];
        case("EB151", found, &files);
    };
    imports(true, "/var/app/current/src", "django-admin migrate");
    imports(true, "/var/app/current/src:$PYTHONPATH", "django-admin.py migrate");
    imports(false, "/var/app/current/src", "django-admin migrate --pythonpath src");
    imports(false, "/var/app/current/src", "python src/manage.py migrate");
    imports(false, "/var/app/current/src", "cd src && python manage.py migrate");
    imports(false, "/var/app/current/src", "cd /var/app/staging/src && ./manage.py migrate");
    imports(false, "/var/app/staging/src", "django-admin migrate");
    imports(false, "/var/app/current/other", "django-admin migrate");
}

#[test]
fn storages_that_a_condition_chooses() {
    let level = |rule: &str, text: &str| {
        let text = format!(
            "BASE_DIR = Path(__file__).resolve().parent.parent\nINSTALLED_APPS = ['django.contrib.staticfiles']\nMIDDLEWARE = []\nSTATIC_ROOT = BASE_DIR / 'static_root'\nMEDIA_ROOT = BASE_DIR / 'media'\n{text}"
        );
        let files = [PROCFILE, WSGI, ("mysite/settings.py", text.as_str())];
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
        ("EB082", format!("if os.getenv('USE_S3'):\n    DEFAULT_FILE_STORAGE = 'x.S3'\n"), Some(Level::Note)),
        ("EB082", format!("STORAGES = {S3}\n"), None),
    ] {
        assert_eq!(level(rule, &text), expected, "{rule}\n{text}");
    }
}

#[test]
fn hosts_that_a_variable_names() {
    let level = |hosts: &str, more: &[(&str, &str)]| {
        let text = format!("{hosts}\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n");
        let files = [&[PROCFILE, WSGI, ("mysite/settings.py", text.as_str())], more].concat();
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        let report = run(&tree, &Settings::default());
        report.findings.iter().find(|finding| finding.rule == "EB010").map(|finding| finding.level)
    };
    let property =
        |text: &str| format!("option_settings:\n  aws:elasticbeanstalk:application:environment:\n    HOSTS: {text}\n");
    for (hosts, expected) in [
        ("ALLOWED_HOSTS = ['www.example.com']", Some(Level::Error)),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=['localhost'])", Some(Level::Note)),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=[])", Some(Level::Note)),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=['.elasticbeanstalk.com'])", Some(Level::Note)),
        ("ALLOWED_HOSTS = os.environ.get('HOSTS', 'localhost,127.0.0.1').split(',')", Some(Level::Note)),
        ("ALLOWED_HOSTS = [os.getenv('HOSTS', 'localhost')]", Some(Level::Note)),
        ("ALLOWED_HOSTS = [os.getenv('HOSTS', '*')]", None),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=['*'])", None),
        ("ALLOWED_HOSTS = env.list('HOSTS')", None),
        ("ALLOWED_HOSTS = os.environ['HOSTS'].split(',')", None),
    ] {
        assert_eq!(level(hosts, &[]), expected, "{hosts}");
    }
    let read = "ALLOWED_HOSTS = os.environ.get('HOSTS', 'localhost').split(',')";
    assert_eq!(level(read, &[(".ebextensions/a.config", &property("'*'"))]), None);
    assert_eq!(level(read, &[(".ebextensions/a.config", &property("www.example.com"))]), Some(Level::Error));
    let secret = property("arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf")
        .replace("environment:", "environmentsecrets:");
    assert_eq!(level(read, &[(".ebextensions/a.config", &secret)]), None);
    // One instance has no health check by its address, but visitors.
    let single = "option_settings:\n  aws:elasticbeanstalk:environment: {EnvironmentType: SingleInstance}\n";
    let one = [(".ebextensions/a.config", single)];
    assert_eq!(level("ALLOWED_HOSTS = []", &one), Some(Level::Error));
    assert_eq!(level(read, &one), Some(Level::Note));
    assert_eq!(level("ALLOWED_HOSTS = ['www.example.com']", &one), None);
}

#[test]
fn settings_that_are_named_from_the_top() {
    let option = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: src.site.settings\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: src.site.wsgi:application\n";
    let tree = [
        ("src/manage.py", "import django\n"),
        ("src/site/wsgi.py", "import sys\nsys.path.append(path)\n"),
        ("src/site/settings.py", "DEBUG = True\n"),
        (".ebextensions/a.config", option),
    ];
    let tree = tree.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
    let report = run(&tree, &Settings::default());
    assert!(report.findings.iter().any(|finding| finding.rule == "EB110"), "{report}");
}
