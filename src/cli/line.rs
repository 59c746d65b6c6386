//! Line that a person types: moved in, corrected, and erased by the rows that it takes on the screen, not by its lines.

use std::io;

use console::{Key, Term, measure_text_width};
use dialoguer::theme::Theme;

/// Text that is being typed, and where in it the cursor stands.
#[derive(Debug, Default)]
struct Typed {
    text: Vec<char>,
    at: usize,
}

impl Typed {
    fn press(&mut self, key: &Key) {
        match key {
            Key::Char(c) if !c.is_control() => {
                self.text.insert(self.at, *c);
                self.at += 1;
            }
            Key::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            Key::Del if self.at < self.text.len() => drop(self.text.remove(self.at)),
            Key::ArrowLeft => self.at = self.at.saturating_sub(1),
            Key::ArrowRight => self.at = (self.at + 1).min(self.text.len()),
            Key::Home => self.at = 0,
            Key::End => self.at = self.text.len(),
            _ => {}
        }
    }

    fn upto(&self, end: usize) -> String {
        self.text[..end].iter().collect()
    }

    fn whole(&self) -> String {
        self.upto(self.text.len())
    }
}

/// Prompt on the screen.
pub(super) struct Line<'a> {
    pub(super) term: &'a Term,
    pub(super) theme: &'a dyn Theme,
    pub(super) prompt: &'a str,
    /// Taken where nothing is typed.
    pub(super) default: Option<&'a str>,
    /// What is wrong with an answer.
    pub(super) complaint: &'a dyn Fn(&str) -> Option<String>,
}

impl Line<'_> {
    pub(super) fn read(&self) -> io::Result<String> {
        let mut typed = Typed::default();
        let mut wrong: Option<String> = None;
        loop {
            let row = self.draw(&typed, wrong.as_deref())?;
            let key = self.term.read_key()?;
            self.erase(row)?;
            if key != Key::Enter {
                typed.press(&key);
                continue;
            }
            let answer = match self.default {
                Some(default) if typed.text.is_empty() => default.to_owned(),
                _ => typed.whole(),
            };
            wrong = (self.complaint)(&answer);
            if wrong.is_none() {
                self.term.write_line(&written(|line| {
                    self.theme.format_input_prompt_selection(line, self.prompt, &answer)
                }))?;
                return Ok(answer);
            }
        }
    }

    /// Draw everything anew; the row of the cursor, counted from the first.
    fn draw(&self, typed: &Typed, wrong: Option<&str>) -> io::Result<usize> {
        let columns = usize::from(self.term.size().1).max(1);
        let mut above = 0;
        if let Some(wrong) = wrong {
            let line = written(|line| self.theme.format_error(line, wrong));
            above = rows(measure_text_width(&line), columns);
            self.term.write_line(&line)?;
        }
        let prompt = written(|line| self.theme.format_input_prompt(line, self.prompt, self.default));
        let start = measure_text_width(&prompt);
        let end = start + measure_text_width(&typed.whole());
        let cursor = start + measure_text_width(&typed.upto(typed.at));
        self.term.write_str(&format!("{prompt}{}", typed.whole()))?;
        if end > 0 && end.is_multiple_of(columns) {
            // A terminal that is full to its edge waits with the next row until something comes.
            self.term.write_line("")?;
        }
        let (last, here) = (end / columns, cursor / columns);
        self.term.move_cursor_up(last - here)?;
        self.term.move_cursor_left(columns)?;
        self.term.move_cursor_right(cursor % columns)?;
        self.term.flush()?;
        Ok(above + here)
    }

    fn erase(&self, row: usize) -> io::Result<()> {
        self.term.move_cursor_up(row)?;
        self.term.move_cursor_left(usize::from(self.term.size().1))?;
        self.term.clear_to_end_of_screen()
    }
}

/// How many rows a line of this width takes.
fn rows(width: usize, columns: usize) -> usize {
    width.div_ceil(columns).max(1)
}

fn written(write: impl FnOnce(&mut dyn std::fmt::Write) -> std::fmt::Result) -> String {
    let mut text = String::new();
    write(&mut text).expect("a text takes everything");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_and_correct() {
        let mut typed = Typed::default();
        let keys = "abcd".chars().map(Key::Char);
        let more = [
            Key::ArrowLeft,
            Key::ArrowLeft,
            Key::Char('X'),
            Key::Home,
            Key::Char('q'),
            Key::Del,
            Key::End,
            Key::Backspace,
        ];
        keys.chain(more).for_each(|key| typed.press(&key));
        assert_eq!(typed.whole(), "qbXc");
        typed.press(&Key::Char('\u{7}'));
        assert_eq!(typed.whole(), "qbXc");
    }

    #[test]
    fn a_line_takes_rows() {
        assert_eq!([rows(0, 80), rows(80, 80), rows(81, 80)], [1, 1, 2]);
    }
}
