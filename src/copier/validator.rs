//! Validator: a condition on an answer, and the words for where it holds.

use super::brackets::Brackets;
use super::syntax::{Argument, Expression};
use super::template::{Piece, pieces};

#[derive(Debug, PartialEq)]
pub(super) enum Validator {
    /// An answer that is empty is wrong.
    Empty,
    /// A regular expression for the whole answer, and the complaint.
    Pattern(String, String),
}

impl Validator {
    /// `{% if not name %}…{% endif %}` or `{% if not (name | regex_search('…')) %}…{% endif %}`; `None`: anything else.
    pub(super) fn read(text: &str, name: &str, brackets: &Brackets) -> Option<Self> {
        let pieces = pieces(text.trim(), brackets).ok()?;
        let mut pieces = pieces.iter().filter(|piece| !matches!(piece, Piece::Text("")));
        let Some(Piece::Statement("if", condition)) = pieces.next() else { return None };
        let mut complaint = String::new();
        let end = pieces.find(|piece| {
            match piece {
                Piece::Text(text) => complaint.push_str(text),
                Piece::Expression(_) => complaint.push('…'),
                Piece::Statement(..) => return true,
            }
            false
        });
        if !matches!(end, Some(Piece::Statement("endif", _))) || pieces.next().is_some() {
            return None;
        }
        let Ok(Expression::Not(wanted)) = Expression::parse(condition) else { return None };
        let itself = |of: &Expression| *of == Expression::Name(name.to_owned());
        match &*wanted {
            of if itself(of) => Some(Self::Empty),
            Expression::Call(callee, arguments) if arguments.is_empty() => {
                matches!(&**callee, Expression::Attribute(of, method) if itself(of) && method == "strip")
                    .then_some(Self::Empty)
            }
            Expression::Filter(of, filter, arguments) if itself(of) && filter == "regex_search" => {
                Some(Self::Pattern(searched(arguments)?, words(&complaint)))
            }
            _ => None,
        }
    }
}

/// What is looked for anywhere in an answer, as a pattern for the whole of it.
fn searched(arguments: &[Argument]) -> Option<String> {
    let [Argument { value: Expression::Text(pattern), .. }, flags @ ..] = arguments else { return None };
    let mut small = false;
    for flag in flags {
        match (flag.name.as_deref(), &flag.value) {
            (Some("ignorecase"), Expression::Flag(on)) => small = *on,
            // An answer has one line.
            (Some("multiline"), Expression::Flag(_)) => {}
            _ => return None,
        }
    }
    let (begins, ends) = (pattern.starts_with('^'), ends(pattern));
    let pattern = if has_ways(pattern) {
        format!(".*(?:{pattern}).*")
    } else {
        let inner = pattern.strip_prefix('^').unwrap_or(pattern);
        let inner = if ends { &inner[..inner.len() - 1] } else { inner };
        format!("{}{inner}{}", if begins { "" } else { ".*" }, if ends { "" } else { ".*" })
    };
    let pattern = if small { format!("(?i:{pattern})") } else { pattern };
    regex::Regex::new(&pattern).is_ok().then_some(pattern)
}

/// Does it end with a `$` that stands for the end?
fn ends(pattern: &str) -> bool {
    let before = pattern.strip_suffix('$');
    before.is_some_and(|before| (before.len() - before.trim_end_matches('\\').len()).is_multiple_of(2))
}

/// Does it have `|` outside of all brackets? Then `^` and `$` are for one side each.
fn has_ways(pattern: &str) -> bool {
    let (mut depth, mut set) = (0_usize, false);
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => drop(signs.next()),
            '[' => set = true,
            ']' => set = false,
            '(' if !set => depth += 1,
            ')' if !set => depth = depth.saturating_sub(1),
            '|' if !set && depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// A complaint as the end of "… ": one line.
fn words(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { "is not right".to_owned() } else { format!("is not right: {}", text.trim_end_matches('.')) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_a_pattern_for_the_whole() {
        #[track_caller]
        fn case(search: &str, pattern: Option<&str>) {
            let text = format!("{{% if not (name | regex_search({search})) %}}Small {{{{ name }}}}.{{% endif %}}");
            let expected =
                pattern.map(|pattern| Validator::Pattern(pattern.to_owned(), "is not right: Small …".to_owned()));
            assert_eq!(Validator::read(&text, "name", &Brackets::default()), expected, "{search}");
        }
        case("'^[a-z]+$'", Some("[a-z]+"));
        case("'[a-z]+'", Some(".*[a-z]+.*"));
        case("'^[a-z]'", Some("[a-z].*"));
        case("'[a-z]$'", Some(".*[a-z]"));
        case("'^a|b$'", Some(".*(?:^a|b$).*"));
        case("'^(a|b)$'", Some("(a|b)"));
        case("'^a[|$]$'", Some("a[|$]"));
        case("'^\\d+$'", Some("\\d+"));
        case("'a\\$'", Some(".*a\\$.*"));
        case("'^a$', ignorecase=True", Some("(?i:a)"));
        case("'^(a$'", None);
        case("other", None);
    }

    #[test]
    fn other_conditions_are_none() {
        #[track_caller]
        fn case(text: &str, expected: Option<Validator>) {
            assert_eq!(Validator::read(text, "name", &Brackets::default()), expected, "{text}");
        }
        case("{% if not name %}Say it.{% endif %}", Some(Validator::Empty));
        case("{%- if not name.strip() -%}Say it.{%- endif -%}", Some(Validator::Empty));
        case("{% if not other %}Say it.{% endif %}", None);
        case("{% if name | regex_search('[^a-z]') %}Small.{% endif %}", None);
        case("{% if not (name | regex_search('a')) or name == 'b' %}x{% endif %}", None);
        case("{% if not name %}a{% else %}b{% endif %}", None);
        case("{% if not name %}a{% endif %}{% if x %}b{% endif %}", None);
        case("plain", None);
    }
}
