//! Choices between values: in Jinja they stand anywhere in an expression, here only tags make one.

use super::expression::{is_comparison, is_logic, is_nothing};
use super::filters::takes_text;
use super::kind::{Kind, Kinds, printed_decimal};
use super::syntax::{Argument, Expression, Unsaid};

/// How many values one expression may choose from.
const MOST_CHOICES: usize = 16;

impl Expression {
    /// `default(value, true)`: the value that stands for what is empty, too.
    pub(super) fn instead_of_empty(&self) -> Option<&Self> {
        let Self::Filter(_, name, arguments) = self else { return None };
        let [value, empty] = arguments.as_slice() else { return None };
        let known =
            |argument: &Argument, names: &[&str]| argument.name.as_deref().is_none_or(|name| names.contains(&name));
        let is_default = matches!(name.as_str(), "default" | "d") && known(value, &["default_value", "value"]);
        let also_empty = known(empty, &["boolean"]) && empty.value == Self::Flag(true);
        (is_default && also_empty).then_some(&value.value)
    }

    /// As a value that is kept: choices come to the top, so that only their ends are values.
    pub(super) fn chosen(self, kinds: &Kinds<'_>) -> Result<Self, Unsaid> {
        self.lifted(kinds)?.counted()
    }

    /// As a text, in Python's words: a condition is a choice between two of them.
    pub(super) fn printed(self, kinds: &Kinds<'_>) -> Result<Self, Unsaid> {
        self.lifted(kinds)?.at_ends(&|end| end.text(kinds))?.counted()
    }

    fn counted(self) -> Result<Self, Unsaid> {
        if self.ends() > MOST_CHOICES {
            return Err(format!("it chooses from more than {MOST_CHOICES} values"));
        }
        Ok(self)
    }

    /// What Python prints for a value.
    fn text(self, kinds: &Kinds<'_>) -> Result<Self, Unsaid> {
        let text = |text: &str| Self::Text(text.to_owned());
        let joined = |parts: [Self; 3]| {
            let [first, second, third] = parts;
            let both = Self::Binary("~".to_owned(), Box::new(first), Box::new(second));
            Self::Binary("~".to_owned(), Box::new(both), Box::new(third))
        };
        let listed = |list: &Self, between: &str| {
            let argument = Argument { name: None, value: text(between) };
            Self::Filter(Box::new(list.clone()), "join".to_owned(), vec![argument])
        };
        Ok(match self.kind(kinds) {
            _ if matches!(&self, Self::Name(name) if is_nothing(name)) => text("None"),
            Kind::Flag => match self {
                Self::Flag(flag) => text(if flag { "True" } else { "False" }),
                condition => Self::Either {
                    condition: Box::new(condition),
                    yes: Box::new(text("True")),
                    no: Some(Box::new(text("False"))),
                },
            },
            Kind::Float => match &self {
                Self::Number(number) => Self::Text(printed_decimal(number).ok_or("a number has too many digits")?),
                _ => return Err("copier prints what is divided or rounded with a point, always".to_owned()),
            },
            Kind::List(entry) => match *entry {
                Kind::Plain => Self::Either {
                    condition: Box::new(self.clone()),
                    yes: Box::new(joined([text("['"), listed(&self, "', '"), text("']")])),
                    no: Some(Box::new(text("[]"))),
                },
                Kind::Digits | Kind::Whole => joined([text("["), listed(&self, ", "), text("]")]),
                _ => return Err("copier prints a list in the words of Python".to_owned()),
            },
            _ => self,
        })
    }

    fn ends(&self) -> usize {
        match self {
            Self::Either { yes, no, .. } => yes.ends() + no.as_ref().map_or(1, |no| no.ends()),
            _ => 1,
        }
    }

    fn lifted(self, kinds: &Kinds<'_>) -> Result<Self, Unsaid> {
        let either = |condition: Self, yes: Self, no: Self| -> Result<Self, Unsaid> {
            let (yes, no) = (Box::new(yes.lifted(kinds)?), Some(Box::new(no.lifted(kinds)?)));
            Ok(Self::Either { condition: Box::new(condition), yes, no })
        };
        if let Some(value) = self.instead_of_empty().cloned()
            && let Self::Filter(of, ..) = self
        {
            return either((*of).clone(), *of, value);
        }
        match self {
            Self::Either { condition, yes, no } => {
                either(*condition, *yes, no.map_or(Self::Text(String::new()), |no| *no))
            }
            // Of two conditions they are one.
            Self::Binary(operator, left, right)
                if is_logic(&operator) && left.kind(kinds) == Kind::Flag && right.kind(kinds) == Kind::Flag =>
            {
                Ok(Self::Binary(operator, left, right))
            }
            // They give one of the two.
            Self::Binary(operator, left, right) if operator == "or" => either((*left).clone(), *left, *right),
            Self::Binary(operator, left, right) if operator == "and" => either((*left).clone(), *right, *left),
            Self::Binary(operator, left, right) if !is_comparison(&operator) => {
                let side = |side: Self| match operator.as_str() {
                    "~" => side.printed(kinds),
                    _ => side.lifted(kinds),
                };
                let right = side(*right)?;
                side(*left)?.at_ends(&|left| {
                    let make = |right| Ok(Self::Binary(operator.clone(), Box::new(left.clone()), Box::new(right)));
                    right.clone().at_ends(&make)
                })
            }
            Self::Filter(of, name, arguments) => {
                let of = if takes_text(&name) { of.printed(kinds)? } else { of.lifted(kinds)? };
                of.at_ends(&|of| Ok(Self::Filter(Box::new(of), name.clone(), arguments.clone())))
            }
            Self::Call(callee, arguments) => match *callee {
                Self::Attribute(of, method) => of.lifted(kinds)?.at_ends(&|of| {
                    Ok(Self::Call(Box::new(Self::Attribute(Box::new(of), method.clone())), arguments.clone()))
                }),
                callee => Ok(Self::Call(Box::new(callee), arguments)),
            },
            other => Ok(other),
        }
    }

    /// The same choice, with something else made of each value.
    fn at_ends(self, make: &dyn Fn(Self) -> Result<Self, Unsaid>) -> Result<Self, Unsaid> {
        match self.counted()? {
            Self::Either { condition, yes, no } => {
                let no = no.map(|no| no.at_ends(make)).transpose()?.map(Box::new);
                Ok(Self::Either { condition, yes: Box::new(yes.at_ends(make)?), no })
            }
            end => make(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::Macros;
    use super::super::writer::Writer;
    use super::*;

    #[test]
    fn choices_come_to_the_top() {
        let kinds = |name: &str| if name.starts_with("flag") { Kind::Flag } else { Kind::Plain };
        fn shown(writer: Writer<'_>, expression: &Expression) -> String {
            match expression {
                Expression::Either { condition, yes, no } => {
                    let no = no.as_ref().map_or_else(String::new, |no| shown(writer, no));
                    format!("[{} ? {} : {no}]", writer.condition(condition).unwrap(), shown(writer, yes))
                }
                end => writer.value(end).unwrap(),
            }
        }
        #[track_caller]
        fn case(kinds: &Kinds<'_>, jinja: &str, expected: &str) {
            let chosen = Expression::parse(jinja).and_then(|expression| expression.chosen(kinds));
            let macros = Macros::new();
            let shown = chosen.as_ref().map(|end| shown(Writer { kinds, macros: &macros }, end));
            assert_eq!(shown.as_deref(), Ok(expected), "{jinja}");
        }
        case(&kinds, "name or 'x'", "[name ? name : \"x\"]");
        case(&kinds, "a and b", "[a ? b : a]");
        case(&kinds, "flag or flag_b", "flag or flag_b");
        case(&kinds, "flag or a", "[flag ? flag : a]");
        case(&kinds, "x | default('y', true)", "[x ? x : \"y\"]");
        case(&kinds, "x | d('y', boolean=true) | lower", "[x ? x | lower : \"y\" | lower]");
        case(&kinds, "(a if b else c) | upper", "[b ? a | upper : c | upper]");
        case(&kinds, "(a if b else c).upper()", "[b ? a | upper : c | upper]");
        case(&kinds, "'x-' ~ ('a' if b else 'c')", "[b ? \"x-\" ~ \"a\" : \"x-\" ~ \"c\"]");
        case(&kinds, "a ~ flag", "[flag ? a ~ \"True\" : a ~ \"False\"]");
        case(&kinds, "flag | lower", "[flag ? \"True\" | lower : \"False\" | lower]");
        case(&kinds, "a ~ True ~ None ~ 2.50", "a ~ \"True\" ~ \"None\" ~ \"2.5\"");
        case(&kinds, "a if b", "[b ? a : \"\"]");
        case(&kinds, "a == b", "a == b");
        let many = ["('a' if b else 'c')"; 12].join(" ~ ");
        let error = Expression::parse(&many).and_then(|many| many.chosen(&kinds)).unwrap_err();
        assert!(error.contains("more than 16 values"), "{error}");
    }
}
