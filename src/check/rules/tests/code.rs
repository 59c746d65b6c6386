//! The project's own code: what stops with what is installed, and what nobody can tell.

use super::case;

const SETTINGS: (&str, &str) =
    ("mysite/settings.py", "INSTALLED_APPS = ['django.contrib.admin', 'cart']\nROOT_URLCONF = 'mysite.urls'\n");
const OPTION: (&str, &str) =
    (".ebextensions/a.config", "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'app:app'}\n");

#[track_caller]
fn django(found: bool, asked: &str, path: &str, code: &str) {
    let list = format!("{asked}\ngunicorn==23.0.0\n");
    let files =
        [("manage.py", "# django\n"), SETTINGS, ("requirements.txt", &list), ("cart/__init__.py", ""), (path, code)];
    case("EB250", found, &files);
}

#[track_caller]
fn other(rule: &str, found: bool, asked: &str, code: &str) {
    let list = format!("{asked}\ngunicorn==23.0.0\n");
    let option = ("Procfile", "web: gunicorn app:app\n");
    case(rule, found, &[option, OPTION, ("requirements.txt", &list), ("app.py", code), ("cart.py", "import one\n")]);
}

#[test]
fn names_that_django_had() {
    let url = "from django.conf.urls import url\nurlpatterns = []\n";
    for asked in ["Django", "Django==4.0", "Django>=3.2", "Django==5.2.8", "Django<5", "Django~=4.2"] {
        django(true, asked, "mysite/urls.py", url);
    }
    for asked in ["Django==3.2.25", "Django<4", "Django~=3.2", "Django==4.0; python_version < '3.9'", "flask"] {
        django(false, asked, "mysite/urls.py", url);
    }
    for path in ["cart/models.py", "cart/admin.py", "cart/apps.py", "cart/__init__.py", "mysite/wsgi.py"] {
        django(true, "Django", path, "from django.utils.encoding import force_text\n");
    }
    // Nobody is seen to import these.
    for path in ["cart/tasks.py", "cart/tests.py", "other/models.py", "cart/views.py"] {
        django(false, "Django", path, "from django.utils.encoding import force_text\n");
    }
    for code in ["from django.utils import six", "import django.utils.six", "from django.utils.six.moves import range"]
    {
        django(true, "Django==3.2.25", "cart/models.py", code);
        django(false, "Django==2.2.28", "cart/models.py", code);
    }
    for code in [
        "try:\n    from django.utils import six\nexcept ImportError:\n    import six\n",
        "if django.VERSION < (3,):\n    from django.utils import six\n",
        "def f():\n    from django.utils import six\n",
        "from django.conf.urls import include\n",
        "from django.urls import url\n",
        "# from django.utils import six\n",
        "from .utils import six\n",
    ] {
        django(false, "Django", "cart/models.py", code);
    }
}

#[test]
fn names_that_packages_for_models_had() {
    let app = |found: bool, asked: &str, code: &str| other("EB250", found, asked, &format!("{code}\n"));
    let chat = "from langchain.chat_models import ChatOpenAI";
    for code in [chat, "from langchain.chains import LLMChain", "import langchain.llms", "from langchain import OpenAI"]
    {
        app(true, "langchain", code);
        app(true, "langchain==1.0.3\nlangchain-community==0.4", code);
        app(false, "langchain==0.3.27", code);
        app(false, "langchain\nlangchain-core==0.3.76", code);
        app(false, "langchain<1", code);
    }
    app(false, "langchain", "from langchain.chat_models import init_chat_model");
    app(false, "langchain", "from langchain.agents import create_agent");
    app(true, "scikit-learn", "from sklearn.externals import joblib");
    app(false, "scikit-learn\nnumpy==1.17", "from sklearn.externals import joblib");
    app(false, "scikit-learn", "import joblib");
    app(true, "elasticsearch==8.11.0", "from elasticsearch import Elasticsearch, RequestsHttpConnection");
    app(false, "elasticsearch==7.13.4", "from elasticsearch import Elasticsearch, RequestsHttpConnection");
    app(false, "elasticsearch\ndjango-elasticsearch-dsl", "from elasticsearch import RequestsHttpConnection");
    app(true, "stripe", "from stripe.error import CardError");
    app(false, "stripe==12.5.1", "from stripe.error import CardError");
    django(true, "djangorestframework", "cart/models.py", "from rest_framework.filters import DjangoFilterBackend\n");
    django(false, "djangorestframework", "cart/models.py", "from rest_framework.filters import SearchFilter\n");
}

#[test]
fn relations_that_say_nothing_of_an_end() {
    let models = |found: bool, asked: &str, field: &str| {
        let code = format!("from django.db import models\nclass A(models.Model):\n    b = {field}\n");
        django(found, asked, "cart/models.py", &code);
    };
    for field in
        ["models.ForeignKey(B)", "models.OneToOneField('B', null=True)", "models.ForeignKey(to='B', blank=True)"]
    {
        models(true, "Django==2.0", field);
        models(true, "Django", field);
        models(false, "Django==1.11.29", field);
    }
    for field in [
        "models.ForeignKey(B, models.CASCADE)",
        "models.ForeignKey(B, on_delete=models.CASCADE)",
        "models.ForeignKey(B, **KEPT)",
        "models.ManyToManyField(B)",
        "fields.ForeignKey(B)",
    ] {
        models(false, "Django", field);
    }
    django(false, "Django", "cart/models.py", "from other import models\nb = models.ForeignKey(B)\n");
}

#[test]
fn names_that_flask_and_its_own_had() {
    for (asked, code) in [
        ("Flask", "from flask import Flask, Markup\n"),
        ("Flask==1.0.2", "from flask.ext.login import LoginManager\n"),
        ("Flask==2.3.3", "from flask.json import JSONEncoder\n"),
        ("Flask", "from werkzeug import secure_filename\n"),
        ("Flask==2.0.3\nWerkzeug==2.0.3", "from werkzeug import secure_filename\n"),
        ("Flask==2.0.3\nJinja2==3.1.2", "from jinja2 import Markup\n"),
        ("Flask-WTF", "from wtforms import TextField\n"),
        ("fastapi", "from pydantic import BaseSettings\n"),
        ("celery==5.2.7", "from celery.task import task\n"),
    ] {
        other("EB250", true, asked, code);
    }
    for (asked, code) in [
        ("Flask==2.2.5", "from flask import Flask, Markup\n"),
        ("Flask==0.12", "from flask.ext.login import LoginManager\n"),
        ("Flask==1.1.4", "from werkzeug import secure_filename\n"),
        ("Flask", "from werkzeug.utils import secure_filename\n"),
        ("Flask-WTF\nWTForms==2.3.3", "from wtforms import TextField\n"),
        ("fastapi==0.95", "from pydantic import BaseSettings\n"),
        ("pydantic<2", "from pydantic import BaseSettings\n"),
        ("celery==4.4.7", "from celery.task import task\n"),
        ("-r other.txt", "from flask import Markup\n"),
    ] {
        other("EB250", false, asked, code);
    }
}

#[test]
fn names_that_python_had() {
    for code in
        ["import urllib2\n", "from urllib import urlencode\n", "from collections import Mapping\n", "import imp\n"]
    {
        other("EB250", true, "Flask", code);
    }
    for code in [
        "import urllib\n",
        "from urllib import parse\n",
        "from collections import OrderedDict\n",
        "try:\n    import urllib2\nexcept ImportError:\n    pass\n",
        "import cart\n",
    ] {
        other("EB250", false, "Flask", code);
    }
    for code in
        ["from cgi import parse_qsl\n", "from collections import KeysView\n", "import audioop\n", "import xdrlib\n"]
    {
        other("EB250", true, "Flask", code);
    }
    other("EB250", false, "Flask", "from time import perf_counter\n");
    other("EB250", false, "Flask\naudioop-lts", "import audioop\n");
    other("EB250", true, "Flask", "import distutils\n");
    other("EB250", false, "Flask\nsetuptools", "import distutils\n");
    // One of the project's own.
    let own = [
        ("Procfile", "web: gunicorn app:app\n"),
        OPTION,
        ("requirements.txt", "Flask\n"),
        ("app.py", "import Queue\n"),
    ];
    case("EB250", true, &own);
    case("EB250", false, &[&own[..], &[("Queue.py", "")]].concat());
}

#[test]
fn modules_that_are_no_python() {
    other("EB251", true, "Flask", "print 'hello'\n");
    other("EB251", true, "Flask", "def f():\n    exec code in names\n");
    other("EB251", true, "Flask", "def f(:\n");
    other("EB251", false, "Flask", "print('hello')\nmatch x:\n    case 1: pass\n");
    // Nobody imports it.
    other("EB251", false, "Flask", "import two\n");
    let imported = [
        ("Procfile", "web: gunicorn app:app\n"),
        OPTION,
        ("requirements.txt", "Flask\n"),
        ("app.py", "from cart import one\n"),
        ("cart/__init__.py", ""),
        ("cart/one.py", "print 'one'\n"),
        ("cart/two.py", "print 'two'\n"),
    ];
    case("EB251", true, &imported);
    case("EB251", false, &[&imported[..], &[("app.py", "import cart\n")]].concat());
}

#[test]
fn a_page_that_wants_a_login_is_no_answer_to_a_health_check() {
    const DECORATED: &str =
        "from django.contrib.auth.decorators import login_required\n\n@login_required\ndef index(request):\n    pass\n";
    let asked = |found: bool, urls: &str, views: &str| {
        let settings = "ROOT_URLCONF = 'mysite.urls'\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\nALLOWED_HOSTS = ['*']\n";
        let root = "from django.urls import include, path\nurlpatterns = [\n    path('admin/', 1),\n    path('', include('shop.urls')),\n]\n";
        let inner = format!("from django.urls import path\nfrom . import views\nurlpatterns = [\n{urls}]\n");
        let files = [
            ("manage.py", "import django\n"),
            ("mysite/settings.py", settings),
            ("mysite/urls.py", root),
            ("shop/urls.py", &inner),
            ("shop/views.py", views),
        ];
        case("EB013", found, &files);
    };
    let first = "    path('', views.index, name='a'),\n    path('b', views.b),\n";
    asked(true, first, DECORATED);
    asked(false, first, &DECORATED.replace("@login_required\n", ""));
    asked(false, first, &DECORATED.replace("django.contrib.auth.decorators", "shop.decorators"));
    asked(false, "    path('<slug:a>', views.a),\n    path('', views.index),\n", DECORATED);
    asked(true, "    path('b', views.b),\n    path('', views.index),\n", DECORATED);
    asked(false, "    path('b', views.index),\n    path('', views.b),\n", DECORATED);
    let class =
        "from django.contrib.auth.mixins import LoginRequiredMixin\nclass Home(LoginRequiredMixin, View):\n    pass\n";
    asked(true, "    path('', views.Home.as_view()),\n", class);
    asked(false, "    path('', views.Home.as_view()),\n", &class.replace("LoginRequiredMixin, View", "View"));
}
