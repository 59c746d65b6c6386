//! Unshipped: modules of the project's own packages that are imported, and that are not there.

use super::{beside, is_taken};
use crate::check::django::loaded::{Import, Module, followed};
use crate::check::rules::settings::module::left_out;
use crate::check::subject::Subject;

const RULE: &str = "EB355";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    if !subject.prepared() {
        return;
    }
    let settings = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    let first = settings.first().map(String::as_str);
    let of_settings = followed(subject.tree, &first.into_iter().collect::<Vec<_>>());
    let of_settings = of_settings.iter().filter(|module| settings.contains(&module.path));
    let elsewhere = beside::looks_elsewhere(subject, modules);
    let mut said: Vec<String> = Vec::new();
    for module in of_settings.chain(modules) {
        for import in &module.imports {
            let within = within(subject, &module.path, import);
            let import = match &within {
                Some(within) => within,
                None if elsewhere => continue,
                None => import,
            };
            let kept_out = kept_out(subject, import);
            let missing = match &kept_out {
                Some(_) => Some(import.module.clone()),
                None => missing(subject, import, within.is_some()),
            };
            let Some(missing) = missing.filter(|missing| !said.contains(missing)) else { continue };
            let path = format!("{}.py", missing.replace('.', "/"));
            let why = kept_out.map_or_else(String::new, |file| format!(", since `{file}` keeps it out"));
            let message = format!("{}: `No module named '{missing}'`: no `{path}` ships{why}", module.moment.fate());
            let fix = "let it ship, without the secrets that it may have: those are for properties of the environment";
            subject.find(RULE, &module.path, import.span.clone(), message, fix);
            said.push(missing);
        }
    }
}

/// The same import by the whole name of the module, where it is told from the folder of the file: `from .local import *`.
fn within(subject: &Subject<'_>, path: &str, import: &Import) -> Option<Import> {
    let name = import.module.trim_start_matches('.');
    let level = import.module.len() - name.len();
    let root = crate::check::django::root(subject.tree);
    let path = path.strip_prefix(root.as_str()).unwrap_or(path);
    let folders: Vec<&str> = path.rsplit('/').skip(level).collect();
    if level == 0 || name.is_empty() || folders.is_empty() {
        return None;
    }
    let folders: Vec<&str> = folders.into_iter().rev().collect();
    Some(Import { module: format!("{}.{name}", folders.join(".")), ..import.clone() })
}

/// The ignore file that keeps a module at the top out of the bundle, where nobody else has one of this name.
fn kept_out(subject: &Subject<'_>, import: &Import) -> Option<&'static str> {
    let tree = subject.tree;
    let name = import.module.as_str();
    let file = format!("{name}.py");
    let named = |line: &crate::beanstalk::requirements::Requirement| line.name.replace('-', "_") == name;
    let is_there = |path: &str| path.split('/').any(|part| part == name || part == file);
    if name.contains('.')
        || is_taken(name)
        || subject.requirements().lines.iter().any(named)
        || tree.iter().any(|(path, _)| is_there(path))
        || subject.names_file(&file)
        || subject.pipeline_names(&file)
    {
        return None;
    }
    // Beside an `.ebignore`, what git does not know ships from the disk of whoever has it.
    let ignore = if tree.is_file(".ebignore") { ".ebignore" } else { ".gitignore" };
    left_out(subject, ignore, name).map(|_| ignore)
}

/// The first part of a name that no file or folder of the package has.
fn missing(subject: &Subject<'_>, import: &Import, is_within: bool) -> Option<String> {
    let tree = subject.tree;
    let (first, _) = import.module.split_once('.').filter(|(first, _)| !first.is_empty())?;
    let root = crate::check::django::root(tree);
    let roots = [root.trim_end_matches('/'), ""];
    let place = |name: &str, root: &str| {
        let path = name.replace('.', "/");
        if root.is_empty() { path } else { format!("{root}/{path}") }
    };
    // A folder without this file is a package of several places, or somebody else's.
    let is_package = |folder: &str| {
        let text = tree.is_file(&format!("{folder}/__init__.py")).then(|| tree.code(&format!("{folder}/__init__.py")));
        text.flatten().is_some_and(|text| {
            let ways = ["__path__", "sys.modules", "extend_path", "import *"];
            // A star of its own brings a package no module.
            let ways = if is_within { &ways[..3] } else { &ways };
            !ways.iter().any(|way| text.contains(way))
        })
    };
    if is_taken(first) || subject.requirements().lines.iter().any(|line| line.name.replace('-', "_") == first) {
        return None;
    }
    let ends = import.module.match_indices('.').map(|(at, _)| at).skip(1).chain([import.module.len()]);
    for end in ends {
        let name = &import.module[..end];
        let (package, last) = name.rsplit_once('.')?;
        // Another folder of this name may be the one that Python takes.
        let here = roots.iter().filter(|root| {
            let folder = place(package, root);
            tree.is_dir(&folder) || tree.is_file(&format!("{folder}.py"))
        });
        let here: Vec<String> = here.map(|root| place(package, root)).collect();
        if here.is_empty() || !here.iter().all(|folder| is_package(folder)) {
            return None;
        }
        let is_there = |folder: &String| {
            let (whole, file) = (format!("{folder}/{last}"), format!("{folder}/{last}."));
            tree.get(&whole).is_some() || tree.is_dir(&whole) || tree.iter().any(|(path, _)| path.starts_with(&file))
        };
        if !here.iter().any(is_there) {
            let file = format!("{last}.py");
            // Beside an `.ebignore`, what git does not know ships from the disk of whoever has it.
            let module = format!("{}.{last}", package.replace('/', "."));
            let kept = tree.is_file(".ebignore") && left_out(subject, ".gitignore", &module).is_some();
            let made = kept || subject.names_file(&file) || subject.pipeline_names(&file) || last.ends_with("_pb2");
            return (!made).then(|| name.to_owned());
        }
    }
    None
}
