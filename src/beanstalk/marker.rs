//! Marker: what stands after `;` in a requirement, such as `python_version < "3.13"`, read and decided.
//!
//! pip decides it by the interpreter that it runs on. Whoever resolves for an instance on another machine has to ask for that
//! instance instead. As in the Python Packaging User Guide, "Dependency specifiers".

/// An expression, or the reason why it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    And(Vec<Self>),
    Or(Vec<Self>),
    Compare { left: Operand, operator: String, right: Operand },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// Such as `python_version`.
    Variable(String),
    Text(String),
}

impl Marker {
    /// `None`: it is no marker.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = words(text)?.into_iter().peekable();
        let marker = either(&mut words, 0)?;
        words.next().is_none().then_some(marker)
    }

    /// Does it hold where variables have these values, and for one of these extras? `None`: a variable has no value, or
    /// nobody knows how to compare.
    pub fn holds<S: AsRef<str>>(&self, value: &dyn Fn(&str) -> Option<String>, extras: &[S]) -> Option<bool> {
        match self {
            Self::And(all) => {
                let all: Option<Vec<bool>> = all.iter().map(|marker| marker.holds(value, extras)).collect();
                Some(all?.into_iter().all(|holds| holds))
            }
            Self::Or(any) => {
                let any: Option<Vec<bool>> = any.iter().map(|marker| marker.holds(value, extras)).collect();
                Some(any?.into_iter().any(|holds| holds))
            }
            Self::Compare { left, operator, right } => {
                let is_extra = |operand: &Operand| *operand == Operand::Variable("extra".to_owned());
                if is_extra(left) || is_extra(right) {
                    let other = if is_extra(left) { right } else { left };
                    let Operand::Text(name) = other else { return None };
                    let name = crate::package_name::normal(name);
                    let among = extras.iter().any(|extra| crate::package_name::normal(extra.as_ref()) == name);
                    return match operator.as_str() {
                        "==" => Some(among),
                        "!=" => Some(!among),
                        _ => None,
                    };
                }
                let text = |operand: &Operand| match operand {
                    Operand::Variable(name) => value(name),
                    Operand::Text(text) => Some(text.clone()),
                };
                compare(&text(left)?, operator, &text(right)?)
            }
        }
    }
}

type Words = std::iter::Peekable<std::vec::IntoIter<Word>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    Operator(String),
    /// A name or a keyword.
    Name(String),
    Text(String),
}

fn words(text: &str) -> Option<Vec<Word>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, length) = match first {
            '(' => (Word::Open, 1),
            ')' => (Word::Close, 1),
            '"' | '\'' => {
                let end = rest[1..].find(first)? + 1;
                (Word::Text(rest[1..end].to_owned()), end + 1)
            }
            '<' | '>' | '=' | '!' | '~' => {
                let end = rest.find(|char| !"<>=!~".contains(char)).unwrap_or(rest.len());
                (Word::Operator(rest[..end].to_owned()), end)
            }
            _ => {
                let named = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '.';
                let end = rest.find(|char| !named(char)).unwrap_or(rest.len());
                (end > 0).then(|| (Word::Name(rest[..end].to_owned()), end))?
            }
        };
        found.push(word);
        rest = rest[length..].trim_start();
    }
    Some(found)
}

/// Parentheses deeper than this are nobody's.
const DEEPEST: usize = 50;

fn either(words: &mut Words, depth: usize) -> Option<Marker> {
    let mut all = vec![both(words, depth)?];
    while words.next_if_eq(&Word::Name("or".to_owned())).is_some() {
        all.push(both(words, depth)?);
    }
    Some(if all.len() == 1 { all.remove(0) } else { Marker::Or(all) })
}

fn both(words: &mut Words, depth: usize) -> Option<Marker> {
    let mut all = vec![one(words, depth)?];
    while words.next_if_eq(&Word::Name("and".to_owned())).is_some() {
        all.push(one(words, depth)?);
    }
    Some(if all.len() == 1 { all.remove(0) } else { Marker::And(all) })
}

fn one(words: &mut Words, depth: usize) -> Option<Marker> {
    if words.next_if_eq(&Word::Open).is_some() {
        let marker = (depth < DEEPEST).then(|| either(words, depth + 1))??;
        return words.next_if_eq(&Word::Close).map(|_| marker);
    }
    let left = operand(words.next()?)?;
    let operator = match words.next()? {
        Word::Operator(operator) => operator,
        Word::Name(name) if name == "in" => name,
        Word::Name(name) if name == "not" => {
            words.next_if_eq(&Word::Name("in".to_owned()))?;
            "not in".to_owned()
        }
        _ => return None,
    };
    Some(Marker::Compare { left, operator, right: operand(words.next()?)? })
}

fn operand(word: Word) -> Option<Operand> {
    match word {
        // The old spellings, such as `os.name`.
        Word::Name(name) => Some(Operand::Variable(match name.as_str() {
            "python_implementation" => "platform_python_implementation".to_owned(),
            _ => name.replace('.', "_"),
        })),
        Word::Text(text) => Some(Operand::Text(text)),
        _ => None,
    }
}

/// Versions by their numbers, everything else as text.
fn compare(left: &str, operator: &str, right: &str) -> Option<bool> {
    match operator {
        "in" => return Some(right.contains(left)),
        "not in" => return Some(!right.contains(left)),
        _ => {}
    }
    let prefix = right.strip_suffix(".*");
    match (numbers(left), numbers(prefix.unwrap_or(right))) {
        (Some(left), Some(right)) => {
            let starts = left.len() >= right.len() && left.starts_with(&right);
            let (short, long) = (trimmed(&left), trimmed(&right));
            let order = short.cmp(long);
            Some(match operator {
                "==" if prefix.is_some() => starts,
                "!=" if prefix.is_some() => !starts,
                "==" | "===" => order.is_eq(),
                "!=" => order.is_ne(),
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                ">=" => order.is_ge(),
                "~=" => order.is_ge() && right.len() > 1 && left.starts_with(&right[..right.len() - 1]),
                _ => return None,
            })
        }
        _ => match operator {
            "==" | "===" => Some(left == right),
            "!=" => Some(left != right),
            "<" => Some(left < right),
            "<=" => Some(left <= right),
            ">" => Some(left > right),
            ">=" => Some(left >= right),
            _ => None,
        },
    }
}

/// `3.13` and `3.13.0` are one version.
fn trimmed(numbers: &[u64]) -> &[u64] {
    let end = numbers.iter().rposition(|number| *number != 0).map_or(0, |at| at + 1);
    &numbers[..end]
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    // Of `3.11.0a7` the numbers count: an instance runs no preview.
    let end = text.find(|char: char| !(char.is_ascii_digit() || char == '.')).unwrap_or(text.len());
    text[..end].trim_end_matches('.').split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        let value = match name {
            "python_version" => "3.13",
            "python_full_version" => "3.13.7",
            "sys_platform" => "linux",
            "platform_machine" => "x86_64",
            "os_name" => "posix",
            "platform_python_implementation" => "CPython",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn markers_hold_for_the_instance() {
        #[track_caller]
        fn case(text: &str, holds: bool) {
            let marker = Marker::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(marker.holds(&value, &["Zstd_x"]), Some(holds), "{text}");
        }
        case("python_version < '3.9'", false);
        case("python_version >= \"3.13\"", true);
        case("python_version == '3.13.*'", true);
        case("python_version == '3.13.0'", true);
        case("python_version != '3.1.*'", true);
        case("python_version ~= '3.11'", true);
        case("'3.12' <= python_version", true);
        case("python_full_version < '3.11.0a7'", false);
        case("sys_platform == 'win32' or sys_platform=='linux'", true);
        case("sys_platform == 'linux' and platform_machine == 'aarch64'", false);
        case("(os.name == 'nt' or python_version > '3') and sys_platform != 'darwin'", true);
        case("platform_machine in 'x86_64 amd64'", true);
        case("platform_machine not in 'arm64 aarch64'", true);
        case("extra == 'zstd-x'", true);
        case("extra == 'other' and python_version > '3'", false);
        case("python_implementation == 'CPython'", true);
    }

    #[test]
    fn what_is_no_marker_is_not_decided() {
        for text in
            ["", "python_version", "python_version <", "(a == 'b'", "a == 'b", "a == 'b' xor c == 'd'", "a $ 'b'"]
        {
            assert_eq!(Marker::parse(text), None, "{text}");
        }
        assert!(Marker::parse(&("(".repeat(100_000) + "a == 'b'")).is_none());
        let unknown = Marker::parse("libc_version > '2'").unwrap();
        assert_eq!(unknown.holds::<&str>(&value, &[]), None);
    }
}
