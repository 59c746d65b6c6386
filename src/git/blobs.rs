//! Contents of blobs, one after the other.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A `git cat-file --batch` that answers in the order of the questions.
pub(crate) struct BlobReader {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl BlobReader {
    /// Start `command`, which is such a git.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let stdout = BufReader::with_capacity(1 << 16, child.stdout.take().expect("stdout is piped"));
        Ok(Self { child, stdin, stdout })
    }

    /// Ask for the contents of `ids`. Not for so many that the question fills a pipe.
    pub(crate) fn ask<'a>(&mut self, ids: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let mut question = String::new();
        for id in ids {
            question.push_str(id);
            question.push('\n');
        }
        let stdin = self.stdin.as_mut().expect("open until dropped");
        stdin.write_all(question.as_bytes())?;
        stdin.flush()
    }

    /// The size of the next answer, whose content must be read next.
    pub(crate) fn size(&mut self) -> io::Result<u64> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let size = line.trim_end().rsplit_once(' ').filter(|(start, _)| start.ends_with(" blob"));
        let size = size.and_then(|(_, size)| size.parse().ok());
        size.ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("git has no such content: {}", line.trim_end()))
        })
    }

    pub(crate) fn content(&mut self) -> &mut impl Read {
        &mut self.stdout
    }

    /// The line end after a content.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.stdout.read_exact(&mut [0])
    }
}

impl Drop for BlobReader {
    fn drop(&mut self) {
        // Without a question, git ends by itself; with an answer that nobody wants, it must be told.
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
