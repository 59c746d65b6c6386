//! Applications of Flask's and FastAPI's: what they are told, what they open and ask, and where they answer.

use super::case;
use crate::beanstalk::tree::{Entry, Tree};
use crate::check::{Settings, run};

const LIST: (&str, &str) = ("requirements.txt", "Flask==3.1.2\nFlask-SQLAlchemy==3.1.1\ngunicorn==23.0.0\n");
const PROCFILE: (&str, &str) = ("Procfile", "web: gunicorn app:app\n");
const OPTION: (&str, &str) =
    (".ebextensions/a.config", "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'app:app'}\n");

#[track_caller]
pub(super) fn app(rule: &str, found: bool, code: &str, more: &[(&str, &str)]) {
    let code = format!("import os\nfrom flask import Flask\napp = Flask(__name__)\n{code}\n");
    case(rule, found, &[&[PROCFILE, OPTION, LIST, ("app.py", &code)], more].concat());
}

#[test]
fn keys_of_packages_that_are_not_there() {
    const KEY: &str = "app.config['JWT_SECRET_KEY'] = 'Q7xk2VbN9mLp'";
    app("EB112", false, KEY, &[]);
    app("EB112", true, &format!("from flask_jwt_extended import JWTManager\n{KEY}\nJWTManager(app)"), &[]);
    app(
        "EB112",
        true,
        &format!("import jwt\n{KEY}\ndef sign(a):\n    return jwt.encode(a, app.config['JWT_SECRET_KEY'])"),
        &[],
    );
    app("EB112", false, "app.config.update(WTF_CSRF_SECRET_KEY='Q7xk2VbN9mLp')", &[]);
    app("EB112", true, "import flask_wtf\napp.config.update(WTF_CSRF_SECRET_KEY='Q7xk2VbN9mLp')", &[]);
}

#[test]
fn keys_that_sign() {
    for code in [
        "app.config['SECRET_KEY'] = 'Q7xk2VbN9mLp'",
        "app.secret_key = 'super secret'",
        "app.config.update(SECRET_KEY='dev')",
        "app.config.from_mapping(SECRET_KEY='dev', DEBUG=False)",
        "class Config:\n    SECRET_KEY = 'dev'\nclass Production(Config):\n    pass\napp.config.from_object(Production)",
        "def create_app():\n    app = Flask(__name__)\n    app.config['SECRET_KEY'] = 'dev'\n    return app",
    ] {
        app("EB112", true, code, &[]);
        app("EB132", false, code, &[]);
    }
    for code in [
        "app.config['SECRET_KEY'] = os.getenv('SECRET_KEY', 'Q7xk2VbN9mLp')",
        "app.secret_key = os.environ.get('SECRET_KEY') or 'dev'",
    ] {
        app("EB132", true, code, &[]);
        app("EB112", false, code, &[]);
        let given = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    SECRET_KEY: Placeholder\n";
        app("EB132", false, code, &[(".ebextensions/b.config", given)]);
    }
    for code in [
        "app.config['SECRET_KEY'] = os.environ['SECRET_KEY']",
        "app.secret_key = os.environ.get('SECRET_KEY')",
        "class Config:\n    SECRET_KEY = 'dev'",
        "other['SECRET_KEY'] = 'dev'",
    ] {
        app("EB112", false, code, &[]);
        app("EB132", false, code, &[]);
    }
    // A default with which it does not start is used by nobody.
    let demands = "app.config['SECRET_KEY'] = os.environ.get('SECRET_KEY', 'dev')\nif app.config['SECRET_KEY'] == 'dev':\n    raise RuntimeError('no key')";
    app("EB132", false, demands, &[]);
    app("EB132", true, &demands.replace("raise RuntimeError", "print"), &[]);
    app("EB083", true, "app.secret_key = os.urandom(24)", &[]);
    let config = ("config.py", "class Config:\n    SECRET_KEY = 'dev'\n");
    app("EB112", true, "app.config.from_object('config.Config')", &[config]);
    app("EB112", true, "from config import Config\napp.config.from_object(Config)", &[config]);
    app("EB112", true, "import config\napp.config.from_object(config.Config)", &[config]);
    app("EB112", false, "from config import Other\napp.config.from_object(Other)", &[config]);
    app("EB112", true, "app.config['MAIL_PASSWORD'] = 'hT7kQ29xLm'", &[]);
    app("EB112", false, "app.config['MAIL_PASSWORD'] = 'your-password-1'", &[]);
    app("EB112", false, "app.config['MAIL_PASSWORD'] = os.environ.get('MAIL_PASSWORD')", &[]);
}

#[test]
fn databases() {
    let address = |rule: &str, found: bool, value: &str| {
        app(rule, found, &format!("app.config['SQLALCHEMY_DATABASE_URI'] = {value}"), &[]);
    };
    address("EB080", true, "'sqlite:///shop.db'");
    address("EB080", true, "'sqlite:///' + os.path.join(os.path.dirname(__file__), 'shop.db')");
    address("EB080", false, "'sqlite:////mnt/efs/shop.db'");
    address("EB080", false, "'sqlite://'");
    address("EB080", false, "'sqlite:///:memory:'");
    address("EB132", true, "os.environ.get('DATABASE_URL', 'sqlite:///shop.db')");
    address("EB132", true, "os.environ.get('DATABASE_URL') or 'sqlite:///shop.db'");
    address("EB132", true, "os.environ.get('DATABASE_URL', 'postgresql://localhost/shop')");
    address("EB149", true, "'postgresql://shop:pw@localhost:5432/shop'");
    address("EB149", true, "'mysql+pymysql://shop:pw@db/shop'");
    address("EB112", true, "'postgresql://shop:hT7kQ29xLm@db.example.net/shop'");
    for value in
        ["os.environ['DATABASE_URL']", "'postgresql://db.example.net/shop'", "f'postgresql://{user}@{host}/shop'"]
    {
        for rule in ["EB080", "EB112", "EB132", "EB149"] {
            address(rule, false, value);
        }
    }
}

#[test]
fn the_object_that_is_asked_for() {
    let module = |found: bool, code: &str, options: &str| {
        let tree =
            [("application.py", code), ("requirements.txt", "Flask==3.1.2\n"), (".ebextensions/a.config", options)];
        let tree = tree.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
        let report = run(&tree, &Settings::default());
        assert_eq!(report.findings.iter().any(|finding| finding.rule == "EB002"), found, "{code}\n{report}");
    };
    let timeout = "option_settings:\n  aws:elasticbeanstalk:command: {Timeout: 900}\n";
    module(true, "from flask import Flask\napp = Flask(__name__)\n", timeout);
    module(false, "from flask import Flask\napplication = app = Flask(__name__)\n", timeout);
    module(false, "from flask import Flask\napp = Flask(__name__)\napplication = app\n", timeout);
    module(false, "from shop import *\napp = Flask(__name__)\n", timeout);
    let named = "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'application:app'}\n";
    module(false, "from flask import Flask\napp = Flask(__name__)\n", named);
}

#[test]
fn servers_of_their_own() {
    app("EB253", true, "app.run(debug=True)", &[]);
    app(
        "EB253",
        true,
        "from run import start",
        &[("run.py", "from flask import Flask\napp = Flask('b')\napp.run()\n")],
    );
    app("EB253", false, "if __name__ == '__main__':\n    app.run()", &[]);
    app("EB253", false, "def main():\n    app.run()", &[]);
    app("EB253", false, "import asyncio\nasyncio.run(main())", &[]);
}

#[test]
fn files_that_modules_open() {
    app("EB178", true, "model = open('model.pkl', 'rb')", &[]);
    app("EB178", true, "import joblib\nmodel = joblib.load('models/price.joblib')", &[]);
    app("EB178", true, "cred = credentials.Certificate('service.json')", &[]);
    app(
        "EB178",
        true,
        "from shop import data",
        &[("shop/__init__.py", ""), ("shop/data.py", "import json\nd = json.load(open('d.json'))\n")],
    );
    app("EB178", false, "model = open('model.pkl', 'rb')", &[("model.pkl", "x")]);
    app("EB178", false, "open('out.txt', 'w')", &[]);
    app("EB178", false, "def f():\n    return open('model.pkl')", &[]);
    app("EB178", false, "if os.path.exists('a.json'):\n    a = open('a.json')", &[]);
    app("EB178", false, "a = open('a.json')", &[("make.py", "open('a.json', 'w')\n")]);
    app("EB178", false, "a = open('a.json')", &[(".ebignore", "")]);
}

#[test]
fn services_that_modules_ask() {
    app("EB149", true, "from pymongo import MongoClient\nclient = MongoClient()", &[]);
    app("EB149", true, "from pymongo import MongoClient\nclient = MongoClient('mongodb://localhost:27017/')", &[]);
    app("EB149", true, "import redis\nr = redis.Redis(host='localhost', port=6379)", &[]);
    app("EB149", true, "from elasticsearch import Elasticsearch\nes = Elasticsearch(['http://localhost:9200'])", &[]);
    app("EB149", true, "import pymysql\ndb = pymysql.connect(host='127.0.0.1', user='a')", &[("x.py", "")]);
    for code in [
        "from pymongo import MongoClient\nclient = MongoClient(os.environ['MONGO_URL'])",
        "from pymongo import MongoClient\nclient = MongoClient('mongodb+srv://a.mongodb.net')",
        "from pymongo import MongoClient\ndef client():\n    return MongoClient()",
        "import redis\nr = redis.Redis(host=os.environ['REDIS_HOST'])",
        "from mine import MongoClient\nclient = MongoClient()",
    ] {
        app("EB149", false, code, &[]);
    }
    let redis = "commands:\n  redis: {command: dnf install -y redis6 && systemctl start redis6}\n";
    app("EB149", false, "import redis\nr = redis.Redis()", &[(".ebextensions/b.config", redis)]);
}

#[test]
fn paths_of_health_checks() {
    let page = |path: &str| format!("@app.route('{path}')\ndef page():\n    return ''");
    let asks = |path: &str| {
        format!("option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    HealthCheckPath: {path}\n")
    };
    app("EB013", true, &page("/api"), &[]);
    app("EB013", true, &page("/health"), &[]);
    app("EB013", true, &page("/"), &[(".ebextensions/b.config", &asks("/health"))]);
    app("EB013", false, &page("/"), &[]);
    app("EB013", false, &page("/<path:name>"), &[]);
    app("EB013", false, &page("/health/"), &[(".ebextensions/b.config", &asks("/health"))]);
    app("EB013", false, &format!("{}\napp.register_blueprint(shop)", page("/api")), &[]);
    app(
        "EB013",
        false,
        &page("/api"),
        &[(
            ".ebextensions/b.config",
            "option_settings:\n  aws:elasticbeanstalk:environment: {EnvironmentType: SingleInstance}\n",
        )],
    );
    app("EB013", false, "app.add_url_rule('/', view_func=page)", &[]);
    app("EB013", false, &format!("{}\n@app.route(HOME)\ndef home():\n    return ''", page("/api")), &[]);
}

#[test]
fn tasks_are_posted_where_something_answers() {
    let task = |found: bool, code: &str, url: &str| {
        let cron = format!("version: 1\ncron:\n  - name: a\n    url: \"{url}\"\n    schedule: \"0 0 * * *\"\n");
        app("EB104", found, code, &[("cron.yaml", &cron)]);
    };
    let routes = "@app.route('/')\ndef home(): return ''\n@app.route('/tasks/<name>', methods=['POST'])\ndef task(name): return ''";
    task(true, routes, "/clean");
    task(false, routes, "/tasks/clean");
    task(false, routes, "/");
    task(false, &format!("{routes}\napp.register_blueprint(jobs)"), "/clean");
    task(false, "@app.route(PREFIX + '/x')\ndef x(): return ''", "/clean");
}

#[test]
fn keys_in_modules_and_scripts() {
    app("EB112", true, "DB_PASSWORD = 'k7Qx29pLm4'", &[]);
    app("EB112", false, "DB_PASSWORD = 'changeme123'", &[]);
    app("EB112", true, "", &[("deploy.sh", "#!/bin/bash\nexport EMAIL_PASSWORD=k7Qx29pLm4\n")]);
    app("EB112", false, "", &[("deploy.example.sh", "#!/bin/bash\nexport EMAIL_PASSWORD=k7Qx29pLm4\n")]);
    app("EB112", false, "", &[("deploy.sh", "#!/bin/bash\nexport EMAIL_PASSWORD=$1\n")]);
}

#[test]
fn classes_of_which_nobody_sees_which_is_taken() {
    const FACTORY: &str = "import config\ndef create_app(name):\n    app = Flask(__name__)\n    app.config.from_object(name)\n    return app\n";
    let classes = |rule: &str, found: bool, text: &str| {
        app(rule, found, FACTORY, &[("config.py", &format!("import os\n{text}\n"))]);
    };
    let same = "class Config:\n    SECRET_KEY = 'Q7xk2VbN9mLp'\nclass ProdConfig(Config):\n    pass\n";
    classes("EB112", true, same);
    classes("EB112", true, &format!("{same}class TestConfig(Config):\n    SECRET_KEY = 'other'\n"));
    classes("EB112", false, &format!("{same}class StageConfig(Config):\n    SECRET_KEY = os.environ['SECRET_KEY']\n"));
    classes("EB112", false, "class Config:\n    pass\nclass ProdConfig(Config):\n    SECRET_KEY = 'Q7xk2VbN9mLp'\n");
    classes(
        "EB112",
        false,
        "class Config:\n    SECRET_KEY = 'a'\n    if os.getenv('X'):\n        SECRET_KEY = os.getenv('X')\n",
    );
    classes("EB132", true, "class Config:\n    SECRET_KEY = os.environ.get('KEY', 'Q7xk2VbN9mLp')\n");
    classes("EB277", true, "class Config:\n    MAX_CONTENT_LENGTH = 50 * 1024 * 1024\n");
    classes("EB277", false, "class Config:\n    MAX_CONTENT_LENGTH = 512 * 1024\n");
    let anew = format!("{FACTORY}def late(app):\n    app.config['SECRET_KEY'] = os.environ['KEY']\n");
    app("EB112", false, &anew, &[("config.py", same)]);
    app(
        "EB112",
        false,
        &format!("{FACTORY}def late(app):\n    app.config.from_envvar('FILE')\n"),
        &[("config.py", same)],
    );
}

#[test]
fn modules_that_are_a_configuration() {
    let module = (
        "shop/settings.py",
        "from os import environ\nget = environ.get\nSECRET_KEY = get('SECRET_KEY', 'abcdefghij')\n",
    );
    let package = ("shop/__init__.py", "");
    app("EB132", true, "app.config.from_object('shop.settings')", &[module, package]);
    app("EB132", true, "from shop import settings\napp.config.from_object(settings)", &[module, package]);
    app("EB132", false, "from shop import settings", &[module, package]);
}

#[test]
fn folders_of_the_application() {
    app(
        "EB132",
        true,
        "app.config['SQLALCHEMY_DATABASE_URI'] = os.getenv('URL') or 'sqlite:///' + os.path.join(app.instance_path, 'a.db')",
        &[],
    );
    app(
        "EB080",
        true,
        "app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///' + os.path.join(app.root_path, 'a.db')",
        &[],
    );
    app("EB277", true, "app.config['MAX_CONTENT_LENGTH'] = 16 * 1024 * 1024", &[]);
    let limit = (".platform/nginx/conf.d/a.conf", "client_max_body_size 16m;\n");
    app("EB277", false, "app.config['MAX_CONTENT_LENGTH'] = 16 * 1024 * 1024", &[limit]);
}

#[test]
fn modules_that_lie_beside() {
    let case = |found: bool, code: &str, more: &[(&str, &str)]| {
        let option = (
            ".ebextensions/a.config",
            "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'shop.app:app'}\n",
        );
        let procfile = ("Procfile", "web: gunicorn shop.app:app\n");
        let code = format!("from flask import Flask\napp = Flask(__name__)\n{code}\n");
        let prices = ("shop/prices.py", "RATE = 1\ndef total():\n    pass\n");
        let files = [procfile, option, LIST, ("shop/__init__.py", ""), ("shop/app.py", &code), prices];
        super::case("EB340", found, &[&files, more].concat());
    };
    case(true, "from prices import total", &[]);
    case(true, "import prices\nrate = prices.RATE", &[]);
    case(false, "from .prices import total", &[]);
    case(false, "from shop.prices import total", &[]);
    case(false, "import prices", &[]);
    case(false, "from prices import other", &[]);
    case(false, "try:\n    from prices import total\nexcept ImportError:\n    pass", &[]);
    case(false, "import sys\nsys.path.append('shop')\nfrom prices import total", &[]);
    case(false, "from prices import total", &[("prices.py", "")]);
    case(false, "from prices import total", &[("requirements.txt", "Flask==3.1.2\nprices==1.0\n")]);
    case(false, "from prices import total", &[("Procfile", "web: gunicorn --chdir shop app:app\n")]);
    case(false, "from prices import total", &[("Procfile", "web: PYTHONPATH=shop gunicorn shop.app:app\n")]);
    case(false, "from celery import shared_task", &[("shop/celery.py", "def shared_task(): pass\n")]);
}

#[test]
fn modules_that_nobody_asks_for() {
    const WHOLE: &str = "Flask==3.1.2\ngunicorn==23.0.0\nWerkzeug==3.1.3\nJinja2==3.1.6\nclick==8.3.0\nitsdangerous==2.2.0\nblinker==1.9.0\n";
    let list = ("requirements.txt", WHOLE);
    app("EB169", true, "from authlib.integrations.flask_client import OAuth", &[list]);
    app("EB169", true, "from flask_cors import CORS", &[list]);
    app("EB169", false, "try:\n    from flask_cors import CORS\nexcept ImportError:\n    pass", &[list]);
    let more = |line: &str| format!("{WHOLE}{line}\n");
    app("EB169", false, "from flask_cors import CORS", &[("requirements.txt", &more("Flask-Cors==6.0.1"))]);
    app("EB169", false, "from flask_cors import CORS", &[("requirements.txt", &more("connexion==3.2.0"))]);
    app("EB169", false, "from flask_cors import CORS", &[("requirements.txt", &more("somebody"))]);
}

#[test]
fn what_objects_no_longer_have() {
    const OPTION: (&str, &str) = (
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'app:app'}\n",
    );
    let list = |found: bool, list: &str, code: &str| {
        let code = format!("import flask\nfrom flask import Flask\napp = Flask(__name__)\n{code}\n");
        case("EB250", found, &[PROCFILE, OPTION, ("requirements.txt", list), ("app.py", &code)]);
    };
    let first = "@app.before_first_request\ndef first():\n    pass";
    list(true, "flask\ngunicorn\n", first);
    list(true, "Flask==2.3.0\ngunicorn\n", first);
    list(true, "flask\n", "@pages.before_app_first_request\ndef first():\n    pass");
    list(false, "Flask==2.2.5\ngunicorn\n", first);
    list(false, "gunicorn\n", first);
    list(false, "flask\n", "@app.before_request\ndef first():\n    pass");
    list(false, "flask\n", "if OLD:\n    app.before_first_request(first)");
    list(true, "flask\n", "def page():\n    return flask.escape('a')");
    list(false, "Flask==2.3.3\n", "def page():\n    return flask.escape('a')");
    list(false, "flask\n", "def page():\n    # flask.escape\n    return flask.escape_all('a')");
    let sql = "flask\nFlask-SQLAlchemy\n";
    // Where nobody but a developer comes, or where what stops is caught.
    for code in [
        "if os.environ.get('FLASK_ENV') == 'development':\n    db.engine.execute('select 1')",
        "if __name__ == '__main__':\n    with app.app_context():\n        db.engine.execute('select 1')",
        "try:\n    db.engine.execute('select 1')\nexcept Exception as error:\n    print(error)",
    ] {
        list(false, sql, code);
    }
    for code in [
        "if os.environ.get('FLASK_ENV') != 'development':\n    db.engine.execute('select 1')",
        "try:\n    db.engine.execute('select 1')\nexcept ValueError as error:\n    print(error)",
    ] {
        list(true, sql, code);
    }
    for code in [
        "def page():\n    db.engine.execute('select 1')",
        "def page():\n    return db.session.execute('select 1')",
        "def page():\n    return db.session.execute(f\"select {a}\")",
        "def page():\n    return Post.query.order_by(Post.id).paginate(page, 20, False)",
        "def page():\n    db.create_all(app=app)",
        "app.config['SQLALCHEMY_DATABASE_URI'] = 'postgres://a:b@c.example.net/d'",
    ] {
        list(true, sql, code);
        list(false, "Flask==2.2.5\nWerkzeug==2.2.3\nFlask-SQLAlchemy==2.5.1\nSQLAlchemy==1.3.24\n", code);
    }
    for code in [
        "def page():\n    return db.session.execute(text('select 1'))",
        "def page():\n    return db.session.execute(\n        select(Post))",
        "def page():\n    return Post.query.paginate(page=page, per_page=20)",
        "def page():\n    return Post.query.paginate(**wanted)",
        "def page():\n    return Post.query.paginate()",
        "def page():\n    return search.paginate(page, 20)",
        "def page():\n    db.create_all()",
        "app.config['SQLALCHEMY_DATABASE_URI'] = 'postgresql://a:b@c.example.net/d'",
        "app.config['SQLALCHEMY_DATABASE_URI'] = os.environ.get('URL', 'postgres://c.example.net/d')",
    ] {
        list(false, sql, code);
    }
    let jwt = "flask\nFlask-JWT-Extended==4.7.1\n";
    list(true, jwt, "from flask_jwt_extended import jwt_optional");
    list(true, jwt, "@jwt.token_in_blacklist_loader\ndef check(token):\n    return False");
    list(
        false,
        "flask\nFlask-JWT-Extended==3.25.1\n",
        "@jwt.token_in_blacklist_loader\ndef check(token):\n    return False",
    );
}

#[test]
fn paths_of_blueprints() {
    let files = |found: bool, pages: &str, more: &[(&str, &str)]| {
        let factory = "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    from .pages import bp\n    app.register_blueprint(bp)\n    return app\n";
        let run = [
            ("Procfile", "web: gunicorn run:app\n"),
            OPTION,
            LIST,
            ("run.py", "from shop import create_app\napp = create_app()\n"),
            ("shop/__init__.py", factory),
            ("shop/pages.py", pages),
        ];
        case("EB013", found, &[&run[..], more].concat());
    };
    let page = |path: &str| {
        format!(
            "from flask import Blueprint\nbp = Blueprint('a', __name__)\n@bp.route('{path}')\ndef page():\n    return ''\n"
        )
    };
    files(true, &page("/products"), &[]);
    files(true, &page("/health"), &[]);
    files(false, &page("/"), &[]);
    files(false, &page("/<name>"), &[]);
    files(false, &page("/products"), &[("shop/more.py", &page("/"))]);
    files(
        false,
        &page("/products"),
        &[("shop/static.py", "app.add_url_rule('/')\n"), ("shop/pages.py", "from . import static\n")],
    );
    let asks =
        "option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    HealthCheckPath: /api/health\n";
    files(false, &page("/health"), &[(".ebextensions/b.config", asks)]);
    files(true, &page("/other"), &[(".ebextensions/b.config", asks)]);
}

#[test]
fn variables_that_nobody_can_read() {
    app("EB350", true, "key = os.environ('KEY')", &[]);
    app("EB350", true, "if PRODUCTION:\n    key = os.environ('KEY', 'none')", &[]);
    app("EB350", false, "# key = os.environ('KEY')\nkey = os.environ['KEY']", &[]);
    app("EB350", false, "copy = dict(os.environ)", &[]);
    app("EB351", true, "live = os.environ.get('AWS_EXECUTION_ENV') is not None", &[]);
    app("EB351", true, "if 'AWS_EXECUTION_ENV' in os.environ:\n    live = True", &[]);
    app("EB351", false, "live = os.environ.get('AWS_EXECUTION_ENV') or os.environ.get('LIVE')", &[]);
    app("EB351", false, "on_lambda = 'AWS_Lambda' in os.environ.get('AWS_EXECUTION_ENV', '')", &[]);
    let given = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    AWS_EXECUTION_ENV: eb\n";
    app("EB351", false, "live = os.environ.get('AWS_EXECUTION_ENV')", &[(".ebextensions/b.config", given)]);
}

#[test]
fn programs_that_no_instance_has() {
    let calls = |found: bool, line: &str, more: &[(&str, &str)]| {
        app("EB276", found, &format!("import subprocess\ndef page():\n    {line}"), more);
    };
    calls(true, "subprocess.run(['ffmpeg', '-i', name])", &[]);
    calls(true, "subprocess.check_output(\n        [\n            \"soffice\", '--headless'])", &[]);
    calls(true, "os.system('wkhtmltopdf a b')", &[]);
    calls(true, "command = ['ffmpeg', '-i', name]\n    subprocess.Popen(command)", &[]);
    calls(true, "command = [\n        'soffice', name]\n    subprocess.Popen(command)", &[]);
    calls(false, "tools = ['ffmpeg', 'ffprobe']\n    subprocess.Popen(tools[0])", &[]);
    calls(false, "subprocess.run(['ls', 'ffmpeg'])", &[]);
    calls(false, "subprocess.run([FFMPEG, '-i', name])", &[]);
    calls(false, "subprocess.run(['ffmpeg-mine'])", &[]);
    let install = "commands:\n  a: {command: 'dnf install -y /tmp/ffmpeg.rpm'}\n";
    calls(false, "subprocess.run(['ffmpeg'])", &[(".ebextensions/b.config", install)]);
    calls(false, "subprocess.run(['ffmpeg'])", &[("requirements.txt", "Flask==3.1.2\nimageio-ffmpeg==0.6.0\n")]);
    let list = ("requirements.txt", "Flask==3.1.2\nopencv-python==4.12.0.88\n");
    app("EB276", true, "import cv2", &[list]);
    app("EB276", false, "import cv2", &[("requirements.txt", "Flask==3.1.2\nopencv-python-headless==4.12.0.88\n")]);
    app("EB276", false, "import cv2", &[list, (".ebextensions/b.config", "packages:\n  yum:\n    mesa-libGL: []\n")]);
}

#[test]
fn programs_of_the_virtual_environment() {
    let command = |found: bool, command: &str| {
        let config = format!("container_commands:\n  01_a:\n    command: \"{command}\"\n");
        app("EB035", found, "", &[(".ebextensions/b.config", &config)]);
    };
    command(true, "flask db upgrade");
    command(true, "alembic upgrade head");
    command(false, "source /var/app/venv/*/bin/activate && flask db upgrade");
    command(false, "/var/app/venv/staging-LQM1lest/bin/flask db upgrade");
}

#[test]
fn files_of_visitors() {
    let save = "@app.route('/', methods=['POST'])\ndef page():\n    request.files['a'].save(os.path.join(UPLOAD_FOLDER, 'a'))\n    return ''";
    app("EB082", true, &format!("UPLOAD_FOLDER = 'static/uploads'\n{save}"), &[]);
    app("EB082", true, &format!("app.config['UPLOAD_FOLDER'] = 'uploads'\n{save}"), &[]);
    app(
        "EB082",
        true,
        &format!("app.config['UPLOAD_FOLDER'] = os.path.join(os.path.dirname(__file__), 'uploads')\n{save}"),
        &[],
    );
    app("EB082", false, &format!("UPLOAD_FOLDER = '/mnt/efs/uploads'\n{save}"), &[]);
    app("EB082", false, &format!("UPLOAD_FOLDER = '/tmp'\n{save}"), &[]);
    app("EB082", false, &format!("UPLOAD_FOLDER = 'uploads'\n{save}\ndef end():\n    os.remove('a')"), &[]);
    app("EB082", false, "UPLOAD_FOLDER = 'uploads'", &[]);
    let helper = |found: bool, line: &str| {
        let code = format!("from tools import send\nUPLOAD_FOLDER = 'uploads'\n{save}\n{line}");
        app(
            "EB082",
            found,
            &code,
            &[("tools.py", "def other(s3):\n    s3.upload_file('a')\ndef send(s3):\n    pass\n")],
        );
    };
    helper(true, "");
    helper(true, "# other(s3)");
    helper(false, "def more(s3):\n    other(s3)");
}

#[test]
fn health_checks_that_are_asked_to_log_in() {
    let view = |found: bool, decorators: &str, more: &str| {
        let code = format!(
            "from flask_login import LoginManager, login_required\n{decorators}\ndef page():\n    return ''\n@app.route('/login')\ndef login():\n    return ''\n{more}"
        );
        app("EB013", found, &code, &[]);
    };
    view(true, "@app.route('/')\n@login_required", "");
    view(
        true,
        "@app.route('/')\n@login_required",
        "login_manager.login_view = 'login'\n@app.errorhandler(404)\ndef none(e):\n    return ''\n",
    );
    view(true, "@app.route('/', methods=['GET', 'POST'])\n@other\n@login_required", "");
    view(false, "@app.route('/')", "");
    let sent = |found: bool, body: &str| {
        let code = format!("@app.route('/')\ndef page():\n{body}\n@app.route('/shop')\ndef shop():\n    return ''");
        app("EB013", found, &code, &[]);
    };
    sent(true, "    return redirect(url_for('shop'))");
    sent(true, "\n    # on\n    return redirect('/shop')");
    sent(false, "    if asked:\n        return redirect('/shop')\n    return ''");
    sent(false, "    return ''");
    view(false, "@app.route('/')\ndef home():\n    return ''\n@app.route('/own')\n@login_required", "");
    view(false, "@app.route('/')\n@login_required", "@app.before_request\ndef first():\n    return None\n");
}

#[test]
fn addresses_of_sentry() {
    let key = "0123456789abcdef0123456789abcdef";
    app("EB112", true, &format!("init(dsn='https://{key}:{key}@sentry.io/1')"), &[]);
    app("EB112", false, &format!("init(dsn='https://{key}@sentry.io/1')"), &[]);
    app("EB112", false, &format!("# init(dsn='https://{key}:{key}@sentry.io/1')"), &[]);
}

#[test]
fn addresses_of_visitors() {
    let asks = |found: bool, line: &str, more: &[(&str, &str)]| {
        app("EB353", found, &format!("def page():\n    return {line}"), more);
    };
    asks(true, "request.remote_addr", &[]);
    asks(true, "Limiter(key_func=get_remote_address)", &[]);
    asks(false, "request.headers.get('X-Forwarded-For', request.remote_addr)", &[]);
    asks(false, "request.remote_addr", &[("middleware.py", "from werkzeug.middleware.proxy_fix import ProxyFix\n")]);
    asks(false, "request.remote_addr_of_somebody", &[]);
    asks(false, "request.path  # request.remote_addr", &[]);
    let none = "option_settings:\n  aws:elasticbeanstalk:environment:proxy: {ProxyServer: none}\n";
    asks(false, "request.remote_addr", &[(".ebextensions/b.config", none)]);
}

#[test]
fn routes_of_a_module_that_nobody_reads() {
    const WEB: (&str, &str) = ("Procfile", "web: gunicorn shop.app:app\n");
    let site = |found: bool, import: &str, path: &str| {
        let app = format!(
            "from flask import Flask\napp = Flask(__name__)\n@app.route('/api')\ndef api():\n    return ''\n{import}\n"
        );
        let views = "from shop.app import app\n@app.route('/')\ndef home():\n    return ''\n";
        let files = [WEB, LIST, ("shop/__init__.py", ""), ("shop/app.py", &app), (".ebextensions/a.config", "{}\n")];
        case("EB013", found, &[&files[..], &[(path, views)]].concat());
        // No code is read of a file that has the name of a test.
        let mut tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        tree.insert(path, Entry::File { executable: false, bytes: 13, content: None });
        let report = run(&tree, &Settings::default());
        assert_eq!(report.findings.iter().any(|finding| finding.rule == "EB013"), found, "{import}: {report}");
    };
    site(false, "from shop.api.test_views import *", "shop/api/test_views.py");
    site(false, "from shop.api import test_views", "shop/api/test_views.py");
    site(false, "from .api.test_views import home", "shop/api/test_views.py");
    site(false, "from shop.api.views import *", "shop/api/views.py");
    site(true, "", "shop/api/test_views.py");
}

#[test]
fn a_database_that_nothing_asks() {
    let list = |found: bool, lines: &str, more: &str| {
        let code = format!(
            "import os\nfrom flask import Flask\n{more}app = Flask(__name__)\napp.config['SQLALCHEMY_DATABASE_URI'] = os.getenv('URL', 'sqlite:///a.db')\n"
        );
        case("EB132", found, &[PROCFILE, OPTION, ("requirements.txt", lines), ("app.py", &code)]);
    };
    list(false, "Flask==3.1.2\n", "");
    list(true, "Flask==3.1.2\nFlask-SQLAlchemy\n", "");
    list(true, "Flask==3.1.2\n", "from flask_sqlalchemy import SQLAlchemy\n");
    list(true, "Flask==3.1.2\n-e git+https://example.net/a.git#egg=sqlalchemy\n", "");
}

#[test]
fn modules_of_a_package_that_are_not_there() {
    let import = |found: bool, line: &str, more: &[(&str, &str)]| {
        let code = format!("from flask import Flask\n{line}\napp = Flask(__name__)\n");
        case("EB355", found, &[&[PROCFILE, OPTION, LIST, ("app.py", &code), ("conf/__init__.py", "")], more].concat());
    };
    import(true, "from conf.keys import KEYS", &[]);
    import(true, "import conf.keys", &[]);
    import(true, "import conf.aws.keys", &[("conf/aws/__init__.py", "")]);
    import(false, "import conf.aws.keys", &[("conf/aws/other.py", "")]);
    import(false, "from conf.keys import KEYS", &[("conf/keys.py", "KEYS = 1\n")]);
    import(false, "from conf.keys import KEYS", &[("conf/keys/a.py", "")]);
    import(false, "from conf import KEYS", &[]);
    import(false, "from other.keys import KEYS", &[]);
    import(false, "try:\n    from conf.keys import KEYS\nexcept ImportError:\n    KEYS = {}", &[]);
    import(
        false,
        "from conf.keys import KEYS",
        &[(".platform/hooks/prebuild/a.sh", "#!/bin/sh\ncp /x conf/keys.py\n")],
    );
    import(false, "import sys\nsys.path.insert(0, 'lib')\nfrom conf.keys import KEYS", &[]);
}

#[test]
fn keys_in_the_code_of_an_image() {
    const APP: &str = "import os\nfrom flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    app.config.from_object(os.getenv('APP_SETTINGS'))\n    return app\n";
    const TASK: &str = "{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [{\"name\": \"a\", \"image\": \"a/b:c\", \"essential\": true, \"memory\": 128}]}";
    let image = |found: bool, config: &str, dockerfile: &str| {
        let files = [
            ("Dockerrun.aws.json", TASK),
            (dockerfile, "FROM python:3.11\nCOPY . /app\n"),
            ("web/shop/__init__.py", APP),
            ("web/shop/config.py", config),
        ];
        case("EB112", found, &files);
    };
    let config = "import os\nclass BaseConfig:\n    SECRET_KEY = 'my_precious'\nclass ProductionConfig(BaseConfig):\n    DEBUG = False\n";
    image(true, config, "web/Dockerfile");
    image(false, config, "other/Dockerfile");
    image(false, &config.replace("'my_precious'", "os.environ['SECRET_KEY']"), "web/Dockerfile");
    image(false, &config.replace("'my_precious'", "os.environ.get('SECRET_KEY', 'x')"), "web/Dockerfile");
    image(false, &config.replace("ProductionConfig(BaseConfig):", "ProductionConfig:"), "web/Dockerfile");
}

#[test]
fn modules_that_no_line_of_the_list_may_bring() {
    let started = |found: bool, rule: &str, procfile: &str, more: &[(&str, &str)]| {
        let app = ("app.py", "from flask import Flask\napp = Flask(__name__)\n");
        case(
            rule,
            found,
            &[&[OPTION, app, ("Procfile", procfile), ("requirements.txt", "Flask==3.1.2\ncelery\nfastapi\n")], more]
                .concat(),
        );
    };
    started(true, "EB002", "web: gunicorn api.index:app\n", &[]);
    started(false, "EB002", "web: gunicorn app:app\n", &[]);
    started(false, "EB002", "web: gunicorn api.index:app\n", &[("api/index.py", "app = 1\n")]);
    started(false, "EB002", "web: gunicorn api.index:app\n", &[("requirements.txt", "Flask==3.1.2\nmy-api==1.0\n")]);
    started(false, "EB002", "web: gunicorn api.index:app\n", &[("requirements.txt", "Flask==3.1.2\n-r more.txt\n")]);
    let worker = |found: bool, line: &str, more: &[(&str, &str)]| {
        started(found, "EB145", &format!("web: gunicorn app:app\nworker: {line}\n"), more);
    };
    worker(true, "celery -A api.index.celery worker", &[]);
    worker(true, "python -m celery --app=api worker", &[]);
    worker(false, "celery -A app.celery worker", &[]);
    worker(false, "celery -A api worker", &[("api/celery.py", "app = 1\n")]);
    worker(false, "cd src && celery -A api worker", &[]);
    worker(false, "celery --workdir src -A api worker", &[]);
}

#[test]
fn middleware_that_answers_nothing() {
    let app = |found: bool, lines: &str| {
        let code =
            format!("from fastapi import FastAPI\n{lines}\napp = FastAPI()\n@app.get('/api')\ndef api(): return 1\n");
        let list = ("requirements.txt", "fastapi\nuvicorn\n");
        case("EB013", found, &[OPTION, list, ("Procfile", "web: uvicorn app:app\n"), ("app.py", &code)]);
    };
    app(true, "from fastapi.middleware.cors import CORSMiddleware\n# middleware");
    app(false, "from shop.middleware import Health");
    app(false, "from starlette.middleware.base import BaseHTTPMiddleware");
}

#[test]
fn routers_and_mounts_below_a_prefix() {
    let asks = |found: bool, path: &str, lines: &str, router: &str| {
        let code = format!("from fastapi import FastAPI\nfrom shop import router\napp = FastAPI()\n{lines}\n");
        let inner = format!("from fastapi import APIRouter\n{router}\n@router.get('/')\ndef every(): return 1\n");
        let option = format!(
            "option_settings:\n  aws:elasticbeanstalk:environment:process:default: {{HealthCheckPath: {path}}}\n"
        );
        let files = [
            OPTION,
            ("requirements.txt", "fastapi\nuvicorn\n"),
            ("Procfile", "web: uvicorn app:app\n"),
            ("app.py", &code),
            ("shop.py", &inner),
            (".ebextensions/z.config", &option),
        ];
        case("EB013", found, &files);
    };
    const PLAIN: &str = "router = APIRouter()";
    let included = "app.include_router(router, prefix='/api')";
    asks(true, "/", included, PLAIN);
    asks(false, "/api/", included, PLAIN);
    asks(true, "/health", included, PLAIN);
    asks(true, "/", "app.include_router(router)", "router = APIRouter(prefix='/shop', tags=['a'])");
    asks(false, "/", "app.include_router(router)", PLAIN);
    asks(false, "/", "app.include_router(router, prefix=API)", PLAIN);
    asks(false, "/", "for one in [router]:\n    app.include_router(one, prefix='/api')", PLAIN);
    asks(false, "/", &format!("{included}\napp.include_router(users.router, prefix='/users')"), PLAIN);
    asks(false, "/", &format!("{included}\n@app.get('/')\ndef home(): return 1"), PLAIN);
    asks(true, "/", &format!("{included}\napp.mount('/static', files)"), PLAIN);
    asks(false, "/static/a.txt", &format!("{included}\napp.mount('/static', files)"), PLAIN);
    asks(false, "/", &format!("{included}\napp.mount('/', files)"), PLAIN);
    asks(false, "/", &format!("{included}\napp.mount(WHERE, files)"), PLAIN);
    asks(false, "/docs", included, PLAIN);
}

#[test]
fn what_properties_hand_to_the_code() {
    let property = |rule: &str, found: bool, name: &str, value: &str| {
        let code = "import os\nfrom flask import Flask\napp = Flask(__name__)\nURL, KEY = os.getenv('DB_URL'), os.environ['SECRET_KEY']\n";
        let text = format!("option_settings:\n  aws:elasticbeanstalk:application:environment:\n    {name}: {value}\n");
        let config = (".ebextensions/z.config", text.as_str());
        case(rule, found, &[PROCFILE, OPTION, ("requirements.txt", "Flask==3.1.2\n"), ("app.py", code), config]);
    };
    property("EB080", true, "DB_URL", "sqlite:///app.db");
    property("EB080", true, "DB_URL", "sqlite:////var/app/current/app.db");
    property("EB080", false, "DB_URL", "sqlite:////var/lib/shop/app.db");
    property("EB080", false, "DB_URL", "'sqlite:///:memory:'");
    property("EB080", false, "OTHER_URL", "sqlite:///app.db");
    property("EB073", true, "SECRET_KEY", "your-secret-key-here");
    property("EB073", true, "SECRET_KEY", "CHANGE_ME");
    property("EB073", false, "SECRET_KEY", "'{{resolve:ssm:change-me}}'");
}

/// Is something found where no `Procfile` says what is served?
fn is_found(rule: &str, files: &[(&str, &str)]) -> bool {
    let with = |tree: Tree, (path, content): &(&str, &str)| tree.file(path, content);
    let tree = files.iter().fold(Tree::default(), with);
    run(&tree, &Settings::default()).findings.iter().any(|finding| finding.rule == rule)
}

#[test]
fn a_project_of_django_beside_the_application_that_is_served() {
    const APPS: (&str, &str) = ("panel/panel/settings.py", "INSTALLED_APPS = ['django_crontab']\nDEBUG = True\n");
    const MANAGE: (&str, &str) = (
        "panel/manage.py",
        "import os\nimport django\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'panel.settings')\n",
    );
    let of = |rule: &str, found: bool, target: &str, code: &str| {
        let option = format!("option_settings:\n  aws:elasticbeanstalk:container:python: {{WSGIPath: '{target}'}}\n");
        let path = format!("{}.py", target.split(':').next().unwrap_or(target));
        let files = [(".ebextensions/a.config", option.as_str()), LIST, APPS, MANAGE, (path.as_str(), code)];
        assert_eq!(is_found(rule, &files), found, "{rule}: {target}\n{code}");
    };
    let flask = "from flask import Flask\napp = Flask(__name__)\napp.secret_key = 'Q7xk2VbN9mLp'\n";
    let other = "from panel.panel.wsgi import application\n";
    for target in ["app:app", "application:app"] {
        of("EB169", false, target, flask);
        of("EB112", true, target, flask);
    }
    of("EB169", false, "application", "import shop\napplication = shop.application\n");
    of("EB169", true, "application", other);
    of("EB169", true, "app:application", other);
    of(
        "EB169",
        true,
        "app:application",
        "from django.core.wsgi import get_wsgi_application as get\napplication = get()\n",
    );
}

#[test]
fn an_application_that_lies_in_another_folder_than_is_said() {
    let code = "import urllib2\nfrom flask import Flask\napp = Flask(__name__)\n";
    assert!(is_found("EB250", &[OPTION, LIST, ("src/app.py", code)]));
    // Which of two is meant nobody knows.
    assert!(!is_found("EB250", &[OPTION, LIST, ("src/app.py", code), ("lib/app.py", code)]));
}
