//! Shown: what a call that prints or logs says of names and variables, word for word.

use ruff_python_ast::{Expr, ExprCall, FStringPart, InterpolatedStringElement, Operator};

use super::super::expressions::{dotted, is_environ, is_getenv};

/// The names whose whole values are in a call's arguments; those of variables that it reads there as well. None of other calls.
pub(super) fn shown(call: &ExprCall) -> Vec<String> {
    const LOGGED: [&str; 5] = ["warning", "warn", "error", "critical", "exception"];
    let name = dotted(&call.func);
    let logs = match name.rsplit_once('.') {
        Some((object, method)) => matches!(object, "logging" | "logger" | "log" | "LOGGER") && LOGGED.contains(&method),
        None => matches!(name.as_str(), "print" | "pprint"),
    };
    let mut found = Vec::new();
    if logs || matches!(name.as_str(), "pprint.pprint" | "sys.stdout.write" | "sys.stderr.write") {
        call.arguments.args.iter().for_each(|argument| take(argument, &mut found, 0));
    }
    found
}

fn take(expression: &Expr, found: &mut Vec<String>, depth: usize) {
    if depth > 20 {
        return;
    }
    let literal = |expression: Option<&Expr>| match expression {
        Some(Expr::StringLiteral(literal)) => Some(literal.value.to_str().to_owned()),
        _ => None,
    };
    match expression {
        Expr::Name(_) | Expr::Attribute(_) => found.push(dotted(expression)),
        Expr::FString(text) => {
            for part in text.value.iter() {
                let FStringPart::FString(part) = part else { continue };
                for element in &part.elements {
                    if let InterpolatedStringElement::Interpolation(inner) = element {
                        take(&inner.expression, found, depth + 1);
                    }
                }
            }
        }
        Expr::BinOp(operation) if matches!(operation.op, Operator::Add) => {
            take(&operation.left, found, depth + 1);
            take(&operation.right, found, depth + 1);
        }
        Expr::BinOp(operation) if matches!(operation.op, Operator::Mod) => take(&operation.right, found, depth + 1),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| take(item, found, depth + 1)),
        Expr::Subscript(subscript) if is_environ(&subscript.value) => found.extend(literal(Some(&*subscript.slice))),
        // Of a dictionary that has them all, one.
        Expr::Subscript(subscript) if literal(Some(&*subscript.slice)).is_some() => {
            take(&subscript.value, found, depth + 1)
        }
        Expr::Call(call) => {
            let name = dotted(&call.func);
            let format = match &*call.func {
                Expr::Attribute(method) => {
                    method.attr.as_str() == "format" && matches!(&*method.value, Expr::StringLiteral(_))
                }
                _ => false,
            };
            if is_getenv(&name) {
                found.extend(literal(call.arguments.args.first()));
            } else if format || matches!(name.as_str(), "str" | "repr" | "dict") {
                call.arguments.args.iter().for_each(|argument| take(argument, found, depth + 1));
            }
        }
        _ => {}
    }
}
