//! How things are put into words: counts, sizes, lists, lines, and what a typo was meant to be.

use std::path::Path;

/// `text` in lines of at most `columns` characters, broken between words. Of the first line `used` are taken already, of the
/// others `indent`.
pub fn wrap(text: &str, used: usize, indent: usize, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = used;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && width + 1 + length > columns {
            lines.push(word.to_owned());
            width = indent + length;
        } else {
            width += length + usize::from(!line.is_empty());
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Bytes for people: `999 B`, `12.3 kB`, `4.5 MB`, in units of 1000, as AWS counts its limit.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would be printed as 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `` `one`, `two` ``: names as a sentence lists them.
pub fn ticked<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The known word that a typo was probably meant to be.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |word: &str| edits(&written.to_ascii_lowercase(), &word.to_ascii_lowercase());
    let (edits, word) = known.into_iter().map(|word| (distance(word), word)).min()?;
    // One letter in a short word, two in `package`, three in `upload-limit`: further away, it is another word.
    (edits <= 1 + word.len() / 6).then_some(word)
}

/// How many characters have to be added, removed or changed (Levenshtein).
pub(crate) fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(100).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A path as a shell takes it.
pub fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// What a shell takes a word for that was made so.
pub(super) fn unquoted(word: &str) -> String {
    match word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')) {
        Some(word) => word.replace("'\\''", "'"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_as_it_was() {
        for word in ["shop", "our shop", "it's", ""] {
            assert_eq!(unquoted(&quoted(word)), word);
        }
    }

    #[test]
    fn bytes_are_for_people() {
        #[track_caller]
        fn case(number: u64, text: &str) {
            assert_eq!(bytes(number), text);
        }
        case(0, "0 B");
        case(999, "999 B");
        case(1000, "1.0 kB");
        case(999_949, "999.9 kB");
        case(999_950, "1.0 MB");
        case(500_000_000, "500.0 MB");
        case(u64::MAX, "18446744.1 TB");
    }

    #[test]
    fn what_is_far_away_is_another_word() {
        let verbs = ["package", "stack", "post", "update", "inspect"];
        assert_eq!(nearest("packge", verbs), Some("package"));
        assert_eq!(nearest("Pakcage", verbs), Some("package"));
        assert_eq!(nearest("nope", verbs), None);
        assert_eq!(nearest("anything", []), None);
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(count(1, "file"), "1 file");
    }
}
