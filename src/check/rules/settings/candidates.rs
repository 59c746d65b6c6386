//! Candidates: settings that the console may name for production, instead of those that the project's own files name.

use crate::check::django::{self, Named, Settings, Value};
use crate::check::rules::dependencies::lacked;
use crate::check::subject::Subject;

const KEY: &str = "DJANGO_SETTINGS_MODULE";
const PRODUCTION: [&str; 7] = ["prod", "production", "product", "live", "aws", "deploy", "prd"];

/// The modules of production's that nobody names for the server, where nobody names settings for sure.
pub(in crate::check) fn others(subject: &Subject<'_>) -> Vec<String> {
    const MOST: usize = 2;
    let (tree, customizations) = (subject.tree, subject.customizations);
    if subject.assumed().is_some()
        || !subject.prepared()
        || django::is_told(tree, customizations)
        || is_named_in_passing(subject)
    {
        return Vec::new();
    }
    let Some(named) = django::named(tree, customizations) else {
        return only(subject).into_iter().collect();
    };
    let read = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    // What the settings take in, perhaps by a condition, is theirs.
    let takes_in = |module: &String| {
        let last = module.rsplit('.').next().unwrap_or_default();
        let imports = |line: &str| {
            let line = line.trim_start();
            (line.starts_with("from ") || line.starts_with("import ") || line.contains("import_module"))
                && line.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == last)
        };
        read.iter().filter_map(|path| tree.code(path)).any(|text| text.lines().any(imports))
    };
    let mut others = beside(subject, &named.module);
    others.retain(|module| {
        is_settings(subject, module)
            && !takes_in(module)
            && !stops(subject, module)
            && missing(subject, module).is_empty()
    });
    others.truncate(MOST);
    others
}

/// Does an image, a configuration of the server or a script that starts it name a module as well?
pub(super) fn is_named_in_passing(subject: &Subject<'_>) -> bool {
    let files = ["Dockerfile", "gunicorn.conf.py"].into_iter().chain(subject.customizations.containers.as_deref());
    let mut texts = files.filter_map(|path| subject.tree.text(path));
    texts.any(|text| text.contains(KEY))
        || subject.scripts().iter().any(|script| script.is_web() && script.text.contains(KEY))
}

/// Is it called what settings of development are called: `settings.dev`, `settings_dev`, `dev_settings`?
pub(in crate::check) fn is_development(module: &str) -> bool {
    const NAMES: [&str; 6] = ["dev", "development", "devel", "local", "test", "testing"];
    let last = module.rsplit('.').next().unwrap_or_default();
    NAMES.contains(&last) || NAMES.iter().any(|name| renamed(last, name, "").is_some())
}

/// `settings_NAME` or `NAME_settings` with another name in its place.
fn renamed(last: &str, name: &str, other: &str) -> Option<String> {
    let (before, after) = (last.strip_prefix("settings_"), last.strip_suffix("_settings"));
    let before = before.filter(|rest| *rest == name).map(|_| format!("settings_{other}"));
    before.or_else(|| after.filter(|rest| *rest == name).map(|_| format!("{other}_settings")))
}

/// The modules for production that lie beside one, in the order in which they are likely to be meant.
pub(super) fn beside(subject: &Subject<'_>, module: &str) -> Vec<String> {
    let (folder, last) =
        module.rsplit_once('.').map_or((String::new(), module), |(folder, last)| (format!("{folder}."), last));
    let name = last.trim_start_matches("settings_").trim_end_matches("_settings");
    if PRODUCTION.contains(&name) {
        return Vec::new();
    }
    let spelled = |other: &str| match last {
        "settings" => vec![
            format!("{folder}settings_{other}"),
            format!("{folder}{other}_settings"),
            format!("{folder}settings.{other}"),
        ],
        _ => vec![format!("{folder}{}", renamed(last, name, other).unwrap_or_else(|| other.to_owned()))],
    };
    let mut found: Vec<String> = PRODUCTION.iter().flat_map(|other| spelled(other)).collect();
    found.retain(|module| django::exists(subject.tree, module));
    found
}

/// Does a module set all that settings set? Others are parts of some.
fn is_settings(subject: &Subject<'_>, module: &str) -> bool {
    let settings = Settings::named(subject.tree, subject.customizations, module);
    settings.is_some_and(|settings| *settings.value("INSTALLED_APPS") != Value::Missing)
}

/// Does it take in a module that lies beside it as Python 2 did, without a dot? Python 3 finds none of that name.
fn stops(subject: &Subject<'_>, module: &str) -> bool {
    let tree = subject.tree;
    let roots = [django::root(tree), String::new()];
    let path = roots.iter().find_map(|root| django::module_path(tree, root, module));
    let Some((folder, text)) = path.as_ref().and_then(|path| Some((path.rsplit_once('/')?.0, tree.code(path)?))) else {
        return false;
    };
    let is_beside = |line: &str| {
        let name =
            line.strip_prefix("from ").and_then(|rest| rest.split_once(" import *")).map(|(name, _)| name.trim());
        name.is_some_and(|name| {
            !name.starts_with('.')
                && django::module_path(tree, &format!("{folder}/"), name).is_some()
                && roots.iter().all(|root| django::module_path(tree, root, name).is_none())
        })
    };
    text.lines().any(is_beside)
}

/// The modules without which a server with these settings does not start, where it does with those that run now.
pub(super) fn missing(subject: &Subject<'_>, module: &str) -> Vec<String> {
    let requirements = subject.requirements();
    let lacks = |settings: &Settings| lacked(subject, &requirements, settings);
    match Settings::named(subject.tree, subject.customizations, module) {
        Some(settings) if subject.settings().is_some_and(|own| lacks(&own).is_empty()) => lacks(&settings),
        _ => Vec::new(),
    }
}

/// Nothing names settings, or the name is made while the program runs: production's, where there is one such module.
fn only(subject: &Subject<'_>) -> Option<String> {
    if !subject.django() {
        return None;
    }
    let root = django::root(subject.tree);
    let modules = subject.tree.iter().filter_map(|(path, _)| {
        let module = path.strip_prefix(&root)?.strip_suffix(".py")?.replace('/', ".");
        let (folder, last) = module.rsplit_once('.').unwrap_or(("", &module));
        let is_named = |other: &str| match folder.rsplit('.').next() {
            Some("settings") => last == other,
            _ => last == format!("settings_{other}") || last == format!("{other}_settings"),
        };
        (PRODUCTION.iter().any(|other| is_named(other)) && is_settings(subject, &module)).then_some(module)
    });
    let found: Vec<String> = modules.collect();
    <[String; 1]>::try_from(found).ok().map(|[module]| module)
}

/// That the server may well be started with other settings than those which `wsgi.py` names.
pub(super) fn undecided(named: &Named, others: &[String]) -> String {
    let verb = if others.len() == 1 { "lies" } else { "lie" };
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let others = crate::ui::ticked(others);
    format!(
        "unless `{KEY}` is set as an environment property, the site runs with `{}`: {others} {verb} beside it, and nothing here names it",
        named.module
    )
}
