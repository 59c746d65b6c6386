//! What the server loads: `WSGIPath` or a word of `Procfile`, in the forms of every Amazon Linux, and the settings that it chooses.

use super::{Named, in_python, module_path, root, served_from};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::Tree;
use crate::settings_module;

/// Where an application was or is; the first Amazon Linux wanted a file by its path.
const FOLDERS: [&str; 5] =
    ["/opt/python/current/app/", "/opt/python/ondeck/app/", "/var/app/current/", "/var/app/staging/", "./"];

/// The module of a target such as `mysite.wsgi:application` or `mysite/wsgi.py`.
pub(crate) fn module_of(target: &str) -> String {
    let (file, _) = target.trim().split_once(':').unwrap_or((target.trim(), ""));
    let file = FOLDERS.iter().find_map(|folder| file.strip_prefix(folder)).unwrap_or(file);
    file.trim_end_matches(".py").replace(['/', '\\'], ".")
}

/// The settings that the server's own module names, else those of a `wsgi.py`.
pub(crate) fn in_wsgi(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    in_target(tree, customizations).or_else(|| in_python(tree, "wsgi.py"))
}

/// The settings that a package names before the server's own module in it does, which then changes nothing: `setdefault` in a
/// `celery.py` that `__init__.py` imports.
pub(in crate::check) fn before_wsgi(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    const SETS: &str = "os.environ.setdefault(";
    let wsgi = in_wsgi(tree, customizations)?;
    let text = tree.code(&wsgi.path)?;
    let line = text.get(..wsgi.span.start)?.lines().next_back()?;
    let (folder, _) = wsgi.path.rsplit_once('/')?;
    // What stands before it in the same file comes first; another folder is none that the server's module lies in.
    if !line.trim_start().starts_with(SETS) || folder == root(tree).trim_end_matches('/') {
        return None;
    }
    let package = folder.rsplit('/').next().unwrap_or(folder);
    let (absolute, inside) = (format!("from {package}."), format!("from {package} import "));
    let of_package = tree.code(&format!("{folder}/__init__.py"))?;
    let modules = of_package.lines().filter_map(|line| {
        let rest = line.strip_prefix("from .").or_else(|| line.strip_prefix(absolute.as_str()));
        let name = match rest.and_then(|rest| rest.split_once(" import ")) {
            Some(("", names)) => names,
            Some((name, _)) => name,
            None => line.strip_prefix("from . import ").or_else(|| line.strip_prefix(inside.as_str()))?,
        };
        name.split([' ', ',', '#']).next()
    });
    let found = modules.filter_map(|name| {
        let path = module_path(tree, &format!("{folder}/"), name)?;
        let text = tree.code(&path)?;
        // What stands at the edge is carried out as it is imported.
        let begins = text.lines().any(|line| line.starts_with(SETS) && line.contains("DJANGO_SETTINGS_MODULE"));
        let named = settings_module::named_in(text).yes().filter(|_| begins)?;
        Some(Named { module: named.module, path, span: named.span })
    });
    let mut found = found;
    found.next().filter(|named| named.module != wsgi.module && super::exists(tree, &named.module))
}

/// The folder above the package whose `wsgi.py` names settings within that package: its modules are found from there.
pub(super) fn above_wsgi(tree: &Tree) -> Option<String> {
    let own = |path: &&str| path.ends_with("/wsgi.py") && !path.contains("site-packages/");
    let mut paths: Vec<&str> = tree.iter().map(|(path, _)| path).filter(own).collect();
    paths.sort_by_key(|path| path.matches('/').count());
    paths.into_iter().find_map(|path| {
        let folder = path.strip_suffix("/wsgi.py")?;
        let (above, package) = folder.rsplit_once('/').map_or(("", folder), |(above, package)| (above, package));
        let named = settings_module::named_in(tree.text(path)?).yes()?;
        let within = named.module.starts_with(&format!("{package}."));
        within.then(|| if above.is_empty() { String::new() } else { format!("{above}/") })
    })
}

fn in_target(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    targets(customizations).into_iter().find_map(|target| {
        let path = path_of(tree, target)?;
        let named = settings_module::named_in(tree.text(&path)?).yes()?;
        Some(Named { module: named.module, path, span: named.span })
    })
}

/// The file of the module that the server loads, where it is one of the project's own.
pub(super) fn target_path(tree: &Tree, customizations: &Customizations) -> Option<String> {
    let own = customizations.family == Family::Python && customizations.procfile.is_none();
    let mut targets = targets(customizations);
    if targets.is_empty() && own {
        targets.push("application");
    }
    let wrong = || targets.first().filter(|_| own && targets.len() == 1).and_then(|target| meant(tree, target));
    targets.iter().find_map(|target| path_of(tree, target)).or_else(wrong)
}

/// The file that is meant by a target which leads nowhere: the only one of that path in another folder. It is told where it is, and stops
/// the server there as well.
fn meant(tree: &Tree, target: &str) -> Option<String> {
    let end = format!("/{}.py", module_of(target).replace('.', "/"));
    let mut found =
        tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(&end) && !path.contains("site-packages/"));
    let only = found.next().filter(|_| found.next().is_none())?;
    Some(only.to_owned())
}

/// Is Django what is served? A project of it may lie beside an application of another framework.
pub(in crate::check) fn is_served(tree: &Tree, customizations: &Customizations) -> bool {
    const OTHERS: [&str; 6] = ["flask", "fastapi", "dash", "bottle", "falcon", "starlette"];
    if root(tree).is_empty() || served_from(tree).is_some() || customizations.family != Family::Python {
        return true;
    }
    let Some((module, text)) = of_top(tree, customizations) else { return true };
    let of_another = |line: &str| {
        let mut words = line.split(|char: char| !(char.is_alphanumeric() || char == '_'));
        let imports = words.next().is_some_and(|word| matches!(word, "import" | "from"));
        imports && words.next().is_some_and(|word| OTHERS.contains(&word))
    };
    // Without a framework's name, it may hand on what a `wsgi.py` has.
    let nameless = module == "application" && !text.contains("wsgi");
    text.to_ascii_lowercase().contains("django") || !(nameless || text.lines().any(of_another))
}

/// The module that the server loads from the top of the bundle, and its text.
fn of_top<'t>(tree: &'t Tree, customizations: &Customizations) -> Option<(String, &'t str)> {
    let mut targets = targets(customizations);
    if targets.is_empty() && customizations.procfile.is_none() {
        targets.push("application");
    }
    targets.into_iter().find_map(|target| {
        let module = module_of(target);
        let text = tree.text(&module_path(tree, "", &module)?)?;
        Some((module, text))
    })
}

fn path_of(tree: &Tree, target: &str) -> Option<String> {
    let module = module_of(target);
    [root(tree), String::new()].iter().find_map(|root| module_path(tree, root, &module))
}

/// The words that name what the server loads.
fn targets(customizations: &Customizations) -> Vec<&str> {
    match &customizations.procfile {
        Some(procfile) => {
            let is_target = |word: &&str| word.contains(':') || word.ends_with(".wsgi") || word.ends_with(".asgi");
            let words = procfile.web().into_iter().flat_map(|web| web.command.split_whitespace());
            words.map(|word| word.trim_matches(['"', '\''])).filter(is_target).collect()
        }
        None => customizations.option("aws:elasticbeanstalk:container:python", "WSGIPath").into_iter().collect(),
    }
}

/// The only settings that ship, where nobody names any: the server has no others to start with.
pub(super) fn only(tree: &Tree) -> Option<Named> {
    const SET: [&str; 2] = ["INSTALLED_APPS", "ROOT_URLCONF"];
    let root = root(tree);
    let manages = tree.text(&format!("{root}manage.py")).is_some_and(|text| text.contains("django"));
    let is_settings = |path: &str| {
        let set = |name: &str| tree.text(path).is_some_and(|text| text.lines().any(|line| line.starts_with(name)));
        !path.contains("site-packages/") && SET.iter().all(|name| set(name))
    };
    let ours = tree.iter().map(|(path, _)| path).filter(|path| manages && path.starts_with(&root));
    let mut found = ours.filter(|path| path.ends_with(".py") && is_settings(path));
    let (first, None) = (found.next()?, found.next()) else { return None };
    // A part of several is none that a server is started with.
    let (folder, name) = first[root.len()..].rsplit_once('/')?;
    let module = match name {
        "settings.py" => format!("{folder}/settings"),
        "__init__.py" if folder.ends_with("/settings") => folder.to_owned(),
        _ => return None,
    };
    Some(Named { module: module.replace('/', "."), path: first.to_owned(), span: 0..0 })
}
