//! Texts within a script that go into the file of a unit.

use std::ops::Range;

use super::FOLDERS;

/// The place of the file's path, the text, and where that begins.
pub(super) fn all(script: &str) -> Vec<(Range<usize>, &str, usize)> {
    let mut found = of_documents(script);
    found.extend(of_quotes(script));
    found
}

/// `echo "[Unit] …" | tee PATH`, and the same with `>`.
fn of_quotes(script: &str) -> Vec<(Range<usize>, &str, usize)> {
    let mut found = Vec::new();
    for (begin, _) in script.match_indices("[Unit]") {
        let Some(quote) = script[..begin].chars().next_back().filter(|char| matches!(char, '"' | '\'')) else {
            continue;
        };
        // Other quotes of its kind only end it for a moment.
        let ends = |at: &usize| {
            let rest = script[at + 1..].trim_start_matches([' ', '\t']);
            rest.starts_with(['|', '>']) && !script[..*at].ends_with('\\')
        };
        let Some(end) = script[begin..].match_indices(quote).map(|(at, _)| begin + at).find(ends) else { continue };
        let line = &script[end..end + script[end..].find('\n').unwrap_or(script.len() - end)];
        let Some(path) = FOLDERS.iter().filter_map(|folder| line.find(folder)).min() else { continue };
        found.push((place(script, end + path), &script[begin..end], begin));
    }
    found
}

/// The word that begins there.
fn place(script: &str, start: usize) -> Range<usize> {
    let rest = &script[start..];
    let length = rest.find(|char: char| char.is_whitespace() || matches!(char, '"' | '\'' | ';')).unwrap_or(rest.len());
    start..start + length
}

/// Here-documents.
fn of_documents(script: &str) -> Vec<(Range<usize>, &str, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut lines = script.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let start = at;
        at += line.len();
        let Some((_, end)) = line.split_once("<<").filter(|_| !line.trim_start().starts_with('#')) else { continue };
        let end = end.trim_start_matches('-').trim_start();
        let end =
            end.split(|char: char| char.is_whitespace() || matches!(char, ';' | '>' | '|')).next().unwrap_or_default();
        let end = end.trim_matches(['"', '\'', '\\']);
        let path = FOLDERS.iter().filter_map(|folder| line.find(folder)).min();
        if end.is_empty() {
            continue;
        }
        let begin = at;
        for line in lines.by_ref() {
            if line.trim() == end {
                if let Some(path) = path {
                    found.push((place(script, start + path), &script[begin..at], begin));
                }
                at += line.len();
                break;
            }
            at += line.len();
        }
    }
    found
}
