//! Which modules are settings, and which of them is production's.

use std::collections::BTreeSet;

use crate::beanstalk::tree::{Tree, file_name};
use crate::check::django;

/// The words that people call it by, the surest first.
const PRODUCTION: &[&str] = &["production", "prod", "live", "deploy", "deployment", "heroku"];
const OTHER: &[&str] = &[
    "dev",
    "develop",
    "development",
    "local",
    "test",
    "tests",
    "testing",
    "ci",
    "debug",
    "example",
    "sample",
    "template",
    "staging",
    "build",
    "compose",
    "demo",
    "docker",
    "e2e",
    "integration",
    "pytest",
    "sandbox",
    "unittest",
    "vagrant",
];
const SHARED: &[&str] = &["base", "common", "defaults", "default", "shared"];

/// Settings modules below `root`, the most likely production's first; and whether that one is sure.
pub(super) fn modules(tree: &Tree, root: &str, wsgi: Option<&str>, manage: Option<&str>) -> (Vec<String>, bool) {
    let sources = sources(tree, root);
    let mut found: BTreeSet<String> =
        sources.iter().filter(|(_, text)| assigns(text)).map(|(path, _)| module(root, path)).collect();
    let whole = found.clone();
    let shared = importers(&sources, root, &mut found);
    let named = [wsgi, manage].into_iter().flatten();
    found.extend(named.filter(|named| django::module_path(tree, root, named).is_some()).map(str::to_owned));
    let ranking = Ranking { wsgi, manage, shared, whole };
    let mut modules: Vec<String> = found.into_iter().collect();
    modules.sort_by_key(|module| (ranking.rank(module), module.clone()));
    let sure = ranking.is_sure(&modules);
    (modules, sure)
}

/// Python files that the project's own settings may be in, with their texts.
fn sources<'a>(tree: &'a Tree, root: &str) -> Vec<(&'a str, &'a str)> {
    tree.iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with(root) && path.ends_with(".py") && is_importable(&path[root.len()..]))
        .filter(|path| !path.split('/').any(|part| matches!(part, "tests" | "test" | "docs" | "examples")))
        .filter_map(|path| Some((path, tree.text(path)?)))
        .filter(|(_, text)| !is_ours(text))
        .collect()
}

/// Add the modules that take over settings with a star, and tell which they take over.
fn importers(sources: &[(&str, &str)], root: &str, found: &mut BTreeSet<String>) -> BTreeSet<String> {
    let mut shared = BTreeSet::new();
    // In as many steps as such chains have.
    for _ in 0..4 {
        let before = found.len();
        for (path, text) in sources {
            let stars: Vec<String> = stars(text).filter_map(|from| resolve(root, path, from)).collect();
            if stars.iter().any(|star| found.contains(star)) {
                found.insert(module(root, path));
                shared.extend(stars);
            }
        }
        if found.len() == before {
            break;
        }
    }
    shared
}

/// Order of settings modules: how likely each is production's.
struct Ranking<'a> {
    wsgi: Option<&'a str>,
    manage: Option<&'a str>,
    /// Modules that others take over.
    shared: BTreeSet<String>,
    /// Modules that set what settings set, themselves.
    whole: BTreeSet<String>,
}

impl Ranking<'_> {
    /// What others build upon is meant for nobody, unless it is all there is or the server names it.
    fn rank(&self, module: &str) -> impl Ord + use<> {
        let production = PRODUCTION.iter().position(|word| words(module).iter().any(|part| part == word));
        let named = usize::from(self.wsgi != Some(module)) + usize::from(self.manage != Some(module));
        let settings = usize::from(!module.split('.').any(|part| part.starts_with("settings") || part == "config"));
        (
            is(module, OTHER),
            production.unwrap_or(99),
            self.is_base(module) && self.wsgi != Some(module),
            named,
            settings,
            module.matches('.').count(),
        )
    }

    fn is_base(&self, module: &str) -> bool {
        self.shared.contains(module) || is(module, SHARED)
    }

    /// Is the first one surely production's?
    fn is_sure(&self, modules: &[String]) -> bool {
        let Some(first) = modules.first() else { return false };
        let candidates: Vec<&String> =
            modules.iter().filter(|module| !is(module, OTHER) && !self.is_base(module)).collect();
        let productions = modules.iter().filter(|module| is(module, PRODUCTION)).count();
        (modules.len() == 1 && (self.whole.contains(first) || !is(first, OTHER)))
            || (self.wsgi == Some(first) && is(first, PRODUCTION))
            || (productions == 1 && is(first, PRODUCTION))
            || (productions == 0 && self.wsgi == Some(first) && !is(first, OTHER))
            || (candidates.len() == 1 && candidates[0] == first)
    }
}

/// Words of a module's last name.
fn words(module: &str) -> Vec<String> {
    let last = module.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    last.split('_').map(str::to_owned).collect()
}

/// Is it meant for a desk, or for tests?
pub(super) fn is_of_desk(module: &str) -> bool {
    is(module, OTHER)
}

fn is(module: &str, list: &[&str]) -> bool {
    words(module).iter().any(|word| list.contains(&word.as_str()))
}

/// Parts that Python can import.
pub(super) fn is_importable(path: &str) -> bool {
    path.trim_end_matches(".py").split('/').all(|part| part.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// Does it set what only settings set?
fn assigns(text: &str) -> bool {
    let sets = |name: &str| {
        text.lines()
            .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['=', ':', '+'])))
    };
    (sets("INSTALLED_APPS") || sets("ROOT_URLCONF"))
        && (sets("DATABASES") || sets("MIDDLEWARE") || sets("SECRET_KEY") || sets("TEMPLATES"))
}

/// A module that `adopt` wrote: the settings on top, or the application where there was none.
pub(super) fn is_ours(text: &str) -> bool {
    text.contains("on Elastic Beanstalk: everything from there, and on top only what the platform needs")
        || ["\"deployment.settings\"", "\"eb_deployment.settings\"", "\"beanstalk_deployment.settings\""]
            .iter()
            .any(|named| text.contains(named))
}

/// The modules that are taken over with `from … import *`.
fn stars(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (from, what) = line.trim().strip_prefix("from ")?.split_once(" import ")?;
        what.trim_start().starts_with('*').then_some(from.trim())
    })
}

fn module(root: &str, path: &str) -> String {
    let inside = path[root.len()..].trim_end_matches(".py");
    inside.strip_suffix("/__init__").unwrap_or(inside).replace('/', ".")
}

/// `.base` as seen from a file is a module.
fn resolve(root: &str, path: &str, from: &str) -> Option<String> {
    let level = from.len() - from.trim_start_matches('.').len();
    if level == 0 {
        return Some(from.to_owned());
    }
    let mut folders: Vec<&str> = path[root.len()..].split('/').collect();
    for _ in 0..level {
        folders.pop()?;
    }
    let rest = &from[level..];
    if !rest.is_empty() {
        folders.push(rest);
    }
    Some(folders.join("."))
}

/// The file's name, for what is asked of names only.
pub(super) fn is_called(path: &str, names: &[&str]) -> bool {
    names.contains(&file_name(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "INSTALLED_APPS = []\nMIDDLEWARE = []\n";

    #[test]
    fn production_comes_first() {
        #[track_caller]
        fn case(files: &[(&str, &str)], wsgi: &str, expected: &str, sure: bool) {
            let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
            let (found, said) = modules(&tree, "", Some(wsgi).filter(|wsgi| !wsgi.is_empty()), None);
            assert_eq!((found.first().map(String::as_str).unwrap_or_default(), said), (expected, sure), "{found:?}");
        }
        let base = ("shop/settings/base.py", WHOLE);
        let production = ("shop/settings/production.py", "from .base import *\n");
        let local = ("shop/settings/local.py", "from shop.settings.base import *\nDEBUG = True\n");
        case(&[("shop/settings.py", WHOLE)], "shop.settings", "shop.settings", true);
        case(&[base, production, local], "shop.settings.local", "shop.settings.production", true);
        case(&[base, local], "shop.settings.local", "shop.settings.base", false);
        case(&[base, local], "shop.settings.base", "shop.settings.base", true);
        case(&[("a/settings.py", WHOLE), ("b/settings.py", WHOLE)], "", "a.settings", false);
        case(&[("a/settings.py", WHOLE), ("b/settings.py", WHOLE)], "b.settings", "b.settings", true);
        case(&[("shop/settings/__init__.py", "from .base import *\n"), base], "shop.settings", "shop.settings", true);
        case(&[("shop/conf/prod_eu.py", WHOLE), ("shop/conf/prod_us.py", WHOLE)], "", "shop.conf.prod_eu", false);
        case(&[("tests/settings.py", WHOLE)], "", "", false);
        let heroku = ("shop/settings/heroku.py", "from .production import *\n");
        case(&[base, production, heroku], "shop.settings.production", "shop.settings.production", true);
        // Classes in other files make it, and it is for a desk: nobody knows what production has.
        case(
            &[("shop/settings/docker_compose.py", "Settings.load(__name__)\n")],
            "shop.settings.docker_compose",
            "shop.settings.docker_compose",
            false,
        );
        case(&[("shop/local.py", WHOLE)], "shop.local", "shop.local", true);
        case(&[("shop/models.py", "X = 1\n")], "", "", false);
    }
}
