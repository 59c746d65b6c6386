//! Login page: views that want a login, where nothing is at the path that Django sends people to for it.

use std::ops::Range;

use crate::beanstalk::lines::{indent, placed};
use crate::check::django::loaded::{Module, Moment};
use crate::check::django::{Settings, Value};
use crate::check::rules::settings::health::may_answer;
use crate::check::subject::Subject;

const RULE: &str = "EB377";
/// Django's own, where nothing else is said.
const PATH: &str = "accounts/login/";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let Some(settings) = subject.settings() else { return };
    if *settings.value("LOGIN_URL") != Value::Missing || may_be_there(subject, &settings) {
        return;
    }
    let mut served = modules.iter().filter(|module| module.moment == Moment::Request && !module.path.contains("test"));
    let asks = |module: &Module| Some((module.path.clone(), wants_login(subject.tree.code(&module.path)?)?));
    let Some((path, span)) = served.find_map(asks) else { return };
    let message = "whoever is not logged in gets a 404: this sends them to `/accounts/login/`, which no URL has";
    let fix = "set `LOGIN_URL` to the name or the path of the page to log in at";
    subject.find(RULE, &path, span, message, fix);
}

/// May a URL have that path, or something else answer there?
fn may_be_there(subject: &Subject<'_>, settings: &Settings) -> bool {
    // A class of the project's own may name another page for those that come from it.
    const NAMED: [&str; 5] = ["set_urlconf", ".urlconf", "LOGIN_URL", "login_url", "django_hosts"];
    let tree = subject.tree;
    let own = |path: &str| path.ends_with(".py") && !path.contains("site-packages");
    let mut code = tree.iter().filter(|(path, _)| own(path)).filter_map(|(path, _)| tree.code(path));
    if code.any(|text| NAMED.iter().any(|word| text.contains(word))) {
        return true;
    }
    let urls = settings.value("ROOT_URLCONF").text().and_then(|module| Settings::beside(tree, module));
    let Some(Value::List(routes)) = urls.as_ref().map(|urls| urls.value("urlpatterns")) else { return true };
    let known = routes.iter().all(|route| matches!(route, Value::Route(_)));
    !known || may_answer(subject, routes, PATH) || may_answer(subject, routes, PATH.trim_end_matches('/'))
}

/// Where a view wants a login by what Django has for it, and names no page of its own.
fn wants_login(text: &str) -> Option<Range<usize>> {
    let imports = |module: &str, name: &str| {
        text.lines().any(|line| {
            let names = line.strip_prefix("from ").and_then(|rest| rest.strip_prefix(module)?.strip_prefix(" import "));
            names.is_some_and(|names| {
                names.split([',', ' ', '(', ')']).any(|one| one == name) && !names.contains(" as ")
            })
        })
    };
    let function = imports("django.contrib.auth.decorators", "login_required");
    let class = imports("django.contrib.auth.mixins", "LoginRequiredMixin");
    placed(text).find_map(|(at, line)| {
        let word = line.trim();
        let decorates = function && matches!(word, "@login_required" | "@login_required()");
        let mixes = class && word.starts_with("class ") && word.contains("(LoginRequiredMixin,");
        let start = at + indent(line);
        (decorates || mixes).then(|| start..start + word.len())
    })
}

#[cfg(test)]
mod tests {
    use super::wants_login;

    #[test]
    fn views_that_want_a_login() {
        let function = "from django.contrib.auth.decorators import login_required\n";
        let class = "from django.contrib.auth.mixins import LoginRequiredMixin\n";
        assert!(wants_login(&format!("{function}@login_required\ndef a(request):\n    pass\n")).is_some());
        assert!(wants_login(&format!("{class}class A(LoginRequiredMixin, View):\n    pass\n")).is_some());
        for text in [
            "from own import login_required\n@login_required\ndef a(request):\n    pass\n".to_owned(),
            format!("{function}@login_required(login_url='/in/')\ndef a(request):\n    pass\n"),
            format!("{function}# @login_required\ndef a(request):\n    pass\n"),
            format!("{class}class A(View):\n    pass\n"),
        ] {
            assert!(wants_login(&text).is_none(), "{text}");
        }
    }
}
