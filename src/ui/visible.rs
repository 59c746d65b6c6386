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
        let [start, middle, end] = MARKS;
        write!(f, "{start}{}{middle}{}{end}", self.0, self.1)
    }
}

/// `text` as a terminal may have it: our colours are set, everything else that it would obey is written out.
pub fn visible(text: &str) -> String {
    // Nearly all text is plain.
    if !text.chars().any(|letter| is_obeyed(letter) || MARKS.contains(&letter)) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter == MARKS[0] {
            let number: String = rest.as_str().chars().take_while(|letter| matches!(letter, '0'..='9' | ';')).collect();
            if let Some(after) = rest.as_str()[number.len()..].strip_prefix(MARKS[1]) {
                shown.push_str(&format!("\x1b[{number}m"));
                rest = after.chars();
            }
        } else if letter == MARKS[2] {
            shown.push_str("\x1b[0m");
        } else if is_obeyed(letter) {
            match letter {
                '\r' => shown.push_str("\\r"),
                letter => shown.extend(letter.escape_unicode()),
            }
        } else if letter != MARKS[1] {
            shown.push(letter);
        }
    }
    shown
}

/// Control characters but those that lay text out, and what turns its order around.
fn is_obeyed(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        letter => letter.is_control(),
    }
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
        // Whoever knows our marks gets a colour out of them, and nothing else.
        assert_eq!(visible("\u{fdd0}31\u{fdd1}x"), "\x1b[31mx");
        assert_eq!(visible("\u{fdd0}2J\u{fdd1}x\u{fdd0}"), "2Jx");
        assert_eq!(visible("\u{fdd0}]0;t\u{7}"), "]0;t\\u{7}");
    }
}
