//! Spelling of names: some systems give back another spelling than the one that git and Linux know.
//!
//! Here, and not where a folder is read, so that what a Mac or Windows would do is tested everywhere.

use std::borrow::Cow;
use std::path::PathBuf;

use unicode_normalization::char::{canonical_combining_class, compose};

/// A name that this system gave, as it ships.
pub(crate) fn of_name(name: &str) -> Cow<'_, str> {
    if cfg!(target_os = "macos") { composed(name) } else { Cow::Borrowed(name) }
}

/// The target of a link that this system gave, as it ships.
pub(crate) fn of_target(target: PathBuf) -> PathBuf {
    let ships = match target.to_str() {
        Some(text) if cfg!(target_os = "macos") => composed(text),
        Some(text) if cfg!(windows) => slashed(text),
        _ => return target,
    };
    match ships {
        Cow::Owned(ships) => ships.into(),
        Cow::Borrowed(_) => target,
    }
}

/// `é` as one letter instead of `e` and its accent, as git has it on a Mac (`core.precomposeUnicode`).
///
/// Programs there write the two apart, and both spellings open the same file. On Linux they are two files, and what links
/// and browsers ask for is the one letter. Pairs are joined and nothing else is replaced: NFC would also change letters
/// that stand alone, such as those Japanese names that have an old form.
pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    let mut letters: Vec<char> = Vec::with_capacity(name.len());
    // The letter that marks are joined to, and the class of the last mark that was not.
    let mut base: Option<(usize, u8)> = None;
    let mut joined = false;
    for letter in name.chars() {
        let class = canonical_combining_class(letter);
        if let Some((at, last)) = base
            && (last == 0 && at + 1 == letters.len() || last != 0 && last < class)
            && let Some(whole) = compose(letters[at], letter)
        {
            letters[at] = whole;
            joined = true;
            continue;
        }
        match (class, &mut base) {
            (0, _) => base = Some((letters.len(), 0)),
            (_, Some((_, last))) => *last = class,
            (_, None) => {}
        }
        letters.push(letter);
    }
    if joined { Cow::Owned(letters.into_iter().collect()) } else { Cow::Borrowed(name) }
}

/// A target on Windows with the separators of everybody else. A backslash stays in one that is absolute.
fn slashed(target: &str) -> Cow<'_, str> {
    let is_absolute = target.starts_with('\\') || target.contains(':');
    if is_absolute || !target.contains('\\') { Cow::Borrowed(target) } else { Cow::Owned(target.replace('\\', "/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_their_accents_are_one() {
        #[track_caller]
        fn case(name: &str, ships: &str) {
            assert_eq!(composed(name), ships, "{}", name.escape_unicode());
            assert_eq!(composed(ships), ships);
        }
        case("plain.py", "plain.py");
        case("cafe\u{301}.html", "caf\u{e9}.html");
        case("\u{304b}\u{3099}\u{304d}\u{3099}.png", "\u{304c}\u{304e}.png");
        case("\u{30cf}\u{309a}\u{30f3}", "\u{30d1}\u{30f3}");
        case("\u{1112}\u{1161}\u{11ab}", "\u{d55c}");
        // Two marks, of which the nearer one is joined first.
        case("u\u{308}\u{304}", "\u{1d6}");
        case("q\u{323}\u{307}", "q\u{323}\u{307}");
        case("e\u{323}\u{302}", "\u{1ec7}");
        // A mark of another place does not part a letter from its accent; one of the same place does.
        case("a\u{316}\u{301}", "\u{e1}\u{316}");
        case("a\u{315}\u{315}\u{301}", "a\u{315}\u{315}\u{301}");
        // What NFC would change, and git does not.
        case("\u{fa19}\u{793e}.jpg", "\u{fa19}\u{793e}.jpg");
        case("\u{301}alone", "\u{301}alone");
    }

    #[test]
    fn targets_of_windows_have_slashes() {
        assert_eq!(slashed(r"..\static\logo.svg"), "../static/logo.svg");
        assert_eq!(slashed("a/b"), "a/b");
        // These lead out of the bundle, and must still look like it.
        assert_eq!(slashed(r"C:\Windows"), r"C:\Windows");
        assert_eq!(slashed(r"\\server\share"), r"\\server\share");
    }
}
