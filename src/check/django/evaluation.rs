//! Evaluation: what an expression of a settings file comes to, without running it.

use std::cell::Cell;
use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall, Number, Operator};

use super::Settings;
use super::value::{MAX_PARTS, Value};

/// An evaluation of one expression, with the names that the file has set before.
pub(super) struct Evaluation<'a> {
    settings: &'a Settings,
    /// How many parts of other values may still be copied into this one.
    left: Cell<usize>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn of(settings: &'a Settings) -> Self {
        Self { settings, left: Cell::new(MAX_PARTS) }
    }
}

impl Evaluation<'_> {
    pub(super) fn evaluate(&self, expression: &Expr, depth: usize) -> Value {
        if depth > 40 {
            return Value::Unknown;
        }
        let deeper = |expression: &Expr| self.evaluate(expression, depth + 1);
        match expression {
            Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => number.as_i64().map_or(Value::Unknown, Value::Int),
                _ => Value::Unknown,
            },
            Expr::StringLiteral(literal) => Value::Text(literal.value.to_str().to_owned()),
            Expr::List(list) => self.list(&list.elts, depth),
            Expr::Tuple(tuple) => self.list(&tuple.elts, depth),
            Expr::Dict(dict) => {
                let pair = |item: &ruff_python_ast::DictItem| match &item.key {
                    Some(key) => (deeper(key), deeper(&item.value)),
                    None => (Value::Unknown, Value::Unknown),
                };
                Value::Dict(dict.items.iter().map(pair).collect())
            }
            Expr::Name(name) => match self.settings.get(name.id.as_str()) {
                Some(_) if self.left.get() == 0 => Value::Unknown,
                Some(setting) => match self.left.get().checked_sub(setting.value.parts()) {
                    Some(left) => {
                        self.left.set(left);
                        setting.value.clone()
                    }
                    None => {
                        self.left.set(0); // and no more counting
                        Value::Unknown
                    }
                },
                None => Value::Unknown,
            },
            Expr::BinOp(operation) => match (operation.op, deeper(&operation.left), deeper(&operation.right)) {
                (Operator::Div, Value::Path(base), Value::Text(name)) => Value::Path(join(&base, &name)),
                (Operator::Add, Value::List(mut left), Value::List(right)) => {
                    left.extend(right);
                    Value::List(left)
                }
                (Operator::Add, Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
                _ => Value::Unknown,
            },
            Expr::Subscript(subscript) if is_environ(&subscript.value) => Value::Environment { default: None },
            // `.parent` of it.
            Expr::Attribute(attribute) if mentions_file(&attribute.value) => Value::Path(String::new()),
            Expr::Call(call) => self.call(call, depth),
            _ => Value::Unknown,
        }
    }

    /// With what `*OTHER` brings along; a list with an unknown part in it is unknown.
    fn list(&self, items: &[Expr], depth: usize) -> Value {
        let mut values = Vec::new();
        for item in items {
            match item {
                Expr::Starred(starred) => match self.evaluate(&starred.value, depth + 1) {
                    Value::List(more) => values.extend(more),
                    _ => return Value::Unknown,
                },
                item => values.push(self.evaluate(item, depth + 1)),
            }
        }
        Value::List(values)
    }

    fn call(&self, call: &ExprCall, depth: usize) -> Value {
        let name = dotted(&call.func);
        let last = name.rsplit('.').next().unwrap_or_default();
        let argument = |index: usize| call.arguments.args.get(index);
        let keyword = |name: &str| {
            let named =
                |keyword: &&ruff_python_ast::Keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name);
            call.arguments.keywords.iter().find(named).map(|keyword| &keyword.value)
        };
        let random = ["get_random_secret_key", "token_hex", "token_urlsafe", "token_bytes", "uuid4", "urandom"];
        if random.contains(&last) {
            return Value::Random;
        }
        if matches!(name.as_str(), "os.environ.get" | "os.getenv" | "environ.get" | "getenv") {
            let default = argument(1).or_else(|| keyword("default"));
            return Value::Environment { default: default.map(|default| Box::new(self.evaluate(default, depth + 1))) };
        }
        // django-environ's `env("X", default=…)` and `env.bool(…)`, decouple's `config("X", default=…)`.
        if name == "env" || name.starts_with("env.") || name == "config" || name == "decouple.config" {
            let default = keyword("default").or_else(|| argument(1).filter(|_| name != "env"));
            return Value::Environment { default: default.map(|default| Box::new(self.evaluate(default, depth + 1))) };
        }
        if name.ends_with("path.join") {
            let parts: Vec<Value> = call.arguments.args.iter().map(|part| self.evaluate(part, depth + 1)).collect();
            if let Some((Value::Path(base), rest)) = parts.split_first() {
                let words: Option<Vec<&str>> = rest.iter().map(Value::text).collect();
                return words.map_or(Value::Unknown, |words| {
                    Value::Path(words.iter().fold(base.clone(), |base, word| join(&base, word)))
                });
            }
            return Value::Unknown;
        }
        if last == "int" && call.arguments.args.len() == 1 {
            return argument(0).map_or(Value::Unknown, |value| integer(self.evaluate(value, depth + 1)));
        }
        if matches!(name.as_str(), "path" | "re_path" | "url") {
            return match argument(0).map(|value| self.evaluate(value, depth + 1)) {
                Some(Value::Text(text)) => Value::Route { text, regex: name != "path" },
                _ => Value::Unknown,
            };
        }
        // In production both are empty.
        if matches!(name.as_str(), "static" | "staticfiles_urlpatterns") {
            return Value::List(Vec::new());
        }
        if last == "str" && call.arguments.args.len() == 1 {
            return argument(0).map_or(Value::Unknown, |value| self.evaluate(value, depth + 1));
        }
        // `Path(__file__).resolve().parent.parent` and its older forms: taken for the project's folder.
        let of_file = call.arguments.args.first().unwrap_or(&call.func);
        if mentions_file(of_file) { Value::Path(String::new()) } else { Value::Unknown }
    }

    /// `os.environ["X"]` anywhere in an expression that is carried out for certain.
    pub(super) fn required(&self, expression: &Expr) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        let mut left = vec![(expression, 0)];
        while let Some((expression, depth)) = left.pop() {
            if depth > 40 {
                continue;
            }
            match expression {
                Expr::Subscript(subscript) if is_environ(&subscript.value) => {
                    if let Expr::StringLiteral(name) = &*subscript.slice {
                        found.push((name.value.to_str().to_owned(), range(expression)));
                    }
                }
                Expr::Dict(dict) => left.extend(dict.items.iter().map(|item| (&item.value, depth + 1))),
                Expr::List(list) => left.extend(list.elts.iter().map(|item| (item, depth + 1))),
                Expr::Tuple(tuple) => left.extend(tuple.elts.iter().map(|item| (item, depth + 1))),
                Expr::Call(call) => left.extend(call.arguments.args.iter().map(|item| (item, depth + 1))),
                _ => {}
            }
        }
        found
    }
}

/// `int(…)` of a value, or of a variable's default.
fn integer(value: Value) -> Value {
    match value {
        Value::Int(_) => value,
        Value::Text(text) => text.trim().parse().map_or(Value::Unknown, Value::Int),
        Value::Environment { default: Some(default) } => {
            Value::Environment { default: Some(Box::new(integer(*default))) }
        }
        _ => Value::Unknown,
    }
}

fn join(base: &str, name: &str) -> String {
    let name = name.trim_matches('/');
    if base.is_empty() { name.to_owned() } else { format!("{base}/{name}") }
}

fn is_environ(expression: &Expr) -> bool {
    matches!(dotted(expression).as_str(), "os.environ" | "environ")
}

/// Does a call chain begin with `__file__`?
fn mentions_file(expression: &Expr) -> bool {
    let mut inner = expression;
    for _ in 0..40 {
        inner = match inner {
            Expr::Name(name) => return name.id.as_str() == "__file__",
            Expr::Attribute(attribute) => &attribute.value,
            Expr::Subscript(subscript) => &subscript.value,
            Expr::Call(call) => match call.arguments.args.first() {
                Some(argument) => argument,
                None => &call.func,
            },
            _ => return false,
        };
    }
    false
}

/// `os.environ.get` for that expression; empty for what is not a dotted name.
fn dotted(expression: &Expr) -> String {
    let mut parts = Vec::new();
    let mut inner = expression;
    loop {
        match inner {
            Expr::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                inner = &attribute.value;
            }
            Expr::Name(name) => {
                parts.push(name.id.as_str());
                break;
            }
            _ => return String::new(),
        }
    }
    parts.reverse();
    parts.join(".")
}

/// Where an expression stands.
pub(super) fn range(expression: &Expr) -> Range<usize> {
    use ruff_text_size::Ranged;
    let range = expression.range();
    range.start().to_usize()..range.end().to_usize()
}
