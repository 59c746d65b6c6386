//! Lines of a requirements file, as pip takes them apart.

use std::ops::Range;

use super::Requirement;
use crate::package_name::normal;

/// What a line asks for.
pub(super) enum Line {
    /// Such as `--index-url URL`.
    Option {
        name: String,
        value: String,
    },
    Include {
        path: String,
        constraint: bool,
    },
    Package(Requirement),
}

/// The lines of a text without comments, a `\` at the end joined with the next; the place is that of the first to the last word.
pub(crate) fn logical(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut joined: Option<(Range<usize>, String)> = None;
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let from = start;
        start += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        let code = without_comment(line);
        let goes_on = code.len() == line.len() && code.ends_with('\\');
        let code = code.strip_suffix('\\').filter(|_| goes_on).unwrap_or(code);
        let trimmed = code.trim();
        let begin = from + (code.len() - code.trim_start().len());
        let span = begin..begin + trimmed.len();
        match &mut joined {
            Some((whole, words)) if !trimmed.is_empty() => {
                whole.end = span.end;
                words.push(' ');
                words.push_str(trimmed);
            }
            Some(_) => {}
            None if trimmed.is_empty() => {}
            None => joined = Some((span, trimmed.to_owned())),
        }
        if !goes_on {
            found.extend(joined.take());
        }
    }
    found.extend(joined);
    found
}

/// A comment begins with `#` at the start of a line or after a blank: `#egg=` is none.
fn without_comment(line: &str) -> &str {
    let starts = |(at, _): &(usize, &str)| *at == 0 || line[..*at].ends_with(char::is_whitespace);
    line.match_indices('#').find(starts).map_or(line, |(at, _)| &line[..at])
}

impl Line {
    pub(super) fn of(line: &str) -> Self {
        let option = |names: [&str; 2]| {
            names.into_iter().find_map(|name| {
                let rest = line.strip_prefix(name)?;
                // `-r x`, `-rx`, `--requirement=x`
                let long = name.starts_with("--");
                (!long || rest.starts_with(['=', ' ', '\t'])).then(|| rest.trim_start_matches(['=', ' ', '\t']))
            })
        };
        let path = |rest: &str| rest.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']).to_owned();
        if let Some(rest) = option(["--requirement", "-r"]) {
            return Self::Include { path: path(rest), constraint: false };
        }
        if let Some(rest) = option(["--constraint", "-c"]) {
            return Self::Include { path: path(rest), constraint: true };
        }
        let editable = option(["--editable", "-e"]);
        match editable {
            None if line.starts_with('-') => option_of(line),
            _ => Self::Package(Requirement {
                editable: editable.is_some(),
                hashes: hashes(line),
                text: without_hashes(line),
                ..package(editable.unwrap_or(line))
            }),
        }
    }
}

/// `--name value`, `--name=value`, and the short forms that pip has for lists.
fn option_of(line: &str) -> Line {
    let end = line.find([' ', '\t', '=']).unwrap_or(line.len());
    let (name, value) = line.split_at(end);
    let value = value.trim_start_matches([' ', '\t', '=']).trim();
    let (name, value) = match name {
        "-i" | "--pypi-url" => ("--index-url", value),
        "-f" => ("--find-links", value),
        // `-fwheels`
        glued if !glued.starts_with("--") && glued.starts_with("-f") => ("--find-links", &line[2..]),
        glued if !glued.starts_with("--") && glued.starts_with("-i") => ("--index-url", &line[2..]),
        name => (name, value),
    };
    Line::Option { name: name.to_owned(), value: value.trim_matches(['"', '\'']).to_owned() }
}

/// What `--hash` says, in the order of the line.
fn hashes(line: &str) -> Vec<String> {
    let mut words = line.split_whitespace();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if word == "--hash" {
            found.extend(words.next().map(str::to_owned));
        } else if let Some(hash) = word.strip_prefix("--hash=") {
            found.push(hash.to_owned());
        }
    }
    found
}

fn without_hashes(line: &str) -> String {
    line.split(" --").next().unwrap_or(line).trim_end().to_owned()
}

/// `name[extras]==1.2; marker`, `name @ URL`, a URL or a folder.
pub(super) fn package(line: &str) -> Requirement {
    let line = without_hashes(line);
    // A URL may have `;` in it: there a blank stands before the marker.
    let (what, marker) = match line.contains("://") {
        true => line.split_once(" ;").map_or((line.as_str(), None), |(what, marker)| (what, Some(marker))),
        false => line.split_once(';').map_or((line.as_str(), None), |(what, marker)| (what, Some(marker))),
    };
    let what = what.trim();
    let end = what.find(|char: char| !(char.is_ascii_alphanumeric() || "-_.".contains(char))).unwrap_or(what.len());
    let (name, rest) = what.split_at(end);
    let rest = rest.trim_start();
    let folder = what.starts_with(['.', '/']) || rest.starts_with(['/', '\\', ':']) || rest.starts_with('+');
    let (extras, specifier) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((extras, rest)) => (extras.split(',').map(|extra| normal(extra.trim())).collect(), rest.trim()),
        None => (Vec::new(), rest),
    };
    let egg = what.split_once("#egg=").map(|(_, egg)| egg.split(['&', '[']).next().unwrap_or(egg));
    Requirement {
        name: normal(egg.unwrap_or(if folder { "" } else { name })),
        extras,
        specifier: if folder || specifier.starts_with('@') {
            String::new()
        } else {
            specifier.chars().filter(|char| !char.is_whitespace() && !matches!(char, '(' | ')')).collect()
        },
        marker: marker.map(|marker| marker.trim().to_owned()).filter(|marker| !marker.is_empty()),
        editable: false,
        constraint: false,
        hashes: Vec::new(),
        text: what.to_owned(),
        path: String::new(),
        span: 0..0,
        line: 1,
    }
}
