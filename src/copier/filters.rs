//! Filters, methods, functions and tests of Jinja, by the names that the engine of a stack has for them.

use super::syntax::{Argument, Expression, Unsaid};

/// Filters that both have, without arguments.
const SAME: [&str; 22] = [
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "length",
    "first",
    "last",
    "reverse",
    "sort",
    "int",
    "float",
    "abs",
    "unique",
    "striptags",
    "wordcount",
    "round",
    "escape",
    "slugify",
    "snake_case",
    "kebab_case",
    "pascal_case",
];

/// A filter's name there, its name here, and its arguments in their order: their names there, and here.
type Named = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const NAMED: [Named; 11] = [
    ("replace", "replace", &[("old", "from"), ("new", "to")]),
    ("default", "default", &[("default_value", "value")]),
    ("d", "default", &[("default_value", "value")]),
    ("join", "join", &[("d", "sep")]),
    ("split", "split", &[("sep", "pat")]),
    ("count", "length", &[]),
    ("tojson", "json_encode", &[]),
    ("to_json", "json_encode", &[]),
    ("string", "as_str", &[]),
    ("e", "escape", &[]),
    ("camel_case", "camel_case", &[]),
];

pub(super) fn filter(of: &Expression, name: &str, arguments: &[Argument]) -> Result<String, Unsaid> {
    let of = of.piped()?;
    if name == "slugify" && !arguments.is_empty() {
        let underscore = Expression::Text("_".to_owned());
        return match arguments {
            [Argument { value, .. }] if *value == underscore => Ok(format!("{of} | snake_case")),
            _ => Err("`slugify` takes no separator here".to_owned()),
        };
    }
    if name == "indent" {
        return Ok(format!("{of} | indent{}", indent(arguments)?));
    }
    if SAME.contains(&name) {
        return if arguments.is_empty() {
            Ok(format!("{of} | {name}"))
        } else {
            Err(format!("`{name}` takes no arguments here"))
        };
    }
    let Some((_, here, names)) = NAMED.iter().find(|(there, ..)| *there == name) else {
        return Err(format!("there is no filter `{name}`"));
    };
    let mut said = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let own = match (&argument.name, names.get(at)) {
            (None, Some((_, here))) => *here,
            // `default(value, false)`: only for what is not there, as it is here.
            (_, None) if *here == "default" && argument.value == Expression::Flag(false) => continue,
            (_, None) if *here == "default" => {
                return Err("`default` for what is empty stands inside of an expression".to_owned());
            }
            (Some(given), _) => {
                let known = names.iter().find(|(there, here)| there == given || here == given);
                known.map(|(_, here)| *here).ok_or_else(|| format!("`{name}` has no argument `{given}` here"))?
            }
            (None, None) => return Err(format!("`{name}` takes fewer arguments here")),
        };
        said.push(format!("{own}={}", argument.value.said()?));
    }
    Ok(if said.is_empty() { format!("{of} | {here}") } else { format!("{of} | {here}({})", said.join(", ")) })
}

/// How many blanks, and whether the first line and empty lines have them too: here the blanks themselves are given.
fn indent(arguments: &[Argument]) -> Result<String, Unsaid> {
    const WIDEST: usize = 100;
    let mut said = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let name = argument.name.as_deref().or_else(|| ["width", "first", "blank"].get(at).copied());
        match (name, &argument.value) {
            (Some("width"), Expression::Number(number)) => {
                let width: usize =
                    number.parse().ok().filter(|width| *width <= WIDEST).ok_or("`indent` is too wide")?;
                said.push(format!("prefix=\"{}\"", " ".repeat(width)));
            }
            (Some("width"), Expression::Text(prefix)) => {
                said.push(format!("prefix={}", Expression::Text(prefix.clone()).said()?));
            }
            (Some(name @ ("first" | "blank")), Expression::Flag(flag)) => said.push(format!("{name}={flag}")),
            _ => return Err("`indent` takes a number and two flags here".to_owned()),
        }
    }
    Ok(if said.is_empty() { String::new() } else { format!("({})", said.join(", ")) })
}

pub(super) fn call(callee: &Expression, arguments: &[Argument]) -> Result<String, Unsaid> {
    let Expression::Attribute(of, method) = callee else {
        let name = callee.said().unwrap_or_default();
        return match (name.as_str(), arguments) {
            ("range", [one]) => Ok(format!("range(end={})", one.value.said()?)),
            ("range", [from, to]) => Ok(format!("range(start={}, end={})", from.value.said()?, to.value.said()?)),
            _ => Err(format!("there is no function `{name}`")),
        };
    };
    let text = |at: usize| arguments.get(at).map(|argument| argument.value.said()).transpose();
    match (method.as_str(), arguments) {
        ("lower" | "upper" | "title" | "capitalize", []) => filter(of, method, &[]),
        ("strip", []) => filter(of, "trim", &[]),
        ("lstrip", []) => Ok(format!("{} | trim_start", of.piped()?)),
        ("rstrip", []) => Ok(format!("{} | trim_end", of.piped()?)),
        // Of more than one letter, all in any order are taken away there.
        ("lstrip" | "rstrip", [Argument { value: Expression::Text(letters), .. }]) if letters.chars().count() != 1 => {
            Err(format!("`{method}` takes one letter here"))
        }
        ("lstrip", [_]) => Ok(format!("{} | trim_start_matches(pat={})", of.piped()?, text(0)?.unwrap_or_default())),
        ("rstrip", [_]) => Ok(format!("{} | trim_end_matches(pat={})", of.piped()?, text(0)?.unwrap_or_default())),
        ("replace", [_, _]) => filter(of, "replace", arguments),
        ("split", [_]) => filter(of, "split", arguments),
        ("startswith", [_]) => Ok(format!("{} is starting_with({})", of.piped()?, text(0)?.unwrap_or_default())),
        ("endswith", [_]) => Ok(format!("{} is ending_with({})", of.piped()?, text(0)?.unwrap_or_default())),
        ("items", []) => of.said(),
        ("join", [list]) => match &**of {
            Expression::Text(_) => filter(&list.value, "join", &[Argument { name: None, value: (**of).clone() }]),
            _ => Err("`join` of what is no text".to_owned()),
        },
        _ => Err(format!("there is no method `{method}`")),
    }
}

pub(super) fn test(of: &Expression, negated: bool, name: &str, arguments: &[Expression]) -> Result<String, Unsaid> {
    let of = of.piped()?;
    let not = if negated { "not " } else { "" };
    match (name, arguments) {
        ("defined" | "string" | "number" | "iterable" | "odd" | "even", []) => Ok(format!("{of} is {not}{name}")),
        ("undefined", []) => Ok(format!("{of} is {}defined", if negated { "" } else { "not " })),
        ("divisibleby", [by]) => Ok(format!("{of} is {not}divisibleby({})", by.said()?)),
        ("true", []) => Ok(format!("{of} {} true", if negated { "!=" } else { "==" })),
        ("false", []) => Ok(format!("{of} {} false", if negated { "!=" } else { "==" })),
        _ => Err(format!("there is no test `{name}`")),
    }
}
