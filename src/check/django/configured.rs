//! Configured: what an application of Flask's is told: `app.config["KEY"] = …`, `app.secret_key = …`, `from_object`.
//!
//! It is kept under the name `config.KEY`, and what a class has under `Class.KEY`.

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};

use super::evaluation::Evaluation;
use super::expressions::{dotted, range};
use super::syntax::{Sure, Walk};
use super::value::Value;

/// Before the names that an application is configured with.
pub(in crate::check) const PREFIX: &str = "config.";

/// Functions that make an application, as guides call them: what is served calls them.
const FACTORIES: [&str; 4] = ["create_app", "make_app", "create_application", "build_app"];

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
            let (module, level) = imported.unwrap_or_else(|| (module.to_owned(), 0));
            if module.is_empty() && level == 0 || !self.take_in(&module, level) {
                return;
            }
        }
        let of_class = |(name, _): &(&String, &super::Setting)| name.starts_with(&prefix);
        let all: Vec<_> =
            self.settings.names.iter().filter(of_class).map(|(name, one)| (name.clone(), one.clone())).collect();
        for (name, setting) in all {
            let setting = match sure {
                Sure::Yes => setting,
                _ => super::Setting { value: Value::Unknown, ..setting },
            };
            self.settings.names.insert(format!("{PREFIX}{}", &name[prefix.len()..]), setting);
        }
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
                _ => continue,
            };
            let Expr::Name(name) = target else { continue };
            let key = format!("{own}{}", name.id);
            let found = Evaluation::of(self.settings).evaluate(value, 0).bounded();
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

/// `app.config`, by whatever name the application goes.
fn is_config(expression: &Expr) -> bool {
    matches!(expression, Expr::Attribute(attribute)
        if attribute.attr.as_str() == "config" && matches!(&*attribute.value, Expr::Name(_)))
}
