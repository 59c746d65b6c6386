//! Evaluation: what an expression of a settings file comes to, without running it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, Expr, ExprCall, FStringPart, InterpolatedStringElement, Number, Operator,
};

use super::Settings;
use super::operators::{self, Truth, both, by_default, through};
use super::value::{MAX_PARTS, Value};

/// Functions that call functions that call functions.
const MOST_CALLS: usize = 4;

/// An evaluation of one expression, with the names that the file has set before.
pub(super) struct Evaluation<'a> {
    settings: &'a Settings,
    /// Arguments of the function that is looked into.
    locals: BTreeMap<String, Value>,
    calls: usize,
    /// How many parts of other values may still be copied into this one.
    left: Cell<usize>,
}

/// A function whose body is one `return`.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) parameters: Vec<(String, Option<Expr>)>,
    pub(super) returns: Expr,
}

impl<'a> Evaluation<'a> {
    pub(super) fn of(settings: &'a Settings) -> Self {
        Self { settings, locals: BTreeMap::new(), calls: 0, left: Cell::new(MAX_PARTS) }
    }

    fn with(&self, locals: BTreeMap<String, Value>) -> Self {
        Self { settings: self.settings, locals, calls: self.calls + 1, left: Cell::new(self.left.get()) }
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
            Expr::NoneLiteral(_) => Value::None,
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => number.as_i64().map_or(Value::Unknown, Value::Int),
                _ => Value::Unknown,
            },
            Expr::StringLiteral(literal) => Value::Text(literal.value.to_str().to_owned()),
            Expr::FString(text) => self.text(text.value.iter(), depth),
            Expr::List(list) => self.list(&list.elts, depth),
            Expr::Tuple(tuple) => self.list(&tuple.elts, depth),
            Expr::Set(set) => self.list(&set.elts, depth),
            Expr::Dict(dict) => {
                let mut pairs = Vec::new();
                for item in &dict.items {
                    match (&item.key, deeper(&item.value)) {
                        (Some(key), value) => pairs.push((deeper(key), value)),
                        (None, Value::Dict(more)) => pairs.extend(more),
                        (None, _) => pairs.push((Value::Unknown, Value::Unknown)),
                    }
                }
                Value::Dict(pairs)
            }
            Expr::Name(name) => self.name(name.id.as_str()),
            Expr::BinOp(operation) => operate(operation.op, deeper(&operation.left), deeper(&operation.right)),
            Expr::UnaryOp(operation) => operators::unary(operation.op, deeper(&operation.operand)),
            Expr::BoolOp(operation) => self.junction(operation.op, &operation.values, depth),
            Expr::Compare(comparison) => match (&*comparison.ops, &*comparison.comparators) {
                ([operator], [right]) => self.compare(&comparison.left, *operator, right, depth),
                _ => Value::Unknown,
            },
            Expr::If(choice) => match Truth::of(&deeper(&choice.test)) {
                Truth::Is(true) => deeper(&choice.body),
                Truth::Is(false) => deeper(&choice.orelse),
                Truth::ByDefault(true) => by_default(deeper(&choice.body)),
                Truth::ByDefault(false) => by_default(deeper(&choice.orelse)),
                Truth::Unknown => Value::Unknown,
            },
            Expr::ListComp(list) => self.comprehension(&list.elt, &list.generators, depth),
            Expr::Generator(list) => self.comprehension(&list.elt, &list.generators, depth),
            Expr::Subscript(subscript) if is_environ(&subscript.value) => match deeper(&subscript.slice).text() {
                Some(name) => self.variable(name, None),
                None => Value::Environment { default: None },
            },
            Expr::Subscript(subscript) if !mentions_file(expression) => {
                let key = deeper(&subscript.slice);
                through(deeper(&subscript.value), |value| match (&value, &key) {
                    (Value::Dict(_), Value::Text(key)) if *value.get(key) != Value::Missing => value.get(key).clone(),
                    _ => Value::Unknown,
                })
            }
            // `.parent` of it.
            Expr::Attribute(attribute) if mentions_file(&attribute.value) => Value::Path(String::new()),
            Expr::Attribute(_) => match dotted(expression).as_str() {
                "sys.platform" => Value::Text("linux".to_owned()),
                "os.name" => Value::Text("posix".to_owned()),
                _ => match deeper_path(expression).map(deeper) {
                    Some(Value::Path(path)) if !path.is_empty() => {
                        Value::Path(path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned()))
                    }
                    Some(Value::Path(path)) => Value::Path(path),
                    _ => Value::Unknown,
                },
            },
            Expr::Call(call) => self.call(call, depth),
            _ => Value::Unknown,
        }
    }

    fn name(&self, name: &str) -> Value {
        if let Some(local) = self.locals.get(name) {
            return local.clone();
        }
        let Some(setting) = self.settings.get(name).filter(|_| self.left.get() > 0) else { return Value::Unknown };
        match self.left.get().checked_sub(setting.value.parts()) {
            Some(left) => {
                self.left.set(left);
                setting.value.clone()
            }
            None => {
                self.left.set(0); // and no more counting
                Value::Unknown
            }
        }
    }

    /// An environment variable: what the project's own files set, or the default.
    fn variable(&self, name: &str, default: Option<Value>) -> Value {
        match self.settings.environment.get(name) {
            Some(value) => Value::Text(value.clone()),
            None => match default {
                Some(Value::Environment { default }) => Value::Environment { default },
                default => Value::Environment { default: default.map(Box::new) },
            },
        }
    }

    fn text<'e>(&self, parts: impl Iterator<Item = &'e FStringPart>, depth: usize) -> Value {
        let mut whole = Value::Text(String::new());
        for part in parts {
            match part {
                FStringPart::Literal(literal) => {
                    whole = operate(Operator::Add, whole, Value::Text(literal.value.to_string()));
                }
                FStringPart::FString(text) => {
                    for element in &text.elements {
                        let value = match element {
                            InterpolatedStringElement::Literal(literal) => Value::Text(literal.value.to_string()),
                            InterpolatedStringElement::Interpolation(inner) if inner.format_spec.is_none() => {
                                through(self.evaluate(&inner.expression, depth + 1), |value| match value {
                                    Value::Int(number) => Value::Text(number.to_string()),
                                    value => value,
                                })
                            }
                            InterpolatedStringElement::Interpolation(_) => Value::Unknown,
                        };
                        whole = operate(Operator::Add, whole, value);
                    }
                }
            }
        }
        whole
    }

    /// `A or B`, `A and B`: the first that decides.
    fn junction(&self, operator: BoolOp, values: &[Expr], depth: usize) -> Value {
        let mut depends = false;
        let mut last = Value::Unknown;
        for expression in values {
            let value = self.evaluate(expression, depth + 1);
            let truth = Truth::of(&value);
            depends |= matches!(truth, Truth::ByDefault(_));
            last = if depends { by_default(value) } else { value };
            let decides = match truth {
                Truth::Is(truth) | Truth::ByDefault(truth) => truth == (operator == BoolOp::Or),
                Truth::Unknown => return if matches!(last, Value::Environment { .. }) { last } else { Value::Unknown },
            };
            if decides {
                break;
            }
        }
        last
    }

    fn compare(&self, left: &Expr, operator: CmpOp, right: &Expr, depth: usize) -> Value {
        let deeper = |expression: &Expr| self.evaluate(expression, depth + 1);
        let membership = matches!(operator, CmpOp::In | CmpOp::NotIn);
        if membership && is_environ(right) {
            let Value::Text(name) = deeper(left) else { return Value::Unknown };
            let there = operator == CmpOp::In;
            return match self.settings.environment.contains_key(&name) {
                true => Value::Bool(there),
                false => by_default(Value::Bool(!there)),
            };
        }
        // What starts a server gives it no words of `manage.py`.
        if membership && dotted(right) == "sys.argv" {
            return Value::Bool(operator == CmpOp::NotIn);
        }
        operators::compare(operator, deeper(left), deeper(right))
    }

    /// `[f(x) for x in LIST if g(x)]`.
    fn comprehension(&self, element: &Expr, generators: &[Comprehension], depth: usize) -> Value {
        const MOST: usize = 500;
        let [generator] = generators else { return Value::Unknown };
        let Expr::Name(target) = &generator.target else { return Value::Unknown };
        through(self.evaluate(&generator.iter, depth + 1), |list| {
            let Value::List(items) = list else { return Value::Unknown };
            if items.len() > MOST || self.calls > MOST_CALLS {
                return Value::Unknown;
            }
            let mut made = Vec::new();
            for item in items {
                let mut locals = self.locals.clone();
                locals.insert(target.id.to_string(), item);
                let inner = self.with(locals);
                let tests = generator.ifs.iter().map(|test| Truth::of(&inner.evaluate(test, depth + 1)));
                let mut kept = true;
                for truth in tests {
                    match truth {
                        Truth::Is(truth) => kept &= truth,
                        Truth::ByDefault(_) | Truth::Unknown => return Value::Unknown,
                    }
                }
                if kept {
                    made.push(inner.evaluate(element, depth + 1));
                }
            }
            Value::List(made)
        })
    }

    /// With what `*OTHER` brings along; a list with an unknown part in it is unknown.
    fn list(&self, items: &[Expr], depth: usize) -> Value {
        let mut values = Vec::new();
        let mut depends = false;
        for item in items {
            match item {
                Expr::Starred(starred) => match self.evaluate(&starred.value, depth + 1) {
                    Value::List(more) => values.extend(more),
                    Value::Environment { default: Some(more) } if matches!(*more, Value::List(_)) => {
                        depends = true;
                        values.extend(more.items().iter().cloned());
                    }
                    _ => return Value::Unknown,
                },
                item => values.push(self.evaluate(item, depth + 1)),
            }
        }
        if depends { by_default(Value::List(values)) } else { Value::List(values) }
    }

    fn call(&self, call: &ExprCall, depth: usize) -> Value {
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
    fn reader<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let known = matches!(first, "env" | "config") || self.settings.readers.contains(first);
        if name == "decouple.config" {
            return Some("");
        }
        known.then_some(rest).filter(|rest| !rest.contains('.') && !matches!(*rest, "read_env" | "read" | "get_value"))
    }

    /// `env("X", default=…)` and `env.bool(…)` of django-environ and environs, `config("X", default=…)` of decouple.
    fn read(&self, how: &str, call: &ExprCall, depth: usize) -> Value {
        let value = |expression: &Expr| self.evaluate(expression, depth + 1);
        let name = call.arguments.args.first().map(value);
        let name = name.as_ref().and_then(Value::text).unwrap_or(if how == "db" || how == "db_url" {
            "DATABASE_URL"
        } else {
            ""
        });
        let plain = dotted(&call.func) == "env";
        let default = keyword(call, "default").or_else(|| call.arguments.args.get(1).filter(|_| !plain)).map(value);
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

    /// Variables without which an expression raises: nothing gives them a value.
    pub(super) fn reads(&self, expression: &Expr) -> Vec<Read> {
        self.all_reads(expression).into_iter().filter(|read| read.needed).collect()
    }

    /// The names of all variables that an expression reads.
    pub(super) fn variables(&self, expression: &Expr) -> Vec<String> {
        self.all_reads(expression).into_iter().map(|read| read.name).collect()
    }

    fn all_reads(&self, expression: &Expr) -> Vec<Read> {
        let mut found = Vec::new();
        let mut left = vec![(expression, 0)];
        while let Some((expression, depth)) = left.pop() {
            if depth > 40 {
                continue;
            }
            let read = match expression {
                Expr::Subscript(subscript) if is_environ(&subscript.value) => Some((Some(&*subscript.slice), true)),
                Expr::Call(call) => {
                    let (name, first) = (dotted(&call.func), call.arguments.args.first());
                    match self.reader(&name) {
                        Some(how) => {
                            Some((first, matches!(self.read(how, call, 0), Value::Environment { default: None })))
                        }
                        None if is_getenv(&name) => Some((first, false)),
                        None => None,
                    }
                }
                _ => None,
            };
            if let Some((Some(name), needed)) = read
                && let Value::Text(name) = self.evaluate(name, 0)
                && !self.settings.environment.contains_key(&name)
            {
                let environ = matches!(expression, Expr::Subscript(_));
                found.push(Read { name, span: range(expression), environ, needed });
            }
            left.extend(self.parts(expression).into_iter().map(|inner| (inner, depth + 1)));
        }
        found
    }

    /// The expressions inside of one that are evaluated with it.
    fn parts<'e>(&self, expression: &'e Expr) -> Vec<&'e Expr> {
        match expression {
            Expr::Dict(dict) => dict.items.iter().map(|item| &item.value).collect(),
            Expr::List(list) => list.elts.iter().collect(),
            Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            Expr::BinOp(operation) => vec![&operation.left, &operation.right],
            Expr::Compare(comparison) => vec![&comparison.left],
            Expr::Call(call) => {
                let method = match &*call.func {
                    Expr::Attribute(method) => Some(&*method.value),
                    _ => None,
                };
                let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                method.into_iter().chain(&call.arguments.args).chain(keywords).collect()
            }
            Expr::FString(text) => {
                let inner = text.value.elements().filter_map(|element| match element {
                    InterpolatedStringElement::Interpolation(inner) => Some(&*inner.expression),
                    InterpolatedStringElement::Literal(_) => None,
                });
                inner.collect()
            }
            Expr::ListComp(list) => list.generators.iter().map(|generator| &generator.iter).collect(),
            Expr::BoolOp(operation) => operation.values.iter().take(1).collect(),
            Expr::If(choice) => match Truth::of(&self.evaluate(&choice.test, 0)) {
                Truth::Is(true) | Truth::ByDefault(true) => vec![&choice.body],
                Truth::Is(false) | Truth::ByDefault(false) => vec![&choice.orelse],
                Truth::Unknown => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// A variable that an expression reads.
pub(super) struct Read {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    /// From `os.environ[…]` itself, which raises `KeyError`.
    pub(super) environ: bool,
    /// Does the expression raise without it?
    needed: bool,
}

pub(super) fn keyword<'c>(call: &'c ExprCall, name: &str) -> Option<&'c Expr> {
    let named = |keyword: &&ruff_python_ast::Keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name);
    call.arguments.keywords.iter().find(named).map(|keyword| &keyword.value)
}

pub(super) fn operate(operator: Operator, left: Value, right: Value) -> Value {
    both(left, right, |left, right| match (operator, left, right) {
        (Operator::Div, Value::Path(base), Value::Text(name)) if name.starts_with('/') => {
            drop(base);
            Value::Text(name)
        }
        (Operator::Div, Value::Path(base), Value::Text(name)) => Value::Path(join(&base, &name)),
        (Operator::Add, Value::List(mut left), Value::List(right)) => {
            left.extend(right);
            Value::List(left)
        }
        (Operator::Add, Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
        // In an address of a file: the project's folder is where the process stands.
        (Operator::Add, Value::Text(left), Value::Path(right)) if left.starts_with("sqlite") => {
            Value::Text(left + &right)
        }
        (Operator::Add, Value::Text(left), Value::Path(right)) if left.is_empty() => Value::Path(right),
        (Operator::Add, Value::Path(left), Value::Text(right)) if right.starts_with('/') => {
            Value::Path(join(&left, &right))
        }
        (Operator::BitOr, Value::Dict(mut left), Value::Dict(right)) => {
            left.extend(right);
            Value::Dict(left)
        }
        _ => Value::Unknown,
    })
}

fn integer(value: Value) -> Value {
    match value {
        Value::Int(_) => value,
        Value::Text(text) => text.trim().parse().map_or(Value::Unknown, Value::Int),
        _ => Value::Unknown,
    }
}

fn join(base: &str, name: &str) -> String {
    let name = name.trim_matches('/');
    if base.is_empty() { name.to_owned() } else { format!("{base}/{name}") }
}

pub(super) fn is_environ(expression: &Expr) -> bool {
    matches!(dotted(expression).as_str(), "os.environ" | "environ")
}

pub(super) fn is_getenv(name: &str) -> bool {
    matches!(name, "os.environ.get" | "os.getenv" | "environ.get" | "getenv")
}

/// `X` in `X.parent`.
fn deeper_path(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::Attribute(attribute) if attribute.attr.as_str() == "parent" => Some(&attribute.value),
        _ => None,
    }
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
pub(super) fn dotted(expression: &Expr) -> String {
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
