//! Routes: does an application of Flask's or FastAPI's answer at the path that health checks ask?

use crate::beanstalk::yaml::{self, Node};
use crate::check::django::loaded::{Call, Module, imports_unread};
use crate::check::rules::settings::health;
use crate::check::subject::Subject;
use crate::level::Level;

/// What may answer by other means than a decorator that stands in the module.
const OTHERS: [&str; 12] = [
    "add_url_rule",
    "add_route",
    "add_api_route",
    "add_resource",
    "def make_app",
    "errorhandler",
    "before_request",
    "wsgi_app",
    "Dash(",
    "Admin(",
    "add_namespace",
    "static_url_path",
];
/// Middleware that answers nothing by itself.
const PASSING: [&str; 5] =
    ["CORSMiddleware", "GZipMiddleware", "SessionMiddleware", "TrustedHostMiddleware", "ProxyHeadersMiddleware"];
const METHODS: [&str; 8] = ["route", "get", "post", "put", "delete", "patch", "api_route", "head"];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let customizations = subject.customizations;
    let matcher = customizations.option("aws:elasticbeanstalk:environment:process:default", "MatcherHTTPCode");
    if subject.single()
        || customizations.worker
        || subject.asks_port()
        || matcher.is_some_and(|codes| codes.contains('4'))
    {
        return;
    }
    let asked = health::path_asked(subject);
    sent_away(subject, modules, asked.as_deref().unwrap_or("/"));
    let Some(Known { served, made, routes, below }) = known(subject, modules) else { return };
    let wanted = asked.as_deref().unwrap_or("/");
    let wanted = wanted.split('?').next().unwrap_or(wanted);
    let answers = |route: &String| answers(route, wanted, below);
    if !wanted.starts_with('/') || routes.iter().any(answers) {
        return;
    }
    let healthy = ["health", "ping", "status", "alive", "ready"];
    let other = routes.iter().any(|route| healthy.iter().any(|word| route.to_ascii_lowercase().contains(word)));
    let unless = if asked.is_none() && other { "unless the console names another path, " } else { "" };
    let message = format!(
        "{unless}health checks get a 404 and the environment turns red: they ask `{wanted}`, and nothing here answers there"
    );
    let fix = "answer 200 there, or name the path of a page that does in `HealthCheckPath`";
    let finding = subject.find("EB013", &served.path, made.span, message, fix);
    if !unless.is_empty() {
        finding.level = Level::Note;
    }
}

/// The only view that answers at the path wants a login first, or sends on whoever asks.
fn sent_away(subject: &mut Subject<'_>, modules: &[Module], wanted: &str) {
    let text = |module: &Module| subject.tree.code(&module.path).unwrap_or_default();
    let says = |word: &str| modules.iter().any(|module| text(module).contains(word));
    let imports = |module: &Module| {
        module
            .imports
            .iter()
            .any(|import| import.module == "flask_login" && import.name.as_deref() == Some("login_required"))
    };
    let others =
        ["url_prefix", "add_url_rule", "before_request", "LOGIN_DISABLED", "wsgi_app", "static_url_path", "Dash("];
    if subject.takes_redirects() || others.iter().any(|word| says(word)) || any_unread(subject, modules) {
        return;
    }
    let calls = modules.iter().flat_map(|module| module.calls.iter().map(move |call| (module, call)));
    let here = calls.filter(|(_, call)| is_route(call) && path(call).is_some_and(|path| answers(&path, wanted, false)));
    let [(module, call)] = here.collect::<Vec<_>>()[..] else { return };
    // Of several decorators that of the login stands below the route.
    let view = text(module).get(call.span.end..).unwrap_or_default();
    let lines = || view.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let logs_in =
        imports(module) && lines().take_while(|line| line.starts_with('@')).any(|line| line == "@login_required");
    let mut body = lines().skip_while(|line| !line.starts_with("def ")).skip(1);
    let redirects = body.next().is_some_and(|line| line.starts_with("return redirect("));
    let (answer, why) = match logs_in {
        true if says("login_view") => ("302", "what answers there wants a login"),
        true => ("401", "what answers there wants a login"),
        false if redirects => ("302", "what answers there redirects"),
        false => return,
    };
    let message = format!("health checks get a {answer} and the environment turns red: they ask `{wanted}`, and {why}");
    let fix = "add a route that answers 200 to everybody, and name its path in `HealthCheckPath`";
    subject.find("EB013", &module.path, call.span.clone(), message, fix);
}

/// The routes of an application, where all of them are known.
struct Known<'m> {
    /// The module that makes the application, and where.
    served: &'m Module,
    made: Call,
    routes: Vec<String>,
    /// Blueprints may put something before them.
    below: bool,
}

fn known<'m>(subject: &Subject<'_>, modules: &'m [Module]) -> Option<Known<'m>> {
    let makes = |call: &Call| matches!(call.name.as_str(), "Flask" | "flask.Flask" | "FastAPI" | "fastapi.FastAPI");
    let mut made = modules.iter().flat_map(|module| module.calls.iter().map(move |call| (module, call)));
    let (served, made) = made.find(|(_, call)| makes(call)).map(|(module, call)| (module, call.clone()))?;
    let text = |path: &str| subject.tree.code(path).unwrap_or_default();
    let customizations = subject.customizations;
    let proxy =
        customizations.proxy.iter().any(|path| subject.tree.text(path).is_some_and(|text| text.contains("return 200")));
    let says = |word: &str| modules.iter().any(|module| text(&module.path).contains(word));
    let between = modules.iter().any(|module| has_middleware(text(&module.path)));
    if proxy || between || OTHERS.iter().any(|word| says(word)) || any_unread(subject, modules) {
        return None;
    }
    let calls = || modules.iter().flat_map(|module| module.calls.iter().map(move |call| (module, call)));
    let below = says("register_blueprint") || says("create_app") || says("include_router");
    // What a function imports that nobody is seen to call may have more of them.
    let is_read = |path: &str| modules.iter().any(|module| module.path == path);
    let has_more = |path: &str| [".route(", "APIRouter("].iter().any(|word| text(path).contains(word));
    let unread = |(path, _): (&str, _)| path.ends_with(".py") && !is_read(path) && has_more(path);
    let said = |word: &str| modules.iter().map(|module| text(&module.path).matches(word).count()).sum::<usize>();
    // A blueprint or a router of a package has routes of its own.
    let own = calls().filter(|(_, call)| is_last(call, "Blueprint") || is_last(call, "APIRouter")).count();
    let registered = said("register_blueprint(") + said("include_router(");
    if below && (registered > own || subject.tree.iter().any(unread)) {
        return None;
    }
    let mounts: Vec<String> =
        calls().filter(|(_, call)| is_last(call, "mount")).filter_map(|(_, call)| path(call)).collect();
    // One whose path is computed may be it.
    if mounts.len() < said(".mount(") {
        return None;
    }
    let prefixes = match says("register_blueprint") || says("create_app") {
        true => None,
        false => prefixes(modules, said("include_router(")),
    };
    // Wherever a router is taken in, what it has is below one of the prefixes.
    let on_router = |module: &Module, call: &Call| {
        let object = call.name.split('.').next().unwrap_or_default();
        prefixes.is_some() && text(&module.path).contains(&format!("{object} = APIRouter("))
    };
    let routes: Option<Vec<String>> = calls()
        .filter(|(module, call)| is_route(call) && !on_router(module, call))
        .map(|(_, call)| path(call))
        .collect();
    let mut routes = routes?;
    routes.extend(prefixes.iter().flatten().map(|prefix| all_below(prefix)));
    if routes.is_empty() {
        return None;
    }
    routes.extend(mounts.iter().map(|mount| all_below(mount)));
    routes.extend(DOCUMENTS.iter().filter(|_| is_last(&made, "FastAPI")).map(|path| (*path).to_owned()));
    Some(Known { served, made, routes, below: below && prefixes.is_none() })
}

/// What FastAPI answers by itself.
const DOCUMENTS: [&str; 3] = ["/docs", "/redoc", "/openapi.json"];

/// The texts that the paths of all routers of FastAPI's begin with, where each begins with one.
fn prefixes(modules: &[Module], included: usize) -> Option<Vec<String>> {
    let calls = || modules.iter().flat_map(|module| &module.calls);
    let prefix = |call: &Call| {
        let given = call.texts.iter().find(|(name, _)| name.as_deref() == Some("prefix"));
        given.map(|(_, text)| text.clone()).filter(|text| text.len() > 1)
    };
    let of = |name: &str| calls().filter(|call| is_last(call, name)).map(prefix).collect::<Vec<_>>();
    let (inclusions, routers) = (of("include_router"), of("APIRouter"));
    let all = |given: &[Option<String>]| !given.is_empty() && given.iter().all(Option::is_some);
    let known = inclusions.len() == included && (all(&inclusions) || all(&routers));
    known.then(|| inclusions.into_iter().chain(routers).flatten().collect())
}

/// Is it a call of this function or method, whatever it is one of?
fn is_last(call: &Call, name: &str) -> bool {
    call.name.rsplit('.').next() == Some(name)
}

/// A route that has all paths below this one.
fn all_below(path: &str) -> String {
    format!("{}/{{path}}", path.trim_end_matches('/'))
}

/// Is there any middleware but what is known to answer nothing?
fn has_middleware(text: &str) -> bool {
    let ends = |rest: &str, word: &str| {
        rest.trim_start()
            .strip_prefix(word)
            .is_some_and(|rest| rest.trim_start().starts_with([',', ')', '\n', '#']) || rest.is_empty())
    };
    let known = |rest: &str| PASSING.iter().any(|word| ends(rest, word));
    text.match_indices("middleware").any(|(at, word)| {
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let (before, rest) = (&text[line..at], &text[at + word.len()..]);
        let imports = before.trim_start().starts_with("from ")
            && rest
                .split_once(" import")
                .is_some_and(|(_, names)| names.split('\n').next().is_some_and(|names| names.split(',').all(known)));
        let added = before.ends_with("add_") && rest.strip_prefix('(').is_some_and(known);
        !(imports || added || before.contains('#'))
    })
}

/// What nobody has read may answer anywhere.
fn any_unread(subject: &Subject<'_>, modules: &[Module]) -> bool {
    modules.iter().any(|module| imports_unread(subject.tree, module))
}

fn answers(route: &str, wanted: &str, below: bool) -> bool {
    let fixed = route.split(['<', '{']).next().unwrap_or(route);
    let (short, long) = (route.trim_end_matches('/'), wanted.trim_end_matches('/'));
    match fixed.len() < route.len() {
        true => below || wanted.starts_with(fixed),
        false if below => long.ends_with(short),
        false => short == long,
    }
}

/// Tasks of `cron.yaml` that are posted to a path at which nothing answers.
pub(super) fn tasks(subject: &mut Subject<'_>, modules: &[Module]) {
    const FILE: &str = "cron.yaml";
    let Some(Ok(Some(root))) = subject.tree.text(FILE).map(yaml::parse) else { return };
    let Some(Known { routes, below, .. }) = known(subject, modules) else { return };
    let jobs = root.get("cron").and_then(Node::sequence).unwrap_or_default();
    for url in jobs.iter().filter_map(|job| job.get("url")) {
        let Some(text) = url.as_str().filter(|text| text.starts_with('/')) else { continue };
        let wanted = text.split('?').next().unwrap_or(text);
        if !routes.iter().any(|route| answers(route, wanted, below)) {
            let message =
                format!("the task does nothing: it is posted to `{wanted}`, where nothing of the application answers");
            let fix = "give the application a route there that takes `POST`, or name the path of one";
            subject.find("EB104", FILE, url.span.clone(), message, fix);
        }
    }
}

/// Is it the decorator of a view?
fn is_route(call: &Call) -> bool {
    let method = call.name.rsplit_once('.').map(|(_, method)| method);
    method.is_some_and(|method| METHODS.contains(&method)) && !call.alone && call.name.matches('.').count() == 1
}

fn path(call: &Call) -> Option<String> {
    call.texts
        .iter()
        .find(|(name, _)| matches!(name.as_deref(), None | Some("rule" | "path")))
        .map(|(_, text)| text.clone())
}
