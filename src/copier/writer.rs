//! Writer: expressions of Jinja, said as the engine of a stack has them.
//!
//! The two languages look alike. What differs is said here: methods are filters, arguments have names, brackets stand around
//! calculations and conditions only, a filter is for all that stands before it, and a choice between two values is a tag of
//! its own. What would come out as another value is not said at all.

use super::expression::{is_comparison, is_logic, is_nothing};
use super::kind::{Kind, Kinds, printed_decimal};
use super::syntax::{Expression, Macros, Unsaid};

/// Says expressions about names of these kinds.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) kinds: &'a Kinds<'a>,
    pub(super) macros: &'a Macros,
}

/// What an expression is for the engine's grammar: where it may stand, and what has to stand around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A name, a number, a call.
    Atom,
    Text,
    /// Texts with `~` between them.
    Joined,
    Sum,
    Product,
    /// A calculation with filters in it, which nothing may stand behind.
    Calculation,
    List,
    Test,
    Comparison,
    And,
    Or,
    /// Filters behind a calculation, behind a text, and behind a list.
    Filtered,
    FilteredText,
    FilteredList,
}

/// An expression as text, and what it is there.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) shape: Shape,
}

impl Said {
    pub(super) fn new(text: impl Into<String>, shape: Shape) -> Self {
        Self { text: text.into(), shape }
    }

    fn is_filtered(&self) -> bool {
        matches!(self.shape, Shape::Filtered | Shape::Calculation)
    }

    /// With a filter behind it.
    pub(super) fn piped(self, filter: &str) -> Result<Self, Unsaid> {
        let shape = match self.shape {
            Shape::Atom | Shape::Sum | Shape::Product | Shape::Filtered => Shape::Filtered,
            Shape::Text | Shape::Joined | Shape::FilteredText => Shape::FilteredText,
            Shape::List | Shape::FilteredList => Shape::FilteredList,
            Shape::Calculation | Shape::Test | Shape::Comparison | Shape::And | Shape::Or => {
                return Err(
                    "a filter is for what is worked out in brackets; give that a name with `{% set %}`".to_owned()
                );
            }
        };
        Ok(Self::new(format!("{} | {filter}", self.text), shape))
    }
}

impl Writer<'_> {
    pub(super) fn kind(self, of: &Expression) -> Kind {
        of.kind(self.kinds)
    }

    /// As a value, as it is.
    pub(super) fn value(self, of: &Expression) -> Result<String, Unsaid> {
        Ok(self.said(of)?.text)
    }

    /// As a condition, where only matters whether it holds.
    pub(super) fn condition(self, of: &Expression) -> Result<String, Unsaid> {
        Ok(self.held(&self.as_condition(of))?.text)
    }

    /// What holds or not as it stands.
    fn held(self, of: &Expression) -> Result<Said, Unsaid> {
        let said = self.said(of)?;
        // The engine looks past filters behind these.
        let filtered = matches!(of, Expression::Filter(..) | Expression::Call(..)) && of.is_calculated();
        match said.shape {
            Shape::List | Shape::FilteredList => Err("a list stands where a condition does".to_owned()),
            Shape::Filtered | Shape::FilteredText if filtered => {
                Err("a condition is filtered of what is worked out; give that a name with `{% set %}`".to_owned())
            }
            _ => Ok(said),
        }
    }

    /// What holds where a value is neither empty nor zero.
    fn as_condition(self, of: &Expression) -> Expression {
        let both = |operator: &str, left: &Expression, right: &Expression| {
            let (left, right) = (self.as_condition(left), self.as_condition(right));
            Expression::Binary(operator.to_owned(), Box::new(left), Box::new(right))
        };
        let not = |of: &Expression| Expression::Not(Box::new(of.clone()));
        match of {
            Expression::Not(of) => match &**of {
                Expression::Not(twice) => self.as_condition(twice),
                of => not(&self.as_condition(of)),
            },
            Expression::Binary(operator, left, right) if is_logic(operator) => both(operator, left, right),
            Expression::Either { condition, yes, no } => {
                let no = no.as_deref().cloned().unwrap_or(Expression::Flag(false));
                // Both sides are conditions already.
                let (yes, no) = (both("and", condition, yes), both("and", &not(condition), &no));
                Expression::Binary("or".to_owned(), Box::new(yes), Box::new(no))
            }
            // `a | default(b, true)` holds where one of the two does.
            Expression::Filter(inner, ..) if let Some(value) = of.instead_of_empty() => both("or", inner, value),
            Expression::Name(name) if is_nothing(name) => Expression::Flag(false),
            Expression::List(items) => Expression::Flag(!items.is_empty()),
            other => self.number(other).unwrap_or_else(|_| other.clone()),
        }
    }

    /// A value to calculate with: what was answered is a text.
    pub(super) fn number(self, of: &Expression) -> Result<Expression, Unsaid> {
        let filter = |name: &str| Ok(Expression::Filter(Box::new(of.clone()), name.to_owned(), Vec::new()));
        match self.kind(of) {
            Kind::Digits => filter("int"),
            Kind::Decimal => filter("float"),
            Kind::Whole | Kind::Float | Kind::Unknown => Ok(of.clone()),
            Kind::Text | Kind::Plain => Err("a text is calculated with".to_owned()),
            Kind::Flag => Err("a condition is calculated with".to_owned()),
            Kind::List(_) => Err("a list is calculated with".to_owned()),
        }
    }

    pub(super) fn said(self, of: &Expression) -> Result<Said, Unsaid> {
        Ok(match of {
            Expression::Name(name) if is_nothing(name) => return Err("there is no `None`".to_owned()),
            Expression::Name(name) => Said::new(name, Shape::Atom),
            Expression::Text(text) => Said::new(quoted(text)?, Shape::Text),
            Expression::Number(number) => Said::new(number, Shape::Atom),
            Expression::Flag(flag) => Said::new(flag.to_string(), Shape::Atom),
            Expression::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.item(item)).collect::<Result<_, _>>()?;
                Said::new(format!("[{}]", items.join(", ")), Shape::List)
            }
            // What came from cookiecutter before has its answers in a table.
            Expression::Attribute(of, name) if of.is_name("cookiecutter") => Said::new(name, Shape::Atom),
            Expression::Attribute(of, name) if of.is_name("loop") => match name.as_str() {
                "index" | "index0" | "first" | "last" => Said::new(format!("loop.{name}"), Shape::Atom),
                _ => return Err(format!("there is no `loop.{name}`")),
            },
            Expression::Attribute(of, name) => Said::new(format!("{}.{name}", self.path(of)?), Shape::Atom),
            Expression::Index(of, index) => self.indexed(of, index)?,
            Expression::Call(callee, arguments) => self.call(callee, arguments)?,
            Expression::Filter(of, name, arguments) => self.filter(of, name, arguments)?,
            Expression::Test(of, negated, name, arguments) => self.test(of, *negated, name, arguments)?,
            Expression::Not(inner) => self.negated(inner)?,
            Expression::Negative(inner) => match &**inner {
                Expression::Number(number) => Said::new(format!("-{number}"), Shape::Atom),
                _ => return Err("a sign stands before what is no number".to_owned()),
            },
            Expression::Binary(operator, left, right) => self.binary(of, operator, left, right)?,
            Expression::Either { .. } => {
                return Err("a choice between two values stands inside of an expression".to_owned());
            }
        })
    }

    /// What does not hold.
    fn negated(self, inner: &Expression) -> Result<Said, Unsaid> {
        // Whether something is in a value is not what it is kept as.
        let inner = self.as_condition(inner);
        match inner.opposite() {
            Some(value) if matches!(inner, Expression::Not(_)) && self.kind(&value) != Kind::Flag => {
                Err("`not` stands twice".to_owned())
            }
            Some(opposite) => self.said(&opposite),
            None => match self.held(&inner)? {
                Said { shape: Shape::Joined, .. } => {
                    Err("`not` stands before joined texts; give them a name with `{% set %}`".to_owned())
                }
                said => Ok(Said::new(format!("not {}", said.text), Shape::Comparison)),
            },
        }
    }

    fn item(self, item: &Expression) -> Result<String, Unsaid> {
        let said = self.said(item)?;
        match said.shape {
            Shape::List | Shape::FilteredList => Err("a list stands inside of a list".to_owned()),
            Shape::And | Shape::Or => Ok(format!("({})", said.text)),
            _ => Ok(said.text),
        }
    }

    fn indexed(self, of: &Expression, index: &Expression) -> Result<Said, Unsaid> {
        if self.kind(of).is_text() {
            return Err("a text has no numbered letters".to_owned());
        }
        match index {
            Expression::Negative(one) if **one == Expression::Number("1".to_owned()) => self.filter(of, "last", &[]),
            Expression::Number(_) | Expression::Text(_) | Expression::Name(_) | Expression::Attribute(..) => {
                Ok(Said::new(format!("{}[{}]", self.path(of)?, self.value(index)?), Shape::Atom))
            }
            _ => Err("the number of an entry is worked out".to_owned()),
        }
    }

    /// What may stand before a dot or a bracket.
    fn path(self, of: &Expression) -> Result<String, Unsaid> {
        match of {
            Expression::Name(_) | Expression::Attribute(..) | Expression::Index(..) => match self.said(of)? {
                Said { text, shape: Shape::Atom } => Ok(text),
                _ => Err("a part is taken of what is no name".to_owned()),
            },
            _ => Err("a part is taken of what is no name".to_owned()),
        }
    }

    /// Two values and what stands between them, with the brackets that the engine knows.
    fn binary(self, whole: &Expression, operator: &str, left: &Expression, right: &Expression) -> Result<Said, Unsaid> {
        match operator {
            "and" | "or" => {
                let said = format!("{} {operator} {}", self.beside(operator, left)?, self.beside(operator, right)?);
                Ok(Said::new(said, if operator == "and" { Shape::And } else { Shape::Or }))
            }
            "in" | "not in" => self.within(operator, left, right),
            operator if is_comparison(operator) => self.compared(operator, left, right),
            _ if whole.joins(self.kinds) => self.joined(whole),
            "+" | "-" | "*" | "/" | "%" => self.calculated(operator, left, right),
            other => Err(format!("there is no `{other}`")),
        }
    }

    /// Beside `and` or `or`: brackets where this one binds less.
    fn beside(self, outer: &str, side: &Expression) -> Result<String, Unsaid> {
        let said = self.held(side)?;
        Ok(if said.shape == Shape::Or && outer == "and" { format!("({})", said.text) } else { said.text })
    }

    /// Values of one kind: the engine takes a number and a text for neither equal nor different.
    fn compared(self, operator: &str, left: &Expression, right: &Expression) -> Result<Said, Unsaid> {
        let (one, other) = (self.kind(left), self.kind(right));
        let equality = matches!(operator, "==" | "!=");
        if equality && (one.is_list() || other.is_list()) {
            return self.compared_with_nothing(operator, left, right);
        }
        let unknown = one == Kind::Unknown || other == Kind::Unknown;
        let alike =
            unknown || (one.is_number() && other.is_number()) || (one.is_text() && other.is_text()) || one == other;
        if !alike {
            return Err("values of two kinds are compared".to_owned());
        }
        if !equality && (one.is_text() || other.is_text() || one == Kind::Flag || other == Kind::Flag) {
            return Err(format!("`{operator}` is for numbers here"));
        }
        let numbers = one.is_number() || other.is_number() || !equality;
        let side = |side: &Expression| -> Result<String, Unsaid> {
            let said = if numbers { self.said(&self.number(side)?)? } else { self.said(side)? };
            match said.shape {
                Shape::Test => Err("a test stands inside of a comparison".to_owned()),
                Shape::Comparison | Shape::And | Shape::Or => {
                    Err("a condition stands inside of a comparison".to_owned())
                }
                Shape::List | Shape::FilteredList => Err("a list stands inside of a comparison".to_owned()),
                _ => Ok(said.text),
            }
        };
        let (left, right) = (side(left)?, side(right)?);
        Ok(Said::new(
            match operator {
                // There, what is no number differs from no number.
                "!=" if unknown => format!("not {left} == {right}"),
                operator => format!("{left} {operator} {right}"),
            },
            Shape::Comparison,
        ))
    }

    /// A list is compared with an empty one only, which is whether it has entries.
    fn compared_with_nothing(self, operator: &str, left: &Expression, right: &Expression) -> Result<Said, Unsaid> {
        let list = match (left, right) {
            (list, Expression::List(items)) | (Expression::List(items), list) if items.is_empty() => list,
            _ => return Err("a list stands inside of a comparison".to_owned()),
        };
        match operator {
            "==" => self.said(&Expression::Not(Box::new(list.clone()))),
            _ => self.said(list),
        }
    }

    fn within(self, operator: &str, left: &Expression, right: &Expression) -> Result<Said, Unsaid> {
        let (one, container) = (self.kind(left), self.kind(right));
        let left = match (&one, &container) {
            (Kind::Unknown, _) | (_, Kind::Unknown) => left.clone(),
            (one, container) if one.is_text() && container.is_text() => left.clone(),
            (one, Kind::List(entry)) => match (one, &**entry) {
                (one, entry) if one == entry || (one.is_text() && entry.is_text()) || *entry == Kind::Unknown => {
                    left.clone()
                }
                (Kind::Digits, Kind::Whole) => self.number(left)?,
                (Kind::Whole, Kind::Digits) => match left {
                    Expression::Number(number) => Expression::Text(number.clone()),
                    _ => return Err("a number is looked for among texts".to_owned()),
                },
                _ => return Err("a value is looked for among those of another kind".to_owned()),
            },
            _ => return Err("a value is looked for in what is no list".to_owned()),
        };
        let (left, right) = (self.said(&left)?, self.said(right)?);
        match left.shape {
            Shape::Atom | Shape::Sum | Shape::Product | Shape::Filtered => {}
            Shape::Text | Shape::Joined | Shape::FilteredText => {}
            _ => return Err("a condition or a list is looked for".to_owned()),
        }
        match right.shape {
            Shape::Atom | Shape::Text | Shape::Joined | Shape::FilteredText | Shape::List | Shape::FilteredList => {}
            _ => return Err("a list is worked out behind `in`; give it a name with `{% set %}`".to_owned()),
        }
        Ok(Said::new(format!("{} {operator} {}", left.text, right.text), Shape::Comparison))
    }

    /// Texts that are joined: the engine knows neither brackets nor filters nor conditions among them.
    fn joined(self, whole: &Expression) -> Result<Said, Unsaid> {
        let mut parts = Vec::new();
        whole.joined_parts(self.kinds, &mut parts);
        let part = |part: &&Expression| match (part, self.kind(part)) {
            (Expression::Number(number), Kind::Float) => {
                quoted(&printed_decimal(number).ok_or("a number has too many digits")?)
            }
            (
                Expression::Name(_)
                | Expression::Text(_)
                | Expression::Number(_)
                | Expression::Attribute(..)
                | Expression::Index(..),
                kind,
            ) if kind != Kind::Flag && !kind.is_list() => match self.said(part)? {
                Said { text, shape: Shape::Atom | Shape::Text } => Ok(text),
                _ => Err("only names and texts are joined here; give the other a name with `{% set %}`".to_owned()),
            },
            _ => Err("only names and texts are joined here; give the other a name with `{% set %}`".to_owned()),
        };
        let parts: Vec<String> = parts.iter().map(part).collect::<Result<_, _>>()?;
        Ok(Said::new(parts.join(" ~ "), Shape::Joined))
    }

    fn calculated(self, operator: &str, left: &Expression, right: &Expression) -> Result<Said, Unsaid> {
        if operator == "%" && !(left.is_never_negative() && right.is_never_negative()) {
            return Err("what remains of a division is another number here where one is below zero".to_owned());
        }
        let (mut left, mut right) = (self.said(&self.number(left)?)?, self.said(&self.number(right)?)?);
        if !left.is_filtered() && right.shape == Shape::Filtered && matches!(operator, "+" | "*") {
            std::mem::swap(&mut left, &mut right);
        }
        let strength = |shape: Shape| match shape {
            Shape::Sum => Some(1),
            Shape::Product => Some(2),
            Shape::Atom | Shape::Filtered => Some(3),
            _ => None,
        };
        let own = if matches!(operator, "+" | "-") { 1 } else { 2 };
        let shape = if left.is_filtered() {
            // A filter is for all that stands before it, and the engine begins anew behind one.
            if left.shape != Shape::Filtered {
                return Err(
                    "a filter stands inside of a calculation; give its value a name with `{% set %}`".to_owned()
                );
            }
            Shape::Calculation
        } else if right.is_filtered() {
            return Err("a filter stands inside of a calculation; give its value a name with `{% set %}`".to_owned());
        } else if own == 1 {
            Shape::Sum
        } else {
            Shape::Product
        };
        let side = |said: Said, least: u8| match strength(said.shape) {
            None => Err("a condition stands inside of a calculation".to_owned()),
            Some(strength) if strength < least => Ok(format!("({})", said.text)),
            Some(_) => Ok(said.text),
        };
        Ok(Said::new(format!("{} {operator} {}", side(left, own)?, side(right, own + 1)?), shape))
    }
}

fn quoted(text: &str) -> Result<String, Unsaid> {
    let quote = ['"', '\'', '`'].into_iter().find(|quote| !text.contains(*quote));
    quote.map(|quote| format!("{quote}{text}{quote}")).ok_or_else(|| "a text has all three kinds of quotes".to_owned())
}

#[cfg(test)]
mod tests;
