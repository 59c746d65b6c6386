//! Loaded: the project's own modules that the server imports, and what each of them does as it is imported.
//!
//! Only what is certain: a statement in an `if` or a `try` may never run, or be meant to fail.

mod module;
mod queries;
mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::module::{Later, Work, binds};
use super::syntax::{Refused, STACK, Source};
use super::{Settings, Value, in_wsgi, module_path, relative, root, target_path};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;
use crate::beanstalk::version::Version;

/// More modules than this are not followed.
const MOST: usize = 400;

/// When the server imports a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check) enum Moment {
    /// Before it answers anybody.
    Start,
    /// When it looks for the first page: the module with the URLs, and what that imports.
    Request,
}

impl Moment {
    /// What becomes of the site where a module stops.
    pub(in crate::check) fn fate(self) -> &'static str {
        match self {
            Self::Start => "the server does not start",
            Self::Request => "every page is a 500",
        }
    }
}

/// A module that is imported, and what it does then.
#[derive(Debug, Clone)]
pub(in crate::check) struct Module {
    pub(in crate::check) path: String,
    pub(in crate::check) moment: Moment,
    pub(in crate::check) imports: Vec<Import>,
    pub(in crate::check) calls: Vec<Call>,
    /// Where it asks the database for something.
    pub(in crate::check) queries: Vec<Range<usize>>,
    /// Where Python cannot parse it, and why.
    pub(in crate::check) broken: Option<(Range<usize>, String)>,
    later: Later,
}

/// `import MODULE`, or `from MODULE import NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check) struct Import {
    /// With the dots before it, if it has some.
    pub(in crate::check) module: String,
    pub(in crate::check) name: Option<String>,
    pub(in crate::check) span: Range<usize>,
}

/// A call that is made as the module is imported, or a decorator without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check) struct Call {
    pub(in crate::check) name: String,
    /// Arguments without a name.
    pub(in crate::check) arguments: usize,
    /// Those whose text is written there, each with its name; of a list, the first.
    pub(in crate::check) texts: Vec<(Option<String>, String)>,
    pub(in crate::check) keywords: BTreeSet<String>,
    /// Are there arguments that nobody sees, `*a` or `**k`?
    pub(in crate::check) more: bool,
    /// Is it a statement of its own?
    pub(in crate::check) alone: bool,
    /// The names whose values it prints or logs.
    pub(in crate::check) shown: Vec<String>,
    pub(in crate::check) span: Range<usize>,
}

/// All of them, each once, in the order in which they are imported.
pub(in crate::check) fn loaded(
    tree: &Tree,
    customizations: &Customizations,
    settings: Option<&Settings>,
) -> Vec<Module> {
    graph(tree, |graph| graph.all(customizations, settings))
}

/// These files, and what of the project's own they import.
pub(in crate::check) fn followed(tree: &Tree, paths: &[&str]) -> Vec<Module> {
    graph(tree, |graph| paths.iter().for_each(|path| graph.file(path, Moment::Start)))
}

/// What of the project's own an import takes in, if it is the first one.
pub(in crate::check) fn taken_in(tree: &Tree, module: &Module, import: &Import) -> Vec<Module> {
    graph(tree, |graph| graph.follow(&module.path, import, module.moment))
}

/// Does a module import one of the project's own that is there and was not read, such as one whose name is that of a test?
pub(in crate::check) fn imports_unread(tree: &Tree, module: &Module) -> bool {
    let graph = Graph::of(tree);
    let named = |import: &Import| {
        let inner = inner(import).and_then(|inner| graph.target(&module.path, &inner));
        graph.target(&module.path, import).into_iter().chain(inner).any(|path| tree.code(&path).is_none())
    };
    module.imports.iter().any(named)
}

/// The module that `from a import b` names, where `b` is one.
fn inner(import: &Import) -> Option<Import> {
    let name = import.name.as_deref().filter(|name| *name != "*")?;
    let dot = if import.module.ends_with('.') { "" } else { "." };
    Some(Import { module: format!("{}{dot}{name}", import.module), name: None, span: import.span.clone() })
}

fn graph<'a>(tree: &'a Tree, fill: impl FnOnce(&mut Graph<'a>) + Send) -> Vec<Module> {
    // Parsers recurse, and how deep is the input's choice: see `syntax::Source`.
    std::thread::scope(|scope| {
        let read = || {
            let mut graph = Graph::of(tree);
            fill(&mut graph);
            graph.found
        };
        std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read).ok()?.join().ok()
    })
    .unwrap_or_default()
}

struct Graph<'a> {
    tree: &'a Tree,
    root: String,
    found: Vec<Module>,
    seen: BTreeMap<String, Moment>,
    /// Functions by their files and names.
    called: BTreeSet<(String, String)>,
}

impl<'a> Graph<'a> {
    fn of(tree: &'a Tree) -> Self {
        Self { tree, root: root(tree), found: Vec::new(), seen: BTreeMap::new(), called: BTreeSet::new() }
    }

    fn all(&mut self, customizations: &Customizations, settings: Option<&Settings>) {
        let served = target_path(self.tree, customizations);
        let wsgi = || in_wsgi(self.tree, customizations).map(|named| named.path);
        if let Some(path) = served.or_else(|| settings.and_then(|_| wsgi())) {
            self.packages(&path);
            self.file(&path, Moment::Start);
            self.called_by_the_server(customizations, &path);
        }
        let Some(settings) = settings else { return };
        for path in &settings.files {
            self.packages(path);
            // They have rules of their own.
            self.seen.insert(path.clone(), Moment::Start);
            if let Some((_, work)) = self.read(path, Moment::Start) {
                self.work(path, Moment::Start, &work);
            }
        }
        let texts = |name: &str| -> Vec<String> {
            settings.value(name).items().iter().filter_map(Value::text).map(str::to_owned).collect()
        };
        let apps = texts("INSTALLED_APPS");
        let packages: Vec<String> = apps.iter().map(|app| self.package(app)).collect();
        for package in &packages {
            for module in ["apps", "models"] {
                self.dotted(&format!("{package}.{module}"), Moment::Start);
            }
        }
        for (app, package) in apps.iter().zip(&packages) {
            self.ready(app, package, settings);
        }
        // Its `ready` looks for the module in every application.
        if apps
            .iter()
            .any(|app| matches!(app.as_str(), "django.contrib.admin" | "django.contrib.admin.apps.AdminConfig"))
        {
            packages.iter().for_each(|package| self.dotted(&format!("{package}.admin"), Moment::Start));
        }
        for class in texts("MIDDLEWARE") {
            if let Some((module, _)) = class.rsplit_once('.') {
                self.dotted(module, Moment::Start);
            }
        }
        if let Some(urls) = settings.value("ROOT_URLCONF").text() {
            self.dotted(urls, Moment::Request);
        }
    }

    /// The package of an application, which its entry names by itself or by the class of its configuration.
    fn package(&self, app: &str) -> String {
        let is_package = |name: &str| self.tree.is_dir(&format!("{}{}", self.root, name.replace('.', "/")));
        let mut name = app;
        while !is_package(name) {
            match name.rsplit_once('.') {
                Some((before, _)) => name = before,
                None => return app.to_owned(),
            }
        }
        name.to_owned()
    }

    /// The packages that a file lies in.
    fn packages(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            let package = format!("{}/__init__.py", &path[..at]);
            if self.tree.is_file(&package) {
                self.file(&package, Moment::Start);
            }
        }
    }

    /// A module by its name, with the packages that it lies in.
    fn dotted(&mut self, name: &str, moment: Moment) {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        let paths: Vec<String> = ends.filter_map(|end| self.path(&name[..end])).collect();
        paths.iter().for_each(|path| self.file(path, moment));
    }

    fn path(&self, module: &str) -> Option<String> {
        let roots = [self.root.as_str(), ""];
        roots.into_iter().find_map(|root| module_path(self.tree, root, module))
    }

    fn file(&mut self, path: &str, moment: Moment) {
        if self.seen.contains_key(path) || self.seen.len() >= MOST {
            return;
        }
        self.seen.insert(path.to_owned(), moment);
        let Some((mut module, work)) = self.read(path, moment) else { return };
        self.carried_out(&mut module, work);
        self.found.push(module);
    }

    /// What is done as a module is imported, with what the functions do that are called there.
    fn carried_out(&mut self, module: &mut Module, work: Work) {
        let mut at = module.calls.len();
        self.done(module, work);
        while let Some(name) = module.calls.get(at).map(|call| call.name.clone()) {
            at += 1;
            match module.later.functions.get(&name).cloned() {
                Some(work) if self.begins(&module.path, &name) => self.done(module, work),
                Some(_) => {}
                None => self.called(&module.path, &module.imports, &name),
            }
        }
    }

    fn done(&mut self, module: &mut Module, work: Work) {
        self.work(&module.path, module.moment, &work);
        module.imports.extend(work.imports);
        module.calls.extend(work.calls);
    }

    /// Is it the first time that this function is called?
    fn begins(&mut self, path: &str, function: &str) -> bool {
        self.called.len() < MOST && self.called.insert((path.to_owned(), function.to_owned()))
    }

    fn work(&mut self, path: &str, moment: Moment, work: &Work) {
        for import in &work.imports {
            self.follow(path, import, moment);
        }
        for name in &work.included {
            self.dotted(name, moment);
        }
    }

    /// A function of another module that is called by its name.
    fn called(&mut self, path: &str, imports: &[Import], name: &str) {
        let mut import = imports.iter().find(|import| import.name.as_deref() == Some(name)).cloned();
        let mut path = path.to_owned();
        // The package may have it from one of its modules.
        for _ in 0..3 {
            let Some(target) = import.and_then(|import| self.target(&path, &import)) else { return };
            let Some(module) = self.found.iter().find(|module| module.path == target) else { return };
            if module.later.functions.contains_key(name) {
                return self.function(&target, name);
            }
            import = module.imports.iter().find(|import| import.name.as_deref() == Some(name)).cloned();
            path = target;
        }
    }

    /// What a function of a module that has been imported does as it is called.
    fn function(&mut self, path: &str, name: &str) {
        let Some(at) = self.found.iter().position(|module| module.path == path) else { return };
        let Some(work) = self.found[at].later.functions.get(name).cloned() else { return };
        if self.begins(path, name) {
            self.more(at, work);
        }
    }

    /// What a module that has been imported does after that.
    fn more(&mut self, at: usize, work: Work) {
        let mut module = self.found[at].clone();
        let (imports, calls) = (module.imports.len(), module.calls.len());
        self.carried_out(&mut module, work);
        self.found[at].imports.extend(module.imports.drain(imports..));
        self.found[at].calls.extend(module.calls.drain(calls..));
    }

    /// `gunicorn "app:create_app()"` calls what it names.
    fn called_by_the_server(&mut self, customizations: &Customizations, path: &str) {
        let Some(web) = customizations.procfile.as_ref().and_then(|procfile| procfile.web()) else { return };
        let called = web.command.split_whitespace().find_map(|word| word.split_once(':')?.1.split_once('('));
        if let Some((name, _)) = called {
            self.function(path, name);
        }
    }

    /// `ready` of the class that configures an application: the one that is named, or the only one there, since Django 3.2.
    fn ready(&mut self, app: &str, package: &str, settings: &Settings) {
        let Some(path) = self.path(&format!("{package}.apps")) else { return };
        let Some(at) = self.found.iter().position(|module| module.path == path) else { return };
        let configurations = &self.found[at].later.configurations;
        let finds = settings.django.is_some_and(|django| django >= Version::new(3, 2));
        let work = match configurations.as_slice() {
            [(_, ready)] if app == package && finds => ready.clone(),
            all => {
                all.iter().find(|(class, _)| app.rsplit('.').next() == Some(class)).and_then(|(_, ready)| ready.clone())
            }
        };
        if let Some(work) = work {
            self.more(at, work);
        }
    }

    /// The project's own module or package that an import names.
    fn target(&self, path: &str, import: &Import) -> Option<String> {
        let name = import.module.trim_start_matches('.');
        let level = import.module.len() - name.len();
        if level == 0 {
            return self.path(name);
        }
        relative(self.tree, path, name, level).or_else(|| {
            let folder = path.split('/').rev().skip(level).collect::<Vec<_>>();
            let folder = folder.into_iter().rev().collect::<Vec<_>>().join("/");
            name.is_empty().then(|| format!("{folder}/__init__.py")).filter(|path| self.tree.is_file(path))
        })
    }

    /// What of the project's own an import brings in.
    fn follow(&mut self, path: &str, import: &Import, moment: Moment) {
        if !import.module.starts_with('.') {
            self.dotted(&import.module, moment);
        }
        let Some(package) = self.target(path, import) else {
            // A folder without `__init__.py` is a package too.
            if let Some(inner) = inner(import).and_then(|inner| self.target(path, &inner)) {
                self.file(&inner, moment);
            }
            return;
        };
        self.file(&package, moment);
        // A name that the package has itself is none of its modules.
        let (Some(inner), Some(folder)) = (&import.name, package.strip_suffix("__init__.py")) else { return };
        if let Some(path) = module_path(self.tree, folder, inner).filter(|_| !self.has(&package, inner)) {
            self.file(&path, moment);
        }
    }

    /// Does a package give this name to something that is none of its modules?
    fn has(&self, package: &str, name: &str) -> bool {
        let Some(text) = self.tree.code(package).filter(|text| text.contains(name)) else { return false };
        let own = |module: &str| self.path(module).as_deref() == Some(package);
        Source::parse(text).map_or(true, |source| binds(source.statements(), name, &own))
    }

    /// A module that has done nothing yet, and what it does as it is imported.
    fn read(&self, path: &str, moment: Moment) -> Option<(Module, Work)> {
        let text = self.tree.code(path)?;
        let mut module = Module {
            path: path.to_owned(),
            moment,
            imports: Vec::new(),
            calls: Vec::new(),
            queries: Vec::new(),
            broken: None,
            later: Later::default(),
        };
        let mut work = Work::default();
        match Source::parse(text) {
            Ok(source) => {
                work = Work::of(source.statements());
                module.later = Later::of(source.statements());
                module.queries = queries::queries(source.statements());
            }
            Err(Refused::Invalid { span, message }) => module.broken = Some((span, message)),
            Err(Refused::TooComplex) => return None,
        }
        Some((module, work))
    }
}

#[cfg(test)]
mod tests;
