//! What a server imports of a project, and when.

use super::*;

fn files(files: &[(&str, &str)]) -> Vec<(String, Moment)> {
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
    let customizations = Customizations::read(&tree);
    let settings = Settings::read(&tree, &customizations);
    let found = loaded(&tree, &customizations, settings.as_ref());
    found.into_iter().map(|module| (module.path, module.moment)).collect()
}

#[test]
fn what_a_server_of_djangos_imports() {
    let found = files(&[
        ("manage.py", ""),
        ("shop/__init__.py", ""),
        ("shop/wsgi.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
        (
            "shop/settings.py",
            "INSTALLED_APPS = ['django.contrib.admin', 'cart.apps.CartConfig', 'blog']\nROOT_URLCONF = 'shop.urls'\nMIDDLEWARE = ['blog.middleware.Last']\n",
        ),
        ("shop/urls.py", "from cart import views\nurlpatterns = [path('blog/', include('blog.urls'))]\n"),
        ("cart/__init__.py", ""),
        ("cart/apps.py", ""),
        ("cart/models.py", "from .base import Base\ntry:\n    from . import perhaps\nexcept ImportError:\n    pass\n"),
        ("cart/base.py", ""),
        ("cart/perhaps.py", ""),
        ("cart/admin.py", ""),
        ("cart/tasks.py", ""),
        ("cart/views.py", "if DEBUG:\n    import cart.tasks\ndef index():\n    import cart.tasks\n"),
        ("blog/__init__.py", ""),
        ("blog/middleware.py", ""),
        ("blog/urls.py", ""),
        ("blog/models/__init__.py", "from .post import Post\n"),
        ("blog/models/post.py", ""),
    ]);
    let (start, request): (Vec<_>, Vec<_>) = found.iter().partition(|(_, moment)| *moment == Moment::Start);
    let paths = |found: Vec<&(String, Moment)>| {
        let mut paths: Vec<String> = found.into_iter().map(|(path, _)| path.clone()).collect();
        paths.sort();
        paths
    };
    let expected = [
        "blog/__init__.py",
        "blog/middleware.py",
        "blog/models/__init__.py",
        "blog/models/post.py",
        "cart/__init__.py",
        "cart/admin.py",
        "cart/apps.py",
        "cart/base.py",
        "cart/models.py",
        "shop/__init__.py",
        "shop/wsgi.py",
    ];
    let start = paths(start);
    assert_eq!(start, expected);
    assert_eq!(paths(request), ["blog/urls.py", "cart/views.py", "shop/urls.py"]);
}

#[test]
fn what_another_server_imports() {
    let option = "option_settings:\n  aws:elasticbeanstalk:container:python: {WSGIPath: 'app:app'}\n";
    let found = files(&[
        (".ebextensions/a.config", option),
        ("app.py", "import flask\nfrom shop import routes\nimport shop.models as m\n"),
        ("shop/__init__.py", ""),
        ("shop/routes.py", ""),
        ("shop/models.py", ""),
        ("shop/other.py", ""),
    ]);
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["shop/__init__.py", "shop/routes.py", "shop/models.py", "app.py"]);
}

/// What a server imports of an application of Flask's that `app:app` or `run:app` names.
fn flask(target: &str, more: &[(&str, &str)]) -> Vec<String> {
    let option = format!("option_settings:\n  aws:elasticbeanstalk:container:python: {{WSGIPath: '{target}'}}\n");
    let found = files(&[&[(".ebextensions/a.config", option.as_str())], more].concat());
    found.into_iter().map(|(path, _)| path).collect()
}

#[test]
fn a_package_that_imports_its_own_modules() {
    let routes = ("app/routes.py", "");
    for code in [
        "from flask import Flask\napp = Flask(__name__)\nfrom app import routes\n",
        "app = 1\nfrom . import routes\n",
        "from app import routes, models\n",
        "from app import routes as pages\n",
    ] {
        assert_eq!(
            flask("app:app", &[("app/__init__.py", code), routes]),
            ["app/routes.py", "app/__init__.py"],
            "{code}"
        );
    }
    for code in [
        "routes = []\nfrom app import routes\n",
        "from shop import routes\nfrom . import routes\n",
        "def routes(): pass\nfrom . import routes\n",
    ] {
        assert_eq!(flask("app:app", &[("app/__init__.py", code), routes]), ["app/__init__.py"], "{code}");
    }
}

#[test]
fn functions_that_are_called_as_a_module_is_imported() {
    let package = (
        "app/__init__.py",
        "def create_app(name=None):\n    app = Flask(__name__)\n    from .views import views\n    register(app)\n    if not name:\n        return app\n    from . import late\n    return app\ndef register(app):\n    from app.pages import bp\n    app.register_blueprint(bp)\n",
    );
    let modules = [package, ("app/views.py", ""), ("app/pages.py", ""), ("app/late.py", "")];
    let all = ["app/__init__.py", "app/pages.py", "app/views.py", "run.py"];
    let case = |code: &str, called: bool| {
        let mut found = flask("run:app", &[&[("run.py", code)], &modules[..]].concat());
        found.sort();
        match called {
            true => assert_eq!(found, all, "{code}"),
            false => assert_eq!(found, ["app/__init__.py", "run.py"], "{code}"),
        }
    };
    case("from app import create_app\napp = create_app()\n", true);
    case("from app import create_app\napplication = app = create_app('x')\n", true);
    case("from app import create_app\n", false);
    case("from app import create_app\nif __name__ == '__main__':\n    create_app()\n", false);
    let mut found = files(&[&[("Procfile", "web: gunicorn \"app:create_app()\"\n")], &modules[..]].concat());
    found.sort();
    assert_eq!(found.into_iter().map(|(path, _)| path).collect::<Vec<_>>(), &all[..3]);
    let factory = [
        ("run.py", "from app import create_app\napp = create_app()\n"),
        ("app/__init__.py", "from .factory import create_app\n"),
        ("app/factory.py", "def create_app():\n    from app import pages\n    create_app()\n"),
        ("app/pages.py", ""),
    ];
    assert_eq!(flask("run:app", &factory), ["app/factory.py", "app/__init__.py", "app/pages.py", "run.py"]);
}

#[test]
fn what_is_imported_when_applications_are_ready() {
    let case = |app: &str, apps: &str, list: &str, found: bool| {
        let settings = format!("INSTALLED_APPS = ['{app}']\n");
        let tree = [
            ("manage.py", "# django\n"),
            ("shop/wsgi.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
            ("shop/settings.py", &settings),
            ("cart/__init__.py", ""),
            ("cart/apps.py", apps),
            ("cart/signals.py", ""),
            ("requirements.txt", list),
        ];
        let tree = tree.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
        let customizations = Customizations::read(&tree);
        let mut settings = Settings::read(&tree, &customizations).expect("settings");
        settings.django = list.split_once("==").and_then(|(_, version)| Version::first(version));
        let modules = loaded(&tree, &customizations, Some(&settings));
        assert_eq!(modules.iter().any(|module| module.path == "cart/signals.py"), found, "{app} {apps} {list}");
    };
    let ready = "class CartConfig(AppConfig):\n    name = 'cart'\n    def ready(self):\n        import cart.signals\n";
    case("cart.apps.CartConfig", ready, "Django==2.2", true);
    case("cart", ready, "Django==4.2", true);
    case("cart", ready, "Django==2.2", false);
    case("cart.apps.OtherConfig", ready, "Django==4.2", false);
    case("cart", &format!("{ready}class Other(AppConfig):\n    name = 'cart'\n"), "Django==4.2", false);
    case("cart", &ready.replace("import cart.signals", "pass"), "Django==4.2", false);
}
