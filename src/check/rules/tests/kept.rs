//! Files that modules of the server open, and data that they keep beside the code.

use super::case;

const PROCFILE: (&str, &str) = ("Procfile", "web: gunicorn app:app\n");
const LIST: (&str, &str) = ("requirements.txt", "flask==3.1.2\ngunicorn==23.0.0\n");

#[track_caller]
fn app(rule: &str, found: bool, code: &str, more: &[(&str, &str)]) {
    let code = format!("import logging\n{code}\napp = None\n");
    case(rule, found, &[&[PROCFILE, LIST, ("app.py", code.as_str())], more].concat());
}

#[test]
fn logs_in_folders_that_are_gone() {
    for code in [
        "logging.basicConfig(filename='/opt/python/log/web.log', level=logging.DEBUG)",
        "handler = logging.FileHandler(\"/opt/python/log/web.log\")",
        "LOG = '/opt/python/log/web.log'\nlogging.getLogger().addHandler(RotatingFileHandler(LOG, maxBytes=1))",
        "env = open('/opt/python/current/env').read()",
    ] {
        app("EB033", true, code, &[]);
    }
    for code in [
        "def log():\n    logging.basicConfig(filename='/opt/python/log/web.log')",
        "if DEBUG:\n    logging.basicConfig(filename='/opt/python/log/web.log')",
        "# logging.basicConfig(filename='/opt/python/log/web.log')",
        "handler = logging.FileHandler('/opt/python/log/web.log', delay=True)",
        "logging.basicConfig(filename='/tmp/web.log')",
    ] {
        app("EB033", false, code, &[]);
    }
    let old = "logging.basicConfig(filename='/opt/python/log/web.log')";
    let made = "container_commands:\n  a:\n    command: mkdir -p /opt/python/log\n";
    app("EB033", false, old, &[(".ebextensions/a.config", made)]);
    // A module that is imported from there.
    app("EB033", true, "from shop.log import logger", &[("shop/__init__.py", ""), ("shop/log.py", old)]);
    app("EB033", false, "", &[("shop/log.py", old)]);
}

#[test]
fn logs_in_folders_that_nobody_makes() {
    let log = |path: &str| format!("logging.basicConfig(filename='{path}')");
    for path in ["logs/web.log", "./logs/web.log", "/var/log/web.log", "/home/ubuntu/shop/web.log"] {
        app("EB293", true, &log(path), &[]);
    }
    for path in ["web.log", "/tmp/web.log", "/var/log/app/web.log", "../logs/web.log", "{HERE}/web.log"] {
        app("EB293", false, &log(path), &[]);
    }
    app("EB293", false, &log("logs/web.log"), &[("logs/.gitkeep", "")]);
    app("EB293", false, &format!("os.makedirs('logs', exist_ok=True)\n{}", log("logs/web.log")), &[]);
    let made = "container_commands:\n  a:\n    command: mkdir logs && chown webapp logs\n";
    app("EB293", false, &log("logs/web.log"), &[(".ebextensions/a.config", made)]);
    app("EB293", false, &log("logs/web.log"), &[("Procfile", "web: gunicorn --chdir src app:app\n")]);
    app("EB293", false, "open('data/x.csv')", &[]);
}

#[test]
fn data_beside_the_code() {
    for code in [
        "huey = SqliteHuey(filename=\"./huey.db\")",
        "def connect():\n    return sqlite3.connect('shop.db')",
        "URL = \"sqlite:///./shop.db\"\nengine = create_engine(\n    URL, connect_args={}\n)",
        "jobs = SQLAlchemyJobStore(url='sqlite:///jobs.sqlite')",
        "db = TinyDB('db.json')",
    ] {
        app("EB080", true, code, &[]);
    }
    for code in [
        "huey = RedisHuey(url='redis://x.example.com')",
        "db = sqlite3.connect(':memory:')",
        "db = sqlite3.connect('/var/lib/shop/shop.db')",
        "engine = create_engine(os.environ['DATABASE_URL'])",
        "URL = os.getenv('DATABASE_URL', 'sqlite:///./shop.db')\nengine = create_engine(URL)",
        "# db = sqlite3.connect('shop.db')",
    ] {
        app("EB080", false, code, &[]);
    }
    // The consumer loads what the server does not.
    let queue = ("shop/queue.py", "huey = SqliteHuey(filename='./huey.db')\n");
    app("EB080", false, "", &[queue]);
    app("EB080", true, "", &[queue, ("Procfile", "web: gunicorn app:app\nworker: huey_consumer.py shop.queue.huey\n")]);
    // What ships and is only read stays as it is.
    let read = "db = sqlite3.connect('geo.db')\nrows = db.execute('SELECT 1')";
    app("EB080", false, read, &[("geo.db", "")]);
    app("EB080", true, &format!("{read}\ndb.execute('INSERT INTO a VALUES (1)')"), &[("geo.db", "")]);
}

#[test]
fn queues_that_settings_and_processes_keep_in_files() {
    let settings = |found: bool, text: &str| {
        case("EB080", found, &[("manage.py", ""), ("requirements.txt", "django\n"), ("mysite/settings.py", text)]);
    };
    settings(true, "CELERY_RESULT_BACKEND = 'db+sqlite:///results.sqlite'\n");
    settings(true, "CELERY_BROKER_URL = 'sqla+sqlite:///celery.sqlite'\n");
    settings(true, "HUEY = {'huey_class': 'huey.SqliteHuey', 'filename': 'huey.db'}\n");
    settings(false, "CELERY_RESULT_BACKEND = 'db+sqlite:////var/lib/shop/results.sqlite'\n");
    settings(false, "CELERY_RESULT_BACKEND = 'redis://x.example.com'\n");
    settings(false, "CELERY_RESULT_BACKEND = os.environ['X']\n");
    let bot = ("bot.py", "db = TinyDB('db.json')\n");
    app("EB080", true, "", &[bot, ("Procfile", "web: gunicorn app:app\nbot: python bot.py\n")]);
    app("EB080", false, "", &[bot]);
}
