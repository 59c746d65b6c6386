//! Configured: what an application of Flask's is told: `app.config["KEY"] = …`, `app.secret_key = …`, `from_object`.
//!
//! It is kept under the name `config.KEY`, and what a class has under `Class.KEY`.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};

use super::evaluation::Evaluation;
use super::expressions::{dotted, range};
use super::syntax::{Sure, Walk};
use super::value::Value;

/// Before the names that an application is configured with.
pub(in crate::check) const PREFIX: &str = "config.";

/// Functions that make an application, as guides call them: what is served calls them.
const FACTORIES: [&str; 4] = ["create_app", "make_app", "create_application", "build_app"];

/// More folders than settings name.
const MOST_FOLDERS: usize = 20;

impl Walk<'_> {
    /// An assignment that configures an application; tells whether it is one.
    pub(super) fn configure(&mut self, target: &Expr, value: &Expr, sure: Sure) -> bool {
        let key = match target {
            Expr::Subscript(subscript) if is_config(&subscript.value) => {
                Evaluation::of(self.settings).evaluate(&subscript.slice, 0).text().map(str::to_owned)
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "secret_key" => Some("SECRET_KEY".to_owned()),
            _ => return false,
        };
        if let Some(key) = key {
            self.told(&key, value, sure);
        }
        true
    }

    /// A call that configures one; tells whether it is one.
    pub(super) fn configures(&mut self, call: &ExprCall, sure: Sure) -> bool {
        let Expr::Attribute(method) = &*call.func else { return false };
        if !is_config(&method.value) {
            return false;
        }
        match method.attr.as_str() {
            "update" | "from_mapping" => {
                for keyword in &call.arguments.keywords {
                    if let Some(name) = &keyword.arg {
                        self.told(name.as_str(), &keyword.value, sure);
                    }
                }
                if let Some(Expr::Dict(dict)) = call.arguments.args.first() {
                    for item in &dict.items {
                        let key = item.key.as_ref().map(|key| Evaluation::of(self.settings).evaluate(key, 0));
                        if let Some(Value::Text(key)) = key {
                            self.told(&key, &item.value, sure);
                        }
                    }
                }
            }
            "from_object" => {
                call.arguments.args.first().into_iter().for_each(|object| self.take_object(object, sure));
            }
            _ => {}
        }
        true
    }

    fn told(&mut self, key: &str, value: &Expr, sure: Sure) {
        let name = format!("{PREFIX}{key}");
        let found = Evaluation::of(self.settings).evaluate(value, 0).bounded();
        self.put(&name, found, range(value), sure);
        self.reads_too(&name, value);
    }

    /// All that a class or a module has.
    fn take_object(&mut self, object: &Expr, sure: Sure) {
        let name = match object {
            Expr::StringLiteral(literal) => literal.value.to_str().to_owned(),
            _ => dotted(object),
        };
        let (module, class) = name.rsplit_once('.').unwrap_or(("", &name));
        let prefix = format!("{class}.");
        if self.settings.names.range(prefix.clone()..).next().is_none_or(|(name, _)| !name.starts_with(&prefix)) {
            let imported = self.imported.get(class).or_else(|| self.imported.get(module)).cloned();
            // It may be the module itself: `"shop.settings"`, or `settings` after `from shop import settings`.
            let whole = match (&imported, object) {
                (_, Expr::StringLiteral(_)) => Some((name.clone(), 0)),
                (Some((of, level)), Expr::Name(_)) => {
                    Some((format!("{of}.{class}").trim_matches('.').to_owned(), *level))
                }
                _ => None,
            };
            if whole.is_some_and(|(whole, level)| self.take_module(&whole, level, sure)) {
                return;
            }
            let (module, level) = imported.unwrap_or_else(|| (module.to_owned(), 0));
            if module.is_empty() && level == 0 || !self.take_in(&module, level) {
                return;
            }
        }
        let of_class = |(name, _): &(&String, &super::Setting)| name.starts_with(&prefix);
        let all: Vec<_> =
            self.settings.names.iter().filter(of_class).map(|(name, one)| (name.clone(), one.clone())).collect();
        for (name, setting) in all {
            self.taken(&name[prefix.len()..], setting, sure);
        }
    }

    /// All that a module has in capitals; tells whether there is one.
    fn take_module(&mut self, module: &str, level: usize, sure: Sure) -> bool {
        let before: Vec<String> = self.settings.files.clone();
        if !self.take_in(module, level) {
            return false;
        }
        let own = |name: &str| name.chars().all(|char| !char.is_lowercase() && char != '.');
        let new = |setting: &super::Setting| setting.path != self.path && !before.contains(&setting.path);
        let names = self.settings.names.iter().filter(|(name, setting)| own(name) && new(setting));
        let all: Vec<_> = names.map(|(name, setting)| (name.clone(), setting.clone())).collect();
        for (name, setting) in all {
            self.taken(&name, setting, sure);
        }
        true
    }

    fn taken(&mut self, key: &str, setting: super::Setting, sure: Sure) {
        let setting = match sure {
            Sure::Yes => setting,
            _ => super::Setting { value: Value::Unknown, ..setting },
        };
        self.settings.names.insert(format!("{PREFIX}{key}"), setting);
    }

    /// What a class sets, and those that it comes from.
    pub(super) fn class(&mut self, class: &StmtClassDef) {
        let own = format!("{}.", class.name);
        let bases = class.arguments.iter().flat_map(|arguments| &arguments.args).map(dotted);
        for base in bases.filter(|base| !base.is_empty()) {
            let prefix = format!("{base}.");
            let names = self.settings.names.iter().filter(|(name, _)| name.starts_with(&prefix));
            let all: Vec<_> =
                names.map(|(name, one)| (format!("{own}{}", &name[prefix.len()..]), one.clone())).collect();
            self.settings.names.extend(all);
        }
        // Folders, which the lines below use by their names: in a class they are seen as in a function.
        let mut folders = BTreeMap::new();
        for statement in &class.body {
            let (target, value) = match statement {
                Stmt::Assign(assign) => match assign.targets.as_slice() {
                    [target] => (target, &*assign.value),
                    _ => continue,
                },
                Stmt::AnnAssign(assign) => match &assign.value {
                    Some(value) => (&*assign.target, &**value),
                    None => continue,
                },
                // What a condition sets anew, nobody knows.
                other => {
                    for name in assigned(other) {
                        if let Some(setting) = self.settings.names.get_mut(&format!("{own}{name}")) {
                            setting.value = Value::Unknown;
                        }
                    }
                    continue;
                }
            };
            let Expr::Name(name) = target else { continue };
            let key = format!("{own}{}", name.id);
            let found = Evaluation::of(self.settings).with(folders.clone()).evaluate(value, 0).bounded();
            if matches!(found, Value::Path(_)) && folders.len() < MOST_FOLDERS {
                folders.insert(name.id.to_string(), found.clone());
            }
            self.put(&key, found, range(value), Sure::Yes);
            self.reads_too(&key, value);
        }
    }

    /// What a function that makes an application tells it, whatever else it does.
    pub(super) fn factory(&mut self, function: &StmtFunctionDef) {
        if !FACTORIES.contains(&function.name.as_str()) {
            return;
        }
        for statement in &function.body {
            match statement {
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        self.configure(target, &assign.value, Sure::Yes);
                    }
                }
                Stmt::Expr(expression) => {
                    if let Expr::Call(call) = &*expression.value {
                        self.configures(call, Sure::Yes);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The names that a block of statements may set.
fn assigned(statement: &Stmt) -> Vec<String> {
    let of = |body: &[Stmt]| body.iter().flat_map(assigned).collect::<Vec<_>>();
    match statement {
        Stmt::Assign(assign) => assign
            .targets
            .iter()
            .filter_map(|target| match target {
                Expr::Name(name) => Some(name.id.to_string()),
                _ => None,
            })
            .collect(),
        Stmt::If(branch) => {
            let clauses = branch.elif_else_clauses.iter().flat_map(|clause| of(&clause.body));
            of(&branch.body).into_iter().chain(clauses).collect()
        }
        Stmt::Try(attempt) => {
            let handlers = attempt.handlers.iter().flat_map(|handler| {
                let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                of(&handler.body)
            });
            let rest = of(&attempt.orelse).into_iter().chain(of(&attempt.finalbody));
            of(&attempt.body).into_iter().chain(handlers).chain(rest).collect()
        }
        Stmt::With(with) => of(&with.body),
        Stmt::For(loops) => of(&loops.body),
        _ => Vec::new(),
    }
}

/// `app.config`, by whatever name the application goes.
fn is_config(expression: &Expr) -> bool {
    matches!(expression, Expr::Attribute(attribute)
        if attribute.attr.as_str() == "config" && matches!(&*attribute.value, Expr::Name(_)))
}
