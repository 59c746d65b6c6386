//! Evaluation: what an expression of a settings file comes to, without running it.

use std::cell::Cell;
use std::collections::BTreeMap;

use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, FStringPart, InterpolatedStringElement, Number, Operator};

use super::Settings;
use super::expressions::{above_file, deeper_path, dotted, is_environ};
use super::operators::{self, Truth, both, by_default, through};
use super::value::{MAX_PARTS, Value};

/// Functions that call functions that call functions.
pub(super) const MOST_CALLS: usize = 4;

/// An evaluation of one expression, with the names that the file has set before.
pub(super) struct Evaluation<'a> {
    pub(super) settings: &'a Settings,
    /// Arguments of the function that is looked into.
    locals: BTreeMap<String, Value>,
    pub(super) calls: usize,
    /// How many parts of other values may still be copied into this one.
    left: Cell<usize>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn of(settings: &'a Settings) -> Self {
        Self { settings, locals: BTreeMap::new(), calls: 0, left: Cell::new(MAX_PARTS) }
    }

    pub(super) fn with(&self, locals: BTreeMap<String, Value>) -> Self {
        Self { settings: self.settings, locals, calls: self.calls + 1, left: Cell::new(self.left.get()) }
    }
}

impl Evaluation<'_> {
    pub(super) fn evaluate(&self, expression: &Expr, depth: usize) -> Value {
        if depth > 40 {
            return Value::Unknown;
        }
        let deeper = |expression: &Expr| self.evaluate(expression, depth + 1);
        // `Path(__file__).parent`, or `.parents[1]` of it.
        if (matches!(expression, Expr::Subscript(_)) || deeper_path(expression).is_some())
            && let Some(above) = above_file(expression)
        {
            return self.above_file(above);
        }
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
            Expr::Subscript(subscript) => {
                let key = deeper(&subscript.slice);
                through(deeper(&subscript.value), |value| match (&value, &key) {
                    (Value::Dict(_), Value::Text(key)) if *value.get(key) != Value::Missing => value.get(key).clone(),
                    _ => Value::Unknown,
                })
            }
            Expr::Attribute(_) => match dotted(expression).as_str() {
                "sys.platform" => Value::Text("linux".to_owned()),
                "os.name" => Value::Text("posix".to_owned()),
                // Flask's: the folder of its package, and one beside that.
                "app.root_path" | "application.root_path" | "current_app.root_path" => Value::Path(String::new()),
                "app.instance_path" | "application.instance_path" => Value::Path("instance".to_owned()),
                // Another module asks, such as the one with the URLs, and production has it off.
                "settings.DEBUG" => Value::Bool(false),
                name if self.is_router(name) => Value::List(vec![self.routed()]),
                _ => match deeper_path(expression).map(deeper) {
                    Some(Value::Path(path)) => Value::above(&path),
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
    pub(super) fn variable(&self, name: &str, default: Option<Value>) -> Value {
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
}

pub(super) fn operate(operator: Operator, left: Value, right: Value) -> Value {
    both(left, right, |left, right| match (operator, left, right) {
        (Operator::Div, Value::Path(base), Value::Text(name)) if name.starts_with('/') => {
            drop(base);
            Value::Text(name)
        }
        (Operator::Div, Value::Path(base), Value::Text(name)) => Value::Path(join(&base, &name)),
        // So many folders above, as `environ.Path` counts them: taken for the project's.
        (Operator::Sub, Value::Path(base), Value::Int(_)) if base.is_empty() => Value::Path(base),
        (operator, Value::Int(left), Value::Int(right)) => {
            number(operator, left, right).map_or(Value::Unknown, Value::Int)
        }
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

/// Sizes are written as `10 * 1024 * 1024`, `10 << 20` or `10 * 2 ** 20`.
fn number(operator: Operator, left: i64, right: i64) -> Option<i64> {
    let exponent = || u32::try_from(right).ok();
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Sub => left.checked_sub(right),
        Operator::Mult => left.checked_mul(right),
        Operator::Pow => left.checked_pow(exponent()?),
        Operator::LShift => left.checked_mul(2i64.checked_pow(exponent()?)?),
        _ => None,
    }
}

pub(super) fn join(base: &str, name: &str) -> String {
    let name = name.trim_matches('/');
    if base.is_empty() { name.to_owned() } else { format!("{base}/{name}") }
}
