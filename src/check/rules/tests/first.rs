//! What comes before the settings, or is made by them: names, modules and keys.

use super::case;

#[test]
fn modules_that_settings_import_from_their_folder() {
    const INIT: (&str, &str) = ("mysite/__init__.py", "");
    let missing = |found: bool, settings: &str, more: &[(&str, &str)]| {
        case("EB355", found, &[&[INIT, ("mysite/settings.py", settings)], more].concat());
    };
    missing(true, "from .keys import *\n", &[]);
    missing(true, "from mysite.keys import KEY\n", &[]);
    missing(false, "from .keys import *\n", &[("mysite/keys.py", "")]);
    missing(false, "try:\n    from .keys import *\nexcept ImportError:\n    pass\n", &[]);
    missing(false, "if DEBUG:\n    from .keys import *\n", &[]);
    let copies = (".platform/hooks/prebuild/keys.sh", "#!/bin/bash\naws s3 cp s3://shop/keys.py mysite/keys.py\n");
    missing(false, "from .keys import *\n", &[copies]);
    // Beside an `.ebignore`, what git leaves out ships from the disk.
    let ignores = [(".ebignore", "*.log\n"), (".gitignore", "keys.py\n")];
    missing(false, "from .keys import *\n", &ignores);
    missing(true, "from .keys import *\n", &ignores[..1]);
    let package =
        [("mysite/settings.py", ""), ("mysite/settings/__init__.py", "from .base import *\nfrom .local import *\n")];
    case("EB355", true, &[&[INIT, ("mysite/settings/base.py", "A = 1\n")], &package[1..]].concat());
}

#[test]
fn settings_that_the_package_names_before_the_server_does() {
    let set = |module: &str| format!("import os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"{module}\")\n");
    let named = |found: bool, init: &str, celery: &str, wsgi: &str| {
        let files = [
            ("mysite/__init__.py", init),
            ("mysite/celery.py", celery),
            ("mysite/wsgi.py", wsgi),
            ("mysite/settings.py", "DEBUG = False\n"),
            ("mysite/live.py", "DEBUG = False\n"),
        ];
        case("EB111", found, &files);
    };
    let (settings, live) = (set("mysite.settings"), set("mysite.live"));
    named(true, "from .celery import app as celery_app\n", &settings, &live);
    named(true, "from mysite.celery import app\n", &settings, &live);
    named(true, "from . import celery\n", &settings, &live);
    named(false, "from .celery import app\n", &live, &live);
    named(false, "", &settings, &live);
    named(false, "from .celery import app\n", &live, &set("mysite.nowhere"));
    named(false, "from .celery import app\n", &set("mysite.nowhere"), &live);
    named(
        false,
        "from .celery import app\n",
        &settings,
        "import os\nos.environ[\"DJANGO_SETTINGS_MODULE\"] = \"mysite.live\"\n",
    );
}

#[test]
fn keys_that_the_settings_make_for_themselves() {
    let begin = "import os\nfrom pathlib import Path\nfrom django.utils.crypto import get_random_string\nBASE_DIR = Path(__file__).resolve().parent.parent\nKEY = os.path.join(BASE_DIR, 'key.txt')\n";
    let key = |rule: &str, found: bool, text: &str, more: &[(&str, &str)]| {
        let settings = format!("{begin}{text}");
        case(rule, found, &[&[("mysite/settings.py", settings.as_str())], more].concat());
    };
    let made = "try:\n    SECRET_KEY = open(KEY).read().strip()\nexcept IOError:\n    SECRET_KEY = get_random_string(50)\n    with open(KEY, 'w') as f:\n        f.write(SECRET_KEY)\n";
    key("EB083", true, made, &[]);
    key("EB083", false, made, &[("key.txt", "x")]);
    key("EB083", false, made, &[(".ebignore", "*.log\n")]);
    key("EB083", false, &made.replace("get_random_string(50)", "'x'"), &[]);
    let first = "if not os.path.exists(KEY):\n    with open(KEY, \"w\") as f:\n        f.write(get_random_string(50))\nSECRET_KEY = open(KEY).read()\n";
    key("EB083", true, first, &[]);
    key("EB178", false, first, &[]);
    key("EB178", true, "SECRET_KEY = open(KEY).read()\n", &[]);
    let module = "def make(path):\n    open(path, 'w').write(get_random_string(50))\ntry:\n    from .secret_key import *\nexcept ImportError:\n    make(os.path.join(BASE_DIR, 'mysite', 'secret_key.py'))\n    from .secret_key import *\n";
    key("EB083", true, module, &[]);
    key("EB083", false, module, &[("mysite/secret_key.py", "SECRET_KEY = 'x'\n")]);
}

#[test]
fn uploads_without_a_folder_of_their_own() {
    let model = |field: &str| format!("from django.db import models\nclass A(models.Model):\n    f = models.{field}\n");
    let uploads = |found: bool, settings: &str, field: &str| {
        let settings = format!("INSTALLED_APPS = ['shop']\n{settings}\n");
        let model = model(field);
        case("EB082", found, &[("mysite/settings.py", settings.as_str()), ("shop/models.py", model.as_str())]);
    };
    uploads(true, "", "FileField(upload_to='x')");
    uploads(false, "", "CharField(max_length=9)");
    uploads(false, "", "FileField(storage=S3(), upload_to='x')");
    uploads(false, "STORAGES = {'default': {'BACKEND': 'storages.backends.s3.S3Storage'}}", "FileField()");
    uploads(
        false,
        "STORAGES = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage', 'OPTIONS': {'location': '/efs'}}}",
        "FileField()",
    );
    uploads(false, "MEDIA_ROOT = '/efs/media'", "FileField()");
    uploads(false, "from elsewhere import *", "FileField()");
}

#[test]
fn addresses_of_visitors_on_uvicorn() {
    let text = "from fastapi import FastAPI, Request\napp = FastAPI()\n@app.get('/')\ndef index(request: Request):\n    return request.client.host\n";
    let list = ("requirements.txt", "fastapi==0.115.0\nuvicorn==0.32.0\n");
    let asked = |found: bool, line: &str, text: &str, more: &[(&str, &str)]| {
        let procfile = format!("web: {line}\n");
        case("EB353", found, &[&[("Procfile", procfile.as_str()), ("main.py", text), list], more].concat());
    };
    asked(true, "uvicorn main:app", text, &[]);
    asked(true, "gunicorn -k uvicorn.workers.UvicornWorker main:app", text, &[]);
    asked(false, "uvicorn main:app --forwarded-allow-ips '*'", text, &[]);
    asked(false, "uvicorn main:app", &text.replace("request.client.host", "request.headers['x-forwarded-for']"), &[]);
    let single = (
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:environment:\n    EnvironmentType: SingleInstance\n",
    );
    asked(false, "uvicorn main:app", text, &[single]);
}

#[test]
fn origins_that_nobody_is_told_of() {
    const APPS: &str = "INSTALLED_APPS = ['corsheaders']\nCORS_ALLOWED_ORIGINS = ['https://a.example']\n";
    let of = |found: bool, more: &str| case("EB260", found, &[("mysite/settings.py", &format!("{APPS}{more}"))]);
    of(true, "MIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n");
    of(false, "MIDDLEWARE = ['corsheaders.middleware.CorsMiddleware']\n");
    of(false, "MIDDLEWARE = ['django.middleware.common.CommonMiddleware', 'shop.headers.Cross']\n");
    of(false, "MIDDLEWARE = MORE + ['django.middleware.common.CommonMiddleware']\n");
    // All of them, and a list.
    of(true, "CORS_ALLOW_ALL_ORIGINS = True\n");
    of(false, "CORS_ALLOW_ALL_ORIGINS = False\n");
}

#[test]
fn options_beside_the_database_that_they_are_for() {
    let of = |found: bool, inner: &str, outer: &str| {
        let settings =
            format!("DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql'{inner}}}{outer}}}\n");
        case("EB344", found, &[("mysite/settings.py", &settings)]);
    };
    of(true, "", ", 'OPTIONS': {'sslmode': 'require'}");
    of(false, ", 'OPTIONS': {'sslmode': 'require'}", "");
    of(true, "", ", 'ATOMIC_REQUESTS': True");
    of(false, "", ", const.OTHER: {}");
    of(false, "", ", 'replica': {'ENGINE': 'django.db.backends.postgresql'}");
}

#[test]
fn limits_that_are_counted_nowhere() {
    const LIMITS: &str =
        "REST_FRAMEWORK = {'DEFAULT_THROTTLE_CLASSES': ['rest_framework.throttling.AnonRateThrottle']}\n";
    const ONE: (&str, &str) = (
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:environment:\n    EnvironmentType: SingleInstance\n",
    );
    let of = |found: bool, cache: &str| {
        let settings = format!("{LIMITS}CACHES = {{'default': {{'BACKEND': 'django.core.cache.backends.{cache}'}}}}\n");
        case("EB085", found, &[("mysite/settings.py", &settings), ONE]);
    };
    of(true, "dummy.DummyCache");
    of(false, "locmem.LocMemCache");
}

#[test]
fn static_files_that_no_page_asks_for() {
    let of = |found: bool, renderers: &str, urls: &str, more: &[(&str, &str)]| {
        let settings = format!(
            "INSTALLED_APPS = ['django.contrib.admin', 'django.contrib.staticfiles', 'rest_framework']\n\
             ROOT_URLCONF = 'mysite.urls'\nSTATIC_ROOT = BASE_DIR / 'static'\nSTATIC_URL = '/static/'\nREST_FRAMEWORK = {{{renderers}}}\n"
        );
        let files = [("mysite/settings.py", settings.as_str()), ("mysite/urls.py", urls)];
        case("EB021", found, &[&files, more].concat());
    };
    const JSON: &str = "'DEFAULT_RENDERER_CLASSES': ['rest_framework.renderers.JSONRenderer']";
    of(false, JSON, "urlpatterns = []\n", &[]);
    of(true, "", "urlpatterns = []\n", &[]);
    of(true, JSON, "urlpatterns = [path('admin/', admin.site.urls)]\n", &[]);
    of(false, JSON, "urlpatterns = []\n# path('admin/', admin.site.urls)\n", &[]);
    of(true, JSON, "urlpatterns = []\n", &[("mysite/templates/home.html", "<h1>Home</h1>")]);
}
