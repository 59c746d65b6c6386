//! Calls: what functions of Python, of the project and of packages that read variables come to.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, ExprCall, Operator};

use super::evaluation::{Evaluation, MOST_CALLS, join, operate};
use super::expressions::{above_in_call, dotted, keyword};
use super::operators::{self, through};
use super::random;
use super::reads::{Cast, Fallback, Lookup};
use super::urls;
use super::value::Value;

/// A function whose body is one `return`.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) parameters: Vec<(String, Option<Expr>)>,
    pub(super) returns: Expr,
}

impl Evaluation<'_> {
    pub(super) fn call(&self, call: &ExprCall, depth: usize) -> Value {
        let name = self.settings.address(dotted(&call.func));
        let last = name.rsplit('.').next().unwrap_or_default();
        let argument = |index: usize| call.arguments.args.get(index);
        let value = |expression: &Expr| self.evaluate(expression, depth + 1);
        if random::is_random(call) {
            return Value::Random;
        }
        if let Some(lookup) = self.lookup(call, depth) {
            return self.looked_up(lookup, depth);
        }
        if let Some(kind) = name.strip_prefix("values.").and_then(|kind| kind.strip_suffix("Value")) {
            return by_a_variable(kind, argument(0).map(value));
        }
        if name.ends_with("path.join") {
            let parts: Vec<Value> = call.arguments.args.iter().map(value).collect();
            let Some((base, rest)) = parts.split_first() else { return Value::Unknown };
            let words: Option<Vec<&str>> = rest.iter().map(Value::text).collect();
            let joined =
                |base: &str| words.map(|words| words.iter().fold(base.to_owned(), |base, word| join(&base, word)));
            return match base {
                Value::Path(base) => joined(base).map_or(Value::Unknown, Value::Path),
                Value::Text(base) if base.starts_with('/') => joined(base).map_or(Value::Unknown, Value::Text),
                _ => Value::Unknown,
            };
        }
        if urls::is_route(&name) {
            return self.route(call, depth);
        }
        if matches!(last, "DefaultRouter" | "SimpleRouter") {
            return Value::Router;
        }
        // In production both are empty.
        if matches!(name.as_str(), "static" | "staticfiles_urlpatterns") {
            return Value::List(Vec::new());
        }
        match name.as_str() {
            "dj_database_url.parse" => {
                return argument(0).map_or(Value::Unknown, |url| operators::database(value(url)));
            }
            "dict" if call.arguments.args.is_empty() => {
                let pair = |keyword: &ruff_python_ast::Keyword| {
                    Some((Value::Text(keyword.arg.as_ref()?.to_string()), value(&keyword.value)))
                };
                return call
                    .arguments
                    .keywords
                    .iter()
                    .map(pair)
                    .collect::<Option<_>>()
                    .map_or(Value::Unknown, Value::Dict);
            }
            _ => {}
        }
        if let (Some(only), 1) = (argument(0), call.arguments.args.len()) {
            match last {
                "int" if name == "int" => return through(value(only), integer),
                "bool" if name == "bool" => {
                    return operators::unary(
                        ruff_python_ast::UnaryOp::Not,
                        operators::unary(ruff_python_ast::UnaryOp::Not, value(only)),
                    );
                }
                // The text of nothing is a text.
                "str" if name == "str" => {
                    return through(value(only), |value| match value {
                        Value::None => Value::Text("None".to_owned()),
                        value => value,
                    });
                }
                "str" | "list" | "tuple" | "set" | "sorted" => return value(only),
                "strtobool" => return operators::switch(value(only)),
                _ => {}
            }
        }
        if let Some(function) = self.settings.functions.get(&name) {
            return self.function(function, call, depth);
        }
        // `os.path.dirname(__file__)`, or a method of `Path(__file__)`.
        if let Some(above) = above_in_call(call) {
            return self.above_file(above);
        }
        // `BASE_DIR = os.path.dirname(PROJECT_DIR)`, as Wagtail's template has it.
        if let (Some(only), "dirname" | "abspath" | "realpath" | "normpath") = (argument(0), last)
            && let Value::Path(path) = value(only)
        {
            return if last == "dirname" { Value::above(&path) } else { Value::Path(path) };
        }
        match &*call.func {
            Expr::Attribute(method) => {
                let arguments: Vec<Value> = call.arguments.args.iter().map(value).collect();
                match (method.attr.as_str(), value(&method.value)) {
                    ("resolve" | "absolute", Value::Path(path)) => Value::Path(path),
                    ("joinpath" | "path", path @ Value::Path(_)) => {
                        arguments.into_iter().fold(path, |path, part| operate(Operator::Div, path, part))
                    }
                    (name, value) => operators::method(name, value, &arguments),
                }
            }
            // A path of `environ` is called for what is below it.
            Expr::Name(_) => match value(&call.func) {
                path @ Value::Path(_) => {
                    let parts = call.arguments.args.iter().map(value);
                    parts.fold(path, |path, part| operate(Operator::Div, path, part))
                }
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// `Path(__file__).resolve().parent.parent` and its older forms. The file itself is taken for the project's folder, and what is
    /// above that is not known.
    pub(super) fn above_file(&self, above: usize) -> Value {
        let parts: Vec<&str> = self.settings.file.split('/').collect();
        let left = if above == 0 { Some(0) } else { parts.len().checked_sub(above) };
        left.map_or(Value::Unknown, |left| Value::Path(parts[..left].join("/")))
    }

    /// The value of a variable, as far as the files of the project tell it.
    fn looked_up(&self, lookup: Lookup<'_>, depth: usize) -> Value {
        let default = match lookup.default {
            Fallback::Given(expression) => Some(self.evaluate(expression, depth + 1)),
            Fallback::Implied(value) => Some(value),
            Fallback::None => None,
        };
        let name = lookup.name.unwrap_or_default();
        let set = self.settings.environment.contains_key(&name);
        let found = self.variable(&name, default);
        match lookup.cast {
            Cast::Switch => operators::switch(found),
            Cast::Integer => through(found, integer),
            Cast::List if set => operators::method("split", found, &[Value::Text(",".to_owned())]),
            Cast::Database => operators::database(found),
            Cast::Cache => operators::cache(found),
            Cast::Separated => through(found, |value| match value {
                Value::Text(text) => {
                    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                    Value::List(parts.map(|part| Value::Text(part.to_owned())).collect())
                }
                value => made(value),
            }),
            Cast::Other => through(found, made),
            Cast::List | Cast::None => found,
        }
    }

    fn function(&self, function: &Function, call: &ExprCall, depth: usize) -> Value {
        if self.calls >= MOST_CALLS {
            return Value::Unknown;
        }
        let mut locals = BTreeMap::new();
        for (at, (name, default)) in function.parameters.iter().enumerate() {
            let given = call.arguments.args.get(at).or_else(|| keyword(call, name)).or(default.as_ref());
            locals.insert(name.clone(), given.map_or(Value::Unknown, |given| self.evaluate(given, depth + 1)));
        }
        self.with(locals).evaluate(&function.returns, depth + 1)
    }
}

/// A setting of django-configurations, which a variable of its name sets: its default, where that stays as it is.
fn by_a_variable(kind: &str, default: Option<Value>) -> Value {
    const AS_GIVEN: [&str; 12] =
        ["", "Boolean", "Integer", "PositiveInteger", "Float", "List", "Tuple", "Set", "Email", "URL", "Path", "Regex"];
    match default {
        Some(_) if !AS_GIVEN.contains(&kind) => Value::Unknown,
        default => Value::Environment { default: default.filter(|value| *value != Value::Unknown).map(Box::new) },
    }
}

/// What a function of the project's makes of a value: of a text, nobody knows.
fn made(value: Value) -> Value {
    match value {
        Value::Text(_) | Value::None => Value::Unknown,
        value => value,
    }
}

fn integer(value: Value) -> Value {
    match value {
        Value::Int(_) => value,
        Value::Text(text) => text.trim().parse().map_or(Value::Unknown, Value::Int),
        _ => Value::Unknown,
    }
}
