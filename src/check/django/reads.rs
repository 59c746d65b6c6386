//! Reads: the environment variables that an expression asks for, and whether it can do without.

use std::ops::Range;

use ruff_python_ast::{Expr, InterpolatedStringElement};

use super::evaluation::Evaluation;
use super::expressions::{dotted, is_environ, is_getenv, range};
use super::operators::Truth;
use super::value::Value;

impl Evaluation<'_> {
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
                            // A default that reads another variable is counted where it does.
                            let defaulted = call.arguments.keywords.iter().any(|keyword| {
                                keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "default")
                                    && !dotted(&keyword.value).ends_with("NOTSET")
                            });
                            let unset = matches!(self.read(how, call, 0), Value::Environment { default: None });
                            Some((first, unset && !defaulted))
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
