//! Loads: what the server of a project imports, as far as files tell, and what its settings name.

use std::collections::BTreeSet;

use super::first_use::{self, FirstUse};
use crate::beanstalk::tree::{Tree, file_name};
use crate::check::django::{
    self,
    loaded::{self, Import},
};
use crate::check::subject::Subject;

/// Files that a server of Django's imports, wherever they are in the project.
const LOADED: [&str; 12] = [
    "settings.py",
    "urls.py",
    "views.py",
    "models.py",
    "serializers.py",
    "admin.py",
    "apps.py",
    "forms.py",
    "signals.py",
    "wsgi.py",
    "viewsets.py",
    "api.py",
];

/// Modules by their whole names, and the texts of the settings without comments.
pub(super) struct Loads {
    modules: BTreeSet<String>,
    settings: Vec<String>,
    /// The same of what settings name for its first use alone.
    late: Vec<(&'static FirstUse, Self)>,
}

impl Loads {
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        let tree = subject.tree;
        let settings = subject.settings();
        let own = || settings.iter().flat_map(|settings| &settings.files);
        let mut files: Vec<&str> = own().map(String::as_str).collect();
        if subject.django() || settings.is_some() {
            files.extend(tree.iter().map(|(path, _)| path).filter(|path| is_loaded(path)));
        }
        let counts = |line: &&str| !line.trim_start().starts_with('#');
        let lines = |text: &str| text.lines().filter(counts).collect::<Vec<_>>().join("\n").replace('"', "'");
        let (mut texts, mut late) = (Vec::new(), Vec::new());
        for text in own().filter_map(|path| tree.text(path)) {
            let (rest, found) = first_use::parted(&lines(text));
            texts.push(rest);
            late.extend(found);
        }
        // It asks for the storages as it is imported.
        if texts.iter().any(|text| text.contains("'filer'")) {
            texts.extend(late.drain(..).map(|(_, text)| text));
        }
        let named: Vec<String> = texts.iter().flat_map(|text| named(tree, text)).collect();
        files.extend(named.iter().map(String::as_str));
        let certain = subject.loaded();
        if files.is_empty() && certain.is_empty() {
            files.extend(SERVED.into_iter().filter(|path| tree.is_file(path)));
        }
        let asked = |one: &FirstUse| settings.as_deref().is_none_or(|settings| one.is_asked(settings));
        late.retain(|(one, _)| asked(one));
        late.sort_by_key(|(one, _)| first_use::ALL.iter().position(|other| other.setting == one.setting));
        let late = late.into_iter().map(|(one, text)| (one, Self::of_class(tree, text))).collect();
        let followed = loaded::followed(tree, &files);
        let modules = followed.iter().chain(certain.iter()).flat_map(|module| &module.imports).filter_map(name);
        Self { modules: modules.collect(), settings: texts, late }
    }

    /// What comes with the classes that these lines of the settings name.
    fn of_class(tree: &Tree, text: String) -> Self {
        let files = named(tree, &text);
        let followed = loaded::followed(tree, &files.iter().map(String::as_str).collect::<Vec<_>>());
        let modules = followed.iter().flat_map(|module| &module.imports).filter_map(name).collect();
        Self { modules, settings: vec![text], late: Vec::new() }
    }

    /// What settings name for its first use alone, and what it loads then.
    pub(super) fn late(&self) -> impl Iterator<Item = (&'static FirstUse, &Self)> {
        self.late.iter().map(|(one, loads)| (*one, loads))
    }

    /// Is one of these modules imported, or something in it?
    pub(super) fn imports(&self, modules: &[&str]) -> bool {
        modules.iter().any(|module| {
            self.modules.contains(*module) || {
                let inside = format!("{module}.");
                self.modules.range(inside.clone()..).next().is_some_and(|next| next.starts_with(&inside))
            }
        })
    }

    /// Do the settings have one of these words?
    pub(super) fn names(&self, words: &[&str]) -> bool {
        self.settings.iter().any(|text| words.iter().any(|word| text.contains(word)))
    }
}

/// Does a module of the project's import it, wherever that stands? Lists have what other packages brought along.
pub(super) fn mentions(subject: &Subject<'_>, module: &str) -> bool {
    let imports = |line: &str| {
        let mut words = line.split([' ', '\t', ',', '(']).filter(|word| !word.is_empty());
        matches!(words.next(), Some("import" | "from")) && words.any(|word| word.split('.').next() == Some(module))
    };
    subject
        .tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.ends_with(".py") && !path.contains("site-packages"))
        .any(|path| subject.tree.code(path).is_some_and(|text| text.contains(module) && text.lines().any(imports)))
}

/// Modules of the project's own that the settings name by a class or a function in them, such as a storage.
fn named(tree: &Tree, text: &str) -> Vec<String> {
    let roots = [django::root(tree), String::new()];
    let quoted = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| {
        let pieces = line.split(['\'', '"']);
        pieces.skip(1).step_by(2)
    });
    let is_name = |word: &&str| word.chars().all(|char| char.is_alphanumeric() || "_.".contains(char));
    let modules = quoted.filter(is_name).filter_map(|word| word.rsplit_once('.')).map(|(module, _)| module);
    modules.filter_map(|module| roots.iter().find_map(|root| django::module_path(tree, root, module))).collect()
}

/// What a server without a line of its own is mostly started with, below the top.
const SERVED: [&str; 5] = ["application.py", "app.py", "wsgi.py", "main.py", "run.py"];

fn is_loaded(path: &str) -> bool {
    LOADED.contains(&file_name(path)) && !path.contains("site-packages") && path.matches('/').count() <= 4
}

/// The whole name of what is imported: of `from a import b`, `a.b` may be a module.
fn name(Import { module, name, .. }: &Import) -> Option<String> {
    let whole = match name.as_deref() {
        Some(name) if name != "*" => format!("{module}.{name}"),
        _ => module.clone(),
    };
    (!module.starts_with('.')).then_some(whole)
}
