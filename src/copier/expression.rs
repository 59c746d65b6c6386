//! Expressions of Jinja, read and said as the engine of a stack has them.
//!
//! The two languages look alike. What differs is said here: methods are filters, arguments have names, and a choice between
//! two values is a tag of its own.

use std::fmt::Write;

/// What cannot be said, as the end of "… cannot be carried over:".
pub(super) type Unsaid = String;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Name(String),
    Text(String),
    Number(String),
    Flag(bool),
    List(Vec<Self>),
    Attribute(Box<Self>, String),
    Index(Box<Self>, Box<Self>),
    Call(Box<Self>, Vec<Argument>),
    Filter(Box<Self>, String, Vec<Argument>),
    Test(Box<Self>, bool, String, Vec<Self>),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(String, Box<Self>, Box<Self>),
    /// `yes if condition else no`
    Either {
        condition: Box<Self>,
        yes: Box<Self>,
        no: Option<Box<Self>>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    name: Option<String>,
    value: Expression,
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Number(String),
    Sign(String),
}

/// Deeper than anybody nests.
const DEEPEST: usize = 60;

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, Unsaid> {
        let mut reader = Reader { words: words(text)?, at: 0, depth: 0 };
        let expression = reader.either()?;
        match reader.peek() {
            None => Ok(expression),
            Some(_) => Err(format!("`{}` is more than one expression", text.trim())),
        }
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
            Self::Call(callee, arguments) => call(callee, arguments)?,
            Self::Filter(of, name, arguments) => filter(of, name, arguments)?,
            Self::Test(of, negated, name, arguments) => test(of, *negated, name, arguments)?,
            Self::Not(of) => format!("not {}", of.operand()?),
            Self::Negative(of) => format!("-{}", of.operand()?),
            Self::Binary(operator, left, right) => {
                let operator = if operator == "//" { return Err("there is no `//`".to_owned()) } else { operator };
                if operator == "**" {
                    return Err("there is no `**`".to_owned());
                }
                format!("{} {operator} {}", left.beside(operator)?, right.beside(operator)?)
            }
            Self::Either { .. } => return Err("a choice between two values stands inside of an expression".to_owned()),
        })
    }

    /// As a condition: `a if c else b` is none of a value's.
    fn operand(&self) -> Result<String, Unsaid> {
        match self {
            Self::Binary(..) => Ok(format!("({})", self.said()?)),
            _ => self.said(),
        }
    }

    /// Beside an operator: brackets where this one binds less.
    fn beside(&self, outer: &str) -> Result<String, Unsaid> {
        match self {
            Self::Binary(inner, ..) if strength(inner) < strength(outer) => Ok(format!("({})", self.said()?)),
            Self::Not(_) if outer != "and" && outer != "or" => Err("`not` stands inside of a comparison".to_owned()),
            _ => self.said(),
        }
    }

    /// What may stand before a dot or a bracket.
    fn path(&self) -> Result<String, Unsaid> {
        match self {
            Self::Name(_) | Self::Attribute(..) | Self::Index(..) => self.said(),
            _ => Err("a part is taken of what is no name".to_owned()),
        }
    }

    /// Names of methods and filters take what stands before them only if it is simple.
    fn piped(&self) -> Result<String, Unsaid> {
        match self {
            Self::Binary(..) | Self::Not(_) | Self::Either { .. } | Self::Test(..) => {
                Err("a filter is for what is worked out in brackets; give that a name with `{% set %}`".to_owned())
            }
            _ => self.said(),
        }
    }
}

fn strength(operator: &str) -> u8 {
    match operator {
        "or" => 0,
        "and" => 1,
        "in" | "not in" => 2,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 3,
        "~" => 4,
        "+" | "-" => 5,
        _ => 6,
    }
}

fn quoted(text: &str) -> Result<String, Unsaid> {
    let quote = ['"', '\'', '`'].into_iter().find(|quote| !text.contains(*quote));
    let quote = quote.ok_or("a text has all three kinds of quotes")?;
    Ok(format!("{quote}{text}{quote}"))
}

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

/// A filter's name there, its name here, and the names of its arguments in their order.
const NAMED: [(&str, &str, &[&str]); 14] = [
    ("replace", "replace", &["from", "to"]),
    ("default", "default", &["value"]),
    ("d", "default", &["value"]),
    ("join", "join", &["sep"]),
    ("truncate", "truncate", &["length"]),
    ("split", "split", &["pat"]),
    ("count", "length", &[]),
    ("tojson", "json_encode", &[]),
    ("to_json", "json_encode", &[]),
    ("string", "as_str", &[]),
    ("e", "escape", &[]),
    ("indent", "indent", &["width"]),
    ("map", "map", &["attribute"]),
    ("camel_case", "camel_case", &[]),
];

fn filter(of: &Expression, name: &str, arguments: &[Argument]) -> Result<String, Unsaid> {
    let of = of.piped()?;
    if name == "slugify" && !arguments.is_empty() {
        let underscore = Expression::Text("_".to_owned());
        return match arguments {
            [Argument { value, .. }] if *value == underscore => Ok(format!("{of} | snake_case")),
            _ => Err("`slugify` takes no separator here".to_owned()),
        };
    }
    if SAME.contains(&name) {
        return if arguments.is_empty() {
            Ok(format!("{of} | {name}"))
        } else {
            Err(format!("`{name}` takes no arguments here"))
        };
    }
    let Some((_, here, names)) = NAMED.iter().find(|(there, ..)| *there == name).filter(|(_, here, _)| *here != "map")
    else {
        return Err(format!("there is no filter `{name}`"));
    };
    let mut said = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let own = match (&argument.name, names.get(at)) {
            (None, Some(name)) => *name,
            // `default(value, true)`: also what is empty.
            (None | Some(_), None) if *here == "default" => continue,
            (Some(given), _) => names
                .iter()
                .find(|known| {
                    **known == given
                        || (given == "default_value" && **known == "value")
                        || (given == "d" && **known == "sep")
                })
                .copied()
                .ok_or_else(|| format!("`{name}` has no argument `{given}` here"))?,
            (None, None) => return Err(format!("`{name}` takes fewer arguments here")),
        };
        said.push(format!("{own}={}", argument.value.said()?));
    }
    Ok(if said.is_empty() { format!("{of} | {here}") } else { format!("{of} | {here}({})", said.join(", ")) })
}

fn call(callee: &Expression, arguments: &[Argument]) -> Result<String, Unsaid> {
    let Expression::Attribute(of, method) = callee else {
        let name = callee.said().unwrap_or_default();
        return match (name.as_str(), arguments) {
            ("range", [one]) => Ok(format!("range(end={})", one.value.said()?)),
            ("range", [from, to]) => Ok(format!("range(start={}, end={})", from.value.said()?, to.value.said()?)),
            _ => Err(format!("there is no function `{name}`")),
        };
    };
    let text = |at: usize| arguments.get(at).map(|argument| argument.value.said()).transpose();
    match (method.as_str(), arguments.len()) {
        ("lower" | "upper" | "title" | "capitalize", 0) => filter(of, method, &[]),
        ("strip", 0) => filter(of, "trim", &[]),
        ("lstrip", 0) => Ok(format!("{} | trim_start", of.piped()?)),
        ("rstrip", 0) => Ok(format!("{} | trim_end", of.piped()?)),
        ("lstrip", 1) => Ok(format!("{} | trim_start_matches(pat={})", of.piped()?, text(0)?.unwrap_or_default())),
        ("rstrip", 1) => Ok(format!("{} | trim_end_matches(pat={})", of.piped()?, text(0)?.unwrap_or_default())),
        ("replace", 2) => filter(of, "replace", arguments),
        ("split", 1) => filter(of, "split", arguments),
        ("startswith", 1) => Ok(format!("{} is starting_with({})", of.piped()?, text(0)?.unwrap_or_default())),
        ("endswith", 1) => Ok(format!("{} is ending_with({})", of.piped()?, text(0)?.unwrap_or_default())),
        ("items", 0) => of.said(),
        ("join", 1) => match (&**of, arguments) {
            (Expression::Text(_), [list]) => {
                filter(&list.value, "join", &[Argument { name: None, value: (**of).clone() }])
            }
            _ => Err("`join` of what is no text".to_owned()),
        },
        _ => Err(format!("there is no method `{method}`")),
    }
}

fn test(of: &Expression, negated: bool, name: &str, arguments: &[Expression]) -> Result<String, Unsaid> {
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

    fn either(&mut self) -> Result<Expression, Unsaid> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let yes = self.or()?;
        let found = if self.keyword("if") {
            let condition = Box::new(self.or()?);
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
            left = Expression::Binary("or".to_owned(), Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, Unsaid> {
        let mut left = self.not()?;
        while self.keyword("and") {
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
        Ok(if turns % 2 == 1 { Expression::Not(Box::new(of)) } else { of })
    }

    fn comparison(&mut self) -> Result<Expression, Unsaid> {
        let left = self.concatenation()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                return Ok(Expression::Binary(sign.to_owned(), Box::new(left), Box::new(self.concatenation()?)));
            }
        }
        if self.keyword("in") {
            return Ok(Expression::Binary("in".to_owned(), Box::new(left), Box::new(self.concatenation()?)));
        }
        if self.keyword("not") {
            if !self.keyword("in") {
                return Err("`in` is missing after `not`".to_owned());
            }
            return Ok(Expression::Binary("not in".to_owned(), Box::new(left), Box::new(self.concatenation()?)));
        }
        Ok(left)
    }

    fn concatenation(&mut self) -> Result<Expression, Unsaid> {
        self.binary(&["~"], Self::sum)
    }

    fn sum(&mut self) -> Result<Expression, Unsaid> {
        self.binary(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Result<Expression, Unsaid> {
        self.binary(&["*", "//", "/", "%", "**"], Self::unary)
    }

    fn binary(
        &mut self,
        signs: &[&str],
        next: fn(&mut Self) -> Result<Expression, Unsaid>,
    ) -> Result<Expression, Unsaid> {
        let mut left = next(self)?;
        while let Some(sign) = signs.iter().find(|sign| self.sign(sign)) {
            left = Expression::Binary((*sign).to_owned(), Box::new(left), Box::new(next(self)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, Unsaid> {
        if self.sign("-") {
            return Ok(Expression::Negative(Box::new(self.postfix()?)));
        }
        self.postfix()
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
            } else if self.sign("|") {
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
        case("x | default('y', true)", "x | default(value=\"y\")");
        case("versions[0]", "versions[0]");
        case("x is not defined", "x is not defined");
        case("range(3)", "range(end=3)");
        case("d.items()", "d");
        case("x|length > 1", "x | length > 1");
        case("True", "true");
        case("'it\\'s'", "\"it's\"");
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
        case("name.rsplit('/')", "no method `rsplit`");
        case("now()", "no function `now`");
        case("{'a': 1}", "`[data.NAME]`");
        case("x is none", "no test `none`");
        case("(a ~ b) | lower", "brackets");
        case("a if b else c", "choice between two values");
        case("a b", "more than one expression");
        case("a ==", "an expression is missing");
        case("'a", "not closed");
        case("a ; b", "`;` means nothing");
        case(&"(".repeat(10_000), "nested too deeply");
    }
}
