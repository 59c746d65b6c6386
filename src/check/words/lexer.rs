//! Lexer: the text of a shell, cut into simple commands and their words, each with its place.

use std::ops::Range;

/// A word, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// The words between two separators.
#[derive(Default)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    pub(super) writes: Vec<Word>,
    pub(super) piped: bool,
    pub(super) forgiven: bool,
    /// Is the list that it stands in left to itself, by `&` at its end?
    pub(super) background: bool,
}

/// The commands between `;`, `&&`, `||`, `|` and the ends of lines.
pub(super) fn simple_commands(text: &str) -> Vec<Simple> {
    let bytes = text.as_bytes();
    let mut found: Vec<Simple> = Vec::new();
    let mut now = Simple::default();
    let mut word: Option<(usize, String)> = None;
    let mut redirects = false;
    // Where the list begins whose commands `&&` joins.
    let mut list = 0;
    let mut documents: Vec<String> = Vec::new();
    let mut at = 0;
    let finish = |now: &mut Simple, word: &mut Option<(usize, String)>, end: usize, redirects: &mut bool| {
        if let Some((start, text)) = word.take() {
            let word = Word { text, span: start..end };
            if std::mem::take(redirects) { now.writes.push(word) } else { now.words.push(word) }
        }
    };
    while at < bytes.len() {
        let rest = &text[at..];
        let char = rest.chars().next().unwrap_or(' ');
        let begun = |word: &mut Option<(usize, String)>| {
            word.get_or_insert_with(|| (at, String::new()));
        };
        match char {
            '\\' if rest[1..].starts_with('\n') => at += 2,
            '\\' => {
                begun(&mut word);
                let next = rest[1..].chars().next();
                word.as_mut().expect("it has begun").1.extend(next);
                at += 1 + next.map_or(0, char::len_utf8);
            }
            '\'' | '"' => {
                begun(&mut word);
                let mut end = at + 1;
                while end < bytes.len() && bytes[end] != char as u8 {
                    end += if bytes[end] == b'\\' && char == '"' { 2 } else { 1 };
                }
                let end = end.min(bytes.len());
                let inside = text.get(at + 1..end).unwrap_or_default();
                word.as_mut().expect("it has begun").1.push_str(inside);
                at = end + 1;
            }
            '$' | '`' if char == '`' || rest.starts_with("$(") => {
                // What is put in is a command of its own, and its output a part of this word.
                begun(&mut word);
                let end = substitution(rest).min(rest.len());
                word.as_mut().expect("it has begun").1.push_str(&rest[..end]);
                at += end;
            }
            '#' if word.is_none() => at += rest.find('\n').unwrap_or(rest.len()),
            '<' if rest.starts_with("<<") && !rest.starts_with("<<<") => {
                finish(&mut now, &mut word, at, &mut redirects);
                let name = rest[2..].trim_start_matches('-').trim_start_matches(' ');
                let quote = |char: char| matches!(char, '\'' | '"' | '\\');
                let name_end = name.find(|char: char| char.is_whitespace() || matches!(char, ';' | '|' | '>' | '&'));
                let name = &name[..name_end.unwrap_or(name.len())];
                at += rest.len() - rest[2..].trim_start_matches('-').trim_start_matches(' ').len() + name.len();
                documents.push(name.replace(quote, ""));
            }
            '>' | '<' => {
                // `2>&1`: a number before it is no word.
                if word.as_ref().is_some_and(|(_, text)| text.chars().all(|char| char.is_ascii_digit() || char == '&'))
                {
                    word = None;
                }
                finish(&mut now, &mut word, at, &mut redirects);
                let length = rest.len() - rest.trim_start_matches(['>', '<', '|']).len();
                at += length;
                match text[at..].starts_with('&') {
                    true => {
                        at += 1 + text[at + 1..].len()
                            - text[at + 1..].trim_start_matches(|char: char| char.is_ascii_digit() || char == '-').len()
                    }
                    false => redirects = char == '>',
                }
            }
            '\n' | ';' | '&' | '|' => {
                finish(&mut now, &mut word, at, &mut redirects);
                let (or, pipe) = (rest.starts_with("||"), char == '|' && !rest.starts_with("||"));
                at += if rest.starts_with("&&") || rest.starts_with("||") || rest.starts_with(";;") { 2 } else { 1 };
                let done = std::mem::take(&mut now);
                let ends = !done.words.is_empty();
                if !done.words.is_empty() || !done.writes.is_empty() {
                    found.push(done);
                }
                if or {
                    found[list..].iter_mut().for_each(|command| command.forgiven = true);
                }
                // `&>` is a target, and what is behind `|&` has a word of its own.
                if ends && char == '&' && !rest.starts_with("&&") && !rest.starts_with("&>") {
                    found[list..].iter_mut().for_each(|command| command.background = true);
                }
                if !pipe && !rest.starts_with("&&") {
                    list = found.len();
                }
                now.piped = pipe;
                if char == '\n' {
                    for name in documents.drain(..) {
                        at = skip_document(text, at, &name);
                    }
                }
            }
            char if char.is_whitespace() => {
                finish(&mut now, &mut word, at, &mut redirects);
                at += char.len_utf8();
            }
            '(' | ')' => {
                finish(&mut now, &mut word, at, &mut redirects);
                at += 1;
            }
            char => {
                begun(&mut word);
                word.as_mut().expect("it has begun").1.push(char);
                at += char.len_utf8();
            }
        }
    }
    finish(&mut now, &mut word, text.len(), &mut redirects);
    if !now.words.is_empty() {
        found.push(now);
    }
    found
}

/// The length of `$(…)` or `` `…` `` at the beginning of a text.
fn substitution(text: &str) -> usize {
    if let Some(rest) = text.strip_prefix('`') {
        return rest.find('`').map_or(text.len(), |end| end + 2);
    }
    let mut depth = 0usize;
    for (at, char) in text.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Past the line that ends a here-document.
fn skip_document(text: &str, from: usize, name: &str) -> usize {
    let mut at = from;
    for line in text[from.min(text.len())..].split_inclusive('\n') {
        at += line.len();
        if line.trim() == name {
            break;
        }
    }
    at
}
