//! What Python makes of an expression, to be held against what the engine of a stack makes of what is said for it.

use proptest::prelude::*;

use super::super::super::syntax::{Argument, Expression};
use super::rendered;

/// A value of Python's.
#[derive(Debug, Clone, PartialEq)]
enum Python {
    Text(String),
    Whole(i64),
    Flag(bool),
    List(Vec<String>),
}

impl Python {
    fn of(name: &str) -> Self {
        match name {
            "text" => Self::Text("Ab c".to_owned()),
            "empty" => Self::Text(String::new()),
            "port" => Self::Whole(8),
            "zero" => Self::Whole(0),
            "flag" | "off" => Self::Flag(name == "flag"),
            "list" => Self::List(vec!["a".to_owned(), "b".to_owned()]),
            "nothing" => Self::List(Vec::new()),
            _ => Self::Text("shop".to_owned()),
        }
    }

    fn printed(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Flag(flag) => if *flag { "True" } else { "False" }.to_owned(),
            Self::List(items) => {
                format!("[{}]", items.iter().map(|item| format!("'{item}'")).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn holds(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Whole(number) => *number != 0,
            Self::Flag(flag) => *flag,
            Self::List(items) => !items.is_empty(),
        }
    }

    /// For Python, a condition is a number.
    fn number(&self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Flag(flag) => Some(i64::from(*flag)),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            (Some(one), Some(other)) => one == other,
            (None, None) => self == other,
            _ => false,
        }
    }

    fn is_in(&self, container: &Self) -> Option<bool> {
        match (self, container) {
            (Self::Text(text), Self::Text(within)) => Some(within.contains(text.as_str())),
            (one, Self::List(items)) => Some(items.iter().any(|item| one.equals(&Self::Text(item.clone())))),
            _ => None,
        }
    }
}

/// What Python makes of an expression; `None`: an error.
fn python(of: &Expression) -> Option<Python> {
    Some(match of {
        Expression::Name(name) => Python::of(name),
        Expression::Text(text) => Python::Text(text.clone()),
        Expression::Number(number) => Python::Whole(number.parse().ok()?),
        Expression::Flag(flag) => Python::Flag(*flag),
        Expression::Not(of) => Python::Flag(!python(of)?.holds()),
        Expression::Either { condition, yes, no } => match (python(condition)?.holds(), no) {
            (true, _) => python(yes)?,
            (false, Some(no)) => python(no)?,
            (false, None) => Python::Text(String::new()),
        },
        Expression::Filter(of, name, arguments) => {
            let value = python(of)?;
            match (name.as_str(), &value) {
                ("lower", _) => Python::Text(value.printed().to_lowercase()),
                ("upper", _) => Python::Text(value.printed().to_uppercase()),
                ("length", Python::Text(text)) => Python::Whole(text.chars().count().try_into().ok()?),
                ("length", Python::List(items)) => Python::Whole(items.len().try_into().ok()?),
                ("default", value) => {
                    if value.holds() {
                        value.clone()
                    } else {
                        python(&arguments[0].value)?
                    }
                }
                _ => return None,
            }
        }
        Expression::Binary(operator, left, right) => {
            let left = python(left)?;
            match operator.as_str() {
                "and" => return if left.holds() { python(right) } else { Some(left) },
                "or" => return if left.holds() { Some(left) } else { python(right) },
                _ => {}
            }
            let right = python(right)?;
            let numbers = left.number().zip(right.number());
            match (operator.as_str(), numbers, &left, &right) {
                ("~", ..) => Python::Text(left.printed() + &right.printed()),
                ("+", _, Python::Text(left), Python::Text(right)) => Python::Text(format!("{left}{right}")),
                ("+", Some((left, right)), ..) => Python::Whole(left.checked_add(right)?),
                ("-", Some((left, right)), ..) => Python::Whole(left.checked_sub(right)?),
                ("*", Some((left, right)), ..) => Python::Whole(left.checked_mul(right)?),
                ("%", Some((left, right)), ..) if right != 0 => Python::Whole(((left % right) + right) % right),
                ("==", ..) => Python::Flag(left.equals(&right)),
                ("!=", ..) => Python::Flag(!left.equals(&right)),
                ("<", Some((left, right)), ..) => Python::Flag(left < right),
                (">=", Some((left, right)), ..) => Python::Flag(left >= right),
                ("in", ..) => Python::Flag(left.is_in(&right)?),
                ("not in", ..) => Python::Flag(!left.is_in(&right)?),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// As Jinja is written, with the brackets that its own order of operators needs.
fn written(of: &Expression, least: u8) -> String {
    let (level, text) = match of {
        Expression::Name(name) => (9, name.clone()),
        Expression::Text(text) => (9, format!("'{text}'")),
        Expression::Number(number) => (9, number.clone()),
        Expression::Flag(flag) => (9, if *flag { "True" } else { "False" }.to_owned()),
        Expression::Not(of) => (3, format!("not {}", written(of, 4))),
        Expression::Either { condition, yes, no } => {
            let no = no.as_ref().map(|no| format!(" else {}", written(no, 0))).unwrap_or_default();
            (0, format!("{} if {}{no}", written(yes, 1), written(condition, 1)))
        }
        Expression::Filter(of, name, arguments) => {
            let arguments = arguments.first().map(|argument| format!("({}, true)", written(&argument.value, 0)));
            (8, format!("{} | {name}{}", written(of, 8), arguments.unwrap_or_default()))
        }
        Expression::Binary(operator, left, right) => {
            let level = match operator.as_str() {
                "or" => 1,
                "and" => 2,
                "+" | "-" => 5,
                "~" => 6,
                "*" | "%" => 7,
                _ => 4,
            };
            // A comparison has no other on its left.
            let left_level = if level == 4 { 5 } else { level };
            (level, format!("{} {operator} {}", written(left, left_level), written(right, level + 1)))
        }
        _ => unreachable!("this is not made here"),
    };
    if level < least { format!("({text})") } else { text }
}

fn expressions() -> impl Strategy<Value = Expression> {
    const NAMES: [&str; 9] = ["name", "text", "empty", "port", "zero", "flag", "off", "list", "nothing"];
    const OPERATORS: [&str; 13] = ["~", "+", "-", "*", "%", "==", "!=", "<", ">=", "in", "not in", "and", "or"];
    let leaf = prop_oneof![
        4 => prop::sample::select(NAMES.to_vec()).prop_map(|name| Expression::Name(name.to_owned())),
        2 => prop::sample::select(vec!["", "a", "B", "-"]).prop_map(|text| Expression::Text(text.to_owned())),
        2 => (0..10u8).prop_map(|number| Expression::Number(number.to_string())),
        1 => any::<bool>().prop_map(Expression::Flag),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            8 => (prop::sample::select(OPERATORS.to_vec()), boxed.clone(), boxed.clone())
                .prop_map(|(operator, left, right)| Expression::Binary(operator.to_owned(), left, right)),
            2 => boxed.clone().prop_map(|of| match *of {
                of @ Expression::Not(_) => of,
                of => Expression::Not(Box::new(of)),
            }),
            2 => (boxed.clone(), boxed.clone(), prop::option::of(boxed.clone()))
                .prop_map(|(condition, yes, no)| Expression::Either { condition, yes, no }),
            2 => (boxed.clone(), prop::sample::select(vec!["lower", "upper", "length"]))
                .prop_map(|(of, name)| Expression::Filter(of, name.to_owned(), Vec::new())),
            1 => (boxed.clone(), inner).prop_map(|(of, value)| {
                let value = Argument { name: None, value };
                let empty = Argument { name: None, value: Expression::Flag(true) };
                Expression::Filter(of, "default".to_owned(), vec![value, empty])
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever an expression is: it is read as Jinja reads it, and where it can be said at all, it is the same value.
    #[test]
    fn what_is_said_has_the_value_that_it_had(of in expressions()) {
        let jinja = written(&of, 0);
        let read = Expression::parse(&jinja);
        prop_assert_eq!(read.as_ref(), Ok(&of), "{}", jinja);
        let Some(value) = python(&of) else { return Ok(()) };
        if let Ok(printed) = rendered(&format!("{{{{ {jinja} }}}}")) {
            prop_assert_eq!(printed, value.printed(), "{}", jinja);
        }
        if let Ok(printed) = rendered(&format!("{{% if {jinja} %}}yes{{% endif %}}")) {
            prop_assert_eq!(printed == "yes", value.holds(), "{}", jinja);
        }
        if let Ok(printed) = rendered(&format!("{{% set x = {jinja} %}}{{{{ x }}}}")) {
            prop_assert_eq!(printed, value.printed(), "{}", jinja);
        }
    }
}
