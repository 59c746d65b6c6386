//! Lines: which one an offset is in, without counting from the start each time, and where each begins.

/// Where the lines of a text begin.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        Self { starts: memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1).collect() }
    }

    /// The number of the line, counted from 1.
    pub fn number(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset) + 1
    }
}

/// The lines of a text as they stand there, ends and all, each with where it begins.
pub fn placed(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = next;
        next += line.len();
        (start, line)
    })
}

/// How far in a line begins, in bytes.
pub fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_place() {
        let text = "ab\r\n\nc";
        assert_eq!(placed(text).collect::<Vec<_>>(), [(0, "ab\r\n"), (4, "\n"), (5, "c")]);
        assert_eq!(placed("").count(), 0);
    }

    #[test]
    fn a_line_ends_with_its_newline() {
        let lines = Lines::of("ab\n\nc\n");
        assert_eq!([0, 2, 3, 4, 5, 6].map(|offset| lines.number(offset)), [1, 1, 2, 3, 3, 4]);
    }
}
