//! A report for people: the place, the source with a mark under it, what will happen, and the way out.

use std::fmt::{self, Write};

use super::{Finding, Level, Report};
use crate::ui::{Paint, count};

impl Report {
    /// The whole report in colour, or not.
    pub fn paint(&self, paint: Paint) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            // Writing to a `String` cannot fail.
            let _ = self.one(&mut text, finding, paint);
        }
        let _ = write!(text, "{}", self.summary());
        text
    }

    fn one(&self, out: &mut String, finding: &Finding, paint: Paint) -> fmt::Result {
        let head = format!("{}[{}]:", finding.level.word(), finding.rule);
        let head = match finding.level {
            Level::Error => paint.red(head),
            Level::Warning => paint.yellow(head),
        };
        writeln!(out, "{head} {}", paint.bold(&finding.message))?;
        let place = match finding.start {
            Some(start) => format!("{}:{}:{}", finding.path, start.line, start.column),
            None => finding.path.clone(),
        };
        writeln!(out, "  {} {place}", paint.cyan("-->"))?;
        self.source(out, finding, paint)?;
        let fixable = if finding.fixable { " (`--fix` does it)" } else { "" };
        writeln!(out, "  {} {}{fixable}\n", paint.cyan("fix:"), finding.fix)
    }

    fn source(&self, out: &mut String, finding: &Finding, paint: Paint) -> fmt::Result {
        let (Some(start), Some(end)) = (finding.start, finding.end) else { return Ok(()) };
        let Some(line) = self.sources.get(&finding.path).and_then(|text| text.lines().nth(start.line - 1)) else {
            return Ok(());
        };
        // A line may be as long as the file; what stands around the mark is enough.
        const WIDTH: usize = 120;
        let skip = if start.column > WIDTH { start.column - WIDTH / 2 } else { 0 };
        let shown: String = line.chars().skip(skip).take(WIDTH).map(printable).collect();
        let length = line.chars().count() + 1;
        let stop = if end.line == start.line { end.column } else { length };
        let width = stop.saturating_sub(start.column).clamp(1, WIDTH);
        let number = start.line.to_string();
        let gutter = " ".repeat(number.len());
        let bar = paint.cyan("|");
        let mark = paint.yellow("^".repeat(width.min((skip + WIDTH + 1).saturating_sub(start.column).max(1))));
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
        let (errors, warnings) = (self.count(Level::Error), self.count(Level::Warning));
        match (errors, warnings) {
            (0, 0) => format!("nothing found in {looked}{suppressed}"),
            (_, 0) => format!("{} in {looked}{suppressed}", count(errors, "error")),
            (0, _) => format!("{} in {looked}{suppressed}", count(warnings, "warning")),
            _ => format!("{}, {} in {looked}{suppressed}", count(errors, "error"), count(warnings, "warning")),
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
        f.write_str(&self.paint(Paint::default()))
    }
}
