//! Expressions of Jinja, said as the engine of a stack has them.
//!
//! The two languages look alike. What differs is said here: methods are filters, arguments have names, brackets stand around
//! calculations and conditions only, a filter is for all that stands before it, and a choice between two values is a tag of
//! its own.

use super::filters;
use super::reader;
use super::syntax::{Expression, Unsaid};

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, Unsaid> {
        reader::read(text)
    }

    /// As the engine of a stack has it.
    pub(super) fn said(&self) -> Result<String, Unsaid> {
        Ok(match self {
            Self::Name(name) => match name.as_str() {
                "None" | "none" => return Err("there is no `None`".to_owned()),
                name => name.to_owned(),
            },
            Self::Text(text) => quoted(text)?,
            Self::Number(number) => number.clone(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::said).collect::<Result<_, _>>()?;
                format!("[{}]", items.join(", "))
            }
            // What came from cookiecutter before has its answers in a table.
            Self::Attribute(of, name) if **of == Self::Name("cookiecutter".to_owned()) => name.clone(),
            Self::Attribute(of, name) => format!("{}.{name}", of.path()?),
            Self::Index(of, index) => format!("{}[{}]", of.path()?, index.said()?),
            Self::Call(callee, arguments) => filters::call(callee, arguments)?,
            Self::Filter(of, name, arguments) => filters::filter(of, name, arguments)?,
            Self::Test(of, negated, name, arguments) => filters::test(of, *negated, name, arguments)?,
            Self::Not(of) => match of.opposite() {
                Some(opposite) => opposite.said()?,
                None => format!("not {}", of.said()?),
            },
            Self::Negative(of) => match **of {
                Self::Number(_) => format!("-{}", of.said()?),
                _ => return Err("a sign stands before what is no number".to_owned()),
            },
            Self::Binary(operator, left, right) => binary(operator, left, right)?,
            Self::Either { .. } => return Err("a choice between two values stands inside of an expression".to_owned()),
        })
    }

    /// As a condition, where only matters whether it holds.
    pub(super) fn condition(&self) -> Result<String, Unsaid> {
        self.as_condition().said()
    }

    /// `a | default(b, true)` holds where one of the two does.
    fn as_condition(&self) -> Self {
        match self {
            Self::Not(of) => Self::Not(Box::new(of.as_condition())),
            Self::Binary(operator, left, right) if is_logic(operator) => {
                Self::Binary(operator.clone(), Box::new(left.as_condition()), Box::new(right.as_condition()))
            }
            Self::Filter(of, ..) => match self.instead_of_empty() {
                Some(value) => Self::Binary("or".to_owned(), of.clone(), Box::new(value.clone())),
                None => self.clone(),
            },
            other => other.clone(),
        }
    }

    /// What does not hold where this holds, and the other way round; `None`: `not` says it.
    fn opposite(&self) -> Option<Self> {
        let not = |of: &Self| Box::new(Self::Not(Box::new(of.clone())));
        Some(match self {
            Self::Not(of) => (**of).clone(),
            Self::Binary(operator, left, right) => {
                let (operator, logic) = match operator.as_str() {
                    "and" => ("or", true),
                    "or" => ("and", true),
                    "==" => ("!=", false),
                    "!=" => ("==", false),
                    "<" => (">=", false),
                    ">=" => ("<", false),
                    ">" => ("<=", false),
                    "<=" => (">", false),
                    "in" => ("not in", false),
                    "not in" => ("in", false),
                    _ => return None,
                };
                let (left, right) = if logic { (not(left), not(right)) } else { (left.clone(), right.clone()) };
                Self::Binary(operator.to_owned(), left, right)
            }
            _ => return None,
        })
    }

    /// What may stand before a dot or a bracket.
    fn path(&self) -> Result<String, Unsaid> {
        match self {
            Self::Name(_) | Self::Attribute(..) | Self::Index(..) => self.said(),
            _ => Err("a part is taken of what is no name".to_owned()),
        }
    }

    /// What may stand before a filter: what is calculated or joined there too, since a filter is for all of it.
    pub(super) fn piped(&self) -> Result<String, Unsaid> {
        let values = |operator: &str| !is_comparison(operator) && !is_logic(operator);
        match self {
            Self::Binary(operator, ..) if values(operator) && !self.has_filter() => self.said(),
            Self::Binary(..) | Self::Not(_) | Self::Either { .. } | Self::Test(..) => {
                Err("a filter is for what is worked out in brackets; give that a name with `{% set %}`".to_owned())
            }
            _ => self.said(),
        }
    }

    /// Is one of the ends of a calculation filtered?
    fn has_filter(&self) -> bool {
        match self {
            Self::Filter(..) => true,
            // Most methods become filters.
            Self::Call(callee, _) => matches!(**callee, Self::Attribute(..)),
            Self::Binary(_, left, right) => left.has_filter() || right.has_filter(),
            Self::Negative(of) => of.has_filter(),
            _ => false,
        }
    }

    /// Can it come to nothing, if the names can of which `empty` says so?
    pub(super) fn may_be_empty(&self, empty: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Name(name) => empty(name),
            Self::Filter(of, ..) => of.may_be_empty(empty),
            Self::Call(callee, _) => matches!(&**callee, Self::Attribute(of, _) if of.may_be_empty(empty)),
            Self::Binary(operator, left, right) if operator == "~" => {
                left.may_be_empty(empty) && right.may_be_empty(empty)
            }
            _ => false,
        }
    }
}

pub(super) fn is_logic(operator: &str) -> bool {
    matches!(operator, "and" | "or")
}

pub(super) fn is_comparison(operator: &str) -> bool {
    matches!(operator, "in" | "not in" | "==" | "!=" | "<" | "<=" | ">" | ">=")
}

/// Two values and what stands between them, with the brackets that the engine knows.
fn binary(operator: &str, left: &Expression, right: &Expression) -> Result<String, Unsaid> {
    if is_logic(operator) {
        return Ok(format!("{} {operator} {}", beside(operator, left)?, beside(operator, right)?));
    }
    if is_comparison(operator) {
        for side in [left, right] {
            match side {
                Expression::Not(_) => return Err("`not` stands inside of a comparison".to_owned()),
                Expression::Test(..) => return Err("a test stands inside of a comparison".to_owned()),
                Expression::Binary(inner, ..) if is_logic(inner) || is_comparison(inner) => {
                    return Err("a condition stands inside of a comparison".to_owned());
                }
                _ => {}
            }
        }
        return Ok(format!("{} {operator} {}", left.said()?, right.said()?));
    }
    match operator {
        "~" => joined(left, right),
        // Texts are joined.
        "+" if is_text(left) || is_text(right) => joined(left, right),
        "+" | "-" | "*" | "/" | "%" => {
            // A filter is for all that stands before it, and the engine begins anew behind one.
            let filtered = matches!(left, Expression::Filter(..) | Expression::Call(..));
            let simple = !matches!(right, Expression::Binary(..)) && !matches!(left, Expression::Binary(..));
            if (right.has_filter() || left.has_filter()) && !(filtered && simple) {
                return Err(
                    "a filter stands inside of a calculation; give its value a name with `{% set %}`".to_owned()
                );
            }
            let inside = |side: &Expression, equal: bool| match side {
                Expression::Binary(inner, ..) if strength(inner) == 0 => {
                    Err("a condition stands inside of a calculation".to_owned())
                }
                Expression::Binary(inner, ..)
                    if strength(inner) < strength(operator) || (equal && strength(inner) == strength(operator)) =>
                {
                    Ok(format!("({})", side.said()?))
                }
                _ => side.said(),
            };
            Ok(format!("{} {operator} {}", inside(left, false)?, inside(right, true)?))
        }
        other => Err(format!("there is no `{other}`")),
    }
}

/// Beside `and` or `or`: brackets where this one binds less.
fn beside(outer: &str, side: &Expression) -> Result<String, Unsaid> {
    let side = match side {
        Expression::Not(of) => of.opposite().unwrap_or_else(|| side.clone()),
        side => side.clone(),
    };
    match &side {
        Expression::Binary(inner, ..) if inner == "or" && outer == "and" => Ok(format!("({})", side.said()?)),
        side => side.said(),
    }
}

/// How tightly an operator of a calculation binds; 0: it is none.
fn strength(operator: &str) -> u8 {
    match operator {
        "+" | "-" => 1,
        "*" | "/" | "%" => 2,
        _ => 0,
    }
}

fn is_text(side: &Expression) -> bool {
    match side {
        Expression::Text(_) => true,
        Expression::Binary(operator, left, right) => operator == "~" || is_text(left) || is_text(right),
        _ => false,
    }
}

/// Texts that are joined: the engine knows neither brackets nor filters among them.
fn joined(left: &Expression, right: &Expression) -> Result<String, Unsaid> {
    let side = |side: &Expression| match side {
        Expression::Binary(operator, left, right) if operator == "~" || operator == "+" => joined(left, right),
        Expression::Name(_)
        | Expression::Text(_)
        | Expression::Number(_)
        | Expression::Attribute(..)
        | Expression::Index(..) => side.said(),
        _ => Err("only names and texts are joined here; give the other a name with `{% set %}`".to_owned()),
    };
    Ok(format!("{} ~ {}", side(left)?, side(right)?))
}

fn quoted(text: &str) -> Result<String, Unsaid> {
    let quote = ['"', '\'', '`'].into_iter().find(|quote| !text.contains(*quote));
    let quote = quote.ok_or("a text has all three kinds of quotes")?;
    Ok(format!("{quote}{text}{quote}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_said_in_the_other_words() {
        #[track_caller]
        fn case(jinja: &str, said: &str) {
            assert_eq!(
                Expression::parse(jinja).and_then(|expression| expression.said()).as_deref(),
                Ok(said),
                "{jinja}"
            );
        }
        case("project_name", "project_name");
        case("name | lower | replace(' ', '-')", "name | lower | replace(from=\" \", to=\"-\")");
        case("name.lower().replace('a', 'b')", "name | lower | replace(from=\"a\", to=\"b\")");
        case("name|slugify('_')", "name | snake_case");
        case("a and not b or c == 'x'", "a and not b or c == \"x\"");
        case("(a or b) and c", "(a or b) and c");
        case("'pylint' in enforce_style", "\"pylint\" in enforce_style");
        case("x not in ['a', 'b']", "x not in [\"a\", \"b\"]");
        case("license in ('MIT', 'BSD',)", "license in [\"MIT\", \"BSD\"]");
        case("url.startswith(\"https://\")", "url is starting_with(\"https://\")");
        case("cookiecutter.project_name", "project_name");
        case("url.rstrip('/')", "url | trim_end_matches(pat=\"/\")");
        case("items|join(', ')", "items | join(sep=\", \")");
        case("', '.join(items)", "items | join(sep=\", \")");
        case("versions[0]", "versions[0]");
        case("x is not defined", "x is not defined");
        case("range(3)", "range(end=3)");
        case("d.items()", "d");
        case("x|length > 1", "x | length > 1");
        case("True", "true");
        case("'it\\'s'", "\"it's\"");
        // Brackets stand where the meaning needs them, and nowhere else: the engine has them for calculations and `or` only.
        case("a - (b - c)", "a - (b - c)");
        case("a - b - c", "a - b - c");
        case("(a + b) * 2", "(a + b) * 2");
        case("a / (b * c)", "a / (b * c)");
        case("not (a and b == 'x')", "not a or b != \"x\"");
        case("not (a or b) and c", "not a and not b and c");
        case("not ('x' in list)", "\"x\" not in list");
        case("not (not a)", "a");
        case("(a ~ b) | lower", "a ~ b | lower");
        case("(a + b) | round", "a + b | round");
        case("a ~ (b ~ 'c')", "a ~ b ~ \"c\"");
        case("a + '-x'", "a ~ \"-x\"");
        case("a|length + 1", "a | length + 1");
        case("text | indent", "text | indent");
        case("text | indent(2)", "text | indent(prefix=\"  \")");
        case("text | indent(width=2, first=True)", "text | indent(prefix=\"  \", first=true)");
        case("x | default('y')", "x | default(value=\"y\")");
        case("x | d(default_value='y')", "x | default(value=\"y\")");
        case("-1", "-1");
    }

    #[test]
    fn what_cannot_be_said_has_a_reason() {
        #[track_caller]
        fn case(jinja: &str, why: &str) {
            let error = Expression::parse(jinja).and_then(|expression| expression.said()).unwrap_err();
            assert!(error.contains(why), "{jinja}: {error}");
        }
        case("name[1:]", "slices");
        case("name | regex_replace('a', 'b')", "no filter `regex_replace`");
        case("name | truncate(5)", "no filter `truncate`");
        case("name.rsplit('/')", "no method `rsplit`");
        case("name.lstrip('ab')", "takes one letter");
        case("now()", "no function `now`");
        case("{'a': 1}", "`[data.NAME]`");
        case("x is none", "no test `none`");
        case("(a == b) | lower", "brackets");
        case("a ~ b | lower", "only names and texts are joined");
        case("a + b | round", "inside of a calculation");
        case("(a|length + b) | round", "brackets");
        case("(a == b) == c", "inside of a comparison");
        case("-x | abs", "a sign stands before");
        case("a if b else c", "choice between two values");
        case("x | default('y', true)", "stands inside of an expression");
        case("a b", "more than one expression");
        case("a ==", "an expression is missing");
        case("'a", "not closed");
        case("a ; b", "`;` means nothing");
    }

    /// A text that is as deep as nobody writes one costs no stack, neither to read it nor to forget it.
    #[test]
    fn what_is_too_deep_is_refused() {
        #[track_caller]
        fn case(jinja: &str, why: &str) {
            let error = Expression::parse(jinja).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let deep = 100_000;
        case(&"(".repeat(deep), "nested too deeply");
        case(&"[".repeat(deep), "nested too deeply");
        case(&"a if b else ".repeat(deep), "nested too deeply");
        for link in [" or a", " and a", " + a", " ~ a", ".a", "[0]", "()", "|a", " is a"] {
            case(&format!("a{}", link.repeat(deep)), "more than 200 operators");
        }
        let long = format!("x in [{}]", "'a', ".repeat(5_000));
        assert!(Expression::parse(&long).unwrap().said().is_ok(), "long is not deep");
        let just = format!("a{}", " or a".repeat(200));
        assert!(Expression::parse(&just).unwrap().said().is_ok());
    }
}
