//! Loads: what the server of a project imports, as far as files tell, and what its settings name.

use std::collections::BTreeSet;

use crate::beanstalk::tree::file_name;
use crate::check::django::loaded::{self, Import};
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
        let (followed, certain) = (loaded::followed(tree, &files), subject.loaded());
        let modules = followed.iter().chain(certain.iter()).flat_map(|module| &module.imports).filter_map(name);
        let lines = |text: &str| {
            let counts = |line: &&str| !line.trim_start().starts_with('#');
            text.lines().filter(counts).collect::<Vec<_>>().join("\n").replace('"', "'")
        };
        Self { modules: modules.collect(), settings: own().filter_map(|path| tree.text(path)).map(lines).collect() }
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
