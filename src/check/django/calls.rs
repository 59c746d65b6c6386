//! Calls: what functions of Python, of the project and of packages that read variables come to.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, ExprCall, Operator};

use super::evaluation::{Evaluation, MOST_CALLS, join, operate};
use super::expressions::{dotted, is_getenv, keyword, mentions_file};
use super::operators::{self, by_default, through};
use super::value::Value;

/// A function whose body is one `return`.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) parameters: Vec<(String, Option<Expr>)>,
    pub(super) returns: Expr,
}

impl Evaluation<'_> {
    pub(super) fn call(&self, call: &ExprCall, depth: usize) -> Value {
        let name = dotted(&call.func);
        let last = name.rsplit('.').next().unwrap_or_default();
        let argument = |index: usize| call.arguments.args.get(index);
        let keyword = |name: &str| keyword(call, name);
        let value = |expression: &Expr| self.evaluate(expression, depth + 1);
        let random = ["get_random_secret_key", "token_hex", "token_urlsafe", "token_bytes", "uuid4", "urandom"];
        if random.contains(&last) {
            return Value::Random;
        }
        if is_getenv(&name) {
            let default = argument(1).or_else(|| keyword("default")).map_or(Value::None, value);
            return match argument(0).map(value) {
                Some(Value::Text(name)) => self.variable(&name, Some(default)),
                _ => by_default(default),
            };
        }
        if let Some(reader) = self.reader(&name) {
            return self.read(reader, call, depth);
        }
        if name.ends_with("path.join") {
            let parts: Vec<Value> = call.arguments.args.iter().map(value).collect();
            if let Some((Value::Path(base), rest)) = parts.split_first() {
                let words: Option<Vec<&str>> = rest.iter().map(Value::text).collect();
                return words.map_or(Value::Unknown, |words| {
                    Value::Path(words.iter().fold(base.clone(), |base, word| join(&base, word)))
                });
            }
            return Value::Unknown;
        }
        if matches!(name.as_str(), "path" | "re_path" | "url") {
            return match argument(0).map(value) {
                Some(Value::Text(text)) => Value::Route { text, regex: name != "path" },
                _ => Value::Unknown,
            };
        }
        // In production both are empty.
        if matches!(name.as_str(), "static" | "staticfiles_urlpatterns") {
            return Value::List(Vec::new());
        }
        match name.as_str() {
            "dj_database_url.config" => {
                let variable = keyword("env").map(value).and_then(|env| env.text().map(str::to_owned));
                let default = argument(0).or_else(|| keyword("default")).map(value);
                return operators::database(self.variable(variable.as_deref().unwrap_or("DATABASE_URL"), default));
            }
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
                "str" | "list" | "tuple" | "set" | "sorted" => return value(only),
                "strtobool" => return operators::switch(value(only)),
                _ => {}
            }
        }
        if let Some(function) = self.settings.functions.get(&name) {
            return self.function(function, call, depth);
        }
        // `Path(__file__).resolve().parent.parent` and its older forms: taken for the project's folder.
        let of_file = call.arguments.args.first().unwrap_or(&call.func);
        if mentions_file(of_file) {
            return Value::Path(String::new());
        }
        match &*call.func {
            Expr::Attribute(method) => {
                let arguments: Vec<Value> = call.arguments.args.iter().map(value).collect();
                match (method.attr.as_str(), value(&method.value)) {
                    ("resolve" | "absolute", Value::Path(path)) => Value::Path(path),
                    ("joinpath", path @ Value::Path(_)) => {
                        arguments.into_iter().fold(path, |path, part| operate(Operator::Div, path, part))
                    }
                    (name, value) => operators::method(name, value, &arguments),
                }
            }
            _ => Value::Unknown,
        }
    }

    /// The way in which a call reads a variable: `env.bool` is `bool`, `config` is empty.
    pub(super) fn reader<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let known = matches!(first, "env" | "config") || self.settings.readers.contains(first);
        if name == "decouple.config" {
            return Some("");
        }
        known.then_some(rest).filter(|rest| !rest.contains('.') && !matches!(*rest, "read_env" | "read" | "get_value"))
    }

    /// `env("X", default=…)` and `env.bool(…)` of django-environ and environs, `config("X", default=…)` of decouple.
    pub(super) fn read(&self, how: &str, call: &ExprCall, depth: usize) -> Value {
        let value = |expression: &Expr| self.evaluate(expression, depth + 1);
        let name = call.arguments.args.first().map(value);
        let name = name.as_ref().and_then(Value::text).unwrap_or(if how == "db" || how == "db_url" {
            "DATABASE_URL"
        } else {
            ""
        });
        // django-environ has a type in the second place, environs a default.
        let second = call.arguments.args.get(1);
        let plain = dotted(&call.func) == "env" && second.is_some_and(|second| self.is_type(second, depth));
        let place = if plain { 2 } else { 1 };
        let default = keyword(call, "default").or_else(|| call.arguments.args.get(place)).map(value);
        let default = default.or_else(|| self.settings.schemes.get(name).cloned());
        let set = self.settings.environment.contains_key(name);
        let found = self.variable(name, default);
        let cast = keyword(call, "cast").or_else(|| call.arguments.args.get(1).filter(|_| plain)).map(dotted);
        match (how, cast.as_deref()) {
            ("bool", _) | (_, Some("bool")) => operators::switch(found),
            ("int", _) | (_, Some("int")) => through(found, integer),
            ("list" | "tuple", _) if set => operators::method("split", found, &[Value::Text(",".to_owned())]),
            ("db" | "db_url" | "dj_db_url", _) => operators::database(found),
            // `Csv()` and functions of one's own.
            (_, Some(cast)) if !matches!(cast, "str" | "list" | "tuple") => through(found, |value| match value {
                Value::Text(text) if cast.is_empty() || cast.ends_with("Csv") => {
                    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                    Value::List(parts.map(|part| Value::Text(part.to_owned())).collect())
                }
                value @ (Value::List(_) | Value::Bool(_) | Value::Int(_)) => value,
                _ => Value::Unknown,
            }),
            _ => found,
        }
    }

    /// Is it a type, or a function that makes one of a text?
    fn is_type(&self, expression: &Expr, depth: usize) -> bool {
        match expression {
            Expr::Lambda(_) => true,
            Expr::Name(_) | Expr::Attribute(_) => self.evaluate(expression, depth + 1) == Value::Unknown,
            _ => false,
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

fn integer(value: Value) -> Value {
    match value {
        Value::Int(_) => value,
        Value::Text(text) => text.trim().parse().map_or(Value::Unknown, Value::Int),
        _ => Value::Unknown,
    }
}
