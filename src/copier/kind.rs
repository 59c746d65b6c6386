//! Kind: what a value is in copier, as far as can be told, and how it is kept in a stack.
//!
//! Jinja is Python, and prints as Python does: `True`, `2.0`, `['a']`. The engine of a stack prints what it has otherwise, and
//! compares a number with a text otherwise. So everything that is said asks what it is about.

use super::syntax::{Argument, Expression};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A whole number that was answered: a text of digits in a stack.
    Digits,
    /// A number with a point that was answered: a text as well, in Python's spelling.
    Decimal,
    /// A whole number that was worked out.
    Whole,
    /// A number with a point that was worked out.
    Float,
    Flag,
    List(Box<Self>),
    /// A text that Python prints in a list as it is, between two `'`.
    Plain,
    #[default]
    Unknown,
}

/// What the names of a template stand for.
pub(super) type Kinds<'a> = dyn Fn(&str) -> Kind + 'a;

impl Kind {
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Plain)
    }

    /// Is it a number for Python?
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Digits | Self::Decimal | Self::Whole | Self::Float)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// What both are.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (one, other) if one.is_text() && other.is_text() => Self::Text,
            _ => Self::Unknown,
        }
    }

    fn element(&self) -> Self {
        match self {
            Self::List(element) => (**element).clone(),
            _ => Self::Unknown,
        }
    }
}

/// Does Python print this text between two `'` as it is?
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|letter| letter == ' ' || (letter.is_ascii_graphic() && !matches!(letter, '\'' | '\\')))
}

impl Expression {
    pub(super) fn kind(&self, kinds: &Kinds<'_>) -> Kind {
        match self {
            Self::Text(text) => {
                if is_plain(text) {
                    Kind::Plain
                } else {
                    Kind::Text
                }
            }
            Self::Number(number) if number.contains('.') => Kind::Float,
            Self::Number(_) => Kind::Whole,
            Self::Flag(_) | Self::Test(..) | Self::Not(_) => Kind::Flag,
            Self::Name(name) => kinds(name),
            Self::List(items) => {
                let all = items.iter().map(|item| item.kind(kinds)).reduce(Kind::or);
                Kind::List(Box::new(all.unwrap_or_default()))
            }
            // What came from cookiecutter before has its answers in a table.
            Self::Attribute(of, name) if of.is_name("cookiecutter") => kinds(name),
            Self::Attribute(of, name) if of.is_name("loop") => match name.as_str() {
                "index" | "index0" => Kind::Whole,
                "first" | "last" => Kind::Flag,
                _ => Kind::Unknown,
            },
            Self::Attribute(..) => Kind::Unknown,
            Self::Index(of, _) => of.kind(kinds).element(),
            Self::Filter(of, name, arguments) => match self.instead_of_empty() {
                Some(value) => of.kind(kinds).or(value.kind(kinds)),
                None => filtered(of, name, arguments, kinds),
            },
            Self::Call(callee, arguments) => called(callee, arguments, kinds),
            Self::Negative(of) => match of.kind(kinds) {
                Kind::Digits => Kind::Whole,
                Kind::Decimal => Kind::Float,
                kind => kind,
            },
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.kind(kinds), right.kind(kinds));
                match operator.as_str() {
                    "~" => Kind::Text,
                    "and" | "or" => left.or(right),
                    "/" => Kind::Float,
                    "+" if left.is_text() || right.is_text() => Kind::Text,
                    "+" | "-" | "*" | "%" => match (&left, &right) {
                        (Kind::Float | Kind::Decimal, _) | (_, Kind::Float | Kind::Decimal) => Kind::Float,
                        _ if left.is_number() && right.is_number() => Kind::Whole,
                        _ => Kind::Unknown,
                    },
                    _ => Kind::Flag,
                }
            }
            Self::Either { yes, no, .. } => yes.kind(kinds).or(no.as_ref().map_or(Kind::Plain, |no| no.kind(kinds))),
        }
    }

    /// A name, or one behind another.
    pub(super) fn dotted(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Attribute(of, name) => match &**of {
                Self::Name(of) => Some(format!("{of}.{name}")),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn is_name(&self, wanted: &str) -> bool {
        matches!(self, Self::Name(name) if name == wanted)
    }
}

fn filtered(of: &Expression, name: &str, arguments: &[Argument], kinds: &Kinds<'_>) -> Kind {
    let inner = of.kind(kinds);
    match name {
        "length" | "count" | "int" => Kind::Whole,
        "float" => Kind::Float,
        "abs" => match inner {
            Kind::Digits => Kind::Whole,
            Kind::Decimal => Kind::Float,
            kind => kind,
        },
        "reverse" | "unique" => inner,
        "first" | "last" => inner.element(),
        "split" => Kind::List(Box::new(Kind::Text)),
        "default" | "d" => {
            let value = arguments.first().map(|argument| argument.value.kind(kinds)).unwrap_or_default();
            // Every name stands for something.
            if inner == Kind::Unknown { value.or(inner) } else { inner }
        }
        name if gives_text(name) => Kind::Text,
        _ => Kind::Unknown,
    }
}

fn called(callee: &Expression, arguments: &[Argument], kinds: &Kinds<'_>) -> Kind {
    // A macro gives a text.
    match callee.dotted().map(|name| kinds(&name)).unwrap_or_default() {
        Kind::Unknown => {}
        kind => return kind,
    }
    match callee {
        Expression::Name(name) if name == "range" => Kind::List(Box::new(Kind::Whole)),
        Expression::Attribute(of, method) => match method.as_str() {
            "startswith" | "endswith" => Kind::Flag,
            "split" => Kind::List(Box::new(Kind::Text)),
            "items" => Kind::Unknown,
            "join" if arguments.len() == 1 => Kind::Text,
            method if gives_text(method) => Kind::Text,
            _ => of.kind(kinds).or(Kind::Unknown),
        },
        _ => Kind::Unknown,
    }
}

/// Filters and methods that give the letters of a text otherwise, and as many words of it.
const LETTERS: [&str; 6] = ["lower", "upper", "title", "capitalize", "length", "indent"];

/// Of other filters, and of methods, those that give a text.
const TEXTS: [&str; 14] = [
    "trim",
    "replace",
    "join",
    "tojson",
    "to_json",
    "string",
    "strip",
    "lstrip",
    "rstrip",
    "slugify",
    "snake_case",
    "kebab_case",
    "pascal_case",
    "camel_case",
];

/// Does what comes of it have letters where the text has some?
pub(super) fn keeps_letters(name: &str) -> bool {
    LETTERS.contains(&name)
}

/// Does this filter, or method of a text, give a text?
fn gives_text(name: &str) -> bool {
    (LETTERS.contains(&name) && name != "length") || TEXTS.contains(&name)
}

/// A number as Python prints it; `None`: it would have an exponent.
pub(super) fn printed_decimal(text: &str) -> Option<String> {
    let value: f64 = text.parse().ok()?;
    (value == 0.0 || (1e-4..1e16).contains(&value.abs())).then(|| format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_is() {
        let kinds = |name: &str| match name {
            "text" => Kind::Text,
            "port" => Kind::Digits,
            "share" => Kind::Decimal,
            "flag" => Kind::Flag,
            "list" => Kind::List(Box::new(Kind::Plain)),
            _ => Kind::Unknown,
        };
        #[track_caller]
        fn case(kinds: &Kinds<'_>, jinja: &str, expected: Kind) {
            assert_eq!(Expression::parse(jinja).unwrap().kind(kinds), expected, "{jinja}");
        }
        case(&kinds, "port + 1", Kind::Whole);
        case(&kinds, "port + share", Kind::Float);
        case(&kinds, "4 / 2", Kind::Float);
        case(&kinds, "port ~ 1", Kind::Text);
        case(&kinds, "text + 'a'", Kind::Text);
        case(&kinds, "text == 'a' and flag", Kind::Flag);
        case(&kinds, "text or 'a'", Kind::Text);
        case(&kinds, "text or 1", Kind::Unknown);
        case(&kinds, "list[0]", Kind::Plain);
        case(&kinds, "list | join('-')", Kind::Text);
        case(&kinds, "list | length", Kind::Whole);
        case(&kinds, "flag | lower", Kind::Text);
        case(&kinds, "loop.index", Kind::Whole);
        case(&kinds, "loop.last", Kind::Flag);
        case(&kinds, "'a' if flag else text", Kind::Text);
        case(&kinds, "other", Kind::Unknown);
        case(&kinds, "['a', \"it's\"]", Kind::List(Box::new(Kind::Text)));
        case(&kinds, "text.upper().split('-')", Kind::List(Box::new(Kind::Text)));
    }

    #[test]
    fn numbers_as_python_prints_them() {
        for (text, printed) in
            [("1.50", Some("1.5")), ("2", Some("2.0")), ("0.0", Some("0.0")), ("1e20", None), ("x", None)]
        {
            assert_eq!(printed_decimal(text).as_deref(), printed, "{text}");
        }
    }
}
