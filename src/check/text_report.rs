//! A report for people: the place, the source with a mark under it, what will happen, and the way out.

use std::fmt::{self, Write};

use super::{Finding, Report};
use crate::level::Level;
use crate::ui::{Paint, count, wrap};

impl Report {
    /// The whole report in colour, or not; for a terminal of this width, or with whole lines.
    pub fn paint(&self, paint: Paint, width: Option<usize>) -> String {
        let mut text = String::new();
        let columns = width.map_or(usize::MAX, |width| width.max(40));
        for finding in &self.findings {
            // Writing to a `String` cannot fail.
            let _ = self.one(&mut text, finding, paint, columns);
        }
        let _ = write!(text, "{}", self.summary());
        text
    }

    fn one(&self, out: &mut String, finding: &Finding, paint: Paint, columns: usize) -> fmt::Result {
        let head = format!("{}[{}]:", finding.level.word(), finding.rule);
        let lines = wrap(&finding.message, head.len() + 1, 2, columns);
        let head = match finding.level {
            Level::Error => paint.red(head),
            Level::Warning => paint.yellow(head),
            Level::Note => paint.cyan(head),
        };
        for (number, line) in lines.iter().enumerate() {
            writeln!(out, "{} {}", if number == 0 { head.as_str() } else { " " }, paint.bold(line))?;
        }
        let place = match finding.start {
            Some(start) => format!("{}:{}:{}", finding.path, start.line, start.column),
            None => finding.path.clone(),
        };
        writeln!(out, "  {} {place}", paint.cyan("-->"))?;
        self.source(out, finding, paint, columns)?;
        let fixable = if finding.fixable { " (`--fix` does this)" } else { "" };
        let fix = wrap(&format!("{}{fixable}", finding.fix), 7, 7, columns);
        writeln!(out, "  {} {}\n", paint.cyan("fix:"), fix.join("\n       "))
    }

    fn source(&self, out: &mut String, finding: &Finding, paint: Paint, columns: usize) -> fmt::Result {
        let (Some(start), Some(end), Some(span)) = (finding.start, finding.end, &finding.span) else { return Ok(()) };
        // A report goes where the code does not, such as the log of a build: no line of it holds a secret.
        if finding.rule == "EB112" {
            return Ok(());
        }
        let Some(text) = self.sources.get(&finding.path) else { return Ok(()) };
        let begin = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        if crate::secret::in_line(text[begin..].lines().next().unwrap_or_default()) {
            return Ok(());
        }
        // A line may be as long as the file; what stands around the mark is enough.
        const WIDTH: usize = 120;
        let number = start.line.to_string();
        let width = WIDTH.min(columns - number.len() - 5); // `paint` sees to it that there is room
        let before = if start.column > width { width / 2 } else { start.column - 1 };
        let from = text[..span.start].char_indices().rev().take(before).last().map_or(span.start, |(at, _)| at);
        let line = text[from..].chars().take_while(|char| *char != '\n');
        let mut shown: Vec<char> = line.take(width + 1).collect();
        if shown.last() == Some(&'\r') {
            shown.pop();
        }
        // A line that goes on says so.
        if shown.len() > width {
            shown.truncate(width);
            shown[width - 1] = '…';
        }
        if before < start.column - 1 && before > 0 {
            shown[0] = '…';
        }
        let room = shown.len().saturating_sub(before).max(1);
        let length = if end.line == start.line { end.column - start.column } else { room };
        let shown: String = shown.into_iter().map(printable).collect();
        let (gutter, bar) = (" ".repeat(number.len()), paint.cyan("|"));
        let mark = paint.yellow("^".repeat(length.clamp(1, room)));
        writeln!(out, "  {gutter} {bar}")?;
        writeln!(out, "  {} {bar} {}", paint.cyan(&number), shown.trim_end())?;
        writeln!(out, "  {gutter} {bar} {}{mark}", " ".repeat(before))
    }

    fn summary(&self) -> String {
        let looked = count(self.files, "file");
        let suppressed = match self.suppressed.len() {
            0 => String::new(),
            number => format!(", {number} suppressed"),
        };
        let fixable = self.findings.iter().filter(|finding| finding.fixable).count();
        let fixable = if fixable > 0 { format!("; `--fix` fixes {fixable}") } else { String::new() };
        let levels = Level::ALL.into_iter().map(|level| (self.count(level), level.word()));
        let found: Vec<String> =
            levels.filter(|(number, _)| *number > 0).map(|(number, word)| count(number, word)).collect();
        match found.as_slice() {
            [] => format!("nothing found in {looked}{suppressed}"),
            found => format!("{} in {looked}{suppressed}{fixable}", found.join(", ")),
        }
    }
}

/// Tabs and control characters would move the mark, or the terminal.
fn printable(char: char) -> char {
    match char {
        '\t' => ' ',
        char if char.is_control() => '\u{fffd}',
        char => char,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.paint(Paint::default(), None))
    }
}
