//! Reader: the text of an expression, taken apart as Jinja does it.

use std::fmt::Write;

use super::syntax::{Argument, Expression, Unsaid};

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Number(String),
    Sign(String),
}

/// Deeper than anybody nests.
const DEEPEST: usize = 60;
/// Choices in the condition of a choice: where it is said as a condition, each says the inner ones twice.
const MOST_CONDITIONS: usize = 8;
/// More than anybody joins, calls or looks up in one expression: a tree as deep as that is still walked without harm.
const MOST_LINKS: usize = 200;

/// The expression that a whole text is.
pub(super) fn read(text: &str) -> Result<Expression, Unsaid> {
    let mut reader = Reader { words: words(text)?, at: 0, depth: 0, conditions: 0, links: 0 };
    let expression = reader.either()?;
    match reader.peek() {
        None => Ok(expression),
        Some(_) => Err(format!("`{}` is more than one expression", text.trim())),
    }
}

fn words(text: &str) -> Result<Vec<Word>, Unsaid> {
    const SIGNS: [&str; 6] = ["==", "!=", "<=", ">=", "//", "**"];
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            found.push(Word::Name(rest[..end].to_owned()));
            end
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(rest.len());
            found.push(Word::Number(rest[..end].trim_end_matches('.').replace('_', "")));
            rest[..end].trim_end_matches('.').len()
        } else if first == '"' || first == '\'' {
            let (text, length) = text_of(rest, first)?;
            found.push(Word::Text(text));
            length
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.map_or_else(|| first.to_string(), str::to_owned);
            if !"()[]{}.,:|+-*/%~<>=".contains(first) && sign != "!=" {
                return Err(format!("`{first}` means nothing here"));
            }
            let length = sign.len();
            found.push(Word::Sign(sign));
            length
        };
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// A text in quotes, and how long it is with them.
fn text_of(rest: &str, quote: char) -> Result<(String, usize), Unsaid> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => match chars.next().map(|(_, next)| next) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(next @ ('\\' | '\'' | '"')) => text.push(next),
                Some(next) => write!(text, "\\{next}").map_err(|error| error.to_string())?,
                None => break,
            },
            char if char == quote => return Ok((text, at + 1)),
            char => text.push(char),
        }
    }
    Err("a quote is not closed".to_owned())
}

struct Reader {
    words: Vec<Word>,
    at: usize,
    depth: usize,
    /// Conditions of choices that this place is in.
    conditions: usize,
    /// Operators, calls and steps so far.
    links: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Sign(found)) if found == sign);
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Name(found)) if found == name);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Unsaid> {
        if self.sign(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    /// One more step that the tree gets deeper by.
    fn link(&mut self) -> Result<(), Unsaid> {
        self.links += 1;
        if self.links > MOST_LINKS { Err(format!("it has more than {MOST_LINKS} operators and calls")) } else { Ok(()) }
    }

    fn either(&mut self) -> Result<Expression, Unsaid> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let yes = self.or()?;
        let found = if self.keyword("if") {
            self.conditions += 1;
            if self.conditions > MOST_CONDITIONS {
                return Err("it is nested too deeply".to_owned());
            }
            let condition = Box::new(self.or()?);
            self.conditions -= 1;
            let no = if self.keyword("else") { Some(Box::new(self.either()?)) } else { None };
            Expression::Either { condition, yes: Box::new(yes), no }
        } else {
            yes
        };
        self.depth -= 1;
        Ok(found)
    }

    fn or(&mut self) -> Result<Expression, Unsaid> {
        let mut left = self.and()?;
        while self.keyword("or") {
            self.link()?;
            left = Expression::Binary("or".to_owned(), Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, Unsaid> {
        let mut left = self.not()?;
        while self.keyword("and") {
            self.link()?;
            left = Expression::Binary("and".to_owned(), Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, Unsaid> {
        let mut turns = 0;
        while self.keyword("not") {
            turns += 1;
        }
        let of = self.comparison()?;
        // Twice, it makes a condition of a value.
        let not = |of: Expression| Expression::Not(Box::new(of));
        Ok(match turns {
            0 => of,
            odd if odd % 2 == 1 => not(of),
            _ => not(not(of)),
        })
    }

    fn comparison(&mut self) -> Result<Expression, Unsaid> {
        let left = self.sum()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                return Ok(Expression::Binary(sign.to_owned(), Box::new(left), Box::new(self.sum()?)));
            }
        }
        if self.keyword("in") {
            return Ok(Expression::Binary("in".to_owned(), Box::new(left), Box::new(self.sum()?)));
        }
        if self.keyword("not") {
            if !self.keyword("in") {
                return Err("`in` is missing after `not`".to_owned());
            }
            return Ok(Expression::Binary("not in".to_owned(), Box::new(left), Box::new(self.sum()?)));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expression, Unsaid> {
        self.binary(&["+", "-"], Self::concatenation)
    }

    /// `~` binds more than `+`, and less than `*`.
    fn concatenation(&mut self) -> Result<Expression, Unsaid> {
        self.binary(&["~"], Self::product)
    }

    fn product(&mut self) -> Result<Expression, Unsaid> {
        self.binary(&["*", "//", "/", "%"], Self::power)
    }

    fn power(&mut self) -> Result<Expression, Unsaid> {
        self.binary(&["**"], Self::unary)
    }

    fn binary(
        &mut self,
        signs: &[&str],
        next: fn(&mut Self) -> Result<Expression, Unsaid>,
    ) -> Result<Expression, Unsaid> {
        let mut left = next(self)?;
        while let Some(sign) = signs.iter().find(|sign| self.sign(sign)) {
            self.link()?;
            left = Expression::Binary((*sign).to_owned(), Box::new(left), Box::new(next(self)?));
        }
        Ok(left)
    }

    /// Filters and tests are for all that stands before them, a sign too.
    fn unary(&mut self) -> Result<Expression, Unsaid> {
        let of = if self.sign("-") {
            Expression::Negative(Box::new(self.postfix()?))
        } else {
            self.sign("+");
            self.postfix()?
        };
        self.filtered(of)
    }

    fn postfix(&mut self) -> Result<Expression, Unsaid> {
        let mut of = self.primary()?;
        loop {
            if self.sign(".") {
                of = match self.words.get(self.at).cloned() {
                    Some(Word::Name(name)) => Expression::Attribute(Box::new(of), name),
                    Some(Word::Number(number)) => Expression::Index(Box::new(of), Box::new(Expression::Number(number))),
                    _ => return Err("nothing stands behind a dot".to_owned()),
                };
                self.at += 1;
            } else if self.sign("[") {
                if self.sign(":") {
                    return Err("there are no slices".to_owned());
                }
                let index = self.either()?;
                if self.sign(":") {
                    return Err("there are no slices".to_owned());
                }
                self.expect("]")?;
                of = Expression::Index(Box::new(of), Box::new(index));
            } else if self.sign("(") {
                of = Expression::Call(Box::new(of), self.arguments()?);
            } else {
                return Ok(of);
            }
            self.link()?;
        }
    }

    fn filtered(&mut self, mut of: Expression) -> Result<Expression, Unsaid> {
        loop {
            if self.sign("|") {
                let Some(Word::Name(name)) = self.peek().cloned() else {
                    return Err("a filter has no name".to_owned());
                };
                self.at += 1;
                let arguments = if self.sign("(") { self.arguments()? } else { Vec::new() };
                of = Expression::Filter(Box::new(of), name, arguments);
            } else if self.keyword("is") {
                let negated = self.keyword("not");
                let Some(Word::Name(name)) = self.peek().cloned() else { return Err("a test has no name".to_owned()) };
                self.at += 1;
                let arguments = if self.sign("(") { self.arguments()? } else { Vec::new() };
                let arguments = arguments.into_iter().map(|argument| argument.value).collect();
                of = Expression::Test(Box::new(of), negated, name, arguments);
            } else {
                return Ok(of);
            }
            self.link()?;
        }
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, Unsaid> {
        let mut found = Vec::new();
        while !self.sign(")") {
            let name = match (self.peek(), self.words.get(self.at + 1)) {
                (Some(Word::Name(name)), Some(Word::Sign(sign))) if sign == "=" => Some(name.clone()),
                _ => None,
            };
            self.at += if name.is_some() { 2 } else { 0 };
            found.push(Argument { name, value: self.either()? });
            if !self.sign(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(found)
    }

    fn primary(&mut self) -> Result<Expression, Unsaid> {
        let word = self.peek().cloned().ok_or("an expression is missing")?;
        self.at += 1;
        Ok(match word {
            Word::Text(text) => Expression::Text(text),
            Word::Number(number) => Expression::Number(number),
            Word::Name(name) => match name.as_str() {
                "true" | "True" => Expression::Flag(true),
                "false" | "False" => Expression::Flag(false),
                _ => Expression::Name(name),
            },
            Word::Sign(sign) => match sign.as_str() {
                "(" => {
                    let first = self.either()?;
                    if self.sign(",") {
                        Expression::List(self.items(first, ")")?)
                    } else {
                        self.expect(")").map(|()| first)?
                    }
                }
                "[" if self.sign("]") => Expression::List(Vec::new()),
                "[" => {
                    let first = self.either()?;
                    if self.sign(",") {
                        Expression::List(self.items(first, "]")?)
                    } else {
                        self.expect("]").map(|()| Expression::List(vec![first]))?
                    }
                }
                "{" => {
                    return Err("there are no tables in expressions; `[data.NAME]` of `stack.toml` has them".to_owned());
                }
                sign => return Err(format!("`{sign}` begins no expression")),
            },
        })
    }

    /// The rest of a list whose first entry and comma were read.
    fn items(&mut self, first: Expression, end: &str) -> Result<Vec<Expression>, Unsaid> {
        let mut items = vec![first];
        while !self.sign(end) {
            items.push(self.either()?);
            if !self.sign(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }
}
