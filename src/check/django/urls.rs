//! URLs: what `path(…)` of a URL configuration says, and the names that a project has for its URLs.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, ExprCall};

use super::Settings;
use super::evaluation::Evaluation;
use super::expressions::{dotted, keyword};
use super::route::{Leads, Name, Route, View};
use super::value::Value;
use crate::beanstalk::tree::Tree;

/// What may stand around a view, and leaves its answers as they are or wants a login.
const AROUND: [&str; 5] =
    ["csrf_exempt", "login_required", "never_cache", "ensure_csrf_cookie", "xframe_options_exempt"];

pub(super) fn is_route(name: &str) -> bool {
    matches!(name, "path" | "re_path" | "url")
}

impl Evaluation<'_> {
    /// `path("x/", …)`, `re_path`, or `url` as Django had it before.
    pub(super) fn route(&self, call: &ExprCall, depth: usize) -> Value {
        let argument = |index: usize| call.arguments.args.get(index);
        let value = |expression: &Expr| self.evaluate(expression, depth + 1);
        let Some(Value::Text(text)) = argument(0).or_else(|| keyword(call, "route")).map(value) else {
            return Value::Unknown;
        };
        let target = argument(1).or_else(|| keyword(call, "view"));
        let many = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
        let name = match argument(3).or_else(|| keyword(call, "name")).map(value) {
            None if many => Name::Unknown,
            None | Some(Value::None) => Name::None,
            Some(Value::Text(name)) => Name::Given(name),
            Some(_) => Name::Unknown,
        };
        Value::Route(Box::new(Route {
            text,
            regex: dotted(&call.func) != "path",
            redirects: target.is_some_and(is_redirect),
            leads: target.map_or(Leads::Unknown, |target| self.leads(target)),
            view: target.and_then(view),
            name,
            apart: target.is_some_and(is_apart),
        }))
    }

    /// What `router.urls` stands for.
    pub(super) fn routed(&self) -> Value {
        Value::Route(Box::new(Route {
            text: String::new(),
            regex: false,
            redirects: false,
            leads: Leads::Router,
            view: None,
            name: Name::None,
            apart: false,
        }))
    }

    /// Is it `router.urls`, of one of Django REST framework's?
    pub(super) fn is_router(&self, name: &str) -> bool {
        let router = name.strip_suffix(".urls").and_then(|router| self.settings.get(router));
        router.is_some_and(|router| router.value == Value::Router)
    }

    /// Where the second argument of `path` leads.
    fn leads(&self, target: &Expr) -> Leads {
        let of = |included: &Expr| match included {
            Expr::StringLiteral(literal) => Leads::Module(literal.value.to_str().to_owned()),
            other if self.is_router(&dotted(other)) => Leads::Router,
            _ => Leads::Unknown,
        };
        match target {
            Expr::Lambda(_) => Leads::View,
            // `admin.site.urls` and `router.urls` are lists of URLs.
            Expr::Name(_) | Expr::Attribute(_) => match dotted(target) {
                name if self.is_router(&name) => Leads::Router,
                name if name.ends_with("urls") || name.ends_with("urlpatterns") => Leads::Unknown,
                _ => Leads::View,
            },
            Expr::Call(call) => match dotted(&call.func).as_str() {
                "include" => included(call).map_or(Leads::Unknown, of),
                name if name.ends_with(".as_view") || AROUND.contains(&name) => Leads::View,
                _ => Leads::Unknown,
            },
            _ => Leads::Unknown,
        }
    }
}

/// What `include(…)` takes in: `"shop.urls"`, also of `("shop.urls", "shop")`.
fn included(call: &ExprCall) -> Option<&Expr> {
    match call.arguments.args.first() {
        Some(Expr::Tuple(tuple)) => tuple.elts.first(),
        first => first,
    }
}

/// Is it `admin.site.urls`, or an `include` that gives a namespace?
fn is_apart(target: &Expr) -> bool {
    const ADMIN: &str = "admin.site.urls";
    let Expr::Call(call) = target else { return dotted(target) == ADMIN };
    let given = |value: &Expr| !matches!(value, Expr::NoneLiteral(_));
    dotted(&call.func) == "include"
        && (matches!(call.arguments.args.first(), Some(Expr::Tuple(_)))
            || call.arguments.args.get(1).is_some_and(given)
            || keyword(call, "namespace").is_some_and(given)
            || included(call).is_some_and(|included| dotted(included) == ADMIN))
}

/// The view that a route leads to, through what stands around it.
fn view(target: &Expr) -> Option<View> {
    let mut inner = target;
    let mut logged_in = false;
    loop {
        let name = match inner {
            Expr::Call(call) => dotted(&call.func),
            other => dotted(other),
        };
        match inner {
            Expr::Call(call) if AROUND.contains(&name.as_str()) => {
                logged_in |= name == "login_required";
                inner = call.arguments.args.first()?;
            }
            Expr::Call(_) => {
                return name.strip_suffix(".as_view").map(|name| View { name: name.to_owned(), logged_in });
            }
            _ => return (!name.is_empty()).then_some(View { name, logged_in }),
        }
    }
}

/// Is a view nothing but a redirect: `RedirectView.as_view(…)`, or a lambda that returns one?
fn is_redirect(view: &Expr) -> bool {
    const REDIRECTS: [&str; 3] = ["redirect", "HttpResponseRedirect", "HttpResponsePermanentRedirect"];
    let calls = |expression: &Expr, is: &dyn Fn(&str) -> bool| match expression {
        Expr::Call(call) => is(&dotted(&call.func)),
        _ => false,
    };
    match view {
        Expr::Lambda(lambda) => calls(&lambda.body, &|name| REDIRECTS.contains(&name)),
        view => calls(view, &|name| name == "RedirectView.as_view" || name.ends_with(".RedirectView.as_view")),
    }
}

/// The views of `django.contrib.auth`, as its URLs name them.
pub(in crate::check) const AUTH: [&str; 8] = [
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "password_reset",
    "password_reset_done",
    "password_reset_confirm",
    "password_reset_complete",
];

/// Packages whose URLs have names of their own, and which these are. All of another kind have a namespace.
const KNOWN: [(&str, &[&str]); 6] = [
    ("django.contrib.auth.urls", &AUTH),
    ("django.conf.urls.i18n", &["set_language"]),
    ("rest_framework.urls", &[]),
    ("debug_toolbar.urls", &[]),
    ("ckeditor_uploader.urls", &["ckeditor_upload", "ckeditor_browse"]),
    ("django_browser_reload.urls", &[]),
];

/// The names that the URLs of a project have outside of namespaces, where all of them are known.
#[derive(Debug, Default)]
pub(in crate::check) struct Names {
    found: BTreeSet<String>,
    /// Routers make names such as `book-list`, by what is registered with them.
    routed: bool,
    /// The files that they stand in.
    pub(in crate::check) files: Vec<String>,
    /// Modules that were read: whoever includes one again adds nothing.
    read: BTreeSet<String>,
}

impl Names {
    /// Those of the URLs that this module has, which is `ROOT_URLCONF`.
    pub(in crate::check) fn of(tree: &Tree, module: &str) -> Option<Self> {
        let mut names = Self::default();
        names.take(tree, module, 0, false)?;
        Some(names)
    }

    pub(in crate::check) fn may_have(&self, name: &str) -> bool {
        self.found.contains(name) || (self.routed && name.contains('-'))
    }

    fn take(&mut self, tree: &Tree, module: &str, depth: usize, apart: bool) -> Option<()> {
        const DEEPEST: usize = 8;
        if let Some((_, known)) = KNOWN.iter().find(|(known, _)| *known == module) {
            self.found.extend(known.iter().filter(|_| !apart).map(|name| (*name).to_owned()));
            return Some(());
        }
        // What is in a namespace has none of these names, and all below it is in that as well.
        if apart {
            return Some(());
        }
        if !self.read.insert(module.to_owned()) {
            return Some(());
        }
        let urls = Settings::beside(tree, module).filter(|_| depth < DEEPEST)?;
        if urls.open || !urls.broken.is_empty() || !urls.unread.is_empty() {
            return None;
        }
        if depth > 0 && urls.get("app_name").is_some() {
            return Some(());
        }
        self.files.extend(urls.files.iter().cloned());
        let Value::List(routes) = &urls.get("urlpatterns")?.value else { return None };
        for route in routes {
            let Value::Route(route) = route else { return None };
            match (&route.leads, &route.name) {
                (Leads::Module(module), _) => self.take(tree, module, depth + 1, route.apart)?,
                (Leads::Router, _) => self.routed |= !route.apart,
                (_, Name::Given(name)) => drop(self.found.insert(name.clone())),
                (Leads::Unknown, _) if route.apart => {}
                (Leads::View, Name::None) => {}
                _ => return None,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = "urlpatterns = [path('', x, name='inner')]\n";

    fn has(urls: &str, inner: &str, name: &str) -> Option<bool> {
        let tree = Tree::default().file("manage.py", "").file("site/urls.py", urls).file("shop/urls.py", inner);
        Names::of(&tree, "site.urls").map(|names| names.may_have(name))
    }

    #[test]
    fn names_that_all_could_be_read() {
        let root = |routes: &str| format!("from django.conf import settings\nurlpatterns = [{routes}]\n");
        let of = |routes: &str, name: &str| has(&root(routes), INNER, name);
        let both = "path('', x, name=\"a\"), path('', include('shop.urls'))";
        assert_eq!(of(both, "inner"), Some(true));
        assert_eq!(of(both, "a"), Some(true));
        assert_eq!(of(both, "b"), Some(false));
        assert_eq!(of("url(r'^$', x, {}, 'a')", "a"), Some(true));
        assert_eq!(of("path('', include('django.contrib.auth.urls'))", "login"), Some(true));
        assert_eq!(of("path('', include('django.contrib.auth.urls'))", "x"), Some(false));
        assert_eq!(of("path('admin/', admin.site.urls)", "x"), Some(false));
        for unread in [
            "path('', include('other.urls'))",
            "path('', include(other.urls))",
            "path('', x, name=NAME)",
            "path('', x, **more)",
            "*more",
            "made('', x)",
        ] {
            assert_eq!(of(unread, "x"), None, "{unread}");
        }
        assert_eq!(
            has(&(root("path('', x)") + "if settings.DEBUG:\n    urlpatterns += other\n"), INNER, "x"),
            Some(false)
        );
        assert_eq!(has(&(root("path('', x)") + "urlpatterns += other\n"), INNER, "x"), None);
        assert_eq!(has(&(root("path('', x)") + "for a in b:\n    urlpatterns.append(a)\n"), INNER, "x"), None);
    }

    #[test]
    fn names_in_a_namespace_are_none_without_it() {
        let of = |route: &str, inner: &str| has(&format!("urlpatterns = [{route}]\n"), inner, "inner");
        let spaced = format!("app_name = 'shop'\n{INNER}");
        assert_eq!(of("path('', include('shop.urls'))", INNER), Some(true));
        assert_eq!(of("path('', include('shop.urls'))", &spaced), Some(false));
        assert_eq!(of("path('', include('shop.urls', namespace='a'))", INNER), Some(false));
        assert_eq!(of("path('', include(('shop.urls', 'shop')))", INNER), Some(false));
        assert_eq!(of("path('', include('shop.urls', namespace=None))", INNER), Some(true));
    }

    #[test]
    fn a_router_makes_names_with_a_dash() {
        let of = |route: &str, name: &str| {
            let router = "from rest_framework import routers\nrouter = routers.DefaultRouter()\nrouter.register('books', Books)\n";
            has(&format!("{router}urlpatterns = {route}\n"), INNER, name)
        };
        for route in ["[path('', include(router.urls))]", "[path('a', x)] + router.urls", "router.urls"] {
            assert_eq!(of(route, "book-list"), Some(true), "{route}");
            assert_eq!(of(route, "books"), Some(false), "{route}");
        }
        assert_eq!(of("[path('', include((router.urls, 'api')))]", "book-list"), Some(false));
        assert_eq!(of("[path('', include(others.urls))]", "book-list"), None);
    }

    #[test]
    fn views_as_the_urls_call_them() {
        let tree = |target: &str| {
            Tree::default().file("manage.py", "").file("urls.py", format!("urlpatterns = [path('', {target})]\n"))
        };
        let of = |target: &str| {
            let urls = Settings::beside(&tree(target), "urls").unwrap();
            match &urls.get("urlpatterns").unwrap().value.items()[0] {
                Value::Route(route) => route.view.clone().map(|view| (view.name, view.logged_in)),
                _ => None,
            }
        };
        let view = |name: &str, logged_in: bool| Some((name.to_owned(), logged_in));
        assert_eq!(of("views.index"), view("views.index", false));
        assert_eq!(of("Home.as_view(a=1)"), view("Home", false));
        assert_eq!(of("login_required(views.index)"), view("views.index", true));
        assert_eq!(of("never_cache(login_required(Home.as_view()))"), view("Home", true));
        assert_eq!(of("other(views.index)"), None);
        assert_eq!(of("lambda request: None"), None);
    }
}
