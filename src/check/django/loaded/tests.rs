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
