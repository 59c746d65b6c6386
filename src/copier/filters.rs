//! Filters, methods, functions and tests of Jinja, by the names that the engine of a stack has for them.

use super::kind::Kind;
use super::syntax::{Argument, Expression, Unsaid};
use super::writer::{Said, Shape, Writer};

/// Filters that both have, without arguments.
const SAME: [&str; 15] = [
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "length",
    "first",
    "last",
    "reverse",
    "int",
    "float",
    "abs",
    "unique",
    "snake_case",
    "kebab_case",
];

/// A filter's name there, its name here, and its arguments in their order: their names there, and here.
type Named = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const NAMED: [Named; 9] = [
    ("replace", "replace", &[("old", "from"), ("new", "to")]),
    ("default", "default", &[("default_value", "value")]),
    ("d", "default", &[("default_value", "value")]),
    ("join", "join", &[("d", "sep")]),
    ("split", "split", &[("sep", "pat")]),
    ("count", "length", &[]),
    ("string", "as_str", &[]),
    ("camel_case", "camel_case", &[]),
    ("pascal_case", "pascal_case", &[]),
];

/// Filters whose name the engine has for something else, and what copier does.
const OTHERWISE: [(&str, &str); 5] = [
    ("round", "rounds to the next even number"),
    ("sort", "takes capitals for small letters"),
    ("wordcount", "parts words at every sign"),
    ("striptags", "takes blanks away"),
    ("escape", "writes other entities"),
];

/// Does this filter make a text of what it is given first?
pub(super) fn takes_text(name: &str) -> bool {
    const TAKE: [&str; 9] = ["lower", "upper", "title", "capitalize", "trim", "replace", "indent", "slugify", "string"];
    TAKE.contains(&name)
}

impl Writer<'_> {
    pub(super) fn filter(self, of: &Expression, name: &str, arguments: &[Argument]) -> Result<Said, Unsaid> {
        let kind = self.kind(of);
        let name = if name == "e" { "escape" } else { name };
        if let Some((_, does)) = OTHERWISE.iter().find(|(other, _)| *other == name) {
            return Err(format!("`{name}` {does} in copier, and not here"));
        }
        match (name, &kind) {
            ("first" | "last" | "join", kind) if kind.is_text() || kind.is_number() => {
                return Err(format!("`{name}` is for lists here"));
            }
            ("join", Kind::List(entry)) if matches!(**entry, Kind::Flag | Kind::Float | Kind::List(_)) => {
                return Err("`join` is for texts and whole numbers here".to_owned());
            }
            ("int", Kind::List(_)) | ("float", Kind::List(_)) => return Err(format!("`{name}` is for one value")),
            (name, Kind::List(_) | Kind::Flag | Kind::Float) if takes_text(name) => {
                return Err(format!("`{name}` is for texts here"));
            }
            ("int" | "float" | "abs", Kind::Flag) => return Err("a condition is calculated with".to_owned()),
            ("tojson" | "to_json", Kind::List(entry)) if matches!(**entry, Kind::Digits | Kind::Decimal) => {
                return Err(format!("`{name}` is for texts here"));
            }
            _ => {}
        }
        let said = match (name, &kind) {
            ("abs", _) | ("tojson" | "to_json", Kind::Digits | Kind::Decimal) => self.said(&self.number(of)?)?,
            // A number is written down first.
            (name, Kind::Whole) if takes_text(name) => self.said(of)?.piped("as_str")?,
            _ => self.said(of)?,
        };
        match name {
            // There, capitals part no words.
            "slugify" => {
                let underscore = Expression::Text("_".to_owned());
                match arguments {
                    [] => said.piped("lower")?.piped("slugify"),
                    [Argument { value, .. }] if *value == underscore => said.piped("lower")?.piped("snake_case"),
                    _ => Err("`slugify` takes no separator here".to_owned()),
                }
            }
            "indent" => said.piped(&format!("indent{}", indent(arguments)?)),
            "tojson" if arguments.is_empty() => said.piped("json_python(html=true)"),
            "to_json" if arguments.is_empty() => said.piped("json_python"),
            name if SAME.contains(&name) && arguments.is_empty() => said.piped(name),
            name if SAME.contains(&name) => Err(format!("`{name}` takes no arguments here")),
            name => said.piped(&self.named(name, arguments)?),
        }
    }

    /// A filter whose arguments have other names.
    fn named(self, name: &str, arguments: &[Argument]) -> Result<String, Unsaid> {
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
            said.push(format!("{own}={}", self.value(&argument.value)?));
        }
        Ok(if said.is_empty() { (*here).to_owned() } else { format!("{here}({})", said.join(", ")) })
    }

    pub(super) fn call(self, callee: &Expression, arguments: &[Argument]) -> Result<Said, Unsaid> {
        if let Some(called) = callee.dotted().and_then(|name| self.macros.get(&name)) {
            return Ok(Said::new(self.macro_call(called, arguments)?, Shape::Atom));
        }
        let Expression::Attribute(of, method) = callee else {
            let name = self.value(callee).unwrap_or_default();
            let number = |argument: &Argument| self.value(&self.number(&argument.value)?);
            return Ok(Said::new(
                match (name.as_str(), arguments) {
                    ("range", [one]) => format!("range(end={})", number(one)?),
                    ("range", [from, to]) => format!("range(start={}, end={})", number(from)?, number(to)?),
                    _ => return Err(format!("there is no function `{name}`")),
                },
                Shape::Atom,
            ));
        };
        match (method.as_str(), arguments) {
            ("items", []) => return self.said(of),
            ("join", [list]) => {
                return match &**of {
                    Expression::Text(_) => {
                        self.filter(&list.value, "join", &[Argument { name: None, value: (**of).clone() }])
                    }
                    _ => Err("`join` of what is no text".to_owned()),
                };
            }
            // Only texts have methods, and what is answered is one here whatever it is there.
            _ if matches!(self.kind(of), Kind::Digits | Kind::Decimal | Kind::Whole | Kind::Float | Kind::Flag) => {
                return Err(format!("`{method}` is a method of texts"));
            }
            _ => {}
        }
        let text = |argument: &Argument| self.value(&argument.value);
        match (method.as_str(), arguments) {
            ("lower" | "upper" | "capitalize", []) => self.filter(of, method, &[]),
            // A capital behind each sign, not only behind blanks.
            ("title", []) => self.said(of)?.piped("title(every=true)"),
            ("strip", []) => self.filter(of, "trim", &[]),
            ("lstrip", []) => self.said(of)?.piped("trim_start"),
            ("rstrip", []) => self.said(of)?.piped("trim_end"),
            // Of more than one letter, all in any order are taken away there.
            ("lstrip" | "rstrip", [Argument { value: Expression::Text(letters), .. }])
                if letters.chars().count() != 1 =>
            {
                Err(format!("`{method}` takes one letter here"))
            }
            ("lstrip", [letter @ Argument { value: Expression::Text(_), .. }]) => {
                self.said(of)?.piped(&format!("trim_start_matches(pat={})", text(letter)?))
            }
            ("rstrip", [letter @ Argument { value: Expression::Text(_), .. }]) => {
                self.said(of)?.piped(&format!("trim_end_matches(pat={})", text(letter)?))
            }
            ("replace", [_, _]) => self.filter(of, "replace", arguments),
            ("split", [_]) => self.filter(of, "split", arguments),
            ("startswith", [start]) => self.tested(of, &format!("is starting_with({})", text(start)?)),
            ("endswith", [end]) => self.tested(of, &format!("is ending_with({})", text(end)?)),
            _ => Err(format!("there is no method `{method}`")),
        }
    }

    /// Only a name can be tested.
    fn tested(self, of: &Expression, test: &str) -> Result<Said, Unsaid> {
        match of {
            Expression::Name(_) | Expression::Attribute(..) => {
                Ok(Said::new(format!("{} {test}", self.value(of)?), Shape::Test))
            }
            _ => Err("only a name is tested; give what is worked out one with `{% set %}`".to_owned()),
        }
    }

    pub(super) fn test(
        self,
        of: &Expression,
        negated: bool,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Said, Unsaid> {
        let not = if negated { "not " } else { "" };
        let whole = matches!(self.kind(of), Kind::Whole | Kind::Unknown);
        match (name, arguments) {
            ("defined", []) => self.tested(of, &format!("is {not}defined")),
            ("undefined", []) => self.tested(of, if negated { "is defined" } else { "is not defined" }),
            ("odd" | "even", []) if whole => self.tested(of, &format!("is {not}{name}")),
            ("divisibleby", [by]) if whole => self.tested(of, &format!("is {not}divisibleby({})", self.value(by)?)),
            ("true" | "false", []) if matches!(self.kind(of), Kind::Flag | Kind::Unknown) => {
                let operator = if negated { "!=" } else { "==" };
                self.said(&Expression::Binary(
                    operator.to_owned(),
                    Box::new(of.clone()),
                    Box::new(Expression::Flag(name == "true")),
                ))
            }
            // Whether it is one is known.
            ("string", []) if self.kind(of).is_text() => Ok(Said::new((!negated).to_string(), Shape::Atom)),
            ("number", []) if self.kind(of).is_number() => Ok(Said::new((!negated).to_string(), Shape::Atom)),
            ("iterable", []) if self.kind(of).is_list() => Ok(Said::new((!negated).to_string(), Shape::Atom)),
            _ => Err(format!("there is no test `{name}`")),
        }
    }
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
            (Some("width"), Expression::Text(prefix)) if !prefix.contains('"') => {
                said.push(format!("prefix=\"{prefix}\""));
            }
            (Some(name @ ("first" | "blank")), Expression::Flag(flag)) => said.push(format!("{name}={flag}")),
            _ => return Err("`indent` takes a number and two flags here".to_owned()),
        }
    }
    Ok(if said.is_empty() { String::new() } else { format!("({})", said.join(", ")) })
}
