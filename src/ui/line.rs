//! Lines leave this program whole.

use std::io::{self, Write};

use super::visible;

/// A line of the conversation. If nobody can hear it, the work goes on.
pub(super) fn tell(text: &str) {
    let _ = print(&mut io::stderr().lock(), &visible(text));
}

/// Text and the end of its line in one write: what a terminal echoes or another process says
/// comes before a line or after it, never into it.
pub(super) fn print(to: &mut impl Write, text: &str) -> io::Result<()> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    to.write_all(format!("{text}{newline}").as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_and_its_end_are_one_write() {
        for (text, line) in [("Ctrl-C ends it", "Ctrl-C ends it\n"), ("one\ntwo\n", "one\ntwo\n"), ("", "\n")] {
            let mut writes = Writes::default();
            print(&mut writes, text).unwrap();
            assert_eq!(writes.0, [line.as_bytes()]);
        }
    }
}
