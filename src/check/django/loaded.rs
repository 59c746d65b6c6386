//! Loaded: the project's own modules that the server imports, and what each of them does as it is imported.
//!
//! Only what is certain: a statement in an `if` or a `try` may never run, or be meant to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ruff_python_ast::{Expr, Stmt};

use super::expressions::{dotted, range};
use super::syntax::{Refused, STACK, Source};
use super::{Settings, Value, in_wsgi, module_path, relative, root, target_path};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;

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
    /// Where Python cannot parse it, and why.
    pub(in crate::check) broken: Option<(Range<usize>, String)>,
    /// Packages of URLs that it includes by their names.
    included: Vec<String>,
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

fn graph<'a>(tree: &'a Tree, fill: impl FnOnce(&mut Graph<'a>) + Send) -> Vec<Module> {
    // Parsers recurse, and how deep is the input's choice: see `syntax::Source`.
    std::thread::scope(|scope| {
        let read = || {
            let mut graph = Graph { tree, root: root(tree), found: Vec::new(), seen: BTreeMap::new() };
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
}

impl Graph<'_> {
    fn all(&mut self, customizations: &Customizations, settings: Option<&Settings>) {
        let served = target_path(self.tree, customizations);
        let wsgi = || in_wsgi(self.tree, customizations).map(|named| named.path);
        if let Some(path) = served.or_else(|| settings.and_then(|_| wsgi())) {
            self.packages(&path);
            self.file(&path, Moment::Start);
        }
        let Some(settings) = settings else { return };
        for path in &settings.files {
            self.packages(path);
            // They have rules of their own.
            self.seen.insert(path.clone(), Moment::Start);
            if let Some(module) = self.parsed(path, Moment::Start) {
                self.imported(&module);
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
        let Some(module) = self.parsed(path, moment) else { return };
        self.imported(&module);
        self.found.push(module);
    }

    fn imported(&mut self, module: &Module) {
        for import in &module.imports {
            self.follow(&module.path, import, module.moment);
        }
        for name in &module.included {
            self.dotted(name, module.moment);
        }
    }

    /// What of the project's own an import brings in.
    fn follow(&mut self, path: &str, import: &Import, moment: Moment) {
        let name = import.module.trim_start_matches('.');
        let level = import.module.len() - name.len();
        let package = match level {
            0 => {
                self.dotted(name, moment);
                self.path(name)
            }
            _ => relative(self.tree, path, name, level).or_else(|| {
                let folder = path.split('/').rev().skip(level).collect::<Vec<_>>();
                let folder = folder.into_iter().rev().collect::<Vec<_>>().join("/");
                name.is_empty().then(|| format!("{folder}/__init__.py")).filter(|path| self.tree.is_file(path))
            }),
        };
        let Some(package) = package else { return };
        if level > 0 {
            self.file(&package, moment);
        }
        // A name that the package has itself is none of its modules.
        let (Some(inner), Some(folder)) = (&import.name, package.strip_suffix("__init__.py")) else { return };
        let own = self.tree.code(&package).is_some_and(|text| text.contains(inner.as_str()));
        if let Some(path) = module_path(self.tree, folder, inner).filter(|_| !own) {
            self.file(&path, moment);
        }
    }

    fn parsed(&self, path: &str, moment: Moment) -> Option<Module> {
        let text = self.tree.code(path)?;
        let mut module = Module {
            path: path.to_owned(),
            moment,
            imports: Vec::new(),
            calls: Vec::new(),
            broken: None,
            included: Vec::new(),
        };
        match Source::parse(text) {
            Ok(source) => module.block(source.statements()),
            Err(Refused::Invalid { span, message }) => module.broken = Some((span, message)),
            Err(Refused::TooComplex) => return None,
        }
        Some(module)
    }
}

impl Module {
    fn block(&mut self, body: &[Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => {
                for name in &import.names {
                    let module = name.name.to_string();
                    self.imports.push(Import { module, name: None, span: place(&name.range) });
                }
            }
            Stmt::ImportFrom(from) => {
                let dots = ".".repeat(from.level as usize);
                let module = format!("{dots}{}", from.module.as_ref().map_or("", |module| module.as_str()));
                for name in &from.names {
                    let (module, name, span) = (module.clone(), name.name.to_string(), place(&name.range));
                    self.imports.push(Import { module, name: Some(name), span });
                }
            }
            Stmt::Expr(expression) => self.expression(&expression.value, true, 0),
            Stmt::Assign(assign) => self.expression(&assign.value, false, 0),
            Stmt::AugAssign(assign) => self.expression(&assign.value, false, 0),
            Stmt::AnnAssign(assign) => {
                assign.value.iter().for_each(|value| self.expression(value, false, 0));
            }
            Stmt::With(with) => {
                with.items.iter().for_each(|item| self.expression(&item.context_expr, false, 0));
                self.block(&with.body);
            }
            Stmt::ClassDef(class) => {
                class.decorator_list.iter().for_each(|decorator| self.decorator(&decorator.expression));
                self.block(&class.body);
            }
            Stmt::FunctionDef(function) => {
                function.decorator_list.iter().for_each(|decorator| self.decorator(&decorator.expression));
            }
            _ => {}
        }
    }

    fn decorator(&mut self, expression: &Expr) {
        match expression {
            Expr::Call(_) => self.expression(expression, false, 0),
            _ => {
                let (name, span) = (dotted(expression), range(expression));
                let keywords = BTreeSet::new();
                let (arguments, texts, more, alone) = (0, Vec::new(), false, false);
                self.calls.push(Call { name, arguments, texts, keywords, more, alone, span });
            }
        }
    }

    /// The calls in an expression that are made wherever it is.
    fn expression(&mut self, expression: &Expr, alone: bool, depth: usize) {
        const DEEPEST: usize = 40;
        if depth > DEEPEST {
            return;
        }
        let mut inner = |expression: &Expr| self.expression(expression, false, depth + 1);
        match expression {
            Expr::List(list) => list.elts.iter().for_each(inner),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(inner),
            Expr::Dict(dict) => dict.items.iter().for_each(|item| inner(&item.value)),
            Expr::BinOp(operation) => [&operation.left, &operation.right].into_iter().for_each(|side| inner(side)),
            Expr::Attribute(attribute) => inner(&attribute.value),
            Expr::Subscript(subscript) => inner(&subscript.value),
            Expr::Call(call) => {
                inner(&call.func);
                call.arguments.args.iter().for_each(&mut inner);
                call.arguments.keywords.iter().for_each(|keyword| inner(&keyword.value));
                let name = dotted(&call.func);
                if name == "include" {
                    self.included.extend(call.arguments.args.first().and_then(module_in));
                }
                let starred = call.arguments.args.iter().any(|argument| matches!(argument, Expr::Starred(_)));
                let unnamed = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
                let named = call.arguments.keywords.iter().filter_map(|keyword| keyword.arg.as_ref());
                let plain = call.arguments.args.iter().filter_map(|argument| Some((None, written(argument)?)));
                let texts =
                    call.arguments.keywords.iter().filter_map(|keyword| {
                        Some((Some(keyword.arg.as_ref()?.to_string()), written(&keyword.value)?))
                    });
                self.calls.push(Call {
                    name,
                    arguments: call.arguments.args.len(),
                    texts: plain.chain(texts).collect(),
                    keywords: named.map(|name| name.to_string()).collect(),
                    more: starred || unnamed,
                    alone,
                    span: range(expression),
                });
            }
            _ => {}
        }
    }
}

/// The module in `include("shop.urls")` and `include(("shop.urls", "shop"))`.
fn module_in(argument: &Expr) -> Option<String> {
    match argument {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        Expr::Tuple(tuple) => tuple.elts.first().and_then(module_in),
        _ => None,
    }
}

/// The text that an argument is, or the first of a list.
fn written(argument: &Expr) -> Option<String> {
    match argument {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        Expr::List(list) => list.elts.first().and_then(written),
        _ => None,
    }
}

fn place(range: &ruff_text_size::TextRange) -> Range<usize> {
    range.start().to_usize()..range.end().to_usize()
}

#[cfg(test)]
mod tests;
