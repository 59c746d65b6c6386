//! Beside: modules that are imported as if the folder of the importing file were one where Python looks, as Python 2 did.

use super::is_taken;
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::tree::file_name;
use crate::check::django::loaded::{Import, Module};
use crate::check::rules::dependencies::pythons::Pythons;
use crate::check::subject::Subject;

const RULE: &str = "EB340";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    if looks_elsewhere(subject, modules) {
        return;
    }
    let mut said: Vec<String> = Vec::new();
    for module in modules {
        for import in module.imports.iter().filter(|import| !import.module.starts_with('.')) {
            let Some(path) = beside(subject, module, import).filter(|path| !said.contains(path)) else { continue };
            let first = import.module.split('.').next().unwrap_or_default();
            let message = format!(
                "{}: `No module named '{first}'`: Python 3 does not look for `{path}` in the folder of the file that imports it",
                module.moment.fate()
            );
            let fix = match &import.name {
                Some(name) => format!("`from .{} import {name}`", import.module),
                None => format!("`from . import {first}`"),
            };
            let on = Pythons::of(subject).and_then(|pythons| pythons.first(|_| true));
            let finding = subject.find(RULE, &module.path, import.span.clone(), message, fix);
            // An environment with Python 2 goes on as it is.
            if let Some(on) = on {
                on.lower(finding);
            }
            said.push(path);
        }
    }
}

/// Does something tell Python to look in more places?
pub(super) fn looks_elsewhere(subject: &Subject<'_>, modules: &[Module]) -> bool {
    let tree = subject.tree;
    let in_code = |text: &str| ["sys.path", "addsitedir", "syspath"].iter().any(|way| text.contains(way));
    let in_scripts = |text: &str| {
        ["PYTHONPATH=", "PYTHONPATH:", "PYTHONPATH ", "--pythonpath", "--chdir", "cd "]
            .iter()
            .any(|way| text.contains(way))
    };
    let settings = subject.settings();
    let files = settings.iter().flat_map(|settings| settings.files.iter().map(String::as_str));
    let own =
        |path: &&str| path.starts_with("gunicorn") || file_name(path) == "manage.py" || file_name(path) == "wsgi.py";
    let code = modules.iter().map(|module| module.path.as_str()).chain(files);
    let code = code.chain(tree.iter().map(|(path, _)| path).filter(own));
    subject.customizations.option(DEFAULT_NAMESPACE, "PYTHONPATH").is_some()
        || subject.gives("PYTHONPATH")
        || subject.scripts().iter().any(|script| script.is_web() && in_scripts(script.text))
        || code.filter_map(|path| tree.code(path)).any(in_code)
}

/// The file that is meant, where Python finds none of that name, and it has what is asked of it.
fn beside(subject: &Subject<'_>, module: &Module, import: &Import) -> Option<String> {
    let tree = subject.tree;
    let first = import.module.split('.').next().unwrap_or_default();
    let (folder, _) = module.path.rsplit_once('/')?;
    let root = crate::check::django::root(tree);
    let roots = [root.trim_end_matches('/'), ""];
    let path = format!("{folder}/{first}.py");
    // Of a package that lies there too, nobody knows which part is meant.
    if roots.contains(&folder)
        || !tree.is_file(&path)
        || path == module.path
        || import.module.contains('.')
        || is_taken(first)
    {
        return None;
    }
    let found = |root: &&str| {
        let base = if root.is_empty() { first.to_owned() } else { format!("{root}/{first}") };
        tree.is_file(&format!("{base}.py")) || tree.is_dir(&base)
    };
    let asked =
        subject.requirements().lines.iter().any(|line| line.name.replace('-', "_") == first.to_ascii_lowercase());
    if asked || roots.iter().any(found) {
        return None;
    }
    let text = tree.code(&path)?;
    let has = |name: &str| {
        let forms = [format!("def {name}("), format!("class {name}"), format!("{name} ="), format!("{name}=")];
        text.lines().any(|line| forms.iter().any(|form| line.starts_with(form.as_str())))
    };
    let uses = |name: &str| {
        let own = tree.code(&module.path).unwrap_or_default();
        let dotted = format!("{name}.");
        let used = own.match_indices(dotted.as_str()).map(|(at, word)| &own[at + word.len()..]);
        let mut names =
            used.map(|rest| rest.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default());
        names.any(|name| !name.is_empty() && has(name))
    };
    let meant = match &import.name {
        Some(name) => has(name) || name == "*" && !text.trim().is_empty(),
        None => uses(first),
    };
    meant.then_some(path)
}
