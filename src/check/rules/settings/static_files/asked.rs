//! Asked: whether any page of the site asks for a style sheet or an image.

use crate::check::django::{Settings, Value, module_path, root};
use crate::check::script::find_in;
use crate::check::subject::Subject;

/// Applications without a page of their own; Django REST framework's are those of its renderers.
const WITHOUT_PAGES: [&str; 9] = [
    "channels",
    "corsheaders",
    "django_celery_beat",
    "django_celery_results",
    "django_filters",
    "rest_framework",
    "rest_framework.authtoken",
    "rest_framework_simplejwt",
    "storages",
];

/// Is it certain that none does? Not where nobody sees what it answers, an application may bring pages along, or the project
/// has a template.
pub(super) fn by_nobody(subject: &Subject<'_>, settings: &Settings) -> bool {
    let tree = subject.tree;
    let apps = settings.value("INSTALLED_APPS");
    let root = root(tree);
    let is_known = |app: &Value| {
        app.text().is_some_and(|app| {
            let own = app.split(".apps.").next().unwrap_or(app);
            app.starts_with("django.contrib.")
                || WITHOUT_PAGES.contains(&app)
                || module_path(tree, &root, own).is_some()
                || tree.is_dir(&format!("{root}{}", own.replace('.', "/")))
        })
    };
    let installs = |app: &str| apps.items().iter().any(|item| item.text() == Some(app));
    let renders = || {
        let classes = settings.value("REST_FRAMEWORK").get("DEFAULT_RENDERER_CLASSES");
        !classes.is_known()
            || classes.items().is_empty()
            || classes.items().iter().any(|class| class.text().is_none_or(|class| !class.ends_with("JSONRenderer")))
    };
    let has_page = |path: &str| {
        let is_template = [".html", ".jinja", ".jinja2", ".j2"].iter().any(|end| path.ends_with(end));
        let leads = || {
            tree.code(path).is_some_and(|text| find_in(text, &["admin.site.urls", "render(", "TemplateView"]).is_some())
        };
        is_template || (path.ends_with(".py") && leads())
    };
    let urls = settings.value("ROOT_URLCONF").text().and_then(|module| module_path(tree, &root, module));
    let has_urls = urls.is_some_and(|path| tree.code(&path).is_some_and(|text| text.contains("urlpatterns")));
    has_urls
        && apps.is_known()
        && !apps.items().is_empty()
        && apps.items().iter().all(is_known)
        && !(installs("rest_framework") && renders())
        && !tree.iter().any(|(path, _)| has_page(path))
}
