//! What a health check finds at the path that it asks.

use std::collections::BTreeSet;

use super::{at, logged_in, may_change_host, proxy_has};
use crate::beanstalk::config_file::OptionSetting;
use crate::beanstalk::tree::file_name;
use crate::check::django::{self, Leads, Route, Setting, Settings, Value};
use crate::check::finding::Finding;
use crate::check::subject::Subject;
use crate::level::Level;

const PROCESS: &str = "aws:elasticbeanstalk:environment:process:default";

/// What looks at the host of a request, and answers 400 where it is none of the site's.
pub(super) const HOST: [&str; 2] =
    ["django.middleware.common.CommonMiddleware", "django.middleware.cache.FetchFromCacheMiddleware"];

/// What sends a visitor from HTTP to HTTPS; it looks at the host for that.
pub(super) const SECURITY: &str = "django.middleware.security.SecurityMiddleware";

/// The list of middleware, under the name that Django 1 had for it where there is no other.
fn middleware(settings: &Settings) -> &Value {
    match settings.value("MIDDLEWARE") {
        Value::Missing if settings.django.is_some_and(|django| django.major < 2) => {
            settings.value("MIDDLEWARE_CLASSES")
        }
        middleware => middleware,
    }
}

/// May something answer health checks before these of Django's do?
pub(super) fn is_answered(subject: &Subject<'_>, settings: &Settings, before: &[&str]) -> bool {
    // Django 1 looked at the host by rules of its own.
    !is_known(settings.value("MIDDLEWARE")) || is_seen_to_be_answered(subject, settings, before)
}

fn is_known(middleware: &Value) -> bool {
    matches!(middleware, Value::List(items) if items.iter().all(Value::is_known))
}

/// Does something do that, for what can be read?
pub(super) fn is_seen_to_be_answered(subject: &Subject<'_>, settings: &Settings, before: &[&str]) -> bool {
    let is_health = |value: &Value| value.text().is_some_and(|text| text.to_ascii_lowercase().contains("health"));
    let middleware = middleware(settings).items().iter();
    let redirects = settings.value("SECURE_SSL_REDIRECT").by_default().is_on();
    let mut first = middleware.take_while(|item| {
        let stops = |text: &str| before.contains(&text) || (redirects && !before.is_empty() && text == SECURITY);
        !item.text().is_some_and(stops)
    });
    let apps = settings.value("INSTALLED_APPS").items().iter().any(is_health);
    let proxy = may_change_host(subject) || proxy_has(subject, "return 200");
    // An application around Django's may answer by itself.
    let around = django::in_wsgi(subject.tree, subject.customizations)
        .and_then(|wsgi| {
            subject
                .tree
                .text(&wsgi.path)
                .map(|text| text.contains("def application(") || text.contains("def __call__("))
        })
        .unwrap_or_default();
    proxy || around || first.any(is_health) || apps || subject.asks_port()
}

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    let answered = !is_known(middleware(settings)) || is_seen_to_be_answered(subject, settings, &[]);
    if subject.single() || subject.customizations.worker || subject.takes(404) || answered {
        return;
    }
    let asked = asked(subject);
    let path = asked.as_ref().map_or(Some("/"), |(_, setting)| path_in(&setting.value.value));
    let Some(path) = path.and_then(|path| path.strip_prefix('/')) else { return };
    let matcher = subject.customizations.option(PROCESS, "MatcherHTTPCode").unwrap_or("200").to_owned();
    if path.is_empty() && !matcher.contains('3') {
        let login = settings.value("MIDDLEWARE").items().iter().find_map(|item| {
            item.text().filter(|text| {
                let (module, name) = text.rsplit_once('.').unwrap_or_default();
                name.starts_with("LoginRequired") && may_redirect(subject, module)
            })
        });
        if let (Some(name), Some(setting)) = (login, settings.get("MIDDLEWARE")) {
            let name = name.rsplit('.').next().unwrap_or(name);
            let message = format!(
                "health checks get a 302 and the environment turns red: they ask `/`, and `{name}` wants a login"
            );
            let fix = "answer a path of their own in a middleware, and name it in `HealthCheckPath`";
            at(subject, "EB013", setting, message, fix);
            return;
        }
    }
    // Whoever serves a page for every path, or the files of a folder, answers before the URLs.
    let serves =
        settings.value("MIDDLEWARE").items().iter().filter_map(Value::text).any(|name| name.starts_with("spa."));
    let files = ["WHITENOISE_ROOT", "WHITENOISE_INDEX_FILE"].iter().any(|name| *settings.value(name) != Value::Missing);
    if serves || files {
        return;
    }
    routes(subject, settings, path, &matcher, asked);
}

/// May a middleware of this module send anybody elsewhere? One of the project's own does so where it can be read.
fn may_redirect(subject: &Subject<'_>, module: &str) -> bool {
    const WAYS: [&str; 3] = ["redirect(", "HttpResponseRedirect(", "redirect_to_login("];
    let path = django::module_path(subject.tree, &django::root(subject.tree), module);
    let text = path.and_then(|path| subject.tree.code(&path));
    text.is_none_or(|text| WAYS.iter().any(|way| text.contains(way)))
}

/// The first URL that is asked answers with a redirect, and with nothing else.
fn redirected(
    subject: &mut Subject<'_>,
    routes: &[Value],
    setting: &Setting,
    (path, matcher): (&str, &str),
    asked: Option<(&str, &OptionSetting)>,
) {
    let is_it = |text: &str, regex: bool| match regex {
        true => text.strip_prefix('^').and_then(|text| text.strip_suffix('$')) == Some(path),
        false => text == path,
    };
    // Whoever comes before it with a prefix or a pattern may answer.
    let before = |text: &str, regex: bool| {
        if regex { may_match(text, path) } else { text.is_empty() || path.starts_with(text) || text.contains('<') }
    };
    let mut known = routes.iter().filter_map(|route| match route {
        Value::Route(route) => Some(route),
        _ => None,
    });
    let Some(first) = known.find(|route| before(&route.text, route.regex)).filter(|route| route.redirects) else {
        return;
    };
    if !is_it(&first.text, first.regex) || matcher.contains('3') {
        return;
    }
    let unless = unless(subject, routes, asked.is_some());
    let message =
        format!("{unless}health checks get a 302 and the environment turns red: they ask `/{path}`, which redirects");
    let fix = "add a view that answers 200, and name its path in `HealthCheckPath`";
    said(subject, setting, asked, unless, message, fix);
}

/// The page that is asked sends whoever is not logged in elsewhere.
fn logs_in(
    subject: &mut Subject<'_>,
    urls: &Settings,
    (path, matcher): (&str, &str),
    asked: Option<(&str, &OptionSetting)>,
) {
    let Some(view) = logged_in::view(subject.tree, urls, path).filter(|_| !matcher.contains('3')) else { return };
    let Some(setting) = urls.get("urlpatterns") else { return };
    let routes = setting.value.items();
    let unless = unless(subject, routes, asked.is_some());
    let message = format!(
        "{unless}health checks get a 302 and the environment turns red: they ask `/{path}`, and `{view}` wants a login"
    );
    let fix = "add a view that answers 200 to everybody, and name its path in `HealthCheckPath`";
    said(subject, setting, asked, unless, message, fix);
}

/// May Django find this regular expression in a path? Not where the text that it begins with is not there.
pub(super) fn may_match(regex: &str, path: &str) -> bool {
    let (anchored, rest) = regex.strip_prefix('^').map_or((false, regex), |rest| (true, rest));
    let special = |char: char| "\\.^$*+?{}[]|()".contains(char);
    let (mut fixed, open) = rest.split_at(rest.find(special).unwrap_or(rest.len()));
    // What may be repeated may be absent as well.
    if open.starts_with(['?', '*', '{']) {
        fixed = &fixed[..fixed.char_indices().next_back().map_or(0, |(at, _)| at)];
    }
    if regex.contains('|') {
        return true;
    }
    match (anchored, open) {
        (true, "$") => path == fixed,
        (true, _) => path.starts_with(fixed),
        (false, _) => path.contains(fixed),
    }
}

/// The path that the balancer asks, where a file says it.
pub(in crate::check::rules) fn path_asked(subject: &Subject<'_>) -> Option<String> {
    let (_, setting) = asked(subject)?;
    Some(path_in(&setting.value.value).unwrap_or(&setting.value.value).to_owned())
}

/// The path of `/path`, or of `HTTP:80/path` as classic load balancers have it; `TCP:80` asks for none.
fn path_in(value: &str) -> Option<&str> {
    if value.starts_with('/') {
        return Some(value);
    }
    let (protocol, _) = value.split_once(':')?;
    let asks = protocol.eq_ignore_ascii_case("http") || protocol.eq_ignore_ascii_case("https");
    value.find('/').filter(|_| asks).map(|at| &value[at..])
}

/// The option that says which path the balancer asks.
fn asked<'a>(subject: &Subject<'a>) -> Option<(&'a str, &'a OptionSetting)> {
    let files = subject.customizations.used();
    let all = files.flat_map(|file| file.option_settings.iter().map(move |setting| (file.path.as_str(), setting)));
    all.filter(|(_, setting)| match setting.name.value.as_str() {
        "HealthCheckPath" => setting.namespace.value == PROCESS,
        "Application Healthcheck URL" => true,
        "Target" => setting.namespace.value == "aws:elb:healthcheck",
        _ => false,
    })
    .last()
}

/// Does the URL configuration have anything at this path?
fn routes(
    subject: &mut Subject<'_>,
    settings: &Settings,
    path: &str,
    matcher: &str,
    asked: Option<(&str, &OptionSetting)>,
) {
    let Some(module) = settings.value("ROOT_URLCONF").text() else { return };
    let Some(urls) = Settings::beside(subject.tree, module) else { return };
    let Some(setting) = urls.get("urlpatterns") else { return };
    let Value::List(routes) = &setting.value else { return };
    if !routes.iter().all(|route| matches!(route, Value::Route(_))) {
        return;
    }
    let any = |wanted: &str| may_answer(subject, routes, wanted);
    if any(path) {
        redirected(subject, routes, setting, (path, matcher), asked);
        return logs_in(subject, &urls, (path, matcher), asked);
    }
    let slash = !path.is_empty() && !path.ends_with('/') && any(&format!("{path}/"));
    let (code, why) = match slash {
        true => {
            ('3', format!("a 301 and the environment turns red: `/{path}` has no slash at its end, and the URL has"))
        }
        false => (
            '4',
            format!(
                "a 404 and the environment turns red: they ask `/{path}`, and `{}` has nothing there",
                setting.path
            ),
        ),
    };
    if matcher.contains(code) {
        return;
    }
    let unless = unless(subject, routes, asked.is_some());
    let message = format!("{unless}health checks get {why}");
    let fix = match slash {
        true => format!("write `/{path}/`"),
        false => "add a view that answers 200, and name its path in `HealthCheckPath`".to_owned(),
    };
    let finding = said(subject, setting, asked, unless, message, &fix);
    if let Some((_, option)) = asked.filter(|_| slash) {
        finding.replace(format!("{}/", option.value.value));
    }
}

/// At the option that names the path, else at the URLs: the console may name another then.
fn said<'f>(
    subject: &'f mut Subject<'_>,
    setting: &Setting,
    asked: Option<(&str, &OptionSetting)>,
    unless: &str,
    message: String,
    fix: &str,
) -> &'f mut Finding {
    match asked {
        Some((file, option)) => subject.find("EB013", file, option.value.span.clone(), message, fix),
        None => {
            let finding = at(subject, "EB013", setting, message, fix);
            if !unless.is_empty() {
                finding.level = Level::Note;
            }
            finding
        }
    }
}

/// May one of these URLs be that of a page?
pub(in crate::check::rules) fn may_answer(subject: &Subject<'_>, routes: &[Value], wanted: &str) -> bool {
    answers(subject, routes, wanted, &mut BTreeSet::new(), 0)
}

/// `asked` are modules that did not answer before, each with what was wanted of it.
fn answers(
    subject: &Subject<'_>,
    routes: &[Value],
    wanted: &str,
    asked: &mut BTreeSet<(String, String)>,
    depth: usize,
) -> bool {
    const DEEPEST: usize = 4;
    // Of another module: whatever is not known of it may answer.
    let mut inside = |module: &str, rest: &str| {
        if !asked.insert((module.to_owned(), rest.to_owned())) {
            return false;
        }
        let urls = Settings::beside(subject.tree, module).filter(|_| depth < DEEPEST);
        let Some(Value::List(inner)) = urls.as_ref().and_then(|urls| urls.get("urlpatterns")).map(|inner| &inner.value)
        else {
            return true;
        };
        let known = inner.iter().all(|route| matches!(route, Value::Route(_)));
        !known || answers(subject, inner, rest, asked, depth + 1)
    };
    routes.iter().any(|route| {
        let Value::Route(route) = route else { return false };
        let Route { text, regex, leads, .. } = &**route;
        match (regex, leads) {
            // A regular expression that only begins the path leaves all of the rest to the module.
            (true, Leads::Module(module)) if matches!(text.as_str(), "" | "^") => inside(module, wanted),
            (true, _) => may_match(text, wanted),
            // Up to the converter, which stands for something.
            (false, leads) => match (text.split_once('<'), leads) {
                (Some((fixed, _)), _) => wanted.strip_prefix(fixed).is_some_and(|rest| !rest.is_empty()),
                (None, Leads::View) => wanted == text,
                (None, Leads::Module(module)) => {
                    wanted.strip_prefix(text.as_str()).is_some_and(|rest| inside(module, rest))
                }
                (None, Leads::Router | Leads::Unknown) => wanted.starts_with(text.as_str()),
            },
        }
    })
}

/// Where the URLs have a page for health checks and no file names it, the console may.
fn unless(subject: &Subject<'_>, routes: &[Value], asked: bool) -> &'static str {
    const WORDS: [&str; 6] = ["health", "ping", "status", "alive", "ready", "heartbeat"];
    let is_health = |route: &Value| match route {
        Value::Route(route) => WORDS.iter().any(|word| route.text.to_ascii_lowercase().contains(word)),
        _ => false,
    };
    // One that another file has, which the first includes.
    let includes = || {
        let mut urls = subject.tree.iter().map(|(path, _)| path).filter(|path| file_name(path) == "urls.py");
        urls.any(|path| subject.tree.text(path).is_some_and(|text| text.contains("health")))
    };
    if !asked && (routes.iter().any(is_health) || includes()) { "unless the console names another path, " } else { "" }
}
