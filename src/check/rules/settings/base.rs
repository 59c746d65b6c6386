//! Base: how these settings would write a folder of their project.

use crate::check::django::{self, Settings};
use crate::check::subject::Subject;

/// What people call the folder of the project.
const NAMES: [&str; 7] =
    ["BASE_DIR", "ROOT_DIR", "PROJECT_ROOT", "PROJECT_DIR", "PROJECT_PATH", "BASE_PATH", "SITE_ROOT"];

/// `STATIC_ROOT` as that folder, in a form that works here: a text has no `/`, which would stop the server.
pub(super) fn static_root(subject: &Subject<'_>, settings: &Settings, folder: &str) -> String {
    let texts = || settings.files.iter().filter_map(|path| subject.tree.code(path));
    let assigned = |name: &str| {
        let value = |line: &str| {
            let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
            (!value.starts_with('=')).then(|| value.to_owned())
        };
        texts().find_map(|text| text.lines().find_map(value))
    };
    let has_os = || texts().any(|text| text.lines().any(|line| line.starts_with("import os")));
    match NAMES.iter().find_map(|name| Some((name, assigned(name)?))) {
        Some((_, value)) if value.contains("environ.") => said(folder),
        Some((name, value)) if value.contains("Path(") => format!("`STATIC_ROOT = {name} / \"{folder}\"`"),
        Some((name, value))
            if ["os.path", "dirname(", "abspath("].iter().any(|word| value.contains(word)) && has_os() =>
        {
            format!("`STATIC_ROOT = os.path.join({name}, \"{folder}\")`")
        }
        _ => said(folder),
    }
}

/// A folder of the settings' project as the proxy finds it, from the top of the bundle; none that lies outside.
pub(super) fn in_bundle(subject: &Subject<'_>, folder: &str) -> Option<String> {
    let whole = format!("{}{folder}", django::root(subject.tree));
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn said(folder: &str) -> String {
    format!("set `STATIC_ROOT` to a folder `{folder}` of the project")
}
