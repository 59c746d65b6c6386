//! Variables: `$NAME`, `${NAME}` and `${NAME:-default}` in a text, with the values that are known.

/// No path, name or command that anybody means is longer. Values of values would double without end.
const LONGEST: usize = 10_000;

/// The text with what is known; the rest stays as it is written, and so does all of a text that would be too long.
pub(super) fn fill<'v>(text: &str, known: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let escaped = rest[..at].ends_with('\\');
        let (name, default, length) = reference(&rest[at + 1..]);
        let end = at + 1 + length;
        let value = known(name).or(default).filter(|_| !name.is_empty() && !escaped);
        filled.push_str(&rest[..at]);
        filled.push_str(value.unwrap_or(&rest[at..end]));
        rest = &rest[end..];
        if filled.len() > LONGEST {
            return text.to_owned();
        }
    }
    filled + rest
}

/// What stands behind a dollar: the name, what it is where that is not set, and how long all of it is.
fn reference(after: &str) -> (&str, Option<&str>, usize) {
    let of_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let name = |text: &str| text.find(|char| !of_name(char)).unwrap_or(text.len());
    let Some(inner) = after.strip_prefix('{') else {
        return (&after[..name(after)], None, name(after));
    };
    let (first, behind) = inner.split_at(name(inner));
    let Some(close) = behind.find('}') else { return ("", None, 0) };
    let length = 1 + first.len() + close + 1;
    match behind[..close].strip_prefix(":-") {
        Some(default) if !default.contains('$') => (first, Some(default), length),
        None if close == 0 => (first, None, length),
        _ => ("", None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_and_what_stays() {
        let of =
            |text: &str| fill(text, |name| ["A", "AB"].contains(&name).then_some(if name == "A" { "x" } else { "y" }));
        for (text, expected) in [
            ("$A/$AB", "x/y"),
            ("${A}B", "xB"),
            ("$ABC", "$ABC"),
            ("${C:-z}", "z"),
            ("${A:-z}", "x"),
            ("${C}", "${C}"),
            ("${A:+z}", "${A:+z}"),
            ("${C:-$A}", "${C:-x}"),
            ("\\$A", "\\$A"),
            ("$", "$"),
            ("${", "${"),
            ("${A", "${A"),
            ("a$é", "a$é"),
            ("$(A)", "$(A)"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn values_that_double_come_to_an_end() {
        let long = "x".repeat(6_000);
        assert_eq!(fill("$A$A", |_| Some(&long)), "$A$A");
    }
}
