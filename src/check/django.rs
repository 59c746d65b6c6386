//! Django's settings, read and never imported.
//!
//! Finds the settings module that production uses, follows `from .base import *`, and evaluates what can be known without
//! running anything. Everything else is [`Value::Unknown`], on which no rule may build.

mod branches;
mod calls;
mod changes;
pub(super) mod commands;
pub(super) mod configured;
mod evaluation;
mod expressions;
mod glued;
mod image;
pub(super) mod loaded;
pub(crate) mod migrations;
mod named;
mod operators;
mod properties;
mod random;
mod reads;
mod route;
mod served;
mod syntax;
#[cfg(test)]
mod tests;
mod undefined;
pub(super) mod urls;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::procfile;
use crate::beanstalk::tree::{Tree, file_name};
use crate::beanstalk::version::Version;
use crate::secret;
use crate::settings_module;

use calls::Function;
pub(super) use image::composed;
pub(super) use named::{in_options, in_procfile, is_told, named};
pub(crate) use properties::{properties, property_names};
pub(super) use route::{Leads, Route, View};
use served::target_path;
pub(super) use served::{before_wsgi, in_wsgi, is_served, module_of};
use syntax::{Import, Source};
pub(crate) use value::Value;

/// The settings that production gets.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// The names that are assigned at the top level, by their last assignment.
    names: BTreeMap<String, Setting>,
    /// Every file that took part, with its text.
    pub(crate) files: Vec<String>,
    /// Those of them that were taken in by branches which are not carried out by default.
    aside: Vec<String>,
    /// Files that Python cannot parse.
    pub(super) broken: Vec<(String, Range<usize>, String)>,
    /// Variables that are read without a default, outside of any condition.
    pub(super) required: Vec<Required>,
    /// Files that are opened for reading, outside of any condition.
    pub(super) opened: Vec<Opened>,
    /// Names that stop them, since nothing has given them a value.
    pub(super) undefined: Vec<undefined::Undefined>,
    /// Items of lists that are two texts with no comma between them.
    pub(super) glued: Vec<glued::Glued>,
    /// Files that are larger or deeper than what is read.
    pub(super) unread: Vec<String>,
    /// The release of Django that is installed, as far as the lists of packages tell.
    pub(super) django: Option<Version>,
    /// As it is imported; empty for a file that is not a settings module.
    pub(super) module: String,
    /// Variables without which the settings do not load, in the order of the files.
    pub(crate) variables: Vec<Variable>,
    /// The properties that the project's own files set, and what the settings put there themselves.
    environment: BTreeMap<String, String>,
    /// Functions that only return.
    functions: BTreeMap<String, Function>,
    /// Names of what reads variables, such as `env`, and the defaults that it was given.
    readers: BTreeSet<String>,
    /// Names that are `os.environ.get` itself.
    getters: BTreeSet<String>,
    /// Names that something of `dj_database_url` was imported as.
    addresses: BTreeMap<String, String>,
    schemes: BTreeMap<String, Value>,
    /// Something that was not read may set more: what is missing here is not known to be missing.
    open: bool,
    /// The one that is being read, whose name is `__file__`, below the folder of the project.
    file: String,
}

/// An environment variable that is read without a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    /// The condition around it, as it is written, where it does not hold by itself.
    pub(crate) when: Option<String>,
}

/// A variable without which the settings stop, and where it is read.
#[derive(Debug, Clone)]
pub(super) struct Required {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) span: Range<usize>,
    /// By `os.environ[…]` itself, and not by a package that may find it in a file.
    environ: bool,
}

/// A file of the project that the settings open, and where they name it.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) file: String,
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

impl Required {
    /// What stops the settings without it.
    pub(super) fn error(&self) -> String {
        match self.environ {
            true => format!("`KeyError: '{}'`", self.name),
            false => format!("`{}` has no value", self.name),
        }
    }

    /// That as a sentence.
    pub(super) fn stop(&self) -> String {
        format!("the settings stop{} {}", if self.environ { " with" } else { ":" }, self.error())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    /// Every variable that took part, in the order in which they are read.
    pub(crate) reads: Vec<String>,
    /// The variables that were read for the names which took part.
    pub(super) behind: BTreeSet<String>,
    /// The text of a variable as it is: true for whoever asks, whatever it says, unless it is empty.
    pub(super) is_text: bool,
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

/// Where a settings module is named.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) module: String,
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

impl Setting {
    /// Every variable that it may have its value from.
    pub(super) fn variables(&self) -> impl Iterator<Item = &String> {
        self.reads.iter().chain(&self.behind)
    }
}

impl Settings {
    /// The settings of the module that `DJANGO_SETTINGS_MODULE` or `wsgi.py` names.
    pub(super) fn read(tree: &Tree, customizations: &Customizations) -> Option<Self> {
        Self::named(tree, customizations, &named(tree, customizations)?.module)
    }

    /// The settings of this module, as production would get them.
    pub(super) fn named(tree: &Tree, customizations: &Customizations, module: &str) -> Option<Self> {
        let root = root_of(tree, module)?;
        let mut variables = properties(customizations);
        variables.extend(composed(tree, customizations).into_iter().map(|(name, given)| (name, given.value)));
        let mut settings = Self::of(tree, &root, module, variables)?;
        settings.module = module.to_owned();
        settings.take_class(tree, customizations);
        // Packages that read variables look into such files as well.
        let files = |path: &str| {
            file_name(path) == "settings.ini" || secret::in_path(path) == Some(secret::Kind::EnvironmentFile)
        };
        let has_file = tree.iter().any(|(path, _)| files(path));
        settings.required.retain(|required| required.environ || !has_file);
        Some(settings)
    }

    /// With django-configurations the settings are what a class has, which `DJANGO_CONFIGURATION` names.
    fn take_class(&mut self, tree: &Tree, customizations: &Customizations) {
        let Some(class) = named::configuration(tree, customizations) else { return };
        let prefix = format!("{class}.");
        let all: Vec<_> = self
            .names
            .iter()
            .filter_map(|(name, one)| Some((name.strip_prefix(&prefix)?.to_owned(), one.clone())))
            .collect();
        // Methods and what it comes from may give it more.
        self.open |= !all.is_empty();
        self.names.extend(all);
    }

    /// The settings of a module, whose top is the folder `root`: empty, or ending with a slash; with these variables.
    pub(crate) fn of(tree: &Tree, root: &str, module: &str, environment: BTreeMap<String, String>) -> Option<Self> {
        let path = module_path(tree, root, module)?;
        Self::evaluate(tree, root, &path, environment)
    }

    /// The names that any Python file assigns, such as `gunicorn.conf.py`.
    pub(super) fn of_file(tree: &Tree, path: &str, environment: BTreeMap<String, String>) -> Option<Self> {
        Self::evaluate(tree, "", path, environment)
    }

    fn evaluate(tree: &Tree, root: &str, path: &str, environment: BTreeMap<String, String>) -> Option<Self> {
        // Parsers recurse, and how deep is the input's choice: see `syntax::Source`.
        std::thread::scope(|scope| {
            let read = || {
                let mut settings = Self { environment, ..Self::default() };
                settings.load(tree, root, path, 0);
                for file in std::mem::take(&mut settings.aside) {
                    if !settings.files.contains(&file) {
                        settings.files.push(file);
                    }
                }
                settings
            };
            let thread = std::thread::Builder::new().stack_size(syntax::STACK).spawn_scoped(scope, read).ok()?;
            thread.join().ok()
        })
    }

    /// What the settings of this project say in another of its modules, such as the one with the URLs.
    pub(super) fn beside(tree: &Tree, module: &str) -> Option<Self> {
        Self::of(tree, &root_of(tree, module)?, module, BTreeMap::new())
    }

    /// Does it stop where nobody has set this variable?
    pub(super) fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| required.name == name)
    }

    /// All names that are set, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.names.iter().map(|(name, setting)| (name.as_str(), setting))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Setting> {
        self.names.get(name)
    }

    pub(crate) fn value(&self, name: &str) -> &Value {
        const UNKNOWN: &Value = &Value::Unknown;
        const MISSING: &Value = &Value::Missing;
        let missing = if self.open { UNKNOWN } else { MISSING };
        self.names.get(name).map_or(missing, |setting| &setting.value)
    }

    fn load(&mut self, tree: &Tree, root: &str, path: &str, depth: usize) {
        const MOST: usize = 8;
        if self.files.iter().any(|file| file == path) {
            return;
        }
        // Settings may be in a file of any name.
        let Some(text) = tree.code(path).filter(|_| depth < MOST) else { return self.forget_all() };
        self.files.push(path.to_owned());
        // Folders of the settings are counted from the project's own.
        let below = path.strip_prefix(self::root(tree).as_str()).unwrap_or(path);
        let file = std::mem::replace(&mut self.file, below.to_owned());
        match Source::parse(text) {
            Err(syntax::Refused::TooComplex) => {
                self.open = true;
                self.unread.push(path.to_owned());
            }
            Err(syntax::Refused::Invalid { span, message }) => self.broken.push((path.to_owned(), span, message)),
            Ok(source) => {
                self.undefined.extend(undefined::first(source.statements(), text, path));
                source.run(
                    self,
                    &mut |settings, import| {
                        let Import { module, level } = *import;
                        let target = match level {
                            0 => module_path(tree, root, module),
                            _ => relative(tree, path, module, level),
                        };
                        if let Some(target) = &target {
                            settings.load(tree, root, target, depth + 1);
                        }
                        target.is_some()
                    },
                    path,
                )
            }
        }
        self.file = file;
    }

    /// Something that is not read may set anew whatever was set before, and more.
    fn forget_all(&mut self) {
        self.open = true;
        self.names.values_mut().for_each(|setting| setting.value = Value::Unknown);
    }

    fn set(&mut self, name: &str, value: Value, path: &str, span: Range<usize>) {
        let (reads, behind) =
            self.names.remove(name).map(|setting| (setting.reads, setting.behind)).unwrap_or_default();
        let path = path.to_owned();
        self.names.insert(name.to_owned(), Setting { value, reads, behind, is_text: false, path, span });
    }
}

/// The project's own modules of which a file imports something by name, and calls it: `from .aws import address` and `address()`.
pub(super) fn helpers(tree: &Tree, path: &str) -> Vec<String> {
    let text = tree.text(path).unwrap_or_default();
    let roots = [root(tree), String::new()];
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        let Some((module, names)) = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) else {
            continue;
        };
        let names = names.split('#').next().unwrap_or_default().split(',');
        // `a as b` is called by its second name.
        let mut names = names.filter_map(|name| name.trim_matches(['(', ')', ' ']).rsplit(' ').next());
        if !names.any(|name| !name.is_empty() && text.contains(&format!("{name}("))) {
            continue;
        }
        let level = module.len() - module.trim_start_matches('.').len();
        let module = module.trim_start_matches('.').trim();
        found.extend(match level {
            0 => roots.iter().find_map(|root| module_path(tree, root, module)),
            _ => relative(tree, path, module, level),
        });
    }
    found
}

/// The settings module that the first file of this name gives to `DJANGO_SETTINGS_MODULE`.
pub(super) fn in_python(tree: &Tree, name: &str) -> Option<Named> {
    let is_named = |path: &&str| *path == name || path.ends_with(&format!("/{name}"));
    let mut paths: Vec<&str> = tree.iter().map(|(path, _)| path).filter(is_named).collect();
    let root = root(tree);
    paths.sort_by_key(|path| (!path.starts_with(&root), path.matches('/').count()));
    paths.into_iter().find_map(|path| {
        let named = settings_module::named_in(tree.text(path)?).yes()?;
        Some(Named { module: named.module, path: path.to_owned(), span: named.span })
    })
}

/// The folder that `manage.py` is in: Django's modules are looked for there.
pub(super) fn root(tree: &Tree) -> String {
    let mut found: Vec<&str> =
        tree.iter().map(|(path, _)| path).filter(|path| *path == "manage.py" || path.ends_with("/manage.py")).collect();
    if let Some(folder) = served_from(tree) {
        return folder;
    }
    found.sort_by_key(|path| path.matches('/').count());
    let folder = found.first().map(|path| path.trim_end_matches("manage.py").to_owned());
    folder.or_else(|| served::above_wsgi(tree)).unwrap_or_default()
}

/// The folder that the web process of the `Procfile` changes to: of several projects, the one that is deployed.
pub(crate) fn served_from(tree: &Tree) -> Option<String> {
    let parsed = procfile::parse(tree.text("Procfile")?);
    let mut words = parsed.web()?.command.split_whitespace();
    let folder = loop {
        let word = words.next()?;
        if let Some(folder) = word.strip_prefix("--chdir") {
            break if folder.is_empty() { words.next()? } else { folder.trim_start_matches('=') };
        }
    };
    let folder = folder.trim_start_matches("./").trim_matches('/');
    (!folder.is_empty() && tree.is_dir(folder)).then(|| format!("{folder}/"))
}

/// The file of a module below the project's root.
pub(crate) fn module_path(tree: &Tree, root: &str, module: &str) -> Option<String> {
    let base = format!("{root}{}", module.replace('.', "/"));
    [format!("{base}.py"), format!("{base}/__init__.py")].into_iter().find(|path| tree.is_file(path))
}

/// Does the project have this settings module at all?
pub(super) fn exists(tree: &Tree, module: &str) -> bool {
    root_of(tree, module).is_some()
}

/// The folder below which a module is found: that of `manage.py`, or the top of the bundle, where the server stands.
fn root_of(tree: &Tree, module: &str) -> Option<String> {
    [root(tree), String::new()].into_iter().find(|root| module_path(tree, root, module).is_some())
}

fn relative(tree: &Tree, path: &str, module: &str, level: usize) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    for _ in 0..level {
        parts.pop()?;
    }
    let folder = if parts.is_empty() { String::new() } else { format!("{}/", parts.join("/")) };
    module_path(tree, &folder, module)
}
