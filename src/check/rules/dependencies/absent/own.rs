//! Own: applications of the project's own that the settings name, and that are not in the bundle.

use crate::check::django;
use crate::check::subject::Subject;

/// The first two parts of `shop.cart.apps.CartConfig`, where `shop` is a package of the project and has no `cart`.
pub(super) fn missing(subject: &Subject<'_>, item: &str) -> Option<String> {
    let tree = subject.tree;
    let mut parts = item.split('.');
    let (top, name) = (parts.next()?, parts.next()?);
    let plain = |part: &str| !part.is_empty() && part.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    // A class of the package itself begins with a capital letter.
    let is_module = name.starts_with(|char: char| char.is_ascii_lowercase());
    if !subject.prepared() || !subject.django() || !plain(top) || !plain(name) || !is_module {
        return None;
    }
    let init = [django::root(tree), String::new()]
        .into_iter()
        .map(|root| format!("{root}{top}/__init__.py"))
        .find(|path| tree.is_file(path))?;
    // What a package does to its own path, or to the names of its modules, is not followed.
    let is_empty = tree.text(&init).is_none_or(|text| !text.contains(name) && !text.contains("__path__"));
    let (file, folder) = (format!("{top}/{name}.py"), format!("{top}/{name}/"));
    let is_there = tree.iter().any(|(path, _)| path.contains(&file) || path.contains(&folder));
    // Other things than git bring folders into a bundle.
    let says = |path: &str| tree.text(path).is_some_and(|text| text.contains(name));
    let elsewhere = [".gitignore", ".ebignore", ".gitmodules"].into_iter().any(says)
        || subject.names_file(name)
        || subject.pipeline_names(name);
    (is_empty && !is_there && !elsewhere).then(|| format!("{top}.{name}"))
}
