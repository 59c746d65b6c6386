//! A report for people: the place, the source with a mark under it, what will happen, and the way out.

use std::fmt::{self, Write};

use super::{Finding, Level, Report};
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
        let fixable = if finding.fixable { " (`--fix` does it)" } else { "" };
        let fix = wrap(&format!("{}{fixable}", finding.fix), 7, 7, columns);
        writeln!(out, "  {} {}\n", paint.cyan("fix:"), fix.join("\n       "))
    }

    fn source(&self, out: &mut String, finding: &Finding, paint: Paint, columns: usize) -> fmt::Result {
        let (Some(start), Some(end)) = (finding.start, finding.end) else { return Ok(()) };
        let Some(line) = self.sources.get(&finding.path).and_then(|text| text.lines().nth(start.line - 1)) else {
            return Ok(());
        };
        // A line may be as long as the file; what stands around the mark is enough.
        const WIDTH: usize = 120;
        let number = start.line.to_string();
        let width = WIDTH.min(columns - number.len() - 5);
        let skip = if start.column > width { start.column - width / 2 } else { 0 };
        let shown: String = line.chars().skip(skip).take(width).map(printable).collect();
        let length = line.chars().count() + 1;
        let stop = if end.line == start.line { end.column } else { length };
        let length = stop.saturating_sub(start.column).clamp(1, (skip + width + 1).saturating_sub(start.column).max(1));
        let gutter = " ".repeat(number.len());
        let bar = paint.cyan("|");
        let mark = paint.yellow("^".repeat(length));
        writeln!(out, "  {gutter} {bar}")?;
        writeln!(out, "  {} {bar} {}", paint.cyan(&number), shown.trim_end())?;
        writeln!(out, "  {gutter} {bar} {}{mark}", " ".repeat(start.column - 1 - skip))
    }

    fn summary(&self) -> String {
        let looked = count(self.files, "file");
        let suppressed = match self.suppressed.len() {
            0 => String::new(),
            number => format!(", {number} suppressed"),
        };
        let levels = Level::ALL.into_iter().map(|level| (self.count(level), level.word()));
        let found: Vec<String> =
            levels.filter(|(number, _)| *number > 0).map(|(number, word)| count(number, word)).collect();
        match found.as_slice() {
            [] => format!("nothing found in {looked}{suppressed}"),
            found => format!("{} in {looked}{suppressed}", found.join(", ")),
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
