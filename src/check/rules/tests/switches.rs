//! Settings that a variable, a version or the order of a list decides.

use super::case;

#[track_caller]
fn settings(rule: &str, found: bool, text: &str, more: &[(&str, &str)]) {
    case(rule, found, &[&[("mysite/settings.py", text), ("manage.py", "")], more].concat());
}

#[test]
fn who_looks_at_the_host_first() {
    const HEALTH: &str = "\"mysite.HealthMiddleware\"";
    const COMMON: &str = "\"django.middleware.common.CommonMiddleware\"";
    const SECURITY: &str = "\"django.middleware.security.SecurityMiddleware\"";
    let order = |rule: &str, found: bool, middleware: &[&str], more: &str| {
        let text = format!("ALLOWED_HOSTS = [\"example.org\"]\nMIDDLEWARE = [{}]\n{more}", middleware.join(", "));
        settings(rule, found, &text, &[]);
    };
    order("EB010", false, &[HEALTH, SECURITY, COMMON], "");
    order("EB010", false, &[SECURITY, HEALTH, COMMON], "");
    order("EB010", true, &[SECURITY, COMMON, HEALTH], "");
    const REDIRECT: &str = "SECURE_SSL_REDIRECT = True\n";
    order("EB012", false, &[HEALTH, SECURITY, COMMON], REDIRECT);
    order("EB012", true, &[SECURITY, HEALTH, COMMON], REDIRECT);
    // To redirect, it asks for the host.
    order("EB010", true, &[SECURITY, HEALTH, COMMON], REDIRECT);
}

#[test]
fn https_by_default() {
    const ON: &str = "SECURE_SSL_REDIRECT = True\n";
    settings("EB014", true, "import os\nSECURE_SSL_REDIRECT = os.environ.get('SSL', '1') == '1'\n", &[]);
    settings("EB014", false, "import os\nSECURE_SSL_REDIRECT = os.environ.get('SSL') == '1'\n", &[]);
    let header = |found: bool, header: &str| {
        settings("EB014", found, &format!("{ON}SECURE_PROXY_SSL_HEADER = {header}\n"), &[]);
    };
    header(true, "('X_FORWARDED_PROTO', 'https')");
    header(true, "('HTTP_X_FORWARDED_PROTO', 'on')");
    header(false, "('HTTP_X_FORWARDED_PROTO', 'https')");
    header(false, "('HTTP_CLOUDFRONT_FORWARDED_PROTO', 'https')");
}

#[test]
fn switches_that_are_numbers() {
    settings("EB110", true, "DEBUG = 1\n", &[]);
    settings("EB110", true, "import os\nDEBUG = int(os.environ.get('DEBUG', default=1))\n", &[]);
    settings("EB110", false, "import os\nDEBUG = int(os.environ.get('DEBUG', default=0))\n", &[]);
}

#[test]
fn where_static_files_go() {
    const APPS: &str = "INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_URL = '/static/'\n";
    const BASE: &str = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n";
    let collect =
        "container_commands:\n  a: {command: '/var/app/venv/x/bin/python manage.py collectstatic --noinput'}\n";
    let root = |found: bool, text: &str| {
        settings("EB021", found, &format!("{BASE}{APPS}{text}\n"), &[(".ebextensions/a.config", collect)]);
    };
    root(true, "STATIC_ROOT = None");
    root(true, "STATIC_ROOT = ''");
    root(true, "import os\nSTATIC_ROOT = os.environ.get('STATIC_ROOT')");
    root(true, "STATIC_ROOT = BASE_DIR / 'static'\nSTATICFILES_DIRS = [BASE_DIR / 'static']");
    root(false, "STATIC_ROOT = BASE_DIR / 'staticfiles'\nSTATICFILES_DIRS = [BASE_DIR / 'static']");
    settings("EB021", true, "INSTALLED_APPS = ['shop']\n", &[(".ebextensions/a.config", collect)]);
    let mapping = |found: bool, mapping: &str, text: &str| {
        let config =
            format!("option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles:\n    {mapping}\n");
        let text = format!("{BASE}{APPS}MIDDLEWARE = []\n{text}\n");
        settings("EB022", found, &text, &[(".ebextensions/a.config", &config)]);
    };
    mapping(true, "/assets: staticfiles", "STATIC_ROOT = BASE_DIR / 'staticfiles'");
    mapping(false, "/static: staticfiles", "STATIC_ROOT = BASE_DIR / 'staticfiles'");
    mapping(false, "/assets: staticfiles", "STATIC_ROOT = BASE_DIR / 'staticfiles'\nSTATIC_URL = 'assets/'");
    mapping(true, "/static: staticfiles", "import os\nSTATIC_ROOT = os.environ.get('ROOT', BASE_DIR / 'assets')");
    // Since Django 5.1 nobody asks for the old name.
    let old = "STATIC_ROOT = 'x'\nSTATICFILES_STORAGE = 'whitenoise.storage.CompressedManifestStaticFilesStorage'\n";
    for (django, found) in [("Django==5.2.8\n", false), ("Django==4.2.20\n", true)] {
        settings("EB023", found, &format!("{APPS}{old}"), &[("requirements.txt", django)]);
    }
    let unserved = |found: bool, text: &str, more: &[(&str, &str)]| {
        let text = format!(
            "{BASE}INSTALLED_APPS = ['django.contrib.admin', 'django.contrib.staticfiles']\nMIDDLEWARE = []\nSTATIC_URL = '/static/'\n{text}\n"
        );
        settings("EB021", found, &text, &[&[(".ebextensions/a.config", collect)], more].concat());
    };
    let collected = "STATIC_ROOT = BASE_DIR / 'staticfiles'";
    unserved(true, collected, &[]);
    unserved(true, "import environ\nROOT = environ.Path(__file__) - 2\nSTATIC_ROOT = str(ROOT('staticfiles'))", &[]);
    unserved(false, "STATIC_ROOT = BASE_DIR / 'static'", &[]);
    unserved(false, "STATIC_ROOT = os.environ['ROOT']", &[]);
    let cdn = "STATIC_ROOT = BASE_DIR / 'staticfiles'\nSTATIC_URL = 'https://cdn.example.org/'";
    unserved(true, cdn, &[]);
    unserved(false, cdn, &[("deploy.sh", "aws s3 sync staticfiles s3://shop\n")]);
    unserved(false, "STATIC_ROOT = BASE_DIR / 'staticfiles'\nSTATICFILES_STORAGE = 'x.S3Storage'", &[]);
    let option = "option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles: {/static: staticfiles}\n";
    unserved(false, collected, &[(".ebextensions/b.config", option)]);
    unserved(false, collected, &[("static/a.css", "")]);
    unserved(false, collected, &[(".platform/nginx/conf.d/elasticbeanstalk/s.conf", "location /static { }\n")]);
    unserved(false, collected, &[("mysite/urls.py", "from django.views.static import serve\n")]);
    let white = "MIDDLEWARE = ['whitenoise.middleware.WhiteNoiseMiddleware']\n";
    let late = |found: bool, more: &str| {
        let hook = format!("#!/bin/bash\n/var/app/venv/x/bin/python manage.py collectstatic --noinput\n{more}");
        settings("EB157", found, white, &[(".platform/hooks/postdeploy/1.sh", &hook)]);
    };
    late(true, "");
    late(false, "systemctl restart web\n");
    let mapped = |found: bool, folder: &str, storage: &str| {
        let text = format!("{BASE}{white}STATIC_ROOT = BASE_DIR / 'staticfiles'\nSTATICFILES_STORAGE = '{storage}'\n");
        let option =
            format!("option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles: {{/static: {folder}}}\n");
        let hook = ("#!/bin/bash\npython manage.py collectstatic --noinput\n", ".platform/hooks/postdeploy/1.sh");
        settings("EB157", found, &text, &[(hook.1, hook.0), (".ebextensions/a.config", &option)]);
    };
    mapped(false, "staticfiles", "whitenoise.storage.CompressedStaticFilesStorage");
    // Another rule says that the proxy looks into the wrong folder.
    mapped(false, "static", "whitenoise.storage.CompressedStaticFilesStorage");
    mapped(true, "staticfiles", "whitenoise.storage.CompressedManifestStaticFilesStorage");
}

#[test]
fn what_a_secret_has_is_there() {
    let text = "import os\nPASSWORD = os.environ['RDS_PASSWORD']\n";
    settings("EB074", true, text, &[]);
    let secret = "option_settings:\n  aws:elasticbeanstalk:application:environmentsecrets:\n    RDS_PASSWORD: arn:aws:ssm:eu-west-1:1:parameter/x\n";
    settings("EB074", false, text, &[(".ebextensions/a.config", secret)]);
}

#[test]
fn a_package_that_sets_nothing() {
    let package = |found: bool, init: &str| {
        let files = [
            ("mysite/settings/__init__.py", init),
            ("mysite/settings/base.py", "SECRET_KEY = 'x'\n"),
            ("manage.py", ""),
        ];
        case("EB111", found, &files);
    };
    package(true, "");
    package(false, "from .base import *\n");
}

#[test]
fn settings_that_are_named_and_are_not_there() {
    let manage = ("manage.py", "import django\n");
    let named = |found: bool, files: &[(&str, &str)]| case("EB111", found, &[&[manage], files].concat());
    // `wsgi.py` of all these names `mysite.settings`.
    named(true, &[]);
    named(true, &[(".gitignore", "settings.py\n")]);
    named(true, &[("mysite/settings_aws.py", "INSTALLED_APPS = []\n")]);
    named(false, &[("mysite/settings.py", "DEBUG = False\n")]);
    named(false, &[("src/mysite/settings.py", "DEBUG = False\n")]);
    // Something writes it, somebody else has it, or another place names one.
    named(false, &[(".ebextensions/a.config", "container_commands:\n  a: {command: 'cp x mysite/settings.py'}\n")]);
    named(false, &[(".gitignore", "settings.py\n"), (".ebignore", "docs\n")]);
    named(false, &[("gunicorn.conf.py", "raw_env = ['DJANGO_SETTINGS_MODULE=other.settings']\n")]);
    named(false, &[("mysite/wsgi.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'elsewhere.settings')\n")]);
    let web = |found: bool, module: &str, more: &[(&str, &str)]| {
        let line = format!("web: gunicorn --env DJANGO_SETTINGS_MODULE={module} mysite.wsgi\n");
        let files = [("Procfile", line.as_str()), ("mysite/settings/base.py", ""), ("mysite/settings/local.py", "")];
        named(found, &[&files[..], more].concat());
    };
    web(true, "mysite.settings.prod", &[]);
    web(true, "mysite.settings.local", &[("mysite/settings/live.py", "")]);
    web(false, "mysite.settings.local", &[]);
    web(false, "mysite.settings.base", &[("mysite/settings/live.py", "")]);
    // The web process says otherwise than `wsgi.py`.
    web(false, "mysite.settings.base", &[("mysite/wsgi.py", "x('DJANGO_SETTINGS_MODULE', 'mysite.settings.local')\n")]);
    let hook = "#!/bin/bash\npython manage.py migrate --settings=mysite.settings.gone\n";
    web(true, "mysite.settings.base", &[(".platform/hooks/predeploy/1.sh", hook)]);
}

#[test]
fn commands_with_settings_of_their_own() {
    const BASE: &str = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent.parent\n";
    let base = "STATIC_ROOT = BASE_DIR / 'static'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': 'db.example.com'}}\n";
    let other = |found: bool, dev: &str, hook: &str, more: &[(&str, &str)]| {
        let (base, dev) = (format!("{BASE}{base}"), format!("from .base import *\n{dev}\n"));
        let hook = format!("#!/bin/bash\n{hook}\n");
        let files = [
            ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings.dev')\n"),
            ("mysite/wsgi.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings.base')\n"),
            ("mysite/settings/base.py", base.as_str()),
            ("mysite/settings/dev.py", dev.as_str()),
            (".platform/hooks/predeploy/1.sh", hook.as_str()),
        ];
        case("EB173", found, &[&files[..], more].concat());
    };
    let lite = "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}}";
    let migrate = "python manage.py migrate";
    other(true, lite, migrate, &[]);
    other(true, lite, "export DJANGO_SETTINGS_MODULE=mysite.settings.dev\npython manage.py migrate", &[]);
    other(false, lite, "export DJANGO_SETTINGS_MODULE=mysite.settings.base\npython manage.py migrate", &[]);
    other(false, lite, "DJANGO_SETTINGS_MODULE=mysite.settings.base python manage.py migrate", &[]);
    other(false, lite, "DJANGO_SETTINGS_MODULE=$MODULE python manage.py migrate", &[]);
    other(false, lite, "python manage.py migrate --settings mysite.settings.base", &[]);
    other(true, lite, "python manage.py check", &[]);
    // A note, where nothing that is compared differs, or it is not known.
    other(true, "DEBUG = True", migrate, &[]);
    other(true, "DATABASES = elsewhere()", migrate, &[]);
    let collect = "python manage.py collectstatic --noinput";
    other(true, "STATIC_ROOT = BASE_DIR / 'assets'", collect, &[]);
    other(true, "STATICFILES_STORAGE = 'storages.backends.s3boto3.S3StaticStorage'", collect, &[]);
    other(true, lite, collect, &[]);
    let named = "option_settings:\n  aws:elasticbeanstalk:application:environment: {DJANGO_SETTINGS_MODULE: mysite.settings.base}\n";
    let named = (".ebextensions/a.config", named);
    other(false, lite, migrate, &[named]);
    other(true, lite, "python manage.py migrate --settings=mysite.settings.dev", &[named]);
    let stage = "import os\nif os.environ.get('STAGE') == 'dev':\n    STATIC_ROOT = BASE_DIR / 'assets'";
    let staged = "option_settings:\n  aws:elasticbeanstalk:application:environment: {STAGE: live, DJANGO_SETTINGS_MODULE: mysite.settings.dev}\n";
    let staged = (".ebextensions/a.config", staged);
    other(true, stage, "STAGE=dev python manage.py collectstatic", &[staged]);
    other(false, stage, "STAGE=live python manage.py collectstatic", &[staged]);
}
