//! Expressions: what one is called, and where it stands, without evaluating it.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall};

pub(super) fn keyword<'c>(call: &'c ExprCall, name: &str) -> Option<&'c Expr> {
    let named = |keyword: &&ruff_python_ast::Keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name);
    call.arguments.keywords.iter().find(named).map(|keyword| &keyword.value)
}

pub(super) fn is_environ(expression: &Expr) -> bool {
    matches!(dotted(expression).as_str(), "os.environ" | "environ")
}

pub(super) fn is_getenv(name: &str) -> bool {
    matches!(name, "os.environ.get" | "os.getenv" | "environ.get" | "getenv")
}

/// `X` in `X.parent`.
pub(super) fn deeper_path(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::Attribute(attribute) if attribute.attr.as_str() == "parent" => Some(&attribute.value),
        _ => None,
    }
}

/// Does a call chain begin with `__file__`?
pub(super) fn mentions_file(expression: &Expr) -> bool {
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
