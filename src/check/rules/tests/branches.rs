//! Branches: settings that depend on something, and what is true of them whatever it says.

use super::advice::said;
use super::case;
use crate::level::Level;

const EB: (&str, &str) = (".ebextensions/a.config", "");
const MANAGE: (&str, &str) = ("manage.py", "import django\n");

#[track_caller]
fn level(rule: &str, expected: Option<Level>, files: &[(&str, &str)]) {
    let found = said(rule, &[&[EB], files].concat());
    assert_eq!(found.first().map(|finding| finding.level), expected, "{files:#?}\n{found:#?}");
}

#[test]
fn what_every_branch_says_is_known() {
    let debug = |expected: Option<Level>, text: &str| level("EB110", expected, &[("mysite/settings.py", text)]);
    let read = |found: bool, text: &str| case("EB114", found, &[EB, MANAGE, ("mysite/settings.py", text)]);
    for text in [
        "if live():\n    DEBUG = True\nelse:\n    DEBUG = True\n",
        "if live():\n    DEBUG = True\nelif other():\n    DEBUG = True\nelse:\n    DEBUG = True\n",
        "try:\n    load()\n    DEBUG = True\nexcept Exception:\n    DEBUG = True\n",
        "try:\n    load()\nexcept ValueError:\n    DEBUG = True\nexcept Exception:\n    raise\nelse:\n    DEBUG = True\n",
        "match live():\n    case 1:\n        DEBUG = True\n    case _:\n        DEBUG = True\n",
    ] {
        debug(Some(Level::Error), text);
        read(false, &format!("ALLOWED_HOSTS = ['*']\nDATABASES = {{}}\n{text}"));
    }
    for text in [
        "if live():\n    DEBUG = True\nelse:\n    DEBUG = False\n",
        "if live():\n    DEBUG = True\n",
        "if live():\n    DEBUG = True\nelse:\n    DEBUG = True\n    DEBUG = not DEBUG\n",
        "match live():\n    case 1:\n        DEBUG = True\n    case 2:\n        DEBUG = True\n",
    ] {
        debug(None, text);
        read(true, text);
    }
}

#[test]
fn modules_that_a_variable_chooses() {
    const CHOICE: &str = "import os\nif os.environ.get('STAGE') == 'prod':\n    from .production import *\nelse:\n    from .local import *\n";
    let files = |local: &'static str, production: &'static str| {
        [
            ("mysite/settings/__init__.py", CHOICE),
            ("mysite/settings/local.py", local),
            ("mysite/settings/production.py", production),
        ]
    };
    // Without the variable it is on, and with it nobody has said so.
    level("EB110", Some(Level::Warning), &files("DEBUG = True\n", "DEBUG = False\n"));
    level("EB110", Some(Level::Error), &files("DEBUG = True\n", "DEBUG = True\n"));
    // A setting of the other module is no certain one, and neither is a file that only one opens.
    level("EB012", None, &files("DEBUG = False\n", "SECURE_SSL_REDIRECT = True\n"));
    level("EB178", None, &files("X = open(BASE_DIR / 'db.json').read()\n", "DEBUG = False\n"));
    // What both take in, both have.
    let base = [("mysite/settings/base.py", "DEBUG = True\n")];
    let both = files("from .base import *\n", "from .base import *\n");
    level("EB110", Some(Level::Error), &[&both[..], &base].concat());
}

#[test]
fn storages_that_a_variable_chooses_may_all_be_here() {
    const COLLECTS: &str = "container_commands:\n  01_a:\n    command: source /var/app/venv/*/bin/activate && python manage.py collectstatic --noinput\n";
    let chosen = |found: bool, backend: &str, more: &str| {
        let settings = format!(
            "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nINSTALLED_APPS = ['django.contrib.staticfiles']\n\
             STATIC_ROOT = BASE_DIR / 'staticfiles'\nif 'DEVENV' not in os.environ:\n    STORAGES = {{\n        'default': {{'BACKEND': 'storages.backends.s3.S3Storage'}},\n        \
             'staticfiles': {{\n            'BACKEND': '{backend}'\n        }},\n    }}\n{more}"
        );
        case("EB093", found, &[(".ebextensions/a.config", COLLECTS), MANAGE, ("mysite/settings.py", &settings)]);
    };
    const WHITENOISE: &str = "whitenoise.storage.CompressedManifestStaticFilesStorage";
    chosen(true, WHITENOISE, "");
    chosen(true, WHITENOISE, "STATICFILES_STORAGE = 'whitenoise.storage.CompressedStaticFilesStorage'\n");
    chosen(false, "storages.backends.s3.S3Storage", "");
    chosen(
        true,
        WHITENOISE,
        "TEMPLATES = [{'OPTIONS': {'libraries': {'staticfiles': 'django.templatetags.static'}}}]\n",
    );
    chosen(false, WHITENOISE, "    STORAGES['staticfiles']['BACKEND'] = os.environ['STORAGE']\n");
    chosen(false, WHITENOISE, "STATICFILES_STORAGE = 'storages.backends.s3.S3Storage'\n");
}

#[test]
fn files_that_are_collected_outside_of_the_bundle() {
    const COLLECTS: &str = "container_commands:\n  01_a:\n    command: source /var/app/venv/*/bin/activate && python manage.py collectstatic --noinput\n";
    let root = |found: bool, root: &str| {
        let settings = format!(
            "import os\nBASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nINSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = {root}\n"
        );
        case("EB093", found, &[(".ebextensions/a.config", COLLECTS), MANAGE, ("mysite/settings.py", &settings)]);
    };
    root(true, "os.path.join(BASE_DIR, 'static')");
    root(true, "'/var/app/current/static'");
    root(true, "'static'");
    root(false, "os.path.join(BASE_DIR, '..', 'static')");
    root(false, "'/var/www/static'");
    // No deployment takes them away, but the others never had them.
    let leader = |found: bool, root: &str, more: &str| {
        let settings = format!(
            "import os\nBASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nINSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = {root}\n"
        );
        let config = format!("{COLLECTS}    leader_only: true\n{more}");
        case("EB031", found, &[(".ebextensions/a.config", &config), MANAGE, ("mysite/settings.py", &settings)]);
    };
    leader(true, "os.path.join(BASE_DIR, 'static')", "");
    leader(true, "os.path.join(BASE_DIR, '..', 'static')", "");
    leader(true, "'/var/www/static'", "");
    leader(false, "'/mnt/static'", "");
    leader(false, "'/var/www/static'", "commands:\n  01_a:\n    command: mount -t nfs4 fs.example.com:/ /var/www\n");
    let class = "from configurations import Configuration, values\nclass Site(Configuration):\n    STATIC_ROOT = values.Value('x')\n";
    let files = [(".ebextensions/a.config", COLLECTS), ("mysite/settings.py", class)];
    let found = said("EB093", &files);
    assert!(found.iter().all(|finding| finding.level == Level::Note), "{found:#?}");
}

#[test]
fn two_conditions_are_one() {
    const COLLECTS: &str =
        "container_commands:\n  01_a:\n    command: source /var/app/venv/*/bin/activate && python manage.py migrate\n";
    let base = "import os\nINSTALLED_APPS = []\nROOT_URLCONF = 'mysite.urls'\n";
    let own = format!(
        "{base}DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ.get('H', 'localhost')}}}}\n"
    );
    let other = format!(
        "{base}DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'HOST': 'db.example.com'}}}}\n"
    );
    let files = [
        (".ebextensions/a.config", COLLECTS),
        ("mysite/settings.py", own.as_str()),
        ("mysite/settings_production.py", other.as_str()),
    ];
    let found = said("EB132", &files);
    let message = &found.first().expect("its own settings ask the instance").message;
    assert_eq!(message.matches("unless").count(), 1, "{message}");
    assert!(message.starts_with("unless `DJANGO_SETTINGS_MODULE` names `mysite.settings_production`, or a variable"));
}

#[test]
fn settings_that_cannot_be_imported_are_no_others() {
    let base = "INSTALLED_APPS = []\nROOT_URLCONF = 'mysite.urls'\nDEBUG = True\n";
    let other = |import: &'static str| [EB, ("mysite/settings.py", base), ("mysite/prod_settings.py", import)];
    level("EB110", Some(Level::Error), &other("from settings import *\nDEBUG = False\n"));
    level("EB110", Some(Level::Warning), &other("from .settings import *\nDEBUG = False\n"));
}
