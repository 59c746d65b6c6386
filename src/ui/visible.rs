//! Text that goes to a terminal, with nothing in it that a terminal would obey but our own colours.
//!
//! Names and messages come from anybody: from a bundle, a repository, a server. The one place where text leaves the
//! program writes out what moves a cursor, sets a title or turns the order of letters around. Colours are no text until
//! then: [`Colour`] marks them with characters that Unicode keeps for such use inside of programs.

use std::fmt;

/// Before the number of a colour, behind it, and where the colour ends.
const MARKS: [char; 3] = ['\u{fdd0}', '\u{fdd1}', '\u{fdd2}'];

/// Text in a colour of ours.
pub(super) struct Colour<'a, T>(pub(super) &'a str, pub(super) T);

impl<T: fmt::Display> fmt::Display for Colour<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_assert!(COLOURS.contains(&self.0), "no colour of ours: {}", self.0);
        let [start, middle, end] = MARKS;
        write!(f, "{start}{}{middle}{}{end}", self.0, self.1)
    }
}

/// Numbers of our colours: bold, dim, red, green, yellow, cyan. A terminal obeys others in other ways.
pub(super) const COLOURS: [&str; 6] = ["1", "2", "1;31", "32", "1;33", "1;36"];

/// `text` as a terminal may have it: our colours are set, everything else that it would obey is written out.
pub fn visible(text: &str) -> String {
    // Nearly all text is plain.
    if !text.chars().any(|letter| is_obeyed(letter) || MARKS.contains(&letter)) {
        return text.to_owned();
    }
    let [start, middle, end] = MARKS;
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut open = 0;
    while let Some(letter) = rest.chars().next() {
        let of_colour = |number: &&'static str| {
            Some((*number, rest.strip_prefix(start)?.strip_prefix(*number)?.strip_prefix(middle)?))
        };
        if let Some((number, after)) = COLOURS.iter().find_map(of_colour) {
            shown.push_str(&format!("\x1b[{number}m"));
            open += 1;
            rest = after;
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        match letter {
            letter if letter == end && open > 0 => {
                shown.push_str("\x1b[0m");
                open -= 1;
            }
            '\r' => shown.push_str("\\r"),
            letter if is_obeyed(letter) || MARKS.contains(&letter) => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    shown
}

/// Control characters but those that lay text out, and what turns its order around.
fn is_obeyed(letter: char) -> bool {
    !matches!(letter, '\n' | '\t') && (letter.is_control() || turns_text(letter))
}

/// Does it let text read in another order than it is written?
pub fn turns_text(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A JSON document that a terminal may have. Only its strings have letters that are not of ASCII, and JSON has a way to write
/// those out that every reader of it undoes.
pub(super) fn visible_json(document: String) -> String {
    // JSON writes out the control characters below U+0020 itself.
    let is_obeyed = |letter: char| letter != '\n' && is_obeyed(letter);
    if !document.chars().any(is_obeyed) {
        return document;
    }
    let mut shown = String::with_capacity(document.len() + 16);
    for letter in document.chars() {
        if is_obeyed(letter) {
            shown.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_obeyed_but_our_colours() {
        let foreign = "a\x1b[31m\x07\r\u{9b}2J\x7f\u{202e}gpj.py\u{2066}\u{200f}\n\tend";
        let shown = visible(&format!("{}: {foreign}", Colour("1;31", "error")));
        assert_eq!(
            shown,
            "\x1b[1;31merror\x1b[0m: a\\u{1b}[31m\\u{7}\\r\\u{9b}2J\\u{7f}\\u{202e}gpj.py\\u{2066}\\u{200f}\n\tend"
        );
        assert_eq!(visible("plain é か\n"), "plain é か\n");
        // Whoever knows our marks gets a colour of ours out of them, and nothing else.
        assert_eq!(visible("\u{fdd0}32\u{fdd1}x\u{fdd2}y\u{fdd2}"), "\x1b[32mx\x1b[0my\\u{fdd2}");
        for number in ["8", "5", "31", "0", "", "1;31;8", "38;5;0", "2J", "]0;t"] {
            let shown = visible(&format!("\u{fdd0}{number}\u{fdd1}x\u{fdd2}"));
            assert_eq!(shown, format!("\\u{{fdd0}}{number}\\u{{fdd1}}x\\u{{fdd2}}"));
        }
        assert_eq!(visible("\u{fdd0}]0;t\u{7}"), "\\u{fdd0}]0;t\\u{7}");
    }

    #[test]
    fn json_says_the_same_without_anything_to_obey() {
        let hostile = "\x1b[2J\u{7f}\u{9b}2J\u{61c}\u{202e}gpj\u{2066}\u{200f} é か";
        let text = visible_json(serde_json::to_string_pretty(&[hostile, "plain"]).unwrap());
        assert!(!text.chars().any(|letter| letter != '\n' && is_obeyed(letter)), "{}", text.escape_debug());
        assert!(text.contains("\\u007f\\u009b2J\\u061c\\u202egpj\\u2066\\u200f é か"), "{text}");
        assert_eq!(serde_json::from_str::<[String; 2]>(&text).unwrap(), [hostile, "plain"]);
    }
}
