//! What settings have for a desk and keep on an instance: an address of one's own machine, a database in memory, a refusal to load.

use crate::check::django::{Settings, Value};

/// An error that the settings raise by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) says: String,
}

/// What a module raises while it is loaded, under whatever condition: its own words say which.
pub(super) fn refusals(path: &str, text: &str) -> Vec<Refusal> {
    let mut found = Vec::new();
    let mut inside = false;
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with(|c: char| !c.is_whitespace() && c != '#' && c != ')' && c != ']') {
            inside = ["def ", "async ", "class ", "@", "try", "except"].iter().any(|word| line.starts_with(word));
        }
        if inside || !line.trim_start().starts_with("raise ") {
            continue;
        }
        // The text may begin in the line after, within the same brackets.
        let goes_on = |text: &str| text.matches('(').count() > text.matches(')').count();
        let mut rest = (*line).to_owned();
        for next in lines[at + 1..].iter().take(2) {
            if !goes_on(&rest) {
                break;
            }
            rest = format!("{rest} {next}");
        }
        let quoted =
            rest.find(['"', '\'']).map(|start| (rest[start..].chars().next().unwrap_or('"'), &rest[start + 1..]));
        if let Some((says, _)) = quoted.and_then(|(quote, rest)| rest.split_once(quote)) {
            found.push(Refusal { path: path.to_owned(), line: at + 1, says: says.to_owned() });
        }
    }
    found
}

/// Does the address name the machine of whoever asks?
pub(super) fn is_at_home(url: &str) -> bool {
    let host = url.split_once("//").map_or("", |(_, rest)| rest.split(['/', ':']).next().unwrap_or_default());
    matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0")
}

/// Is the database in memory, where nothing that one process writes is seen by another, unless a variable names another?
pub(super) fn memory_unless(settings: &Settings) -> bool {
    let Some(setting) = settings.get("DATABASES") else { return false };
    let default = setting.value.by_default().get("default");
    let name = default.by_default().get("NAME");
    // Where no variable is asked for, none can name another.
    let asks = [&setting.value, default, name].iter().any(|value| matches!(value, Value::Environment { .. }));
    (asks || !setting.reads.is_empty()) && name.by_default().text().is_some_and(|name| name.contains(":memory:"))
}
