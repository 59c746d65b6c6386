//! Logged in: the page at a path that health checks ask wants a login first, by its decorator or by its class.
//!
//! From the URLs to the text of the view, one step after the other; what cannot be followed is not judged.

use crate::beanstalk::requirements::beside;
use crate::beanstalk::tree::Tree;
use crate::check::django::{Leads, Route, Settings, Value, View, module_path, root};

/// How deep URLs may include others.
const DEEPEST: usize = 3;

/// The view that answers at `path`, as the URLs call it, if it surely wants a login.
pub(super) fn view(tree: &Tree, urls: &Settings, path: &str) -> Option<String> {
    step(tree, urls, path, 0)
}

fn step(tree: &Tree, urls: &Settings, path: &str, depth: usize) -> Option<String> {
    let setting = urls.get("urlpatterns").filter(|_| depth < DEEPEST)?;
    let Value::List(routes) = &setting.value else { return None };
    for route in routes {
        // What comes before it and is not known may answer.
        let Value::Route(route) = route else { return None };
        let Route { text, regex, redirects, leads, view, .. } = &**route;
        let fixed = text.trim_start_matches('^').trim_end_matches('$');
        let plain = fixed.chars().all(|char| char.is_alphanumeric() || "/-_".contains(char));
        let ends = !*regex || text.ends_with('$');
        match leads {
            Leads::View if plain && ends && fixed == path => {
                let view = view.as_ref().filter(|_| !redirects)?;
                return wants_login(tree, &setting.path, view).then(|| view.name.clone());
            }
            Leads::View if plain && ends => {}
            Leads::Module(module) if fixed.is_empty() && plain => {
                return step(tree, &Settings::beside(tree, module)?, path, depth + 1);
            }
            Leads::Module(_) if plain && !path.starts_with(fixed) => {}
            _ if plain && !fixed.is_empty() && !path.starts_with(fixed) => {}
            _ => return None,
        }
    }
    None
}

fn wants_login(tree: &Tree, urls: &str, view: &View) -> bool {
    const OF_DJANGO: &str = "from django.contrib.auth.decorators import";
    let from_django =
        |text: &str| text.lines().any(|line| line.starts_with(OF_DJANGO) && line.contains("login_required"));
    let text = tree.code(urls).unwrap_or_default();
    if view.logged_in {
        return from_django(text);
    }
    let Some((path, name)) = module_of(tree, urls, text, &view.name) else { return false };
    let code = tree.code(&path).unwrap_or_default();
    let lines: Vec<&str> = code.lines().collect();
    let is_it = |line: &&str| {
        let rest = line
            .strip_prefix("def ")
            .or_else(|| line.strip_prefix("async def "))
            .or_else(|| line.strip_prefix("class "));
        rest.and_then(|rest| rest.strip_prefix(name.as_str())).is_some_and(|rest| rest.starts_with(['(', ':']))
    };
    let mut all = lines.iter().enumerate().filter(|(_, line)| is_it(line));
    let (Some((at, line)), None) = (all.next(), all.next()) else { return false };
    if line.starts_with("class ") {
        let mixin = line.contains("(LoginRequiredMixin,");
        return mixin && code.lines().any(|line| line.starts_with("from django.contrib.auth.mixins import"));
    }
    let mut above = lines[..at].iter().rev().take_while(|line| line.starts_with('@') || line.trim().is_empty());
    let wanted = above.any(|line| {
        matches!(line.trim(), "@login_required" | "@login_required()") || line.starts_with("@login_required(login_url")
    });
    wanted && from_django(code)
}

/// The file that a view of these URLs comes from, and its name there.
fn module_of(tree: &Tree, urls: &str, text: &str, view: &str) -> Option<(String, String)> {
    let folder = urls.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (module, name) = view.rsplit_once('.').unwrap_or(("", view));
    // `from shop import views`, `from . import views`, `from .views import index`
    let wanted = if module.is_empty() { name } else { module };
    let from = text.lines().find_map(|line| {
        let (from, names) = line.strip_prefix("from ")?.split_once(" import ")?;
        let named = names.split(',').any(|one| one.trim().trim_matches(['(', ')']) == wanted);
        named.then(|| from.trim().to_owned())
    })?;
    let dotted =
        if module.is_empty() { from } else { format!("{from}{}{module}", if from.ends_with('.') { "" } else { "." }) };
    let path = match dotted.strip_prefix('.') {
        Some(rest) if !rest.starts_with('.') => {
            let path = beside(folder, &rest.replace('.', "/"))?;
            [format!("{path}.py"), format!("{path}/__init__.py")].into_iter().find(|path| tree.is_file(path))?
        }
        Some(_) => return None,
        None => module_path(tree, &root(tree), &dotted)?,
    };
    Some((path, name.to_owned()))
}
