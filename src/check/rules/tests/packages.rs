//! Lists of packages: what they let pip take, and what becomes of that.

use super::{WSGI, case};
use crate::beanstalk::tree::{Entry, Tree};
use crate::check::{Settings, run};
use crate::level::Level;

fn flask(rule: &str, found: bool, lines: &str) {
    let files = [
        (".ebextensions/a.config", "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: app:app}\n"),
        ("app.py", "import flask, flask_login, flask_script, flask_sqlalchemy\n"),
        ("requirements.txt", &lines.replace(' ', "\n")),
    ];
    case(rule, found, &files);
}

#[test]
fn what_stops_at_its_import() {
    for stops in [
        "Jinja2==2.10.1 MarkupSafe==1.1.1",
        "Jinja2==2.11.3",
        "Flask==1.0.2",
        "Flask==1.1.4 Jinja2==2.11.3 MarkupSafe==2.1.1",
        "Flask==2.0.3",
        "Flask==2.2.2 Werkzeug==3.0.1",
        "Flask==2.2.2 Werkzeug>=2",
        "Flask-Login==0.5.0 Flask==2.2.5 Werkzeug==2.3.7",
        "Flask-Script==2.0.6 Flask==2.2.5 Werkzeug==2.3.7",
        "Flask-SQLAlchemy==2.5.1",
    ] {
        flask("EB172", true, stops);
    }
    for starts in [
        "Flask==1.1.4 Jinja2==2.11.3 MarkupSafe==1.1.1 Werkzeug==1.0.1",
        "Flask==2.2.2 Werkzeug==2.2.3",
        "Flask==2.2.2 Werkzeug<3",
        "Flask==2.2.5",
        "Flask==3.0.0 Flask-SQLAlchemy==3.1.1",
        "Flask>=1.0",
        "celery==4.4.7",
    ] {
        flask("EB172", false, starts);
    }
    // Others bring Flask along, and serve something else.
    let served = |found: bool, module: &str, lines: &str| {
        let files = [
            ("Procfile", "web: gunicorn app:app\n"),
            (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.11}\n"),
            ("app.py", module),
            ("requirements.txt", lines),
        ];
        case("EB172", found, &files);
    };
    served(false, "import dash\napp = dash.Dash().server\n", "dash==2.9.0\nFlask==2.0.3\n");
    served(true, "try:\n    from flask import Flask\nexcept ImportError:\n    raise\n", "Flask==2.0.3\n");
    served(false, "from flask import Flask\n", "Flask==3.1.0\nFlask-Login==0.5.0\n");
    // Each version of a range stops, or is not even built.
    let ranged = |found: bool, range: &str| {
        let files = [
            ("Procfile", "web: gunicorn app:app\n"),
            (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.11}\n"),
            (".ebextensions/a.config", "packages: {yum: {libpq-devel: []}}\n"),
            ("app.py", "import psycopg2\n"),
            ("requirements.txt", range),
        ];
        case("EB172", found, &files);
    };
    for range in
        ["psycopg2>=2.8,<2.9", "psycopg2~=2.8.6", "psycopg2==2.8.*", "psycopg2>=2.8.3,<2.9.1", "psycopg2==2.9.1"]
    {
        ranged(true, range);
    }
    for range in ["psycopg2>=2.8", "psycopg2>=2.8,<3", "psycopg2~=2.8", "psycopg2<2.9.2,>=2.9.2", "psycopg2==2.9.9"] {
        ranged(false, range);
    }
    // Each was imported with this Python.
    for (module, lines) in [
        ("import babel", "Babel==2.6.0"),
        ("import html5lib", "html5lib==0.9999999"),
        ("import html5lib", "html5lib==1.0.1"),
        ("import networkx", "networkx==2.3"),
        ("import nltk", "nltk==3.4.5"),
        ("import paramiko", "paramiko==2.4.1"),
        ("import pint", "pint==0.8.1"),
        ("import sympy", "sympy==1.1.1"),
        ("import tornado.web", "tornado==4.5.1"),
        ("import aioredis", "aioredis==2.0.1"),
        ("from deprecated import deprecated", "wrapt==1.11.2"),
        ("import requests_oauthlib", "requests==2.18.4"),
        ("from storages.backends.s3boto3 import S3Boto3Storage", "boto3==1.9.136"),
    ] {
        served(true, &format!("{module}\n"), &format!("{lines}\n"));
    }
    for (module, lines) in [
        ("import babel", "Babel==2.7.0"),
        ("import tornado.web", "tornado==4.2"),
        ("import sympy", "sympy==1.2"),
        ("import nltk", "nltk==3.5"),
        ("import pint", "pint==0.9"),
        ("import flask", "paramiko==2.4.1"),
    ] {
        served(false, &format!("{module}\n"), &format!("{lines}\n"));
    }
    // Compiled with numpy 1, beside numpy 2.
    let pandas = "import pandas\nfrom sklearn import svm\n";
    served(true, pandas, "pandas==2.0.3\n");
    served(true, pandas, "pandas==2.0.3\nnumpy==2.2.6\n");
    served(true, pandas, "scikit-learn==1.2.2\n");
    served(false, pandas, "pandas==2.0.3\nnumpy==1.26.4\n");
    served(false, pandas, "pandas==2.0.3\nnumpy<2\n");
    served(false, pandas, "pandas==2.2.3\n");
    served(false, "import os\n", "pandas==2.0.3\n");
    // What is beside it keeps numpy back.
    served(false, pandas, "pandas==2.0.3\nscipy==1.10.1\n");
    served(false, pandas, "pandas==2.0.3\ntensorflow\n");
    served(true, "import bs4\n", "beautifulsoup4==4.6.0\n");
    served(false, "import bs4\n", "beautifulsoup4==4.6.3\n");
    served(true, "import requests\n", "requests==2.9.1\n");
    served(true, "import flask\n", "Flask==1.0.2\nJinja2==2.11.3\nMarkupSafe==1.1.1\nWerkzeug==0.14.1\n");
    // Django asks none of these, whatever its list has; but celery where there is an application of it.
    let django = |found: bool, lines: &str, more: &[(&str, &str)]| {
        let files = [("manage.py", "import django\n"), WSGI, ("mysite/settings.py", ""), ("requirements.txt", lines)];
        case("EB172", found, &[&files[..], more].concat());
    };
    django(false, "Django==4.2\nFlask==1.0.2\ncelery==4.4.7\n", &[]);
    django(true, "Django==4.2\ncelery==4.4.7\n", &[("mysite/celery.py", "")]);
    django(
        true,
        "Django==4.2\ncelery==4.4.7\n",
        &[("Procfile", "web: gunicorn mysite.wsgi\nworker: celery -A mysite worker\n")],
    );
    let platform =
        |version: &str| format!("global: {{default_platform: Python {version} running on 64bit Amazon Linux 2023}}\n");
    for (version, found) in [("3.11", false), ("3.12", true)] {
        django(found, "Django==4.2\ngunicorn==19.9.0\n", &[(".elasticbeanstalk/config.yml", &platform(version))]);
    }
}

#[test]
fn ranges_end_somewhere_too() {
    for none in [
        "Pillow==8.3.2",
        "Pillow~=8.3.1",
        "Pillow==8.3.*",
        "Pillow~=8.3",
        "pylibmc==1.6.1",
        "uWSGI==2.0.17.1",
        "pandas==1.0.3",
        "scipy==1.7.3",
    ] {
        flask("EB144", true, none);
    }
    for one in ["Pillow~=11.0", "Pillow>=8", "Pillow", "Pillow~=8", "Pillow>=8,<12"] {
        flask("EB144", false, one);
    }
    let line = [("requirements.txt", "-e git://github.com/example/thing.git@abc#egg=thing\n"), ("manage.py", "")];
    case("EB052", true, &line);
}

#[test]
fn applications_that_nobody_installs() {
    let apps = |found: bool, app: &str, lines: &str, more: &[(&str, &str)]| {
        let settings = format!("INSTALLED_APPS = [\n    'django.contrib.admin',\n    '{app}',\n]\n");
        let files =
            [("manage.py", "import django\n"), ("mysite/settings.py", settings.as_str()), ("requirements.txt", lines)];
        case("EB169", found, &[&files[..], more].concat());
    };
    apps(true, "corsheaders", "django\ndjangorestframework\n", &[]);
    let below = [("shop/manage.py", "import django\n"), ("shop/mysite/settings.py", "INSTALLED_APPS = ['storages']\n")];
    let wsgi = ("shop/mysite/wsgi.py", super::WSGI.1);
    case(
        "EB169",
        true,
        &[&below[..], &[wsgi, ("requirements.txt", "django\n"), (".ebextensions/a.config", "option_settings: {}\n")]]
            .concat(),
    );
    apps(true, "debug_toolbar.apps.X", "django\n", &[]);
    apps(false, "corsheaders", "django\ndjango-cors-headers\n", &[]);
    apps(false, "corsheaders", "django\ndjango-cors-middleware\n", &[]);
    apps(false, "corsheaders", "django\n-e git+https://example.com/all.git#egg=all\n", &[]);
    apps(false, "corsheaders", "django\n-r missing.txt\n", &[]);
    apps(false, "corsheaders", "django\n", &[("corsheaders/models.py", "")]);
    apps(false, "rest_framework", "django\ndjoser\n", &[]);
    // Many packages bring it along: known ones do not, and a whole list has what they bring.
    apps(true, "rest_framework", "django\ngunicorn\ndjango-cors-headers\n", &[]);
    let whole =
        "asgiref==3.8.1\nDjango==5.2.8\ndjango-thing==1.0\ngunicorn==23.0.0\npackaging==25.0\nsqlparse==0.5.3\n";
    apps(true, "rest_framework.authtoken", whole, &[]);
    apps(false, "rest_framework", &format!("{whole}djangorestframework==3.16.0\n"), &[]);
    apps(false, "rest_framework", "django\ndjangorestframework\n", &[]);
    apps(false, "taggit", "django\nsomething-with-tags\n", &[]);
}

#[test]
fn applications_of_the_project_that_are_not_there() {
    let apps = |found: bool, app: &str, more: &[(&str, &str)]| {
        let settings = format!("INSTALLED_APPS = ['{app}']\n");
        let files =
            [("manage.py", "import django\n"), ("mysite/settings.py", settings.as_str()), ("shop/__init__.py", "")];
        case("EB169", found, &[&files[..], more].concat());
    };
    apps(true, "shop.cart", &[]);
    apps(true, "shop.cart.apps.CartConfig", &[]);
    apps(false, "shop.CartConfig", &[]);
    apps(false, "cart", &[]);
    apps(false, "store.cart", &[]);
    apps(false, "shop.cart", &[("shop/cart/models.py", "")]);
    apps(false, "shop.cart", &[("shop/cart.py", "")]);
    apps(false, "shop.cart", &[("src/shop/cart/models.py", "")]);
    apps(false, "shop.cart", &[("shop/__init__.py", "from .x import cart\n")]);
    apps(false, "shop.cart", &[(".gitmodules", "[submodule \"shop/cart\"]\n")]);
    apps(false, "shop.cart", &[(".ebignore", "cart/\n!cart/\n")]);
    apps(false, "shop.cart", &[(".platform/hooks/prebuild/a.sh", "aws s3 sync s3://x/cart shop/cart\n")]);
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let tree =
        [super::PROCFILE, super::WSGI].into_iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
    let settings = "INSTALLED_APPS = ['corsheaders', 'storages', 'shop.cart', 'shop.cart.more']\n";
    let tree = tree.file("manage.py", "import django\n").file("mysite/settings.py", settings);
    let tree = tree.file("shop/__init__.py", "").file("requirements.txt", "django\n");
    let report = run(&tree, &Settings::default());
    let found: Vec<_> = report.findings.iter().filter(|finding| finding.rule == "EB169").collect();
    let [finding] = found.as_slice() else { panic!("{report}") };
    let message = "the server does not start: `No module named 'corsheaders'`, since `requirements.txt` does not ask for `django-cors-headers`; nor `storages`, `shop.cart`";
    assert_eq!(finding.message, message);
    let fix = "add `django-cors-headers` and `django-storages` with their versions; take `shop.cart` out, or let the folder ship";
    assert_eq!(finding.fix, fix);
}

#[test]
fn from_which_python_on() {
    let level = |platform: &str, lines: &str| {
        let text = lines.replace(' ', "\n");
        let config = format!("global: {{default_platform: {platform}}}\n");
        let mut tree = Tree::default().file("manage.py", "import django\n").file("requirements.txt", text);
        if !platform.is_empty() {
            tree = tree.file(".elasticbeanstalk/config.yml", config);
        }
        let report = run(&tree, &Settings::default());
        report
            .findings
            .iter()
            .find(|finding| finding.rule == "EB144")
            .map(|finding| (finding.level, finding.message.clone()))
    };
    let of = |platform: &str, lines: &str| level(platform, lines).map(|(level, _)| level);
    // Without a wheel for 3.12 and newer, for 3.13 and newer, for 3.14 only.
    assert_eq!(of("", "pillow==8.0.0"), Some(Level::Error));
    assert_eq!(of("", "pillow==9.5.0"), Some(Level::Note));
    assert_eq!(of("", "pillow==10.3.0"), Some(Level::Note));
    assert_eq!(of("", "pillow==11.0.0"), None);
    assert!(level("", "pillow==9.5.0").is_some_and(|(_, message)| message.contains("Python 3.12 and newer")));
    assert_eq!(of("Python 3.11", "pillow==9.5.0"), None);
    assert_eq!(of("Python 3.12", "pillow==9.5.0"), Some(Level::Error));
    // Where the branch is retired, its environments go on with it.
    assert_eq!(of("Python 3.8 running on 64bit Amazon Linux 2", "pillow==8.0.0"), Some(Level::Warning));
    assert_eq!(of("Python 3.8 running on 64bit Amazon Linux 2", "pillow==9.5.0"), Some(Level::Note));
}

#[test]
fn a_newer_django_asks_for_newer_packages() {
    let platform = (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13}\n");
    let list = "Django==3.2.11\nasgiref==3.5.0\nsqlparse==0.5.1\nwagtail==2.15.3\n";
    let fix = super::advice::fix("EB158", &[platform, ("requirements.txt", list)]);
    let wanted = "take a newer Django: 3.13 runs with 5.1.3 and newer, with the `asgiref` that it asks for, beside a newer `wagtail` that allows it";
    assert_eq!(fix, wanted);
}

#[test]
fn all_that_a_version_stops_beside() {
    let ends = |lines: &str, wanted: &str| {
        let mut tree = Tree::default()
            .file("Procfile", "web: gunicorn app:app\n")
            .file(".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13}\n")
            .file("requirements.txt", lines.replace(' ', "\n"));
        tree.insert("app.py", Entry::File { executable: false, bytes: 13, content: None });
        tree.insert_code("app.py", b"import flask\n".to_vec());
        let mut found = run(&tree, &Settings::default()).findings.into_iter();
        let fix = found.find(|finding| finding.rule == "EB172").expect(lines).fix;
        assert!(fix.starts_with("take `flask` 2.2.5 or newer") && fix.ends_with(wanted), "{fix}");
    };
    ends(
        "Flask==1.0.3 Jinja2==2.11.3 Werkzeug==0.16.1",
        ", or pin `itsdangerous` below 2.1 and `markupsafe` below 2.1",
    );
    ends(
        "Flask==1.0.3 Jinja2==3.0.3 MarkupSafe==2.1.1",
        ", or pin `itsdangerous` below 2.1, `markupsafe` below 2.1 and `werkzeug` below 3.0",
    );
}

#[test]
fn what_takes_the_place_of_what_has_ended() {
    let platform = (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13}\n");
    let says = |lines: &str, settings: &str, views: &str| {
        let text = lines.replace(' ', "\n");
        let files =
            [platform, ("requirements.txt", text.as_str()), ("mysite/settings.py", settings), ("shop/views.py", views)];
        super::advice::fix("EB172", &files)
    };
    let mail = "EMAIL_BACKEND = 'django_ses.SESBackend'\n";
    assert!(says("Django==4.2.27 boto==2.49.0 django-ses==0.8.14", mail, "").starts_with("take a newer `django-ses`"));
    assert!(says("Django==5.2.8 boto==2.49.0", "", "import boto\n").starts_with("let `boto3` take its place"));
    assert!(says("Django==5.2.8 coreapi==2.3.3", "", "import coreapi\n").starts_with("pin `setuptools` below 82"));
    let within = "take `pydantic` 1.10.16 or newer, below 2.0";
    assert_eq!(says("Django==5.2.8 pydantic==1.10.9 fastapi==0.95.2", "", "import fastapi\n"), within);
}

#[test]
fn what_is_imported_at_its_first_use() {
    let says = |lines: &str, settings: &str| {
        let text = lines.replace(' ', "\n");
        let files = [
            ("manage.py", "import django\n"),
            WSGI,
            (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13}\n"),
            ("requirements.txt", text.as_str()),
            ("mysite/settings.py", settings),
            ("mysite/storage.py", "from storages.backends.s3boto3 import S3Boto3Storage\n"),
        ];
        let tree = files.iter().fold(Tree::default(), |tree, (path, content)| tree.file(path, content));
        let report = run(&tree, &Settings::default());
        let found = report.findings.into_iter().find(|finding| finding.rule == "EB172").expect("it stops");
        (found.message.split(':').next().unwrap_or_default().to_owned(), found.level)
    };
    let is = |message: &str, level: Level| (message.to_owned(), level);
    const OLD: &str = "Django==4.2.27 boto3==1.18.0";
    const S3: &str = "storages.backends.s3boto3.S3Boto3Storage";
    let uploads = is("every upload fails", Level::Error);
    let files = is("`collectstatic` fails, and every page with `{% static %}`", Level::Error);
    assert_eq!(says(OLD, &format!("DEFAULT_FILE_STORAGE = '{S3}'\nINSTALLED_APPS = ['storages']\n")), uploads);
    assert_eq!(says(OLD, "DEFAULT_FILE_STORAGE = 'mysite.storage.Media'\n"), uploads);
    assert_eq!(says(OLD, &format!("STATICFILES_STORAGE = '{S3}'\nDEFAULT_FILE_STORAGE = '{S3}'\n")), files);
    assert_eq!(
        says(OLD, &format!("STORAGES = {{\n    'default': {{'BACKEND': '{S3}'}},\n}}\n")),
        is("every use of the storage fails", Level::Error)
    );
    let chosen = format!("import os\nif os.environ.get('X'):\n    STATICFILES_STORAGE = '{S3}'\n");
    assert_eq!(
        says(OLD, &chosen),
        is(
            "where a condition of the settings asks for it, `collectstatic` fails, and every page with `{% static %}`",
            Level::Note
        )
    );
    let ses = "boto==2.49.0 django-ses==0.8.14 Django==4.2.27";
    assert_eq!(says(ses, "EMAIL_BACKEND = 'django_ses.SESBackend'\n"), is("no mail is sent", Level::Warning));
    let start = is("the server does not start", Level::Error);
    assert_eq!(says(ses, "EMAIL_BACKEND = 'django_ses.SESBackend'\nINSTALLED_APPS = ['django_ses']\n"), start);
    assert_eq!(says(OLD, &format!("INSTALLED_APPS = ['filer']\nDEFAULT_FILE_STORAGE = '{S3}'\n")), start);
}

#[test]
fn what_a_server_of_djangos_imports() {
    let lists = |found: bool, lines: &str, more: &[(&str, &str)]| {
        let text = lines.replace(' ', "\n");
        let platform = ("global: {default_platform: Python 3.13}\n", ".elasticbeanstalk/config.yml");
        let files =
            [("manage.py", "import django\n"), WSGI, (platform.1, platform.0), ("requirements.txt", text.as_str())];
        case("EB172", found, &[&files[..], more].concat());
    };
    let views = [("mysite/settings.py", "DEBUG = False\n"), ("shop/views.py", "import requests\n")];
    lists(true, "Django==5.2.8 requests==2.22.0 urllib3==1.25.11", &views);
    lists(false, "Django==5.2.8 requests==2.32.3 urllib3==2.2.3", &views);
    lists(false, "Django==5.2.8 requests==2.22.0 urllib3==1.25.11", &views[..1]);
    lists(false, "Django==5.2.8 urllib3==1.25.11", &[views[0], ("shop/views.py", "def a():\n    import requests\n")]);
    let storage = [("mysite/settings.py", "DEFAULT_FILE_STORAGE = 'storages.backends.s3boto3.S3Boto3Storage'\n")];
    lists(true, "Django==4.2.27 boto3==1.18.0", &storage);
    lists(false, "Django==4.2.27 boto3==1.35.0", &storage);
    lists(false, "Django==5.2.8 boto3==1.18.0", &storage);
    // The storage of years ago, which is another package's.
    let older = [("mysite/settings.py", "DEFAULT_FILE_STORAGE = 'storages.backends.s3boto.S3BotoStorage'\n")];
    lists(false, "Django==5.2.8 boto3==1.18.0", &older);
    let cors = [("mysite/settings.py", "MIDDLEWARE = ['corsheaders.middleware.CorsMiddleware']\n")];
    lists(true, "Django==5.2.8 django-cors-headers==3.2.1", &cors);
    let apps = [("mysite/settings.py", "INSTALLED_APPS = ['taggit', 'widget_tweaks']\n")];
    lists(true, "Django==4.2.27 django-taggit==0.24.0", &apps);
    lists(false, "Django==4.2.27 django-taggit==1.5.0", &apps);
    lists(true, "Django==4.2.27 django-widget-tweaks==1.4.12", &apps);
    lists(false, "Django==4.2.27 django-widget-tweaks==1.4.12 setuptools==75.0.0", &apps);
    lists(false, "Django==3.2.25 django-cors-headers==3.2.1", &cors);
    let rest = [
        ("mysite/settings.py", "INSTALLED_APPS = ['rest_framework']\n"),
        ("shop/views.py", "from rest_framework import views\n"),
    ];
    lists(true, "Django==2.2.28 setuptools==75.0.0 djangorestframework==3.6.3", &rest);
    lists(true, "Django==2.2.28 setuptools==75.0.0 djangorestframework==3.9.1", &rest);
    lists(false, "Django==2.2.28 setuptools==75.0.0 djangorestframework==3.9.4", &rest);
    lists(true, "Django==3.2.25 pytz==2017.3", &[]);
    lists(false, "Django==3.2.25 pytz==2018.4", &[]);
    lists(false, "Django==4.2.27 pytz==2017.3", &[]);
    // Modules that the settings name, and packages that others import.
    let own = [
        ("mysite/settings.py", "DEFAULT_FILE_STORAGE = 'mysite.storage.Media'\n"),
        ("mysite/storage.py", "from storages.backends.s3boto3 import S3Boto3Storage\nimport boto3\n"),
    ];
    lists(true, "Django==4.2.27 botocore==1.12.136", &own);
    lists(false, "Django==4.2.27 botocore==1.12.136", &own[1..]);
    let set = |text: &'static str| [("mysite/settings.py", text)];
    lists(true, "Django==4.2.27 itypes==1.1.0 drf-yasg==1.20.0", &set("INSTALLED_APPS = ['drf_yasg']\n"));
    lists(false, "Django==4.2.27 itypes==1.1.0 drf-yasg==1.21.10", &set("INSTALLED_APPS = ['drf_yasg']\n"));
    lists(false, "Django==4.2.27 itypes==1.2.0 drf-yasg==1.21.10", &set("INSTALLED_APPS = ['drf_yasg']\n"));
    lists(true, "Django==4.2.27 boto==2.49.0 django-ses==0.8.14", &set("EMAIL_BACKEND = 'django_ses.SESBackend'\n"));
    lists(false, "Django==4.2.27 boto==2.49.0 django-ses==4.0.0", &set("EMAIL_BACKEND = 'django_ses.SESBackend'\n"));
    lists(true, "Django==4.2.27 django-polymorphic==2.0.2", &set("INSTALLED_APPS = ['filer']\n"));
    lists(true, "Django==4.2.27 django-hosts==4.0", &set("INSTALLED_APPS = ['django_hosts']\n"));
    lists(false, "Django==4.2.27 django-hosts==6.0", &set("INSTALLED_APPS = ['django_hosts']\n"));
    let daphne = set("INSTALLED_APPS = ['daphne']\n");
    lists(true, "Django==5.2.8 zope.interface==5.4.0", &daphne);
    lists(false, "Django==5.2.8 zope.interface==7.0", &daphne);
    let noise = set("MIDDLEWARE = ['whitenoise.middleware.WhiteNoiseMiddleware']\n");
    lists(true, "Django==4.2.27 whitenoise==3.3.1", &noise);
    lists(false, "Django==4.2.27 whitenoise==4.1.4", &noise);
    lists(false, "Django==2.2.28 setuptools==75.0.0 whitenoise==3.3.1", &noise);
    let extensions = set("INSTALLED_APPS = ['django_extensions']\n");
    lists(true, "Django==4.2.27 django-extensions==2.1.0", &extensions);
    lists(false, "Django==4.2.27 django-extensions==3.0.0", &extensions);
    lists(true, "Django==4.2.27 graphene==2.1.8", &set("INSTALLED_APPS = ['graphene_django']\n"));
    lists(
        true,
        "Django==4.2.27 PyJWT==1.6.4",
        &set("REST = {'A': ['django_cognito_jwt.JSONWebTokenAuthentication']}\n"),
    );
    lists(true, "Django==4.2.27 raven==5.24.3", &set("INSTALLED_APPS = ['raven.contrib.django.raven_compat']\n"));
    lists(false, "Django==4.2.27 raven==6.10.0", &set("INSTALLED_APPS = ['raven.contrib.django.raven_compat']\n"));
    let view = |text: &'static str| [("mysite/settings.py", "DEBUG = False\n"), ("shop/views.py", text)];
    lists(true, "Django==5.2.8 requests==2.19.1", &view("import requests\n"));
    lists(true, "Django==5.2.8 pyOpenSSL==19.1.0 cryptography==44.0.0", &view("from OpenSSL import crypto\n"));
    lists(false, "Django==5.2.8 pyOpenSSL==19.1.0 cryptography==38.0.4", &view("from OpenSSL import crypto\n"));
    lists(true, "Django==5.2.8 openai==1.10.0", &view("import openai\n"));
    lists(false, "Django==5.2.8 openai==1.10.0 httpx==0.27.2", &view("import openai\n"));
    lists(false, "Django==5.2.8 openai==1.10.0 supabase", &view("import openai\n"));
    lists(false, "Django==5.2.8 openai==1.55.3", &view("import openai\n"));
    lists(true, "Django==5.2.8 imageio-ffmpeg==0.4.5", &view("from moviepy.editor import VideoFileClip\n"));
    lists(true, "Django==5.2.8 marshmallow==2.15.0", &view("import marshmallow\n"));
    lists(true, "Django==5.2.8 marshmallow==2.20.0", &view("import marshmallow\n"));
    lists(true, "Django==5.2.8 SQLAlchemy==1.1.11", &view("import sqlalchemy\n"));
    lists(true, "Django==5.2.8 alembic==0.9.9 SQLAlchemy==1.3.0", &view("import alembic\n"));
    lists(false, "Django==5.2.8 alembic==1.0.11 SQLAlchemy==1.3.24", &view("import alembic\n"));
    lists(true, "Django==2.2.28 setuptools==75.0.0 django-cors-headers==2.2.0", &cors);
    lists(false, "Django==2.2.28 setuptools==75.0.0 django-cors-headers==1.1.0", &cors);
    let countries = set("INSTALLED_APPS = ['django_countries']\n");
    lists(true, "Django==4.2.27 django-countries==5.5", &countries);
    lists(true, "Django==4.2.27 setuptools==75.0.0 django-countries==5.3.2", &countries);
    lists(false, "Django==2.2.28 django-countries==5.3.2", &countries);
    lists(true, "Django==2.2.28 setuptools==75.0.0 djangorestframework==3.5.4", &rest);
    let logging = view("from google.cloud import logging\n");
    lists(true, "Django==4.2.27 google-cloud-logging==1.9.1", &logging);
    lists(true, "Django==4.2.27 google-api-core==1.7.0", &logging);
    lists(true, "Django==4.2.27 protobuf==3.6.0", &logging);
    lists(true, "Django==4.2.27 cachetools==3.0.0 google-auth==1.6.2", &logging);
    lists(false, "Django==4.2.27 cachetools==3.0.0 google-auth==2.50.0", &logging);
    lists(true, "Django==4.2.27 gcloud==0.17.0", &view("import pyrebase\n"));
    lists(true, "Django==4.2.27 requests-toolbelt==0.7.0", &view("import pyrebase\n"));
    lists(false, "Django==4.2.27 requests-toolbelt==0.9.1", &view("import pyrebase\n"));
    lists(true, "Django==4.2.27 urllib3==1.24.3", &set("INSTALLED_APPS = ['paypal.standard.ipn']\n"));
    lists(
        true,
        "Django==4.2.27 setuptools==75.0.0 itypes==1.1.0 drf-yasg==1.14.0",
        &view("from drf_yasg import openapi\n"),
    );
    lists(true, "Django==5.2.8 vine==1.1.3", &view("import celery\n"));
    lists(true, "Django==4.2.27 celery==4.4.7", &[("mysite/settings.py", ""), ("shop/views.py", "import celery\n")]);
    lists(false, "Django==5.2.8 django-cors-headers==4.4.0", &cors);
    // The newest setuptools has no `pkg_resources`.
    lists(true, "Django==5.2.8 gunicorn==20.1.0", &[]);
    lists(true, "Django==5.2.8 gunicorn==20.1.0 setuptools==84.0.0", &[]);
    lists(false, "Django==5.2.8 gunicorn==20.1.0 setuptools==75.0.0", &[]);
    lists(false, "Django==5.2.8 gunicorn==20.1.0 setuptools<81", &[]);
    lists(false, "Django==5.2.8 gunicorn==23.0.0", &[]);
}

#[test]
fn what_is_compiled_whatever_its_version() {
    flask("EB144", true, "python-ldap==3.4.4");
    flask("EB144", true, "python-ldap");
    flask("EB144", true, "GDAL>=3");
    flask("EB144", true, "django-allauth==0.41.0");
    flask("EB144", false, "django-allauth==0.25.2");
    flask("EB144", false, "django-allauth==65.0.0");
    flask("EB144", true, "cryptography==2.1.4");
    flask("EB144", false, "cryptography==2.8");
    flask("EB144", true, "shapely==1.7.1");
    flask("EB144", true, "zope.interface==4.6.0");
    flask("EB144", false, "zope.interface==5.4.0");
    flask("EB144", true, "mysql-connector-python==8.0.19");
    flask("EB144", false, "mysql-connector-python==8.0.33");
    flask("EB144", true, "opencv-python==4.2.0.34");
    flask("EB144", false, "opencv-python==3.4.18.65");
    flask("EB144", true, "djangorestframework-simplejwt==4.4.0");
    flask("EB144", true, "djoser==1.2.0");
    flask("EB144", false, "djoser==1.2.2");
    flask("EB144", true, "catboost==0.24.1");
    flask("EB144", true, "tensorflow-addons==0.11.2");
    flask("EB144", true, "spacy==3.0.6");
    flask("EB144", true, "ruamel.yaml==0.15.89");
    flask("EB144", false, "ruamel.yaml==0.17.21");
    flask("EB144", true, "parsimonious==0.5");
    flask("EB144", false, "parsimonious==0.8.1");
    flask("EB144", true, "html==1.16");
    flask("EB144", false, "html==1.13");
    flask("EB144", true, "futures==3.3.0");
    for fails in ["djangocms-comments==0.2.3", "mysql==0.0.1", "pysqlite3==0.4.2", "pyzmq==17.1.2", "rope==0.11.0"] {
        flask("EB144", true, fails);
    }
    for installs in ["markupsafe==0.23", "mysql==0.0.3", "pendulum==1.5.1", "pyzmq==24.0.1", "rope==1.0.0"] {
        flask("EB144", false, installs);
    }
    flask("EB168", true, "anyjson==0.3.3");
    let headers = (".ebextensions/b.config", "packages:\n  yum:\n    openldap-devel: []\n");
    case("EB144", false, &[headers, ("requirements.txt", "python-ldap==3.4.4\n")]);
}

#[test]
fn what_brings_along_something_that_does_not_install() {
    for fails in [
        "celery==3.1.26",
        "celery<4",
        "celery<4.0,>=3.1",
        "celery~=3.1",
        "kombu==3.0.37",
        "django-celery==3.2.2",
        "django-celery",
        "django-celery>=3.1",
    ] {
        flask("EB144", true, fails);
    }
    for installs in ["celery==4.4.7", "celery<5", "celery", "celery>=3.1", "django-celery==3.1.16", "django-celery<3.2"]
    {
        flask("EB144", false, installs);
    }
    // The end of a range.
    for fails in ["pandas<1.5", "Pillow<=8.3.2", "gevent<22", "troposphere<3"] {
        flask("EB144", true, fails);
    }
    for installs in ["pandas<3", "Pillow<12", "aiohttp<3.8", "numpy<2", "troposphere<=3.0.0"] {
        flask("EB144", false, installs);
    }
    flask("EB144", true, "google-python-cloud-debugger");
}

#[test]
fn a_driver_that_an_old_django_does_not_know() {
    let django = |found: bool, settings: &str, lines: &str| {
        let files = [
            ("manage.py", "import django\n"),
            WSGI,
            (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.11}\n"),
            ("mysite/settings.py", settings),
            ("requirements.txt", lines),
        ];
        case("EB314", found, &files);
    };
    let postgresql =
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': 'db'}}\nUSE_TZ = True\n";
    django(true, postgresql, "Django==2.2.28\npsycopg2-binary==2.9.9\n");
    django(true, postgresql, "Django==3.0.14\npsycopg2\n");
    django(true, postgresql, "Django<3\npsycopg2-binary>=2.8\n");
    django(
        true,
        "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\nUSE_TZ = True\n",
        "Django==2.2.28\npsycopg2-binary==2.9.9\n",
    );
    django(false, postgresql, "Django==3.1.14\npsycopg2-binary==2.9.9\n");
    django(false, postgresql, "Django==2.2.28\npsycopg2-binary==2.8.6\n");
    django(false, postgresql, "Django==2.2.28\npsycopg2-binary<2.9\n");
    django(
        false,
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql'}}\nUSE_TZ = True\n",
        "Django==2.2.28\npsycopg2-binary==2.9.9\n",
    );
    django(
        false,
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nUSE_TZ = False\n",
        "Django==2.2.28\npsycopg2-binary==2.9.9\n",
    );
}

#[test]
fn celery_takes_its_application_first() {
    let celery = |found: bool, line: &str, list: &str| {
        let procfile = format!("web: gunicorn app:app\n{line}\n");
        let files = [("Procfile", procfile.as_str()), ("app.py", ""), ("shop.py", ""), ("requirements.txt", list)];
        case("EB145", found, &files);
    };
    for late in [
        "worker: celery worker -A shop -l info",
        "worker: celery worker --app=shop",
        "worker: celery worker --app shop --loglevel=info",
        "worker: python -m celery worker -A shop",
        "worker: celery -l info worker -A shop",
    ] {
        celery(true, late, "celery==5.2.7\n");
        celery(true, late, "celery\n");
        celery(false, late, "celery==4.4.7\n");
        celery(false, late, "celery<5\n");
    }
    for first in [
        "worker: celery -A shop worker -l info",
        "worker: celery --app=shop worker",
        "worker: celery -A shop worker -A shop",
    ] {
        celery(false, first, "celery==5.2.7\n");
    }
}

#[test]
fn one_digest_wants_all_of_them() {
    const SIX: &str = "six==1.16.0 --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\n";
    let list = |found: bool, lines: &str| case("EB291", found, &[("manage.py", ""), ("requirements.txt", lines)]);
    list(true, &format!("{SIX}idna==3.4\n"));
    list(false, SIX);
    list(false, &format!("{SIX}idna==3.4; python_version < \"3\"\n"));
    list(false, "idna==3.4\nsix\n");
}

#[test]
fn advice_fits_what_is_pinned_beside_it() {
    #[track_caller]
    fn fix(rule: &str, lines: &str, wanted: &str) {
        let lines = lines.replace(' ', "\n");
        let config = "global: {default_platform: Python 3.12}\n";
        let tree = Tree::default()
            .file("manage.py", "")
            .file("Procfile", "web: gunicorn app:app\n")
            .file("app.py", "import boto3\n")
            .file("requirements.txt", lines.as_str())
            .file(".elasticbeanstalk/config.yml", config);
        let report = run(&tree, &Settings::default());
        let fixes: Vec<&str> =
            report.findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.fix.as_str()).collect();
        assert!(fixes.contains(&wanted), "{lines}: {fixes:?}");
    }
    fix("EB144", "numpy==1.24.2", "take `numpy` 1.26 or newer");
    fix("EB144", "numpy==1.24.2 scipy==1.13.1", "take `numpy` 1.26 or newer, below 2.3");
    fix("EB144", "numpy==1.24.2 scipy==1.9.3", "take `numpy` 1.26 or newer, beside a newer `scipy` that allows it");
    fix("EB144", "typed-ast==1.4.1 mypy==0.770", "take `typed-ast` and `mypy` out, which no server needs");
    fix(
        "EB172",
        "boto3==1.9.136 botocore==1.12.136 urllib3==1.24.3",
        "take `urllib3` 1.26.5 or newer, beside newer `botocore` and `boto3` that allow it",
    );
    fix(
        "EB144",
        "Pillow==9.0.0 wagtail==2.15.3",
        "take `pillow` 10.0 or newer, beside a newer `wagtail` that allows it",
    );
    fix(
        "EB158",
        "Django==3.1 wagtail==2.15.3",
        "take a newer Django: 3.12 runs with 4.2.8 and newer, beside a newer `wagtail` that allows it",
    );
    fix(
        "EB158",
        "Django==3.1 django-rest-auth==0.9.5",
        "take a newer Django: 3.12 runs with 4.2.8 and newer, with `dj-rest-auth` in the place of `django-rest-auth`, which has ended",
    );
    fix("EB158", "Django==3.1", "take a newer Django: 3.12 runs with 4.2.8 and newer");
    fix("EB144", "mysql==0.0.1", "take `mysqlclient` or `PyMySQL`: it only named another package");
    fix(
        "EB167",
        "awscli==1.16.126 boto3==1.8.6 botocore==1.12.116",
        "no `botocore` is right for both: `awscli` wants 1.12.116, and `boto3` below 1.12; take `awscli` out, which no server needs",
    );
    fix("EB144", "scikit-learn==1.0.1", "take `scikit-learn` 1.3.1 or newer");
    // What the newer version asks for is pinned too old, and a tool is in the way.
    fix(
        "EB144",
        "Twisted==18.7.0 attrs==18.1.0 Automat==0.7.0",
        "take `twisted` 21.2 or newer, with `attrs` 19.2 and `automat` 0.8 or newer",
    );
    fix("EB144", "pandas==1.1.3 numpy==1.21.2", "take `pandas` 2.1.1 or newer, with `numpy` 1.26 or newer");
    fix(
        "EB144",
        "PyYAML==5.4.1 docker-compose==1.25.5",
        "take `pyyaml` 6.0.1 or newer, and take `docker-compose` out, which no server needs",
    );
    fix("EB144", "awsebcli==3.20.10 wcwidth==0.1.9", "take `awsebcli` out, which no server needs");
    fix(
        "EB172",
        "boto3==1.17.27 botocore==1.20.27 s3transfer==0.3.4 awscli==1.19.27",
        "take `boto3` 1.20 or newer, with the `botocore` and `s3transfer` that it asks for, and take `awscli` out, which no server needs",
    );
    fix("EB167", "awsebcli==3.12.4 requests==2.20.0", "take `awsebcli` out, which no server needs");
    // Compiled with numpy 1.
    fix("EB144", "numpy==1.24.2 pandas==2.1.1", "take `numpy` 1.26 or newer, below 2.0");
    fix("EB167", "requests==2.22.0 urllib3==1.26.18", "take `urllib3` 1.21.1 or newer, and below 1.26");
    fix(
        "EB167",
        "requests==2.19.1 botocore==1.34.162 urllib3==1.26.18",
        "no `urllib3` is right for both: `botocore` wants 1.25.4 or newer, and `requests` below 1.24; take versions of the two that agree",
    );
}

#[test]
fn rows_of_the_table_have_a_beginning_and_an_end() {
    let on = |found: bool, platform: &str, lines: &str| {
        let config = format!("global: {{default_platform: Python {platform}}}\n");
        let text = lines.replace(' ', "\n");
        let files =
            [("manage.py", ""), (".elasticbeanstalk/config.yml", config.as_str()), ("requirements.txt", text.as_str())];
        case("EB144", found, &files);
    };
    for (platform, lines) in [
        ("3.11", "PyYAML==5.4.1"),
        ("3.12", "gevent==22.10.2"),
        ("3.11", "psycopg-binary==3.1.2"),
        ("3.13", "scipy~=1.11.0"),
        ("3.13", "psycopg-binary==3.1.18"),
        ("3.13", "numpy==1.26.0"),
        ("3.12", "pathtools==0.1.2"),
        ("3.11", "ruamel.yaml.clib==0.2.0"),
        ("3.12", "pyproj==3.4.0"),
        ("3.12", "cffi==1.15.1"),
        ("3.11", "pymongo==2.8"),
        ("3.13", "typed-ast==1.5.5"),
        ("3.13", "pydantic==2.7.4"),
        ("3.11", "mysql==0.0.1 mysql-python==1.2.5"),
        ("3.11", "numpy==1.16.4"),
    ] {
        on(true, platform, lines);
    }
    for (platform, lines) in [
        ("3.13", "PyYAML==5.3.1"),
        ("3.12", "pydantic==2.7.4"),
        ("3.13", "pydantic==2.8.2"),
        ("3.13", "PyYAML==6.0.2"),
        ("3.11", "gevent==22.10.2"),
        ("3.13", "psycopg-binary==3.2.3"),
        ("3.12", "numpy==1.26.0"),
        ("3.13", "numpy==1.26.4"),
        // Of a range, pip takes one that there is.
        ("3.13", "scipy~=1.14.0"),
        ("3.11", "pathtools==0.1.2"),
        ("3.11", "cffi==1.15.1"),
        ("3.13", "wrapt==1.12.1"),
        ("3.12", "typed-ast==1.5.5"),
        ("3.13", "tornado==4.5.3"),
    ] {
        on(false, platform, lines);
    }
    let headers = (".ebextensions/b.config", "packages:\n  yum:\n    libffi-devel: []\n");
    let config = (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13}\n");
    case("EB144", false, &[headers, config, ("requirements.txt", "cffi==1.15.1\n")]);
    case("EB040", true, &[("manage.py", ""), ("requirements.txt", "django-heroku==0.3.1\n")]);
}

#[test]
fn imports_are_followed_through_the_projects_own_modules() {
    let six = |found: bool, more: &[(&str, &str)]| {
        let files = [
            ("manage.py", "import django\n"),
            ("mysite/settings.py", "INSTALLED_APPS = ['shop']\n"),
            (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13}\n"),
            ("requirements.txt", "Django==5.2.8\nsix==1.15.0\npython-dateutil==2.8.2\nboto3==1.20.0\n"),
        ];
        case("EB172", found, &[&files[..], more].concat());
    };
    let views = ("shop/views.py", "from .helpers import dates\n\ndef index(request):\n    return None\n");
    let package = ("shop/__init__.py", "");
    six(false, &[views, package]);
    six(true, &[views, package, ("shop/helpers.py", "from dateutil.parser import parse\n")]);
    let helpers = ("shop/helpers/__init__.py", "import shop.helpers.dates\n");
    six(true, &[views, package, helpers, ("shop/helpers/dates.py", "import boto3, os\n")]);
    // Nobody imports it, or only where it is called.
    six(false, &[views, package, ("shop/other.py", "import boto3\n")]);
    six(false, &[views, package, ("shop/helpers.py", "def dates():\n    import boto3\n")]);
    // What another framework serves is followed from where it begins.
    let flask = |found: bool, text: &str| {
        let files = [
            ("Procfile", "web: gunicorn run:app\n"),
            (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13}\n"),
            ("requirements.txt", "Flask==3.0.3\nsix==1.15.0\n"),
            ("run.py", "from site_of import app\n"),
            ("site_of/__init__.py", text),
        ];
        case("EB172", found, &files);
    };
    flask(true, "import boto3\n");
    flask(false, "import requests\n");
}

#[test]
fn addresses_of_packages() {
    flask(
        "EB167",
        true,
        "git+https://example.com/thing.git@v1#egg=thing git+https://example.com/thing.git@v2#egg=thing",
    );
    flask("EB167", false, "git+https://example.com/thing.git#egg=thing git+https://example.com/thing#egg=thing");
    flask("EB167", false, "git+https://example.com/thing.git#egg=thing thing==1.0");
    flask("EB167", true, "boto3==1.9.200 s3transfer==0.1.13");
    flask("EB167", false, "boto3==1.9.200 s3transfer==0.2.1");
    flask("EB167", true, "celery==5.2.7 kombu==5.1.0");
    flask("EB167", false, "celery==5.2.7 kombu==5.2.4");
    flask("EB167", true, "djangorestframework-simplejwt==5.5.0 PyJWT==2.10.1");
    flask("EB167", false, "djangorestframework-simplejwt==5.5.0 PyJWT==2.9.0");
    flask("EB167", true, "pydantic==2.5.3 pydantic-core==2.16.1");
    let git = ("packages:\n  yum:\n    git: []\n", ".ebextensions/b.config");
    let line = ("requirements.txt", "git+ssh://git@github.com/example/thing.git#egg=thing\n");
    case("EB052", true, &[(git.1, git.0), line]);
    let key = (".platform/hooks/prebuild/01_key.sh", "#!/bin/bash\naws s3 cp s3://keys/deploy ~/.ssh/id_ed25519\n");
    case("EB052", false, &[(git.1, git.0), key, line]);
    let https = ("requirements.txt", "git+https://github.com/example/thing.git#egg=thing\n");
    case("EB052", false, &[(git.1, git.0), https]);
}

#[test]
fn lines_with_a_marker_count_where_it_holds() {
    let line = |found: bool, marker: &str, platform: &str| {
        let text = format!("pillow==8.0.0 ; {marker}\n");
        let config = format!("global: {{default_platform: {platform}}}\n");
        case(
            "EB144",
            found,
            &[("manage.py", ""), (".elasticbeanstalk/config.yml", &config), ("requirements.txt", &text)],
        );
    };
    for platform in ["Python 3.13", "Python 3.8 running on 64bit Amazon Linux 2"] {
        line(true, "python_version >= '3.8' and python_version < '4.0'", platform);
        line(true, "sys_platform == 'linux'", platform);
        line(false, "sys_platform == 'win32'", platform);
        line(false, "python_version < '3.9'", platform);
        line(false, "extra == 'images'", platform);
    }
    line(false, "python_version < '3.12'", "Python 3.13");
    line(true, "python_version >= '3.12'", "Python 3.13");
    // Nobody knows which of them it is.
    line(false, "python_version >= '3.12'", "Python 3.8 running on 64bit Amazon Linux 2");
    let lock = "{\"default\": {\"pillow\": {\"version\": \"==8.0.0\", \"markers\": \"python_version >= '3.6'\"}}}";
    case("EB144", true, &[("manage.py", ""), ("Pipfile.lock", lock)]);
}

#[test]
fn classes_that_settings_name_by_their_path() {
    const FROZEN: &str = "asgiref==3.8.1\nDjango==5.2.8\ndjango-storages==1.14.6\nboto3==1.40.0\npackaging==24.2\nsqlparse==0.5.3\ntzdata==2025.1\n";
    let case = |found: bool, settings: &str, lines: &str, more: &[(&str, &str)]| {
        let files =
            [("manage.py", "import django\n"), WSGI, ("mysite/settings.py", settings), ("requirements.txt", lines)];
        case("EB169", found, &[&files[..], more].concat());
    };
    let lacks = |found: bool, settings: &str, lines: &str| case(found, settings, lines, &[]);
    let cache = "CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache'}}\n";
    lacks(true, cache, "Django==5.2\nredis==5.0\n");
    lacks(false, cache, "Django==5.2\ndjango-redis==5.4\n");
    // A list that could not be read to its end.
    lacks(false, cache, "Django==5.2\n-r other.txt\n");
    case(false, cache, "Django==5.2\n", &[("django_redis/cache.py", "")]);
    lacks(false, "import os\nif os.getenv('X'):\n    EMAIL_BACKEND = 'django_ses.SESBackend'\n", "Django==5.2\n");
    lacks(true, "EMAIL_BACKEND = 'django_ses.SESBackend'\n", "Django==5.2\n");
    let storages = "STORAGES = {'default': {'BACKEND': 'storages.backends.s3.S3Storage'}}\n";
    lacks(true, storages, "Django==5.2\nboto3==1.40.0\n");
    lacks(false, storages, FROZEN);
    lacks(true, storages, &FROZEN.replace("boto3==1.40.0\n", "gunicorn==23.0\n"));
    lacks(false, storages, "Django==5.2\ndjango-storages[s3]==1.14\n");
    lacks(false, storages, "Django==5.2\ndjango-storages==1.14\nsomething-else==1.0\n");
    let older = "DEFAULT_FILE_STORAGE = 'storages.backends.s3boto3.S3Boto3Storage'\n";
    lacks(true, older, "Django==4.1\n");
    // Since Django 5.1 nobody asks for it.
    lacks(false, older, "Django==5.2\n");
    // A package of nearly the right name.
    lacks(true, "INSTALLED_APPS = ['storages']\n", "Django==4.2\nstorage==0.0.4\n");
    lacks(false, "INSTALLED_APPS = ['storages']\n", "Django==4.2\ndjango-storages-redux==1.3\n");
}

#[test]
fn modules_that_nobody_brings() {
    let apps = |found: bool, app: &str, lines: &str| {
        let settings = format!("INSTALLED_APPS = ['django.contrib.admin', '{app}']\n");
        let files =
            [("manage.py", "import django\n"), ("mysite/settings.py", settings.as_str()), ("requirements.txt", lines)];
        case("EB169", found, &files);
    };
    for (app, package) in [
        ("oauth2_provider", "django-oauth-toolkit"),
        ("django_q", "django-q"),
        ("django_q", "django-q2"),
        ("ratelimit", "ratelimit"),
        ("captcha", "django-recaptcha==3.0.0"),
        ("social_django", "djoser"),
        ("widget_tweaks", "django-oscar"),
        ("bootstrap5", "django-bootstrap-v5"),
    ] {
        apps(true, app, "django\ngunicorn\n");
        apps(false, app, &format!("django\n{package}\n"));
    }
    // What many bring is missing in a whole list only.
    apps(false, "guardian", "django\nsome-thing\n");
    apps(true, "guardian", "django\ngunicorn\n");
    // Code that the server imports asks for the same.
    let model = |found: bool, import: &str, more: &[(&str, &str)]| {
        let text = format!("{import}\n");
        let files = [
            ("manage.py", "import django\n"),
            ("mysite/settings.py", "INSTALLED_APPS = ['shop']\nROOT_URLCONF = 'mysite.urls'\n"),
            ("shop/__init__.py", ""),
            ("shop/models.py", text.as_str()),
            ("requirements.txt", "django\ngunicorn\n"),
            (
                ".ebextensions/a.config",
                "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'mysite.wsgi:application'}\n",
            ),
        ];
        case("EB169", found, &[&files[..], more].concat());
    };
    model(true, "from phonenumber_field.modelfields import PhoneNumberField", &[]);
    model(true, "import sentry_sdk", &[]);
    model(false, "try:\n    import sentry_sdk\nexcept ImportError:\n    pass", &[]);
    model(false, "import knox", &[("knox/__init__.py", "")]);
    model(false, "from .knox import x", &[]);
}

#[test]
fn lists_that_an_image_or_a_script_installs() {
    const APP: (&str, &str) = ("app.py", "from flask import Flask\napp = Flask(__name__)\n");
    let image = |found: bool, from: &str, lines: &str| {
        let text =
            format!("FROM {from}\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD gunicorn app:app\n");
        let list = lines.replace(' ', "\n");
        let run = ("Dockerrun.aws.json", "{\"AWSEBDockerrunVersion\": \"1\"}");
        case("EB172", found, &[run, ("Dockerfile", &text), ("requirements.txt", &list), APP]);
    };
    image(true, "python:3.7.0-alpine", "Flask==0.12.1");
    image(true, "public.ecr.aws/docker/library/python:3.11-slim", "Flask==1.0.2 gunicorn==23.0.0");
    // An older Jinja2 is the newest for this Python.
    image(false, "python:3.6", "Flask==0.12.1");
    image(false, "python:3.7", "Flask==0.12.1 Jinja2==2.11.3 MarkupSafe==1.1.1 Werkzeug==0.16.1 itsdangerous==1.1.0");
    image(false, "python:3.7", "Flask==2.2.5");
    image(false, "ubuntu", "Flask==0.12.1");
    // The newest that there is.
    image(true, "python", "Flask==0.12.1");
    image(false, "python:$TAG", "Flask==0.12.1");
    image(true, "python:3.12", "Flask==3.1.2 Jinja2==2.10.1");
    image(false, "python:3.9", "Flask==3.1.2 Jinja2==2.10.1 MarkupSafe==2.0.1");
    let built = |found: bool, build: &str| {
        let compose = format!("services:\n  web:\n    build: {build}\n    ports: ['80:5000']\n");
        let text = "FROM python:3.9\nWORKDIR /app\nCOPY requirements.txt /app/\nRUN pip install -r requirements.txt\nCOPY . .\n";
        let files = [
            ("docker-compose.yml", compose.as_str()),
            ("web/Dockerfile", text),
            ("web/requirements.txt", "Flask==0.12.1\n"),
            ("web/app.py", APP.1),
            (".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n"),
        ];
        case("EB172", found, &files);
    };
    built(true, "web");
    built(true, "{context: ./web}");
    built(false, "other");
    let script = |rule: &str, found: bool, list: &str, command: &str, own: Option<&str>| {
        let config = format!("container_commands:\n  a: {{command: '{command}'}}\n");
        let mut files = vec![
            ("Procfile", "web: gunicorn app:app\n"),
            (".ebextensions/a.config", config.as_str()),
            ("requirements/base.txt", list),
        ];
        files.push(("app.py", "import flask\nimport requests\n"));
        files.extend(own.map(|own| ("requirements.txt", own)));
        case(rule, found, &files);
    };
    let pip = "pip install -r requirements/base.txt";
    script("EB172", true, "requests==2.13.0\n", pip, None);
    script("EB172", true, "requests==2.13.0\n", pip, Some("Flask==3.1.2\n"));
    script(
        "EB172",
        true,
        "requests==2.13.0\n",
        "pip3 install --requirement /var/app/staging/requirements/base.txt",
        None,
    );
    script("EB172", false, "requests==2.31.0\n", pip, None);
    script("EB172", false, "requests==2.13.0\n", "ls requirements/base.txt", None);
    script("EB172", false, "boto3==1.4.4\n", pip, None);
    script("EB158", true, "Django==1.11\n", pip, None);
    script("EB158", false, "Django==5.2.8\n", pip, None);
}
