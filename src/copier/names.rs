//! Names of files: what decides on a file stands beside it in a stack, and not in its name.

use super::brackets::Brackets;
use super::syntax::{Expression, Macros, Unsaid};
use super::template::{Piece, Reading, pieces};
use super::writer::Writer;

/// A name that a file may have.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Named {
    /// Where the file is in the stack.
    pub(super) path: String,
    /// What has to hold for it to be written.
    pub(super) when: Vec<String>,
}

/// One way in which the conditions of a name's part can turn out.
#[derive(Debug, Clone, Default)]
struct Turn {
    when: Vec<String>,
    name: String,
    /// What the name is put together of, as long as that may come to nothing.
    nothing: Vec<String>,
    solid: bool,
}

/// More ways than a name has.
const MOST: usize = 32;

/// The names that a path can have; none where every way comes to nothing, which is no file for copier. `empty` says whether
/// the answer to a question may be empty.
pub(super) fn of(text: &str, reading: Reading<'_>, empty: &dyn Fn(&str) -> bool) -> Result<Vec<Named>, Unsaid> {
    let mut all = vec![Named::default()];
    let macros = Macros::new();
    let writer = Writer { kinds: reading.kinds, macros: &macros };
    for part in text.split('/') {
        let pieces = pieces(part, reading.brackets)?;
        let mut reader = Reader { pieces: &pieces, at: 0, depth: 0, brackets: reading.brackets, writer, empty };
        let turns = reader.sequence()?;
        if reader.at < pieces.len() {
            return Err("a name has tags that belong to no other".to_owned());
        }
        let mut longer = Vec::new();
        for named in &all {
            for turn in turns.iter().filter(|turn| !turn.name.is_empty()) {
                let mut when = named.when.clone();
                when.extend(turn.when.iter().cloned());
                if !turn.solid {
                    when.push(
                        turn.nothing.iter().map(|said| format!("{said} != \"\"")).collect::<Vec<_>>().join(" or "),
                    );
                }
                let slash = if named.path.is_empty() { "" } else { "/" };
                longer.push(Named { path: format!("{}{slash}{}", named.path, turn.name), when });
            }
        }
        if longer.len() > MOST {
            return Err(too_many());
        }
        all = longer;
    }
    Ok(all)
}

fn too_many() -> Unsaid {
    format!("a name can turn out in more than {MOST} ways")
}

struct Reader<'a> {
    pieces: &'a [Piece<'a>],
    at: usize,
    depth: usize,
    brackets: &'a Brackets,
    writer: Writer<'a>,
    empty: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    /// Up to what ends a block, or the end.
    fn sequence(&mut self) -> Result<Vec<Turn>, Unsaid> {
        let mut turns = vec![Turn::default()];
        while let Some(piece) = self.pieces.get(self.at) {
            let next = match piece {
                Piece::Text(text) => vec![self.literal(text)],
                Piece::Expression(expression) => self.values(&expression.clone().printed(self.writer.kinds)?)?,
                Piece::Statement("if", condition) => {
                    self.at += 1;
                    self.branches(condition)?
                }
                Piece::Statement("elif" | "else" | "endif", _) => return Ok(turns),
                Piece::Statement(word, _) => return Err(format!("a name has the tag `{word}` in it")),
            };
            self.at += 1;
            turns = joined(&turns, &next)?;
        }
        Ok(turns)
    }

    fn literal(&self, text: &str) -> Turn {
        let mut name = String::new();
        self.brackets.plain(&mut name, text);
        Turn { solid: !name.is_empty(), name, ..Turn::default() }
    }

    /// A condition, and what holds where it does not.
    fn both(&self, condition: &Expression) -> Result<(String, String), Unsaid> {
        let not = Expression::Not(Box::new(condition.clone()));
        Ok((self.writer.condition(condition)?, self.writer.condition(&not)?))
    }

    /// The values of an expression, each with what it is chosen by.
    fn values(&self, expression: &Expression) -> Result<Vec<Turn>, Unsaid> {
        match expression {
            Expression::Either { condition, yes, no } => {
                let (condition, not) = self.both(condition)?;
                let no = no.as_ref().map_or(Ok(vec![Turn::default()]), |no| self.values(no))?;
                Ok([under(&condition, self.values(yes)?), under(&not, no)].concat())
            }
            Expression::Text(text) => Ok(vec![self.literal(text)]),
            // Each part of what is joined stands for itself, so that it may have tags of its own.
            Expression::Binary(operator, left, right) if operator == "~" => {
                joined(&self.values(left)?, &self.values(right)?)
            }
            value => {
                let said = self.writer.value(value)?;
                let solid = !value.may_be_empty(self.empty);
                let nothing = if solid { Vec::new() } else { vec![said.clone()] };
                Ok(vec![Turn { name: format!("{{{{ {said} }}}}"), nothing, solid, ..Turn::default() }])
            }
        }
    }

    /// The branches of an `if` whose tag was read; `at` ends at its `endif`.
    fn branches(&mut self, condition: &str) -> Result<Vec<Turn>, Unsaid> {
        const DEEPEST: usize = 8;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the conditions of a name are nested too deeply".to_owned());
        }
        let mut turns = Vec::new();
        let mut holds = Expression::parse(condition)?;
        // What did not hold before.
        let mut before: Vec<String> = Vec::new();
        loop {
            let (said, not) = self.both(&holds)?;
            let branch = self.sequence()?;
            turns.extend(before.iter().rev().fold(under(&said, branch), |branch, not| under(not, branch)));
            before.push(not);
            let Some(Piece::Statement(word, rest)) = self.pieces.get(self.at) else {
                return Err("`if` is not closed".to_owned());
            };
            match *word {
                "elif" => {
                    self.at += 1;
                    holds = Expression::parse(rest)?;
                    continue;
                }
                "else" => {
                    self.at += 1;
                    let branch = self.sequence()?;
                    turns.extend(before.iter().rev().fold(branch, |branch, not| under(not, branch)));
                    if !matches!(self.pieces.get(self.at), Some(Piece::Statement("endif", _))) {
                        return Err("`if` is not closed".to_owned());
                    }
                }
                _ => turns.extend(before.iter().rev().fold(vec![Turn::default()], |branch, not| under(not, branch))),
            }
            self.depth -= 1;
            return if turns.len() > MOST { Err(too_many()) } else { Ok(turns) };
        }
    }
}

/// The same ways, where a condition holds besides.
fn under(condition: &str, mut turns: Vec<Turn>) -> Vec<Turn> {
    turns.iter_mut().for_each(|turn| turn.when.insert(0, condition.to_owned()));
    turns
}

/// Each of the first ways with each of the second behind it.
fn joined(first: &[Turn], second: &[Turn]) -> Result<Vec<Turn>, Unsaid> {
    if first.len() * second.len() > MOST {
        return Err(too_many());
    }
    let both = |one: &Turn, other: &Turn| Turn {
        when: [one.when.as_slice(), &other.when].concat(),
        name: format!("{}{}", one.name, other.name),
        nothing: [one.nothing.as_slice(), &other.nothing].concat(),
        solid: one.solid || other.solid,
    };
    Ok(first.iter().flat_map(|one| second.iter().map(move |other| both(one, other))).collect())
}

#[cfg(test)]
mod tests {
    use super::super::brackets::Brackets;
    use super::super::kind::Kind;
    use super::*;

    #[test]
    fn conditions_stand_beside_a_name() {
        #[track_caller]
        fn case(name: &str, expected: &[(&str, &[&str])]) {
            let kinds = |name: &str| if name == "flag" { Kind::Flag } else { Kind::Text };
            let reading = Reading { brackets: &Brackets::default(), kinds: &kinds, files: None };
            let found = of(name, reading, &|name| name == "maybe").unwrap();
            let found: Vec<(&str, Vec<&str>)> = found
                .iter()
                .map(|named| (named.path.as_str(), named.when.iter().map(String::as_str).collect()))
                .collect();
            let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(path, when)| (*path, when.to_vec())).collect();
            assert_eq!(found, expected, "{name}");
        }
        case("{{ name }}/a.py", &[("{{ name }}/a.py", &[])]);
        case("{% if github %}.github{% endif %}/x.yml", &[(".github/x.yml", &["github"])]);
        case(
            "{% if a %}b{% endif %}/{% if c != 'd' %}{{ e }}.md{% endif %}",
            &[("b/{{ e }}.md", &["a", "c != \"d\""])],
        );
        // Two names of one file.
        case("{% if a %}b{% else %}c{% endif %}", &[("b", &["a"]), ("c", &["not a"])]);
        case("{% if a %}b{% elif c == 'd' %}e{% endif %}", &[("b", &["a"]), ("e", &["not a", "c == \"d\""])]);
        case("a{% if b %}-c{% endif %}.md", &[("a-c.md", &["b"]), ("a.md", &["not b"])]);
        case("{{ 'a' if b else 'c' }}.md", &[("a.md", &["b"]), ("c.md", &["not b"])]);
        case("{{ flag }}.md", &[("True.md", &["flag"]), ("False.md", &["not flag"])]);
        case("{{ a ~ '.md' }}", &[("{{ a }}.md", &[])]);
        // What comes to nothing is no file.
        case("{{ 'a' if b }}/c", &[("a/c", &["b"])]);
        case("{{ maybe }}/c", &[("{{ maybe }}/c", &["maybe != \"\""])]);
        case("{{ maybe | lower }}.py", &[("{{ maybe | lower }}.py", &[])]);
        case(
            "{{ maybe }}{{ maybe | lower }}",
            &[("{{ maybe }}{{ maybe | lower }}", &["maybe != \"\" or maybe | lower != \"\""])],
        );
        case("{% if a %}{% endif %}/x", &[]);
    }

    #[test]
    fn what_no_name_can_be_is_told() {
        #[track_caller]
        fn case(name: &str, why: &str) {
            let reading = Reading { brackets: &Brackets::default(), kinds: &|_| Kind::Text, files: None };
            let error = of(name, reading, &|_| false).unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
        case("{% for a in b %}c{% endfor %}", "the tag `for`");
        case("{% if a %}b", "`if` is not closed");
        case("b{% endif %}", "belong to no other");
        case("{{ a", "is not closed");
        case(&"{% if a %}b{% endif %}".repeat(6), "more than 32 ways");
        case(&"{% if a %}".repeat(1_000), "nested too deeply");
    }
}
