//! Choices between values: in Jinja they stand anywhere in an expression, here only tags make one.

use super::expression::is_comparison;
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

    /// As a value that is printed or kept: choices come to the top, so that only their ends are values.
    pub(super) fn chosen(self) -> Result<Self, Unsaid> {
        let chosen = self.lifted()?;
        if chosen.ends() > MOST_CHOICES {
            return Err(format!("it chooses from more than {MOST_CHOICES} values"));
        }
        Ok(chosen)
    }

    fn ends(&self) -> usize {
        match self {
            Self::Either { yes, no, .. } => yes.ends() + no.as_ref().map_or(1, |no| no.ends()),
            _ => 1,
        }
    }

    fn lifted(self) -> Result<Self, Unsaid> {
        let either = |condition: Self, yes: Self, no: Self| -> Result<Self, Unsaid> {
            let (yes, no) = (Box::new(yes.lifted()?), Some(Box::new(no.lifted()?)));
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
            // They give one of the two.
            Self::Binary(operator, left, right) if operator == "or" => either((*left).clone(), *left, *right),
            Self::Binary(operator, left, right) if operator == "and" => either((*left).clone(), *right, *left),
            Self::Binary(operator, left, right) if !is_comparison(&operator) => left.lifted()?.at_ends(&|left| {
                let right = (*right).clone().lifted()?;
                right.at_ends(&|right| Ok(Self::Binary(operator.clone(), Box::new(left.clone()), Box::new(right))))
            }),
            Self::Filter(of, name, arguments) => {
                of.lifted()?.at_ends(&|of| Ok(Self::Filter(Box::new(of), name.clone(), arguments.clone())))
            }
            Self::Call(callee, arguments) => match *callee {
                Self::Attribute(of, method) => of.lifted()?.at_ends(&|of| {
                    Ok(Self::Call(Box::new(Self::Attribute(Box::new(of), method.clone())), arguments.clone()))
                }),
                callee => Ok(Self::Call(Box::new(callee), arguments)),
            },
            other => Ok(other),
        }
    }

    /// The same choice, with something else made of each value.
    fn at_ends(self, make: &dyn Fn(Self) -> Result<Self, Unsaid>) -> Result<Self, Unsaid> {
        if self.ends() > MOST_CHOICES {
            return Err(format!("it chooses from more than {MOST_CHOICES} values"));
        }
        match self {
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
    use super::*;

    #[test]
    fn choices_come_to_the_top() {
        fn shown(expression: &Expression) -> String {
            match expression {
                Expression::Either { condition, yes, no } => {
                    let no = no.as_ref().map_or_else(String::new, |no| shown(no));
                    format!("[{} ? {} : {no}]", condition.condition().unwrap(), shown(yes))
                }
                end => end.said().unwrap(),
            }
        }
        #[track_caller]
        fn case(jinja: &str, expected: &str) {
            let chosen = Expression::parse(jinja).and_then(Expression::chosen);
            assert_eq!(chosen.as_ref().map(shown).as_deref(), Ok(expected), "{jinja}");
        }
        case("name or 'x'", "[name ? name : \"x\"]");
        case("a and b", "[a ? b : a]");
        case("x | default('y', true)", "[x ? x : \"y\"]");
        case("x | d('y', boolean=true) | lower", "[x ? x | lower : \"y\" | lower]");
        case("(a if b else c) | upper", "[b ? a | upper : c | upper]");
        case("(a if b else c).upper()", "[b ? a | upper : c | upper]");
        case("'x-' ~ ('a' if b else 'c')", "[b ? \"x-\" ~ \"a\" : \"x-\" ~ \"c\"]");
        case("a if b", "[b ? a : \"\"]");
        case("a == b", "a == b");
        let many = ["('a' if b else 'c')"; 12].join(" ~ ");
        let error = Expression::parse(&many).and_then(Expression::chosen).unwrap_err();
        assert!(error.contains("more than 16 values"), "{error}");
    }
}
