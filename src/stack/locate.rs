//! From an error of a stack to the place in its text.

use super::Error;
use super::position::Position;

/// Where in a template a mistake is: the byte, and how many.
pub(super) fn in_template(text: &str, error: &Error) -> Option<(usize, usize)> {
    match error {
        Error::NameUnknown { name, .. } | Error::NameLater { name, .. } | Error::SnippetUnknown { name, .. } => {
            word_in_tag(text, name).map(|at| (at, name.len()))
        }
        Error::TagOpen { tag, .. } => text.rfind(tag.as_str()).map(|at| (at, tag.len())),
        Error::Template { source, .. } => {
            let causes = std::iter::successors(Some(&**source as &dyn std::error::Error), |error| error.source());
            let said: Vec<String> = causes.map(ToString::to_string).collect();
            said.iter()
                .find_map(|said| at_line(text, said))
                .or_else(|| said.iter().rev().find_map(|said| at_name(text, said)))
        }
        _ => None,
    }
}

/// ` --> 3:7`, as the parser says it; at the end of the text, the block that was never closed.
fn at_line(text: &str, said: &str) -> Option<(usize, usize)> {
    let numbers = said.split("--> ").nth(1)?.lines().next()?;
    let (line, column) = numbers.split_once(':')?;
    let (line, column): (usize, usize) = (line.trim().parse().ok()?, column.trim().parse().ok()?);
    if let Some(open) = unclosed(text) {
        return Some(open);
    }
    let begin = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let rest = text.get(begin..)?.lines().next().unwrap_or_default();
    let at = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    let word = rest[at..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len() - at);
    Some((begin + at, word.max(1)))
}

/// The filter, function or name that the renderer names.
fn at_name(text: &str, said: &str) -> Option<(usize, usize)> {
    let quoted = said.split(['\'', '`']).skip(1).step_by(2);
    quoted
        .filter(|name| !name.is_empty() && *name != "template")
        .find_map(|name| Some((word_in_tag(text, name)?, name.len())))
}

/// The first place inside of brackets where `word` stands by itself.
fn word_in_tag(text: &str, word: &str) -> Option<usize> {
    const OPEN: [&str; 6] = ["{{", "{%", "<%", "<<", "[[", "[%"];
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |at: usize| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part);
    let places: Vec<usize> = text.match_indices(word).map(|(at, _)| at).filter(|at| alone(*at)).collect();
    let in_tag = |at: &&usize| {
        let line = text[..**at].rfind('\n').map_or(0, |at| at + 1);
        OPEN.iter().any(|open| text[line..**at].contains(open))
    };
    places.iter().find(in_tag).or_else(|| places.first()).copied()
}

/// The innermost block that is never closed.
fn unclosed(text: &str) -> Option<(usize, usize)> {
    let mut open: Vec<(usize, usize, &str)> = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("{%").map(|at| from + at) {
        let inside = &text[at + 2..];
        let end = inside.find("%}")?;
        let word =
            inside[..end].trim_matches(['-', ' ', '\n', '\t']).split(char::is_whitespace).next().unwrap_or_default();
        from = at + 2 + end + 2;
        match word {
            "if" | "for" | "macro" | "filter" | "raw" | "block" => open.push((at, from - at, word)),
            _ => {
                if let Some(closes) = word.strip_prefix("end")
                    && open.last().is_some_and(|(_, _, word)| *word == closes)
                {
                    open.pop();
                }
            }
        }
    }
    open.pop().map(|(at, length, _)| (at, length))
}

/// Where in `stack.toml` something is said of the question, derived value or rule that goes by `name`.
fn in_manifest(text: &str, table: &str, key: &str, name: &str) -> Option<(usize, usize)> {
    let mut offset = 0;
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            inside = trimmed == format!("[[{table}]]") || trimmed == format!("[{table}]");
        }
        if inside && let Some((said, value)) = trimmed.split_once('=') {
            let value = value.trim();
            let said = said.trim().trim_matches(['"', '\'']);
            let same = said == key
                && value.get(1..).is_some_and(|rest| rest.starts_with(name))
                && value.get(1 + name.len()..).is_some_and(|rest| rest.starts_with(['"', '\'']));
            if same || (key.is_empty() && said == name) {
                let at = line.find(trimmed).unwrap_or_default();
                return Some((offset + at, trimmed.len()));
            }
        }
        offset += line.len();
    }
    None
}

/// Where in the text of a manifest its mistake is.
pub(super) fn position_in(text: &str, file: &str, error: &Error) -> Option<Position> {
    let found = match error {
        Error::QuestionWrong { key, .. }
        | Error::SampleBad { key, .. }
        | Error::SampleMissing { key }
        | Error::Pattern { key, .. }
        | Error::SecretTold { key, .. } => in_manifest(text, "question", "key", key),
        Error::NameOdd { name } | Error::NameTaken { name } => in_manifest(text, "derived", "name", name)
            .or_else(|| in_manifest(text, "question", "key", name))
            .or_else(|| in_manifest(text, "capabilities", "", name)),
        Error::RuleIdle { path, .. } => in_manifest(text, "rule", "path", path),
        Error::PinUnknown { key, .. } => in_manifest(text, "pin", "", key),
        Error::PointUnknown { name, .. } => in_manifest(text, "extend", "", name),
        Error::ExtensionOdd { point, .. } => in_manifest(text, "extend", "", point),
        Error::CapabilityOdd { name } => in_manifest(text, "capabilities", "", name),
        Error::StackNameOdd { name } => in_manifest(text, "stack", "name", name),
        Error::PartUnknown { name, .. } => {
            text.find(&format!("\"{name}\"")).or_else(|| text.find(&format!("'{name}'"))).map(|at| (at + 1, name.len()))
        }
        Error::NameUnknown { place, .. }
        | Error::NameLater { place, .. }
        | Error::Template { place, .. }
        | Error::TagOpen { place, .. } => {
            let (table, key) = if place.starts_with("question") { ("question", "key") } else { ("derived", "name") };
            let name = place.split('`').nth(1)?;
            let begin = in_manifest(text, table, key, name).or_else(|| in_manifest(text, "rule", "path", name))?.0;
            // Up to the next table.
            let end = text[begin..].find("\n[").map_or(text.len(), |length| begin + length);
            match in_template(&text[begin..end], error) {
                Some((at, length)) if !matches!(error, Error::Template { .. }) => Some((begin + at, length)),
                _ => Some((begin, text[begin..end].lines().next()?.len())),
            }
        }
        _ => None,
    };
    found.map(|(at, length)| Position::of(file, text, at, length))
}

/// Where in the text of a manifest the thing stands that a remark is about, such as "question `name`".
pub(super) fn position_of(text: &str, file: &str, place: &str) -> Option<Position> {
    const TABLES: [(&str, &str, &str); 5] = [
        ("question ", "question", "key"),
        ("derived value ", "derived", "name"),
        ("capability ", "capabilities", ""),
        ("the condition of the rule for ", "rule", "path"),
        ("`", "shadows", ""),
    ];
    let name = place.split('`').nth(1)?;
    let table = || text.find(&format!("[data.{name}]")).map(|at| (at, name.len() + 7));
    let found = match place.starts_with("table ") {
        true => table(),
        false => TABLES
            .iter()
            .filter(|(begin, ..)| place.starts_with(begin))
            .find_map(|(_, table, key)| in_manifest(text, table, key, name)),
    };
    found.map(|(at, length)| Position::of(file, text, at, length))
}

#[cfg(test)]
mod tests {
    use super::super::expression::{Scope, render};
    use super::*;

    #[test]
    fn mistakes_of_templates_are_found_where_they_are() {
        #[track_caller]
        fn case(text: &str, line: usize, column: usize, word: &str) {
            let mut scope = Scope::default();
            scope.set("name", "x".into());
            scope.set("list", serde_json::json!(["x"]));
            let error = render("case", text, &scope).unwrap_err();
            let (at, length) = in_template(text, &error).unwrap_or_else(|| panic!("{error:?}"));
            let position = Position::of("case", text, at, length);
            assert_eq!((position.line, position.column, &text[at..at + length]), (line, column, word), "{error:?}");
        }
        case("a\nname nmae {{ nmae }}", 2, 14, "nmae");
        case("{% if nmae %}{% endif %}", 1, 7, "nmae");
        case("é {{ list.x.y }}", 1, 6, "list.x.y");
        case("a\n  {{ name | shout }}", 2, 13, "shout");
        case("{{ shout() }}", 1, 4, "shout");
        case("a\n{% if name %}\nb\n{% for a in list %}{% endfor %}\n", 2, 1, "{% if name %}");
        case("a\nb {{ name ) }}", 2, 11, ")");
        case("{{ 1 + name }}", 1, 8, "name");
    }
}
