//! Position of a mistake: the line of the file it is in, with the word underlined.

use std::fmt;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// Of what is underlined, in characters.
    pub(crate) length: usize,
    pub(crate) text: String,
}

impl Position {
    /// The position of `length` bytes at `offset`.
    pub(crate) fn of(file: &str, text: &str, offset: usize, length: usize) -> Self {
        let before = &text[..offset];
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        let word = text.get(offset..offset + length).unwrap_or_default();
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[begin..].chars().count() + 1,
            length: word.lines().next().unwrap_or_default().chars().count().max(1),
            text: line.to_owned(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A line of a file that nobody wrote by hand would fill the screen.
        const WIDEST: usize = 100;
        let skip = (self.column - 1).saturating_sub(WIDEST / 2);
        let shown: String =
            self.text.chars().skip(skip).take(WIDEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let number = self.line.to_string();
        let (pad, under) = (" ".repeat(number.len()), " ".repeat(self.column - 1 - skip));
        let marks = "^".repeat(self.length.min(WIDEST));
        write!(
            f,
            "{pad}--> {}:{number}:{}\n{pad} |\n{number} | {shown}\n{pad} | {under}{marks}",
            self.file, self.column
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_shows_its_word() {
        let text = "first\n\tsecond {{ nmae }}\n";
        let position = Position::of("files/a", text, text.find("nmae").unwrap_or_default(), 4);
        assert_eq!(position.to_string(), " --> files/a:2:12\n  |\n2 |  second {{ nmae }}\n  |            ^^^^");
        let long = format!("{}{{{{ nmae }}}}", "x".repeat(300));
        let shown = Position::of("a", &long, 303, 4).to_string();
        assert!(shown.lines().all(|line| line.len() < 110) && shown.contains("{{ nmae }}"), "{shown}");
    }
}
