//! Changes that need no deployment to be seen: templates and static files, put where the running version reads them.
//!
//! A deployment takes seconds, and a word in a template is changed many times an hour. What is served this way is said each
//! time; the next deployment takes all of it, from the bundle, as ever.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::beanstalk::tree::Tree;
use crate::check::{self, django::Value};
use crate::file;
use crate::project::Project;
use crate::sandbox::instance::Instance;

/// The files that are other than before, if nothing has gone and each can be seen without a deployment.
pub(super) fn changed<T: PartialEq>(before: &[T], now: &[T], path: impl Fn(&T) -> &str) -> Option<Vec<String>> {
    let names: BTreeSet<&str> = now.iter().map(&path).collect();
    let gone = before.iter().any(|entry| !names.contains(path(entry)));
    let old: BTreeMap<&str, &T> = before.iter().map(|entry| (path(entry), entry)).collect();
    let other = |entry: &&T| old.get(path(entry)).is_none_or(|was| *was != *entry);
    let new: Vec<String> = now.iter().filter(other).map(|entry| path(entry).to_owned()).collect();
    (!gone && !new.is_empty() && new.iter().all(|path| kind(path).is_some())).then_some(new)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Template,
    Static,
}

fn kind(path: &str) -> Option<Kind> {
    const STYLE: [&str; 12] = ["css", "js", "mjs", "map", "svg", "png", "jpg", "jpeg", "gif", "webp", "ico", "woff2"];
    if path.starts_with('.') {
        return None;
    }
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let mut folders = path.split('/').rev().skip(1);
    let in_static = path.split('/').rev().skip(1).any(|folder| folder.starts_with("static") || folder == "assets");
    if in_static && STYLE.contains(&extension.as_str()) {
        return Some(Kind::Static);
    }
    let in_templates = folders.any(|folder| folder == "templates" || folder == "jinja2");
    (in_templates && !matches!(extension.as_str(), "py" | "sh" | "config")).then_some(Kind::Template)
}

/// Put the files where the running version reads them; nothing where that cannot be.
pub(super) fn take(project: &Project, tree: &Tree, instance: &Instance, paths: &[String]) -> Option<()> {
    let current = instance.application();
    let collected = collected(tree);
    for path in paths {
        let from = project.root.join(path);
        replace(&from, &current.join(path))?;
        if kind(path) == Some(Kind::Static) {
            let root = current.join(collected.as_ref()?);
            let inside = inside(path)?;
            let hashed = hashed(&root, inside);
            for name in std::iter::once(inside.to_owned()).chain(hashed) {
                let to = root.join(name);
                replace(&from, &to)?;
                // A compressed copy would be served instead.
                for end in ["gz", "br"] {
                    let mut copy = to.clone().into_os_string();
                    copy.push(format!(".{end}"));
                    let _ = std::fs::remove_file(copy);
                }
            }
        }
    }
    // Templates are kept in memory by each worker.
    let templates = paths.iter().any(|path| kind(path) == Some(Kind::Template));
    (!templates || instance.reload()).then_some(())
}

/// Written beside and renamed: a request in between gets the old file or the new one.
fn replace(from: &Path, to: &Path) -> Option<()> {
    let mut beside = to.to_path_buf().into_os_string();
    beside.push(".beansprout-new");
    let beside = PathBuf::from(beside);
    std::fs::create_dir_all(to.parent()?).ok()?;
    std::fs::copy(from, &beside).ok()?;
    file::rename(&beside, to).ok()
}

fn collected(tree: &Tree) -> Option<String> {
    let (base, settings) = check::production(tree)?;
    match settings.value("STATIC_ROOT").by_default() {
        Value::Path(root) if !root.is_empty() => Some(format!("{base}{root}")),
        _ => None,
    }
}

/// The path below the last folder of static files, which is its name among the collected ones.
fn inside(path: &str) -> Option<&str> {
    let mut at = 0;
    let mut found = None;
    for part in path.split('/') {
        at += part.len() + 1;
        if part.starts_with("static") || part == "assets" {
            found = found.or(Some(at));
        }
    }
    path.get(found?..).filter(|inside| !inside.is_empty())
}

/// The name with the hash of its content, which pages ask for.
fn hashed(root: &Path, name: &str) -> Option<String> {
    let manifest = std::fs::read(root.join("staticfiles.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    manifest.get("paths")?.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_deployment() {
        assert_eq!(kind("shop/templates/shop/index.html"), Some(Kind::Template));
        assert_eq!(kind("shop/static/shop/site.css"), Some(Kind::Static));
        assert_eq!(inside("shop/static/shop/site.css"), Some("shop/site.css"));
        for path in ["shop/views.py", ".platform/static/a.css", "shop/templates/x.py", "Procfile", "page.html"] {
            assert_eq!(kind(path), None, "{path}");
        }
        let seen = |path: &str, time| (path.to_owned(), time);
        let changed =
            |before: &[(String, u8)], now: &[(String, u8)]| super::changed(before, now, |entry| entry.0.as_str());
        let before = [seen("a/templates/a.html", 1), seen("a/views.py", 1)];
        let now = [seen("a/templates/a.html", 2), seen("a/views.py", 1)];
        assert_eq!(changed(&before, &now), Some(vec!["a/templates/a.html".to_owned()]));
        assert_eq!(changed(&before, &[seen("a/templates/a.html", 2), seen("a/views.py", 2)]), None);
        assert_eq!(changed(&before, &now[..1]), None, "one has gone");
    }

    #[test]
    fn pages_ask_for_the_name_with_the_hash() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("staticfiles.json"), r#"{"paths": {"a.css": "a.123.css"}}"#).unwrap();
        assert_eq!(hashed(root.path(), "a.css").as_deref(), Some("a.123.css"));
        assert_eq!(hashed(root.path(), "b.css"), None);
    }
}
