//! What can be told of an expression before it is said: its opposite, what it joins, whether it can come to nothing.

use super::kind::{self, Kind, Kinds};
use super::reader;
use super::syntax::{Expression, Unsaid};

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, Unsaid> {
        reader::read(text)
    }

    /// What does not hold where this holds, and the other way round; `None`: `not` says it.
    pub(super) fn opposite(&self) -> Option<Self> {
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
            Self::Test(of, negated, name, arguments) => {
                Self::Test(of.clone(), !negated, name.clone(), arguments.clone())
            }
            _ => return None,
        })
    }

    /// Does it join texts? For Python a number is none.
    pub(super) fn joins(&self, kinds: &Kinds<'_>) -> bool {
        let Self::Binary(operator, left, right) = self else { return false };
        let (left, right) = (left.kind(kinds), right.kind(kinds));
        let text = |kind: &Kind| kind.is_text() || *kind == Kind::Unknown;
        operator == "~" || (operator == "+" && (left.is_text() || right.is_text()) && text(&left) && text(&right))
    }

    /// What is joined, in its order; the expression itself, if it joins nothing.
    pub(super) fn joined_parts<'e>(&'e self, kinds: &Kinds<'_>, parts: &mut Vec<&'e Self>) {
        match self {
            Self::Binary(_, left, right) if self.joins(kinds) => {
                left.joined_parts(kinds, parts);
                right.joined_parts(kinds, parts);
            }
            other => parts.push(other),
        }
    }

    /// Is it surely not below zero?
    pub(super) fn is_never_negative(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Attribute(of, name) => {
                matches!((&**of, name.as_str()), (Self::Name(of), "index" | "index0") if of == "loop")
            }
            Self::Filter(_, name, _) => matches!(name.as_str(), "length" | "count" | "abs"),
            Self::Binary(operator, left, right) => {
                matches!(operator.as_str(), "+" | "*" | "%") && left.is_never_negative() && right.is_never_negative()
            }
            _ => false,
        }
    }

    /// Is it calculated or joined, so that the engine looks past filters behind it where it is a condition?
    pub(super) fn is_calculated(&self) -> bool {
        match self {
            Self::Filter(of, ..) => of.is_calculated(),
            Self::Call(callee, _) => matches!(&**callee, Self::Attribute(of, _) if of.is_calculated()),
            Self::Binary(..) | Self::Negative(_) | Self::Number(_) | Self::Text(_) => true,
            _ => false,
        }
    }

    /// Can it come to nothing, if the names can of which `empty` says so?
    pub(super) fn may_be_empty(&self, empty: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Name(name) => empty(name),
            Self::Filter(of, name, _) if kind::keeps_letters(name) => of.may_be_empty(empty),
            Self::Call(callee, _) => match &**callee {
                Self::Attribute(of, method) if kind::keeps_letters(method) => of.may_be_empty(empty),
                _ => true,
            },
            Self::Filter(..) | Self::Index(..) | Self::Attribute(..) => true,
            Self::Binary(operator, left, right) if matches!(operator.as_str(), "~" | "+") => {
                left.may_be_empty(empty) && right.may_be_empty(empty)
            }
            Self::Either { yes, no, .. } => {
                yes.may_be_empty(empty) || no.as_ref().is_none_or(|no| no.may_be_empty(empty))
            }
            _ => false,
        }
    }
}

pub(super) fn is_nothing(name: &str) -> bool {
    matches!(name, "None" | "none")
}

pub(super) fn is_logic(operator: &str) -> bool {
    matches!(operator, "and" | "or")
}

pub(super) fn is_comparison(operator: &str) -> bool {
    matches!(operator, "in" | "not in" | "==" | "!=" | "<" | "<=" | ">" | ">=")
}
