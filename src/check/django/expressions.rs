//! Expressions: what one is called, and where it stands, without evaluating it.

use std::ops::Range;

use ruff_python_ast::{Expr, ExprCall, Number};

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

/// How many folders above `__file__` a chain of calls that begins with it leads, where that is known: `Path(__file__).parent.parent`.
pub(super) fn above_file(expression: &Expr) -> Option<usize> {
    let mut inner = expression;
    let mut above = 0;
    for _ in 0..40 {
        inner = match inner {
            Expr::Name(name) => return (name.id.as_str() == "__file__").then_some(above),
            Expr::Attribute(attribute) => {
                above += usize::from(attribute.attr.as_str() == "parent");
                &attribute.value
            }
            Expr::Subscript(subscript) => {
                if let Expr::NumberLiteral(literal) = &*subscript.slice
                    && let Number::Int(number) = &literal.value
                {
                    above += usize::from(number.as_u8()?) + 1;
                }
                &subscript.value
            }
            Expr::Call(call) => {
                let (of, up) = within(call);
                above += up;
                of
            }
            _ => return None,
        };
    }
    None
}

/// The same of a call.
pub(super) fn above_in_call(call: &ExprCall) -> Option<usize> {
    let (of, up) = within(call);
    Some(above_file(of)? + up)
}

/// What a call is made of, its first argument or what it is a method of, and how many folders it leads up.
fn within(call: &ExprCall) -> (&Expr, usize) {
    match call.arguments.args.first() {
        Some(argument) => (argument, usize::from(dotted(&call.func).ends_with("dirname"))),
        None => (&call.func, 0),
    }
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
